"""Functions of device libraries: operations of arith and math that compute the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Attribute, SSAValue

from minilinalg.dialects import tt
from minilinalg.dialects.tt import libdevice
from minilinalg.errors import near_name
from minilinalg.passes.element_operations import WrittenTerms
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler
from minilinalg.passes.triton_to_linalg.elementwise import each


def extern_elementwise(c: Conversion, op: tt.ExternElementwiseOp) -> None:
    symbol = op.symbol.data
    name = libdevice.base_name(symbol)
    if name is None:
        found = f"the external function '{symbol}'"
        rule = "triton-to-linalg takes functions of libdevice that are operations of arith and math, or made of them"
        raise c.unsupported(op, found, rule, hint=near_name(symbol, libdevice.SYMBOLS))

    def compute(args: Sequence[SSAValue], result: Attribute) -> SSAValue:
        return libdevice.apply(WrittenTerms(c, result), name, args)

    each(c, op, compute)


HANDLERS: Mapping[str, Handler] = {"tt.extern_elementwise": extern_elementwise}
