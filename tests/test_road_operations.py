"""Kernels around the operations of tt that few kernels use, in the IR that the official compiler wrote, down the whole
road: every pass checked, and what the machine leaves in memory against NumPy."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from road_checks import Kernels, blocks, floats, integers, kernel_for

import minilinalg as ml
from minilinalg.errors import RunError, UnsupportedError

FILES = Path(__file__).parent / "data" / "operations"
check = Kernels(FILES).check


def zeros(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


# Reductions


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (3, 64), (5, 151)])
def test_layernorm_by_welford(rows: int, n: int) -> None:
    x = floats(rows, n)
    wanted = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + np.float32(1e-5))
    check("layernorm_welford", rows, [x, zeros(rows, n), n, 1e-5], {1: wanted}, 2e-5)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (4, 64), (9, 37)])
def test_softmax_by_pairs(m: int, n: int) -> None:
    x = floats(m, n)
    e = np.exp(x - x.max(1, keepdims=True))
    check("softmax_pairs", blocks(m, 4), [x, zeros(m, n), m, n], {1: e / e.sum(1, keepdims=True)}, 1e-5)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (32, 16), (17, 37)])
def test_column_range(m: int, n: int) -> None:
    x = integers(m, n)
    args = [x, zeros(n, dtype=np.int32), zeros(n, dtype=np.int32), m, n]
    check("column_range", blocks(n, 16), args, {1: x.min(0), 2: x.max(0)})


@pytest.mark.parametrize(("m", "n"), [(1, 1), (8, 32), (13, 29)])
@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
def test_row_argmin_takes_the_first_of_equals(m: int, n: int, target: str) -> None:
    x = integers(m, n, low=-2, high=3).astype(np.float16)
    wanted = x.argmin(1).astype(np.int32)
    check("row_argmin", blocks(m, 8), [x, zeros(m, dtype=np.int32), m, n], {1: wanted}, target=target)


@pytest.mark.parametrize("n", [0, 1, 101, 128])
def test_product_and_xor(n: int) -> None:
    x, i = (2.0 ** integers(n, low=-1, high=2)).astype(np.float32), integers(n)
    wanted = {2: np.array([x.prod()]), 3: np.bitwise_xor.reduce(i, keepdims=True, initial=0, axis=0).astype(np.int32)}
    check("product_and_xor", 1, [x, i, zeros(1), zeros(1, dtype=np.int32), n], wanted)


# Scans


@pytest.mark.parametrize(("m", "n"), [(1, 1), (32, 16), (19, 37)])
def test_column_sums_from_below(m: int, n: int) -> None:
    x = integers(m, n)
    wanted = np.flip(np.flip(x, 0).cumsum(0), 0).astype(np.int32)
    check("column_sums_from_below", blocks(n, 16), [x, zeros(m, n, dtype=np.int32), m, n], {1: wanted})


@pytest.mark.parametrize(("m", "n"), [(1, 1), (4, 64), (7, 41)])
def test_linear_recurrence(m: int, n: int) -> None:
    a, b = floats(m, n) / 2, floats(m, n, seed=1)
    wanted, y = zeros(m, n), zeros(m)
    for i in range(n):
        y = wanted[:, i] = a[:, i] * y + b[:, i]
    check("linear_recurrence", blocks(m, 4), [a, b, zeros(m, n), m, n], {2: wanted}, 1e-5)


@pytest.mark.parametrize("n", [1, 37, 64])
@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
def test_running_product_wraps_around(n: int, target: str) -> None:
    x = integers(n, low=-5, high=6)
    check("running_product", 1, [x, zeros(n, dtype=np.int32), n], {1: x.cumprod(dtype=np.int32)}, target=target)


# Whole blocks


@pytest.mark.parametrize("n", [0, 1, 101, 128])
def test_counts(n: int) -> None:
    """What the mask leaves out is undefined, and not counted."""
    x = integers(n, low=0, high=16)
    check("counts", 1, [x, zeros(16, dtype=np.int32), n], {1: np.bincount(x, minlength=16).astype(np.int32)})


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (3, 32), (5, 21)])
def test_sorted_rows(rows: int, n: int) -> None:
    x = floats(rows, n)
    check("sorted_rows", rows, [x, zeros(rows, n), n], {1: np.sort(x, 1)})


@pytest.mark.parametrize(("rows", "n"), [(1, 4), (3, 32), (5, 21)])
def test_largest(rows: int, n: int) -> None:
    x = floats(rows, n)
    check("largest", rows, [x, zeros(rows, 4), n], {1: -np.sort(-x, 1)[:, :4]})


@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
def test_permuted_columns(target: str) -> None:
    x, i = floats(4, 32), integers(4, 32, low=0, high=32)
    wanted = np.take_along_axis(x, i, 1)
    check("permuted_columns", 1, [x, i, zeros(4, 32)], {2: wanted}, target=target)


@pytest.mark.parametrize(("n", "m"), [(0, 1), (101, 64), (128, 131)])
def test_looked_up(n: int, m: int) -> None:
    """The table is computed, so it is in on-chip memory when it is looked at."""
    x, i = floats(n), integers(m, low=0, high=128, dtype=np.int64)
    wanted = np.where(i < n, np.append(x, np.zeros(128 - n, np.float32))[i], np.float32(-1)) * 2
    check("looked_up", blocks(m, 64), [x, i, zeros(m), n, m], {2: wanted})


@pytest.mark.parametrize("n", [0, 1, 13, 16])
def test_picked_rows(n: int) -> None:
    x, i = integers(2, 4, 16, dtype=np.int16), integers(2, 8, 16, low=0, high=4, dtype=np.int16)
    y = np.full((2, 8, 16), 7, np.int16)
    wanted = np.where(np.arange(16) < n, np.take_along_axis(x, i.astype(np.int64), 1), y)
    check("picked_rows", 1, [x, i, y, n], {2: wanted})


def test_reversed_and_interleaved() -> None:
    x = integers(64)
    args = [x, zeros(64, dtype=np.int32), zeros(128, dtype=np.int32)]
    check("reversed_and_interleaved", 1, args, {1: x[::-1], 2: np.concatenate([x, x[::-1]])})


# Elements


@pytest.mark.parametrize("n", [0, 1, 64, 100])
def test_by_element(n: int) -> None:
    x = floats(n) * 2
    x[n // 3 : n // 2] = np.nan
    check("by_element", blocks(n, 64), [x, zeros(n), n], {1: np.clip(x, -1, 1)})


def test_by_pairs() -> None:
    """Groups of two elements, with four results for each."""
    x, y = integers(4, 16), integers(4, 16, seed=1)
    (a, b), (c, d) = (np.moveaxis(v.reshape(4, 8, 2), 2, 0) for v in (x, y))
    low = np.stack([np.minimum(a, b), np.maximum(a, b)], 2).reshape(4, 16)
    high = np.stack([np.minimum(c, d) * 2, c - np.minimum(c, d)], 2).reshape(4, 16)
    result = zeros(4, 16, dtype=np.int32), zeros(4, 16, dtype=np.int32)
    check("by_pairs", 1, [x, y, *result], {2: low, 3: high})


@pytest.mark.parametrize("n", [1, 32, 37])
@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
def test_elements_in_turn(n: int, target: str) -> None:
    """A division that only happens in a branch, and a loop that ends at another time for each element."""
    x, y = integers(n, low=1, high=99), integers(n, low=0, high=9, seed=1)
    y[n // 2] = 0
    quotient = np.where(y == 0, -1, x // np.maximum(y, 1)).astype(np.int32)
    args = [x, y, zeros(n, dtype=np.int32), zeros(n, dtype=np.int32), n]
    check("in_turn", blocks(n, 32), args, {2: quotient, 3: np.gcd(x, y)}, target=target)


@pytest.mark.parametrize("n", [1, 128, 200])
def test_narrow(n: int) -> None:
    x = floats(n) * 10
    a, b = x.astype(ml_dtypes.float8_e5m2), x.astype(ml_dtypes.float8_e4m3fn)
    c = x.astype(np.float16)
    total = a.astype(np.float32) + b.astype(np.float32) + c.astype(np.float32)
    args = [x, a * 0, b * 0, c * 0, zeros(n), n]
    check("narrow", blocks(n, 128), args, {1: a, 2: b, 3: c, 4: total})


@pytest.mark.parametrize("n", [1, 128, 200])
def test_library(n: int) -> None:
    x = floats(n)
    x[n // 2] = np.nan
    wide = x.astype(np.float64)
    y = np.tanh(wide) + np.abs(wide) ** 1.5 + np.rint(wide) + np.log1p(np.abs(wide))
    y += np.copysign(2.0, wide) + np.fmod(wide, 0.75) + np.trunc(wide) + [math.erf(v) for v in wide]
    check("library", blocks(n, 128), [x, zeros(n), n], {1: np.where(np.isnan(x), 0, y)}, 1e-6)


@pytest.mark.parametrize("n", [1, 128, 200])
def test_toward_zero(n: int) -> None:
    """Cutting bits off rounds toward zero, as long as nothing is subnormal."""
    x = floats(n) * 10
    bits = x.view(np.uint32)
    a = (bits & 0xFFE00000).view(np.float32).astype(ml_dtypes.float8_e5m2)
    b = (bits & 0xFFFF0000).view(np.float32).astype(ml_dtypes.bfloat16)
    c = (bits & 0xFFFFE000).view(np.float32).astype(np.float16)
    d = a.astype(np.float32).astype(ml_dtypes.float8_e4m3fn)
    args = [x, a * 0, b * 0, c * 0, d * 0, n]
    check("toward_zero", blocks(n, 128), args, {1: a, 2: b, 3: c, 4: d})


@pytest.mark.parametrize("n", [1, 64, 100])
def test_exact_elements(n: int) -> None:
    x, y, i = floats(n), floats(n, seed=1), integers(n, low=-(2**31), high=2**31)
    z = x / y + np.sqrt(np.abs(x)) + np.clip(x, -1, 1) + y / x
    j = ((i.astype(np.uint32).astype(np.uint64) ** 2) >> 32).astype(np.int32) + (x.view(np.int32) >> 31)
    check("exact_elements", blocks(n, 64), [x, y, i, zeros(n), zeros(n, dtype=np.int32), n], {3: z, 4: j}, 1e-6)


# Products


OPERANDS = {
    "int8": (np.int8, np.int32),
    "bf16": (ml_dtypes.bfloat16, np.float32),
    "tf32": (np.float32, np.float32),
    "fp8": (ml_dtypes.float8_e5m2, np.float32),
    "f16": (np.float16, np.float16),
}


@pytest.mark.parametrize("name", OPERANDS)
@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (16, 32, 32), (19, 37, 50)])
def test_products_of_types(name: str, m: int, n: int, k: int) -> None:
    operand, result = OPERANDS[name]
    a, b = integers(m, k, low=-2, high=3), integers(k, n, low=-2, high=3, seed=1)
    args = [a.astype(operand), b.astype(operand), zeros(m, n, dtype=result), m, n, k]
    check(f"one_product_{name}", (blocks(m, 16), blocks(n, 32)), args, {2: (a @ b).astype(result)})


def test_products() -> None:
    a, b = integers(4, 16, 16, low=-4, high=5), integers(4, 16, 16, low=-4, high=5, seed=1)
    args = [a.astype(np.float32), b.astype(np.float32), zeros(4, 16, 16)]
    check("products", 1, args, {2: a @ b})


@pytest.mark.parametrize(("s", "m", "n", "k"), [(1, 1, 1, 1), (2, 16, 32, 32), (5, 13, 29, 37)])
def test_summed_products(s: int, m: int, n: int, k: int) -> None:
    a, b = (integers(*shape, low=-2, high=3).astype(np.float16) for shape in ((s, m, k), (s, k, n)))
    wanted = a.astype(np.float32) @ b.astype(np.float32)
    check("summed_products", blocks(s, 2), [a, b, zeros(s, m, n), s, m, n, k], {2: wanted})


WIDE = {
    "f16": ("f32", np.float16, np.float32),
    "f32": ("f32", np.float32, np.float32),
    "i8": ("i32", np.int8, np.int32),
    "f64": ("f64", np.float64, np.float64),
    "i64": ("i64", np.int64, np.int64),
}


@pytest.fixture(scope="module")
def without_matrix_unit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The target file of a machine like 'tiny-simd' that has no matrix unit."""
    text = (Path(ml.__file__).parent / "targets" / "tiny-simd.toml").read_text()
    tables = [table for table in text.split("\n[") if not table.startswith("matrix]") and "wram" not in table]
    path = tmp_path_factory.mktemp("targets") / "unit-less.toml"
    path.write_text("\n[".join(tables).replace('"tiny-simd"', '"unit-less"'))
    return str(path)


