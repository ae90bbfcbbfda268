"""Atomics of every form down the whole road, each pass checked, on a machine whose DMA does them and one without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from road_checks import floats, integers, kernel_for

import minilinalg as ml
from minilinalg.errors import UnsupportedError

SIZE = 32
TARGETS = ("mlu370", "tiny-simd")

KERNEL = """
tt.func public @kernel(%index: !tt.ptr<i32>, %value: !tt.ptr<{t}>, %array: !tt.ptr<{t}>, %old: !tt.ptr<{t}>, %n: i32) {{
  %pid = tt.get_program_id x : i32
  %size = arith.constant 32 : i32
  %start = arith.muli %pid, %size : i32
  %range = tt.make_range {{end = 32 : i32, start = 0 : i32}} : tensor<32xi32>
  %starts = tt.splat %start : i32 -> tensor<32xi32>
  %at = arith.addi %starts, %range : tensor<32xi32>
  %ns = tt.splat %n : i32 -> tensor<32xi32>
  %mask = arith.cmpi slt, %at, %ns : tensor<32xi32>
  %pis = tt.splat %index : !tt.ptr<i32> -> tensor<32x!tt.ptr<i32>>
  %pi = tt.addptr %pis, %at : tensor<32x!tt.ptr<i32>>, tensor<32xi32>
  %pvs = tt.splat %value : !tt.ptr<{t}> -> tensor<32x!tt.ptr<{t}>>
  %pv = tt.addptr %pvs, %at : tensor<32x!tt.ptr<{t}>>, tensor<32xi32>
  %pas = tt.splat %array : !tt.ptr<{t}> -> tensor<32x!tt.ptr<{t}>>
  %pos = tt.splat %old : !tt.ptr<{t}> -> tensor<32x!tt.ptr<{t}>>
  %po = tt.addptr %pos, %at : tensor<32x!tt.ptr<{t}>>, tensor<32xi32>
  %i = tt.load %pi, %mask : tensor<32x!tt.ptr<i32>>
  %v = tt.load %pv, %mask : tensor<32x!tt.ptr<{t}>>
{body}
  tt.return
}}
"""
PLACES = {
    "window": "%place = arith.addi %range, %range : tensor<32xi32>",
    "table": "%place = arith.muli %i, %one : tensor<32xi32>",
    "wrapped": "%place = arith.remsi %at, %seven : tensor<32xi32>",
    "one": "%place = arith.constant dense<3> : tensor<32xi32>",
}
ADDRESSES = """
  %one = arith.constant dense<1> : tensor<32xi32>
  %seven = arith.constant dense<7> : tensor<32xi32>
  {place}
  %pa = tt.addptr %pas, %place : tensor<32x!tt.ptr<{t}>>, tensor<32xi32>"""
COMBINE = """
  %found = tt.atomic_rmw {kind}, acq_rel, gpu, %pa, %v, %mask
      : (tensor<32x!tt.ptr<{t}>>, tensor<32x{t}>, tensor<32xi1>) -> tensor<32x{t}>"""
KEEP = """
  tt.store %po, %found, %mask : tensor<32x!tt.ptr<{t}>>"""
DTYPES = {"i32": np.int32, "f32": np.float32, "f16": np.float16}


def compiled(body: str, element: str, target: str) -> Any:
    return kernel_for(KERNEL.format(t=element, body=body.format(t=element)), target)


def places(form: str, index: np.ndarray) -> np.ndarray:
    at = np.arange(len(index))
    return {"window": at % SIZE * 2, "table": index, "wrapped": at % 7, "one": 0 * at + 3}[form]


def combined(
    ufunc: np.ufunc | None, array: np.ndarray, index: np.ndarray, value: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """The array after all elements in their order, and what each found."""
    array, old = array.copy(), np.zeros_like(value)
    for i in range(n):
        old[i] = array[index[i]]
        array[index[i]] = value[i] if ufunc is None else ufunc(old[i], value[i])
    return array, old


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("form", PLACES)
@pytest.mark.parametrize("n", [0, 29, 61])
def test_sums_at_places_of_every_form(form: str, keep: bool, n: int, target: str) -> None:
    """Several programs change the same elements, and those of one program meet as well.

    What is found is compared where one program runs: between several it is open.
    """
    body = ADDRESSES.replace("{place}", PLACES[form]) + COMBINE.replace("{kind}", "add") + KEEP * keep
    grid = 2 if not keep else 1
    n = min(n, 32 * grid)
    index, value = integers(64, low=0, high=10), integers(64)
    array, old = integers(70, seed=1), np.full(64, -1, np.int32)
    wanted, found = combined(np.add, array, places(form, index), value, n)
    compiled(body, "i32", target)[grid](index, value, array, old, n, check=True)
    np.testing.assert_array_equal(array, wanted)
    if keep:
        np.testing.assert_array_equal(old[:n], found[:n])
        assert (old[n:] == -1).all()


INTEGER = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "add": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "umax": np.maximum,
    "umin": np.minimum,
    "exch": None,
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", INTEGER)
def test_kinds_on_integers(kind: str, target: str) -> None:
    body = ADDRESSES.replace("{place}", PLACES["table"]) + COMBINE.replace("{kind}", kind) + KEEP
    index = integers(32, low=0, high=5)
    value, array = integers(32, low=-(2**31), high=2**31), integers(5, low=-(2**31), high=2**31)
    old = np.zeros(32, np.int32)
    view = np.uint32 if kind.startswith("u") else np.int32
    with np.errstate(over="ignore"):
        wanted, found = combined(INTEGER[kind], array.view(view), index, value.view(view), 30)
    compiled(body, "i32", target)[1](index, value, array, old, 30, check=True)
    np.testing.assert_array_equal(array.view(view), wanted)
    np.testing.assert_array_equal(old.view(view)[:30], found[:30])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("element", ["f32", "f16"])
@pytest.mark.parametrize(("kind", "ufunc"), [("fadd", np.add), ("max", np.fmax), ("min", np.fmin)])
def test_kinds_on_floats(element: str, kind: str, ufunc: np.ufunc, target: str) -> None:
    """One after the other, each rounded; the larger of a number and a NaN is the number."""
    body = ADDRESSES.replace("{place}", PLACES["table"]) + COMBINE.replace("{kind}", kind) + KEEP
    index, value = integers(32, low=0, high=5), floats(32, dtype=DTYPES[element])
    array, old = floats(5, dtype=DTYPES[element]), np.zeros(32, DTYPES[element])
    if kind != "fadd":
        value[7] = array[2] = np.nan
    wanted, found = combined(ufunc, array, index, value, 32)
    compiled(body, element, target)[1](index, value, array, old, 32, check=True)
    np.testing.assert_array_equal(array, wanted)
    np.testing.assert_array_equal(old, found)


SWAP = """
  %expected = arith.constant dense<{zero}> : tensor<32x{t}>
  %found = tt.atomic_cas acq_rel, gpu, %pa, %expected, %w
      : (tensor<32x!tt.ptr<{t}>>, tensor<32x{t}>, tensor<32x{t}>) -> tensor<32x{t}>"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("form", ["window", "table", "one"])
