"""Meanings of simt on shared memory: single threads, matrices, copies that go on, and what is not defined yet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from simt_programs import CHUNKINGS, at, each, fails, module

from minilinalg.interp import run
from minilinalg.run_options import RunOptions

STORE = at("o", "%i", 4, "po") + "simt.store_global %po, %r : vector<1xi64>, vector<1xf32>\n"
LOAD = at("x", "%i", 4, "px") + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>\n"
MINE = """
%four = arith.constant dense<4> : vector<1xi32>
%mine = arith.muli %t, %four : vector<1xi32>
%last = arith.constant dense<63> : vector<1xi32>
%back = arith.subi %last, %t : vector<1xi32>
%theirs = arith.muli %back, %four : vector<1xi32>
"""
"""%mine: the thread's own word of shared memory; %theirs: that of the thread as far from the end."""


def numbers(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float32)


def test_threads_reverse_a_block() -> None:
    body = (
        LOAD
        + MINE
        + """
    simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    simt.barrier
    %r = simt.load_shared %theirs : vector<1xi32> -> vector<1xf32>
    """
    )
    found = each(module(body + STORE, shared=256), 5, lambda: [numbers(320), np.zeros(320, np.float32)])
    assert (found.reshape(5, 64) == numbers(320).reshape(5, 64)[:, ::-1]).all()


@pytest.mark.parametrize("type", ["f16", "bf16", "f8E5M2", "f64", "i8", "i1", "i64"])
@pytest.mark.parametrize("elements", [1, 2, 4])
def test_groups_of_elements_of_every_type(type: str, elements: int) -> None:
    from minilinalg.interp.dtypes import BY_NAME

    dtype = BY_NAME[type]
    size = elements * dtype.itemsize
    if size > 16:
        return
    body = (
        at("x", "%i", size, "px")
        + at("o", "%i", size, "po")
        + f"""
    %size = arith.constant dense<{size}> : vector<1xi32>
    %mine = arith.muli %t, %size : vector<1xi32>
    %v = simt.load_global %px : vector<1xi64> -> vector<{elements}x{type}>
    simt.store_shared %mine, %v : vector<1xi32>, vector<{elements}x{type}>
    %r = simt.load_shared %mine : vector<1xi32> -> vector<{elements}x{type}>
    simt.store_global %po, %r : vector<1xi64>, vector<{elements}x{type}>
    """
    )
    bytes_ = np.random.default_rng(0).integers(0, 2 if type == "i1" else 256, 128 * size, np.uint8)
    source = bytes_.view(dtype.storage)
    kernel = module(body, shared=64 * size, parameters={"x": type, "o": type})
    found = each(kernel, 2, lambda: [source.copy(), np.zeros_like(source)])
    assert (found.view(np.uint8) == bytes_).all()


def test_a_word_of_another_type() -> None:
    body = (
        LOAD
        + MINE
        + at("o", "%i", 4, "po")
        + """
    %d = arith.addf %v, %v : vector<1xf32>
    simt.store_shared %mine, %d : vector<1xi32>, vector<1xf32>
    %h = simt.load_shared %mine : vector<1xi32> -> vector<2xi16>
    simt.store_global %po, %h : vector<1xi64>, vector<2xi16>
    """
    )
    found = each(
        module(body, shared=256, parameters={"x": "f32", "o": "i16"}),
        2,
        lambda: [numbers(128), np.zeros(256, np.int16)],
    )
    assert (found.view(np.float32) == 2 * numbers(128)).all()


