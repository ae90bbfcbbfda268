"""Products of simt: mma.sync against a definition lane by lane, written from the tables of the PTX ISA, and fma."""

from __future__ import annotations

import itertools
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from simt_programs import at, each, fails, module

DTYPES: dict[str, Any] = {
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "i8": np.int8,
    "i32": np.int32,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn,
    "f8E5M2": ml_dtypes.float8_e5m2,
    "f64": np.float64,
}

# Where element i of a lane lies: the tables of the PTX ISA, "Matrix fragments for mma", one for each shape.


def a_f16_k16(lane: int, i: int) -> tuple[int, int]:
    group, thread = lane >> 2, lane % 4
    row = group if i in (0, 1, 4, 5) else group + 8
    return row, thread * 2 + (i & 1) + (8 if i >= 4 else 0)


def b_f16_k16(lane: int, i: int) -> tuple[int, int]:
    return (lane % 4) * 2 + (i & 1) + (8 if i >= 2 else 0), lane >> 2


def a_f16_k8(lane: int, i: int) -> tuple[int, int]:
    return (lane >> 2) + (0 if i < 2 else 8), (lane % 4) * 2 + (i & 1)


def b_f16_k8(lane: int, i: int) -> tuple[int, int]:
    return (lane % 4) * 2 + i, lane >> 2


def a_tf32_k8(lane: int, i: int) -> tuple[int, int]:
    row = lane >> 2 if i in (0, 2) else (lane >> 2) + 8
    return row, lane % 4 if i < 2 else lane % 4 + 4


def b_tf32_k8(lane: int, i: int) -> tuple[int, int]:
    return lane % 4 if i == 0 else lane % 4 + 4, lane >> 2


def a_tf32_k4(lane: int, i: int) -> tuple[int, int]:
    return (lane >> 2) + 8 * i, lane % 4


def b_tf32_k4(lane: int, i: int) -> tuple[int, int]:
    return lane % 4, lane >> 2


def a_8_k32(lane: int, i: int) -> tuple[int, int]:
    row = lane >> 2 if i < 4 or 8 <= i < 12 else (lane >> 2) + 8
    return row, (lane % 4) * 4 + (i & 3) + (16 if i >= 8 else 0)


def b_8_k32(lane: int, i: int) -> tuple[int, int]:
    return (lane % 4) * 4 + (i & 3) + (16 if i >= 4 else 0), lane >> 2


def a_8_k16(lane: int, i: int) -> tuple[int, int]:
    return (lane >> 2) + (0 if i < 4 else 8), (lane % 4) * 4 + (i & 3)


def b_8_k16(lane: int, i: int) -> tuple[int, int]:
    return (lane % 4) * 4 + i, lane >> 2


def a_f64(lane: int, i: int) -> tuple[int, int]:
    return lane >> 2, lane % 4


def b_f64(lane: int, i: int) -> tuple[int, int]:
    return lane % 4, lane >> 2


def c_m16(lane: int, i: int) -> tuple[int, int]:
    return (lane >> 2) + (0 if i < 2 else 8), (lane % 4) * 2 + (i & 1)


def c_m8(lane: int, i: int) -> tuple[int, int]:
    return lane >> 2, (lane % 4) * 2 + i


CASES = {
    ("f16", "f32", (16, 8, 16)): (a_f16_k16, b_f16_k16, c_m16),
    ("f16", "f16", (16, 8, 16)): (a_f16_k16, b_f16_k16, c_m16),
    ("bf16", "f32", (16, 8, 16)): (a_f16_k16, b_f16_k16, c_m16),
    ("f16", "f32", (16, 8, 8)): (a_f16_k8, b_f16_k8, c_m16),
    ("f32", "f32", (16, 8, 8)): (a_tf32_k8, b_tf32_k8, c_m16),
    ("f32", "f32", (16, 8, 4)): (a_tf32_k4, b_tf32_k4, c_m16),
    ("i8", "i32", (16, 8, 32)): (a_8_k32, b_8_k32, c_m16),
    ("i8", "i32", (16, 8, 16)): (a_8_k16, b_8_k16, c_m16),
    ("f8E4M3FN", "f32", (16, 8, 32)): (a_8_k32, b_8_k32, c_m16),
    ("f8E5M2", "f32", (16, 8, 32)): (a_8_k32, b_8_k32, c_m16),
    ("f64", "f64", (8, 8, 4)): (a_f64, b_f64, c_m8),
}


