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

    @property
    def idle_times(self) -> int:
        """How many times it remembers in which nothing was served."""
        return len(self._idle_ends)

    def forget(self, before: int) -> None:
        """No request will ask for a time before this cycle."""
        over = bisect_right(self._idle_ends, before * TICKS)
        del self._idle_starts[:over], self._idle_ends[:over]

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
        asked = at[order]
        asked <<= TICK_BITS
        if isinstance(ticks, int):
            before, total = _multiples(ticks, len(at))
        else:
            ticks = ticks[order]
            total = ticks.cumsum()
            before = total - ticks
        self.busy += int(total[-1])
        if self._idle_ends and asked[0] < self._idle_ends[-1]:
            ends = self._fill(asked, before, total)
        else:
            ends = self._append(asked, before, total)
        # In whole cycles, the last one begun counting.
        ends += TICKS - 1
        ends >>= TICK_BITS
        done = np.empty_like(ends)
        done[order] = ends
        return done

    def _append(self, asked: Ints, before: Ints, total: Ints) -> Ints:
        """All requests behind the tail: end[i] = max(asked[i], end[i - 1]) + ticks[i], as one running maximum.

        `asked` ascends; `total` is the running sum of ticks, `before` without the request itself. With latest[i] =
        asked[i] - before[i] that is end[i] = total[i] + max(tail, latest[0], ..., latest[i]); the memory idles wherever
        that maximum rises.
        """
        tail = self._tail
        latest = asked - before
        np.maximum.accumulate(latest, out=latest)
        if latest[-1] <= tail:
            ends = total + tail
        else:
            first = max(int(latest[0]), tail)
            if latest[-1] <= first:
                # All are served one behind the other.
                ends = total + first
                if first > tail:
                    self._idle_starts.append(tail)
                    self._idle_ends.append(first)
            else:
                np.maximum(latest, tail, out=latest)
                ends = total + latest
                for start, end in zip((before + latest).tolist(), ends.tolist(), strict=True):
                    if start > tail:
                        self._idle_starts.append(tail)
                        self._idle_ends.append(start)
                    tail = end
        self._tail = int(ends[-1])
        return ends

    def _fill(self, asked: Ints, before: Ints, total: Ints) -> Ints:
        """Requests of which the first few, at least, may have times in which the memory idled.

        On a clock that stands still whenever the memory serves, its idle times lie back to back and nothing is taken:
        there the requests are one behind the other, as in `_append` with the tail at 0, and what they leave is idle
        still. `idle[j]` is what this clock shows when the j-th idle time begins, the last of them behind the tail.
        """
        first = bisect_right(self._idle_ends, int(asked[0]))
        starts = np.array([*self._idle_starts[first:], self._tail], np.int64)
        until = np.array(self._idle_ends[first:], np.int64)
        idle = np.zeros_like(starts)
        np.cumsum(until - starts[:-1], out=idle[1:])

        at = until.searchsorted(asked, "right")
        latest = idle[at] + np.maximum(asked - starts[at], 0) - before
        np.maximum.accumulate(latest, out=latest)
        ends = total + latest
        served = (starts - idle)[idle[1:].searchsorted(ends)] + ends
        self._leave_idle(first, idle.tolist(), (before + latest).tolist(), ends.tolist())
        self._tail = max(self._tail, int(served[-1]))
        return served

    def _leave_idle(self, first: int, idle: list[int], begins: list[int], ends: list[int]) -> None:
        """Writes down what is idle still, from the `first` idle time on, beside requests from `begins` to `ends`.

        All are by the clock of `_fill`, `idle` its begins of those times.
        """
        starts, stops = [*self._idle_starts[first:], self._tail], self._idle_ends[first:]
        at, last, until = 0, len(idle) - 1, 0
        left_from: list[int] = []
        left_to: list[int] = []
        for begin, end in zip(begins, ends, strict=True):
            while until < begin:
                at = bisect_right(idle, until) - 1
                # Times that nothing of is taken stay as they are.
                whole = bisect_right(idle, begin) - 1 if until == idle[at] else at
                if whole > at:
                    left_from += starts[at:whole]
                    left_to += stops[at:whole]
                    until = idle[whole]
                else:
                    stop = begin if at == last else min(begin, idle[at + 1])
                    left_from.append(starts[at] + until - idle[at])
                    left_to.append(starts[at] + stop - idle[at])
                    until = stop
            until = end
        at = bisect_right(idle, until) - 1
        if at < last:
            # So does what lies behind the one in which the last request ends.
            left_from.append(starts[at] + until - idle[at])
            left_to.append(stops[at])
        self._idle_starts[first : first + at + 1] = left_from
        self._idle_ends[first : first + at + 1] = left_to


@cache
def _multiples(step: int, count: int) -> tuple[Ints, Ints]:
    """0, step, ..., (count - 1) step; and step, 2 step, ..., count step."""
    all_ = np.arange(0, step * (count + 1), step)
    return all_[:-1], all_[1:]
