"""Checking by running names the pass at fault: each pass of the road, broken in turn, in several ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutations as m
import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg import pipelines
from minilinalg.check import Checker
from minilinalg.context import make_context
from minilinalg.errors import CheckError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import ROADS, Step, road_steps, run_pipeline
from minilinalg.targets import load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
TARGET = load_target("mlu370")


def vector_add() -> tuple[Any, list[Any]]:
    x, y = np.random.default_rng(1).standard_normal((2, 35_000)).astype(np.float32)
    return 35, [x, y, np.zeros_like(x), 34_001]


def softmax() -> tuple[Any, list[Any]]:
    # All below zero, so that a maximum that begins at zero shows.
    x = -1 - np.abs(np.random.default_rng(2).standard_normal((40, 700)).astype(np.float32))
    return 33, [np.zeros_like(x), x, 700, 700, 40, 700]


LAUNCHES: dict[str, Callable[[], tuple[Any, list[Any]]]] = {"vector_add": vector_add, "softmax": softmax}
is_nan: Callable[[float], bool] = math.isnan
sum_start: Callable[[float], bool] = lambda x: x == 0 and math.copysign(1, x) < 0  # noqa: E731
slt, sle = 2, 3

ON_TENSORS = [
    ("vector_add", "sum is a difference", m.become("arith.addf", m.subtract)),
    ("softmax", "difference the other way round", m.swap_operands("arith.subf")),
]
ON_INDICES = [
    ("vector_add", "programs one element too far apart", m.integer_constant(1024, 1025)),
    ("vector_add", "a view begins late", m.move_offset("memref.reinterpret_cast")),
]
MISTAKES: dict[str, list[tuple[str, str, m.Mutation]]] = {
    "canonicalize": [
        *ON_TENSORS,
        ("vector_add", "programs one element too far apart", m.integer_constant(1024, 1025)),
    ],
    "cse": [
        *ON_TENSORS,
        ("vector_add", "one value too many is joined", m.drop("tt.store", "bufferization.materialize_in_destination")),
    ],
    "triton-to-linalg": [
        *ON_TENSORS,
        *ON_INDICES,
        ("vector_add", "a store is lost", m.drop("bufferization.materialize_in_destination")),
        ("softmax", "wrong neutral element of a maximum", m.float_constant(is_nan, 0.0)),
        ("softmax", "wrong neutral element of a sum", m.float_constant(sum_start, 1.0)),
    ],
    "linalg-specialize-generic-ops": ON_TENSORS,
    "linalg-fuse-elementwise": [
        *ON_TENSORS,
        ("softmax", "the producer is lost", m.swap_yield_order),
    ],
    "scf-forall-to-cores": [
        ("vector_add", "the last core does nothing", m.fewer_cores),
        ("vector_add", "cores step too far", m.integer_constant(32, 33)),
        ("softmax", "cores step too far", m.integer_constant(32, 33)),
    ],
    "one-shot-bufferize": [
        ("vector_add", "a copy in is lost", m.drop("memref.copy", last=False)),
        ("vector_add", "the copy out is lost", m.drop("memref.copy")),
        ("softmax", "a fill is lost", m.drop("linalg.fill", last=False)),
        *ON_INDICES,
    ],
    "memref-promote": [
        ("vector_add", "a copy in is lost", m.drop("memref.copy", last=False)),
        ("softmax", "a reduction is lost", m.drop("linalg.reduce")),
    ],
    "linalg-decompose-elementwise": [
        ("softmax", "an operation of a chain is lost", m.drop("linalg.generic")),
        ("softmax", "difference the other way round", m.swap_operands("arith.subf")),
    ],
    "memref-plan": [
        ("vector_add", "buffers that live together overlap", m.same_address),
        ("softmax", "buffers that live together overlap", m.same_address),
    ],
    "linalg-to-simd": [
        ("vector_add", "a wrong instruction", m.become("simd.addf", m.subtract_buffers)),
        ("vector_add", "a DMA is lost", m.drop("simd.dma")),
        ("softmax", "scalar and buffer the other way round", m.swap_operands("simd.subf")),
        ("softmax", "a reduction is lost", m.drop("simd.reduce_addf")),
    ],
}


def broken(step: Step, mistake: m.Mutation) -> Step:
    """A pass of the same name with a mistake: what the real one made is spoilt."""

    def apply(self: MinilinalgPass, ctx: Context, op: ModuleOp) -> None:
        step.run.apply(ctx, op)
        assert mistake(op), "there is nothing to spoil after this pass"

    fields = {"name": step.run.name, "numerics": step.run.numerics, "apply": apply}
    cls = dataclass(frozen=True)(type("BrokenPass", (MinilinalgPass,), fields))
    return Step(cls(), step.anchor, step.ends)


def break_pass(monkeypatch: pytest.MonkeyPatch, name: str, mistake: m.Mutation) -> None:
    """From now on the pass `name` of every road makes this mistake."""
    real = pipelines.load_pass

    def load(wanted: str) -> Any:
        cls = real(wanted)
        return (lambda **options: broken(Step(cls(**options)), mistake).run) if wanted == name else cls

    monkeypatch.setattr(pipelines, "load_pass", load)


CASES = [
    pytest.param(index, kernel, mistake, id=f"{index}-{row.pass_name}-{kernel}-{what.replace(' ', '-')}")
    for index, row in enumerate(ROADS["simd"])
    for kernel, what, mistake in MISTAKES.get(row.pass_name, [])
    # What a pass on tt leaves has no view yet.
    if not (row.stage == "tt" and "view" in what)
]


def test_every_pass_of_the_road_has_mistakes() -> None:
    assert {row.pass_name for row in ROADS["simd"]} == set(MISTAKES)
    assert all(len(mistakes) >= 2 for mistakes in MISTAKES.values())


@pytest.mark.parametrize(("index", "kernel", "mistake"), CASES)
def test_check_names_the_broken_pass(index: int, kernel: str, mistake: m.Mutation) -> None:
    steps = list(road_steps("simd"))
    steps[index] = broken(steps[index], mistake)
    ctx = make_context()
    ctx.target = TARGET
    path = KERNELS / f"{kernel}.nopromise.ttir"
    module = parse_module(path.read_text(), str(path), ctx)
    grid, args = LAUNCHES[kernel]()
    checker = Checker(module, grid, args, target=TARGET)
    with pytest.raises(CheckError) as caught:
        run_pipeline(ctx, module, steps, instrumentation=[checker])
    assert caught.value.pass_name == steps[index].run.name
    assert len(checker.checked) == index
    assert caught.value.module_before is not None


@pytest.mark.parametrize("kernel", LAUNCHES)
def test_check_is_silent_when_nothing_is_broken(kernel: str) -> None:
    ctx = make_context()
    ctx.target = TARGET
    path = KERNELS / f"{kernel}.nopromise.ttir"
    module = parse_module(path.read_text(), str(path), ctx)
    grid, args = LAUNCHES[kernel]()
    checker = Checker(module, grid, args, target=TARGET)
    run_pipeline(ctx, module, road_steps("simd"), instrumentation=[checker])
    assert checker.checked == [row.pass_name for row in ROADS["simd"]]
