"""When things happen on the simd machine: per core the time it has reached, and the time each of its pipes is free.

The cores run one program, so the machine is told of an instruction once, with the cores that execute it; every time is
a vector with one element a core. On a core, an instruction starts when the core has issued it, its pipe is free and
the tokens it waits for are done. It then occupies the pipe (costs.py), and its result is there when the pipe's latency
has passed. A synchronous instruction holds the core up until then.

Instructions of one pipe are done in their order: a result is there no earlier than those before it. One that touches
what an earlier one of its pipe writes needs no token; it starts when the pipe has run dry.

A DMA first takes its startup; then it needs both its own engine, for the bytes at the path's speed, and the bandwidth
of the memories of the chip that it touches, for which it queues (channel.py), cores that ask in the same cycle in the
order of their numbers. It is done when both are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minilinalg.errors import InternalError
from minilinalg.interp.chunks import ALL
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


@dataclass
class _Way:
    """From one space to another: the memories whose bandwidth a DMA takes, and the bytes so far."""

    channels: tuple[Channel, ...]
    payload: int = 0
    moved: int = 0


MANY = 256
"""After so many it is time to tidy up."""


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
        self._dry: dict[Pipe, Ints] = dict(self._free)
        """When all results of the pipe are there."""
        # A time once written is never written over, for a token may be the very array: what changes is a new one.
        self._busy: dict[Pipe, int] = dict.fromkeys(PIPES, 0)
        self._overlaps = False
        """Whether anything was asynchronous so far; until then every pipe is free when its core is."""
        self._channels = {
            space.name: Channel(space.bytes_per_cycle) for space in target.spaces if space.bytes_per_cycle is not None
        }
        self._ways: dict[tuple[str, str], _Way] = {}
        self._waits: list[tuple[Ints, Ints]] = []
        """When DMAs were done and would have been alone, where what they queued is not summed up yet; and what is."""
        self._queueing = 0
        self._spent: Counter[Span] = Counter()
        """How many cores have done the work of each span."""
        self._counters: Counter[str] = Counter()
        self.races: Any = None
        """Who is behind what, when a run looks for races (races.py)."""
        self.core_races: Any = None
        """Who touched what of global memory, when a run looks for races between cores (core_races.py)."""

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
        lead: Span | None = None,
    ) -> Token | None:
        """One instruction of a known cost, behind the work `lead`. Returns its token when it is not synchronous.

        depends: whether it may touch what an instruction of its pipe writes whose result is not there yet.
        """
        at = _cores(active)
        start = self._start(pipe, cost.issue, at, after, synchronous, self._dry if depends else self._free, lead)
        free = start + cost.occupancy
        done = free + cost.latency if cost.latency else free
        cores = len(start)
        self._busy[pipe] += cost.occupancy * cores
        self._counters[op] += cores
        if self._overlaps and not depends:
            done = np.maximum(done, _of(self._dry[pipe], at))
        return self._finish(pipe, at, free, done, synchronous)

    def dma(
        self,
        path: Path,
        transfer: Transfer,
        active: Cores = ALL,
        *,
        op: str,
        after: Sequence[Token] = (),
        synchronous: bool = True,
        lead: Span | None = None,
    ) -> Token | None:
        """One DMA along `path`, behind the work `lead`; the fields of `transfer` are numbers or vectors over the active
        cores."""
        at = _cores(active)
        start = self._start(path.pipe, path.issue, at, after, synchronous, self._dry, lead)
        startup, engine, moved, payload = transfer
        asked = start + startup
        alone = asked + engine
        done = alone
        way = self._ways.get((path.source, path.destination)) or self._way(path)
        for channel in way.channels:
            served = channel.serve(asked, moved) if at is ALL else _served(channel, asked, moved, at)
            done = np.maximum(done, served)
            if channel.idle_times > MANY:
                channel.forget(int(self._now.min()))
        cores = len(start)
        if done is not alone:
            self._waits.append((done, alone))
            if len(self._waits) > MANY:
                self._sum_waits()
        self._counters[op] += cores
        self._busy[path.pipe] += _sum(startup + engine, cores)
        way.payload += _sum(payload, cores)
        way.moved += _sum(moved, cores)
        return self._finish(path.pipe, at, done, done, synchronous)

    def spend(self, span: Span, active: Cores = ALL) -> None:
        """The work of a span. Every pipe that it uses must be free: nothing is asynchronous, or it is scalar work."""
        if active is ALL:
            self._now = self._now + span.cycles
            self._spent[span] += self.cores
            return
        at = _cores(active)
        now = self._now[at] + span.cycles
        self._go_on(at, now)
        self._spent[span] += len(now)

    def scalar(self, cycles: int, active: Cores = ALL, *, op: str, times: int = 1) -> None:
        """`times` operations of the scalar unit that take `cycles` altogether; the core waits for them."""
        span = Span()
        span.add("scalar", cycles)
        span.counters[op] = times
        self.spend(span, active)

    def _start(
        self,
        pipe: Pipe,
        issue: int,
        at: slice | Ints,
        after: Sequence[Token],
        synchronous: bool,
        behind: dict[Pipe, Ints],
        lead: Span | None,
    ) -> Ints:
        """When an instruction starts on each of the cores, `behind` what of its pipe it has to wait for."""
        now = self._now if at is ALL else self._now[at]
        cores = len(now)
        if lead is None:
            start = now + issue
        else:
            start = now + (lead.cycles + issue)
            self._spent[lead] += cores
        self._busy["scalar"] += issue * cores
        if not synchronous:
            self._overlaps = True
        if self._overlaps:
            self._now = start if at is ALL else _with(self._now, at, start)
            start = np.maximum(start, behind[pipe] if at is ALL else behind[pipe][at])
            for token in after:
                start = np.maximum(start, token)
        return start

    def _finish(self, pipe: Pipe, at: slice | Ints, free: Ints, done: Ints, synchronous: bool) -> Token | None:
        if self._overlaps:
            self._free[pipe] = free if at is ALL else _with(self._free[pipe], at, free)
            self._dry[pipe] = done if at is ALL else _with(self._dry[pipe], at, done)
        if synchronous:
            self._go_on(at, done)
            return None
        return done

    def _go_on(self, at: slice | Ints, now: Ints) -> None:
        self._now = _with(self._now, at, now)

    def _way(self, path: Path) -> _Way:
        spaces = dict.fromkeys((path.source, path.destination))
        channels = tuple(self._channels[space] for space in spaces if space in self._channels)
        return self._ways.setdefault((path.source, path.destination), _Way(channels))

    def _sum_waits(self) -> int:
        for sign, times in zip((1, -1), zip(*self._waits, strict=True), strict=False):
            self._queueing += sign * int(np.concatenate(times).sum())
        self._waits.clear()
        return self._queueing

    # --- waiting ---------------------------------------------------------------------------------------------------

    def wait(self, tokens: Sequence[Token], active: Cores = ALL) -> None:
        """The cores wait until the instructions of the tokens are done."""
        at = _cores(active)
        now = _of(self._now, at)
        for token in tokens:
            now = np.maximum(now, token)
        self._go_on(at, now)

    def barrier(self, scope: str, active: Cores = ALL) -> None:
        """All pipes of a core idle, for "core"; also all active cores of the "cluster", or of the "chip", there."""
        at = _cores(active)
        reached = _of(self._finished(), at)
        if scope == "chip" and len(reached):
            reached = np.full_like(reached, reached.max())
        elif scope == "cluster":
            clusters = np.arange(self.cores)[at] // self.target.cores_per_cluster
            latest = np.zeros(self.target.clusters, np.int64)
            np.maximum.at(latest, clusters, reached)
            reached = latest[clusters]
        self._go_on(at, reached)

    def _finished(self) -> Ints:
        """When each core and its pipes are idle."""
        return np.max([self._now, *self._dry.values()], axis=0)

    # --- what came of it -------------------------------------------------------------------------------------------

    @property
    def now(self) -> Ints:
        """The cycle that each core has reached (a copy)."""
        return self._now.copy()

    @property
    def cycles(self) -> int:
        """The cycle in which the last core has finished all that it started."""
        return int(self._finished().max())

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
            queueing=self._sum_waits(),
            traffic={f"{a} to {b}": PathTraffic(way.payload, way.moved) for (a, b), way in self._ways.items()},
            counters=dict(counters),
        )


def _cores(active: Cores) -> slice | Ints:
    return slice(active, active + 1) if isinstance(active, int) else active


def _of(times: Ints, at: slice | Ints) -> Ints:
    return times if at is ALL else times[at]


def _with(times: Ints, at: slice | Ints, new: Ints) -> Ints:
    """`times` with `new` ones at some cores, as an array of its own."""
    if at is ALL:
        return new
    times = times.copy()
    times[at] = new
    return times


def _served(channel: Channel, asked: Ints, moved: Int, at: slice | Ints) -> Ints:
    """When requests of the cores are served; those of the same cycle in the order of the cores."""
    if isinstance(at, slice):
        return channel.serve(asked, moved)
    order = at.argsort()
    done = np.empty_like(asked)
    done[order] = channel.serve(asked[order], moved[order] if isinstance(moved, np.ndarray) else moved)
    return done


def _sum(value: Int, cores: int) -> int:
    return int(value.sum()) if isinstance(value, np.ndarray) else int(value) * cores