def load(pointer: str, name: str, type: str, n: int) -> str:
    """Element j of thread i is number n i + j of an argument."""
    size = np.dtype(DTYPES[type]).itemsize
    each_ = f"""
    %{name}_n = arith.constant dense<{n}> : vector<1xi32>
    %{name}_f = arith.muli %i, %{name}_n : vector<1xi32>
    %{name}_w = vector.broadcast %{name}_f : vector<1xi32> to vector<{n}xi32>
    %{name}_j = arith.constant dense<{list(range(n)) if n > 1 else 0}> : vector<{n}xi32>
    %{name}_e = arith.addi %{name}_w, %{name}_j : vector<{n}xi32>
    """
    return each_ + at(pointer, f"%{name}_e", size, f"p{name}", n)


def kernel(element: str, result: str, shape: Any, tiles: Any, threads: int, between: str = "") -> Any:
    (m, n, k), (tm, tn, tk) = shape, tiles
    na, nb, nc = tm * tk * m * k // 32, tn * tk * n * k // 32, tm * tn * m * n // 32
    a, b, c = (f"vector<{count}x{type}>" for count, type in ((na, element), (nb, element), (nc, result)))
    body = load("a", "va", element, na) + load("y", "vb", element, nb) + load("c", "vc", result, nc)
    body += load("o", "vo", result, nc)
    body += f"""
    %va = simt.load_global %pva : vector<{na}xi64> -> {a}
    %vb = simt.load_global %pvb : vector<{nb}xi64> -> {b}
    %vc = simt.load_global %pvc : vector<{nc}xi64> -> {c}
    {between}
    %d = simt.mma_sync %va, %vb, %vc shape {m}, {n}, {k} tiles {tm}, {tn}, {tk} : {a}, {b} -> {c}
    simt.store_global %pvo, %d : vector<{nc}xi64>, {c}
    """
    return module(body, threads, parameters={"a": element, "y": element, "c": result, "o": result}), (na, nb, nc)


def given(type: str, count: int, seed: int) -> np.ndarray:
    """Numbers of few digits, so that every sum is exact and the order of it does not matter."""
    rng = np.random.default_rng(seed)
    return rng.integers(-4, 5, count).astype(np.float32).astype(DTYPES[type])


def lane_by_lane(a: Any, b: Any, c: Any, tables: Any, shape: Any, tiles: Any) -> np.ndarray:
    """One warp: a, b and c are (32, elements)."""
    (m, n, k), (tm, tn, tk) = shape, tiles
    where_a, where_b, where_c = tables
    ea, eb, ec = m * k // 32, n * k // 32, m * n // 32
    left, right, out = np.zeros((tm * m, tk * k)), np.zeros((tk * k, tn * n)), c.astype(np.float64)
    for lane, x, y, i in itertools.product(range(32), range(tm), range(tk), range(ea)):
        row, column = where_a(lane, i)
        left[x * m + row, y * k + column] = a[lane, (x * tk + y) * ea + i]
    for lane, x, y, i in itertools.product(range(32), range(tn), range(tk), range(eb)):
        row, column = where_b(lane, i)
        right[y * k + row, x * n + column] = b[lane, (x * tk + y) * eb + i]
    product = left @ right
    for lane, x, y, i in itertools.product(range(32), range(tm), range(tn), range(ec)):
        row, column = where_c(lane, i)
        out[lane, (x * tn + y) * ec + i] += product[x * m + row, y * n + column]
    return out


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("tiles", [(1, 1, 1), (2, 3, 2), (1, 4, 3)])
def test_mma_lane_by_lane(case: Any, tiles: Any) -> None:
    element, result, shape = case
    program, (na, nb, nc) = kernel(element, result, shape, tiles, 64)
    a, b, c = given(element, 192 * na, 0), given(element, 192 * nb, 1), given(result, 192 * nc, 2)
    found = each(program, 3, lambda: [a.copy(), b.copy(), c.copy(), np.zeros_like(c)]).reshape(6, 32, nc)
    for warp in range(6):
        parts = (x.reshape(6, 32, -1)[warp].astype(np.float64) for x in (a, b, c))
        assert (found[warp].astype(np.float64) == lane_by_lane(*parts, CASES[case], shape, tiles)).all()


