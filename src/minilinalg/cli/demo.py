"""`minilinalg demo`: the example kernels down both roads, every pass checked, and their answers against NumPy's."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from minilinalg.cli.arguments import HELP, Flag, help_table, parse
from minilinalg.cli.launching import Outcome, Request, perform
from minilinalg.cli.process import read_input
from minilinalg.cli.progress import Progress
from minilinalg.cli.run_report import arguments_text, grid_text, shape_text
from minilinalg.errors import CommandError, ExitCode, MinilinalgError
from minilinalg.sim.simt.metrics import global_metrics, shared_metrics
from minilinalg.sim.simt.report import SimtReport

PROGRAM = "minilinalg demo"
FLAGS = (
    HELP,
    Flag(("--examples",), "the examples folder of a checkout, when it is not beside the package", "DIR"),
    Flag(("--debug-traceback",), "show Python's traceback of an internal error"),
)
TARGETS = {"simd": "mlu370", "simt": "h200"}
"""The machine at the end of each road."""
SMALL_TARGET = "tiny-simd"


class Shown(NamedTuple):
    """A kernel of the demo.

    excerpt: whether lines of its IR are shown. small: the variant with blocks that fit into the small machine, or None.
    """

    name: str
    excerpt: bool = False
    small: str | None = None


KERNELS = (
    Shown("vector_add", excerpt=True, small=".block256"),
    Shown("softmax", small=".block256"),
    Shown("matmul"),
    Shown("layernorm"),
    Shown("flash_attn"),
    Shown("gemv"),
)

TELLING = {
    "tt": r"tt\.(load|store|dot|reduce)|arith\.\w+f\b|math\.",
    "linalg": r"linalg\.|bufferization\.|tensor\.insert_slice",
    "tiled": r"scf\.",
    "memref": r"memref\.(alloc|copy)|linalg\.",
    "promoted": r"memref\.(alloc|copy)|linalg\.",
    "simd": r"simd\.",
    "ttg": r"tt\.(load|store|dot|reduce)|arith\.\w+f\b|ttg\.",
    "simt": r"simt\.|arith\.\w+f\b",
}
"""By stage the operations that tell what it is about."""

EXCERPT = 4
"""Lines of IR from each stage."""
LABEL, WIDTH = 12, 116
"""Columns of the label in front of a line, and of the whole line."""


def demo(argv: Sequence[str]) -> int:
    """The subcommand. Raises CommandError; returns the exit code: 0 when every kernel did what it should."""
    arguments = parse(PROGRAM, FLAGS, argv, positionals=())
    if arguments.has("help"):
        print(f"usage: {PROGRAM} [flags]\n\n{_DOC}\n\nflags:\n{help_table(FLAGS)}\n\n{_EXIT_CODES}")
        return ExitCode.DONE
    folder = _kernels_folder(arguments.text("examples"))
    print(f"{_DOC}\n")
    codes = [_Kernel(shown, folder).show() for shown in KERNELS]
    wrong = sum(code != ExitCode.DONE for code in codes)
    if wrong:
        print(f"{wrong} of {len(codes)} kernels did not do what they should.")
        return max(codes)
    path = folder / KERNELS[0].name
    print("All as it should be. One of these by hand:")
    for road, target in TARGETS.items():
        print(_command(f"{path}.ttir", f"{path}.toml", road, target))
    return ExitCode.DONE


_DOC = """\
Kernels in the IR that the official Triton compiler wrote, down to the instructions of simulated machines: by the simd
road to an accelerator, by the simt road to a GPU. Each kernel runs after every pass, its answers are compared with
those of before the pass, and in the end with NumPy's."""

_EXIT_CODES = """\
exit codes: 0 done; 1 a kernel does not run, or does not get to the end of the road; 2 the command line is wrong; 3 a
check failed or an answer is not NumPy's; 4 an internal error"""


def _kernels_folder(given: str | None) -> Path:
    """The folder of the kernels. Raises CommandError when it is not there."""
    import minilinalg

    examples = Path(given) if given is not None else Path(minilinalg.__file__).resolve().parents[2] / "examples"
    if (examples / "kernels").is_dir():
        return _from_here(examples / "kernels")
    raise CommandError(
        f"there is no folder '{_from_here(examples / 'kernels')}'",
        rule="the demo shows the kernels of a checkout's examples folder",
        hint="--examples DIR says where it is",
    )