def test_several_accesses_of_each_thread() -> None:
    """Each thread stores its four numbers to four rows, and loads a run of four."""
    body = (
        """
    %four = arith.constant dense<4> : vector<1xi32>
    %i4 = arith.muli %i, %four : vector<1xi32>
    %t4 = arith.muli %t, %four : vector<1xi32>
    %w = vector.broadcast %t4 : vector<1xi32> to vector<4xi32>
    %rows = arith.constant dense<[0, 256, 512, 768]> : vector<4xi32>
    %to = arith.ori %w, %rows : vector<4xi32>
    %t16 = arith.muli %t4, %four : vector<1xi32>
    """
        + at("x", "%i4", 4, "px")
        + at("o", "%i4", 4, "po")
        + """
    %v = simt.load_global %px : vector<1xi64> -> vector<4xf32>
    simt.store_shared %to, %v : vector<4xi32>, vector<4xf32>
    simt.barrier
    %r = simt.load_shared %t16 : vector<1xi32> -> vector<4xf32>
    simt.store_global %po, %r : vector<1xi64>, vector<4xf32>
    """
    )
    found = each(module(body, shared=1024), 3, lambda: [numbers(768), np.zeros(768, np.float32)])
    assert (found.reshape(3, 4, 64) == numbers(768).reshape(3, 64, 4).transpose(0, 2, 1)).all()


def test_a_masked_store_leaves_the_rest() -> None:
    body = (
        LOAD
        + MINE
        + """
    %one = arith.constant dense<1> : vector<1xi32>
    %odd = arith.andi %t, %one : vector<1xi32>
    %m = arith.cmpi eq, %odd, %one : vector<1xi32>
    %neg = arith.negf %v : vector<1xf32>
    simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    simt.store_shared %mine, %neg mask %m : vector<1xi32>, vector<1xf32>
    %r = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>
    """
    )
    found = each(module(body + STORE, shared=256), 3, lambda: [numbers(192), np.zeros(192, np.float32)])
    assert (found == np.where(np.arange(192) % 2, -numbers(192), numbers(192))).all()


def test_addresses_that_differ_between_blocks() -> None:
    body = (
        LOAD
        + """
    %bv = vector.broadcast %b : i32 to vector<1xi32>
    %rot = arith.addi %t, %bv : vector<1xi32>
    %wrap = arith.constant dense<63> : vector<1xi32>
    %in = arith.andi %rot, %wrap : vector<1xi32>
    """
        + MINE
        + """
    %to = arith.muli %in, %four : vector<1xi32>
    simt.store_shared %to, %v : vector<1xi32>, vector<1xf32>
    simt.barrier
    %r = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>
    """
    )
    found = each(module(body + STORE, shared=256), 5, lambda: [numbers(320), np.zeros(320, np.float32)])
    assert (found.reshape(5, 64) == [np.roll(row, n) for n, row in enumerate(numbers(320).reshape(5, 64))]).all()


def test_one_address_for_the_block() -> None:
    body = (
        LOAD
        + MINE
        + """
    simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    %four_ = arith.constant 4 : i32
    %p = arith.muli %b, %four_ : i32
    %s = simt.load_shared %p : i32 -> f32
    %r = vector.broadcast %s : f32 to vector<1xf32>
    """
    )
    found = each(module(body + STORE, shared=256), 5, lambda: [numbers(320), np.zeros(320, np.float32)])
    assert (found.reshape(5, 64) == (65 * numbers(5))[:, None]).all()


def test_blocks_in_different_branches_keep_their_own() -> None:
    body = (
        LOAD
        + MINE
        + """
    %neg = arith.negf %v : vector<1xf32>
    %two = arith.constant 2 : i32
    %zero = arith.constant 0 : i32
    %odd = arith.remsi %b, %two : i32
    %is = arith.cmpi ne, %odd, %zero : i32
    simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    simt.barrier
    scf.if %is {
      %w = simt.load_shared %theirs : vector<1xi32> -> vector<1xf32>
      %n = arith.negf %w : vector<1xf32>
      simt.barrier
      simt.store_shared %mine, %n : vector<1xi32>, vector<1xf32>
    }
    %r = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>
    """
    )
    found = each(module(body + STORE, shared=256), 5, lambda: [numbers(320), np.zeros(320, np.float32)])
    x = numbers(320).reshape(5, 64)
    assert (found.reshape(5, 64) == np.where(np.arange(5)[:, None] % 2, -x[:, ::-1], x)).all()


# What is wrong


def shifted(by: int) -> str:
    return (
        MINE
        + f"""
    %by = arith.constant dense<{by}> : vector<1xi32>
    %to = arith.addi %mine, %by : vector<1xi32>
    %v = arith.constant dense<1.0> : vector<1xf32>
    """
    )


