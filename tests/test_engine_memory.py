"""Loads and stores of the engine: masks, strides, index vectors, aliasing, and what it says of a stray access."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_kernels import agree, kernel
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.errors import LaunchError, RunError
from minilinalg.interp import RunOptions, run
from minilinalg.parsing import parse_module

N = 8
F, INT, BIT = f"tensor<{N}xf32>", f"tensor<{N}xi32>", f"tensor<{N}xi1>"
PF, PI = f"tensor<{N}x!tt.ptr<f32>>", f"tensor<{N}x!tt.ptr<i32>>"
RANGE = f"""
    %r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : {INT}
    %pid = tt.get_program_id x : i32
    %size = arith.constant {N} : i32
    %first = arith.muli %pid, %size : i32
    %sfirst = tt.splat %first : i32 -> {INT}
    %here = arith.addi %sfirst, %r : {INT}"""


def pointers(name: str, base: str, index: str = "%here", element: str = "f32") -> str:
    type_ = f"tensor<{N}x!tt.ptr<{element}>>"
    return f"""
    %s_{name} = tt.splat {base} : !tt.ptr<{element}> -> {type_}
    %{name} = tt.addptr %s_{name}, {index} : {type_}, {INT}"""


def constants(**numbers: int) -> str:
    return "".join(f"\n    %{name} = arith.constant dense<{number}> : {INT}" for name, number in numbers.items())


def ramp(count: int, dtype: Any = np.float32) -> Any:
    return np.arange(count).astype(dtype)


# One dimension: any window under any interval


@settings(max_examples=80, deadline=None)
@given(
    stride=st.integers(-3, 3),
    low=st.integers(-4, 12),
    high=st.integers(-4, 12),
    by_program=st.integers(-2, 2),
    other=st.booleans(),
    predicates=st.tuples(st.sampled_from(["sge", "sgt", "ne"]), st.sampled_from(["slt", "sle", "eq"])),
    logic=st.sampled_from(["andi", "ori", "xori"]),
)
def test_intervals(
    stride: int, low: int, high: int, by_program: int, other: bool, predicates: tuple[str, str], logic: str
) -> None:
    """x[24 + stride * i] for the lanes between two bounds, of which one moves with the program."""
    body = f"""{RANGE}{constants(low=low, stride=stride, base=24, zero=0)}
    %by = arith.constant {by_program} : i32
    %moved = arith.muli %pid, %by : i32
    %h0 = arith.constant {high} : i32
    %h1 = arith.addi %h0, %moved : i32
    %high = tt.splat %h1 : i32 -> {INT}
    %a = arith.cmpi {predicates[0]}, %r, %low : {INT}
    %b = arith.cmpi {predicates[1]}, %r, %high : {INT}
    %m = arith.{logic} %a, %b : {BIT}
    %step = arith.muli %r, %stride : {INT}
    %index = arith.addi %step, %base : {INT}{pointers("px", "%x", "%index")}{pointers("po", "%o")}
    %nine = arith.constant dense<9.0> : {F}
    %v = tt.load %px, %m{", %nine" if other else ""} : {PF}
    tt.store %po, %v{"" if other else ", %m"} : {PF}"""
    agree(kernel("%x: !tt.ptr<f32>, %o: !tt.ptr<f32>", body), (3,), [ramp(48), np.full(3 * N, -1, np.float32)])


# Two dimensions

ROWS, COLUMNS = 4, 8
TILE, TILE_PTR = f"tensor<{ROWS}x{COLUMNS}xi32>", f"tensor<{ROWS}x{COLUMNS}x!tt.ptr<f32>>"


def along(name: str, vector: str, size: int, axis: int, element: str = "i32") -> str:
    """`%name` as the vector of that many elements, spread over the tile along `axis`."""
    thin = f"tensor<{size}x1x{element}>" if axis == 0 else f"tensor<1x{size}x{element}>"
    return f"""
    %e_{name} = tt.expand_dims {vector} {{axis = {1 - axis} : i32}} : tensor<{size}x{element}> -> {thin}
    %{name} = tt.broadcast %e_{name} : {thin} -> tensor<{ROWS}x{COLUMNS}x{element}>"""


TILE_RANGES = f"""
    %pid = tt.get_program_id x : i32
    %i0 = tt.make_range {{end = {ROWS} : i32, start = 0 : i32}} : tensor<{ROWS}xi32>
    %j0 = tt.make_range {{end = {COLUMNS} : i32, start = 0 : i32}} : tensor<{COLUMNS}xi32>"""


@settings(max_examples=80, deadline=None)
@given(
    strides=st.tuples(st.integers(-9, 9), st.integers(-2, 2)),
    bounds=st.tuples(st.integers(-1, 5), st.integers(-1, 9)),
    kind=st.sampled_from(["interval", "diagonal", "either", "splat", "table"]),
    wrap=st.sampled_from([0, 3, 5]),
    other=st.booleans(),
)
def test_tiles(strides: tuple[int, int], bounds: tuple[int, int], kind: str, wrap: int, other: bool) -> None:
    """Rows may wrap inside of the tile; masks are boxes, or not."""
    masks = {
        "interval": "%m = arith.andi %mi, %mj : {0}",
        "either": "%m = arith.ori %mi, %mj : {0}",
        "diagonal": "%d = arith.cmpi sge, %i, %j : {1}\n%m = arith.andi %d, %mj : {0}",
        "splat": "%c1 = arith.constant 1 : i32\n%s = arith.cmpi slt, %pid, %c1 : i32\n"
        "%ss = tt.splat %s : i1 -> {0}\n%m = arith.andi %ss, %mj : {0}",
        "table": "%m = arith.andi %mi, %mt : {0}",
    }
    shape = f"{ROWS}x{COLUMNS}"
    row = "%i0" if not wrap else "%iw"
    body = f"""{TILE_RANGES}
    %sp = tt.splat %pid : i32 -> tensor<{ROWS}xi32>
    %ip = arith.addi %i0, %sp : tensor<{ROWS}xi32>
    %wrap = arith.constant dense<{max(wrap, 1)}> : tensor<{ROWS}xi32>
    %iw = arith.remsi %ip, %wrap : tensor<{ROWS}xi32>{along("i", row, ROWS, 0)}{along("j", "%j0", COLUMNS, 1)}
    %s_t = tt.splat %t : !tt.ptr<i1> -> tensor<{COLUMNS}x!tt.ptr<i1>>
    %pt = tt.addptr %s_t, %j0 : tensor<{COLUMNS}x!tt.ptr<i1>>, tensor<{COLUMNS}xi32>
    %t0 = tt.load %pt : tensor<{COLUMNS}x!tt.ptr<i1>>{along("mt", "%t0", COLUMNS, 1, "i1")}
    %bi = arith.constant dense<{bounds[0]}> : {TILE}
    %bj = arith.constant dense<{bounds[1]}> : {TILE}
    %mi = arith.cmpi slt, %i, %bi : {TILE}
    %mj = arith.cmpi slt, %j, %bj : {TILE}
    {masks[kind].format(f"tensor<{shape}xi1>", TILE)}
    %si = arith.constant dense<{strides[0]}> : {TILE}
    %sj = arith.constant dense<{strides[1]}> : {TILE}
    %base = arith.constant dense<64> : {TILE}
    %a = arith.muli %i, %si : {TILE}
    %b = arith.muli %j, %sj : {TILE}
    %c = arith.addi %a, %b : {TILE}
    %index = arith.addi %c, %base : {TILE}
    %s_x = tt.splat %x : !tt.ptr<f32> -> {TILE_PTR}
    %px = tt.addptr %s_x, %index : {TILE_PTR}, {TILE}
    %nine = arith.constant dense<9.0> : tensor<{shape}xf32>
    %v = tt.load %px, %m{", %nine" if other else ""} : {TILE_PTR}
    %tile = arith.constant {ROWS * COLUMNS} : i32
    %first = arith.muli %pid, %tile : i32
    %q = tt.addptr %o, %first : !tt.ptr<f32>, i32
    %s_o = tt.splat %q : !tt.ptr<f32> -> {TILE_PTR}
    %eight = arith.constant dense<{COLUMNS}> : tensor<{ROWS}xi32>
    %ro = arith.muli %i0, %eight : tensor<{ROWS}xi32>{along("roi", "%ro", ROWS, 0)}
    %oi = arith.addi %roi, %j : {TILE}
    %po = tt.addptr %s_o, %oi : {TILE_PTR}, {TILE}
    tt.store %po, %v{"" if other else ", %m"} : {TILE_PTR}"""
    module = kernel("%x: !tt.ptr<f32>, %t: !tt.ptr<i1>, %o: !tt.ptr<f32>", body)
    table = np.array([1, 0, 1, 1, 0, 0, 1, 0], np.bool_)
    agree(module, (3,), [ramp(128), table, np.full(3 * ROWS * COLUMNS, -1, np.float32)])


def test_rows_by_a_table() -> None:
    """An embedding: rows anywhere, columns side by side; the look-up is a gather of rows."""
    body = f"""{TILE_RANGES}
    %rows = arith.constant {ROWS} : i32
    %first = arith.muli %pid, %rows : i32
    %sp = tt.splat %first : i32 -> tensor<{ROWS}xi32>
    %ip = arith.addi %i0, %sp : tensor<{ROWS}xi32>
    %s_t = tt.splat %t : !tt.ptr<i32> -> tensor<{ROWS}x!tt.ptr<i32>>
    %pt = tt.addptr %s_t, %ip : tensor<{ROWS}x!tt.ptr<i32>>, tensor<{ROWS}xi32>
    %row = tt.load %pt : tensor<{ROWS}x!tt.ptr<i32>>
    %eight = arith.constant dense<{COLUMNS}> : tensor<{ROWS}xi32>
    %from = arith.muli %row, %eight : tensor<{ROWS}xi32>
    %to = arith.muli %ip, %eight : tensor<{ROWS}xi32>{along("fi", "%from", ROWS, 0)}{along("ti", "%to", ROWS, 0)}
    {along("j", "%j0", COLUMNS, 1)}
    %fx = arith.addi %fi, %j : {TILE}
    %tx = arith.addi %ti, %j : {TILE}
    %s_x = tt.splat %x : !tt.ptr<f32> -> {TILE_PTR}
    %px = tt.addptr %s_x, %fx : {TILE_PTR}, {TILE}
    %s_o = tt.splat %o : !tt.ptr<f32> -> {TILE_PTR}
    %po = tt.addptr %s_o, %tx : {TILE_PTR}, {TILE}
    %v = tt.load %px : {TILE_PTR}
    tt.store %po, %v : {TILE_PTR}
    %w = tt.load %po : {TILE_PTR}
    %d = arith.addf %v, %w : tensor<{ROWS}x{COLUMNS}xf32>
    tt.store %po, %d : {TILE_PTR}"""
    module = kernel("%x: !tt.ptr<f32>, %t: !tt.ptr<i32>, %o: !tt.ptr<f32>", body)
    table = np.array([6, 0, 0, 3, 5, 5, 1, 6, 2, 4, 6, 0], np.int32)
    _, _, out = agree(module, (3,), [ramp(7 * COLUMNS), table, np.zeros(12 * COLUMNS, np.float32)])
    assert np.array_equal(out, 2 * ramp(7 * COLUMNS).reshape(7, COLUMNS)[table].reshape(-1))


# Where pointers come from


def test_pointers_from_integers_and_one_for_each_program() -> None:
    body = f"""{RANGE}
    %c2 = arith.constant 2 : i32
    %odd = arith.remsi %pid, %c2 : i32
    %c0 = arith.constant 0 : i32
    %even = arith.cmpi eq, %odd, %c0 : i32
    %which = arith.select %even, %x, %y : !tt.ptr<f32>
    %number = tt.ptr_to_int %which : !tt.ptr<f32> -> i64
    %four = arith.constant 4 : i64
    %next = arith.addi %number, %four : i64
    %back = tt.int_to_ptr %next : i64 -> !tt.ptr<f32>{pointers("px", "%back", "%r")}{pointers("po", "%o")}
    %v = tt.load %px : {PF}
    %numbers = tt.ptr_to_int %px : {PF} -> tensor<{N}xi64>
    %again = tt.int_to_ptr %numbers : tensor<{N}xi64> -> {PF}
    %w = tt.load %again : {PF}
    %s = arith.addf %v, %w : {F}
    tt.store %po, %s : {PF}"""
    module = kernel("%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %o: !tt.ptr<f32>", body)
    agree(module, (5,), [ramp(N + 1), -ramp(N + 1), np.zeros(5 * N, np.float32)])


def test_stores_to_one_argument_or_the_other() -> None:
    body = f"""{RANGE}
    %c2 = arith.constant 2 : i32
    %few = arith.cmpi slt, %pid, %c2 : i32
    %which = arith.select %few, %x, %y : !tt.ptr<i32>{pointers("p", "%which", "%here", "i32")}
    tt.store %p, %here : {PI}
    %both = arith.cmpi slt, %r, %sfirst : {INT}
    %sx = tt.splat %x : !tt.ptr<i32> -> {PI}
    %sy = tt.splat %y : !tt.ptr<i32> -> {PI}
    %lanes = arith.select %both, %sx, %sy : {BIT}, {PI}
    %q = tt.addptr %lanes, %here : {PI}, {INT}
    %old = tt.load %q : {PI}
    %new = arith.addi %old, %r : {INT}
    tt.store %q, %new : {PI}"""
    agree(kernel("%x: !tt.ptr<i32>, %y: !tt.ptr<i32>", body), (4,), [np.zeros(4 * N, np.int32) for _ in range(2)])


# Arguments that share memory

COPY = f"""{RANGE}{pointers("px", "%x")}{pointers("po", "%o")}
    %v = tt.load %px : {PF}
    %w = arith.addf %v, %v : {F}
    tt.store %po, %w : {PF}
    %a = tt.load %px : {PF}
    %b = arith.addf %a, %v : {F}
    tt.store %po, %b : {PF}"""
TWO = "%x: !tt.ptr<f32>, %o: !tt.ptr<f32>"


@pytest.mark.parametrize("options", [RunOptions(), RunOptions(max_chunk=1)])
@pytest.mark.parametrize("offset", [0, 1, 3, -2, 20])
def test_arguments_that_overlap(offset: int, options: RunOptions) -> None:
    import slow

    module, results = kernel(TWO, COPY), []
    for runs in (lambda a: run(module, 1, a, options=options), lambda a: slow.run(module, (1, 1, 1), a)):
        memory = ramp(64)
        runs([memory[24:40], memory[24 + offset : 40 + offset]])
        results.append(memory)
    assert np.array_equal(*results)


def test_in_place() -> None:
    x = ramp(4 * N)
    run(kernel(TWO, COPY), 4, [x, x])
    assert np.array_equal(x, 3 * ramp(4 * N))


def test_views_of_one_array_with_strides_of_their_own() -> None:
    """Every second element, from the end: the kernel sees addresses, so it steps as the array's bytes do."""
    memory = ramp(64)
    x, o = memory[:8][::-1], memory[32:]
    body = f"""{RANGE}{constants(minus=-1)}
    %down = arith.muli %r, %minus : {INT}{pointers("px", "%x", "%down")}{pointers("po", "%o", "%r")}
    %v = tt.load %px : {PF}
    tt.store %po, %v : {PF}"""
    run(kernel(TWO, body), 1, [x, o])
    assert np.array_equal(memory[32:40], np.arange(7, -1, -1))


