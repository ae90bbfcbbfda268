"""The six kernels down the whole road, every pass checked, and what the machine leaves in memory against NumPy: with
promises and without, on odd sizes and special numbers, in place, and on machines with few cores and little memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from road_machines import little_memory, three_cores

import minilinalg as ml
from minilinalg.errors import LaunchError
from minilinalg.targets import Target, load_target

KERNELS = Path(__file__).parent.parent / "examples" / "kernels"
HALF = np.float16


def machines() -> dict[str, Target]:
    return {target.name: target for target in (load_target("mlu370"), three_cores())}


@cache
def compiled(file: str, target: str) -> Any:
    return ml.compile(KERNELS / f"{file}.ttir", target=machines()[target])


def floats(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype(dtype)


def special(*shape: int) -> np.ndarray:
    """Numbers of which every few are not finite, or a negative zero."""
    x = floats(*shape)
    flat = x.reshape(-1)
    for first, number in enumerate((np.nan, np.inf, -np.inf, -0.0)):
        flat[first :: 7 + first] = number
    return x


def blocks(size: int, block: int) -> int:
    return -(-size // block)


def run(file: str, grid: Any, args: Sequence[Any], target: str = "mlu370") -> Any:
    return compiled(file, target)[grid](*args, check=True)


def near(found: np.ndarray, wanted: np.ndarray, close: float) -> None:
    np.testing.assert_allclose(found.astype(np.float64), wanted.astype(np.float64), rtol=close, atol=close)


# vector_add


@pytest.mark.parametrize("target", machines())
@pytest.mark.parametrize(("kind", "n"), [("", 0), ("", 16), ("", 5008), (".nopromise", 1024), (".nopromise", 40_960)])
def test_vector_add_keeps_its_promises(kind: str, n: int, target: str) -> None:
    x, y, out = floats(n), floats(n, seed=1), np.ones(n, np.float32)
    run(f"vector_add{kind}", blocks(n, 1024), [x, y, out, n], target)
    np.testing.assert_array_equal(out, x + y)


@pytest.mark.parametrize("n", [1, 7, 1023, 1025, 40_961])
def test_vector_add_of_odd_sizes(n: int) -> None:
    x, y, out = special(n), special(n + 1)[1:], np.ones(n, np.float32)
    run("vector_add.nopromise", blocks(n, 1024), [x, y, out, n])
    with np.errstate(invalid="ignore"):
        wanted = x + y
    np.testing.assert_array_equal(out, wanted)
    np.testing.assert_array_equal(np.signbit(out[out == 0]), np.signbit(wanted[out == 0]))


def test_vector_add_with_programs_beyond_the_end() -> None:
    x, y, out = floats(100), floats(100, seed=1), np.ones(120, np.float32)
    run("vector_add.nopromise", (70,), [x, y, out, 100])
    np.testing.assert_array_equal(out, [*(x + y), *[1] * 20])


@pytest.mark.parametrize("grid", [0, (0, 3), (2, 1, 0)])
def test_an_empty_grid_does_nothing(grid: Any) -> None:
    out = np.ones(64, np.float32)
    run("vector_add.nopromise", grid, [floats(64), floats(64), out, 64])
    assert (out == 1).all()


def test_programs_along_other_axes_do_the_same_again() -> None:
    x, out = floats(2000), np.ones(2000, np.float32)
    run("vector_add.nopromise", (2, 3, 2), [x, x, out, 2000])
    np.testing.assert_array_equal(out, x + x)


@pytest.mark.parametrize("target", machines())
def test_vector_add_in_place(target: str) -> None:
    x, y = floats(5000), floats(5000, seed=1)
    wanted = x + y
    run("vector_add.nopromise", 5, [x, y, x, 5000], target)
    np.testing.assert_array_equal(x, wanted)


@pytest.mark.parametrize(("a", "b", "c"), [(0, 1, 0), (0, 1, 1), (1, 0, 3), (0, 0, 5), (5, 0, 2)])
def test_a_block_is_read_before_it_is_written(a: int, b: int, c: int) -> None:
    memory = floats(1010)
    wanted = memory.copy()
    wanted[c : c + 1000] = memory[a : a + 1000] + memory[b : b + 1000]
    run("vector_add.nopromise", 1, [memory[a : a + 1000], memory[b : b + 1000], memory[c : c + 1000], 1000])
    np.testing.assert_array_equal(memory, wanted)


def test_a_broken_promise_is_named() -> None:
    x = floats(1000)
    with pytest.raises(LaunchError, match="'n'"):
        compiled("vector_add", "mlu370")[1](x, x, np.ones(1000, np.float32), 1000 - 1)


# softmax


def softmax(x: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("target", machines())
@pytest.mark.parametrize(
    ("kind", "rows", "columns", "grid"),
    [("", 4, 1024, 4), ("", 50, 64, 40), ("", 9, 1008, 2), (".nopromise", 50, 64, 40)],
)
def test_softmax_keeps_its_promises(kind: str, rows: int, columns: int, grid: int, target: str) -> None:
    x, out = floats(rows, 1024), np.ones((rows, 1040), np.float32)
    run(f"softmax{kind}", grid, [out, x, 1024, 1040, rows, columns], target)
    near(out[:, :columns], softmax(x[:, :columns]), 1e-6)
    assert (out[:, columns:] == 1).all()


@pytest.mark.parametrize(
    ("rows", "columns", "grid"), [(1, 1, 1), (1, 1024, 1), (3, 997, 8), (37, 1, 5), (0, 5, 2), (3, 5, 0)]
)
def test_softmax_of_odd_sizes(rows: int, columns: int, grid: int) -> None:
    x, out = floats(rows, columns + 2), np.ones((rows, columns + 3), np.float32)
    run("softmax.nopromise", grid, [out, x, columns + 2, columns + 3, rows, columns])
    wanted = np.ones_like(out)
    if grid:
        wanted[:, :columns] = softmax(x[:, :columns]) if rows else 1
    near(out, wanted, 1e-6)


@pytest.mark.parametrize("row", [(np.nan, 1, 2), (np.inf, 1, 2), (-np.inf, 1, 2), (-np.inf,) * 3, (-0.0, 0.0, 0.0)])
def test_softmax_of_special_numbers(row: Sequence[float]) -> None:
    x, out = np.array([row, (1, 2, 3)], np.float32), np.ones((2, 3), np.float32)
    run("softmax.nopromise", 2, [out, x, 3, 3, 2, 3])
    if np.isnan(row[0]):
        # tl.max goes round a NaN.
        assert np.isnan(out[0]).all()
    else:
        near(out[:1], softmax(x[:1]), 1e-6)
    near(out[1:], softmax(x[1:]), 1e-6)


def test_softmax_in_place() -> None:
    x = floats(10, 33)
    wanted = softmax(x)
    run("softmax.nopromise", 4, [x, x, 33, 33, 10, 33])
    near(x, wanted, 1e-6)


# layernorm


def layernorm(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    wide = x.astype(np.float32)
    mean = wide.mean(1)
    rstd = 1 / np.sqrt(((wide - mean[:, None]) ** 2).mean(1) + 1e-5)
    return (wide - mean[:, None]) * rstd[:, None] * w.astype(np.float32) + b.astype(np.float32), mean, rstd


@pytest.mark.parametrize(
    ("kind", "rows", "n", "target"),
    [("", 3, 1024, "mlu370"), ("", 40, 32, "three-cores"), ("", 2, 2064, "mlu370"), (".nopromise", 40, 32, "mlu370")],
)
def test_layernorm_keeps_its_promises(kind: str, rows: int, n: int, target: str) -> None:
    x, w, b = floats(rows, n, dtype=HALF), floats(n, dtype=HALF), floats(n, dtype=HALF, seed=1)
    y, mean, rstd = np.ones((rows, n), HALF), np.ones(rows, np.float32), np.ones(rows, np.float32)
    run(f"layernorm{kind}", rows, [x, y, w, b, mean, rstd, n, n, 1e-5], target)
    for found, wanted in zip((y, mean, rstd), layernorm(x, w, b), strict=True):
        near(found, wanted, 4e-3 if found is y else 1e-4)


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (1, 1021), (3, 1025), (35, 7)])
@pytest.mark.parametrize("in_place", [False, True])
def test_layernorm_of_odd_sizes(rows: int, n: int, in_place: bool) -> None:
    x, w, b = floats(rows, n + 1, dtype=HALF), floats(n, dtype=HALF), floats(n, dtype=HALF, seed=1)
    y = x if in_place else np.ones((rows, n + 1), HALF)
    mean, rstd = np.ones(rows, np.float32), np.ones(rows, np.float32)
    wanted = layernorm(x[:, :n], w, b)
    run("layernorm.nopromise", rows, [x, y, w, b, mean, rstd, n + 1, n, 1e-5])
    near(y[:, :n], wanted[0], 4e-3)
    near(mean, wanted[1], 1e-4)


# Products


@pytest.mark.parametrize(
    ("kind", "m", "n", "k"), [("", 128, 128, 64), ("", 144, 272, 80), (".nopromise", 128, 128, 64)]
)
def test_matmul_keeps_its_promises(kind: str, m: int, n: int, k: int) -> None:
    a, b = (np.random.default_rng(m).integers(-4, 5, s).astype(HALF) for s in ((m, k), (k, n)))
    c = np.ones((m, n), HALF)
    run(f"matmul{kind}", blocks(m, 128) * blocks(n, 128), [a, b, c, m, n, k, k, n, n])
    np.testing.assert_array_equal(c, (a.astype(np.float32) @ b.astype(np.float32)).astype(HALF))


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (1, 131, 67), (131, 257, 61)])
def test_matmul_of_odd_sizes(m: int, n: int, k: int) -> None:
    a, b = (np.random.default_rng(m).integers(-4, 5, s).astype(HALF) for s in ((m, k + 1), (k, n)))
    c = np.ones((m, n + 2), HALF)
    run("matmul.nopromise", blocks(m, 128) * blocks(n, 128), [a, b, c, m, n, k, k + 1, n, n + 2])
    wanted = np.ones((m, n + 2), np.float32)
    wanted[:, :n] = a[:, :k].astype(np.float32) @ b.astype(np.float32)
    np.testing.assert_array_equal(c, wanted.astype(HALF))


@pytest.mark.parametrize("target", machines())
@pytest.mark.parametrize(
    ("kind", "m", "n"), [("", 64, 256), ("", 32, 144), (".nopromise", 31, 127), (".nopromise", 1, 1)]
)
def test_gemv(kind: str, m: int, n: int, target: str) -> None:
    stride = n if not kind else n + 1
    a, x = (np.random.default_rng(n).integers(-4, 5, s).astype(HALF) for s in ((m, stride), (n,)))
    y = np.ones(m, np.float32)
    run(f"gemv{kind}", blocks(m, 32), [a, x, y, m, n, stride], target)
    np.testing.assert_array_equal(y, a[:, :n].astype(np.float32) @ x.astype(np.float32))


@pytest.mark.parametrize(("kind", "sequence", "heads"), [("", 128, 2), (".nopromise", 1, 1), (".nopromise", 97, 2)])
def test_flash_attention(kind: str, sequence: int, heads: int) -> None:
    q, k, v = (floats(heads, sequence, 64, dtype=HALF, seed=i) for i in range(3))
    o, lse = np.ones((heads, sequence, 64), HALF), np.ones((heads, sequence), np.float32)
    run(f"flash_attn{kind}", (blocks(sequence, 64), heads), [q, k, v, o, lse, 0.125, sequence, sequence * 64, 64])
    scores = q.astype(np.float32) @ k.astype(np.float32).transpose(0, 2, 1) * 0.125
    scores[:, ~np.tril(np.ones((sequence, sequence), bool))] = -np.inf
    p = np.exp(scores - scores.max(-1, keepdims=True))
    near(o, p / p.sum(-1, keepdims=True) @ v.astype(np.float32), 4e-3)
    near(lse, (np.log(p.sum(-1)) + scores.max(-1)) / np.log(2), 1e-3)


# Little memory


@pytest.mark.parametrize("n", [1, 256, 1000])
def test_smaller_blocks_fit(n: int) -> None:
    x, y, out = floats(n), floats(n, seed=1), np.ones(n, np.float32)
    kernel = ml.compile(KERNELS / "vector_add.block256.ttir", target=little_memory())
    kernel[blocks(n, 256)](x, y, out, n, check=True)
    np.testing.assert_array_equal(out, x + y)
    kernel = ml.compile(KERNELS / "softmax.block256.ttir", target=little_memory())
    rows = floats(5, min(n, 256))
    out = np.ones_like(rows)
    kernel[3](out, rows, len(rows[0]), len(rows[0]), 5, len(rows[0]), check=True)
    near(out, softmax(rows), 1e-6)