@pytest.mark.parametrize(
    ("by", "who", "bytes"),
    [(4, 63, "256 to 260"), (-4, 0, "-4 to 0"), (252, 1, "256 to 260"), (4096, 0, "4096 to 4100")],
)
def test_out_of_bounds(by: int, who: int, bytes: str) -> None:
    error = fails(
        module(shifted(by) + "simt.store_shared %to, %v : vector<1xi32>, vector<1xf32>", shared=256),
        3,
        [numbers(1)] * 2,
    )
    assert error == (
        f"'simt.store_shared' is out of bounds: thread {who} touches bytes {bytes} of shared memory\n"
        "rule: a block of this function has 256 bytes of shared memory (simt.shared)\n"
        "at: simt.store_shared %to, %v : vector<1xi32>, vector<1xf32>"
    )


def test_misaligned() -> None:
    error = fails(
        module(shifted(2) + "%l = simt.load_shared %to : vector<1xi32> -> vector<1xf32>", shared=512),
        1,
        [numbers(1)] * 2,
    )
    assert error == (
        "'simt.load_shared' is misaligned: thread 0 of block (0, 0, 0) touches 4 bytes from byte 2 "
        "of shared memory on\n"
        "rule: the address of an access of 4 bytes is a multiple of 4\n"
        "at: %l = simt.load_shared %to : vector<1xi32> -> vector<1xf32>"
    )


def test_out_of_bounds_in_one_block() -> None:
    body = (
        MINE
        + """
    %c = arith.constant 4 : i32
    %b4 = arith.muli %b, %c : i32
    %bv = vector.broadcast %b4 : i32 to vector<1xi32>
    %to = arith.addi %mine, %bv : vector<1xi32>
    %v = simt.load_shared %to : vector<1xi32> -> vector<1xf32>
    """
    )
    error = fails(module(body, shared=260), 4, [numbers(1)] * 2)
    assert "thread 63 of block (2, 0, 0) touches bytes 260 to 264 of shared memory" in error


def test_shared_memory_that_a_function_has_not() -> None:
    error = fails(module(MINE + "%v = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>"), 1, [numbers(1)] * 2)
    assert "rule: a block of this function has 0 bytes of shared memory (simt.shared)" in error


def test_what_is_masked_off_may_be_out_of_bounds() -> None:
    body = (
        LOAD
        + MINE
        + """
    %half = arith.constant dense<32> : vector<1xi32>
    %m = arith.cmpi slt, %t, %half : vector<1xi32>
    simt.store_shared %mine, %v mask %m : vector<1xi32>, vector<1xf32>
    %line = arith.constant 124 : i32
    %s = simt.load_shared %line : i32 -> f32
    %r = vector.broadcast %s : f32 to vector<1xf32>
    """
    )
    found = each(module(body + STORE, shared=128), 2, lambda: [numbers(128), np.zeros(128, np.float32)])
    assert (found.reshape(2, 64) == [[31], [95]]).all()


UNWRITTEN = (
    MINE
    + """
%half = arith.constant dense<{upto}> : vector<1xi32>
%m = arith.cmpi slt, %t, %half : vector<1xi32>
simt.store_shared %mine, %v mask %m : vector<1xi32>, vector<1xf32>
%r = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>
"""
)


def test_what_nobody_wrote_is_undefined() -> None:
    kernel = module(LOAD + UNWRITTEN.format(upto=63) + STORE, shared=256)
    error = fails(kernel, 2, [numbers(128), numbers(128)])
    assert error.startswith("'simt.store_global' stores an undefined element\n")
    assert error.endswith("at: simt.store_global %po, %r : vector<1xi64>, vector<1xf32>")
    run(kernel, 2, [numbers(128), numbers(128)], options=RunOptions(checks=False))


def test_what_everybody_wrote_is_defined() -> None:
    kernel = module(LOAD + UNWRITTEN.format(upto=64) + STORE, shared=256)
    assert (each(kernel, 2, lambda: [numbers(128), np.zeros(128, np.float32)]) == numbers(128)).all()


