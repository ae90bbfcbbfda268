"""Which numbers the threads compute from their own: sums of bits of a linear map, written as shifts and masks.

A linear map takes the number of the thread (lanes in the lower bits, warps above them) and that of a register to an
XOR of basis masks. All pairs of a bit of the thread and a bit of the result that lie the same distance apart are one
mask and one shift; what registers add is a constant for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects.builtin import VectorType, i32
from xdsl.dialects.vector import BroadcastOp
from xdsl.ir import SSAValue

from minilinalg.dialects.simt.types import element_of
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.gf2 import Span, apply, bits_of
from minilinalg.layouts.linear import LANE, REGISTER, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion


def thread_masks(layout: LinearLayout) -> tuple[int, ...]:
    """The bases of the bits of the thread's number: those of lane, then those of warp."""
    return (*layout.masks.get(LANE, ()), *layout.masks.get(WARP, ()))


def register_masks(layout: LinearLayout) -> tuple[int, ...]:
    """The bases of the bits of a register's number."""
    return layout.masks.get(REGISTER, ())


def all_bits(masks: Sequence[int]) -> int:
    """The bits that sums of these masks may have."""
    total = 0
    for mask in masks:
        total |= mask
    return total


def of_thread(c: Conversion, masks: Sequence[int]) -> SSAValue | None:
    """The XOR of `masks` where the bits of the thread's number are set, vector<1xi32>; None when it is always zero."""
    diagonals = _diagonals(masks)
    total: SSAValue | None = None
    taken = 0
    for distance, kept in sorted(diagonals.items(), key=lambda item: -item[1]):
        part = c.thread
        # A shift to the right drops the lowest bits by itself.
        dropped = (1 << max(0, -distance)) - 1
        if kept != (1 << len(masks)) - 1 & ~dropped:
            part = c.binary(arith.AndIOp, part, kept)
        if distance:
            part = c.binary(arith.ShLIOp if distance > 0 else arith.ShRUIOp, part, abs(distance))
        reaches = kept << distance if distance > 0 else kept >> -distance
        total = part if total is None else joined(c, total, part, disjoint=not taken & reaches)
        taken |= reaches
    return total


def of_value(c: Conversion, value: SSAValue, masks: Sequence[int]) -> SSAValue | None:
    """The XOR of `masks` where the bits of `value`, a vector of i32, are set; None when it is always zero."""
    if not any(masks):
        return None
    # What all masks have in common is shifted once, in the end.
    up = min((mask & -mask).bit_length() - 1 for mask in masks if mask)
    diagonals = _diagonals([mask >> up for mask in masks])
    every = all_bits(list(diagonals.values()))
    masked: dict[int, SSAValue] = {}
    total: SSAValue | None = None
    taken = 0
    for distance, kept in sorted(diagonals.items(), key=lambda item: -item[1]):
        # A shift to the right drops the lowest bits by itself.
        dropped = (1 << max(0, -distance)) - 1
        mask = every if kept == every & ~dropped else kept
        part = masked[mask] = masked.get(mask) or c.binary(arith.AndIOp, value, mask)
        if distance:
            part = c.binary(arith.ShLIOp if distance > 0 else arith.ShRUIOp, part, abs(distance))
        reaches = kept << distance if distance > 0 else kept >> -distance
        total = part if total is None else joined(c, total, part, disjoint=not taken & reaches)
        taken |= reaches
    assert total is not None
    return c.binary(arith.ShLIOp, total, up) if up else total


def _diagonals(masks: Sequence[int]) -> dict[int, int]:
    """How far a bit is moved -> the bits that are moved so far."""
    diagonals: dict[int, int] = {}
    for bit, mask in enumerate(masks):
        for to in bits_of(mask):
            diagonals[to - bit] = diagonals.get(to - bit, 0) | 1 << bit
    return diagonals


def joined(c: Conversion, a: SSAValue, b: SSAValue, *, disjoint: bool) -> SSAValue:
    """a XOR b, as a sum where they have no bit in common: a sum with a constant is free in an address."""
    return c.binary(arith.AddiOp if disjoint else arith.XOrIOp, a, b)


def numbers(c: Conversion, thread: Sequence[int], registers: Sequence[int], origin: int = 0) -> SSAValue:
    """vector<2**len(registers) x i32>: for each register what it and the thread add up to, XOR `origin`."""
    count = 1 << len(registers)
    own = of_thread(c, thread)
    constants = [apply(registers, number) ^ origin for number in range(count)]
    if own is None:
        return c.constants(constants)
    whole = spread(c, own, count)
    if not any(constants):
        return whole
    return joined(c, whole, c.constants(constants), disjoint=not all_bits(thread) & all_bits(constants))


def spread(c: Conversion, value: SSAValue, count: int) -> SSAValue:
    """A scalar, or the one register of a vector, in `count` registers."""
    type = VectorType(element_of(value.type), [count])
    return value if value.type == type else c.insert(BroadcastOp(value, type)).vector


def indices(c: Conversion, layout: LinearLayout, dim: int) -> SSAValue:
    """The index of each register's element along a dimension."""
    alone = layout.restricted(layout.in_names, [layout.out_names[dim]])
    return numbers(c, thread_masks(alone), register_masks(alone))


# Replicas


def free_bits(layout: LinearLayout) -> Iterator[tuple[str, int]]:
    """The bits of register, lane and warp (name, bit) without which every element is still somewhere."""
    span = Span(())
    for name in (REGISTER, LANE, WARP):
        for bit, mask in enumerate(layout.masks.get(name, ())):
            if not span.add(mask):
                yield name, bit


def owners(c: Conversion, layout: LinearLayout) -> SSAValue | None:
    """vector<1xi1>: whether this thread is the one that stores what several hold; None where each holds its own."""
    lanes = len(layout.masks.get(LANE, ()))
    free = [bit if name == LANE else lanes + bit for name, bit in free_bits(layout) if name != REGISTER]
    if not free:
        return None
    bits = c.binary(arith.AndIOp, c.thread, sum(1 << bit for bit in free))
    return c.insert(arith.CmpiOp(bits, c.constant(0, VectorType(i32, [1])), "eq")).result


def own_registers(layout: LinearLayout) -> list[int]:
    """The registers of a thread without those that repeat others."""
    repeated = sum(1 << bit for name, bit in free_bits(layout) if name == REGISTER)
    return [register for register in range(layout.in_size(REGISTER)) if not register & repeated]


def both(c: Conversion, mask: SSAValue | None, owner: SSAValue | None, count: int) -> SSAValue | None:
    """The masks of `count` accesses of a thread, where it is also the owner."""
    if owner is None:
        return mask
    whole = spread(c, owner, count)
    return whole if mask is None else c.binary(arith.AndIOp, mask, whole)
