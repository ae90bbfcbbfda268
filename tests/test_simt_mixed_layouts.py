"""Reductions and scans over layouts whose warps lead along two dimensions at once, or that lead twice to an element."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import minilinalg as ml
from minilinalg.context import make_context
from minilinalg.interp import Executable
from minilinalg.passes import load_pass

LAYOUTS = {
    "warps": ("[[0, 1]]", "[[0, 2], [0, 4], [0, 8], [1, 0], [2, 0]]", "[[4, 8], [8, 4]]"),
    "a warp": ("[[1, 0], [2, 0]]", "[[0, 1], [0, 2], [0, 4], [0, 8], [0, 0]]", "[[4, 2], [8, 0]]"),
    "twice": ("[[1, 0], [2, 0], [0, 1]]", "[[0, 1], [0, 2], [0, 4], [0, 8], [4, 0]]", "[[8, 0], [4, 0]]"),
}
KERNEL = """
#mixed = #ttg.generic_linear<{{register = {0}, lane = {1}, warp = {2}, block = []}}>
#rows = #ttg.slice<{{dim = 1, parent = #mixed}}>
#columns = #ttg.slice<{{dim = 0, parent = #mixed}}>
module attributes {{"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32, "ttg.num-ctas" = 1 : i32}} {{
  tt.func public @k(%x: !tt.ptr<i32>, %y: !tt.ptr<i32>, %z: !tt.ptr<i32>) {{
    %i = tt.make_range {{start = 0 : i32, end = 16 : i32}} : tensor<16xi32, #rows>
    %j = tt.make_range {{start = 0 : i32, end = 16 : i32}} : tensor<16xi32, #columns>
    %i2 = tt.expand_dims %i {{axis = 1 : i32}} : tensor<16xi32, #rows> -> tensor<16x1xi32, #mixed>
    %j2 = tt.expand_dims %j {{axis = 0 : i32}} : tensor<16xi32, #columns> -> tensor<1x16xi32, #mixed>
    %c16 = arith.constant dense<16> : tensor<16x1xi32, #mixed>
    %row = arith.muli %i2, %c16 : tensor<16x1xi32, #mixed>
    %rowb = tt.broadcast %row : tensor<16x1xi32, #mixed> -> tensor<16x16xi32, #mixed>
    %jb = tt.broadcast %j2 : tensor<1x16xi32, #mixed> -> tensor<16x16xi32, #mixed>
    %at = arith.addi %rowb, %jb : tensor<16x16xi32, #mixed>
    %xs = tt.splat %x : !tt.ptr<i32> -> tensor<16x16x!tt.ptr<i32>, #mixed>
    %px = tt.addptr %xs, %at : tensor<16x16x!tt.ptr<i32>, #mixed>, tensor<16x16xi32, #mixed>
    %v = tt.load %px : tensor<16x16x!tt.ptr<i32>, #mixed>
    %s = "tt.scan"(%v) <{{axis = {axis} : i32, reverse = {reverse}}}> ({{
    ^bb0(%a: i32, %b: i32):
      %c = arith.addi %a, %b : i32
      tt.scan.return %c : i32
    }}) : (tensor<16x16xi32, #mixed>) -> tensor<16x16xi32, #mixed>
    %ys = tt.splat %y : !tt.ptr<i32> -> tensor<16x16x!tt.ptr<i32>, #mixed>
    %py = tt.addptr %ys, %at : tensor<16x16x!tt.ptr<i32>, #mixed>, tensor<16x16xi32, #mixed>
    tt.store %py, %s : tensor<16x16x!tt.ptr<i32>, #mixed>
    %r = "tt.reduce"(%v) <{{axis = {axis} : i32}}> ({{
    ^bb0(%a: i32, %b: i32):
      %c = arith.addi %a, %b : i32
      tt.reduce.return %c : i32
    }}) : (tensor<16x16xi32, #mixed>) -> tensor<16xi32, #{kept}>
    %zs = tt.splat %z : !tt.ptr<i32> -> tensor<16x!tt.ptr<i32>, #{kept}>
    %pz = tt.addptr %zs, %{index} : tensor<16x!tt.ptr<i32>, #{kept}>, tensor<16xi32, #{kept}>
    tt.store %pz, %r : tensor<16x!tt.ptr<i32>, #{kept}>
    tt.return
  }}
}}
"""


@cache
def threads(layout: str, axis: int, reverse: bool) -> Any:
    kept, index = ("rows", "i") if axis == 1 else ("columns", "j")
    words = {"kept": kept, "index": index, "axis": axis, "reverse": str(reverse).lower()}
    module = ml.parse_module(KERNEL.format(*LAYOUTS[layout], **words))
    for name in ("allocate-shared-memory", "membar", "tritongpu-to-simt"):
        load_pass(name)().apply(make_context(), module)
    module.verify()
    return Executable(module)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_that_no_step_leads_along_alone(layout: str, axis: int, reverse: bool) -> None:
    x = np.random.default_rng(axis).integers(-99, 99, (16, 16)).astype(np.int32)
    y, z = np.zeros_like(x), np.zeros(16, np.int32)
    threads(layout, axis, reverse).run(1, [x, y, z])
    order = np.flip(x, axis) if reverse else x
    sums = np.cumsum(order, axis, dtype=np.int32)
    np.testing.assert_array_equal(y, np.flip(sums, axis) if reverse else sums)
    np.testing.assert_array_equal(z, x.sum(axis, dtype=np.int32))
