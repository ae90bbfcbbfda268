"""Operations that compute each element by itself: on scalars as they are, on tensors inside of a `linalg.generic`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.structured import is_pointer
from minilinalg.dialects.tt.types import AnyTensor
from minilinalg.dialects.upstream import arith, linalg
from minilinalg.passes.element_operations import CLONED, ELEMENTS, Compute, clone, number
from minilinalg.passes.triton_to_linalg.addresses import value_in
from minilinalg.passes.triton_to_linalg.conversion import (
    Conversion,
    Handler,
    as_tensor,
    data_type,
    pointee_bytes,
)
from minilinalg.passes.triton_to_linalg.generic import generic


def _moved_pointer(c: Conversion, op: Any, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    """Numbers of elements are signed, and of 64 bits when they are added up; addresses count bytes."""
    pointer, offset = operands
    if offset.type != i64:
        offset = c.insert(arith.ExtSIOp(offset, i64)).result
    if c.pointers.bases.of(op.result) is None and (size := pointee_bytes(op.result.type)) != 1:
        offset = c.insert(arith.MuliOp(offset, number(c, size, i64))).result
    return c.insert(arith.AddiOp(pointer, offset)).result


def _bits(c: Conversion, op: Any, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    return c.insert(arith.BitcastOp(operands[0], result)).result


COMPUTED: Mapping[str, Compute] = {**ELEMENTS, "tt.addptr": _moved_pointer, "tt.bitcast": _bits}
"""Operations of tt that compute one element, and what they are on scalars. arith and math are cloned."""


def elementwise(c: Conversion, op: Operation) -> None:
    """arith, math and the elementwise operations of tt."""
    compute = COMPUTED.get(op.name, clone)
    each(c, op, lambda operands, result: compute(c, op, operands, result))


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


HANDLERS: Mapping[str, Handler] = {**dict.fromkeys((*CLONED, *COMPUTED), elementwise), "tt.bitcast": _bitcast}
