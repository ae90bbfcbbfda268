"""The official compiler reads the TTGIR that we write, to the same module; what we reject, it rejects too."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from official_triton import INSTALLED, Answer, ask
from test_ttgir_files import FILES

from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

DIALECTS = Path(__file__).resolve().parents[2] / "filecheck" / "dialects"
LIT = [DIALECTS / "ttg", DIALECTS / "ttng"]
TEXTS = [*FILES, *(folder / "roundtrip.mlir" for folder in LIT)]


@cache
def answers() -> dict[tuple[Path, str], Answer]:
    """What the compiler says of each file, and of the same as we write it."""
    questions: dict[tuple[Path, str], str] = {}
    for path in TEXTS:
        module = parse_module(path.read_text(), path.name)
        questions[path, "original"] = path.read_text()
        questions[path, "custom"] = module_text(module)
        questions[path, "generic"] = module_text(module, generic=True)
    return dict(zip(questions, ask(list(questions.values())), strict=True))


@pytest.mark.parametrize("form", ["custom", "generic"])
@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.stem}-{path.stem}")
def test_reads_the_same_module(path: Path, form: str) -> None:
    original, ours = answers()[path, "original"], answers()[path, form]
    assert original.accepted, original.problem
    assert ours.accepted, ours.problem
    assert ours.text == original.text


@pytest.mark.parametrize("folder", LIT, ids=lambda folder: folder.name)
def test_what_is_rejected_is_rejected_by_the_official_compiler(folder: Path) -> None:
    parts = (folder / "invalid.mlir").read_text().split("// -----\n")
    for part, answer in zip(parts, ask([in_module(part) for part in parts]), strict=True):
        assert answer.accepted == ("Stricter than upstream" in part), part


def in_module(text: str) -> str:
    """The functions of `text` in a module that says how many warps there are."""
    aliases, functions = re.split(r"(?=^tt\.func)", text, maxsplit=1, flags=re.MULTILINE)
    attributes = '"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32'
    return f"{aliases}module attributes {{{attributes}}} {{\n{functions}}}\n"
