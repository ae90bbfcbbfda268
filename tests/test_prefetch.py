"""Operands that are loaded a turn ahead leave the same sums: in no turns, one and many, ragged, of each kind."""

from __future__ import annotations

from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.dialects.upstream import scf
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.pipelines import ROADS, run_pipeline
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import load_target

ROWS = 32
MOST = 512
PRODUCT = """tt.func public @product(
    %a: !tt.ptr<ELEMENT> {tt.divisibility = 16 : i32}, %b: !tt.ptr<ELEMENT> {tt.divisibility = 16 : i32},
    %c: !tt.ptr<SUM> {tt.divisibility = 16 : i32}, %m: i32, %k: i32) {
  %zero = arith.constant 0 : i32
  %depth = arith.constant DEPTH : i32
  %none = arith.constant dense<ZERO> : tensor<32x32xSUM>
  %hidden_a = arith.constant dense<NONE> : tensor<32xDEPTHxELEMENT>
  %hidden_b = arith.constant dense<NONE> : tensor<DEPTHx32xELEMENT>
  %most = arith.constant dense<MOST> : tensor<32x1xi32>
  %rows = arith.constant dense<32> : tensor<DEPTHx1xi32>
  %rows_of_c = arith.constant dense<32> : tensor<32x1xi32>
  %r = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32>
  %d = tt.make_range {end = DEPTH : i32, start = 0 : i32} : tensor<DEPTHxi32>
  %down = tt.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %right = tt.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %k_right = tt.expand_dims %d {axis = 0 : i32} : tensor<DEPTHxi32> -> tensor<1xDEPTHxi32>
  %k_down = tt.expand_dims %d {axis = 1 : i32} : tensor<DEPTHxi32> -> tensor<DEPTHx1xi32>
  %as = tt.splat %a : !tt.ptr<ELEMENT> -> tensor<32x1x!tt.ptr<ELEMENT>>
  %bs = tt.splat %b : !tt.ptr<ELEMENT> -> tensor<DEPTHx1x!tt.ptr<ELEMENT>>
  %cs = tt.splat %c : !tt.ptr<SUM> -> tensor<32x1x!tt.ptr<SUM>>
  %a_row = arith.muli %down, %most : tensor<32x1xi32>
  %ar = tt.addptr %as, %a_row : tensor<32x1x!tt.ptr<ELEMENT>>, tensor<32x1xi32>
  %ap = tt.broadcast %ar : tensor<32x1x!tt.ptr<ELEMENT>> -> tensor<32xDEPTHx!tt.ptr<ELEMENT>>
  %limit = tt.splat %m : i32 -> tensor<32x1xi32>
  %in_a = arith.cmpi slt, %down, %limit : tensor<32x1xi32>
  %mask_a = tt.broadcast %in_a : tensor<32x1xi1> -> tensor<32xDEPTHxi1>
  %right_b = tt.broadcast %right : tensor<1x32xi32> -> tensor<DEPTHx32xi32>
  %sum = scf.for %i = %zero to %k step %depth iter_args(%s = %none) -> (tensor<32x32xSUM>) : i32 {
    %left = arith.subi %k, %i : i32
    %at = tt.splat %i : i32 -> tensor<1xDEPTHxi32>
    %a_at = arith.addi %k_right, %at : tensor<1xDEPTHxi32>
    %a_off = tt.broadcast %a_at : tensor<1xDEPTHxi32> -> tensor<32xDEPTHxi32>
    %pa = tt.addptr %ap, %a_off : tensor<32xDEPTHx!tt.ptr<ELEMENT>>, tensor<32xDEPTHxi32>
    %x = tt.load %pa, %mask_a, %hidden_a : tensor<32xDEPTHx!tt.ptr<ELEMENT>>
    %b_from = tt.splat %i : i32 -> tensor<DEPTHx1xi32>
    %b_at = arith.addi %k_down, %b_from : tensor<DEPTHx1xi32>
    %b_row = arith.muli %b_at, %rows : tensor<DEPTHx1xi32>
    %br = tt.addptr %bs, %b_row : tensor<DEPTHx1x!tt.ptr<ELEMENT>>, tensor<DEPTHx1xi32>
    %bp = tt.broadcast %br : tensor<DEPTHx1x!tt.ptr<ELEMENT>> -> tensor<DEPTHx32x!tt.ptr<ELEMENT>>
    %pb = tt.addptr %bp, %right_b : tensor<DEPTHx32x!tt.ptr<ELEMENT>>, tensor<DEPTHx32xi32>
    %left_b = tt.splat %left : i32 -> tensor<DEPTHx1xi32>
    %in_b = arith.cmpi slt, %k_down, %left_b : tensor<DEPTHx1xi32>
    %mask_b = tt.broadcast %in_b : tensor<DEPTHx1xi1> -> tensor<DEPTHx32xi1>
    %y = tt.load %pb, %mask_b, %hidden_b : tensor<DEPTHx32x!tt.ptr<ELEMENT>>
    %t = tt.dot %x, %y, %s, inputPrecision = tf32
      : tensor<32xDEPTHxELEMENT> * tensor<DEPTHx32xELEMENT> -> tensor<32x32xSUM>
    scf.yield %t : tensor<32x32xSUM>
  } {tt.num_stages = STAGES : i32}
  %c_row = arith.muli %down, %rows_of_c : tensor<32x1xi32>
  %cr = tt.addptr %cs, %c_row : tensor<32x1x!tt.ptr<SUM>>, tensor<32x1xi32>
  %cp = tt.broadcast %cr : tensor<32x1x!tt.ptr<SUM>> -> tensor<32x32x!tt.ptr<SUM>>
  %right_c = tt.broadcast %right : tensor<1x32xi32> -> tensor<32x32xi32>
  %pc = tt.addptr %cp, %right_c : tensor<32x32x!tt.ptr<SUM>>, tensor<32x32xi32>
  tt.store %pc, %sum : tensor<32x32x!tt.ptr<SUM>>
  tt.return
}"""
"""c = a b, k deep, of m rows; a has 512 elements a row, and b has zeros for it behind the first k."""
ELEMENTS: dict[str, Any] = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "i8": np.int8}


