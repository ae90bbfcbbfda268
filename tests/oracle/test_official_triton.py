"""The official compiler reads what we write, to the same module; what we reject, it rejects too."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from official_triton import INSTALLED, Answer, ask
from triton_texts import EXAMPLES, FILES, LIT, REJECTED, identity

from minilinalg.dialects import tt
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

TEXTS = [*FILES, *EXAMPLES, LIT / "roundtrip.mlir"]


@cache
def answers() -> dict[tuple[Path, str], Answer]:
    """What the compiler says of each file, and of the same as we write it."""
    questions: dict[tuple[Path, str], str] = {}
    for path in TEXTS:
        module = parse_module(path.read_text(), path.name)
        questions[path, "original"] = path.read_text()
        questions[path, "custom"] = module_text(module)
        questions[path, "generic"] = module_text(module, generic=True)
        questions[path, "places"] = module_text(module, debuginfo=True)
    return dict(zip(questions, ask(list(questions.values())), strict=True))


@pytest.mark.parametrize("form", ["custom", "generic"])
@pytest.mark.parametrize("path", TEXTS, ids=identity)
def test_reads_the_same_module(path: Path, form: str):
    original, ours = answers()[path, "original"], answers()[path, form]
    assert original.accepted, original.problem
    assert ours.accepted, ours.problem
    assert ours.text == original.text


@pytest.mark.parametrize("path", EXAMPLES, ids=identity)
def test_reads_the_same_places(path: Path):
    original, ours = (spelled_out(answers()[path, form].places) for form in ("original", "places"))
    # An operation of no known source has its place in the text for us.
    assert re.sub(rf'"{path.name}":\d+:\d+', "unknown", ours) == original


def spelled_out(text: str) -> str:
    """A module with every location where it is used, instead of an alias."""
    aliases = dict(re.findall(r"^(#loc\d*) = loc\((.*)\)$", text, re.MULTILINE))
    text = re.sub(r"^#loc\d* = .*\n", "", text, flags=re.MULTILINE)
    while "#loc" in text:
        text = re.sub(r"#loc\d*", lambda alias: aliases[alias[0]], text)
    return text


@cache
def verdicts() -> dict[str, Answer]:
    return dict(zip([case.name for case in REJECTED], ask([case.text for case in REJECTED]), strict=True))


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.name)
def test_rejects_what_we_reject(case):
    assert verdicts()[case.name].accepted == case.stricter, verdicts()[case.name].problem


def test_every_operation_is_there():
    import triton

    definitions = Path(triton.__file__).parent / "include" / "triton" / "Dialect" / "Triton" / "IR" / "TritonOps.td"
    official = set(re.findall(r'^def \w+ *: *TT_Op<"([\w.]+)"', definitions.read_text(), re.MULTILINE))
    official |= set(re.findall(r'^def \w+\s*: TT_Op<"([\w.]+)"', definitions.read_text(), re.MULTILINE))
    assert {op.name for op in tt.TT.operations} == {f"tt.{name}" for name in official}


def test_assembly_formats_are_the_official_ones():
    """Letter for letter, but for operands whose official names xDSL has for itself."""
    import triton

    directory = Path(triton.__file__).parent / "include" / "triton" / "Dialect" / "Triton" / "IR"
    text = (directory / "TritonOps.td").read_text()
    renamed = {"tt.call": ("$operands", "$arguments")}
    for definition in re.split(r"^def ", text, flags=re.MULTILINE)[1:]:
        name = re.search(r'TT_Op<\s*"([\w.]+)"', definition)
        found = re.search(r'assemblyFormat = (?:"(.*?)";|\[\{(.*?)\}\])', definition, re.DOTALL)
        if name is None or found is None:
            continue
        op = next(op for op in tt.TT.operations if op.name == f"tt.{name[1]}")
        official = tokens(found[1] or found[2])
        ours = tokens(op.SYNTAX.text)
        if op.name in renamed:
            official = [renamed[op.name][1] if token == renamed[op.name][0] else token for token in official]
        assert ours == official, op.name


def tokens(text: str) -> list[str]:
    return re.findall(r"`[^`]*`|\$\w+|[\w-]+|\S", text)
