"""The example programs: their text is the one beside them, and they compute what they say."""

from __future__ import annotations

import runpy
import subprocess
from math import erf, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import official_mlir
import pytest
import slow

import minilinalg as ml
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


def run(name: str, *args: Any) -> np.ndarray:
    """The only result of a program, by the engine."""
    (result,) = interp.run(load(name).module, 1, args)
    return result


def test_softmax_rows() -> None:
    x = normal(64, 256)
    e = np.exp(x - x.max(1, keepdims=True))
    np.testing.assert_allclose(run("softmax_rows", x), e / e.sum(1, keepdims=True), rtol=1e-5)


def test_matmul_bias_relu() -> None:
    x, w, bias = normal(128, 64, dtype=np.float16), normal(64, 96, dtype=np.float16), normal(96)
    expected = x.astype(np.float32) @ w.astype(np.float32) + bias
    np.testing.assert_allclose(run("matmul_bias_relu", x, w, bias), np.maximum(expected, 0), rtol=1e-4, atol=1e-5)


def test_gelu_residual() -> None:
    x, residual = normal(64, 512), normal(64, 512)
    gelu = x * 0.5 * (1 + np.vectorize(erf)(x / sqrt(2)))
    np.testing.assert_allclose(run("gelu_residual", x, residual, 0.5), residual + 0.5 * gelu, rtol=1e-5, atol=1e-6)


def test_rms_norm() -> None:
    x, weight = normal(32, 384, dtype=np.float16), normal(384)
    wide = x.astype(np.float64)
    expected = wide / np.sqrt((wide**2).mean(1, keepdims=True) + 1e-5) * weight
    np.testing.assert_allclose(run("rms_norm", x, weight, 1e-5).astype(np.float64), expected, rtol=2e-3, atol=1e-5)


def test_causal_scores() -> None:
    scores = normal(64, 64)
    expected = np.where(np.tri(64) > 0, scores * np.float32(0.125), np.float32(-1e9))
    np.testing.assert_array_equal(run("causal_scores", scores, 0.125), expected)


def test_chunked_sum() -> None:
    x = RANDOM.integers(-9, 10, 1024).astype(np.float32)
    assert run("chunked_sum", x) == x.sum()


def test_depthwise_conv() -> None:
    x, w = normal(2, 66, 32), normal(3, 32)
    (got,) = slow.run(load("depthwise_conv").module, args=[x, w])
    np.testing.assert_allclose(got, sum(x[:, r : r + 64] * w[r] for r in range(3)), rtol=1e-5, atol=1e-6)


def test_ragged_double() -> None:
    x, out = normal(150), np.zeros(160, np.float32)
    interp.run(load("ragged_double").module, (3, 1, 1), [x, out, 150])
    np.testing.assert_array_equal(out, np.concatenate([x * 2, np.zeros(10, np.float32)]))


ROAD: dict[str, tuple[Any, ...]] = {
    "softmax_rows": (normal(64, 256),),
    "matmul_bias_relu": (normal(128, 64, dtype=np.float16), normal(64, 96, dtype=np.float16), normal(96)),
    "gelu_residual": (normal(64, 512), normal(64, 512), 0.5),
    "rms_norm": (normal(32, 384, dtype=np.float16), normal(384), 1e-5),
    "causal_scores": (normal(64, 64), 0.125),
    "chunked_sum": (RANDOM.integers(-9, 10, 1024).astype(np.float32),),
}
"""Programs that go all the way down the simd road, with arguments; a convolution stays at the linalg stage."""


@pytest.mark.parametrize("name", ROAD)
def test_goes_down_the_road(name: str) -> None:
    arguments = ROAD[name]
    (got,) = ml.compile(load(name).module, road="simd", target="mlu370")[1](*arguments).results
    np.testing.assert_allclose(got, run(name, *arguments), rtol=1e-6)


def test_a_kernel_goes_down_the_road() -> None:
    x, out = normal(150), np.zeros(160, np.float32)
    ml.compile(load("ragged_double").module, road="simd", target="tiny-simd")[3](x, out, 150)
    np.testing.assert_array_equal(out, np.concatenate([x * 2, np.zeros(10, np.float32)]))


@pytest.mark.oracle
@pytest.mark.skipif(official_mlir.OPT is None, reason="no mlir-opt here")
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.mlir")), ids=lambda path: path.stem)
def test_mlir_opt_reads_the_text(path: Path) -> None:
    done = subprocess.run([str(official_mlir.OPT), str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
