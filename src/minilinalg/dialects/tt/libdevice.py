"""Functions of libdevice, each by its name there, as what they are on operations of arith and math.

| table | holds |
|---|---|
| `OPERATIONS` | functions that are one operation |
| `FORMULAS` | functions that are several, computed in the type of their operands |
| `WIDE_FORMULAS` | the same, computed in f64 and rounded once to the type of the operands |

Both what runs a module and what lowers it read them, so a function is the same at every stage. Where libdevice
approximates, the function itself is meant. Names are without `__nv_` and the `f` of float32.

Source: NVIDIA, "libdevice user's guide".
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import AnyFloat, FloatAttr, IntegerAttr, IntegerType, f64, i1, i32, i64
from xdsl.ir import Attribute

PREFIX = "__nv_"

_MATH = (
    *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cos", "cosh", "erf"),
    *("erfc", "exp", "exp2", "expm1", "floor", "fma", "log", "log10", "log1p", "log2", "round", "rsqrt", "sin"),
    *("sinh", "sqrt", "tan", "tanh", "trunc"),
)
_FAST = ("cos", "exp", "log", "log10", "log2", "sin", "tan", "tanh")
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "arith.addf": ("dadd_rn", "fadd_rn"),
    "arith.subf": ("dsub_rn", "fsub_rn"),
    "arith.mulf": ("dmul_rn", "fmul_rn"),
    "arith.divf": ("ddiv_rn", "fdiv_rn", "fast_fdivide"),
    "arith.remf": ("fmod",),
    "arith.truncf": ("double2float_rn",),
    "arith.maxnumf": ("fmax",),
    "arith.minnumf": ("fmin",),
    "arith.maxsi": ("max", "llmax"),
    "arith.minsi": ("min", "llmin"),
    "arith.maxui": ("umax", "ullmax"),
    "arith.minui": ("umin", "ullmin"),
    "math.absf": ("fabs",),
    "math.absi": ("abs", "llabs"),
    "math.ctlz": ("clz", "clzll"),
    "math.ctpop": ("popc", "popcll"),
    "math.fma": ("fma_rn", "fmaf_rn"),
    "math.isfinite": ("finite", "isfinited"),
    "math.isinf": ("isinf", "isinfd"),
    "math.isnan": ("isnan", "isnand"),
    "math.powf": ("pow", "fast_pow"),
    "math.roundeven": ("nearbyint", "rint"),
    "math.rsqrt": ("frsqrt_rn",),
    "math.sqrt": ("dsqrt_rn", "fsqrt_rn"),
    "arith.sitofp": ("int2float_rn", "ll2float_rn", "int2double_rn", "ll2double_rn"),
    "arith.uitofp": ("uint2float_rn", "ull2float_rn", "uint2double_rn", "ull2double_rn"),
    "arith.bitcast": (
        *("float_as_int", "float_as_uint", "int_as_float", "uint_as_float"),
        *("double_as_longlong", "longlong_as_double"),
    ),
}
OPERATIONS: Mapping[str, str] = {
    **{name: f"math.{name}" for name in _MATH},
    **{f"fast_{name}": f"math.{name}" for name in _FAST},
    **{name: operation for operation, names in _OTHERS.items() for name in names},
}


# What formulas are written with

Value: TypeAlias = Any
"""A scalar in the IR, or all elements of a tensor at once: whoever uses a formula knows."""
Formula: TypeAlias = Callable[..., Value]
OEQ, OGT, OLE, OLT = 1, 2, 5, 4
EQ, SLT = 0, 2


class Terms(ABC):
    """The operations that a formula consists of, to be carried out at once or to be written down.

    result: the type of what the function gives.
    """

    def __init__(self, result: Attribute):
        self.result = result

    @abstractmethod
    def op(self, name: str, *operands: Value, type: Attribute | None = None, predicate: int | None = None) -> Value:
        """An operation of arith or math; `type` is that of its result, the first operand's when it is not given."""

    @abstractmethod
    def constant(self, value: IntegerAttr[Any] | FloatAttr[Any]) -> Value:
        """A number of its type."""

    @abstractmethod
    def type_of(self, value: Value) -> Attribute:
        """The type of a value."""

    def number(self, value: float, like: Value) -> Value:
        """A number of the type of `like`."""
        type = self.type_of(like)
        if isinstance(type, AnyFloat):
            return self.constant(FloatAttr(value, type))
        return self.constant(IntegerAttr(int(value), cast("IntegerType", type)))

    def add(self, x: Value, y: Value) -> Value:
        return self.op("arith.addf", x, y)

    def subtract(self, x: Value, y: Value) -> Value:
        return self.op("arith.subf", x, y)

    def multiply(self, x: Value, y: Value) -> Value:
        return self.op("arith.mulf", x, y)

    def divide(self, x: Value, y: Value) -> Value:
        return self.op("arith.divf", x, y)

    def absolute(self, x: Value) -> Value:
        return self.op("math.absf", x)

    def compare(self, predicate: int, x: Value, y: Value) -> Value:
        name = "arith.cmpi" if isinstance(self.type_of(x), IntegerType) else "arith.cmpf"
        return self.op(name, x, y, type=i1, predicate=predicate)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        return self.op("arith.select", condition, x, y, type=self.type_of(x))

    def fit(self, value: Value, type: Attribute) -> Value:
        """`value` in a wider or narrower type of its kind; a condition as 0 or 1."""
        given = cast("Any", self.type_of(value))
        if given == type:
            return value
        wider = given.bitwidth < cast("Any", type).bitwidth
        if isinstance(type, AnyFloat):
            return self.op("arith.extf" if wider else "arith.truncf", value, type=type)
        return self.op(("arith.extui" if given == i1 else "arith.extsi") if wider else "arith.trunci", value, type=type)


