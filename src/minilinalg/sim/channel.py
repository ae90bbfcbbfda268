"""A memory's bandwidth, shared by all cores: one queue, first come, first served."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from math import ceil

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

TICK_BITS = 10
TICKS = 1 << TICK_BITS
"""Ticks of a cycle: a memory serves more than one request a cycle, so its own clock is finer."""


class Channel:
    """Serves `bytes_per_cycle`, one request after the other.

    Cores are simulated side by side, instruction by instruction, so a core that is behind in the simulation may ask
    for a time that others have passed already. A request is therefore served in the first time, from its own on, that
    no request before it in the simulation has taken: in pieces, if need be, as transfers are cut into bursts. Among the
    requests of one call, and whenever cores keep in step, that is first come, first served.
    """

    def __init__(self, bytes_per_cycle: float):
        self.bytes_per_cycle = bytes_per_cycle
        self.busy = 0
        """Ticks that the memory has been serving."""
        self._tail = 0
        """Tick at which all requests so far are served."""
        self._idle_starts: list[int] = []
        self._idle_ends: list[int] = []
        """The times before the tail in which nothing was served, ascending."""

    @property
    def busy_cycles(self) -> int:
        return -(-self.busy // TICKS)

    def service(self, size: int) -> int:
        """Ticks that `size` bytes take."""
        return ceil(size * (TICKS / self.bytes_per_cycle))

    def serve(self, at: Ints, size: Ints | int) -> Ints:
        """The cycle in which each request is served, for requests of `size` bytes made in the cycles `at`.

        Requests of the same cycle are served in the order given. An empty one is served at once.
        """
        if isinstance(size, int):
            return self._serve(at, self.service(size)) if size else at
        ticks = np.ceil(size * (TICKS / self.bytes_per_cycle)).astype(np.int64)
        if ticks.all():
            return self._serve(at, ticks)
        done = at.copy()
        asks = np.flatnonzero(ticks)
        done[asks] = self._serve(at[asks], ticks[asks])
        return done

    def _serve(self, at: Ints, ticks: Ints | int) -> Ints:
        if not len(at):
            return at
        order = at.argsort(kind="stable")
        asked = at[order] * TICKS
        if isinstance(ticks, int):
            total = _multiples(ticks, len(at))
        else:
            ticks = ticks[order]
            total = ticks.cumsum()
        self.busy += int(total[-1])
        if self._idle_ends and asked[0] < self._idle_ends[-1]:
            # Those that ask for a time before the last idle one has ended may have it; the others are behind all.
            early = int(asked.searchsorted(self._idle_ends[-1]))
            sizes = np.diff(total[:early], prepend=0).tolist()
            ends = np.empty_like(total)
            ends[:early] = [self._place(*one) for one in zip(asked[:early].tolist(), sizes, strict=True)]
            if early < len(at):
                later = ticks if isinstance(ticks, int) else ticks[early:]
                ends[early:] = self._append(asked[early:], later, total[early:] - total[early - 1])
        else:
            ends = self._append(asked, ticks, total)
        done = np.empty_like(ends)
        # In whole cycles, the last one begun counting.
        done[order] = (ends + (TICKS - 1)) >> TICK_BITS
        return done

    def _append(self, asked: Ints, ticks: Ints | int, total: Ints) -> Ints:
        """All requests behind the tail: end[i] = max(asked[i], end[i - 1]) + ticks[i], as one running maximum.

        `asked` ascends; `total` is the running sum of `ticks`. With latest[i] = asked[i] - total[i - 1] that is
        end[i] = total[i] + max(tail, latest[0], ..., latest[i]); the memory idles wherever that maximum rises.
        """
        latest = asked - total + ticks
        if latest.max() <= self._tail:
            ends = total + self._tail
        else:
            ends = total + np.maximum.accumulate(np.maximum(latest, self._tail))
            starts = ends - ticks
            before = np.concatenate(([self._tail], ends[:-1]))
            gaps = starts > before
            self._idle_starts += before[gaps].tolist()
            self._idle_ends += starts[gaps].tolist()
        self._tail = int(ends[-1])
        return ends

    def _place(self, asked: int, ticks: int) -> int:
        """One request in the first idle time from `asked` on."""
        starts, ends = self._idle_starts, self._idle_ends
        at = bisect_right(ends, asked)
        while at < len(ends):
            start, end = max(starts[at], asked), ends[at]
            taken = min(end - start, ticks)
            ticks -= taken
            pieces = [piece for piece in ((starts[at], start), (start + taken, end)) if piece[0] < piece[1]]
            starts[at : at + 1] = [piece[0] for piece in pieces]
            ends[at : at + 1] = [piece[1] for piece in pieces]
            if not ticks:
                return start + taken
            at += len(pieces)
        start = max(self._tail, asked)
        if start > self._tail:
            starts.append(self._tail)
            ends.append(start)
        self._tail = start + ticks
        return self._tail


@cache
def _multiples(step: int, count: int) -> Ints:
    """step, 2 step, ..., count step."""
    return np.arange(step, step * (count + 1), step)
