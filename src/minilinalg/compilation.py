"""`ml.compile`: from a kernel's text to something that runs on a machine, every stage kept.

kernel = ml.compile("vector_add.ttir", road="simd", target="tiny-simd")
run = kernel[(98,)](x, y, out, 100_000)
run.cycles, run.pipes, kernel.text("linalg")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from xdsl.dialects.builtin import ModuleOp

from minilinalg.abi import FunctionAbi, check_grid, find_function, symbol
from minilinalg.context import MLContext, make_context
from minilinalg.errors import CommandError, InputError, LaunchError, Remark, UnsupportedError, near_name, unknown_name
from minilinalg.locations import places_of
from minilinalg.parsing import parse_module
from minilinalg.pipelines import ROADS, Instrumentation, Step, check_options, road_stages, run_pipeline, steps_for
from minilinalg.printing import module_text
from minilinalg.reading import read_text
from minilinalg.run_options import DEFAULTS, RunOptions
from minilinalg.stages import stage_of
from minilinalg.targets import Machine, SimtTarget, Target, list_targets, load_target

if TYPE_CHECKING:
    import numpy as np

    from minilinalg.check import Checked, PassChecks
    from minilinalg.cuda import CudaKernel
    from minilinalg.interp.run import Executable
    from minilinalg.sim.report import MachineReport
    from minilinalg.sim.run import Simulator
    from minilinalg.sim.simt.run import SimtSimulator

    Array = np.ndarray[Any, np.dtype[Any]]


class HasModule(Protocol):
    """What was built by hand: `ml.builder.Module`."""

    @property
    def module(self) -> ModuleOp: ...


PTX = "ptx"
"""What `Kernel.text` has beside the stages."""

DEVICES = ("cuda",)
"""Real machines that a kernel may run on."""

Check = bool | Literal["deep"]
Source = str | os.PathLike[str] | ModuleOp | HasModule


@dataclass(frozen=True)
class Run:
    """What came of one launch.

    results: what a function on tensors returns (a kernel writes into its arguments). report: what the machine did, or
    None when the module ran without one. checked: the passes that were checked by running. notes: what such a check
    did not compare, and why.
    """

    results: list[Array]
    report: MachineReport | None = None
    checked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    milliseconds: float | None = None
    """What the kernel took on a real GPU; None on a simulated machine."""

    def _machine(self) -> MachineReport:
        if self.report is None:
            raise CommandError(
                "this run had no machine",
                rule="cycles, pipes and counters come from a kernel compiled down to a machine",
            )
        return self.report

    @property
    def cycles(self) -> int:
        """Cycles of the machine from start to end; on a SIMT machine an estimate (docs/simulated-gpu.md)."""
        return self._machine().cycles

    @property
    def pipes(self) -> Mapping[str, int]:
        """Busy cycles of each pipe, summed over the cores."""
        return self._machine().pipes

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted: instructions executed by name, on a SIMT machine the profiler's metrics by theirs."""
        return self._machine().counters


class _Stages(Instrumentation):
    """Keeps a copy of the module at the end of every stage."""

    def __init__(self, into: dict[str, ModuleOp]):
        self.into = into

    def after_stage(self, stage: str, module: ModuleOp) -> None:
        self.into[stage] = module.clone()