def test_every_element_of_a_fragment_is_somewhere() -> None:
    for (_, _, (m, n, k)), tables in CASES.items():
        for table, extents, count in zip(tables, ((m, k), (k, n), (m, n)), (m * k, n * k, m * n), strict=True):
            places = {table(lane, i) for lane in range(32) for i in range(count // 32)}
            assert places == set(itertools.product(*map(range, extents)))


def test_nan_and_infinity_go_where_they_belong() -> None:
    program, (na, nb, nc) = kernel("f16", "f32", (16, 8, 16), (1, 1, 1), 32)
    a, b, c = given("f16", 32 * na, 0), given("f16", 32 * nb, 1), given("f32", 32 * nc, 2)
    b[:] = np.abs(b) + np.float16(1)
    a[0], a[na * 5] = np.nan, np.inf  # row 0; row 1
    found = each(program, 1, lambda: [a.copy(), b.copy(), c.copy(), np.zeros_like(c)]).reshape(32, 4)
    rows = np.array([[c_m16(lane, i)[0] for i in range(4)] for lane in range(32)])
    assert (np.isnan(found) == (rows == 0)).all()
    assert (np.isinf(found) == (rows == 1)).all()


def test_sums_of_integers_wrap_around() -> None:
    program, (na, nb, nc) = kernel("i8", "i32", (16, 8, 32), (1, 1, 1), 32)
    a, b = np.full(32 * na, -128, np.int8), np.full(32 * nb, -128, np.int8)
    c = np.full(32 * nc, (1 << 31) - 1, np.int32)
    found = each(program, 1, lambda: [a.copy(), b.copy(), c.copy(), np.zeros_like(c)])
    assert (found == np.int32(-(1 << 31) + 32 * 128 * 128 - 1)).all()


def test_f32_is_rounded_to_tf32() -> None:
    program, (na, nb, nc) = kernel("f32", "f32", (16, 8, 8), (1, 1, 1), 32)
    a, b, c = np.full(32 * na, 1 + 2**-11, np.float32), np.ones(32 * nb, np.float32), np.zeros(32 * nc, np.float32)
    found = each(program, 1, lambda: [a.copy(), b.copy(), c.copy(), np.zeros_like(c)])
    assert (found == 8 * (1 + 2**-10)).all()


def test_a_sum_in_f16_is_rounded_after_every_instruction() -> None:
    program, (na, nb, nc) = kernel("f16", "f16", (16, 8, 16), (1, 1, 4), 32)
    a, b, c = (np.full(32 * n, x, np.float16) for n, x in ((na, 1), (nb, 2**-4), (nc, 2048)))
    found = each(program, 1, lambda: [a.copy(), b.copy(), c.copy(), np.zeros_like(c)])
    assert (found == 2048).all(), "each adds 1, half of the last digit, which goes to even"


def test_what_is_undefined_reaches_its_rows() -> None:
    between = """
    %zero = arith.constant dense<0> : vector<1xi32>
    %some = arith.cmpi ne, %t, %zero : vector<1xi32>
    %some8 = vector.broadcast %some : vector<1xi1> to vector<8xi1>
    %wa = simt.load_global %pva mask %some8 : vector<8xi64> -> vector<8xf16>
    """
    program, (na, nb, nc) = kernel("f16", "f32", (16, 8, 16), (1, 1, 1), 32, between)
    text = str(program).replace("simt.mma_sync %va", "simt.mma_sync %wa")
    from simt_programs import TEXTS

    from minilinalg.parsing import parse_module

    arguments = [
        np.ones(32 * n, t) for n, t in ((na, np.float16), (nb, np.float16), (nc, np.float32), (nc, np.float32))
    ]
    whole = parse_module(text, "k.mlir")
    TEXTS[whole] = text
    assert fails(whole, 1, arguments).startswith("'simt.store_global' stores an undefined element")
    # Lane 0 holds parts of rows 0 and 8 of a, which are all of what lanes 0 to 3 hold of the result.
    group = """%four = arith.constant dense<4> : vector<1xi32>
    %rest = arith.cmpi sge, %t, %four : vector<1xi32>
    %rest4 = vector.broadcast %rest : vector<1xi1> to vector<4xi1>
    simt.store_global %pvo, %d mask %rest4"""
    run_it = parse_module(text.replace("simt.store_global %pvo, %d", group), "k.mlir")
    found = each(run_it, 1, lambda: [x.copy() for x in arguments])
    assert (found.reshape(32, 4)[4:] == 17).all()


# Each thread alone


@pytest.mark.parametrize("element", ["f32", "f16", "f64", "i32"])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 4, 16), (3, 1, 7)])
def test_each_thread_multiplies_its_own(element: str, sizes: Any) -> None:
    m, n, k = sizes
    result = "f32" if element == "f16" else element
    na, nb, nc = m * k, k * n, m * n
    a, b, c = (f"vector<{count}x{type}>" for count, type in ((na, element), (nb, element), (nc, result)))
    body = load("a", "va", element, na) + load("y", "vb", element, nb) + load("c", "vc", result, nc)
    body += load("o", "vo", result, nc)
    body += f"""
    %va = simt.load_global %pva : vector<{na}xi64> -> {a}
    %vb = simt.load_global %pvb : vector<{nb}xi64> -> {b}
    %vc = simt.load_global %pvc : vector<{nc}xi64> -> {c}
    %d = simt.fma_dot %va, %vb, %vc sizes {m}, {n}, {k} : {a}, {b} -> {c}
    simt.store_global %pvo, %d : vector<{nc}xi64>, {c}
    """
    program = module(body, 7, parameters={"a": element, "y": element, "c": result, "o": result})
    rng = np.random.default_rng(3)
    x, y, z = (
        rng.normal(0, 9, 21 * count).astype(DTYPES[type])
        for count, type in ((na, element), (nb, element), (nc, result))
    )
    found = each(program, 3, lambda: [x.copy(), y.copy(), z.copy(), np.zeros_like(z)]).reshape(21, m, n)
    total = z.reshape(21, m, n)
    for i in range(k):
        left = x.reshape(21, m, k)[:, :, i, None].astype(total.dtype)
        right = y.reshape(21, k, n)[:, None, i].astype(total.dtype)
        if element == "i32":
            total = left * right + total
        else:
            wide = np.longdouble
            total = (left.astype(wide) * right.astype(wide) + total.astype(wide)).astype(total.dtype)
    if element == "f64":
        assert np.allclose(found, total, rtol=1e-15)
    else:
        assert (found == total).all()