def test_a_narrow_argument_that_is_read_often_and_then_written() -> None:
    """Reads that were widened once must not hide what is stored after them."""
    type_ = f"tensor<{N}x!tt.ptr<f16>>"
    values = f"tensor<{N}xf16>"
    body = f"""{RANGE}
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c5 = arith.constant 5 : i32{pointers("px", "%x", "%here", "f16")}{pointers("po", "%o", "%here", "f16")}
    %zero = arith.constant dense<0.0> : {values}
    %sum = scf.for %k = %c0 to %c5 step %c1 iter_args(%a = %zero) -> ({values}) : i32 {{
      %v0 = tt.load %px : {type_}
      %v1 = tt.load %px : {type_}
      %v2 = tt.load %px : {type_}
      %s = arith.addf %v0, %v1 : {values}
      %t = arith.addf %s, %v2 : {values}
      tt.store %px, %t : {type_}
      %u = arith.addf %a, %v2 : {values}
      scf.yield %u : {values}
    }}
    tt.store %po, %sum : {type_}"""
    module = kernel("%x: !tt.ptr<f16>, %o: !tt.ptr<f16>", body)
    agree(module, (3,), [ramp(3 * N, np.float16), np.zeros(3 * N, np.float16)])


# The grid


@pytest.mark.parametrize("grid", [(0,), (3, 0, 2), (1,), (5,), (2, 3), (2, 3, 4), (1, 1, 7), (4097,)])
@pytest.mark.parametrize("options", [RunOptions(), RunOptions(max_chunk=3), RunOptions(chunk_bytes=1)])
def test_every_program_runs_once(grid: tuple[int, ...], options: RunOptions) -> None:
    if grid == (4097,) and options.max_chunk * options.chunk_bytes <= 4096:
        pytest.skip("one by one is slow")
    body = """
    %x = tt.get_program_id x : i32
    %y = tt.get_program_id y : i32
    %z = tt.get_program_id z : i32
    %gx = tt.get_num_programs x : i32
    %gy = tt.get_num_programs y : i32
    %gz = tt.get_num_programs z : i32
    %a = arith.muli %z, %gy : i32
    %b = arith.addi %a, %y : i32
    %c = arith.muli %b, %gx : i32
    %linear = arith.addi %c, %x : i32
    %p = tt.addptr %o, %linear : !tt.ptr<i32>, i32
    %old = tt.load %p : !tt.ptr<i32>
    %new = arith.addi %old, %linear : i32
    %more = arith.addi %new, %gz : i32
    tt.store %p, %more : !tt.ptr<i32>"""
    total = int(np.prod(grid))
    out = np.zeros(total, np.int32)
    run(kernel("%o: !tt.ptr<i32>", body), grid, [out], options=options)
    assert np.array_equal(out, np.arange(total) + (*grid, 1, 1)[2])


