"""Operations that compute each element by itself: the same ones, on the registers of each thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import (
    FloatAttr,
    IntegerAttr,
)
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.constants import uniform_element
from minilinalg.dialects import tt
from minilinalg.dialects.simt.types import bits_of, element_of, is_vector
from minilinalg.dialects.tt.memory import pointee_type
from minilinalg.dialects.upstream import arith
from minilinalg.passes.element_operations import CLONED, ELEMENTS, Compute, clone
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type


def bytes_of(type: Attribute) -> int:
    """The bytes of an element in memory: of i1, one; of a pointer, eight."""
    element = element_of(data_type(type)) if not is_vector(type) else element_of(type)
    return max(8, bits_of(element)) // 8


def _moved_pointer(c: Conversion, op: tt.AddPtrOp, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    """Offsets are signed, and count elements; addresses count bytes."""
    pointer, offset = operands
    size = bytes_of(pointee_type(op.ptr.type))
    offset = c.extended(offset)
    return c.binary(arith.AddiOp, pointer, c.binary(arith.MuliOp, offset, size) if size > 1 else offset)


def _bitcast(c: Conversion, op: Operation, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    """Of pointers: the same address."""
    (source,) = operands
    return source if source.type == result else c.insert(arith.BitcastOp(source, result)).result


def _same(c: Conversion, op: Operation, operands: Sequence[SSAValue], result: Attribute) -> SSAValue:
    return operands[0]


COMPUTED: Mapping[str, Compute] = {
    **ELEMENTS,
    "tt.addptr": _moved_pointer,
    "tt.bitcast": _bitcast,
    "tt.int_to_ptr": _same,
    "tt.ptr_to_int": _same,
}
"""Operations of tt that compute one element. arith and math are cloned."""


def elementwise(c: Conversion, op: Operation) -> None:
    """arith, math and the elementwise operations of tt."""
    result = op.results[0]
    compute = COMPUTED.get(op.name, clone)
    c.bind(result, compute(c, op, [c.element(operand) for operand in op.operands], c.type_of(result)))


def _constant(c: Conversion, op: arith.ConstantOp) -> None:
    type = c.type_of(op.result)
    value: Any = op.value
    if is_vector(type):
        if isinstance(value, IntegerAttr | FloatAttr):
            element = value.value.data
        elif (element := uniform_element(value)) is None:
            raise c.unsupported(
                f"a constant of type {op.result.type} with different elements",
                "a constant tensor has one element everywhere: which thread would hold which is not known",
            )
        c.bind(op.result, c.constant(element, type))
    else:
        c.bind(op.result, c.insert(arith.ConstantOp(value, type)).result)


HANDLERS: Mapping[str, Handler] = {**dict.fromkeys((*CLONED, *COMPUTED), elementwise), "arith.constant": _constant}
