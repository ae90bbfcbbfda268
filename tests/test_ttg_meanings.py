"""Meanings of ttg and ttng on kernels of a few lines: views of shared memory, copies that go on while a program runs,
barriers, TMA and wgmma; and what a program is told that relies on something which is not there yet."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from engine_kernels import CHUNKINGS

from minilinalg.errors import MinilinalgError, RunError, UnsupportedError, WaitError
from minilinalg.interp import run
from minilinalg.parsing import parse_module

LAYOUTS = """
#line = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#pairs = #ttg.blocked<{sizePerThread = [1, 2], threadsPerWarp = [32, 1], warpsPerCTA = [4, 1], order = [1, 0]}>
#tile = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#one = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#rows = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#turned = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0, 1]}>
#deep = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [2, 1, 0]}>
#cube = #ttg.blocked<{sizePerThread = [1, 1, 1], threadsPerWarp = [1, 4, 8], warpsPerCTA = [4, 1, 1],
  order = [2, 1, 0]}>
#smem = #ttg.shared_memory
"""
V, W, P = "tensor<16xf32, #line>", "tensor<16xi32, #line>", "tensor<16x!tt.ptr<f32>, #line>"
BUFFER, BUFFERS = "!ttg.memdesc<16xf32, #one, #smem, mutable>", "!ttg.memdesc<3x16xf32, #one, #smem, mutable>"
BARRIER = "!ttg.memdesc<1xi64, #one, #smem, mutable>"
CONSTANTS = "\n".join(f"%c{n} = arith.constant {n} : i32" for n in (0, 1, 2, 3, 16))
LINE = f"""
%pid = tt.get_program_id x : i32
%first = arith.muli %pid, %c16 : i32
%ramp = tt.make_range {{end = 16 : i32, start = 0 : i32}} : {W}
%firsts = tt.splat %first : i32 -> {W}
%at = arith.addi %ramp, %firsts : {W}
%xs = tt.splat %x : !tt.ptr<f32> -> {P}
%px = tt.addptr %xs, %at : {P}, {W}
%ys = tt.splat %y : !tt.ptr<f32> -> {P}
%py = tt.addptr %ys, %at : {P}, {W}
"""
"""Pointers to the sixteen elements of x and of y that are this program's."""


def module(body: str, parameters: str = "%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %n: i32") -> Any:
    return parse_module(
        f"{LAYOUTS}\ntt.func public @k({parameters}) {{\n{CONSTANTS}\n{LINE}\n{body}\ntt.return\n}}\n", "k.ttgir"
    )


def each(body: str, n: int = 0, programs: int = 5) -> np.ndarray:
    """What y becomes, (programs, 16), when x counts up from 0, however many programs run together."""
    found: list[np.ndarray] = []
    kernel = module(body)
    for options in CHUNKINGS:
        x, y = np.arange(16 * programs, dtype=np.float32), np.full(16 * programs, -1, np.float32)
        run(kernel, programs, [x, y, n], options=options)
        found.append(y.reshape(programs, 16))
    assert all((found[0] == y).all() for y in found)
    return found[0]


X = np.arange(80, dtype=np.float32).reshape(5, 16)


def fails(body: str, n: int = 0) -> MinilinalgError:
    with pytest.raises(MinilinalgError) as caught:
        run(module(body), 2, [np.zeros(32, np.float32), np.zeros(32, np.float32), n])
    return caught.value


# Views


def test_what_was_loaded_stays_when_the_buffer_changes() -> None:
    y = each(f"""
    %v = tt.load %px : {P}
    %b = ttg.local_alloc : () -> {BUFFER}
    ttg.local_store %v, %b : {V} -> {BUFFER}
    %old = ttg.local_load %b : {BUFFER} -> {V}
    %sum = arith.addf %v, %v : {V}
    ttg.local_store %sum, %b : {V} -> {BUFFER}
    %new = ttg.local_load %b : {BUFFER} -> {V}
    %both = arith.addf %old, %new : {V}
    tt.store %py, %both : {P}
    """)
    assert (y == 3 * X).all()


