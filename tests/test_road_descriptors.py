"""Tensor descriptors down the whole road, each pass checked: blocks that reach beyond every border of the tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from road_checks import described, floats, integers, kernel_for

import minilinalg as ml
from minilinalg.errors import InputError, LaunchError, RunError

TTIR = Path(__file__).resolve().parent / "data" / "ttir"
TARGETS = ("mlu370", "tiny-simd")

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


def block_kernel(padding: str, write: str) -> Any:
    words = {"zero": "", "nan": "{padding = 2 : i32}"}
    return kernel_for(BLOCK.format(padding=words[padding], write=WRITES[write]), "mlu370")


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
    kernel_for(ROWS, "mlu370")[1](x, rows, z, m, n, n, j, check=True)
    np.testing.assert_array_equal(z, wanted)


# --- descriptors of the host --------------------------------------------------------------------------------------


def lined(x: np.ndarray) -> np.ndarray:
    """x as a part of an array whose lines begin at multiples of 16 bytes, as machines that copy tiles need them."""
    each = 16 // x.itemsize
    rows, columns = x.shape
    wide = np.zeros((max(rows, 1), -(-max(columns, 1) // each) * each), x.dtype)
    part = wide[:rows, :columns]
    part[...] = x
    return part


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (13, 17, 0), (129, 131, 67)])
def test_an_official_matmul_through_descriptors_of_the_host(m: int, n: int, k: int, target: str) -> None:
    a, b = (lined(integers(*shape, low=-3, high=4, dtype=np.float16)) for shape in ((m, k), (k, n)))
    c = lined(floats(m, n, dtype=np.float16))
    kernel = kernel_for(TTIR / "matmul_tma.ttir", target)
    arrays = (part for x in (a, b, c) for part in described(x))
    kernel[(-(-m // 128), -(-n // 128))](*arrays, m, n, k, check=True)
    np.testing.assert_array_equal(c, (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float16))


HOST_BLOCK = """
tt.func public @kernel(
  %dx: !tt.tensordesc<4x8x{t}>, %x0: i32, %x1: i32, %xs0: i64, %xs1: i64,
  %dz: !tt.tensordesc<4x8x{t}>, %z0: i32, %z1: i32, %zs0: i64, %zs1: i64, %i: i32, %j: i32
) {{
  %c4 = arith.constant 4 : i32
  %pid = tt.get_program_id x : i32
  %step = arith.muli %pid, %c4 : i32
  %row = arith.addi %i, %step : i32
  %v = tt.descriptor_load %dx[%row, %j] : !tt.tensordesc<4x8x{t}> -> tensor<4x8x{e}>
  {write}[%step, %j], %v : !tt.tensordesc<4x8x{t}>, tensor<4x8x{e}>
  tt.return
}}
"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("type", "element"), [("f32", "f32"), ("si8", "i8"), ("ui32", "i32")])
@pytest.mark.parametrize(("i", "j"), [(0, 0), (-3, -5), (2, 3), (-100, 0), (0, 100)])
def test_blocks_beyond_the_borders_of_host_tensors(i: int, j: int, type: str, element: str, target: str) -> None:
    """Parts of wider arrays, of different sizes: what lies outside of a tensor is read as zero, and not written."""
    dtype = {"f32": np.float32, "i8": np.int8, "i32": np.int32}[element]
    wide_x, wide_z = integers(11, 16, dtype=dtype), integers(9, 32, dtype=dtype, seed=1)
    x, z = wide_x[:7, :13], wide_z[:6, :14]
    wanted = wide_z.copy()
    for row in range(6):
        for column in range(max(j, 0), min(max(j + 8, 0), 14)):
            inside = 0 <= i + row < 7 and column < 13
            wanted[row, column] = x[i + row, column] if inside else 0
    text = HOST_BLOCK.format(t=type, e=element, write="tt.descriptor_store %dz")
    kernel_for(text, target)[2](*described(x), *described(z), i, j, check=True)
    np.testing.assert_array_equal(wide_z, wanted)


@pytest.mark.parametrize("target", TARGETS)
def test_two_descriptors_of_one_host_tensor(target: str) -> None:
    """Each row is added to itself, in place."""
    x = lined(integers(8, 5))
    wanted = 2 * x
    text = HOST_BLOCK.format(t="i32", e="i32", write="tt.descriptor_reduce add, %dz")
    kernel_for(text, target)[2](*described(x), *described(x), 0, 0, check=True)
    np.testing.assert_array_equal(x, wanted)


@pytest.mark.parametrize("target", TARGETS)
def test_lines_of_a_host_tensor_anywhere(target: str) -> None:
    """A machine that copies tiles element by element takes any strides."""
    x, z = integers(7, 13), integers(6, 9)
    wanted = z.copy()
    wanted[:5, 3:], wanted[5:, 3:] = x[2:, 3:9], 0
    text = HOST_BLOCK.format(t="i32", e="i32", write="tt.descriptor_store %dz")
    kernel_for(text, target)[2](*described(x), *described(z), 2, 3, check=True)
    np.testing.assert_array_equal(z, wanted)


def host_error(*changed: tuple[int, Any]) -> str:
    args = [*described(lined(floats(7, 13))), *described(lined(floats(7, 13))), 0, 0]
    for position, value in changed:
        args[position] = value
    with pytest.raises(LaunchError) as caught:
        kernel_for(HOST_BLOCK.format(t="f32", e="f32", write="tt.descriptor_store %dz"), "mlu370")[2](*args)
    return caught.value.diagnostic.render()


def test_a_host_tensor_whose_last_dimension_is_not_dense() -> None:
    assert host_error((4, 2)) == (
        "error: argument 'xs1' of 'kernel' is 2\n"
        "  rule: the elements of the tensor that 'dx' describes lie side by side along its last dimension: "
        "its stride is 1"
    )


def test_a_host_tensor_of_a_size_below_zero() -> None:
    assert host_error((6, -1)) == (
        "error: argument 'z0' of 'kernel' is -1\n"
        "  rule: a size of the tensor that 'dz' describes is a whole number >= 0"
    )


def test_a_host_tensor_of_another_dtype() -> None:
    assert host_error((0, integers(7, 13))) == (
        "error: argument 'dx' of 'kernel' has dtype int32\n"
        "  rule: a descriptor of f32 takes a NumPy array of dtype float32\n"
        "  hint: dx.astype(np.float32)"
    )


def test_a_size_beyond_the_array_is_caught_where_it_is_read() -> None:
    args = [*described(floats(7, 13)), *described(floats(7, 13)), 0, 0]
    args[1] = 8
    with pytest.raises(RunError, match="is out of bounds: it touches bytes 208 to 396 of argument 'dx'"):
        kernel_for(HOST_BLOCK.format(t="f32", e="f32", write="tt.descriptor_store %dz"), "mlu370")[2](*args)


def test_a_descriptor_without_sizes_and_strides() -> None:
    with pytest.raises(InputError) as caught:
        ml.compile(
            "tt.func public @k(%d: !tt.tensordesc<8x4xf32>, %n: i32, %m: i64) {\n  tt.return\n}", target="mlu370"
        )
    assert caught.value.diagnostic.render().splitlines()[-1] == (
        "  rule: a descriptor of the host is followed by the sizes (i32) and the strides (i64) of its tensor, one for "
        "each of its dimensions: i32, i32, i64, i64"
    )
