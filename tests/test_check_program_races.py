"""Races of the program itself, which a check looks for before it blames a pass: with both places of the source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_check_reports import SHIFTS

import minilinalg as ml
from minilinalg.check.program_races import ProgramRaceWatch
from minilinalg.check.running import Launch
from minilinalg.errors import CheckError, GlobalRaceError
from minilinalg.parsing import parse_module

SHIFT = SHIFTS.replace("%xs, %there", "%xs, %then").replace("%xs, %here", "%xs, %there").replace("%then", "%here")
"""Every program writes what the next one reads."""


@pytest.mark.parametrize(("road", "target"), [("simd", "tiny-simd"), ("simt", "h200")])
def test_a_pass_behind_which_a_race_ends_otherwise_is_not_blamed(road: str, target: str) -> None:
    """On the road simd the programs of a core follow one another, so that another answer shows in mid-road."""
    kernel = ml.compile(SHIFT, road=road, target=target)
    x = np.arange(4 * 9, dtype=np.float32)
    with pytest.raises(GlobalRaceError) as caught:
        kernel[8](x, check=True)
    assert str(caught.value) == (
        "<source>:15:3: error: race between programs: 'tt.store' writes byte 16 of argument 'x' in program (0, 0, 0), "
        "and program (1, 0, 0) has read it, by 'tt.load' at <source>:13:8\n"
        "  rule: programs of a grid run side by side, and so do the lanes of a store: what one writes, no other one "
        "touches unless something orders the two, as an atomic that releases and one that acquires do\n"
        "  hint: no pass is at fault, each may leave another answer: let every program write a part of its own, add up "
        "by atomics, or make it two launches"
    )
    if road == "simd":
        assert isinstance(caught.value.__cause__, CheckError)
    assert (x == np.arange(4 * 9)).all()


TWICE = """
tt.func public @twice(%x: !tt.ptr<i32>) {
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %two = arith.constant dense<2> : tensor<64xi32>
  %at = arith.divsi %range, %two : tensor<64xi32>
  %xs = tt.splat %x : !tt.ptr<i32> -> tensor<64x!tt.ptr<i32>>
  %p = tt.addptr %xs, %at : tensor<64x!tt.ptr<i32>>, tensor<64xi32>
  tt.store %p, VALUE : tensor<64x!tt.ptr<i32>>
  tt.return
}
"""


def test_lanes_of_one_store_that_write_several_values() -> None:
    kernel = ml.compile(TWICE.replace("VALUE", "%range"), road="simt", target="h200")
    with pytest.raises(GlobalRaceError, match=r"race within a program: 'tt\.store' writes several values to byte 0"):
        kernel[1](np.zeros(64, np.int32), check=True)
    kernel = ml.compile(TWICE.replace("VALUE", "%at"), road="simt", target="h200")
    kernel[3](np.zeros(64, np.int32), check=True)


def races(body: str, *args: Any, grid: int = 2) -> str:
    """What the watch says of a kernel of two arrays, of i32 and of f32."""
    constants = "".join(f"  %c{n} = arith.constant {n} : i32\n" for n in range(3))
    text = (
        f"tt.func public @f(%n: !tt.ptr<i32>, %x: !tt.ptr<f32>) {{\n{constants}  %pid = tt.get_program_id x : i32\n"
        f"  %id = arith.sitofp %pid : i32 to f32\n  %first = arith.cmpi eq, %pid, %c0 : i32\n{body}\n  tt.return\n}}\n"
    )
    arrays = args or (np.zeros(4, np.int32), np.full(4, 7, np.float32))
    try:
        Launch(grid).observe(parse_module(text, "k.ttir"), arrays, ProgramRaceWatch())
    except GlobalRaceError as error:
        return error.diagnostic.found
    return ""


GIVE = """
  scf.if %first {
    tt.store %x, %id : !tt.ptr<f32>
    %o = tt.atomic_rmw exch, GIVES, gpu, %n, %c1 : (!tt.ptr<i32>, i32) -> i32
  } else {
    scf.while : () -> () {
      %got = tt.atomic_cas TAKES, gpu, %n, %c1, %c1 : (!tt.ptr<i32>, i32, i32) -> i32
      %more = arith.cmpi ne, %got, %c1 : i32
      scf.condition(%more)
    } do {
      scf.yield
    }
    %v = tt.load %x : !tt.ptr<f32>
    %p = tt.addptr %x, %c1 : !tt.ptr<f32>, i32
    tt.store %p, %v : !tt.ptr<f32>
  }
