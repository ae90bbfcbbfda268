"""What `minilinalg-opt` can show of a running pipeline: the IR after passes, a tree of dumps, times."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from xdsl.dialects.builtin import ModuleOp

from minilinalg.errors import CommandError
from minilinalg.passes import class_name
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import Instrumentation

Show = Callable[[ModuleOp], str]


class PrintAfter(Instrumentation):
    """Prints the IR to stderr after every pass, or after those that changed it."""

    def __init__(self, show: Show, *, only_changes: bool):
        self.show = show
        self.only_changes = only_changes
        self.before = ""

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        if self.only_changes:
            self.before = self.show(module)

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        text = self.show(module)
        if self.only_changes and text == self.before:
            return
        print(f"// -----// IR Dump After {class_name(step.name)} ({step.name}) //----- //", file=sys.stderr)
        print(text, end="\n\n", file=sys.stderr)


class DumpTree(Instrumentation):
    """Writes the IR after each pass to a file of its own: `DIR/builtin_module_no-symbol-name/0_canonicalize.mlir`.

    Names and numbering are those of mlir-opt's `--mlir-print-ir-tree-dir`.
    """

    def __init__(self, directory: Path, show: Show):
        self.directory = directory
        self.show = show
        self.count = 0

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        symbol = module.sym_name.data if module.sym_name is not None else "no-symbol-name"
        folder = self.directory / f"builtin_module_{symbol}"
        text = self.show(module)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{self.count}_{step.name}.mlir").write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"cannot write '{error.filename or folder}': {error.strerror}") from None
        self.count += 1


class Times(Instrumentation):
    """Wall time of every pass and of what else a run does, as a table."""

    def __init__(self):
        self.rows: list[tuple[str, float]] = []
        self.start = perf_counter()
        self.pass_start = 0.0

    @contextmanager
    def span(self, name: str) -> Generator[None]:
        """Times the body of a `with` under `name`."""
        start = perf_counter()
        try:
            yield
        finally:
            self.rows.append((name, perf_counter() - start))

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.pass_start = perf_counter()

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.rows.append((step.name, perf_counter() - self.pass_start))

    def table(self) -> str:
        """The rows in the order of the run, then the rest and the total, in seconds and percent."""
        total = perf_counter() - self.start
        rest = total - sum(seconds for _, seconds in self.rows)
        line = "===" + "-" * 73 + "==="
        title = "... Execution time report ...".center(79).rstrip()
        rows = [*self.rows, ("Rest", rest), ("Total", total)]
        body = [f"  {seconds:8.4f} ({100 * seconds / total:5.1f}%)  {name}" for name, seconds in rows]
        return "\n".join([line, title, line, f"  Total Execution Time: {total:.4f} seconds", "", _HEAD, *body, ""])


_HEAD = "  ----Wall Time----  ----Name----"
