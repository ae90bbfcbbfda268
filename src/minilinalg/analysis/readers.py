"""Readers: who may still read some bytes before they are overwritten, in whatever way control flow goes.

Bytes are looked for, not buffers: once buffers have addresses, what one leaves behind may be another one's beginning.
From an operation on, every way through loops and branches is followed with the bytes that are still as they were. What
surely overwrites some of them takes them away, and a way ends where none are left. A DMA of unknown size takes nothing
away; but what it leaves of its own buffer as it was under another one is undefined, so reading the buffer from then on
reads nothing of what was there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.aliasing import is_memref
from minilinalg.analysis.footprint import Footprint, Touched
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import func, scf

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Bytes from the first to below the second number of each pair, in one memory."""
TouchedBy: TypeAlias = Callable[[Operation], Touched | None]


class Left(NamedTuple):
    """What is as it was: bytes, and which buffers have been begun since."""

    ranges: Ranges
    begun: frozenset[SSAValue] = frozenset()

    def is_part_of(self, other: Left) -> bool:
        """Whether who reads none of `other` reads none of this. Ranges that touch do not count as one."""
        return other.begun <= self.begun and all(
            any(first <= low and high <= last for first, last in other.ranges) for low, high in self.ranges
        )


def reader_after(op: Operation, what: Footprint, touched_by: TouchedBy = Touched.by) -> Operation | None:
    """The first operation found that may read some byte of `what` as it is before `op` writes, and after `op`; or None.

    `what` has a place in a memory that only this core knows. An operation that may read anything is such a reader, and
    so is one whose way through control flow is not known.
    """
    search = _Search(what, touched_by)
    search.start(op)
    while search.waiting:
        if (reader := search.follow(*search.waiting.pop())) is not None:
            return reader
    return None


class _Search:
    def __init__(self, what: Footprint, touched_by: TouchedBy):
        assert what.place is not None
        self.what = what
        self.space = what.place[0]
        self.touched_by = touched_by
        self.waiting: list[tuple[Operation, Left]] = []
        self.seen: dict[Operation, list[Left]] = {}
        """What was already looked for from an operation on."""

    def start(self, op: Operation) -> None:
        touched = self.touched_by(op)
        assert touched is not None and self.what.place is not None
        _, low, high = self.what.place
        self.go_on(op.next_op, self.written(op, touched, Left(((low, high),))))

    def go_on(self, at: Operation | None, left: Left) -> None:
        """From `at` on, unless that was looked for there."""
        if at is not None and not any(left.is_part_of(earlier) for earlier in self.seen.setdefault(at, [])):
            self.seen[at].append(left)
            self.waiting.append((at, left))

    def enter(self, region: Region, left: Left) -> None:
        self.go_on(region.block.first_op, left)

    def follow(self, at: Operation | None, left: Left) -> Operation | None:
        """A reader in the block of `at`, from there to its end or to where control flow goes more than one way."""
        while at is not None and left.ranges:
            if isinstance(at, scf.ForOp | scf.WhileOp | scf.IfOp):
                self.into(at, left)
                return None
            touched = self.touched_by(at)
            if touched is None or any(self.reads(read, left) for read in touched.reads):
                return at
            if at.next_op is None:
                return self.leave(at, left)
            left = self.written(at, touched, left)
            at = at.next_op
        return None

    def reads(self, read: Footprint, left: Left) -> bool:
        if read.place is None:
            return read.may_overlap(self.what)
        space, low, high = read.place
        return (
            space == self.space
            and read.root not in left.begun
            and any(first < high and low < last for first, last in left.ranges)
        )

    def written(self, op: Operation, touched: Touched, left: Left) -> Left:
        """What `op` leaves."""
        # An instruction writes all of its outputs. A scalar store does not, nor does a list DMA with a mask.
        writes_all = isinstance(op, simd.Instruction) and not isinstance(op, simd.Indexed | simd.Atomic)
        for write in touched.writes:
            if write.place is None or write.place[0] != self.space:
                continue
            _, low, high = write.place
            ranges, begun = left
            if writes_all and write.is_exact:
                parts = (
                    (a, b) for first, last in ranges for a, b in ((first, min(last, low)), (max(first, high), last))
                )
                ranges = tuple((a, b) for a, b in parts if a < b)
            if write.root is not self.what.root:
                begun |= {write.root}
            left = Left(ranges, begun)
        return left

    def into(self, op: scf.ForOp | scf.WhileOp | scf.IfOp, left: Left) -> None:
        """Into a loop or branch, and past what may not run at all."""
        match op:
            case scf.ForOp():
                self.enter(op.body, left)
                self.go_on(op.next_op, left)
            case scf.WhileOp():
                self.enter(op.before_region, left)
            case scf.IfOp():
                for region in op.regions:
                    if region.blocks:
                        self.enter(region, left)
                    else:
                        self.go_on(op.next_op, left)

    def leave(self, end: Operation, left: Left) -> Operation | None:
        """From the end of a block on; `end` itself where that hands the bytes on, or to nobody knows where."""
        block = end.parent
        assert block is not None
        holder = block.parent_op()
        match holder:
            case func.FuncOp():
                # Memory on chip ends with the function, unless the caller gets it.
                hands_on = any(is_memref(value) and self.reads(Footprint.of(value), left) for value in end.operands)
                return end if hands_on or not _is_alone(block) else None
            case scf.ForOp():
                self.enter(holder.body, left)
                self.go_on(holder.next_op, left)
            case scf.WhileOp() if block is holder.before_region.block:
                self.enter(holder.after_region, left)
                self.go_on(holder.next_op, left)
            case scf.WhileOp():
                self.enter(holder.before_region, left)
            case scf.IfOp():
                self.go_on(holder.next_op, left)
            case _:
                return end
        return None


def _is_alone(block: Block) -> bool:
    return block.parent is not None and len(block.parent.blocks) == 1