# What the engine says of a mistake


def said(body: str, arguments: list[Any], parameters: str = TWO, grid: Any = 1) -> str:
    """The message of the RunError that the kernel ends in."""
    with pytest.raises(RunError) as caught:
        run(kernel(parameters, body), grid, arguments)
    return str(caught.value)


BOUNDS_HINT = "  hint: a block that reaches over the end of an array needs a mask"


def test_beyond_the_end() -> None:
    body = f"""{RANGE}{pointers("px", "%x")}{pointers("po", "%o")}
    %v = tt.load %px : {PF}
    tt.store %po, %v : {PF}"""
    assert said(body, [ramp(20), ramp(32)], grid=3) == (
        "k.ttir:13:10: error: 'tt.load' is out of bounds: it touches bytes 64 to 96 of argument 'x'\n"
        "  rule: argument 'x' has 80 bytes; every unmasked lane must stay inside one argument\n" + BOUNDS_HINT
    )


def test_before_the_start() -> None:
    body = f"""{RANGE}{constants(minus=-2)}
    %index = arith.addi %r, %minus : {INT}{pointers("px", "%x", "%index")}
    %v = tt.load %px : {PF}"""
    assert said(body, [ramp(20), ramp(32)]).splitlines()[0] == (
        "k.ttir:13:10: error: 'tt.load' is out of bounds: it touches 8 bytes before argument 'x'"
    )