def test_what_is_undefined_stays_so_in_shared_memory() -> None:
    body = (
        LOAD.replace("%px :", "%px mask %m :")
        + MINE
        + """
    simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    %r = simt.load_shared %theirs : vector<1xi32> -> vector<1xf32>
    """
    )
    mask = "%one = arith.constant dense<1> : vector<1xi32>\n%m = arith.cmpi {}, %t, %one : vector<1xi32>\n"
    back = "%end = arith.constant dense<62> : vector<1xi32>\n%k = arith.cmpi sgt, %end, %t : vector<1xi32>\n"
    error = fails(module(mask.format("sge") + body + STORE, shared=256), 2, [numbers(128), numbers(128)])
    assert error.startswith("'simt.store_global' stores an undefined element")
    stored = STORE.replace("%r :", "%r mask %k :")
    found = each(
        module(mask.format("sge") + body + back + stored, shared=256),
        2,
        lambda: [numbers(128), np.zeros(128, np.float32)],
    )
    assert (found.reshape(2, 64)[:, :62] == numbers(128).reshape(2, 64)[:, :1:-1]).all()


def test_memory_is_forgotten_from_block_to_block() -> None:
    body = (
        LOAD
        + MINE
        + """
    %zero = arith.constant 0 : i32
    %is = arith.cmpi eq, %b, %zero : i32
    scf.if %is {
      simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    }
    %r = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>
    """
    )
    for options in CHUNKINGS[:3]:
        error = fails(module(body + STORE, shared=256), 2, [numbers(128), numbers(128)], options)
        assert error.startswith("'simt.store_global' stores an undefined element")


# Matrices of 8 rows of 16 bytes


def matrices(count: int, transpose: bool, op: str, type: str = "i16") -> str:
    """Lane l gives the address of row l of 32 rows; the registers are stored side by side, or come from there."""
    n = 2 * count
    attr = " {transpose}" if transpose else ""
    body = (
        """
    %w31 = arith.constant dense<31> : vector<1xi32>
    %row = arith.andi %t, %w31 : vector<1xi32>
    %c16 = arith.constant dense<16> : vector<1xi32>
    %c32 = arith.constant dense<32> : vector<1xi32>
    %warp = arith.divui %t, %c32 : vector<1xi32>
    %c512 = arith.constant dense<512> : vector<1xi32>
    %base = arith.muli %warp, %c512 : vector<1xi32>
    %off = arith.muli %row, %c16 : vector<1xi32>
    %a = arith.addi %base, %off : vector<1xi32>
    %a_all = arith.muli %t, %c16 : vector<1xi32>
    """
        + at("x", "%i", 16, "px")
        + at("o", "%i", 16, "po")
    )
    registers = f"%cn = arith.constant dense<{n}> : vector<1xi32>\n%in = arith.muli %i, %cn : vector<1xi32>\n"
    if op == "ldmatrix":
        return (
            body
            + registers
            + at("o", "%in", 2, "pr")
            + f"""
        %v = simt.load_global %px : vector<1xi64> -> vector<8x{type}>
        simt.store_shared %a_all, %v : vector<1xi32>, vector<8x{type}>
        %m = simt.ldmatrix %a, {count}{attr} : vector<1xi32> -> vector<{n}x{type}>
        simt.store_global %pr, %m : vector<1xi64>, vector<{n}x{type}>
        """
        )
    return (
        body
        + registers
        + at("x", "%in", 2, "pr")
        + f"""
    %z = arith.constant dense<0> : vector<8xi16>
    simt.store_shared %a_all, %z : vector<1xi32>, vector<8xi16>
    %m = simt.load_global %pr : vector<1xi64> -> vector<{n}x{type}>
    simt.stmatrix %a, %m, {count}{attr} : vector<1xi32>, vector<{n}x{type}>
    %v = simt.load_shared %a_all : vector<1xi32> -> vector<8x{type}>
    simt.store_global %po, %v : vector<1xi64>, vector<8x{type}>
    """
    )


