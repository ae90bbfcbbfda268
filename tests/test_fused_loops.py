"""Nests that became one loop leave the same memory: any bounds, no turns and one, code around the inner loop."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.pipelines import ROADS, run_pipeline
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import load_target

PERSISTENT = Path(__file__).resolve().parent / "data" / "ttir" / "matmul_persistent.ttir"
NEST = """tt.func public @f(%p: !tt.ptr<i32>, %a: i32, %b: i32, %c: i32, %d: i32, %e: i32, %g: i32) {
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %start = arith.constant 5 : i32
  %count, %sum = scf.for %i = %a to %b step %c iter_args(%n = %one, %s = %start) -> (i32, i32) : i32 {
    %square = arith.muli %i, %i : i32
    %here = arith.addi %square, %s : i32
    %late = arith.muli %square, %two : i32
    %last, %same, %old = scf.for %j = %d to %e step %g iter_args(%x = FIRST, %y = %start, %z = %n)
        -> (i32, i32, i32) : i32 {
      %t = arith.muli %x, %two : i32
      %u = arith.addi %t, %j : i32
      %v = arith.subi %u, %here : i32
      %w = arith.addi %y, %v : i32
      scf.yield %v, %w, %x : i32, i32, i32
    }
    %q = tt.addptr %p, %n : !tt.ptr<i32>, i32
    %r = arith.addi %last, %late : i32
    %k = arith.xori %r, %same : i32
    %m = arith.addi %k, %old : i32
    tt.store %q, %m : !tt.ptr<i32>
    %next = arith.addi %n, %one : i32
    scf.yield %next, %m : i32, i32
  } {tt.flatten}
  %total = arith.addi %sum, %count : i32
  tt.store %p, %total : !tt.ptr<i32>
  tt.return
}"""


@cache
def nest(first: str, fused: bool) -> Executable:
    """The nest whose inner loop begins with `first`, as it is or as one loop."""
    ctx = make_context()
    module = parse_module(NEST.replace("FIRST", first), ctx=ctx)
    if fused:
        load_pass("tritongpu-fuse-nested-loops")().apply(ctx, module)
        module.verify()
        depth = [op.name for loop in module.walk() if loop.name == "scf.for" for op in loop.regions[0].walk()]
        assert "scf.for" not in depth
    return Executable(module)


bounds = st.tuples(st.integers(-6, 6), st.integers(-6, 6), st.integers(1, 4))


@pytest.mark.parametrize("first", ["%start", "%here", "%n", "%s"])
@given(outer=bounds, inner=bounds)
@settings(max_examples=60, deadline=None)
def test_one_loop_does_what_two_did(first: str, outer: tuple[int, int, int], inner: tuple[int, int, int]) -> None:
    expected, found = np.zeros((2, 16), np.int32)
    nest(first, False).run(1, [expected, *outer, *inner])
    nest(first, True).run(1, [found, *outer, *inner])
    assert (found == expected).all()


@cache
def persistent(target: str, stage: str) -> Executable:
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(PERSISTENT.read_text(), ctx=ctx)
    for row in ROADS["simt"]:
        if stage == "simt" or (stage == "ttg" and row.stage != "simt"):
            run_pipeline(ctx, module, parse_pipeline(row.text, ctx), verify_each=True)
    if stage == "ttg":
        loops = [op for op in module.walk() if op.name == "scf.for"]
        # The one whose inner loop runs copies while it multiplies; the other one only stores zeros.
        assert any(op.name == "ttg.async_copy_global_to_local" for loop in loops for op in loop.walk())
        assert not any(op.name == "scf.for" for loop in loops for op in loop.regions[0].walk())
    return Executable(module)


def matrices(m: int, n: int, k: int) -> list[Any]:
    random = np.random.default_rng(3)
    a, b = (random.integers(-3, 4, shape).astype(np.float16) for shape in ((m, max(k, 16)), (max(k, 16), n)))
    return [a, b, np.full((m, n), 9, np.float16), m, n, k, a.shape[1], n, n]


@pytest.mark.parametrize("target", ["a100", "h200"])
@pytest.mark.parametrize("sizes", [(64, 64, 0), (16, 16, 16), (128, 80, 96), (144, 64, 32)], ids=str)
@pytest.mark.parametrize("programs", [1, 3])
def test_a_persistent_kernel_multiplies(target: str, sizes: tuple[int, int, int], programs: int) -> None:
    args = matrices(*sizes)
    product = args[0][:, : sizes[2]].astype(np.float32) @ args[1][: sizes[2]].astype(np.float32)
    for stage in ("tt", "ttg", "simt"):
        args = matrices(*sizes)
        persistent(target, stage).run(programs, args)
        assert (args[2] == product.astype(np.float16)).all(), stage


@pytest.mark.parametrize("target", ["a100", "h200"])
def test_the_machine_finds_nothing_wrong_with_a_persistent_kernel(target: str) -> None:
    ctx = make_context()
    ctx.target = machine = load_target(target)
    module = parse_module(PERSISTENT.read_text(), ctx=ctx)
    for row in ROADS["simt"]:
        run_pipeline(ctx, module, parse_pipeline(row.text, ctx))
    args = matrices(128, 80, 96)
    report = SimtSimulator(module, machine).run(2, args)
    assert report is not None and report.cycles > 0
