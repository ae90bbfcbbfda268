"""Meanings of ttg and ttng on kernels of a few lines: views of shared memory, copies that go on while a program runs,
barriers, TMA and wgmma; and what a program is told that relies on something which is not there yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_kernels import CHUNKINGS

from minilinalg.errors import MinilinalgError, RunError, UnsupportedError
from minilinalg.interp import run
from minilinalg.parsing import parse_module

LAYOUTS = """
#line = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#tile = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#one = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#rows = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#turned = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0, 1]}>
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
    %sq = tt.reshape %v : tensor<16xf32, #line> -> tensor<4x4xf32, #tile>
    %b = ttg.local_alloc %sq : (tensor<4x4xf32, #tile>) -> !ttg.memdesc<4x4xf32, #rows, #smem>
    %t = ttg.memdesc_trans %b {order = array<i32: 1, 0>} : !ttg.memdesc<4x4xf32, #rows, #smem>
      -> !ttg.memdesc<4x4xf32, #turned, #smem>
    %s = ttg.memdesc_subslice %t[2, 0] : !ttg.memdesc<4x4xf32, #turned, #smem>
      -> !ttg.memdesc<2x4xf32, #turned, #smem, 4x4>
    %l = ttg.local_load %s : !ttg.memdesc<2x4xf32, #turned, #smem, 4x4> -> tensor<2x4xf32, #tile>
    %twice = tt.cat %l, %l : tensor<2x4xf32, #tile> -> tensor<4x4xf32, #tile>
    %flat = tt.reshape %twice : tensor<4x4xf32, #tile> -> tensor<16xf32, #line>
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
