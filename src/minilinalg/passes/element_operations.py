"""What operations of tt compute of each element, as operations of arith and math: on scalars, or on vectors of them.

Functions of libdevice are formulas over the same operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import (
    AnyFloat,
    DenseIntOrFPElementsAttr,
    FixedBitwidthType,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    f32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation

from minilinalg.dialects import tt
from minilinalg.dialects.simt.types import element_of, is_vector, vector_like
from minilinalg.dialects.tt import libdevice
from minilinalg.dialects.tt.attributes import RoundingMode
from minilinalg.dialects.upstream import arith, math
from minilinalg.passes.function_conversion import FunctionConversion

Compute = Callable[[Any, Any, Sequence[SSAValue], Attribute], SSAValue]
"""Given a conversion, an operation, its new operands and the type of the result, writes what computes it."""


def clone(c: FunctionConversion, op: Operation, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    """The same operation, of arith or math, on other types."""
    made = type(op).create(operands=operands, result_types=[result], properties=op.properties, attributes=op.attributes)
    return c.insert(made).results[0]


def number(c: FunctionConversion, value: float, type: Attribute) -> SSAValue:
    """A constant of `type`, in all elements of a vector."""
    if is_vector(type):
        return c.insert(arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(cast("Any", type), [value]))).result
    attribute: Any = FloatAttr if isinstance(type, AnyFloat) else IntegerAttr
    return c.insert(arith.ConstantOp(attribute(value, type))).result


def _fp_to_fp(c: FunctionConversion, op: tt.FpToFpOp, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    (source,) = operands
    old, new = element_of(source.type), element_of(result)
    assert isinstance(old, AnyFloat) and isinstance(new, AnyFloat)
    if old.bitwidth < new.bitwidth:
        return c.insert(arith.ExtFOp(source, result)).result
    if old.bitwidth == new.bitwidth:
        source = c.insert(arith.ExtFOp(source, vector_like(result, f32))).result
    mode = "toward_zero" if op.rounding_mode is RoundingMode.RTZ else None
    return c.insert(arith.TruncFOp(source, result, mode)).result


def _clamp(c: FunctionConversion, op: tt.ClampFOp, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    """A NaN stays with `propagateNan = all`; without it, the bounds win over it."""
    x, low, high = operands
    if op.nan_propagation.keyword == "all":
        return c.insert(arith.MinimumfOp(c.insert(arith.MaximumfOp(x, low)).result, high)).result
    return c.insert(arith.MinnumfOp(c.insert(arith.MaxnumfOp(x, low)).result, high)).result


def _high_product(c: FunctionConversion, op: Operation, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    """The upper half of a product without signs: of a product twice as wide where there is one."""
    element = element_of(result)
    assert isinstance(element, FixedBitwidthType)
    if element.bitwidth > 32:
        return c.insert(arith.MulUIExtendedOp(operands[0], operands[1])).results[1]
    wide = vector_like(result, IntegerType(2 * element.bitwidth))
    x, y = (c.insert(arith.ExtUIOp(operand, wide)).result for operand in operands)
    product = c.insert(arith.MuliOp(x, y)).result
    half = c.insert(arith.ShRUIOp(product, number(c, element.bitwidth, wide))).result
    return c.insert(arith.TruncIOp(half, result)).result


def _as(make: Any) -> Compute:
    return lambda c, op, operands, result: c.insert(make(*operands)).results[0]


ELEMENTS: Mapping[str, Compute] = {
    "tt.approx_divf": _as(arith.DivfOp),
    "tt.clampf": _clamp,
    "tt.fp_to_fp": _fp_to_fp,
    "tt.mulhiui": _high_product,
    "tt.precise_divf": _as(arith.DivfOp),
    "tt.precise_sqrt": _as(math.SqrtOp),
}
"""Operations of tt that need nothing but their operands' elements."""
CLONED = tuple(
    op.name for dialect in (arith.Arith, math.Math) for op in dialect.operations if op.name != "arith.constant"
)
"""Operations that are the same on scalars and vectors."""

_OPERATIONS: Mapping[str, type[IRDLOperation]] = {
    op.name: op for dialect in (arith.Arith, math.Math) for op in dialect.operations if issubclass(op, IRDLOperation)
}


class WrittenTerms(libdevice.Terms):
    """A formula of libdevice written down, operation by operation, for a result of `type`."""

    def __init__(self, c: FunctionConversion, type: Attribute):
        super().__init__(element_of(type))
        self.c = c
        self.type = type

    def op(
        self, name: str, *operands: SSAValue, type: Attribute | None = None, predicate: int | None = None
    ) -> SSAValue:
        result = operands[0].type if type is None else vector_like(self.type, type)
        properties = {} if predicate is None else {"predicate": IntegerAttr(predicate, i64)}
        new = _OPERATIONS[name].build(operands=operands, result_types=[result], properties=properties)
        return self.c.insert(new).results[0]

    def constant(self, value: IntegerAttr[Any] | FloatAttr[Any]) -> SSAValue:
        return number(self.c, value.value.data, vector_like(self.type, value.type))

    def type_of(self, value: SSAValue) -> Attribute:
        return element_of(value.type)
