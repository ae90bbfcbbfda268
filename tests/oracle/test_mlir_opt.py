"""mlir-opt reads what we print, and we read what it prints: every operation of the upstream dialects."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from upstream_files import ROUNDTRIPS, text_of

from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

MLIR_OPT = shutil.which("mlir-opt-22") or shutil.which("mlir-opt")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(MLIR_OPT is None, reason="mlir-opt-22 (Debian: mlir-22-tools) is not installed"),
]


@cache
def official(text: str, *options: str) -> str:
    """What mlir-opt prints of `text`, when it accepts it."""
    assert MLIR_OPT is not None
    run = subprocess.run([MLIR_OPT, *options], input=text, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def without_trailing_blanks(text: str) -> str:
    """mlir-opt leaves blanks at the ends of some lines, two in front of some braces, and sorts dictionaries by name."""
    lines = (
        line.rstrip().replace("]  {", "] {").replace("alloca_scope  {", "alloca_scope {") for line in text.splitlines()
    )
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("path", ROUNDTRIPS, ids=lambda path: path.stem)
def test_mlir_opt_reads_what_we_print(path: Path, generic: bool) -> None:
    text = text_of(path)
    ours = module_text(parse_module(text, path.name), generic=generic)
    assert official(ours) == official(text)


@pytest.mark.parametrize("path", ROUNDTRIPS, ids=lambda path: path.stem)
def test_we_print_what_mlir_opt_prints(path: Path) -> None:
    """To the letter: names of values, short forms, aliases."""
    theirs = official(text_of(path))
    assert module_text(parse_module(theirs, path.name)) == without_trailing_blanks(theirs)


@pytest.mark.parametrize("path", ROUNDTRIPS, ids=lambda path: path.stem)
def test_we_read_the_generic_form_of_mlir_opt(path: Path) -> None:
    text = text_of(path)
    ours = module_text(parse_module(official(text, "--mlir-print-op-generic"), path.name))
    assert official(ours) == official(text)


@pytest.mark.parametrize("path", ROUNDTRIPS, ids=lambda path: path.stem)
def test_locations_are_those_of_mlir_opt(path: Path) -> None:
    """The place of every operation in the text, and the same after another round through both."""
    text = text_of(path)
    theirs = official(text, "--mlir-print-debuginfo")
    ours = module_text(parse_module(text, "<stdin>"), debuginfo=True)
    again = official(ours, "--mlir-print-debuginfo")
    assert locations(again) == locations(theirs)
    assert module_text(parse_module(theirs, "x"), debuginfo=True) == module_text(
        parse_module(again, "x"), debuginfo=True
    )


def locations(text: str) -> list[str]:
    """The location at the end of each line, without aliases; that of the module around everything is left out."""
    table = dict(
        re.match(r"(#loc\d*) = loc\((.*)\)$", line).groups() for line in text.splitlines() if line[:4] == "#loc"
    )  # pyright: ignore
    found = re.findall(r" loc\((#loc\d*)\)$", text, re.MULTILINE)
    return [table[location] for location in found[:-1]]
