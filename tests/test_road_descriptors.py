"""Tensor descriptors down the whole road, each pass checked: blocks that reach beyond every border of the tensor."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from road_checks import floats, integers

import minilinalg as ml

BLOCK = """
tt.func public @kernel(
  %x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %z: !tt.ptr<f32>, %m: i32, %n: i32, %stride: i64, %i: i32, %j: i32
) {{
  %c4 = arith.constant 4 : i32
  %c8 = arith.constant 8 : i32
  %one = arith.constant 1 : i64
  %eight = arith.constant 8 : i64
  %zero = arith.constant 0 : i32
  %pid = tt.get_program_id x : i32
  %step = arith.muli %pid, %c4 : i32
  %row = arith.addi %i, %step : i32
  %size = tt.get_num_programs x : i32
  %rows = arith.muli %size, %c4 : i32
  %dx = tt.make_tensor_descriptor %x, [%m, %n], [%stride, %one] {padding} : <f32>, <4x8xf32>
  %dz = tt.make_tensor_descriptor %z, [%m, %n], [%stride, %one] : <f32>, <4x8xf32>
  %dy = tt.make_tensor_descriptor %y, [%rows, %c8], [%eight, %one] : <f32>, <4x8xf32>
  %v = tt.descriptor_load %dx[%row, %j] : !tt.tensordesc<4x8xf32> -> tensor<4x8xf32>
  tt.descriptor_store %dy[%step, %zero], %v : !tt.tensordesc<4x8xf32>, tensor<4x8xf32>
  {write}, %v : !tt.tensordesc<4x8xf32>, tensor<4x8xf32>
  tt.return
}}
"""
WRITES = {"store": "tt.descriptor_store %dz[%row, %j]", "add": "tt.descriptor_reduce add, %dz[%row, %j]"}


@cache
def block_kernel(padding: str, write: str) -> Any:
    words = {"zero": "", "nan": "{padding = 2 : i32}"}
    return ml.compile(BLOCK.format(padding=words[padding], write=WRITES[write]), target="mlu370")


@pytest.mark.parametrize(("i", "j"), [(0, 0), (-3, 0), (0, -5), (-2, -9), (2, 3), (-100, 0), (6, 12), (0, 100)])
@pytest.mark.parametrize(("padding", "write"), [("zero", "store"), ("nan", "store"), ("zero", "add")])
def test_blocks_beyond_the_borders(i: int, j: int, padding: str, write: str) -> None:
    """The arrays are wider than the tensor: what lies between its rows is never touched."""
    m, n, stride, programs = 7, 13, 16, 2
    x, z, y = floats(m, stride), floats(m, stride, seed=1), np.zeros((programs * 4, 8), np.float32)
    outside = np.nan if padding == "nan" else 0.0
    block, after = np.full(y.shape, outside, np.float32), z.copy()
    for row in range(programs * 4):
        for column in range(8):
            if 0 <= i + row < m and 0 <= j + column < n:
                block[row, column] = x[i + row, j + column]
                old = after[i + row, j + column] if write == "add" else np.float32(0)
                after[i + row, j + column] = old + block[row, column]
    block_kernel(padding, write)[programs](x, y, z, m, n, stride, i, j, check=True)
    np.testing.assert_array_equal(y, block)
    np.testing.assert_array_equal(z, after)


ROWS = """
tt.func public @rows(%x: !tt.ptr<f32>, %at: !tt.ptr<i32>, %z: !tt.ptr<f32>, %m: i32, %n: i32, %stride: i64, %j: i32) {
  %one = arith.constant 1 : i64
  %range = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %ps = tt.splat %at : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %p = tt.addptr %ps, %range : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %rows = tt.load %p : tensor<8x!tt.ptr<i32>>
  %dx = tt.make_tensor_descriptor %x, [%m, %n], [%stride, %one] : <f32>, <1x16xf32>
  %dz = tt.make_tensor_descriptor %z, [%m, %n], [%stride, %one] : <f32>, <1x16xf32>
  %v = tt.descriptor_gather %dx[%rows, %j] : (!tt.tensordesc<1x16xf32>, tensor<8xi32>, i32) -> tensor<8x16xf32>
  tt.descriptor_scatter %dz[%rows, %j], %v : !tt.tensordesc<1x16xf32>, tensor<8xi32>, i32, tensor<8x16xf32>
  tt.return
}
"""


@pytest.mark.parametrize("j", [0, -3, 5])
def test_rows_inside_and_outside(j: int) -> None:
    """Rows below zero and behind the last one are neither read nor written."""
    m, n = 5, 17
    x, z = floats(m, n), np.zeros((m, n), np.float32)
    rows = integers(8, low=-2, high=7)
    wanted = z.copy()
    for row in rows:
        if 0 <= row < m:
            wanted[row, max(j, 0) : max(j + 16, 0)] = x[row, max(j, 0) : max(j + 16, 0)]
    ml.compile(ROWS, target="mlu370")[1](x, rows, z, m, n, n, j, check=True)
    np.testing.assert_array_equal(z, wanted)
