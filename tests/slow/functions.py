"""Elementary functions of the slow interpreter: a double evaluation, then one rounding.

Python's math module is within an ulp of a double, so a result in f32 or narrower is off by half an ulp of its format
and 2**-29 of an ulp; in f64 by about an ulp. Special values are those of C99 annex F.9.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .floats import absf, copysign, fma, rsqrt, sqrt, to_integral
from .floats import maxnum as _maxnum
from .floats import minnum as _minnum
from .floats import rounded as _rounded
from .scalars import Float, Int, Kind, Rounding, decode, double_of_real, encode, real_of_double

INFINITY = math.inf


def _odd_integer(y: float) -> bool:
    return math.isfinite(y) and y == math.floor(y) and y % 2 == 1


def _pole(name: str, *arguments: float) -> float:
    """The value where Python raises ValueError: an infinity at a pole, NaN outside of the domain."""
    match name, arguments:
        case ("log" | "log2" | "log10", (0.0,)):
            return -INFINITY
        case ("log1p", (-1.0,)):
            return -INFINITY
        case ("atanh", (1.0 | -1.0 as x,)):
            return math.copysign(INFINITY, x)
        case ("pow", (0.0 as x, y)) if y < 0:
            return math.copysign(INFINITY, x) if _odd_integer(y) else INFINITY
        case _:
            return math.nan


def _overflow(name: str, *arguments: float) -> float:
    """The infinity where Python raises OverflowError."""
    match name, arguments:
        case ("sinh", (x,)):
            return math.copysign(INFINITY, x)
        case ("pow", (x, y)):
            return -INFINITY if x < 0 and _odd_integer(y) else INFINITY
        case _:
            return INFINITY


def evaluate(name: str, *arguments: float) -> float:
    """A function of Python's math module, total: infinities and NaN in place of exceptions."""
    try:
        return getattr(math, name)(*arguments)
    except ValueError:
        return _pole(name, *arguments)
    except OverflowError:
        return _overflow(name, *arguments)


def _through_double(name: str) -> Callable[..., int]:
    def apply(t: Float, *patterns: int) -> int:
        return encode(t, real_of_double(evaluate(name, *(double_of_real(decode(t, bits)) for bits in patterns))))

    return apply


def _integral(rounding: Rounding) -> Callable[[Float, int], int]:
    return lambda t, a: to_integral(t, a, rounding)


FUNCTIONS: dict[str, Callable[..., int]] = {
    **{
        name: _through_double(name)
        for name in (
            *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "erf", "erfc", "cbrt"),
        )
    },
    "powf": _through_double("pow"),
    "sqrt": sqrt,
    "rsqrt": rsqrt,
    "absf": absf,
    "copysign": copysign,
    "fma": fma,
    "floor": _integral(Rounding.DOWNWARD),
    "ceil": _integral(Rounding.UPWARD),
    "trunc": _integral(Rounding.TOWARD_ZERO),
    "round": _integral(Rounding.NEAREST_AWAY),
    "roundeven": _integral(Rounding.NEAREST_EVEN),
    "clampf": _rounded(lambda x, low, high: _minnum(_maxnum(x, low), high)),
}


def power_by_integer(t: Float, exponent_type: Int, a: int, exponent: int) -> int:
    """math.fpowi."""
    return encode(
        t, real_of_double(evaluate("pow", double_of_real(decode(t, a)), float(exponent_type.signed(exponent))))
    )


CLASSES: dict[str, Callable[[Float, int], bool]] = {
    "isnan": lambda t, a: decode(t, a).is_nan,
    "isinf": lambda t, a: decode(t, a).is_infinite,
    "isfinite": lambda t, a: decode(t, a).kind is Kind.FINITE,
    "isnormal": lambda t, a: decode(t, a).kind is Kind.FINITE and absf(t, a) >> t.mantissa_bits > 0,
}