def place(lane: int, matrix: int, half: int, transpose: bool) -> tuple[int, int]:
    """The row (of 32) and column that `half` of a lane's register of a matrix is; PTX ISA, ldmatrix."""
    row, column = lane // 4, 2 * (lane % 4) + half
    if transpose:
        row, column = column, row
    return 8 * matrix + row, column


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("type", ["i16", "f16"])
def test_matrices_are_loaded_lane_by_lane(count: int, transpose: bool, type: str) -> None:
    kernel = module(matrices(count, transpose, "ldmatrix", type), shared=1024, parameters={"x": type, "o": type})
    x = np.arange(3 * 64 * 8, dtype=np.int16).view(np.float16 if type == "f16" else np.int16)
    found = each(kernel, 3, lambda: [x.copy(), np.zeros(192 * 2 * count, x.dtype)]).reshape(3, 2, 32, 2 * count)
    rows = x.reshape(3, 2, 32, 8)
    for lane, matrix, half in itertools.product(range(32), range(count), range(2)):
        row, column = place(lane, matrix, half, transpose)
        assert (found[:, :, lane, 2 * matrix + half] == rows[:, :, row, column]).all()


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("transpose", [False, True])
def test_matrices_are_stored_lane_by_lane(count: int, transpose: bool) -> None:
    kernel = module(matrices(count, transpose, "stmatrix"), shared=1024, parameters={"x": "i16", "o": "i16"})
    x = np.arange(1, 3 * 64 * 2 * count + 1, dtype=np.int16)
    found = each(kernel, 3, lambda: [x.copy(), np.zeros(192 * 8, np.int16)]).reshape(3, 2, 32, 8)
    wanted = np.zeros_like(found)
    registers = x.reshape(3, 2, 32, 2 * count)
    for lane, matrix, half in itertools.product(range(32), range(count), range(2)):
        row, column = place(lane, matrix, half, transpose)
        wanted[:, :, row, column] = registers[:, :, lane, 2 * matrix + half]
    assert (found == wanted).all()


def test_two_addresses_of_matrices() -> None:
    body = (
        """
    %c16 = arith.constant dense<16> : vector<1xi32>
    %a1 = arith.muli %t, %c16 : vector<1xi32>
    %a2 = vector.broadcast %a1 : vector<1xi32> to vector<2xi32>
    %apart = arith.constant dense<[0, 512]> : vector<2xi32>
    %a = arith.xori %a2, %apart : vector<2xi32>
    """
        + at("x", "%i", 4, "px")
        + at("o", "%i", 16, "po")
        + """
    %w = vector.broadcast %i : vector<1xi32> to vector<2xi32>
    %k = arith.constant dense<[0, 32]> : vector<2xi32>
    %e = arith.addi %w, %k : vector<2xi32>
    """
        + at("x", "%i", 32, "pq")
        + """
    %v = simt.load_global %pq : vector<1xi64> -> vector<8xi16>
    simt.store_shared %a1, %v : vector<1xi32>, vector<8xi16>
    %hi = vector.shuffle %a, %a [1] : vector<2xi32>, vector<2xi32>
    simt.store_shared %hi, %v : vector<1xi32>, vector<8xi16>
    %m = simt.ldmatrix %a, 2 : vector<2xi32> -> vector<8xi16>
    simt.store_global %po, %m : vector<1xi64>, vector<8xi16>
    """
    )
    x = np.arange(32 * 16, dtype=np.int16)
    found = each(
        module(body, 32, shared=1024, parameters={"x": "i16", "o": "i16"}),
        1,
        lambda: [x.copy(), np.zeros(256, np.int16)],
    )
    rows = x.reshape(32, 16)[:, :8]
    for lane, address, matrix, half in itertools.product(range(32), range(2), range(2), range(2)):
        row, column = place(lane, matrix, half, False)
        assert found.reshape(32, 2, 2, 2)[lane, address, matrix, half] == rows[row, column]