def test_views_of_views() -> None:
    """Rows 2 and 3 of a turned 4 x 4 buffer are its columns 2 and 3."""
    y = each("""
    %v = tt.load %px : tensor<16x!tt.ptr<f32>, #line>
    %sq = tt.reshape %v allow_reorder : tensor<16xf32, #line> -> tensor<4x4xf32, #tile>
    %b = ttg.local_alloc %sq : (tensor<4x4xf32, #tile>) -> !ttg.memdesc<4x4xf32, #rows, #smem>
    %t = ttg.memdesc_trans %b {order = array<i32: 1, 0>} : !ttg.memdesc<4x4xf32, #rows, #smem>
      -> !ttg.memdesc<4x4xf32, #turned, #smem>
    %s = ttg.memdesc_subslice %t[2, 0] : !ttg.memdesc<4x4xf32, #turned, #smem>
      -> !ttg.memdesc<2x4xf32, #turned, #smem, 4x4>
    %l = ttg.local_load %s : !ttg.memdesc<2x4xf32, #turned, #smem, 4x4> -> tensor<2x4xf32, #tile>
    %twice = tt.cat %l, %l : tensor<2x4xf32, #tile> -> tensor<4x4xf32, #tile>
    %flat = tt.reshape %twice allow_reorder : tensor<4x4xf32, #tile> -> tensor<16xf32, #line>
    tt.store %py, %flat : tensor<16x!tt.ptr<f32>, #line>
    """)
    columns = X.reshape(5, 4, 4).transpose(0, 2, 1)[:, 2:].reshape(5, 8)
    assert (y == np.concatenate([columns, columns], 1)).all()


def test_a_buffer_for_each_program() -> None:
    """Which buffer is seen differs between programs, when it is written and when it is read."""
    y = each(f"""
    %v = tt.load %px : {P}
    %a = ttg.local_alloc : () -> {BUFFERS}
    %mine = arith.remsi %pid, %c3 : i32
    %b = ttg.memdesc_index %a[%mine] : {BUFFERS} -> {BUFFER}
    ttg.local_store %v, %b : {V} -> {BUFFER}
    %b2 = ttg.memdesc_index %a[%mine] : {BUFFERS} -> {BUFFER}
    %l = ttg.local_load %b2 : {BUFFER} -> {V}
    tt.store %py, %l : {P}
    """)
    assert (y == X).all()


def test_a_buffer_that_a_loop_hands_on() -> None:
    """Programs leave the loop after different numbers of turns, each with a view of another buffer."""
    y = each(f"""
    %v = tt.load %px : {P}
    %a = ttg.local_alloc : () -> {BUFFERS}
    %b = ttg.memdesc_index %a[%c0] : {BUFFERS} -> {BUFFER}
    ttg.local_store %v, %b : {V} -> {BUFFER}
    %trips = arith.remsi %pid, %c3 : i32
    %last = scf.for %i = %c0 to %trips step %c1 iter_args(%from = %b) -> ({BUFFER}) : i32 {{
      %next = arith.addi %i, %c1 : i32
      %to = ttg.memdesc_index %a[%next] : {BUFFERS} -> {BUFFER}
      %l = ttg.local_load %from : {BUFFER} -> {V}
      %sum = arith.addf %l, %l : {V}
      ttg.local_store %sum, %to : {V} -> {BUFFER}
      scf.yield %to : {BUFFER}
    }}
    %l = ttg.local_load %last : {BUFFER} -> {V}
    tt.store %py, %l : {P}
    """)
    assert (y == X * np.array([1, 2, 4, 1, 2])[:, None]).all()


def test_a_buffer_beyond_the_last() -> None:
    error = fails(
        f"""
    %a = ttg.local_alloc : () -> {BUFFERS}
    %b = ttg.memdesc_index %a[%n] : {BUFFERS} -> {BUFFER}
    """,
        3,
    )
    assert error.diagnostic.found == "'ttg.memdesc_index' takes buffer 3 of 3"


def test_gather_and_scatter() -> None:
    """y[15 - i] = x[i], twice."""
    y = each(f"""
    %v = tt.load %px : {P}
    %most = arith.constant dense<15> : {W}
    %back = arith.subi %most, %ramp : {W}
    %b = ttg.local_alloc : () -> {BUFFER}
    ttg.local_scatter %b[%back], %v {{axis = 0 : i32}} : {BUFFER}, {W}, {V}
    %l = ttg.local_load %b : {BUFFER} -> {V}
    %g = ttg.local_gather %b[%back] {{axis = 0 : i32}} : {BUFFER}, {W} -> {V}
    %d = arith.subf %l, %g : {V}
    tt.store %py, %d : {P}
    """)
    assert (y == X[:, ::-1] - X).all()


# Copies