def _from_here(path: Path) -> Path:
    """The path as a user in the current directory would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class _Kernel:
    """One kernel of the demo, on its way to being shown."""

    def __init__(self, shown: Shown, folder: Path):
        self.shown = shown
        self.folder = folder
        self.code = ExitCode.DONE

    def show(self) -> int:
        """Prints a kernel's part; returns the exit code that it would have alone."""
        name = self.shown.name
        _print_heading(f"{name}: {self.folder / name}.ttir")
        seen: set[str] = set()
        for road, target in TARGETS.items():
            if (outcome := self.outcome(name, road, target)) is None:
                continue
            if not seen:
                _print_row("launch", f"grid {grid_text(outcome.launch)}; {arguments_text(outcome.launch)}")
            self.print_stages(outcome, seen)
            seen.update(stage.name for stage in outcome.stages)
            _print_row("checked", _checks_text(outcome))
            _print_row("answers", _answers_text(outcome))
            _print_machine(outcome)
        variants = (("odd sizes", ".nopromise", TARGETS["simd"]), ("small", self.shown.small, SMALL_TARGET))
        for label, variant, target in variants:
            if variant is not None and (other := self.outcome(f"{name}{variant}", "simd", target)) is not None:
                numbers = [f"{n} = {value}" for n, value in _numbers(other)]
                _print_row(label, f"{name}{variant}.ttir, {', '.join(numbers)}: {_answers_text(other)}")
                _print_machine(other)
        print(flush=True)
        return self.code

    def outcome(self, stem: str, road: str, target: str) -> Outcome | None:
        """A kernel on a machine, as far down as it gets; None, and the message printed, when something is wrong."""
        launch = self.folder / f"{stem}.toml"
        try:
            text, file = read_input(str(self.folder / f"{stem}.ttir"))
            command = _command(file, str(launch), road, target)
            request = Request(text, file, launch, road, target, check=True, command=command)
            with Progress() as progress:
                outcome = perform(request, lambda text: progress.show(f"{stem} on {target}: {text}"))
            if outcome.failure is None:
                return outcome
            error: MinilinalgError = outcome.failure
        except MinilinalgError as found:
            error = found
        self.code = max(self.code, error.exit_code)
        print(error.diagnostic.render())
        return None

    def print_stages(self, outcome: Outcome, seen: Collection[str]) -> None:
        """Prints the size of each stage, and, where excerpts are shown, its passes and a few lines of its IR, if it is
        not among the stages `seen`."""
        assert outcome.kernel is not None
        if not self.shown.excerpt:
            sizes = ", ".join(f"{stage.name} {stage.operations}" for stage in outcome.stages)
            _print_row("stages", f"{sizes} operations")
            return
        for stage in (each for each in outcome.stages if each.name not in seen):
            passes = ", ".join(stage.passes) or "as it came"
            _print_row(stage.name, f"{stage.operations} operations after {passes}")
            for line in _telling_lines(outcome.kernel.text(stage.name), stage.name):
                shown = line if len(line) <= WIDTH - LABEL - 2 else f"{line[: WIDTH - LABEL - 5]}..."
                print(f"{'':<{LABEL}}  {shown}")


def _print_machine(outcome: Outcome) -> None:
    """Prints what the machine did."""
    if (report := outcome.report) is not None:
        head, *_ = report.render().splitlines()
        busy = ", ".join(f"{name} {share:.1%}" for name, share in report.utilisation.items() if share)
        _print_row(report.target, f"{head.removeprefix(f'{report.target}: ')}; busy: {busy or 'nothing'}")
        if isinstance(report, SimtReport):
            _print_row("counted", _counters_text(report.counters))


def _counters_text(counters: Mapping[str, int]) -> str:
    """What is asked first of a GPU's kernel: how wide its accesses are, and whether banks are in each other's way."""

    sectors = [
        f"{counters[sectors]:,} sectors in {counters[requests]:,} {what}"
        for what, (sectors, requests) in (("loads", global_metrics("ld")), ("stores", global_metrics("st")))
    ]
    conflicts = sum(counters.get(shared_metrics(kind)[1], 0) for kind in ("ld", "st", "ldgsts"))
    return f"{', '.join(sectors)}, {conflicts:,} bank conflicts"


def _numbers(outcome: Outcome) -> list[tuple[str, int | float]]:
    """The scalars of a launch by name."""
    launch = outcome.launch
    named = [(p.name, value) for p, value in zip(launch.parameters, launch.arguments, strict=True)]
    return [(name, value) for name, value in named if isinstance(value, int | float)]


def _command(file: str, launch: str, road: str, target: str) -> str:
    # As the demo itself was called, so that the line runs where the command is not on the PATH.
    program = str(_from_here(Path(sys.argv[0]))) if Path(sys.argv[0]).name == "minilinalg" else "minilinalg"
    return f"{program} run {file} --road {road} --target {target} --launch {launch} --check"


def _checks_text(outcome: Outcome) -> str:
    passes = [check for check in outcome.checks if check.numerics]
    exact = sum(check.numerics == "exact" for check in passes)
    others = "" if exact == len(passes) else f", {len(passes) - exact} within the bound of what they may round"
    return f"{len(passes)} passes, after each the same answers as before: {exact} bit for bit{others}"


def _answers_text(outcome: Outcome) -> str:
    parts = [
        f"{a.name} {shape_text(a.dtype, a.shape)} "
        + ("equals NumPy's" if not a.max_absolute_error else f"is within {a.max_absolute_error:.2g} of NumPy's")
        for a in outcome.answers
        if a.has_reference
    ]
    return ", ".join(parts) or "no reference"


def _telling_lines(text: str, stage: str) -> list[str]:
    """Lines of a module with operations that tell what the stage is about, at most two with the same one."""
    pattern = re.compile(rf"(?:%[\w:, %]+ = )?((?:{TELLING.get(stage, '')})\w*)")
    seen: Counter[str] = Counter()
    lines: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if (match := pattern.match(line)) is not None and seen[match[1]] < 2:
            seen[match[1]] += 1
            lines.append(line)
    return lines[:EXCERPT]


def _print_heading(text: str) -> None:
    bold, normal = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"{bold}{text}{normal}")


def _print_row(label: str, text: str) -> None:
    for line in wrap(text, WIDTH - LABEL, break_long_words=False, break_on_hyphens=False):
        print(f"{label:<{LABEL}}{line}")
        label = ""