def _inverse(t: Terms, x: Value) -> Value:
    return t.divide(t.number(1.0, x), x)


def _positive_difference(t: Terms, x: Value, y: Value) -> Value:
    """x - y where that is positive, else 0; NaN where either is."""
    return t.select(t.compare(OLE, x, y), t.number(0.0, x), t.subtract(x, y))


def _saturate(t: Terms, x: Value) -> Value:
    """Between 0 and 1; 0 where x is NaN."""
    return t.op("arith.minnumf", t.op("arith.maxnumf", x, t.number(0.0, x)), t.number(1.0, x))


def _sign_bit(t: Terms, x: Value) -> Value:
    bits = t.op("arith.bitcast", x, type=_bits_of(t, x))
    return t.compare(SLT, bits, t.number(0, bits))


def _bits_of(t: Terms, x: Value) -> Attribute:
    return IntegerType(cast("Any", t.type_of(x)).bitwidth)


def _rounded(rounding: str | None, conversion: str) -> Formula:
    """To a whole number, then to an integer."""

    def formula(t: Terms, x: Value) -> Value:
        return t.op(conversion, x if rounding is None else t.op(rounding, x), type=t.result)

    return formula


def _average(shift: str, sign: int) -> Formula:
    """Half of x + y without overflow: of the bits that both have and half of those that one has."""

    def formula(t: Terms, x: Value, y: Value) -> Value:
        half = t.op(shift, t.op("arith.xori", x, y), t.number(1, x))
        if sign > 0:
            return t.op("arith.addi", t.op("arith.andi", x, y), half)
        return t.op("arith.subi", t.op("arith.ori", x, y), half)

    return formula


def _high_product(extension: str) -> Formula:
    """The upper half of a product of 32-bit numbers."""

    def formula(t: Terms, x: Value, y: Value) -> Value:
        product = t.op("arith.muli", *(t.op(extension, v, type=i64) for v in (x, y)))
        return t.op("arith.trunci", t.op("arith.shrui", product, t.number(32, product)), type=i32)

    return formula


def _sum_of_differences(larger: str, smaller: str) -> Formula:
    """|x - y| + z."""

    def formula(t: Terms, x: Value, y: Value, z: Value) -> Value:
        return t.op("arith.addi", t.op("arith.subi", t.op(larger, x, y), t.op(smaller, x, y)), z)

    return formula


def _high_long_product(*, sign: bool) -> Formula:
    """The upper half of a product of 64-bit numbers, from those of their halves."""

    def formula(t: Terms, x: Value, y: Value) -> Value:
        half, low = t.number(32, x), t.number(2**32 - 1, x)
        (a, b), (c, d) = ((t.op("arith.andi", v, low), t.op("arith.shrui", v, half)) for v in (x, y))
        crossed = [t.op("arith.muli", *pair) for pair in ((a, d), (b, c))]
        middle = t.op("arith.shrui", t.op("arith.muli", a, c), half)
        for product in crossed:
            middle = t.op("arith.addi", middle, t.op("arith.andi", product, low))
        found = t.op("arith.addi", t.op("arith.muli", b, d), t.op("arith.shrui", middle, half))
        for product in crossed:
            found = t.op("arith.addi", found, t.op("arith.shrui", product, half))
        if sign:
            zero = t.number(0, x)
            for one, other in ((x, y), (y, x)):
                found = t.op("arith.subi", found, t.select(t.compare(SLT, one, zero), other, zero))
        return found

    return formula