def copied(wait: str) -> str:
    """Two groups of one copy each, into two buffers; the first one is then stored."""
    return f"""
    %a = ttg.local_alloc : () -> {BUFFERS}
    %b0 = ttg.memdesc_index %a[%c0] : {BUFFERS} -> {BUFFER}
    %b1 = ttg.memdesc_index %a[%c1] : {BUFFERS} -> {BUFFER}
    %limit = tt.splat %n : i32 -> {W}
    %mask = arith.cmpi slt, %ramp, %limit : {W}
    %other = arith.constant dense<3.0> : {V}
    %t0 = ttg.async_copy_global_to_local %px, %b0 mask %mask other %other : {P} -> <16xf32, #one, #smem, mutable>
    %g0 = ttg.async_commit_group tokens %t0
    %t1 = ttg.async_copy_global_to_local %px, %b1 : {P} -> <16xf32, #one, #smem, mutable>
    %g1 = ttg.async_commit_group tokens %t1
    {wait}
    %l = ttg.local_load %b0 : {BUFFER} -> {V}
    tt.store %py, %l : {P}
    """


@pytest.mark.parametrize("n", [0, 1, 7, 16])
@pytest.mark.parametrize("pending", [0, 1])
def test_a_copy_is_there_behind_its_wait(n: int, pending: int) -> None:
    """Masked lanes are zero, whatever `other` is."""
    y = each(copied(f"%w = ttg.async_wait %g0 {{num = {pending} : i32}}"), n)
    assert (y == np.where(np.arange(16) < n, X, 0)).all()


@pytest.mark.parametrize("wait", ["", "%w = ttg.async_wait %g0 {num = 2 : i32}"], ids=["none", "too many pending"])
def test_a_copy_is_not_there_before_its_wait(wait: str) -> None:
    error = fails(copied(wait), 16)
    assert isinstance(error, RunError) and error.diagnostic.found.startswith("'tt.store' stores an undefined element")


def test_a_copy_of_no_group_is_not_waited_for() -> None:
    body = copied("%w = ttg.async_wait {num = 0 : i32}").replace("%g0 = ttg.async_commit_group tokens %t0", "")
    assert each(body, 16).tolist() == X.tolist(), "the next group is of both copies"
    body = body.replace("%g1 = ttg.async_commit_group tokens %t1", "")
    assert "undefined" in fails(body, 16).diagnostic.found


def test_what_was_never_written_is_undefined() -> None:
    error = fails(f"""
    %b = ttg.local_alloc : () -> {BUFFER}
    %l = ttg.local_load %b : {BUFFER} -> {V}
    tt.store %py, %l : {P}
    """)
    assert "undefined" in error.diagnostic.found


def test_some_programs_copy_and_wait() -> None:
    """Odd programs copy twice what even ones copy once: their groups count apart."""
    y = each(f"""
    %b = ttg.local_alloc : () -> {BUFFERS}
    %odd = arith.remsi %pid, %c2 : i32
    %is = arith.cmpi eq, %odd, %c1 : i32
    %b0 = ttg.memdesc_index %b[%c0] : {BUFFERS} -> {BUFFER}
    %b1 = ttg.memdesc_index %b[%c1] : {BUFFERS} -> {BUFFER}
    %t0 = ttg.async_copy_global_to_local %px, %b0 : {P} -> <16xf32, #one, #smem, mutable>
    %g0 = ttg.async_commit_group tokens %t0
    scf.if %is {{
      %t1 = ttg.async_copy_global_to_local %px, %b1 : {P} -> <16xf32, #one, #smem, mutable>
      %g1 = ttg.async_commit_group tokens %t1
      %w0 = ttg.async_wait %g0 {{num = 1 : i32}}
    }} else {{
      %w1 = ttg.async_wait %g0 {{num = 0 : i32}}
    }}
    %l = ttg.local_load %b0 : {BUFFER} -> {V}
    tt.store %py, %l : {P}
    """)
    assert (y == X).all()


# Barriers


def barrier(body: str, count: int = 1) -> str:
    return f"""
    %true = arith.constant true
    %bar = ttg.local_alloc : () -> {BARRIER}
    ttng.init_barrier %bar, {count} : {BARRIER}
    {body}
    """


def test_phases_of_a_barrier() -> None:
    arrive = f"ttng.barrier_expect %bar, 0, %true : {BARRIER}\n"
    each(barrier(f"ttng.wait_barrier %bar, %c1 : {BARRIER}\n{arrive}ttng.wait_barrier %bar, %c0 : {BARRIER}\n"
                 f"{arrive}ttng.wait_barrier %bar, %c1 : {BARRIER}\n"))  # fmt: skip
    each(barrier(f"{arrive}{arrive}ttng.wait_barrier %bar, %c0 : {BARRIER}", 2))


