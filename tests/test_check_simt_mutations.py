"""Checking by running on the simt road: each pass on layouts and threads, broken in turn, and which one is named.

The passes of stage tt are those of the simd road, whose mistakes are in test_check_mutations.py.
"""

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
from road_checks import described
from test_check_mutations import KERNELS, break_pass, broken, sle, slt
from test_f32_dot_tc import TEXT as DOT
from test_prefetch import arguments as factors
from test_prefetch import text as product
from test_thread_locality import GATHER, kernel
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, ModuleOp, i32

import minilinalg as ml
from minilinalg.analysis.scratch import OFFSET_ATTR
from minilinalg.check import Checker
from minilinalg.context import make_context
from minilinalg.dialects.ttg.registers import SCRATCH_OFFSET_ATTR, SCRATCH_SIZE_ATTR
from minilinalg.dialects.upstream import arith
from minilinalg.errors import CheckError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import ROADS, Step, road_steps, run_pipeline
from minilinalg.targets import load_target

TARGET = load_target("h200")
TTIR = Path(__file__).resolve().parent / "data" / "ttir"
TILES = """
tt.func public @twice(
  %x: !tt.tensordesc<32x32xf32>, %m: i32, %n: i32, %s: i64, %one: i64,
  %z: !tt.tensordesc<32x32xf32>, %zm: i32, %zn: i32, %zs: i64, %zone: i64
) {
  %i = arith.constant 0 : i32
  %v = tt.descriptor_load %x[%i, %i] : !tt.tensordesc<32x32xf32> -> tensor<32x32xf32>
  %w = arith.addf %v, %v : tensor<32x32xf32>
  tt.descriptor_store %z[%i, %i], %w : !tt.tensordesc<32x32xf32>, tensor<32x32xf32>
  tt.return
}
"""
MADE = """
tt.func public @copied(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %z: !tt.ptr<f32> {tt.divisibility = 16 : i32}) {
  %i = arith.constant 0 : i32
  %n = arith.constant 32 : i32
  %one = arith.constant 1 : i64
  %s = arith.constant 32 : i64
  %p = tt.get_program_id x : i32
  %row = arith.muli %p, %n : i32
  %rows = arith.constant 128 : i32
  %d = tt.make_tensor_descriptor %x, [%rows, %n], [%s, %one] : !tt.ptr<f32>, !tt.tensordesc<32x32xf32>
  %e = tt.make_tensor_descriptor %z, [%rows, %n], [%s, %one] : !tt.ptr<f32>, !tt.tensordesc<32x32xf32>
  %v = tt.descriptor_load %d[%row, %i] : !tt.tensordesc<32x32xf32> -> tensor<32x32xf32>
  tt.descriptor_store %e[%row, %i], %v : !tt.tensordesc<32x32xf32>, tensor<32x32xf32>
  tt.return
}
"""
"""Descriptors that the kernel makes itself, in memory that the launch lends."""
TEXTS = {
    "tiles": TILES,
    "made": MADE,
    "matmul_tma": (TTIR / "matmul_tma.ttir").read_text(),
    "three_dots": DOT.replace("PRECISION", "tf32x3"),
    "sums": kernel(8, 256, 1, "arith.addf", "f32", "0.0", False),
    "small_tiles": product("f16", 2, 3),
    "gather": GATHER.format(shape="8x32", taken="8x32", size=256, count=256, index="i32", axis=1),
}


def source(name: str) -> str:
    return TEXTS.get(name) or (KERNELS / f"{name}.ttir").read_text()


