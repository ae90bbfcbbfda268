"""Further Triton kernels, in the IR that the official compiler wrote, down the whole road: every pass checked, and what
the machine leaves in memory against NumPy. Those that have no way down yet say why."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from road_checks import Kernels, blocks, floats, integers, kernel_for

FILES = Path(__file__).parent / "data" / "road"
check = Kernels(FILES).check


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


# Elementwise


@pytest.mark.parametrize("n", [0, 1, 127, 128, 1000])
def test_gelu(n: int) -> None:
    from math import erf

    x = floats(n)
    wanted = 0.5 * x * (1 + np.array([erf(v / 2**0.5) for v in x.tolist()], np.float32))
    check("gelu", blocks(n, 128), [x, ones(n), n], {1: wanted}, 1e-6)


@pytest.mark.parametrize(("rows", "d"), [(1, 1), (3, 64), (37, 131)])
def test_silu_and_mul(rows: int, d: int) -> None:
    x = floats(rows, 2 * d, dtype=ml_dtypes.bfloat16)
    gate, up = x[:, :d].astype(np.float32), x[:, d:].astype(np.float32)
    check("silu_and_mul", rows, [x, ones(rows, d, dtype=x.dtype), d], {1: gate / (1 + np.exp(-gate)) * up}, 0.02)


@pytest.mark.parametrize(("low", "high"), [(0, 128), (3, 101), (70, 60), (-5, 500), (64, 128)])
def test_a_mask_from_below_and_above(low: int, high: int) -> None:
    x, y, i = floats(128), floats(128, seed=1), np.arange(128)
    wanted = np.where((i >= low) & (i < high), x, 1) + np.where(i < high, y, 2)
    check("add_between", 2, [x, y, ones(128), low, high], {2: wanted.astype(np.float32)})


@pytest.mark.parametrize(("n", "k"), [(1, 2), (64, 0), (200, 3)])
def test_moving_average(n: int, k: int) -> None:
    x = integers(n).astype(np.float32)
    wanted = np.convolve(np.pad(x, k), ones(2 * k + 1), "valid") / np.float32(2 * k + 1)
    check("moving_average", blocks(n, 64), [x, ones(n), n, k], {1: wanted})


@pytest.mark.parametrize("n", [1, 128, 300])
def test_adam(n: int) -> None:
    p, g, m, v = floats(n), floats(n, dtype=np.float16), floats(n, seed=2), np.abs(floats(n, seed=3))
    wide = g.astype(np.float32)
    new_m, new_v = 0.9 * m + 0.1 * wide, 0.99 * v + 0.01 * wide**2
    new_p = p - 0.01 * (new_m / (1 - 0.9**3)) / (np.sqrt(new_v / (1 - 0.99**3)) + 1e-8)
    check("adam", blocks(n, 128), [p, g, m, v, n, 0.01, 0.9, 0.99, 1e-8, 3], {0: new_p, 2: new_m, 3: new_v}, 1e-4)


@pytest.mark.parametrize("n", [1, 64, 101])
def test_masked_fill_by_booleans_in_memory(n: int) -> None:
    x, filled = floats(n), integers(n) > 0
    args = [x, filled, ones(n), ones(n, dtype=np.bool_), n]
    check("masked_fill", blocks(n, 64), args, {2: np.where(filled, np.float32(-1), x), 3: ~filled})


@pytest.mark.parametrize(("m", "n"), [(1, 1), (8, 32), (9, 65)])
def test_dequantise(m: int, n: int) -> None:
    q, scale = integers(m, n, dtype=np.int8), floats(m)
    wanted = (q.astype(np.float32) * scale[:, None]).astype(ml_dtypes.bfloat16)
    check("dequantise", (blocks(m, 8), blocks(n, 32)), [q, scale, ones(m, n, dtype=wanted.dtype), m, n], {2: wanted})


def test_random_numbers() -> None:
    """Philox is products of 32 bits of which both halves count."""
    dropout = kernel_for(FILES.parent / "ttir" / "dropout.ttir", "mlu370")
    x, y = ones(2048), np.full(2048, 7, np.float32)
    dropout[2](x, y, 2000, 0.25, 123, check=True)
    assert set(np.unique(y[:2000])) == {np.float32(0), np.float32(1 / 0.75)}
    assert 1400 < np.count_nonzero(y[:2000]) < 1600
    assert (y[2000:] == 7).all()


def test_what_a_program_is_told_and_tells_changes_nothing() -> None:
    text = """
    tt.func public @k(%x: !tt.ptr<i32>, %n: i32) {
      %zero = arith.constant 0 : i32
      %c = arith.cmpi sgt, %n, %zero : i32
      llvm.intr.assume %c : i1
      %i = tt.make_range {end = 16 : i32, start = 0 : i32} : tensor<16xi32>
      %xs = tt.splat %x : !tt.ptr<i32> -> tensor<16x!tt.ptr<i32>>
      %xp = tt.addptr %xs, %i : tensor<16x!tt.ptr<i32>>, tensor<16xi32>
      %v = tt.load %xp : tensor<16x!tt.ptr<i32>>
      ttg.barrier all
      %w = tt.mulhiui %v, %v : tensor<16xi32>
      tt.store %xp, %w : tensor<16x!tt.ptr<i32>>
      tt.return
    }"""
    x = np.full(16, -1, np.int32)
    kernel_for(text, "mlu370")[1](x, 1, check=True)
    assert (x == -2).all()


# Rows and columns


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (5, 256), (40, 101)])
def test_rms_norm(rows: int, n: int) -> None:
    x, w = floats(rows, n + 3, dtype=np.float16), floats(n, dtype=np.float16)
    y, wide = x.copy(), x[:, :n].astype(np.float32)
    wanted = x.astype(np.float32)
    wanted[:, :n] = wide / np.sqrt((wide**2).mean(1, keepdims=True) + 1e-5) * w.astype(np.float32)
    check("rms_norm", rows, [x, w, y, n + 3, n, 1e-5], {2: wanted}, 4e-3)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (8, 32), (13, 101), (5, 0)])
def test_row_sum(m: int, n: int) -> None:
    x = integers(m, n + 1).astype(np.float32)
    check("row_sum", blocks(m, 8), [x, ones(m), m, n, n + 1], {1: x[:, :n].sum(1)})


@pytest.mark.parametrize(("m", "n"), [(1, 1), (8, 32), (13, 101)])
def test_column_max(m: int, n: int) -> None:
    x = floats(m, n)
    check("column_max", blocks(n, 32), [x, ones(n), m, n], {1: x.max(0)})


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (3, 128), (33, 77)])
def test_quantise(rows: int, n: int) -> None:
    x = floats(rows, n)
    scale = np.maximum(np.abs(x).max(1), np.float32(1e-6)) / np.float32(127)
    q = np.floor(x / scale[:, None] + np.float32(0.5)).astype(np.int8)
    check("quantise", rows, [x, ones(rows, n, dtype=np.int8), ones(rows), n], {1: q, 2: scale})


@pytest.mark.parametrize("v", [1, 64, 151])
def test_cross_entropy(v: int) -> None:
    x, labels = floats(7, v), integers(7, low=0, high=v)
    labels[2] = -100
    loss = np.log(np.exp(x).sum(1)) - x[np.arange(7), labels % v]
    loss[2] = 0
    check("cross_entropy", 7, [x, labels, ones(7), v, -100], {2: loss}, 1e-5)


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (5, 64), (40, 61)])
def test_row_argmax(rows: int, n: int) -> None:
    """Of equal elements the first one is meant."""
    x = integers(rows, n, low=-3, high=3).astype(np.float32)
    wanted = {1: x.argmax(1).astype(np.int32), 2: x.max(1)}
    check("row_argmax", rows, [x, ones(rows, dtype=np.int32), ones(rows), n], wanted)


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (5, 64), (40, 61)])
def test_running_sum(rows: int, n: int) -> None:
    x = integers(rows, n).astype(np.float32)
    check("running_sum", rows, [x, ones(rows, n), n], {1: x.cumsum(1)})


# Where elements are


@pytest.mark.parametrize("name", ["transpose", "column_to_row"])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (16, 32), (17, 65), (100, 3)])
def test_transposed_copy(name: str, m: int, n: int) -> None:
    x = integers(m, n).astype(np.float32 if name == "transpose" else np.int32)
    grid = blocks(m, 16), blocks(n, 32)
    check(name, grid, [x, ones(n, m, dtype=x.dtype), m, n], {1: np.ascontiguousarray(x.T)})


def rotated(a: np.ndarray, b: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return a * cos - b * sin, b * cos + a * sin


@pytest.mark.parametrize("s", [1, 8, 21])
def test_rotary_embedding_of_halves(s: int) -> None:
    x, cos, sin = floats(2, s, 32), floats(s, 16), floats(s, 16, seed=1)
    wanted = np.concatenate(rotated(x[..., :16], x[..., 16:], cos, sin), -1)
    check("rope_halves", (blocks(s, 8), 2), [x, cos, sin, ones(2, s, 32), s], {3: wanted}, 1e-6)


@pytest.mark.parametrize("name", ["rope_pairs", "rope_strided"])
def test_rotary_embedding_of_pairs(name: str) -> None:
    x, cos, sin = floats(5, 64), floats(5, 32), floats(5, 32, seed=1)
    wanted = np.stack(rotated(x[:, ::2], x[:, 1::2], cos, sin), -1).reshape(5, 64)
    check(name, 5, [x, cos, sin, ones(5, 64)], {3: wanted}, 1e-6)


def test_rows_by_numbers_in_memory() -> None:
    table, ids = floats(9, 50), np.array([3, 0, 8, 3], np.int32)
    check("one_row_each", 4, [table, ids, ones(4, 50), 50], {2: table[ids]})


# Products


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (32, 32, 16), (33, 70, 41)])
def test_matmul_with_an_epilogue(m: int, n: int, k: int) -> None:
    a, b = (integers(*s, low=-4, high=5).astype(np.float16) for s in ((m, k), (k, n)))
    product = a.astype(np.float32) @ b.astype(np.float32)
    wanted = np.where(product >= 0, product, np.float32(0.01) * product).astype(np.float16)
    args = [a, b, ones(m, n, dtype=np.float16), m, n, k, k, n, n]
    check("matmul_leaky", (blocks(m, 32), blocks(n, 32)), args, {2: wanted})


@pytest.mark.parametrize(("batch", "m", "n", "k"), [(1, 1, 1, 1), (3, 16, 32, 16), (2, 20, 33, 40)])
def test_batched_matmul(batch: int, m: int, n: int, k: int) -> None:
    a, b = (integers(*s, low=-4, high=5).astype(np.float16) for s in ((batch, m, k), (batch, k, n)))
    wanted = a.astype(np.float32) @ b.astype(np.float32)
    grid = blocks(n, 32), blocks(m, 16), batch
    check("batched_matmul", grid, [a, b, ones(batch, m, n), m, n, k], {2: wanted})


@pytest.mark.parametrize("s", [1, 16, 37])
def test_scores_against_a_transposed_operand(s: int) -> None:
    q, k = (integers(s, 32, low=-4, high=5).astype(np.float16) for _ in range(2))
    wanted = q.astype(np.float32) @ k.astype(np.float32).T * 0.5
    wanted = np.where(np.tril(np.ones((s, s), bool)), wanted, np.float32(-1e4))
    check("scores", (blocks(s, 16),) * 2, [q, k, ones(s, s), s, 0.5], {2: wanted})


# Rows and elements that only the data name


@pytest.mark.parametrize("n", [0, 1, 16, 37])
def test_embedding(n: int) -> None:
    table, ids = floats(50, 32), integers(n, low=0, high=50)
    check("embedding", blocks(n, 16), [table, ids, ones(n, 32), n], {2: table[ids]})


@pytest.mark.parametrize("n", [0, 1, 64, 1000])
def test_stores_where_the_data_says(n: int) -> None:
    x = integers(n, low=-1, high=2).astype(np.float32)
    check("where_not_zero", blocks(n, 64), [x, ones(n), n], {1: np.where(x != 0, x, np.float32(1))})


# Products in other forms


def halves(*shape: int, seed: int = 0) -> np.ndarray:
    """Whole numbers, so that the order of a sum changes nothing."""
    return integers(*shape, low=-3, high=4, seed=seed).astype(np.float16)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a.astype(np.float32) @ b.astype(np.float32)


@pytest.mark.parametrize(("m", "n", "k", "programs"), [(1, 1, 1, 1), (70, 50, 40, 3), (33, 64, 17, 40)])
def test_programs_that_take_tile_after_tile(m: int, n: int, k: int, programs: int) -> None:
    a, b = halves(m, k), halves(k, n, seed=1)
    check("persistent_matmul", programs, [a, b, ones(m, n), m, n, k], {2: product(a, b)})


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 8), (20, 40, 72)])
def test_weights_of_four_bits(m: int, n: int, k: int) -> None:
    a, scale = halves(m, k), halves(n, seed=1)
    words = np.random.default_rng(k).integers(-(2**31), 2**31, (k // 8, n)).astype(np.int32)
    weights = (words[:, None, :] >> (np.arange(8, dtype=np.int32) * 4)[None, :, None] & 15).reshape(k, n) - 8
    check(
        "int4_matmul", (blocks(m, 16), blocks(n, 32)), [a, words, scale, ones(m, n), m, n, k],
        {3: product(a, weights) * scale.astype(np.float32)},
    )  # fmt: skip


@pytest.mark.parametrize(("c", "h", "w", "o", "kh", "kw"), [(1, 1, 1, 1, 1, 1), (5, 10, 8, 7, 3, 2)])
def test_convolution(c: int, h: int, w: int, o: int, kh: int, kw: int) -> None:
    x, weights = integers(c, h, w, low=-3, high=4).astype("f4"), integers(o, c, kh, kw, low=-3, high=4).astype("f4")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), (1, 2))
    wanted = np.einsum("cpqij,ocij->opq", windows, weights)
    y = ones(*wanted.shape)
    grid = blocks(wanted[0].size, 32), blocks(o, 16)
    check("conv2d", grid, [x, weights, y, c, h, w, o, kh, kw], {2: wanted})


@pytest.mark.parametrize(("s", "window"), [(1, 0), (50, 20), (64, 0), (37, 100)])
def test_attention_within_a_window(s: int, window: int) -> None:
    q, k, v = (floats(s, 32, dtype=np.float16, seed=seed) for seed in range(3))
    away = np.arange(s)[:, None] - np.arange(s)[None, :]
    scores = np.where((away >= 0) & (away <= window), product(q, k.T) * 0.25, -np.inf)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    wanted = (weights / weights.sum(1, keepdims=True)) @ v.astype(np.float32)
    check("window_attention", blocks(s, 16), [q, k, v, ones(s, 32), s, 0.25, window], {3: wanted}, 2e-3)


@pytest.mark.parametrize(("tokens", "n", "k"), [(1, 1, 1), (25, 20, 24)])
def test_experts_take_their_tokens(tokens: int, n: int, k: int) -> None:
    x, weights = halves(30, k), halves(3, k, n, seed=1)
    token = np.random.default_rng(1).permutation(30)[:tokens].astype(np.int32)
    experts = np.array([2, 0], np.int32)[: blocks(tokens, 16)]
    wanted = ones(30, n)
    for row, at in enumerate(token):
        wanted[at] = product(x[at], weights[experts[row // 16]])
    grid = blocks(tokens, 16), blocks(n, 16)
    check("expert_matmul", grid, [x, weights, token, experts, ones(30, n), tokens, n, k], {4: wanted})


def test_sparse_product() -> None:
    """Products of gathered elements, fused into sums: what masked-off lanes gather is not looked at."""
    starts = np.array([0, 3, 3, 40, 41], np.int32)
    v, columns, x = floats(41), integers(41, low=0, high=30), floats(30)
    wanted = np.array([(v[a:b] * x[columns[a:b]]).sum() for a, b in pairwise(starts)])
    check("sparse_product", 4, [v, columns, starts, x, ones(4)], {4: wanted.astype(np.float32)}, 1e-5)


# Counters that all programs share


@pytest.mark.parametrize("n", [0, 1, 64, 1000])
def test_histogram_of_atomics(n: int) -> None:
    x = integers(n, low=0, high=20)
    check("histogram", blocks(n, 64), [x, np.zeros(20, np.int32), n], {1: np.bincount(x, minlength=20)})


def test_every_kernel_is_run() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    for path in FILES.glob("*.ttir"):
        assert f'"{path.stem}"' in text
