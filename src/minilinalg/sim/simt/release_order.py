"""What atomics order between the blocks of a grid: what one released, another one that acquires it is behind.

A block's accesses are dated by its own time, which goes on at each barrier and at each release. A thread that releases
hands on what it did itself, what all threads of its block did before their last barrier, and what it is behind itself.
A thread that acquires the same element is behind all that was handed on there; the others of its block are from their
next barrier on. (PTX ISA, "Memory Consistency Model": release and acquire patterns, and causality order.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from minilinalg.interp.dtypes import Array

MOST_BLOCKS = 2048
"""Of a larger grid whose blocks hand on to one another nothing is known between blocks."""


class Clock(NamedTuple):
    """What somebody is behind. barriers (blocks,): of each block, all that was done before this time; single (blocks,):
    what one thread did, as time * threads + thread, up to and with this time."""

    barriers: Array
    single: Array

    def joined(self, other: Clock | None) -> Clock:
        """Behind what either is behind."""
        if other is None:
            return self
        return Clock(np.maximum(self.barriers, other.barriers), np.maximum(self.single, other.single))


class ReleaseOrder:
    """The times of blocks of so many threads, and what they know of one another."""

    def __init__(self, blocks: int, threads: int):
        self.blocks, self.threads = blocks, threads
        self.now: Array = np.zeros(blocks, np.int64)
        self.at_barrier: Array = np.zeros(blocks, np.int64)
        """When the threads of each block were last together."""
        self.known: dict[int, Clock] = {}
        self._thread_knows: dict[int, dict[int, Clock]] = {}
        """By block and thread, what was acquired since the last barrier."""
        self._released: dict[int, Clock] = {}

    def barrier(self, blocks: Array) -> None:
        """All threads of these blocks have waited for one another."""
        self.now[blocks] += 1
        self.at_barrier[blocks] = self.now[blocks]
        if self._thread_knows:
            for block in blocks.tolist():
                for clock in self._thread_knows.pop(block, {}).values():
                    self.known[block] = clock.joined(self.known.get(block))

    def handed_on(self, blocks: Array, threads: Array, addresses: Array, *, acquires: bool, releases: bool) -> None:
        """One after another, threads (n,) of blocks (n,) do an atomic at addresses (n,)."""
        for block, thread, address in zip(blocks.tolist(), threads.tolist(), addresses.tolist(), strict=True):
            there = self._released.get(address)
            if acquires and there is not None:
                mine = self._thread_knows.setdefault(block, {})
                mine[thread] = there.joined(mine.get(thread))
            if releases:
                clock = self._clock(block, thread)
                barriers, single = clock.barriers.copy(), clock.single.copy()
                barriers[block] = self.at_barrier[block]
                single[block] = self.now[block] * self.threads + thread
                self._released[address] = Clock(barriers, single).joined(there)
                self.now[block] += 1

    def _clock(self, block: int, thread: int) -> Clock:
        found = self._thread_knows.get(block, {}).get(thread)
        known = self.known.get(block)
        if found is None and known is None:
            return Clock(np.zeros(self.blocks, np.int64), np.full(self.blocks, -1, np.int64))
        return known if found is None else found.joined(known)  # pyright: ignore[reportReturnType]

    def has_acquired(self, blocks: Iterable[int]) -> bool:
        """Whether any of these blocks is behind something of another one."""
        return any(block in self.known or block in self._thread_knows for block in blocks)

    def behind(self, block: Array, thread: Array, other: Array, who: Array, when: Array) -> Array:
        """Whether threads (n,) of blocks (n,) are behind what thread `who` of block `other` did at a time, all (n,)."""
        found = np.zeros(block.shape, np.bool_)
        if not self.known and not self._thread_knows:
            return found
        for b, t in set(zip(block.tolist(), thread.tolist(), strict=True)):
            if not self.has_acquired((b,)):
                continue
            clock = self._clock(b, t)
            mine = (block == b) & (thread == t)
            single = clock.single[other[mine]]
            by_itself = (single % self.threads == who[mine]) & (when[mine] <= single // self.threads) & (single >= 0)
            found[mine] = (when[mine] < clock.barriers[other[mine]]) | by_itself
        return found
