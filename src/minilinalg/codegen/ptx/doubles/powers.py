"""Powers of e and 2."""

from __future__ import annotations

from math import factorial

from minilinalg.codegen.ptx.arithmetic import Doubles, Number
from minilinalg.codegen.ptx.conversions import float_bits

LOG2_E = 1.4426950408889634
LN_2, LN_2_REST = 0.6931471805599453, 2.3190468138462996e-17
TO_WHOLE = 6755399441055744.0
"""1.5 2^52: what is added to it is rounded to a whole number, which stands in its lowest bits."""
EXPM1 = tuple(1 / factorial(n) for n in range(2, 14))
"""(e^r - 1 - r) / r^2 for |r| <= ln(2) / 2."""


def _powered(c: Doubles, k: str) -> str:
    """2^k, an integer of 64 bits within what an exponent can say."""
    return c.i("shl.b64", c.i("add.s64", k, 1023), 52)


def _scaled(c: Doubles, x: str, k: str) -> str:
    """x 2^k in two steps, which may leave the range of normal numbers only with the second."""
    half = c.i("shr.s64", k, 1)
    return c.mul(c.mul(x, _powered(c, half)), _powered(c, c.i("sub.s64", k, half)))


def whole(c: Doubles, x: str, factor: float) -> tuple[str, str]:
    """x factor rounded to a whole number: as a float, and as an integer of 64 bits."""
    shifted = c.fma(x, factor, TO_WHOLE)
    return c.sub(shifted, TO_WHOLE), c.i("sub.s64", shifted, float_bits(TO_WHOLE, "f64"))


def _small(c: Doubles, r: str) -> str:
    """e^r - 1."""
    return c.fma(c.mul(r, r), c.polynomial(r, EXPM1), r)


def _reduced_power(c: Doubles, x: str) -> tuple[str, str]:
    k, number = whole(c, x, LOG2_E)
    k = c.neg(k)
    return c.fma(k, LN_2_REST, c.fma(k, LN_2, x)), number


def exp(c: Doubles, x: str) -> str:
    r, k = _reduced_power(c, c.held(x, -760.0, 720.0))
    return c.or_nan(x, _scaled(c, c.add(_small(c, r), 1.0), k))


def exp2(c: Doubles, x: str, more: Number = 0.0) -> str:
    """`more`: what is to be added to x, far below it."""
    inside = c.held(x, -1100.0, 1030.0)
    nearest, k = whole(c, inside, 1.0)
    fraction = c.sub(inside, nearest)
    r = c.fma(fraction, LN_2, c.fma(fraction, LN_2_REST, c.mul(more, LN_2)))
    return c.or_nan(x, _scaled(c, c.add(_small(c, r), 1.0), k))


def expm1(c: Doubles, x: str) -> str:
    r, k = _reduced_power(c, c.held(x, -50.0, 710.0))
    # Half of 2^k, which is a float where 2^k is not.
    half = _powered(c, c.i("sub.s64", k, 1))
    found = c.fma(_small(c, r), half, c.sub(half, 0.5))
    # Tiny arguments, which half would lose, and NaN are their own results.
    return c.choose(c.test("ltu", c.abs(x), 2.0**-54), x, c.add(found, found))
