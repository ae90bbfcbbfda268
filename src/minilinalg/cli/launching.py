"""One run of a kernel on the arguments of a launch file: what `minilinalg run` and `minilinalg demo` show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from minilinalg.abi import find_function, functions_of, symbol
from minilinalg.cli.excerpts import with_excerpts
from minilinalg.errors import (
    CheckError,
    Diagnostic,
    InputError,
    MinilinalgError,
    Remark,
    near_name,
)
from minilinalg.pipelines import Instrumentation, PassFailure
from minilinalg.run_options import DEFAULTS, RunOptions

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from minilinalg.compilation import Check, Kernel
    from minilinalg.launch import Answer, Launch, LaunchFile
    from minilinalg.passes.base import MinilinalgPass
    from minilinalg.sim.report import MachineReport


@dataclass(frozen=True)
class Request:
    """What to run.

    text, file: the kernel, and its name for messages. road, target, stage: None for the kernel as it is, on no machine,
    and for the end of the road. numbers: take the place of the launch file's own. options: what the run itself gives.
    road_options: those of `ml.compile` that hold for a road as a whole, num_warps and num_stages.
    command: repeats the run, for a reproducer.
    """

    text: str
    file: str
    launch: Path
    road: str | None = None
    target: str | None = None
    stage: str | None = None
    device: str | None = None
    road_options: Mapping[str, int] = field(default_factory=dict[str, int])
    function: str | None = None
    check: Check = False
    numbers: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])
    options: RunOptions = DEFAULTS
    command: str = ""


@dataclass(frozen=True)
class StageSummary:
    """A stage that was reached: the passes on the way to it, and the number of operations at its end."""

    name: str
    passes: tuple[str, ...]
    operations: int


@dataclass
class CheckedPass:
    """A pass that was checked by running. ok: whether the answers were those of before."""

    name: str
    numerics: str
    seconds: float
    ok: bool


@dataclass
class Outcome:
    """What came of a run. failure: the check that failed, or the answer that is wrong; None when all is well.
    notes: what the checks did not compare, and why."""

    request: Request
    launch: Launch
    kernel: Kernel | None = None
    stages: Sequence[StageSummary] = ()
    checks: Sequence[CheckedPass] = ()
    notes: Sequence[str] = ()
    answers: Sequence[Answer] = ()
    report: MachineReport | None = None
    milliseconds: float | None = None
    failure: CheckError | None = None

    @property
    def stage(self) -> str | None:
        """The stage that ran; None for a kernel that ran as it is."""
        return None if self.kernel is None else self.kernel.last_stage

    @property
    def remarks(self) -> list[Remark]:
        """What passes remarked on their way."""
        return [] if self.kernel is None else self.kernel.remarks


def perform(request: Request, show: Callable[[str], None] = lambda text: None) -> Outcome:
    """Compiles, checks and runs. show: is told what is being done.

    Raises MinilinalgError for all that is wrong before there are answers, UnsupportedError for a kernel that does not
    get to its stage; a failed check or a wrong answer is in the outcome.
    """
    try:
        return _perform(request, show)
    except MinilinalgError as error:
        error.diagnostic = with_excerpts(error.diagnostic, request.file, request.text)
        raise


def _perform(request: Request, show: Callable[[str], None]) -> Outcome:
    from minilinalg.launch import LaunchFile
    from minilinalg.parsing import parse_module

    file = LaunchFile.read(request.launch, request.numbers)
    show(f"reading {request.file}")
    module = parse_module(request.text, request.file)
    name = _function(module, file, request)
    if request.road is None:
        return _run_as_it_is(request, module, name, file, show)
    show("compiling")
    log = _PassLog()
    kernel = _compiled(request, module, name, log)
    launch = file.bind(find_function(kernel.source, kernel.name))
    outcome = Outcome(request, launch, kernel, log.stages(kernel))
    checks = _Checks(show, log.numerics)
    try:
        run = kernel.launch(
            launch.grid, launch.arguments, check=request.check, options=request.options, progress=checks.begin
        )
    except CheckError as error:
        outcome.checks, outcome.failure = checks.failed(), error
        error.diagnostic = with_excerpts(_with_reproducer(error, request), request.file, request.text)
        return outcome
    outcome.checks = checks.checked
    outcome.report, outcome.notes, outcome.milliseconds = run.report, run.notes, run.milliseconds
    return _judged(outcome, run.results)


def _function(module: ModuleOp, file: LaunchFile, request: Request) -> str:
    """The function that runs: the command line's, or the launch file's, or the only one."""
    if request.function is None and file.function is not None:
        functions = functions_of(module)
        if file.function not in functions:
            raise InputError(
                f"no function '{file.function}' in '{request.file}'",
                rule=f"its functions are: {', '.join(functions) or 'none'}",
                hint=near_name(file.function, functions),
                places=[file.document.place("function")],
            )
    return symbol(find_function(module, request.function or file.function, say="--function {}"))


def _run_as_it_is(
    request: Request, module: ModuleOp, name: str, file: LaunchFile, show: Callable[[str], None]
) -> Outcome:
    from minilinalg.interp.run import Executable
    from minilinalg.targets import load_target

    launch = file.bind(find_function(module, name))
    cores = None if request.target is None else load_target(request.target).cores
    show(f"running {name}")
    results = Executable(module, name, request.options).run(launch.grid, launch.arguments, cores=cores)
    return _judged(Outcome(request, launch), results)


def _compiled(request: Request, module: ModuleOp, name: str, log: _PassLog) -> Kernel:
    from minilinalg.compilation import compile

    assert request.road is not None and request.target is not None
    try:
        kernel = compile(
            module,
            road=request.road,
            target=request.target,
            function=name,
            to=request.stage,
            partial=True,
            watch=[log],
            device=request.device,
            **request.road_options,
        )
    except PassFailure as failure:
        raise _blamed(failure, request) from failure.__cause__
    except InputError as error:
        if log.last_stage is None:
            raise
        raise _no_further(error, name, log.last_stage, request) from error
    if kernel.stopped is not None:
        raise _no_further(kernel.stopped, name, kernel.last_stage, request)
    return kernel


def _no_further(error: InputError, name: str, last: str, request: Request) -> InputError:
    """The error of a kernel that does not get to its stage, with the last one that it gets to."""
    d = error.diagnostic
    found = f"'{name}' gets to stage '{last}' of road {request.road} and no further: {d.found}"
    return type(error)(replace(d, found=found, hint=d.hint or f"--stage {last} runs it there"))


def _judged(outcome: Outcome, results: Sequence[Any]) -> Outcome:
    """The outcome with its answers, if any were computed, held against the reference."""
    if not outcome.request.options.answers:
        return outcome
    outcome.answers = outcome.launch.answers(results)
    outcome.failure = next((answer.error() for answer in outcome.answers if not answer.ok), None)
    return outcome


class _PassLog(Instrumentation):
    """Remembers which passes led to which stage, and how they may round."""

    def __init__(self) -> None:
        self.numerics: dict[str, str] = {}
        self._passes: list[str] = []
        self._by_stage: dict[str, tuple[str, ...]] = {}

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.numerics[step.name] = step.numerics

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self._passes.append(step.name)

    def after_stage(self, stage: str, module: ModuleOp) -> None:
        self._by_stage[stage] = tuple(self._passes)
        self._passes.clear()

    @property
    def last_stage(self) -> str | None:
        """The last stage that was reached."""
        return next(reversed(self._by_stage), None)

    def stages(self, kernel: Kernel) -> list[StageSummary]:
        return [
            # The module itself is no operation that anybody wrote.
            StageSummary(name, self._by_stage.get(name, ()), sum(1 for _ in module.walk()) - 1)
            for name, module in kernel.modules.items()
        ]


class _Checks:
    """The passes as they are checked: each begins when the one before it was found to be right."""

    def __init__(self, show: Callable[[str], None], numerics: Mapping[str, str]):
        self.show = show
        self.numerics = numerics
        self.checked: list[CheckedPass] = []
        self.started = 0.0

    def begin(self, name: str) -> None:
        self._stop(ok=True)
        if name == "run":
            self.show("running")
            return
        self.show(f"checking {name}")
        self.checked.append(CheckedPass(name, self.numerics.get(name, ""), 0.0, True))

    def failed(self) -> list[CheckedPass]:
        """The passes up to and with the one whose check failed."""
        self._stop(ok=False)
        return self.checked

    def _stop(self, ok: bool) -> None:
        now = perf_counter()
        if self.checked and self.checked[-1].seconds == 0.0:
            self.checked[-1].seconds, self.checked[-1].ok = now - self.started, ok
        self.started = now


# Reproducers


def _with_reproducer(error: CheckError, request: Request) -> Diagnostic:
    """The diagnostic of a failed check, with the file named that holds the module in front of the pass."""
    from minilinalg.reproducer import write_check

    again = [request.command] if request.command else []
    path = write_check(_reproducer_path(request), error, [f"--target={request.target}"], again)
    return replace(error.diagnostic, hint=f"a reproducer is in {path}")


def _blamed(failure: PassFailure, request: Request) -> PassFailure:
    """The defect of a pass, at the pass that is to blame, with the file named that repeats it.

    A module is verified at the end of a stage only: the road is taken once more with a check after every pass.
    """
    from minilinalg.context import MLContext, make_context
    from minilinalg.parsing import parse_module
    from minilinalg.pipelines import run_pipeline, steps_for
    from minilinalg.reproducer import write_reproducer
    from minilinalg.targets import load_target

    assert request.road is not None and request.target is not None
    target = load_target(request.target)

    def source() -> tuple[MLContext, ModuleOp]:
        ctx = make_context()
        ctx.target = target
        return ctx, parse_module(request.text, request.file, ctx)

    ctx, module = source()
    steps = steps_for(module, request.road, to=request.stage, options=request.road_options)
    try:
        run_pipeline(ctx, module, steps, verify_each=True)
    except PassFailure as found:
        flags = [f"--target={request.target}"]
        path = write_reproducer(_reproducer_path(request), source, steps, found.index, found.diagnostic, flags)
        found.diagnostic = replace(found.diagnostic, hint=f"a reproducer is in {path}")
        return found
    except MinilinalgError:
        pass
    return failure


def _reproducer_path(request: Request) -> Path:
    return Path(f"{'stdin' if request.file == '<stdin>' else Path(request.file).stem}.reproducer.mlir")
