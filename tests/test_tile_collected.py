"""Sums along both dimensions of a block that meet in one result: collected first, and then cut into tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from road_checks import floats, integers

import minilinalg as ml
from minilinalg import builder as mb
from minilinalg.errors import LaunchError, OverCapacityError

PROGRAMS: dict[str, Any] = {
    "meet": lambda f, x, r, c: f.comprehension("Y[i, j] = R[i] + C[j]", R=r, C=c),
    "meet the block": lambda f, x, r, c: f.comprehension("Y[i, j] = X[i, j] * R[i] + C[j]", X=x, R=r, C=c),
    "one after the other": lambda f, x, r, c: f.comprehension(
        "Y[i, j] = T[i] * C[j]", T=f.comprehension("T[i] += X[i, j] * C[j]", X=x, C=c), C=c
    ),
}
WANTED: dict[str, Any] = {
    "meet": lambda x: x.sum(1)[:, None] + x.sum(0),
    "meet the block": lambda x: x * x.sum(1)[:, None] + x.sum(0),
    "one after the other": lambda x: (x @ x.sum(0))[:, None] * x.sum(0),
}


def program(name: str, m: int, n: int) -> mb.Module:
    b = mb.Module()
    with b.function("f", x=f"{m}x{n}xf32") as f:
        rows = f.comprehension("R[i] += X[i, j]", X=f.x)
        columns = f.comprehension("C[j] += X[i, j]", X=f.x)
        f.returns(PROGRAMS[name](f, f.x, rows, columns))
    return b


def cut(kernel: ml.Kernel) -> bool:
    return "%tile" in kernel.text("tiled")


@pytest.mark.parametrize(
    ("target", "m", "n"),
    [("tiny-simd", 64, 64), ("tiny-simd", 97, 61), ("tiny-simd", 1, 1031), ("tiny-simd", 31, 40), ("mlu370", 509, 701)],
)
@pytest.mark.parametrize("name", PROGRAMS)
def test_sums_that_meet(name: str, target: str, m: int, n: int) -> None:
    kernel = ml.compile(program(name, m, n), target=target)
    assert cut(kernel)
    x = integers(m, n, low=-3, high=4, dtype=np.float32)
    np.testing.assert_array_equal(kernel(x, check=True).results[0], WANTED[name](x))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_fits_is_left_as_it_is(name: str) -> None:
    kernel = ml.compile(program(name, 8, 13), target="tiny-simd")
    assert not cut(kernel)
    x = floats(8, 13)
    x[3, 5], x[7, 0] = np.nan, np.inf
    np.testing.assert_allclose(kernel(x, check=True).results[0], WANTED[name](x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("target", ["tiny-simd", "mlu370"])
def test_a_row_times_the_column_of_the_same_number(target: str) -> None:
    """Both sums run along one dimension of the result, so that all dimensions would be cut together."""
    b = mb.Module()
    with b.function("f", x="67x67xf32") as f:
        rows = f.comprehension("R[i] += X[i, j]", X=f.x)
        columns = f.comprehension("C[j] += X[i, j]", X=f.x)
        f.returns(f.comprehension("Y[i] = R[i] * C[i]", R=rows, C=columns))
    x = integers(67, 67, low=-3, high=4, dtype=np.float32)
    found = ml.compile(b, target=target)(x, check=True).results[0]
    np.testing.assert_array_equal(found, x.sum(1) * x.sum(0))


def test_sums_that_are_returned_as_well() -> None:
    b = mb.Module()
    with b.function("f", x="64x61xf32") as f:
        rows = f.comprehension("R[i] += X[i, j]", X=f.x)
        columns = f.comprehension("C[j] += X[i, j]", X=f.x)
        f.returns(rows, f.comprehension("Y[i, j] = R[i] + C[j]", R=rows, C=columns), columns)
    x = integers(64, 61, dtype=np.float32)
    found = ml.compile(b, target="tiny-simd")(x, check=True).results
    for got, wanted in zip(found, (x.sum(1), WANTED["meet"](x), x.sum(0)), strict=True):
        np.testing.assert_array_equal(got, wanted)


KERNEL = """
tt.func public @centre(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>, %n: i32, %times: i32) {
  %zero = arith.constant dense<0.0> : tensor<32x64xf32>
  %width = arith.constant dense<64> : tensor<32x1xi32>
  %size = arith.constant 2048 : i32
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %pid = tt.get_program_id x : i32
  %first = arith.muli %pid, %size : i32
  %r = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32>
  %c = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %r1 = tt.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %c1d = tt.expand_dims %c {axis = 0 : i32} : tensor<64xi32> -> tensor<1x64xi32>
  %rw = arith.muli %r1, %width : tensor<32x1xi32>
  %rb = tt.broadcast %rw : tensor<32x1xi32> -> tensor<32x64xi32>
  %cb = tt.broadcast %c1d : tensor<1x64xi32> -> tensor<32x64xi32>
  %at = arith.addi %rb, %cb : tensor<32x64xi32>
  %nb = tt.splat %n : i32 -> tensor<32x64xi32>
  %mask = arith.cmpi slt, %cb, %nb : tensor<32x64xi32>
  %xp = tt.addptr %x, %first : !tt.ptr<f32>, i32
  %xs = tt.splat %xp : !tt.ptr<f32> -> tensor<32x64x!tt.ptr<f32>>
  %xa = tt.addptr %xs, %at : tensor<32x64x!tt.ptr<f32>>, tensor<32x64xi32>
  %op = tt.addptr %out, %first : !tt.ptr<f32>, i32
  %os = tt.splat %op : !tt.ptr<f32> -> tensor<32x64x!tt.ptr<f32>>
  %oa = tt.addptr %os, %at : tensor<32x64x!tt.ptr<f32>>, tensor<32x64xi32>
  scf.for %t = %c0 to %times step %c1 : i32 {
    %v = tt.load %xa, %mask, %zero : tensor<32x64x!tt.ptr<f32>>
    %rows = "tt.reduce"(%v) <{axis = 1 : i32}> ({
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tt.reduce.return %s : f32
    }) : (tensor<32x64xf32>) -> tensor<32xf32>
    %columns = "tt.reduce"(%v) <{axis = 0 : i32}> ({
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tt.reduce.return %s : f32
    }) : (tensor<32x64xf32>) -> tensor<64xf32>
    %r2 = tt.expand_dims %rows {axis = 1 : i32} : tensor<32xf32> -> tensor<32x1xf32>
    %r3 = tt.broadcast %r2 : tensor<32x1xf32> -> tensor<32x64xf32>
    %c2 = tt.expand_dims %columns {axis = 0 : i32} : tensor<64xf32> -> tensor<1x64xf32>
    %c3 = tt.broadcast %c2 : tensor<1x64xf32> -> tensor<32x64xf32>
    %both = arith.subf %r3, %c3 : tensor<32x64xf32>
    %y = arith.addf %v, %both : tensor<32x64xf32>
    tt.store %oa, %y, %mask : tensor<32x64x!tt.ptr<f32>>
  }
  tt.return
}
"""


@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("n", [64, 61, 1, 0])
def test_a_kernel(n: int, times: int) -> None:
    """Masked, in a loop of no, one and two trips; three programs on two cores."""
    kernel = ml.compile(KERNEL, target="tiny-simd")
    assert cut(kernel)
    x = integers(3, 32, 64, dtype=np.float32)
    out = np.full_like(x, 7)
    kernel[3](x, out, n, times, check=True)
    v = np.where(np.arange(64) < n, x, 0)
    wanted = np.where((np.arange(64) < n) & (times > 0), v + v.sum(2)[:, :, None] - v.sum(1)[:, None, :], 7)
    np.testing.assert_array_equal(out, wanted)


def test_a_kernel_in_place() -> None:
    """The sums are complete before the first tile is stored; what overlaps in another way is refused."""
    kernel = ml.compile(KERNEL, target="tiny-simd")
    x = integers(3, 32, 64, low=-3, high=4, dtype=np.float32)
    wanted = x + x.sum(2)[:, :, None] - x.sum(1)[:, None, :]
    wanted = wanted + wanted.sum(2)[:, :, None] - wanted.sum(1)[:, None, :]
    kernel[3](x, x, 64, 2, check=True)
    np.testing.assert_array_equal(x, wanted)
    memory = np.zeros(32 * 64 + 64, np.float32)
    with pytest.raises(LaunchError, match=r"arguments 'x' and 'out' of 'centre' share memory"):
        kernel[1](memory[:-64], memory[64:], 64, 1)


def test_sums_that_do_not_fit_themselves() -> None:
    with pytest.raises(OverCapacityError) as caught:
        ml.compile(program("meet the block", 500, 700), target="tiny-simd")
    d = caught.value.diagnostic
    assert d.found == (
        "a block too large for any tile: 'x', 500x700xf32, takes 1400000 bytes of nram\n"
        "  in tiles of 2 of 500, 2 of 700, nram of target 'tiny-simd' is over capacity by 768 bytes: 4864 bytes of "
        "buffers are needed at the same time"
    )
    assert d.rule == "nram of target 'tiny-simd' has 4096 bytes for all buffers of a core"
