"""How what is loaded lies in shared memory: as the dots or the buffers that use it want it.

Source: getSharedEncoding and SwizzledSharedEncodingAttr::get of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import AnyTensor, encoding_of, is_tensor, tensor_type
from minilinalg.passes.tritongpu_accelerate_matmul.choice import bits_of
from minilinalg.passes.tritongpu_accelerate_matmul.operands import memory_order


class DifferentLayouts(Exception):
    """Users want a value in different layouts in shared memory."""


def for_dot(
    type: AnyTensor, operand: ttg.DotOperandEncodingAttr, *, is_transposed: bool = False
) -> ttg.SwizzledSharedEncodingAttr:
    """The layout from which an operand of mma.sync is loaded without conflicts: 8 rows of 16 bytes in all banks.

    is_transposed: the operand is the transposition of what has `type`.
    """
    order, shape = memory_order(type), type.get_shape()
    bits = bits_of(type.element_type)
    if not isinstance(operand.parent, ttg.NvidiaMmaEncodingAttr) or len(shape) != 2:
        return ttg.SwizzledSharedEncodingAttr(1, 1, 1, order)
    fastest = 1 - order[0] if is_transposed else order[0]
    k_width, word, is_k_fastest = operand.k_width.data, max(32 // bits, 1), fastest == 1 - operand.op_idx.data
    row = shape[order[0]]
    per_phase = max(128 // (row * bits // 8), 1)
    if word != k_width and not is_k_fastest:
        # Elements that are wider than where they come from are loaded several words at once.
        per_phase = max(per_phase, 2 * word)
    vec, lines = (4 * k_width, 8) if is_k_fastest else (8, 4 * k_width)
    phases = max(min(lines // per_phase, row // vec), 1)
    return ttg.SwizzledSharedEncodingAttr(vec, per_phase, phases, order)


def for_users(value: SSAValue) -> ttg.SharedLayoutAttribute | None:
    """The layout in shared memory that the dots and buffers which use a loaded tensor want; None when they want none.

    Raises DifferentLayouts.
    """
    wanted: dict[ttg.SharedLayoutAttribute, None] = {}
    for use in value.uses:
        layout = _wanted(value, use.operation)
        if layout is None:
            return None
        wanted[layout] = None
    if len(wanted) > 1:
        raise DifferentLayouts
    return next(iter(wanted), None)


def _wanted(value: SSAValue, user: Operation) -> ttg.SharedLayoutAttribute | None:
    if isinstance(user, ttg.LocalAllocOp):
        layout = user.result.type
        assert isinstance(layout, ttg.MemDescType) and isinstance(layout.layout, ttg.SharedLayoutAttribute)
        return layout.layout
    if isinstance(user, ttg.ConvertLayoutOp) and is_tensor(user.result.type):
        operand = encoding_of(user.result.type)
        if isinstance(operand, ttg.DotOperandEncodingAttr):
            return for_dot(tensor_type(value), operand)
        further = [use.operation for use in user.result.uses]
        for turned in further:
            layout = encoding_of(turned.result.type) if isinstance(turned, tt.TransOp) else None
            if isinstance(layout, ttg.DotOperandEncodingAttr) and len(further) == 1:
                return for_dot(tensor_type(value), layout, is_transposed=True)
    return None


def alloc_layouts(value: SSAValue) -> Sequence[ttg.SharedLayoutAttribute]:
    """The layouts of the buffers that a tensor is stored in."""
    users = [use.operation for use in value.uses]
    found = [_wanted(value, user) for user in users if isinstance(user, ttg.LocalAllocOp)]
    return list(dict.fromkeys(layout for layout in found if layout is not None))


def plain(type: AnyTensor) -> ttg.SwizzledSharedEncodingAttr:
    """The layout for users that read it as it was written."""
    return ttg.SwizzledSharedEncodingAttr(1, 1, 1, memory_order(type))
