"""The IR in a pass's docstring is what the pass does: the first snippet becomes the second one."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from minilinalg.cli.opt import main
from minilinalg.parsing import parse_module
from minilinalg.passes import PASSES, load_pass

EXAMPLE = re.compile(
    r"```mlir\n(?P<before>.*?)```\s*becomes(?: with `(?P<flags>[^`]*)`)?\s*```mlir\n(?P<after>.*?)```", re.DOTALL
)


@pytest.mark.parametrize("name", PASSES)
def test_the_example_is_true(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`becomes` may be `becomes with `--NAME=option=1 --target tiny-simd``: flags instead of the pass's own."""
    example = EXAMPLE.search(inspect.getdoc(load_pass(name)) or "")
    assert example is not None, "the docstring shows ```mlir before``` becomes ```mlir after```"
    path = tmp_path / "before.mlir"
    path.write_text(example["before"].replace("@before", "@f"), encoding="utf-8")
    flags = (example["flags"] or "").split()
    if not any(flag.partition("=")[0] == f"--{name}" for flag in flags):
        flags.append(f"--{name}")
    assert main([str(path), *flags]) == 0, capsys.readouterr().err
    seen = parse_module(capsys.readouterr().out)
    expected = parse_module(example["after"].replace("@after", "@f"))
    assert seen.is_structurally_equivalent(expected), f"seen:\n{seen}\nin the docstring:\n{expected}"
