"""Buffers in shared memory: which ones a view may see, when each is live, and who touches which bytes of them.

A view sees the buffer that it was made from; one that a loop or a branch hands on may see those of all its sources.
Time is the order of the text (order.py). A buffer is live from where it is allocated with a value, or first used, to
its last use; a use in a loop around which the buffer is allocated counts for all of the loop. A copy into it goes on
until somebody waits, so a buffer that is copied to and not freed (`ttg.local_dealloc`) is live to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, OpResult, SSAValue
from xdsl.traits import MemoryEffectKind, get_effects

from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.liveness import Interval
from minilinalg.analysis.order import LOOPS, Order
from minilinalg.analysis.scratch import OFFSET_ATTR, buffer_bytes, buffer_step, scratch_bytes
from minilinalg.dialects import ttg, ttng
from minilinalg.dialects.ttg.effects import SHARED_MEMORY
from minilinalg.dialects.ttg.types import MemDescType, memdesc_type
from minilinalg.dialects.ttg.views import ViewOp

Buffers = frozenset[ttg.LocalAllocOp]
NONE: Buffers = frozenset()
_HANDED_ON = frozenset({"scf.yield", "scf.condition", "scf.for", "scf.if", "scf.while"})


class SharedBuffers:
    """The buffers of one function, and which of them each view may see."""

    def __init__(self, function: Operation):
        self.function = function
        self.order = Order(function)
        self.allocs = [op for op in function.walk() if isinstance(op, ttg.LocalAllocOp)]
        self._seen: dict[SSAValue, Buffers] = {alloc.result: frozenset({alloc}) for alloc in self.allocs}
        changed = True
        while changed:
            changed = False
            for op in function.walk():
                for value, sources in _sources(op):
                    seen = self.seen_by(value).union(*(self.seen_by(source) for source in sources))
                    if seen != self.seen_by(value):
                        self._seen[value] = seen
                        changed = True

    def seen_by(self, view: SSAValue) -> Buffers:
        """The buffers that a view may see."""
        return self._seen.get(view, NONE)

    def live(self) -> dict[ttg.LocalAllocOp, Interval]:
        """When each buffer is live."""
        uses: dict[ttg.LocalAllocOp, list[Operation]] = {
            alloc: [] if alloc.src is None else [alloc] for alloc in self.allocs
        }
        copied: set[ttg.LocalAllocOp] = set()
        freed: set[ttg.LocalAllocOp] = set()
        for op in self.function.walk():
            if isinstance(op, ViewOp) or op.name in _HANDED_ON:
                continue
            for operand in op.operands:
                for alloc in self.seen_by(operand):
                    uses[alloc].append(_outermost_loop(op, alloc))
                    if op.name in ASYNCHRONOUS:
                        copied.add(alloc)
                    elif isinstance(op, ttg.LocalDeallocOp):
                        freed.add(alloc)
        end = self.order.leave[self.function]
        found: dict[ttg.LocalAllocOp, Interval] = {}
        for alloc, ops in uses.items():
            ops = ops or [alloc]
            last = end if alloc in copied - freed else max(self.order.leave[op] for op in ops)
            found[alloc] = Interval(min(self.order.enter[op] for op in ops), last)
        return found


ASYNCHRONOUS = frozenset({"ttg.async_copy_global_to_local", "ttng.async_tma_copy_global_to_local"})
"""Operations that write a buffer after they are done."""


def _outermost_loop(use: Operation, alloc: Operation) -> Operation:
    """The outermost loop around `use` that does not hold `alloc`; `use` itself when there is none."""
    found, at = use, use.parent_op()
    while at is not None and not at.is_ancestor(alloc):
        if at.name in LOOPS:
            found = at
        at = at.parent_op()
    return found


def _sources(op: Operation) -> Iterator[tuple[SSAValue, list[SSAValue]]]:
    """The views that `op` makes, each with the views that it may be."""
    if isinstance(op, ViewOp):
        yield op.result, [op.src]
        return
    if op.name not in ("scf.for", "scf.if", "scf.while"):
        return
    lasts = [cast("Operation", region.blocks[0].last_op) for region in op.regions if region.blocks]
    views = (result for result in op.results if isinstance(result.type, MemDescType))
    for result in views:
        if op.name == "scf.for":
            argument, start = op.regions[0].block.args[result.index + 1], op.operands[result.index + 3]
            sources = [start, lasts[0].operands[result.index]]
            yield argument, sources
            yield result, sources
        else:
            skipped = 1 if op.name == "scf.while" else 0
            yield result, [last.operands[result.index + skipped] for last in lasts[: 1 if skipped else None]]
    if op.name == "scf.while":
        before, after = (region.block.args for region in op.regions)
        for position, argument in enumerate(before):
            if isinstance(argument.type, MemDescType):
                yield argument, [op.operands[position], lasts[1].operands[position]]
        for position, argument in enumerate(after):
            if isinstance(argument.type, MemDescType):
                yield argument, [lasts[0].operands[position + 1]]


# Accesses


class Access(tuple[int, int, bool]):
    """(first byte, byte behind the last, whether it writes) of a place in shared memory that is touched."""

    __slots__ = ()

    def conflicts(self, other: Access) -> bool:
        """Whether they meet, and one of them writes."""
        return (self[2] or other[2]) and self[0] < other[1] and other[0] < self[1]


def accesses(op: Operation, buffers: SharedBuffers) -> list[Access]:
    """What `op` touches of buffers that have a place."""
    found: list[Access] = []
    for view, writes in _touched(op):
        begin, size = _part(view)
        for alloc in buffers.seen_by(view):
            if (start := place_of(alloc)) is not None:
                whole = buffer_bytes(memdesc_type(alloc.result))
                first = start + begin
                found.append(Access((first, first + (size or whole), writes)))
    return found


def _touched(op: Operation) -> Iterator[tuple[SSAValue, bool]]:
    """The views that `op` touches, each with whether it writes what it sees.

    A barrier on which threads wait is written where it begins and ends; all else that is done with it may be done at
    the same time.
    """
    if isinstance(op, ttng.InitBarrierOp | ttng.InvalBarrierOp):
        yield op.alloc, True
    elif isinstance(op, ttng.ArriveBarrierOp | ttng.BarrierExpectOp | ttng.WaitBarrierOp):
        yield op.alloc, False
    elif isinstance(op, ttng.AsyncTMACopyGlobalToLocalOp):
        yield op.barrier, False
        yield op.result, True
    elif isinstance(op, ttng.AsyncTMACopyLocalToGlobalOp):
        yield op.src, False
    for effect in get_effects(op) or ():
        touches = effect.resource == SHARED_MEMORY and effect.kind in (MemoryEffectKind.READ, MemoryEffectKind.WRITE)
        if touches and isinstance(effect.value, OpResult | BlockArgument):
            yield effect.value, effect.kind is MemoryEffectKind.WRITE


def _part(view: SSAValue) -> tuple[int, int | None]:
    """(first byte, bytes) of what a view sees of its buffer, as far as it is one of several at a constant number.

    None stands for all bytes.
    """
    size: int | None = None
    begin = 0
    while isinstance(view.owner, ViewOp):
        op = view.owner
        if isinstance(op, ttg.MemDescIndexOp):
            number, bytes = constant_of(op.index), buffer_bytes(memdesc_type(op.result))
            if isinstance(number, int):
                begin, size = begin + number * buffer_step(memdesc_type(op.result)), bytes if size is None else size
            else:
                begin, size = 0, None
        elif isinstance(op, ttg.MemDescReinterpretOp):
            return 0, None
        view = op.src
    return (begin, size) if isinstance(view.owner, ttg.LocalAllocOp) else (0, None)


def scratch(op: Operation) -> Access | None:
    """The scratch memory of `op`, which it writes, and reads behind a barrier of its own."""
    begin = None if isinstance(op, ttg.LocalAllocOp) else place_of(op)
    return None if begin is None else Access((begin, begin + scratch_bytes(op), True))


def place_of(op: Operation) -> int | None:
    """Where the buffer or the scratch memory of `op` begins, in bytes."""
    found = op.attributes.get(OFFSET_ATTR)
    return found.value.data if isinstance(found, IntegerAttr) else None
