"""Cycles of the simulated GPU, by hand on a machine of round numbers, and what hides latency."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simt_programs import H200, TEXTS, TINY, at, machine, module
from test_simt_races import of_one_thread
from test_ttgir_meaning import CASES, SM90

import minilinalg as ml
from minilinalg.errors import CommandError, InputError, RunError
from minilinalg.sim.simt import clock
from minilinalg.sim.simt.clock import Multiprocessor, Shares
from minilinalg.sim.simt.course_events import Event
from minilinalg.sim.simt.occupancy import Occupancy, most_registers, occupancy
from minilinalg.sim.simt.report import SimtReport
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import SimtTarget

LOAD = at("x", "%i", 4, "px") + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>\n"
STORE = at("o", "%i", 4, "po") + "simt.store_global %po, %r : vector<1xi64>, vector<1xf32>\n"
NEGATE = LOAD + "%r = arith.negf %v : vector<1xf32>\n" + STORE


def zeros(n: int) -> np.ndarray:
    return np.zeros(n, np.float32)


def report(kernel: Any, blocks: Any, *args: Any, target: SimtTarget = TINY) -> SimtReport:
    found = SimtSimulator(kernel, target).run(blocks, args or (zeros(4096), zeros(4096)))
    assert found is not None
    return found


def test_one_warp_by_hand() -> None:
    """
    start  what                          issues  is there at
      0    first = block * threads          1    0 + 1 + 5 (latency of arithmetic) = 6
      6    i = thread + first               1    12
     12    i as 64 bits                     1    18
     18    4 i, in 64 bits                  4    18 + 4 + 5 = 27
     27    px + 4 i, in 64 bits             2    34
     34    load: 1 cycle to ask, then four sectors, 128 bytes:
           the cache at 128 bytes a cycle, latency 50: 35 + 1 + 50 = 86;
           memory at 64 bytes a cycle, latency 100: 35 + 2 + 100 = 137
     35    the address of the store, meanwhile
    137    negate                           1    143
    143    store                            1    has gone at 144
    """
    assert report(module(NEGATE, 32), 1).cycles == 144


def test_two_multiprocessors_share_the_memory() -> None:
    """Each has 32 bytes a cycle of it, and 64 of the cache: 35 + 4 + 100."""
    assert report(module(NEGATE, 32), 2).cycles == 146


def test_a_second_block_hides_behind_the_first() -> None:
    """Blocks 0 and 2 are on one multiprocessor together, 1 and 3 on the other."""
    one, two, five = (report(module(NEGATE, 32), n).cycles for n in (2, 4, 5))
    assert one + 2 <= two <= one + 20
    assert five >= two + 100, "a third block waits until one has ended: two are resident"


def test_work_that_waits_for_nothing_goes_on() -> None:
    """Ten more additions that nothing of the load goes into take their place in its shadow."""
    chain = "%a0 = arith.addi %i, %i : vector<1xi32>\n" + "".join(
        f"%a{n + 1} = arith.addi %a{n}, %i : vector<1xi32>\n" for n in range(10)
    )
    tail = "%s = arith.sitofp %a10 : vector<1xi32> to vector<1xf32>\n%r = arith.addf %v, %s : vector<1xf32>\n" + STORE
    in_shadow = report(module(LOAD + chain + tail, 32), 1).cycles
    before = report(module(chain + LOAD + tail, 32), 1).cycles
    assert in_shadow == 144
    assert before == 144 + 10 * 6 + 1, "one after the other, and the first beside i as 64 bits"


def test_what_nothing_needs_costs_nothing() -> None:
    more = "%w = arith.divf %v, %v : vector<1xf32>\n"
    assert report(module(NEGATE + more, 32), 1).cycles == report(module(NEGATE, 32), 1).cycles


def test_bank_conflicts_take_their_wavefronts() -> None:
    def kernel(stride: int) -> Any:
        body = f"""
        %f = arith.constant dense<{stride * 4}> : vector<1xi32>
        %a = arith.muli %t, %f : vector<1xi32>
        %c = arith.constant dense<1.0> : vector<1xf32>
        simt.store_shared %a, %c : vector<1xi32>, vector<1xf32>
        simt.barrier
        %r = simt.load_shared %a : vector<1xi32> -> vector<1xf32>
        """
        return module(body + STORE, 32, shared=4096)

    few, many = report(kernel(4), 1), report(kernel(32), 1)
    assert many.cycles == few.cycles + 28 + 28, "the barrier waits for the store, and what follows for the load"
    assert many.pipes["load store"] == few.pipes["load store"] + 56


COPIES = """
%c4 = arith.constant dense<4> : vector<1xi32>
%own = arith.muli %t, %c4 : vector<1xi32>
"""


def copies(n: int, *, apart: bool) -> Any:
    """n copies of 4 bytes a thread: waited for one by one, or all together."""
    body = COPIES + at("x", "%i", 4, "px")
    for i in range(n):
        body += f"%o{i} = arith.constant dense<{128 * i}> : vector<1xi32>\n"
        body += f"%to{i} = arith.addi %own, %o{i} : vector<1xi32>\n"
        body += f"simt.cp_async %to{i}, %px, 4 : vector<1xi32>, vector<1xi64>\nsimt.cp_async_commit\n"
        body += "simt.cp_async_wait 0\n" if apart else ""
    body += "simt.cp_async_wait 0\nsimt.barrier\n%r = simt.load_shared %to0 : vector<1xi32> -> vector<1xf32>\n"
    return module(body + STORE, 32, shared=4096)


def test_copies_fly_together() -> None:
    alone, together, apart = (
        report(copies(n, apart=apart), 1).cycles for n, apart in ((1, True), (4, False), (4, True))
    )
    assert together < alone + 40
    assert apart > alone + 3 * 50, "from the second on the bytes are in the cache: 50 cycles each"


def test_a_wait_for_all_but_one_group() -> None:
    """The wait ends with the first copy, while the second still goes on."""

    def kernel(groups: int) -> Any:
        body = (
            COPIES
            + at("x", "%i", 4, "px")
            + """
        %o128 = arith.constant dense<128> : vector<1xi32>
        %second = arith.addi %own, %o128 : vector<1xi32>
        %far = arith.constant dense<65536> : vector<1xi64>
        %py = arith.addi %px, %far : vector<1xi64>
        simt.cp_async %own, %px, 4 : vector<1xi32>, vector<1xi64>
        simt.cp_async_commit
        """
            + "simt.cp_async %second, %py, 4 : vector<1xi32>, vector<1xi64>\nsimt.cp_async_commit\n"
            + (
                f"simt.cp_async_wait {groups}\nsimt.barrier\n"
                "%r = simt.load_shared %own : vector<1xi32> -> vector<1xf32>\n"
            )
        )
        return module(body + STORE, 32, shared=4096)

    first, both = (report(kernel(n), 1, zeros(20000), zeros(64)).cycles for n in (1, 0))
    assert first < both


@pytest.mark.parametrize(("tiles", "cycles"), [(1, 4 * 4), (8, 8 * 4 * 4)])
def test_tensor_cores_at_their_rate(tiles: int, cycles: int) -> None:
    """Four warps, each m16n8k16 once a tile: 2048 multiply-adds at 512 a cycle."""
    n = 4 * tiles
    body = f"""
    %l = arith.constant dense<1.0> : vector<8xf16>
    %rr = arith.constant dense<1.0> : vector<{n}xf16>
    %c = arith.constant dense<0.0> : vector<{n}xf32>
    %d = simt.mma_sync %l, %rr, %c shape 16, 8, 16 tiles 1, {tiles}, 1
      : vector<8xf16>, vector<{n}xf16> -> vector<{n}xf32>
    %r = vector.shuffle %d, %d [0] : vector<{n}xf32>, vector<{n}xf32>
    """
    found = report(module(body + STORE, 128), 1)
    assert found.pipes["tensor"] == cycles
    assert found.counters["sm__inst_executed_pipe_tensor_op_hmma.sum"] == 4 * tiles


def test_loops_and_branches_are_timed_as_they_were_taken() -> None:
    """Block b takes b turns of five dependent additions, each turn 5 (1 + 5) and the loop's own three."""
    body = (
        """
    %n0 = arith.constant 0 : i32
    %n1 = arith.constant 1 : i32
    %z = arith.constant dense<0> : vector<1xi32>
    %s = scf.for %j = %n0 to %b step %n1 iter_args(%q = %z) -> (vector<1xi32>) : i32 {
    """
        + "".join(f"%q{k + 1} = arith.addi %q{k or ''}, %i : vector<1xi32>\n" for k in range(5)).replace("%q ,", "%q,")
        + """
      scf.yield %q5 : vector<1xi32>
    }
    %r = arith.sitofp %s : vector<1xi32> to vector<1xf32>
    """
    )
    times = [report(module(body + STORE, 32), n).cycles for n in (2, 12, 22)]
    assert times[2] > times[1] > times[0]
    assert times[1] >= 10 * 30, "block 10 or 11 decides"
    # Of either multiprocessor the later blocks run beside one another, two at a time.
    assert times[2] - times[1] > 10 * 30


