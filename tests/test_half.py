"""float16 from and to float32 in integers: the same bits as NumPy's own conversions, for every number there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minilinalg.interp import half

ALL = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = ALL[np.isfinite(ALL)]
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "flat": lambda x: x,
    "a matrix": lambda x: x[: len(x) // 64 * 64].reshape(-1, 64),
    "transposed": lambda x: x[: len(x) // 64 * 64].reshape(64, -1).T,
    "every third": lambda x: x[::3],
    "rows with gaps": lambda x: x[: len(x) // 64 * 64].reshape(-1, 64)[:, :61],
    "one row": lambda x: x[None],
    "few": lambda x: x[:5],
    "none": lambda x: x[:0],
}


def same_bits(found: Any, expected: Any) -> None:
    assert found.dtype == expected.dtype and found.shape == expected.shape
    unsigned = np.dtype(f"u{found.dtype.itemsize}")
    np.testing.assert_array_equal(
        np.ascontiguousarray(found).view(unsigned), np.ascontiguousarray(expected).view(unsigned)
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("numbers", (ALL, FINITE), ids=("all", "finite"))
def test_every_half_as_float32_and_back(numbers: Any, layout: str) -> None:
    x = LAYOUTS[layout](numbers)
    wide = half.to_float32(x)
    same_bits(wide, x.astype(np.float32))
    out = np.empty_like(x)
    half.from_float32(LAYOUTS[layout](numbers.astype(np.float32)), out)
    same_bits(out, wide.astype(np.float16))


def around_halves() -> Any:
    """Every finite half, the middle between it and the next one, and the float32 beside both."""
    below = FINITE[:0x7BFF].astype(np.float32)
    middle = (below[:-1] + below[1:]) / 2
    up, down = (np.nextafter(middle, np.float32(to)) for to in (np.inf, -np.inf))
    return np.concatenate([x * sign for x in (below, middle, up, down) for sign in (np.float32(1), np.float32(-1))])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "numbers",
    (
        around_halves(),
        around_halves()[np.abs(around_halves()) >= 2.0**-14],
        np.random.default_rng(0).integers(0, 1 << 32, 1 << 17, dtype=np.uint32).view(np.float32),
        np.linspace(-70000, 70000, 40001, dtype=np.float32),
        np.linspace(-1e-7, 1e-7, 40001, dtype=np.float32),
    ),
    ids=("around halves", "normal", "any bits", "large", "tiny"),
)
def test_rounding_is_to_the_nearest_half(numbers: Any, layout: str) -> None:
    x = LAYOUTS[layout](numbers)
    with np.errstate(all="ignore"):
        expected = x.astype(np.float16).astype(np.float32)
        same_bits(half.round_to(x, np.empty_like(x)), expected)
        there = x.copy()
        same_bits(half.round_to(there, there), expected)
