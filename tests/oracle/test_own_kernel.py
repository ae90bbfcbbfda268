"""docs/your-own-kernel.md: its kernel, compiled by Triton, on its launch file gives what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from official_triton import INSTALLED

import minilinalg as ml
from minilinalg.errors import CommandError

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "your-own-kernel.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return found


def test_the_page_is_what_is_seen(tmp_path: Path) -> None:
    env = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path / "cache")}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"

    def seen(command: str) -> str:
        run = subprocess.run(command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout + run.stderr

    (tmp_path / "add_gelu.toml").write_text(block("toml"))
    reports: list[str] = []
    for promised in ("(0, 1, 2)", "(0, 1, 2, 3)"):
        (tmp_path / "add_gelu.py").write_text(block("python").replace("(0, 1, 2)", promised))
        seen("python add_gelu.py > add_gelu.ttir")
        *_, told = (line[4:] for line in PAGE.splitlines() if line.startswith("    minilinalg run"))
        reports.append(seen(told))
    assert re.search(r"loads +80,000 +320,000", reports[0])
    assert set(block("text").splitlines()) <= set(reports[0].splitlines())
    assert re.search(r"loads +80,000 +80,000", reports[1])
    assert "2 loads of 16 bytes in each thread\n" in reports[1]


def test_a_kernel_is_no_source_yet() -> None:
    from triton.runtime.jit import JITFunction

    def nothing(): ...

    with pytest.raises(CommandError) as caught:
        ml.compile(JITFunction(nothing), target="h200")  # pyright: ignore[reportArgumentType]
    assert caught.value.diagnostic.hint == "docs/your-own-kernel.md shows how Triton writes the TTIR of a kernel"
