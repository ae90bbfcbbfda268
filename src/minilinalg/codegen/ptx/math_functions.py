"""Functions of f32 that no instruction computes well: an approximating instruction or a polynomial, made precise.

| function | largest error, in units in the last place |
|---|---|
| exp2, rsqrt | 2: `ex2.approx`, `rsqrt.approx`, as the CUDA programming guide states them |
| exp | 3 |
| expm1 | 2 |
| log | 1 |
| log2, log1p | 2 |
| log10 | 3 |
| sin, cos | 3, for arguments of any size |
| tan | 5 |
| tanh, erf | 2 |

Those of f16 and bf16 are these, rounded; others, and all of f64, are in `doubles/`. Polynomials are fits in the
sense of the largest error. Subnormal numbers are numbers here, as everywhere: nothing is flushed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from minilinalg.codegen.ptx import doubles
from minilinalg.codegen.ptx.arithmetic import INFINITY, NAN, Doubles, Singles
from minilinalg.codegen.ptx.conversions import float_bits
from minilinalg.codegen.ptx.elements import Operand, kind_of
from minilinalg.codegen.ptx.floats import as_floats
from minilinalg.codegen.ptx.writer import Handler, Writer

Function: TypeAlias = Callable[[Singles, str], str]


# Powers

LOG2_E = 1.44269502
LOG2_E_REST = 1.92596303e-8
LN_2 = 0.693147182
LN_2_REST = -1.90465421e-9
TO_WHOLE = 12582912.0
"""1.5 2^23: what is added to it is rounded to a whole number, which stands in its lowest bits."""


def exp2(c: Singles, x: str) -> str:
    return c.f("ex2.approx", x)


def exp(c: Singles, x: str) -> str:
    """2^j 2^f with j the whole part of x log2(e), held within what a float's exponent can say."""
    share = c.f("fma.rn.sat", x, LOG2_E / 252, 0.5)
    shifted = c.fma(share, 252.0, TO_WHOLE - 126)
    whole = c.sub(shifted, TO_WHOLE)
    fraction = c.fma(x, LOG2_E, c.neg(whole))
    fraction = c.fma(x, LOG2_E_REST, fraction)
    power = c.i("add.s32", c.i("shl.b32", shifted, 23), 0x3F800000)
    return c.mul(c.f("ex2.approx", fraction), power)


EXPM1 = (0.5, 0.16666666, 0.0416663475, 0.00833339151, 0.00139416615, 0.000198459573)
"""(e^f - 1 - f) / f^2 for |f| <= ln(2) / 2."""


def expm1(c: Singles, x: str) -> str:
    held = c.held(x, -30.0, 89.0)
    shifted = c.fma(held, LOG2_E, TO_WHOLE)
    whole = c.neg(c.sub(shifted, TO_WHOLE))
    f = c.fma(whole, LN_2_REST, c.fma(whole, LN_2, held))
    small = c.fma(c.mul(f, f), c.polynomial(f, EXPM1), f)
    # Half of 2^j, which is a float where 2^j is not.
    power = c.i("add.s32", c.i("shl.b32", shifted, 23), 0x3F000000)
    half = c.fma(small, power, c.sub(power, 0.5))
    # Tiny arguments, which half would lose, and NaN are their own results.
    itself = c.test("ltu", c.abs(x), 2.0**-24)
    return c.choose(itself, x, c.add(half, half))


# Logarithms

LOG = (
    -0.5, 0.33333209, -0.249997169, 0.20010747, -0.16682303, 0.140011594, -0.121671855, 0.140047625, -0.129488334,
)  # fmt: skip
"""(log(1 + f) - f) / f^2 for |f| <= 1/3."""


def _logarithm(combine: Callable[[Singles, str, str], str]) -> Function:
    """x = 2^i (1 + f): `combine` makes the result of i and log(1 + f)."""

    def log(c: Singles, x: str) -> str:
        tiny = c.test("lt", x, 2.0**-126)
        scaled = c.choose(tiny, c.mul(x, 2.0**23), x)
        above = c.i("and.b32", c.i("sub.s32", scaled, 0x3F2AAAAB), 0xFF800000)
        f = c.add(c.i("sub.s32", scaled, above), -1.0)
        i = c.fma(c.i("cvt.rn.f32.s32", above), 2.0**-23, c.choose(tiny, -23.0, 0.0))
        found = combine(c, i, c.fma(c.mul(f, f), c.polynomial(f, LOG), f))
        # Infinity, NaN and negative numbers.
        odd = c.i("setp.ge.u32", scaled, 0x7F800000, letter="p")
        found = c.choose(odd, c.fma(scaled, INFINITY, INFINITY), found)
        return c.choose(c.test("eq", x, 0.0), -INFINITY, found)

    return log


