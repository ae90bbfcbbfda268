"""tritongpu-optimize-thread-locality: what loops add up, and what lanes gather, is what it was; refusals by reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minilinalg as ml
from minilinalg.context import make_context
from minilinalg.errors import Remark
from minilinalg.parsing import parse_module
from minilinalg.passes.tritongpu_optimize_thread_locality import TritongpuOptimizeThreadLocalityPass
from minilinalg.verification import verify

DTYPES = {"f32": np.float32, "f16": np.float16, "i32": np.int32, "i8": np.int8}


def kernel(rows: int, columns: int, axis: int | None, combiner: str, dtype: str, start: str, swapped: bool) -> str:
    """The rows x columns elements of every turn are reduced along `axis`, all to a scalar where it is None."""
    size = rows * columns
    line = axis is None
    shape = str(size) if line else f"{rows}x{columns}"
    kept = "" if line else f"{(rows, columns)[1 - axis]}x"
    sums = f"tensor<{kept}{dtype}>" if kept else dtype
    pointers = f"tensor<{shape}x!tt.ptr<{dtype}>>"
    flat = f"%at = tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32>\n"
    if not line:
        flat = flat.replace("%at", "%flat") + f"%at = tt.reshape %flat : tensor<{size}xi32> -> tensor<{shape}xi32>\n"
    one = f"arith.constant {start} : {dtype}"
    initial = f"%initial = arith.constant dense<{start}> : {sums}" if kept else f"%initial = {one}"
    operands = "%sum, %part" if swapped else "%part, %sum"
    out = (
        f"""%line = tt.make_range {{end = {kept[:-1]} : i32, start = 0 : i32}} : tensor<{kept}i32>
    %to = tt.splat %o : !tt.ptr<{dtype}> -> tensor<{kept}!tt.ptr<{dtype}>>
    %there = tt.addptr %to, %line : tensor<{kept}!tt.ptr<{dtype}>>, tensor<{kept}i32>
    tt.store %there, %all : tensor<{kept}!tt.ptr<{dtype}>>"""
        if kept
        else f"tt.store %o, %all : !tt.ptr<{dtype}>"
    )
    return f"""tt.func public @k(%x: !tt.ptr<{dtype}> {{tt.divisibility = 16 : i32}}, %o: !tt.ptr<{dtype}>, %n: i32) {{
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %size = arith.constant {size} : i32
    {initial}
    {flat}
    %all = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %initial) -> ({sums}) : i32 {{
      %begin = arith.muli %i, %size : i32
      %from = tt.addptr %x, %begin : !tt.ptr<{dtype}>, i32
      %base = tt.splat %from : !tt.ptr<{dtype}> -> {pointers}
      %p = tt.addptr %base, %at : {pointers}, tensor<{shape}xi32>
      %v = tt.load %p : {pointers}
      %part = "tt.reduce"(%v) <{{axis = {axis or 0} : i32}}> ({{
      ^bb0(%l: {dtype}, %r: {dtype}):
        %c = {combiner} %l, %r : {dtype}
        tt.reduce.return %c : {dtype}
      }}) : (tensor<{shape}x{dtype}>) -> {sums}
      %next = {combiner} {operands} : {sums}
      scf.yield %next : {sums}
    }}
    {out}
    tt.return
  }}"""


COMBINERS: list[tuple[str, str, str, Any]] = [
    ("arith.addf", "f32", "3.0", np.add),
    ("arith.addf", "f16", "0.0", np.add),
    ("arith.mulf", "f32", "1.0", np.multiply),
    ("arith.maximumf", "f32", "-2.0", np.maximum),
    ("arith.maxnumf", "f32", "0xFF800000", np.fmax),
    ("arith.minnumf", "f32", "0x7FC00000", np.fmin),
    ("arith.addi", "i32", "7", np.add),
    ("arith.xori", "i32", "5", np.bitwise_xor),
    ("arith.maxsi", "i8", "-128", np.maximum),
    ("arith.muli", "i8", "3", np.multiply),
]
SHAPES = [(2, 64, 1), (64, 4, 0), (8, 256, 1), (1, 1, 1), (4, 8, None), (1, 2048, None), (256, 2, 1)]


def numbers(dtype: str, combiner: str, count: int) -> np.ndarray:
    random = np.random.default_rng(count)
    x = random.integers(-3, 4, count)
    if combiner == "arith.mulf":
        x = random.choice([-1, 1, 2], count, p=[0.49, 0.49, 0.02])
    values = x.astype(DTYPES[dtype])
    if combiner in ("arith.maxnumf", "arith.minnumf", "arith.maximumf") and count:
        values[:: 1 + count // 3] = np.nan
    return values


@pytest.mark.parametrize(
    ("shape", "combined", "turns"),
    # Any two of the three together.
    [(s, c, (0, 1, 3)[(i + j) % 3]) for i, s in enumerate(SHAPES) for j, c in enumerate(COMBINERS)],
    ids=lambda each: str(each),
)
def test_a_loop_adds_up_the_same(
    shape: tuple[int, int, int | None], combined: tuple[str, str, str, Any], turns: int
) -> None:
    (rows, columns, axis), (combiner, dtype, start, meaning) = shape, combined
    warps = 1 << (rows + columns + turns) % 3
    compiled = ml.compile(
        kernel(rows, columns, axis, combiner, dtype, start, turns == 1), road="simt", target="h200", num_warps=warps
    )
    kept = 1 if axis is None else (rows, columns)[1 - axis]
    x = numbers(dtype, combiner, max(turns, 1) * rows * columns)
    first = {"0xFF800000": -np.inf, "0x7FC00000": np.nan}.get(start)
    out = np.full(kept, 77, DTYPES[dtype])
    compiled[1](x, out, turns, check=True)
    parts = x[: turns * rows * columns].reshape(turns, *((rows * columns,) if axis is None else (rows, columns)))
    initial = np.full(kept, float(start) if first is None else first).astype(DTYPES[dtype])
    with np.errstate(all="ignore"):
        for part in parts:
            initial = meaning(initial, meaning.reduce(part, axis=axis or 0, dtype=DTYPES[dtype]))
    np.testing.assert_array_equal(out, initial)


def remarks(text: str, num_warps: int = 4) -> tuple[str, list[Remark]]:
    ctx = make_context()
    module = parse_module(text, ctx=ctx)
    before = str(module)
    TritongpuOptimizeThreadLocalityPass().apply(ctx, module)
    verify(module)
    return ("same" if str(module) == before else "changed"), ctx.remarks


def laid_out(text: str) -> str:
    return ml.compile(text, road="simt", target="h200", to="ttg").text("ttg")


LOOP = """
#a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
#s = #ttg.slice<{dim = 1, parent = #a}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  tt.func @k(%x: tensor<32x64xf32, #a>, %p: tensor<32x!tt.ptr<f32>, #s>, %n: i32) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %zero = arith.constant dense<0.0> : tensor<32xf32, #s>
    %all = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (tensor<32xf32, #s>) : i32 {
      %part = "tt.reduce"(%x) <{axis = 1 : i32}> ({
      ^bb0(%l: f32, %r: f32):
        %c = arith.addf %l, %r : f32
        tt.reduce.return %c : f32
      }) : (tensor<32x64xf32, #a>) -> tensor<32xf32, #s>
      %next = arith.addf %sum, %part : tensor<32xf32, #s>
      scf.yield %next : tensor<32xf32, #s>
    }
    tt.store %p, %all : tensor<32x!tt.ptr<f32>, #s>
    tt.return
  }
}"""


def test_what_a_loop_adds_up_for_itself_is_changed() -> None:
    assert remarks(LOOP) == ("changed", [])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "%c = arith.addf %l, %r : f32",
            "%d = arith.addf %l, %r : f32\n%c = arith.mulf %d, %d : f32",
            "its combiner is no single operation with a neutral element",
        ),
        (
            "%c = arith.addf %l, %r : f32",
            "%c = arith.addf %l, %l : f32",
            "its combiner is no single operation with a neutral element",
        ),
        (
            "%next = arith.addf",
            "%next = arith.subf",
            "the loop does not only combine its results, as it combines elements",
        ),
        (
            "%next = arith.addf %sum, %part",
            "%both = arith.addf %part, %part : tensor<32xf32, #s>\n%next = arith.addf %sum, %both",
            "the loop does not only combine its results, as it combines elements",
        ),
        (
            "scf.yield %next",
            "tt.store %p, %next : tensor<32x!tt.ptr<f32>, #s>\nscf.yield %next",
            "the loop needs the result in every turn",
        ),
        (
            "scf.yield %next",
            "tt.store %p, %sum : tensor<32x!tt.ptr<f32>, #s>\nscf.yield %next",
            "the loop needs the result in every turn",
        ),
        (
            "%next = arith.addf %sum, %part",
            "%next = arith.addf %zero, %part",
            "the loop needs the result in every turn",
        ),
    ],
)
def test_what_is_reduced_where_it_stands(old: str, new: str, reason: str) -> None:
    outcome, said = remarks(LOOP.replace(old, new))
    assert (outcome, [remark.text for remark in said]) == ("same", [f"reduced where it stands: {reason}"])


def test_what_one_thread_holds_is_reduced_where_it_stands() -> None:
    text = LOOP.replace(
        "sizePerThread = [1, 4], threadsPerWarp = [2, 16]", "sizePerThread = [1, 1], threadsPerWarp = [32, 1]"
    )
    assert remarks(text) == ("same", [])


GATHER = """tt.func public @k(%x: !tt.ptr<f32>, %i: !tt.ptr<{index}>, %o: !tt.ptr<f32>) {{
  %f = tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32>
  %fx = tt.reshape %f : tensor<{size}xi32> -> tensor<{shape}xi32>
  %g = tt.make_range {{end = {count} : i32, start = 0 : i32}} : tensor<{count}xi32>
  %gx = tt.reshape %g : tensor<{count}xi32> -> tensor<{taken}xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<{shape}x!tt.ptr<f32>>
  %xp = tt.addptr %xs, %fx : tensor<{shape}x!tt.ptr<f32>>, tensor<{shape}xi32>
  %v = tt.load %xp : tensor<{shape}x!tt.ptr<f32>>
  %is = tt.splat %i : !tt.ptr<{index}> -> tensor<{taken}x!tt.ptr<{index}>>
  %ip = tt.addptr %is, %gx : tensor<{taken}x!tt.ptr<{index}>>, tensor<{taken}xi32>
  %n = tt.load %ip : tensor<{taken}x!tt.ptr<{index}>>
  %r = tt.gather %v[%n] {{axis = {axis} : i32}} : (tensor<{shape}xf32>, tensor<{taken}x{index}>) -> tensor<{taken}xf32>
  %os = tt.splat %o : !tt.ptr<f32> -> tensor<{taken}x!tt.ptr<f32>>
  %op = tt.addptr %os, %gx : tensor<{taken}x!tt.ptr<f32>>, tensor<{taken}xi32>
  tt.store %op, %r : tensor<{taken}x!tt.ptr<f32>>
  tt.return
}}"""


@pytest.mark.parametrize("warps", [1, 2, 8])
@pytest.mark.parametrize("index", ["i32", "i64"])
@pytest.mark.parametrize(
    ("rows", "columns", "taken", "axis"),
    [(8, 64, 64, 1), (8, 32, 16, 1), (4, 16, 128, 1), (64, 8, 64, 0), (16, 4, 64, 0), (1, 512, 512, 1), (2, 2, 1, 1)],
)
def test_gathers_take_what_they_took(rows: int, columns: int, taken: int, axis: int, index: str, warps: int) -> None:
    shape, result = (rows, columns), (rows, taken) if axis == 1 else (taken, columns)
    text = GATHER.format(
        shape="x".join(map(str, shape)),
        taken="x".join(map(str, result)),
        size=rows * columns,
        count=result[0] * result[1],
        index=index,
        axis=axis,
    )
    compiled = ml.compile(text, road="simt", target="h200", num_warps=warps)
    x = np.arange(rows * columns, dtype=np.float32).reshape(shape)
    where = np.random.default_rng(7).integers(0, shape[axis], result).astype(np.int32 if index == "i32" else np.int64)
    out = np.full(result, -1, np.float32)
    compiled[1](x, where, out, check=True)
    np.testing.assert_array_equal(out, np.take_along_axis(x, where, axis))


@pytest.mark.parametrize(("columns", "shuffles"), [(32, True), (1024, False)])
def test_lanes_gather_from_one_another_where_columns_are_short(columns: int, shuffles: bool) -> None:
    text = GATHER.format(
        shape=f"8x{columns}", taken=f"8x{columns}", size=8 * columns, count=8 * columns, index="i32", axis=1
    )
    compiled = ml.compile(text, road="simt", target="h200")
    gather = compiled.text("ttg").split("tt.gather")[1].splitlines()[0]
    assert ("efficient_layout" in gather) is shuffles
    assert ("simt.shuffle idx" in compiled.text("simt")) is shuffles
