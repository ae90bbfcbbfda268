"""How errors go through an operation: for each, how far its exact result moves when its operands are wrong.

A rule is a function of the operands' spreads. An element x^ that was computed stands for an exact x with
|x^ - x| <= error + relative |x^|; a rule returns the same two numbers for the operation's exact result on the computed
operands, of what that is a multiple, and how many units in the unit roundoff the operation itself may add. They are
bounds, not estimates: second orders are in them (Higham, Accuracy and Stability of Numerical Algorithms, 2002).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from minilinalg.check.rounding.spread import Spread

FUNCTION_UNITS = 8.0
"""What a function may be wrong by: 4 units in the last place (interp/math.py), each two of the unit roundoff."""


@dataclass(frozen=True)
class Effect:
    """error, relative: handed on from the operands. quantum: of the exact result, 0.0 where it need not be a number of
    the type. units: roundings of the operation, in unit roundoffs of its result."""

    error: float = 0.0
    relative: float = 0.0
    quantum: float = 0.0
    units: float = 1.0


Rule = Callable[..., Effect]


def times(a: float, b: float) -> float:
    """A product in which nothing times an unknown is nothing."""
    return 0.0 if a == 0 or b == 0 else a * b


def add(a: Spread, b: Spread) -> Effect:
    """Sum or difference s = x + y. It may cancel, so relative errors become absolute; but r |x| <= r |s| + r |y|, which
    is better where y is small beside x."""
    large, small = (a, b) if a.magnitude >= b.magnitude else (b, a)
    error = large.error + small.worst + times(large.relative, small.magnitude)
    return Effect(error, large.relative, min(a.quantum, b.quantum))


def multiply(a: Spread, b: Spread) -> Effect:
    """Product: |x^ y^ - x y| <= |x^| |dy| + |y^| |dx| + |dx| |dy|."""
    error = times(a.magnitude, b.error) * (1 + a.relative) + times(b.magnitude, a.error) * (1 + b.relative)
    quantum = a.quantum * b.quantum if a.quantum and b.quantum else 0.0
    return Effect(error + times(a.error, b.error), a.relative + b.relative + times(a.relative, b.relative), quantum)


def multiply_add(a: Spread, b: Spread, c: Spread) -> Effect:
    """Product and sum, rounded once."""
    product = multiply(a, b)
    error = product.error + times(product.relative, times(a.magnitude, b.magnitude)) + c.worst
    return Effect(error, 0.0, min(product.quantum, c.quantum))


def divide(a: Spread, b: Spread) -> Effect:
    """Quotient: |x^ / y^ - x / y| <= (|x^ / y^| |dy| + |dx|) / |y|; exact when the divisor is one power of two."""
    share = _share(b)
    if share >= 1:
        return Effect(math.inf)
    is_power = share == 0 and b.low == b.high and math.frexp(b.high)[0] in (0.5, -0.5)
    return Effect(
        a.error / (b.least * (1 - share)) if a.error else 0.0,
        (a.relative + share) / (1 - share),
        a.quantum / b.magnitude if is_power else 0.0,
    )


def multiply_all(each: Spread, first: Spread, count: int) -> Effect:
    """A product of `count` factors and a first one, in any order: relative errors grow like powers. The error of a zero
    is no part of it, so that where one may be wrong nothing is known."""
    if any(s.error and s.low <= 0 <= s.high for s in (each, first)):
        return Effect(math.inf)
    grown = count * math.log1p(_share(each)) + math.log1p(_share(first))
    return Effect(0.0, math.expm1(grown), units=float(count)) if grown < 700 else Effect(math.inf)


def choose(*operands: Spread) -> Effect:
    """One of the operands, or its negative: max, min, select, clamp."""
    error, relative = max(s.error for s in operands), max(s.relative for s in operands)
    return Effect(error, relative, min(s.quantum for s in operands), 0.0)


def convert(a: Spread) -> Effect:
    """The same number, rounded."""
    return Effect(a.error, a.relative, a.quantum)


def to_integer(a: Spread) -> Effect:
    """floor and its kin: an error, however small, may move the result by a whole one."""
    return Effect(a.worst + 1 if a.is_wrong else 0.0, 0.0, 1.0, 0.0)


def remainder(a: Spread, b: Spread) -> Effect:
    """fmod, which is exact; of operands that are not, it may be anything between 0 and the divisor."""
    wrong = a.is_wrong or b.is_wrong
    return Effect(b.magnitude + b.worst if wrong else 0.0, 0.0, min(a.quantum, b.quantum), 0.0)


def sign_of_second(a: Spread, b: Spread) -> Effect:
    """copysign: the sign is a decision."""
    return Effect(a.error, a.relative, a.quantum, 0.0)


def exactly_only(*operands: Spread) -> Effect:
    """A function without a rule: nothing is known of its result as soon as an operand is wrong."""
    return Effect(math.inf if any(s.is_wrong for s in operands) else 0.0, units=FUNCTION_UNITS)


def square_root(a: Spread) -> Effect:
    """|sqrt x^ - sqrt x| is at most |dx| / sqrt x^, and at most sqrt |dx|."""
    error = math.sqrt(a.error) * (1 + a.relative)
    return Effect(min(error, a.error / math.sqrt(a.low)) if a.low > 0 else error, a.relative)


def one_over_square_root(a: Spread) -> Effect:
    """x^-1/2."""
    share = _share(a)
    return Effect(0.0, (1 - share) ** -0.5 - 1, units=FUNCTION_UNITS) if share < 1 else Effect(math.inf)


def _share(a: Spread) -> float:
    """What part of an operand that is not zero its error may be."""
    if not a.error:
        return a.relative
    return a.relative + a.error / a.least if a.least else math.inf


def exponential(base: float) -> Rule:
    """base^x. An error that grows with |x| does little harm where the power is small: r |x| e^x < r / e below zero."""
    rate = math.log(base)

    def rule(a: Spread) -> Effect:
        if a.relative >= 1 or rate * a.error > 1:
            return Effect(math.inf)
        below = a.relative / (math.e * (1 - a.relative)) if a.low < 0 else 0.0
        high = rate * max(a.high, 0.0)
        above = times(math.exp(min(high, 700)), math.expm1(a.relative * high)) if high < 700 else math.inf
        factor = math.exp(rate * a.error)
        return Effect(factor * max(below, above), factor - 1, units=FUNCTION_UNITS)

    return rule


def logarithm(base: float) -> Rule:
    """log x: what counts is the relative error of x."""
    scale = 1 / math.log(base)

    def rule(a: Spread) -> Effect:
        share = _share(a)
        return Effect(-scale * math.log1p(-share) if share < 1 else math.inf, units=FUNCTION_UNITS)

    return rule


def expm1(a: Spread) -> Effect:
    """e^x - 1, whose slope is e^x."""
    top = a.high + a.worst
    return Effect(times(math.exp(top), a.worst) if top < 700 else math.inf, units=FUNCTION_UNITS)


def log1p(a: Spread) -> Effect:
    """log(1 + x), whose slope is 1 / (1 + x)."""
    nearest = 1 + a.low - a.worst
    return Effect(a.worst / nearest if nearest > 0 else math.inf if a.is_wrong else 0.0, units=FUNCTION_UNITS)


def slope_at_most(slope: float) -> Rule:
    """A function that is nowhere steeper."""

    def rule(a: Spread) -> Effect:
        return Effect(slope * a.worst, units=FUNCTION_UNITS)

    return rule


def _near_division(a: Spread, b: Spread) -> Effect:
    return replace(divide(a, b), quantum=0.0, units=FUNCTION_UNITS)


RULES: dict[str, Rule] = {
    "arith.addf": add,
    "arith.subf": add,
    "arith.mulf": multiply,
    "arith.divf": divide,
    "arith.remf": remainder,
    "arith.negf": choose,
    "arith.maximumf": choose,
    "arith.minimumf": choose,
    "arith.maxnumf": choose,
    "arith.minnumf": choose,
    "arith.select": choose,
    "arith.extf": choose,
    "arith.truncf": convert,
    "tt.fp_to_fp": convert,
    "tt.precise_divf": divide,
    "tt.approx_divf": _near_division,
    "tt.precise_sqrt": square_root,
    "tt.clampf": choose,
    "math.clampf": choose,
    "math.absf": choose,
    "math.copysign": sign_of_second,
    "math.floor": to_integer,
    "math.ceil": to_integer,
    "math.trunc": to_integer,
    "math.round": to_integer,
    "math.roundeven": to_integer,
    "math.fma": multiply_add,
    "math.sqrt": square_root,
    "math.rsqrt": one_over_square_root,
    "math.exp": exponential(math.e),
    "math.exp2": exponential(2.0),
    "math.expm1": expm1,
    "math.log": logarithm(math.e),
    "math.log2": logarithm(2.0),
    "math.log10": logarithm(10.0),
    "math.log1p": log1p,
    "math.sin": slope_at_most(1.0),
    "math.cos": slope_at_most(1.0),
    "math.tanh": slope_at_most(1.0),
    "math.atan": slope_at_most(1.0),
    "math.asinh": slope_at_most(1.0),
    "math.erf": slope_at_most(2 / math.sqrt(math.pi)),
    "math.erfc": slope_at_most(2 / math.sqrt(math.pi)),
}
"""Operation name -> rule. The operands are the float ones, in their order."""

SUMS = frozenset({"arith.addf", "arith.subf", "arith.mulf", "arith.truncf", "tt.fp_to_fp", "math.fma"})
"""What is exact on whole numbers that are small enough."""

MAY_BE_APPROXIMATED = frozenset({"arith.divf", "tt.precise_divf", "math.sqrt", "tt.precise_sqrt"})
"""What a pass that approximates may make into a function that is near only, though IEEE rounds it correctly."""

_MOVING: dict[str, tuple[str, ...]] = {
    "tt": (
        *("splat", "unsplat", "expand_dims", "broadcast", "reshape", "trans", "cat", "join", "split", "gather"),
        "bitcast",
    ),
    "tensor": (
        *("empty", "splat", "extract", "from_elements", "extract_slice", "insert_slice", "cast", "reshape"),
        *("expand_shape", "collapse_shape"),
    ),
    "bufferization": ("to_tensor", "materialize_in_destination", "alloc_tensor"),
    "memref": ("copy",),
    "linalg": ("fill", "copy", "broadcast", "transpose"),
    "simd": ("dma", "move", "fill", "broadcast", "transpose"),
    "arith": ("constant", "bitcast"),
    "ub": ("poison",),
}
MOVES = frozenset(f"{dialect}.{name}" for dialect, names in _MOVING.items() for name in names)
"""Operations whose float results are elements of their float operands, or made from none."""


def effect_of(name: str, operands: Sequence[Spread], *, approximates: bool = False) -> Effect:
    """The effect of the operation `name`. approximates: whether a function may have been replaced by a near one."""
    if name in MOVES:
        return choose(*operands) if operands else Effect(units=0.0)
    effect = RULES.get(name, exactly_only)(*operands)
    if approximates and name in MAY_BE_APPROXIMATED:
        return replace(effect, quantum=0.0, units=FUNCTION_UNITS)
    return effect
