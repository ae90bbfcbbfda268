"""The deep check: to the end of the road, and a wrong answer traced to the pass that prepared it."""

from __future__ import annotations

from dataclasses import dataclass

import mutations as m
import numpy as np
import pytest
from test_check_mutations import KERNELS, LAUNCHES, break_pass
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32

from minilinalg import compile, pipelines
from minilinalg.check import check_deep, check_passes
from minilinalg.context import make_context
from minilinalg.errors import CheckError, UnsupportedError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.canonicalize import CanonicalizePass
from minilinalg.pipelines import Step
from minilinalg.printing import module_text

ADD = """
tt.func public @add(%x: !tt.ptr<i32>, %n: i32) {
  %pid = tt.get_program_id x : i32
  %p = tt.addptr %x, %pid : !tt.ptr<i32>, i32
  %v = tt.load %p : !tt.ptr<i32>
  %w = arith.addi %v, %n : i32
  tt.store %p, %w : !tt.ptr<i32>
  tt.return
}
"""


@dataclass(frozen=True)
class PromisePass(MinilinalgPass):
    """Leaves a promise behind: what every sum adds. Nothing that runs looks at it."""

    name = "promise"

    addend: int = 5

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for add in m.find(op, "arith.addi"):
            add.attributes["adds"] = IntegerAttr(self.addend, i32)


@dataclass(frozen=True)
class BelievePass(MinilinalgPass):
    """Believes the promise, where there is one."""

    name = "believe"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from minilinalg.dialects.upstream import arith

        for add in list(m.find(op, "arith.addi")):
            if "adds" in add.attributes:
                constant = arith.ConstantOp(add.attributes["adds"])
                assert add.parent is not None
                add.parent.insert_op_before(constant, add)
                add.operands[1] = constant.result


def both(addend: int) -> list[Step]:
    return [Step(CanonicalizePass()), Step(PromisePass(addend)), Step(CanonicalizePass()), Step(BelievePass())]


def test_a_promise_that_holds_is_believed() -> None:
    args = [np.arange(4, dtype=np.int32), 5]
    names = ("canonicalize", "promise", "canonicalize", "believe")
    assert check_passes(make_context, parse_module(ADD), both(5), 4, args).passes == names
    assert check_deep(make_context, parse_module(ADD), both(5), 4, args).passes == names


def test_a_wrong_promise_is_traced_to_the_pass_that_made_it() -> None:
    args = [np.arange(4, dtype=np.int32), 5]
    source = parse_module(ADD)
    with pytest.raises(CheckError) as shown:
        check_passes(make_context, source, both(6), 4, args)
    assert shown.value.pass_name == "believe"
    with pytest.raises(CheckError) as traced:
        check_deep(make_context, source, both(6), 4, args)
    assert traced.value.pass_name == "promise"
    assert traced.value.pipeline == "promise{addend=6}"
    d = traced.value.diagnostic
    assert d.found == (
        "what pass 'promise' left was got wrong later: pass 'believe' changed an answer: "
        "x[0] was 5 and is 6 (4 elements differ)"
    )
    assert d.rule == (
        "the road without 'promise' ends in right answers: it left something that only later passes read, and that is "
        "wrong or that 'believe' cannot take"
    )
    before = parse_module(ADD)
    CanonicalizePass().apply(make_context(), before)
    assert module_text(traced.value.module_before) == module_text(before)


def test_a_pass_that_shows_its_own_mistake_is_named_itself() -> None:
    @dataclass(frozen=True)
    class WrongPass(MinilinalgPass):
        name = "wrong"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            m.become("arith.addi", lambda add: type(add)(add.operands[0], add.operands[0]))(op)  # pyright: ignore

    steps = [Step(CanonicalizePass()), Step(WrongPass()), Step(CanonicalizePass())]
    with pytest.raises(CheckError) as caught:
        check_deep(make_context, parse_module(ADD), steps, 4, [np.arange(4, dtype=np.int32), 5])
    assert caught.value.pass_name == "wrong"
    assert caught.value.diagnostic.found.startswith("pass 'wrong' changed an answer: ")


def test_all_of_the_road_is_checked() -> None:
    kernel = compile(KERNELS / "vector_add.nopromise.ttir", target="mlu370")
    grid, (x, y, out, n) = LAUNCHES["vector_add"]()
    run = kernel[grid](x, y, out, n, check="deep")
    assert list(run.checked) == [row.pass_name for row in pipelines.ROADS["simd"]]
    assert (out[:n] == (x + y)[:n]).all()


def test_it_looks_beyond_the_stage_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    break_pass(monkeypatch, "linalg-to-simd", m.drop("simd.dma"))
    kernel = compile(KERNELS / "vector_add.nopromise.ttir", target="mlu370")
    grid, args = LAUNCHES["vector_add"]()
    assert kernel[grid](*args, check=True, stage="linalg").checked[-1] == "linalg-fuse-elementwise"
    # Memory must not hold the right answer already, or a lost store does not show.
    grid, args = LAUNCHES["vector_add"]()
    with pytest.raises(CheckError) as caught:
        kernel[grid](*args, check="deep", stage="linalg")
    assert caught.value.pass_name == "linalg-to-simd"


def test_a_kernel_that_the_road_does_not_lead_down_says_so() -> None:
    add = "%w = arith.addi %v, %n : i32"
    poll = """%ns = arith.constant 5 : i64
  %found = tt.atomic_poll acquire, gpu, %p, %v timeout %ns : !tt.ptr<i32>, i32 -> i1"""
    text = ADD.replace(add, f"{poll}\n  {add}")
    kernel = compile(text, target="tiny-simd", partial=True)
    assert kernel.stopped is not None
    with pytest.raises(UnsupportedError):
        kernel[4](np.arange(4, dtype=np.int32), 5, check="deep")
