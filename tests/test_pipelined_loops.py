"""Loops in stages leave the same memory: loads through loads, masks, pointers that move, no trips and many."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.pipelines import ROADS, run_pipeline
from minilinalg.targets import load_target

HEAD = """tt.func public @f(
    %x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %i: !tt.ptr<i32> {tt.divisibility = 16 : i32},
    %y: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32, %m: i32 {tt.divisibility = 16 : i32}) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %size = arith.constant dense<64> : tensor<64xi32>
  %none = arith.constant dense<0.0> : tensor<64xf32>
  %some = arith.constant dense<-7.5> : tensor<64xf32>
  %lane = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %is = tt.splat %i : !tt.ptr<i32> -> tensor<64x!tt.ptr<i32>>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %xp = tt.addptr %xs, %lane : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %ip = tt.addptr %is, %lane : tensor<64x!tt.ptr<i32>>, tensor<64xi32>
  %yp = tt.addptr %ys, %lane : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %limit = tt.splat %m : i32 -> tensor<64xi32>
  %mask = arith.cmpi slt, %lane, %limit : tensor<64xi32>
"""
OFFSET = """    %k64 = arith.muli %k, %sixty_four : i32
    %o = tt.splat %k64 : i32 -> tensor<64xi32>
"""
SUM = """
  %sixty_four = arith.constant 64 : i32
  %r = scf.for %k = %zero to %n step %one iter_args(%s = %none) -> (tensor<64xf32>) : i32 {
BODY
    scf.yield %t : tensor<64xf32>
  } {tt.num_stages = STAGES : i32}
  tt.store %yp, %r : tensor<64x!tt.ptr<f32>>
  tt.return
}"""
BODIES = {
    "masked without other": OFFSET
    + """    %p = tt.addptr %xp, %o : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    %v = tt.load %p, %mask : tensor<64x!tt.ptr<f32>>
    %w = arith.select %mask, %v, %some : tensor<64xi1>, tensor<64xf32>
    %t = arith.addf %s, %w : tensor<64xf32>""",
    "masked with another number": OFFSET
    + """    %p = tt.addptr %xp, %o : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    %v = tt.load %p, %mask, %some : tensor<64x!tt.ptr<f32>>
    %t = arith.addf %s, %v : tensor<64xf32>""",
    "through another load": OFFSET
    + """    %q = tt.addptr %ip, %o : tensor<64x!tt.ptr<i32>>, tensor<64xi32>
    %at = tt.load %q : tensor<64x!tt.ptr<i32>>
    %p = tt.addptr %xs, %at : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    %v = tt.load %p : tensor<64x!tt.ptr<f32>>
    %t = arith.addf %s, %v : tensor<64xf32>""",
    "used twice, here and through another load": OFFSET
    + """    %q = tt.addptr %ip, %o : tensor<64x!tt.ptr<i32>>, tensor<64xi32>
    %at = tt.load %q : tensor<64x!tt.ptr<i32>>
    %p = tt.addptr %xs, %at : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    %v = tt.load %p : tensor<64x!tt.ptr<f32>>
    %f = arith.sitofp %at : tensor<64xi32> to tensor<64xf32>
    %u = arith.addf %v, %f : tensor<64xf32>
    %t = arith.addf %s, %u : tensor<64xf32>""",
    "backwards": """    %last = arith.subi %n, %one : i32
    %back = arith.subi %last, %k : i32
    %k64 = arith.muli %back, %sixty_four : i32
    %o = tt.splat %k64 : i32 -> tensor<64xi32>
    %p = tt.addptr %xp, %o : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    %v = tt.load %p : tensor<64x!tt.ptr<f32>>
    %two = arith.addf %s, %s : tensor<64xf32>
    %t = arith.addf %two, %v : tensor<64xf32>""",
}
MOVING = """
  %r:2 = scf.for %k = %zero to %n step %one iter_args(%s = %none, %p = %xp)
      -> (tensor<64xf32>, tensor<64x!tt.ptr<f32>>) : i32 {
    %v = tt.load %p : tensor<64x!tt.ptr<f32>>
    %t = arith.addf %s, %v : tensor<64xf32>
    %next = tt.addptr %p, %size : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    scf.yield %t, %next : tensor<64xf32>, tensor<64x!tt.ptr<f32>>
  } {tt.num_stages = STAGES : i32}
  %after = tt.load %r#1 : tensor<64x!tt.ptr<f32>>
  %both = arith.subf %r#0, %after : tensor<64xf32>
  tt.store %yp, %both : tensor<64x!tt.ptr<f32>>
  tt.return
}"""
STORING = """
  %sixty_four = arith.constant 64 : i32
  scf.for %k = %zero to %n step %one : i32 {
    %k64 = arith.muli %k, %sixty_four : i32
    %o = tt.splat %k64 : i32 -> tensor<64xi32>
    %p = tt.addptr %xp, %o : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    %v = tt.load %p : tensor<64x!tt.ptr<f32>>
    %t = arith.addf %v, %some : tensor<64xf32>
    %q = tt.addptr %yp, %o : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    tt.store %q, %t : tensor<64x!tt.ptr<f32>>
  } {tt.num_stages = STAGES : i32}
  tt.return
}"""
KERNELS = {name: SUM.replace("BODY", body) for name, body in BODIES.items()}
KERNELS |= {"pointers that move, and are used behind the loop": MOVING, "stored elsewhere": STORING}


@cache
def compiled(name: str, stages: int, stage: str) -> Executable:
    """The kernel as it is, or after the passes of a stage of the road."""
    ctx = make_context()
    ctx.target = load_target("a100")
    module = parse_module(HEAD + KERNELS[name].replace("STAGES", str(stages)), ctx=ctx)
    names = [row.stage for row in ROADS["simt"]]
    for row in ROADS["simt"]:
        if stage != "source" and names.index(row.stage) <= names.index(stage):
            run_pipeline(ctx, module, parse_pipeline(row.text, ctx), verify_each=True)
            if row.pass_name == "tritongpu-pipeline" and stages > 1:
                assert any(op.name == "ttg.async_copy_global_to_local" for op in module.walk())
    return Executable(module)


def arguments(trips: int, masked: int) -> list[Any]:
    random = np.random.default_rng(7)
    x = random.integers(-9, 10, 64 * 9).astype(np.float32)
    return [x, random.integers(0, len(x), 64 * 8).astype(np.int32), np.full(64 * 8, 3, np.float32), trips, masked]


@pytest.mark.parametrize("stages", [1, 2, 3, 5])
@pytest.mark.parametrize("name", KERNELS)
def test_the_same_memory(name: str, stages: int) -> None:
    for trips in (0, 1, 2, 3, 8):
        for masked in (16, 64):
            expected = arguments(trips, masked)
            compiled(name, stages, "source").run(1, expected)
            for stage in ("ttg", "simt"):
                found = arguments(trips, masked)
                compiled(name, stages, stage).run(1, found)
                assert (found[2] == expected[2]).all(), (stage, trips, masked)
