"""Scalars of the slow interpreter: a value is its bit pattern, a dtype says what the pattern means.

A pattern is a Python int in [0, 2**width), so memory, bitcasts and NaN payloads need no thought. Arithmetic decodes a
float to a `Real` (an exact rational, an infinity or NaN, always with a sign), computes exactly, and encodes once.
Sources: IEEE 754-2019 sections 3.4 and 4.3 for f16, bf16, f32 and f64; the OCP 8-bit floating point specification for
f8E5M2 and f8E4M3FN; APFloat's documentation for the FNUZ formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import NamedTuple


class Undefined:
    """An element that holds no value: of tensor.empty, of a masked-off load without `other`, of a division by zero."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = Undefined()
Scalar = int | Undefined


@dataclass(frozen=True)
class Int:
    """Integers of `width` bits without a sign of their own: operations say how to read them. Pointers are 64 bits."""

    width: int
    name: str = ""

    @property
    def mask(self) -> int:
        return (1 << self.width) - 1

    def wrap(self, value: int) -> int:
        """The pattern of a mathematical integer, modulo 2**width."""
        return value & self.mask

    def signed(self, bits: int) -> int:
        """The two's complement reading of a pattern."""
        return bits - (1 << self.width) if bits >> (self.width - 1) & 1 else bits


