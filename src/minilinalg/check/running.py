"""Running a module for its answers: on copies of the arguments, on the machine where it is a machine's program."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from minilinalg.abi import FunctionAbi, find_function
from minilinalg.check.arguments import copy_arguments
from minilinalg.check.compare import Answer
from minilinalg.check.turns import NO_LIMITS, TurnLimits, TurnWatch
from minilinalg.dialects.upstream import scf
from minilinalg.interp.binding import bind, with_results
from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.observers import Observer, Observers
from minilinalg.interp.run import Executable
from minilinalg.interp.threads import threads_of
from minilinalg.run_options import DEFAULTS, RunOptions
from minilinalg.sim.run import Simulator
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import Machine, SimtTarget, Target


@dataclass(frozen=True)
class Ready:
    """A module made ready to run, and what counts the turns of its loops."""

    program: Executable | Simulator | SimtSimulator
    turns: TurnWatch


@dataclass
class Programs:
    """Modules made ready to run, each once, for all launches of one kernel. They must not change any more."""

    ready: dict[tuple[ModuleOp, RunOptions], Ready] = field(default_factory=dict[tuple[ModuleOp, RunOptions], "Ready"])


def is_dealt_out(module: ModuleOp) -> bool:
    """Whether every core of a machine has its own programs, and runs them one after another."""
    return any(
        op.name.startswith("simd.")
        or (isinstance(op, scf.ForallOp) and len(op.mixed_upper_bound) == 1 and not op.results)
        for op in module.walk()
    )


def is_of_one_thread(module: ModuleOp, function: str | None) -> bool:
    """Whether a function is written for one thread of a block."""
    return threads_of(find_function(module, function)) is not None


@dataclass(frozen=True)
class Launch:
    """A launch to repeat: over `grid`, of `function` (None: the only one of a module), on `target`'s machine.

    programs: where what was made ready to run is kept; None: nowhere, so that modules may change in between.
    """

    grid: Any
    function: str | None = None
    target: Machine | None = None
    programs: Programs | None = None

    def validate(self, module: ModuleOp, args: Sequence[Any]) -> None:
        """Raises LaunchError when the arguments are not those of the function."""
        program = self._ready(module, DEFAULTS).program
        executable = program if isinstance(program, Executable) else program.executable
        bind(executable.abi, with_results(executable.abi, args)[0], GlobalMemory(), watched=True)

    def answer(
        self,
        module: ModuleOp,
        args: Sequence[Any],
        options: RunOptions = DEFAULTS,
        limits: TurnLimits = NO_LIMITS,
    ) -> Answer:
        """All that the module leaves when it runs on copies of the arguments.

        A module of the last stage of a road runs on the machine, which complains about what no machine of its kind can
        do. Raises TurnLimitError when a loop takes more turns than `limits`.
        """
        copies = copy_arguments(args)
        # What the program prints is for the run that was asked for, and not for each of those that check it.
        with redirect_stdout(StringIO()):
            return self._answer(self._ready(module, options), copies, limits)

    def _answer(self, ready: Ready, copies: Sequence[Any], limits: TurnLimits) -> Answer:
        program, turns = ready.program, ready.turns
        turns.begin(limits)
        if isinstance(program, Simulator):
            abi, results = program.executable.abi, program.run(self.grid, copies).results
        elif isinstance(program, SimtSimulator):
            program.run(self.grid, copies)
            abi, results = program.executable.abi, list[Array]()
        else:
            abi, results = program.abi, self._run(program, copies)
        return Answer.of(abi, copies, results, turns.turns)

    def _ready(self, module: ModuleOp, options: RunOptions) -> Ready:
        if self.programs is not None and (known := self.programs.ready.get((module, options))) is not None:
            return known
        turns = TurnWatch()
        if isinstance(self.target, Target) and any(op.name.startswith("simd.") for op in module.walk()):
            program = Simulator(module, self.target, self.function, options, turns)
        elif isinstance(self.target, SimtTarget) and is_of_one_thread(module, self.function):
            # What lies between elements is compared, and is nobody's.
            only = replace(options, cycles=False)
            program = SimtSimulator(module, self.target, self.function, only, turns, margins=False)
        else:
            program = Executable(module, self.function, options, turns)
        ready = Ready(program, turns)
        if self.programs is not None:
            self.programs.ready[module, options] = ready
        return ready

    def observe(
        self, module: ModuleOp, args: Sequence[Any], observer: Observer, limits: TurnLimits = NO_LIMITS
    ) -> Answer:
        """`answer` without a machine, with `observer` looking on, on `args` themselves."""
        turns = TurnWatch()
        turns.begin(limits)
        executable = Executable(module, self.function, RunOptions(checks=False), Observers(observer, turns))
        with redirect_stdout(StringIO()):
            return Answer.of(executable.abi, args, self._run(executable, args), turns.turns)

    def _run(self, executable: Executable, args: Sequence[Any]) -> list[Array]:
        cores = None if self.target is None else self.target.cores
        return executable.run(self.grid, args, cores=cores)

    def check_order(self, source: ModuleOp, args: Sequence[Any]) -> None:
        """Raises WaitError when programs of the source wait for what their machine runs only once they have ended."""
        if self.target is None:
            return
        executable = Executable(source, self.function)
        with redirect_stdout(StringIO()):
            executable.check_order(self.grid, copy_arguments(args), copy_arguments(args), self.target.cores)

    def argument(self, module: ModuleOp, args: Sequence[Any], name: str) -> Any:
        """The one of `args` that the function calls `name`, or None."""
        abi = FunctionAbi.of(find_function(module, self.function))
        return next((a for p, a in zip(abi.parameters, args, strict=False) if p.name == name), None)

    def result_buffers(self, module: ModuleOp) -> list[str]:
        """The parameters in which a function on tensors returns its results, once it is on buffers."""
        return [p.name for p in FunctionAbi.of(find_function(module, self.function)).parameters if p.kind == "result"]

    def describe(self, module: ModuleOp, args: Sequence[Any]) -> tuple[str, ...]:
        """One line for the launch and one for each argument, for the comments of a reproducer."""
        abi = FunctionAbi.of(find_function(module, self.function))
        named = list(zip((p.name for p in abi.parameters), args, strict=False))
        memory = GlobalMemory()
        memory.place([(name, a) for name, a in named if is_array(a)])
        lines = [f"function {abi.name}, grid {self.grid}"]
        for name, a in named:
            if not is_array(a):
                lines.append(f"{name}: {a}")
                continue
            others = [n for s in memory.segments if name in s.names for n in s.names if n != name]
            notes = [
                *([] if a.flags.c_contiguous else [f"strides {a.strides} bytes"]),
                *([] if a.flags.writeable else ["read-only"]),
                *([f"shares memory with {', '.join(others)}"] if others else []),
            ]
            lines.append(", ".join([f"{name}: {a.dtype} array of shape {a.shape}", *notes]))
        return tuple(lines)
