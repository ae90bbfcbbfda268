"""Races between pipes: each kind is reported, ordered programs are not, and every token of compiled kernels matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import lose_token, token_uses
from xdsl.dialects.builtin import ModuleOp

import minilinalg as ml
from minilinalg.context import make_context
from minilinalg.errors import RunError
from minilinalg.interp import RunOptions
from minilinalg.interp.dtypes import F32
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.views import MemRef
from minilinalg.launch.file import LaunchFile
from minilinalg.parsing import parse_module
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.sim.byte_sets import View, shared
from minilinalg.sim.races import Access, Races
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

KERNELS = Path(__file__).parent.parent / "examples" / "kernels"
TINY = load_target("tiny-simd")
ON, OFF = "memref<64xf32, #simd.space<nram>>", "memref<64xf32, #simd.space<gdram>>"
LOAD, STORE = f"%x -> %a : {OFF} -> {ON}", f"%a -> %x : {ON} -> {OFF}"


def run(body: str) -> None:
    text = (
        f"func.func @f(%x: {OFF}, %gx: index, %gy: index, %gz: index)\n"
        '    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}]} {\n'
        f"  %a = memref.alloc() {{simd.address = 0 : i64}} : {ON}\n"
        f"  %b = memref.alloc() {{simd.address = 256 : i64}} : {ON}\n"
        f"  %zero = arith.constant 0.0 : f32\n  simd.fill %zero -> %a : f32 -> {ON}\n"
        f"  simd.fill %zero -> %b : f32 -> {ON}\n"
        f"  %core = simd.core_id : index\n{body}\n  return\n}}\n"
    )
    Simulator(parse_module(text), TINY).run((1,), [np.ones(64, np.float32)])


RACES = {
    "read after write": f"%t = simd.dma async {LOAD}\n%u = simd.exp async %a -> %b : {ON}",
    "write after read": f"simd.exp %a -> %a : {ON}\n%t = simd.dma async {STORE}\n%u = simd.exp async %b -> %a : {ON}",
    "write after write": f"%t = simd.dma async {LOAD}\nsimd.exp %b -> %a : {ON}",
    "scalar load": f"%t = simd.exp async %a -> %a : {ON}\n%v = memref.load %a[%core] : {ON}",
    "scalar store": f"%c = arith.constant 1.0 : f32\n%t = simd.exp async %a -> %b : {ON}\n"
    f"memref.store %c, %a[%core] : {ON}",
    "the wrong token": f"%o = simd.exp async %b -> %b : {ON}\n%t = simd.dma async {LOAD}\n"
    f"%u = simd.exp async %a -> %b after %o : {ON}",
}
ORDERED = {
    "a token": f"%t = simd.dma async {LOAD}\n%u = simd.exp async %a -> %b after %t : {ON}",
    "a wait": f"%t = simd.dma async {LOAD}\nsimd.wait %t\n%u = simd.exp async %a -> %b : {ON}",
    "a barrier": f"%t = simd.dma async {LOAD}\nsimd.barrier core\nsimd.exp %a -> %b : {ON}",
    "one pipe": f"%t = simd.exp async %a -> %b : {ON}\n%u = simd.exp async %b -> %a : {ON}",
    "through another pipe": f"%t = simd.dma async {LOAD}\n%u = simd.exp async %b -> %b after %t : {ON}\n"
    f"%v = simd.exp async %a -> %a : {ON}",
    "other bytes": f"%t = simd.dma async {LOAD}\n%u = simd.exp async %b -> %b : {ON}",
    "both read": f"%t = simd.dma async {STORE}\n%u = simd.exp async %a -> %b : {ON}",
    "synchronous": f"simd.dma {LOAD}\nsimd.exp %a -> %b : {ON}",
    "the end": f"%t = simd.dma async {LOAD}",
}


@pytest.mark.parametrize("name", RACES)
def test_races(name: str):
    with pytest.raises(RunError, match="race between pipes"):
        run(RACES[name])


def bytes_of(m: MemRef, core: int) -> set[int]:
    """What a core touches, one element at a time."""
    first, *numbers = [int(n[core]) if isinstance(n, np.ndarray) else int(n) for n in (m.offset, *m.sizes, *m.strides)]
    (rows, columns), (down, across) = numbers[:2], numbers[2:]
    return {first + r * down + c * across + b for r in range(rows) for c in range(columns) for b in range(4)}


@pytest.mark.parametrize("seed", range(60))
def test_blocks_at_places_of_each_core(seed: int):
    """Nothing is ordered but by its pipe: cores race where their own blocks meet, each beside what it did before."""
    random, op, cores = np.random.default_rng(seed), ModuleOp([]), 3
    memory, races = GlobalMemory(), Races(cores)
    done: list[tuple[Any, int, set[int]]] = []

    def number(low: int, high: int) -> Any:
        several = random.integers(low, high, cores) * 4
        return several if random.random() < 0.6 else int(several[0])

    for _ in range(12):
        pipe, kind = random.choice(["io_dma", "move_dma", "vector"]), random.choice(["reads", "reads", "writes"])
        sizes = [n // 4 for n in (number(0, 3), number(1, 3))]
        block = MemRef(F32, number(0, 60), sizes, [number(2, 9), 4], memory=memory)
        active: Any = [slice(None), slice(1, 3), np.array([0, 2])][random.integers(3)]
        names = np.arange(cores)[active].tolist()
        access = Access(op, str(pipe), str(kind), 0)  # pyright: ignore
        mine = {core: bytes_of(block, core) for core in names}
        expected = [
            core
            for other, core, touched in done
            if core in mine and other.pipe != pipe and "writes" in (other.kind, kind) and touched & mine[core]
        ]
        try:
            races.instruction([access], [block.take_programs(active)], access.pipe, active, [], False)
        except RunError as error:
            assert any(f"on core {core}," in error.diagnostic.render() for core in expected)
            return
        assert not expected
        done += [(access, core, touched) for core, touched in mine.items()]


@pytest.mark.parametrize("name", ORDERED)
def test_no_race(name: str):
    run(ORDERED[name])


def test_the_message_names_both_sides():
    with pytest.raises(RunError) as caught:
        run(RACES["read after write"])
    lines = str(caught.value).splitlines()
    assert "'simd.exp' (vector) reads bytes 0 to 255 of nram on core 0" in lines[0]
    assert "'simd.dma' (io_dma) at <string>:9:" in lines[0]
    assert lines[0].endswith("has written them")
    assert "add the token of that 'simd.dma'" in lines[-1]


def test_bytes_are_exact():
    # The even and the odd columns of a matrix lie within one another and share nothing.
    even, odd = View(0, (4, 4), (32, 8), 4), View(4, (4, 4), (32, 8), 4)
    assert shared(even, odd) is None
    assert shared(even, View(40, (2,), (1,), 1)) == (40, 42)
    assert shared(View(0, (3,), (-4,), 4), View(-8, (1,), (4,), 4)) == (-8, -4)
    assert shared(View(0, (0,), (4,), 4), even) is None


# --- compiled kernels ----------------------------------------------------------------------------------------------

# By kernel: numbers of the launch, and the grid where it is not the launch file's. Loops run three times or more; some
# tokens matter only where a loop does not run at all.
LAUNCHES: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "vector_add": [({"n": 102400}, None)],
    "softmax": [({"n_rows": 120}, (100, 1, 1))],
    "matmul": [({"M": 1312, "N": 1200, "K": 0}, None), ({"M": 1312, "N": 1200, "K": 144}, None)],
    "layernorm": [({"rows": 96, "N": 2112}, None)],
    "flash_attn": [({"heads": 34}, None)],
    "gemv": [({"M": 3072, "N": 400}, None), ({"M": 3072, "N": 0}, None)],
}
MLU = load_target("mlu370")


def without(module: ModuleOp, which: int) -> ModuleOp:
    """The module with a done token in place of the token operand number `which`."""
    module = module.clone()
    lose_token(*list(token_uses(module))[which])
    return module


@pytest.mark.parametrize("name", LAUNCHES)
def test_every_token_of_a_compiled_kernel_matters(name: str):
    kernel = ml.compile(str(KERNELS / f"{name}.ttir"), road="simd", target="mlu370")
    module = kernel.module("simd")
    plain = kernel.module("promoted").clone()
    ctx = make_context()
    ctx.target = MLU
    *before, last = road_steps("simd", start="simd")
    assert last.run.name == "simd-insert-sync"
    run_pipeline(ctx, plain, before)
    launches: list[tuple[Any, list[Any]]] = []
    for numbers, grid in LAUNCHES[name]:
        file = LaunchFile.read(KERNELS / f"{name}.toml", numbers)
        launch = file.bind(next(iter(kernel.module("tt").ops)))
        launches.append((grid or launch.grid, launch.arguments))

    def run_all(tried: ModuleOp, races: bool = True) -> tuple[list[bytes], list[int]]:
        simulator = Simulator(tried, MLU, options=RunOptions(checks=races))
        left: list[bytes] = []
        cycles: list[int] = []
        for grid, arguments in launches:
            copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
            cycles.append(simulator.run(grid, copies).report.cycles)
            left += [a.tobytes() for a in copies if isinstance(a, np.ndarray)]
        return left, cycles

    answers, synchronous = run_all(plain, races=False)
    assert run_all(module)[0] == answers
    assert all(new <= old for new, old in zip(run_all(module)[1], synchronous, strict=True))
    for which, (op, index) in enumerate(list(token_uses(module))):
        with pytest.raises(RunError, match="race between pipes"):
            run_all(without(module, which))
            pytest.fail(f"nobody misses operand {index} of {op.name}")
