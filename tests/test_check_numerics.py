"""What a check compares: bits, bounds for passes that are not exact, all of memory, arguments that overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from mutations import Mutation, become, integer_constant, same_address, subtract
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg.check import Checker
from minilinalg.context import make_context
from minilinalg.errors import CheckError, RunError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass, Numerics
from minilinalg.pipelines import Step, run_pipeline

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
ROW_SUM = """
tt.func public @row_sum(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %row = tt.get_program_id x : i32
  %c64 = arith.constant 64 : i32
  %first = arith.muli %row, %c64 : i32
  %p = tt.addptr %x, %first : !tt.ptr<f32>, i32
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %q = tt.splat %p : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %r = tt.addptr %q, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %v = tt.load %r : tensor<64x!tt.ptr<f32>>
  %s = "tt.reduce"(%v) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    tt.reduce.return %t : f32
  }) : (tensor<64xf32>) -> f32
  %o = tt.addptr %out, %row : !tt.ptr<f32>, i32
  tt.store %o, %s : !tt.ptr<f32>
  tt.return
}
"""


def split_the_sum(module: ModuleOp) -> bool:
    """Sums of rows in two parts: the same sum in another order."""
    text = ROW_SUM.replace(
        '%s = "tt.reduce"(%v) <{axis = 0 : i32}> ({',
        "%v2 = tt.reshape %v : tensor<64xf32> -> tensor<2x32xf32>\n"
        '  %parts = "tt.reduce"(%v2) <{axis = 0 : i32}> ({\n'
        "  ^bb0(%c: f32, %d: f32):\n"
        "    %u = arith.addf %c, %d : f32\n"
        "    tt.reduce.return %u : f32\n"
        "  }) : (tensor<2x32xf32>) -> tensor<32xf32>\n"
        '  %s = "tt.reduce"(%parts) <{axis = 0 : i32}> ({',
    ).replace("}) : (tensor<64xf32>) -> f32", "}) : (tensor<32xf32>) -> f32")
    replacement = parse_module(text)
    for op in list(module.ops):
        op.detach()
    for op in list(replacement.ops):
        op.detach()
        module.body.block.add_op(op)
    return True


@dataclass(frozen=True)
class Changing(MinilinalgPass):
    """A made-up pass."""

    name: ClassVar[str] = "made-up"
    change: Mutation

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        assert self.change(op)


def check(change: Mutation, numerics: Numerics, args: list[Any], text: str = ROW_SUM, grid: int = 8) -> Checker:
    cls = type("MadeUpPass", (Changing,), {"numerics": numerics})
    module = parse_module(text)
    checker = Checker(module, grid, args)
    run_pipeline(make_context(), module, [Step(cls(change))], instrumentation=[checker])
    return checker


def row_sum_arguments(seed: int = 0) -> list[Any]:
    return [np.random.default_rng(seed).standard_normal((8, 64)).astype(np.float32), np.zeros(8, np.float32)]


def test_another_order_is_seen_by_a_pass_that_claims_to_be_exact() -> None:
    with pytest.raises(CheckError, match="the pass declares itself exact"):
        check(split_the_sum, "exact", row_sum_arguments())


@pytest.mark.parametrize("seed", range(5))
def test_another_order_is_within_the_bound_of_a_pass_that_may_reassociate(seed: int) -> None:
    assert check(split_the_sum, "reassociates", row_sum_arguments(seed)).checked == ["made-up"]


def test_another_meaning_is_seen_on_whole_numbers() -> None:
    # Half of the row is not read: on random data that is far off, on whole numbers it is off in every bit.
    with pytest.raises(CheckError, match="changed an answer: on small whole numbers out"):
        check(integer_constant(64, 32), "reassociates", row_sum_arguments())


def test_a_small_error_that_no_order_explains_is_seen() -> None:
    text = ROW_SUM.replace(
        "tt.store %o, %s", "%e = arith.constant 0.0 : f32\n  %w = arith.addf %s, %e : f32\n  tt.store %o, %w"
    )

    def one_part_in_a_thousand(module: ModuleOp) -> bool:
        changed = text.replace("%e = arith.constant 0.0", "%e = arith.constant 1.0e-3")
        replacement = parse_module(changed)
        for op in list(module.ops):
            op.detach()
        for op in list(replacement.ops):
            op.detach()
            module.body.block.add_op(op)
        return True

    with pytest.raises(CheckError):
        check(one_part_in_a_thousand, "reassociates", row_sum_arguments(), text)


ADD_I32 = """
tt.func public @add(%x: !tt.ptr<i32>, %out: !tt.ptr<i32>) {
  %pid = tt.get_program_id x : i32
  %p = tt.addptr %x, %pid : !tt.ptr<i32>, i32
  %v = tt.load %p : !tt.ptr<i32>
  %c = arith.constant 7 : i32
  %w = arith.addi %v, %c : i32
  %o = tt.addptr %out, %pid : !tt.ptr<i32>, i32
  tt.store %o, %w : !tt.ptr<i32>
  tt.return
}
"""


@pytest.mark.parametrize("numerics", ["exact", "reassociates", "contracts", "approximates"])
def test_integers_are_always_exact(numerics: Numerics) -> None:
    args = [np.arange(8, dtype=np.int32), np.zeros(8, np.int32)]
    with pytest.raises(CheckError, match=r"out\[0\] was 7 and is 8 \(8 elements differ\)"):
        check(integer_constant(7, 8), numerics, args, ADD_I32)


def test_a_program_that_is_wrong_itself_is_not_blamed_on_a_pass() -> None:
    with pytest.raises(RunError, match="out of bounds"):
        check(split_the_sum, "exact", row_sum_arguments(), grid=9)


def test_a_pass_after_which_nothing_runs_is_named() -> None:
    args = [np.zeros((8, 64), np.float32), np.zeros(8, np.float32)]
    with pytest.raises(CheckError) as caught:
        check(integer_constant(64, 4096), "exact", args)
    assert caught.value.pass_name == "made-up"
    assert "does not run as before: 'tt.load' is out of bounds" in caught.value.diagnostic.found


def test_unused_changes_are_no_error() -> None:
    """A change that no answer depends on is none for a check by running: it says what was seen, and nothing else."""
    args = [np.arange(8, dtype=np.int32), np.zeros(8, np.int32)]
    assert check(lambda module: not same_address(module), "exact", args, ADD_I32).checked == ["made-up"]
    assert become("arith.addf", subtract)(parse_module(ROW_SUM))


# Combiners

FLOATS = ("arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.maxnumf", "arith.minnumf")


def combined_by(combiner: str, of: str = "") -> str:
    """The rows are combined so; of exponentials, which are nowhere exact, instead of the numbers."""
    text = ROW_SUM.replace("arith.addf", combiner)
    return (
        text
        if not of
        else text.replace('"tt.reduce"(%v)', '"tt.reduce"(%e)').replace(
            "  %s =", f"  %e = {of} %v : tensor<64xf32>\n  %s ="
        )
    )


def keep(index: int) -> Mutation:
    """A combiner leaves out one of its operands."""

    def mutate(module: ModuleOp) -> bool:
        for op in module.walk():
            if op.name == "tt.reduce.return":
                op.operands[0] = op.parent.args[index]  # pyright: ignore
                return True
        return False

    return mutate


@pytest.mark.parametrize("of", ["", "math.exp"])
@pytest.mark.parametrize("combiner", ["arith.addf", "arith.mulf", "arith.maxnumf"])
def test_another_combiner_is_seen_behind_a_pass_that_is_not_exact(combiner: str, of: str) -> None:
    """For some of them no rule is known: that the bound of what the pass made is none is no excuse."""
    text = combined_by(combiner, of)
    wrong = [become_text(combined_by(other, of)) for other in FLOATS if other != combiner]
    for mistake in (*wrong, keep(0), keep(1)):
        with pytest.raises(CheckError, match="changed an answer"):
            check(mistake, "contracts", row_sum_arguments(), text)


def test_a_combiner_that_divides_is_checked_all_the_same() -> None:
    """What its operands are is not known, which is no division by zero of the check's own."""
    text = combined_by("arith.addf").replace(
        "%t = arith.addf %a, %b : f32",
        "%u = arith.mulf %a, %b : f32\n    %w = arith.addf %a, %b : f32\n    %t = arith.divf %u, %w : f32",
    )
    args = [np.random.default_rng(0).uniform(1, 2, (8, 64)).astype(np.float32), np.zeros(8, np.float32)]
    another = text.replace("arith.addf %a, %b", "arith.addf %b, %a")
    assert check(become_text(another), "contracts", args, text).checked == ["made-up"]