@pytest.mark.parametrize(("element", "zero"), [("i32", "0"), ("f32", "0.0")])
def test_compare_and_swap(form: str, element: str, zero: str, target: str) -> None:
    """The first one that finds a zero leaves its value; -0.0 is not 0.0."""
    load = "\n  %w = tt.load %pv : tensor<32x!tt.ptr<{t}>>"
    if form == "table":
        load += "\n  %i0 = tt.load %pi : tensor<32x!tt.ptr<i32>>"
    place = PLACES[form].replace("%i,", "%i0,")
    body = load + ADDRESSES.replace("{place}", place) + SWAP.replace("{zero}", zero) + KEEP
    dtype = DTYPES[element]
    index, value = integers(32, low=0, high=20), (integers(32, low=1, high=50)).astype(dtype)
    array, old = np.zeros(70, dtype), np.zeros(32, dtype)
    array[4] = dtype(-0.0) if element == "f32" else 9
    wanted, found = array.copy(), old.copy()
    bits = np.dtype(f"u{wanted.itemsize}")
    for i, at in enumerate(places(form, index)):
        found[i] = wanted[at]
        if wanted.view(bits)[at] == 0:
            wanted[at] = value[i]
    compiled(body, element, target)[1](index, value, array, old, 32, check=True)
    np.testing.assert_array_equal(array.view(bits), wanted.view(bits))
    np.testing.assert_array_equal(old.view(bits), found.view(bits))


