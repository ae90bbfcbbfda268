"""`minilinalg-opt`: reads MLIR, runs passes, prints MLIR. Its habits are those of mlir-opt."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from minilinalg.cli.arguments import HELP, VERSION, Flag, help_table, parse, table
from minilinalg.cli.process import EXIT_CODES, run_command
from minilinalg.cli.road_options import ROAD_FLAGS
from minilinalg.cli.run_passes import Run
from minilinalg.errors import ExitCode
from minilinalg.passes import PASSES

PROGRAM = "minilinalg-opt"

FLAGS = (
    HELP,
    VERSION,
    Flag(("--list-passes",), "list the passes with their numerics and exit"),
    Flag(("-o", "--output"), "write to FILE, whole or not at all ('-': stdout)", "FILE"),
    Flag(("-p", "--pass-pipeline"), "run 'a,b{x=1,2},c' or 'builtin.module(a,tt.func(b))'", "TEXT"),
    Flag(("--road",), "run a road from the stage that the input is at (minilinalg pipelines shows it)", "NAME"),
    Flag(("--to",), "with --road: stop at the end of STAGE", "STAGE"),
    *ROAD_FLAGS,
    Flag(("--target",), "the machine that passes ask for sizes: a name, or the path of a target file", "NAME"),
    Flag(("--allow-unregistered-dialect",), "read operations of dialects that are not known"),
    Flag(("--split-input-file",), "process the parts between lines '// -----' each on its own"),
    Flag(("--verify-diagnostics",), "the diagnostics must be those of 'expected-error @+1 {{text}}' comments"),
    Flag(
        ("--verify-each", "--verify-passes"),
        "verify after every pass, not only where a stage ends",
        "[0|1]",
        ("0", "1"),
    ),
    Flag(("--remarks",), "show why passes did or did not do something"),
    Flag(("--print-ir-after-all", "--mlir-print-ir-after-all"), "print the IR to stderr after each pass"),
    Flag(("--print-ir-after-change", "--mlir-print-ir-after-change"), "the same, for passes that changed it"),
    Flag(("--print-ir-tree-dir", "--mlir-print-ir-tree-dir"), "write the IR after each pass to DIR", "DIR"),
    Flag(("--emit",), "print the module of stage simt as text for the target's GPU", "ptx", ("ptx",)),
    Flag(("--print-debuginfo", "--mlir-print-debuginfo"), "print where operations come from"),
    Flag(("--mlir-print-op-generic",), "print every operation in its generic form"),
    Flag(("--dump-pass-pipeline",), "print the pipeline to stderr, as a text for -p"),
    Flag(("--time-passes", "--mlir-timing"), "print the time that each pass took to stderr"),
    Flag(("--crash-reproducer",), "where the input of a pass goes that fails", "FILE"),
    Flag(("--debug-traceback",), "show Python's traceback of an internal error"),
)


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
    return Run(arguments).run()


def help_text() -> str:
    """What `--help` prints."""
    passes = table((f"--{name}", "") for name in PASSES)
    return (
        f"usage: {PROGRAM} [FILE] [flags]\n\nReads MLIR from FILE ('-' or none: stdin), runs passes, prints MLIR.\n\n"
        f"flags:\n{help_table(FLAGS)}\n\n"
        f"passes, run in the order given; options as in --NAME='x=1 y=2,3':\n{passes}\n\n"
        f"{EXIT_CODES}"
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


if __name__ == "__main__":
    sys.exit(main())