def test_one_lane_beyond_the_end() -> None:
    """Lane by lane: a table whose last entry is wrong."""
    body = f"""{RANGE}{pointers("pt", "%t", "%r", "i32")}
    %i = tt.load %pt : {PI}{pointers("px", "%x", "%i")}
    %v = tt.load %px : {PF}"""
    arguments = [ramp(20), np.array([0, 3, 1, 19, 2, 5, 5, 20], np.int32)]
    assert said(body, arguments, "%x: !tt.ptr<f32>, %t: !tt.ptr<i32>").splitlines()[0] == (
        "k.ttir:14:10: error: 'tt.load' is out of bounds: it touches bytes 80 to 84 of argument 'x'"
    )


def test_a_number_that_is_no_address() -> None:
    body = """
    %c = arith.constant 4096 : i64
    %p = tt.int_to_ptr %c : i64 -> !tt.ptr<f32>
    %v = tt.load %p : !tt.ptr<f32>"""
    assert said(body, [ramp(20), ramp(20)]).splitlines()[0] == (
        "k.ttir:5:10: error: 'tt.load' is out of bounds: it touches address 0x1000, which is in no argument"
    )


def test_no_arrays_at_all() -> None:
    body = """
    %c = arith.constant 4096 : i64
    %p = tt.int_to_ptr %c : i64 -> !tt.ptr<f32>
    %v = tt.load %p : !tt.ptr<f32>"""
    assert said(body, [1], "%n: i32") == (
        "k.ttir:5:10: error: 'tt.load' touches memory, but no argument is an array\n  rule: a pointer needs an array"
    )


