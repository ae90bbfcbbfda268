"""Compiled kernels with one instruction damaged: each kind of damage stops the machine, for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutations as m
import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.ir import Operation

import minilinalg as ml
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import arith
from minilinalg.errors import InputError, RunError
from minilinalg.interp import RunOptions
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

KERNELS = Path(__file__).parent.parent / "examples" / "kernels"
MLU = load_target("mlu370")


def vector_add() -> tuple[Any, list[Any]]:
    x, y = np.random.default_rng(1).standard_normal((2, 9000)).astype(np.float32)
    return 9, [x, y, np.zeros_like(x), 8999]


def softmax() -> tuple[Any, list[Any]]:
    x = np.random.default_rng(2).standard_normal((20, 701)).astype(np.float32)
    return 20, [np.zeros_like(x), x, 701, 701, 20, 701]


def gemv() -> tuple[Any, list[Any]]:
    rng = np.random.default_rng(3)
    a, x = rng.standard_normal((50, 300)).astype(np.float16), rng.standard_normal(300).astype(np.float16)
    return 2, [a, x, np.zeros(50, np.float32), 50, 300, 300]


LAUNCHES: dict[str, Callable[[], tuple[Any, list[Any]]]] = {"vector_add": vector_add, "softmax": softmax, "gemv": gemv}
COMPILED: dict[str, ModuleOp] = {}


def module_of(kernel: str) -> ModuleOp:
    if kernel not in COMPILED:
        COMPILED[kernel] = ml.compile(KERNELS / f"{kernel}.nopromise.ttir", target=MLU).module("simd")
    return COMPILED[kernel].clone()


def address(add: int, which: int = 0) -> m.Mutation:
    """A buffer is moved."""

    def mutate(module: ModuleOp) -> bool:
        alloc = [op for op in m.find(module, "memref.alloc") if "simd.address" in op.attributes][which]
        old = alloc.attributes["simd.address"]
        assert isinstance(old, IntegerAttr)
        alloc.attributes["simd.address"] = IntegerAttr(old.value.data + add, i64)
        return True

    return mutate


def begins(name: str, which: int, change: Callable[[Operation], Operation]) -> m.Mutation:
    """The view number `which` begins elsewhere: where `change` makes of its offset."""

    def mutate(module: ModuleOp) -> bool:
        view = list(m.find(module, name))[which]
        new = change(view)
        assert view.parent is not None
        view.parent.insert_op_before(new, view)
        view.operands[1] = new.results[0]
        return True

    return mutate


def at_zero(view: Operation) -> Operation:
    return arith.ConstantOp(IntegerAttr.from_index_int_value(0))


def far_away(view: Operation) -> Operation:
    return arith.ConstantOp(IntegerAttr.from_index_int_value(1 << 20))


def larger(module: ModuleOp) -> bool:
    """What is copied in is one element more than there is a place for."""
    view = next(op for op in m.find(module, "memref.subview"))
    assert view.parent is not None
    one = arith.ConstantOp(IntegerAttr.from_index_int_value(1))
    more = arith.AddiOp(view.operands[-1], one.result)
    view.parent.insert_ops_before([one, more], view)
    view.operands[len(view.operands) - 1] = more.results[0]
    return True


def lose(name: str, which: int = 0) -> m.Mutation:
    """An instruction is lost, and nobody waits for it."""

    def mutate(module: ModuleOp) -> bool:
        op = list(m.find(module, name))[which]
        _replace_by_ready(op)
        op.detach()
        op.erase()
        return True

    return mutate


def not_waited_for(name: str, which: int = 0) -> m.Mutation:
    """Nobody waits for an instruction."""

    def mutate(module: ModuleOp) -> bool:
        _replace_by_ready(list(m.find(module, name))[which])
        return True

    return mutate


def _replace_by_ready(op: Operation) -> None:
    assert op.parent is not None
    for token in op.results:
        ready = simd.ReadyOp()
        op.parent.insert_op_before(ready, op)
        token.replace_all_uses_with(ready.token)


UNDEFINED, REDUCED = "copies to global memory an undefined element", "reduces over an undefined element"
DAMAGES = [
    ("softmax", "a fill is lost", lose("simd.fill"), REDUCED),
    ("softmax", "a copy in is lost", lose("simd.dma"), None),
    ("vector_add", "a copy in is lost", lose("simd.dma"), UNDEFINED),
    ("softmax", "a reduction is lost", lose("simd.reduce_addf"), None),
    ("gemv", "a fill is lost", lose("simd.fill"), REDUCED),
    ("gemv", "a conversion that others wait for is lost", lose("simd.extf"), "race between pipes"),
    ("vector_add", "buffers overlap", address(-256, 1), "race between pipes"),
    ("vector_add", "a buffer begins between two places", address(4, 1), "is at address 4100 of nram"),
    ("vector_add", "a buffer is beyond the memory", address(655_360), "is over capacity"),
    (
        "vector_add",
        "a view begins beyond the argument",
        begins("memref.reinterpret_cast", 0, far_away),
        "out of bounds",
    ),
    ("vector_add", "a copy is larger than its place", larger, "to a place for"),
    (
        "vector_add",
        "all programs write one place",
        begins("memref.reinterpret_cast", -1, at_zero),
        "race between cores",
    ),
    ("softmax", "all programs write one place", begins("memref.reinterpret_cast", -1, at_zero), "race between cores"),
    ("vector_add", "a copy in is not waited for", not_waited_for("simd.dma", 1), "race between pipes"),
    ("gemv", "a copy in is not waited for", not_waited_for("simd.dma", 1), "race between pipes"),
]


@pytest.mark.parametrize(
    ("kernel", "damage", "says"),
    [pytest.param(k, d, s, id=f"{k}-{what}".replace(" ", "-")) for k, what, d, s in DAMAGES],
)
def test_damage(kernel: str, damage: m.Mutation, says: str | None) -> None:
    module = module_of(kernel)
    assert damage(module)
    grid, arguments = LAUNCHES[kernel]()
    if says is None:
        # Only the answer is another one: what was filled, or overwritten, is defined.
        right = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        Simulator(module_of(kernel), MLU).run(grid, right)
        Simulator(module, MLU).run(grid, arguments)
        assert any(isinstance(a, np.ndarray) and (a != b).any() for a, b in zip(arguments, right, strict=True))
        return
    with pytest.raises((RunError, InputError)) as caught:
        Simulator(module, MLU).run(grid, arguments)
    assert says in str(caught.value)
    assert caught.value.diagnostic.places, "the place in the source is missing"


@pytest.mark.parametrize("kernel", LAUNCHES)
def test_nothing_stops_what_is_whole(kernel: str) -> None:
    grid, arguments = LAUNCHES[kernel]()
    checked = Simulator(module_of(kernel), MLU).run(grid, arguments)
    again = LAUNCHES[kernel]()[1]
    plain = Simulator(module_of(kernel), MLU, options=RunOptions(checks=False)).run(grid, again)
    assert checked.report == plain.report
    for a, b in zip(arguments, again, strict=True):
        np.testing.assert_array_equal(a, b)