def _product_of_24_bits(shift: str) -> Formula:
    def formula(t: Terms, x: Value, y: Value) -> Value:
        above = t.number(8, x)
        return t.op("arith.muli", *(t.op(shift, t.op("arith.shli", v, above), above) for v in (x, y)))

    return formula


def _first_set_bit(t: Terms, x: Value) -> Value:
    """Counted from 1; 0 where there is none."""
    zero = t.number(0, x)
    up_to_it = t.op("arith.xori", x, t.op("arith.subi", x, t.number(1, x)))
    return t.select(t.compare(EQ, x, zero), zero, t.op("math.ctpop", up_to_it))


def _reversed_bits(t: Terms, x: Value) -> Value:
    """Neighbours change places, then pairs, and so on."""
    width = cast("Any", t.type_of(x)).bitwidth
    step = 1
    while step < width:
        every = sum(((1 << step) - 1) << at for at in range(0, width, 2 * step))
        by, mask = t.number(step, x), t.number(every, x)
        right = t.op("arith.andi", t.op("arith.shrui", x, by), mask)
        x = t.op("arith.ori", right, t.op("arith.shli", t.op("arith.andi", x, mask), by))
        step *= 2
    return x


def _joined(t: Terms, high: Value, low: Value) -> Value:
    """64 bits of two times 32."""
    above, below = (t.op("arith.extui", v, type=i64) for v in (high, low))
    return t.op("arith.ori", t.op("arith.shli", above, t.number(32, above)), below)


def _chosen_bytes(t: Terms, x: Value, y: Value, selector: Value) -> Value:
    """Of the bytes of x, then y, those that the lowest three bits of each digit of `selector` name."""
    both, digits = _joined(t, y, x), t.op("arith.extui", selector, type=i64)
    eight, last = t.number(7 * 8, both), t.number(255, both)
    found = t.number(0, both)
    for place in range(4):
        # Eight times the digit, without its upper bit.
        shift = t.op("arith.shrui", digits, t.number(4 * place, both))
        shift = t.op("arith.andi", t.op("arith.shli", shift, t.number(3, both)), eight)
        chosen = t.op("arith.andi", t.op("arith.shrui", both, shift), last)
        found = t.op("arith.ori", found, t.op("arith.shli", chosen, t.number(8 * place, both)))
    return t.op("arith.trunci", found, type=i32)


def _half_of_double(shift: int) -> Formula:
    def formula(t: Terms, x: Value) -> Value:
        bits = t.op("arith.bitcast", x, type=i64)
        return t.op("arith.trunci", t.op("arith.shrui", bits, t.number(shift, bits)), type=i32)

    return formula


def _double_of_halves(t: Terms, high: Value, low: Value) -> Value:
    return t.op("arith.bitcast", _joined(t, high, low), type=f64)


_TO_INTEGERS: Mapping[str, Formula] = {
    f"{source}2{kind}_{mode}": _rounded(rounding, "arith.fptoui" if kind[0] == "u" else "arith.fptosi")
    for source in ("float", "double")
    for kind in ("int", "uint", "ll", "ull")
    for mode, rounding in (("rn", "math.roundeven"), ("rz", None), ("rd", "math.floor"), ("ru", "math.ceil"))
}

FORMULAS: Mapping[str, Formula] = {
    "brev": _reversed_bits,
    "brevll": _reversed_bits,
    "byte_perm": _chosen_bytes,
    "double2hiint": _half_of_double(32),
    "double2loint": _half_of_double(0),
    "drcp_rn": _inverse,
    "fdim": _positive_difference,
    "ffs": _first_set_bit,
    "ffsll": _first_set_bit,
    "frcp_rn": _inverse,
    "hadd": _average("arith.shrsi", 1),
    "hiloint2double": _double_of_halves,
    "llrint": _rounded("math.roundeven", "arith.fptosi"),
    "llround": _rounded("math.round", "arith.fptosi"),
    "mul24": _product_of_24_bits("arith.shrsi"),
    "mul64hi": _high_long_product(sign=True),
    "mulhi": _high_product("arith.extsi"),
    "rhadd": _average("arith.shrsi", -1),
    "sad": _sum_of_differences("arith.maxsi", "arith.minsi"),
    "saturate": _saturate,
    "signbit": _sign_bit,
    "signbitd": _sign_bit,
    "uhadd": _average("arith.shrui", 1),
    "umul24": _product_of_24_bits("arith.shrui"),
    "umul64hi": _high_long_product(sign=False),
    "umulhi": _high_product("arith.extui"),
    "urhadd": _average("arith.shrui", -1),
    "usad": _sum_of_differences("arith.maxui", "arith.minui"),
    **_TO_INTEGERS,
}


