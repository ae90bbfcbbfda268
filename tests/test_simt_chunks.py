"""What the simulated GPU says of a launch is a function of the launch: not of how many blocks ran together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simt_programs import TINY, at, module
from test_simt_races import of_one_thread
from test_ttgir_meaning import CASES, SM90

import minilinalg as ml
from minilinalg.run_options import RunOptions
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.sim.simt.trace import Note, courses
from minilinalg.targets import SimtTarget, load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"


def reports(kernel: Any, grid: Any, make: Any, chunks: tuple[int, ...], target: SimtTarget = TINY) -> list[Any]:
    """The reports of runs with so many blocks at most together, as JSON."""
    found: list[Any] = []
    for most in chunks:
        report = SimtSimulator(kernel, target, options=RunOptions(checks=False, max_chunk=most)).run(grid, make())
        assert report is not None
        found.append(report.to_json())
    return found


def all_the_same(found: list[Any]) -> None:
    assert all(other == found[0] for other in found[1:])


TURNS = """
%at64 = arith.extsi %b : i32 to i64
%w = arith.constant 4 : i64
%off = arith.muli %at64, %w : i64
%pn = arith.addi %k, %off : i64
%turns = simt.load_global %pn : i64 -> i32
%n0 = arith.constant 0 : i32
%n1 = arith.constant 1 : i32
%z = arith.constant dense<0.0> : vector<1xf32>
%threads32 = arith.constant dense<32> : vector<1xi32>
%s = scf.for %j = %n0 to %turns step %n1 iter_args(%q = %z) -> (vector<1xf32>) : i32 {
  %strides = vector.broadcast %b : i32 to vector<1xi32>
  %js = vector.broadcast %j : i32 to vector<1xi32>
  %near = arith.muli %t, %strides : vector<1xi32>
  %here = arith.addi %near, %js : vector<1xi32>
"""
BODIES = {
    "addresses apart by as much as the block's number": at("x", "%here", 4, "px")
    + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>\n",
    "starts at the block's own place": "%firsts2 = arith.addi %t, %js : vector<1xi32>\n"
    "%there = arith.addi %firsts2, %strides : vector<1xi32>\n"
    + at("x", "%there", 4, "px")
    + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>\n",
    "a mask of the block's own": at("x", "%t", 4, "px")
    + "%mask = arith.cmpi slt, %t, %here : vector<1xi32>\n"
    + "%v = simt.load_global %px mask %mask other %z : vector<1xi64> -> vector<1xf32>\n",
    "banks of the block's own": "%c127 = arith.constant dense<127> : vector<1xi32>\n"
    "%word = arith.andi %here, %c127 : vector<1xi32>\n"
    "%c4 = arith.constant dense<4> : vector<1xi32>\n"
    "%byte = arith.muli %word, %c4 : vector<1xi32>\n"
    "simt.store_shared %byte, %q : vector<1xi32>, vector<1xf32>\nsimt.barrier\n"
    "%v = simt.load_shared %byte : vector<1xi32> -> vector<1xf32>\nsimt.barrier\n",
    "a branch that some take": "%odd = arith.andi %b, %n1 : i32\n%is = arith.cmpi eq, %odd, %n1 : i32\n"
    + "%v = scf.if %is -> (vector<1xf32>) {\n"
    + at("x", "%here", 4, "px")
    + "%v1 = simt.load_global %px : vector<1xi64> -> vector<1xf32>\nscf.yield %v1 : vector<1xf32>\n} else {\n"
    + at("o", "%i", 4, "py")
    + "%v2 = simt.load_global %py : vector<1xi64> -> vector<1xf32>\nscf.yield %v2 : vector<1xf32>\n}\n",
}
END = """
  %more = arith.addf %q, %v : vector<1xf32>
  scf.yield %more : vector<1xf32>
}
"""
STORE = at("o", "%i", 4, "po") + "simt.store_global %po, %s : vector<1xi64>, vector<1xf32>\n"


@pytest.mark.parametrize("body", BODIES)
def test_blocks_that_leave_a_loop_at_different_turns(body: str) -> None:
    """A prime number of blocks with none, one and many turns each, the first with none."""
    kernel = module(TURNS + BODIES[body] + END + STORE, 32, 512, {"k": "i32", "x": "f32", "o": "f32"})
    turns = np.array([0, 1, 7, 7, 1, 0, 2, 1, 7, 3, 0, 1, 2], np.int32)

    def make() -> list[Any]:
        return [turns, np.zeros(1024, np.float32), np.zeros(32 * 13, np.float32)]

    all_the_same(reports(kernel, 13, make, (13, 1, 2, 5)))


def test_causal_attention() -> None:
    """Each block of rows has a turn more than the one before; the last rows and columns are cut off."""
    kernel = ml.compile(KERNELS / "flash_attn.nopromise.ttir", road="simt", target="a100")
    heads, length = 3, 3 * 64 + 11

    def make() -> list[Any]:
        rng = np.random.default_rng(0)
        q, k, v = rng.standard_normal((3, heads, length, 64)).astype(np.float16)
        return [q, k, v, np.zeros_like(q), np.zeros((heads, length), np.float32), 0.125, length, length * 64, 64]

    target = load_target("a100")
    assert isinstance(target, SimtTarget)
    all_the_same(reports(kernel.module("simt"), (4, heads), make, (12, 1, 5), target))


def test_bulk_copies() -> None:
    case = next(c for c in CASES if c.kernel == "matmul_tma")
    grid, _ = SM90.get("matmul_tma", case.make)(*case.sizes)

    def make() -> list[Any]:
        return SM90.get("matmul_tma", case.make)(*case.sizes)[1]

    target = load_target("h200")
    assert isinstance(target, SimtTarget)
    all_the_same(reports(of_one_thread("matmul_tma.sm90"), grid, make, (2, 1), target))


def test_costs_by_hand() -> None:
    """Blocks 0 and 2 run on; what the second note says of block 1 is in no course but its own."""
    each = np.array([[1, 10], [2, 20], [3, 30]])
    notes = [
        Note(None, 0, (each,), ()),
        Note(None, 1, (np.array([[5]]),), ()),
        Note(np.array([2, 0]), 2, (each[:2],), ()),
    ]
    found = [(c.count, None if c.blocks is None else c.blocks.tolist(), c.costs.tolist()) for c in courses(notes, 3)]
    assert found == [(2, [0, 2], [4, 40, 10, 3, 30]), (1, [1], [2, 20, 5])]
