"""Running a module of the simt stage on a machine: answers and checks, counters and cycles, in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from minilinalg.abi import check_grid
from minilinalg.errors import InputError
from minilinalg.interp.binding import bind
from minilinalg.interp.engine import Chunk, Observer, Observers
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.run import Executable
from minilinalg.run_options import DEFAULTS, RunOptions
from minilinalg.sim.simt.metrics import counters
from minilinalg.sim.simt.races import RaceWatch
from minilinalg.sim.simt.replay import Replay
from minilinalg.sim.simt.trace import Course, Note, courses
from minilinalg.sim.simt.watch import Tally, Watch


class SimtSimulator:
    """A module's function of one thread, compiled for one machine; every `run` starts afresh.

    Raises InputError when the module is not at the simt stage. observer: looks on beside the machine.
    """

    def __init__(
        self,
        module: ModuleOp,
        function: str | None = None,
        options: RunOptions = DEFAULTS,
        observer: Observer | None = None,
    ):
        self.options = options
        self.watch = Watch()
        observers = [self.watch, *([observer] if observer is not None else [])]
        self.executable = Executable(module, function, options, Observers(*observers))
        if self.executable.threads is None:
            raise InputError(
                f"function '{self.executable.abi.name}' is not written for one thread",
                rule="what runs on a SIMT machine is at stage simt: a function with simt.threads",
            )
        self.replay = Replay(self.watch.begins, self.watch.functions, frozenset(self.watch.skipped))
        self.entry = self.executable.func.regions[0].blocks[0]
        self.races = RaceWatch(self.executable.threads) if options.checked and self.watch.uses_shared else None
        self._seen: set[Any] = set()
        """Courses of which it is known that they are in no race."""

    def run(self, grid: Any, args: Sequence[Any]) -> Counter[str]:
        """Runs the grid. Arrays are written in place."""
        sizes = check_grid(grid)
        memory = GlobalMemory()
        values = bind(self.executable.abi, args, memory)
        tally = Tally(self._chunk_ended, at_once=not self.executable.compiled.stepwise)
        self.executable.run_bound(sizes, memory, values, machine=tally)
        tally.end()
        return Counter(counters(tally.counters))

    def _chunk_ended(self, c: Chunk, notes: Sequence[Note]) -> None:
        for course in courses(notes, c.size):
            if self.races is not None:
                self._look_for_races(c, course)

    def _look_for_races(self, c: Chunk, course: Course) -> None:
        assert self.races is not None
        same = all(note.touched is None or note.touched.in_all for note in course.notes)
        key = tuple((note.number, note.touched) for note in course.notes) if same else None
        if key is not None and key in self._seen:
            return
        members = range(c.size) if course.blocks is None else course.blocks.tolist()
        for block in members[:1] if same else members:
            ids = tuple(p if isinstance(p, int) else int(p[block]) for p in c.pids)
            self.races.look(self.replay.steps(self.entry, course.notes), block, ids)
        if key is not None:
            self._seen.add(key)