def part_of(element: str) -> int:
    """The elements along k that one instruction multiplies."""
    return 32 // np.dtype(ELEMENTS[element]).itemsize


def text(element: str, parts: int, stages: int) -> str:
    whole = element == "i8"
    names = {"ELEMENT": element, "SUM": "i32" if whole else "f32", "DEPTH": str(parts * part_of(element))}
    names |= {
        "ZERO": "0" if whole else "0.0",
        "NONE": "0" if whole else "0.0",
        "MOST": str(MOST),
        "STAGES": str(stages),
    }
    found = PRODUCT
    for name, word in names.items():
        found = found.replace(name, word)
    return found


def arguments(element: str, m: int, k: int) -> list[Any]:
    """Small integers, of which every sum is exact."""
    random = np.random.default_rng(k)
    a, b = (random.integers(-4, 5, shape).astype(ELEMENTS[element]) for shape in ((ROWS, MOST), (MOST, ROWS)))
    return [a, b, np.full((ROWS, ROWS), 77, np.int32 if element == "i8" else np.float32), m, k]


@cache
def compiled(element: str, parts: int, stages: int, warps: int) -> tuple[Executable, Executable, ModuleOp]:
    """Behind the pass, at the end of stage ttg, and for threads."""
    ctx = make_context()
    ctx.target = load_target("a100")
    module = parse_module(text(element, parts, stages), ctx=ctx)
    found: list[Executable] = []
    for row in ROADS["simt"]:
        given = f"{{num-warps={warps}}}" if row.pass_name == "convert-triton-to-tritongpu" else ""
        run_pipeline(ctx, module, parse_pipeline(row.text + given, ctx), verify_each=True)
        if row.pass_name in ("tritongpu-prefetch", "triton-nvidia-gpu-fence-insertion"):
            found.append(Executable(module.clone()))
            (loop,) = [op for op in module.walk() if isinstance(op, scf.ForOp)]
            assert sum("dot_op" in str(arg.type) for arg in loop.region_iter_args) == 2
    return *found, module


@pytest.mark.parametrize(("parts", "stages", "warps"), [(1, 3, 1), (2, 2, 1), (4, 4, 2)])
@pytest.mark.parametrize("element", ELEMENTS)
@settings(max_examples=3, deadline=None)
@example(turns=0, rest=0, m=32)
@example(turns=1, rest=0, m=31)
@example(turns=2, rest=1, m=32)
@given(turns=st.integers(0, 3), rest=st.integers(0, 7), m=st.integers(0, 32))
def test_the_same_sums(element: str, parts: int, stages: int, warps: int, turns: int, rest: int, m: int) -> None:
    k = turns * parts * part_of(element) + rest
    *functions, threads = compiled(element, parts, stages, warps)
    a, b, *_ = arguments(element, m, k)
    expected = a[:, :k].astype(np.int32) @ b[:k].astype(np.int32)
    expected[m:] = 0
    for run in [*(each.run for each in functions), SimtSimulator(threads, load_target("a100")).run]:
        given = arguments(element, m, k)
        run(1, given)
        np.testing.assert_array_equal(given[2], expected)