def test_many_blocks_go_on_at_one_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        Event("work", "integer", (), 4, 1, 8, 8, 4.0),
        Event("load", "load store", (0,), 4, 1, 4, 4, 0.0, 16.0, 0),
        Event("work", "f32", (1,), 4, 1, 4, 4, 4.0),
        Event("store", "load store", (2,), 4, 1, 4, 4, 0.0, 16.0, 1),
    ]
    machine = Multiprocessor(Shares(64.0, 16.0, 32, 50.0, 100.0), 4, 8, {0: 1.0, 1: 1.0})
    extrapolated = machine.cycles([events] * 500)
    monkeypatch.setattr(clock, "WAVES", 1000)
    assert extrapolated == pytest.approx(machine.cycles([events] * 500), rel=0.02)
    # Two loads or stores of 512 bytes a block at 16 bytes a cycle.
    assert extrapolated == pytest.approx(500 * 64, rel=0.05)


# Occupancy


@pytest.mark.parametrize(
    ("threads", "registers", "shared", "blocks", "by"),
    [
        (128, 32, 0, 16, "warps"),
        (32, 32, 0, 32, "blocks"),
        (128, 255, 0, 2, "registers"),
        (128, 65, 0, 7, "registers"),
        (1024, 64, 0, 1, "registers"),
        (128, 32, 232_448, 1, "shared memory"),
        (128, 32, 65_536, 3, "shared memory"),
        (128, 32, 13_569, 15, "shared memory"),
        (96, 40, 1, 17, "registers"),
        (33, 16, 0, 32, "blocks"),
    ],
)
def test_blocks_of_a_multiprocessor(threads: int, registers: int, shared: int, blocks: int, by: str) -> None:
    found = occupancy(H200, threads, registers, shared)
    warps = -(-threads // 32)
    of_warp = -(-32 * registers // 256) * 256
    assert found.blocks == min(32, 64 // warps, 65536 // (warps * of_warp), 233472 // (shared + 1024))
    assert found == Occupancy(warps, registers, 0, shared, blocks, by)


@pytest.mark.parametrize(
    ("threads", "registers"), [(32, 255), (96, 255), (256, 255), (288, 224), (512, 128), (992, 64), (1024, 64)]
)
def test_a_thread_has_so_many_registers_that_a_block_fits(threads: int, registers: int) -> None:
    assert most_registers(H200, threads) == registers
    assert occupancy(H200, threads, registers, 0).blocks >= 1


def test_what_does_not_fit_into_registers_is_spilled() -> None:
    """A hundred values of each of 1024 threads are needed at one time."""
    values = [f"%v{n} = simt.shuffle bfly, %t, %t : vector<1xi32>" for n in range(100)]
    sums = [f"%s{n + 1} = arith.addi %s{n}, %v{n} : vector<1xi32>" for n in range(1, 100)]
    first = "%s1 = arith.addi %t, %v0 : vector<1xi32>"
    end = at("x", "%s100", 4, "px") + "simt.store_global %px, %s100 : vector<1xi64>, vector<1xi32>"
    body = "\n".join([*values, first, *sums, end])
    found = SimtSimulator(module(body, 1024), H200).occupancy
    assert (found.registers, found.blocks) == (64, 1) and found.spilled >= 40


def test_a_block_too_large_for_the_machine() -> None:
    with pytest.raises(InputError) as caught:
        SimtSimulator(module("", 32, shared=232_449), H200)
    assert str(caught.value).splitlines() == [
        "error: a block takes 232449 bytes of shared memory",
        "  rule: a block on h200 has at most 232448 bytes (multiprocessor.shared_per_block)",
    ]
    with pytest.raises(InputError, match="a block of 512 threads takes 16 warps, more than a multiprocessor of tiny"):
        SimtSimulator(module("", 512), TINY)


# As a user sees it


def test_a_compiled_kernel_reports_what_the_machine_did() -> None:
    kernel = ml.compile(TEXTS[module(NEGATE, 64)], road="simt", target="h200")
    x, o = np.arange(640, dtype=np.float32), zeros(640)
    run = kernel[(10,)](x, o)
    assert (o == -x).all()
    assert run.cycles > 479
    assert run.counters["l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"] == 80
    assert run.pipes["integer"] > 0
    assert isinstance(run.report, SimtReport)
    assert run.report.traffic["loads"].payload == run.report.traffic["loads"].moved == 2560
    assert run.report.to_json()["occupancy"]["limited_by"] in ("warps", "blocks")
    assert kernel[(10,)](x, o).cycles == run.cycles
    assert kernel[(0,)](x, o).cycles == 0


def test_without_cycles_there_is_no_report() -> None:
    kernel = ml.compile(TEXTS[module(NEGATE, 64)], road="simt", target="h200")
    run = kernel[(1,)](zeros(64), zeros(64), options=ml.RunOptions(cycles=False))
    with pytest.raises(CommandError, match="this run had no machine"):
        _ = run.cycles
    with pytest.raises(CommandError, match="stage 'simt' has no cycles without answers"):
        kernel[(1,)](zeros(64), zeros(64), options=ml.RunOptions(answers=False))


def test_a_faster_machine_takes_fewer_cycles(tmp_path: Path) -> None:
    text = (Path(ml.__file__).parent / "targets" / "tiny-simt.toml").read_text()
    wide = tmp_path / "wide.toml"
    wide.write_text(text.replace("gigabytes_per_second = 64", "gigabytes_per_second = 6400"))
    blocks, args = 64, (zeros(4096), zeros(4096))
    slow = report(module(NEGATE, 64), blocks, *args)
    fast = report(module(NEGATE, 64), blocks, *args, target=machine(str(wide)))
    assert fast.cycles < slow.cycles
    assert fast.utilisation["memory bandwidth"] < 0.01 < slow.utilisation["memory bandwidth"]


LAUNCH = """
grid = 10

[arguments]
x = { dtype = "f32", shape = [640], init = "normal", seed = 1 }
o = { dtype = "f32", shape = [640] }

[reference]
o = "-x"
"""


def test_the_command_reports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from minilinalg.cli.main import main

    source, launch = tmp_path / "k.mlir", tmp_path / "k.toml"
    source.write_text(TEXTS[module(NEGATE, 64)])
    launch.write_text(LAUNCH)
    command = ["run", str(source), "--road", "simt", "--target", "tiny-simt", "--launch", str(launch)]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "tiny-simt: " in shown and " cycles, " in shown and "2 blocks of 2 warps on a multiprocessor" in shown
    assert main([*command, "--json"]) == 0
    machine = json.loads(capsys.readouterr().out)["machine"]
    assert machine["counters"]["l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"] == 80
    assert machine["occupancy"]["warps_of_block"] == 2 and machine["cycles"] > 100


def test_bulk_copies_of_an_official_kernel_take_time_and_move_bytes() -> None:
    """matmul_tma for sm_90: two loads of 32 KB in flight before the loop, one for each turn of it."""
    case = next(c for c in CASES if c.kernel == "matmul_tma")
    kernel = of_one_thread("matmul_tma.sm90")
    grid, args = SM90.get("matmul_tma", case.make)(*case.sizes)
    found = report(kernel, grid, *args, target=H200)
    assert found.cycles > 1000
    assert found.traffic["loads"].moved % 16384 == 0 and found.traffic["loads"].moved > 0
    assert found.counters["sm__inst_executed_pipe_tensor_op_gmma.sum"] > 0
    assert found.bandwidth["cache"] > 0
    # The first turn waits for the boxes of its own, and the launch for what it stores.
    far = dataclasses.replace(H200, latency=dataclasses.replace(H200.latency, memory=H200.latency.memory + 5000))
    assert report(kernel, grid, *args, target=far).cycles >= found.cycles + 5000


def test_the_machine_stops_at_what_nobody_wrote_and_at_what_is_outside() -> None:
    word = "%c4 = arith.constant dense<4> : vector<1xi32>\n%own = arith.muli %t, %c4 : vector<1xi32>\n"
    load = "%r = simt.load_shared %own : vector<1xi32> -> vector<1xf32>\n"
    kernel = module(word + load + STORE, 32, shared=128)
    with pytest.raises(RunError) as caught:
        report(kernel, 1)
    told = caught.value.diagnostic
    assert told.found == "'simt.store_global' stores an undefined element"
    assert TEXTS[kernel].splitlines()[told.places[0].line - 1].startswith("simt.store_global")
    with pytest.raises(RunError, match=r"thread 31 of block \(0, 0, 0\) touches bytes 124 to 128 of shared"):
        report(module(word + load + STORE, 32, shared=124), 1)