def test_a_row_of_a_matrix_is_aligned() -> None:
    body = """
    %c8 = arith.constant dense<8> : vector<1xi32>
    %a = arith.muli %t, %c8 : vector<1xi32>
    %m = simt.ldmatrix %a, 4 : vector<1xi32> -> vector<8xf16>
    """
    error = fails(module(body, 32, shared=512), 1, [numbers(1)] * 2)
    assert error.startswith(
        "'simt.ldmatrix' is misaligned: thread 1 of block (0, 0, 0) touches 16 bytes from byte 8 "
        "of shared memory on\n"
        "rule: the address of an access of 16 bytes is a multiple of 16\nat: %m = simt.ldmatrix"
    )


def test_addresses_of_lanes_that_give_no_row_do_not_count() -> None:
    body = (
        """
    %c16 = arith.constant dense<16> : vector<1xi32>
    %a = arith.muli %t, %c16 : vector<1xi32>
    %z = arith.constant dense<0> : vector<8xi16>
    %c8 = arith.constant dense<8> : vector<1xi32>
    %few = arith.cmpi slt, %t, %c8 : vector<1xi32>
    simt.store_shared %a, %z mask %few : vector<1xi32>, vector<8xi16>
    %m = simt.ldmatrix %a, 1 : vector<1xi32> -> vector<2xi16>
    """
        + at("o", "%i", 4, "po")
        + "simt.store_global %po, %m : vector<1xi64>, vector<2xi16>"
    )
    found = each(module(body, 32, shared=128, parameters={"o": "i16"}), 2, lambda: [np.ones(128, np.int16)])
    assert (found == 0).all()


# Copies that go on


COPY = MINE + at("x", "%i", 4, "px") + "simt.cp_async %mine, %px, 4{mask} : vector<1xi32>, vector<1xi64>\n"
READ = "%r = simt.load_shared %mine : vector<1xi32> -> vector<1xf32>\n"


def test_a_copy_is_there_behind_its_wait() -> None:
    body = COPY.format(mask="") + "simt.cp_async_commit\nsimt.cp_async_wait 0\n" + READ + STORE
    found = each(module(body, shared=256), 3, lambda: [numbers(192), np.zeros(192, np.float32)])
    assert (found == numbers(192)).all()


@pytest.mark.parametrize(
    "wait",
    [
        "",
        "simt.cp_async_commit\n",
        "simt.cp_async_commit\nsimt.cp_async_wait 1\n",
        "simt.cp_async_wait 0\nsimt.cp_async_commit\n",
        "simt.cp_async_wait 0\n",
    ],
)
def test_a_copy_is_not_there_before_its_wait(wait: str) -> None:
    kernel = module(COPY.format(mask="") + wait + READ + STORE, shared=256)
    error = fails(kernel, 3, [numbers(192), np.zeros(192, np.float32)])
    assert error.startswith("'simt.store_global' stores an undefined element")


def test_what_was_there_before_is_not_there_while_a_copy_goes_on() -> None:
    body = LOAD.replace("px", "pz") + COPY.format(mask="").replace(
        "simt.cp_async", "simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>\nsimt.cp_async"
    )
    error = fails(module(body + READ + STORE, shared=256), 1, [numbers(64), np.zeros(64, np.float32)])
    assert error.startswith("'simt.store_global' stores an undefined element")


def test_zeros_where_the_mask_is_false() -> None:
    body = (
        """
    %ns = vector.broadcast %n : i32 to vector<1xi32>
    %m = arith.cmpi slt, %i, %ns : vector<1xi32>
    """
        + COPY.format(mask=" mask %m")
        + "simt.cp_async_commit\nsimt.cp_async_wait 0\n"
        + READ
        + STORE
    )
    kernel = module(body, shared=256, parameters={"n": "i32", "x": "f32", "o": "f32"})
    for n in (0, 1, 70, 191, 192):
        found = each(kernel, 3, lambda n=n: [n, numbers(n) + 1, np.full(192, -1, np.float32)])
        assert (found == np.where(np.arange(192) < n, numbers(192) + 1, 0)).all()


