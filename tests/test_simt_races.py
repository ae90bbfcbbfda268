"""Races in shared memory on the simulated GPU: what is one, what is none, and each barrier of official kernels."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from simt_programs import H200, TEXTS, module
from test_check_simt_mutations import launch, source
from test_ttgir_meaning import CASES, SM90, TTGIR, Case
from test_ttgir_to_simt import ROAD
from xdsl.dialects.builtin import ModuleOp

import minilinalg as ml
from minilinalg.context import make_context
from minilinalg.dialects import simt
from minilinalg.errors import RunError
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.run_options import RunOptions
from minilinalg.sim.simt.run import SimtSimulator

OWN = """
%c4 = arith.constant dense<4> : vector<1xi32>
%own = arith.muli %t, %c4 : vector<1xi32>
%one = arith.constant dense<1> : vector<1xi32>
%t1 = arith.xori %t, %one : vector<1xi32>
%other = arith.muli %t1, %c4 : vector<1xi32>
%zero = arith.constant dense<0> : vector<1xi32>
%v = arith.constant dense<1.0> : vector<1xf32>
"""
"""%own: a word for each thread; %other: its neighbour's."""
STORE = "simt.store_shared %own, %v : vector<1xi32>, vector<1xf32>\n"
LOAD = "%r{0} = simt.load_shared %{0} : vector<1xi32> -> vector<1xf32>\n"
BARRIER = "simt.barrier\n"


def simulate(kernel: ModuleOp, blocks: Any = 2, *args: Any, options: RunOptions | None = None) -> None:
    SimtSimulator(kernel, H200, options=options or RunOptions()).run(blocks, args or (np.zeros(1, np.float32),) * 2)


def race(kernel: ModuleOp, blocks: Any = 2, *args: Any) -> str:
    """What is told of a race, with lines of the text for places."""
    with pytest.raises(RunError) as caught:
        simulate(kernel, blocks, *args)
    told, lines = caught.value.diagnostic, TEXTS[kernel].splitlines()
    found = re.sub(r" at k\.mlir:(\d+):\d+", lambda m: f" at [{lines[int(m[1]) - 1].strip()}]", told.found)
    return f"{found}\nat: {lines[told.places[0].line - 1].strip()}"


def kernel(body: str, threads: int = 64) -> ModuleOp:
    return module(OWN + body, threads, shared=1024)


def test_a_load_of_what_another_thread_stored() -> None:
    assert race(kernel(STORE + LOAD.format("other"))) == (
        "race in shared memory: 'simt.load_shared' reads byte 4 on thread 0 of block (0, 0, 0), and thread 1 wrote it "
        "by 'simt.store_shared' at [simt.store_shared %own, %v : vector<1xi32>, vector<1xf32>]\n"
        "at: %rother = simt.load_shared %other : vector<1xi32> -> vector<1xf32>"
    )


def test_a_store_over_what_another_thread_read() -> None:
    body = STORE + BARRIER + LOAD.format("other") + STORE
    assert race(kernel(body)).startswith(
        "race in shared memory: 'simt.store_shared' writes byte 0 on thread 0 of block (0, 0, 0), and thread 1 read it "
        "by 'simt.load_shared'"
    )


def test_two_threads_that_write_one_word() -> None:
    body = "simt.store_shared %zero, %v : vector<1xi32>, vector<1xf32>"
    assert race(kernel(body)) == (
        "race in shared memory: threads 0 and 63 of block (0, 0, 0) both write byte 0 by one 'simt.store_shared'\n"
        "at: simt.store_shared %zero, %v : vector<1xi32>, vector<1xf32>"
    )


@pytest.mark.parametrize(
    "body",
    [
        STORE + LOAD.format("own") + STORE,
        STORE + BARRIER + LOAD.format("other") + LOAD.format("own"),
        STORE + BARRIER + LOAD.format("other") + BARRIER + STORE,
        "simt.atomic_rmw_shared add, %zero, %t : vector<1xi32>, vector<1xi32>\n" * 2,
        "%is0 = arith.cmpi eq, %t, %zero : vector<1xi32>\n"
        "simt.store_shared %zero, %v mask %is0 : vector<1xi32>, vector<1xf32>\n" + BARRIER + LOAD.format("zero"),
    ],
    ids=["its own", "read by all", "there and back", "atomics", "one writes"],
)
def test_no_race(body: str) -> None:
    if "atomic" in body:
        body = "simt.store_shared %own, %t : vector<1xi32>, vector<1xi32>\n" + BARRIER + body
    simulate(kernel(body.replace("%rown", "%r_own", 1) if body.count("%rown") > 1 else body))


