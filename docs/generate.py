"""Writes docs/passes.md and docs/dialects/*.md from the docstrings of the passes and operations: `make docs`.

python docs/generate.py            write them
python docs/generate.py --check    exit 1 when one is not what would be written
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from xdsl.ir import Dialect, Operation

from minilinalg.dialects.linalg_ext import LinalgExt
from minilinalg.dialects.simd import SIMD, Instruction
from minilinalg.dialects.simt import SIMT
from minilinalg.dialects.tt import TT
from minilinalg.dialects.ttg import TTG
from minilinalg.dialects.ttng import TTNG
from minilinalg.passes import PASSES, load_pass
from minilinalg.pipelines import ROADS

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Made by docs/generate.py from the docstrings; edit those. -->\n"


def passes_page() -> str:
    """The roads as tables, then every pass with its options and documentation."""
    lines = [NOTE, "# Passes\n"]
    for road, rows in ROADS.items():
        lines += [f"## The {road} road\n", "| stage | pass | why here |", "|---|---|---|"]
        lines += [f"| {row.stage} | [`{row.text}`](#{row.pass_name}) | {row.why} |" for row in rows]
        lines.append("")
    for name in sorted(PASSES):
        cls = load_pass(name)
        lines += [f"## {name}\n", f"Numerics: {cls.numerics}.\n", inspect.getdoc(cls) or "", ""]
    return "\n".join(lines)


def instruction_rows(dialect: Dialect) -> Iterator[str]:
    """The machine's manual as one table."""
    yield "| instruction | meaning | pipe | cost class | |"
    yield "|---|---|---|---|---|"
    for op in dialect.operations:
        if issubclass(op, Instruction):
            spec = op.SPEC
            pipe, cost = spec.pipe or "that of the path", spec.cost_class or "its own"
            yield f"| `simd.{spec.mnemonic}` | `{spec.meaning}` | {pipe} | {cost} | {spec.summary} |"


def dialect_page(dialect: Dialect) -> str:
    """The dialect's operations and attributes."""
    module = inspect.getmodule(next(iter(dialect.operations)))
    package = sys.modules[module.__name__.rpartition(".")[0]] if module else None
    lines = [NOTE, f"# The `{dialect.name}` dialect\n"]
    if package is not None and package.__doc__ and package.__name__ != "minilinalg.dialects":
        lines += [inspect.cleandoc(package.__doc__), ""]
    table = [op for op in dialect.operations if issubclass(op, Instruction) and "ROW" in vars(op)]
    if any(issubclass(op, Instruction) for op in dialect.operations):
        lines += [*instruction_rows(dialect), ""]
    for op in dialect.operations:
        if op not in table:
            lines += [f"## {op.name}\n", documentation(op), ""]
    for attribute in dialect.attributes:
        lines += [f"## {attribute.name}\n", documentation(attribute), ""]
    return "\n".join(lines)


def documentation(thing: type[Operation] | type[object]) -> str:
    """The class's own docstring."""
    return inspect.cleandoc(thing.__dict__.get("__doc__") or "")


def pages() -> dict[Path, str]:
    """Path -> text of every generated page."""
    made = {HERE / "passes.md": passes_page()}
    for dialect in (TT, TTG, TTNG, LinalgExt, SIMD, SIMT):
        made[HERE / "dialects" / f"{dialect.name}.md"] = dialect_page(dialect)
    return {path: text.rstrip() + "\n" for path, text in made.items()}


def main(arguments: list[str]) -> int:
    stale: list[Path] = []
    for path, text in pages().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{'stale' if '--check' in arguments else 'written'}: {path.relative_to(HERE.parent)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