def test_groups_end_in_order() -> None:
    """A ring of three buffers: the copy of turn j + 2 goes on while that of turn j is used."""
    body = (
        MINE
        + """
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %turns = arith.constant {turns} : i32
    %c64 = arith.constant 64 : i32
    %c256 = arith.constant 256 : i32
    %zero = arith.constant dense<0.0> : vector<1xf32>
    scf.for %j = %c0 to %c2 step %c1 : i32 {{
      %s = arith.muli %j, %c256 : i32
      %sv = vector.broadcast %s : i32 to vector<1xi32>
      %to = arith.addi %mine, %sv : vector<1xi32>
      %e = arith.muli %j, %c64 : i32
      %ev = vector.broadcast %e : i32 to vector<1xi32>
      %in = arith.cmpi slt, %j, %turns : i32
      %m = vector.broadcast %in : i1 to vector<1xi1>
      %k = arith.addi %t, %ev : vector<1xi32>
      """
        + at("x", "%k", 4, "pk")
        + """
      simt.cp_async %to, %pk, 4 mask %m : vector<1xi32>, vector<1xi64>
      simt.cp_async_commit
    }}
    %r = scf.for %j = %c0 to %turns step %c1 iter_args(%sum = %zero) -> (vector<1xf32>) : i32 {{
      simt.cp_async_wait {pending}
      simt.barrier
      %b3 = arith.remui %j, %c3 : i32
      %s = arith.muli %b3, %c256 : i32
      %sv = vector.broadcast %s : i32 to vector<1xi32>
      %from = arith.addi %theirs, %sv : vector<1xi32>
      %v = simt.load_shared %from : vector<1xi32> -> vector<1xf32>
      %next = arith.addf %sum, %v : vector<1xf32>
      %j2 = arith.addi %j, %c2 : i32
      %in = arith.cmpi slt, %j2, %turns : i32
      %m = vector.broadcast %in : i1 to vector<1xi1>
      %n3 = arith.remui %j2, %c3 : i32
      %q = arith.muli %n3, %c256 : i32
      %qv = vector.broadcast %q : i32 to vector<1xi32>
      %to = arith.addi %mine, %qv : vector<1xi32>
      %e = arith.muli %j2, %c64 : i32
      %ev = vector.broadcast %e : i32 to vector<1xi32>
      %k = arith.addi %t, %ev : vector<1xi32>
      """
        + at("x", "%k", 4, "pk")
        + """
      simt.cp_async %to, %pk, 4 mask %m : vector<1xi32>, vector<1xi64>
      simt.cp_async_commit
      scf.yield %next : vector<1xf32>
    }}
    """
        + STORE
    )
    for turns in (0, 1, 2, 3, 7):
        x = numbers(64 * turns)
        found = each(
            module(body.format(turns=turns, pending=1), shared=768),
            2,
            lambda x=x: [x.copy(), np.full(128, -1, np.float32)],
        )
        assert (found.reshape(2, 64) == x.reshape(turns, 64).sum(axis=0)[::-1]).all()
    early = module(body.format(turns=3, pending=2), shared=768)
    assert fails(early, 2, [numbers(192), numbers(128)]).startswith("'simt.store_global' stores an undefined element")


def test_blocks_that_wait_for_different_copies() -> None:
    body = (
        COPY.format(mask="")
        + """
    simt.cp_async_commit
    %zero = arith.constant 0 : i32
    %is = arith.cmpi ne, %b, %zero : i32
    scf.if %is {
      simt.cp_async_wait 0
    }
    """
        + READ
    )
    guarded = """
    %zeros = arith.constant dense<0> : vector<1xi32>
    %bs = vector.broadcast %b : i32 to vector<1xi32>
    %k = arith.cmpi ne, %bs, %zeros : vector<1xi32>
    """ + STORE.replace("%r :", "%r mask %k :")
    found = each(module(body + guarded, shared=256), 3, lambda: [numbers(192), np.zeros(192, np.float32)])
    assert (found[64:] == numbers(192)[64:]).all()
    error = fails(module(body + STORE, shared=256), 3, [numbers(192), np.zeros(192, np.float32)])
    assert error.startswith("'simt.store_global' stores an undefined element")


