"""Meanings of simt on kernels of a few lines: global memory, what threads agree on, and what lanes tell one another."""

from __future__ import annotations

import numpy as np
import pytest
from simt_programs import at, each, fails, module

from minilinalg.errors import LaunchError, RunError
from minilinalg.interp import run
from minilinalg.interp.run import Executable
from minilinalg.interp.threads import with_threads
from minilinalg.run_options import RunOptions

LOAD = at("x", "%i", 4, "px") + "%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>\n"
STORE = at("o", "%i", 4, "po") + "simt.store_global %po, %r : vector<1xi64>, vector<1xf32>\n"


def numbers(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float32)


def test_a_thread_for_each_element() -> None:
    found = each(
        module(LOAD + "%r = arith.addf %v, %v : vector<1xf32>\n" + STORE), 5, lambda: [numbers(320), numbers(320)]
    )
    assert (found == 2 * numbers(320)).all()


@pytest.mark.parametrize("threads", [1, 7, 32, 96])
def test_blocks_of_any_number_of_threads(threads: int) -> None:
    n = 3 * threads
    kernel = module(LOAD + "%r = arith.negf %v : vector<1xf32>\n" + STORE, threads)
    assert (each(kernel, 3, lambda: [numbers(n), numbers(n)]) == -numbers(n)).all()


def test_no_blocks_at_all() -> None:
    kernel = module(LOAD + "%r = arith.negf %v : vector<1xf32>\n" + STORE)
    run(kernel, 0, [numbers(0), numbers(0)])


def test_the_function_that_was_given_stays_one_of_a_thread() -> None:
    kernel = module(LOAD + "%r = arith.negf %v : vector<1xf32>\n" + STORE)
    before = str(kernel)
    Executable(kernel)
    assert str(kernel) == before


def test_every_vector_gets_the_threads_in_front() -> None:
    kernel = module("""
    %c = arith.constant dense<[1, 2]> : vector<2xi32>
    scf.for %j = %b to %b step %b iter_args(%a = %c) -> (vector<2xi32>) : i32 {
      scf.yield %a : vector<2xi32>
    }
    """)
    (func,) = kernel.ops
    spread = with_threads(func, 8)
    types = {str(r.type) for op in spread.walk() for r in op.results}
    assert types == {"i32", "vector<8x1xi32>", "vector<8x2xi32>"}
    assert "vector<8x2xi32>" in {
        str(a.type) for op in spread.walk() for r in op.regions for b in r.blocks for a in b.args
    }


def test_a_block_without_threads() -> None:
    error = fails(module("", threads=0), 1, [numbers(1), numbers(1)])
    assert error.startswith(
        "function 'k' has simt.threads = 0\nrule: a block has at least one thread\nat: func.func @k"
    )


# Groups of elements at one address

VECTORS = """
%four = arith.constant dense<4> : vector<1xi32>
%i4 = arith.muli %i, %four : vector<1xi32>
%pair = vector.broadcast %i4 : vector<1xi32> to vector<2xi32>
%apart = arith.constant dense<[0, {apart}]> : vector<2xi32>
%e = arith.{add} %pair, %apart : vector<2xi32>
"""


@pytest.mark.parametrize("add", ["addi", "ori", "xori"])
def test_two_accesses_of_four_elements(add: str) -> None:
    body = (
        VECTORS.format(apart=1024, add=add)
        + at("x", "%e", 4, "px", 2)
        + at("o", "%e", 4, "po", 2)
        + "%v = simt.load_global %px : vector<2xi64> -> vector<8xf32>\n%r = arith.addf %v, %v : vector<8xf32>\n"
        "simt.store_global %po, %r : vector<2xi64>, vector<8xf32>"
    )
    found = each(module(body, 64), 4, lambda: [numbers(2048), np.zeros(2048, np.float32)])
    assert (found == 2 * numbers(2048)).all()


