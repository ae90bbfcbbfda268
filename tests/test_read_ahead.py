"""Loops that store to an array that they load from through another argument: in place it is right, shifted it may be
wrong, and is refused exactly where it is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32

import minilinalg as ml
from minilinalg.abi import AHEAD
from minilinalg.dialects.upstream import scf
from minilinalg.errors import LaunchError
from minilinalg.interp import Executable
from minilinalg.interp.binding import bind
from minilinalg.interp.memory import GlobalMemory
from minilinalg.parsing import parse_module
from minilinalg.run_options import RunOptions
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import SimtTarget, load_target

EXAMPLES = Path(__file__).parents[1] / "examples/kernels"
LANES = 128
OTHER = np.zeros(9000, np.float32)
SHIFTED = """tt.func public @shifted(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %y: !tt.ptr<f32>,
    %z: !tt.ptr<f32>, %turns: i32, %by: i32, %line: i32) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %lane = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32>
  %half = arith.constant dense<0.5> : tensor<128xf32>
  %program = tt.get_program_id x : i32
  %begin = arith.muli %program, %line : i32
  %lines = tt.splat %begin : i32 -> tensor<128xi32>
  %in_line = arith.addi %lines, %lane : tensor<128xi32>
  %size = arith.constant 128 : i32
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>>
  %zs = tt.splat %z : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>>
  scf.for %i = %zero to %turns step %one : i32 {
    %start = arith.muli %i, %size : i32
    %offset = tt.splat %start : i32 -> tensor<128xi32>
    %at = arith.addi %in_line, %offset : tensor<128xi32>
    %p = tt.addptr %xs, %at : tensor<128x!tt.ptr<f32>>, tensor<128xi32>
EARLIER
    %v = tt.load %p : tensor<128x!tt.ptr<f32>>
    %w = arith.addf %v, %half : tensor<128xf32>
LATER
  } {tt.num_stages = STAGES : i32}
  tt.return
}"""


def store(array: str, what: str) -> str:
    """A store to an array, `by` elements behind what the turn loads."""
    return f"""
    %moved_{array} = tt.splat %by : i32 -> tensor<128xi32>
    %to_{array} = arith.addi %at, %moved_{array} : tensor<128xi32>
    %p_{array} = tt.addptr %{array}s, %to_{array} : tensor<128x!tt.ptr<f32>>, tensor<128xi32>
    tt.store %p_{array}, %{what} : tensor<128x!tt.ptr<f32>>