@pytest.mark.parametrize(
    ("body", "count", "found"),
    [
        ("ttng.wait_barrier %bar, %c0", 1, "'ttng.wait_barrier' never ends: 1 arrivals and 0 bytes are missing"),
        ("ttng.barrier_expect %bar, 0, %true : T\nttng.wait_barrier %bar, %c0", 2, "1 arrivals and 0 bytes"),
        ("ttng.barrier_expect %bar, 64, %true : T\nttng.wait_barrier %bar, %c0", 1, "0 arrivals and 64 bytes"),
        ("ttng.inval_barrier %bar : T\nttng.wait_barrier %bar, %c0", 1, "uses a barrier that is not initialised"),
        ("ttng.barrier_expect %bar, 64, %true : T\nttng.barrier_expect %bar, 0, %true", 1, "nobody is waited for"),
    ],
)
def test_barriers_used_wrongly(body: str, count: int, found: str) -> None:
    error = fails(barrier(f"{body} : T".replace("T", BARRIER), count))
    assert isinstance(error, RunError) and found in error.diagnostic.found and error.diagnostic.places


def test_a_wait_that_is_off_waits_for_nothing() -> None:
    each(barrier(f"%no = arith.constant false\nttng.wait_barrier %bar, %c0, %no : {BARRIER}"))


# TMA


ROW = "!tt.tensordesc<1x16xf32, #rows>"
TILE = "!ttg.memdesc<1x16xf32, #rows, #smem, mutable>"


def tma(body: str, fill: int = 0) -> str:
    """Descriptors of x and y as one row of %n elements; a buffer for 16 of them, and a barrier."""
    made = "".join(
        f"""
    %m{a} = ttg.global_scratch_alloc {{alignment = 128 : i32, nbytes = 128 : i32}} : !tt.ptr<i8>
    ttng.tensormap_create %m{a}, %{a}, [%c16, %c1], [%n, %c1], [%wide], [%c1, %c1]
      {{elem_type = 7 : i32, fill_mode = {fill} : i32, interleave_layout = 0 : i32, swizzle_mode = 0 : i32}}
      : (!tt.ptr<i8>, !tt.ptr<f32>, i32, i32, i32, i32, i64, i32, i32) -> ()
    ttng.tensormap_fenceproxy_acquire %m{a} : !tt.ptr<i8>
    %d{a} = ttng.reinterpret_tensor_descriptor %m{a} : !tt.ptr<i8> to {ROW}
    """
        for a in "xy"
    )
    buffer = f"%wide = arith.constant 400 : i64\n%b = ttg.local_alloc : () -> {TILE}\n"
    return barrier(buffer + made + body)


LOAD = f"""
ttng.barrier_expect %bar, 64, %go : {BARRIER}
ttng.async_tma_copy_global_to_local %dx[%c0, %first] %b, %bar, %go : {ROW}, {BARRIER} -> {TILE}
"""
STORE = f"""
ttng.async_tma_copy_local_to_global %dy[%c0, %first] %b : {ROW}, {TILE}
ttng.async_tma_store_wait {{pendings = 0 : i32}}
"""
ALWAYS = "%go = arith.constant true\n"


@pytest.mark.parametrize("n", [1, 16, 37, 80])
def test_tma_copies_what_is_inside_of_the_tensor(n: int) -> None:
    y = each(tma(f"{ALWAYS}{LOAD}ttng.wait_barrier %bar, %c0 : {BARRIER}\n{STORE}"), n)
    inside = np.arange(80).reshape(5, 16) < n
    assert (y == np.where(inside, X, -1)).all()


@pytest.mark.parametrize("fill", [0, 1])
def test_tma_fills_with_zero_or_nan(fill: int) -> None:
    y = each(
        tma(
            f"""{ALWAYS}{LOAD}ttng.wait_barrier %bar, %c0 : {BARRIER}
    %l = ttg.local_load %b : {TILE} -> tensor<1x16xf32, #tile>
    %f = tt.reshape %l allow_reorder : tensor<1x16xf32, #tile> -> {V}
    %bits = tt.bitcast %f : {V} -> {W}
    %back = arith.sitofp %bits : {W} to {V}
    tt.store %py, %back : {P}
    """,
            fill,
        ),
        37,
    )
    bits = np.where(np.arange(80) < 37, X.reshape(-1), np.float32(np.nan if fill else 0)).view(np.int32)
    assert (y.reshape(-1) == bits.astype(np.float32)).all()