@pytest.mark.parametrize("n", [0, 1, 2, 127, 128, 129, 319, 320, 1000])
def test_masks_from_both_sides(n: int) -> None:
    """Elements 5 to n are negated, four by four: a thread whose first element is inside does all four of its own."""
    body = (
        VECTORS.format(apart=0, add="addi").replace("dense<[0, 0]>", "dense<0>")
        + """
        %ns = vector.broadcast %n : i32 to vector<2xi32>
        %low = arith.constant dense<5> : vector<2xi32>
        %below = arith.cmpi slt, %e, %ns : vector<2xi32>
        %above = arith.cmpi sge, %e, %low : vector<2xi32>
        %m2 = arith.andi %below, %above : vector<2xi1>
        %m = vector.shuffle %m2, %m2 [1] : vector<2xi1>, vector<2xi1>
        %e1 = vector.shuffle %e, %e [0] : vector<2xi32>, vector<2xi32>
        %other = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : vector<4xf32>
        """
        + at("x", "%e1", 4, "px")
        + at("o", "%e1", 4, "po")
        + """
        %v = simt.load_global %px mask %m other %other : vector<1xi64> -> vector<4xf32>
        %r = arith.negf %v : vector<4xf32>
        simt.store_global %po, %r : vector<1xi64>, vector<4xf32>
        """
    )
    size = 4 * 64 * 3
    found = each(
        module(body, 64, parameters={"n": "i32", "x": "f32", "o": "f32"}),
        3,
        lambda: [n, numbers(size), np.full(size, np.nan, np.float32)],
    )
    firsts = np.arange(size) // 4 * 4
    inside = (firsts >= 5) & (firsts < n)
    assert (found == -np.where(inside, numbers(size), np.arange(size) % 4 + 1)).all()


@pytest.mark.parametrize("n", [0, 1, 65, 130, 192])
def test_what_is_masked_off_may_lie_anywhere(n: int) -> None:
    body = (
        """
    %ns = vector.broadcast %n : i32 to vector<1xi32>
    %m = arith.cmpi slt, %i, %ns : vector<1xi32>
    """
        + LOAD.replace("%px :", "%px mask %m :")
        + "%r = arith.mulf %v, %v : vector<1xf32>\n"
        + STORE.replace("%r :", "%r mask %m :")
    )
    kernel = module(body, parameters={"n": "i32", "x": "f32", "o": "f32"})
    found = each(kernel, 3, lambda: [n, numbers(n), np.full(max(n, 1), -1, np.float32)])
    assert (found[:n] == numbers(n) ** 2).all()


def test_an_undefined_element_is_not_stored() -> None:
    body = "%m = arith.cmpi slt, %i, %t : vector<1xi32>\n" + LOAD.replace("%px :", "%px mask %m :").replace("%v", "%r")
    error = fails(module(body + STORE), 2, [numbers(128), numbers(128)])
    assert error.startswith("'simt.store_global' stores an undefined element")
    assert error.endswith("at: simt.store_global %po, %r : vector<1xi64>, vector<1xf32>")


def test_an_address_out_of_bounds() -> None:
    error = fails(module(LOAD + "%r = arith.negf %v : vector<1xf32>\n" + STORE), 2, [numbers(127), numbers(128)])
    assert error.startswith(
        "'simt.load_global' is out of bounds: it touches bytes 508 to 512 of argument 'x'\n"
        "rule: argument 'x' has 508 bytes; every unmasked lane must stay inside one argument"
    )


def test_a_store_to_an_array_that_is_read_only() -> None:
    out = numbers(128)
    out.flags.writeable = False
    error = fails(module(LOAD + "%r = arith.negf %v : vector<1xf32>\n" + STORE), 2, [numbers(128), out])
    assert error.startswith("'simt.store_global' writes argument 'o', whose array is read-only")