"""


@cache
def shifted(stages: int, stage: str, *, first: bool = False) -> tuple[ModuleOp, Executable]:
    """The kernel at a stage, and made ready to run. Each turn stores to y behind its load, or before it (`first`); then
    what is loaded goes to z."""
    earlier, later = (store("y", "half"), store("z", "w")) if first else ("", store("y", "w"))
    text = SHIFTED.replace("EARLIER", earlier).replace("LATER", later).replace("STAGES", str(stages))
    module = ml.compile(text, road="simt", target="a100").module(stage)
    if stage == "tt":
        return module, Executable(module)
    assert any(AHEAD in op.attributes for op in module.walk())
    return module, Executable(module, options=RunOptions(checks=False))


def arguments(memory: np.ndarray, turns: int, by: int) -> list[Any]:
    """A launch that stores `by` elements behind what it loads, or in front of it."""
    return [memory[256:], memory, OTHER, turns, 256 + by, 0]


def meets(stages: int, turns: int, by: int) -> bool:
    """Whether a turn stores what one of the next `stages - 2` turns loads, which has happened by then."""
    loads = [set(range(LANES * t, LANES * (t + 1))) for t in range(turns)]
    return any(
        {at + by for at in loads[t]} & loads[later]
        for t in range(turns)
        for later in range(t + 1, turns)
        if later - t < stages - 1
    )


@example(stages=3, turns=4, by=LANES, stage="simt")
@example(stages=3, turns=4, by=2 * LANES, stage="ttg")
@example(stages=3, turns=3, by=0, stage="simt")
@settings(deadline=None, max_examples=60)
@given(
    stages=st.integers(2, 5),
    turns=st.integers(0, 6),
    by=st.sampled_from([0, 1, LANES - 1, LANES, LANES + 1, 2 * LANES, 3 * LANES, 4 * LANES + 5, -LANES, -1]),
    stage=st.sampled_from(["ttg", "simt"]),
)
def test_what_is_refused_is_what_would_be_wrong(stages: int, turns: int, by: int, stage: str) -> None:
    expected, found = (np.arange(9000, dtype=np.float32) for _ in range(2))
    shifted(2, "tt")[1].run(1, arguments(expected, turns, by))
    run = shifted(stages, stage)[1]
    if meets(stages, turns, by):
        with pytest.raises(LaunchError, match="has read ahead"):
            run.run(1, arguments(found, turns, by))
    else:
        run.run(1, arguments(found, turns, by))
        np.testing.assert_array_equal(found, expected)


def test_unseen_it_would_be_wrong() -> None:
    """Without the watch the same launch leaves another answer: it is no idle refusal."""
    module = shifted(3, "simt")[0].clone()
    for op in module.walk():
        op.attributes.pop(AHEAD, None)
    expected, found = (np.arange(2000, dtype=np.float32) for _ in range(2))
    shifted(2, "tt")[1].run(1, arguments(expected, 5, LANES))
    Executable(module, options=RunOptions(checks=False)).run(1, arguments(found, 5, LANES))
    assert (found != expected).any()


@pytest.mark.parametrize("stage", ["ttg", "simt"])
def test_a_store_before_the_load_of_its_turn(stage: str) -> None:
    """It comes before that load in the source, and behind it when that is read ahead."""
    x = np.arange(9000, dtype=np.float32)
    with pytest.raises(LaunchError, match="has read ahead"):
        shifted(3, stage, first=True)[1].run(1, arguments(x, 3, 0))
    expected, found = (np.arange(9000, dtype=np.float32) for _ in range(2))
    shifted(3, "tt", first=True)[1].run(1, arguments(expected, 3, -LANES))
    shifted(3, stage, first=True)[1].run(1, arguments(found, 3, -LANES))
    np.testing.assert_array_equal(found, expected)


def test_programs_are_looked_at_one_by_one() -> None:
    """What one program stores another one may have read ahead: that is a race, and nothing of this."""
    expected, found = (np.arange(4000, dtype=np.float32) for _ in range(2))
    for stage, array in (("tt", expected), ("simt", found)):
        shifted(3, stage)[1].run(3, [array, array, OTHER, 4, 0, 4 * LANES])
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(LaunchError, match=re.escape("in program (0, 0, 0), which 'simt.cp_async'")):
        shifted(3, "simt")[1].run(3, [found, found, OTHER, 4, LANES, 8 * LANES])


TILES = """tt.func public @tiles(%x: !tt.tensordesc<32x64xf32>, %xm: i32, %xn: i32, %xs: i64, %xo: i64,
    %y: !tt.tensordesc<32x64xf32>, %ym: i32, %yn: i32, %ys: i64, %yo: i64, %turns: i32, %by: i32) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %lines = arith.constant 32 : i32
  scf.for %i = %zero to %turns step %one : i32 {
    %from = arith.muli %i, %lines : i32
    %v = tt.descriptor_load %x[%from, %zero] : !tt.tensordesc<32x64xf32> -> tensor<32x64xf32>
    %w = arith.addf %v, %v : tensor<32x64xf32>
    %to = arith.addi %from, %by : i32
    tt.descriptor_store %y[%to, %zero], %w : !tt.tensordesc<32x64xf32>, tensor<32x64xf32>
  } {tt.num_stages = 3 : i32}
  tt.return
}"""


@pytest.mark.parametrize("target", ["a100", "h200"])
def test_tiles(target: str) -> None:
    """Copied by TMA where the target does, so that the loads and the stores are of boxes."""
    compiled = ml.compile(TILES, road="simt", target=target)
    for stage in ("ttg", "simt"):
        run = Executable(compiled.module(stage), options=RunOptions(checks=False))
        # No box is stored from below 0 on.
        for by in (0, 1, 32, 64, *((-32, -5) if target == "a100" else ())):
            expected, found = (np.arange(320 * 64, dtype=np.float32).reshape(320, 64) for _ in range(2))
            Executable(compiled.module("tt")).run(1, [expected, 320, 64, 64, 1, expected, 320, 64, 64, 1, 6, by])
            args = [found, 320, 64, 64, 1, found, 320, 64, 64, 1, 6, by]
            if 0 < by < 64:
                with pytest.raises(LaunchError, match="has read ahead"):
                    run.run(1, args)
            else:
                run.run(1, args)
                np.testing.assert_array_equal(found, expected)


def test_nothing_on_a_gpu_looks_at_it() -> None:
    x = np.zeros(9000, np.float32)
    abi = shifted(3, "simt")[1].abi
    bind(abi, [x, x.copy(), OTHER, 3, 0, 0], GlobalMemory())
    with pytest.raises(LaunchError) as caught:
        bind(abi, arguments(x, 3, 0), GlobalMemory())
    assert str(caught.value) == (
        "error: arguments 'x' and 'y' of 'shifted' share memory\n"
        "  rule: a loop of the kernel loads before what earlier turns store, and nothing on a GPU sees whether a turn "
        "stores what a later one has loaded: the two share no memory\n"
        "  hint: a copy of one of them, or a loop of one stage (tl.range(..., num_stages=1)); the simulated machine "
        "looks at every access, and runs what is right"
    )


@cache
def kernel(name: str, target: str) -> ml.Compiled:
    """An example, with three stages in each of its loops."""
    module = parse_module((EXAMPLES / f"{name}.ttir").read_text())
    for op in module.walk():
        if isinstance(op, scf.ForOp):
            op.attributes["tt.num_stages"] = IntegerAttr(3, i32)
    return ml.compile(module, road="simt", target=target)


def simulated(compiled: ml.Compiled, target: str, grid: int, args: list[Any]) -> None:
    machine = load_target(target)
    assert isinstance(machine, SimtTarget)
    module = compiled.module("simt")
    assert any(AHEAD in op.attributes for op in module.walk())
    SimtSimulator(module, machine).run(grid, args)


@pytest.mark.parametrize("target", ["a100", "h200"])
def test_softmax_in_place(target: str) -> None:
    x = np.random.default_rng(1).normal(0, 3, (13, 992)).astype(np.float32)
    exponentials = np.exp(x - x.max(1, keepdims=True))
    simulated(kernel("softmax", target), target, 3, [x, x, 992, 992, 13, 992])
    np.testing.assert_allclose(x, exponentials / exponentials.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("target", ["a100", "h200"])
def test_rows_that_overlap_are_no_softmax_in_place(target: str) -> None:
    """The same array and the same strides, and yet a later row begins within an earlier one."""
    x = np.random.default_rng(1).normal(0, 3, 16 * 992).astype(np.float32)
    with pytest.raises(LaunchError, match="has read ahead"):
        simulated(kernel("softmax", target), target, 1, [x, x, 496, 496, 13, 992])


@pytest.mark.parametrize("target", ["a100", "h200"])
def test_layernorm_in_place(target: str) -> None:
    random = np.random.default_rng(2)
    x, weight, bias = (random.normal(size=shape).astype(np.float16) for shape in ((3, 5008), (5008,), (5008,)))
    wide = x.astype(np.float32)
    deviation = np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    wanted = (wide - wide.mean(1, keepdims=True)) / deviation * weight + bias
    mean, rstd = np.zeros(3, np.float32), np.zeros(3, np.float32)
    simulated(kernel("layernorm", target), target, 3, [x, x, weight, bias, mean, rstd, 5008, 5008, 1e-5])
    np.testing.assert_allclose(x, wanted, rtol=2e-3, atol=2e-3)
