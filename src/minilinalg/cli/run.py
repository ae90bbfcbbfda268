"""`minilinalg run`: a kernel on a simulated machine, with the arguments of a launch file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from minilinalg.cli.arguments import HELP, Arguments, Flag, help_table, parse
from minilinalg.cli.launching import Outcome, Request, perform
from minilinalg.cli.process import read_input
from minilinalg.cli.progress import Progress
from minilinalg.cli.road_options import ROAD_FLAGS, road_options
from minilinalg.cli.run_report import print_json, print_report
from minilinalg.errors import CommandError, ExitCode, near_name, unknown_name
from minilinalg.run_options import RunOptions

PROGRAM = "minilinalg run"

FLAGS = (
    HELP,
    Flag(("--road",), "the road that the kernel takes down (minilinalg pipelines lists them)", "NAME"),
    Flag(("--target",), "the machine: a name (minilinalg targets lists them), or the path of a target file", "NAME"),
    Flag(("--launch",), "the launch file: grid, arguments and reference, in TOML", "FILE"),
    Flag(("--device",), "run on this computer's GPU instead of the simulated one", "cuda", ("cuda",)),
    *ROAD_FLAGS,
    Flag(("--stage",), "run the module at the end of STAGE instead of at the end of the road", "STAGE"),
    Flag(("--function",), "which function runs, where there are several", "NAME"),
    Flag(("--set",), "another value for a number of the launch file; may be given often", "NAME=VALUE"),
    Flag(("--check",), "run after every pass and compare; deep: trace faults to their cause", "[deep]", ("deep",)),
    Flag(("--no-checks",), "do not stop at undefined elements, races and operands out of alignment"),
    Flag(("--no-cycles",), "count no cycles: answers and checks only"),
    Flag(("--no-answers",), "compute nothing and leave the arrays as they are: cycles only"),
    Flag(("--json",), "print everything as one JSON object"),
    Flag(("--remarks",), "show why passes did or did not do something"),
    Flag(("--debug-traceback",), "show Python's traceback of an internal error"),
)

USAGE = f"usage: {PROGRAM} FILE --target NAME --launch FILE.toml [flags]"
DOC = """\
Compiles the kernel in FILE ('-': stdin) down the road for the target, runs it with the arguments of the launch file on
the simulated machine, and prints its answers against the reference, its stages, and the cycles of each pipe. The road
is the one that leads to the target unless --road says so; with neither the kernel runs as it is, on no machine.
docs/launch-files.md describes launch files."""
EXIT_CODES = """\
exit codes: 0 done, and the answers are the reference's; 1 the kernel or the launch file is wrong, or the kernel has no
way down yet; 2 the command line is wrong; 3 a check failed or an answer is wrong; 4 an internal error"""


def run(argv: Sequence[str]) -> int:
    """The subcommand. Raises MinilinalgError; returns the exit code."""
    arguments = parse(PROGRAM, FLAGS, argv, positionals=("FILE",))
    if arguments.has("help"):
        print(f"{USAGE}\n\n{DOC}\n\nflags:\n{help_table(FLAGS)}\n\n{EXIT_CODES}")
        return ExitCode.DONE
    request = read_request(arguments, shlex.join([*PROGRAM.split(), *argv]))
    with Progress() as progress:
        outcome = perform(request, progress.show)
    if arguments.has("json"):
        print_json(outcome)
    else:
        print_report(outcome)
    if arguments.has("remarks"):
        print_remarks(outcome)
    if outcome.failure is not None:
        sys.stdout.flush()
        raise outcome.failure
    return ExitCode.DONE


def print_remarks(outcome: Outcome) -> None:
    """The passes' remarks, on stderr as minilinalg-opt has them."""
    from minilinalg.cli.excerpts import with_excerpts
    from minilinalg.errors import Diagnostic

    sys.stdout.flush()
    for remark in outcome.remarks:
        diagnostic = Diagnostic(f"[{remark.pass_name}] {remark.text}", places=remark.places, severity="remark")
        print(with_excerpts(diagnostic, outcome.request.file, outcome.request.text).render(), file=sys.stderr)


def read_request(arguments: Arguments, command: str) -> Request:
    """The request with its names checked, before anything expensive starts. Raises CommandError, InputError."""
    from minilinalg.pipelines import road_stages
    from minilinalg.targets import list_targets, load_target

    file, launch = arguments.text("FILE"), arguments.text("launch")
    if file is None:
        raise CommandError("no FILE is given", rule=f"{PROGRAM} FILE: the kernel, as TTIR or MLIR")
    if launch is None:
        raise CommandError("--launch is not given", rule="a launch file says grid and arguments: --launch FILE.toml")
    if Path(launch).is_dir():
        raise CommandError(f"'{launch}' is a directory", rule="--launch takes a TOML file")
    if not Path(launch).is_file():
        directory = Path(launch).parent
        siblings = [str(directory / path.name) for path in directory.glob("*.toml")]
        raise CommandError(f"there is no launch file '{launch}'", hint=near_name(launch, siblings))
    road, stage, target = arguments.text("road"), arguments.text("stage"), arguments.text("target")
    if road is not None and stage is not None and stage not in road_stages(road):
        raise unknown_name(f"stage of road {road}", stage, road_stages(road))
    if road is not None:
        road_stages(road)
    asks = ("road", "stage", *(flag.key for flag in ROAD_FLAGS), "device", "check", "no-cycles", "no-answers")
    if target is not None:
        kind = load_target(target).kind
        road = road or kind
    elif any(arguments.has(flag) for flag in asks):
        # Only a road to a machine has use for these.
        raise CommandError(
            "--target is not given",
            rule=f"a road leads to a machine: --target {' | '.join(list_targets())} | FILE.toml",
        )
    text, name = read_input(file)
    return Request(
        text,
        name,
        Path(launch),
        road=road,
        target=target,
        stage=stage,
        device=arguments.text("device"),
        road_options=road_options(arguments),
        function=arguments.text("function"),
        check="deep" if arguments.text("check") == "deep" else arguments.has("check"),
        numbers=dict(_number(value or "") for key, value in arguments.order if key == "set"),
        options=RunOptions(
            answers=not arguments.has("no-answers"),
            checks=not arguments.has("no-checks"),
            cycles=not arguments.has("no-cycles"),
        ),
        command=command,
    )


def _number(text: str) -> tuple[str, int | float]:
    """The name and the number of `--set NAME=NUMBER`."""
    name, equals, value = text.partition("=")
    for read in (int, float):
        try:
            return name.strip(), read(value)
        except ValueError:
            continue
    found = f"--set cannot be '{text}'" if equals else f"--set {text} says no value"
    raise CommandError(found, rule="--set NAME=NUMBER: another value for a number of the launch file")
