"""The documentation does not rot: its Python runs, its generated pages are those of the code, its links lead on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^\$ (.*?)\n(.*?)(?=^\$ |\Z)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
GENERATED = {"passes.md", "tt.md", "ttg.md", "ttng.md", "simd.md", "linalg_ext.md"}


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in GENERATED], ids=lambda p: p.name)
def test_python_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    scope: dict[str, object] = {"__name__": f"snippets of {page.name}"}
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if "@triton.jit" in block:  # tests/oracle/test_own_kernel.py: Triton reads a kernel's source in its file
            continue
        exec(compile(block, str(page), "exec"), scope)


def test_sessions_are_what_is_seen() -> None:
    """Figures may differ from machine to machine; all else in the README's sessions is what the commands print."""
    tools = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    (session,) = CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    for command, shown in SHOWN.findall(session):
        found = subprocess.run(command.split(), cwd=ROOT, env=tools, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr
        assert without_figures(found.stdout) == without_figures(shown)


def without_figures(text: str) -> list[str]:
    """The lines with every number, and the space that aligns it, made alike."""
    return [re.sub(r"\s*[\d.,e-]*\d%?", " #", line.rstrip()) for line in text.strip().splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


def test_generated_pages_are_fresh() -> None:
    found = subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + "run: make docs"
