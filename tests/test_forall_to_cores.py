"""`scf-forall-to-cores`: every program runs once, on the core that its number says, also none of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import MLContext, make_context
from minilinalg.errors import CommandError
from minilinalg.interp import run
from minilinalg.parsing import parse_module, verify_module
from minilinalg.passes.scf_forall_to_cores import ScfForallToCoresPass
from minilinalg.stages import STAGES
from minilinalg.targets import load_target

# Each program adds 1 + its ids to its own element: one that runs twice, or with wrong ids, shows.
KERNEL = """
func.func @f(%x: memref<?xf32>, %gx: index, %gy: index, %gz: index)
    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}]} {
  scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
    %a = arith.muli %pz, %gy : index
    %b = arith.addi %a, %py : index
    %c = arith.muli %b, %gx : index
    %d = arith.addi %c, %px : index
    %old = memref.load %x[%d] : memref<?xf32>
    %id = arith.index_cast %d : index to i32
    %f = arith.sitofp %id : i32 to f32
    %one = arith.constant 1.0 : f32
    %g = arith.addf %f, %one : f32
    %new = arith.addf %old, %g : f32
    memref.store %new, %x[%d] : memref<?xf32>
  }
  return
}
"""


def dealt_out(text: str, cores: int = 2) -> tuple[ModuleOp, MLContext]:
    ctx = make_context()
    ctx.target = replace(load_target("tiny-simd"), clusters=1, cores_per_cluster=cores)
    module = parse_module(text, "grid.mlir", ctx)
    ScfForallToCoresPass().apply(ctx, module)
    verify_module(module)
    return module, ctx


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(0, 4)] * 3), st.integers(1, 7))
def test_every_program_runs_once(grid: tuple[int, int, int], cores: int) -> None:
    module, _ = dealt_out(KERNEL, cores)
    STAGES["tiled"].check(module, "scf-forall-to-cores")
    x = np.zeros(int(np.prod(grid)) + 1, np.float32)
    run(module, grid, [x])
    np.testing.assert_array_equal(x, [*range(1, len(x)), 0])


def test_the_number_of_cores_is_that_of_the_target() -> None:
    ctx = make_context()
    ctx.target = load_target("mlu370")
    module = parse_module(KERNEL, "grid.mlir", ctx)
    ScfForallToCoresPass().apply(ctx, module)
    (loop,) = (op for op in module.walk() if op.name == "scf.forall")
    assert ctx.target.cores == ctx.target.clusters * ctx.target.cores_per_cluster > 1
    assert loop.properties["staticUpperBound"].get_values() == (ctx.target.cores,)  # pyright: ignore


def test_bounds_and_steps_count_too() -> None:
    text = """
    func.func @f(%x: memref<?xf32>, %n: index, %gx: index, %gy: index, %gz: index)
        attributes {ml.abi = [{name = "x", kind = "pointer", type = f32},
                              {name = "n", kind = "scalar", type = index}]} {
      %one = arith.constant 1.0 : f32
      scf.forall (%i, %j) = (2, 1) to (%n, 4) step (3, 2) {
        %ten = arith.constant 10 : index
        %a = arith.muli %i, %ten : index
        %b = arith.addi %a, %j : index
        memref.store %one, %x[%b] : memref<?xf32>
      }
      return
    }"""
    module, _ = dealt_out(text, 3)
    for n in (-5, 0, 2, 3, 9):
        x: Any = np.zeros(100, np.float32)
        run(module, 1, [x, n])
        assert sorted(np.flatnonzero(x)) == [10 * i + j for i in range(2, n, 3) for j in (1, 3)]


def test_a_loop_with_results_is_left_alone() -> None:
    text = """
    func.func @f(%t: tensor<4xf32>) -> tensor<4xf32> {
      %r = scf.forall (%i) in (4) shared_outs(%o = %t) -> (tensor<4xf32>) {
        %p = tensor.extract_slice %t[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %p into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
        }
      }
      return %r : tensor<4xf32>
    }"""
    module, ctx = dealt_out(text)
    assert [op.name for op in module.walk()].count("scf.for") == 0
    assert [remark.text for remark in ctx.remarks] == [
        "not dealt out: the loop gives results, and each core would have a part"
    ]


def test_an_inner_loop_is_left_alone() -> None:
    text = """
    func.func @f(%x: memref<4x4xf32>, %v: f32) {
      scf.forall (%i) in (4) {
        scf.forall (%j) in (4) {
          memref.store %v, %x[%i, %j] : memref<4x4xf32>
        }
      }
      return
    }"""
    module, _ = dealt_out(text)
    loops = [op.name for op in module.walk() if op.name in ("scf.for", "scf.forall")]
    assert loops == ["scf.forall", "scf.for", "scf.forall"]


def test_without_a_target_it_says_what_it_asks_for() -> None:
    ctx = make_context()
    with pytest.raises(CommandError) as error:
        ScfForallToCoresPass().apply(ctx, parse_module(KERNEL, "grid.mlir", ctx))
    assert error.value.diagnostic.render() == (
        "error: pass 'scf-forall-to-cores' asks the target for how many cores it has, and no target is given\n"
        "  rule: a pass that depends on a machine needs --target NAME, or a path of a target file\n"
        "  hint: 'minilinalg targets' lists the machines that come along"
    )
