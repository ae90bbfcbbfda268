"""Running a module of the simd stage on a machine: answers, checks and cycles in one go, or what of these is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi, check_grid
from minilinalg.analysis.data_dependence import course_depends_on_data
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import memref
from minilinalg.interp.binding import bind, with_results
from minilinalg.interp.dtypes import Array
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.observers import Observer, Observers
from minilinalg.interp.run import Executable
from minilinalg.run_options import DEFAULTS, RunOptions
from minilinalg.sim.clock import Clock
from minilinalg.sim.constraints import ConstraintWatch, check_room
from minilinalg.sim.core_races import CoreRaceWatch
from minilinalg.sim.definedness import DefinednessWatch
from minilinalg.sim.races import Races, RaceWatch
from minilinalg.sim.report import MachineReport
from minilinalg.sim.timing import Machine
from minilinalg.targets import Target


@dataclass(frozen=True)
class Simulation:
    """What came of a run: what a function on tensors returns, and what the machine did, if its cycles were counted."""

    results: list[Array]
    report: MachineReport | None


def place(abi: FunctionAbi, args: Sequence[Any], memory: GlobalMemory, target: Target) -> tuple[list[Any], list[Array]]:
    """Places the arrays of a launch in the machine's global memory: the engine's values, and the arrays of results.

    Raises LaunchError when the arguments are not those of the function, or do not fit.
    """
    args, results = with_results(abi, args)
    values = bind(abi, args, memory)
    check_room(memory, bool(results), target)
    return values, results


class Simulator:
    """A module's per-core program, compiled for one machine; every `run` starts a fresh machine.

    Raises InputError when the module is not at the simd stage, or has an instruction that the target cannot execute or
    a buffer that it has no room for. observer: looks on beside the machine.
    """

    def __init__(
        self,
        module: ModuleOp,
        target: Target,
        function: str | None = None,
        options: RunOptions = DEFAULTS,
        observer: Observer | None = None,
    ):
        self.target = target
        self.options = options
        # Only where something runs beside something else on a core its pipes can race.
        overlaps = any(isinstance(op, simd.Instruction) and op.is_async for op in module.walk())
        self.finds_races = options.checked and overlaps
        observers: list[Observer] = [ConstraintWatch(target), *([observer] if observer is not None else [])]
        observers += [Clock(target)] if options.cycles else []
        observers += [DefinednessWatch(target)] if options.checked else []
        observers += [RaceWatch(target)] if self.finds_races else []
        watches_cores = options.checked and target.cores > 1
        self.core_races = CoreRaceWatch(module, target) if watches_cores else None
        observers += [self.core_races] if self.core_races is not None else []
        skipped = frozenset[Operation]()
        self.computes_in_vain = not options.answers and course_depends_on_data(module)
        """Whether elements are computed although only cycles are wanted; memory is then put back as it was."""
        if not options.answers and not self.computes_in_vain:
            skipped = frozenset(op for op in module.walk() if isinstance(op, simd.Instruction | memref.StoreOp))
        self.executable = Executable(module, function, options, Observers(*observers), skipped)

    def run(self, grid: Any, args: Sequence[Any]) -> Simulation:
        """Runs the grid on all cores. Arrays are written in place. Raises RunError where the options have it checked,
        and for what is out of bounds."""
        sizes = check_grid(grid)
        memory = GlobalMemory()
        values, results = place(self.executable.abi, args, memory, self.target)
        machine = Machine(self.target)
        if self.finds_races:
            machine.races = Races(machine.cores)
        if self.core_races is not None:
            machine.core_races = self.core_races.start(memory, [p.name for p in self.executable.abi.parameters])
        before = memory.snapshot() if self.computes_in_vain else None
        found = self.executable.run_bound(sizes, memory, values, cores=self.target.cores, machine=machine)
        if before is not None:
            memory.restore(before)
        return Simulation(results or found, machine.report() if self.options.cycles else None)
