"""Races in shared memory: two threads of a block that touch one byte, one of them writing, and no barrier between.

What a thread did before a barrier is done for all threads behind it. A copy (cp.async) writes from where it begins to
where its thread waits for it, and as the thread's own write from there to the next barrier. Atomics race with loads and
stores, and not with one another. Warps are no order: the lanes of a warp may run apart, too.

A product of warp groups (wgmma) reads shared memory from where it begins to where it is waited for, and so does a bulk
store. A bulk load writes until its barrier has been waited for, by all threads. All three work in another proxy than
threads do, cp.async among what these do: what threads wrote, barriers that they made too, is there behind a fence only
(fence.proxy.async), and a copy of theirs has to have ended in front of it (PTX ISA, "Memory Consistency Model",
"Proxies", and "Async proxy"). A product sees registers behind a fence of their own (wgmma.fence; PTX ISA 9.7.15.7), and
what was waited for is the threads' own registers again.

The notes of a course are gone through once (trace.py); whether two accesses meet is worked out once for each pair of
patterns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from xdsl.ir import Operation

from minilinalg.dialects import simt
from minilinalg.errors import RunError
from minilinalg.interp.dtypes import Array
from minilinalg.locations import places_of
from minilinalg.sim.simt.sites import BULK, READS, UPDATES, WRITES, Touched
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
    row: int = 0
    """The number of the block among those that did it together."""
    barrier: int = 0
    """Of a bulk load: at which barrier it is waited for, plus one."""


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
        copies, products, stores = _Flying(), _Flying(), _Flying()
        groups = {"cp_async": copies, "wgmma": products, "bulk": stores}
        loads: dict[tuple[Operation, Touched], Done] = {}
        unseen: dict[tuple[Operation, Touched], Done] = {}
        registers_are_fenced = False
        for op, note in steps:
            family, _, what = op.name.removeprefix("simt.").rpartition("_")
            if family == "wgmma":
                registers_are_fenced = what == "fence" or (registers_are_fenced and what != "wait")
            elif isinstance(op, simt.WgmmaOp) and not registers_are_fenced:
                raise _unfenced_registers(op, ids)
            if note is None:
                if isinstance(op, simt.BarrierOp):
                    since.clear()
                elif isinstance(op, simt.FenceAsyncSharedOp):
                    unseen.clear()
                elif what == "commit" and family in groups:
                    groups[family].group += 1
                elif what == "wait" and family in groups:
                    assert isinstance(op, simt.CpAsyncWaitOp | simt.WgmmaWaitOp | simt.BulkWaitOp)
                    for done in groups[family].ended(int(op.groups.value.data)):
                        since[done.op, done.touched] = done
                        if groups[family] is copies:
                            unseen[done.op, done.touched] = done
                continue
            flying = {"simt.cp_async": copies, "simt.wgmma": products, "simt.bulk_tensor_store": stores}.get(op.name)
            group = flying.group if flying is not None else 1 if op.name == "simt.bulk_tensor_load" else 0
            for touched in note.touched:
                new = Done(op, touched.does, touched, group if touched.does != UPDATES else 0, _row(note.rows, block))
                for under_way in (since, loads, copies.under_way, products.under_way, stores.under_way):
                    for old in under_way.values():
                        self._check(old, new, ids)
                self._check_itself(new, ids)
                if op.name in BESIDE_THREADS:
                    for old in unseen.values():
                        self._check(old, new, ids, unseen=True)
                if flying is not None:
                    flying.under_way[op, touched, flying.group] = new
                elif new.group:
                    loads[op, touched] = new
                elif touched.first == 0:
                    since[op, touched] = new
                    if new.does == WRITES:
                        unseen[op, touched] = new
            if isinstance(op, simt.BulkTensorLoadOp):
                for done in list(loads.values()):
                    if done.op is op and not done.barrier and note.touched:
                        loads[op, done.touched] = done._replace(barrier=self._barrier(note.touched[1], note, block))
            elif isinstance(op, simt.MbarrierWaitOp) and note.touched:
                # All threads wait, and see what has arrived.
                there = self._barrier(note.touched[0], note, block)
                loads = {key: done for key, done in loads.items() if done.barrier != there}

    @staticmethod
    def _barrier(touched: Touched, note: Note, block: int) -> int:
        """The word that a barrier is; one more, for it to be true."""
        return int(touched.of_block(_row(note.rows, block))[0][0]) + 1

    def _check(self, old: Done, new: Done, ids: tuple[int, ...], *, unseen: bool = False) -> None:
        if old.does == new.does and new.does in (READS, UPDATES):
            return
        key = old.touched, new.touched
        if key in self._met:
            found = self._met[key]
        else:
            found = self._meet(old, new)
            if old.touched.in_all and new.touched.in_all:
                self._met[key] = found
        if found is not None:
            raise _unfenced(old, new, found, ids) if unseen else self._error(old, new, found, ids)

    def _check_itself(self, new: Done, ids: tuple[int, ...]) -> None:
        if new.does != WRITES:
            return
        key = new.touched, new.touched
        if key not in self._met:
            found = self._meet(new, new)
            if not new.touched.in_all:
                if found is not None:
                    raise self._error(new, new, found, ids)
                return
            self._met[key] = found
        found = self._met[key]
        if found is not None:
            raise self._error(new, new, found, ids)

    def _meet(self, old: Done, new: Done) -> Meeting | None:
        """Two threads of a block that touch one byte, the one by `old` and the other by `new`."""
        a, b = old.touched, new.touched
        if a.high <= b.low or b.high <= a.low:
            return None
        size = min(a.places.size, b.places.size)
        first, last = self._summary(a, size, old.row)
        words, threads = _grains(b, size, new.row)
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
            first = np.full(-(-touched.high // size), NOBODY)
            last = first.copy()
            # Of several that are written to one place the last one stays.
            first[words[::-1]] = threads[::-1]
            last[words] = threads
            found = first, last
            if touched.in_all:
                self._summaries[key] = found
        return found

    def _error(self, old: Done, new: Done, met: Meeting, ids: tuple[int, ...]) -> RunError:
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
                did = "copies to" if old.does == WRITES else "still reads"
            found = (
                f"race in shared memory: '{new.op.name}' {new.does} byte {met.byte} on {self._who(met.later)} of block "
                f"{ids}, and {self._who(met.earlier)} {did} it by '{old.op.name}'{at}"
            )
        return RunError(
            found,
            rule="what one thread writes to shared memory, no other one touches unless a barrier is between them; a "
            "copy writes until its thread has waited for it",
            hint="'simt.barrier' between the two" if not old.group else f"'{WAITS[old.op.name]}', then 'simt.barrier'",
            places=places_of(new.op),
        )

    def _who(self, thread: int) -> str:
        if thread < self.threads:
            return f"thread {thread}"
        return "a bulk copy" if thread == self.threads + BULK else f"warp group {thread - self.threads}"


BESIDE_THREADS = ("simt.wgmma", "simt.bulk_tensor_load", "simt.bulk_tensor_store")
"""What works in the async proxy."""
WAITS = {
    "simt.cp_async": "simt.cp_async_wait",
    "simt.wgmma": "simt.wgmma_wait",
    "simt.bulk_tensor_load": "simt.mbarrier_wait",
    "simt.bulk_tensor_store": "simt.bulk_wait",
}


def _grains(touched: Touched, size: int, block: int) -> tuple[Array, Array]:
    """The pieces of `size` bytes that a block touches, and the thread of each, threads ascending."""
    words, threads = touched.of_block(block)
    pieces = touched.places.size // size
    if pieces == 1:
        return words, threads
    return (words[:, None] * pieces + np.arange(pieces)).reshape(-1), np.repeat(threads, pieces)


def _unfenced(old: Done, new: Done, met: Meeting, ids: tuple[int, ...]) -> RunError:
    at = f" at {places_of(old.op)[0]}" if places_of(old.op) else ""
    return RunError(
        f"'{new.op.name}' {new.does} byte {met.byte} of shared memory in block {ids}, which thread {met.earlier} wrote "
        f"by '{old.op.name}'{at}, and no fence is between them",
        rule="what works beside the threads meets what they wrote to shared memory behind a fence only, and what they "
        "copied behind a fence that is behind the wait",
        hint="'simt.fence_async_shared' between the two",
        places=places_of(new.op),
    )


def _unfenced_registers(op: Operation, ids: tuple[int, ...]) -> RunError:
    return RunError(
        f"'{op.name}' in block {ids} takes registers that no fence is behind",
        rule="a product sees registers behind a 'simt.wgmma_fence' only, and behind a 'simt.wgmma_wait' threads may "
        "have written to them again",
        hint="'simt.wgmma_fence' in front of the products of a group",
        places=places_of(op),
    )


class _Flying:
    """What is under way in groups: of each operation and what it touches."""

    def __init__(self) -> None:
        self.group = 1
        """The number of the group that is made next."""
        self.under_way: dict[tuple[Operation, Touched, int], Done] = {}

    def ended(self, groups: int) -> list[Done]:
        """Ends all but the last so many groups, and what belongs to none yet; what ends is done from here on."""
        last = self.group - 1 - groups
        ended = [key for key, done in self.under_way.items() if done.group <= last]
        return [self.under_way.pop(key)._replace(group=0) for key in ended]


def _row(rows: Any, block: int) -> int:
    """The number of a block of a chunk among those at `rows` (None: all)."""
    if rows is None:
        return block
    numbers = np.arange(block + 1)[rows] if isinstance(rows, slice) else np.asarray(rows)
    return int(np.flatnonzero(numbers == block)[0])