# Products, quotients and types

ELEMENTWISE = """
tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %z: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %sx = tt.splat %x : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %px = tt.addptr %sx, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %sy = tt.splat %y : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %py = tt.addptr %sy, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %sz = tt.splat %z : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %pz = tt.addptr %sz, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %so = tt.splat %out : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %po = tt.addptr %so, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %a = tt.load %px : tensor<64x!tt.ptr<f32>>
  %b = tt.load %py : tensor<64x!tt.ptr<f32>>
  %c = tt.load %pz : tensor<64x!tt.ptr<f32>>
  COMPUTE
  tt.store %po, %r : tensor<64x!tt.ptr<f32>>
  tt.return
}
"""


def elementwise(compute: str) -> str:
    return ELEMENTWISE.replace("COMPUTE", compute)


def become_text(text: str) -> Mutation:
    """The module is another one."""

    def mutate(module: ModuleOp) -> bool:
        replacement = parse_module(text)
        for op in list(module.ops):
            op.detach()
        for op in list(replacement.ops):
            op.detach()
            module.body.block.add_op(op)
        return True

    return mutate


PRODUCT_AND_SUM = "%p = arith.mulf %a, %b : tensor<64xf32>\n  %r = arith.addf %p, %c : tensor<64xf32>"
FUSED = "%r = math.fma %a, %b, %c : tensor<64xf32>"
FUSED_WRONGLY = "%r = math.fma %a, %c, %b : tensor<64xf32>"
NARROWED = (
    "%n = arith.truncf %a : tensor<64xf32> to tensor<64xbf16>\n  %w = arith.extf %n : tensor<64xbf16> to tensor<64xf32>"
    "\n  %p = arith.mulf %w, %b : tensor<64xf32>\n  %r = arith.addf %p, %c : tensor<64xf32>"
)
QUOTIENT = "%r = arith.divf %a, %b : tensor<64xf32>"
BY_RECIPROCAL = (
    "%one = arith.constant dense<1.0> : tensor<64xf32>\n  %q = arith.divf %one, %b : tensor<64xf32>\n"
    "  %r = arith.mulf %a, %q : tensor<64xf32>"
)
EXPONENTIAL = "%r = math.exp %a : tensor<64xf32>"
BY_POWERS = (
    "%l = arith.constant dense<1.44269504> : tensor<64xf32>\n  %s = arith.mulf %a, %l : tensor<64xf32>\n"
    "  %r = math.exp2 %s : tensor<64xf32>"
)
BY_THREE_TERMS = (
    "%one = arith.constant dense<1.0> : tensor<64xf32>\n  %half = arith.constant dense<0.5> : tensor<64xf32>\n"
    "  %h = arith.mulf %a, %half : tensor<64xf32>\n  %i = arith.addf %h, %one : tensor<64xf32>\n"
    "  %j = arith.mulf %i, %a : tensor<64xf32>\n  %r = arith.addf %j, %one : tensor<64xf32>"
)


