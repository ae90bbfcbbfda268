"""The instrumentation: runs the module after every pass and compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg.check.arguments import copy_arguments
from minilinalg.check.compare import Answer, Difference, first_difference
from minilinalg.check.program_races import ProgramRaceWatch
from minilinalg.check.running import Launch, Programs, is_dealt_out
from minilinalg.check.tolerance import Tolerance
from minilinalg.check.turns import TurnLimits, shares_work
from minilinalg.check.writers import find_writer
from minilinalg.context import make_context
from minilinalg.errors import (
    CheckError,
    Diagnostic,
    GlobalRaceError,
    LaunchError,
    MinilinalgError,
    OverCapacityError,
    Place,
    TileError,
    WaitError,
)
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.options import pass_text
from minilinalg.pipelines import Instrumentation, Step, run_pipeline
from minilinalg.run_options import RunOptions
from minilinalg.verification import verify

if TYPE_CHECKING:
    from minilinalg.targets import Machine

PROMISES = {
    "exact": "the pass declares itself exact: bitwise the same answers",
    "reassociates": "the pass may only change the order of sums",
    "contracts": "the pass may only fuse a product into a sum",
    "approximates": "the pass may only replace a function by a near one",
}
"""What a pass may do to answers, by its numerics."""
HINT = "minilinalg.reproducer.write_check(path, error) writes the module as it was before the pass"


def _silent(_: str) -> None:
    """No progress is shown."""


@dataclass(frozen=True)
class Checked:
    """What a check that found nothing wrong did. passes: the names of those that were checked, in order. notes: what
    was not compared, and why."""

    passes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Checker(Instrumentation):
    """Runs the module after every pass and compares. Raises CheckError at the first pass that changed an answer.

    The source module runs first: what it does wrong itself is the program's error and is raised as such, as is a wrong
    argument. progress: is told "source" and the name of each pass when its check begins. programs: where modules that
    were made ready to run are kept for other launches; with it, `module` must not change any more.
    """

    def __init__(
        self,
        module: ModuleOp,
        grid: Any,
        args: Sequence[Any],
        *,
        function: str | None = None,
        target: Machine | None = None,
        progress: Callable[[str], None] | None = None,
        programs: Programs | None = None,
    ):
        self.launch = Launch(grid, function, target, programs)
        self.args = list(args)
        self.seen: list[tuple[MinilinalgPass, ModuleOp]] = []
        """The passes that were checked, in order, each with the module that it left."""
        self._progress: Callable[[str], None] = progress or _silent
        self._progress("source")
        self.launch.validate(module, self.args)
        self._before = self.launch.answer(module, self.args)
        self._module_before: ModuleOp = module if programs is not None else module.clone()
        self._without_races: list[Sequence[Any]] = []
        """Arguments on which it is known that programs of the source do not race."""
        self._limits = TurnLimits.after_a_pass(self._before.turns, shares_work(module))
        self._tolerance = Tolerance(self.launch, self._module_before, self._before, self.args)

    @property
    def checked(self) -> list[str]:
        """The names of the passes that were checked, in order."""
        return [step.name for step, _ in self.seen]

    @property
    def notes(self) -> list[str]:
        """What was not compared, and why."""
        return self._tolerance.notes

    @property
    def result(self) -> Checked:
        """Both of these."""
        return Checked(tuple(self.checked), tuple(self.notes))

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        """Runs and compares; a module that the pass left as it was is the same program."""
        is_same = module.is_structurally_equivalent(self._module_before)
        self.check(step, self._module_before if is_same else module.clone())

    def check(self, step: MinilinalgPass, module: ModuleOp, *, verifies: bool = False) -> None:
        """Compares what a pass left with the module before it, which it is itself where the pass changed nothing.

        Neither may change any more. verifies: whether it is known that the module verifies.
        """
        self._progress(step.name)
        if module is not self._module_before:
            try:
                after = self._compared(step, module, verifies)
            except CheckError as shown:
                if (traced := self._traced(step, shown)) is not None:
                    raise traced from shown
                raise
            self._before, self._module_before = after, module
        self.seen.append((step, module))

    def _compared(self, step: MinilinalgPass, module: ModuleOp, verifies: bool) -> Answer:
        """What the module leaves, which is what the module before it left. Raises CheckError where it is not."""
        after = self._attempt(step, module, verifies)
        if step.numerics == "exact":
            # What equals the module before equals the source as much as that did.
            self._stop_at(step, module, first_difference(self._before, after), self.args)
        else:
            self._compare_inexact(step, module, after)
        return after

    def _traced(self, step: MinilinalgPass, shown: CheckError) -> CheckError | None:
        """The error that names an earlier pass whose mistakes show only now; None where `step` is at fault itself.

        From the last one back, each is done with care, and so are those behind it: their own ways may rest on what it
        did. The first one that mends the answer is wrong, since with care behind it alone nothing was mended.
        """
        for i in reversed(range(len(self.seen))):
            suspect = self.seen[i][0]
            if suspect.careful is None:
                continue
            before = self.seen[i - 1][1] if i else self._tolerance.source
            if self._is_mended(step, before, i):
                return self.error(
                    suspect,
                    f"what pass '{suspect.name}' left was got wrong later: {shown.diagnostic.found}",
                    f"with {suspect.careful.what} instead, '{step.name}' leaves right answers",
                    shown.diagnostic.places,
                    before,
                )
        return None

    def _is_mended(self, step: MinilinalgPass, before: ModuleOp, first: int) -> bool:
        """Whether `step` leaves right answers when the passes from `first` on, before which `before` was, take care."""
        ctx, module = make_context(), before.clone()
        ctx.target = self.launch.target
        try:
            for earlier, _ in self.seen[first:]:
                (earlier.careful or earlier).apply(ctx, module)
            step.apply(ctx, module)
            self._compared(step, module, verifies=False)
        except Exception:
            # Whatever a pass makes of what a wrong one left.
            return False
        return True

    def _attempt(self, step: MinilinalgPass, module: ModuleOp, verifies: bool) -> Answer:
        try:
            if not verifies:
                verify(module)
        except MinilinalgError as error:
            d = error.diagnostic
            found = f"what pass '{step.name}' left does not verify: {d.found}"
            raise self.error(step, found, d.rule, d.places) from error
        try:
            return self.launch.answer(module, self.args, limits=self._limits)
        except (LaunchError, OverCapacityError, TileError):
            # A promise that the pass needs and the arguments break, a block that the target does not hold, a rule of
            # descriptors that only what copies tiles depends on: the caller's error, as it is without a check.
            raise
        except GlobalRaceError as error:
            self._look_for_races(self.args, error)
            if self._changed_nothing(module):
                raise
            raise self._runs_no_more(step, error) from error
        except WaitError as error:
            if is_dealt_out(module):
                self.launch.check_order(self._tolerance.source, self.args)
            raise self._runs_no_more(step, error) from error
        except MinilinalgError as error:
            raise self._runs_no_more(step, error) from error
        except Exception as error:
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            raise self.error(step, f"after pass '{step.name}' the module cannot be run: {text}", None, ()) from error

    def _look_for_races(self, args: Sequence[Any], shown: MinilinalgError) -> None:
        """Raises GlobalRaceError when programs of the source race on `args`: then no pass is at fault for `shown`."""
        if any(args is known for known in self._without_races):
            return
        try:
            self.launch.observe(self._tolerance.source, copy_arguments(args), ProgramRaceWatch())
        except GlobalRaceError as race:
            raise race from shown
        self._without_races.append(args)

    def _runs_no_more(self, step: MinilinalgPass, error: MinilinalgError) -> CheckError:
        self._look_for_races(self.args, error)
        d = error.diagnostic
        found = f"after pass '{step.name}' the module does not run as before: {d.found}"
        return self.error(step, found, d.rule, d.places)

    def _changed_nothing(self, module: ModuleOp) -> bool:
        """Whether the answers are those of before all the same: a race that shows now is one of the program's own."""
        try:
            after = self.launch.answer(module, self.args, RunOptions(checks=False), self._limits)
        except MinilinalgError:
            return False
        return first_difference(self._before, after) is None

    def _compare_inexact(self, step: MinilinalgPass, module: ModuleOp, after: Answer) -> None:
        try:
            found = self._tolerance.first_difference(step.numerics, self._module_before, module, self._before, after)
        except MinilinalgError as error:
            self._look_for_races(self.args, error)
            d = error.diagnostic
            found = f"after pass '{step.name}' the module does not run as before on whole numbers: {d.found}"
            raise self.error(step, found, d.rule, d.places) from error
        if found is not None:
            self._stop_at(step, module, found.difference, found.args, found.on)

    def _stop_at(
        self, step: MinilinalgPass, module: ModuleOp, found: Difference | None, args: Sequence[Any], on: str = ""
    ) -> None:
        if found is None:
            return
        rule = PROMISES[step.numerics]
        if found.allowed:
            rule += f"; rounding alone may change this element by {found.allowed:.3g}"
        writer = find_writer(self.launch, (module, self._module_before), args, found)
        places = places_of(writer) if writer is not None else ()
        error = self.error(step, f"pass '{step.name}' changed an answer: {on}{found}", rule, places)
        self._look_for_races(args, error)
        raise error

    def error(
        self,
        step: MinilinalgPass,
        found: str,
        rule: str | None,
        places: Sequence[Place],
        module_before: ModuleOp | None = None,
    ) -> CheckError:
        """The error that names `step`, with all that a reproducer needs."""
        error = CheckError(Diagnostic(found, rule, HINT, tuple(places)))
        error.pass_name = step.name
        error.pipeline = pass_text(step)
        error.module_before = module_before or self._module_before
        error.launch = self.launch.describe(self._module_before, self.args)
        return error