@pytest.mark.parametrize("machine", ["mlu370", "unit-less"])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 5, 7, 2), (2, 3, 5, 0), (2, 3, 64, 16)])
@pytest.mark.parametrize("element", WIDE)
def test_products_of_matrices_of_any_size(
    shape: tuple[int, ...], element: str, machine: str, without_matrix_unit: str
) -> None:
    """Parts of a batch that no instruction can reach are copied; the vector unit does what no matrix unit does."""
    s, m, n, k = shape
    wide, dtype, result = WIDE[element]
    types = f"tensor<{s}x{m}x{k}x{element}>", f"tensor<{s}x{k}x{n}x{element}>", f"tensor<{s}x{m}x{n}x{wide}>"
    kernel = ml.compile(
        f"""func.func @f(%a: {types[0]}, %b: {types[1]}, %c: {types[2]}) -> {types[2]} {{
          %r = linalg.batch_matmul ins(%a, %b : {types[0]}, {types[1]}) outs(%c : {types[2]}) -> {types[2]}
          return %r : {types[2]}
        }}""",
        target=without_matrix_unit if machine == "unit-less" else machine,
    )
    a, b, c = integers(s, m, k, low=-4, high=5), integers(s, k, n, low=-4, high=5), integers(s, m, n)
    run = kernel(a.astype(dtype), b.astype(dtype), c.astype(result), check=True)
    np.testing.assert_array_equal(run.results[0], (a @ b + c).astype(result))
    assert ("simd.matmul" in kernel.text("simd")) == (machine == "mlu370" and element not in ("f64", "i64"))


