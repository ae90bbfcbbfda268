"""An atomic exchange of one element when it is what was expected, which memref has no operation for."""

from __future__ import annotations

from xdsl.dialects.builtin import AnyFloat, IntegerType
from xdsl.ir import Block, Region, SSAValue

from minilinalg.dialects.upstream import arith, memref


def compare_and_swap(expected: SSAValue, value: SSAValue) -> Region:
    """The body that puts `value` in the place of what has the bits of `expected`."""
    body = Block(arg_types=[value.type])
    now: SSAValue = body.args[0]
    bits: list[SSAValue] = [now, expected]
    if isinstance(value.type, AnyFloat):
        casts = [arith.BitcastOp(side, IntegerType(value.type.bitwidth)) for side in bits]
        body.add_ops(casts)
        bits = [cast.result for cast in casts]
    is_expected = arith.CmpiOp(bits[0], bits[1], "eq")
    new = arith.SelectOp(is_expected.result, value, now)
    body.add_ops([is_expected, new, memref.AtomicYieldOp(new.result)])
    return Region(body)
