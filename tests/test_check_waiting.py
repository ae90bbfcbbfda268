"""Programs that wait for what their core runs only later: the program's own error, and no pass's."""

from __future__ import annotations

from typing import Any

import mutations as m
import numpy as np
import pytest
from test_check_mutations import broken

from minilinalg import compile, pipelines
from minilinalg.check import Checker
from minilinalg.context import make_context
from minilinalg.errors import CheckError, WaitError
from minilinalg.parsing import parse_module
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.targets import load_target

TINY = load_target("tiny-simd")
"""With two cores."""
FIXUP = """
tt.func public @fixup(%flag: !tt.ptr<i32>, %data: !tt.ptr<i32>, %step: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %pid = tt.get_program_id x : i32
  %n = tt.get_num_programs x : i32
  %v = arith.addi %pid, %c1 : i32
  %mine = tt.addptr %data, %pid : !tt.ptr<i32>, i32
  tt.store %mine, %v : !tt.ptr<i32>
  %other = arith.addi %pid, %step : i32
  %below = arith.cmpi sge, %other, %c0 : i32
  %above = arith.cmpi slt, %other, %n : i32
  %there = arith.andi %below, %above : i1
  scf.if %there {
    %theirs = tt.addptr %flag, %other : !tt.ptr<i32>, i32
    scf.while : () -> () {
      %f = tt.atomic_cas acq_rel, gpu, %theirs, %c1, %c1 : (!tt.ptr<i32>, i32, i32) -> i32
      %unset = arith.cmpi ne, %f, %c1 : i32
      scf.condition(%unset)
    } do {
      scf.yield
    }
    %from = tt.addptr %data, %other : !tt.ptr<i32>, i32
    %w = tt.load %from : !tt.ptr<i32>
    %s = arith.addi %w, %v : i32
    tt.store %mine, %s : !tt.ptr<i32>
  }
  %set = tt.addptr %flag, %pid : !tt.ptr<i32>, i32
  %old = tt.atomic_rmw exch, acq_rel, gpu, %set, %c1 : (!tt.ptr<i32>, i32) -> i32
  tt.return
}
"""
"""As at the seams of stream-K: a program adds what the one `step` behind it has, once that has set its flag."""
BARRIER = """
tt.func public @barrier(%arrived: !tt.ptr<i32>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %n = tt.get_num_programs x : i32
  %first = tt.atomic_rmw add, acq_rel, gpu, %arrived, %c1 : (!tt.ptr<i32>, i32) -> i32
  scf.while : () -> () {
    %now = tt.atomic_rmw add, acq_rel, gpu, %arrived, %c0 : (!tt.ptr<i32>, i32) -> i32
    %few = arith.cmpi slt, %now, %n : i32
    scf.condition(%few)
  } do {
    scf.yield
  }
  tt.return
}
"""
"""All programs wait for all."""
RULE = """
  rule: a core runs its programs to their ends, one after another in ascending order: a program may wait for one \
before it, and not for one that begins only when it has ended itself
  hint: no pass is at fault: launch no more programs than there are cores, 2, or let later programs wait for \
earlier ones"""


def numbers() -> list[Any]:
    return [np.zeros(8, np.int32), np.zeros(8, np.int32)]


@pytest.mark.parametrize(
    ("grid", "step", "needed"),
    [
        (4, 2, "(2, 0, 0), which the same core runs later"),
        (6, 4, "(4, 0, 0), which the same core runs later"),
        # Program 0 waits for 1, which waits for 2, and so on.
        (5, 1, "(4, 0, 0), which the same core runs later"),
    ],
)
@pytest.mark.parametrize("check", [True, "deep"])
def test_a_program_that_waits_for_a_later_one(grid: int, step: int, needed: str, check: Any) -> None:
    kernel = compile(parse_module(FIXUP, "k.ttir"), target=TINY)
    args = numbers()
    with pytest.raises(WaitError) as caught:
        kernel[grid](*args, step, check=check)
    assert str(caught.value) == (
        f"k.ttir:16:5: error: program (0, 0, 0) waits, on core 0 of 2, for program {needed}" + RULE
    )
    assert not any(a.any() for a in args)


def test_a_program_that_waits_for_one_behind_another_that_waits() -> None:
    with pytest.raises(WaitError) as caught:
        compile(parse_module(BARRIER, "k.ttir"), target=TINY)[4](np.zeros(1, np.int32), check=True)
    assert caught.value.diagnostic.found == (
        "program (0, 0, 0) waits, on core 0 of 2, for program (3, 0, 0), which core 1 runs behind program (1, 0, 0), "
        "and that one waits too"
    )


@pytest.mark.parametrize(("grid", "step"), [(2, 1), (7, -1), (8, -2), (4, 3)])
def test_what_ends_in_the_order_of_the_cores(grid: int, step: int) -> None:
    """Each waits for one before it, or for one that another core comes to."""
    flags, data = numbers()
    compile(FIXUP, target=TINY)[grid](flags, data, step, check=True)
    expected = np.arange(1, grid + 1)
    for p in range(grid) if step < 0 else reversed(range(grid)):
        expected[p] += expected[p + step] if 0 <= p + step < grid else 0
    assert (data[:grid] == expected).all() and flags.sum() == grid


def test_as_many_programs_as_cores_may_wait_for_all() -> None:
    arrived = np.zeros(1, np.int32)
    compile(BARRIER, target=TINY)[2](arrived, check=True)
    assert arrived[0] == 2


def test_without_a_check_the_cores_still_wait() -> None:
    with pytest.raises(WaitError) as caught:
        compile(parse_module(FIXUP, "k.ttir"), target=TINY)[4](*numbers(), 2)
    assert str(caught.value) == (
        "k.ttir:16:5: error: 2 of 2 cores still wait, and nothing that any of them waits for will change; the first "
        "is core 0\n"
        "  rule: a program that waits for memory must be released by another program of the grid, and not by a later "
        "one of its own core"
    )


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("triton-to-linalg", m.drop("memref.atomic_rmw")),
        ("scf-forall-to-cores", m.drop("memref.atomic_rmw")),
        ("linalg-to-simd", m.drop("memref.atomic_rmw")),
    ],
)
def test_a_release_that_a_pass_has_lost_is_the_pass_s(name: str, mistake: m.Mutation) -> None:
    steps = list(road_steps("simd"))
    index = [row.pass_name for row in pipelines.ROADS["simd"]].index(name)
    steps[index] = broken(steps[index], mistake)
    ctx = make_context()
    ctx.target = TINY
    module = parse_module(FIXUP, "k.ttir", ctx)
    checker = Checker(module, 6, [*numbers(), -2], target=TINY)
    with pytest.raises(CheckError, match="still wait, and nothing that any of them waits for will change") as caught:
        run_pipeline(ctx, module, steps, instrumentation=[checker])
    assert caught.value.pass_name == name