# Descriptors


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (16, 32, 32), (19, 37, 50)])
def test_described_matmul(m: int, n: int, k: int) -> None:
    a, b = integers(m, k, low=-3, high=4), integers(k, n, low=-3, high=4, seed=1)
    args = [a.astype(np.float16), b.astype(np.float16), zeros(m, n), m, n, k]
    check("described_matmul", (blocks(m, 16), blocks(n, 32)), args, {2: a @ b})


@pytest.mark.parametrize(("m", "n"), [(1, 1), (4, 32), (11, 45)])
def test_described_sum(m: int, n: int) -> None:
    """Blocks of rows are added up in memory, which is one block high."""
    x, y = integers(m, n), integers(4, n, seed=1)
    padded = np.zeros((blocks(m, 4) * 4, n))
    padded[:m] = x
    args = [x.astype(np.float32), y.astype(np.float32), m, n]
    check("described_sum", (blocks(m, 4), blocks(n, 32)), args, {1: y + padded.reshape(-1, 4, n).sum(0)})


# Memory that programs share


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (16, 32, 32), (19, 37, 50)])
@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
def test_split_k(m: int, n: int, k: int, target: str) -> None:
    a, b, c = integers(m, k, low=-3, high=4), integers(k, n, low=-3, high=4, seed=1), integers(m, n).astype(np.float32)
    args = [a.astype(np.float16), b.astype(np.float16), c.copy(), m, n, k]
    check("split_k", (blocks(m, 16), blocks(n, 32), blocks(k, 16)), args, {2: a @ b + c}, target=target)


