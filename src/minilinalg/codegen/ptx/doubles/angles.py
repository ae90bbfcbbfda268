"""Functions of angles, and angles."""

from __future__ import annotations

from functools import cache
from math import factorial

from minilinalg.codegen.ptx.arithmetic import INFINITY, NAN, Doubles
from minilinalg.codegen.ptx.conversions import float_bits
from minilinalg.codegen.ptx.doubles.powers import whole

TWO_OVER_PI = 0.6366197723675814
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
"""pi / 2 as a sum."""
FAR = 131072.0
"""From here on, whole turns are taken off with more bits of 2 / pi."""
TABLE = "two_over_pi_f64"
ZEROS, WORDS = 64, 40
SIN = tuple((-1) ** n / factorial(2 * n + 1) for n in range(1, 9))
COS = tuple((-1) ** n / factorial(2 * n) for n in range(2, 10))
"""(sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| <= pi / 4."""


@cache
def bits_of_two_over_pi() -> tuple[int, ...]:
    """2 / pi behind 64 zeros, in words of 32 bits; pi by Machin's formula (1706)."""
    bits = 32 * WORDS + 64

    def arctan(n: int) -> int:
        power = (1 << bits) // n
        total, k, sign = power, 3, -1
        while power:
            power //= n * n
            total += sign * (power // k)
            k, sign = k + 2, -sign
        return total

    pi = 4 * (4 * arctan(5) - arctan(239))
    found = (2 << bits + 32 * WORDS - ZEROS) // pi
    return tuple(found >> 32 * (WORDS - 1 - i) & 0xFFFFFFFF for i in range(WORDS))


def _reduced(c: Doubles, x: str) -> tuple[str, str]:
    """x = q pi / 2 + r: r, and q modulo 4, an integer of 64 bits."""
    turns, q = whole(c, x, TWO_OVER_PI)
    turns = c.neg(turns)
    r = x
    for part in HALF_PI:
        r = c.fma(turns, part, r)
    return c.w.once(("reduced", "f64", x), lambda: _far_reduced(c, x, r, q))


def _far_reduced(c: Doubles, x: str, near: str, near_q: str) -> tuple[str, str]:
    """Far from zero, instead: the product with those 192 bits of 2 / pi that matter (Payne and Hanek, 1983)."""
    w = c.w
    r, q, behind = w.new("d"), w.new("d"), w.label("near")
    magnitude = c.abs(x)
    w.raw(f"mov.b64 {r}, {near};", (r,))
    w.raw(f"mov.b64 {q}, {near_q};", (q,))
    w.raw(f"@!{c.test('geu', magnitude, FAR)} bra {behind};")
    w.tables[TABLE] = bits_of_two_over_pi()
    with w.scope():
        # |x| = m 2^e: bits of 2 / pi before the (e - 1)st make whole turns.
        start = c.i("sub.s64", c.i("shr.u64", magnitude, 52), 1075 + 2 - ZEROS)
        start = w.pure("r", "min.u32", w.pure("r", "cvt.u32.u64", start), 32 * (WORDS - 7))
        at = c.i("mul.wide.u32", w.pure("r", "shr.u32", start, 5), 4)
        base = c.i("add.s64", w.pure("d", "mov.b64", TABLE), at)
        words = [w.new("r") for _ in range(7)]
        for i, word in enumerate(words):
            w.raw(f"ld.const.b32 {word}, [{base}+{4 * i}];", (word,), needed=False)
        shift = w.pure("r", "and.b32", start, 31)
        cut = [w.pure("r", "shf.l.wrap.b32", words[i + 1], words[i], shift) for i in range(6)]
        high, middle, low = (_joined(c, cut[i], cut[i + 1]) for i in (0, 2, 4))
        mantissa = c.i("or.b64", c.i("and.b64", magnitude, (1 << 52) - 1), 1 << 52)
        carried, product = c.i("mul.hi.u64", mantissa, low), c.i("mul.lo.s64", mantissa, middle)
        fraction = c.i("add.s64", product, carried)
        over = w.pure("p", "setp.lt.u64", fraction, product)
        top = c.i("add.s64", c.i("mul.lo.s64", mantissa, high), c.i("mul.hi.u64", mantissa, middle))
        top = c.i("add.s64", top, w.pure("d", "selp.b64", 1, 0, over))
        # Quarter turns in the two highest bits, rounded; the rest is a fraction of one, with its sign.
        quarter = c.i("shr.u64", c.i("add.s64", top, 1 << 61), 62)
        rest = c.i("sub.s64", top, c.i("shl.b64", quarter, 62))
        parts = w.pure("d", "cvt.rn.f64.s64", rest), w.pure("d", "cvt.rn.f64.u64", fraction)
        angle = c.mul(c.fma(parts[1], 2.0**-64, parts[0]), 2.0**-62)
        angle = c.fma(angle, HALF_PI[0], c.mul(angle, HALF_PI[1]))
        # Infinity and NaN have no angle.
        found = c.choose(c.test("lt", magnitude, INFINITY), angle, NAN)
        negative = w.pure("p", "setp.lt.s64", x, 0)
        w.raw(f"selp.b64 {r}, {c.neg(found)}, {found}, {negative};", (r,))
        w.raw(f"selp.b64 {q}, {c.i('neg.s64', quarter)}, {quarter}, {negative};", (q,))
    w.raw(f"{behind}:")
    return r, q


def _joined(c: Doubles, high: str, low: str) -> str:
    return c.i("or.b64", c.i("shl.b64", c.i("cvt.u64.u32", high), 32), c.i("cvt.u64.u32", low))


def _sine(c: Doubles, r: str, q: str) -> str:
    square = c.mul(r, r)
    odd = c.fma(c.mul(r, square), c.polynomial(square, SIN), r)
    even = c.sub(1.0, c.sub(c.mul(square, 0.5), c.mul(c.mul(square, square), c.polynomial(square, COS))))
    found = c.choose(c.w.pure("p", "setp.ne.s64", c.i("and.b64", q, 1), 0), even, odd)
    return c.choose(c.w.pure("p", "setp.ne.s64", c.i("and.b64", q, 2), 0), c.neg(found), found)


def sin(c: Doubles, x: str) -> str:
    return c.choose(c.test("eq", x, 0.0), x, _sine(c, *_reduced(c, x)))


def cos(c: Doubles, x: str) -> str:
    r, q = _reduced(c, x)
    return _sine(c, r, c.i("add.s64", q, 1))


def tan(c: Doubles, x: str) -> str:
    return c.div(sin(c, x), cos(c, x))


ATAN = (
    -0.3333333333333333, 0.19999999999999804, -0.14285714285659828, 0.11111111105155447, -0.09090908753500877,
    0.07692296375032143, -0.06666424885738255, 0.05878928997834775, -0.05230454270650244, 0.04551593220626549,
    -0.034570561981427744, 0.016285756855221028,
)  # fmt: skip
"""(atan(t) - t) / t^3 in t^2, for |t| <= sqrt(2) - 1."""


def _angle(c: Doubles, y: str, x: str) -> str:
    """The angle of (x, y) for y, x >= 0: that of their quotient or its inverse, from pi / 4 where it is near."""
    steep = c.test("gt", y, x)
    small, large = c.choose(steep, x, y), c.choose(steep, y, x)
    t = c.div(small, large)
    t = c.choose(c.test("eq", small, large), c.choose(c.test("eq", small, 0.0), 0.0, 1.0), t)
    wide = c.test("gt", t, 0.41421356237309503)
    t = c.choose(wide, c.div(c.sub(t, 1.0), c.add(t, 1.0)), t)
    square = c.mul(t, t)
    rest = c.mul(c.mul(t, square), c.polynomial(square, ATAN))
    found = c.add(c.choose(wide, HALF_PI[0] / 2, 0.0), c.add(t, c.add(rest, c.choose(wide, HALF_PI[1] / 2, 0.0))))
    return c.choose(steep, c.sub(HALF_PI[0], c.sub(found, HALF_PI[1])), found)


def atan2(c: Doubles, y: str, x: str) -> str:
    found = _angle(c, c.abs(y), c.abs(x))
    left = c.w.pure("p", "setp.lt.s64", x, 0)
    found = c.choose(left, c.sub(2 * HALF_PI[0], c.sub(found, 2 * HALF_PI[1])), found)
    unordered = c.test("nan", x, y)
    return c.choose(unordered, NAN, c.signed(y, found))


def atan(c: Doubles, x: str) -> str:
    return c.or_nan(x, c.signed(x, _angle(c, c.abs(x), c.w.pure("d", "mov.b64", float_bits(1.0, "f64")))))


def _other_leg(c: Doubles, x: str) -> str:
    """sqrt(1 - x^2); NaN outside of -1 to 1."""
    return c.sqrt(c.mul(c.sub(1.0, x), c.add(x, 1.0)))


def asin(c: Doubles, x: str) -> str:
    return atan2(c, x, _other_leg(c, x))


def acos(c: Doubles, x: str) -> str:
    return atan2(c, _other_leg(c, x), x)
