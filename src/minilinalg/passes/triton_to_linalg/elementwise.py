"""Operations that compute each element by itself: on scalars as they are, on tensors inside of a `linalg.generic`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import (
    AnyFloat,
    IndexType,
    IntegerAttr,
    IntegerType,
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.structured import is_pointer
from minilinalg.dialects.tt.attributes import RoundingMode
from minilinalg.dialects.tt.types import AnyTensor
from minilinalg.dialects.upstream import arith, linalg, math
from minilinalg.passes.triton_to_linalg.addresses import value_in
from minilinalg.passes.triton_to_linalg.conversion import (
    Conversion,
    Handler,
    as_tensor,
    data_type,
    pointee_bytes,
)
from minilinalg.passes.triton_to_linalg.generic import generic

Scalar = Callable[[Conversion, Any, Sequence[SSAValue], Attribute], Operation]
"""Given an operation, its operands as scalars and the type of the result, the operation on scalars that computes it."""


def _clone(c: Conversion, op: Operation, operands: Sequence[SSAValue], result: Attribute) -> Operation:
    return type(op).create(operands=operands, result_types=[result], properties=op.properties, attributes=op.attributes)


def _fp_to_fp(c: Conversion, op: Any, operands: Sequence[SSAValue], result: Attribute) -> Operation:
    (source,) = operands
    assert isinstance(source.type, AnyFloat) and isinstance(result, AnyFloat)
    if source.type.bitwidth < result.bitwidth:
        return arith.ExtFOp(source, result)
    if source.type.bitwidth == result.bitwidth:
        source = c.insert(arith.ExtFOp(source, f32)).result
    return arith.TruncFOp(source, result, "toward_zero" if op.rounding_mode is RoundingMode.RTZ else None)


def _clamp(c: Conversion, op: Any, operands: Sequence[SSAValue], result: Attribute) -> Operation:
    """A NaN stays with `propagateNan = all`; without it, the bounds win over it."""
    x, low, high = operands
    if op.nan_propagation.keyword == "all":
        return arith.MinimumfOp(c.insert(arith.MaximumfOp(x, low)).result, high)
    return arith.MinnumfOp(c.insert(arith.MaxnumfOp(x, low)).result, high)


def _high_product(c: Conversion, op: Any, operands: Sequence[SSAValue], result: Attribute) -> Operation:
    """The upper half of a product without signs: of a product twice as wide where there is one."""
    bits: int = getattr(result, "bitwidth", 64)
    if bits > 32:
        return arith.MulUIExtendedOp(operands[0], operands[1])
    wide = IntegerType(2 * bits)
    x, y = (c.insert(arith.ExtUIOp(operand, wide)).result for operand in operands)
    product = c.insert(arith.MuliOp(x, y)).result
    half = c.insert(arith.ConstantOp(IntegerAttr(bits, wide))).result
    return arith.TruncIOp(c.insert(arith.ShRUIOp(product, half)).result, result)


def _as(make: Callable[..., Operation]) -> Scalar:
    return lambda c, op, operands, result: make(*operands)


def _moved_pointer(c: Conversion, op: Any, operands: Sequence[SSAValue], result: Attribute) -> Operation:
    """Numbers of elements are signed, and of 64 bits when they are added up; addresses count bytes."""
    pointer, offset = operands
    if offset.type != i64:
        offset = c.insert(arith.ExtSIOp(offset, i64)).result
    if c.pointers.bases.of(op.result) is None and (size := pointee_bytes(op.result.type)) != 1:
        offset = c.insert(arith.MuliOp(offset, c.insert(arith.ConstantOp(IntegerAttr(size, i64))).result)).result
    return arith.AddiOp(pointer, offset)


SCALARS: Mapping[str, Scalar] = {
    "tt.addptr": _moved_pointer,
    "tt.fp_to_fp": _fp_to_fp,
    "tt.bitcast": lambda c, op, operands, result: arith.BitcastOp(operands[0], result),
    "tt.clampf": _clamp,
    "tt.mulhiui": _high_product,
    "tt.precise_sqrt": _as(math.SqrtOp),
    "tt.precise_divf": _as(arith.DivfOp),
    "tt.approx_divf": _as(arith.DivfOp),
}
"""Operations of tt that compute one element, and what they are on scalars. arith and math are cloned."""


def elementwise(c: Conversion, op: Operation) -> None:
    """arith, math and the elementwise operations of tt."""
    scalar = SCALARS.get(op.name, _clone)
    each(c, op, lambda operands, result: c.insert(scalar(c, op, operands, result)).results[-1])


def _bitcast(c: Conversion, op: Any) -> None:
    """A pointer keeps its number: unless it is an address, what it points to are booleans and bytes."""
    if is_pointer(op.result.type):
        c.bind(op.result, value_in(c, op.src, op.result))
    else:
        elementwise(c, op)


def each(c: Conversion, op: Operation, compute: Callable[[Sequence[SSAValue], Attribute], SSAValue]) -> None:
    """Computes the result of `op`, on scalars or on the elements of tensors.

    `compute` is called with the operands as scalars and the type of the result, and writes operations that give it.
    """
    result = op.results[0]
    type = data_type(result.type)
    operands = [value_in(c, operand, result) for operand in op.operands]
    tensor_type = as_tensor(type)
    if tensor_type is None:
        c.bind(result, compute(operands, type))
    else:
        element = tensor_type.element_type
        c.bind(result, generic(c, operands, tensor_type, lambda args: compute(args, element)))


def index_tensor(c: Conversion, type: AnyTensor, start: int) -> SSAValue:
    """The tensor of integers start, start + 1 ..."""
    element = type.element_type

    def body(args: Sequence[SSAValue]) -> SSAValue:
        position = c.insert(linalg.IndexOp(0)).result
        if not isinstance(element, IndexType):
            position = c.insert(arith.IndexCastOp(position, element)).result
        if start == 0:
            return position
        first = c.insert(arith.ConstantOp(IntegerAttr(start, element)))  # pyright: ignore
        return c.insert(arith.AddiOp(position, first.result)).result

    return generic(c, (), type, body)


def rounded_to_tf32(c: Conversion, value: SSAValue) -> SSAValue:
    """f32 with ten bits of fraction, halves away from zero; infinities and NaN stay (PTX ISA, cvt.rna.tf32.f32)."""

    def body(args: Sequence[SSAValue]) -> SSAValue:
        (x,) = args
        half, kept, exponent = (
            c.insert(arith.ConstantOp(IntegerAttr(bits, i32))).result for bits in (0x1000, -0x2000, 0x7F800000)
        )
        bits = c.insert(arith.BitcastOp(x, i32)).result
        raised = c.insert(arith.AddiOp(bits, half)).result
        rounded = c.insert(arith.AndIOp(raised, kept)).result
        finite = c.insert(arith.CmpiOp(c.insert(arith.AndIOp(bits, exponent)).result, exponent, "ne")).result
        chosen = c.insert(arith.SelectOp(finite, rounded, bits)).result
        return c.insert(arith.BitcastOp(chosen, x.type)).result

    type = as_tensor(value.type)
    assert type is not None
    return generic(c, [value], type, body)


_NAMES = (
    *(op.name for dialect in (arith.Arith, math.Math) for op in dialect.operations if op.name != "arith.constant"),
    *SCALARS,
)
HANDLERS: Mapping[str, Handler] = {**dict.fromkeys(_NAMES, elementwise), "tt.bitcast": _bitcast}
