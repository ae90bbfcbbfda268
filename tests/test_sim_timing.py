"""The clocks of the simd machine: runs followed by hand, and a plain model of one core after the other as oracle."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.dialects import simd
from minilinalg.errors import InternalError, UnsupportedError
from minilinalg.parsing import parse_module
from minilinalg.sim.channel import TICKS, Channel
from minilinalg.sim.costs import (
    Cost,
    Transfer,
    access_cost,
    cost,
    instruction_cost,
    matmul_cost,
    scalar_cost,
    transfer,
)
from minilinalg.sim.report import MachineReport
from minilinalg.sim.run import Simulator
from minilinalg.sim.timing import Machine
from minilinalg.targets import PIPES, load_target

TINY = load_target("tiny-simd")
LOAD, STORE = TINY.path("gdram", "nram"), TINY.path("nram", "gdram")


def vector_add() -> Machine:
    """x + y of 16 f32 on each of the two cores of tiny-simd, every instruction synchronous."""
    machine = Machine(TINY)
    load = transfer([16], [1], [1], 4, LOAD, writes_chip=False)
    store = transfer([16], [1], [1], 4, STORE, writes_chip=True)
    machine.dma(LOAD, load, op="simd.dma")
    machine.dma(LOAD, load, op="simd.dma")
    machine.issue("vector", cost("add", 16, 4, TINY), op="simd.addf")
    machine.dma(STORE, store, op="simd.dma")
    return machine


def test_vector_add_by_hand():
    # 16 f32 are 64 bytes: 8 cycles of a core's engine, and 8 cycles of the memory, which serves one core at a time.
    #
    #            core 0                                            core 1
    # load x     issued at 1, asks at 11, served 11 to 19          issued at 1, asks at 11, waits, served 19 to 27
    # load y     issued at 20, asks at 30, served 30 to 38         issued at 28, asks at 38, served 38 to 46
    # add        issued at 39, 64 / 16 = 4 passes to 43,           issued at 47, to 51, result at 53
    #            result 2 later: 45
    # store      issued at 46, asks at 56, served 56 to 64         issued at 54, asks at 64, served 64 to 72
    machine = vector_add()
    assert machine.now.tolist() == [64, 72]
    report = machine.report()
    assert report == MachineReport(
        target="tiny-simd",
        cores=2,
        clock_hz=1_000_000_000,
        cycles=72,
        pipes={
            "scalar": 2 * 4,  # four instructions issued on each core
            "vector": 2 * 4,
            "tensor": 0,
            "io_dma": 2 * 3 * (10 + 8),
            "move_dma": 0,
        },
        bandwidth={"gdram": 6 * 8},
        queueing=8,  # core 1's load of x
        traffic=report.traffic,
        counters={"simd.dma": 6, "simd.addf": 2},
    )
    assert {name: (t.payload, t.moved) for name, t in report.traffic.items()} == {
        "gdram to nram": (256, 256),
        "nram to gdram": (128, 128),
    }
    assert report.bound_by == "io_dma"
    assert report.seconds == 72e-9


def test_a_program_by_hand():
    # vector_add again, as a program: before it, each core works out its offset with core_id (1 cycle) and muli (1), so
    # everything happens two cycles later; constants and views are no instructions.
    off_chip, on_chip = "memref<?xf32, #simd.space<gdram>>", "memref<16xf32, #simd.space<nram>>"
    view = "memref<16xf32, strided<[1], offset: ?>, #simd.space<gdram>>"
    views = "".join(
        f"  %{name}s = memref.reinterpret_cast %{name} to offset: [%offset], sizes: [16], strides: [1]"
        f" : {off_chip} to {view}\n"
        for name in ("x", "y", "out")
    )
    pointers = ", ".join(f'{{name = "{name}", kind = "pointer", type = f32}}' for name in ("x", "y", "out"))
    module = parse_module(
        f"func.func @add(%x: {off_chip}, %y: {off_chip}, %out: {off_chip}, %gx: index, %gy: index, %gz: index)\n"
        f"    attributes {{ml.abi = [{pointers}]}} {{\n"
        "  %core = simd.core_id : index\n"
        "  %c16 = arith.constant 16 : index\n"
        "  %offset = arith.muli %core, %c16 : index\n"
        f"{views}"
        f"  %a = memref.alloc() {{simd.address = 0 : i64}} : {on_chip}\n"
        f"  %b = memref.alloc() {{simd.address = 64 : i64}} : {on_chip}\n"
        f"  simd.dma %xs -> %a : {view} -> {on_chip}\n"
        f"  simd.dma %ys -> %b : {view} -> {on_chip}\n"
        f"  simd.addf %a, %b -> %a : {on_chip}\n"
        f"  simd.dma %a -> %outs : {on_chip} -> {view}\n"
        "  return\n}\n"
    )
    x, y, out = (np.full(32, value, np.float32) for value in (1.5, 2, 0))
    report = Simulator(module, TINY).run((2,), [x, y, out]).report
    assert out.tolist() == [3.5] * 32
    assert report.cycles == 2 + 72
    assert report.pipes == vector_add().report().pipes | {"scalar": 2 * (2 + 4)}
    assert report.queueing == 8


def test_report_as_text():
    assert str(vector_add().report()) == (
        "tiny-simd: 72 cycles, 72 ns, bound by io_dma\n"
        "  busy             cycles  share\n"
        "  scalar                8   5.6%\n"
        "  vector                8   5.6%\n"
        "  tensor                0   0.0%\n"
        "  io_dma              108  75.0%\n"
        "  move_dma              0   0.0%\n"
        "  gdram bandwidth      48  66.7%\n"
        "  bytes          asked for  on the bus\n"
        "  gdram to nram        256         256\n"
        "  nram to gdram        128         128\n"
        "  instruction  times\n"
        "  simd.addf        2\n"
        "  simd.dma         6"
    )


def test_report_as_json():
    report = vector_add().report()
    data = json.loads(json.dumps(report.to_json()))
    assert data["cycles"] == 72
    assert data["traffic"]["nram to gdram"] == {"payload": 128, "moved": 128}
    assert data["utilisation"]["io_dma"] == 0.75


def test_nothing_ran():
    report = Machine(TINY).report()
    assert (report.cycles, report.bound_by) == (0, "nothing")
    assert str(report).startswith("tiny-simd: 0 cycles, 0 ns, bound by nothing\n")


def test_asynchronous_load_behind_computation_by_hand():
    # load x, asynchronous:  issued at 1, asks at 11, done at 19; the core goes on at 1.
    # exp of 4 f32:          issued at 2, 6 passes of one cycle to 8, result at 12.
    # add after the load:    issued at 13, waits for the token until 19, one pass to 20, result at 22.
    machine = Machine(TINY, 1)
    token = machine.dma(LOAD, transfer([16], [1], [1], 4, LOAD, writes_chip=False), op="simd.dma", synchronous=False)
    assert token is not None
    assert machine.now.tolist() == [1]
    machine.issue("vector", cost("nonlinear", 4, 4, TINY), op="simd.exp")
    assert machine.now.tolist() == [12]
    machine.issue("vector", cost("add", 4, 4, TINY), op="simd.addf", after=[token])
    assert machine.now.tolist() == [22]


def test_an_instruction_waits_for_its_pipe_by_hand():
    # Two asynchronous adds of 16 f32: the first occupies the vector pipe from 1 to 5, the second, issued at 2, from
    # 5 to 9; the core waits for its result until 11.
    machine = Machine(TINY, 1)
    add = cost("add", 16, 4, TINY)
    machine.issue("vector", add, op="simd.addf", synchronous=False)
    token = machine.issue("vector", add, op="simd.addf", synchronous=False, depends=False)
    assert token is not None
    assert (machine.now.tolist(), machine.cycles) == ([2], 11)
    machine.wait([token])
    assert machine.now.tolist() == [11]


def test_a_pipe_runs_dry_for_what_needs_its_results_by_hand():
    # reduce of 4 f32: issued at 1, one pass to 2, result at 6. An add that reads it: issued at 2, starts at 6, one pass
    # to 7, result at 9. A copy of something else: issued at 3, one pass to 8, result at 10.
    machine = Machine(TINY, 1)
    machine.issue("vector", cost("reduce", 4, 4, TINY), op="simd.reduce_addf", synchronous=False)
    machine.issue("vector", cost("add", 4, 4, TINY), op="simd.addf", synchronous=False)
    machine.issue("vector", cost("move", 4, 4, TINY), op="simd.move", synchronous=False, depends=False)
    assert (machine.now.tolist(), machine.cycles) == ([3], 10)


def test_results_of_a_pipe_come_in_order_by_hand():
    # The result of the reduction is there at 6; the add behind it, done at 5 for itself, is there at 6 too.
    machine = Machine(TINY, 1)
    machine.issue("vector", cost("reduce", 4, 4, TINY), op="simd.reduce_addf", synchronous=False)
    token = machine.issue("vector", cost("add", 4, 4, TINY), op="simd.addf", synchronous=False, depends=False)
    assert token is not None
    assert token.tolist() == [6]


def test_barriers():
    machine = Machine(load_target("mlu370"), 8)
    machine.scalar(5, 1, op="arith.addi")
    machine.scalar(7, 6, op="arith.addi")
    machine.barrier("core")
    assert machine.now.tolist() == [0, 5, 0, 0, 0, 0, 7, 0]
    machine.barrier("cluster")
    assert machine.now.tolist() == [5, 5, 5, 5, 7, 7, 7, 7]
    machine.barrier("chip", slice(0, 5))
    assert machine.now.tolist() == [7, 7, 7, 7, 7, 7, 7, 7]


def test_a_machine_has_no_more_cores_than_its_target():
    with pytest.raises(InternalError, match="3 cores of 'tiny-simd', which has 2"):
        Machine(TINY, 3)


def test_a_core_does_what_nothing_needs_and_the_engine_does_not():
    module = parse_module("""func.func @f(%n: i32) {
      %core = simd.core_id : index
      %squared = arith.muli %n, %n : i32
      %again = arith.divsi %squared, %n : i32
      return
    }""")
    simulator = Simulator(module, TINY)
    written = {op.name for op in simulator.executable.compiled.program.origin.values()}
    report = simulator.run(1, [3]).report
    assert "simd.core_id" in written and not written & {"arith.muli", "arith.divsi"}
    assert report is not None
    each = sum(
        scalar_cost(name, size, TINY) for name, size in (("simd.core_id", 8), ("arith.muli", 4), ("arith.divsi", 4))
    )
    assert (report.counters["scalar"], report.pipes["scalar"]) == (2 * 3, 2 * each)


# --- costs ---------------------------------------------------------------------------------------------------------


def test_short_instruction_costs_as_much_as_a_padded_one():
    assert cost("add", 1, 4, TINY) == cost("add", 4, 4, TINY) == Cost(issue=1, occupancy=1, latency=2)
    assert cost("add", 5, 4, TINY) == Cost(1, 2, 2)
    assert cost("nonlinear", 16, 4, TINY) == Cost(1, 24, 4)
    assert cost("add", 16, 2, TINY).total == 1 + 2 + 2


def test_matmul_rounds_up_to_tiles():
    # 3 x 8 x 5 in f32: n is a multiple of 4, 4 multiply-adds a cycle.
    assert matmul_cost(3, 5, 8, 4, TINY) == Cost(1, 3 * 8 * 8 // 4, 4)
    with pytest.raises(UnsupportedError, match="64-bit operands"):
        matmul_cost(1, 4, 1, 8, TINY)


def test_cost_of_operations():
    vector, weights = "memref<4x4xf32, #simd.space<nram>>", "memref<4x4xf32, #simd.space<wram>>"
    module = parse_module(
        f"func.func @f(%a: {vector}, %b: {weights}, %r: memref<4xf32, #simd.space<nram>>) {{\n"
        f"  simd.exp %a -> %a : {vector}\n"
        f"  simd.matmul %a, %b -> %a : {vector}, {weights} -> {vector}\n"
        f"  simd.reduce_addf %a -> %r dimensions = [1] : {vector} -> memref<4xf32, #simd.space<nram>>\n"
        "  return\n}\n"
    )
    ops = [op for op in module.walk() if isinstance(op, simd.Instruction)]
    assert [instruction_cost(op, TINY) for op in ops] == [Cost(1, 24, 4), Cost(1, 16, 4), Cost(1, 4, 4)]


@pytest.mark.parametrize(
    ("op", "size", "cycles"),
    [
        ("arith.addi", 8, 2),
        ("arith.cmpf", 4, 2),
        ("arith.mulf", 4, 2),
        ("arith.divf", 2, 8),
        ("arith.divf", 4, 16),
        ("arith.divsi", 8, 16),
        ("math.exp", 4, 18),
        ("scf.for", 8, 2),
        ("arith.constant", 4, 0),
        ("memref.subview", 8, 0),
        ("simd.core_id", 8, 2),
    ],
)
def test_scalar_costs(op: str, size: int, cycles: int):
    assert scalar_cost(op, size, load_target("mlu370")) == cycles


def test_scalar_accesses():
    target = load_target("mlu370")
    assert [access_cost(space, False, target) for space in ("gdram", "nram")] == [200, 8]
    assert access_cost("gdram", True, target) == 8


def test_transfers_by_hand():
    # One run of 20 bytes is three granules of 8; written, the half granule at its end is read first.
    assert transfer([5], [1], [1], 4, LOAD, writes_chip=False) == Transfer(10, 3, 24, 20)
    assert transfer([5], [1], [1], 4, STORE, writes_chip=True) == Transfer(10, 4, 32, 20)
    # Four rows of 16 bytes out of rows of 32: three rows more, a cycle each.
    assert transfer([4, 4], [8, 1], [4, 1], 4, LOAD, writes_chip=False) == Transfer(10, 8 + 3, 64, 64)
    # Whole rows are one run.
    assert transfer([4, 8], [8, 1], [8, 1], 4, LOAD, writes_chip=False) == Transfer(10, 16, 128, 128)
    # A column: every element is a run and takes a granule.
    assert transfer([4], [8], [1], 4, LOAD, writes_chip=False) == Transfer(10, 4 + 3, 32, 16)
    # Four nested strides: a descriptor holds a run and two strides, so the outermost takes two descriptors.
    extents, strides = [2, 2, 2, 2], [1000, 100, 10, 1]
    assert transfer(extents, strides, [8, 4, 2, 1], 4, LOAD, writes_chip=False) == Transfer(20, 8 + 6, 64, 64)
    assert transfer([0], [1], [1], 4, LOAD, writes_chip=False) == Transfer(0, 0, 0, 0)
    assert transfer([3, 0], [9, 1], [9, 1], 4, LOAD, writes_chip=False) == Transfer(0, 0, 0, 0)
    assert transfer([], [], [], 4, LOAD, writes_chip=False) == Transfer(10, 1, 8, 4)


def transfer_model(extents: list[int], source: list[int], destination: list[int], size: int, writes: bool) -> Transfer:
    """The same by listing levels, innermost first, each (extent, source stride, destination stride)."""
    levels: list[list[int]] = [[1, 1, 1]]
    for dim in reversed(list(zip(extents, source, destination, strict=True))):
        inner = levels[-1]
        if dim[0] == 1 or (dim[1], dim[2]) == (inner[0] * inner[1], inner[0] * inner[2]):
            inner[0] *= dim[0]
        else:
            levels.append(list(dim))
    run = levels[0][0] * size
    runs = int(np.prod([level[0] for level in levels[1:]], dtype=int))
    descriptors = int(np.prod([level[0] for level in levels[LOAD.dims :]], dtype=int))
    if run * runs == 0:
        return Transfer(0, 0, 0, 0)
    granules = ceil(run / LOAD.granule) + (1 if writes and run % LOAD.granule else 0)
    moved = runs * granules * LOAD.granule
    engine = ceil(moved / LOAD.bytes_per_cycle) + (runs - descriptors) * LOAD.row
    return Transfer(descriptors * LOAD.startup, engine, moved, run * runs)


@given(st.data(), st.integers(0, 4), st.sampled_from((1, 2, 4, 8)), st.booleans())
def test_transfers_agree_with_the_model_for_each_core(data: st.DataObject, rank: int, size: int, writes: bool):
    lanes = data.draw(st.integers(1, 4))
    extent = st.lists(st.integers(0, 4), min_size=lanes, max_size=lanes)
    extents = data.draw(st.lists(extent, min_size=rank, max_size=rank))
    stride = st.sampled_from((1, 2, 3, 4, 8, 16))
    source, destination = (data.draw(st.lists(stride, min_size=rank, max_size=rank)) for _ in range(2))
    arrays = [np.array(one, np.int64) for one in extents]
    together = transfer(arrays, source, destination, size, LOAD, writes_chip=writes)
    for lane in range(lanes):
        own = [one[lane] for one in extents]
        expected = transfer_model(own, source, destination, size, writes)
        assert transfer(own, source, destination, size, LOAD, writes_chip=writes) == expected
        assert tuple(int(np.broadcast_to(value, lanes)[lane]) for value in together) == expected


# --- the channel ---------------------------------------------------------------------------------------------------


@dataclass
class PlainChannel:
    """The memory as a list of the times that are taken, one request after the other."""

    rate: float
    taken: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def serve(self, at: int, size: int) -> int:
        left = ceil(size * (TICKS / self.rate))
        clock = at * TICKS
        if not left:
            return at
        pieces: list[tuple[int, int]] = []
        for start, end in sorted(self.taken):
            if clock < start:
                piece = min(start - clock, left)
                pieces.append((clock, clock + piece))
                left -= piece
                if not left:
                    break
            clock = max(clock, end)
        if left:
            pieces.append((clock, clock + left))
        self.taken += pieces
        return ceil(pieces[-1][1] / TICKS)


REQUESTS = st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=6), max_size=12)


@given(REQUESTS, st.sampled_from((1.0, 8.0, 2.5, 236.3)))
def test_channel_agrees_with_the_plain_one(calls: list[list[tuple[int, int]]], rate: float):
    channel, plain = Channel(rate), PlainChannel(rate)
    for call in calls:
        at, size = (np.array(column, np.int64) for column in zip(*call, strict=True))
        expected = np.zeros(len(call), np.int64)
        for index in np.argsort(at, kind="stable"):
            expected[index] = plain.serve(int(at[index]), int(size[index]))
        assert channel.serve(at, size).tolist() == expected.tolist()
    taken = sorted(plain.taken)
    assert channel.busy == sum(end - start for start, end in taken)
    assert all(a[1] <= b[0] for a, b in pairwise(taken))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(0, 100))
def test_requests_of_one_size_need_no_vector(at: list[int], size: int):
    one, many = Channel(2.5), Channel(2.5)
    asked = np.array(at, np.int64)
    for _ in range(3):
        assert one.serve(asked, size).tolist() == many.serve(asked, np.full(len(at), size)).tolist()
        asked = asked + 3


def test_first_come_first_served_within_a_call():
    # 8 bytes a cycle, 16 bytes each: two cycles in the order of the cycles asked in, not of the cores.
    assert Channel(8.0).serve(np.array([5, 0, 1, 20]), 16).tolist() == [7, 2, 4, 22]


def test_a_core_that_is_behind_uses_time_that_others_left():
    channel = Channel(8.0)
    assert channel.serve(np.array([100]), 80).tolist() == [110]
    assert channel.serve(np.array([0, 95]), 80).tolist() == [10, 115]
    assert channel.busy_cycles == 30


def test_cores_that_ask_in_one_cycle_are_served_in_their_order():
    # The engine may run cores in any order, those with the longest loops first; the memory knows their numbers only.
    size = np.array([10, 20, 30])
    in_order, otherwise = Machine(load_target("mlu370"), 4), Machine(load_target("mlu370"), 4)
    for machine, cores in ((in_order, np.array([0, 1, 3])), (otherwise, np.array([3, 0, 1]))):
        path = machine.target.path("gdram", "nram")
        extents = size[np.searchsorted([0, 1, 3], cores)] * 1000
        machine.dma(path, transfer([extents], [1], [1], 4, path, writes_chip=False), cores, op="simd.dma")
    assert in_order.now.tolist() == otherwise.now.tolist()
    assert in_order.report() == otherwise.report()
    assert sorted(in_order.now.tolist()) == in_order.now[[2, 0, 1, 3]].tolist()


# --- the machine against one core after the other --------------------------------------------------------------------


@dataclass
class PlainCore:
    now: int = 0
    last: int = 0
    free: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PIPES, 0))
    dry: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PIPES, 0))


class PlainMachine:
    """Instructions one by one, cores one by one, with Python's integers and a rule a line."""

    def __init__(self, target: Any, cores: int):
        self.target = target
        self.cores = [PlainCore() for _ in range(cores)]
        self.channel = PlainChannel(target.global_space.bytes_per_cycle)
        self.tokens: list[dict[int, int]] = []

    def run(self, step: Step) -> None:
        active = range(len(self.cores))[step.active]
        match step.kind:
            case "scalar":
                for core in active:
                    self.cores[core].now += step.size
            case "wait":
                for core in active:
                    self.cores[core].now = max([self.cores[core].now, *self.done(step, core)])
            case "barrier":
                for core in active:
                    own = self.cores[core]
                    own.now = max(own.now, own.last)
                per = {"core": 1, "cluster": self.target.cores_per_cluster, "chip": len(self.cores)}[step.scope]
                reached = {core: self.cores[core].now for core in active}
                for core in active:
                    self.cores[core].now = max(time for other, time in reached.items() if other // per == core // per)
            case _:
                self.execute(step, active)

    def done(self, step: Step, core: int) -> list[int]:
        return [self.tokens[token % len(self.tokens)].get(core, 0) for token in step.after if self.tokens]

    def execute(self, step: Step, active: range) -> None:
        path = LOAD_MLU if step.kind == "load" else STORE_MLU
        issue = path.issue if step.kind in ("load", "store") else step.cost.issue
        pipe = path.pipe if step.kind in ("load", "store") else step.kind
        starts: dict[int, int] = {}
        for core in active:
            own = self.cores[core]
            own.now += issue
            starts[core] = max([own.now, own.free[pipe], *self.done(step, core)])
            if step.depends and step.kind in ("vector", "tensor"):
                starts[core] = max(starts[core], own.dry[pipe])
        token: dict[int, int] = {}
        for core in sorted(active, key=lambda core: starts[core]):
            own = self.cores[core]
            if step.kind in ("load", "store"):
                move = transfer([step.size + core], [1], [1], 4, path, writes_chip=step.kind == "store")
                asked = starts[core] + int(move.startup)
                own.free[pipe] = done = max(asked + int(move.engine), self.channel.serve(asked, int(move.moved)))
            else:
                own.free[pipe] = starts[core] + step.cost.occupancy
                done = own.free[pipe] + step.cost.latency
            own.dry[pipe] = done = max(done, own.dry[pipe])
            if step.is_async:
                own.last = max(own.last, done)
                token[core] = done
            else:
                own.now = done
        if step.is_async:
            self.tokens.append(token)


MLU = replace(load_target("mlu370"), clusters=2)
LOAD_MLU, STORE_MLU = MLU.path("gdram", "nram"), MLU.path("nram", "gdram")


@dataclass
class Step:
    kind: str
    active: slice
    cost: Cost
    size: int
    scope: str
    after: list[int]
    is_async: bool
    depends: bool


STEPS = st.builds(
    Step,
    kind=st.sampled_from(("vector", "tensor", "load", "store", "load", "store", "scalar", "wait", "barrier")),
    active=st.builds(slice, st.integers(0, 3), st.integers(4, 8)),
    cost=st.builds(Cost, st.integers(0, 3), st.integers(0, 300), st.integers(0, 20)),
    size=st.integers(0, 5000),
    scope=st.sampled_from(("core", "cluster", "chip")),
    after=st.lists(st.integers(0, 9), max_size=2),
    is_async=st.booleans(),
    depends=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=25), st.booleans())
