"""Reproducers: a file with the IR in front of the pass that failed, and the command that fails on it."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import MLContext
from minilinalg.errors import CheckError, Diagnostic, InputError, MinilinalgError
from minilinalg.pipelines import PassFailure, Step, pipeline_text, run_pipeline, unfit_input

Source = Callable[[], tuple[MLContext, ModuleOp]]
"""Makes the module that the pipeline started from afresh: passes work in place, so what failed is half rewritten."""


def find_failure(source: Source, steps: Sequence[Step], failure: PassFailure) -> PassFailure:
    """The failure at the pass that is to blame.

    A module is verified at the end of a stage only, so that a pass in front of the one that was named may have left it
    broken: the pipeline is run once more with a check after every pass.
    """
    try:
        run_pipeline(*source(), steps[: failure.index + 1], verify_each=True)
    except PassFailure as earlier:
        return earlier
    except MinilinalgError:
        pass
    return failure


def unfit(source: Source, steps: Sequence[Step], failure: PassFailure) -> InputError | None:
    """The error of the input, where a pass failed on a module that no road brings to it; else None."""
    ctx, module = source()
    run_pipeline(ctx, module, steps[: failure.index])
    return unfit_input(failure.step.run, module)


def write_reproducer(
    path: Path, source: Source, steps: Sequence[Step], index: int, reason: Diagnostic, flags: Sequence[str] = ()
) -> Path:
    """Writes the module in front of `steps[index]`, and the command for that step, to `path`; returns where it went.

    `flags` are what the command needs besides the pass, such as the target.
    """
    ctx, module = source()
    run_pipeline(ctx, module, steps[:index])
    step = Step(steps[index].run, steps[index].anchor)
    command = shlex.join(["minilinalg-opt", path.name, *flags, "-p", pipeline_text([step])])
    return write_module(path, module, [command], reason)


def write_check(path: Path, error: CheckError, flags: Sequence[str] = (), commands: Sequence[str] = ()) -> Path:
    """Writes the module in front of the pass that a check found at fault, the command for that pass, and what was
    launched, to `path`; returns where it went.

    `flags` are what the pass needs besides its options, such as the target; `commands` repeat the check itself.
    """
    command = shlex.join(["minilinalg-opt", path.name, *flags, "-p", error.pipeline])
    reason = replace(error.diagnostic, hint=None)
    return write_module(path, error.module_before, [command, *commands], reason, error.launch)


def write_module(
    path: Path, module: ModuleOp, commands: Sequence[str], reason: Diagnostic, notes: Sequence[str] = ()
) -> Path:
    """Writes a module to `path`, behind the commands that repeat what went wrong, what that was, and notes; returns
    where it went: a place that cannot be written to gives way to the system's directory for temporary files.
    """
    from minilinalg.printing import module_text

    head = "".join(f"// To repeat: {command}\n" for command in commands)
    head += "".join(f"// {line}\n" for line in (*reason.render().splitlines(), *notes))
    text = head + module_text(module, debuginfo=True)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        path = Path(tempfile.gettempdir()) / path.name
        path.write_text(text, encoding="utf-8")
    return path
