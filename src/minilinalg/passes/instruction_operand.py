"""Which views of a buffer an instruction can have as operands: gapless ones, where the vector unit reaches them."""

from __future__ import annotations

from math import gcd

from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.aliasing import root_of
from minilinalg.dialects.simd import element_bytes, is_contiguous, offset_of
from minilinalg.dialects.upstream import memref
from minilinalg.passes.strided_view import buffer_type, slice_of
from minilinalg.targets import Target

_SHAPES = frozenset(f"memref.{name}" for name in ("cast", "collapse_shape", "expand_shape", "memory_space_cast"))
"""Views that begin where their source begins."""


def lies_as_operand(value: SSAValue, target: Target, *, written: bool) -> bool:
    """Whether the elements of `value` lie as an instruction has them; its memory is not looked at.

    They are side by side and begin at an aligned address. An instruction rounds its count up, so what is written must
    not be followed by something else.
    """
    type = buffer_type(value)
    if not is_contiguous(type):
        return False
    width = element_bytes(type)
    if (offset_divisor(value) * width) % target.vector.alignment:
        return False
    is_part = root_of(value).type != type
    return not (written and is_part and type.element_count() % target.vector.count_multiple(width))


def offset_divisor(value: SSAValue) -> int:
    """A number that divides the elements in front of `value` in its buffer: 0 when there are none.

    Of the rows of a matrix, whichever it is, that is the length of a row.
    """
    offset = offset_of(buffer_type(value))
    if offset is not None:
        return offset
    owner = value.owner
    if isinstance(owner, Operation) and owner.name in _SHAPES:
        return offset_divisor(owner.operands[0])
    if not isinstance(owner, memref.SubviewOp):
        return 1
    divisor = offset_divisor(owner.source)
    strides = buffer_type(owner.source).get_strides() or ()
    for stride, start in zip(strides, slice_of(owner)[0], strict=True):
        step = 1 if stride is None else stride
        divisor = gcd(divisor, step * start if isinstance(start, int) else step)
    return divisor