def test_some_programs_copy_by_tma() -> None:
    """Odd programs copy what they store; even ones store what they had."""
    y = each(
        tma(f"""
    %odd = arith.remsi %pid, %c2 : i32
    %go = arith.cmpi eq, %odd, %c1 : i32
    %five = arith.constant dense<5.0> : tensor<1x16xf32, #tile>
    ttg.local_store %five, %b : tensor<1x16xf32, #tile> -> {TILE}
    {LOAD}
    ttng.wait_barrier %bar, %c0, %go : {BARRIER}
    {STORE}
    """),
        80,
    )
    assert (y == np.where(np.arange(5)[:, None] % 2 == 1, X, 5)).all()


def test_tma_is_not_there_before_its_wait() -> None:
    assert "undefined" in fails(tma(ALWAYS + LOAD + STORE), 32).diagnostic.found


@pytest.mark.parametrize("waited", ["%first_bar", "%second_bar"])
def test_each_barrier_ends_its_own_copies(waited: str) -> None:
    bars = "!ttg.memdesc<2x1xi64, #one, #smem, mutable>"
    body = tma(f"""
    {ALWAYS}
    %bars = ttg.local_alloc : () -> {bars}
    %first_bar = ttg.memdesc_index %bars[%c0] : {bars} -> {BARRIER}
    %second_bar = ttg.memdesc_index %bars[%c1] : {bars} -> {BARRIER}
    ttng.init_barrier %first_bar, 1 : {BARRIER}
    ttng.init_barrier %second_bar, 1 : {BARRIER}
    {LOAD.replace("%bar", "%first_bar")}
    {LOAD.replace("%bar", "%second_bar").replace("%b,", "%other,")}
    ttng.wait_barrier {waited}, %c0 : {BARRIER}
    {STORE}
    """).replace("%dx =", f"%other = ttg.local_alloc : () -> {TILE}\n%dx =")
    if waited == "%first_bar":
        assert (each(body, 80) == X).all()
    else:
        assert "undefined" in fails(body, 32).diagnostic.found


def test_tma_of_three_dimensions() -> None:
    """x as (5, 2, 8), of which 1 x 2 x 8 is one program's."""
    cube, seen = "!tt.tensordesc<1x2x8xf32, #deep>", "!ttg.memdesc<1x2x8xf32, #deep, #smem, mutable>"
    y = each(
        barrier(f"""
    {ALWAYS}
    %row = arith.constant 32 : i64
    %plane = arith.constant 64 : i64
    %c5 = arith.constant 5 : i32
    %c8 = arith.constant 8 : i32
    %m = ttg.global_scratch_alloc {{alignment = 128 : i32, nbytes = 128 : i32}} : !tt.ptr<i8>
    ttng.tensormap_create %m, %x, [%c8, %c2, %c1], [%c8, %c2, %c5], [%row, %plane], [%c1, %c1, %c1]
      {{elem_type = 7 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 0 : i32}}
      : (!tt.ptr<i8>, !tt.ptr<f32>, i32, i32, i32, i32, i32, i32, i64, i64, i32, i32, i32) -> ()
    ttng.tensormap_fenceproxy_acquire %m : !tt.ptr<i8>
    %d = ttng.reinterpret_tensor_descriptor %m : !tt.ptr<i8> to {cube}
    %b = ttg.local_alloc : () -> {seen}
    ttng.barrier_expect %bar, 64, %go : {BARRIER}
    ttng.async_tma_copy_global_to_local %d[%pid, %c0, %c0] %b, %bar, %go : {cube}, {BARRIER} -> {seen}
    ttng.wait_barrier %bar, %c0 : {BARRIER}
    %l = ttg.local_load %b : {seen} -> tensor<1x2x8xf32, #cube>
    %f = tt.reshape %l allow_reorder : tensor<1x2x8xf32, #cube> -> {V}
    tt.store %py, %f : {P}
    """)
    )
    assert (y == X).all()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (r"ttng.tensormap_create %my(.*\n){3}", "", "finds no descriptor of a tensor of rank 2 there"),
        ("tensormap_fenceproxy_acquire %my", "tensormap_fenceproxy_acquire %mx", "that TMA does not see yet"),
        ("elem_type = 7", "elem_type = 6", "finds a descriptor of other elements there"),
    ],
)
def test_no_descriptor_there(old: str, new: str, found: str) -> None:
    body = tma(f"{ALWAYS}{LOAD}ttng.wait_barrier %bar, %c0 : {BARRIER}\n{STORE}")
    error = fails(re.sub(old, new, body), 32)
    assert isinstance(error, RunError) and found in error.diagnostic.found and error.diagnostic.places


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("[%c1, %c1]\n", "[%c1, %c2]\n", "'ttng.tensormap_create' steps over elements"),
        ("[%c16, %c1],", "[%c0, %c1],", "'ttng.tensormap_create' has a box of other sizes"),
        ("constant 400", "constant 404", "lines that begin, at no multiple of 16 bytes"),
    ],
)
def test_no_tensor_that_tma_copies(old: str, new: str, found: str) -> None:
    error = fails(tma(ALWAYS + LOAD).replace(old, new), 32)
    assert isinstance(error, RunError) and found in error.diagnostic.found and error.diagnostic.places


