"""minilinalg-opt, run in process; the texts of its errors are in tests/errors."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg import passes
from minilinalg.cli.opt import FLAGS, main
from minilinalg.cli.run_passes import split
from minilinalg.dialects.upstream import arith
from minilinalg.errors import ExitCode
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern

TEXT = """\
func.func @f(%a: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %0 = arith.addi %a, %c0 : i32
  return %0 : i32
}
"""
INPUT_RULE = "  rule: the input is a file of MLIR text, which is UTF-8, or - for stdin\n"
PRINTED = """\
module {
  func.func @f(%a: i32) -> i32 {
    %c0 = arith.constant 0 : i32
    %0 = arith.addi %a, %c0 : i32
    return %0 : i32
  }
}
"""
CANONICAL = """\
module {
  func.func @f(%a: i32) -> i32 {
    return %a : i32
  }
}
"""


@dataclass(frozen=True)
class FailPass(MinilinalgPass):
    """Renames every function and then raises what is not a user's error."""

    name = "fail"
    depth: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.ops:
            inner.detach()
        raise KeyError("lost")


@dataclass(frozen=True)
class BreakPass(MinilinalgPass):
    """Leaves a module that does not verify."""

    name = "break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            function.regions[0].block.first_op.detach()


@dataclass(frozen=True)
class SpinPass(MinilinalgPass):
    """Has a pattern that always fits."""

    name = "spin"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        class Swap(RewritePattern):
            @op_type_rewrite_pattern
            def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
                rewriter.replace(op, arith.AddiOp(op.rhs, op.lhs))

        apply_patterns(ctx, op, [Swap()])


@dataclass(frozen=True)
class RemarkPass(MinilinalgPass):
    """Has something to say about every function."""

    name = "remark"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.ops:
            remark(ctx, self, inner, "is a function")


@pytest.fixture(autouse=True)
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.mlir").write_text(TEXT, encoding="utf-8")
    known = dict(passes.PASSES) | {
        cls.name: (lambda cls=cls: cls) for cls in (FailPass, BreakPass, SpinPass, RemarkPass)
    }
    monkeypatch.setattr(passes, "PASSES", known)
    for user in ("opt", "run_passes"):
        monkeypatch.setattr(f"minilinalg.cli.{user}.PASSES", known)


def test_without_passes_it_prints_what_it_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir"]) == 0
    assert capsys.readouterr().out == PRINTED


@pytest.mark.parametrize("argv", [["-"], []])
def test_stdin(argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT))
    assert main(argv) == 0
    assert capsys.readouterr().out == PRINTED


@pytest.mark.parametrize(
    "argv",
    [
        ["in.mlir", "--canonicalize"],
        ["-canonicalize", "in.mlir"],
        ["in.mlir", "-p", "canonicalize"],
        ["in.mlir", "-pcanonicalize"],
        ["in.mlir", "--pass-pipeline=builtin.module(func.func(canonicalize))"],
        ["in.mlir", "--pass-pipeline", "canonicalize"],
        ["--canonicalize", "--", "in.mlir"],
    ],
)
def test_ways_to_name_a_pass(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    assert capsys.readouterr().out == CANONICAL


def test_options_of_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--fail=depth=2", "--dump-pass-pipeline"]) == ExitCode.INTERNAL
    assert capsys.readouterr().err.startswith("fail{depth=2}\n")


def test_output_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "-o", "out.mlir"]) == 0
    assert capsys.readouterr().out == ""
    assert Path("out.mlir").read_text() == PRINTED


def test_output_over_the_input_keeps_its_mode() -> None:
    Path("in.mlir").chmod(0o640)
    assert main(["in.mlir", "--canonicalize", "-o", "in.mlir"]) == 0
    assert Path("in.mlir").read_text() == CANONICAL
    assert Path("in.mlir").stat().st_mode & 0o777 == 0o640


def test_output_to_a_device() -> None:
    assert main(["in.mlir", "-o", os.devnull]) == 0


@pytest.mark.parametrize("argv", [["--fail"], ["--break"], ["--target", "nowhere"], ["-p", "a,,b"]])
def test_an_error_leaves_the_output_as_it_was(argv: list[str]) -> None:
    Path("out.mlir").write_text("as it was", encoding="utf-8")
    assert main(["in.mlir", "-o", "out.mlir", "--crash-reproducer", os.devnull, *argv]) != 0
    assert Path("out.mlir").read_text() == "as it was"
    assert sorted(path.name for path in Path().iterdir()) == ["in.mlir", "out.mlir"]


def test_debuginfo_and_generic_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--print-debuginfo", "--mlir-print-op-generic"]) == 0
    out = capsys.readouterr().out
    assert '"func.func"()' in out
    assert 'loc("in.mlir":3:8)' in out


