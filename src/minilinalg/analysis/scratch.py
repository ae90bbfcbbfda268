"""The shared memory that an operation needs while it runs, beyond the buffers of the program.

What passes from warp to warp is stored, and loaded behind a barrier. How much that takes, and where each element lies,
is decided here once, for the pass that allocates and for the one that writes the accesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.warp_gather import warp_gather
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.ttg.layout_rules import linear_layout_of
from minilinalg.dialects.ttg.shared_layouts import SharedLayoutAttribute
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.layouts.conversion import Movement, conversion
from minilinalg.layouts.gf2 import Span
from minilinalg.layouts.linear import LANE, OFFSET, REGISTER, WARP, LinearLayout, dim_names
from minilinalg.layouts.shared import SharedLayout
from minilinalg.layouts.swizzling import swizzle_for

OFFSET_ATTR = "allocation.offset"
"""Of an operation: where its buffer or its scratch memory begins, in bytes."""


def scratch_bytes(op: Operation) -> int:
    """The bytes of shared memory that `op` needs while it runs; 0 for most."""
    if isinstance(op, ttg.ConvertLayoutOp) and is_exchanged(op):
        old, new = _layout(op.src.type), _layout(op.result.type)
        return exchange_places(old, new, element_bytes(op.src.type)).out_size(OFFSET) * element_bytes(op.src.type)
    if isinstance(op, tt.ReduceOp):
        layout = _layout(op.srcs[0].type)
        return sum(size for _, size in partial_places(layout, op.axis.value.data, op.srcs))
    if isinstance(op, tt.ScanOp):
        layout, axis = _layout(op.srcs[0].type), op.axis.value.data
        groups = [step for step in scan_steps(layout, axis) if step.name == WARP]
        row_bits = max((layout.out_width - step.below for step in groups), default=0)
        return sum(element_bytes(src.type) for src in op.srcs) << row_bits if groups else 0
    if isinstance(op, tt.AtomicRMWOp | tt.AtomicCASOp):
        return _shared_result_bytes(op)
    if isinstance(op, tt.GatherOp):
        if warp_gather(_layout(op.src.type), _layout(op.indices.type), op.axis.value.data) is not None:
            return 0
        return prod(op.src.type.get_shape()) * element_bytes(op.src.type)  # pyright: ignore
    if isinstance(op, tt.HistogramOp):
        return prod(op.result.type.get_shape()) * element_bytes(op.result.type)  # pyright: ignore
    return 0


def _layout(type: Attribute) -> LinearLayout:
    assert is_tensor(type)
    return linear_layout_of(type)


def element_bytes(type: Attribute) -> int:
    """The bytes of an element of a tensor as it is stored: of a boolean one, of a pointer eight."""
    assert is_tensor(type)
    return scalar_bytes(type.element_type)


def scalar_bytes(type: Attribute) -> int:
    """The bytes of a number as it is stored."""
    if isinstance(type, tt.PointerType):
        return 8
    assert isinstance(type, FixedBitwidthType)
    return max(8, type.bitwidth) // 8


# Buffers


def memory_of(type: MemDescType) -> SharedLayout:
    """The layout of one of the buffers that a view of this type sees."""
    layout = type.layout
    assert isinstance(layout, SharedLayoutAttribute)
    return layout.memory(type.get_shape()[-layout.rank :])


def buffer_bytes(type: MemDescType) -> int:
    """The bytes of all buffers that a view of this type sees."""
    layout = type.layout
    assert isinstance(layout, SharedLayoutAttribute)
    assert isinstance(type.element_type, FixedBitwidthType)
    count = prod(type.get_shape()[: -layout.rank])
    return count * memory_of(type).size * max(8, type.element_type.bitwidth) // 8


# Changes of layout


def is_exchanged(op: ttg.ConvertLayoutOp) -> bool:
    """Whether a change of layout passes through shared memory."""
    change = conversion(_layout(op.src.type), _layout(op.result.type))
    if change.movement is Movement.SHUFFLES:
        # Which register an element comes from must not depend on the lane.
        return any(change.sources.restricted([LANE], [REGISTER]).masks[LANE])
    return change.movement >= Movement.SHARED_MEMORY


def exchange_places(old: LinearLayout, new: LinearLayout, size: int) -> LinearLayout:
    """From an element's indices to the place, in elements of `size` bytes, at which it changes from `old` to `new`."""
    linear = swizzle_for(old, new, 8 * size)
    return linear.pseudo_inverse().restricted(linear.out_names, [OFFSET])


# Reductions


def across_warps(layout: LinearLayout, axis: int) -> list[int]:
    """The bits of the warp's number along which warps hold different elements of a row that is reduced."""
    return [bit for bit, basis in enumerate(layout.bases(WARP)) if basis[axis]]


def partial_places(layout: LinearLayout, axis: int, operands: Sequence[SSAValue]) -> list[tuple[int, int]]:
    """(offset, bytes) of the partial results of each operand of a reduction; [] where one warp has all of a row."""
    warps = len(across_warps(layout, axis))
    if not warps:
        return []
    rows = 1 << (layout.out_width - layout.outs[axis][1])
    found: list[tuple[int, int]] = []
    offset = 0
    for operand in operands:
        size = (rows << warps) * element_bytes(operand.type)
        found.append((offset, size))
        offset += size
    return found


def without_axis(layout: LinearLayout, axis: int) -> LinearLayout:
    """The layout of what is left of a tensor when one dimension is reduced: replicas where it led along that one."""
    kept = [name for dim, name in enumerate(layout.out_names) if dim != axis]
    rest = layout.restricted(layout.in_names, kept)
    names: Sequence[str] = dim_names(len(kept))
    return LinearLayout(rest.ins, tuple((name, bits) for name, (_, bits) in zip(names, rest.outs, strict=True)))


# Scans


@dataclass(frozen=True)
class ScanStep:
    """Bits of one input dimension, in a row, that lead along the axis of a scan: from bit `below` of its index on."""

    name: str
    bits: tuple[int, ...]
    below: int


def scan_steps(layout: LinearLayout, axis: int) -> list[ScanStep]:
    """How a scan goes along its axis, from neighbours to what is farthest; the bits of the warp's number in groups."""
    found: list[tuple[int, str, int]] = []
    for name in (REGISTER, LANE, WARP):
        for bit, basis in enumerate(layout.bases(name)):
            if basis[axis]:
                found.append((basis[axis], name, bit))
    steps: list[ScanStep] = []
    for position, (_, name, bit) in enumerate(sorted(found)):
        if name == WARP and steps and steps[-1].name == WARP:
            steps[-1] = ScanStep(name, (*steps[-1].bits, bit), steps[-1].below)
        else:
            steps.append(ScanStep(name, (bit,), position))
    return steps


# What one thread finds out for others


def has_replicas(layout: LinearLayout) -> bool:
    """Whether lanes or warps hold what others hold too."""
    span = Span(layout.masks.get(REGISTER, ()))
    return not all(span.add(mask) for name in (LANE, WARP) for mask in layout.masks.get(name, ()))


def _shared_result_bytes(op: tt.AtomicRMWOp | tt.AtomicCASOp) -> int:
    """An atomic happens once for each element; those who hold it too are told the result."""
    type = op.result.type
    if not op.result.uses:
        return 0
    if not is_tensor(type):
        return scalar_bytes(type)
    return prod(type.get_shape()) * element_bytes(type) if has_replicas(_layout(type)) else 0
