"""One run of `minilinalg-opt`: the passes that its command line asks for, over every part of its input."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from minilinalg.cli.arguments import Arguments
from minilinalg.cli.excerpts import with_excerpts
from minilinalg.cli.process import print_traceback, read_input, write_text
from minilinalg.cli.road_options import ROAD_FLAGS, road_options
from minilinalg.errors import CommandError, Diagnostic, ExitCode, InternalError, MinilinalgError
from minilinalg.passes import PASSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from minilinalg.cli.watching import Times
    from minilinalg.context import MLContext
    from minilinalg.pipelines import Instrumentation, PassFailure, Step
    from minilinalg.targets import Machine

ROAD_ONLY = {
    "to": "--to STAGE ends a road early",
    **{flag.key: f"--{flag.key} is for a road; a pass has options of its own, --NAME='x=1'" for flag in ROAD_FLAGS},
}
"""Flags that say something of a road -> the rule."""
SPLIT_MARKER = re.compile(r"^// -----.*\n?", re.MULTILINE)


def split(text: str) -> Iterator[str]:
    """The parts between lines `// -----`, each moved down by empty lines to where it stands in the whole text."""
    start = 0
    for marker in [*SPLIT_MARKER.finditer(text), None]:
        end = len(text) if marker is None else marker.start()
        yield "\n" * text.count("\n", 0, start) + text[start:end]
        start = end if marker is None else marker.end()


class Plan:
    """The passes that a command line asks for, in its order."""

    def __init__(self, arguments: Arguments, ctx: MLContext):
        self.parts: list[tuple[Step, ...] | str] = []
        self.to = arguments.text("to")
        self.options = road_options(arguments)
        for key, value in arguments.order:
            if key == "pass-pipeline":
                self.parts.append(_parse_pipeline(value or "", ctx))
            elif key == "road":
                if any(isinstance(part, str) for part in self.parts):
                    raise CommandError("--road is given twice", rule="one road is run; -p TEXT and --PASS add passes")
                self.parts.append(value or "")
                self.steps_of(self.parts[-1], None)
            elif key in PASSES:
                self.parts.append(_parse_pipeline(f"{key}{{{value}}}" if value else key, ctx, flag=key))
        for flag, rule in ROAD_ONLY.items():
            if arguments.text(flag) is not None and not any(isinstance(part, str) for part in self.parts):
                raise CommandError(f"--{flag} stands without --road", rule=rule)

    def steps(self, module: ModuleOp) -> tuple[Step, ...]:
        """The steps for `module`: a road is taken up at the stage where the module is."""
        return tuple(step for part in self.parts for step in self.steps_of(part, module))

    def steps_of(self, part: tuple[Step, ...] | str, module: ModuleOp | None) -> tuple[Step, ...]:
        if not isinstance(part, str):
            return part
        from minilinalg.pipelines import road_steps, steps_for

        if module is None:
            return road_steps(part, to=self.to, options=self.options)
        return steps_for(module, part, to=self.to, options=self.options)


def _parse_pipeline(text: str, ctx: MLContext, flag: str | None = None) -> tuple[Step, ...]:
    if text in PASSES:
        # The common case needs no grammar, whose parser takes as long to import as all the rest.
        from minilinalg.passes import load_pass
        from minilinalg.passes.options import build_pass
        from minilinalg.pipelines import Step

        return (Step(build_pass(load_pass(text), {})),)
    from minilinalg.cli.pipeline_text import parse_pipeline

    return parse_pipeline(text, ctx, file=f"--{flag}" if flag else "<pipeline>")


@dataclass
class Part:
    """One part of the input on its way: what came out of it, or what is wrong with it."""

    text: str
    output: str | None = None
    error: MinilinalgError | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class Run:
    """One run of the command over its input."""

    def __init__(self, arguments: Arguments):
        from minilinalg.context import make_context

        self.arguments = arguments
        self.allow_unregistered = arguments.has("allow-unregistered-dialect")
        self.target = _load_target(arguments.text("target"))
        self.plan = Plan(arguments, make_context(allow_unregistered=self.allow_unregistered))
        self.times = _times() if arguments.has("time-passes") else None
        self.text, self.file = read_input(arguments.text("FILE") or "-")

    def run(self) -> int:
        """Processes every part, prints what is to be printed, and returns the exit code."""
        has = self.arguments.has
        texts = list(split(self.text)) if has("split-input-file") else [self.text]
        parts = [self.one_part(text, i if len(texts) > 1 else None) for i, text in enumerate(texts)]
        code = self.judge(parts) if has("verify-diagnostics") else self.report(parts)
        path = self.arguments.text("output") or "-"
        if code == ExitCode.DONE or path == "-":
            with self.span("Write"):
                write_text(path, "// -----\n".join(part.output for part in parts if part.output is not None))
        if self.times is not None:
            print(self.times.table(), file=sys.stderr)
        return code

    def one_part(self, text: str, number: int | None) -> Part:
        part = Part(text)
        ctx = self.context()
        try:
            part.output = self.process(part, ctx, number)
        except MinilinalgError as error:
            part.error = error
        remarks = tuple(
            Diagnostic(f"[{r.pass_name}] {r.text}", places=r.places, severity="remark") for r in ctx.remarks
        )
        errors = () if part.error is None else (part.error.diagnostic,)
        shown = remarks if self.arguments.has("remarks") else ()
        part.diagnostics = tuple(with_excerpts(d, self.file, self.text) for d in (*shown, *errors))
        return part

    def process(self, part: Part, ctx: MLContext, number: int | None) -> str:
        with self.span("Parser"):
            module = self.read(part.text, ctx)
        if self.plan.parts:
            from minilinalg.pipelines import PassFailure, pipeline_text, run_pipeline

            steps = self.plan.steps(module)
            if self.arguments.has("dump-pass-pipeline"):
                print(pipeline_text(steps), file=sys.stderr)
            try:
                run_pipeline(
                    ctx,
                    module,
                    steps,
                    instrumentation=self.instrumentation(number),
                    verify_each=self.arguments.has("verify-each"),
                )
            except PassFailure as failure:
                raise self.with_reproducer(failure, part.text, steps) from failure.__cause__
        with self.span("Printer"):
            return self.emit(module) if self.arguments.has("emit") else self.show(module)

    def context(self) -> MLContext:
        from minilinalg.context import make_context

        ctx = make_context(allow_unregistered=self.allow_unregistered)
        ctx.target = self.target
        return ctx

    def read(self, text: str, ctx: MLContext) -> ModuleOp:
        from minilinalg.parsing import parse_module

        try:
            return parse_module(text, self.file, ctx)
        except MinilinalgError:
            raise
        except Exception as error:
            raise InternalError(f"internal error in reading '{self.file}': {type(error).__name__}: {error}") from error

    def show(self, module: ModuleOp) -> str:
        from minilinalg.printing import module_text

        has = self.arguments.has
        return module_text(module, debuginfo=has("print-debuginfo"), generic=has("mlir-print-op-generic"))

    def emit(self, module: ModuleOp) -> str:
        from minilinalg.codegen.ptx import machine_of, ptx_text

        return ptx_text(module, machine_of(self.target))

    def span(self, name: str) -> AbstractContextManager[None]:
        return nullcontext() if self.times is None else self.times.span(name)

    def instrumentation(self, number: int | None) -> list[Instrumentation]:
        """What looks on, for the part `number` of several (None: the only one)."""
        from minilinalg.cli.watching import DumpTree, PrintAfter

        looks: list[Instrumentation] = [] if self.times is None else [self.times]
        if self.arguments.has("print-ir-after-all"):
            looks.append(PrintAfter(self.show, only_changes=False))
        elif self.arguments.has("print-ir-after-change"):
            looks.append(PrintAfter(self.show, only_changes=True))
        if (directory := self.arguments.text("print-ir-tree-dir")) is not None:
            looks.append(DumpTree(Path(directory) / ("" if number is None else f"part_{number}"), self.show))
        return looks

    def with_reproducer(self, failure: PassFailure, text: str, steps: Sequence[Step]) -> MinilinalgError:
        """The failure, with the file named that repeats it; or what is wrong with a module that the pass never gets."""
        from minilinalg.reproducer import find_failure, unfit, write_reproducer

        def source() -> tuple[MLContext, ModuleOp]:
            ctx = self.context()
            return ctx, self.read(text, ctx)

        flags = [f"--target={name}"] if (name := self.arguments.text("target")) is not None else []
        flags += ["--allow-unregistered-dialect"] * self.allow_unregistered
        try:
            failure = find_failure(source, steps, failure)
            if (wrong := unfit(source, steps, failure)) is not None:
                return wrong
            path = write_reproducer(self.reproducer_path(), source, steps, failure.index, failure.diagnostic, flags)
        except Exception:
            # What cannot be repeated is still worth reporting as it came.
            return failure
        failure.diagnostic = replace(failure.diagnostic, hint=f"a reproducer is in {path}")
        return failure

    def reproducer_path(self) -> Path:
        stem = "stdin" if self.file == "<stdin>" else Path(self.file).stem
        return Path(self.arguments.text("crash-reproducer") or f"{stem}.reproducer.mlir")

    def report(self, parts: Sequence[Part]) -> int:
        """Prints the diagnostics; the exit code is that of the worst error."""
        for part in parts:
            for diagnostic in part.diagnostics:
                print(diagnostic.render(), file=sys.stderr)
            if isinstance(part.error, InternalError) and self.arguments.has("debug-traceback"):
                print_traceback(part.error)
        return max((part.error.exit_code for part in parts if part.error is not None), default=ExitCode.DONE)

    def judge(self, parts: Sequence[Part]) -> int:
        """Compares the diagnostics with those that the text expects, and prints the difference."""
        from minilinalg.cli.expectations import compare, read_expectations

        wrong: list[Diagnostic] = []
        for part in parts:
            if isinstance(part.error, InternalError):
                return self.report(parts)
            wrong += compare(read_expectations(part.text, self.file), part.diagnostics)
        for diagnostic in wrong:
            print(diagnostic.render(), file=sys.stderr)
        return ExitCode.WRONG_INPUT if wrong else ExitCode.DONE


def _load_target(name: str | None) -> Machine | None:
    if name is None:
        return None
    from minilinalg.targets import load_target

    return load_target(name)


def _times() -> Times:
    from minilinalg.cli.watching import Times

    return Times()
