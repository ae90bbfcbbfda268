"""Running a module of the simd stage on a machine: answers and cycles in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from minilinalg.abi import check_grid
from minilinalg.errors import InputError
from minilinalg.interp.binding import bind
from minilinalg.interp.dtypes import Array
from minilinalg.interp.engine import Observers
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.run import Executable
from minilinalg.sim.clock import Clock
from minilinalg.sim.races import Races, RaceWatch
from minilinalg.sim.report import MachineReport
from minilinalg.sim.timing import Machine
from minilinalg.targets import Target


@dataclass(frozen=True)
class Simulation:
    """What came of a run: what a function on tensors returns, and what the machine did."""

    results: list[Array]
    report: MachineReport


class Simulator:
    """A module's per-core program, compiled for one machine; every `run` starts a fresh machine.

    races: whether a run looks for accesses that no token orders, and stops at one with RunError.

    Raises InputError when the module is not at the simd stage, or has an instruction that the target cannot execute.
    """

    def __init__(self, module: ModuleOp, target: Target, function: str | None = None, *, races: bool = False):
        self.target = target
        self.races = races
        observer = Observers(Clock(target), RaceWatch(target)) if races else Clock(target)
        self.executable = Executable(module, function, observer=observer)
        for space, used in self.executable.compiled.arenas.items():
            self._check_capacity(space, used)

    def _check_capacity(self, space: str, used: int) -> None:
        # The space is spelt as an attribute: #simd.space<nram>.
        name = space[space.find("<") + 1 : space.rfind(">")]
        usable = self.target.space(name).usable
        if used > usable:
            raise InputError(
                f"the buffers in {name} reach up to byte {used}",
                rule=f"'{self.target.name}' has {usable} bytes of {name}",
            )

    def run(self, grid: Any, args: Sequence[Any]) -> Simulation:
        """Runs the grid on all cores. Arrays are written in place."""
        sizes = check_grid(grid)
        memory = GlobalMemory()
        args, results = self.executable.with_results(args)
        values = bind(self.executable.abi, args, memory)
        machine = Machine(self.target)
        if self.races:
            machine.races = Races(machine.cores)
        found = self.executable.run_bound(sizes, memory, values, cores=self.target.cores, machine=machine)
        return Simulation(results or found, machine.report())