"""
"""The first program hands on what it stored."""


@pytest.mark.parametrize("gives", ["release", "acq_rel", "relaxed"])
@pytest.mark.parametrize("takes", ["acquire", "acq_rel", "relaxed"])
def test_atomics_order_programs_if_they_release_and_acquire(gives: str, takes: str) -> None:
    found = races(GIVE.replace("GIVES", gives).replace("TAKES", takes))
    assert ("program (0, 0, 0) has written it, by 'tt.store' at k.ttir:" in found) == ("relaxed" in (gives, takes))


ADD = "%o = tt.atomic_rmw fadd, relaxed, gpu, %x, %id : (!tt.ptr<f32>, f32) -> f32\n"
LOAD = "%v = tt.load %x : !tt.ptr<f32>\n%p = tt.addptr %x, %c1 : !tt.ptr<f32>, i32\n"
OWN = "%at = arith.addi %pid, %c1 : i32\n%q = tt.addptr %x, %at : !tt.ptr<f32>, i32\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (ADD, ""),
        (ADD + LOAD, "'tt.load' reads byte 0 of argument 'x' in program (0, 0, 0), and other programs have"),
        (LOAD + ADD, "'tt.atomic_rmw' updates byte 0 of argument 'x' in program (0, 0, 0), and other programs have"),
        (ADD + "tt.store %x, %id : !tt.ptr<f32>", "'tt.store' writes byte 0 of argument 'x' in program (0, 0, 0), and"),
        (
            "tt.store %x, %id : !tt.ptr<f32>",
            "writes byte 0 of argument 'x' in program (0, 0, 0), and program (1, 0, 0)",
        ),
        ("%one = arith.constant 1.0 : f32\ntt.store %x, %one : !tt.ptr<f32>", ""),
        (LOAD + OWN + "tt.store %q, %v : !tt.ptr<f32>", ""),
        (ADD + "%v = tt.load %x {isVolatile = true} : !tt.ptr<f32>", ""),
    ],
)
def test_what_is_a_race_and_what_is_none(body: str, found: str) -> None:
    said = races(body)
    assert found in said and bool(found) == bool(said)


def test_what_nobody_acquires_is_handed_to_nobody() -> None:
    """So a grid may be large: of each pair of 400,000 programs nothing need be known."""
    release = "%o = tt.atomic_rmw add, release, gpu, %n, %c1 : (!tt.ptr<i32>, i32) -> i32\n"
    assert races(release, grid=400_000) == ""
    assert "race between programs" in races(release + "tt.store %x, %id : !tt.ptr<f32>", grid=400_000)


def test_one_program_and_none_race_with_nobody() -> None:
    body = LOAD + ADD + "tt.store %x, %id : !tt.ptr<f32>"
    assert races(body, grid=1) == races(body, grid=0) == ""


ROWS = """
  %w = arith.constant 4 : i32
  %one = arith.constant 1 : i64
  %four = arith.constant 4 : i64
  %d = tt.make_tensor_descriptor %x, [%w, %w], [%four, %one] : !tt.ptr<f32>, !tt.tensordesc<2x4xf32>
  %row = arith.muli %pid, STEP : i32
  %t = tt.splat %id : f32 -> tensor<2x4xf32>
  tt.descriptor_store %d[%row, %c0], %t : !tt.tensordesc<2x4xf32>, tensor<2x4xf32>
"""


def test_blocks_of_descriptors_meet_inside_of_the_tensor() -> None:
    arrays = np.zeros(1, np.int32), np.full((4, 4), 7, np.float32)
    assert races(ROWS.replace("STEP", "%c2"), *arrays, grid=3) == ""
    assert "'tt.descriptor_store' writes byte 16 of argument 'x'" in races(ROWS.replace("STEP", "%c1"), *arrays)


TABLE = """
  %pr = tt.addptr %n, %pid : !tt.ptr<i32>, i32
  %r = tt.load %pr : !tt.ptr<i32>
  %behind = arith.constant 6 : i32
  %w0 = arith.addi %pid, %behind : i32
  %pw = tt.addptr %n, %w0 : !tt.ptr<i32>, i32
  %w = tt.load %pw : !tt.ptr<i32>
  %v0 = arith.addi %w0, %behind : i32
  %pv = tt.addptr %n, %v0 : !tt.ptr<i32>, i32
  %v = tt.load %pv : !tt.ptr<i32>
  %vf = arith.sitofp %v : i32 to f32
  %ar = tt.addptr %x, %r : !tt.ptr<f32>, i32
  %seen = tt.load %ar : !tt.ptr<f32>
  %aw = tt.addptr %x, %w : !tt.ptr<f32>, i32
  tt.store %aw, %vf : !tt.ptr<f32>
"""
SIX = st.lists(st.integers(0, 7), min_size=6, max_size=6)


@given(reads=SIX, writes=st.permutations(range(8)), again=SIX, alike=st.booleans())
@settings(max_examples=40, deadline=None)
def test_races_are_those_of_the_definition(reads: list[int], writes: list[int], again: list[int], alike: bool) -> None:
    """Six programs that each load an element and store 1 or 2 to one, where 0 was."""
    writes = writes[:5] + again[:1]
    values = [1] * 6 if alike else [1 + n % 2 for n in again]
    expected = any(
        p != q and (reads[p] == writes[q] or (writes[p] == writes[q] and values[p] != values[q]))
        for p in range(6)
        for q in range(6)
    )
    table = np.array([*reads, *writes, *values], np.int32)
    assert bool(races(TABLE, table, np.zeros(8, np.float32), grid=6)) == expected
