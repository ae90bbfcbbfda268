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
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.simt.tensor_maps import MAP_BYTES
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
    if isinstance(op, ttg.ConvertLayoutOp):
        return exchange_bytes(_layout(op.src.type), _layout(op.result.type), element_bytes(op.src.type))
    if isinstance(op, tt.CatOp):
        layout = _layout(op.result.type)
        return exchange_bytes(side_by_side(_layout(op.lhs.type)), layout, element_bytes(op.result.type))
    if isinstance(op, tt.MapElementwiseOp):
        return max(_group_bytes(op), turn_bytes(op))
    if isinstance(op, tt.ReduceOp):
        return _reduction_bytes(op)
    if isinstance(op, tt.ScanOp):
        return _scan_bytes(op)
    if isinstance(op, tt.AtomicPollOp) and not is_tensor(op.ptr.type):
        return scalar_bytes(op.expected.type)
    if isinstance(op, tt.AtomicRMWOp | tt.AtomicCASOp | tt.AtomicLoadOp):
        return _shared_result_bytes(op)
    if isinstance(op, tt.GatherOp):
        if warp_gather(_layout(op.src.type), _layout(op.indices.type), op.axis.value.data) is not None:
            return 0
        return prod(op.src.type.get_shape()) * element_bytes(op.src.type)  # pyright: ignore
    if isinstance(op, tt.HistogramOp):
        return prod(op.result.type.get_shape()) * element_bytes(op.result.type)  # pyright: ignore
    return MAP_BYTES if isinstance(op, ttng.TensormapCreateOp) else 0


def scratch_alignment(op: Operation) -> int:
    """What the scratch memory of `op` begins at a multiple of, in bytes: the widest access to it."""
    return MAP_BYTES if isinstance(op, ttng.TensormapCreateOp) else 16


def meets_inside(op: Operation) -> bool:
    """Whether the threads of a block meet at a barrier within `op`, which has scratch memory; one warp needs none."""
    return not isinstance(op, ttng.TensormapCreateOp)


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
    count, memory = prod(type.get_shape()[: -layout.rank]), memory_of(type)
    return ((count - 1) * memory.step + memory.size) * scalar_bytes(type.element_type)


def buffer_step(type: MemDescType) -> int:
    """The bytes from what a view of this type sees to what the next one of several sees."""
    layout = type.layout
    assert isinstance(layout, SharedLayoutAttribute)
    return prod(type.get_shape()[: -layout.rank]) * memory_of(type).step * scalar_bytes(type.element_type)


# Changes of layout


def is_exchanged(op: ttg.ConvertLayoutOp) -> bool:
    """Whether a change of layout passes through shared memory."""
    return passes_through_memory(_layout(op.src.type), _layout(op.result.type))


def passes_through_memory(old: LinearLayout, new: LinearLayout) -> bool:
    """Whether a tensor passes through shared memory on its way from one layout in registers to another."""
    change = conversion(old, new)
    if change.movement is Movement.SHUFFLES:
        # Which register an element comes from must not depend on the lane.
        return any(change.sources.restricted([LANE], [REGISTER]).masks[LANE])
    return change.movement >= Movement.SHARED_MEMORY


def exchange_bytes(old: LinearLayout, new: LinearLayout, size: int) -> int:
    """The bytes that a change of layout takes, of elements of `size` bytes; 0 where it is none of memory."""
    return exchange_places(old, new, size).out_size(OFFSET) * size if passes_through_memory(old, new) else 0


def exchange_places(old: LinearLayout, new: LinearLayout, size: int) -> LinearLayout:
    """From an element's indices to the place, in elements of `size` bytes, at which it changes from `old` to `new`."""
    linear = swizzle_for(old, new, 8 * size)
    return linear.pseudo_inverse().restricted(linear.out_names, [OFFSET])


def side_by_side(layout: LinearLayout) -> LinearLayout:
    """The layout of two tensors of `layout`, one behind the other along the first dimension, the registers likewise."""
    bases = {name: layout.bases(name) for name in layout.in_names}
    bases[REGISTER] = [*bases[REGISTER], (layout.shape[0], *(0 for _ in layout.shape[1:]))]
    sizes = [2 * size if dim == 0 else size for dim, size in enumerate(layout.shape)]
    return LinearLayout.of(bases, dict(zip(layout.out_names, sizes, strict=True)))


# Groups of elements


def grouped(layout: LinearLayout, size: int) -> LinearLayout:
    """As `layout`, but a thread holds groups of `size` neighbours in row-major order, side by side in its registers.

    Who held a part of a group trades it for a register that is no part of one, or is given a register more.
    """
    places = _row_major_bases(layout)[: size.bit_length() - 1]
    masks = {name: list(found) for name, found in layout.masks.items()}
    registers = masks.setdefault(REGISTER, [])
    spare = [mask for mask in registers if mask not in places]
    for mask in places:
        for name in (LANE, WARP):
            while mask in masks.get(name, ()):
                masks[name][masks[name].index(mask)] = spare.pop() if mask not in registers and spare else 0
    return LinearLayout(
        ((REGISTER, (*places, *spare)), *((n, tuple(masks[n])) for n in layout.in_names if n != REGISTER)), layout.outs
    )


def _row_major_bases(layout: LinearLayout) -> list[int]:
    """The masks of the bits of an element's place in row-major order, the lowest first."""
    found: list[int] = []
    for dim in reversed(range(len(layout.outs))):
        for bit in range(layout.outs[dim][1]):
            found.append(layout.pack([1 << bit if d == dim else 0 for d in range(len(layout.outs))]))
    return found