def test_an_atomic_and_a_load() -> None:
    body = "simt.atomic_rmw_shared add, %zero, %t : vector<1xi32>, vector<1xi32>\n" + LOAD.format("zero")
    assert "reads byte 0 on thread 0" in race(kernel(body)) and "updated it" in race(kernel(body))


@pytest.mark.parametrize(("size", "at", "racing"), [(1, 1, True), (1, 3, True), (2, 2, True), (4, 4, False)])
def test_bytes_of_a_word(size: int, at: int, racing: bool) -> None:
    """Thread 0 writes a word from byte 0 on, thread 1 reads `size` bytes from byte `at` on."""
    element = f"i{8 * size}"
    body = f"""
    %at = arith.constant dense<{at}> : vector<1xi32>
    %is0 = arith.cmpi eq, %t, %zero : vector<1xi32>
    simt.store_shared %zero, %v mask %is0 : vector<1xi32>, vector<1xf32>
    %r = simt.load_shared %at : vector<1xi32> -> vector<1x{element}>
    """
    if racing:
        assert f"reads byte {at} on thread 1" in race(kernel(body))
    else:
        simulate(kernel(body))


COPY = """
%from = vector.broadcast %x : i64 to vector<1xi64>
%far = arith.extsi %own : vector<1xi32> to vector<1xi64>
%source = arith.addi %from, %far : vector<1xi64>
simt.cp_async %own, %source, 4 : vector<1xi32>, vector<1xi64>
simt.cp_async_commit
"""
WAIT = "simt.cp_async_wait 0\n"


@pytest.mark.parametrize(
    ("body", "does"),
    [
        (COPY + BARRIER + LOAD.format("other") + WAIT, "thread 1 copies to it by 'simt.cp_async'"),
        (COPY + WAIT + LOAD.format("other"), "thread 1 wrote it by 'simt.cp_async'"),
        (STORE + BARRIER + LOAD.format("other") + COPY + WAIT, "thread 1 read it by 'simt.load_shared'"),
        (COPY + COPY.replace("%", "%q").replace("%qown", "%other").replace("%qx", "%x") + WAIT, "copies to it"),
    ],
    ids=["not waited for", "no barrier behind the wait", "into what is read", "two copies"],
)
def test_races_of_copies(body: str, does: str) -> None:
    assert does in race(kernel(body), 2, np.zeros(64, np.float32), np.zeros(1, np.float32))


def test_copies_that_are_waited_for() -> None:
    second = COPY.replace("%", "%q").replace("%qown", "%second").replace("%qx", "%x")
    more = "%c256 = arith.constant dense<256> : vector<1xi32>\n%second = arith.addi %own, %c256 : vector<1xi32>\n"
    body = more + COPY + second + "simt.cp_async_wait 1\n" + BARRIER + LOAD.format("other") + WAIT
    simulate(kernel(body), 2, np.zeros(128, np.float32), np.zeros(1, np.float32))


def test_a_race_in_one_turn_of_a_loop_of_some_blocks() -> None:
    """Blocks take as many turns as their number; from the second turn on a thread stores over what another reads."""
    body = (
        "%n0 = arith.constant 0 : i32\n%n1 = arith.constant 1 : i32\n"
        + STORE
        + BARRIER
        + "scf.for %j = %n0 to %b step %n1 : i32 {\n"
        + STORE
        + BARRIER
        + LOAD.format("other")
        + "}\n"
    )
    simulate(kernel(body), 2)
    assert "of block (2, 0, 0)" in race(kernel(body), 5)


def test_addresses_that_differ_between_blocks() -> None:
    """Thread 0 of block 3 alone reads its neighbour's word."""
    body = """
    %three = arith.constant 3 : i32
    %is = arith.cmpi eq, %b, %three : i32
    %is1 = vector.broadcast %is : i1 to vector<1xi1>
    %word = arith.select %is1, %other, %own : vector<1xi1>, vector<1xi32>
    """
    assert "of block (3, 0, 0)" in race(kernel(body + STORE + LOAD.format("word")), 5)
    simulate(kernel(body + STORE + LOAD.format("word")), 3)


def test_an_unchecked_run_does_not_look() -> None:
    simulate(kernel(STORE + LOAD.format("other")), options=RunOptions(checks=False))


# Products of warp groups