def test_machine_agrees_with_one_core_after_the_other(steps: list[Step], all_synchronous: bool):
    machine, plain = Machine(MLU, 8), PlainMachine(MLU, 8)
    tokens: list[Any] = []
    for step in steps:
        step.is_async &= not all_synchronous
        after = [tokens[token % len(tokens)][step.active] for token in step.after if tokens]
        lanes = np.arange(8)[step.active]
        active = step.active if step.size % 2 else lanes
        token = None
        match step.kind:
            case "scalar":
                machine.scalar(step.size, active, op="s")
            case "wait":
                machine.wait(after, active)
            case "barrier":
                machine.barrier(step.scope, active)
            case "load" | "store":
                path = LOAD_MLU if step.kind == "load" else STORE_MLU
                move = transfer([step.size + lanes], [1], [1], 4, path, writes_chip=step.kind == "store")
                token = machine.dma(path, move, active, op="d", after=after, synchronous=not step.is_async)
            case pipe:
                how = {"after": after, "synchronous": not step.is_async, "depends": step.depends}
                token = machine.issue(pipe, step.cost, active, op=pipe, **how)
        if token is not None:
            everywhere = np.zeros(8, np.int64)
            everywhere[lanes] = token
            tokens.append(everywhere)
        plain.run(step)
        assert machine.now.tolist() == [core.now for core in plain.cores]
    assert machine.cycles == max(max(core.now, core.last) for core in plain.cores)
