"""The options of a run: answers, checks and cycles, each by itself, from Python and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import minilinalg as ml
from minilinalg.analysis.data_dependence import course_depends_on_data
from minilinalg.cli.main import main
from minilinalg.errors import CommandError
from minilinalg.parsing import parse_module
from minilinalg.run_options import RunOptions
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

KERNELS = Path(__file__).parent.parent / "examples" / "kernels"


@pytest.mark.parametrize("name", ["softmax", "gemv", "flash_attn"])
def test_cycles_alone_are_the_same_cycles(name: str) -> None:
    from minilinalg.launch import LaunchFile

    kernel = ml.compile(KERNELS / f"{name}.ttir", target="mlu370")
    launch = LaunchFile.read(KERNELS / f"{name}.toml").bind(next(iter(kernel.source.ops)))
    before = [a.copy() for a in launch.arguments if isinstance(a, np.ndarray)]
    assert not course_depends_on_data(kernel.module("simd"))
    alone = kernel[launch.grid](*launch.arguments, options=ml.RunOptions(answers=False))
    after = [a for a in launch.arguments if isinstance(a, np.ndarray)]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True))
    whole = kernel[launch.grid](*launch.arguments)
    assert alone.report == whole.report


def test_answers_alone() -> None:
    kernel = ml.compile(KERNELS / "vector_add.nopromise.ttir", target="mlu370")
    x, out = np.ones(3000, np.float32), np.zeros(3000, np.float32)
    options = ml.RunOptions(cycles=False)
    run = kernel[3](x, x, out, 3000, options=options)
    assert run.report is None and (out == 2).all()
    with pytest.raises(CommandError, match="this run had no machine"):
        run.cycles  # noqa: B018


def test_what_makes_no_sense() -> None:
    with pytest.raises(CommandError, match="neither answers nor cycles"):
        RunOptions(answers=False, cycles=False)
    kernel = ml.compile(KERNELS / "vector_add.nopromise.ttir", target="tiny-simd", to="linalg")
    x = np.zeros(8, np.float32)
    with pytest.raises(CommandError, match="stage 'linalg' has no cycles"):
        kernel[1](x, x, x, 8, options=RunOptions(answers=False))


COUNTED = """
func.func @f(%x: memref<8xf32, #simd.space<gdram>>, %n: memref<1xindex, #simd.space<gdram>>,
             %gx: index, %gy: index, %gz: index)
    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}, {name = "n", kind = "pointer", type = index}]} {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<8xf32, #simd.space<nram>>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %times = memref.load %n[%c0] : memref<1xindex, #simd.space<gdram>>
  scf.for %i = %c0 to %times step %c1 {
    simd.fill %one -> %a : f32 -> memref<8xf32, #simd.space<nram>>
  }
  simd.dma %a -> %x : memref<8xf32, #simd.space<nram>> -> memref<8xf32, #simd.space<gdram>>
  return
}
"""


def test_a_course_that_depends_on_data_is_followed_and_memory_put_back() -> None:
    module, tiny = parse_module(COUNTED), load_target("tiny-simd")
    assert course_depends_on_data(module)
    x, n = np.zeros(8, np.float32), np.array([7])
    alone = Simulator(module, tiny, options=RunOptions(answers=False)).run(1, [x, n])
    assert not x.any()
    whole = Simulator(module, tiny).run(1, [x, n])
    assert x.all() and alone.report == whole.report
    assert whole.report is not None and whole.report.counters["simd.fill"] == 14


def command(*flags: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    files = [str(KERNELS / "softmax.ttir"), "--launch", str(KERNELS / "softmax.toml")]
    code = main(["run", *files, "--target", "mlu370", "--json", *flags])
    return code, json.loads(capsys.readouterr().out)


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, whole = command(capsys=capsys)
    assert code == 0 and whole["machine"] and whole["answers"]
    code, unchecked = command("--no-checks", capsys=capsys)
    assert code == 0 and unchecked["machine"] == whole["machine"] and unchecked["answers"] == whole["answers"]
    code, answers = command("--no-cycles", capsys=capsys)
    assert code == 0 and answers["machine"] is None and answers["answers"] == whole["answers"]
    code, cycles = command("--no-answers", capsys=capsys)
    assert code == 0 and cycles["machine"] == whole["machine"] and not cycles["answers"]