# In f64


def _turn(t: Terms, x: Value) -> tuple[Value, Value]:
    """x without an even number of half turns: a part of a half turn, and the sign that the rest of it gives."""
    two = t.number(2.0, x)
    left = t.subtract(x, t.multiply(two, t.op("math.roundeven", t.divide(x, two))))
    half = t.op("math.roundeven", left)
    odd = t.compare(OGT, t.absolute(half), t.number(0.5, x))
    return t.subtract(left, half), t.select(odd, t.number(-1.0, x), t.number(1.0, x))


def _sine_of_half_turns(t: Terms, x: Value) -> Value:
    """sin(pi x), exactly zero at whole numbers."""
    part, sign = _turn(t, x)
    return t.multiply(sign, t.op("math.sin", t.multiply(t.number(math.pi, x), part)))


def _cosine_of_half_turns(t: Terms, x: Value) -> Value:
    """cos(pi x), exactly zero halfway between whole numbers."""
    part, sign = _turn(t, x)
    halfway = t.compare(OEQ, t.absolute(part), t.number(0.5, x))
    cosine = t.multiply(sign, t.op("math.cos", t.multiply(t.number(math.pi, x), part)))
    return t.select(halfway, t.number(0.0, x), cosine)


def _norm(t: Terms, x: Value, *others: Value) -> Value:
    """The length of a vector, as max sqrt(1 + (min / max)^2), one element after the other; infinite if one is."""
    for y in others:
        a, b = t.absolute(x), t.absolute(y)
        large, small = t.op("arith.maximumf", a, b), t.op("arith.minimumf", a, b)
        zero, infinity = t.number(0.0, x), t.number(math.inf, x)
        ratio = t.select(t.compare(OEQ, large, zero), zero, t.divide(small, large))
        square = t.add(t.number(1.0, x), t.multiply(ratio, ratio))
        infinite = t.op("arith.ori", *(t.op("math.isinf", v, type=i1) for v in (a, b)))
        x = t.select(infinite, infinity, t.multiply(large, t.op("math.sqrt", square)))
    return x


def _inverse_norm(t: Terms, x: Value, *others: Value) -> Value:
    return _inverse(t, _norm(t, x, *others))


def _scaled(t: Terms, x: Value, exponent: Value) -> Value:
    """x 2^exponent, by four powers of two that are numbers each."""
    exponent = t.fit(exponent, i64)
    exponent = t.op("arith.minsi", t.op("arith.maxsi", exponent, t.number(-2200, exponent)), t.number(2200, exponent))
    quarter = t.op("arith.shrsi", exponent, t.number(2, exponent))
    rest = t.op("arith.subi", exponent, t.op("arith.muli", quarter, t.number(3, exponent)))
    for part in (quarter, quarter, quarter, rest):
        raised = t.op("arith.addi", part, t.number(1023, part))
        power = t.op("arith.bitcast", t.op("arith.shli", raised, t.number(52, part)), type=f64)
        x = t.multiply(x, power)
    return x


def _exponent(t: Terms, x: Value) -> Value:
    """The exponent of x, as a float."""
    size = t.absolute(x)
    tiny = t.compare(OLT, size, t.number(2.0**-1022, x))
    normal = t.select(tiny, t.multiply(size, t.number(2.0**54, x)), size)
    bits = t.op("arith.bitcast", normal, type=i64)
    biased = t.op("arith.sitofp", t.op("arith.shrui", bits, t.number(52, bits)), type=f64)
    found = t.subtract(biased, t.select(tiny, t.number(1077.0, x), t.number(1023.0, x)))
    found = t.select(t.op("math.isfinite", x, type=i1), found, size)
    return t.select(t.compare(OEQ, x, t.number(0.0, x)), t.number(-math.inf, x), found)


