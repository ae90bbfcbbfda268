"""The greedy driver: locations, order, errors, ends."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.context import make_context
from minilinalg.dialects.upstream import arith, scf
from minilinalg.errors import InternalError, UnsupportedError
from minilinalg.locations import places_of
from minilinalg.parsing import parse_module
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern

TEXT = """
func.func @f(%a: i32, %c: i1) -> i32 {
  %b = arith.addi %a, %a : i32 loc("kernel.py":7:3)
  %r = scf.if %c -> (i32) {
    %d = arith.addi %b, %a : i32
    scf.yield %d : i32
  } else {
    scf.yield %b : i32
  }
  return %r : i32
}
"""


def module() -> ModuleOp:
    return parse_module(TEXT, "f.mlir")


def named(root: ModuleOp, name: str) -> list[Operation]:
    return [op for op in root.walk() if op.name == name]


class AddToMul(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        product = arith.MuliOp(op.lhs, op.rhs)
        rewriter.replace(op, [product, arith.SubiOp(product, op.rhs)])


def test_new_operations_get_the_place_of_the_matched_one() -> None:
    root = module()
    assert apply_patterns(make_context(), root, [AddToMul()])
    assert not named(root, "arith.addi")
    for name in ("arith.muli", "arith.subi"):
        places = [[str(place) for place in places_of(op)] for op in named(root, name)]
        assert places == [["f.mlir:3:8", "kernel.py:7:3"], ["f.mlir:5:10"]]


def test_new_values_get_the_name_of_the_replaced_one() -> None:
    root = module()
    apply_patterns(make_context(), root, [AddToMul()])
    assert [op.results[0].name_hint for op in named(root, "arith.subi")] == ["b", "d"]


class WrapInIf(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        if isinstance(op.parent_op(), scf.IfOp):
            return
        condition = arith.ConstantOp.from_int_and_width(1, 1)
        inner = arith.MuliOp(op.lhs, op.rhs)
        branch = scf.IfOp(condition, [op.result.type], [inner, scf.YieldOp(inner)], [scf.YieldOp(op.lhs)])
        rewriter.replace(op, [condition, branch])


def test_operations_inside_new_ones_get_it_too() -> None:
    root = module()
    apply_patterns(make_context(), root, [WrapInIf()])
    (product,) = named(root, "arith.muli")
    assert str(places_of(product)[0]) == "f.mlir:3:8"


class CountVisits(RewritePattern):
    def __init__(self) -> None:
        self.names: list[str] = []

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        self.names.append(op.name)


@pytest.mark.parametrize("reverse", [False, True])
def test_order_of_visits(reverse: bool) -> None:
    visits = CountVisits()
    assert not apply_patterns(make_context(), module(), [visits], reverse=reverse)
    forward = ["func.func", "arith.addi", "scf.if", "arith.addi", "scf.yield", "scf.yield", "func.return"]
    backward = ["func.func", "func.return", "scf.if", "scf.yield", "scf.yield", "arith.addi", "arith.addi"]
    assert visits.names == (backward if reverse else forward)


def test_without_recursion_new_operations_are_not_visited() -> None:
    class AddTwice(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
            rewriter.replace(op, arith.AddiOp(op.rhs, op.lhs))

    assert apply_patterns(make_context(), module(), [AddTwice()], recursive=False)


def test_patterns_that_undo_one_another_end_in_an_error() -> None:
    class Swap(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
            rewriter.replace(op, arith.AddiOp(op.rhs, op.lhs))

    with pytest.raises(InternalError, match="rewrite patterns undo one another and never end: Swap"):
        apply_patterns(make_context(), module(), [Swap()])


def test_an_error_of_a_pattern_gets_the_place_of_the_operation() -> None:
    class Refuse(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: scf.IfOp, rewriter: PatternRewriter) -> None:
            raise UnsupportedError("a branch", rule="there are none here")

    with pytest.raises(UnsupportedError) as caught:
        apply_patterns(make_context(), module(), [Refuse()])
    assert str(caught.value) == "f.mlir:4:8: error: a branch\n  rule: there are none here"


def test_a_defect_of_a_pattern_says_where_it_was() -> None:
    class Stumble(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: scf.IfOp, rewriter: PatternRewriter) -> None:
            raise KeyError("lost")

    with pytest.raises(KeyError) as caught:
        apply_patterns(make_context(), module(), [Stumble()])
    assert caught.value.__notes__ == ["while Stumble looked at scf.if"]


def test_dead_operations_are_erased_on_request() -> None:
    root = parse_module("func.func @f(%a: i32) {\n  %0 = arith.addi %a, %a : i32\n  return\n}")
    assert apply_patterns(make_context(), root, [], erase_dead=True)
    assert not named(root, "arith.addi")


def test_a_union_of_operation_classes() -> None:
    seen: list[str] = []

    class Look(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: arith.AddiOp | scf.YieldOp, rewriter: PatternRewriter) -> None:
            seen.append(op.name)

    apply_patterns(make_context(), module(), [Look()])
    assert sorted(seen) == ["arith.addi", "arith.addi", "scf.yield", "scf.yield"]
