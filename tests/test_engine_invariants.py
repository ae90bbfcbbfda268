"""What a run does once instead of again and again nobody can tell: the bits and cycles are those of the plain run."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from road_programs import case
from test_launch import LAUNCHES, SIZES, kernel_of
from test_loans import outcome

import minilinalg as ml
from minilinalg.errors import InputError
from minilinalg.interp import engine
from minilinalg.interp.run import run
from minilinalg.interp.views import MemRef
from minilinalg.launch import LaunchFile
from minilinalg.parsing import parse_module
from minilinalg.run_options import RunOptions
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

MLU = load_target("mlu370")
KERNELS = [path for path in LAUNCHES if path.parent.name == "kernels"]
UNCHECKED = RunOptions(checks=False)


def plainly(patch: pytest.MonkeyPatch) -> None:
    """Every turn of a loop computes everything, and every buffer holds its own elements."""
    patch.setattr(engine, "invariants", lambda *_: [])
    patch.setattr(MemRef, "lend", lambda *_: False)


def same_as_plainly(kernel: ml.CompiledKernel, grid: object, arguments: list[object]) -> None:
    module = kernel.module("simd")
    found = outcome(Simulator(module, MLU, options=UNCHECKED), grid, arguments)
    with pytest.MonkeyPatch.context() as patch:
        plainly(patch)
        assert found == outcome(Simulator(module, MLU, options=UNCHECKED), grid, arguments)


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    kernel = ml.compile(str(kernel_of(path)), target=MLU)
    launch = LaunchFile.read(path).bind(next(iter(kernel.module("tt").ops)))
    same_as_plainly(kernel, launch.grid, launch.arguments)


@pytest.mark.parametrize("name", sorted({name for name, _ in SIZES}))
def test_example_of_other_sizes(name: str) -> None:
    path = next(path for path in KERNELS if path.stem == f"{name}.nopromise")
    kernel = ml.compile(str(kernel_of(path)), target=MLU)
    for numbers in [numbers for other, numbers in SIZES if other == name]:
        launch = LaunchFile.read(path, numbers).bind(next(iter(kernel.module("tt").ops)))
        same_as_plainly(kernel, launch.grid, launch.arguments)


@pytest.mark.parametrize("seed", range(100, 112))
def test_random_kernels(seed: int) -> None:
    launch = case(Random(seed))
    try:
        kernel = ml.compile(parse_module(launch.text), target=MLU)
    except InputError:
        # Too large for the machine.
        return
    same_as_plainly(kernel, launch.grid, launch.arguments)


NESTED = """tt.func public @k(%out: !tt.ptr<i32>, %n: i32, %zero: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %unused = arith.constant 5 : i32
  %pid = tt.get_program_id x : i32
  %some = arith.cmpi slt, %pid, %c1 : i32
  %total = scf.for %i = %c0 to %pid step %c1 iter_args(%a = %c0) -> (i32) : i32 {
    %square = arith.muli %pid, %n : i32
    %b = scf.for %j = %c0 to %n step %c1 iter_args(%x = %a) -> (i32) : i32 {
      %quotient = arith.divsi %square, %zero : i32
      %row = arith.muli %i, %square : i32
      %both = arith.addi %row, %x : i32
      scf.yield %both : i32
    }
    %c = scf.if %some -> (i32) {
      %in_vain = arith.addi %square, %unused : i32
      scf.yield %b : i32
    } else {
      %more = arith.addi %square, %b : i32
      scf.yield %more : i32
    }
    scf.yield %c : i32
  }
  %p = tt.addptr %out, %pid : !tt.ptr<i32>, i32
  tt.store %p, %total : !tt.ptr<i32>
  tt.return
}
"""


@pytest.mark.parametrize("n", [0, 1, 5])
def test_nested_loops_that_differ_between_programs(n: int) -> None:
    """Invariant of both loops, of the inner one only, in a branch, and a division by zero that nothing needs."""
    out = np.full(7, -1, np.int32)
    run(parse_module(NESTED), 7, [out, n, 0])
    expected = []
    for pid in range(7):
        total = 0
        for i in range(pid):
            total += sum(i * pid * n for _ in range(n)) + (0 if pid < 1 else pid * n)
        expected.append(total)
    assert out.tolist() == expected
    again = np.full(7, -1, np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "invariants", lambda *_: [])
        run(parse_module(NESTED), 7, [again, n, 0])
    assert again.tolist() == expected