def _remainder(t: Terms, x: Value, y: Value) -> Value:
    """x - n y with n the whole number nearest to x / y, the even one of two; with the sign of x where it is 0."""
    size = t.absolute(y)
    first = t.op("arith.remf", t.absolute(x), t.add(size, size))
    second = t.subtract(first, size)
    third = t.select(t.compare(OLT, t.add(second, second), size), second, t.subtract(second, size))
    left = t.select(t.compare(OGT, t.add(first, first), size), third, first)
    turned = t.compare(OLT, t.op("math.copysign", t.number(1.0, x), x), t.number(0.0, x))
    return t.select(turned, t.op("arith.negf", left), left)


def _scaled_complement(t: Terms, x: Value) -> Value:
    """exp(x^2) erfc(x); by four terms of its asymptotic series where the factors are beyond the range."""
    far = t.compare(OGT, x, t.number(25.0, x))
    near = t.select(far, t.number(0.0, x), x)
    square = t.multiply(near, near)
    product = t.multiply(t.op("math.exp", square), t.op("math.erfc", near))
    part = t.divide(t.number(0.5, x), t.multiply(x, x))
    series = t.number(1.0, x)
    for factor in (7.0, 5.0, 3.0, 1.0):
        series = t.subtract(t.number(1.0, x), t.multiply(t.multiply(t.number(factor, x), part), series))
    return t.select(far, t.divide(series, t.multiply(x, t.number(math.sqrt(math.pi), x))), product)


def _normal_distribution(t: Terms, x: Value) -> Value:
    argument = t.divide(t.op("arith.negf", x), t.number(math.sqrt(2.0), x))
    return t.multiply(t.number(0.5, x), t.op("math.erfc", argument))


def _inverse_cube_root(t: Terms, x: Value) -> Value:
    return _inverse(t, t.op("math.cbrt", x))


def _whole_power(t: Terms, x: Value, n: Value) -> Value:
    return t.op("math.powf", x, t.op("arith.sitofp", n, type=f64))


def _tenth_power(t: Terms, x: Value) -> Value:
    return t.op("math.powf", t.number(10.0, x), x)


WIDE_FORMULAS: Mapping[str, Formula] = {
    "cospi": _cosine_of_half_turns,
    "erfcx": _scaled_complement,
    "exp10": _tenth_power,
    "fast_exp10": _tenth_power,
    "hypot": _norm,
    "ldexp": _scaled,
    "logb": _exponent,
    "norm3d": _norm,
    "norm4d": _norm,
    "normcdf": _normal_distribution,
    "powi": _whole_power,
    "rcbrt": _inverse_cube_root,
    "remainder": _remainder,
    "rhypot": _inverse_norm,
    "rnorm3d": _inverse_norm,
    "rnorm4d": _inverse_norm,
    "scalbn": _scaled,
    "sinpi": _sine_of_half_turns,
}

KNOWN = frozenset((*OPERATIONS, *FORMULAS, *WIDE_FORMULAS))


def base_name(symbol: str) -> str | None:
    """`__nv_sinf` -> `sin`: the name in the tables; None for what is in none of them."""
    name = symbol.removeprefix(PREFIX)
    found = next((n for n in (name, name.removesuffix("f")) if n in KNOWN), None)
    return found if symbol.startswith(PREFIX) else None


SYMBOLS = tuple(f"{PREFIX}{name}" for name in sorted(KNOWN))
"""Every symbol that is known, those of float32 without their `f`."""


def apply(t: Terms, name: str, operands: Sequence[Value]) -> Value:
    """The function called `name` in the tables."""
    if name in WIDE_FORMULAS:
        wide = [t.fit(x, f64) if isinstance(t.type_of(x), AnyFloat) else x for x in operands]
        found = WIDE_FORMULAS[name](t, *wide)
    elif name in FORMULAS:
        found = FORMULAS[name](t, *operands)
    else:
        found = t.op(OPERATIONS[name], *operands, type=_own_type(t, OPERATIONS[name], operands))
    return t.fit(found, t.result)


def _own_type(t: Terms, operation: str, operands: Sequence[Value]) -> Attribute:
    """The type that an operation gives where libdevice gives an i32, or that of the function."""
    if operation.startswith("math.is"):
        return i1
    return t.type_of(operands[0]) if operation.startswith("math.ct") else t.result
