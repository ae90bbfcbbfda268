"""Official kernels in the engine against NumPy: odd sizes without promises, one row, one column, primes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from engine_kernels import CHUNKINGS, same_bits
from numpy.testing import assert_allclose

from minilinalg.interp import Executable, RunOptions, run
from minilinalg.parsing import parse_module

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data" / "ttir"
EXAMPLES = ROOT / "examples" / "kernels"


def module(path: Path) -> Any:
    return parse_module(path.read_text(), path.name)


def without_promises(name: str) -> Any:
    return module(EXAMPLES / f"{name}.nopromise.ttir")


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(shape: Any, seed: int, dtype: Any = np.float32) -> Any:
    return random(seed).standard_normal(shape).astype(dtype)


def small(shape: Any, seed: int, dtype: Any = np.float16) -> Any:
    """Whole numbers whose products and sums are exact."""
    return random(seed).integers(-3, 4, shape).astype(dtype)


@pytest.mark.parametrize("options", CHUNKINGS, ids=["1", "3", "all"])
@pytest.mark.parametrize("n", [1, 17, 1023, 1024, 1025, 5003])
def test_vector_add(n: int, options: RunOptions) -> None:
    x, y, out = normal(n, 1), normal(n, 2), np.zeros(n + 7, np.float32)
    run(without_promises("vector_add"), -(-n // 1024) + 1, [x, y, out, n], options=options)
    assert same_bits(out[:n], x + y) and not out[n:].any()


def test_vector_add_with_promises() -> None:
    n = 4096
    x, y, out = normal(n, 1), normal(n, 2), np.zeros(n, np.float32)
    run(module(EXAMPLES / "vector_add.ttir"), 4, [x, y, out, n])
    assert same_bits(out, x + y)


@pytest.mark.parametrize(
    ("rows", "columns", "programs"), [(1, 1, 1), (1, 1000, 3), (7, 1, 2), (13, 17, 5), (5, 1023, 5), (6, 1024, 4)]
)
def test_softmax(rows: int, columns: int, programs: int) -> None:
    """Rows further apart than they are long; fewer programs than rows, and more."""
    x = np.full((rows, columns + 3), np.nan, np.float32)
    x[:, :columns] = normal((rows, columns), 3)
    out = np.zeros((rows, columns + 2), np.float32)
    for options in CHUNKINGS:
        out[...] = 7
        run(without_promises("softmax"), programs, [out, x, columns + 3, columns + 2, rows, columns], options=options)
        wide = np.exp(x[:, :columns].astype(np.float64) - x[:, :columns].max(1, keepdims=True))
        assert_allclose(out[:, :columns], wide / wide.sum(1, keepdims=True), rtol=2e-6)
        assert (out[:, columns:] == 7).all()


@pytest.mark.parametrize(
    ("m", "n", "k"), [(1, 1, 1), (1, 200, 3), (129, 1, 65), (13, 17, 19), (130, 127, 70), (128, 128, 64), (300, 5, 7)]
)
def test_matmul(m: int, n: int, k: int) -> None:
    a, b, c = small((m, k), 1), small((k, n), 2), np.zeros((m, n), np.float16)
    grid = -(-m // 128) * -(-n // 128)
    run(without_promises("matmul"), grid, [a, b, c, m, n, k, k, n, n])
    assert same_bits(c, (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float16))


def test_matmul_of_strided_operands() -> None:
    """Rows of a and b run backwards through memory; c has room between its rows."""
    m, n, k = 150, 140, 100
    a, b, c = small((m, k), 1), small((k, n), 2), np.zeros((m, n + 4), np.float16)
    run(without_promises("matmul"), 4, [a[::-1], b[::-1], c, m, n, k, -k, -n, n + 4])
    assert same_bits(c[:, :n], (a[::-1].astype(np.float32) @ b[::-1].astype(np.float32)).astype(np.float16))


@pytest.mark.parametrize("columns", [1, 7, 1023, 1024, 1025, 2500])
@pytest.mark.parametrize("rows", [1, 5])
def test_layernorm(rows: int, columns: int) -> None:
    x, w, b = normal((rows, columns), 1, np.float16), normal(columns, 2, np.float16), normal(columns, 3, np.float16)
    y, mean, rstd = np.zeros_like(x), np.zeros(rows, np.float32), np.zeros(rows, np.float32)
    run(without_promises("layernorm"), rows, [x, y, w, b, mean, rstd, columns, columns, 1e-5])
    wide = x.astype(np.float64)
    expected_mean, variance = wide.mean(1), wide.var(1)
    expected_rstd = 1 / np.sqrt(variance + 1e-5)
    assert_allclose(mean, expected_mean, atol=1e-6)
    assert_allclose(rstd, expected_rstd, rtol=1e-5)
    expected = (wide - expected_mean[:, None]) * expected_rstd[:, None] * w.astype(np.float64) + b
    assert_allclose(y.astype(np.float64), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("length", [1, 13, 63, 64, 65, 190])
@pytest.mark.parametrize("options", CHUNKINGS, ids=["1", "3", "all"])
def test_flash_attention(length: int, options: RunOptions) -> None:
    """Causal: trip counts differ from program to program."""
    heads, width = 2, 64
    q, k, v = (normal((heads, length, width), s, np.float16) for s in (1, 2, 3))
    out, lse = np.zeros_like(q), np.zeros((heads, length), np.float32)
    grid = (-(-length // 64), heads)
    arguments = [q, k, v, out, lse, 0.125, length, length * width, width]
    run(without_promises("flash_attn"), grid, arguments, options=options)
    scores = q.astype(np.float64) @ k.astype(np.float64).swapaxes(1, 2) * 0.125
    scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
    most = scores.max(-1, keepdims=True)
    weights = np.exp(scores - most)
    total = weights.sum(-1, keepdims=True)
    assert_allclose(out.astype(np.float64), weights / total @ v.astype(np.float64), atol=4e-3)
    assert_allclose(lse, (most + np.log(total))[..., 0] / np.log(2), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (31, 127), (33, 129), (70, 300), (1, 1000), (100, 1)])
def test_gemv(m: int, n: int) -> None:
    a, x, y = small((m, n + 1), 1), small(n, 2), np.zeros(m, np.float32)
    run(without_promises("gemv"), -(-m // 32), [a, x, y, m, n, n + 1])
    assert same_bits(y, a[:, :n].astype(np.float32) @ x.astype(np.float32))


def test_dropout() -> None:
    """Philox is integer arithmetic: what is dropped is known to the bit."""
    n = 1040
    x, out = normal(n, 1), np.zeros(n, np.float32)
    run(module(DATA / "dropout.ttir"), 2, [x, out, n, 0.3, 1234])
    kept = out != 0
    assert 0.6 < kept.mean() < 0.8
    assert_allclose(out[kept], (x / np.float32(0.7))[kept], rtol=1e-6)
    again = np.zeros(n, np.float32)
    run(module(DATA / "dropout.ttir"), 2, [x, again, n, 0.3, 1234], options=CHUNKINGS[0])
    assert same_bits(out, again)


@pytest.mark.parametrize("options", CHUNKINGS, ids=["1", "3", "all"])
def test_histogram_of_atomics(options: RunOptions) -> None:
    x, bins = random(1).integers(0, 1 << 20, 5000).astype(np.int32), np.zeros(256, np.int32)
    n = 4992
    run(module(DATA / "histogram_atomic.ttir"), 5, [x, bins, n], options=options)
    assert np.array_equal(bins, np.bincount(x[:n] & 255, minlength=256))


def test_histogram_behind_a_lock() -> None:
    n = 5000
    x, bins, lock = random(1).integers(0, 256, n).astype(np.int32), np.zeros(256, np.int32), np.zeros(1, np.int32)
    run(module(DATA / "histogram_op.ttir"), 5, [x, bins, lock, n])
    expected = np.bincount(x, minlength=256)
    expected[0] += 5 * 1024 - n
    assert np.array_equal(bins, expected) and lock[0] == 0


def test_scans() -> None:
    x, a = (
        random(1).integers(-4, 5, (32, 128)).astype(np.float32),
        random(2).integers(-1, 2, (32, 128)).astype(np.float32),
    )
    out, out2 = np.zeros_like(x), np.zeros_like(x)
    run(module(DATA / "cumsum_scan.ttir"), 2, [x, a, out, out2])
    assert same_bits(out, np.cumsum(x, axis=1))
    state = np.zeros(32, np.float32)
    for i in range(128):
        state = state * a[:, i] + x[:, i] if i else x[:, 0]
        assert np.array_equal(out2[:, i], state)


@pytest.mark.parametrize("n", [1, 31, 32, 77])
def test_gather_rows(n: int) -> None:
    table, index = normal((50, 64), 1), random(2).integers(0, 50, n).astype(np.int32)
    out = np.zeros((n, 64), np.float32)
    run(module(DATA / "gather_rows.ttir"), -(-n // 32), [table, index, out, n, 64])
    assert same_bits(out, table[index][:, ::-1])


def test_int8_dot() -> None:
    a, b, c = (random(s).integers(-128, 128, (64, 192)).astype(np.int8) for s in (1, 2, 3))
    c = np.zeros((64, 64), np.int32)
    run(module(DATA / "int8_dot.ttir"), 1, [a, b, c, 192])
    assert np.array_equal(c, a.astype(np.int64) @ b.T.astype(np.int64))


def test_int8_dequant_matmul() -> None:
    m, n, k = 128, 64, 192
    a, b = small((m, k), 1), random(2).integers(-8, 8, (k, n)).astype(np.int8)
    scale, c = 2.0 ** random(3).integers(-2, 3, n).astype(np.float32), np.zeros((m, n), np.float16)
    run(module(DATA / "int8_dequant_matmul.ttir"), (2, 1), [a, b, scale.astype(np.float32), c, m, n, k, k, n, n])
    assert same_bits(c, (a.astype(np.float32) @ b.astype(np.float32) * scale).astype(np.float16))


@pytest.mark.parametrize("name", ["matmul_devdesc", "matmul_devdesc.sm80"])
def test_matmul_through_descriptors(name: str) -> None:
    """The tensors end inside of blocks: zeros are read there, and nothing is written."""
    m, n, k = 144, 272, 80
    a, b, c = small((m, k), 1), small((n, k), 2), np.zeros((m, n), np.float16)
    run(module(DATA / f"{name}.ttir"), (2, 3), [a, b, c, m, n, k])
    assert same_bits(c, (a.astype(np.float32) @ b.T.astype(np.float32)).astype(np.float16))


def test_matmul_through_rewritten_descriptors() -> None:
    m, n, k = 144, 272, 80
    a, b, c = small((m, k), 1), small((k, n), 2), np.zeros((m, n), np.float16)

    def descriptor(x: Any) -> list[Any]:
        rows, columns = x.shape
        return [x, rows, columns, columns, 1, False, False, rows, columns, columns, 1]

    run(module(DATA / "matmul_tma.sm80.ttir"), (2, 3), [*descriptor(a), *descriptor(b), *descriptor(c), m, n, k])
    assert same_bits(c, (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float16))


def test_scaled_dot() -> None:
    size = 128
    a, b = (small((size, size), s, np.float32).astype(ml_dtypes.float8_e5m2) for s in (1, 2))
    a_scale, b_scale = (random(s).integers(125, 130, (size, 4)).astype(np.int8) for s in (3, 4))
    c = np.zeros((size, size), np.float32)
    run(module(DATA / "dot_scaled.ttir"), 1, [a, a_scale.view(np.uint8), b, b_scale.view(np.uint8), c])

    def factors(scale: Any) -> Any:
        return np.repeat(np.exp2(scale.view(np.uint8) - 127.0), 32, axis=1)

    expected = (a.astype(np.float64) * factors(a_scale)) @ (b.astype(np.float64) * factors(b_scale).T)
    assert same_bits(c, expected.astype(np.float32))


def test_an_early_mistake_has_its_line_in_the_kernel() -> None:
    from minilinalg.errors import RunError

    executable = Executable(without_promises("vector_add"))
    x = np.zeros(1000, np.float32)
    with pytest.raises(RunError) as caught:
        executable.run(1, [x, x, np.zeros(999, np.float32), 1000])
    first, second = caught.value.diagnostic.places
    assert first.file == "vector_add.nopromise.ttir" and "kernels.py" in second.file
    assert str(caught.value).splitlines() == [
        f"{first}: error: 'tt.store' is out of bounds: it touches bytes 0 to 4000 of argument 'out_ptr'",
        f"  from: {second}",
        "  rule: argument 'out_ptr' has 3996 bytes; every unmasked lane must stay inside one argument",
        "  hint: a block that reaches over the end of an array needs a mask",
    ]