def test_an_access_is_aligned_as_a_whole() -> None:
    body = at("x", "%i", 4, "px") + "%v = simt.load_global %px : vector<1xi64> -> vector<2xf32>"
    error = fails(module(body, 64), 1, [numbers(128), numbers(1)])
    assert error.startswith(
        "'simt.load_global' is misaligned: an address is no multiple of 8 bytes\n"
        "rule: an access of 8 bytes is at a multiple of its size, counted from the start of its argument\nat: "
    )


def test_what_is_masked_off_may_be_misaligned() -> None:
    body = (
        at("x", "%i", 4, "px")
        + """
    %one = arith.constant dense<1> : vector<1xi32>
    %odd = arith.andi %i, %one : vector<1xi32>
    %zero = arith.constant dense<0> : vector<1xi32>
    %m = arith.cmpi eq, %odd, %zero : vector<1xi32>
    %v = simt.load_global %px mask %m : vector<1xi64> -> vector<2xf32>
    """
        + at("o", "%i", 4, "po")
        + "simt.store_global %po, %v mask %m : vector<1xi64>, vector<2xf32>"
    )
    found = each(module(body), 2, lambda: [numbers(128), np.zeros(128, np.float32)])
    assert (found == numbers(128)).all()


def test_arguments_that_do_not_lie_on_the_host_as_they_do_here() -> None:
    """An array from its second element on has no address that is a multiple of 16 bytes."""
    body = (
        VECTORS.format(apart=256, add="addi")
        + at("x", "%e", 4, "px", 2)
        + at("o", "%e", 4, "po", 2)
        + (
            "%v = simt.load_global %px : vector<2xi64> -> vector<8xf32>\n"
            "simt.store_global %po, %v : vector<2xi64>, vector<8xf32>"
        )
    )
    found = each(module(body, 64), 1, lambda: [numbers(513)[1:], np.zeros(515, np.float32)[3:]])
    assert (found == numbers(513)[1:]).all()


def test_threads_that_read_different_arguments() -> None:
    body = (
        """
    %half = arith.constant dense<32> : vector<1xi32>
    %low = arith.cmpi slt, %t, %half : vector<1xi32>
    """
        + at("x", "%i", 4, "px")
        + at("y", "%i", 4, "py")
        + """
    %p = arith.select %low, %px, %py : vector<1xi1>, vector<1xi64>
    %r = simt.load_global %p : vector<1xi64> -> vector<1xf32>
    """
        + STORE
    )
    kernel = module(body, parameters={"x": "f32", "y": "f32", "o": "f32"})
    found = each(kernel, 2, lambda: [numbers(128), -numbers(128), np.zeros(128, np.float32)])
    assert (found == np.where(np.arange(128) % 64 < 32, numbers(128), -numbers(128))).all()


@pytest.mark.parametrize("type", ["i8", "i16", "f16", "bf16", "f64", "f8E4M3FN", "i1"])
def test_elements_of_every_size_are_moved_as_they_are(type: str) -> None:
    size = {"i8": 1, "i16": 2, "f16": 2, "bf16": 2, "f64": 8, "f8E4M3FN": 1, "i1": 1}[type]
    body = (
        at("x", "%i", size, "px")
        + at("o", "%i", size, "po")
        + (
            f"%v = simt.load_global %px : vector<1xi64> -> vector<1x{type}>\n"
            f"simt.store_global %po, %v : vector<1xi64>, vector<1x{type}>"
        )
    )
    from minilinalg.interp.dtypes import BY_NAME

    storage = BY_NAME[type].storage
    bytes_ = np.random.default_rng(0).integers(0, 2 if type == "i1" else 256, 128 * size, np.uint8)
    source = bytes_.view(storage)
    found = each(module(body, parameters={"x": type, "o": type}), 2, lambda: [source.copy(), np.zeros_like(source)])
    assert (found.view(np.uint8) == bytes_).all()


