"""Texts of `tt`: official files, and the snippets of the lit tests, for tests that read all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIT = ROOT / "filecheck" / "dialects" / "tt"

EXAMPLES = sorted((ROOT / "examples" / "kernels").glob("*.ttir"))
FILES = sorted((ROOT / "tests" / "data" / "ttir").glob("*.ttir"))
"""Written by the official compiler, without places of the source; the examples are with them."""


def identity(path: Path) -> str:
    """How a test names a file."""
    return path.name.removesuffix(".ttir")


@dataclass(frozen=True)
class Rejected:
    """A text that breaks one rule: `found` is what must be said of line `line`.

    `stricter` marks a rule that upstream does not have.
    """

    name: str
    text: str
    line: int
    found: str
    stricter: bool


def rejected() -> list[Rejected]:
    """The sections of the lit test of wrong texts."""
    sections: list[Rejected] = []
    for text in re.split(r"^// -----\n", (LIT / "invalid.mlir").read_text(), flags=re.MULTILINE):
        lines = text.splitlines()
        (line,) = [n for n, written in enumerate(lines) if "expected-error" in written]
        found = re.search(r"expected-error @\+1 \{\{(.*)\}\}", lines[line])
        name = re.search(
            r"@(\w+)|sym_name = \"(\w+)\"", "\n".join(written for written in lines if "expected-error" not in written)
        )
        assert found and name
        stricter = any("Stricter than upstream" in written for written in lines)
        sections.append(Rejected(name[1] or name[2], text, line + 2, found[1], stricter))
    return sections


REJECTED = rejected()