def normal(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def launch(name: str) -> tuple[Any, list[Any]]:
    x = normal(2, 1008)
    match name:
        case "softmax":
            return 2, [np.zeros_like(x), -1 - abs(x), 1008, 1008, 2, 1008]
        case "gemv":
            return 2, [
                normal(48, 144, dtype=np.float16),
                normal(144, seed=2, dtype=np.float16),
                normal(48),
                48,
                144,
                144,
            ]
        case "matmul":
            a, b = normal(16, 144, dtype=np.float16), normal(144, 16, seed=1, dtype=np.float16)
            return 1, [a, b, np.zeros((16, 16), np.float16), 16, 16, 144, 144, 16, 16]
        case "matmul_tma":
            a, b = normal(16, 264, dtype=np.float16), normal(264, 16, seed=1, dtype=np.float16)
            return 1, [*described(a), *described(b), *described(np.zeros((16, 16), np.float16)), 16, 16, 264]
        case "tiles":
            return 1, [*described(normal(30, 28)), *described(normal(32, 32))]
        case "made":
            return 4, [normal(128, 32), np.zeros((128, 32), np.float32)]
        case "small_tiles":
            return 1, factors("f16", 32, 150)
        case "three_dots":
            return 1, [normal(16, 16), normal(16, 16, seed=1), np.zeros((16, 16), np.float32)]
        case "sums":
            return 1, [normal(3, 8, 256), np.zeros(8, np.float32), 3]
        case _:
            where = np.random.default_rng(1).integers(0, 32, (8, 32)).astype(np.int32)
            return 1, [normal(8, 32), where, np.zeros((8, 32), np.float32)]


# Mistakes


def dense_constant(is_wanted: Callable[[float], bool], to: float) -> m.Mutation:
    """A tensor of one constant is of another."""

    def mutate(module: ModuleOp) -> bool:
        for op in m.find(module, "arith.constant"):
            value: Any = op.properties["value"]
            if isinstance(value, DenseIntOrFPElementsAttr) and value.is_splat() and is_wanted(value.get_values()[0]):
                op.properties["value"] = DenseIntOrFPElementsAttr.from_list(value.type, [to])  # pyright: ignore
                return True
        return False

    return mutate


def number(name: str, key: str, by: int) -> m.Mutation:
    """A number that the first operation `name` has is off."""

    def mutate(module: ModuleOp) -> bool:
        for op in m.find(module, name):
            was: Any = op.properties[key]
            op.properties[key] = IntegerAttr(was.value.data + by, was.type)
            return True
        return False

    return mutate


def operand_of_another(name: str, index: int) -> m.Mutation:
    """The last operation `name` has the operand of one before it."""

    def mutate(module: ModuleOp) -> bool:
        *before, last = m.find(module, name)
        for op in reversed(before):
            other, own = op.operands[index], last.operands[index]
            if other.type == own.type and other is not own and op.parent is last.parent:
                last.operands[index] = other
                return True
        return False

    return mutate


def out_of_phase(module: ModuleOp) -> bool:
    """The first wait at a barrier waits for the other phase."""
    for op in m.find(module, "ttng.wait_barrier"):
        block = op.parent
        assert block is not None
        one = arith.ConstantOp(IntegerAttr(1, i32))
        block.insert_ops_before([one, other := arith.XOrIOp(op.operands[1], one.result)], op)
        op.operands[1] = other.result
        return True
    return False


def all_at_once(module: ModuleOp) -> bool:
    """Everything in shared memory begins at its first byte."""
    found = [op for op in module.walk() if OFFSET_ATTR in op.attributes]
    for op in found:
        op.attributes[OFFSET_ATTR] = IntegerAttr(0, i32)
    return len(found) > 1


def scratch_at_once(module: ModuleOp) -> bool:
    """All of a program's buffers in global memory begin at its first byte."""
    found = [op for op in module.walk() if SCRATCH_OFFSET_ATTR in op.attributes]
    for op in found:
        op.attributes[SCRATCH_OFFSET_ATTR] = IntegerAttr(0, i32)
    return len(found) > 1


def too_little_scratch(module: ModuleOp) -> bool:
    """A program's part of global memory ends in front of its last buffer, where the next one's begins."""
    found = [op for op in module.walk() if SCRATCH_SIZE_ATTR in op.attributes]
    for op in found:
        op.attributes[SCRATCH_SIZE_ATTR] = IntegerAttr(128, i32)
    return bool(found)


def one_at_another(module: ModuleOp) -> bool:
    """The last of the buffers begins where the first does."""
    found = [op for op in module.walk() if OFFSET_ATTR in op.attributes]
    first = min(found, key=lambda op: op.attributes[OFFSET_ATTR].value.data)  # pyright: ignore
    last = max(found, key=lambda op: op.attributes[OFFSET_ATTR].value.data)  # pyright: ignore
    last.attributes[OFFSET_ATTR] = first.attributes[OFFSET_ATTR]
    return first is not last


def without(*names: str) -> m.Mutation:
    """All of these operations are forgotten."""

    def mutate(module: ModuleOp) -> bool:
        found = list(m.find(module, *names))
        for op in found:
            op.detach()
            op.erase()
        return bool(found)

    return mutate


def next_wait_is_short(module: ModuleOp) -> bool:
    """A wait in a loop waits for one copy less."""
    return any(number("ttg.async_wait", "num", 1)(loop) for loop in m.find(module, "scf.for"))  # pyright: ignore


def next_part_twice(module: ModuleOp) -> bool:
    """What is loaded behind the first part is the first part again."""
    for op in m.find(module, "ttg.memdesc_subslice"):
        offsets: Any = op.properties["offsets"]
        if any(offsets.get_values()):
            op.properties["offsets"] = type(offsets).from_list(i32, [0 for _ in offsets.get_values()])
            return True
    return False


def handed_on_again(type: str) -> m.Mutation:
    """The first value of such a type that a loop carries is that of this turn in the next one too."""

    def mutate(module: ModuleOp) -> bool:
        for op in m.find(module, "scf.for"):
            block, end = op.regions[0].block, op.regions[0].block.last_op
            assert end is not None
            for index, argument in enumerate(block.args[1:]):
                if type in str(argument.type) and end.operands[index] is not argument:
                    end.operands[index] = argument
                    return True
        return False

    return mutate


is_minus_zero: Callable[[float], bool] = lambda x: x == 0 and math.copysign(1, x) < 0  # noqa: E731
EDGE = ("softmax", "the mask reaches one too far", m.predicate(slt, sle))
SWAP = ("softmax", "x - max is max - x", m.swap_operands("arith.subf"))
LOST = ("gemv", "a store is lost", m.drop("tt.store"))
ACCUMULATOR = ("matmul", "the dot begins with what it multiplies nothing by", dense_constant(lambda x: x == 0, 1.0))
WAIT = ("matmul", "it waits for one copy less", number("ttg.async_wait", "num", 1))
BARRIERS = {
    kernel: [
        (kernel, "it does not wait for the tile", m.drop("ttng.wait_barrier")),
        (kernel, "it waits for the other phase", out_of_phase),
        (kernel, "fewer bytes are expected than come", number("ttng.barrier_expect", "size", -16)),
        (kernel, "more bytes are expected than come", number("ttng.barrier_expect", "size", 16)),
        (kernel, "a copy is lost", m.drop("ttng.async_tma_copy_global_to_local")),
    ]
    for kernel in ("tiles", "matmul_tma")
}
MISTAKES: dict[str, list[tuple[str, str, m.Mutation]]] = {
    "convert-triton-to-tritongpu": [EDGE, SWAP],
    "tritongpu-coalesce": [EDGE, LOST],
    "tritongpu-F32DotTC": [("three_dots", "the rest is negative", m.swap_operands("arith.subf")), EDGE],
    "tritongpu-remove-layout-conversions": [SWAP, LOST],
    "tritongpu-optimize-thread-locality": [
        ("sums", "threads begin with one", dense_constant(is_minus_zero, 1.0)),
        ("sums", "the sum before the loop is lost", m.drop("tt.store")),
    ],
    "tritongpu-accelerate-matmul": [ACCUMULATOR, EDGE],
    "loop-aware-cse": [EDGE, LOST],
    "tritongpu-combine-tensor-select-and-if": [SWAP, LOST],
    "tritongpu-assign-latencies": [EDGE, LOST],
    "tritongpu-schedule-loops": [EDGE, SWAP],
    "tritongpu-pipeline": [
        WAIT,
        ("matmul", "a copy goes where this turn reads", operand_of_another("ttg.memdesc_index", 1)),
        *BARRIERS["matmul_tma"],
    ],
    "canonicalize": [EDGE, WAIT],
    "lift-cf-to-scf": [EDGE, LOST],
    "inline": [SWAP, LOST],
    "licm": [EDGE, LOST],
    "tritongpu-fuse-nested-loops": [EDGE, LOST],
    "tritongpu-coalesce-async-copy": [EDGE, WAIT],
    "triton-nvidia-optimize-descriptor-encoding": [
        ("tiles", "a store is lost", m.drop("tt.descriptor_store")),
        ("softmax", "x - max is max - x", m.swap_operands("arith.subf")),
    ],
    "triton-nvidia-tma-lowering": BARRIERS["tiles"],
    "tritongpu-optimize-dot-operands": [SWAP, EDGE],
    "tritongpu-prefetch": [
        EDGE,
        ("small_tiles", "in front of the loop it waits for one copy less", number("ttg.async_wait", "num", 1)),
        ("small_tiles", "it waits for one copy of the next turn less", next_wait_is_short),
        ("small_tiles", "the first part is that of the turn before", handed_on_again("dot_op")),
        ("small_tiles", "the other parts are those of the turn before", handed_on_again("memdesc")),
        ("small_tiles", "the first part is multiplied twice", next_part_twice),
    ],
    "tritongpu-reduce-data-duplication": [SWAP, WAIT],
    "tritongpu-reorder-instructions": [SWAP, WAIT],
    "triton-nvidia-gpu-fence-insertion": [SWAP, WAIT],
    "allocate-shared-memory": [SWAP, WAIT],
    "membar": [EDGE, WAIT],
    "tritongpu-global-scratch-memory-allocation": [SWAP, LOST],
}
THREAD_MISTAKES = [
    ("softmax", "a lane takes from the lane of the step before", operand_of_another("simt.shuffle", 1)),
    ("softmax", "warps do not wait for one another", without("simt.barrier")),
    ("gather", "lanes ask for the register of another", operand_of_another("simt.shuffle", 0)),
    ("gemv", "a store is lost", m.drop("simt.store_global")),
    ("softmax", "the mask reaches one too far", m.predicate(slt, sle)),
]
"""Those of `tritongpu-to-simt` and of the passes behind it."""
PASSES = [(index, row.pass_name) for index, row in enumerate(ROADS["simt"]) if row.stage != "tt"]
TO_THREADS = next(index for index, name in PASSES if name == "tritongpu-to-simt")
CASES = [
    pytest.param(index, kernel, mistake, id=f"{index}-{name}-{kernel}-{what.replace(' ', '-')}")
    for index, name in PASSES
    for kernel, what, mistake in (MISTAKES.get(name, []) if index < TO_THREADS else THREAD_MISTAKES)
]


def test_every_pass_of_the_road_has_mistakes() -> None:
    assert {name for index, name in PASSES if index < TO_THREADS} == set(MISTAKES)
    assert all(len(mistakes) >= 2 for mistakes in MISTAKES.values())


def checked(name: str, steps: Any) -> Checker:
    ctx = make_context()
    ctx.target = TARGET
    module = parse_module(source(name), f"{name}.ttir", ctx)
    grid, args = launch(name)
    checker = Checker(module, grid, args, target=TARGET)
    run_pipeline(ctx, module, steps, instrumentation=[checker])
    return checker


@cache
def road(name: str) -> CheckedRoad:
    return CheckedRoad(
        "simt", TARGET, lambda ctx: parse_module(source(name), f"{name}.ttir", ctx), lambda: launch(name)
    )


@pytest.mark.parametrize(("index", "name", "mistake"), CASES)
def test_check_names_the_broken_pass(index: int, name: str, mistake: m.Mutation) -> None:
    step, *behind = road_steps("simt")[index:]
    step = broken(step, mistake)
    checker, module = road(name).before(index)
    with pytest.raises(CheckError) as caught:
        run_pipeline(road(name).context(), module, [step, *behind], instrumentation=[checker])
    assert caught.value.pass_name == step.run.name
    assert len(checker.checked) == index
    assert caught.value.module_before is not None


@pytest.mark.parametrize("name", ["softmax", "gemv", "matmul", *TEXTS])
def test_check_is_silent_when_nothing_is_broken(name: str) -> None:
    assert road(name).checked == [row.pass_name for row in ROADS["simt"]]


PLACES = "with a place of its own for every buffer instead"
FENCES = "with a fence in front of every product of warp groups instead"
SCRATCH = "with a place of its own for every buffer in global memory instead"
MEETINGS = "with a barrier in front of every use of shared memory instead"


TRACED: list[tuple[str, str, m.Mutation, Any, str]] = [
    ("matmul", "allocate-shared-memory", all_at_once, True, PLACES),
    ("matmul", "allocate-shared-memory", one_at_another, "deep", PLACES),
    ("three_dots", "allocate-shared-memory", all_at_once, True, PLACES),
    ("matmul", "triton-nvidia-gpu-fence-insertion", m.drop("ttng.fence_async_shared"), True, FENCES),
    ("matmul", "triton-nvidia-gpu-fence-insertion", without("ttng.fence_async_shared"), "deep", FENCES),
    ("made", "tritongpu-global-scratch-memory-allocation", scratch_at_once, True, SCRATCH),
    ("made", "tritongpu-global-scratch-memory-allocation", too_little_scratch, "deep", SCRATCH),
    ("matmul", "membar", without("ttg.barrier"), True, MEETINGS),
    ("matmul", "membar", m.drop("ttg.barrier"), True, MEETINGS),
    ("softmax", "membar", without("ttg.barrier"), "deep", MEETINGS),
    ("sums", "membar", m.drop("ttg.barrier", last=False), True, MEETINGS),
]


def test_every_pass_that_can_be_done_with_care_has_mistakes_that_are_traced_to_it() -> None:
    assert {wrong for _, wrong, *_ in TRACED} == {step.run.name for step in road_steps("simt") if step.run.careful}


@pytest.mark.parametrize(("name", "wrong", "mistake", "check", "rule"), TRACED)
def test_what_shows_on_threads_only_is_traced_to_the_pass_that_left_it(
    name: str, wrong: str, mistake: m.Mutation, check: Any, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tensors of stage ttg are whole: where they lie in shared memory, and who waits for whom, is for threads only."""
    break_pass(monkeypatch, wrong, mistake)
    compiled = ml.compile(source(name), road="simt", target=TARGET)
    grid, args = launch(name)
    with pytest.raises(CheckError) as caught:
        compiled[grid](*args, check=check)
    error = caught.value
    assert error.pass_name == error.pipeline == wrong
    assert error.diagnostic.found.startswith(f"what pass '{wrong}' left was got wrong later: ")
    assert error.diagnostic.rule == f"{rule}, 'tritongpu-to-simt' leaves right answers"
    left = {
        PLACES: OFFSET_ATTR,
        SCRATCH: SCRATCH_OFFSET_ATTR,
        FENCES: "ttng.fence_async_shared",
        MEETINGS: "ttg.barrier",
    }
    assert not any(left[rule] in (op.name, *op.attributes) for op in error.module_before.walk())


@pytest.mark.parametrize("name", ["softmax", "gemv", "matmul", *TEXTS])
def test_passes_done_with_care_leave_right_answers(name: str) -> None:
    """Or they would find nobody out."""
    steps = [Step(careful(step.run), step.anchor, step.ends) for step in road_steps("simt")]
    assert checked(name, steps).checked == [row.pass_name for row in ROADS["simt"]]


def careful(run: MinilinalgPass) -> MinilinalgPass:
    """The pass as the check does it to find out about it; itself, where it shows its mistakes."""
    if run.careful is None:
        return run
    fields = {"name": run.name, "apply": lambda _, ctx, op: run.careful.apply(ctx, op)}
    return dataclass(frozen=True)(type("CarefulPass", (MinilinalgPass,), fields))()
