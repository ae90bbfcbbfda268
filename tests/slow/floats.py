"""Float arithmetic of the slow interpreter: exact on `Real`s, rounded once to the dtype.

IEEE 754-2019: section 6 for infinities, NaN and the sign of zero, 5.4.1 for the operations, 9.6 for minimum, maximum.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from .scalars import (
    NAN,
    UNDEFINED,
    Float,
    Int,
    Kind,
    Real,
    Rounding,
    Scalar,
    decode,
    encode,
    finite,
    floor_log2,
    infinity,
    power_of_two,
    round_quotient,
)


def add(x: Real, y: Real) -> Real:
    """The exact sum. Opposite infinities have none; a zero is negative only as the sum of two negative zeros."""
    if x.is_nan or y.is_nan or (x.is_infinite and y.is_infinite and x.negative != y.negative):
        return NAN
    if x.is_infinite or y.is_infinite:
        return x if x.is_infinite else y
    return finite(x.value + y.value, x.negative and y.negative)


def negate(x: Real) -> Real:
    return x.with_sign(not x.negative)


def subtract(x: Real, y: Real) -> Real:
    return add(x, negate(y))


def multiply(x: Real, y: Real) -> Real:
    """The exact product; zero times infinity has none."""
    negative = x.negative != y.negative
    if x.is_nan or y.is_nan or (x.is_infinite and y.is_zero) or (x.is_zero and y.is_infinite):
        return NAN
    if x.is_infinite or y.is_infinite:
        return infinity(negative)
    return Real(Kind.FINITE, negative, x.magnitude * y.magnitude)


def divide(x: Real, y: Real) -> Real:
    """The exact quotient; zero by zero and infinity by infinity have none."""
    negative = x.negative != y.negative
    if x.is_nan or y.is_nan or (x.is_zero and y.is_zero) or (x.is_infinite and y.is_infinite):
        return NAN
    if x.is_infinite or y.is_zero:
        return infinity(negative)
    return Real(Kind.FINITE, negative, Fraction(0) if y.is_infinite else x.magnitude / y.magnitude)


def remainder(x: Real, y: Real) -> Real:
    """arith.remf, as C's fmod: exact, of the dividend's sign, smaller than the divisor."""
    if x.is_nan or y.is_nan or x.is_infinite or y.is_zero:
        return NAN
    return x if y.is_infinite else Real(Kind.FINITE, x.negative, x.magnitude % y.magnitude)


def fused_multiply_add(x: Real, y: Real, z: Real) -> Real:
    return add(multiply(x, y), z)


def order(x: Real, y: Real) -> int | None:
    """-1, 0 or 1 as x is less, equal or greater; None when they are unordered. Zeros are equal."""
    if x.is_nan or y.is_nan:
        return None

    def key(r: Real) -> tuple[int, Fraction]:
        if r.is_infinite:
            return (-1 if r.negative else 1), Fraction(0)
        return 0, r.value

    return (key(x) > key(y)) - (key(x) < key(y))


def _larger(x: Real, y: Real) -> Real:
    """The larger of two ordered numbers, +0 above -0."""
    relation = order(x, y)
    if relation == 0:
        return y if x.negative else x
    return x if relation == 1 else y


def maximum(x: Real, y: Real) -> Real:
    """arith.maximumf: NaN when either is NaN."""
    return NAN if x.is_nan or y.is_nan else _larger(x, y)


def maxnum(x: Real, y: Real) -> Real:
    """arith.maxnumf: the number when the other is NaN. Of zeros the dialect allows either; here it is +0."""
    if x.is_nan or y.is_nan:
        return y if x.is_nan else x
    return _larger(x, y)


def minimum(x: Real, y: Real) -> Real:
    return negate(maximum(negate(x), negate(y)))


def minnum(x: Real, y: Real) -> Real:
    return negate(maxnum(negate(x), negate(y)))


def rounded(function: Callable[..., Real]) -> Callable[..., int]:
    """An exact function on numbers as a function on patterns of one dtype, rounded once to nearest even."""
    return lambda t, *patterns: encode(t, function(*(decode(t, bits) for bits in patterns)))


BINARY: dict[str, Callable[[Float, int, int], int]] = {
    "addf": rounded(add),
    "subf": rounded(subtract),
    "mulf": rounded(multiply),
    "divf": rounded(divide),
    "remf": rounded(remainder),
    "maximumf": rounded(maximum),
    "minimumf": rounded(minimum),
    "maxnumf": rounded(maxnum),
    "minnumf": rounded(minnum),
}

fma: Callable[[Float, int, int, int], int] = rounded(fused_multiply_add)

# Indexed by the attribute's number.
PREDICATES = (
    "false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"
)  # fmt: skip

_HOLDS = {"eq": (0,), "gt": (1,), "ge": (0, 1), "lt": (-1,), "le": (-1, 0), "ne": (-1, 1)}


def compare(t: Float, predicate: str, a: int, b: int) -> int:
    """arith.cmpf: 1 or 0. The first letter says what unordered operands give: o is 0, u is 1."""
    relation = order(decode(t, a), decode(t, b))
    match predicate:
        case "false" | "true":
            return int(predicate == "true")
        case "ord" | "uno":
            return int((relation is None) == (predicate == "uno"))
        case _:
            return int(predicate[0] == "u" if relation is None else relation in _HOLDS[predicate[1:]])


def negf(t: Float, a: int) -> int:
    """Flips the sign, of NaN too; a FNUZ format has no negative zero to give."""
    return a if t.specials == "fnuz" and a in (0, t.sign_bit) else a ^ t.sign_bit


def absf(t: Float, a: int) -> int:
    return a if t.specials == "fnuz" and a == t.sign_bit else a & ~t.sign_bit


def copysign(t: Float, a: int, b: int) -> int:
    return absf(t, a) if not b & t.sign_bit else negf(t, absf(t, a))


def convert(
    source: Float, target: Float, a: int, rounding: Rounding = Rounding.NEAREST_EVEN, *, saturate: bool = False
) -> int:
    """extf, truncf, tt.fp_to_fp: one rounding, whatever lies between the formats."""
    return encode(target, decode(source, a), rounding, saturate=saturate)


def from_integer(source: Int, target: Float, a: int, *, signed: bool) -> int:
    """sitofp, uitofp. Zero is positive."""
    return encode(target, finite(source.signed(a) if signed else a))


def to_integer(source: Float, target: Int, a: int, *, signed: bool) -> Scalar:
    """fptosi, fptoui: toward zero. What has no representation there, NaN among it, is undefined."""
    real = decode(source, a)
    if real.kind is not Kind.FINITE:
        return UNDEFINED
    magnitude = int(real.magnitude)
    value = -magnitude if real.negative else magnitude
    pattern = target.wrap(value)
    return pattern if value == (target.signed(pattern) if signed else pattern) else UNDEFINED


def to_integral(t: Float, a: int, rounding: Rounding) -> int:
    """floor, ceil, trunc, round, roundeven: an integer in the same format; the sign stays, of zeros too."""
    real = decode(t, a)
    if real.kind is not Kind.FINITE:
        return encode(t, real)
    integral = round_quotient(real.magnitude.numerator, real.magnitude.denominator, real.negative, rounding)
    return encode(t, real._replace(magnitude=Fraction(integral)))


def _root(value: Fraction, precision: int) -> Fraction:
    """A rational that rounds to `precision` bits or fewer as the square root of `value` does.

    The root is cut off two bits below the last one kept; a bit more says whether anything was cut off.
    """
    scale = precision + 2 - floor_log2(value.numerator, value.denominator) // 2
    scaled = value * power_of_two(2 * scale)
    root = isqrt(int(scaled))
    inexact = Fraction(root * root) != scaled
    return Fraction(2 * root + inexact, 2) * power_of_two(-scale)


def sqrt(t: Float, a: int) -> int:
    """The square root, correctly rounded; that of -0 is -0."""
    real = decode(t, a)
    if real.is_zero or real == infinity(False):
        return encode(t, real)
    if real.is_nan or real.negative:
        return encode(t, NAN)
    return encode(t, finite(_root(real.magnitude, t.mantissa_bits + 1)))


def rsqrt(t: Float, a: int) -> int:
    """1 / sqrt(a), correctly rounded."""
    real = decode(t, a)
    if real.is_zero:
        return encode(t, infinity(real.negative))
    if real.is_nan or real.negative:
        return encode(t, NAN)
    if real.is_infinite:
        return encode(t, finite(0))
    return encode(t, finite(_root(1 / real.magnitude, t.mantissa_bits + 1)))
