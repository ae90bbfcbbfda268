"""Liveness: from when to when each buffer of a structured function holds something that is still needed.

Time is the order of the text: every operation has a number, that of an operation with regions spans those inside. A
buffer is live from its first use to its last. A use inside a loop that does not also hold the allocation counts for all
of the loop: what one iteration leaves there, the next may read. Branches of an scf.if follow one another in the text,
so buffers of different branches are never live together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.aliasing import VIEWS
from minilinalg.analysis.order import LOOPS, Order
from minilinalg.dialects.upstream import memref


@dataclass(frozen=True)
class Interval:
    """Times at which something is live: from `start` to `end`, both included."""

    start: int
    end: int

    def overlaps(self, other: Interval) -> bool:
        return self.start <= other.end and other.start <= self.end

    def __contains__(self, time: int) -> bool:
        return self.start <= time <= self.end


def uses_of(value: SSAValue) -> Iterator[Operation]:
    """The operations that use a memref, by itself or through views; a view itself is no use."""
    for use in value.uses:
        if use.operation.name in VIEWS:
            for result in use.operation.results:
                yield from uses_of(result)
        else:
            yield use.operation


def allocations(function: Operation) -> list[memref.AllocOp]:
    """All buffers that are allocated inside `function`, in the order of the text."""
    return [op for op in function.walk() if isinstance(op, memref.AllocOp)]


def intervals(function: Operation) -> dict[memref.AllocOp, Interval]:
    """When each buffer of `function` is live. One that nobody uses is live where it is allocated."""
    order = Order(function)
    return {alloc: _interval(alloc, order) for alloc in allocations(function)}


def _interval(alloc: memref.AllocOp, order: Order) -> Interval:
    ops = [_outermost_loop(use, alloc) for use in uses_of(alloc.memref)] or [alloc]
    return Interval(min(order.enter[op] for op in ops), max(order.leave[op] for op in ops))


def _outermost_loop(use: Operation, alloc: memref.AllocOp) -> Operation:
    """The outermost loop around `use` that does not hold `alloc`; `use` itself when there is none."""
    found: Operation = use
    at = use.parent_op()
    while at is not None and not at.is_ancestor(alloc):
        if at.name in LOOPS:
            found = at
        at = at.parent_op()
    return found


def peak(sized: Iterable[tuple[Interval, int]]) -> tuple[int, int]:
    """The first time at which most bytes are live, and how many. `sized`: intervals with bytes."""
    events = list(sized)
    best = (0, 0)
    for time in sorted({interval.start for interval, _ in events}):
        total = sum(size for interval, size in events if time in interval)
        if total > best[1]:
            best = (time, total)
    return best