@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
def test_tickets(target: str) -> None:
    """Every program gets a ticket of its own; which one is open."""
    x = integers(300)
    largest = np.full((5, 64), -1000)
    largest.reshape(-1)[:300] = x
    args = [x, zeros(1, dtype=np.int32), np.full(64, -2000, np.int32), np.full(5, -1, np.int32), 300]
    check("tickets", 5, args, {1: np.array([5]), 2: largest.max(0)}, target=target)
    assert sorted(args[3].tolist()) == list(range(5))


@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
@pytest.mark.parametrize("grid", [1, 5, 37])
def test_locked_counts(grid: int, target: str) -> None:
    """More programs than cores wait for one lock, which each gives back."""
    x = integers(grid * 64, low=0, high=16)
    args = [x, zeros(16, dtype=np.int32), zeros(1, dtype=np.int32), len(x)]
    check("locked_counts", grid, args, {1: np.bincount(x, minlength=16), 2: np.array([0])}, target=target)


# Control


@pytest.mark.parametrize("n", [0, 1, 64, 150])
def test_early_return(n: int) -> None:
    x = floats(200)
    wanted = np.where(np.arange(200) < n, x + 1, 0)
    check("early_return", 4, [x, zeros(200), n], {1: wanted})


@pytest.mark.parametrize(("n", "low"), [(1, 0), (64, -1), (150, 5), (150, -7)])
def test_called(n: int, low: int) -> None:
    x = integers(200).astype(np.float32)
    wanted = np.where(np.arange(200) < n, x * (low * 3 if low < 0 else low + 2), 0)
    check("called", blocks(n, 64), [x, zeros(200), n, low], {1: wanted})


