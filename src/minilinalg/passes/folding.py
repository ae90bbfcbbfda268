"""Folding: operations whose result is known without running them, as one table.

`FOLDS` maps an operation's name to a function that returns what its result is: an attribute (a constant), a value that
is there already, or None. Operands may be scalars, or tensors and vectors all of whose elements are the same constant.

Integers wrap at their width. What is undefined is not folded: a division by zero, the smallest integer divided by -1, a
shift by the width or more, a float that does not fit an integer. Floats are folded where the result in their own type
is certain: + - x / of f16, bf16 and f32 in double precision and rounded once are correctly rounded (53 >= 2 p + 2 bits;
Figueroa, When is double rounding innocuous?, 1995). A NaN is not made a constant: which NaN it is depends on the
machine.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import BFloat16Type, IntegerAttr, IntegerType
from xdsl.folder import Folder
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.traits import ConstantLike, HasFolder

from minilinalg.analysis.constants import EXACT_FLOATS, constant, constant_of, element_type, unsigned, width_of, wrap
from minilinalg.dialects.upstream import arith
from minilinalg.passes.shape_folding import SHAPE_FOLDS, Folded, FoldFunction

# Integer operations: (a, b, width) -> result, on signed numbers; None when it is undefined


def _div_s(a: int, b: int, width: int) -> int | None:
    if b == 0 or (b == -1 and a == -(1 << (width - 1))):
        return None
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _rem_s(a: int, b: int, width: int) -> int | None:
    quotient = _div_s(a, b, width)
    return None if quotient is None else a - quotient * b


def _floor_div_s(a: int, b: int, width: int) -> int | None:
    return None if _div_s(a, b, width) is None else a // b


def _ceil_div_s(a: int, b: int, width: int) -> int | None:
    return None if _div_s(a, b, width) is None else -(-a // b)


def _unsigned(function: Callable[[int, int], int], *, divides: bool = False) -> Callable[[int, int, int], int | None]:
    def fold(a: int, b: int, width: int) -> int | None:
        return None if divides and b == 0 else function(unsigned(a, width), unsigned(b, width))

    return fold


def _shift(function: Callable[[int, int, int], int]) -> Callable[[int, int, int], int | None]:
    def fold(a: int, b: int, width: int) -> int | None:
        amount = unsigned(b, width)
        return function(a, amount, width) if amount < width else None

    return fold


INTEGER_OPS: Mapping[str, Callable[[int, int, int], int | None]] = {
    "arith.addi": lambda a, b, width: a + b,
    "arith.subi": lambda a, b, width: a - b,
    "arith.muli": lambda a, b, width: a * b,
    "arith.divsi": _div_s,
    "arith.divui": _unsigned(lambda a, b: a // b, divides=True),
    "arith.remsi": _rem_s,
    "arith.remui": _unsigned(lambda a, b: a % b, divides=True),
    "arith.floordivsi": _floor_div_s,
    "arith.ceildivsi": _ceil_div_s,
    "arith.ceildivui": _unsigned(lambda a, b: -(-a // b), divides=True),
    "arith.andi": lambda a, b, width: a & b,
    "arith.ori": lambda a, b, width: a | b,
    "arith.xori": lambda a, b, width: a ^ b,
    "arith.shli": _shift(lambda a, b, width: a << b),
    "arith.shrsi": _shift(lambda a, b, width: a >> b),
    "arith.shrui": _shift(lambda a, b, width: unsigned(a, width) >> b),
    "arith.maxsi": lambda a, b, width: max(a, b),
    "arith.minsi": lambda a, b, width: min(a, b),
    "arith.maxui": _unsigned(max),
    "arith.minui": _unsigned(min),
}

# x op CONSTANT: what it is, given the constant and the width. "x" is the left operand, "c" the constant itself.
RIGHT_IDENTITIES: Mapping[str, Callable[[int, int], str | None]] = {
    "arith.addi": lambda c, width: "x" if c == 0 else None,
    "arith.subi": lambda c, width: "x" if c == 0 else None,
    "arith.muli": lambda c, width: "x" if c == wrap(1, width) else "c" if c == 0 else None,
    "arith.divsi": lambda c, width: "x" if c == 1 else None,
    "arith.divui": lambda c, width: "x" if c == wrap(1, width) else None,
    "arith.floordivsi": lambda c, width: "x" if c == 1 else None,
    "arith.ceildivsi": lambda c, width: "x" if c == 1 else None,
    "arith.ceildivui": lambda c, width: "x" if c == wrap(1, width) else None,
    "arith.remui": lambda c, width: "0" if c == wrap(1, width) else None,
    "arith.remsi": lambda c, width: "0" if c == 1 else None,
    "arith.andi": lambda c, width: "x" if c == -1 else "c" if c == 0 else None,
    "arith.ori": lambda c, width: "x" if c == 0 else "c" if c == -1 else None,
    "arith.xori": lambda c, width: "x" if c == 0 else None,
    "arith.shli": lambda c, width: "x" if c == 0 else None,
    "arith.shrsi": lambda c, width: "x" if c == 0 else None,
    "arith.shrui": lambda c, width: "x" if c == 0 else None,
    "arith.maxsi": lambda c, width: _extreme(c, smallest=-(1 << (width - 1)), largest=(1 << (width - 1)) - 1),
    "arith.minsi": lambda c, width: _extreme(c, smallest=(1 << (width - 1)) - 1, largest=-(1 << (width - 1))),
    "arith.maxui": lambda c, width: _extreme(c, smallest=0, largest=-1),
    "arith.minui": lambda c, width: _extreme(c, smallest=-1, largest=0),
}

# x op x
SAME_OPERANDS: Mapping[str, str] = {
    "arith.subi": "0",
    "arith.xori": "0",
    "arith.andi": "x",
    "arith.ori": "x",
    "arith.maxsi": "x",
    "arith.minsi": "x",
    "arith.maxui": "x",
    "arith.minui": "x",
    "arith.maximumf": "x",
    "arith.minimumf": "x",
    "arith.maxnumf": "x",
    "arith.minnumf": "x",
}

COMMUTATIVE = frozenset(
    f"arith.{name}" for name in ("addi", "muli", "andi", "ori", "xori", "maxsi", "minsi", "maxui", "minui")
)


def _extreme(c: int, *, smallest: int, largest: int) -> str | None:
    """A maximum with the neutral constant is x, with the absorbing one the constant; a minimum the other way round."""
    return "x" if c == smallest else "c" if c == largest else None


def _fold_integers(op: Operation) -> Folded:
    lhs, rhs = op.operands
    width = width_of(element_type(lhs.type))
    a, b = constant_of(lhs), constant_of(rhs)
    if isinstance(a, int) and isinstance(b, int):
        result = INTEGER_OPS[op.name](a, b, width)
        return None if result is None else constant(result, lhs.type)
    if isinstance(b, int) and op.name in RIGHT_IDENTITIES:
        return _identity(RIGHT_IDENTITIES[op.name](b, width), lhs, rhs)
    return _identity(SAME_OPERANDS.get(op.name), lhs, rhs) if lhs is rhs else None


def _identity(which: str | None, x: SSAValue, c: SSAValue) -> Folded:
    return {None: None, "x": x, "c": c, "0": constant(0, x.type)}[which]


# Float operations


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _finite_or_nan(function: Callable[[float, float], float]) -> Callable[[float, float], float]:
    """Python raises where IEEE arithmetic overflows or is invalid; neither is folded then."""

    def fold(a: float, b: float) -> float:
        try:
            return function(a, b)
        except (OverflowError, ValueError):
            return math.nan

    return fold


def _extremum(larger: bool) -> Callable[[float, float], float]:
    """The larger (smaller) number, where -0.0 is smaller than 0.0; NaN when one is NaN, and so not folded."""

    def fold(a: float, b: float) -> float:
        if math.isnan(a) or math.isnan(b):
            return math.nan
        ordered = sorted((a, b), key=lambda x: (x, math.copysign(1.0, x)))
        return ordered[1 if larger else 0]

    return fold


FLOAT_OPS: Mapping[str, Callable[[float, float], float]] = {
    "arith.addf": lambda a, b: a + b,
    "arith.subf": lambda a, b: a - b,
    "arith.mulf": lambda a, b: a * b,
    "arith.divf": _divide,
    "arith.remf": _finite_or_nan(math.fmod),
    "arith.maximumf": _extremum(larger=True),
    "arith.minimumf": _extremum(larger=False),
}

# x op CONSTANT is x, for every x with -0.0 and infinities: the constant, with its sign.
FLOAT_UNITS: Mapping[str, float] = {"arith.addf": -0.0, "arith.subf": 0.0, "arith.mulf": 1.0, "arith.divf": 1.0}


def _fold_floats(op: Operation) -> Folded:
    lhs, rhs = op.operands
    a, b = constant_of(lhs), constant_of(rhs)
    if isinstance(a, float) and isinstance(b, float) and op.name in FLOAT_OPS:
        return constant(FLOAT_OPS[op.name](a, b), lhs.type)
    unit = FLOAT_UNITS.get(op.name)
    if isinstance(b, float) and unit is not None and b == unit and math.copysign(1, b) == math.copysign(1, unit):
        return lhs
    return _identity(SAME_OPERANDS.get(op.name), lhs, rhs) if lhs is rhs else None


def _fold_negf(op: Operation) -> Folded:
    value = constant_of(op.operands[0])
    if isinstance(value, float):
        return constant(-value, op.results[0].type)
    inner = op.operands[0].owner
    return inner.operands[0] if isinstance(inner, arith.NegfOp) else None


# Comparisons and select

INTEGER_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
TRUE_FOR_EQUALS = ("eq", "le", "ge")


def _fold_cmpi(op: Operation) -> Folded:
    assert isinstance(op, arith.CmpiOp)
    lhs, rhs = op.operands
    name = op.predicate_name
    relation = name if name in ("eq", "ne") else name[1:]
    type = op.results[0].type
    if lhs is rhs:
        return constant(relation in TRUE_FOR_EQUALS, type)
    a, b = constant_of(lhs), constant_of(rhs)
    if not isinstance(a, int) or not isinstance(b, int):
        return None
    if name[0] == "u":
        width = width_of(element_type(lhs.type))
        a, b = unsigned(a, width), unsigned(b, width)
    return constant(INTEGER_COMPARISONS[relation](a, b), type)


def _fold_cmpf(op: Operation) -> Folded:
    assert isinstance(op, arith.CmpfOp)
    a, b = constant_of(op.operands[0]), constant_of(op.operands[1])
    if not isinstance(a, float) or not isinstance(b, float):
        return None
    name = op.predicate_name
    unordered = math.isnan(a) or math.isnan(b)
    if name in ("false", "true"):
        holds = name == "true"
    elif name in ("ord", "uno"):
        holds = unordered == (name == "uno")
    else:
        holds = name[0] == "u" if unordered else INTEGER_COMPARISONS[name[1:]](a, b)  # pyright: ignore
    return constant(holds, op.results[0].type)


def _fold_select(op: Operation) -> Folded:
    condition, lhs, rhs = op.operands
    if lhs is rhs:
        return lhs
    chosen = constant_of(condition)
    if chosen is not None:
        return lhs if chosen else rhs
    if condition.type == lhs.type and constant_of(lhs) == -1 and constant_of(rhs) == 0:
        return condition
    return None


# Casts


def _fold_integer_cast(op: Operation) -> Folded:
    """Extensions, truncations and index casts: all keep the number when it fits, and wrap it when not."""
    source, target = op.operands[0], op.results[0].type
    value = constant_of(source)
    if isinstance(value, int):
        reads_unsigned = op.name in ("arith.extui", "arith.index_castui")
        return constant(unsigned(value, width_of(element_type(source.type))) if reads_unsigned else value, target)
    inner = source.owner
    undone = UNDONE_BY.get(op.name, ())
    if isinstance(inner, Operation) and inner.name in undone and inner.operands[0].type == target:
        original, between = element_type(target), element_type(source.type)
        # Through fewer bits and back is not the identity.
        return inner.operands[0] if width_of(between) >= width_of(original) else None
    return None


# What a cast takes back, when the type in between has at least as many bits.
UNDONE_BY: Mapping[str, Sequence[str]] = {
    "arith.trunci": ("arith.extsi", "arith.extui"),
    "arith.index_cast": ("arith.index_cast",),
    "arith.index_castui": ("arith.index_castui",),
}


def _fold_integer_to_float(op: Operation) -> Folded:
    value = constant_of(op.operands[0])
    if not isinstance(value, int):
        return None
    if op.name == "arith.uitofp":
        value = unsigned(value, width_of(element_type(op.operands[0].type)))
    # Exact in double precision, so that it is rounded once.
    return constant(float(value), op.results[0].type) if abs(value) <= 1 << 53 else None


def _fold_float_to_integer(op: Operation) -> Folded:
    value = constant_of(op.operands[0])
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    width = width_of(element_type(op.results[0].type))
    signed = op.name == "arith.fptosi"
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    return constant(int(value), op.results[0].type) if low <= int(value) <= high else None


def _fold_float_cast(op: Operation) -> Folded:
    value = constant_of(op.operands[0])
    source = element_type(op.operands[0].type)
    nearest = op.attributes.get("roundingmode", op.properties.get("roundingmode"))
    if not isinstance(value, float) or not isinstance(source, EXACT_FLOATS):
        return None
    if isinstance(nearest, IntegerAttr) and nearest.value.data != arith.ROUNDING_MODES.index("to_nearest_even"):
        return None
    return constant(value, op.results[0].type)


def _fold_bitcast(op: Operation) -> Folded:
    source, target = op.operands[0], op.results[0].type
    if source.type == target:
        return source
    inner = source.owner
    if isinstance(inner, Operation) and inner.name == op.name and inner.operands[0].type == target:
        return inner.operands[0]
    value = constant_of(source)
    old, new = element_type(source.type), element_type(target)
    formats = {16: ("<h", "<e"), 32: ("<i", "<f"), 64: ("<q", "<d")}
    if isinstance(old, IntegerType) and isinstance(new, IntegerType) and isinstance(value, int):
        return constant(value, target)
    if isinstance(old, BFloat16Type) or isinstance(new, BFloat16Type) or value is None:
        return None
    if isinstance(value, int) and isinstance(new, EXACT_FLOATS):
        integer, float_ = formats[new.bitwidth]
        return constant(struct.unpack(float_, struct.pack(integer, value))[0], target)
    if isinstance(value, float) and isinstance(old, EXACT_FLOATS) and not math.isnan(value):
        integer, float_ = formats[old.bitwidth]
        return constant(struct.unpack(integer, struct.pack(float_, value))[0], target)
    return None


FOLDS: Mapping[str, FoldFunction] = {
    **dict.fromkeys(INTEGER_OPS, _fold_integers),
    **dict.fromkeys((*FLOAT_OPS, "arith.maxnumf", "arith.minnumf"), _fold_floats),
    "arith.negf": _fold_negf,
    "arith.cmpi": _fold_cmpi,
    "arith.cmpf": _fold_cmpf,
    "arith.select": _fold_select,
    "arith.extsi": _fold_integer_cast,
    "arith.extui": _fold_integer_cast,
    "arith.trunci": _fold_integer_cast,
    "arith.index_cast": _fold_integer_cast,
    "arith.index_castui": _fold_integer_cast,
    "arith.sitofp": _fold_integer_to_float,
    "arith.uitofp": _fold_integer_to_float,
    "arith.fptosi": _fold_float_to_integer,
    "arith.fptoui": _fold_float_to_integer,
    "arith.extf": _fold_float_cast,
    "arith.truncf": _fold_float_cast,
    **dict.fromkeys(("arith.bitcast", "tt.bitcast"), _fold_bitcast),
    **SHAPE_FOLDS,
}


@dataclass
class Fold(RewritePattern):
    """Replaces an operation by what it folds to: by `FOLDS`, or by its own `fold` when it is not in the table."""

    ctx: Context

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if (fold := FOLDS.get(op.name)) is not None:
            match fold(op):
                case None:
                    return
                case SSAValue() as value:
                    rewriter.replace(op, (), (value,))
                case attribute:
                    rewriter.replace(
                        op,
                        arith.ConstantOp.create(result_types=(op.results[0].type,), properties={"value": attribute}),
                    )
        elif op.has_trait(HasFolder) and not op.has_trait(ConstantLike):
            Folder(self.ctx).replace_with_fold(op, rewriter)