def test_narrow_floats_round_where_the_program_rounds() -> None:
    body = (
        at("x", "%i", 2, "px")
        + at("o", "%i", 2, "po")
        + (
            "%v = simt.load_global %px : vector<1xi64> -> vector<1xf16>\n%r = arith.mulf %v, %v : vector<1xf16>\n"
            "simt.store_global %po, %r : vector<1xi64>, vector<1xf16>"
        )
    )
    x = np.linspace(-300, 300, 128).astype(np.float16)
    x[5], x[6] = np.nan, np.inf
    found = each(module(body, parameters={"x": "f16", "o": "f16"}), 2, lambda: [x.copy(), np.zeros_like(x)])
    with np.errstate(all="ignore"):
        assert np.array_equal(found, x * x, equal_nan=True)


# Scalars


def test_scalars_are_those_of_a_block() -> None:
    body = """
    %four = arith.constant 4 : i64
    %b64 = arith.extsi %b : i32 to i64
    %byte = arith.muli %b64, %four : i64
    %p = arith.addi %x, %byte : i64
    %s = simt.load_global %p : i64 -> f32
    %r = vector.broadcast %s : f32 to vector<1xf32>
    """
    found = each(module(body + STORE), 5, lambda: [numbers(5), np.zeros(320, np.float32)])
    assert (found.reshape(5, 64) == numbers(5)[:, None]).all()


def test_a_masked_scalar() -> None:
    body = """
    %none = arith.constant false
    %seven = arith.constant 7.0 : f32
    %s = simt.load_global %x mask %none other %seven : i64 -> f32
    %r = vector.broadcast %s : f32 to vector<1xf32>
    """
    assert (each(module(body + STORE), 2, lambda: [numbers(0), np.zeros(128, np.float32)]) == 7).all()


def test_branches_and_loops_are_the_blocks() -> None:
    body = (
        LOAD
        + """
    %two = arith.constant 2 : i32
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %odd = arith.remsi %b, %two : i32
    %is = arith.cmpi eq, %odd, %one : i32
    %w = scf.if %is -> (vector<1xf32>) {
      %neg = arith.negf %v : vector<1xf32>
      scf.yield %neg : vector<1xf32>
    } else {
      scf.yield %v : vector<1xf32>
    }
    %r = scf.for %j = %zero to %b step %one iter_args(%a = %w) -> (vector<1xf32>) : i32 {
      %d = arith.addf %a, %a : vector<1xf32>
      scf.yield %d : vector<1xf32>
    }
    """
    )
    found = each(module(body + STORE), 5, lambda: [numbers(320), np.zeros(320, np.float32)]).reshape(5, 64)
    block = np.arange(5)[:, None]
    assert (found == numbers(320).reshape(5, 64) * np.where(block % 2, -1, 1) * 2.0**block).all()


UNIFORM = (
    at("x", "%i", 4, "px")
    + """
%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>
%s = simt.uniform %v : vector<1xf32> -> f32
%r = vector.broadcast %s : f32 to vector<1xf32>
"""
)


def test_what_agrees_in_all_threads_is_a_scalar() -> None:
    x = np.repeat(numbers(3), 64)
    x[:64] = np.nan
    found = each(module(UNIFORM + STORE), 3, lambda: [x.copy(), np.zeros(192, np.float32)])
    assert np.array_equal(found, x, equal_nan=True)


def test_what_does_not_agree_is_no_scalar() -> None:
    x = np.repeat(numbers(3), 64)
    x[64 + 17] = 5
    error = fails(module(UNIFORM + STORE), 3, [x, np.zeros(192, np.float32)])
    assert error.startswith(
        "'simt.uniform' of a value that differs: in block (1, 0, 0) thread 0 has 1.0 and thread 17 5.0\n"
        "rule: a scalar is the same in all threads of a block\nat: "
    )


def test_thread_numbers_are_no_scalar() -> None:
    error = fails(module("%s = simt.uniform %t : vector<1xi32> -> i32"), 1, [numbers(1), numbers(1)])
    assert error.startswith("'simt.uniform' of a value that differs: in block (0, 0, 0) thread 0 has 0 and thread 1 1")


