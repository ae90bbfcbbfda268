"""Descriptors down the simt road of a target that copies tiles, each pass checked: every rank, ragged sizes, loops."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from road_checks import described
from road_programs import DTYPES as OTHERS

import minilinalg as ml
from minilinalg.errors import TileError

DTYPES = {**OTHERS, "f8E5M2": ml_dtypes.float8_e5m2, "f8E4M3FN": ml_dtypes.float8_e4m3fn}


@cache
def compiled(text: str, **options: int) -> ml.Kernel:
    return ml.compile(text, road="simt", target="h200", **options)


def part(shape: tuple[int, ...], dtype: Any, seed: int) -> Any:
    """Small whole numbers, a part of an array whose lines begin at multiples of 16 bytes."""
    size = np.dtype(dtype).itemsize
    line = max(-(-shape[-1] * size // 16), 1) * 16 // size
    whole = np.random.default_rng(seed).integers(1, 8, (*shape[:-1], line)).astype(dtype)
    return whole[..., : shape[-1]]


def host(name: str, block: tuple[int, ...], element: str) -> str:
    """The parameters that a descriptor of the host is."""
    sizes = "".join(f", %{name}n{i}: i32" for i in range(len(block)))
    strides = "".join(f", %{name}s{i}: i64" for i in range(len(block)))
    return f"%{name}: {descriptor(block, element)}{sizes}{strides}"


def descriptor(block: tuple[int, ...], element: str) -> str:
    return f"!tt.tensordesc<{'x'.join(map(str, block))}x{element}>"


def moved(x: Any, z: Any, block: tuple[int, ...], at: tuple[int, ...]) -> Any:
    """z with the block of x at `at` in it, from no index below 0 on, zeros where that lies outside of x."""
    found = np.zeros(block, x.dtype)
    for index in np.ndindex(*block):
        place = tuple(a + i for a, i in zip(at, index, strict=True))
        if all(0 <= p < n for p, n in zip(place, x.shape, strict=True)):
            found[index] = x[place]
    after = z.copy()
    for index in np.ndindex(*block):
        place = tuple(max(a, 0) + i for a, i in zip(at, index, strict=True))
        if all(p < n for p, n in zip(place, z.shape, strict=True)):
            after[place] = found[index]
    return after


def copy(block: tuple[int, ...], element: str, result: tuple[int, ...] | None = None) -> str:
    """A block of x goes to the same place in z, or to one that begins at 0 where it begins below."""
    type = descriptor(block, element)
    indices, places = (", ".join(f"%{name}{i}" for i in range(len(block))) for name in "ij")
    held = "\n  ".join(f"%j{i} = arith.maxsi %i{i}, %zero : i32" for i in range(len(block)))
    tensor = f"tensor<{'x'.join(map(str, result or block))}x{element}>"
    return f"""
