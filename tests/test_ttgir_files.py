"""Official TTGIR is read, verified and written back letter for letter; wrong operations of ttg are told as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from minilinalg.dialects import ttg
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

ROOT = Path(__file__).resolve().parent
FILES = sorted((ROOT / "data" / "ttgir").glob("*.ttgir"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_written_back_letter_for_letter(path: Path) -> None:
    text = path.read_text()
    assert module_text(parse_module(text, path.name)) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_generic_form_means_the_same(path: Path) -> None:
    module = parse_module(path.read_text(), path.name)
    generic = module_text(module, generic=True)
    assert "ttg.local_alloc :" not in generic
    assert module_text(parse_module(generic)) == module_text(module)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_layout_fits_its_tensor(path: Path) -> None:
    """Each layout makes a linear layout of its tensor, for four warps of 32 lanes, and none loses an element."""
    seen = 0
    for op in parse_module(path.read_text(), path.name).walk():
        for value in op.results:
            type = value.type
            if is_tensor(type):
                encoding = type.encoding
                assert isinstance(encoding, ttg.DistributedLayout)
                layout = encoding.linear_layout(type.get_shape())
                assert (layout.in_size("lane"), layout.in_size("warp")) == (32, 4)
            elif isinstance(type, ttg.MemDescType):
                encoding = type.layout
                assert isinstance(encoding, ttg.SharedLayoutAttribute)
                layout = encoding.linear_layout(type.get_shape()[-encoding.rank :])
            else:
                continue
            assert layout.is_surjective
            seen += 1
    assert seen