SHARED_BY_WARPS = """
%c2 = arith.constant dense<2> : vector<1xi32>
%c8 = arith.constant dense<8> : vector<1xi32>
%c16 = arith.constant dense<16> : vector<1xi32>
%c32 = arith.constant dense<32> : vector<1xi32>
%c512 = arith.constant dense<512> : vector<1xi32>
%c1024 = arith.constant dense<1024> : vector<1xi32>
%lane = arith.remui %t, %c32 : vector<1xi32>
%warp = arith.divui %t, %c32 : vector<1xi32>
%down = arith.divui %warp, %c2 : vector<1xi32>
%across = arith.remui %warp, %c2 : vector<1xi32>
%row = arith.remui %lane, %c8 : vector<1xi32>
%eights = arith.divui %lane, %c8 : vector<1xi32>
%high = arith.divui %eights, %c2 : vector<1xi32>
%low = arith.remui %eights, %c2 : vector<1xi32>
%row32 = arith.muli %row, %c32 : vector<1xi32>
%c256 = arith.constant dense<256> : vector<1xi32>
%low256 = arith.muli %low, %c256 : vector<1xi32>
%high256 = arith.muli %high, %c256 : vector<1xi32>
%low16 = arith.muli %low, %c16 : vector<1xi32>
%high16 = arith.muli %high, %c16 : vector<1xi32>
%a0 = arith.muli %down, %c512 : vector<1xi32>
%a1 = arith.addi %a0, %row32 : vector<1xi32>
%a2 = arith.addi %a1, %low256 : vector<1xi32>
%a = arith.addi %a2, %high16 : vector<1xi32>
%b0 = arith.muli %across, %c512 : vector<1xi32>
%b1 = arith.addi %b0, %row32 : vector<1xi32>
%b2 = arith.addi %b1, %high256 : vector<1xi32>
%b3 = arith.addi %b2, %low16 : vector<1xi32>
%bb = arith.addi %b3, %c1024 : vector<1xi32>
%own = arith.muli %t, %c16 : vector<1xi32>
"""


