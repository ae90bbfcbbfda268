"""Every operation of `simt` has both of its readers, the simulated GPU and PTX, and a text that is read back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minilinalg.codegen.ptx.module import HANDLERS
from minilinalg.dialects.simt import SIMT
from minilinalg.interp import dialects
from minilinalg.interp.meanings import MEANINGS

OPERATIONS = {op.name for op in SIMT.operations}
LIT = Path(__file__).resolve().parent.parent / "filecheck"


def test_every_operation_has_both_readers() -> None:
    assert dialects.__all__, "importing the dialects fills MEANINGS"
    assert MEANINGS.keys() >= OPERATIONS
    assert HANDLERS.keys() >= OPERATIONS


@pytest.mark.parametrize("folder", ["dialects/simt", "codegen/ptx"])
def test_every_operation_is_shown(folder: str) -> None:
    """As it is written, and as PTX, in the lit tests."""
    texts = "".join(path.read_text() for path in (LIT / folder).glob("*.mlir"))
    assert set(re.findall(r"simt\.[a-z_]+", texts)) >= OPERATIONS
