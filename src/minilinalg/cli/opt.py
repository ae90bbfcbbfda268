"""`minilinalg-opt`: reads MLIR, runs passes, prints MLIR. Its habits are those of mlir-opt."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from minilinalg.cli.arguments import HELP, VERSION, Arguments, Flag, help_table, parse, table
from minilinalg.cli.process import print_traceback, read_text, run_command, write_text
from minilinalg.errors import CommandError, Diagnostic, ExitCode, InternalError, MinilinalgError, Place
from minilinalg.passes import PASSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from minilinalg.cli.watching import Times
    from minilinalg.context import MLContext
    from minilinalg.pipelines import Instrumentation, PassFailure, Step
    from minilinalg.targets import Target

PROGRAM = "minilinalg-opt"

FLAGS = (
    HELP,
    VERSION,
    Flag(("--list-passes",), "list the passes with their numerics and exit"),
    Flag(("-o", "--output"), "write to FILE, whole or not at all ('-': stdout)", "FILE"),
    Flag(("-p", "--pass-pipeline"), "run 'a,b{x=1,2},c' or 'builtin.module(a,tt.func(b))'", "TEXT"),
    Flag(("--road",), "run a road from the stage that the input is at (minilinalg pipelines shows it)", "NAME"),
    Flag(("--to",), "with --road: stop at the end of STAGE", "STAGE"),
    Flag(("--target",), "the machine that passes ask for sizes: a name, or the path of a target file", "NAME"),
    Flag(("--allow-unregistered-dialect",), "read operations of dialects that are not known"),
    Flag(("--split-input-file",), "process the parts between lines '// -----' each on its own"),
    Flag(("--verify-diagnostics",), "the diagnostics must be those of 'expected-error @+1 {{text}}' comments"),
    Flag(("--verify-each", "--verify-passes"), "verify after every pass, not only where a stage ends", "[0|1]"),
    Flag(("--remarks",), "show why passes did or did not do something"),
    Flag(("--print-ir-after-all", "--mlir-print-ir-after-all"), "print the IR to stderr after each pass"),
    Flag(("--print-ir-after-change", "--mlir-print-ir-after-change"), "the same, for passes that changed it"),
    Flag(("--print-ir-tree-dir", "--mlir-print-ir-tree-dir"), "write the IR after each pass to DIR", "DIR"),
    Flag(("--print-debuginfo", "--mlir-print-debuginfo"), "print where operations come from"),
    Flag(("--mlir-print-op-generic",), "print every operation in its generic form"),
    Flag(("--dump-pass-pipeline",), "print the pipeline to stderr, as a text for -p"),
    Flag(("--time-passes", "--mlir-timing"), "print the time that each pass took to stderr"),
    Flag(("--crash-reproducer",), "where the input of a pass goes that fails", "FILE"),
    Flag(("--debug-traceback",), "show Python's traceback of an internal error"),
)

SPLIT_MARKER = re.compile(r"^// -----.*\n?", re.MULTILINE)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; `argv` without the program's name, those of the process when None. Returns the exit code."""
    return run_command(run, argv)


def run(argv: Sequence[str]) -> int:
    """Does what `argv` says. Raises MinilinalgError for what cannot be charged to one part of the input."""
    arguments = parse(PROGRAM, FLAGS, argv, positionals=("FILE",), names=PASSES)
    for key, text in (("help", help_text), ("version", version_text), ("list-passes", pass_list)):
        if arguments.has(key):
            print(text())
            return ExitCode.DONE
    return Run(arguments).all_parts()


def help_text() -> str:
    """What `--help` prints."""
    passes = table((f"--{name}", "") for name in PASSES)
    return (
        f"usage: {PROGRAM} [FILE] [flags]\n\nReads MLIR from FILE ('-' or none: stdin), runs passes, prints MLIR.\n\n"
        f"flags:\n{help_table(FLAGS)}\n\n"
        f"passes, run in the order given; options as in --NAME='x=1 y=2,3':\n{passes}\n\n"
        "exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 a check failed, 4 an internal error"
    )


def version_text() -> str:
    """What `--version` prints."""
    from importlib.metadata import version

    return f"{PROGRAM} {version('minilinalg')} (xDSL {version('xdsl')})"


def pass_list() -> str:
    """What `--list-passes` prints: name, numerics, one line."""
    from minilinalg.passes import load_pass
    from minilinalg.passes.base import summary

    classes = [load_pass(name) for name in PASSES]
    width = max(len(cls.name) for cls in classes)
    return "\n".join(f"{cls.name:<{width}}  {cls.numerics:<12}  {summary(cls)}" for cls in classes)


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
        for key, value in arguments.order:
            if key == "pass-pipeline":
                self.parts.append(_parse_pipeline(value or "", ctx))
            elif key == "road":
                self.parts.append(value or "")
                self.steps_of(self.parts[-1], None)
            elif key in PASSES:
                self.parts.append(_parse_pipeline(f"{key}{{{value}}}" if value else key, ctx, flag=key))
        if self.to is not None and not any(isinstance(part, str) for part in self.parts):
            raise CommandError("--to stands without --road", rule="--to STAGE ends a road early")

    def steps(self, module: ModuleOp) -> tuple[Step, ...]:
        """The steps for `module`: a road is taken up at the stage where the module is."""
        return tuple(step for part in self.parts for step in self.steps_of(part, module))

    def steps_of(self, part: tuple[Step, ...] | str, module: ModuleOp | None) -> tuple[Step, ...]:
        if not isinstance(part, str):
            return part
        from minilinalg.pipelines import road_steps, steps_for

        return road_steps(part, to=self.to) if module is None else steps_for(module, part, to=self.to)


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
        self.text, self.file = read_text(arguments.text("FILE") or "-")

    def all_parts(self) -> int:
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
        part.diagnostics = tuple(self.with_excerpts(d) for d in (*shown, *errors))
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
            return self.show(module)

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

    def with_reproducer(self, failure: PassFailure, text: str, steps: Sequence[Step]) -> InternalError:
        """The failure, with the file named that repeats it."""
        from minilinalg.reproducer import find_failure, write_reproducer

        def source() -> tuple[MLContext, ModuleOp]:
            ctx = self.context()
            return ctx, self.read(text, ctx)

        failure = find_failure(source, steps, failure)
        stem = "stdin" if self.file == "<stdin>" else Path(self.file).stem
        path = Path(self.arguments.text("crash-reproducer") or f"{stem}.reproducer.mlir")
        flags = [f"--{key}={value}" for key in ("target",) if (value := self.arguments.text(key)) is not None]
        flags += ["--allow-unregistered-dialect"] * self.allow_unregistered
        path = write_reproducer(path, source, steps, failure.index, failure.diagnostic, flags)
        failure.diagnostic = replace(failure.diagnostic, hint=f"a reproducer is in {path}")
        return failure

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

    def with_excerpts(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the lines of the input that its places are in."""

        def fill(place: Place) -> Place:
            if place.text is not None or place.file != self.file or place.line > self.text.count("\n") + 1:
                return place
            return replace(place, text=self.text.split("\n")[place.line - 1])

        return replace(diagnostic, places=tuple(fill(place) for place in diagnostic.places))


def _load_target(name: str | None) -> Target | None:
    if name is None:
        return None
    from minilinalg.targets import load_target

    return load_target(name)


def _times() -> Times:
    from minilinalg.cli.watching import Times

    return Times()


if __name__ == "__main__":
    sys.exit(main())
