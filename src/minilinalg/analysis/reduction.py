"""Reductions: their combiner, the neutral element it has, and whether a reduction starts from it.

The neutral element of a combiner leaves every other element as it is, bit by bit. That of addition of floats is -0.0,
for 0.0 + -0.0 = 0.0 would lose a sign; that of maxnumf is NaN, for it returns the other operand if one is NaN, and a
reduction of NaNs is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from xdsl.dialects.builtin import AnyFloat, FixedBitwidthType, FloatAttr, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation

from minilinalg.analysis.aliasing import accesses
from minilinalg.dialects.upstream import arith, linalg

_FLOAT: dict[str, float] = {
    "arith.addf": -0.0,
    "arith.mulf": 1.0,
    "arith.maximumf": -math.inf,
    "arith.minimumf": math.inf,
    "arith.maxnumf": math.nan,
    "arith.minnumf": math.nan,
}
_INTEGER: dict[str, Callable[[int], int]] = {
    "arith.addi": lambda bits: 0,
    "arith.muli": lambda bits: 1,
    "arith.maxsi": lambda bits: -(1 << (bits - 1)),
    "arith.minsi": lambda bits: (1 << (bits - 1)) - 1,
    "arith.maxui": lambda bits: 0,
    "arith.minui": lambda bits: -1,
    "arith.andi": lambda bits: -1,
    "arith.ori": lambda bits: 0,
    "arith.xori": lambda bits: 0,
}
"""From the width of the elements; unsigned values are written as the signed number with the same bits."""


def neutral_element(combiner: str, type: Attribute) -> FloatAttr | IntegerAttr | None:
    """The neutral element of an arith operation, by its name, on elements of `type`; None when it has none."""
    if isinstance(type, AnyFloat) and combiner in _FLOAT:
        return FloatAttr(_FLOAT[combiner], type)
    if combiner in _INTEGER and not isinstance(type, AnyFloat):
        bits = type.bitwidth if isinstance(type, FixedBitwidthType) else 64
        return IntegerAttr(_INTEGER[combiner](bits), cast("IntegerType", type))
    return None


def is_neutral(constant: Operation, combiner: str) -> bool:
    """Whether an arith.constant is the neutral element of `combiner`, to the bit of a zero's sign."""
    if not isinstance(constant, arith.ConstantOp):
        return False
    value, wanted = constant.value, neutral_element(combiner, constant.result.type)
    if isinstance(value, FloatAttr) and isinstance(wanted, FloatAttr):
        a, b = value.value.data, wanted.value.data
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return value == wanted


def combiner_of(op: Operation) -> Operation | None:
    """The one operation by which a linalg.reduce of one input combines an element with what it has; None for others."""
    if len(op.operands) != 2:
        return None
    body = op.regions[0].block
    *computed, end = body.ops
    if len(computed) != 1 or set(computed[0].operands) != set(body.args) or len(computed[0].operands) != 2:
        return None
    return computed[0] if list(end.operands) == list(computed[0].results) else None


def initial_fill(op: Operation) -> linalg.FillOp | None:
    """The linalg.fill that wrote the destination of a reduction, if nothing touched the buffer since then."""
    destination = op.operands[1]
    before = op.prev_op
    while before is not None:
        if isinstance(before, linalg.FillOp) and before.outputs[0] is destination:
            return before
        if any(access.touches(destination) for access in accesses(before)):
            return None
        before = before.prev_op
    return None


def starts_neutral(op: Operation) -> bool:
    """Whether a linalg.reduce into a buffer begins with the neutral element of its combiner there."""
    combiner, fill = combiner_of(op), initial_fill(op)
    return (
        combiner is not None
        and fill is not None
        and isinstance(value := fill.inputs[0].owner, Operation)
        and is_neutral(value, combiner.name)
    )