tt.func public @copy({host("x", block, element)}, {host("z", block, element)}{
        "".join(f", %i{i}: i32" for i in range(len(block)))
    }) {{
  %zero = arith.constant 0 : i32
  {held}
  %v = tt.descriptor_load %x[{indices}] : {type} -> {tensor}
  tt.descriptor_store %z[{places}], %v : {type}, {tensor}
  tt.return
}}
"""


COPIES: list[tuple[tuple[int, ...], str, tuple[int, ...], tuple[int, ...], tuple[int, ...] | None]] = [
    # Blocks, elements, where they begin, the sizes of x, the shape that is loaded.
    ((16, 16), "f16", (0, 0), (13, 11), None),
    ((64, 64), "f16", (-3, 8), (70, 61), None),
    ((8, 32), "bf16", (3, -8), (9, 40), None),
    ((32, 32), "f32", (0, 0), (32, 32), None),
    ((4, 8), "f32", (2, 4), (5, 9), None),
    ((8, 16), "f64", (-1, -2), (7, 13), None),
    ((16, 64), "i8", (1, 16), (17, 63), None),
    ((16, 128), "i8", (0, 0), (1, 1), None),
    ((8, 256), "f8E5M2", (0, 16), (8, 100), None),
    ((16, 16), "f8E4M3FN", (5, 0), (20, 16), None),
    ((8, 8), "i16", (0, 0), (8, 8), None),
    ((16, 4), "i32", (0, 0), (11, 3), None),
    ((512, 2), "i64", (-100, 0), (450, 2), None),
    ((16,), "f32", (-4,), (23,), None),
    ((1024,), "f16", (104,), (1000,), None),
    ((1, 1), "i64", (0, 0), (1, 1), None),
    ((2, 8, 16), "f16", (1, -3, 8), (3, 7, 17), None),
    ((2, 2, 4, 32), "i8", (0, 1, -1, 16), (2, 3, 5, 33), None),
    ((2, 1, 2, 4, 8), "f32", (0, 0, 1, 0, -4), (3, 2, 2, 5, 9), None),
    ((1, 16, 32), "f16", (2, 1, 0), (3, 15, 30), (16, 32)),
    ((8, 1, 16), "f32", (0, 4, 0), (7, 5, 16), (8, 16)),
    ((1, 1, 64), "f16", (0, 0, 8), (1, 2, 50), (64,)),
]


@pytest.mark.parametrize(("block", "element", "at", "sizes", "result"), COPIES, ids=lambda x: str(x).replace(" ", ""))
def test_blocks_of_every_rank(
    block: tuple[int, ...], element: str, at: tuple[int, ...], sizes: tuple[int, ...], result: tuple[int, ...] | None
) -> None:
    kernel = compiled(copy(block, element, result))
    x, z = part(sizes, DTYPES[element], 1), part(tuple(n + 1 for n in sizes), DTYPES[element], 2)
    wanted = moved(x, z, block, at)
    kernel[1](*described(x), *described(z), *at, check=True)
    np.testing.assert_array_equal(
        z.view(np.uint8) if z.itemsize == 1 else z, wanted.view(z.dtype) if z.itemsize != 1 else wanted.view(np.uint8)
    )
    is_tile = block[-1] * np.dtype(DTYPES[element]).itemsize % 16 == 0
    assert ("ttng.async_tma_copy_global_to_local" in kernel.text("ttg")) == is_tile
    assert is_tile or prod(block) == 1


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("at", "found", "rule"),
    [
        (
            (0, 5),
            "'{load}' is of a tile that begins at element 5 of a line",
            "a tile begins at a multiple of 16 bytes along the last dimension, which are 8 elements here",
        ),
        (
            (-3, 0),
            "'{store}' is of a tile that begins at -3 along dimension 0",
            "a tile is stored from an index of 0 or more on; what lies behind the ends is left out",
        ),
    ],
)
def test_where_no_tile_begins(at: tuple[int, ...], found: str, rule: str, check: bool) -> None:
    """An illegal instruction on a real GPU; the program's error, whoever looks on."""
    kernel = compiled(copy((16, 16), "f16").replace("arith.maxsi %i0, %zero", "arith.addi %i0, %zero"))
    x, z = part((16, 32), np.float16, 1), part((16, 32), np.float16, 2)
    with pytest.raises(TileError) as caught:
        kernel[1](*described(x), *described(z), *at, check=check)
    load, store = "simt.bulk_tensor_load", "simt.bulk_tensor_store"
    if check:
        load, store = "ttng.async_tma_copy_global_to_local", "ttng.async_tma_copy_local_to_global"
    text = caught.value.diagnostic.render()
    assert found.format(load=load, store=store) in text and f"rule: {rule}" in text and "<source>:" in text


