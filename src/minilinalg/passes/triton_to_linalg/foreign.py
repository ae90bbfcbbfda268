"""Functions of device libraries: operations of arith and math that compute the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation

from minilinalg.dialects import tt
from minilinalg.dialects.tt import libdevice
from minilinalg.dialects.upstream import arith, math
from minilinalg.errors import near_name
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler
from minilinalg.passes.triton_to_linalg.elementwise import each

_OPERATIONS: Mapping[str, type[IRDLOperation]] = {
    op.name: op for dialect in (arith.Arith, math.Math) for op in dialect.operations if issubclass(op, IRDLOperation)
}


class _Written(libdevice.Terms):
    """A formula written down, operation by operation."""

    def __init__(self, c: Conversion, result: Attribute):
        super().__init__(result)
        self.c = c

    def op(
        self, name: str, *operands: SSAValue, type: Attribute | None = None, predicate: int | None = None
    ) -> SSAValue:
        result = operands[0].type if type is None else type
        properties = {} if predicate is None else {"predicate": IntegerAttr(predicate, i64)}
        new = _OPERATIONS[name].build(operands=operands, result_types=[result], properties=properties)
        return self.c.insert(new).results[0]

    def constant(self, value: IntegerAttr[Any] | FloatAttr[Any]) -> SSAValue:
        return self.c.insert(arith.ConstantOp(value)).result

    def type_of(self, value: SSAValue) -> Attribute:
        return value.type


def extern_elementwise(c: Conversion, op: tt.ExternElementwiseOp) -> None:
    symbol = op.symbol.data
    name = libdevice.base_name(symbol)
    if name is None:
        found = f"the external function '{symbol}'"
        rule = "triton-to-linalg takes functions of libdevice that are operations of arith and math, or made of them"
        raise c.unsupported(op, found, rule, hint=near_name(symbol, libdevice.SYMBOLS))

    def compute(args: Sequence[SSAValue], result: Attribute) -> SSAValue:
        return libdevice.apply(_Written(c, result), name, args)

    each(c, op, compute)


HANDLERS: Mapping[str, Handler] = {"tt.extern_elementwise": extern_elementwise}
