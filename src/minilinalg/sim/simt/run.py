"""Running a module of the simt stage on a machine: answers and checks, counters and cycles, in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi, check_grid, find_function, symbol
from minilinalg.analysis.machine_needs import expect_target
from minilinalg.analysis.products_under_way import early_use
from minilinalg.errors import InputError
from minilinalg.interp.binding import bind
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.observers import Observer, Observers
from minilinalg.interp.run import Executable
from minilinalg.interp.threads import shared_of, threads_of
from minilinalg.run_options import DEFAULTS, RunOptions
from minilinalg.sim.report import PathTraffic
from minilinalg.sim.simt.course_events import Builder
from minilinalg.sim.simt.demand import Demand
from minilinalg.sim.simt.global_watch import GlobalRaceWatch
from minilinalg.sim.simt.margins import Margins
from minilinalg.sim.simt.metrics import INSTRUCTIONS, counters, tensor_metric
from minilinalg.sim.simt.occupancy import most_registers, occupancy
from minilinalg.sim.simt.races import RaceWatch
from minilinalg.sim.simt.registers import registers_of_thread
from minilinalg.sim.simt.replay import Replay
from minilinalg.sim.simt.report import SimtReport
from minilinalg.sim.simt.timing import Gathered, Timer
from minilinalg.sim.simt.trace import Course, Note, Step, courses
from minilinalg.sim.simt.traffic import misses
from minilinalg.sim.simt.watch import Tally, Watch
from minilinalg.targets import SimtTarget


class SimtSimulator:
    """A module's function of one thread, compiled for one machine; every `run` starts afresh.

    Raises InputError when the module is not at the simt stage, or when a block is too large for the machine, and
    UnsupportedError for what the machine has no unit for. observer: looks on beside it. margins: whether bulk stores
    write what is nobody's beside a tensor (margins.py).
    """

    def __init__(
        self,
        module: ModuleOp,
        target: SimtTarget,
        function: str | None = None,
        options: RunOptions = DEFAULTS,
        observer: Observer | None = None,
        *,
        margins: bool = True,
    ):
        self.target, self.options = target, options
        self.margins = Margins(stops=options.checked, writes=margins)
        self.watch = Watch()
        func = find_function(module, function)
        threads = threads_of(func)
        if threads is None:
            raise InputError(
                f"function '{symbol(func)}' is not written for one thread",
                rule="what runs on a SIMT machine is at stage simt: a function with simt.threads",
            )
        expect_target(func, target)
        self.global_watch = GlobalRaceWatch(FunctionAbi.of(func), threads) if options.checked else None
        observers = [each for each in (self.watch, self.global_watch, observer) if each is not None]
        self.executable = Executable(module, function, options, Observers(*observers))
        func = self.executable.func
        self.entry = func.regions[0].blocks[0]
        self.replay = Replay(self.watch.begins, self.watch.functions, frozenset(self.watch.skipped))
        self.races = RaceWatch(threads) if options.checked and self.watch.uses_shared else None
        demand = Demand(func)
        self.early_use = early_use(func) if options.checked else None
        registers, spilled = registers_of_thread(func, demand, most_registers(target, threads))
        self.occupancy = occupancy(target, threads, registers, shared_of(func), spilled)
        self.timer = Timer(target, Builder(target, threads, demand), self._steps, self.occupancy)
        self._seen: set[Any] = set()
        """Courses of which it is known that they are in no race."""

    def _steps(self, steps: Sequence[Step]) -> Iterator[tuple[Operation, Step | None]]:
        return self.replay.steps(self.entry, steps)

    def run(self, grid: Any, args: Sequence[Any]) -> SimtReport | None:
        """Runs the grid, arrays written in place; what the machine did, if its cycles are counted.

        Raises RunError for what is out of bounds or misaligned, and where the options have it checked for a race, an
        undefined element, threads that disagree, or the result of a product that nobody waited for.
        """
        sizes = check_grid(grid)
        if self.early_use is not None:
            raise self.early_use.error()
        memory = GlobalMemory()
        memory.margins = self.margins
        values = bind(self.executable.abi, args, memory, watched=True)
        gathered = Gathered()

        def ended(c: Chunk, notes: Sequence[Note]) -> None:
            found = list(courses(notes, c.size))
            if self.races is not None:
                for course in found:
                    self._look_for_races(c, course)
            if self.options.cycles:
                gathered.add(found, c.size)

        tally = Tally(ended, at_once=not self.executable.compiled.stepwise)
        if self.global_watch is not None:
            tally.global_races = self.global_watch.start(memory, sizes)
        self.executable.run_bound(sizes, memory, values, machine=tally)
        tally.end()
        return self._report(tally, gathered, memory) if self.options.cycles else None

    def _report(self, tally: Tally, gathered: Gathered, memory: GlobalMemory) -> SimtReport:
        means = gathered.means()
        counts = [count for count, _ in means]
        paths = [self.timer.course(steps) for _, steps in means]
        missed = misses(tally.reach, memory.segments, self.target.memory.cache, self.target.memory.sector)
        found = tally.counters
        for count, path in zip(counts, paths, strict=True):
            found[INSTRUCTIONS] += round(path.instructions * count)
            found.update({tensor_metric(kind): n * count for kind, n in path.tensor_instructions.items()})
        return SimtReport(
            target=self.target.name,
            cores=self.target.cores,
            clock_hz=self.target.clock_hz,
            cycles=self.timer.cycles(gathered, paths, missed),
            pipes=self.timer.busy(counts, paths),
            bandwidth=self.timer.bandwidth(tally.reach, missed),
            queueing=0,
            traffic={name: PathTraffic(tally.asked[name], tally.moved[name]) for name in ("loads", "stores")},
            counters=counters(found),
            occupancy=self.occupancy,
        )

    def _look_for_races(self, c: Chunk, course: Course) -> None:
        assert self.races is not None
        same = all(touched.in_all for note in course.notes for touched in note.touched)
        key = tuple((note.number, note.touched) for note in course.notes) if same else None
        if key is not None and key in self._seen:
            return
        members = range(c.size) if course.blocks is None else course.blocks.tolist()
        for block in members[:1] if same else members:
            ids = tuple(p if isinstance(p, int) else int(p[block]) for p in c.pids)
            self.races.look(self.replay.steps(self.entry, course.notes), block, ids)
        if key is not None:
            self._seen.add(key)