def test_parts_of_a_file_keep_their_lines() -> None:
    text = "a\n// -----\nb\n// ----- and a comment\n\n  // ----- indented\nc"
    assert list(split(text)) == ["a\n", "\n\nb\n", "\n\n\n\n\n  // ----- indented\nc"]


def test_parts_of_a_file_are_printed_apart(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mlir").write_text(TEXT + "// -----\n" + TEXT, encoding="utf-8")
    assert main(["in.mlir", "--split-input-file"]) == 0
    assert capsys.readouterr().out == PRINTED + "// -----\n" + PRINTED


def test_remarks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--remark"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["in.mlir", "--remark", "--remarks"]) == 0
    assert capsys.readouterr().err == (
        "in.mlir:1:1: remark: [remark] is a function\n  func.func @f(%a: i32) -> i32 {\n  ^\n"
    )


@pytest.mark.parametrize(("line", "code"), [(1, 0), (2, 1)])
def test_expected_remarks(line: int, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"// expected-remark @+{line} {{{{is a function}}}}\n{TEXT}"
    Path("in.mlir").write_text(text, encoding="utf-8")
    assert main(["in.mlir", "--remark", "--remarks", "--verify-diagnostics"]) == code


def test_a_reproducer_repeats_the_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--canonicalize", "--fail=depth=3", "--cse"]) == ExitCode.INTERNAL
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err == (
        "error: internal error in pass 'fail': KeyError: 'lost'\n  hint: a reproducer is in in.reproducer.mlir\n"
    )
    text = Path("in.reproducer.mlir").read_text()
    command = "// To repeat: minilinalg-opt in.reproducer.mlir -p 'fail{depth=3}'\n"
    assert text.startswith(f"{command}// error: internal error in pass 'fail': KeyError: 'lost'\nmodule {{\n")
    assert "arith.addi" not in text, "it holds the module as the failing pass found it"
    assert main(["in.reproducer.mlir", "-p", "fail{depth=3}", "--crash-reproducer", "other.mlir"]) == ExitCode.INTERNAL
    assert "KeyError: 'lost'\n  hint: a reproducer is in other.mlir" in capsys.readouterr().err


def test_a_reproducer_blames_the_pass_that_broke_the_module(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--break", "--remark"]) == ExitCode.INTERNAL
    assert "internal error in pass 'break': what it left does not verify" in capsys.readouterr().err
    assert "-p break\n" in Path("in.reproducer.mlir").read_text()


def test_patterns_that_never_end_are_the_fault_of_their_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--spin"]) == ExitCode.INTERNAL
    assert capsys.readouterr().err == (
        "error: internal error in pass 'spin': rewrite patterns undo one another and never end: Swap\n"
        "  hint: a reproducer is in in.reproducer.mlir\n"
    )


BUFFERS_WITHOUT_A_PLACE = """func.func @f() {
  %a = memref.alloc() : memref<8x2xf32, #simd.space<nram>>
  %b = memref.alloc() : memref<2x8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<8x2xf32, #simd.space<nram>>) outs(%b : memref<2x8xf32, #simd.space<nram>>) {
  ^bb0(%e: f32, %o: f32):
    %n = arith.negf %e : f32
    linalg.yield %n : f32
  }
  return
}
"""


def test_a_pass_that_fails_on_what_no_road_brings_to_it_is_not_to_blame(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mlir").write_text(BUFFERS_WITHOUT_A_PLACE, encoding="utf-8")
    assert main(["in.mlir", "--linalg-to-simd", "--target", "tiny-simd"]) == ExitCode.WRONG_INPUT
    assert capsys.readouterr().err == (
        "in.mlir:2:8: error: pass 'linalg-to-simd' does not know this module: 'memref.alloc' has no simd.address\n"
        "    %a = memref.alloc() : memref<8x2xf32, #simd.space<nram>>\n"
        "         ^\n"
        "  rule: an on-chip buffer has a static shape and an address\n"
        "  hint: road simd has the pass at stage 'simd': it takes what is at stage 'promoted'\n"
    )
    assert not Path("in.reproducer.mlir").exists()


def test_a_pipeline_nested_deeper_than_anyone_writes(capsys: pytest.CaptureFixture[str]) -> None:
    for depth, code in ((64, ExitCode.DONE), (65, ExitCode.WRONG_COMMAND), (2000, ExitCode.WRONG_COMMAND)):
        assert main(["in.mlir", "-p", "builtin.module(" * depth + "cse" + ")" * depth]) == code
    assert "'builtin.module' stands inside of 64 others" in capsys.readouterr().err


def test_a_switch_of_two_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["in.mlir", "--verify-each=7"]) == ExitCode.WRONG_COMMAND
    assert capsys.readouterr().err == "error: --verify-each cannot be '7'\n  rule: --verify-each is one of 0, 1\n"


def test_a_text_behind_a_byte_order_mark(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mlir").write_bytes(b"\xef\xbb\xbfmodule {\n}\n")
    assert main(["in.mlir"]) == ExitCode.DONE
    assert capsys.readouterr().out == "module {\n}\n"


def test_numbers_that_no_attribute_holds(capsys: pytest.CaptureFixture[str]) -> None:
    check = f'debug.assert %ok "small" program(%i, %i, %i) element(%i) of [{2**64}]'
    Path("in.mlir").write_text(f"func.func @f(%i: index, %ok: i1) {{\n  {check}\n  return\n}}\n", encoding="utf-8")
    assert main(["in.mlir"]) == ExitCode.WRONG_INPUT
    assert "in 'debug.assert': not understood: argument out of range" in capsys.readouterr().err


def test_a_reproducer_keeps_the_target() -> None:
    main(["in.mlir", "--fail", "--target", "tiny-simd", "--allow-unregistered-dialect"])
    command = Path("in.reproducer.mlir").read_text().splitlines()[0]
    assert command.endswith("in.reproducer.mlir --target=tiny-simd --allow-unregistered-dialect -p fail")


def test_traceback_on_request_only(capsys: pytest.CaptureFixture[str]) -> None:
    main(["in.mlir", "--fail"])
    assert "Traceback" not in capsys.readouterr().err
    main(["in.mlir", "--fail", "--debug-traceback"])
    assert "Traceback" in capsys.readouterr().err


def test_a_defect_outside_of_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def defect(*_: object) -> str:
        raise KeyError("lost")

    monkeypatch.setattr("minilinalg.cli.run_passes.read_input", defect)
    assert main(["in.mlir"]) == ExitCode.INTERNAL
    assert capsys.readouterr().err == "error: internal error: KeyError: 'lost'\n  hint: --debug-traceback shows where\n"


def test_unregistered_dialects(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mlir").write_text('"mine.op"() : () -> ()\n', encoding="utf-8")
    assert main(["in.mlir"]) == ExitCode.WRONG_INPUT
    assert main(["in.mlir", "--allow-unregistered-dialect"]) == 0
    assert '"mine.op"() : () -> ()' in capsys.readouterr().out


def test_input_that_is_not_text(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mlir").write_bytes(b"module \xff")
    assert main(["in.mlir"]) == ExitCode.WRONG_INPUT
    assert capsys.readouterr().err == f"error: 'in.mlir' is not text: byte 7 is 0xff\n{INPUT_RULE}"


def test_a_road_is_taken_up_where_the_module_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mlir").write_text("tt.func @f() {\n  tt.return\n}\n", encoding="utf-8")
    assert main(["in.mlir", "--road", "simd", "--to", "tt", "--dump-pass-pipeline"]) == 0
    first = (
        "lift-cf-to-scf,inline,triton-rewrite-tensor-descriptor-to-pointer,triton-canonicalize,triton-combine,"
        "triton-reorder-broadcast,cse,licm"
    )
    assert capsys.readouterr().err == f"{first}\n"


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("minilinalg.cli.run_passes.read_input", interrupt)
    assert main(["in.mlir"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == ""


def test_help_names_every_flag_and_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(flag.names[0] in out and flag.doc in out for flag in FLAGS)
    assert all(f"--{name}" in out for name in passes.PASSES)
    assert max(len(line) for line in out.splitlines()) <= 120


def test_list_of_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-passes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(passes.PASSES)
    words = [line.split(None, 2) for line in lines]
    assert ["cse", "exact", "Replaces an operation by an equal one that comes before it."] in words


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("minilinalg-opt 0.")


# The process itself


def run_process(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **options)


def test_start_up_imports_nothing_heavy() -> None:
    code = (
        "import sys; from minilinalg.cli.opt import main; main(['in.mlir', '--cse'])\n"
        "heavy = {'numpy', 'ml_dtypes', 'lark', 'rich', 'argparse', 'tomllib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = run_process(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_exit_code_of_the_process() -> None:
    code = "import sys; from minilinalg.cli.opt import main; sys.argv = ['x', 'nofile']; sys.exit(main())"
    done = run_process(code)
    assert (done.returncode, done.stderr) == (2, f"error: there is no file 'nofile'\n{INPUT_RULE}")


def test_broken_pipe_is_quiet() -> None:
    Path("in.mlir").write_text(TEXT + "".join(TEXT.replace("@f", f"@f{i}") for i in range(400)), encoding="utf-8")
    code = "import sys; from minilinalg.cli.opt import main; sys.argv = ['x', 'in.mlir']; sys.exit(main())"
    command = f'{sys.executable} -c "{code}" | head -1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("module {\n", "")
