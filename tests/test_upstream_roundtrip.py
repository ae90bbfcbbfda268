"""Text -> operations -> text for every operation of the upstream dialects, in all forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from upstream_files import ROUNDTRIPS, text_of
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

DATA = Path(__file__).parent / "data"


def reread(text: str) -> ModuleOp:
    return parse_module(text, "again.mlir")


@pytest.mark.parametrize("path", ROUNDTRIPS, ids=lambda path: path.stem)
def test_custom_generic_and_debug_forms_mean_the_same(path: Path) -> None:
    module = parse_module(text_of(path), path.name)
    text = module_text(module)
    assert module_text(reread(text)) == text
    assert module_text(reread(module_text(module, generic=True))) == text
    debug = module_text(module, debuginfo=True)
    assert module_text(reread(debug)) == text
    assert module_text(reread(debug), debuginfo=True) == debug
    assert module.is_structurally_equivalent(reread(text))


@pytest.mark.parametrize("path", ROUNDTRIPS, ids=lambda path: path.stem)
def test_the_files_are_in_printed_form(path: Path) -> None:
    """So that the lit tests check names, blanks and all."""
    text = text_of(path)
    printed = module_text(parse_module(text, path.name))
    if not text.lstrip().startswith("module") and "\nmodule" not in text:
        aliases = [line for line in printed.splitlines() if line.startswith("#")]
        body = [line[2:] for line in printed.splitlines() if not line.startswith("#")][1:-1]
        printed = "\n".join([*aliases, *([""] if aliases else []), *body]) + "\n"
    assert printed == text


def test_every_operation_is_in_a_file() -> None:
    ctx = make_context()
    dialects = ["arith", "bufferization", "cf", "func", "linalg", "math", "memref", "scf", "tensor", "ub"]
    texts = "\n".join(text_of(path) for path in ROUNDTRIPS)
    generic = "\n".join(module_text(parse_module(text_of(path), path.name), generic=True) for path in ROUNDTRIPS)
    missing = [
        op.name
        for dialect in dialects
        for op in ctx.get_dialect(dialect).operations
        if f'"{op.name}"' not in generic and op.name not in texts
    ]
    assert missing == []