@pytest.mark.parametrize("how", ["window", "gather", "scalar"])
def test_misaligned(how: str) -> None:
    body = f"""{RANGE}
    %n = tt.ptr_to_int %x : !tt.ptr<f32> -> i64
    %two = arith.constant 2 : i64
    %m = arith.addi %n, %two : i64
    %p = tt.int_to_ptr %m : i64 -> !tt.ptr<f32>"""
    if how == "scalar":
        body += "\n%v = tt.load %p : !tt.ptr<f32>"
    else:
        index = "%r" if how == "window" else "%i"
        table = pointers("pt", "%t", "%r", "i32") + f"\n%i = tt.load %pt : {PI}"
        body += f"{table}{pointers('px', '%p', index)}\n%v = tt.load %px : {PF}"
    arguments = [ramp(20), np.arange(N, dtype=np.int32)]
    assert (
        "error: 'tt.load' is misaligned: an address is no multiple of 4 bytes\n  rule: an element lies at a multiple "
    )
    assert said(body, arguments, "%x: !tt.ptr<f32>, %t: !tt.ptr<i32>").split("error: ")[1] == (
        "'tt.load' is misaligned: an address is no multiple of 4 bytes\n"
        "  rule: an element lies at a multiple of its own size, counted from the start of its argument"
    )