def scales(rows: int, blocks: int, low: int, high: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Exponents of e8m0, of which one is 0xFF, and the factor of each of 32 elements."""
    bits = integers(rows, blocks, low=low, high=high, dtype=np.uint8, seed=seed)
    bits[seed, 0] = 0xFF
    with np.errstate(over="ignore"):
        factors = np.where(bits == 0xFF, np.nan, np.exp2(bits - 127.0)).astype(np.float32)
    return bits, np.repeat(factors, 32, axis=1)


# Factors around 1, and so small that 0, which is 2^-127, is among them.
@pytest.mark.parametrize(("low", "high"), [(120, 134), (0, 2)])
def test_scaled_product(low: int, high: int) -> None:
    a = integers(128, 64, low=-3, high=4).astype(ml_dtypes.float8_e5m2)
    b = integers(64, 64, low=-3, high=4, seed=1).astype(ml_dtypes.float8_e4m3fn)
    (sa, fa), (sb, fb) = scales(128, 2, low, high), scales(64, 2, 120, 134, 1)
    wanted = (a.astype(np.float32) * fa).astype(np.float64) @ (b.astype(np.float32) * fb.T).astype(np.float64)
    assert np.isnan(wanted).sum() == 128 + 64 - 1
    check("scaled_product", 1, [a, sa, b, sb, zeros(128, 64)], {4: wanted}, 1e-6)


def test_scaled_pairs() -> None:
    """Two elements share a byte: of the left operand along K, of the right one along N."""
    a, b = integers(32, 32, low=0, high=256, dtype=np.uint8), integers(64, 16, low=0, high=256, dtype=np.uint8, seed=1)
    (sa, fa), (sb, fb) = scales(32, 2, 125, 130), scales(32, 2, 125, 130, 1)
    x, y = (
        np.stack([v & 15, v >> 4], 2).reshape(len(v), -1).view(ml_dtypes.float4_e2m1fn).astype(np.float64)
        for v in (a, b)
    )
    wanted = (x * fa) @ (y * fb.T)
    check("scaled_pairs", 1, [a, sa, b, sb, zeros(32, 32)], {4: wanted.astype(np.float32)})


def test_scaled_half() -> None:
    """No scale on one side, and f16 as the type that is multiplied: the factor is rounded into it."""
    a, b = floats(32, 64).astype(np.float16), floats(64, 32, seed=1).astype(ml_dtypes.float8_e4m3fn)
    sb, fb = scales(32, 2, 120, 134)
    c = floats(32, 32, seed=2)
    right = (b.astype(np.float32) * fb.T).astype(np.float16)
    wanted = a.astype(np.float64) @ right.astype(np.float64) + c
    check("scaled_half", 1, [a, b, sb, c], {3: wanted.astype(np.float32)}, 1e-5)


# Addresses that only the data name


def test_paged_attention() -> None:
    """The keys and values of a sequence lie in pages that a table names; one sequence fills none of its pages."""
    lengths = np.array([1, 8, 21], np.int32)
    q, k, v = floats(3, 16), floats(9, 8, 16, seed=1), floats(9, 8, 16, seed=2)
    table = np.array([[7, 0, 0], [2, 0, 0], [8, 1, 4]], np.int32)
    wanted = zeros(3, 16)
    for row, length in enumerate(lengths):
        keys, values = (x[table[row]].reshape(-1, 16)[:length] for x in (k, v))
        s = keys @ q[row] * np.float32(0.25)
        wanted[row] = np.exp(s - s.max()) @ values / np.exp(s - s.max()).sum()
    check("paged_attention", 3, [q, k, v, table, lengths, zeros(3, 16), 0.25, 3], {5: wanted}, 1e-5)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 70), (5, 40), (33, 34), (50, 20)])
def test_both_ends(a: int, b: int) -> None:
    x, at = floats(70), np.arange(70)
    check("both_ends", 3, [x, zeros(70), a, b, 70], {1: np.where((at < a) | (at >= b), x + 1, 0)})


def test_until_negative() -> None:
    """A pointer that a while loop moves; each program ends in another turn, the last one before its first."""
    x = integers(7, 4, low=0)
    x[[6, 3, 5, 0], [0, 1, 2, 3]] = -1
    wanted = [x[:6, 0].sum(), x[:3, 1].sum(), x[:5, 2].sum(), 0]
    check("until_negative", 4, [x, zeros(4, dtype=np.int32), 4], {1: np.array(wanted, np.int32)})


# What a program tells


@pytest.mark.parametrize("n", [0, 3, 4])
def test_printed(n: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Once, although every pass is checked by running."""
    x = integers(4)
    check("printed", 3, [x, n], {})
    values = np.where(np.arange(4) < n, x, 0)
    lines = capsys.readouterr().out.splitlines()
    for p in range(3):
        mine = [line for line in lines if line.startswith(f"pid ({p}, 0, 0)")]
        assert mine == [f"pid ({p}, 0, 0) idx ({i}) x: {v}" for i, v in enumerate(values)]


@pytest.mark.parametrize(("n", "high"), [(1, 5), (11, 5)])
def test_assertions_that_hold(n: int, high: int, capsys: pytest.CaptureFixture[str]) -> None:
    x = floats(n)
    check("asserted", blocks(n, 4), [x, zeros(n), n, high], {1: x})
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("pid (0, 0, 0)")]
    assert lines == [
        "pid (0, 0, 0) idx () row: (operand 0) 0x00000000",
        *(f"pid (0, 0, 0) idx ({i // 2}, {i % 2}) row: (operand 1) 0x0000000{i}" for i in range(4)),
    ]