@dataclass
class PassChecks:
    """Checks of one source and its passes, for one launch after another: what passes leave is the same each time.

    The first check takes the source down its passes, and keeps what each one left, ready to run; later ones only run.
    """

    make_context: Callable[[], Context]
    source: ModuleOp
    steps: Sequence[Step]
    function: str | None = None
    target: Machine | None = None
    _programs: Programs = field(default_factory=Programs)
    _seen: Sequence[tuple[MinilinalgPass, ModuleOp]] | None = None

    def check(self, grid: Any, args: Sequence[Any], progress: Callable[[str], None] | None = None) -> Checked:
        """Checks the passes by running after each.

        Raises CheckError at the first pass that changed an answer, and passes on what a pass raises about its input.
        """
        checker = Checker(
            self.source,
            grid,
            args,
            function=self.function,
            target=self.target,
            progress=progress,
            programs=self._programs,
        )
        if self._seen is None:
            run_pipeline(self.make_context(), self.source.clone(), self.steps, instrumentation=[checker])
            self._seen = checker.seen
        else:
            for step, module in self._seen:
                checker.check(step, module, verifies=True)
        return checker.result


def check_passes(
    make_context: Callable[[], Context],
    source: ModuleOp,
    steps: Sequence[Step],
    grid: Any,
    args: Sequence[Any],
    *,
    function: str | None = None,
    target: Machine | None = None,
    progress: Callable[[str], None] | None = None,
) -> Checked:
    """One check of `steps` on `source`, as `PassChecks.check`."""
    return PassChecks(make_context, source, steps, function, target).check(grid, args, progress)