ELEMENT = """
tt.func public @element(%array: !tt.ptr<i32>, %old: !tt.ptr<i32>, %n: i32) {
  %pid = tt.get_program_id x : i32
  %two = arith.constant 2 : i32
  %seven = arith.constant 7 : i32
  %bit = arith.remui %pid, %two : i32
  %odd = arith.cmpi ne, %bit, %n : i32
  %p = tt.addptr %array, %bit : !tt.ptr<i32>, i32
  %q = tt.addptr %old, %pid : !tt.ptr<i32>, i32
  %found = tt.atomic_rmw add, relaxed, sys, %p, %seven, %odd : (!tt.ptr<i32>, i32, i1) -> i32
  tt.store %q, %found, %odd : !tt.ptr<i32>
  tt.return
}
"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_one_element_under_a_mask(n: int, target: str) -> None:
    """n: programs of this parity do nothing."""
    array, old = np.array([100, 200], np.int32), np.full(9, -1, np.int32)
    kernel_for(ELEMENT, target)[9](array, old, n, check=True)
    counts = [0 if n == 0 else 5, 0 if n == 1 else 4]
    assert array.tolist() == [100 + 7 * counts[0], 200 + 7 * counts[1]]
    for parity in (0, 1):
        found = (
            [-1] * len(old[parity::2]) if n == parity else [100 * (parity + 1) + 7 * i for i in range(counts[parity])]
        )
        assert sorted(old[parity::2].tolist()) == found


# Loads and stores that nobody merges or moves

LOADS = {
    "atomic": "tt.atomic_load acquire, gpu, %pa, %mask : (tensor<32x!tt.ptr<{t}>>, tensor<32xi1>) -> tensor<32x{t}>",
    "volatile": "tt.load %pa, %mask, %v {{isVolatile = true}} : tensor<32x!tt.ptr<{t}>>",
    "undefined": "tt.load %pa, %mask {{isVolatile = true}} : tensor<32x!tt.ptr<{t}>>",
}
STORED = """
  tt.atomic_store release, gpu, %pa, %v, %mask : tensor<32x!tt.ptr<{t}>>"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n", [0, 5, 32, 41])
@pytest.mark.parametrize(
    ("place", "load", "element"),
    # Any two of the three together.
    [(place, load, list(DTYPES)[(i + j) % 3]) for i, place in enumerate(PLACES) for j, load in enumerate(LOADS)],
)
def test_loads_of_blocks_leave_all_as_it_is(place: str, load: str, element: str, n: int, target: str) -> None:
    """Zeros of both signs, NaN and infinity among what is loaded."""
    body = ADDRESSES.replace("{place}", PLACES[place]) + "\n  %found = " + LOADS[load] + KEEP
    dtype = DTYPES[element]
    index, value = integers(64, low=0, high=64), integers(64).astype(dtype)
    array, old = integers(64, seed=1).astype(dtype), np.zeros(64, dtype)
    array[:4] = [0, 0, 1, -1] if element == "i32" else [-0.0, 0.0, np.nan, np.inf]
    lane = np.arange(64)
    at = {"window": 2 * (lane % 32), "table": index, "wrapped": lane % 7, "one": np.full(64, 3)}[place]
    before = array.copy()
    compiled(body, element, target)[2](index, value, array, old, n, check=True)
    assert array.tobytes() == before.tobytes()
    assert old.tobytes() == np.where(lane < n, array[at], dtype(0)).astype(dtype).tobytes()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n", [0, 5, 32])
@pytest.mark.parametrize("place", ["window", "table"])
def test_atomic_stores_of_blocks(place: str, n: int, target: str) -> None:
    body = ADDRESSES.replace("{place}", PLACES[place]) + STORED
    index = np.random.default_rng(0).permutation(64).astype(np.int32)
    value, array = floats(64), floats(64, seed=1)
    at = 2 * np.arange(32) if place == "window" else index[:32]
    wanted = array.copy()
    wanted[at[:n]] = value[:n]
    compiled(body, "f32", target)[1](index, value, array, np.zeros(64, np.float32), n, check=True)
    np.testing.assert_array_equal(array, wanted)