def test_a_descriptor_is_read_when_something_copies_by_it() -> None:
    """What makes it may stand behind what names it, as in a loop that the name was moved out of."""
    body = tma(f"{ALWAYS}{LOAD}ttng.wait_barrier %bar, %c0 : {BARRIER}\n{STORE}")
    line = next(line for line in body.splitlines() if "%dx =" in line)
    moved = body.replace(line, "").replace("ttng.tensormap_create %mx", f"{line}\n    ttng.tensormap_create %mx")
    assert (each(moved, 80) == X).all()


# wgmma


SQUARE, IN_REGISTERS = "!ttg.memdesc<4x4xf32, #rows, #smem>", "tensor<4x4xf32, #tile>"


def dot(uses: str, after: str, asynchronous: str = "") -> str:
    """x * x + x in the product of 4 x 4 numbers."""
    return f"""
    %v = tt.load %px : {P}
    %sq = tt.reshape %v allow_reorder : {V} -> {IN_REGISTERS}
    %b = ttg.local_alloc %sq : ({IN_REGISTERS}) -> {SQUARE}
    %odd = arith.remsi %pid, %c2 : i32
    %go = arith.cmpi eq, %odd, %c1 : i32
    %d = ttng.warp_group_dot %b, %b, %sq{uses} {{inputPrecision = 2 : i32{asynchronous}}}
      : {SQUARE} * {SQUARE} -> {IN_REGISTERS}
    {after}
    %f = tt.reshape %r allow_reorder : {IN_REGISTERS} -> {V}
    tt.store %py, %f : {P}
    """


WAIT = f"%r = ttng.warp_group_dot_wait %d {{pendings = 0 : i32}} : {IN_REGISTERS}"
SQUARES = X.reshape(5, 4, 4)


def test_wgmma_adds_where_it_is_told_to() -> None:
    y = each(dot(", %go", WAIT, ", isAsync = true")).reshape(5, 4, 4)
    assert (y == SQUARES @ SQUARES + np.where(np.arange(5)[:, None, None] % 2 == 1, SQUARES, 0)).all()
    y = each(dot("", f"%r = ttg.convert_layout %d : {IN_REGISTERS} -> {IN_REGISTERS}")).reshape(5, 4, 4)
    assert (y == SQUARES @ SQUARES + SQUARES).all()


def test_wgmma_is_not_there_before_its_wait() -> None:
    error = fails(dot("", f"%r = arith.addf %d, %d : {IN_REGISTERS}", ", isAsync = true"))
    assert error.diagnostic.found == "'arith.addf' uses the result of an asynchronous dot that is not waited for"
    assert error.diagnostic.places


# Numbers


def test_four_bits_become_numbers() -> None:
    """Every byte holds two of e2m1, the lower bits first."""
    y = each(f"""
    %bytes = arith.trunci %at : {W} to tensor<16xi8, #line>
    %f = ttg.fp4_to_fp %bytes {{axis = 0 : i32}} : tensor<16xi8, #line> -> tensor<32xf16, #line>
    %pairs = tt.reshape %f allow_reorder : tensor<32xf16, #line> -> tensor<16x2xf16, #pairs>
    %low, %high = tt.split %pairs : tensor<16x2xf16, #pairs> -> tensor<16xf16, #line>
    %hundred = arith.constant dense<100.0> : tensor<16xf16, #line>
    %tens = arith.mulf %low, %hundred : tensor<16xf16, #line>
    %sum = arith.addf %tens, %high : tensor<16xf16, #line>
    %wide = arith.extf %sum : tensor<16xf16, #line> to {V}
    tt.store %py, %wide : {P}
    """)
    numbers = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    numbers = np.concatenate([numbers, -numbers])
    low, high = np.arange(80) & 15, np.arange(80) >> 4
    assert (y.reshape(-1) == numbers[low] * 100 + numbers[high]).all()


