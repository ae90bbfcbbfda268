"""Conversions to narrower floats in every rounding mode: the engine and the machine against the slow interpreter."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import slow
from engine_kernels import same_bits

import minilinalg as ml
from minilinalg.errors import UnsupportedError
from minilinalg.interp import run
from minilinalg.parsing import parse_module

# NumPy warns of what the inputs are made for.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered")

NARROW = {
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
}
MODES = ("to_nearest_even", "downward", "upward", "toward_zero")
N = 512


def text(source: str, target: str, mode: str) -> str:
    return f"""func.func @f(%x: tensor<{N}x{source}>) -> tensor<{N}x{target}> {{
      %e = tensor.empty() : tensor<{N}x{target}>
      %r = linalg.generic {{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]}} ins(%x : tensor<{N}x{source}>) outs(%e : tensor<{N}x{target}>) {{
      ^bb0(%a: {source}, %b: {target}):
        %y = arith.truncf %a {mode} : {source} to {target}
        linalg.yield %y : {target}
      }} -> tensor<{N}x{target}>
      return %r : tensor<{N}x{target}>
    }}"""


def numbers(source: str, target: str) -> np.ndarray:
    """Numbers of every size, those of the target and their neighbours, the ends of its range, infinities and NaN."""
    rng = np.random.default_rng(1)
    dtype, narrow = np.dtype({"f32": np.float32, "f64": np.float64}[source]), NARROW[target]
    width = 8 * narrow.itemsize
    bits = rng.integers(0, 2**width, 120, dtype=np.uint64).astype(f"u{narrow.itemsize}")
    bits[:4] = [1, 2 ** (width - 1) + 1, 0, 2 ** (width - 1)]
    exact = bits.view(narrow).astype(dtype)
    largest = dtype.type(float(ml_dtypes.finfo(narrow).max))
    ends = [largest, -largest, np.inf, -np.inf, np.nan, largest * dtype.type(1.01), -largest * dtype.type(1.01)]
    found = [exact, np.nextafter(exact, dtype.type(np.inf)), np.nextafter(exact, dtype.type(-np.inf)), np.array(ends)]
    rest = rng.standard_normal(N - sum(map(len, found))) * 2.0 ** rng.integers(-40, 40, N - sum(map(len, found)))
    return np.concatenate([*found, rest]).astype(dtype)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("target", NARROW)
def test_conversions(target: str, mode: str) -> None:
    for source in ("f32", "f64"):
        if source == target:
            continue
        module, x = parse_module(text(source, target, mode)), numbers(source, target)
        assert same_bits(run(module, 1, [x])[0], slow.run(module, (1, 1, 1), [x])[0])  # pyright: ignore


@pytest.mark.parametrize("mode", MODES)
def test_conversions_on_the_machine(mode: str) -> None:
    kernel, x = ml.compile(text("f32", "f16", mode), target="mlu370"), numbers("f32", "f16")
    found = kernel(x, check=True).results[0]
    assert same_bits(found, slow.run(parse_module(text("f32", "f16", mode)), (1, 1, 1), [x])[0])  # pyright: ignore


def test_a_mode_that_is_not_known() -> None:
    with pytest.raises(UnsupportedError) as caught:
        run(parse_module(text("f32", "f16", "to_nearest_away")), 1, [numbers("f32", "f16")])
    assert str(caught.value).splitlines() == [
        "<string>:6:14: error: 'arith.truncf' rounds to_nearest_away",
        "  rule: rounding is to_nearest_even, downward, upward, toward_zero",
    ]
