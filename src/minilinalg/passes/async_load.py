"""How much of a load one asynchronous copy moves."""

from __future__ import annotations

from xdsl.dialects.builtin import FixedBitwidthType

from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.memory import pointee_type
from minilinalg.dialects.tt.types import AnyTensor, element_type, tensor_type
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.layouts.linear import OFFSET, REGISTER
from minilinalg.passes.tritongpu_accelerate_matmul.operands import memory_order


def elements_at_once(load: tt.LoadOp, axes: AxisInfoAnalysis) -> int:
    """How many elements of a thread lie side by side in global memory, under one mask and aligned."""
    type, layout = tensor_type(load.ptr), layout_of(load.ptr.type)
    assert layout is not None
    dim = memory_order(type)[0]
    info, size = axes.of(load.ptr), element_bits(load) // 8 or 1
    registers = layout.linear_layout(type.get_shape()).bases(REGISTER)
    mine = 1
    while tuple(mine if d == dim else 0 for d in range(len(type.get_shape()))) in registers:
        mine *= 2
    aligned = max(info.divisibility[dim] // size, 1)
    count = min(mine, info.contiguity[dim], aligned, max(16 // size, 1))
    if load.mask is not None:
        count = min(count, axes.of(load.mask).constancy[dim])
    return 1 << count.bit_length() - 1


def element_bits(load: tt.LoadOp) -> int:
    """The width of what is loaded."""
    element = element_type(pointee_type(load.ptr.type))
    return max(element.bitwidth, 8) if isinstance(element, FixedBitwidthType) else 64


def bytes_at_once(load: tt.LoadOp, axes: AxisInfoAnalysis, layout: ttg.SharedLayoutAttribute | None) -> int:
    """The same in bytes, where elements lie side by side in shared memory too."""
    count = elements_at_once(load, axes)
    if layout is not None:
        count = min(count, side_by_side(load, layout))
    return count * element_bits(load) // 8


def side_by_side(load: tt.LoadOp, layout: ttg.SharedLayoutAttribute) -> int:
    """How many elements of a thread, counted as they lie in global memory, lie side by side in shared memory."""
    return run_in_shared(tensor_type(load.ptr), layout)


def run_in_shared(type: AnyTensor, layout: ttg.SharedLayoutAttribute) -> int:
    """How many neighbouring registers of every thread lie side by side in shared memory, from a multiple of them on.

    Source: getNumConsecutiveInOut of Triton's linear layouts.
    """
    held, shape = layout_of(type), type.get_shape()
    assert held is not None
    places = held.linear_layout(shape).invert_and_compose(layout.linear_layout(shape))
    masks = places.restricted(places.in_names, [OFFSET]).ins
    registers = dict(masks)[REGISTER]
    count = 0
    while count < len(registers) and registers[count] == 1 << count:
        count += 1
    others = [mask for name, each in masks for bit, mask in enumerate(each) if name != REGISTER or bit >= count]
    return min([1 << count, *(mask & -mask for mask in others if mask)])