@pytest.mark.parametrize("loaded", ["before", "before, and stored", "in each turn", "a turn ahead"])
def test_what_warps_have_alike_in_loops_of_different_length(loaded: str) -> None:
    """Of four warps two have the same rows and two the same columns; block p multiplies p times what it loaded, nobody
    having written there since, but where it is stored: so it is not only multiplied."""
    loads = """
    %va = simt.ldmatrix %a, 4 : vector<1xi32> -> vector<8xf16>
    %vb = simt.ldmatrix %bb, 4 : vector<1xi32> -> vector<8xf16>
    """
    ahead, in_each = loaded == "a turn ahead", loaded == "in each turn"
    following = loads.replace("%va", "%na").replace("%vb", "%nb")
    carried = "%acc = %none, %ca = %va, %cb = %vb" if ahead else "%acc = %none"
    types = "(vector<8xf32>, vector<8xf16>, vector<8xf16>)" if ahead else "vector<8xf32>"
    operands = "%ca, %cb" if ahead else "%va, %vb"
    handed = "%next, %na, %nb : vector<8xf32>, vector<8xf16>, vector<8xf16>" if ahead else "%next : vector<8xf32>"
    body = (
        SHARED_BY_WARPS
        + at("x", "%i", 16, "px")
        + load("o", "vo", "f32", 8)
        + f"""
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %none = arith.constant dense<0.0> : vector<8xf32>
    %given = simt.load_global %px : vector<1xi64> -> vector<8xf16>
    simt.store_shared %own, %given : vector<1xi32>, vector<8xf16>
    simt.barrier
    {"" if in_each else loads}
    {"%d, %ea, %eb" if ahead else "%d"} = scf.for %k = %zero to %b step %one iter_args({carried}) -> {types} : i32 {{
      {loads if in_each else ""}
      %next = simt.mma_sync {operands}, %acc shape 16, 8, 16 tiles 1, 2, 1
        : vector<8xf16>, vector<8xf16> -> vector<8xf32>
      {"simt.store_shared %own, %va : vector<1xi32>, vector<8xf16>" if "stored" in loaded else ""}
      {following if ahead else ""}
      scf.yield {handed}
    }}
    simt.store_global %pvo, %d : vector<8xi64>, vector<8xf32>
    """
    )
    kernel = module(body, 128, shared=2048, parameters={"x": "f16", "o": "f32"})
    blocks = 4
    x = given("f16", blocks * 1024, 0)
    out = each(kernel, blocks, lambda: [x.copy(), np.zeros(blocks * 1024, np.float32)]).reshape(blocks, 2, 2, 32, 8)
    a, b = (m.reshape(blocks, 2, 16, 16).astype(np.float64) for m in np.split(x.reshape(blocks, 64, 16), 2, axis=1))
    for block, down, across in itertools.product(range(blocks), range(2), range(2)):
        wanted = block * (a[block, down] @ b[block, across].T)
        for lane, i in itertools.product(range(32), range(8)):
            row, column = lane // 4 + 8 * (i // 2 % 2), 2 * (lane % 4) + i % 2 + 8 * (i // 4)
            assert out[block, down, across, lane, i] == wanted[row, column]


def test_a_product_is_handed_through_a_loop_that_multiplies_nothing() -> None:
    """Two registers change places, block p p times; what comes out is added to itself."""
    body = (
        load("o", "vo", "f32", 4)
        + """
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %ones = arith.constant dense<1.0> : vector<8xf16>
    %columns = arith.constant dense<1.0> : vector<4xf16>
    %none = arith.constant dense<0.0> : vector<4xf32>
    %d = simt.mma_sync %ones, %columns, %none shape 16, 8, 16 tiles 1, 1, 1
      : vector<8xf16>, vector<4xf16> -> vector<4xf32>
    %x, %y = scf.for %k = %zero to %b step %one iter_args(%p = %d, %q = %none) -> (vector<4xf32>, vector<4xf32>)
      : i32 {
      scf.yield %q, %p : vector<4xf32>, vector<4xf32>
    }
    %twice = arith.addf %x, %x : vector<4xf32>
    simt.store_global %pvo, %twice : vector<4xi64>, vector<4xf32>
    """
    )
    out = each(module(body, 32, parameters={"o": "f32"}), 3, lambda: [np.zeros(3 * 128, np.float32)])
    np.testing.assert_array_equal(out.reshape(3, 128), np.repeat([[32], [0], [32]], 128, axis=1))