def test_a_read_only_array() -> None:
    out = np.zeros(N, np.float32)
    out.flags.writeable = False
    body = f"{RANGE}{pointers('po', '%o')}\n%v = arith.sitofp %r : {INT} to {F}\ntt.store %po, %v : {PF}"
    assert said(body, [ramp(N), out]) == (
        "k.ttir:12:1: error: 'tt.store' writes argument 'o', whose array is read-only\n"
        "  rule: an array that a kernel stores to must be writeable (array.flags.writeable)"
    )


RULE = (
    "  rule: a lane that a load masks off without `other`, or memory that nothing was written to, is undefined: it may "
    "be computed with, but must not reach an address, a branch, a reduction or global memory\n"
    "  hint: give the load an `other`, or mask the later use as the load was masked"
)
PARTIAL = f"""{RANGE}{constants(five=5, zero=0)}{pointers("px", "%x", "%r")}{pointers("po", "%o", "%r")}
    {pointers("pt", "%t", "%r", "i32")}
    %m = arith.cmpi slt, %r, %five : {INT}
    %v = tt.load %px, %m : {PF}
    %i = tt.load %pt, %m : {PI}
    %w = arith.mulf %v, %v : {F}"""


@pytest.mark.parametrize(
    ("use", "found"),
    [
        (f"tt.store %po, %w : {PF}", "'tt.store' stores an undefined element"),
        (
            f"%q = tt.addptr %po, %i : {PF}, {INT}\n%y = tt.load %q : {PF}",
            "'tt.load' uses as an address an undefined element",
        ),
        (f"%q = tt.addptr %po, %i : {PF}, {INT}\ntt.store %q, %w : {PF}", "'tt.store' stores an undefined element"),
        (
            f"%q = tt.addptr %po, %i : {PF}, {INT}\n%f = arith.sitofp %r : {INT} to {F}\ntt.store %q, %f : {PF}",
            "'tt.store' uses as an address an undefined element",
        ),
        (
            f"%b = arith.cmpi sgt, %i, %zero : {INT}\n%y = tt.load %po, %b : {PF}",
            "'tt.load' uses as a mask an undefined element",
        ),
        (
            f'%s = "tt.reduce"(%w) <{{axis = 0 : i32}}> ({{\n^bb0(%a: f32, %b: f32):\n%c = arith.addf %a, %b : f32\n'
            f"tt.reduce.return %c : f32\n}}) : ({F}) -> f32",
            "'tt.reduce' reduces over an undefined element",
        ),
        (
            f'%s = "tt.scan"(%i) <{{axis = 0 : i32, reverse = false}}> ({{\n^bb0(%a: i32, %b: i32):\n'
            f"%c = arith.addi %a, %b : i32\ntt.scan.return %c : i32\n}}) : ({INT}) -> {INT}",
            "'tt.scan' scans over an undefined element",
        ),
        (
            f"%g = tt.gather %x0[%i] {{axis = 0 : i32}} : ({F}, {INT}) -> {F}",
            "'tt.gather' uses as an index an undefined element",
        ),
        (f"%g = tt.histogram %i : {INT} -> tensor<64xi32>", "'tt.histogram' counts an undefined element"),
    ],
    ids=["store", "load", "store both", "address", "mask", "reduce", "scan", "index", "histogram"],
)  # fmt: skip
def test_undefined_lanes(use: str, found: str) -> None:
    body = PARTIAL + f"\n%x0 = arith.sitofp %r : {INT} to {F}\n" + use
    text = said(body, [ramp(N), ramp(N), np.arange(N, dtype=np.int32)], f"{TWO}, %t: !tt.ptr<i32>", 1)
    assert text.split("error: ")[1] == f"{found}\n{RULE}"


