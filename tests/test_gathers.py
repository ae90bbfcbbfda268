"""Gathers and scatters down the whole road, every pass checked, the answers against NumPy: on a machine whose DMA takes
lists of indices, and on one that loops over them."""

from __future__ import annotations

import numpy as np
import pytest
from road_checks import kernel_for

MACHINES = ("mlu370", "tiny-simd")

ROWS = """
tt.func public @embed(%ids: !tt.ptr<i32>, %table: !tt.ptr<f32>, %out: !tt.ptr<f32>, %n: i32, %d: i32) {
  %c16 = arith.constant 16 : i32
  %pid = tt.get_program_id x : i32
  %start = arith.muli %pid, %c16 : i32
  %r = tt.make_range {end = 16 : i32, start = 0 : i32} : tensor<16xi32>
  %s = tt.splat %start : i32 -> tensor<16xi32>
  %i = arith.addi %s, %r : tensor<16xi32>
  %ns = tt.splat %n : i32 -> tensor<16xi32>
  %m = arith.cmpi slt, %i, %ns : tensor<16xi32>
  %idp = tt.splat %ids : !tt.ptr<i32> -> tensor<16x!tt.ptr<i32>>
  %ip = tt.addptr %idp, %i : tensor<16x!tt.ptr<i32>>, tensor<16xi32>
  %id = tt.load %ip, %m : tensor<16x!tt.ptr<i32>>
  %ide = tt.expand_dims %id {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
  %ds = tt.splat %d : i32 -> tensor<16x1xi32>
  %row = arith.muli %ide, %ds : tensor<16x1xi32>
  %c = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32>
  %ce = tt.expand_dims %c {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %dcs = tt.splat %d : i32 -> tensor<1x32xi32>
  %cm = arith.cmpi slt, %ce, %dcs : tensor<1x32xi32>
  %rowb = tt.broadcast %row : tensor<16x1xi32> -> tensor<16x32xi32>
  %cb = tt.broadcast %ce : tensor<1x32xi32> -> tensor<16x32xi32>
  %off = arith.addi %rowb, %cb : tensor<16x32xi32>
  %tp = tt.splat %table : !tt.ptr<f32> -> tensor<16x32x!tt.ptr<f32>>
  %p = tt.addptr %tp, %off : tensor<16x32x!tt.ptr<f32>>, tensor<16x32xi32>
  %me = tt.expand_dims %m {axis = 1 : i32} : tensor<16xi1> -> tensor<16x1xi1>
  %meb = tt.broadcast %me : tensor<16x1xi1> -> tensor<16x32xi1>
  %cmb = tt.broadcast %cm : tensor<1x32xi1> -> tensor<16x32xi1>
  %mm = arith.andi %meb, %cmb : tensor<16x32xi1>
  %v = tt.load %p, %mm : tensor<16x32x!tt.ptr<f32>>
  %ie = tt.expand_dims %i {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
  %orow = arith.muli %ie, %ds : tensor<16x1xi32>
  %orowb = tt.broadcast %orow : tensor<16x1xi32> -> tensor<16x32xi32>
  %ooff = arith.addi %orowb, %cb : tensor<16x32xi32>
  %op = tt.splat %out : !tt.ptr<f32> -> tensor<16x32x!tt.ptr<f32>>
  %opp = tt.addptr %op, %ooff : tensor<16x32x!tt.ptr<f32>>, tensor<16x32xi32>
  tt.store %opp, %v, %mm : tensor<16x32x!tt.ptr<f32>>
  tt.return
}"""

