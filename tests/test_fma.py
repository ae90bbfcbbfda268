"""float32 fma rounds once: against exact fractions, above all where the sum lies between two float32."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from minilinalg.interp.math import fma32


def nearest(x: Fraction) -> np.float32:
    """An exact number that is not zero rounded once, halves to even."""
    exponent = -149
    while abs(x) >= Fraction(2) ** (exponent + 24):
        exponent += 1
    digits = round(x / Fraction(2) ** exponent)
    with np.errstate(over="ignore"):
        return np.float32(np.ldexp(np.float64(digits), exponent))


def powers(*exponents: int) -> Any:
    return np.ldexp(np.ones(len(exponents)), exponents).astype(np.float32)


TINY = (0.0, *(s * m * 2.0**-e for e in (30, 60, 110, 148) for m in (1, 3) for s in (1, -1)))
CASES = {
    # 1 + 2**-11 + 2**-24 lies between two float32, and so does its double; what is added says to which side.
    "just beside the middle": [(4097 / 4096, 4097 / 4096 * 2.0**k, c * 2.0**k) for k in (0, 1, 40) for c in TINY],
    "no product, a middle": [(1.0, 2.0**24, c) for c in (1.0, 3.0, -1.0, 0.5, 1.5)],
    "subnormal": [(3 * 2.0**-75, m * 2.0**-75, s * 2.0**-149) for m in (1, 3, 5, 7) for s in (0, 1, -1, 2)],
    "into infinity": [(2.0**64, s * (2.0**64 - 2.0**40), c) for s in (1, -1) for c in (0.0, 2.0**103, -(2.0**103))],
    "cancelled": [(4097 / 4096, 4097 / 4096, -1.0), (1 / 3, 3.0, -1.0)],
}


@pytest.mark.parametrize("name", CASES)
def test_fma_rounds_once(name: str) -> None:
    a, b, c = np.array(CASES[name], np.float32).T.copy()
    expected = [
        nearest(Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))) for x, y, z in zip(a, b, c, strict=True)
    ]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(fma32(a, b, c), np.array(expected, np.float32))
        # One at a time, and beside numbers that need no care.
        for x, y, z, e in zip(a, b, c, expected, strict=True):
            assert fma32(x, y, z) == e
        ones = np.ones((3, len(a)), np.float32)
        np.testing.assert_array_equal(fma32(ones * a, b, c), np.array([expected] * 3, np.float32))


def test_fma_of_nan_infinity_and_zeros() -> None:
    with np.errstate(all="ignore"):
        found = fma32(
            np.array([np.nan, np.inf, np.inf, -0.0, 0.0, 2.0**100], np.float32),
            np.array([1, 2, 0, 1, 1, 2.0**100], np.float32),
            np.array([1, -np.inf, 1, -0.0, -0.0, 0], np.float32),
        )
    np.testing.assert_array_equal(found, np.array([np.nan, np.nan, np.nan, -0.0, 0.0, np.inf], np.float32))
    assert list(np.signbit(found[3:5])) == [True, False]
    assert fma32(np.ones((0, 3), np.float32), np.float32(1), np.float32(2)).shape == (0, 3)
