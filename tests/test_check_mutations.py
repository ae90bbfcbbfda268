"""Checking by running names the pass at fault: each pass of the road, broken in turn, in several ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mutations as m
import numpy as np
import pytest
from checked_roads import CheckedRoad
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg import pipelines
from minilinalg.context import MLContext
from minilinalg.errors import CheckError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import ROADS, Step, road_steps, run_pipeline
from minilinalg.targets import load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
OPERATIONS = Path(__file__).parent / "data" / "operations"
TARGET = load_target("mlu370")


def vector_add() -> tuple[Any, list[Any]]:
    x, y = np.random.default_rng(1).standard_normal((2, 35_000)).astype(np.float32)
    return 35, [x, y, np.zeros_like(x), 34_001]


def softmax() -> tuple[Any, list[Any]]:
    # All below zero, so that a maximum that begins at zero shows.
    x = -1 - np.abs(np.random.default_rng(2).standard_normal((40, 700)).astype(np.float32))
    return 33, [np.zeros_like(x), x, 700, 700, 40, 700]


def gemv() -> tuple[Any, list[Any]]:
    rng = np.random.default_rng(3)
    a, x = rng.standard_normal((50, 300)).astype(np.float16), rng.standard_normal(300).astype(np.float16)
    return 2, [a, x, np.zeros(50, np.float32), 50, 300, 300]


OVERWRITE = """
tt.func public @overwrite(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %zero = arith.constant dense<0.0> : tensor<64xf32>
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %sx = tt.splat %x : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %px = tt.addptr %sx, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %so = tt.splat %out : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %po = tt.addptr %so, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %v = tt.load %px : tensor<64x!tt.ptr<f32>>
  tt.store %px, %zero : tensor<64x!tt.ptr<f32>>
  tt.store %po, %v : tensor<64x!tt.ptr<f32>>
  tt.return
}
"""
"""A load is a snapshot: what is stored in the end was read before memory was written over."""


PLACE = """
tt.func public @place(%out: !tt.ptr<i32>) {
  %c10 = arith.constant 10 : i32
  %x = tt.get_program_id x : i32
  %y = tt.get_program_id y : i32
  %z = tt.get_program_id z : i32
  %nx = tt.get_num_programs x : i32
  %ny = tt.get_num_programs y : i32
  %zy = arith.muli %z, %ny : i32
  %row = arith.addi %zy, %y : i32
  %rows = arith.muli %row, %nx : i32
  %at = arith.addi %rows, %x : i32
  %z10 = arith.muli %z, %c10 : i32
  %zy10 = arith.addi %z10, %y : i32
  %zy100 = arith.muli %zy10, %c10 : i32
  %zyx = arith.addi %zy100, %x : i32
  %p = tt.addptr %out, %at : !tt.ptr<i32>, i32
  tt.store %p, %zyx : !tt.ptr<i32>
  tt.return
}
"""
"""Every program of a grid of three dimensions leaves its own number."""


def place() -> tuple[Any, list[Any]]:
    return (5, 3, 4), [np.zeros((4, 3, 5), np.int32)]


def early_return() -> tuple[Any, list[Any]]:
    return 5, [np.arange(1, 301, dtype=np.float32), np.zeros(300, np.float32), 250]


def called() -> tuple[Any, list[Any]]:
    return 5, [np.arange(1, 301, dtype=np.float32), np.zeros(300, np.float32), 250, 7]


LARGE = """
tt.func public @large(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>, %n: i32) {
  %zero = arith.constant dense<0.0> : tensor<262144xf32>
  %range = tt.make_range {end = 262144 : i32, start = 0 : i32} : tensor<262144xi32>
  %sn = tt.splat %n : i32 -> tensor<262144xi32>
  %mask = arith.cmpi slt, %range, %sn : tensor<262144xi32>
  %sx = tt.splat %x : !tt.ptr<f32> -> tensor<262144x!tt.ptr<f32>>
  %px = tt.addptr %sx, %range : tensor<262144x!tt.ptr<f32>>, tensor<262144xi32>
  %v = tt.load %px, %mask, %zero : tensor<262144x!tt.ptr<f32>>
  %sum = "tt.reduce"(%v) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tt.reduce.return %s : f32
  }) : (tensor<262144xf32>) -> f32
  %total = tt.splat %sum : f32 -> tensor<262144xf32>
  %number = arith.sitofp %range : tensor<262144xi32> to tensor<262144xf32>
  %part = arith.subf %v, %number : tensor<262144xf32>
  %q = arith.addf %part, %total : tensor<262144xf32>
  %so = tt.splat %out : !tt.ptr<f32> -> tensor<262144x!tt.ptr<f32>>
  %po = tt.addptr %so, %range : tensor<262144x!tt.ptr<f32>>, tensor<262144xi32>
  tt.store %po, %q, %mask : tensor<262144x!tt.ptr<f32>>
  tt.return
}
"""
"""A block that is larger than any memory on chip: x - (0, 1, 2 ...) + the sum of x."""


COUNT = """
tt.func public @count(%x: !tt.ptr<i32>, %out: !tt.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c7 = arith.constant 7 : i32
  %pid = tt.get_program_id x : i32
  %p = tt.addptr %x, %pid : !tt.ptr<i32>, i32
  %q = tt.addptr %out, %pid : !tt.ptr<i32>, i32
  scf.for %i = %c0 to %n step %c1 : i32 {
    %v = tt.load %p : !tt.ptr<i32>
    %w = arith.addi %v, %c1 : i32
    tt.store %p, %w : !tt.ptr<i32>
    tt.store %q, %c7 : !tt.ptr<i32>
  }
  tt.return
}
"""
"""A loop that reads what it wrote the time before, and stores the same every time, if there is one."""


def count() -> tuple[Any, list[Any]]:
    return 3, [np.arange(3, dtype=np.int32), np.zeros(3, np.int32), 2]


def count_to_zero() -> tuple[Any, list[Any]]:
    return 3, [np.arange(3, dtype=np.int32), np.zeros(3, np.int32), 0]


def described_sum() -> tuple[Any, list[Any]]:
    x = np.arange(1, 11 * 45 + 1, dtype=np.float32).reshape(11, 45)
    return (3, 2), [x, np.zeros((4, 48), np.float32)[:, :45].copy(), 11, 45]


TEXTS = {"overwrite": OVERWRITE, "place": PLACE, "count": COUNT, "count_to_zero": COUNT, "large": LARGE}


def overwrite() -> tuple[Any, list[Any]]:
    return 1, [np.arange(1, 65, dtype=np.float32), np.zeros(64, np.float32)]


def large() -> tuple[Any, list[Any]]:
    x = np.random.default_rng(4).standard_normal(250_001).astype(np.float32)
    return 1, [x, np.zeros_like(x), 249_999]


LAUNCHES: dict[str, Callable[[], tuple[Any, list[Any]]]] = {
    "vector_add": vector_add,
    "softmax": softmax,
    "gemv": gemv,
    "overwrite": overwrite,
    "place": place,
    "count": count,
    "count_to_zero": count_to_zero,
    "early_return": early_return,
    "called": called,
    "large": large,
    "described_sum": described_sum,
}


def source_of(kernel: str, ctx: MLContext) -> ModuleOp:
    if kernel in TEXTS:
        return parse_module(TEXTS[kernel], f"{kernel}.ttir", ctx)
    path = OPERATIONS / f"{kernel}.ttir"
    if not path.exists():
        path = KERNELS / f"{kernel}.nopromise.ttir"
    return parse_module(path.read_text(), f"{kernel}.ttir", ctx)


is_nan: Callable[[float], bool] = math.isnan
sum_start: Callable[[float], bool] = lambda x: x == 0 and math.copysign(1, x) < 0  # noqa: E731
slt, sle = 2, 3

SNAPSHOT = "bufferization.to_tensor", "bufferization.materialize_in_destination"
ON_TENSORS = [
    ("vector_add", "sum is a difference", m.become("arith.addf", m.subtract)),
    ("softmax", "difference the other way round", m.swap_operands("arith.subf")),
]
ON_INDICES = [
    ("vector_add", "programs one element too far apart", m.integer_constant(1024, 1025)),
    ("vector_add", "a view begins late", m.move_offset("memref.reinterpret_cast")),
]
MISTAKES: dict[str, list[tuple[str, str, m.Mutation]]] = {
    "lift-cf-to-scf": [
        ("early_return", "branches the other way round", m.swap_regions("scf.if")),
        ("early_return", "a branch is lost", m.drop("scf.if")),
        ("called", "branches the other way round", m.swap_regions("scf.if")),
    ],
    "inline": [
        ("called", "the wrong argument is passed", m.use_instead("arith.addi", "low", "n")),
        ("called", "branches the other way round", m.swap_regions("scf.if")),
        ("called", "a constant of the callee is wrong", m.integer_constant(2, 3)),
    ],
    "triton-rewrite-tensor-descriptor-to-pointer": [
        ("described_sum", "an element too much is inside", m.predicate(2, 3)),
        ("described_sum", "the strides go to the other dimension", m.swap_operands("tt.addptr")),
        ("described_sum", "the sum is lost", m.drop("tt.atomic_rmw")),
    ],
    "triton-canonicalize": [
        *ON_TENSORS,
        ("vector_add", "a store is taken for one that does nothing", m.drop("tt.store")),
    ],
    "triton-combine": [
        *ON_TENSORS,
        ("gemv", "offsets are added up wrong", m.integer_constant(128, 129)),
    ],
    "triton-reorder-broadcast": [
        *ON_TENSORS,
        ("vector_add", "the constant of another shape is wrong", m.integer_constant(1024, 1025)),
    ],
    "canonicalize": [
        *ON_TENSORS,
        ("vector_add", "programs one element too far apart", m.integer_constant(1024, 1025)),
        ("gemv", "the loop steps half as far", m.integer_constant(128, 64)),
    ],
    "cse": [
        *ON_TENSORS,
        ("vector_add", "one value too many is joined", m.drop("tt.store", "bufferization.materialize_in_destination")),
    ],
    "licm": [
        *ON_TENSORS,
        ("count", "a load leaves a loop that writes what it reads", m.hoist("tt.load")),
        ("count_to_zero", "a store leaves a loop that may not run", m.hoist("tt.store", last=True)),
    ],
    "triton-to-linalg": [
        *ON_TENSORS,
        *ON_INDICES,
        ("vector_add", "a store is lost", m.drop("bufferization.materialize_in_destination")),
        ("vector_add", "the mask is ignored", m.ignore_mask),
        ("softmax", "the mask is ignored", m.ignore_mask),
        ("vector_add", "the last valid element is forgotten", m.smaller_size),
        ("gemv", "the last valid element is forgotten", m.smaller_size),
        ("gemv", "columns are summed for rows", m.reduce_other_dimension),
        ("overwrite", "a snapshot is taken late", m.late(*SNAPSHOT)),
        ("softmax", "wrong neutral element of a maximum", m.float_constant(is_nan, 0.0)),
        ("softmax", "wrong neutral element of a sum", m.float_constant(sum_start, 1.0)),
    ],
    "linalg-specialize-generic-ops": ON_TENSORS,
    "linalg-decompose-aggregated-ops": ON_TENSORS,
    "linalg-fuse-elementwise": [
        *ON_TENSORS,
        ("softmax", "the producer is lost", m.swap_yield_order),
    ],
    "linalg-tile-and-fuse": [
        *ON_TENSORS,
        ("large", "the tile that ends the block is forgotten", m.integer_constant(262_144, 229_376)),
        ("large", "every second tile is forgotten", m.integer_constant(32_768, 65_536)),
        ("large", "the elements of a tile are numbered backwards", m.become("arith.addi", m.minus)),
        ("large", "what earlier tiles summed up is forgotten", m.begin_anew),
        ("large", "the last valid element is forgotten", m.smaller_size),
        ("large", "a tile is stored one element late", m.move_offset("memref.subview")),
    ],
    "scf-forall-to-cores": [
        ("vector_add", "the last core does nothing", m.fewer_cores),
        ("vector_add", "cores step too far", m.integer_constant(32, 33)),
        ("softmax", "cores step too far", m.integer_constant(32, 33)),
        ("place", "the grid is as wide as high", m.become("arith.divui", m.remainder)),
        ("place", "one coordinate is lost", m.become("arith.remui", m.quotient)),
        ("place", "programs and width the other way round", m.swap_operands("arith.remui")),
        ("place", "a dimension of the grid is not dealt out", m.become("arith.muli", m.plus)),
    ],
    "one-shot-bufferize": [
        ("vector_add", "a copy in is lost", m.drop("memref.copy", last=False)),
        ("vector_add", "the copy out is lost", m.drop("memref.copy")),
        ("softmax", "a fill is lost", m.drop("linalg.fill", last=False)),
        ("gemv", "a fill is lost", m.drop("linalg.fill", last=False)),
        ("overwrite", "a snapshot is taken late", m.late("memref.copy", "memref.copy")),
        *ON_INDICES,
    ],
    "memref-promote": [
        ("vector_add", "a copy in is lost", m.drop("memref.copy", last=False)),
        ("softmax", "a reduction is lost", m.drop("linalg.reduce")),
        ("gemv", "the loop steps half as far", m.integer_constant(128, 64)),
    ],
    "linalg-decompose-elementwise": [
        ("softmax", "an operation of a chain is lost", m.drop("linalg.generic")),
        ("softmax", "difference the other way round", m.swap_operands("arith.subf")),
    ],
    "memref-plan": [
        ("vector_add", "buffers that live together overlap", m.same_address),
        ("softmax", "buffers that live together overlap", m.same_address),
        ("gemv", "buffers that live together overlap", m.same_address),
    ],
    "linalg-to-simd": [
        ("vector_add", "a wrong instruction", m.become("simd.addf", m.subtract_buffers)),
        ("vector_add", "a DMA is lost", m.drop("simd.dma")),
        ("softmax", "scalar and buffer the other way round", m.swap_operands("simd.subf")),
        ("softmax", "a reduction is lost", m.drop("simd.reduce_addf")),
        ("gemv", "a fill is lost", m.drop("simd.fill", last=False)),
    ],
    "simd-fuse-multiply-add": [
        ("gemv", "addend and factor the other way round", m.addend_for_factor),
        ("gemv", "the product is lost", m.become("simd.fma", m.sum_alone)),
        ("gemv", "the sum is lost", m.drop("simd.fma")),
        ("softmax", "scalar and buffer the other way round", m.swap_operands("simd.subf")),
    ],
    "simd-insert-sync": [
        ("vector_add", "the token of a fill is lost", m.token_lost("simd.dma")),
        ("vector_add", "the token of a load is lost", m.token_lost("simd.addf")),
        ("softmax", "a loop does not carry the token of a store", m.token_lost("scf.yield")),
        ("softmax", "a fill does not wait for the store of the time before", m.token_lost("simd.fill")),
        ("softmax", "a wait is lost", m.drop("simd.wait")),
        ("softmax", "the core waits behind its load", m.late("simd.wait", "simd.divf")),
        ("gemv", "the token of another instruction", m.wrong_token("simd.extf")),
        ("gemv", "an instruction is lost", m.drop("simd.fma")),
        ("overwrite", "the core goes on before what another pipe does", m.token_lost("simd.dma")),
    ],
}


def broken(step: Step, mistake: m.Mutation) -> Step:
    """A pass of the same name with a mistake: what the real one made is spoilt."""

    def apply(self: MinilinalgPass, ctx: Context, op: ModuleOp) -> None:
        step.run.apply(ctx, op)
        assert mistake(op), "there is nothing to spoil after this pass"

    fields = {"name": step.run.name, "numerics": step.run.numerics, "careful": step.run.careful, "apply": apply}
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


@cache
def road(kernel: str) -> CheckedRoad:
    return CheckedRoad("simd", TARGET, lambda ctx: source_of(kernel, ctx), LAUNCHES[kernel])


@pytest.mark.parametrize(("index", "kernel", "mistake"), CASES)
def test_check_names_the_broken_pass(index: int, kernel: str, mistake: m.Mutation) -> None:
    step, *behind = road_steps("simd")[index:]
    step = broken(step, mistake)
    checker, module = road(kernel).before(index)
    with pytest.raises(CheckError) as caught:
        run_pipeline(road(kernel).context(), module, [step, *behind], instrumentation=[checker])
    assert caught.value.pass_name == step.run.name
    assert len(checker.checked) == index
    assert caught.value.module_before is not None


@pytest.mark.parametrize("kernel", LAUNCHES)
def test_check_is_silent_when_nothing_is_broken(kernel: str) -> None:
    assert road(kernel).checked == [row.pass_name for row in ROADS["simd"]]
