"""Integer arithmetic of the slow interpreter: the arith dialect's integer operations on one pattern each.

Every function takes the dtype first and patterns after it; `dtype.signed` and the pattern itself are the two readings.
A division that has no answer gives UNDEFINED.
"""

from __future__ import annotations

from collections.abc import Callable

from .scalars import UNDEFINED, Int, Scalar


def _wrapping(function: Callable[[int, int], int]) -> Callable[[Int, int, int], Scalar]:
    return lambda t, a, b: t.wrap(function(a, b))


def _toward_zero(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _division(function: Callable[[int, int], int], *, signed: bool) -> Callable[[Int, int, int], Scalar]:
    """A division is undefined by zero, and where a signed quotient is not representable."""

    def divide(t: Int, a: int, b: int) -> Scalar:
        if b == 0:
            return UNDEFINED
        if not signed:
            return t.wrap(function(a, b))
        x, y = t.signed(a), t.signed(b)
        if y == -1 and x == -(1 << (t.width - 1)):
            return UNDEFINED
        return t.wrap(function(x, y))

    return divide


def _shift_left(t: Int, a: int, b: int) -> Scalar:
    return UNDEFINED if b >= t.width else t.wrap(a << b)


def _shift_right_unsigned(t: Int, a: int, b: int) -> Scalar:
    return UNDEFINED if b >= t.width else a >> b


def _shift_right_signed(t: Int, a: int, b: int) -> Scalar:
    return UNDEFINED if b >= t.width else t.wrap(t.signed(a) >> b)


BINARY: dict[str, Callable[[Int, int, int], Scalar]] = {
    "addi": _wrapping(lambda a, b: a + b),
    "subi": _wrapping(lambda a, b: a - b),
    "muli": _wrapping(lambda a, b: a * b),
    "andi": _wrapping(lambda a, b: a & b),
    "ori": _wrapping(lambda a, b: a | b),
    "xori": _wrapping(lambda a, b: a ^ b),
    "divsi": _division(_toward_zero, signed=True),
    "divui": _division(lambda a, b: a // b, signed=False),
    "ceildivsi": _division(lambda a, b: -(-a // b), signed=True),
    "ceildivui": _division(lambda a, b: -(-a // b), signed=False),
    "floordivsi": _division(lambda a, b: a // b, signed=True),
    "remsi": _division(lambda a, b: a - b * _toward_zero(a, b), signed=True),
    "remui": _division(lambda a, b: a % b, signed=False),
    "shli": _shift_left,
    "shrui": _shift_right_unsigned,
    "shrsi": _shift_right_signed,
    "minsi": lambda t, a, b: min(a, b, key=t.signed),
    "maxsi": lambda t, a, b: max(a, b, key=t.signed),
    "minui": lambda t, a, b: min(a, b),
    "maxui": lambda t, a, b: max(a, b),
}

# Indexed by the attribute's number.
PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")


def compare(t: Int, predicate: str, a: int, b: int) -> int:
    """arith.cmpi: 1 or 0."""
    if predicate.startswith("s"):
        a, b = t.signed(a), t.signed(b)
    match predicate.lstrip("su"):
        case "eq":
            return int(a == b)
        case "ne":
            return int(a != b)
        case "lt":
            return int(a < b)
        case "le":
            return int(a <= b)
        case "gt":
            return int(a > b)
        case "ge":
            return int(a >= b)
    raise ValueError(f"no integer predicate {predicate!r}")


def overflows(t: Int, name: str, a: int, b: int, *, signed: bool) -> bool:
    """Whether addi, subi, muli or shli leaves the range of its dtype, as the flags nsw and nuw forbid."""
    x, y = (t.signed(a), t.signed(b)) if signed else (a, b)
    exact = {"addi": lambda: x + y, "subi": lambda: x - y, "muli": lambda: x * y, "shli": lambda: x << b}[name]()
    return exact != (t.signed(t.wrap(exact)) if signed else t.wrap(exact))


def add_extended(t: Int, a: int, b: int) -> tuple[int, int]:
    """arith.addui_extended: the sum and the carry."""
    return t.wrap(a + b), (a + b) >> t.width


def mul_extended(t: Int, a: int, b: int, *, signed: bool) -> tuple[int, int]:
    """arith.mulsi_extended, arith.mului_extended: the low and the high half of the product."""
    product = t.signed(a) * t.signed(b) if signed else a * b
    return t.wrap(product), t.wrap(product >> t.width)


def resize(source: Int, target: Int, bits: int, *, signed: bool) -> int:
    """trunci, extsi, extui, index_cast and index_castui: the same integer, or its low bits."""
    return target.wrap(source.signed(bits) if signed else bits)


def integer_power(t: Int, base: int, exponent: int) -> Scalar:
    """math.ipowi: a negative exponent leaves only the powers of 1 and -1 different from zero."""
    b, e = t.signed(base), t.signed(exponent)
    if e >= 0:
        return pow(b, e, 1 << t.width)
    if b == 0:
        return UNDEFINED
    return t.wrap(b**-e) if b in (1, -1) else 0


UNARY: dict[str, Callable[[Int, int], int]] = {
    "absi": lambda t, a: t.wrap(abs(t.signed(a))),
    "ctpop": lambda t, a: a.bit_count(),
    "ctlz": lambda t, a: t.width - a.bit_length(),
    "cttz": lambda t, a: t.width if a == 0 else (a & -a).bit_length() - 1,
}