PRODUCT = """
%c16 = arith.constant dense<16> : vector<1xi32>
%at = arith.muli %t, %c16 : vector<1xi32>
%values = arith.constant dense<1.0> : vector<8xf16>
%a = arith.constant dense<1.0> : vector<8xf16>
%acc = arith.constant dense<0.0> : vector<4xf32>
"""
FILL = "simt.store_shared %at, %values : vector<1xi32>, vector<8xf16>\n"
FENCE = "simt.fence_async_shared\n"
MULTIPLY = """
simt.wgmma_fence
%d = simt.wgmma %a, %zero, %acc shape 64, 8, 16 tiles 1, 1, 1 {b_matrix = #simt.matrix<{
  element = f16, swizzle = 32, leading = 16, stride = 256, transposed = false, offsets = [0]}>}
  : vector<8xf16>, vector<1xi32> -> vector<4xf32>
simt.wgmma_commit
"""
ENDED = "%e = simt.wgmma_wait 0, %d : vector<4xf32>\n"


def product(body: str) -> ModuleOp:
    return module(OWN + PRODUCT + body, 128, shared=2048)


@pytest.mark.parametrize("order", [FILL + FENCE + BARRIER, FILL + BARRIER + FENCE], ids=["before", "behind"])
def test_a_product_of_what_was_stored(order: str) -> None:
    simulate(product(order + MULTIPLY + ENDED + BARRIER + FILL))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            FILL + FENCE + MULTIPLY,
            "'simt.wgmma' reads byte 0 on warp group 0 of block (0, 0, 0), and thread 0 wrote it",
        ),
        (FILL + FENCE + BARRIER + MULTIPLY + FILL, "and warp group 0 still reads it by 'simt.wgmma'"),
        (FILL + FENCE + BARRIER + MULTIPLY + BARRIER + FILL, "and warp group 0 still reads it by 'simt.wgmma'"),
        (FILL + FENCE + BARRIER + MULTIPLY + ENDED + FILL, "and warp group 0 read it by 'simt.wgmma'"),
        (FILL + BARRIER + MULTIPLY, "which thread 0 wrote by 'simt.store_shared'"),
    ],
    ids=["no barrier", "no wait", "a barrier is no wait", "no barrier behind the wait", "no fence"],
)
def test_races_of_products(body: str, told: str) -> None:
    assert told in race(product(body))


@pytest.mark.parametrize(
    "body",
    [
        MULTIPLY.replace("simt.wgmma_fence", ""),
        MULTIPLY + ENDED + MULTIPLY.replace("simt.wgmma_fence", "").replace("%d", "%f").replace("%acc", "%e"),
    ],
    ids=["never", "not since the wait"],
)
def test_a_product_of_registers_that_no_fence_is_behind(body: str) -> None:
    told = race(product(FILL + FENCE + BARRIER + body))
    assert told.startswith("'simt.wgmma' in block (0, 0, 0) takes registers that no fence is behind\nat: ")


OPERAND = """
%off = arith.extsi %at : vector<1xi32> to vector<1xi64>
%from0 = vector.broadcast %x : i64 to vector<1xi64>
%from = arith.addi %from0, %off : vector<1xi64>
simt.cp_async %at, %from, 16 : vector<1xi32>, vector<1xi64>
simt.cp_async_commit
"""
ARRIVED = "simt.cp_async_wait 0\n"


def test_a_product_of_what_threads_copied() -> None:
    """A copy by cp.async is one of the threads': a fence is behind it if it is behind the wait."""
    arrays = np.ones(512, np.float32), np.zeros(1, np.float32)
    simulate(product(OPERAND + ARRIVED + FENCE + BARRIER + MULTIPLY + ENDED), 1, *arrays)
    for early in (OPERAND + FENCE + ARRIVED + BARRIER, OPERAND + ARRIVED + BARRIER):
        told = race(product(early + MULTIPLY + ENDED), 1, *arrays)
        assert "'simt.wgmma' reads byte 0 of shared memory in block (0, 0, 0), which thread 0 wrote by " in told
        assert "'simt.cp_async'" in told and "and no fence is between them" in told


# Official kernels


@cache
def of_one_thread(name: str) -> ModuleOp:
    ctx = make_context()
    found = parse_module((TTGIR / f"{name}.ttgir").read_text(), f"{name}.ttgir", ctx)
    for each in ROAD:
        load_pass(each)().apply(ctx, found)
    return found


def barriers(of: ModuleOp) -> list[simt.BarrierOp]:
    return [op for op in of.walk() if isinstance(op, simt.BarrierOp)]


RUNS = [
    (f"{case.kernel}.{arch}", case if arch == "sm80" else replace(case, make=SM90.get(case.kernel, case.make)))
    for case in CASES
    for arch in ("sm80", "sm90")
]


