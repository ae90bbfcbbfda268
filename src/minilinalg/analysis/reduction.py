"""Neutral elements: the value that a combiner of two elements leaves the other one as it is with, bit by bit.

The neutral element of addition of floats is -0.0, for 0.0 + -0.0 = 0.0 would lose a sign; that of maxnumf is NaN, for
it returns the other operand if one is NaN, and a reduction of NaNs is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from xdsl.dialects.builtin import AnyFloat, FixedBitwidthType, FloatAttr, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation

from minilinalg.dialects.upstream import arith

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
        bits = cast("FixedBitwidthType", type).bitwidth if isinstance(type, FixedBitwidthType) else 64
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