@dataclass(frozen=True, eq=False)
class Float:
    """A binary floating-point format: sign, `exponent_bits`, `mantissa_bits`.

    `specials` is what the topmost patterns mean: "ieee" has infinities and NaNs in the last exponent, "fn" has only one
    NaN magnitude, of all ones, "fnuz" has one NaN in place of negative zero, "finite" has neither.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    specials: str = "ieee"
    bias_correction: int = 0

    @cached_property
    def width(self) -> int:
        return 1 + self.exponent_bits + self.mantissa_bits

    @cached_property
    def smallest_exponent(self) -> int:
        """The exponent of the smallest normal number, which the subnormal ones share."""
        bias = (1 << (self.exponent_bits - 1)) - 1 + self.bias_correction
        return 1 - bias

    @cached_property
    def sign_bit(self) -> int:
        return 1 << (self.width - 1)

    @cached_property
    def infinity(self) -> int | None:
        return ((1 << self.exponent_bits) - 1) << self.mantissa_bits if self.specials == "ieee" else None

    @cached_property
    def largest(self) -> int:
        """The pattern of the largest finite number."""
        if self.infinity is not None:
            return self.infinity - 1
        return self.sign_bit - (2 if self.specials == "fn" else 1)

    @cached_property
    def nan(self) -> int | None:
        """The pattern that operations give for NaN: quiet and positive where the format allows a choice."""
        if self.infinity is not None:
            return self.infinity | 1 << (self.mantissa_bits - 1)
        return {"fn": self.sign_bit - 1, "fnuz": self.sign_bit}.get(self.specials)


DType = Int | Float

INDEX = Int(64, "index")
POINTER = Int(64, "pointer")
I1, I8, I16, I32, I64 = (Int(width) for width in (1, 8, 16, 32, 64))
F16 = Float("f16", 5, 10)
BF16 = Float("bf16", 8, 7)
F32 = Float("f32", 8, 23)
F64 = Float("f64", 11, 52)
TF32 = Float("tf32", 8, 10)
F8E5M2 = Float("f8E5M2", 5, 2)
F8E4M3FN = Float("f8E4M3FN", 4, 3, "fn")
F4E2M1FN = Float("f4E2M1FN", 2, 1, "finite")
FLOATS = {
    dtype.name: dtype
    for dtype in (
        F16,
        BF16,
        F32,
        F64,
        TF32,
        F8E5M2,
        F8E4M3FN,
        F4E2M1FN,
        Float("f8E4M3", 4, 3),
        Float("f8E3M4", 3, 4),
        Float("f8E5M2FNUZ", 5, 2, "fnuz", 1),
        Float("f8E4M3FNUZ", 4, 3, "fnuz", 1),
        Float("f8E4M3B11FNUZ", 4, 3, "fnuz", 4),
        Float("f6E3M2FN", 3, 2, "finite"),
        Float("f6E2M3FN", 2, 3, "finite"),
    )
}


class Kind(Enum):
    FINITE = "finite"
    INFINITE = "infinite"
    NAN = "nan"


class Real(NamedTuple):
    """What a float pattern stands for. `magnitude` is meant for finite ones; zeros keep their sign."""

    kind: Kind
    negative: bool
    magnitude: Fraction = Fraction(0)

    @property
    def value(self) -> Fraction:
        return -self.magnitude if self.negative else self.magnitude

    @property
    def is_nan(self) -> bool:
        return self.kind is Kind.NAN

    @property
    def is_infinite(self) -> bool:
        return self.kind is Kind.INFINITE

    @property
    def is_zero(self) -> bool:
        return self.kind is Kind.FINITE and self.magnitude == 0

    def with_sign(self, negative: bool) -> Real:
        return self._replace(negative=negative)


NAN = Real(Kind.NAN, False)


def infinity(negative: bool) -> Real:
    return Real(Kind.INFINITE, negative)


def finite(value: Fraction | int, negative_zero: bool = False) -> Real:
    """A rational as a `Real`; a zero is positive unless it is asked to be negative."""
    negative = value.numerator < 0 or (value.numerator == 0 and negative_zero)
    return Real(Kind.FINITE, negative, Fraction(-value if value.numerator < 0 else value))


class Rounding(Enum):
    """Directions, named as the arith dialect names them."""

    NEAREST_EVEN = "to_nearest_even"
    NEAREST_AWAY = "to_nearest_away"
    DOWNWARD = "downward"
    UPWARD = "upward"
    TOWARD_ZERO = "toward_zero"


def round_quotient(numerator: int, denominator: int, negative: bool, rounding: Rounding) -> int:
    """A magnitude to an integer, in a direction that may depend on the sign it will get."""
    whole, rest = divmod(numerator, denominator)
    match rounding:
        case Rounding.NEAREST_EVEN:
            up = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
        case Rounding.NEAREST_AWAY:
            up = 2 * rest >= denominator
        case Rounding.TOWARD_ZERO:
            up = False
        case Rounding.DOWNWARD:
            up = negative and rest != 0
        case Rounding.UPWARD:
            up = not negative and rest != 0
    return whole + 1 if up else whole


def power_of_two(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def floor_log2(numerator: int, denominator: int) -> int:
    """The exponent e with 2**e <= numerator / denominator < 2**(e + 1)."""
    exponent = numerator.bit_length() - denominator.bit_length()
    reached = numerator << -exponent >= denominator if exponent < 0 else numerator >= denominator << exponent
    return exponent if reached else exponent - 1


@lru_cache(maxsize=1 << 16)
def decode(dtype: Float, bits: int) -> Real:
    """The number that a pattern stands for."""
    negative = bool(bits & dtype.sign_bit)
    pattern = bits & ~dtype.sign_bit
    if dtype.specials == "fnuz" and bits == dtype.nan:
        return NAN
    if pattern > dtype.largest:
        return infinity(negative) if pattern == dtype.infinity else NAN.with_sign(negative)
    exponent, mantissa = pattern >> dtype.mantissa_bits, pattern & ((1 << dtype.mantissa_bits) - 1)
    if exponent > 0:
        mantissa |= 1 << dtype.mantissa_bits
        exponent -= 1
    return Real(
        Kind.FINITE, negative, mantissa * power_of_two(dtype.smallest_exponent + exponent - dtype.mantissa_bits)
    )


def encode(dtype: Float, real: Real, rounding: Rounding = Rounding.NEAREST_EVEN, *, saturate: bool = False) -> int:
    """The pattern of a number after one rounding.

    What is too large becomes infinity, or NaN in a format without infinities; where the rounding never leaves the
    finite numbers, or `saturate` is set, it becomes the largest finite number. NaN stays NaN.
    """
    sign = dtype.sign_bit if real.negative else 0
    if real.is_nan:
        if dtype.nan is None:
            raise ValueError(f"{dtype.name} has no NaN")
        return dtype.nan
    if real.is_infinite:
        return _overflow(dtype, sign, saturate)
    if real.is_zero:
        return 0 if dtype.specials == "fnuz" else sign
    magnitude = real.magnitude
    return encode_quotient(
        dtype, real.negative, magnitude.numerator, magnitude.denominator, rounding, saturate=saturate
    )


def encode_quotient(
    dtype: Float,
    negative: bool,
    numerator: int,
    denominator: int,
    rounding: Rounding = Rounding.NEAREST_EVEN,
    *,
    saturate: bool = False,
) -> int:
    """`encode` of a number that is finite and not zero."""
    sign = dtype.sign_bit if negative else 0
    exponent = max(floor_log2(numerator, denominator), dtype.smallest_exponent)
    shift = dtype.mantissa_bits - exponent
    units = round_quotient(numerator << max(shift, 0), denominator << max(-shift, 0), negative, rounding)
    # Patterns of one sign are ordered as their magnitudes are, so a carry out of the mantissa raises the exponent.
    pattern = ((exponent - dtype.smallest_exponent) << dtype.mantissa_bits) + units
    if pattern > dtype.largest:
        inward = Rounding.UPWARD if negative else Rounding.DOWNWARD
        return _overflow(dtype, sign, saturate or rounding in (Rounding.TOWARD_ZERO, inward))
    return 0 if dtype.specials == "fnuz" and pattern == 0 else sign | pattern


def _overflow(dtype: Float, sign: int, saturate: bool) -> int:
    if saturate or dtype.specials == "finite":
        return sign | dtype.largest
    if dtype.infinity is not None:
        return sign | dtype.infinity
    assert dtype.nan is not None
    return dtype.nan


def from_python(dtype: DType, value: float | int | bool) -> int:
    """The pattern of a Python number: integers modulo 2**width, floats rounded once."""
    if isinstance(dtype, Int):
        return dtype.wrap(int(value))
    if isinstance(value, int):
        return encode(dtype, finite(value))
    return encode(dtype, real_of_double(value))


def to_python(dtype: DType, bits: int, *, signed: bool = True) -> float | int:
    """A Python number of a pattern: an int, or a float (of every format here each value is a double)."""
    if isinstance(dtype, Int):
        return dtype.signed(bits) if signed and dtype.width > 1 else bits
    return double_of_real(decode(dtype, bits))


def real_of_double(value: float) -> Real:
    """The exact number that a Python float stands for."""
    if value != value:
        return NAN
    negative = str(value).startswith("-")
    if value in (float("inf"), float("-inf")):
        return infinity(negative)
    return finite(Fraction(value), negative)


def double_of_real(real: Real) -> float:
    """The nearest Python float of a number."""
    if real.is_nan:
        return float("nan")
    magnitude = float("inf") if real.is_infinite else float(real.magnitude)
    return -magnitude if real.negative else magnitude