@pytest.mark.parametrize(("stage", "runs"), [(0, [1, 0, 0]), (1, [1, 1, 0]), (2, [1, 1, 1])])
def test_the_first_stages_stop_early(stage: int, runs: list[int]) -> None:
    """Stage 0 of the last iterations would begin what the loop, up to 3, does not end."""
    body = f"""
    %p = ttg.predicate_stage %n, %c3, %c1 maxStage 2 stage {stage} : i32 -> i1
    %q = arith.extui %p : i1 to i32
    %f = arith.sitofp %q : i32 to f32
    %s = tt.splat %f : f32 -> {V}
    tt.store %py, %s : {P}
    """
    for iteration, wanted in enumerate(runs):
        assert (each(body, iteration) == wanted).all()


# Forms that have no meaning here


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("%w = ttg.warp_id", "'ttg.warp_id' cannot be run: it differs between the threads of a program"),
        (
            f"%b = ttg.local_alloc : () -> {BUFFER}\n%r = ttg.memdesc_reinterpret %b : {BUFFER} -> "
            "!ttg.memdesc<16xi32, #one, #smem, mutable>",
            "cannot be run yet",
        ),
    ],
)
def test_what_is_not_supported(body: str, found: str) -> None:
    error = fails(body)
    assert isinstance(error, UnsupportedError) and found in error.diagnostic.found and error.diagnostic.places


# Updates at computed indices


SCATTERED = f"""
%v = tt.load %px : {P}
%b = ttg.local_alloc %v : ({V}) -> {BUFFER}
%c5 = arith.constant dense<5> : {W}
%sums = arith.muli %ramp, %c5 : {W}
%c4 = arith.constant dense<4> : {W}
%i = arith.remui %sums, %c4 : {W}
%limit = tt.splat %n : i32 -> {W}
%m = arith.cmpi slt, %ramp, %limit : {W}
%o = ttg.local_atomic_scatter_rmw KIND, %b[%i], %v, %m {{axis = 0 : i32}}
  : ({BUFFER}, {V}, {W}, tensor<16xi1, #line>) -> {V}
"""