log = _logarithm(lambda c, i, r: c.fma(i, LN_2, r))
log2 = _logarithm(lambda c, i, r: c.fma(r, LOG2_E, c.fma(r, LOG2_E_REST, i)))
log10 = _logarithm(lambda c, i, r: c.fma(r, 0.434294492, c.fma(r, -1.01039175e-8, c.mul(i, 0.301029987))))


def log1p(c: Singles, x: str) -> str:
    """log(u) of u = 1 + x rounded, and what the rounding took."""
    u = c.add(x, 1.0)
    lost = c.sub(x, c.add(u, -1.0))
    inside = c.i("setp.lt.u32", c.i("sub.s32", u, 1), 0x7F7FFFFF, letter="p")
    correction = c.choose(inside, c.div(lost, u), 0.0)
    itself = c.test("ltu", c.abs(x), 2.0**-24)
    return c.choose(itself, x, c.add(log(c, u), correction))


# Angles

TWO_OVER_PI = 0.636619747
HALF_PI = (1.57079601, 3.13916473e-7, 5.3903030e-15)
"""pi / 2 as a sum; the first has few bits, so that products with it are exact."""
FAR = 105615.0
"""From here on, whole turns are taken off with more bits of 2 / pi."""
BITS_OF_TWO_OVER_PI = (0, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041)
"""2 / pi behind 32 zeros."""
SIN = (-0.166666538, 0.00833213143, -0.000195108383)
COS = (0.0416664456, -0.0013887306, 0.0000244312042)
"""(sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| <= pi / 4."""


def _reduced(c: Singles, x: str) -> tuple[str, str]:
    """x = q pi / 2 + r: r and q, modulo 4."""
    q = c.i("cvt.rni.s32.f32", c.mul(x, TWO_OVER_PI))
    turns = c.neg(c.i("cvt.rn.f32.s32", q))
    r = x
    for part in HALF_PI:
        r = c.fma(turns, part, r)
    return c.w.once(("reduced", x), lambda: _far_reduced(c, x, r, q))


def _far_reduced(c: Singles, x: str, near: str, near_q: str) -> tuple[str, str]:
    """Far from zero, instead: the product with those 96 bits of 2 / pi that matter (Payne and Hanek, 1983)."""
    w = c.w
    r, q, behind = w.new("r"), w.new("r"), w.label("near")
    magnitude = c.abs(x)
    far = c.test("geu", magnitude, FAR)
    w.raw(f"mov.b32 {r}, {near};", (r,))
    w.raw(f"mov.b32 {q}, {near_q};", (q,))
    w.raw(f"@!{far} bra {behind};")
    w.tables["two_over_pi"] = BITS_OF_TWO_OVER_PI
    with w.scope():
        place = c.i("add.s32", c.i("shr.u32", magnitude, 23), -128 & 0xFFFFFFFF)
        at = c.i("mul.wide.u32", c.i("shr.u32", place, 5), 4, letter="d")
        base = c.i("add.s64", w.pure("d", "mov.b64", "two_over_pi"), at, letter="d")
        words = [w.new("r") for _ in range(4)]
        for i, word in enumerate(words):
            w.raw(f"ld.const.b32 {word}, [{base}+{4 * i}];", (word,), needed=False)
        shift = c.i("and.b32", place, 31)
        high, middle, low = (c.i("shf.l.wrap.b32", words[i + 1], words[i], shift) for i in range(3))
        mantissa = c.i("or.b32", c.i("shl.b32", magnitude, 8), 0x80000000)
        total = c.i("shr.u64", c.i("mul.wide.u32", mantissa, low, letter="d"), 32, letter="d")
        total = c.i("add.s64", total, c.i("mul.wide.u32", mantissa, middle, letter="d"), letter="d")
        upper = c.i("shl.b64", c.i("cvt.u64.u32", c.i("mul.lo.s32", mantissa, high), letter="d"), 32, letter="d")
        total = c.i("add.s64", total, upper, letter="d")
        # Quarter turns in the two highest bits, rounded; the rest is a fraction of one, with its sign.
        quarter = c.i("shr.u64", c.i("add.s64", total, 1 << 61, letter="d"), 62, letter="d")
        rest = c.i("sub.s64", total, c.i("shl.b64", quarter, 62, letter="d"), letter="d")
        angle = c.i(
            "mul.rn.f64",
            c.i("cvt.rn.f64.s64", rest, letter="d"),
            float_bits(1.5707963267948966 / 2**62, "f64"),
            letter="d",
        )
        # Infinity and NaN have no angle.
        found = c.choose(c.test("lt", magnitude, INFINITY), c.i("cvt.rn.f32.f64", angle), NAN)
        turns = c.i("cvt.u32.u64", quarter)
        negative = c.i("setp.lt.s32", x, 0, letter="p")
        w.raw(f"selp.b32 {r}, {c.f('neg', found)}, {found}, {negative};", (r,))
        w.raw(f"selp.b32 {q}, {c.i('neg.s32', turns)}, {turns}, {negative};", (q,))
    w.raw(f"{behind}:")
    return r, q