def test_the_grid() -> None:
    body = (
        """
    %y = simt.block_id y : i32
    %z = simt.block_id z : i32
    %gx = simt.num_blocks x : i32
    %gy = simt.num_blocks y : i32
    %yz = arith.muli %gy, %z : i32
    %line = arith.addi %yz, %y : i32
    %lines = arith.muli %line, %gx : i32
    %linear = arith.addi %lines, %b : i32
    %r = vector.broadcast %linear : i32 to vector<1xi32>
    """
        + at("o", "%r", 4, "po")
        + "simt.store_global %po, %r : vector<1xi64>, vector<1xi32>"
    )
    out = np.full(24, -1, np.int32)
    run(module(body, parameters={"o": "i32"}), (2, 3, 4), [out])
    assert (out == np.arange(24)).all()


# Registers


@pytest.mark.parametrize("mask", [[0, 1], [3, 2, 1, 0], [1, 1, 1], [0, 4], [7, 3, 5], [4, 5, 6, 7], [2]])
def test_registers_are_chosen(mask: list[int]) -> None:
    n = len(mask)
    listed = ", ".join(map(str, mask))
    body = (
        f"""
    %four = arith.constant dense<4> : vector<4xi32>
    %w = vector.broadcast %i : vector<1xi32> to vector<4xi32>
    %w4 = arith.muli %w, %four : vector<4xi32>
    %q = arith.constant dense<[0, 1, 2, 3]> : vector<4xi32>
    %e = arith.addi %w4, %q : vector<4xi32>
    %k = arith.muli %e, %e : vector<4xi32>
    %s = vector.shuffle %e, %k [{listed}] : vector<4xi32>, vector<4xi32>
    %n = arith.constant dense<{n}> : vector<1xi32>
    %in = arith.muli %i, %n : vector<1xi32>
    %wn = vector.broadcast %in : vector<1xi32> to vector<{n}xi32>
    %qn = arith.constant dense<{list(range(n))}> : vector<{n}xi32>
    %en = arith.addi %wn, %qn : vector<{n}xi32>
    """
        + at("o", "%en", 4, "po", n)
        + f"simt.store_global %po, %s : vector<{n}xi64>, vector<{n}xi32>"
    )
    found = each(module(body, parameters={"o": "i32"}), 3, lambda: [np.zeros(192 * n, np.int32)])
    e = np.arange(192 * 4).reshape(192, 4)
    assert (found.reshape(192, n) == np.concatenate([e, e * e], axis=1)[:, mask]).all()


def test_bits_of_registers() -> None:
    body = (
        at("x", "%i", 4, "px")
        + at("o", "%i", 4, "po")
        + """
    %v = simt.load_global %px : vector<1xi64> -> vector<2xf16>
    %h = arith.addf %v, %v : vector<2xf16>
    %w = vector.bitcast %h : vector<2xf16> to vector<1xi32>
    %one = arith.constant dense<65537> : vector<1xi32>
    %u = arith.xori %w, %one : vector<1xi32>
    %b8 = vector.bitcast %u : vector<1xi32> to vector<4xi8>
    %r = vector.bitcast %b8 : vector<4xi8> to vector<2xf16>
    simt.store_global %po, %r : vector<1xi64>, vector<2xf16>
    """
    )
    x = np.random.default_rng(0).normal(size=256).astype(np.float16)
    found = each(module(body, parameters={"x": "f16", "o": "f16"}), 2, lambda: [x.copy(), np.zeros_like(x)])
    assert (found.view(np.uint16) == (x + x).view(np.uint16) ^ 1).all()


def test_half_a_register_that_is_undefined_makes_it_so() -> None:
    body = (
        """
    %none = arith.constant dense<[true, false]> : vector<2xi1>
    %w = vector.broadcast %i : vector<1xi32> to vector<2xi32>
    """
        + at("x", "%w", 2, "px", 2)
        + at("o", "%i", 4, "po")
        + """
    %v = simt.load_global %px mask %none : vector<2xi64> -> vector<2xf16>
    %r = vector.bitcast %v : vector<2xf16> to vector<1xi32>
    simt.store_global %po, %r : vector<1xi64>, vector<1xi32>
    """
    )
    error = fails(
        module(body, parameters={"x": "f16", "o": "i32"}), 1, [np.zeros(64, np.float16), np.zeros(64, np.int32)]
    )
    assert error.startswith("'simt.store_global' stores an undefined element")


