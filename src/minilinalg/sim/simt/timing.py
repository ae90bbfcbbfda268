"""The cycles of a run: its courses as events, dealt to the multiprocessors, on the clock of the busiest of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import Array
from minilinalg.sim.simt.clock import Multiprocessor, Shares
from minilinalg.sim.simt.course_events import Builder, CourseEvents
from minilinalg.sim.simt.instructions import PIPES
from minilinalg.sim.simt.occupancy import Occupancy
from minilinalg.sim.simt.trace import Course, Note, Step
from minilinalg.sim.simt.traffic import Reach
from minilinalg.targets import SimtTarget

KEPT = 256
"""How many timings and courses are remembered."""


@dataclass
class _Path:
    """What blocks have done that took the same turns and branches. costs: of all notes, summed over `count` blocks."""

    number: int
    notes: Sequence[Note]
    count: int
    costs: Array


class Gathered:
    """The courses of all blocks of a run, those of one path together: what accesses cost is their mean."""

    def __init__(self) -> None:
        self._paths: dict[tuple[Any, ...], _Path] = {}
        self._of_block: list[tuple[int, Array | None, int]] = []
        self._blocks = 0

    def add(self, courses: Iterable[Course], blocks: int) -> None:
        """The courses of a chunk of so many blocks, which follow those of earlier chunks."""
        for course in courses:
            key = course.path
            path = self._paths.get(key)
            if path is None:
                path = self._paths[key] = _Path(len(self._paths), course.notes, course.count, course.costs)
            else:
                path.count += course.count
                path.costs = path.costs + course.costs
            first = None if course.blocks is None else course.blocks + self._blocks
            self._of_block.append((path.number, first, self._blocks))
        self._blocks += blocks

    @property
    def blocks(self) -> int:
        """The blocks of the run."""
        return self._blocks

    def means(self) -> list[tuple[int, list[Step]]]:
        """Of each path, how many blocks took it and the steps of a mean one."""
        found: list[tuple[int, list[Step]]] = []
        for path in self._paths.values():
            costs = iter((path.costs / path.count).tolist())
            steps = [
                Step(n.number, tuple(next(costs) for part in n.costs for _ in range(part.shape[1])), n.word)
                for n in path.notes
            ]
            found.append((path.count, steps))
        return found

    def order(self) -> Array:
        """The number of the path of each block, in the order of the grid."""
        if len(self._paths) == 1:
            return np.zeros(self._blocks, np.int64)
        found = np.empty(self._blocks, np.int64)
        ends = [first for _, _, first in self._of_block[1:]] + [self._blocks]
        for (path, blocks, first), end in zip(self._of_block, ends, strict=True):
            if blocks is None:
                found[first:end] = path
            else:
                found[blocks] = path
        return found


class Timer:
    """Times runs of one function on one machine."""

    def __init__(self, target: SimtTarget, builder: Builder, steps: Any, occupancy: Occupancy):
        self.target, self.builder, self.occupancy = target, builder, occupancy
        self._steps = steps
        """From these steps to the operations of a block in order."""
        self._courses: dict[Any, CourseEvents] = {}
        self._known: dict[Any, float] = {}
        self._busy: dict[Any, dict[str, int]] = {}

    def course(self, steps: Sequence[Step]) -> CourseEvents:
        """The events of a path."""
        key = tuple(steps)
        found = self._courses.get(key)
        if found is None:
            if len(self._courses) >= KEPT:
                self._courses.clear()
                # They know courses by their ids, which others get now.
                self._known.clear()
                self._busy.clear()
            found = self._courses[key] = self.builder.build(self._steps(steps))
        return found

    def cycles(self, gathered: Gathered, courses: Sequence[CourseEvents], misses: dict[int, float]) -> int:
        """From the first block's start to the last one's end. Blocks are dealt to the multiprocessors in turn."""
        cores, blocks = self.target.cores, gathered.blocks
        if not blocks:
            return 0
        lots = self._busiest(gathered.order(), courses)
        key = tuple(id(events) for events in lots), tuple(misses.items()), min(cores, blocks)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            machine = Multiprocessor(
                self._shares(min(cores, blocks)), self.target.throughput.schedulers, self.occupancy.blocks, misses
            )
            found = self._known[key] = machine.cycles([each.events for each in lots])
        return ceil(found)

    def _busiest(self, order: Array, courses: Sequence[CourseEvents]) -> list[CourseEvents]:
        """The blocks of the multiprocessor that has the most to do."""
        cores = self.target.cores
        if len(courses) == 1:
            return [courses[0]] * -(-len(order) // cores)
        work = np.array([len(each.events) for each in courses])[order]
        padded = np.concatenate([work, np.zeros(-len(work) % cores, np.int64)]).reshape(-1, cores)
        core = int(padded.sum(axis=0).argmax())
        return [courses[path] for path in order[core::cores].tolist()]

    def _shares(self, active: int) -> Shares:
        memory = self.target.memory
        return Shares(
            cache_bytes=memory.cache_bytes_per_cycle / active,
            memory_bytes=self.memory_bytes_per_cycle / active,
            sector=memory.sector,
            cache_latency=self.target.latency.cache,
            memory_latency=self.target.latency.memory,
        )

    @property
    def memory_bytes_per_cycle(self) -> float:
        """What memory gives all multiprocessors together."""
        return self.target.memory.gigabytes_per_second * 1e9 / self.target.clock_hz

    def busy(self, counts: Sequence[int], courses: Sequence[CourseEvents]) -> dict[str, int]:
        """Busy cycles of each pipe, summed over the multiprocessors."""
        key = tuple(counts), tuple(id(course) for course in courses)
        if (known := self._busy.get(key)) is not None:
            return dict(known)
        total: dict[str, float] = dict.fromkeys(PIPES, 0.0)
        for count, course in zip(counts, courses, strict=True):
            for event in course.events:
                total["issue"] += event.issue / self.target.throughput.schedulers * count
                total[event.pipe] += event.pipe_cycles * count
        if len(self._busy) >= KEPT:
            self._busy.clear()
        found = self._busy[key] = {name: round(cycles) for name, cycles in total.items()}
        return dict(found)

    def bandwidth(self, reach: Mapping[int, Reach], misses: dict[int, float]) -> dict[str, int]:
        """Busy cycles of the cache and of memory."""
        size = self.target.memory.sector
        moved = sum(sectors * size for _, _, sectors, _ in reach.values())
        missed = sum(sectors * size * misses[site] for site, (_, _, sectors, _) in reach.items())
        return {
            "cache": round(moved / self.target.memory.cache_bytes_per_cycle),
            "memory": round(missed / self.memory_bytes_per_cycle),
        }
