"""Operations that compute each element by itself: on scalars as they are, on tensors inside of a `linalg.generic`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import (
    AffineMapAttr,
    AnyFloat,
    ArrayAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    TensorType,
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap

from minilinalg.dialects.tt.attributes import RoundingMode
from minilinalg.dialects.tt.types import AnyTensor
from minilinalg.dialects.upstream import arith, linalg, math, tensor
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, as_tensor, data_type, element_of

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
    """Numbers of elements are signed, and of 64 bits when they are added up."""
    pointer, offset = operands
    if offset.type != i64:
        offset = c.insert(arith.ExtSIOp(offset, i64)).result
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


def each(c: Conversion, op: Operation, compute: Callable[[Sequence[SSAValue], Attribute], SSAValue]) -> None:
    """Computes the result of `op`, on scalars or on the elements of tensors.

    `compute` is called with the operands as scalars and the type of the result, and writes operations that give it.
    """
    result = op.results[0]
    type = data_type(result.type)
    operands = [c.value(operand) for operand in op.operands]
    tensor_type = as_tensor(type)
    if tensor_type is None:
        c.bind(result, compute(operands, type))
    else:
        element = tensor_type.element_type
        c.bind(result, generic(c, operands, tensor_type, lambda args: compute(args, element)))


def generic(
    c: Conversion, operands: Sequence[SSAValue], result: AnyTensor, body: Callable[[Sequence[SSAValue]], SSAValue]
) -> SSAValue:
    """`generics` with one result."""
    return generics(c, operands, [result], lambda args: [body(args)])[0]


def generics(
    c: Conversion,
    operands: Sequence[SSAValue],
    results: Sequence[AnyTensor],
    body: Callable[[Sequence[SSAValue]], Sequence[SSAValue]],
) -> list[SSAValue]:
    """A parallel `linalg.generic` over tensors of one shape; an operand that is a scalar goes to every element.

    `body` is called with the elements, writes the operations on them, and returns what is yielded.
    """
    rank = results[0].get_num_dims()
    elements = [element_of(operand.type) for operand in operands]
    block = Block(arg_types=[*elements, *(result.element_type for result in results)])
    with c.inside(block):
        c.insert(linalg.YieldOp(*body(block.args[: len(operands)])))
    everywhere, same = AffineMap(rank, 0, ()), AffineMap.identity(rank)
    maps = [same if isinstance(operand.type, TensorType) else everywhere for operand in operands]
    op = linalg.GenericOp(
        operands,
        [empty(c, result) for result in results],
        Region(block),
        [AffineMapAttr(map) for map in (*maps, *(same for _ in results))],
        ArrayAttr([linalg.PARALLEL] * rank),
        results,
    )
    return list(c.insert(op).results)


def empty(c: Conversion, type: Attribute) -> SSAValue:
    """A tensor with undefined elements."""
    return c.insert(tensor.EmptyOp((), type)).tensor


def filled(c: Conversion, scalar: SSAValue, type: Attribute) -> SSAValue:
    """A tensor with every element equal to a scalar."""
    return c.insert(linalg.FillOp([scalar], [empty(c, type)], [type])).results[0]


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
HANDLERS: Mapping[str, Handler] = dict.fromkeys(_NAMES, elementwise)
