"""Races between cores of programs that order themselves by atomics, locks, flags and counters, and mistakes in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_check_waiting import FIXUP

from minilinalg import compile
from minilinalg.errors import GlobalRaceError

HEAD = """
tt.func public @k(%lock: !tt.ptr<i32>, %data: !tt.ptr<i32>, %out: !tt.ptr<i32>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %pid = tt.get_program_id x : i32
  %n = tt.get_num_programs x : i32
"""
TAIL = "  tt.return\n}\n"
ACQUIRE = """
  scf.while : () -> () {
    %o = tt.atomic_cas acq_rel, gpu, %lock, %c0, %c1 : (!tt.ptr<i32>, i32, i32) -> i32
    %taken = arith.cmpi eq, %o, %c1 : i32
    scf.condition(%taken)
  } do {
    scf.yield
  }
"""
COUNT = """
  %v = tt.load %data : !tt.ptr<i32>
  %w = arith.addi %v, %c1 : i32
  tt.store %data, %w : !tt.ptr<i32>
"""
RELEASES = {
    "exchange": "  %r = tt.atomic_rmw exch, acq_rel, gpu, %lock, %c0 : (!tt.ptr<i32>, i32) -> i32\n",
    "store": "  tt.store %lock, %c0 : !tt.ptr<i32>\n",
}
PARTS = """
  %mine = tt.addptr %data, %pid : !tt.ptr<i32>, i32
  %v = arith.addi %pid, %c1 : i32
  tt.store %mine, %v : !tt.ptr<i32>
  %before = tt.atomic_rmw add, acq_rel, gpu, %lock, %c1 : (!tt.ptr<i32>, i32) -> i32
  %last0 = arith.subi %n, %c1 : i32
  %last = arith.cmpi CONDITION, %before, %last0 : i32
  scf.if %last {
    %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %c0) -> i32 : i32 {
      %p = tt.addptr %data, %i : !tt.ptr<i32>, i32
      %x = tt.load %p : !tt.ptr<i32>
      %b = arith.addi %a, %x : i32
      scf.yield %b : i32
    }
    %to = tt.addptr %out, %before : !tt.ptr<i32>, i32
    tt.store %to, %s : !tt.ptr<i32>
  }
"""
"""As in split-K: whoever comes last adds up what all have left."""


def run(body: str, grid: int, check: bool) -> list[Any]:
    args = [np.zeros(1, np.int32), np.zeros(8, np.int32), np.zeros(8, np.int32)]
    compile(HEAD + body + TAIL, target="tiny-simd")[grid](*args, check=check)
    return args


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("release", RELEASES)
def test_a_lock_orders_its_holders(release: str, check: bool) -> None:
    _, data, _ = run(ACQUIRE + COUNT + RELEASES[release], 7, check)
    assert data[0] == 7


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_done_before_the_lock_is_taken_races(release: str) -> None:
    with pytest.raises(GlobalRaceError, match=r"race between cores: .* of argument 'data'"):
        run(COUNT + ACQUIRE + RELEASES[release], 2, False)


@pytest.mark.parametrize("check", [False, True])
def test_the_last_one_is_behind_all(check: bool) -> None:
    _, data, out = run(PARTS.replace("CONDITION", "eq"), 5, check)
    assert out[4] == 15 and data[:5].tolist() == [1, 2, 3, 4, 5]


def test_who_does_not_come_last_races() -> None:
    with pytest.raises(GlobalRaceError, match=r"race between cores: .* of argument 'data'"):
        run(PARTS.replace("CONDITION", "ne"), 5, False)


def test_a_flag_that_is_read_too_early() -> None:
    load = "    %w = tt.load %from : !tt.ptr<i32>\n"
    address = "    %from = tt.addptr %data, %other : !tt.ptr<i32>, i32\n"
    early = (
        FIXUP.replace(load, "")
        .replace(address, "")
        .replace("  scf.if %there {\n", f"  scf.if %there {{\n{address}{load}")
    )
    with pytest.raises(GlobalRaceError, match=r"race between cores: .* of argument 'data'"):
        compile(early, target="tiny-simd")[2](np.zeros(8, np.int32), np.zeros(8, np.int32), -1)


def test_a_counter_that_hands_out_work_does_not_order_the_work() -> None:
    """The results are used, so that the array orders; but what follows the last turn of all is ordered by nothing."""
    body = """
  %i = tt.atomic_rmw add, relaxed, gpu, %lock, %c1 : (!tt.ptr<i32>, i32) -> i32
  %p = tt.addptr %out, %i : !tt.ptr<i32>, i32
  tt.store %p, %i : !tt.ptr<i32>
  tt.store %data, %pid : !tt.ptr<i32>
"""
    with pytest.raises(GlobalRaceError, match=r"race between cores: .* of argument 'data'"):
        run(body, 2, False)


def test_a_lock_that_another_argument_shares_is_not_watched() -> None:
    """Who releases it through the other argument is not known to: so there is no report, right or wrong."""
    body = ACQUIRE + COUNT + "  tt.store %out, %c0 : !tt.ptr<i32>\n"
    lock, data = np.zeros(1, np.int32), np.zeros(8, np.int32)
    compile(HEAD + body + TAIL, target="tiny-simd")[5](lock, data, lock, check=True)
    assert data[0] == 5
