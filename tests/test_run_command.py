"""`minilinalg run` and `minilinalg demo`: what they print, what they return, and what they leave when a check fails.

Mistakes that are found before anything runs are in tests/errors/run.txt and tests/errors/launch.txt.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

import minilinalg.cli.demo as demo
import minilinalg.cli.progress as progress
from minilinalg.cli.main import main
from minilinalg.cli.opt import main as opt
from minilinalg.dialects.upstream import arith
from minilinalg.errors import ExitCode
from minilinalg.passes import load_pass

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

DOUBLE = """\
func.func @double(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tensor.empty() : tensor<4xf32>
  %1 = linalg.add ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
"""
DOUBLE_LAUNCH = """\
[arguments]
x = { dtype = "f32", values = [1, 2, nan, 4] }

[reference]
result = "2 * x"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in a folder of its own, with a small program in it."""
    monkeypatch.chdir(tmp_path)
    Path("double.mlir").write_text(DOUBLE)
    Path("double.toml").write_text(DOUBLE_LAUNCH)
    return tmp_path


def example(name: str, *flags: str, target: str | None = "mlu370") -> list[str]:
    path = EXAMPLES / "kernels" / name
    road = [] if target is None else ["--road", "simd", "--target", target]
    return ["run", f"{path}.ttir", "--launch", f"{path}.toml", *road, *flags]


def double(*flags: str, target: str | None = "tiny-simd") -> list[str]:
    road = [] if target is None else ["--road", "simd", "--target", target]
    return ["run", "double.mlir", "--launch", "double.toml", *road, *flags]


def shown(capsys: pytest.CaptureFixture[str], argv: list[str], code: int = 0) -> str:
    """What a command prints to stdout; stderr must be empty."""
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def loaded(capsys: pytest.CaptureFixture[str], argv: list[str], code: int = 0) -> tuple[dict[str, Any], str]:
    """The one JSON object that a command prints, and what it says on stderr."""
    assert main([*argv, "--json"]) == code
    out, err = capsys.readouterr()
    return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")), err


def rows(report: str, title: str) -> list[list[str]]:
    """The cells of a table of the report, without its head."""
    lines = report.split(f"{title}\n")[1].split("\n\n")[0].splitlines()
    return [re.split(r"  +", line.strip()) for line in lines[1:]]


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_of_a_checked_run(capsys: pytest.CaptureFixture[str]) -> None:
    report = shown(capsys, example("vector_add.block256", "--check", target="tiny-simd"))
    head, launch, *_ = report.splitlines()
    assert head == "vector_add on tiny-simd, road simd, stage simd"
    assert launch == "  grid 20; x_ptr f32[5000], y_ptr f32[5000], out_ptr f32[5000], n = 5000"
    stages = rows(report, "Stages")
    assert [row[0] for row in stages] == ["tt", "linalg", "tiled", "memref", "promoted", "simd"]
    assert all(int(row[1]) > 10 for row in stages)
    passes = [name for row in stages for name in row[2].split(", ")]
    checks = rows(report, "Checked by running")
    assert [row[:3] for row in checks] == [
        ["source", "-", "taken as right"],
        *([name, load_pass(name).numerics, "same"] for name in passes),
    ]
    (answer,) = rows(report, "Answers")
    assert answer[:2] == ["out_ptr", "f32[5000]"]
    assert answer[2:4] == ["0", "0"]
    assert answer[-1] == "ok"
    assert re.search(r"^tiny-simd: [\d,]+ cycles, .* us, bound by ", report, re.MULTILINE)
    assert "simd.addf" in report


def test_the_report_without_a_road(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, double(target=None)) == (
        "double, as it is in double.mlir\n"
        "  grid 1; x f32[4]\n"
        "\n"
        "Answers\n"
        "array   holds   largest error  relative  allowed\n"
        "result  f32[4]  0              0         4.8e-07 * |reference| + 3.8e-06  ok\n"
    )


def test_an_earlier_stage(capsys: pytest.CaptureFixture[str]) -> None:
    report = shown(capsys, example("softmax", "--stage", "tiled"))
    assert report.startswith("softmax on mlu370, road simd, stage tiled\n")
    assert [row[0] for row in rows(report, "Stages")] == ["tt", "linalg", "tiled"]
    assert "cycles" not in report


@pytest.mark.parametrize(
    ("road", "target", "said"), [("simt", "h200", "ml.read_ahead"), ("simd", "tiny-simd", "ml.no_overlap")]
)
def test_what_a_road_has_left_runs_with_the_launch_file_of_its_kernel(
    capsys: pytest.CaptureFixture[str], road: str, target: str, said: str
) -> None:
    """Also where the passes say of two arguments how they may share memory: read ahead, or computed tile by tile."""
    path = EXAMPLES / "kernels" / "softmax"
    assert opt([f"{path}.ttir", "--road", road, "--target", target, "-o", "left.mlir"]) == 0
    assert said in Path("left.mlir").read_text()
    found, _ = loaded(capsys, ["run", "left.mlir", "--target", target, "--launch", f"{path}.toml"])
    assert found["stage"] == road and found["ok"]


def test_a_kernel_that_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("none.ttir").write_text("tt.func public @none(%n: i32) {\n  tt.return\n}\n")
    Path("none.toml").write_text("grid = 2\n\n[arguments]\nn = 1\n")
    assert shown(capsys, ["run", "none.ttir", "--launch", "none.toml"]) == (
        "none, as it is in none.ttir\n  grid 2; n = 1\n\nThe kernel changed nothing, and there is no reference.\n"
    )


def test_another_value_for_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = loaded(capsys, example("softmax.nopromise", "--set", "n_rows=3", "--set", "n_cols=17", target=None))
    assert found["grid"] == [7, 1, 1]
    assert [a.get("value", a.get("shape")) for a in found["arguments"]] == [[3, 17], [3, 20], 20, 17, 3, 17]
    assert found["ok"]


def test_a_kernel_from_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(DOUBLE))
    assert "as it is in <stdin>" in shown(capsys, ["run", "-", "--launch", "double.toml"])


def test_one_of_several_functions(capsys: pytest.CaptureFixture[str]) -> None:
    Path("double.mlir").write_text(DOUBLE + DOUBLE.replace("@double", "@other"))
    assert shown(capsys, double("--function", "other", target=None)).startswith("other, as it is")
    Path("double.toml").write_text('function = "double"\n' + DOUBLE_LAUNCH)
    assert shown(capsys, double(target=None)).startswith("double, as it is")
    assert shown(capsys, double("--function", "other", target=None)).startswith("other, as it is")
    assert shown(capsys, double("--function", "other", "--stage", "memref")).startswith("other on tiny-simd")


def test_remarks_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(example("softmax", "--remarks")) == 0
    plain, remarks = capsys.readouterr()
    assert main(example("softmax")) == 0
    assert capsys.readouterr() == (plain, "")
    assert all(re.match(r"\S+:\d+:\d+: remark: \[[a-z-]+\] |  |remark: ", line) for line in remarks.splitlines())


def test_everything_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found, err = loaded(capsys, example("vector_add.block256", "--check", target="tiny-simd"))
    assert err == ""
    assert (found["ok"], found["function"], found["stage"], found["target"]) == (
        True,
        "vector_add",
        "simd",
        "tiny-simd",
    )
    assert found["grid"] == [20, 1, 1]
    assert found["arguments"][3] == {"name": "n", "kind": "scalar", "dtype": "i32", "value": 5000}
    assert len(found["checks"]) == 1 + sum(len(stage["passes"]) for stage in found["stages"])
    assert all(check["ok"] for check in found["checks"])
    (answer,) = found["answers"]
    assert (answer["name"], answer["ok"], answer["max_absolute_error"]) == ("out_ptr", True, 0)
    assert found["machine"]["cycles"] > 0
    assert set(found["machine"]["pipes"]) >= {"vector", "io_dma"}
    assert found["failure"] is None


def test_json_without_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = loaded(capsys, double(target=None))
    assert (found["road"], found["target"], found["stage"], found["machine"]) == (None, None, None, None)


def test_help_says_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, ["run", "--help"])
    assert re.search(r"exit codes: 0 .*; 1 .*; 2 .*; 3 .*; 4 ", text, re.DOTALL)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_wrong_answer(capsys: pytest.CaptureFixture[str]) -> None:
    Path("double.toml").write_text(DOUBLE_LAUNCH.replace("2 * x", "np.where(x == 4, np.nan, 2 * x)"))
    assert main(double(target=None)) == ExitCode.CHECK_FAILED
    out, err = capsys.readouterr()
    assert rows(out, "Answers")[0][-1] == "WRONG"
    assert err == (
        "double.toml:5:10: error: result[3] is 8.0, and the reference says nan (1 of 4 elements are wrong)\n"
        '  result = "np.where(x == 4, np.nan, 2 * x)"\n'
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  rule: an answer is within 4.77e-07 * |reference| + 1.91e-06 of the reference; "
        "[tolerance] sets other bounds\n"
    )


def test_a_wrong_answer_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    Path("double.toml").write_text(DOUBLE_LAUNCH.replace("2 * x", "np.where(x == 4, np.nan, 2 * x)"))
    found, err = loaded(capsys, double(target=None), ExitCode.CHECK_FAILED)
    assert not found["ok"]
    assert found["answers"][0]["mismatch"] == {"index": [3], "found": 8.0, "wanted": "nan", "count": 1}
    assert found["failure"]["places"] == ["double.toml:5:10"]
    assert err.startswith("double.toml:5:10: error: result[3] is 8.0")


def break_pass(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Makes the pass turn additions into subtractions behind its own work."""
    cls = load_pass(name)
    right = cls.apply

    def wrong(self: Any, ctx: Context, op: ModuleOp) -> None:
        right(self, ctx, op)
        for add in [a for a in op.walk() if isinstance(a, arith.AddfOp)]:
            subtract = arith.SubfOp(*add.operands)
            subtract.location = add.location
            Rewriter.replace_op(add, subtract)

    monkeypatch.setattr(cls, "apply", wrong)


def test_a_pass_that_changes_an_answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    break_pass(monkeypatch, "scf-forall-to-cores")
    argv = example("vector_add.block256", "--check", target="tiny-simd")
    assert main(argv) == ExitCode.CHECK_FAILED
    out, err = capsys.readouterr()
    checks = rows(out, "Checked by running")
    assert checks[-1][:3] == ["scf-forall-to-cores", "exact", "CHANGED"]
    assert {row[2] for row in checks[1:-1]} == {"same"}
    assert "Answers" not in out
    assert re.match(
        r".*/vector_add\.block256\.ttir:\d+:\d+: error: pass 'scf-forall-to-cores' changed an answer: "
        r"out_ptr\[0\] was -?[\d.]+ and is -?[\d.]+ \(5000 elements differ\)\n",
        err,
    ), err
    assert err.endswith("  hint: a reproducer is in vector_add.block256.reproducer.mlir\n")
    text = Path("vector_add.block256.reproducer.mlir").read_text()
    commands = re.findall(r"^// To repeat: (.*)$", text, re.MULTILINE)
    assert commands[0] == (
        "minilinalg-opt vector_add.block256.reproducer.mlir --target=tiny-simd -p scf-forall-to-cores"
    )
    assert commands[1] == f"minilinalg {' '.join(argv)}"
    assert "arith.addf" in text, "the module is the one in front of the pass"
    assert opt(commands[0].split()[1:]) == 0
    assert "arith.subf" in capsys.readouterr().out
    assert main(commands[1].split()[1:]) == ExitCode.CHECK_FAILED


def test_a_pass_that_changes_an_answer_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_pass(monkeypatch, "scf-forall-to-cores")
    argv = example("vector_add.block256", "--check", target="tiny-simd")
    found, err = loaded(capsys, argv, ExitCode.CHECK_FAILED)
    assert [check["after"] for check in found["checks"] if not check["ok"]] == ["scf-forall-to-cores"]
    assert found["failure"]["found"].startswith("pass 'scf-forall-to-cores' changed an answer: out_ptr[0] was ")
    assert found["failure"]["hint"] == "a reproducer is in vector_add.block256.reproducer.mlir"
    assert (found["answers"], found["machine"]) == ([], None)
    assert "error: pass 'scf-forall-to-cores' changed an answer" in err


def test_a_wrong_pass_that_nobody_checks_still_gives_a_wrong_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_pass(monkeypatch, "scf-forall-to-cores")
    assert main(example("vector_add.block256", target="tiny-simd")) == ExitCode.CHECK_FAILED
    assert ": error: out_ptr[0] is " in capsys.readouterr().err


def test_a_defect_of_a_pass_names_a_reproducer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, ctx: Context, op: ModuleOp) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(load_pass("linalg-fuse-elementwise"), "apply", fail)
    assert main(example("vector_add")) == ExitCode.INTERNAL
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "error: internal error in pass 'linalg-fuse-elementwise': KeyError: 'lost'\n"
        "  hint: a reproducer is in vector_add.reproducer.mlir\n"
    )
    command = "// To repeat: minilinalg-opt vector_add.reproducer.mlir --target=mlu370 -p linalg-fuse-elementwise\n"
    assert Path("vector_add.reproducer.mlir").read_text().startswith(command)