# Lanes

SHUFFLE = (
    at("x", "%i", 4, "px")
    + at("n", "%i", 4, "pn").replace("%n :", "%lanes :")
    + """
%v = simt.load_global %px : vector<1xi64> -> vector<1xf32>
%k = simt.load_global %pn : vector<1xi64> -> vector<1xi32>
%r = simt.shuffle {kind}, %v, %k : vector<1xf32>
"""
)
LANES = {
    "idx": lambda own, n: n,
    "bfly": lambda own, n: own ^ n,
    "up": lambda own, n: own - n if own >= n else own,
    "down": lambda own, n: own + n if own + n < 32 else own,
}


@pytest.mark.parametrize("kind", LANES)
@pytest.mark.parametrize("alike", [False, True])
def test_lanes_take_from_one_another(kind: str, alike: bool) -> None:
    body = SHUFFLE.format(kind=kind) + STORE
    rng = np.random.default_rng(1)
    lane = np.full(192, rng.integers(0, 32), np.int32) if alike else rng.integers(-40, 80, 192).astype(np.int32)
    kernel = module(body, parameters={"x": "f32", "lanes": "i32", "o": "f32"})
    found = each(kernel, 3, lambda: [numbers(192), lane.copy(), np.zeros(192, np.float32)])
    wanted = [i // 32 * 32 + LANES[kind](i % 32, int(lane[i]) & 31) for i in range(192)]
    assert found.tolist() == wanted


def test_a_sum_over_a_warp() -> None:
    steps = "\n".join(
        f"%n{n} = arith.constant dense<{n}> : vector<1xi32>\n"
        f"%s{n} = simt.shuffle bfly, %a{2 * n}, %n{n} : vector<1xf32>\n"
        f"%a{n} = arith.addf %a{2 * n}, %s{n} : vector<1xf32>"
        for n in (16, 8, 4, 2, 1)
    )
    found = each(
        module(LOAD.replace("%v", "%a32") + steps + STORE.replace("%r", "%a1")),
        2,
        lambda: [numbers(128), np.zeros(128, np.float32)],
    )
    assert (found.reshape(4, 32) == numbers(128).reshape(4, 32).sum(axis=1, keepdims=True)).all()


def test_a_warp_that_is_not_whole() -> None:
    kernel = module("%w = simt.shuffle bfly, %t, %t : vector<1xi32>", threads=48)
    error = fails(kernel, 1, [numbers(1), numbers(1)])
    assert error.startswith(
        "'simt.shuffle' in a block of 48 threads cannot be run\n"
        "rule: what a warp does together takes all its lanes: a number of threads that 32 divides\nat: "
    )


@pytest.mark.parametrize("kind", ["all", "any", "ballot"])
def test_votes(kind: str) -> None:
    of = "i32" if kind == "ballot" else "i1"
    size = 4 if kind == "ballot" else 1
    body = (
        at("x", "%i", 1, "px")
        + at("o", "%i", size, "po")
        + f"""
    %v = simt.load_global %px : vector<1xi64> -> vector<1xi1>
    %r = simt.vote {kind}, %v : vector<1xi1> -> vector<1x{of}>
    simt.store_global %po, %r : vector<1xi64>, vector<1x{of}>
    """
    )
    x = np.random.default_rng(2).integers(0, 2, 256).astype(np.bool_)
    x[:32], x[32:64] = True, False
    out = np.int32 if kind == "ballot" else np.bool_
    found = each(module(body, parameters={"x": "i1", "o": of}), 4, lambda: [x.copy(), np.zeros(256, out)])
    warps = x.reshape(8, 32)
    bits = (warps.astype(np.uint32) << np.arange(32, dtype=np.uint32)).sum(axis=1, dtype=np.uint32).view(np.int32)
    wanted = {"all": warps.all(axis=1), "any": warps.any(axis=1), "ballot": bits}[kind]
    assert (found.reshape(8, 32) == wanted[:, None]).all()


# Atomics


def test_all_threads_add_to_one_number() -> None:
    body = (
        """
    %zero = arith.constant dense<0> : vector<1xi32>
    %one = arith.constant dense<1> : vector<1xi32>
    """
        + at("x", "%zero", 4, "px")
        + at("o", "%i", 4, "po")
        + """
    %old = simt.atomic_rmw add, relaxed, gpu, %px, %one : vector<1xi64>, vector<1xi32>
    simt.store_global %po, %old : vector<1xi64>, vector<1xi32>
    """
    )
    found = each(
        module(body, parameters={"x": "i32", "o": "i32"}),
        3,
        lambda: [np.zeros(1, np.int32), np.zeros(192, np.int32)],
        in_step=True,
    )
    assert sorted(found.tolist()) == list(range(192))


def test_a_masked_atomic() -> None:
    body = (
        """
    %zero = arith.constant dense<0> : vector<1xi32>
    %m = arith.cmpi eq, %t, %zero : vector<1xi32>
    """
        + at("o", "%zero", 4, "po")
        + """
    %one = arith.constant dense<1.0> : vector<1xf32>
    %old = simt.atomic_rmw fadd, relaxed, gpu, %po, %one mask %m : vector<1xi64>, vector<1xf32>
    """
    )
    assert each(module(body, parameters={"o": "f32"}), 5, lambda: [np.zeros(1, np.float32)]) == 5


def test_one_thread_wins() -> None:
    body = (
        """
    %zero = arith.constant dense<0> : vector<1xi32>
    %one = arith.constant dense<1> : vector<1xi32>
    %mine = arith.addi %i, %one : vector<1xi32>
    """
        + at("x", "%zero", 4, "px")
        + at("o", "%i", 4, "po")
        + """
    %old = simt.atomic_cas acq_rel, gpu, %px, %zero, %mine : vector<1xi64>, vector<1xi32>
    simt.store_global %po, %old : vector<1xi64>, vector<1xi32>
    """
    )
    found = each(
        module(body, parameters={"x": "i32", "o": "i32"}), 2, lambda: [np.zeros(1, np.int32), np.zeros(128, np.int32)]
    )
    assert (found == 0).sum() == 1
    assert len(set(found.tolist())) == 2


def test_blocks_that_wait_for_one_another() -> None:
    """Block b spins until the one behind it has passed the number on."""
    body = (
        """
    %zero = arith.constant dense<0> : vector<1xi32>
    %one = arith.constant dense<1> : vector<1xi32>
    %last = arith.constant 3 : i32
    %turn = arith.subi %last, %b : i32
    %lane0 = arith.cmpi eq, %t, %zero : vector<1xi32>
    """
        + at("o", "%zero", 4, "po")
        + """
    scf.while : () -> () {
      %now = simt.load_global %o : i64 -> i32
      %wait = arith.cmpi ne, %now, %turn : i32
      scf.condition(%wait)
    } do {
      scf.yield
    }
    %r = simt.atomic_rmw add, acq_rel, gpu, %po, %one mask %lane0 : vector<1xi64>, vector<1xi32>
    """
    )
    out = np.zeros(1, np.int32)
    run(module(body, parameters={"o": "i32"}), 4, [out])
    assert out == 4
    with pytest.raises(RunError, match="programs still wait"):
        run(module(body, parameters={"o": "i32"}), 5, [np.full(1, 9, np.int32)])


def test_arguments_are_those_of_the_source() -> None:
    with pytest.raises(LaunchError, match="has dtype float64"):
        run(module(LOAD), 1, [np.zeros(64), numbers(1)], options=RunOptions())
