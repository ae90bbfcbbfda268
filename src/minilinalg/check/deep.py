"""The deep check: the whole road is gone down, and a wrong answer is traced to the pass that prepared it.

A module runs at every stage, but not all that it holds has a meaning there: a promise about an address, a memory space
or a layout is believed by later passes only. A pass that leaves a wrong one behind leaves right answers, and the plain
check names the pass that believed it. The deep check then finishes the road without each earlier pass in turn: where
that mends the answers, the pass that was left out is the one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg.check.checker import Checked, Checker
from minilinalg.errors import CheckError, LaunchError, MinilinalgError, RunError, UnsupportedError
from minilinalg.pipelines import Step, run_pipeline

if TYPE_CHECKING:
    from minilinalg.targets import Machine


def check_deep(
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
    """Checks `steps`, which go to the end of a road, on `source`.

    Raises CheckError as the plain check does, for the pass that a wrong answer is traced to. Wrong arguments, what the
    program itself does wrong, and UnsupportedError for a kernel that the road does not lead down are raised as such.
    """
    checker = Checker(source, grid, args, function=function, target=target, progress=progress)
    try:
        run_pipeline(make_context(), source.clone(), steps, instrumentation=[checker])
    except (UnsupportedError, RunError, LaunchError):
        # What the checker found to be the program's or the caller's own.
        raise
    except MinilinalgError as shown:
        at = len(checker.checked)
        if isinstance(shown, CheckError) and shown.pass_name != steps[at].run.name:
            # It is traced already.
            raise
        for i in range(at):
            without = Checker(source, grid, args, function=function, target=target)
            try:
                run_pipeline(make_context(), source.clone(), [*steps[:i], *steps[i + 1 :]], instrumentation=[without])
            except MinilinalgError:
                # The road needs this pass, or the answer is wrong without it too.
                continue
            raise _traced(checker, make_context(), source, steps, i, at, shown) from shown
        raise
    return checker.result


def _traced(
    checker: Checker, ctx: Context, source: ModuleOp, steps: Sequence[Step], i: int, at: int, shown: MinilinalgError
) -> CheckError:
    before = source.clone()
    run_pipeline(ctx, before, steps[:i])
    name, later, d = steps[i].run.name, steps[at].run.name, shown.diagnostic
    return checker.error(
        steps[i].run,
        f"what pass '{name}' left was got wrong later: {d.found}",
        f"the road without '{name}' ends in right answers: it left something that only later passes read, and "
        f"that is wrong or that '{later}' cannot take",
        d.places,
        before,
    )