def _sine(c: Singles, r: str, q: str) -> str:
    square = c.mul(r, r)
    # Of -0 it would be 0.
    odd = c.signed(r, c.fma(c.mul(r, square), c.polynomial(square, SIN), r))
    even = c.fma(square, c.fma(square, c.polynomial(square, COS), -0.5), 1.0)
    found = c.choose(c.i("setp.ne.s32", c.i("and.b32", q, 1), 0, letter="p"), even, odd)
    negative = c.i("setp.ne.s32", c.i("and.b32", q, 2), 0, letter="p")
    return c.choose(negative, c.neg(found), found)


def sin(c: Singles, x: str) -> str:
    return _sine(c, *_reduced(c, x))


def cos(c: Singles, x: str) -> str:
    r, q = _reduced(c, x)
    return _sine(c, r, c.i("add.s32", q, 1))


def tan(c: Singles, x: str) -> str:
    return c.div(sin(c, x), cos(c, x))


# Others

TANH = (-0.333332986, 0.133319587, -0.0537866801, 0.0208053775, -0.00590586103)
"""(tanh(x) - x) / x^3 in x^2, for |x| <= 0.6."""


def tanh(c: Singles, x: str) -> str:
    magnitude, square = c.abs(x), c.mul(x, x)
    near = c.fma(c.mul(x, square), c.polynomial(square, TANH), x)
    power = exp(c, c.add(magnitude, magnitude))
    far = c.fma(c.f("rcp.approx", c.add(power, 1.0)), -2.0, 1.0)
    return c.signed(x, c.choose(c.test("ge", magnitude, 0.6), far, near))


ERF = (
    0.128379151, -0.37612626, 0.112835854, -0.026853811, 0.00518832729, -0.000801019138, 0.0000785385419,
)  # fmt: skip
"""erf(x) / x - 1 in x^2, for |x| <= 1."""
LOG2_ERFC = (
    0.000271283876, -1.62963724, -0.913543224, -0.156414941, 0.0363678224, -0.0060658995, 0.000636713638,
    -0.0000312874981,
)  # fmt: skip
"""log2(1 - erf(x)) for 1 <= x <= 4."""


def erf(c: Singles, x: str) -> str:
    magnitude = c.abs(x)
    near = c.fma(c.polynomial(c.mul(x, x), ERF), x, x)
    rest = c.f("ex2.approx", c.polynomial(c.f("min", magnitude, 4.0), LOG2_ERFC))
    return c.choose(c.test("ge", magnitude, 1.0), c.signed(x, c.sub(1.0, rest)), near)


FUNCTIONS: Mapping[str, Function] = {
    "math.exp": exp,
    "math.exp2": exp2,
    "math.expm1": expm1,
    "math.log": log,
    "math.log2": log2,
    "math.log10": log10,
    "math.log1p": log1p,
    "math.sin": sin,
    "math.cos": cos,
    "math.tan": tan,
    "math.tanh": tanh,
    "math.erf": erf,
    "math.rsqrt": lambda c, x: c.f("rsqrt.approx", x),
}


def _function(w: Writer, op: Any) -> None:
    """f64 by functions of its own, which serve f32 where it has none."""
    kind, name = kind_of(op.results[0].type), op.name
    if kind != "f64" and name in FUNCTIONS:
        compute, c = FUNCTIONS[name], Singles(w)
        as_floats(w, op, kind, lambda xs: compute(c, w.register(xs[0])))
        return
    exact, d = doubles.FUNCTIONS[name], Doubles(w)

    def rounded(xs: list[Operand]) -> Operand:
        wide = [w.pure("d", "cvt.f64.f32", w.register(x)) for x in xs]
        return w.pure("r", "cvt.rn.f32.f64", exact(d, *wide))

    if kind == "f64":
        as_floats(w, op, kind, lambda xs: exact(d, *(w.register(x, "d") for x in xs)))
    else:
        as_floats(w, op, kind, rounded)


HANDLERS: Mapping[str, Handler] = dict.fromkeys([*FUNCTIONS, *doubles.FUNCTIONS], _function)