@dataclass(repr=False)
class Kernel:
    """A compiled kernel. `kernel[grid](*args)` runs it; arguments are those of its source function, in order."""

    name: str
    road: str
    target: Machine
    source: ModuleOp
    modules: dict[str, ModuleOp]
    remarks: list[Remark]
    stopped: UnsupportedError | None = None
    """Why it reaches no further stage, when it was compiled with `partial=True`; else None."""
    device: str | None = None
    """Where stage simt runs: "cuda", or None for the simulated machine."""
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    """What was given for the road as a whole, as `num_warps`."""
    _executables: dict[tuple[str, RunOptions], Executable] = field(
        default_factory=dict[tuple[str, RunOptions], "Executable"]
    )
    _simulators: dict[RunOptions, Simulator] = field(default_factory=dict[RunOptions, "Simulator"])
    _gpus: dict[RunOptions, SimtSimulator] = field(default_factory=dict[RunOptions, "SimtSimulator"])
    _on_gpu: list[CudaKernel] = field(default_factory=list["CudaKernel"])
    _checks: dict[str, PassChecks] = field(default_factory=dict[str, "PassChecks"])

    def __repr__(self) -> str:
        return f"<Kernel {self.name} for {self.target.name}, road {self.road}: {' -> '.join(self.stages)}>"

    def __call__(self, *args: Any, **more: Any) -> Run:
        """Runs a function on whole tensors, which has no grid. A kernel has one: `kernel[grid](*args)`."""
        if FunctionAbi.of(find_function(self.source, self.name)).takes_grid:
            raise LaunchError(
                f"kernel '{self.name}' is called without a grid",
                rule="a kernel is launched over a grid: kernel[grid](...)",
            )
        return self[1](*args, **more)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that the kernel reached, in order."""
        return tuple(self.modules)

    @property
    def last_stage(self) -> str:
        """The stage that runs when the kernel is called."""
        return self.stages[-1]

    def module(self, stage: str) -> ModuleOp:
        """The module as it was at the end of `stage`. Raises CommandError for a stage that was not reached."""
        if stage not in self.modules:
            raise unknown_name(f"stage of kernel '{self.name}'", stage, self.modules)
        return self.modules[stage]

    def text(self, stage: str, *, debuginfo: bool = False) -> str:
        """The text of the module at the end of `stage`; of "ptx", what the GPU's driver takes of stage simt."""
        if stage == PTX:
            from minilinalg.codegen.ptx import machine_of, ptx_text

            return ptx_text(self.module("simt"), machine_of(self.target))
        return module_text(self.module(stage), debuginfo=debuginfo)

    def __getitem__(self, grid: Any) -> Callable[..., Run]:
        """A launch over `grid`: a number, or up to three (x, y, z). Raises LaunchError for what is no grid."""
        sizes = check_grid(grid)

        def launch(
            *args: Any, check: Check = False, stage: str | None = None, options: RunOptions = DEFAULTS, **more: Any
        ) -> Run:
            if more:
                raise self._given_by_name(next(iter(more)))
            return self.launch(sizes, args, check=check, stage=stage, options=options)

        return launch

    def launch(
        self,
        grid: Any,
        args: Sequence[Any],
        *,
        check: Check = False,
        stage: str | None = None,
        options: RunOptions = DEFAULTS,
        progress: Callable[[str], None] | None = None,
    ) -> Run:
        """Runs the kernel at `stage` (its last one unless told), arrays written in place.

        check: first run every pass against the one before on copies of `args`, and raise CheckError at the first that
        changed an answer; "deep" goes to the end of the road and traces a wrong answer to the pass that prepared it.
        options: what the run itself gives: answers, checks, cycles (`ml.RunOptions`).
        progress: is told what is being done: "source" and the name of each pass while it is checked, then "run".
        Only the stages simd and simt count cycles; stage simt always computes its answers.
        """
        if check not in (False, True, "deep"):
            raise CommandError(f"check is {check!r}", rule='check is False, True or "deep"')
        stage = stage or self.last_stage
        module = self.module(stage)
        done = self._check(grid, args, check, stage, progress) if check else None
        checked, notes = (done.passes, done.notes) if done is not None else ((), ())
        if progress is not None:
            progress("run")
        if stage == "simd":
            from minilinalg.sim.run import Simulator

            assert isinstance(self.target, Target)
            if options not in self._simulators:
                self._simulators[options] = Simulator(module, self.target, self.name, options)
            found = self._simulators[options].run(grid, args)
            return Run(found.results, found.report, checked, notes)
        if stage == "simt" and self.device is None and options.answers:
            from minilinalg.sim.simt.run import SimtSimulator

            assert isinstance(self.target, SimtTarget)
            if options not in self._gpus:
                self._gpus[options] = SimtSimulator(module, self.target, self.name, options)
            return Run([], self._gpus[options].run(grid, args), checked, notes)
        if self.device is not None and stage == "simt":
            return Run([], None, checked, notes, self._cuda().run(grid, args))
        if not options.answers:
            raise CommandError(
                f"stage '{stage}' has no cycles without answers", rule="only the simd stage counts cycles alone"
            )
        if (stage, options) not in self._executables:
            from minilinalg.interp.run import Executable

            self._executables[stage, options] = Executable(module, self.name, options)
        results = self._executables[stage, options].run(grid, args, cores=self.target.cores)
        return Run(results, None, checked, notes)

    def _given_by_name(self, name: str) -> LaunchError:
        """The error of an argument that is given by its name."""
        names = [p.name for p in FunctionAbi.of(find_function(self.source, self.name)).parameters]
        return LaunchError(
            f"'{name}' is given by its name",
            rule=f"the arguments are given in their order, {', '.join(names) or 'of which there are none'}; "
            "by name there are check, stage and options",
            hint=near_name(name, ("check", "stage", "options")),
        )

    def _cuda(self) -> CudaKernel:
        """The kernel on the GPU, loaded when it is first run."""
        if not self._on_gpu:
            from minilinalg.codegen.ptx import machine_of
            from minilinalg.cuda import CudaKernel

            self._on_gpu.append(CudaKernel(self.module("simt"), self.name, machine_of(self.target)))
        return self._on_gpu[0]

    def _check_launch(self, args: Sequence[Any]) -> None:
        """Raises LaunchError for arguments that the machine will refuse, before the passes are checked in vain."""
        from minilinalg.interp.memory import GlobalMemory
        from minilinalg.sim.run import place

        assert isinstance(self.target, Target)
        place(FunctionAbi.of(find_function(self.module("simd"), self.name)), args, GlobalMemory(), self.target)

    def _check(
        self, grid: Any, args: Sequence[Any], check: Check, stage: str, progress: Callable[[str], None] | None
    ) -> Checked:
        from minilinalg.check import PassChecks, check_deep

        if stage == "simd":
            self._check_launch(args)
        make_context = partial(_context, self.target)
        # The deep check goes to the end of the road whatever stage runs.
        steps = _steps(self.road, self.source, None if check == "deep" else stage, self.options)
        if check == "deep":
            return check_deep(
                make_context,
                self.source,
                steps,
                grid,
                args,
                function=self.name,
                target=self.target,
                progress=progress,
            )
        if stage not in self._checks:
            self._checks[stage] = PassChecks(make_context, self.source, steps, self.name, self.target)
        return self._checks[stage].check(grid, args, progress)


