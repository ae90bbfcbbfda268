"""Races in shared memory: two threads of a block that touch one byte, one of them writing, and no barrier between.

What a thread did before a barrier is done for all threads behind it. A copy (cp.async) writes from where it begins to
where its thread waits for it, and as the thread's own write from there to the next barrier. Atomics race with loads and
stores, and not with one another. Warps are no order: the lanes of a warp may run apart, too.

The notes of a course are gone through once (trace.py); whether two accesses meet is worked out once for each pair of
patterns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np
from xdsl.ir import Operation

from minilinalg.dialects import simt
from minilinalg.errors import RunError
from minilinalg.interp.dtypes import Array
from minilinalg.locations import places_of
from minilinalg.sim.simt.sites import READS, UPDATES, WRITES, Touched
from minilinalg.sim.simt.trace import Note

NOBODY = -1
Summary: TypeAlias = tuple[Array, Array]
"""Of each piece of memory, the first and the last thread that touches it; NOBODY where none does."""


class Done(NamedTuple):
    """An access since the last barrier, or a copy under way. group: the number of the copy's group, 0 for no copy."""

    op: Operation
    does: str
    touched: Touched
    group: int = 0


class Meeting(NamedTuple):
    """Two threads that touch one byte."""

    byte: int
    earlier: int
    later: int


class RaceWatch:
    """Looks for races of blocks that have one course. Raises RunError for the first."""

    def __init__(self, threads: int):
        self.threads = threads
        self._met: dict[tuple[Touched, Touched], Meeting | None] = {}
        self._summaries: dict[tuple[Touched, int], Summary] = {}

    def look(self, steps: Iterable[tuple[Operation, Note | None]], block: int, ids: tuple[int, ...]) -> None:
        """Goes through what a block did in order. block: its number in the chunk; ids: in the grid."""
        since: dict[tuple[Operation, Touched], Done] = {}
        flying: dict[tuple[Operation, Touched, int], Done] = {}
        group = 1
        for op, note in steps:
            if note is None:
                if isinstance(op, simt.BarrierOp):
                    since.clear()
                elif isinstance(op, simt.CpAsyncCommitOp):
                    group += 1
                elif isinstance(op, simt.CpAsyncWaitOp):
                    # The last so many groups may go on, and copies that belong to none yet.
                    done = group - 1 - int(op.groups.value.data)
                    for key, copy in list(flying.items()):
                        if copy.group <= done:
                            del flying[key]
                            since[key[:2]] = copy._replace(group=0)
                continue
            touched = note.touched
            if touched is None:
                continue
            does = DOES[op.name]
            is_copy = isinstance(op, simt.CpAsyncOp)
            new = Done(op, does, touched, group if is_copy else 0)
            for old in (*since.values(), *flying.values()):
                self._check(old, new, block, ids)
            self._check_itself(new, block, ids)
            if is_copy:
                flying[op, touched, group] = new
            else:
                since[op, touched] = new

    def _check(self, old: Done, new: Done, block: int, ids: tuple[int, ...]) -> None:
        if old.does == new.does and new.does in (READS, UPDATES):
            return
        key = old.touched, new.touched
        if key in self._met:
            found = self._met[key]
        else:
            found = self._meet(*key, block)
            if old.touched.in_all and new.touched.in_all:
                self._met[key] = found
        if found is not None:
            raise _error(old, new, found, ids)

    def _check_itself(self, new: Done, block: int, ids: tuple[int, ...]) -> None:
        if new.does != WRITES:
            return
        key = new.touched, new.touched
        if key not in self._met:
            found = self._meet(*key, block)
            if not new.touched.in_all:
                if found is not None:
                    raise _error(new, new, found, ids)
                return
            self._met[key] = found
        found = self._met[key]
        if found is not None:
            raise _error(new, new, found, ids)

    def _meet(self, old: Touched, new: Touched, block: int) -> Meeting | None:
        """Two threads of a block that touch one byte, the one by `old` and the other by `new`."""
        a, b = old.places, new.places
        if a.high <= b.low or b.high <= a.low:
            return None
        size = min(a.size, b.size)
        first, last = self._summary(old, size, block)
        words, threads = _grains(new, size, block)
        inside = words < len(first)
        words, threads = words[inside], threads[inside]
        low, high = first[words], last[words]
        bad = (low != NOBODY) & ((low != threads) | (high != threads))
        if not bad.any():
            return None
        at = int(bad.argmax())
        other = int(low[at] if low[at] != threads[at] else high[at])
        return Meeting(int(words[at]) * size, other, int(threads[at]))

    def _summary(self, touched: Touched, size: int, block: int) -> Summary:
        key = touched, size
        found = self._summaries.get(key) if touched.in_all else None
        if found is None:
            words, threads = _grains(touched, size, block)
            first = np.full(-(-touched.places.high // size) + 16, NOBODY)
            last = first.copy()
            # Of several that are written to one place the last one stays.
            first[words[::-1]] = threads[::-1]
            last[words] = threads
            found = first, last
            if touched.in_all:
                self._summaries[key] = found
        return found


DOES = {
    "simt.load_shared": READS,
    "simt.ldmatrix": READS,
    "simt.store_shared": WRITES,
    "simt.stmatrix": WRITES,
    "simt.cp_async": WRITES,
    "simt.atomic_rmw_shared": UPDATES,
}


def _grains(touched: Touched, size: int, block: int) -> tuple[Array, Array]:
    """The pieces of `size` bytes that a block touches, and the thread of each, threads ascending."""
    words, threads = touched.of_block(block)
    pieces = touched.places.size // size
    if pieces == 1:
        return words, threads
    return (words[:, None] * pieces + np.arange(pieces)).reshape(-1), np.repeat(threads, pieces)


def _error(old: Done, new: Done, met: Meeting, ids: tuple[int, ...]) -> RunError:
    at = f" at {places_of(old.op)[0]}" if places_of(old.op) else ""
    if old.op is new.op and old.touched is new.touched:
        first, second = sorted((met.earlier, met.later))
        found = (
            f"race in shared memory: threads {first} and {second} of block {ids} both write byte {met.byte} "
            f"by one '{new.op.name}'"
        )
    else:
        did = {READS: "read", WRITES: "wrote", UPDATES: "updated"}[old.does]
        if old.group:
            did = "copies to"
        found = (
            f"race in shared memory: '{new.op.name}' {new.does} byte {met.byte} on thread {met.later} of block {ids}, "
            f"and thread {met.earlier} {did} it by '{old.op.name}'{at}"
        )
    return RunError(
        found,
        rule="what one thread writes to shared memory, no other one touches unless a barrier is between them; a copy "
        "writes until its thread has waited for it",
        hint="'simt.barrier' between the two" if not old.group else "'simt.cp_async_wait', then 'simt.barrier'",
        places=places_of(new.op),
    )