# --- progress ---------------------------------------------------------------------------------------------------------


def test_a_terminal_sees_a_progress_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    shown: list[str] = []
    show = progress.Progress.show

    def slowly(line: progress.Progress, text: str) -> None:
        show(line, text)
        if text.startswith("checking") and not any(before.startswith("checking") for before in shown):
            time.sleep(0.5)  # Several frames of the spinner, however fast the run is.
        shown.append(text)

    monkeypatch.setattr(progress.Progress, "show", slowly)
    assert main(example("softmax", "--check")) == 0
    out, err = capsys.readouterr()
    assert "checking" in err
    assert "checking" not in out
    assert out.startswith("softmax on mlu370")


def test_a_short_run_shows_no_progress_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 60.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert "double" in shown(capsys, double(target=None))


# --- demo -------------------------------------------------------------------------------------------------------------


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Leaves those kernels in the demo."""
    monkeypatch.setattr(demo, "KERNELS", tuple(shown for shown in demo.KERNELS if shown.name in names))


def copied_examples() -> Path:
    return Path(shutil.copytree(EXAMPLES / "kernels", "examples/kernels")).parent


def test_the_demo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "vector_add", "gemv")
    text = shown(capsys, ["demo"])
    parts = text.split("\n\n")
    assert len(parts) == 4
    assert all(len(part.splitlines()) < 70 for part in parts)
    assert all(len(line) <= 120 for line in "\n".join(parts[:3]).splitlines())
    added, multiplied = parts[1:3]
    labels = [line[:12].strip() for line in added.splitlines()[1:] if line[:12].strip()]
    stages = ["tt", "linalg", "tiled", "memref", "promoted", "simd"]
    assert labels == [
        *("launch", *stages, "checked", "answers", "mlu370"),
        *("ttg", "simt", "checked", "answers", "h200", "counted"),
        *("odd sizes", "mlu370", "small", "tiny-simd"),
    ]
    for line in (
        "tt.load",
        "linalg.fill",
        "scf.forall",
        "memref.copy",
        "simd.address",
        "simd.dma",
        "#blocked",
        "simt.load_global",
    ):
        assert line in added
    assert "24,640 sectors in 1,540 loads, 12,320 sectors in 770 stores, 0 bank conflicts" in added
    assert re.search(r"checked     \d+ passes, after each the same answers as before: \d+ bit for bit", multiplied)
    assert "y_ptr f32[192] is within" in multiplied
    assert parts[3].startswith("All as it should be.")


def test_a_demo_that_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "gemv")
    examples = copied_examples()
    launch = examples / "kernels" / "gemv.nopromise.toml"
    launch.write_text(launch.read_text().replace("@ x_ptr", "@ x_ptr + 1"))
    text = shown(capsys, ["demo", "--examples", "examples"], ExitCode.CHECK_FAILED)
    assert re.search(r"^examples/kernels/gemv\.nopromise\.toml:\d+:9: error: y_ptr\[0\] is ", text, re.MULTILINE)
    assert text.endswith("1 of 1 kernels did not do what they should.\n")


def test_a_demo_without_its_files(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "gemv")
    examples = copied_examples()
    (examples / "kernels" / "gemv.ttir").unlink()
    text = shown(capsys, ["demo", "--examples", "examples"], ExitCode.WRONG_COMMAND)
    assert "error: there is no file 'examples/kernels/gemv.ttir'" in text
    shutil.rmtree(examples)
    assert main(["demo", "--examples", "examples"]) == ExitCode.WRONG_COMMAND
    assert capsys.readouterr().err == (
        "error: there is no folder 'examples/kernels'\n"
        "  rule: the demo shows the kernels of a checkout's examples folder\n"
        "  hint: --examples DIR says where it is\n"
    )


def test_the_demo_marks_its_headings_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "vector_add")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "\033[1mvector_add: " in shown(capsys, ["demo"])
