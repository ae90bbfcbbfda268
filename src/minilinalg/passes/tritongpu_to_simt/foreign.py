"""Functions of device libraries: operations of arith and math that compute the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation

from minilinalg.dialects import tt
from minilinalg.dialects.simt.types import element_of, vector_like
from minilinalg.dialects.tt import libdevice
from minilinalg.dialects.upstream import arith, math
from minilinalg.errors import near_name
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler

_OPERATIONS: Mapping[str, type[IRDLOperation]] = {
    op.name: op for dialect in (arith.Arith, math.Math) for op in dialect.operations if issubclass(op, IRDLOperation)
}


class _Written(libdevice.Terms):
    """A formula written down on registers, operation by operation."""

    def __init__(self, c: Conversion, shaped: Attribute, result: Attribute):
        super().__init__(result)
        self.c = c
        self.shaped = shaped

    def op(
        self, name: str, *operands: SSAValue, type: Attribute | None = None, predicate: int | None = None
    ) -> SSAValue:
        result = operands[0].type if type is None else vector_like(self.shaped, type)
        properties = {} if predicate is None else {"predicate": IntegerAttr(predicate, i64)}
        new = _OPERATIONS[name].build(operands=operands, result_types=[result], properties=properties)
        return self.c.insert(new).results[0]

    def constant(self, value: IntegerAttr[Any] | FloatAttr[Any]) -> SSAValue:
        return self.c.constant(value.value.data, vector_like(self.shaped, value.type))

    def type_of(self, value: SSAValue) -> Attribute:
        return element_of(value.type)


def _extern_elementwise(c: Conversion, op: tt.ExternElementwiseOp) -> None:
    symbol = op.symbol.data
    name = libdevice.base_name(symbol)
    if name is None:
        raise c.unsupported(
            f"the external function '{symbol}'",
            "tritongpu-to-simt takes functions of libdevice that are operations of arith and math, or made of them",
            hint=near_name(symbol, libdevice.SYMBOLS),
        )
    type = c.type_of(op.result)
    written = _Written(c, type, element_of(type))
    c.bind(op.result, libdevice.apply(written, name, [c.element(arg) for arg in op.srcs]))


HANDLERS: Mapping[str, Handler] = {"tt.extern_elementwise": _extern_elementwise}