@pytest.mark.parametrize(
    ("high", "found"), [(0, "in program (0, 0, 0): no limit"), (1, "in program (2, 0, 0) at [1]: too large")]
)
def test_assertions_that_fail(high: int, found: str) -> None:
    x = np.zeros(11, np.float32)
    x[9] = 2
    kernel = ml.compile(FILES / "asserted.ttir", target="mlu370")
    with pytest.raises(RunError) as caught:
        kernel[3](x, zeros(11), 11, high)
    assert caught.value.diagnostic.found == f"device assertion failed {found}"
    assert caught.value.diagnostic.rule == "the program asserts this"
    assert caught.value.diagnostic.places


# What has no way down yet


REFUSED = {}
"""Kernel -> what its error names."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_way_down_says_so(name: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        ml.compile(FILES / f"{name}.ttir", target="mlu370")
    diagnostic = caught.value.diagnostic
    assert REFUSED[name] in diagnostic.found
    assert diagnostic.rule and diagnostic.places


def test_every_kernel_of_the_folder_is_used() -> None:
    files = (Path(__file__).with_name(f"test_road_{part}.py") for part in ("operations", "pointers"))
    text = "".join(file.read_text() for file in files)
    unused = [path.stem for path in FILES.glob("*.ttir") if f'"{path.stem}"' not in text]
    assert [name for name in unused if not name.startswith("one_product_")] == []


def test_a_while_loop_carries_an_argument_from_its_start() -> None:
    """The argument itself is where the pointer begins: no element away from it."""
    text = """
    tt.func public @last(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %n: i32) {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %end:2 = scf.while (%p = %x, %k = %n) : (!tt.ptr<f32>, i32) -> (!tt.ptr<f32>, i32) {
        %go = arith.cmpi sgt, %k, %c0 : i32
        scf.condition(%go) %p, %k : !tt.ptr<f32>, i32
      } do {
      ^bb0(%p: !tt.ptr<f32>, %k: i32):
        %q = tt.addptr %p, %c1 : !tt.ptr<f32>, i32
        %left = arith.subi %k, %c1 : i32
        scf.yield %q, %left : !tt.ptr<f32>, i32
      }
      %v = tt.load %end#0 : !tt.ptr<f32>
      tt.store %y, %v : !tt.ptr<f32>
      tt.return
    }"""
    compiled = kernel_for(text, "tiny-simd")
    for steps in (0, 1, 6):
        x, y = np.arange(7, dtype=np.float32), np.full(1, -1, np.float32)
        compiled[1](x, y, steps, check=True)
        assert y[0] == steps
