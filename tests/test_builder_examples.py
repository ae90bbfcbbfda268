"""The example programs: their text is the one beside them, and they compute what they say."""

from __future__ import annotations

import runpy
from math import erf, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slow

from minilinalg import builder as mb
from minilinalg import interp
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

EXAMPLES = Path(__file__).parent.parent / "examples" / "linalg"
RANDOM = np.random.default_rng(11)


def load(name: str) -> mb.Module:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["build"]()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_the_text_beside_an_example_is_its_own(path: Path) -> None:
    written = parse_module(path.with_suffix(".mlir").read_text(), path.with_suffix(".mlir").name)
    assert module_text(written) == load(path.stem).text()


def test_every_text_has_its_script() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.mlir")} == {path.stem for path in EXAMPLES.glob("*.py")}


def normal(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(dtype)


def test_softmax_rows() -> None:
    x = normal(2, 256)
    (got,) = slow.run(load("softmax_rows").module, args=[x])
    e = np.exp(x - x.max(1, keepdims=True))
    np.testing.assert_allclose(got, e / e.sum(1, keepdims=True), rtol=1e-5)


def test_matmul_bias_relu() -> None:
    x, w, bias = normal(128, 64, dtype=np.float16), normal(64, 96, dtype=np.float16), normal(96)
    (got,) = interp.run(load("matmul_bias_relu").module, 1, [x, w, bias])
    expected = x.astype(np.float32) @ w.astype(np.float32) + bias
    np.testing.assert_allclose(got, np.maximum(expected, 0), rtol=1e-4, atol=1e-5)


def test_gelu_residual() -> None:
    x, residual = normal(64, 512), normal(64, 512)
    (got,) = interp.run(load("gelu_residual").module, 1, [x, residual, 0.5])
    gelu = x * 0.5 * (1 + np.vectorize(erf)(x / sqrt(2)))
    np.testing.assert_allclose(got, residual + 0.5 * gelu, rtol=1e-5, atol=1e-6)


def test_rms_norm() -> None:
    x, weight = normal(32, 384, dtype=np.float16), normal(384)
    (got,) = interp.run(load("rms_norm").module, 1, [x, weight, 1e-5])
    wide = x.astype(np.float64)
    expected = wide / np.sqrt((wide**2).mean(1, keepdims=True) + 1e-5) * weight
    np.testing.assert_allclose(got.astype(np.float64), expected, rtol=2e-3, atol=1e-5)


def test_depthwise_conv() -> None:
    x, w = normal(2, 66, 32), normal(3, 32)
    (got,) = slow.run(load("depthwise_conv").module, args=[x, w])
    np.testing.assert_allclose(got, sum(x[:, r : r + 64] * w[r] for r in range(3)), rtol=1e-5, atol=1e-6)


def test_chunked_sum() -> None:
    x = RANDOM.integers(-9, 10, 1024).astype(np.float32)
    (got,) = interp.run(load("chunked_sum").module, 1, [x])
    assert got == x.sum()
