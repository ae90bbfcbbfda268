"""Races in global memory on the simulated GPU: between threads of a block and between blocks, and what orders them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from simt_programs import H200, TEXTS, module
from xdsl.dialects.builtin import ModuleOp

import minilinalg as ml
from minilinalg.dialects import simt
from minilinalg.errors import GlobalRaceError
from minilinalg.run_options import RunOptions
from minilinalg.sim.simt.run import SimtSimulator

OWN = """
%c1 = arith.constant dense<1> : vector<1xi32>
%zero = arith.constant dense<0> : vector<1xi32>
%is0 = arith.cmpi eq, %t, %zero : vector<1xi32>
%near = arith.xori %t, %c1 : vector<1xi32>
%many = arith.constant dense<64> : vector<1xi32>
%is1 = arith.cmpi eq, %t, %c1 : vector<1xi32>
%far = arith.addi %i, %many : vector<1xi32>
%v = arith.sitofp %i : vector<1xi32> to vector<1xf32>
%w = arith.constant dense<5.0> : vector<1xf32>
%n = arith.constant dense<5> : vector<1xi32>
%xs = vector.broadcast %x : i64 to vector<1xi64>
"""
"""%t: the thread; %i: among those of all blocks; %near: the thread beside it; %far: this thread in the next block."""


def place(name: str, of: str, size: int = 4) -> str:
    return f"""
    %{name}_4 = arith.constant dense<{size}> : vector<1xi32>
    %{name}_b = arith.muli {of}, %{name}_4 : vector<1xi32>
    %{name}_w = arith.extsi %{name}_b : vector<1xi32> to vector<1xi64>
    %{name} = arith.addi %xs, %{name}_w : vector<1xi64>
    """


PLACES = "".join(
    place(name, of)
    for name, of in (("own", "%i"), ("inside", "%t"), ("beside", "%near"), ("next", "%far"), ("cell", "%zero"))
)
BARRIER = "simt.barrier\n"


def store(at: str, what: str = "v", mask: str = "") -> str:
    return f"simt.store_global %{at}, %{what}{mask} : vector<1xi64>, vector<1xf32>\n"


def load(at: str) -> str:
    return f"%r_{at} = simt.load_global %{at} : vector<1xi64> -> vector<1xf32>\n"


def atomic(at: str, sem: str = "relaxed", mask: str = "") -> str:
    name = f"%a_{at}_{sem}"
    return f"{name} = simt.atomic_rmw fadd, {sem}, gpu, %{at}, %w{mask} : vector<1xi64>, vector<1xf32>\n"


def kernel(body: str) -> ModuleOp:
    return module(OWN + PLACES + body, 64, parameters={"x": "f32"})


def run(body: str, blocks: int = 2, **options: Any) -> np.ndarray:
    x = np.full(64 * (blocks + 1), -1, np.float32)
    SimtSimulator(kernel(body), H200, options=RunOptions(**options)).run(blocks, [x])
    return x


def race(body: str, blocks: int = 2) -> str:
    """What is told of a race, with lines of the text for places."""
    of = kernel(body)
    with pytest.raises(GlobalRaceError) as caught:
        SimtSimulator(of, H200).run(blocks, [np.full(64 * (blocks + 1), -1, np.float32)])
    told, lines = caught.value.diagnostic, TEXTS[of].splitlines()
    found = re.sub(r" at k\.mlir:(\d+):\d+", lambda m: f" at [{lines[int(m[1]) - 1].strip()}]", told.found)
    assert told.rule and told.hint
    return f"{found}\nat: {lines[told.places[0].line - 1].strip()}"


def test_a_missing_barrier_between_a_store_and_a_load_of_another_thread() -> None:
    assert race(store("inside") + load("beside"), 1) == (
        "race in global memory: 'simt.load_global' reads byte 4 of argument 'x' on thread 0 of block (0, 0, 0), and "
        "thread 1 of it wrote it by 'simt.store_global' at [simt.store_global %inside, %v : vector<1xi64>, "
        "vector<1xf32>]\nat: %r_beside = simt.load_global %beside : vector<1xi64> -> vector<1xf32>"
    )


def test_two_blocks_that_write_one_cell() -> None:
    assert race(store("cell", mask=" mask %is0")) == (
        "race in global memory: 'simt.store_global' writes byte 0 of argument 'x' on thread 0 of block (0, 0, 0), and "
        "thread 0 of block (1, 0, 0) wrote it by it too\n"
        "at: simt.store_global %cell, %v mask %is0 : vector<1xi64>, vector<1xf32>"
    )


RACES = {
    "threads write one cell": (store("cell"), 1, "and thread 63 of it wrote it by it too"),
    "a store over what another thread read": (load("beside") + store("inside"), 1, "thread 1 of it read it"),
    "a block reads what another one wrote": (store("own") + load("next"), 3, "of block (1, 0, 0) wrote it"),
    "behind a barrier, too": (store("own") + BARRIER + load("next"), 3, "of block (1, 0, 0) wrote it"),
    "a store over what another block read": (load("next") + BARRIER + store("own"), 3, "of block (0, 0, 0) read it"),
    "all read what one writes": (
        load("cell") + store("cell", mask=" mask %is1"), 1, "and several threads of it read it"
    ),
    "all blocks read what one writes": (
        load("cell") + BARRIER + store("cell", "w", " mask %is0"), 3, "several threads of several blocks read it"
    ),
    "an atomic on what another block stores": (
        store("own") + BARRIER + atomic("next"), 3, "'simt.atomic_rmw' updates byte 256"
    ),
    "a load of what others add up": (atomic("cell") + BARRIER + load("cell"), 2, "several threads of several blocks"),
}  # fmt: skip
ORDERED = {
    "each its own": store("own") + load("own") + store("own", "w"),
    "a barrier": store("own") + BARRIER + load("own"),
    "the same value": store("cell", "w") + store("cell", "w"),
    "all read": load("cell") + load("next"),
    "atomics": atomic("cell") + atomic("own").replace("%a_", "%b_"),
}


@pytest.mark.parametrize("name", RACES)
def test_races(name: str) -> None:
    body, blocks, told = RACES[name]
    assert told in race(body, blocks)
    run(body, blocks, checks=False)


@pytest.mark.parametrize("name", ORDERED)
def test_no_race(name: str) -> None:
    run(ORDERED[name])


@pytest.mark.parametrize("most", [1, 2, 64])
def test_a_race_is_found_however_blocks_run_together(most: int) -> None:
    with pytest.raises(GlobalRaceError, match=r"reads byte 256 .* of block \(0, 0, 0\)|of block \(0, 0, 0\) read it"):
        run(load("next") + store("own"), 5, max_chunk=most)


def test_what_was_read_before_a_barrier_may_be_written_behind_it() -> None:
    back = load("beside") + BARRIER + store("inside", "r_beside")
    x = np.arange(64, dtype=np.float32)
    SimtSimulator(kernel(back), H200).run(1, [x])
    assert (x == np.arange(64) ^ 1).all()


TWICE = """
tt.func public @add(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %o: !tt.ptr<f32>) {
  %i = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<32x!tt.ptr<f32>>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<32x!tt.ptr<f32>>
  %os = tt.splat %o : !tt.ptr<f32> -> tensor<32x!tt.ptr<f32>>
  %xp = tt.addptr %xs, %i : tensor<32x!tt.ptr<f32>>, tensor<32xi32>
  %yp = tt.addptr %ys, %i : tensor<32x!tt.ptr<f32>>, tensor<32xi32>
  %op = tt.addptr %os, %i : tensor<32x!tt.ptr<f32>>, tensor<32xi32>
  %a = tt.load %xp : tensor<32x!tt.ptr<f32>>
  %b = tt.load %yp : tensor<32x!tt.ptr<f32>>
  %s = arith.addf %a, %b : tensor<32xf32>
  tt.store %op, %s : tensor<32x!tt.ptr<f32>>
  tt.return
}
"""


@pytest.mark.parametrize("warps", [1, 2, 4])
def test_what_several_loads_have_read_is_written_in_place(warps: int) -> None:
    """Every warp holds all elements, and the first one stores them."""
    x = np.arange(32, dtype=np.float32)
    ml.compile(TWICE, road="simt", target="h200", num_warps=warps)[1](x, x, x)
    np.testing.assert_array_equal(x, 2 * np.arange(32))


SUM = """
tt.func @sum(%part: !tt.ptr<f32>, %count: !tt.ptr<i32>, %out: !tt.ptr<f32>) {
  %p = tt.get_program_id x : i32
  %n = tt.get_num_programs x : i32
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c64 = arith.constant 64 : i32
  %true = arith.constant true
  %r = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %first = arith.muli %p, %c64 : i32
  %firsts = tt.splat %first : i32 -> tensor<64xi32>
  %i = arith.addi %firsts, %r : tensor<64xi32>
  %v = arith.sitofp %i : tensor<64xi32> to tensor<64xf32>
  %parts = tt.splat %part : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %mine = tt.addptr %parts, %i : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  tt.store %mine, %v : tensor<64x!tt.ptr<f32>>
  %old = tt.atomic_rmw add, SEM, gpu, %count, %c1, %true : (!tt.ptr<i32>, i32, i1) -> i32
  %before = arith.subi %n, %c1 : i32
  %last = arith.cmpi eq, %old, %before : i32
  scf.if %last {
    %zero = arith.constant dense<0.0> : tensor<64xf32>
    %sum = scf.for %k = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64xf32>) : i32 {
      %at = arith.muli %k, %c64 : i32
      %ats = tt.splat %at : i32 -> tensor<64xi32>
      %j = arith.addi %ats, %r : tensor<64xi32>
      %from = tt.addptr %parts, %j : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
      %x = tt.load %from : tensor<64x!tt.ptr<f32>>
      %more = arith.addf %acc, %x : tensor<64xf32>
      scf.yield %more : tensor<64xf32>
    }
    %outs = tt.splat %out : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
    %to = tt.addptr %outs, %r : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    tt.store %to, %sum : tensor<64x!tt.ptr<f32>>
  }
  tt.return
}
"""
"""Each program leaves its part, and the one that counts the last adds all of them up: a split sum with a semaphore."""


def sum_of(kernel: Any, blocks: int, **options: Any) -> np.ndarray:
    part, count, out = np.zeros(64 * blocks, np.float32), np.zeros(1, np.int32), np.zeros(64, np.float32)
    simulator = SimtSimulator(kernel, H200, options=RunOptions(**options))
    simulator.run(blocks, [part, count, out])
    return out


def compiled(sem: str) -> ModuleOp:
    return ml.compile(SUM.replace("SEM", sem), road="simt", target="h200", num_warps=4).module("simt")


@pytest.mark.parametrize("most", [1, 3, 4096])
def test_a_semaphore_orders_blocks(most: int) -> None:
    out = sum_of(compiled("acq_rel"), 7, max_chunk=most)
    assert (out == np.arange(64 * 7, dtype=np.float32).reshape(7, 64).sum(axis=0)).all()


@pytest.mark.parametrize("sem", ["relaxed", "acquire", "release"])
def test_a_semaphore_that_does_not_hand_on(sem: str) -> None:
    with pytest.raises(GlobalRaceError, match=r"and thread \d+ of block \(0, 0, 0\) wrote it by 'simt.store_global'"):
        sum_of(compiled(sem), 7)


@pytest.mark.parametrize("number", [0, 1])
def test_a_barrier_that_the_semaphore_needs(number: int) -> None:
    """Without the one in front of the atomic other threads' stores are not released; without the one behind it other
    threads have not acquired them (nor do they know what the first one found)."""
    of = compiled("acq_rel")
    each = [op for op in of.walk() if isinstance(op, simt.BarrierOp)]
    each[number].detach()
    with pytest.raises(ml.errors.RunError, match=r"race in (global|shared) memory"):
        sum_of(of, 7)


HAND = """
tt.func @hand(%data: !tt.ptr<f32>, %flag: !tt.ptr<i32>, %out: !tt.ptr<f32>) {
  %p = tt.get_program_id x : i32
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %datas = tt.splat %data : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %at = tt.addptr %datas, %r : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %is0 = arith.cmpi eq, %p, %c0 : i32
  scf.if %is0 {
    %v = arith.sitofp %r : tensor<64xi32> to tensor<64xf32>
    tt.store %at, %v : tensor<64x!tt.ptr<f32>>
    tt.atomic_store GIVES, gpu, %flag, %c1 : !tt.ptr<i32>
  } else {
    %ok = tt.atomic_poll TAKES, gpu, %flag, %c1 : !tt.ptr<i32>, i32 -> i1
    %x = tt.load %at : tensor<64x!tt.ptr<f32>>
    %outs = tt.splat %out : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
    %to = tt.addptr %outs, %r : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
    tt.store %to, %x : tensor<64x!tt.ptr<f32>>
  }
  tt.return
}
"""
"""Program 0 leaves something, and program 1 waits for it."""


def hand(gives: str, takes: str) -> np.ndarray:
    text = HAND.replace("GIVES", gives).replace("TAKES", takes)
    kernel = ml.compile(text, road="simt", target="h200", num_warps=4)
    data, flag, out = np.zeros(64, np.float32), np.zeros(1, np.int32), np.zeros(64, np.float32)
    kernel[2](data, flag, out)
    return out


def test_a_flag_hands_on() -> None:
    assert (hand("release", "acquire") == np.arange(64)).all()


@pytest.mark.parametrize(("gives", "takes"), [("relaxed", "acquire"), ("release", "relaxed")])
def test_a_flag_that_does_not_hand_on(gives: str, takes: str) -> None:
    with pytest.raises(GlobalRaceError, match=r"reads byte \d+ .* of block \(1, 0, 0\), and .* \(0, 0, 0\) wrote it"):
        hand(gives, takes)


def test_more_blocks_than_are_told_apart() -> None:
    """Of as many blocks that hand on to one another nothing is known between blocks, and nothing is made up."""
    assert sum_of(compiled("acq_rel"), 2100)[0] == np.arange(0, 64 * 2100, 64, dtype=np.float64).sum()