@pytest.mark.parametrize(("name", "case"), RUNS, ids=[f"{name}-{case}" for name, case in RUNS])
def test_official_kernels_are_in_no_race(name: str, case: Case) -> None:
    grid, args = case.make(*case.sizes)
    simulate(of_one_thread(name), grid, *args)


HEAD = "at the head of the loop: the one before the loop, or at its end, was the last thing"
ATOMIC = "beside an atomic: no thread has written what other blocks read, nor reads what they have written"
MORE_THAN_NEEDED = {
    "softmax.sm80": {4: "the last one: nothing comes behind it"},
    "softmax.sm90": {4: "the last one: nothing comes behind it"},
    "matmul.sm80": {1: HEAD},
    "int8_dot.sm80": {1: HEAD},
    "int8_dequant_matmul.sm80": {1: HEAD},
    "histogram_op.sm80": {
        2: "orders the turns of a loop that waits for a lock, which is free at once here",
        5: "nothing comes behind it",
    },
    "histogram_atomic.sm80": {2: "nothing comes behind it", 1: "nothing in front of it is for others"},
    "histogram_atomic.sm90": {2: "the same", 1: "the same"},
    "misc_ops.sm80": dict.fromkeys((23, 24, 25), ATOMIC),
    "misc_ops.sm90": dict.fromkeys((23, 24, 25), ATOMIC),
    "int8_dot.sm90": {1: HEAD},
    "int8_dequant_matmul.sm90": {
        0: "of b a thread reads what it copied itself; before a is read comes another one",
        2: "of a there are three buffers, and the next one is free since the turn before",
    },
    "matmul_tma.sm90": {1: "the wait at the barrier of a bulk load orders it before its readers"},
    "matmul_devdesc.sm90": {
        0: "one warp makes all descriptors, in one place",
        1: "the same",
        3: "the wait at the barrier of a bulk load orders it before its readers",
    },
    "histogram_op.sm90": {2: "the same", 5: "the same"},
}
"""Barriers of official kernels without which no two threads meet in memory, and why."""


@pytest.mark.parametrize("name", list(dict.fromkeys(name for name, _ in RUNS)))
def test_every_barrier_is_missed(name: str) -> None:
    whole = of_one_thread(name)
    found: set[int] = set()
    for number in range(len(barriers(whole))):
        without = whole.clone()
        barriers(without)[number].detach()
        for case in reversed([case for other, case in RUNS if other == name]):
            grid, args = case.make(*case.sizes)
            try:
                simulate(without, grid, *args, options=RunOptions(cycles=False))
            except RunError as error:
                told = error.diagnostic
                assert told.found.startswith(("race in shared memory: ", "race in global memory: ")) and told.places
                found.add(number)
                break
    missed = set(range(len(barriers(whole)))) - found
    assert missed == set(MORE_THAN_NEEDED.get(name, {}))


def fences(of: ModuleOp) -> list[simt.FenceAsyncSharedOp]:
    return [op for op in of.walk() if isinstance(op, simt.FenceAsyncSharedOp)]


FENCED = [name for name in dict.fromkeys(name for name, _ in RUNS) if fences(of_one_thread(name))]
MORE_FENCES_THAN_NEEDED = {
    "flash_attn.sm90": {1: "the one in front of the first product is behind the copies for both"},
}


@pytest.mark.parametrize("name", FENCED)
def test_every_fence_is_missed(name: str) -> None:
    whole = of_one_thread(name)
    silent: set[int] = set()
    for number in range(len(fences(whole))):
        without = whole.clone()
        fences(without)[number].detach()
        try:
            for case in reversed([case for other, case in RUNS if other == name]):
                grid, args = case.make(*case.sizes)
                simulate(without, grid, *args)
            silent.add(number)
        except RunError as error:
            told = error.diagnostic
            assert (
                re.search(r"'simt\.\w+' (reads|updates|writes) byte .* no fence is between them", told.found)
                and told.places
            )
    assert silent == set(MORE_FENCES_THAN_NEEDED.get(name, {}))


@pytest.mark.parametrize("name", ["matmul", "matmul_tma", "tiles"])
def test_every_fence_of_the_road_is_missed(name: str) -> None:
    whole = ml.compile(source(name), road="simt", target="h200").module("simt")
    grid, args = launch(name)
    assert fences(whole)
    for number in range(len(fences(whole))):
        without = whole.clone()
        fences(without)[number].detach()
        with pytest.raises(RunError, match="no fence is between them"):
            simulate(without, grid, *args)
