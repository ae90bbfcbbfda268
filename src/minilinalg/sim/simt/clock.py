"""How long one multiprocessor takes for its blocks, when several of them share it.

A block is one sequence of events, for its warps take the same turns and go in step. It does them in order: an event
starts when the ones before it are issued and what it needs is there (a scoreboard), so a load does not hold its block
up before something needs it. The multiprocessor has resources that blocks share, each used by one after the other:
the schedulers' slots, each pipe, and its share of the bandwidth of the cache and of memory. While one block waits for
a result, others use them: that is how latency is hidden, and why it matters how many blocks are resident.

    start = max(issued the one before, what it needs is there, its pipe is free, a slot is free)
    done  = start + the pipe's time (or when cache and memory have moved the sectors, if that is later) + latency

All multiprocessors are taken to do the same at the same time, so each has an equal share of the cache's bandwidth and
of memory's. A block begins where one has ended.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from minilinalg.sim.simt.course_events import Event
from minilinalg.sim.simt.instructions import PIPES

CACHE, MEMORY = len(PIPES), len(PIPES) + 1
WAVES = 4
"""After so many waves of blocks, those that follow are taken to go on at the same pace."""


@dataclass(frozen=True)
class Shares:
    """What one multiprocessor has of what all share, in bytes a cycle, and how long that takes to answer."""

    cache_bytes: float
    memory_bytes: float
    sector: int
    cache_latency: float
    memory_latency: float


class Multiprocessor:
    """One multiprocessor that holds `resident` blocks at a time.

    misses: of each site, the part of its sectors that come from memory and not from the cache.
    """

    def __init__(self, shares: Shares, schedulers: int, resident: int, misses: dict[int, float]):
        self.shares, self.schedulers, self.resident, self.misses = shares, schedulers, resident, misses

    def cycles(self, blocks: Sequence[Sequence[Event]]) -> float:
        """When the last of the blocks has ended, which begin in this order."""
        first = WAVES * self.resident
        if len(blocks) <= 2 * first or any(events is not blocks[0] for events in blocks):
            return max(self._ends(blocks), default=0.0)
        ends = sorted(self._ends(blocks[:first]))
        pace = (ends[-1] - ends[first // 2 - 1]) / (first - first // 2)
        return ends[-1] + pace * (len(blocks) - first)

    def _ends(self, blocks: Sequence[Sequence[Event]]) -> list[float]:
        """When each block ends."""
        free = [0.0] * (len(PIPES) + 2)
        waiting = deque(enumerate(blocks))
        ends = [0.0] * len(blocks)
        queue: list[tuple[float, int, _Block]] = []
        for _ in range(min(self.resident, len(blocks))):
            number, events = waiting.popleft()
            heapq.heappush(queue, (0.0, number, _Block(events)))
        while queue:
            time, number, block = queue[0]
            if block.at == len(block.events):
                heapq.heappop(queue)
                ends[number] = max(time, block.last)
                if waiting:
                    following, events = waiting.popleft()
                    heapq.heappush(queue, (ends[number], following, _Block(events)))
                continue
            event = block.events[block.at]
            ready = block.ready_for(event, time)
            pipe = PIPE_NUMBER[event.pipe]
            if event.pipe_cycles and free[pipe] > ready:
                ready = free[pipe]
            if event.issue and free[0] > ready:
                ready = free[0]
            if ready > time:
                # Others may start in between.
                heapq.heapreplace(queue, (ready, number, block))
                continue
            heapq.heapreplace(queue, (self._do(event, block, time, free, pipe), number, block))
        return ends

    def _do(self, event: Event, block: _Block, start: float, free: list[float], pipe: int) -> float:
        """Does an event; when the block may start its next one."""
        block.at += 1
        free[0] = start + event.issue / self.schedulers
        if event.pipe_cycles:
            free[pipe] = start + event.pipe_cycles
        done = start + max(event.own_cycles, event.own_issue) + event.latency
        kind = event.kind
        if event.sectors:
            done = max(done, self._moved(event, start + event.own_cycles, free))
        issued = start + event.own_issue
        if kind == "copy":
            block.copies.now = max(block.copies.now, done)
        elif kind == "box":
            block.boxes[event.groups] = done
        elif kind == "send":
            block.sent = done
        elif kind == "product":
            # They run one behind the other.
            block.products.now = done
        elif kind == "commit":
            block.copies.commit()
        elif kind == "products":
            block.products.commit()
        elif kind == "barrier":
            issued = done
        elif kind == "shared":
            block.settled = max(block.settled, start + event.own_cycles)
        block.ready.append(issued if kind in ("store", "product", "box", "send") else done)
        if kind == "store" or kind == "copy":
            block.last = max(block.last, issued)
        else:
            block.last = max(block.last, done)
        return issued

    def _moved(self, event: Event, asked: float, free: list[float]) -> float:
        """When the cache and memory have moved the sectors of an access."""
        shares = self.shares
        size = event.sectors * shares.sector
        free[CACHE] = max(free[CACHE], asked) + size / shares.cache_bytes
        done = free[CACHE] + shares.cache_latency
        missed = size * self.misses.get(event.site, 1.0)
        if missed:
            free[MEMORY] = max(free[MEMORY], asked) + missed / shares.memory_bytes
            done = max(done, free[MEMORY] + shares.memory_latency)
        return done


PIPE_NUMBER = {pipe: number for number, pipe in enumerate(PIPES)}


class _Groups:
    """What is under way in groups. now: when what was begun since the last group is done."""

    __slots__ = ("done", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[float] = []

    def commit(self) -> None:
        """Makes a group, which is done no earlier than those before."""
        self.done.append(max(self.now, self.done[-1] if self.done else 0.0))

    def when_left(self, groups: int) -> float:
        """When at most so many groups are under way."""
        return self.done[-1 - groups] if len(self.done) > groups else 0.0


class _Block:
    """Where a block is. ready: when what each event made is there. last: when all that it began is done. settled: when
    shared memory has done what it was asked for."""

    __slots__ = ("at", "boxes", "copies", "events", "last", "products", "ready", "sent", "settled")

    def __init__(self, events: Sequence[Event]):
        self.events = events
        self.at = 0
        self.ready: list[float] = []
        self.copies, self.products = _Groups(), _Groups()
        self.boxes: dict[int, float] = {}
        self.last = self.settled = self.sent = 0.0

    def ready_for(self, event: Event, time: float) -> float:
        """When all is there that an event needs, no earlier than `time`."""
        ready = self.ready
        for number in event.needs:
            if ready[number] > time:
                time = ready[number]
        if event.kind == "wait":
            time = max(time, self.copies.when_left(event.groups))
        elif event.kind == "arrival":
            time = max(time, self.boxes.get(event.groups, 0.0))
        elif event.kind == "sent":
            time = max(time, self.sent)
        elif event.kind == "barrier":
            time = max(time, self.settled)
        elif event.kind == "sync":
            time = max(time, self.products.when_left(event.groups))
        return time
