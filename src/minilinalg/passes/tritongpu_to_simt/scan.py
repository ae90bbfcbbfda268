"""Scans: along the bits of an element's index, from neighbours to what is farthest.

Every element knows what the block around it, up to it, and all of it combine to. A bit of the index joins two blocks:
the upper one puts the lower one's whole in front of what it knows. Between registers of a thread that is a renaming,
between lanes a shuffle, between warps it passes through shared memory. (Blelloch, "Prefix sums and their applications",
1990; the hypercube form.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects.builtin import VectorType
from xdsl.ir import SSAValue

from minilinalg.analysis.scratch import ScanStep, apart, areas, scan_steps
from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import count_of, element_of
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.linear import LANE, OFFSET, REGISTER, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of
from minilinalg.passes.tritongpu_to_simt.exchange import Exchange
from minilinalg.passes.tritongpu_to_simt.reduction import Values, combined
from minilinalg.passes.tritongpu_to_simt.registers import concatenated, picked
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, store
from minilinalg.passes.tritongpu_to_simt.threads import spread


class _Scan:
    """One scan on its way. `prefix` has all registers, `total` those whose bits in `done` are zero."""

    def __init__(self, c: Conversion, op: tt.ScanOp, layout: LinearLayout, values: Values):
        self.c = c
        self.op = op
        self.layout = layout
        self.axis = op.axis.value.data
        self.reverse = is_true(op.reverse)
        self.prefix = values
        self.total: Values = list(self.prefix)
        self.done: list[int] = []
        self.passed = False

    @property
    def kept(self) -> list[int]:
        """The registers that `total` has."""
        gone = sum(1 << bit for bit in self.done)
        return [number for number in range(self.layout.in_size(REGISTER)) if not number & gone]

    def for_each(self, values: Sequence[SSAValue]) -> Values:
        """What blocks have, for each register in them."""
        gone = sum(1 << bit for bit in self.done)
        at = {number: position for position, number in enumerate(self.kept)}
        places = [at[number & ~gone] for number in range(self.layout.in_size(REGISTER))]
        return [picked(self.c, value, places) for value in values]

    def chosen(self, condition: SSAValue, then: Sequence[SSAValue], otherwise: Sequence[SSAValue]) -> Values:
        """`then` where a condition of the thread holds."""
        c = self.c
        return [
            c.insert(arith.SelectOp(spread(c, condition, count_of(a.type)), a, b)).result
            for a, b in zip(then, otherwise, strict=True)
        ]

    def bit(self, position: int, *, is_set: bool) -> SSAValue:
        """vector<1xi1>: whether a bit of the thread's number is set, or not."""
        c = self.c
        bits = c.binary(arith.AndIOp, c.thread, 1 << position)
        return c.insert(arith.CmpiOp(bits, c.constant(0, bits.type), "ne" if is_set else "eq")).result

    # Steps

    def registers(self, bit: int) -> None:
        """Joins pairs of a thread's registers."""
        c, kept = self.c, self.kept
        lower = [at for at, number in enumerate(kept) if not number >> bit & 1]
        upper = [at for at, number in enumerate(kept) if number >> bit & 1]
        first, second = (upper, lower) if self.reverse else (lower, upper)
        before = [picked(c, value, first) for value in self.total]
        after = [picked(c, value, second) for value in self.total]
        # For each register of the later block, what the block before it combines to.
        every = range(self.layout.in_size(REGISTER))
        later = [number for number in every if bool(number >> bit & 1) is not self.reverse]
        gone = sum(1 << done for done in self.done) | 1 << bit
        wholes = [kept[at] & ~(1 << bit) for at in first]
        places = [wholes.index(number & ~gone) for number in later]
        moved = combined(
            c,
            self.op.combine_op.block,
            [picked(c, value, places) for value in before],
            [picked(c, value, later) for value in self.prefix],
        )
        self.prefix = [_merged(c, old, later, new) for old, new in zip(self.prefix, moved, strict=True)]
        self.total = combined(c, self.op.combine_op.block, before, after)
        self.done.append(bit)

    def lanes(self, bit: int) -> None:
        """Joins what two lanes have."""
        c = self.c
        distance = c.constants([1 << bit])
        others = [c.insert(simt.ShuffleOp(simt.ShuffleKind.BFLY, v, distance)).result for v in self.total]
        later = self.bit(bit, is_set=not self.reverse)
        moved = combined(c, self.op.combine_op.block, self.for_each(others), self.prefix)
        self.prefix = self.chosen(later, moved, self.prefix)
        first, second = self.chosen(later, others, self.total), self.chosen(later, self.total, others)
        self.total = combined(c, self.op.combine_op.block, first, second)

    def warps(self, step: ScanStep) -> None:
        """Each warp is told what all others along the row have, and joins those before it."""
        c, parts = self.c, 1 << len(step.bits)
        writes, reads = self._places(step)
        base = offset_of(c, self.op)
        if self.passed:
            c.insert(simt.BarrierOp())
        self.passed = True
        found: list[Values] = []
        offsets = areas(self.op.srcs, 1 << self.layout.out_width - step.below)
        bases = [c.binary(arith.AddiOp, base, offset) if offset else base for offset in offsets]
        for value, at in zip(self.total, bases, strict=True):
            store(c, value, writes, writes, at)
        c.insert(simt.BarrierOp())
        for value, start in zip(self.total, bases, strict=True):
            type = VectorType(element_of(value.type), [parts * count_of(value.type)])
            loaded = load(c, type, reads, start)
            found.append([picked(c, loaded, range(part, parts * count_of(value.type), parts)) for part in range(parts)])
        self._join_warps(step, [list(values) for values in zip(*found, strict=True)])

    def _join_warps(self, step: ScanStep, wholes: list[Values]) -> None:
        """`wholes`: what each warp along the row has, in its order."""
        c, block = self.c, self.op.combine_op.block
        order = list(range(len(wholes)))
        if self.reverse:
            order.reverse()
        running = wholes[order[0]]
        before = running
        for position, warp in enumerate(order[1:], 1):
            if position > 1:
                before = self.chosen(self._is_at(step, warp), running, before)
            running = combined(c, block, running, wholes[warp])
        moved = combined(c, block, self.for_each(before), self.prefix)
        is_first = self._is_at(step, order[0])
        self.prefix = self.chosen(is_first, self.prefix, moved)
        self.total = running

    def _is_at(self, step: ScanStep, warp: int) -> SSAValue:
        """vector<1xi1>: whether this thread's warp is number `warp` along the row."""
        c = self.c
        lanes = len(self.layout.masks[LANE])
        mask = sum(1 << lanes + bit for bit in step.bits)
        wanted = sum((warp >> i & 1) << lanes + bit for i, bit in enumerate(step.bits))
        bits = c.binary(arith.AndIOp, c.thread, mask)
        return c.insert(arith.CmpiOp(bits, c.constant(wanted, bits.type), "eq")).result

    def _places(self, step: ScanStep) -> tuple[LinearLayout, LinearLayout]:
        """Where a thread stores what its block has, and where it finds that of all blocks of its row.

        The parts of a row lie side by side; behind them count what is left of the axis, and the other dimensions.
        """
        layout, axis = self.layout, self.axis
        parts, end = len(step.bits), step.below + len(step.bits)

        def place(basis: Sequence[int]) -> int:
            mask, at = basis[axis] >> end << parts, parts + layout.outs[axis][1] - end
            for dim in reversed(range(len(basis))):
                if dim != axis:
                    mask |= basis[dim] << at
                    at += layout.outs[dim][1]
            return mask

        outs = ((OFFSET, layout.out_width - step.below),)
        registers = tuple(place(basis) for bit, basis in enumerate(layout.bases(REGISTER)) if bit not in self.done)
        lanes = tuple(map(place, layout.bases(LANE)))
        rows = tuple(map(place, layout.bases(WARP)))
        own = list(rows)
        for position, bit in enumerate(step.bits):
            own[bit] = 1 << position
        blocks = ("block", tuple(0 for _ in layout.masks.get("block", ())))
        writes = LinearLayout(((REGISTER, registers), (LANE, lanes), (WARP, tuple(own)), blocks), outs)
        every = (*(1 << position for position in range(parts)), *registers)
        return writes, LinearLayout(((REGISTER, every), (LANE, lanes), (WARP, rows), blocks), outs)


def _merged(c: Conversion, old: SSAValue, registers: Sequence[int], new: SSAValue) -> SSAValue:
    """`old` with these registers replaced by those of `new`."""
    count = count_of(old.type)
    at = list(range(count))
    for position, register in enumerate(registers):
        at[register] = count + position
    return picked(c, concatenated(c, old, new), at)


def _scan(c: Conversion, op: tt.ScanOp) -> None:
    given, axis = layout_of(op.srcs[0].type), op.axis.value.data
    layout = apart(given, axis)
    exchange = Exchange(c)
    scan = _Scan(c, op, layout, [exchange(c.value(src), given, layout) for src in op.srcs])
    scan.passed = exchange.was_used
    for step in scan_steps(layout, axis):
        if step.name == WARP:
            scan.warps(step)
        else:
            one: Callable[[int], None] = scan.registers if step.name == REGISTER else scan.lanes
            one(step.bits[0])
    exchange.was_used = scan.passed
    for old, value in zip(op.results, scan.prefix, strict=True):
        c.bind(old, exchange(value, layout, given))


HANDLERS: Mapping[str, Handler] = {"tt.scan": _scan}