def test_undefined_lanes_that_nobody_sees() -> None:
    """They may be computed with, moved, chosen away, multiplied by zero, and masked off again."""
    pair, halves = f"tensor<{N}x2xf32>", f"tensor<{2 * N}xf32>"
    body = f"""{PARTIAL}
    %one = arith.constant dense<1.0> : {F}
    %y = arith.select %m, %w, %one : {BIT}, {F}
    %j = arith.muli %i, %zero : {INT}
    %f = arith.sitofp %j : {INT} to {F}
    %k = tt.join %v, %one : {F} -> {pair}
    %l, %l2 = tt.split %k : {pair} -> {F}
    %cat = tt.cat %l, %l2 : {F} -> {halves}
    %all = tt.make_range {{end = {2 * N} : i32, start = 0 : i32}} : tensor<{2 * N}xi32>
    %seven = arith.constant dense<7> : tensor<{2 * N}xi32>
    %five2 = arith.constant dense<5> : tensor<{2 * N}xi32>
    %high = arith.cmpi sgt, %all, %seven : tensor<{2 * N}xi32>
    %low = arith.cmpi slt, %all, %five2 : tensor<{2 * N}xi32>
    %known = arith.ori %high, %low : tensor<{2 * N}xi1>
    %sd = tt.splat %o : !tt.ptr<f32> -> tensor<{2 * N}x!tt.ptr<f32>>
    %pd = tt.addptr %sd, %all : tensor<{2 * N}x!tt.ptr<f32>>, tensor<{2 * N}xi32>
    tt.store %pd, %cat, %known : tensor<{2 * N}x!tt.ptr<f32>>
    %z = arith.addf %y, %f : {F}
    %old = tt.load %po : {PF}
    %sum = arith.addf %z, %old : {F}
    tt.store %po, %sum : {PF}"""
    module = kernel(f"{TWO}, %t: !tt.ptr<i32>", body)
    agree(module, (1,), [ramp(N), np.ones(2 * N, np.float32), np.arange(N, dtype=np.int32)])


