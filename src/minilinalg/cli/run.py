"""`minilinalg run`: a kernel on a simulated machine, with the arguments of a launch file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from minilinalg.cli.arguments import HELP, Arguments, Flag, help_table, parse
from minilinalg.cli.process import read_text
from minilinalg.errors import CommandError, ExitCode, UnsupportedError, near_name, unknown_name

PROGRAM = "minilinalg run"

FLAGS = (
    HELP,
    Flag(("--road",), "the road that the kernel takes down (minilinalg pipelines lists them)", "NAME"),
    Flag(("--target",), "the machine: a name (minilinalg targets lists them), or the path of a target file", "NAME"),
    Flag(("--launch",), "the launch file: grid, arrays and scalars, in TOML", "FILE"),
    Flag(("--to",), "run the module at the end of STAGE instead of at the end of the road", "STAGE"),
    Flag(("--check",), "run after every pass and compare; deep: also finish the road from each", "[deep]", ("deep",)),
    Flag(("--json",), "print the result as JSON"),
    Flag(("--debug-traceback",), "show Python's traceback of an internal error"),
)


@dataclass(frozen=True)
class RunRequest:
    """What a command line asks for, each name checked. `check` is "no", "answers" or "deep"."""

    text: str
    file: str
    road: str | None
    to: str | None
    target: str | None
    launch: Path
    check: str
    json: bool


def run(argv: Sequence[str]) -> int:
    """The subcommand. Raises MinilinalgError; returns the exit code."""
    arguments = parse(PROGRAM, FLAGS, argv, positionals=("FILE",))
    if arguments.has("help"):
        usage = f"usage: {PROGRAM} FILE --road NAME --target NAME --launch FILE.toml [flags]"
        print(f"{usage}\n\n{COMMAND_DOC}\n\nflags:\n{help_table(FLAGS)}")
        return ExitCode.DONE
    return execute(read_request(arguments))


def read_request(arguments: Arguments) -> RunRequest:
    """The request with its names checked, before anything expensive starts. Raises CommandError, InputError."""
    from minilinalg.pipelines import road_stages

    file, launch = arguments.text("FILE"), arguments.text("launch")
    if file is None:
        raise CommandError("no FILE is given", rule=f"{PROGRAM} FILE: the kernel, as TTIR or MLIR")
    if launch is None:
        raise CommandError("--launch is not given", rule="a launch file says grid and arguments: --launch FILE.toml")
    if not Path(launch).is_file():
        directory = Path(launch).parent
        siblings = [str(directory / path.name) for path in directory.glob("*.toml")]
        raise CommandError(f"there is no launch file '{launch}'", hint=near_name(launch, siblings))
    road, to = arguments.text("road"), arguments.text("to")
    if road is None and to is not None:
        raise CommandError("--to stands without --road", rule="--to STAGE ends a road early")
    if road is not None and to is not None and to not in road_stages(road):
        raise unknown_name(f"stage of road {road}", to, road_stages(road))
    if road is not None:
        road_stages(road)
    if (target := arguments.text("target")) is not None:
        from minilinalg.targets import load_target

        load_target(target)
    text, name = read_text(file)
    check = "no" if not arguments.has("check") else arguments.text("check") or "answers"
    return RunRequest(text, name, road, to, target, Path(launch), check, arguments.has("json"))


def execute(request: RunRequest) -> int:
    """Compiles, launches and prints. Raises MinilinalgError."""
    raise UnsupportedError(f"running '{request.file}' from the command line", rule="use minilinalg.compile in Python")


COMMAND_DOC = """\
Compiles the kernel in FILE down the road for the target, runs it with the arguments of the launch file on the simulated
machine, and prints answers, cycles and counters. Without --road the kernel runs as it is, without a machine."""
