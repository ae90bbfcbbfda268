"""When things happen on the simd machine: per core the time it has reached, and the time each of its pipes is free.

The cores run one program, so the machine is told of an instruction once, with the cores that execute it; every time is
a vector with one element a core. On a core, an instruction starts when the core has issued it, its pipe is free and
the tokens it waits for are done. It then occupies the pipe (costs.py), and its result is there when the pipe's latency
has passed. A synchronous instruction holds the core up until then.

Instructions of one pipe are done in their order: a result is there no earlier than those before it. One that touches
what an earlier one of its pipe writes needs no token; it starts when the pipe has run dry.

A DMA first takes its startup; then it needs both its own engine, for the bytes at the path's speed, and the bandwidth
of the memories of the chip that it touches, for which it queues (channel.py). It is done when both are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minilinalg.errors import InternalError
from minilinalg.interp.engine import ALL
from minilinalg.sim.channel import Channel
from minilinalg.sim.costs import Cost, Int, Transfer
from minilinalg.sim.report import MachineReport, PathTraffic
from minilinalg.targets import PIPES, Path, Pipe, Target

Ints: TypeAlias = npt.NDArray[np.int64]
Cores: TypeAlias = slice | int | Ints
"""Which cores execute: a slice of them, one, or their numbers (each once)."""

Token: TypeAlias = Ints
"""When an instruction is done, for every core that executes."""


class Span:
    """Work of a known duration that cores do in one go: cycles in all, of each pipe busy, and instructions by name."""

    def __init__(self) -> None:
        self.cycles = 0
        self.busy: Counter[Pipe] = Counter()
        self.counters: Counter[str] = Counter()

    def add(self, pipe: Pipe, busy: int, latency: int = 0) -> None:
        """The core goes on when a pipe has been busy for so long, and its latency has passed."""
        self.cycles += busy + latency
        self.busy[pipe] += busy


class Machine:
    """The clocks of one run. Nothing is shared between machines; make one per run.

    `cores` are the first so many of the target's, all of them unless told.
    """

    def __init__(self, target: Target, cores: int | None = None):
        self.target = target
        self.cores = target.cores if cores is None else cores
        if not 1 <= self.cores <= target.cores:
            raise InternalError(f"{self.cores} cores of '{target.name}', which has {target.cores}")
        self._now = np.zeros(self.cores, np.int64)
        self._free: dict[Pipe, Ints] = {pipe: np.zeros(self.cores, np.int64) for pipe in PIPES}
        """When the pipe takes the next instruction."""
        self._dry: dict[Pipe, Ints] = {pipe: np.zeros(self.cores, np.int64) for pipe in PIPES}
        """When all results of the pipe are there."""
        self._busy: dict[Pipe, int] = dict.fromkeys(PIPES, 0)
        self._overlaps = False
        """Whether anything was asynchronous so far; until then every pipe is free when its core is."""
        self._last = np.zeros(self.cores, np.int64)
        """When all that a core did not wait for is done."""
        self._channels = {
            space.name: Channel(space.bytes_per_cycle) for space in target.spaces if space.bytes_per_cycle is not None
        }
        self._queueing = np.zeros(self.cores, np.int64)
        self._spent: Counter[Span] = Counter()
        """How many cores have done the work of each span."""
        self._traffic: dict[str, list[int]] = {}
        self._counters: Counter[str] = Counter()
        self.races: Any = None
        """Who is behind what, when a run looks for races (races.py)."""

    # --- instructions ----------------------------------------------------------------------------------------------

    def issue(
        self,
        pipe: Pipe,
        cost: Cost,
        active: Cores = ALL,
        *,
        op: str,
        after: Sequence[Token] = (),
        synchronous: bool = True,
        depends: bool = True,
    ) -> Token | None:
        """One instruction of a known cost. Returns its token when it is not synchronous.

        depends: whether it may touch what an instruction of its pipe writes whose result is not there yet.
        """
        at = _cores(active)
        free = self._start(pipe, cost.issue, at, after, synchronous)
        if depends and self._overlaps:
            np.maximum(free, self._dry[pipe][at], out=free)
        free += cost.occupancy
        self._busy[pipe] += cost.occupancy * len(free)
        self._counters[op] += len(free)
        return self._finish(pipe, at, free, free + cost.latency, synchronous)

    def dma(
        self,
        path: Path,
        transfer: Transfer,
        active: Cores = ALL,
        *,
        op: str,
        after: Sequence[Token] = (),
        synchronous: bool = True,
    ) -> Token | None:
        """One DMA along `path`; the fields of `transfer` are numbers or vectors over the active cores."""
        at = _cores(active)
        start = self._start(path.pipe, path.issue, at, after, synchronous)
        asked = start + transfer.startup
        alone = asked + transfer.engine
        done = alone
        for space in dict.fromkeys((path.source, path.destination)):
            if (channel := self._channels.get(space)) is not None:
                done = np.maximum(done, channel.serve(asked, transfer.moved))
        cores = len(start)
        self._busy[path.pipe] += _sum(transfer.startup, cores) + _sum(transfer.engine, cores)
        if done is not alone:
            self._queueing[at] += done - alone
        self._counters[op] += cores
        traffic = self._traffic.setdefault(f"{path.source} to {path.destination}", [0, 0])
        traffic[0] += _sum(transfer.payload, cores)
        traffic[1] += _sum(transfer.moved, cores)
        return self._finish(path.pipe, at, done, done, synchronous)

    def spend(self, span: Span, active: Cores = ALL) -> None:
        """The work of a span. Every pipe that it uses must be free: nothing is asynchronous, or it is scalar work."""
        now = self._now
        if active is ALL:
            now += span.cycles
            self._spent[span] += self.cores
            return
        at = _cores(active)
        now[at] += span.cycles
        self._spent[span] += len(now[at])

    def scalar(self, cycles: int, active: Cores = ALL, *, op: str, times: int = 1) -> None:
        """`times` operations of the scalar unit that take `cycles` altogether; the core waits for them."""
        span = Span()
        span.add("scalar", cycles)
        span.counters[op] = times
        self.spend(span, active)

    def _start(self, pipe: Pipe, issue: int, at: slice | Ints, after: Sequence[Token], synchronous: bool) -> Ints:
        """When an instruction starts on each of the cores; the caller may write into the array."""
        self._overlaps = self._overlaps or not synchronous
        start = self._now[at] + issue
        self._busy["scalar"] += issue * len(start)
        if self._overlaps:
            self._now[at] = start
            np.maximum(start, self._free[pipe][at], out=start)
            for token in after:
                np.maximum(start, token, out=start)
        return start

    def _finish(self, pipe: Pipe, at: slice | Ints, free: Ints, done: Ints, synchronous: bool) -> Token | None:
        if self._overlaps:
            done = np.maximum(done, self._dry[pipe][at])
            self._free[pipe][at] = free
            self._dry[pipe][at] = done
        if synchronous:
            self._now[at] = done
            return None
        self._last[at] = np.maximum(self._last[at], done)
        return done

    # --- waiting ---------------------------------------------------------------------------------------------------

    def wait(self, tokens: Sequence[Token], active: Cores = ALL) -> None:
        """The cores wait until the instructions of the tokens are done."""
        at = _cores(active)
        for token in tokens:
            self._now[at] = np.maximum(self._now[at], token)

    def barrier(self, scope: str, active: Cores = ALL) -> None:
        """All pipes of a core idle, for "core"; also all active cores of the "cluster", or of the "chip", there."""
        at = _cores(active)
        reached = np.maximum(self._now[at], self._last[at])
        if scope == "chip" and len(reached):
            reached = np.full_like(reached, reached.max())
        elif scope == "cluster":
            clusters = np.arange(self.cores)[at] // self.target.cores_per_cluster
            latest = np.zeros(self.target.clusters, np.int64)
            np.maximum.at(latest, clusters, reached)
            reached = latest[clusters]
        self._now[at] = reached

    # --- what came of it -------------------------------------------------------------------------------------------

    @property
    def now(self) -> Ints:
        """The cycle that each core has reached (a copy)."""
        return self._now.copy()

    @property
    def cycles(self) -> int:
        """The cycle in which the last core has finished all that it started."""
        return int(np.maximum(self._now, self._last).max())

    def report(self) -> MachineReport:
        busy, counters = Counter(self._busy), Counter(self._counters)
        for span, cores in self._spent.items():
            busy.update({pipe: cycles * cores for pipe, cycles in span.busy.items()})
            counters.update({op: times * cores for op, times in span.counters.items()})
        return MachineReport(
            target=self.target.name,
            cores=self.cores,
            clock_hz=self.target.clock_hz,
            cycles=self.cycles,
            pipes={str(pipe): busy[pipe] for pipe in PIPES},
            bandwidth={name: channel.busy_cycles for name, channel in self._channels.items()},
            queueing=int(self._queueing.sum()),
            traffic={name: PathTraffic(*bytes) for name, bytes in self._traffic.items()},
            counters=dict(counters),
        )


def _cores(active: Cores) -> slice | Ints:
    return slice(active, active + 1) if isinstance(active, int) else active


def _sum(value: Int, cores: int) -> int:
    return int(value.sum()) if isinstance(value, np.ndarray) else int(value) * cores