def _machine(target: Any) -> Machine:
    if isinstance(target, Target | SimtTarget):
        return target
    if target is None:
        raise CommandError(
            "target is not given",
            rule=f"a road leads to a machine: target is one of {', '.join(list_targets())}, or a TOML file's path",
        )
    if not isinstance(target, str) and not hasattr(target, "__fspath__"):
        raise CommandError(
            f"target is {target!r}", rule="a target is a machine's name, the path of a TOML file, or a Target"
        )
    return load_target(os.fspath(target))


def _context(target: Machine) -> MLContext:
    ctx = make_context()
    ctx.target = target
    return ctx


def _steps(road: str, source: ModuleOp, to: str | None, options: Mapping[str, Any]) -> tuple[Step, ...]:
    """The passes of the road from the stage that the source is at."""
    stages = road_stages(road)
    at = _stage(source, stages)
    if to is not None and stages.index(to) < stages.index(at):
        raise CommandError(
            f"the source is at stage '{at}', beyond '{to}'", rule=f"road {road} runs {' -> '.join(stages)}"
        )
    steps = steps_for(source, road, to=to, options=options)
    return () if at == stages[-1] else steps


def _stage(source: ModuleOp, stages: Sequence[str]) -> str:
    """The stage that a source is at. Raises InputError when it is at none of the road's."""
    found = stage_of(source)
    if found is None and any(op.name.startswith("tt.") for op in source.walk()):
        # Triton IR may hold an operation that no pass of ours knows; the pass that meets it says so best.
        return stages[0]
    if found is None or found not in stages:
        raise InputError(
            "this module is at no stage of the road",
            rule=f"a module holds what one of the stages {', '.join(stages)} may hold; see 'minilinalg pipelines'",
            places=places_of(source)[:1],
        )
    return found