@pytest.mark.parametrize(
    ("before", "after", "numerics", "holds"),
    [
        (PRODUCT_AND_SUM, FUSED, "exact", False),
        (PRODUCT_AND_SUM, FUSED, "contracts", True),
        (FUSED, PRODUCT_AND_SUM, "contracts", True),
        (PRODUCT_AND_SUM, FUSED_WRONGLY, "contracts", False),
        (PRODUCT_AND_SUM, NARROWED, "contracts", False),
        (PRODUCT_AND_SUM, NARROWED, "approximates", False),
        (QUOTIENT, BY_RECIPROCAL, "exact", False),
        (QUOTIENT, BY_RECIPROCAL, "approximates", True),
        (EXPONENTIAL, BY_POWERS, "exact", False),
        (EXPONENTIAL, BY_POWERS, "approximates", True),
        (EXPONENTIAL, BY_THREE_TERMS, "approximates", False),
    ],
    ids=lambda value: value if value in ("exact", "contracts", "approximates") else "",
)
def test_what_a_pass_may_do_to_elements(before: str, after: str, numerics: Numerics, holds: bool) -> None:
    args = [*np.random.default_rng(7).standard_normal((3, 64)).astype(np.float32), np.zeros(64, np.float32)]
    if holds:
        check(become_text(elementwise(after)), numerics, args, elementwise(before), 1)
        return
    with pytest.raises(CheckError):
        check(become_text(elementwise(after)), numerics, args, elementwise(before), 1)


def drifted(n: int) -> str:
    """The numbers times 1 + n * 2**-22, with so many roundings that each step is within its bound."""
    lines = [
        f"%k = arith.constant dense<{1 + n * 2.0**-22!r}> : tensor<64xf32>",
        "%v0 = arith.mulf %a, %k : tensor<64xf32>",
    ]
    lines += ["%one = arith.constant dense<1.0> : tensor<64xf32>"]
    lines += [f"%v{i + 1} = arith.mulf %v{i}, %one : tensor<64xf32>" for i in range(7)]
    return elementwise("\n  ".join([*lines, "%r = arith.mulf %v7, %one : tensor<64xf32>"]))


def test_small_changes_do_not_add_up() -> None:
    """Each pass stays near the one before it, and in the end the answers are far from the source's."""
    args = [np.full(64, 3.0, np.float32)] * 3 + [np.zeros(64, np.float32)]
    module = parse_module(drifted(0))
    checker = Checker(module, 1, args)
    cls = type("DriftingPass", (Changing,), {"numerics": "approximates", "name": "drifting"})
    steps = [Step(cls(become_text(drifted(n)))) for n in range(1, 8)]
    with pytest.raises(CheckError, match="changed an answer: against the source out"):
        run_pipeline(make_context(), module, steps, instrumentation=[checker])
    assert 0 < len(checker.checked) < 7