def test_a_copy_that_is_misaligned() -> None:
    body = MINE + at("x", "%i", 4, "px") + "simt.cp_async %mine, %px, 8 : vector<1xi32>, vector<1xi64>"
    error = fails(module(body, shared=512), 1, [numbers(128), numbers(1)])
    assert error.startswith("'simt.cp_async' is misaligned: thread 1 of block (0, 0, 0) touches 8 bytes from byte 4")


def test_a_copy_from_out_of_bounds() -> None:
    error = fails(module(COPY.format(mask=""), shared=256), 2, [numbers(100), numbers(1)])
    assert error.startswith("'simt.cp_async' is out of bounds: it touches bytes 400 to 404 of argument 'x'")


def test_one_address_in_all_threads_and_registers() -> None:
    body = (
        LOAD
        + MINE
        + """
    simt.store_shared %mine, %v : vector<1xi32>, vector<1xf32>
    %bv = vector.broadcast %b : i32 to vector<2xi32>
    %c = arith.constant dense<4> : vector<2xi32>
    %b4 = arith.muli %bv, %c : vector<2xi32>
    %both = arith.andi %b4, %b4 : vector<2xi32>
    %w = simt.load_shared %both : vector<2xi32> -> vector<2xf32>
    %r = vector.shuffle %w, %w [1] : vector<2xf32>, vector<2xf32>
    """
    )
    found = each(module(body + STORE, shared=256), 5, lambda: [numbers(320), np.zeros(320, np.float32)])
    assert (found.reshape(5, 64) == 65 * numbers(5)[:, None]).all()


COUNTED = (
    MINE
    + """
%zero = arith.constant dense<0> : vector<1xi32>
%one = arith.constant dense<1> : vector<1xi32>
%c8 = arith.constant dense<8> : vector<1xi32>
%first = arith.cmpi slt, %t, %c8 : vector<1xi32>
{init}
%bin = arith.remui %t, %c8 : vector<1xi32>
%where = arith.muli %bin, %four : vector<1xi32>
%some = arith.cmpi sge, %t, %c8 : vector<1xi32>
simt.barrier
%old = simt.atomic_rmw_shared add, %where, %one{mask} : vector<1xi32>, vector<1xi32>
simt.barrier
%now = simt.load_shared %where : vector<1xi32> -> vector<1xi32>
"""
).replace("%first =", "%few =")
INIT = "simt.store_shared %mine, %zero mask %few : vector<1xi32>, vector<1xi32>"


@pytest.mark.parametrize(("mask", "each_bin"), [("", 8), (" mask %some", 7)])
@pytest.mark.parametrize("result", ["old", "now"])
def test_threads_count_in_shared_memory(mask: str, each_bin: int, result: str) -> None:
    store = at("o", "%i", 4, "po") + f"simt.store_global %po, %{result}{{}} : vector<1xi64>, vector<1xi32>"
    body = COUNTED.format(init=INIT, mask=mask) + store.format(mask if result == "old" else "")
    kernel = module(body, shared=32, parameters={"o": "i32"})
    found = each(kernel, 3, lambda: [np.full(192, -1, np.int32)], in_step=result == "old")
    number = np.arange(64) // 8
    wanted = number - (8 - each_bin) if result == "old" else np.full(64, each_bin)
    assert (found.reshape(3, 64) == wanted).all()


def test_an_update_of_what_nobody_wrote_is_undefined() -> None:
    store = at("o", "%i", 4, "po") + "simt.store_global %po, %now : vector<1xi64>, vector<1xi32>"
    kernel = module(COUNTED.format(init="", mask="") + store, shared=32, parameters={"o": "i32"})
    assert fails(kernel, 1, [np.zeros(64, np.int32)]).startswith("'simt.store_global' stores an undefined element")


def test_an_update_out_of_bounds() -> None:
    kernel = module(COUNTED.format(init="", mask=""), shared=28, parameters={"o": "i32"})
    error = fails(kernel, 1, [np.zeros(64, np.int32)])
    assert error.startswith(
        "'simt.atomic_rmw_shared' is out of bounds: thread 7 of block (0, 0, 0) touches bytes 28 to 32"
    )