def _read(source: Any, ctx: MLContext) -> ModuleOp:
    module = getattr(source, "module", source)
    if isinstance(module, ModuleOp):
        return module.clone()
    if not (isinstance(source, str) or hasattr(source, "__fspath__")) or not str(source):
        raise CommandError(
            f"the source is {source!r}",
            rule="a source is the path of a TTIR or MLIR file, its text, or a ModuleOp",
            hint="docs/your-own-kernel.md shows how Triton writes the TTIR of a kernel"
            if hasattr(source, "fn")
            else None,
        )
    if isinstance(source, str) and ("\n" in source or "{" in source):
        return parse_module(source, "<source>", ctx)
    path = Path(source)
    text = read_text(path, "a source is the path of a TTIR or MLIR file, its text, or a ModuleOp")
    return parse_module(text, str(path), ctx)


def compile(
    source: Source,
    *,
    road: str | None = None,
    target: str | os.PathLike[str] | Machine | None = None,
    function: str | None = None,
    to: str | None = None,
    partial: bool = False,
    watch: Sequence[Instrumentation] = (),
    device: str | None = None,
    num_warps: int | None = None,
    num_stages: int | None = None,
) -> Kernel:
    """Compiles a kernel down the road to a machine.

    source: TTIR or MLIR text at any stage of the road, the path of such a file, a ModuleOp, or what has one as its
    `module` (a builder's); a module is not changed.
    road: "simd" or "simt", the one that leads to `target` unless told. target: a machine by name, the path of a TOML
    file, or a Target; it must be given. function: which one, when there are several.
    to: the stage to stop after. partial: when an operation has no way down, keep the stages reached, and say why in
    `kernel.stopped`, instead of raising. watch: instrumentation of the passes. device: "cuda" runs stage simt on the
    first GPU of this computer instead of the simulated one. num_warps: how many warps run a program, on road simt; 4
    where nothing is said, and what a module that has layouts already says of itself, which no other number changes.
    num_stages: how many iterations of a loop go on at once there, 3 where neither this nor the loop says it; 1 for one
    after another.

    Raises InputError for a wrong source, UnsupportedError for an operation that has no way down yet or that the target
    does not have, and CommandError for an unknown road, target, stage or device, and for options that do not fit.
    """
    if road not in (None, *ROADS):
        raise unknown_name("road", str(road), ROADS)
    machine = _machine(target)
    road = machine.kind if road is None else road
    stages = road_stages(road)
    if to is not None and to not in stages:
        raise unknown_name(f"stage of road {road}", str(to), stages)
    if device not in (None, *DEVICES):
        raise unknown_name("device", str(device), DEVICES)
    if device is not None and "simt" not in stages:
        raise CommandError(f"device '{device}' on road {road}", rule="a GPU runs stage simt, the end of road simt")
    if machine.kind != road:
        raise CommandError(
            f"target '{machine.name}' is a {machine.kind} machine, and the road is '{road}'",
            rule=f"road {road} leads to a {road} machine",
            hint=f"road '{machine.kind}'" if machine.kind in ROADS else None,
        )
    ctx = _context(machine)
    original = _read(source, ctx)
    name = symbol(find_function(original, function))
    FunctionAbi.of(find_function(original, function))
    given = {"num_warps": num_warps, "num_stages": num_stages}
    options = {name: number for name, number in given.items() if number is not None}
    check_options(road, options)
    steps = _steps(road, original, to, options)
    modules: dict[str, ModuleOp] = {_stage(original, stages): original}
    module = original.clone()
    stopped: UnsupportedError | None = None
    try:
        run_pipeline(ctx, module, steps, instrumentation=[_Stages(modules), *watch])
    except UnsupportedError as error:
        if not partial:
            raise
        stopped = error
    return Kernel(name, road, machine, original, modules, list(ctx.remarks), stopped, device, options)