def _group_bytes(op: tt.MapElementwiseOp) -> int:
    """Operands on their way into groups, results on theirs out of them, one at a time."""
    if (pack := op.pack.value.data) == 1:
        return 0
    layout = _layout(op.srcs[0].type)
    into = grouped(layout, pack)
    return max(
        *(exchange_bytes(layout, into, element_bytes(src.type)) for src in op.srcs),
        *(exchange_bytes(into, layout, element_bytes(result.type)) for result in op.result),
    )


def turn_bytes(op: tt.MapElementwiseOp) -> int:
    """Where warps say whether any of their elements takes another turn of a loop: a word for each."""
    loops = any(inner.name in ("scf.for", "scf.while") for inner in op.scalar_op.walk())
    return 4 << len(_layout(op.srcs[0].type).masks[WARP]) if loops else 0


# Reductions


def apart(layout: LinearLayout, axis: int) -> LinearLayout:
    """`layout`, or one that deals the elements out anew: other dimensions to lanes and warps first, so that rows lie in
    threads. That is where a step of a register, lane or warp leads along `axis` and another dimension at once, or two
    lead to the same elements."""
    span = Span(())
    is_apart = True
    for name in (REGISTER, LANE, WARP):
        for mask, basis in zip(layout.masks[name], layout.bases(name), strict=True):
            mixed = basis[axis] and any(basis[:axis] + basis[axis + 1 :])
            is_apart = is_apart and not mixed and (not mask or span.add(mask))
    if is_apart:
        return layout
    dims = [dim for dim in reversed(range(len(layout.outs))) if dim != axis]
    steps = [(dim, bit) for dim in (*dims, axis) for bit in range(layout.outs[dim][1])]
    masks = [layout.pack([1 << bit if d == dim else 0 for d in range(len(layout.outs))]) for dim, bit in steps]
    lanes, warps = len(layout.masks[LANE]), len(layout.masks[WARP])
    masks += [0] * (lanes + warps - len(masks))
    dealt = {LANE: masks[:lanes], WARP: masks[lanes : lanes + warps], REGISTER: masks[lanes + warps :]}
    return LinearLayout(tuple((n, tuple(dealt.get(n, found))) for n, found in layout.ins), layout.outs)


def held_rows(layout: LinearLayout, axis: int) -> LinearLayout:
    """Where the results of a reduction are once threads and lanes have combined what they have of a row."""
    kept = [mask for mask, basis in zip(layout.masks[REGISTER], layout.bases(REGISTER), strict=True) if not basis[axis]]
    return without_axis(layout.with_bases(REGISTER, kept), axis)


def _reduction_bytes(op: tt.ReduceOp) -> int:
    given, axis = _layout(op.srcs[0].type), op.axis.value.data
    layout = apart(given, axis)
    found = [partial_results(layout, axis) * sum(element_bytes(src.type) for src in op.srcs)]
    found += [exchange_bytes(given, layout, element_bytes(src.type)) for src in op.srcs]
    if is_tensor(op.results[0].type) and not across_warps(layout, axis):
        held = held_rows(layout, axis)
        found += [exchange_bytes(held, _layout(r.type), element_bytes(r.type)) for r in op.results]
    return max(found)


def across_warps(layout: LinearLayout, axis: int) -> list[int]:
    """The bits of the warp's number along which warps hold different elements of a row that is reduced."""
    return [bit for bit, basis in enumerate(layout.bases(WARP)) if basis[axis]]


def partial_results(layout: LinearLayout, axis: int) -> int:
    """How many partial results of a reduction pass from warp to warp; 0 where one warp has all of a row."""
    warps = len(across_warps(layout, axis))
    return 1 << layout.out_width - layout.outs[axis][1] + warps if warps else 0


def areas(operands: Sequence[SSAValue], count: int) -> list[int]:
    """Where `count` elements of each operand begin, in bytes. count: a power of two.

    Wide elements come first: then each area begins at a multiple of its own size, as its widest access needs.
    """
    sizes = [count * element_bytes(operand.type) for operand in operands]
    return [
        sum(other for before, other in enumerate(sizes) if (-other, before) < (-size, position))
        for position, size in enumerate(sizes)
    ]


def without_axis(layout: LinearLayout, axis: int) -> LinearLayout:
    """The layout of what is left of a tensor when one dimension is reduced: replicas where it led along that one."""
    kept = [name for dim, name in enumerate(layout.out_names) if dim != axis]
    rest = layout.restricted(layout.in_names, kept)
    names: Sequence[str] = dim_names(len(kept))
    return LinearLayout(rest.ins, tuple((name, bits) for name, (_, bits) in zip(names, rest.outs, strict=True)))


# Scans


def _scan_bytes(op: tt.ScanOp) -> int:
    given, axis = _layout(op.srcs[0].type), op.axis.value.data
    layout = apart(given, axis)
    groups = [step for step in scan_steps(layout, axis) if step.name == WARP]
    row_bits = max((layout.out_width - step.below for step in groups), default=0)
    sizes = [element_bytes(src.type) for src in op.srcs]
    exchanged = (exchange_bytes(a, b, size) for a, b in ((given, layout), (layout, given)) for size in sizes)
    return max(sum(sizes) << row_bits if groups else 0, *exchanged)


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


def _shared_result_bytes(op: tt.AtomicRMWOp | tt.AtomicCASOp | tt.AtomicLoadOp) -> int:
    """An atomic happens once for each element; those who hold it too are told the result."""
    type = op.result.type
    if not op.result.uses:
        return 0
    if not is_tensor(type):
        return scalar_bytes(type)
    return prod(type.get_shape()) * element_bytes(type) if has_replicas(_layout(type)) else 0
