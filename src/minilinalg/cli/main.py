"""`minilinalg`: runs kernels, and shows roads, passes and machines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from minilinalg.cli.arguments import HELP, VERSION, parse, table
from minilinalg.cli.process import EXIT_CODES, run_command
from minilinalg.errors import CommandError, ExitCode, unknown_name

PROGRAM = "minilinalg"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; `argv` without the program's name, those of the process when None. Returns the exit code."""
    return run_command(dispatch, argv)


def dispatch(argv: Sequence[str]) -> int:
    """Runs the subcommand that stands first. Raises MinilinalgError."""
    if not argv:
        raise CommandError("no command is given", rule=f"a command is one of: {', '.join(COMMANDS)}")
    name, *rest = argv
    if name in COMMANDS:
        return COMMANDS[name][0](rest)
    if not name.startswith("-"):
        raise unknown_name("command", name, COMMANDS)
    arguments = parse(PROGRAM, (HELP, VERSION), argv, positionals=())
    print(version_text() if arguments.has("version") else help_text())
    return ExitCode.DONE


def help_text() -> str:
    """What `--help` prints."""
    commands = table((name, doc) for name, (_, doc) in COMMANDS.items())
    return (
        f"usage: {PROGRAM} COMMAND [arguments]\n\ncommands ({PROGRAM} COMMAND --help says more):\n{commands}\n\n"
        f"{EXIT_CODES}"
    )


def version_text() -> str:
    """What `--version` prints."""
    from importlib.metadata import version

    return f"{PROGRAM} {version('minilinalg')} (xDSL {version('xdsl')})"


def _run(argv: Sequence[str]) -> int:
    from minilinalg.cli.run import run

    return run(argv)


def _demo(argv: Sequence[str]) -> int:
    from minilinalg.cli.demo import demo

    return demo(argv)


def _one_name(command: str, argv: Sequence[str]) -> tuple[bool, str | None]:
    """The arguments of a command that shows things: whether only help was asked for, and the NAME."""
    arguments = parse(f"{PROGRAM} {command}", (HELP,), argv, positionals=("NAME",))
    if arguments.has("help"):
        print(f"usage: {PROGRAM} {command} [NAME]\n\n{COMMANDS[command][1]}")
        return True, None
    return False, arguments.text("NAME")


def _pipelines(argv: Sequence[str]) -> int:
    helped, road = _one_name("pipelines", argv)
    if helped:
        return ExitCode.DONE
    from minilinalg.cli.tables import show_table
    from minilinalg.pipelines import ROADS, road_rows

    for name in ROADS if road is None else (road,):
        rows = [(row.stage, row.text, row.why) for row in road_rows(name)]
        show_table(f"The {name} road", ("stage", "pass", "why here"), rows)
    return ExitCode.DONE


def _passes(argv: Sequence[str]) -> int:
    helped, name = _one_name("passes", argv)
    if helped:
        return ExitCode.DONE
    from minilinalg.passes import PASSES, load_pass
    from minilinalg.passes.base import summary

    if name is None:
        from minilinalg.cli.tables import show_table

        classes = [load_pass(name) for name in PASSES]
        show_table("Passes", ("name", "numerics", "what it does"), [(c.name, c.numerics, summary(c)) for c in classes])
        return ExitCode.DONE
    import inspect

    from minilinalg.passes.options import options_of

    cls = load_pass(name)
    print(f"{cls.name}   (numerics: {cls.numerics})\n\n{inspect.getdoc(cls)}")
    if options := options_of(cls):
        print("\nOptions:")
        print(table((o.name, f"{o.takes}; {_default(o.default)}") for o in options))
    return ExitCode.DONE


def _default(text: str | None) -> str:
    return "must be given" if text is None else f"default {text}"


def _targets(argv: Sequence[str]) -> int:
    helped, name = _one_name("targets", argv)
    if helped:
        return ExitCode.DONE
    from minilinalg.cli.tables import show_table
    from minilinalg.targets import list_targets, load_target

    if name is None:
        targets = [load_target(known) for known in list_targets()]
        rows = [(t.name, str(t.cores), t.description) for t in targets]
        show_table("Machines", ("name", "cores", "what it is"), rows)
        return ExitCode.DONE
    from minilinalg.cli.target_tables import show_target

    show_target(load_target(name))
    return ExitCode.DONE


def _layout(argv: Sequence[str]) -> int:
    from minilinalg.cli.layout import layout

    return layout(argv)


COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "run": (_run, "run a kernel at the end of a road, or at any stage of it"),
    "demo": (_demo, "take the example kernels down the road, every pass checked, and show what comes of it"),
    "pipelines": (_pipelines, "show the roads: which pass, at which stage, and why there"),
    "passes": (_passes, "list the passes, or show the documentation of one"),
    "targets": (_targets, "list the machines, or show the figures of one"),
    "layout": (_layout, "show how a layout places the elements of a tensor"),
}

if __name__ == "__main__":
    sys.exit(main())
