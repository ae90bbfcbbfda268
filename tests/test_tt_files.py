"""Official TTIR is read, verified and written back letter for letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from triton_texts import EXAMPLES, FILES, identity
from xdsl.dialects.builtin import FileLineColLoc, ModuleOp

from minilinalg.dialects import tt
from minilinalg.locations import places_of
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text


def read(path: Path) -> ModuleOp:
    return parse_module(path.read_text(), path.name)


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_written_back_letter_for_letter(path: Path):
    assert module_text(read(path)) == path.read_text()


@pytest.mark.parametrize("path", FILES + EXAMPLES, ids=identity)
def test_generic_form_means_the_same(path: Path):
    module = read(path)
    generic = module_text(module, generic=True)
    assert "tt.load %" not in generic
    assert module_text(parse_module(generic)) == module_text(module)


@pytest.mark.parametrize("path", EXAMPLES, ids=identity)
def test_places_of_the_source_survive(path: Path):
    module = read(path)
    text = module_text(module, debuginfo=True)
    assert module_text(parse_module(text, path.name), debuginfo=True) == text
    for op in module.walk():
        if isinstance(op, tt.LoadOp | tt.StoreOp):
            file, *source = places_of(op, {})
            assert file.file == path.name
            assert "kernels.py" in [place.file for place in source]


@pytest.mark.parametrize("path", EXAMPLES, ids=identity)
def test_promises_are_attributes_of_arguments(path: Path):
    (function,) = read(path).ops
    assert isinstance(function, tt.FuncOp)
    promises = [function.get_arg_attr(i, "tt.divisibility") for i in range(len(function.args))]
    # NAME.ttir and NAME.columns16.ttir have them; NAME.nopromise.ttir and NAME.block256.ttir are for any sizes.
    assert any(promises) == (path.stem.isidentifier() or path.stem.endswith(".columns16"))


def test_arguments_have_the_place_of_the_function():
    (function,) = read(next(p for p in EXAMPLES if p.name == "vector_add.ttir")).ops
    assert isinstance(function, tt.FuncOp)
    for argument in function.args:
        assert "kernels.py" in str(argument.location)
        assert not isinstance(argument.location, FileLineColLoc)
