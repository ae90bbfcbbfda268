"""Combiners of reductions, and the values that change nothing in them.

A neutral value n of a combiner has op(n, x) = x for every x, bit by bit: so that of a sum is -0.0, for 0.0 + -0.0 is
0.0, and that of `maxnumf`, which prefers a number to a NaN, is a NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import AnyFloat, FloatAttr, IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation

from minilinalg.analysis.constants import width_of

_FLOATS: Mapping[str, float] = {
    "arith.addf": -0.0,
    "arith.mulf": 1.0,
    "arith.maximumf": -math.inf,
    "arith.minimumf": math.inf,
    "arith.maxnumf": math.nan,
    "arith.minnumf": math.nan,
}
_INTEGERS: Mapping[str, Callable[[int], int]] = {
    "arith.addi": lambda width: 0,
    "arith.muli": lambda width: 1 if width > 1 else -1,
    "arith.andi": lambda width: -1,
    "arith.ori": lambda width: 0,
    "arith.xori": lambda width: 0,
    "arith.maxsi": lambda width: -(1 << (width - 1)),
    "arith.minsi": lambda width: (1 << (width - 1)) - 1,
    "arith.maxui": lambda width: 0,
    "arith.minui": lambda width: -1,
}


def single_combiner(block: Block) -> Operation | None:
    """The one operation on its two arguments that a combining block consists of; None when it is more than that."""
    ops = list(block.ops)
    if len(ops) != 2 or len(block.args) != 2 or len(ops[0].results) != 1 or len(ops[0].operands) != 2:
        return None
    op, last = ops
    return op if set(op.operands) == set(block.args) and list(last.operands) == [op.results[0]] else None


def neutral_value(name: str, type: Attribute) -> FloatAttr | IntegerAttr | None:
    """The attribute of the neutral value of an operation on scalars of `type`; None when none is known."""
    if isinstance(type, AnyFloat) and name in _FLOATS:
        value = _FLOATS[name]
        # Not every narrow float has an infinity or a signed zero.
        return None if type.bitwidth < 16 else FloatAttr(value, type)
    if isinstance(type, IntegerType | IndexType) and name in _INTEGERS:
        return IntegerAttr(_INTEGERS[name](width_of(type)), type)
    return None
