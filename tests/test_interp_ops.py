"""Every elementwise operation of the engine against the slow interpreter, bit for bit, on corners and random values."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import slow
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.interp import run
from minilinalg.interp.dtypes import F16
from minilinalg.parsing import parse_module

N = 32
STORAGE = {
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
}
INTEGERS = ("i8", "i16", "i32", "i64")
FLOATS = ("f16", "bf16", "f32", "f64")


def kernel(body: str, inputs: list[str], output: str, *, scalar: bool = False) -> Any:
    """A kernel that loads one block of each input type, computes `%r` from `%a`, `%b`, ..., and stores it.

    With `scalar` it computes one number a program instead of a block.
    """
    names = "abc"
    arguments = ", ".join(f"%p{n}: !tt.ptr<{t}>" for n, t in zip(names, inputs, strict=False))
    lines = ["%pid = tt.get_program_id x : i32"] if scalar else []
    if not scalar:
        lines.append(f"%range = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>")
    for name, type_ in [*zip(names, inputs, strict=False), ("o", output)]:
        if scalar:
            lines.append(f"%q{name} = tt.addptr %p{name}, %pid : !tt.ptr<{type_}>, i32")
            pointer = f"!tt.ptr<{type_}>"
        else:
            pointer = f"tensor<{N}x!tt.ptr<{type_}>>"
            lines.append(f"%s{name} = tt.splat %p{name} : !tt.ptr<{type_}> -> {pointer}")
            lines.append(f"%q{name} = tt.addptr %s{name}, %range : {pointer}, tensor<{N}xi32>")
        if name != "o":
            lines.append(f"%{name} = tt.load %q{name} : {pointer}")
    lines += [body, f"tt.store %qo, %r : {pointer}", "tt.return"]
    text = "\n".join(lines)
    return parse_module(f"tt.func public @k({arguments}, %po: !tt.ptr<{output}>) {{\n{text}\n}}")


def shaped(type_: str, scalar: bool) -> str:
    return type_ if scalar else f"tensor<{N}x{type_}>"


def corners(type_: str, seed: int) -> Any:
    random = np.random.default_rng(seed)
    dtype = STORAGE[type_]
    if type_ == "i1":
        return random.integers(0, 2, N).astype(np.bool_)
    if type_ in INTEGERS:
        info = np.iinfo(dtype)
        special = [0, 1, -1, 2, -2, 3, 7, -7, info.max, info.min, info.max - 1, info.min + 1]
        values = special + [int(v) for v in random.integers(info.min, info.max, N - len(special))]
    else:
        tiny = float(ml_dtypes.finfo(dtype).smallest_subnormal)
        largest = float(ml_dtypes.finfo(dtype).max)
        special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, tiny, -tiny, largest, -largest, 0.1, 3.5, -2.5]
        values = special + list(random.standard_normal(N - len(special)) * 10.0 ** random.integers(-4, 4))
    array = np.array(values, dtype)
    random.shuffle(array)
    return array


def same(a: Any, b: Any) -> Any:
    if a.dtype.kind in "iub":
        return a == b
    bits = np.dtype(f"u{a.dtype.itemsize}")
    nan = np.isnan(a.astype(np.float64)) & np.isnan(b.astype(np.float64))
    return (a.view(bits) == b.view(bits)) | nan


def compare(
    module: Any, arrays: list[Any], output: str, scalar: bool, *, ulps: float = 0.0, ignore: Any = None
) -> None:
    """Runs both interpreters and compares. Elements of `ignore` are undefined by the dialect."""
    if ignore is not None:
        arrays = [np.where(ignore, np.ones_like(a), a).astype(a.dtype) for a in arrays]
    fast, slowly = (np.zeros(N, STORAGE[output]) for _ in range(2))
    grid = (N,) if scalar else (1,)
    run(module, grid, [*(a.copy() for a in arrays), fast])
    slow.run(module, (*grid, 1, 1), [*(a.copy() for a in arrays), slowly])
    agree = same(fast, slowly)
    if ulps:
        x, y = fast.astype(np.float64), slowly.astype(np.float64)
        with np.errstate(invalid="ignore"):
            agree |= np.abs(x - y) <= ulps * np.spacing(np.abs(slowly).astype(slowly.dtype)).astype(np.float64)
    bad = np.flatnonzero(~agree)
    assert not bad.size, [(i, [a[i] for a in arrays], fast[i], slowly[i]) for i in bad[:5]]


CMPF = ("oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno")
INT_BINARY = (
    "addi subi muli divsi divui remsi remui floordivsi ceildivsi andi ori xori shli shrsi shrui maxsi minsi maxui minui"
)


@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize("type_", INTEGERS)
@pytest.mark.parametrize("name", INT_BINARY.split())
def test_integer_operations(name: str, type_: str, scalar: bool) -> None:
    a, b = corners(type_, 1), corners(type_, 2)
    ignore = None
    if "div" in name or "rem" in name:
        ignore = (b == 0) | ((a == np.iinfo(a.dtype).min) & (b == -1))
    elif name.startswith("sh"):
        b = (b % (8 * b.dtype.itemsize)).astype(b.dtype)
    module = kernel(f"%r = arith.{name} %a, %b : {shaped(type_, scalar)}", [type_, type_], type_, scalar=scalar)
    compare(module, [a, b], type_, scalar, ignore=ignore)


@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize("type_", FLOATS)
@pytest.mark.parametrize("name", ["addf", "subf", "mulf", "divf", "remf", "maximumf", "minimumf"])
def test_float_operations(name: str, type_: str, scalar: bool) -> None:
    module = kernel(f"%r = arith.{name} %a, %b : {shaped(type_, scalar)}", [type_, type_], type_, scalar=scalar)
    compare(module, [corners(type_, 3), corners(type_, 4)], type_, scalar)


@pytest.mark.parametrize("type_", FLOATS)
@pytest.mark.parametrize("name", ["maxnumf", "minnumf"])
def test_maxnum_leaves_the_sign_of_zero_open(name: str, type_: str) -> None:
    a, b = corners(type_, 3), corners(type_, 4)
    zeros = (a == 0) & (b == 0)
    module = kernel(f"%r = arith.{name} %a, %b : {shaped(type_, False)}", [type_, type_], type_)
    compare(module, [a, b], type_, False, ignore=zeros)


@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize("type_", INTEGERS)
@pytest.mark.parametrize("predicate", ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"])
def test_integer_comparisons(predicate: str, type_: str, scalar: bool) -> None:
    module = kernel(
        f"%r = arith.cmpi {predicate}, %a, %b : {shaped(type_, scalar)}", [type_, type_], "i1", scalar=scalar
    )
    a = corners(type_, 5)
    compare(module, [a, np.where(np.arange(N) % 3, corners(type_, 6), a)], "i1", scalar)


@pytest.mark.parametrize("type_", FLOATS)
@pytest.mark.parametrize("predicate", CMPF)
def test_float_comparisons(predicate: str, type_: str) -> None:
    module = kernel(f"%r = arith.cmpf {predicate}, %a, %b : {shaped(type_, False)}", [type_, type_], "i1")
    a = corners(type_, 5)
    compare(module, [a, np.where(np.arange(N) % 3, corners(type_, 6), a)], "i1", False)


CASTS = [
    *(("extsi", a, b) for a, b in (("i8", "i32"), ("i1", "i32"), ("i32", "i64"), ("i16", "i64"))),
    *(("extui", a, b) for a, b in (("i8", "i32"), ("i1", "i8"), ("i32", "i64"))),
    *(("trunci", a, b) for a, b in (("i32", "i8"), ("i64", "i32"), ("i32", "i1"), ("i64", "i16"))),
    *(("extf", a, b) for a, b in (("f16", "f32"), ("bf16", "f32"), ("f32", "f64"), ("f16", "f64"))),
    *(("truncf", a, b) for a, b in (("f32", "f16"), ("f32", "bf16"), ("f64", "f32"), ("f64", "f16"), ("f64", "bf16"))),
    *(("sitofp", a, b) for a in ("i8", "i32", "i64", "i1") for b in FLOATS),
    *(("uitofp", a, b) for a in ("i8", "i32", "i64", "i1") for b in FLOATS),
    *(("fptosi", a, b) for a in FLOATS for b in ("i8", "i32", "i64")),
    *(("fptoui", a, b) for a in FLOATS for b in ("i8", "i32", "i64")),
    *(("bitcast", a, b) for a, b in (("f32", "i32"), ("i32", "f32"), ("f16", "i16"), ("i16", "bf16"), ("f64", "i64"))),
]


@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize(("name", "source", "target"), CASTS)
def test_casts(name: str, source: str, target: str, scalar: bool) -> None:
    a, ignore = corners(source, 7), None
    if name.startswith("fpto"):
        bits = 8 * STORAGE[target](0).itemsize
        low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1)) if name == "fptosi" else (0.0, 2.0**bits)
        wide = a.astype(np.float64)
        with np.errstate(invalid="ignore"):
            ignore = ~((np.trunc(wide) >= low) & (np.trunc(wide) < high))
    body = f"%r = arith.{name} %a : {shaped(source, scalar)} to {shaped(target, scalar)}"
    compare(kernel(body, [source], target, scalar=scalar), [a], target, scalar, ignore=ignore)


@pytest.mark.parametrize("type_", FLOATS)
@pytest.mark.parametrize("name", ["absf", "ceil", "floor", "sqrt"])
def test_exact_functions(name: str, type_: str) -> None:
    module = kernel(f"%r = math.{name} %a : {shaped(type_, False)}", [type_], type_)
    compare(module, [corners(type_, 8)], type_, False)


@pytest.mark.parametrize("type_", FLOATS)
@pytest.mark.parametrize("name", ["exp", "exp2", "log", "log2", "sin", "cos", "erf", "rsqrt", "tanh"])
def test_functions_within_their_ulps(name: str, type_: str) -> None:
    a = corners(type_, 9)
    if name in ("sin", "cos"):
        # Argument reduction of huge numbers is where libraries differ; kernels stay below.
        a = np.where(np.abs(a.astype(np.float64)) < 1e4, a, np.ones_like(a)).astype(a.dtype)
    module = kernel(f"%r = math.{name} %a : {shaped(type_, False)}", [type_], type_)
    compare(module, [a], type_, False, ulps=4)


@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize("type_", FLOATS)
def test_fma_rounds_once(type_: str, scalar: bool) -> None:
    module = kernel(f"%r = math.fma %a, %b, %c : {shaped(type_, scalar)}", [type_] * 3, type_, scalar=scalar)
    compare(module, [corners(type_, s) for s in (10, 11, 12)], type_, scalar)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(width=32), min_size=3 * N, max_size=3 * N))
def test_fma_rounds_once_anywhere(values: list[float]) -> None:
    module = kernel(f"%r = math.fma %a, %b, %c : {shaped('f32', False)}", ["f32"] * 3, "f32")
    a, b, c = np.array(values, np.float32).reshape(3, N)
    with np.errstate(over="ignore", invalid="ignore"):
        # Sums that nearly cancel are the hard ones.
        compare(module, [a, b, np.where(np.arange(N) % 2, c, -(a * b)).astype(np.float32)], "f32", False)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(width=64), min_size=N, max_size=N), st.sampled_from(["f16", "bf16", "f32"]))
def test_narrowing_rounds_once(values: list[float], target: str) -> None:
    module = kernel(f"%r = arith.truncf %a : tensor<{N}xf64> to tensor<{N}x{target}>", ["f64"], target)
    compare(module, [np.array(values)], target, False)


@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize("type_", ["i32", "f32", "f16"])
def test_select(type_: str, scalar: bool) -> None:
    types = "i1" if scalar else f"tensor<{N}xi1>, tensor<{N}x{type_}>"
    body = f"%r = arith.select %a, %b, %c : {type_ if scalar else types}"
    module = kernel(body, ["i1", type_, type_], type_, scalar=scalar)
    compare(module, [corners("i1", 1), corners(type_, 2), corners(type_, 3)], type_, scalar)


@pytest.mark.parametrize("type_", ["i32", "i64"])
def test_mulhiui(type_: str) -> None:
    module = kernel(f"%r = tt.mulhiui %a, %b : tensor<{N}x{type_}>", [type_, type_], type_)
    compare(module, [corners(type_, 2), corners(type_, 3)], type_, False)


@pytest.mark.parametrize("mode", ["none", "all"])
@pytest.mark.parametrize("type_", ["f32", "f16"])
def test_clampf(type_: str, mode: str) -> None:
    body = f"%r = tt.clampf %a, %b, %c, propagateNan = {mode} : tensor<{N}x{type_}>"
    a, b, c = (corners(type_, s) for s in (2, 3, 4))
    b, c = np.fmin(np.abs(b), np.ones_like(b)), np.fmax(np.abs(c), np.full_like(c, 2))
    compare(kernel(body, [type_] * 3, type_), [np.where(a == 0, np.ones_like(a), a), b, c], type_, False)


def test_fast_rounding_to_half_is_numpys() -> None:
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    ties = ((halves[:-1].astype(np.float64) + halves[1:]) / 2).astype(np.float32)
    beside = [np.nextafter(ties, np.float32(limit)) for limit in (np.inf, 0)]
    anything = np.arange(0, 1 << 32, 65_537, dtype=np.uint64).astype(np.uint32).view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for values in (halves, ties, *beside, -ties, anything, anything[np.abs(anything) < 65_000]):
            assert same(F16.round(values), values.astype(np.float16).astype(np.float32)).all()
