"""What the simulated GPU counts: sectors and bank conflicts as an H200's profiler does, and as lanes one by one.

The golden values are those that the profiler gave on an H200 for the same accesses.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from simt_programs import H200, at, module
from slow.lanes import sectors_of_warp, wavefronts_of_warp
from test_linear_layouts import GLUON, in_memory, shared_of

from minilinalg.context import make_context
from minilinalg.interp.dtypes import INDEX
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.values import Affine
from minilinalg.layouts.banks import bank_conflicts, shared_access, vector_of_registers
from minilinalg.layouts.distributed import blocked
from minilinalg.layouts.lane_order import lane_order
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.passes.tritongpu_to_simt.shared import widest_vector
from minilinalg.sim.simt.banks import count_wavefronts
from minilinalg.sim.simt.classes import Classes
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.sim.simt.sectors import count_sectors

LD_SECTORS = "l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"
ST_SECTORS = "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum"
LD_REQUESTS = "l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum"
LD_CONFLICTS = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_ld.sum"
ST_CONFLICTS = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_st.sum"
LD_WAVEFRONTS = "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_ld.sum"
ST_WAVEFRONTS = "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_st.sum"


def counters(kernel: Any, blocks: Any, *args: Any) -> Mapping[str, int]:
    report = SimtSimulator(kernel, H200).run(blocks, args)
    assert report is not None
    return report.counters


def zeros(n: int) -> np.ndarray:
    return np.zeros(n, np.float32)


def scaled(name: str, value: str, factor: int, offset: int = 0) -> str:
    return f"""
    %{name}_f = arith.constant dense<{factor}> : vector<1xi32>
    %{name}_o = arith.constant dense<{offset}> : vector<1xi32>
    %{name}_m = arith.muli {value}, %{name}_f : vector<1xi32>
    %{name} = arith.addi %{name}_m, %{name}_o : vector<1xi32>
    """


# Global memory


@pytest.mark.parametrize(
    ("stride", "first", "sectors"), [(1, 0, 4), (1, 1, 5), (2, 0, 8), (4, 0, 16), (8, 0, 32), (9, 0, 32), (100, 0, 32)]
)
def test_sectors_of_f32(stride: int, first: int, sectors: int) -> None:
    body = (
        scaled("e", "%i", stride, first)
        + at("x", "%e", 4, "px")
        + at("o", "%e", 4, "po")
        + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>\n"
        "simt.store_global %po, %v : vector<1xi64>, vector<1xf32>"
    )
    found = counters(module(body, 64), 3, zeros(20000), zeros(20000))
    assert (found[LD_SECTORS], found[ST_SECTORS], found[LD_REQUESTS]) == (6 * sectors, 6 * sectors, 6)


def test_sectors_of_float4() -> None:
    body = scaled("e", "%i", 4) + at("x", "%e", 4, "px") + "%v = simt.load_global %px : vector<1xi64> -> vector<4xf32>"
    found = counters(module(body, 32), 5, zeros(640), zeros(1))
    assert (found[LD_SECTORS], found[LD_REQUESTS]) == (5 * 16, 5)


@pytest.mark.parametrize(("n", "sectors", "requests"), [(0, 0, 0), (1, 1, 1), (9, 2, 1), (33, 5, 2), (100, 13, 4)])
def test_masked_off_lanes_touch_nothing(n: int, sectors: int, requests: int) -> None:
    body = (
        """
        %ns = vector.broadcast %n : i32 to vector<1xi32>
        %m = arith.cmpi slt, %i, %ns : vector<1xi32>
        """
        + at("x", "%i", 4, "px")
        + "%v = simt.load_global %px mask %m : vector<1xi64> -> vector<1xf32>"
    )
    kernel = module(body, 64, parameters={"x": "f32", "n": "i32"})
    found = counters(kernel, 3, zeros(192), n)
    assert (found[LD_SECTORS], found[LD_REQUESTS]) == (sectors, requests)


def test_the_same_address_in_all_threads_is_one_sector_a_warp() -> None:
    found = counters(module("%v = simt.load_global %x : i64 -> f32", 96), 2, zeros(8), zeros(1))
    assert (found[LD_SECTORS], found[LD_REQUESTS]) == (6, 6)


def test_an_argument_that_begins_inside_a_sector() -> None:
    body = at("x", "%i", 4, "px") + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>"
    whole = zeros(64)
    assert counters(module(body, 32), 1, whole[1:], whole)[LD_SECTORS] == 5


def test_atomics_count_by_whether_their_result_is_used() -> None:
    body = (
        at("o", "%i", 4, "po") + "%old = simt.atomic_rmw fadd, relaxed, gpu, %po, %one : vector<1xi64>, vector<1xf32>"
    )
    body = "%one = arith.constant dense<1.0> : vector<1xf32>\n" + body
    found = counters(module(body, 32), 1, zeros(1), zeros(32))
    assert found["l1tex__t_sectors_pipe_lsu_mem_global_op_red.sum"] == 4
    body += "\nsimt.store_global %po, %old : vector<1xi64>, vector<1xf32>"
    found = counters(module(body, 32), 1, zeros(1), zeros(32))
    assert found["l1tex__t_sectors_pipe_lsu_mem_global_op_atom.sum"] == 4


# Shared memory

SHARED_LOADS = [
    ("f32", 1, 0, 1, 0),
    ("f32", 1, 1, 1, 0),
    ("f32", 1, 3, 1, 0),
    ("f32", 1, 2, 2, 1),
    ("f32", 1, 4, 4, 3),
    ("f32", 1, 32, 32, 31),
    ("f32", 2, 1, 2, 0),
    ("f32", 2, 2, 4, 2),
    ("f32", 2, 16, 32, 30),
    ("f32", 4, 2, 8, 4),
    ("f32", 4, 8, 32, 28),
    ("f32", 4, 9, 4, 0),
    ("i16", 1, 1, 1, 0),
    ("i16", 1, 2, 1, 0),
    ("i16", 1, 64, 32, 31),
]
"""Element, elements of an access, stride in accesses, wavefronts and conflicts of a warp."""


@pytest.mark.parametrize(("element", "n", "stride", "wavefronts", "conflicts"), SHARED_LOADS)
def test_wavefronts_of_a_warp(element: str, n: int, stride: int, wavefronts: int, conflicts: int) -> None:
    size = n * (4 if element == "f32" else 2)
    body = (
        scaled("a", "%t", stride * size)
        + f"%v = arith.constant dense<0{'.0' if element == 'f32' else ''}> : vector<{n}x{element}>\n"
        f"simt.store_shared %a, %v : vector<1xi32>, vector<{n}x{element}>\n"
        + ("" if stride else "simt.barrier\n")
        + f"%w = simt.load_shared %a : vector<1xi32> -> vector<{n}x{element}>"
    )
    if not stride:
        # All threads may read one word, and may not all write it.
        body = body.replace("simt.store_shared %a, %v", "simt.store_shared %a, %v mask %only")
        body = (
            "%zero = arith.constant dense<0> : vector<1xi32>\n%only = arith.cmpi eq, %t, %zero : vector<1xi32>\n" + body
        )
    found = counters(module(body, 32, shared=8192), 3, zeros(1), zeros(1))
    assert (found[LD_WAVEFRONTS], found[LD_CONFLICTS]) == (3 * wavefronts, 3 * conflicts)
    if stride:
        assert (found[ST_WAVEFRONTS], found[ST_CONFLICTS]) == (3 * wavefronts, 3 * conflicts)


TRANSPOSE = """
%y = simt.block_id y : i32
%n32 = arith.constant 32 : i32
%row0 = arith.muli %y, %n32 : i32
%col0 = arith.muli %b, %n32 : i32
%row0s = vector.broadcast %row0 : i32 to vector<4xi32>
%col0s = vector.broadcast %col0 : i32 to vector<4xi32>
%c31 = arith.constant dense<31> : vector<1xi32>
%c5 = arith.constant dense<5> : vector<1xi32>
%lane1 = arith.andi %t, %c31 : vector<1xi32>
%warp1 = arith.shrui %t, %c5 : vector<1xi32>
%lane = vector.broadcast %lane1 : vector<1xi32> to vector<4xi32>
%warps = vector.broadcast %warp1 : vector<1xi32> to vector<4xi32>
%eights = arith.constant dense<[0, 8, 16, 24]> : vector<4xi32>
%row = arith.addi %warps, %eights : vector<4xi32>
%size = arith.constant dense<1024> : vector<4xi32>
"""
"""A block of 256 threads has a tile of 32 x 32: warp w the rows w, w + 8, ..., lane l column l. %row and %lane."""


def transpose(place: str) -> Any:
    """place: text that gives `%name`, the place in the tile, for {row}, {column}, {name}."""
    global_at = """
    %{n}_r = arith.addi {rows}, %row : vector<4xi32>
    %{n}_c = arith.addi {columns}, %lane : vector<4xi32>
    %{n}_p = arith.muli %{n}_r, %size : vector<4xi32>
    %{n}_i = arith.addi %{n}_p, %{n}_c : vector<4xi32>
    """
    body = (
        TRANSPOSE
        + global_at.format(n="in", rows="%row0s", columns="%col0s")
        + at("x", "%in_i", 4, "px", 4)
        + "%v = simt.load_global %px : vector<4xi64> -> vector<4xf32>\n"
        + place.format(name="to", row="%row", column="%lane")
        + "simt.store_shared %to, %v : vector<4xi32>, vector<4xf32>\nsimt.barrier\n"
        + place.format(name="from", row="%lane", column="%row")
        + "%w = simt.load_shared %from : vector<4xi32> -> vector<4xf32>\n"
        + global_at.format(n="out", rows="%col0s", columns="%row0s")
        + at("o", "%out_i", 4, "po", 4)
        + "simt.store_global %po, %w : vector<4xi64>, vector<4xf32>"
    )
    return module(body, 256, shared=32 * 33 * 4)


PITCH = """
%{name}_n = arith.constant dense<{pitch}> : vector<4xi32>
%{name}_4 = arith.constant dense<4> : vector<4xi32>
%{name}_s = arith.muli {row}, %{name}_n : vector<4xi32>
%{name}_e = arith.muli {column}, %{name}_4 : vector<4xi32>
%{name} = arith.addi %{name}_s, %{name}_e : vector<4xi32>
"""
XOR = """
%{name}_x = arith.xori {row}, {column} : vector<4xi32>
""" + PITCH.replace("{pitch}", "128").replace("{column}", "%{name}_x")


@pytest.mark.parametrize(
    ("place", "wavefronts", "conflicts"),
    [
        (PITCH.replace("{pitch}", "128"), 1_048_576, 1_015_808),
        (PITCH.replace("{pitch}", "132"), 32_768, 0),
        (XOR, 32_768, 0),
    ],
    ids=["tile[32][32]", "tile[32][33]", "xor"],
)
def test_transpose_of_1024_by_1024(place: str, wavefronts: int, conflicts: int) -> None:
    x = np.arange(1024 * 1024, dtype=np.float32)
    o = np.zeros_like(x)
    found = counters(transpose(place), (32, 32), x, o)
    assert (o.reshape(1024, 1024) == x.reshape(1024, 1024).T).all()
    assert (found[LD_WAVEFRONTS], found[LD_CONFLICTS]) == (wavefronts, conflicts)
    assert (found[ST_WAVEFRONTS], found[ST_CONFLICTS]) == (32_768, 0)
    assert found[LD_SECTORS] == found[ST_SECTORS] == 4 * 32_768


def test_ldmatrix_takes_a_phase_a_matrix() -> None:
    def kernel(pitch: int) -> Any:
        return module(
            scaled("w", "%t", 16)
            + "%v = arith.constant dense<0.0> : vector<8xf16>\n"
            + scaled("a", "%t", pitch)
            + "simt.store_shared %a, %v : vector<1xi32>, vector<8xf16>\nsimt.barrier\n"
            + "%m = simt.ldmatrix %a, 4 : vector<1xi32> -> vector<8xf16>\n"
            + "%m2 = simt.ldmatrix %a, 2 : vector<1xi32> -> vector<4xf16>",
            32,
            shared=8192,
        )

    found = counters(kernel(16), 1, zeros(1), zeros(1))
    assert (found[LD_WAVEFRONTS], found[LD_CONFLICTS]) == (4 + 2, 0)
    found = counters(kernel(128), 1, zeros(1), zeros(1))
    assert (found[LD_WAVEFRONTS], found[LD_CONFLICTS]) == (32 + 16, 28 + 14)


ROUND_TRIP = """
#r = #ttg.blocked<{{sizePerThread = {0}, threadsPerWarp = {1}, warpsPerCTA = {2}, order = {3}}}>
#rows = #ttg.slice<{{dim = 1, parent = #r}}>
#columns = #ttg.slice<{{dim = 0, parent = #r}}>
#m = {memory}
module attributes {{"ttg.num-ctas" = 1 : i32, "ttg.num-warps" = 4 : i32, ttg.target = "cuda:90",
    "ttg.threads-per-warp" = 32 : i32}} {{
  tt.func @k(%x: !tt.ptr<{e}>, %o: !tt.ptr<{e}>) {{
    %r = tt.make_range {{end = {n} : i32, start = 0 : i32}} : tensor<{n}xi32, #rows>
    %c = tt.make_range {{end = {n} : i32, start = 0 : i32}} : tensor<{n}xi32, #columns>
    %r2 = tt.expand_dims %r {{axis = 1 : i32}} : tensor<{n}xi32, #rows> -> tensor<{n}x1xi32, #r>
    %c2 = tt.expand_dims %c {{axis = 0 : i32}} : tensor<{n}xi32, #columns> -> tensor<1x{n}xi32, #r>
    %n = arith.constant dense<{n}> : tensor<{n}x1xi32, #r>
    %first = arith.muli %r2, %n : tensor<{n}x1xi32, #r>
    %firsts = tt.broadcast %first : tensor<{n}x1xi32, #r> -> tensor<{n}x{n}xi32, #r>
    %within = tt.broadcast %c2 : tensor<1x{n}xi32, #r> -> tensor<{n}x{n}xi32, #r>
    %at = arith.addi %firsts, %within : tensor<{n}x{n}xi32, #r>
    %xs = tt.splat %x : !tt.ptr<{e}> -> tensor<{n}x{n}x!tt.ptr<{e}>, #r>
    %os = tt.splat %o : !tt.ptr<{e}> -> tensor<{n}x{n}x!tt.ptr<{e}>, #r>
    %px = tt.addptr %xs, %at : tensor<{n}x{n}x!tt.ptr<{e}>, #r>, tensor<{n}x{n}xi32, #r>
    %po = tt.addptr %os, %at : tensor<{n}x{n}x!tt.ptr<{e}>, #r>, tensor<{n}x{n}xi32, #r>
    %v = tt.load %px : tensor<{n}x{n}x!tt.ptr<{e}>, #r>
    %s = ttg.local_alloc %v : (tensor<{n}x{n}x{e}, #r>) -> !ttg.memdesc<{n}x{n}x{e}, #m, #ttg.shared_memory>
    %w = ttg.local_load %s : !ttg.memdesc<{n}x{n}x{e}, #m, #ttg.shared_memory> -> tensor<{n}x{n}x{e}, #r>
    tt.store %po, %w : tensor<{n}x{n}x!tt.ptr<{e}>, #r>
    tt.return
  }}
}}
"""
"""A tile through shared memory and back, by one layout."""


@pytest.mark.parametrize(("bits", "shape", "swizzle", "conflicts"), GLUON)
def test_tiles_have_the_conflicts_that_gluon_states(
    bits: int, shape: tuple[int, int], swizzle: Any, conflicts: dict[Any, int]
) -> None:
    """A kernel on tensors, taken down to threads and run: the profiler's counters are Gluon's figure for each phase,
    halved for each bit of the lane whose collisions another order of its accesses settles."""
    memory = (
        f"#ttg.nvmma_shared<{{swizzlingByteWidth = {swizzle}, transposed = false, elementBitWidth = {bits}}}>"
        if isinstance(swizzle, int)
        else "#ttg.swizzled_shared<{{vec = {}, perPhase = {}, maxPhase = {}, order = [1, 0]}}>".format(*swizzle)
    )
    x = np.arange(shape[0] * shape[1]).reshape(shape).astype(f"f{bits // 8}")
    for access, each in conflicts.items():
        text = ROUND_TRIP.format(*map(list, access), memory=memory, n=shape[0], e=f"f{bits}")
        ctx, o = make_context(), np.zeros_like(x)
        kernel = parse_module(text, "tile.mlir", ctx)
        for each_pass in ("allocate-shared-memory", "membar", "tritongpu-to-simt"):
            load_pass(each_pass)().apply(ctx, kernel)
        found = counters(kernel, 1, x, o)
        assert (o == x).all()
        registers, tile = blocked(shape, *access), in_memory(shape, swizzle, bits)
        phases, places = shared_access(registers, tile, bits).phases, registers.invert_and_compose(tile)
        settled = lane_order(places.masks["lane"], places.masks["register"], widest_vector(places, bits // 8), bits)
        wavefronts = phases * (each + 1) >> len(settled)
        assert (found[LD_WAVEFRONTS], found[LD_CONFLICTS]) == (wavefronts, wavefronts - phases), access
        assert (found[ST_WAVEFRONTS], found[ST_CONFLICTS]) == (wavefronts, wavefronts - phases), access


@pytest.mark.parametrize("seed", range(200))
def test_layouts_cost_what_the_machine_counts(seed: int) -> None:
    """`shared_access` is the machine's count, but for phases that become one, of which a layout knows nothing."""
    rng = random.Random(seed)
    shape, bits = (32, 32), rng.choice([8, 16, 32, 64])
    lanes, order = rng.choice([(4, 8), (8, 4), (32, 1), (1, 32), (16, 2)]), rng.choice([(1, 0), (0, 1)])
    registers = blocked(shape, (1 << rng.randrange(4), 1 << rng.randrange(5)), lanes, (2, 1), order)
    memory = shared_of(rng, shape).linear
    expected = shared_access(registers, memory, bits)
    where = {memory.apply(offset=offset): offset for offset in range(memory.in_size("offset"))}
    starts = {
        where[registers.apply(register=register)]: register
        for register in range(registers.in_size("register"))
        if where[registers.apply(register=register)] % expected.elements == 0
    }
    threads = [(warp, lane) for warp in range(registers.in_size("warp")) for lane in range(32)]
    places = [
        [where[registers.apply(register=each, lane=lane, warp=warp)] for each in starts.values()]
        for warp, lane in threads
    ]
    addresses, size = np.array(places)[None] * bits // 8, expected.elements * bits // 8
    apart = count_wavefronts(addresses, None, size, merges=False)[0].tolist()
    assert apart == [expected.wavefronts, expected.conflicts, expected.instructions]
    together = count_wavefronts(addresses, None, size)[0].tolist()
    assert together == apart or (0 in registers.masks["lane"][:2] and size > 4 and together[0] <= apart[0])
    vector = vector_of_registers(registers.invert_and_compose(memory), bits)
    if size >= 4 and 1 << vector == expected.elements:
        # Gluon's figure knows neither words that are touched in part nor vectors made of sums of registers.
        assert expected.wavefronts == expected.phases * (bank_conflicts(registers, memory, bits) + 1)


# Against lanes one by one


MERGED = [
    (8, "0", 1, 0),
    (8, "l // 2", 1, 0),
    (8, "l % 2", 1, 0),
    (8, "l % 4", 2, 0),
    (8, "l // 2 * 16", 16, 15),
    (8, "l // 4 * 8", 4, 3),
    (8, "l // 2 if l < 31 else 20", 2, 0),
    (8, "l // 2 if l % 2 == 0 else None", 1, 0),
    (8, "l if l % 4 == 0 else None", 2, 1),
    (16, "0", 2, 0),
    (16, "l // 8", 2, 0),
    (16, "l % 8", 4, 0),
    (16, "l // 2 * 16", 16, 14),
    (16, "l // 4 * 8", 8, 6),
    (16, "l // 2 if l < 31 else 20", 5, 1),
    (16, "l // 2 if l < 16 else l", 4, 0),
    (16, "l if l % 4 == 0 else None", 4, 2),
    (16, "l if l < 8 else None", 1, 0),
]
"""Size, number of the access of lane l (None: none), wavefronts and conflicts as the profiler gave them on an H200."""


@pytest.mark.parametrize(("size", "of_lane", "wavefronts", "conflicts"), MERGED)
def test_phases_that_become_one(size: int, of_lane: str, wavefronts: int, conflicts: int) -> None:
    places = [eval(of_lane, {"l": lane}) for lane in range(32)]
    addresses = np.array([0 if p is None else p * size for p in places]).reshape(1, 32, 1)
    active = np.array([p is not None for p in places]).reshape(1, 32, 1)
    found = count_wavefronts(addresses, None if active.all() else active, size)[0]
    assert found.tolist() == [wavefronts, conflicts, 1]


def random_accesses(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None, int]:
    size = int(rng.choice([1, 2, 4, 8, 16]))
    shape = int(rng.integers(1, 4)), int(rng.choice([1, 7, 32, 33, 64, 96])), int(rng.integers(1, 4))
    spread = int(rng.choice([4, 40, 400, 4000]))
    addresses = rng.integers(0, spread, shape) * size
    if rng.random() < 0.5 and shape[1] > 4:
        # Lanes that agree with one beside them.
        step = int(rng.choice([1, 2]))
        addresses = addresses[:, np.arange(shape[1]) & ~step]
    active = None if rng.random() < 0.4 else rng.random(shape) < rng.choice([0.0, 0.2, 0.9])
    return addresses, active, size


@pytest.mark.parametrize("seed", range(60))
def test_as_lanes_counted_one_by_one(seed: int) -> None:
    addresses, active, size = random_accesses(np.random.default_rng(seed))
    blocks, threads, accesses = addresses.shape
    for block in range(blocks):
        sectors = requests = made = wavefronts = conflicts = 0
        touched: set[int] = set()
        for first in range(0, threads, 32):
            for access in range(accesses):
                lanes = range(first, min(first + 32, threads))
                given = [
                    int(addresses[block, t, access]) if active is None or active[block, t, access] else None
                    for t in lanes
                ]
                sectors += sectors_of_warp(given, size)
                touched |= {(a + byte) // 32 for a in given if a is not None for byte in range(size)}
                made += sum(address is not None for address in given)
                more, phases = wavefronts_of_warp(given, size)
                wavefronts, conflicts = wavefronts + more, conflicts + more - phases
                requests += any(address is not None for address in given)
        assert count_sectors(addresses, active, size)[block].tolist() == [sectors, requests, made, len(touched)]
        assert count_wavefronts(addresses, active, size)[block].tolist() == [wavefronts, conflicts, requests]


@pytest.mark.parametrize("seed", range(40))
def test_by_class_as_by_address(seed: int) -> None:
    """However addresses and masks are written, and on the second time too, what is counted is the same."""
    rng = np.random.default_rng(seed)
    blocks, threads, accesses, size = int(rng.integers(1, 6)), int(rng.choice([16, 32, 64])), int(rng.integers(1, 4)), 4
    shape = threads, accesses
    starts = rng.integers(0, 100, blocks) * size
    pattern = rng.integers(0, 200, (1, *shape)) * size
    strides = tuple(int(n) * size for n in rng.integers(0, 40, 2))
    forms: list[Any] = [
        starts[:, None, None] + pattern,
        rng.integers(0, 100, (blocks, *shape)) * size,
        pattern,
        Affine(starts, strides, shape, INDEX),
        Affine(int(starts[0]), strides, shape, INDEX),
        starts,
        int(starts[0]),
        starts[:, None, None] + np.where(np.arange(blocks)[:, None, None] == blocks - 1, pattern + 64, pattern),
        starts[:, None, None] + np.where(np.arange(blocks)[:, None, None] == blocks - 1, pattern[:, ::-1], pattern),
    ]
    masks: list[Any] = [None, rng.random((1, *shape)) < 0.7, rng.random((blocks, *shape)) < 0.7]
    masks.append(np.where(np.arange(blocks)[:, None, None] == 0, masks[1], True))
    masks.append(np.where(np.arange(blocks)[:, None, None] == 0, False, masks[1]))
    masks.append(np.where(np.arange(blocks)[:, None, None] == 0, masks[2], np.arange(threads)[None, :, None] < 5))

    def count(addresses: np.ndarray, active: np.ndarray | None) -> np.ndarray:
        return count_sectors(addresses, active, size)

    classes = Classes(count, 4, 32, shape)
    for form in forms:
        array = form.array() if isinstance(form, Affine) else np.asarray(form)
        full = np.broadcast_to(array if array.ndim == 3 else array.reshape(-1, 1, 1), (blocks, *shape))
        for mask in masks:
            expected = count_sectors(full, None if mask is None else np.broadcast_to(mask, full.shape), size)
            for _ in range(2):
                found, low, high = classes(form, Lanes.of(mask), blocks)
                assert np.broadcast_to(found, expected.shape).tolist() == expected.tolist()
                assert (low, high) == (full.min(), full.max())
