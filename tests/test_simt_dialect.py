"""Every operation of `simt` has both of its readers, the simulated GPU and PTX, and a text that is read back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import minilinalg as ml
from minilinalg.codegen.ptx.module import HANDLERS
from minilinalg.dialects.simt import SIMT
from minilinalg.interp import dialects
from minilinalg.interp.meanings import MEANINGS

OPERATIONS = {op.name for op in SIMT.operations}
ROOT = Path(__file__).resolve().parent.parent


def test_every_operation_has_both_readers() -> None:
    assert dialects.__all__, "importing the dialects fills MEANINGS"
    assert MEANINGS.keys() >= OPERATIONS
    assert HANDLERS.keys() >= OPERATIONS


@pytest.mark.parametrize("folder", ["dialects/simt", "codegen/ptx"])
def test_every_operation_is_shown(folder: str) -> None:
    """As it is written, and as PTX, in the lit tests."""
    texts = "".join(path.read_text() for path in (ROOT / "filecheck" / folder).glob("*.mlir"))
    assert set(re.findall(r"simt\.[a-z_]+", texts)) >= OPERATIONS


@pytest.mark.parametrize("kernel", ["vector_add", "layernorm"])
def test_only_the_printer_unrolls(kernel: str) -> None:
    """Eight times as many registers in a thread: as many operations, and several times as many instructions."""
    path = ROOT / "examples" / "kernels" / f"{kernel}.ttir"
    few, many = (ml.compile(path, road="simt", target="h200", num_warps=warps) for warps in (8, 1))
    assert len(many.text("simt").splitlines()) <= len(few.text("simt").splitlines())
    assert len(many.text("ptx").splitlines()) > 3 * len(few.text("ptx").splitlines())