def updated(kind: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """What rows of X become, and what each update found, one after another."""
    after, found = X.copy(), np.zeros_like(X)
    for row in range(len(X)):
        for at in range(n):
            place = 5 * at % 4
            found[row, at] = after[row, place]
            old, new = after[row, place], X[row, at]
            after[row, place] = {"fadd": old + new, "exch": new, "max": max(old, new)}[kind]
    return after, found


@pytest.mark.parametrize("kind", ["fadd", "exch"])
@pytest.mark.parametrize("n", [0, 1, 7, 16])
def test_updates_of_elements_at_computed_indices(kind: str, n: int) -> None:
    after, found = updated(kind, n)
    body = SCATTERED.replace("KIND", kind)
    assert (each(f"{body}%r = ttg.local_load %b : {BUFFER} -> {V}\ntt.store %py, %r : {P}", n) == after).all()
    stored = each(f"{body}tt.store %py, %o, %m : {P}", n)
    assert (stored[:, :n] == found[:, :n]).all() and (stored[:, n:] == -1).all()


def test_what_an_update_that_is_masked_off_found_is_undefined() -> None:
    error = fails(SCATTERED.replace("KIND", "fadd") + f"tt.store %py, %o : {P}", 3)
    assert "undefined" in error.diagnostic.found


# Code that a pipeline masks


MASKED = f"""
%odd = arith.remsi %pid, %c2 : i32
%go = arith.cmpi eq, %odd, %c1 : i32
%minus = arith.constant dense<-2.0> : {V}
%r:2 = "ttg.mask"(%go) ({{
  %v = tt.load %px : {P}
  tt.store %py, %v : {P}
  %w = arith.addf %v, %v : {V}
  ttg.mask.return %w, %pid : {V}, i32
}}) : (i1) -> ({V}, i32)
"""


def test_masked_code_runs_where_its_predicate_is_true() -> None:
    y = each(MASKED)
    odd = np.arange(5)[:, None] % 2 == 1
    assert (y == np.where(odd, X, -1)).all()
    y = each(MASKED + f"scf.if %go {{\ntt.store %py, %r#0 : {P}\n}}")
    assert (y == np.where(odd, 2 * X, -1)).all()


@pytest.mark.parametrize("use", ["tt.store %py, %r#0 : P", "%s = tt.splat %r#1 : i32 -> W\nassert"])
def test_what_masked_code_did_not_compute_is_undefined(use: str) -> None:
    use = use.replace("assert", "%f = arith.sitofp %s : W to V\ntt.store %py, %f : P")
    for name, type in (("P", P), ("W", W), ("V", V)):
        use = (
            use.replace(f": {name}", f": {type}")
            .replace(f"-> {name}", f"-> {type}")
            .replace(f"to {name}", f"to {type}")
        )
    assert "undefined" in fails(MASKED + use).diagnostic.found


def test_launches_that_overlap_change_no_answer() -> None:
    y = each(f"""
    tt.grid_dependency_wait
    %v = tt.load %px : {P}
    tt.grid_dependency_launch_dependents
    tt.store %py, %v : {P}
    """)
    assert (y == X).all()


# Partitions of warps


BARRIERS = "!ttg.memdesc<2x1xi64, #one, #smem, mutable>"


def partitioned(producer: str, consumer: str) -> str:
    """A partition hands n numbers to the default region, one at a time, through one buffer and two barriers."""
    return f"""
    %bars = ttg.local_alloc : () -> {BARRIERS}
    %full = ttg.memdesc_index %bars[%c0] : {BARRIERS} -> {BARRIER}
    %empty = ttg.memdesc_index %bars[%c1] : {BARRIERS} -> {BARRIER}
    ttng.init_barrier %full, 1 : {BARRIER}
    ttng.init_barrier %empty, 1 : {BARRIER}
    %b = ttg.local_alloc : () -> {BUFFER}
    %v = tt.load %px : {P}
    %sum = ttg.warp_specialize(%full, %empty, %b, %n, %x, %first)
    default {{
      %zero = arith.constant dense<0.0> : {V}
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> ({V}) : i32 {{
        %phase = arith.remui %i, %c2 : i32
        {consumer}
        %l = ttg.local_load %b : {BUFFER} -> {V}
        ttng.arrive_barrier %empty, 1 : {BARRIER}
        %next = arith.addf %acc, %l : {V}
        scf.yield %next : {V}
      }}
      ttg.warp_yield %r : {V}
    }}
    partition0(%full_: {BARRIER}, %empty_: {BARRIER}, %b_: {BUFFER}, %n_: i32, %x_: !tt.ptr<f32>, %first_: i32)
      num_warps(4) {{
      %z = arith.constant 0 : i32
      %o = arith.constant 1 : i32
      %t = arith.constant 2 : i32
      %ramp_ = tt.make_range {{end = 16 : i32, start = 0 : i32}} : {W}
      %firsts_ = tt.splat %first_ : i32 -> {W}
      %at_ = arith.addi %ramp_, %firsts_ : {W}
      %xs_ = tt.splat %x_ : !tt.ptr<f32> -> {P}
      %p_ = tt.addptr %xs_, %at_ : {P}, {W}
      %v_ = tt.load %p_ : {P}
      scf.for %i = %z to %n_ step %o : i32 {{
        %even = arith.remui %i, %t : i32
        %odd = arith.xori %even, %o : i32
        {producer}
        %f = arith.sitofp %i : i32 to f32
        %fs = tt.splat %f : f32 -> {V}
        %s = arith.addf %v_, %fs : {V}
        ttg.local_store %s, %b_ : {V} -> {BUFFER}
        ttng.arrive_barrier %full_, 1 : {BARRIER}
      }}
      ttg.warp_return
    }} : ({BARRIER}, {BARRIER}, {BUFFER}, i32, !tt.ptr<f32>, i32) -> {V}
    %out = arith.addf %sum, %v : {V}
    tt.store %py, %out : {P}
    """


PRODUCES, CONSUMES = f"ttng.wait_barrier %empty_, %odd : {BARRIER}", f"ttng.wait_barrier %full, %phase : {BARRIER}"


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_partitions_hand_over_at_barriers(n: int) -> None:
    assert (each(partitioned(PRODUCES, CONSUMES), n) == (n + 1) * X + sum(range(n))).all()


def test_partitions_that_wait_for_one_another_in_vain() -> None:
    error = fails(partitioned(PRODUCES.replace("%odd", "%even"), CONSUMES), 3)
    assert isinstance(error, WaitError) and "programs still wait" in error.diagnostic.found
    assert error.diagnostic.places


def test_a_partition_that_does_not_wait_shows() -> None:
    """It is phases ahead: the one that the other waits for is over before it looks."""
    assert isinstance(fails(partitioned("", CONSUMES), 2), WaitError)