PADDED = """
tt.func public @pad(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %z: !tt.ptr<f32> {tt.divisibility = 16 : i32},
    %m: i32, %n: i32, %s: i64 {tt.divisibility = 4 : i32}, %i: i32, %j: i32) {
  %zero = arith.constant 0 : i32
  %eight = arith.constant 8 : i32
  %wide = arith.constant 32 : i32
  %line = arith.constant 32 : i64
  %one = arith.constant 1 : i64
  %dx = tt.make_tensor_descriptor %x, [%m, %n], [%s, %one] {padding = 2 : i32} : <f32>, <8x32xf32>
  %dz = tt.make_tensor_descriptor %z, [%eight, %wide], [%line, %one] : <f32>, <8x32xf32>
  %v = tt.descriptor_load %dx[%i, %j] : !tt.tensordesc<8x32xf32> -> tensor<8x32xf32>
  tt.descriptor_store %dz[%zero, %zero], %v : !tt.tensordesc<8x32xf32>, tensor<8x32xf32>
  tt.return
}
"""


@pytest.mark.parametrize(("i", "j"), [(0, 0), (-3, 8), (5, -28), (100, 0)])
def test_nans_around_a_tensor_that_the_program_describes(i: int, j: int) -> None:
    kernel = compiled(PADDED)
    assert "ttng.tensormap_create" in kernel.text("ttg")
    x, z = part((7, 13), np.float32, 1), np.zeros((8, 32), np.float32)
    wanted = np.full((8, 32), np.nan, np.float32)
    for row, column in np.ndindex(8, 32):
        if 0 <= i + row < 7 and 0 <= j + column < 13:
            wanted[row, column] = x[i + row, j + column]
    kernel[1](x, z, 7, 13, x.strides[0] // 4, i, j, check=True)
    np.testing.assert_array_equal(z, wanted)


def test_lines_of_which_nothing_is_known() -> None:
    """A stride that no argument promises anything of is stepped over by pointers."""
    kernel = compiled(PADDED.replace("%s: i64 {tt.divisibility = 4 : i32}", "%s: i64"))
    x, z = np.arange(7 * 13, dtype=np.float32).reshape(7, 13), np.zeros((8, 32), np.float32)
    kernel[1](x, z, 7, 13, 13, 0, 0, check=True)
    np.testing.assert_array_equal(z[:7, :13], x)
    assert any(
        remark.text == "pointers: nothing promises that its stride 0 is a multiple of 16 bytes"
        for remark in kernel.remarks
    )


SUM = f"""
tt.func public @sum({host("x", (8, 64), "f32")}, {host("y", (64,), "f32")}, {host("z", (8, 64), "f32")}, %n: i32) {{
  %zero = arith.constant 0 : i32
  %step = arith.constant 64 : i32
  %none = arith.constant dense<0.0> : tensor<8x64xf32>
  %r = scf.for %i = %zero to %n step %step iter_args(%s = %none) -> (tensor<8x64xf32>) : i32 {{
    %v = tt.descriptor_load %x[%zero, %i] : !tt.tensordesc<8x64xf32> -> tensor<8x64xf32>
    %w = tt.descriptor_load %y[%i] : !tt.tensordesc<64xf32> -> tensor<64xf32>
    %u = tt.expand_dims %w {{axis = 0 : i32}} : tensor<64xf32> -> tensor<1x64xf32>
    %b = tt.broadcast %u : tensor<1x64xf32> -> tensor<8x64xf32>
    %p = arith.mulf %v, %b : tensor<8x64xf32>
    %t = arith.addf %s, %p : tensor<8x64xf32>
    scf.yield %t : tensor<8x64xf32>
  }} {{tt.num_stages = STAGES : i32}}
  tt.descriptor_store %z[%zero, %zero], %r : !tt.tensordesc<8x64xf32>, tensor<8x64xf32>
  tt.return
}}
"""


@pytest.mark.parametrize("stages", [2, 3])
@pytest.mark.parametrize("n", [0, 7, 16, 33])
def test_tiles_that_are_too_small_to_lie_side_by_side(n: int, stages: int) -> None:
    """16 f32 are 64 bytes, and a copy begins at a multiple of 128."""
    summed(SUM.replace("STAGES", str(stages)).replace("64x", "16x").replace("constant 64", "constant 16"), n, 16)


@pytest.mark.parametrize("stages", [1, 2, 4])
@pytest.mark.parametrize("n", [0, 1, 64, 65, 191, 448])
def test_loops_that_copy_tiles_early(n: int, stages: int) -> None:
    """Several tiles at one barrier, more or fewer turns than buffers; buffers that begin anew several times."""
    summed(SUM.replace("STAGES", str(stages)), n, 64)


def summed(text: str, n: int, step: int) -> None:
    """Runs SUM on rows of n, `step` columns at a time."""
    kernel = compiled(text)
    x, y, z = part((7, max(n, 1)), np.float32, 1), part((max(n, 1),), np.float32, 2), part((8, step), np.float32, 3)
    wanted = np.zeros((8, step), np.float32)
    for start in range(0, n, step):
        width = min(step, x.shape[1] - start)
        wanted[:7, :width] += x[:, start : start + width] * y[start : start + width]
    kernel[1](*described(x), *described(y), *described(z), n, check=True)
    np.testing.assert_array_equal(z, wanted)


def matmul(element: str, out: str, m: int, n: int, k: int, precision: str = "") -> str:
    return f"""
tt.func public @matmul({host("a", (m, k), element)}, {host("b", (n, k), element)}, {host("c", (m, n), out)}, %n: i32) {{
  %zero = arith.constant 0 : i32
  %step = arith.constant {k} : i32
  %none = arith.constant dense<{0 if out == "i32" else 0.0}> : tensor<{m}x{n}x{out}>
  %r = scf.for %i = %zero to %n step %step iter_args(%s = %none) -> (tensor<{m}x{n}x{out}>) : i32 {{
    %v = tt.descriptor_load %a[%zero, %i] : {descriptor((m, k), element)} -> tensor<{m}x{k}x{element}>
    %w = tt.descriptor_load %b[%zero, %i] : {descriptor((n, k), element)} -> tensor<{n}x{k}x{element}>
    %t = tt.trans %w {{order = array<i32: 1, 0>}} : tensor<{n}x{k}x{element}> -> tensor<{k}x{n}x{element}>
    %d = tt.dot %v, %t, %s{precision} : tensor<{m}x{k}x{element}> * tensor<{k}x{n}x{element}> -> tensor<{m}x{n}x{out}>
    scf.yield %d : tensor<{m}x{n}x{out}>
  }}
  tt.descriptor_store %c[%zero, %zero], %r : {descriptor((m, n), out)}, tensor<{m}x{n}x{out}>
  tt.return
}}
"""


@pytest.mark.parametrize("n", [0, 5, 200])
@pytest.mark.parametrize(
    ("element", "out", "precision"),
    [
        ("f16", "f32", ""),
        ("bf16", "f32", ""),
        ("f32", "f32", ", inputPrecision = tf32"),
        ("i8", "i32", ""),
        ("f8E5M2", "f32", ""),
        ("f8E4M3FN", "f32", ""),
    ],
)
def test_products_of_tiles(element: str, out: str, precision: str, n: int) -> None:
    kernel = compiled(matmul(element, out, 64, 32, 32 if out == "i32" or element.startswith("f8") else 64, precision))
    a, b = part((61, max(n, 1)), DTYPES[element], 1), part((30, max(n, 1)), DTYPES[element], 2)
    c = part((64, 32), DTYPES[out], 3)
    wanted = np.zeros((64, 32), DTYPES[out])
    if n:
        wanted[:61, :30] = a.astype(np.float64) @ b.astype(np.float64).T
    kernel[1](*described(a), *described(b), *described(c), n, check=True)
    np.testing.assert_array_equal(c, wanted)
    assert "ttng.async_tma_copy_global_to_local" in kernel.text("ttg")


PERSISTENT = f"""
tt.func public @rows({host("a", (64, 32), "f16")}, {host("b", (32, 32), "f16")}, {host("c", (64, 32), "f32")},
    %rows: i32, %n: i32) {{
  %zero = arith.constant 0 : i32
  %step = arith.constant 32 : i32
  %block = arith.constant 64 : i32
  %none = arith.constant dense<0.0> : tensor<64x32xf32>
  scf.for %row = %zero to %rows step %block : i32 {{
    %r = scf.for %i = %zero to %n step %step iter_args(%s = %none) -> (tensor<64x32xf32>) : i32 {{
      %v = tt.descriptor_load %a[%row, %i] : !tt.tensordesc<64x32xf16> -> tensor<64x32xf16>
      %w = tt.descriptor_load %b[%i, %zero] : !tt.tensordesc<32x32xf16> -> tensor<32x32xf16>
      %d = tt.dot %v, %w, %s : tensor<64x32xf16> * tensor<32x32xf16> -> tensor<64x32xf32>
      scf.yield %d : tensor<64x32xf32>
    }}
    tt.descriptor_store %c[%row, %zero], %r : !tt.tensordesc<64x32xf32>, tensor<64x32xf32>
  }}
  tt.return
}}
"""


@pytest.mark.parametrize(("rows", "n"), [(0, 64), (1, 0), (130, 32), (200, 170)])
def test_a_program_that_does_several_blocks(rows: int, n: int) -> None:
    """The barriers of the inner loop are made and ended in each turn of the outer one; tiles are stored in between."""
    kernel = compiled(PERSISTENT)
    a, b = part((max(rows, 1), max(n, 1)), np.float16, 1), part((max(n, 1), 29), np.float16, 2)
    c = part((max(rows, 1), 32), np.float32, 3)
    wanted = c.copy()
    if rows:
        wanted[:, :29] = a[:, :n].astype(np.float32) @ b[:n].astype(np.float32)
        wanted[:, 29:] = 0
    kernel[1](*described(a), *described(b), *described(c), rows, n, check=True)
    np.testing.assert_array_equal(c, wanted)


IN_PLACE = f"""
tt.func public @add({host("x", (8, 32), "f32")}, {host("z", (8, 32), "f32")}, %n: i32) {{
  %zero = arith.constant 0 : i32
  %step = arith.constant 8 : i32
  scf.for %i = %zero to %n step %step : i32 {{
    %v = tt.descriptor_load %x[%i, %zero] : !tt.tensordesc<8x32xf32> -> tensor<8x32xf32>
    %w = arith.addf %v, %v : tensor<8x32xf32>
    tt.descriptor_store %z[%i, %zero], %w : !tt.tensordesc<8x32xf32>, tensor<8x32xf32>
  }} {{tt.num_stages = 3 : i32}}
  tt.return
}}
"""


@pytest.mark.parametrize("n", [0, 5, 8, 50])
def test_tiles_that_a_loop_loads_early_and_stores(n: int) -> None:
    kernel = compiled(IN_PLACE)
    x, z = part((max(n, 1), 30), np.float32, 1), part((max(n, 1), 30), np.float32, 2)
    wanted = 2 * x if n else z.copy()
    kernel[1](*described(x), *described(z), n, check=True)
    np.testing.assert_array_equal(z, wanted)


def test_tiles_are_not_loaded_before_what_is_stored_there() -> None:
    """In place, by one descriptor or two: loads that begin early are of what no earlier turn stores."""
    x = part((16, 32), np.float32, 1)
    wanted = 2 * x
    compiled(IN_PLACE)[1](*described(x), *described(x), 16)
    np.testing.assert_array_equal(x, wanted)
    wanted = 2 * x
    same = compiled(IN_PLACE.replace("%z[%i", "%x[%i"))
    same[1](*described(x), *described(part((16, 32), np.float32, 2)), 16, check=True)
    np.testing.assert_array_equal(x, wanted)
