"""Operations that compute each element by itself: the same ones, on the registers of each thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xdsl.dialects.builtin import (
    AnyFloat,
    FixedBitwidthType,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    f32,
)
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.dialects import tt
from minilinalg.dialects.simt.types import element_of, is_vector, vector_like
from minilinalg.dialects.tt.attributes import RoundingMode
from minilinalg.dialects.tt.memory import pointee_type
from minilinalg.dialects.upstream import arith, math
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type

Compute = Callable[[Conversion, Any, list[SSAValue], Attribute], SSAValue]
"""Given an operation, its new operands and the type of the result, writes what computes it."""


def _clone(c: Conversion, op: Operation, operands: list[SSAValue], result: Attribute) -> SSAValue:
    made = type(op).create(operands=operands, result_types=[result], properties=op.properties, attributes=op.attributes)
    return c.insert(made).results[0]


def _fp_to_fp(c: Conversion, op: tt.FpToFpOp, operands: list[SSAValue], result: Attribute) -> SSAValue:
    (source,) = operands
    old, new = element_of(source.type), element_of(result)
    assert isinstance(old, AnyFloat) and isinstance(new, AnyFloat)
    if old.bitwidth < new.bitwidth:
        return c.insert(arith.ExtFOp(source, result)).result
    if old.bitwidth == new.bitwidth:
        source = c.insert(arith.ExtFOp(source, vector_like(result, f32))).result
    mode = "toward_zero" if op.rounding_mode is RoundingMode.RTZ else None
    return c.insert(arith.TruncFOp(source, result, mode)).result


def _clamp(c: Conversion, op: tt.ClampFOp, operands: list[SSAValue], result: Attribute) -> SSAValue:
    """A NaN stays with `propagateNan = all`; without it, the bounds win over it."""
    x, low, high = operands
    if op.nan_propagation.keyword == "all":
        return c.binary(arith.MinimumfOp, c.binary(arith.MaximumfOp, x, low), high)
    return c.binary(arith.MinnumfOp, c.binary(arith.MaxnumfOp, x, low), high)


def _high_product(c: Conversion, op: Operation, operands: list[SSAValue], result: Attribute) -> SSAValue:
    """The upper half of a product without signs: of a product twice as wide where there is one."""
    bits = _bits(result)
    if bits > 32:
        return c.insert(arith.MulUIExtendedOp(operands[0], operands[1])).results[1]
    wide = vector_like(result, IntegerType(2 * bits))
    x, y = (c.insert(arith.ExtUIOp(operand, wide)).result for operand in operands)
    product = c.binary(arith.ShRUIOp, c.binary(arith.MuliOp, x, y), bits)
    return c.insert(arith.TruncIOp(product, result)).result


def _bits(type: Attribute) -> int:
    element = element_of(type)
    assert isinstance(element, FixedBitwidthType)
    return element.bitwidth


def bytes_of(type: Attribute) -> int:
    """The bytes of an element in memory: of i1, one; of a pointer, eight."""
    element = element_of(data_type(type)) if not is_vector(type) else element_of(type)
    return max(8, _bits(element)) // 8


def _moved_pointer(c: Conversion, op: tt.AddPtrOp, operands: list[SSAValue], result: Attribute) -> SSAValue:
    """Offsets are signed, and count elements; addresses count bytes."""
    pointer, offset = operands
    size = bytes_of(pointee_type(op.ptr.type))
    offset = c.extended(offset)
    return c.binary(arith.AddiOp, pointer, c.binary(arith.MuliOp, offset, size) if size > 1 else offset)


def _bitcast(c: Conversion, op: Operation, operands: list[SSAValue], result: Attribute) -> SSAValue:
    """Of pointers: the same address."""
    (source,) = operands
    return source if source.type == result else c.insert(arith.BitcastOp(source, result)).result


def _same(c: Conversion, op: Operation, operands: list[SSAValue], result: Attribute) -> SSAValue:
    return operands[0]


def _as(make: Any) -> Compute:
    return lambda c, op, operands, result: c.insert(make(*operands)).results[0]


COMPUTED: Mapping[str, Compute] = {
    "tt.addptr": _moved_pointer,
    "tt.approx_divf": _as(arith.DivfOp),
    "tt.bitcast": _bitcast,
    "tt.clampf": _clamp,
    "tt.fp_to_fp": _fp_to_fp,
    "tt.int_to_ptr": _same,
    "tt.mulhiui": _high_product,
    "tt.precise_divf": _as(arith.DivfOp),
    "tt.precise_sqrt": _as(math.SqrtOp),
    "tt.ptr_to_int": _same,
}
"""Operations of tt that compute one element. arith and math are cloned."""


def elementwise(c: Conversion, op: Operation) -> None:
    """arith, math and the elementwise operations of tt."""
    result = op.results[0]
    compute = COMPUTED.get(op.name, _clone)
    c.bind(result, compute(c, op, [c.element(operand) for operand in op.operands], c.type_of(result)))


def _constant(c: Conversion, op: arith.ConstantOp) -> None:
    type = c.type_of(op.result)
    value: Any = op.value
    if is_vector(type):
        if isinstance(value, IntegerAttr | FloatAttr):
            element = value.value.data
        elif _is_splat(value):
            element = next(iter(value.get_values()))
        else:
            raise c.unsupported(
                f"a constant of type {op.result.type} with different elements",
                "a constant tensor has one element everywhere: which thread would hold which is not known",
            )
        c.bind(op.result, c.constant(element, type))
    else:
        c.bind(op.result, c.insert(arith.ConstantOp(value, type)).result)


def _is_splat(value: Any) -> bool:
    """Whether all elements have the same bits; a NaN is not equal to itself."""
    data: bytes = value.data.data
    size = max(1, len(data) // max(1, len(value)))
    return value.is_splat() or data == data[:size] * len(value)


_NAMES = (
    *(op.name for dialect in (arith.Arith, math.Math) for op in dialect.operations if op.name != "arith.constant"),
    *COMPUTED,
)
HANDLERS: Mapping[str, Handler] = {**dict.fromkeys(_NAMES, elementwise), "arith.constant": _constant}