PROMISING = """
tt.func public @k(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32 {tt.divisibility = 16 : i32}, %f: f32) {
  tt.return
}"""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            [ramp(20)[1:], 16, 1.0],
            None,
        ),
        (
            [ramp(20), 24, 1.0],
            "argument 'n' of 'k' is 24, which is not divisible by 16\n"
            "  rule: this specialisation promises tt.divisibility = 16 of 'n'\n"
            "  hint: a specialisation without the promise takes any value",
        ),
        (
            [ramp(20), 16],
            "function 'k' takes 3 arguments, and 2 were given\n  rule: its arguments are, in order: x, n, f",
        ),
        (
            [ramp(20, np.float64), 16, 1.0],
            "argument 'x' of 'k' has dtype float64\n"
            "  rule: a pointer to f32 takes a NumPy array of dtype float32\n"
            "  hint: x.astype(np.float32)",
        ),
        (
            [[1.0], 16, 1.0],
            "argument 'x' of 'k' is a list\n"
            "  rule: a pointer to f32 takes a NumPy array of dtype float32\n"
            "  hint: np.asarray(x)",
        ),
        (
            [ramp(20), 1.5, 1.0],
            "argument 'n' of 'k' is 1.5\n  rule: a scalar of type i32 takes a whole number",
        ),
        (
            [ramp(20), 1 << 40, 1.0],
            "argument 'n' of 'k' is 1099511627776\n  rule: a scalar of type i32 is from -2147483648 to 4294967295",
        ),
        (
            [ramp(20), ramp(2), 1.0],
            "argument 'n' of 'k' is an array of shape (2,)\n  rule: a scalar of type i32 takes a whole number",
        ),
        (
            [ramp(20), 16, "1"],
            "argument 'f' of 'k' is '1'\n  rule: a scalar of type f32 takes a number",
        ),
    ],
)  # fmt: skip
def test_wrong_arguments(arguments: list[Any], text: str | None) -> None:
    module = parse_module(PROMISING)
    if text is None:
        # An array of its own begins at a multiple of 256, wherever the host has put it.
        run(module, 1, arguments)
        return
    with pytest.raises(LaunchError) as caught:
        run(module, 1, arguments)
    assert str(caught.value) == f"error: {text}"


def test_a_broken_promise_of_overlapping_arrays() -> None:
    parameters = "%x: !tt.ptr<f32>, %y: !tt.ptr<f32> {tt.divisibility = 16 : i32}"
    memory = ramp(20)
    with pytest.raises(LaunchError) as caught:
        run(kernel(parameters, ""), 1, [memory, memory[1:]])
    assert str(caught.value).splitlines()[0] == ("error: argument 'y' of 'k' begins at an address not divisible by 16")
