"""The `minilinalg` command: what it shows. Its errors are in tests/errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minilinalg.cli.main import COMMANDS, main
from minilinalg.passes import PASSES, load_pass
from minilinalg.pipelines import ROADS
from minilinalg.targets import list_targets, load_target


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(argv) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("road", ROADS)
def test_pipelines_prints_the_very_table(road: str, capsys: pytest.CaptureFixture[str]) -> None:
    title, head, *lines = shown(capsys, "pipelines", road).splitlines()
    assert title == f"The {road} road"
    assert head.split() == ["stage", "pass", "why", "here"]
    cells = [line.split(None, 2) for line in lines]
    assert cells == [[row.stage, row.text, row.why] for row in ROADS[road]]


def test_list_of_passes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "passes").splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(PASSES)


@pytest.mark.parametrize("name", PASSES)
def test_documentation_of_a_pass(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "passes", name)
    assert out.startswith(f"{name}   (numerics: {load_pass(name).numerics})\n")
    assert "Requires:" in out


def test_list_of_targets(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "targets").splitlines()
    assert [line.split()[0] for line in lines[2:]] == list_targets()


@pytest.mark.parametrize("name", list_targets())
def test_figures_of_a_target(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "targets", name)
    titles = {
        "simd": ("Memory spaces", "Copies", "Vector instructions", "Units"),
        "simt": ("Figures", "multiprocessor", "tensor_cores", "gigabytes_per_second"),
    }
    for title in titles[load_target(name).kind]:
        assert title in out


def test_a_terminal_gets_a_drawn_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    out = shown(capsys, "pipelines")
    assert "┏━" in out
    assert "triton-to-linalg" in out


@pytest.mark.parametrize("argv", [("--help",), ("-h",)])
def test_help(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, *argv)
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("command", ["run", "demo", "pipelines", "passes", "targets"])
def test_help_of_a_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, command, "--help").startswith(f"usage: minilinalg {command}")


# xdsl-opt with our universe


def xdsl_opt(*argv: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("xdsl-opt")
    assert tool.exists() or shutil.which("xdsl-opt"), "xDSL brings its tool along"
    return subprocess.run([str(tool), *argv], capture_output=True, text=True)


def test_xdsl_opt_reads_our_dialects(tmp_path: Path) -> None:
    path = tmp_path / "in.mlir"
    path.write_text(
        "tt.func @f(%p: !tt.ptr<f32>) {\n  %0 = tt.load %p : !tt.ptr<f32>\n  tt.return\n}\n", encoding="utf-8"
    )
    done = xdsl_opt(str(path), "-p", "dce")
    assert done.returncode == 0, done.stderr
    assert "tt.func @f(%p: !tt.ptr<f32>)" in done.stdout


def test_our_universe_takes_no_name_of_xdsl() -> None:
    from xdsl.dialects import get_all_dialects
    from xdsl.transforms import get_all_passes

    from minilinalg.universe import MINILINALG_UNIVERSE

    assert {"tt", "simd"} <= set(MINILINALG_UNIVERSE.all_dialects)
    assert not set(MINILINALG_UNIVERSE.all_dialects) & set(get_all_dialects())
    assert not set(MINILINALG_UNIVERSE.all_passes) & set(get_all_passes())