ELEMENTS = """
tt.func public @kernel(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %ok: i1) {
  %other = arith.constant 7.0 : f32
  %one = arith.constant 1 : i32
  %a = tt.atomic_load relaxed, gpu, %x : (!tt.ptr<f32>) -> f32
  %px = tt.addptr %x, %one : !tt.ptr<f32>, i32
  %b = tt.load %px, %ok, %other {isVolatile = true} : !tt.ptr<f32>
  %s = arith.addf %a, %b : f32
  tt.atomic_store relaxed, gpu, %y, %s, %ok : !tt.ptr<f32>
  %py = tt.addptr %y, %one : !tt.ptr<f32>, i32
  tt.store %py, %s : !tt.ptr<f32>
  tt.return
}
"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ok", [False, True])
def test_loads_and_stores_of_one_element(ok: bool, target: str) -> None:
    """What a mask leaves out is not there at all."""
    x, y = np.array([3, 4], np.float32)[: 2 if ok else 1], np.zeros(2, np.float32)
    kernel_for(ELEMENTS, target)[1](x, y, ok, check=True)
    assert y.tolist() == ([7, 7] if ok else [0, 10])


POLL = """
tt.func public @kernel(%flag: !tt.ptr<i32>, %x: !tt.ptr<i32>, %y: !tt.ptr<i32>) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %pid = tt.get_program_id x : i32
  %first = arith.cmpi eq, %pid, %zero : i32
  scf.if %first {
    %v = tt.load %x : !tt.ptr<i32>
    %w = arith.addi %v, %one : i32
    tt.store %x, %w : !tt.ptr<i32>
    tt.atomic_store release, gpu, %flag, %one : !tt.ptr<i32>
  } else {
    %ok = tt.atomic_poll acquire, gpu, %flag, %one : !tt.ptr<i32>, i32 -> i1
    %v = tt.atomic_load acquire, gpu, %x : (!tt.ptr<i32>) -> i32
    %n = arith.extui %ok : i1 to i32
    %w = arith.addi %v, %n : i32
    %py = tt.addptr %y, %pid : !tt.ptr<i32>, i32
    tt.store %py, %w : !tt.ptr<i32>
  }
  tt.return
}
"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("programs", [1, 2, 5])
def test_programs_that_poll_a_flag(programs: int, target: str) -> None:
    x, y = np.array([41], np.int32), np.zeros(5, np.int32)
    kernel_for(POLL, target)[programs](np.zeros(1, np.int32), x, y, check=True)
    assert x[0] == 42
    assert y.tolist() == [43 if 0 < p < programs else 0 for p in range(5)]


@pytest.mark.parametrize(
    ("poll", "found"),
    [
        (
            "%ok = tt.atomic_poll acquire, gpu, %flag, %n timeout %ns : !tt.ptr<i32>, i32 -> i1",
            "'tt.atomic_poll' with a timeout",
        ),
        (
            "%ps = tt.splat %flag : !tt.ptr<i32> -> tensor<4x!tt.ptr<i32>>\n"
            "%es = tt.splat %n : i32 -> tensor<4xi32>\n"
            "%ok = tt.atomic_poll acquire, gpu, %ps, %es : tensor<4x!tt.ptr<i32>>, tensor<4xi32> -> tensor<4xi1>",
            "'tt.atomic_poll' of a block",
        ),
    ],
)
def test_polls_that_have_no_way_down(poll: str, found: str) -> None:
    text = f"tt.func public @kernel(%flag: !tt.ptr<i32>, %n: i32, %ns: i64) {{\n{poll}\ntt.return\n}}"
    with pytest.raises(UnsupportedError) as caught:
        ml.compile(text, target="mlu370")
    assert caught.value.diagnostic.found == found
    assert caught.value.diagnostic.rule == (
        "triton-to-linalg polls one element, for as long as it takes: below the stage tt there is no clock"
    )
