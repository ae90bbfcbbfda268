"""Logarithms, and powers of any base by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from minilinalg.codegen.ptx.arithmetic import INFINITY, NAN, Doubles, Number
from minilinalg.codegen.ptx.doubles.powers import LN_2, LN_2_REST, LOG2_E, exp2

LOG = (
    0.666666666666667, 0.3999999999989924, 0.2857142862609589, 0.2222221111514416, 0.18182890556695602,
    0.1533167403016786, 0.1461703754879165,
)  # fmt: skip
"""(log((1 + s) / (1 - s)) - 2 s) / s^3 in s^2, for |s| <= 0.1716."""
SQRT_HALF = 0x3FE6A09E << 32
MANTISSA_ABOVE = 0xFFF << 52
LOG10_E, LOG10_E_REST = 0.4342944819032518, 1.098319650216765e-17
LOG10_2, LOG10_2_REST = 0.3010299956639812, -2.8037281277851704e-18
LOG2_E_REST = 2.0355273740931033e-17


def _near_one(c: Doubles, f: str) -> str:
    """log(1 + f) for 1 + f from sqrt(1/2) to sqrt(2): of s = f / (2 + f), and 2 s is f - s f."""
    s = c.div(f, c.add(f, 2.0))
    z = c.mul(s, s)
    half = c.mul(c.mul(f, 0.5), f)
    return c.sub(f, c.sub(half, c.mul(s, c.fma(z, c.polynomial(z, LOG), half))))


def parts(c: Doubles, x: str) -> tuple[str, str]:
    """i and f of x = 2^i (1 + f), where x is positive and finite."""
    tiny = c.test("lt", x, 2.0**-1022)
    scaled = c.choose(tiny, c.mul(x, 2.0**54), x)
    above = c.i("and.b64", c.i("sub.s64", scaled, SQRT_HALF), MANTISSA_ABOVE)
    f = c.add(c.i("sub.s64", scaled, above), -1.0)
    return c.add(c.w.pure("d", "cvt.rn.f64.s64", c.i("shr.s64", above, 52)), c.choose(tiny, -54.0, 0.0)), f


def _logarithm(combine: Callable[[Doubles, str, str], str]) -> Callable[[Doubles, str], str]:
    """x = 2^i (1 + f): `combine` makes the result of i and log(1 + f)."""

    def log(c: Doubles, x: str) -> str:
        i, f = parts(c, x)
        found = combine(c, i, _near_one(c, f))
        found = c.choose(c.test("lt", x, INFINITY), found, x)
        found = c.choose(c.test("lt", x, 0.0), NAN, found)
        return c.choose(c.test("eq", x, 0.0), -INFINITY, found)

    return log


log = _logarithm(lambda c, i, r: c.fma(i, LN_2, c.fma(i, LN_2_REST, r)))
log2 = _logarithm(lambda c, i, r: c.fma(r, LOG2_E, c.fma(r, LOG2_E_REST, i)))
log10 = _logarithm(lambda c, i, r: c.fma(i, LOG10_2, c.fma(r, LOG10_E, c.fma(i, LOG10_2_REST, c.mul(r, LOG10_E_REST)))))


def log1p(c: Doubles, x: str) -> str:
    """log(u) of u = 1 + x rounded, and what the rounding took."""
    u = c.add(x, 1.0)
    lost = c.choose(c.test("gt", x, 1.0), c.sub(1.0, c.sub(u, x)), c.sub(x, c.sub(u, 1.0)))
    inside = c.w.pure("p", "and.pred", c.test("gt", u, 0.0), c.test("lt", u, INFINITY))
    correction = c.choose(inside, c.div(lost, u), 0.0)
    itself = c.test("ltu", c.abs(x), 2.0**-54)
    return c.choose(itself, x, c.add(log(c, u), correction))


# Powers of any base

LOG_BEHIND = (
    0.40000000000000024, 0.28571428571338325, 0.22222222271185313, 0.18181808234003144,
    0.15385575782820043, 0.13285924657242199, 0.1291402271694836,
)  # fmt: skip
"""(log((1 + s) / (1 - s)) - 2 s - 2 / 3 s^3) / s^5 in s^2, for |s| <= 0.1716."""
TWO_THIRDS = 0.6666666666666666, 3.700743415417188e-17

Pair: TypeAlias = "tuple[str, Number]"
"""A number as a sum of two floats, the second far below the first."""


def _product(c: Doubles, a: Pair, b: tuple[Number, Number]) -> Pair:
    high = c.mul(a[0], b[0])
    lost = c.fma(a[0], b[0], c.neg(high))
    return high, c.fma(a[0], b[1], c.fma(a[1], b[0], lost))


def _sum(c: Doubles, a: tuple[Number, Number], b: Pair) -> Pair:
    """Of a that is larger than b, or 0."""
    high = c.add(a[0], b[0])
    return high, c.add(c.add(c.sub(a[0], high), b[0]), c.add(a[1], b[1]))


def _log2_pair(c: Doubles, x: str) -> Pair:
    """log2(x) to more bits than a float has (after Dekker, 1971)."""
    i, f = parts(c, x)
    divisor = c.add(f, 2.0)
    cut = c.sub(f, c.sub(divisor, 2.0))
    first = c.div(f, divisor)
    lost = c.fma(c.neg(first), cut, c.fma(c.neg(first), divisor, f))
    s: Pair = first, c.div(lost, divisor)
    z = _product(c, s, s)
    cube = _product(c, _product(c, z, s), TWO_THIRDS)
    behind = c.mul(c.mul(c.mul(z[0], z[0]), first), c.polynomial(z[0], LOG_BEHIND))
    double: Pair = c.add(first, first), c.mul(s[1], 2.0)
    near = _sum(c, double, (cube[0], c.add(cube[1], behind)))
    found = _sum(c, (i, 0.0), _product(c, near, (LOG2_E, LOG2_E_REST)))
    usual = c.w.pure("p", "and.pred", c.test("gt", x, 0.0), c.test("lt", x, INFINITY))
    # Of infinity and NaN they are themselves.
    odd = c.choose(c.test("eq", x, 0.0), -INFINITY, x)
    return c.choose(usual, found[0], odd), c.choose(usual, found[1], 0.0)


def powf(c: Doubles, x: str, y: str) -> str:
    """2^(y log2 |x|) with x's sign where y is odd."""
    w = c.w
    high, low = _product(c, _log2_pair(c, c.abs(x)), (y, 0.0))
    # Where the power is 0 or infinite, what stands behind it may be NaN.
    found = exp2(c, high, c.choose(c.test("lt", c.abs(high), 1100.0), low, 0.0))
    half = c.mul(y, 0.5)
    whole = c.test("eq", c.f("cvt.rzi.f64", y), y)
    odd = w.pure("p", "and.pred", whole, c.test("ne", c.f("cvt.rzi.f64", half), half))
    found = c.choose(odd, c.signed(x, found), found)
    # Of a negative number there are whole powers only.
    negative = w.pure("p", "and.pred", c.test("lt", x, 0.0), c.test("gt", x, -INFINITY))
    found = c.choose(w.pure("p", "and.pred", negative, w.pure("p", "not.pred", whole)), NAN, found)
    minus_one = w.pure("p", "and.pred", c.test("eq", x, -1.0), c.test("eq", c.abs(y), INFINITY))
    one = w.pure("p", "or.pred", c.test("eq", x, 1.0), c.test("eq", y, 0.0))
    return c.choose(w.pure("p", "or.pred", one, minus_one), 1.0, found)
