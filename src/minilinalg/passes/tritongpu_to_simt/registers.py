"""Moving elements between the registers of a thread, and between the lanes of a warp, when a layout changes."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, VectorType, i64
from xdsl.dialects.vector import ShuffleOp
from xdsl.ir import SSAValue

from minilinalg.dialects import simt
from minilinalg.dialects.simt.types import count_of, element_of
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.conversion import Movement, conversion
from minilinalg.layouts.linear import LANE, REGISTER, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion
from minilinalg.passes.tritongpu_to_simt.threads import of_thread, spread


def picked(c: Conversion, value: SSAValue, registers: Sequence[int]) -> SSAValue:
    """These registers of a vector, in this order."""
    if list(registers) == list(range(count_of(value.type))):
        return value
    return _shuffled(c, value, value, registers)


def distinct(value: SSAValue) -> tuple[SSAValue, list[int]]:
    """What `picked` made a vector from, and which registers it took; the vector itself where that has no fewer."""
    op, count = value.owner, count_of(value.type)
    if isinstance(op, ShuffleOp) and op.v1 is op.v2 and count_of(op.v1.type) < count:
        return op.v1, list(op.mask.get_values())
    return value, list(range(count))


def concatenated(c: Conversion, *values: SSAValue) -> SSAValue:
    """The registers of several vectors in a row."""
    first, *others = values
    for other in others:
        first = _shuffled(c, first, other, range(count_of(first.type) + count_of(other.type)))
    return first


def _shuffled(c: Conversion, a: SSAValue, b: SSAValue, registers: Sequence[int]) -> SSAValue:
    type = VectorType(element_of(a.type), [len(registers)])
    mask = DenseArrayBase.from_list(i64, list(registers))
    return c.insert(ShuffleOp(a, b, mask, result_type=type)).result


def halves(c: Conversion, value: SSAValue) -> tuple[SSAValue, SSAValue]:
    """The lower and the upper half of the registers."""
    half = count_of(value.type) // 2
    return picked(c, value, range(half)), picked(c, value, range(half, 2 * half))


def ordered(masks: Sequence[int], low: Sequence[int]) -> list[int]:
    """The registers so that the bits `low` of their number count fastest, the others after them in their order.

    masks: as many as there are bits of a register's number.
    """
    bits = [*low, *(bit for bit in range(len(masks)) if bit not in low)]
    return [
        sum((number >> position & 1) << bit for position, bit in enumerate(bits)) for number in range(1 << len(bits))
    ]


def swapped(c: Conversion, value: SSAValue, swaps: Sequence[tuple[int, int]]) -> SSAValue:
    """For each (lane, register): in lanes with bit `lane` of their number set, registers n and n XOR `1 << register`
    have changed places."""
    for lane, register in swaps:
        bit = c.binary(arith.AndIOp, c.thread, 1 << lane)
        is_set = c.insert(arith.CmpiOp(bit, c.constant(0, bit.type), "ne")).result
        other = picked(c, value, [number ^ 1 << register for number in range(count_of(value.type))])
        value = c.insert(arith.SelectOp(spread(c, is_set, count_of(value.type)), other, value)).result
    return value


def moved(c: Conversion, value: SSAValue, old: LinearLayout, new: LinearLayout) -> SSAValue | None:
    """The tensor in another layout, when no warp needs what another one holds; None when one does.

    old, new: of register, lane and warp, with the same output dimensions.
    """
    change = conversion(old, new)
    sources = change.sources
    if change.movement is Movement.NOTHING:
        return value
    if change.movement is Movement.WITHIN_THREAD:
        return picked(c, value, [sources.apply(register=n)[0] for n in range(new.in_size(REGISTER))])
    if change.movement is Movement.SHUFFLES:
        return _between_lanes(c, value, sources)
    return None


def _between_lanes(c: Conversion, value: SSAValue, sources: LinearLayout) -> SSAValue | None:
    """Each register from one register of another lane; None when which one it is depends on the lane."""
    registers = sources.restricted([REGISTER, LANE], [REGISTER])
    lanes = sources.restricted([REGISTER, LANE], [LANE])
    if any(registers.masks[LANE]):
        return None
    own = lanes.masks[LANE]
    count = sources.in_size(REGISTER)
    # Registers that come from equally distant lanes are exchanged together.
    groups: dict[int, list[int]] = {}
    for number in range(count):
        groups.setdefault(lanes.apply(register=number)[0], []).append(number)
    parts: list[SSAValue] = []
    for distance, members in groups.items():
        part = picked(c, value, [registers.apply(register=number)[0] for number in members])
        lane = of_thread(c, own)
        lane = c.constants([distance]) if lane is None else c.binary(arith.XOrIOp, lane, distance) if distance else lane
        parts.append(c.insert(simt.ShuffleOp(simt.ShuffleKind.IDX, part, lane)).result)
    at = {number: position for position, number in enumerate(n for members in groups.values() for n in members)}
    return picked(c, concatenated(c, *parts), [at[number] for number in range(count)])