ELEMENTS = """
tt.func public @k(%x: !tt.ptr<f32>, %ri: !tt.ptr<i32>, %ci: !tt.ptr<i32>, %y: !tt.ptr<f32>) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %rs = tt.splat %ri : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %rp = tt.addptr %rs, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %rows = tt.load %rp : tensor<8x!tt.ptr<i32>>
  %cs = tt.splat %ci : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %cp = tt.addptr %cs, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %cols = tt.load %cp : tensor<8x!tt.ptr<i32>>
  %re = tt.expand_dims %rows {axis = 1 : i32} : tensor<8xi32> -> tensor<8x1xi32>
  %ce = tt.expand_dims %cols {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
  %w = arith.constant dense<20> : tensor<8x1xi32>
  %ro = arith.muli %re, %w : tensor<8x1xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x1x!tt.ptr<f32>>
  %xr = tt.addptr %xs, %ro : tensor<8x1x!tt.ptr<f32>>, tensor<8x1xi32>
  %xb = tt.broadcast %xr : tensor<8x1x!tt.ptr<f32>> -> tensor<8x8x!tt.ptr<f32>>
  %cb = tt.broadcast %ce : tensor<1x8xi32> -> tensor<8x8xi32>
  %xp = tt.addptr %xb, %cb : tensor<8x8x!tt.ptr<f32>>, tensor<8x8xi32>
  %i0 = tt.expand_dims %r {axis = 1 : i32} : tensor<8xi32> -> tensor<8x1xi32>
  %j0 = tt.expand_dims %r {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
  %i = tt.broadcast %i0 : tensor<8x1xi32> -> tensor<8x8xi32>
  %j = tt.broadcast %j0 : tensor<1x8xi32> -> tensor<8x8xi32>
  %m = arith.cmpi sge, %i, %j : tensor<8x8xi32>
  %o = arith.constant dense<-1.0> : tensor<8x8xf32>
  %v = tt.load %xp, %m, %o : tensor<8x8x!tt.ptr<f32>>
  %e = arith.constant dense<8> : tensor<8x8xi32>
  %yi = arith.muli %i, %e : tensor<8x8xi32>
  %yo = arith.addi %yi, %j : tensor<8x8xi32>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<8x8x!tt.ptr<f32>>
  %yp = tt.addptr %ys, %yo : tensor<8x8x!tt.ptr<f32>>, tensor<8x8xi32>
  tt.store %yp, %v, %m : tensor<8x8x!tt.ptr<f32>>
  tt.return
}"""
"""Rows and columns from two tables, under a mask that is no interval; the pointers are added up in steps."""

CARRIED = """
tt.func public @k(%x: !tt.ptr<i32>, %y: !tt.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %z = arith.constant dense<0> : tensor<8xi32>
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %xp = tt.addptr %xs, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %l:2 = scf.for %k = %c0 to %n step %c1 iter_args(%p = %xp, %s = %z) -> (tensor<8x!tt.ptr<i32>>, tensor<8xi32>) : i32 {
    %v = tt.load %p : tensor<8x!tt.ptr<i32>>
    %t = arith.addi %s, %v : tensor<8xi32>
    %q = tt.addptr %p, %v : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
    scf.yield %q, %t : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  }
  %ys = tt.splat %y : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %yp = tt.addptr %ys, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  tt.store %yp, %l#1 : tensor<8x!tt.ptr<i32>>
  tt.return
}"""
"""Every pointer of a tensor moves by what it points to."""


@pytest.mark.parametrize("target", MACHINES)
@pytest.mark.parametrize(("n", "d"), [(16, 32), (37, 19), (1, 1), (0, 5), (100, 32)])
def test_rows_of_a_table_on_ragged_sizes(n: int, d: int, target: str) -> None:
    numbers = np.random.default_rng(n)
    ids = numbers.integers(0, 50, n).astype(np.int32)
    table, out = numbers.standard_normal((50, d)).astype(np.float32), np.full((n, d), 7, np.float32)
    kernel_for(ROWS, target)[(-(-n // 16),)](ids, table, out, n, d, check=True)
    np.testing.assert_array_equal(out, table[ids])


@pytest.mark.parametrize("target", MACHINES)
def test_elements_under_a_causal_mask(target: str) -> None:
    numbers = np.random.default_rng(0)
    x = numbers.standard_normal((10, 20)).astype(np.float32)
    rows, columns = (numbers.integers(0, n, 8).astype(np.int32) for n in (10, 20))
    y = np.zeros((8, 8), np.float32)
    kernel_for(ELEMENTS, target)[(1,)](x, rows, columns, y, check=True)
    np.testing.assert_array_equal(y, np.tril(x[rows][:, columns]))


@pytest.mark.parametrize("target", MACHINES)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_pointers_that_a_loop_moves_by_what_it_loads(n: int, target: str) -> None:
    x = np.random.default_rng(n).integers(0, 4, 64).astype(np.int32)
    y, at, total = np.zeros(8, np.int32), np.arange(8), np.zeros(8, np.int32)
    for _ in range(n):
        total, at = total + x[at], at + x[at]
    kernel_for(CARRIED, target)[(1,)](x, y, n, check=True)
    np.testing.assert_array_equal(y, total)
