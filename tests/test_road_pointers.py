"""Pointers that point into no one argument, in the IR that the official compiler wrote, down the whole road: chosen
among several, exchanged by a loop, loaded from memory, made from integers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from road_checks import Kernels, blocks, floats, integers

import minilinalg as ml
from minilinalg.errors import RunError

FILES = Path(__file__).parent / "data" / "operations"
KERNELS = Kernels(FILES)


@pytest.fixture(params=["mlu370", "tiny-simd"])
def check(request: pytest.FixtureRequest) -> Any:
    return partial(KERNELS.check, target=request.param)


@pytest.mark.parametrize("n", [0, 1, 127, 200])
@pytest.mark.parametrize("k", [0, 2, 9])
def test_one_of_two_arrays_for_each_program(n: int, k: int, check: Any) -> None:
    x, y = floats(200), floats(200, seed=1)
    wanted = np.where(np.arange(200) < 64 * k, x, y)
    wanted[n:] = 0
    check("either_array", 4, [x, y, np.zeros(200, np.float32), n, k], {2: wanted})


def test_the_array_that_is_not_chosen_may_be_too_small(check: Any) -> None:
    x, y = floats(1), floats(128)
    check("either_array", 2, [x, y, np.zeros(128, np.float32), 128, 0], {2: y})


def test_one_of_two_blocks_with_different_strides(check: Any) -> None:
    """What a branch gives is a block of pointers: programs take turns with two arrays."""
    x, y = floats(101), floats(3 * 101)
    programs = np.arange(101) // 32
    new_x, new_y = x.copy(), y.copy()
    new_x[programs % 2 == 0] += 1
    new_y[::3][programs % 2 == 1] += 1
    check("either_block", 4, [x, y, 101, 3], {0: new_x, 1: new_y})


@pytest.mark.parametrize("n", [1, 64, 77])
def test_one_of_two_arrays_for_each_element(n: int, check: Any) -> None:
    x, y = floats(80, dtype=np.float16), floats(80, dtype=np.float16, seed=1)
    third = (np.arange(80) % 3 == 0) & (np.arange(80) < n)
    others = (np.arange(80) % 3 != 0) & (np.arange(80) < n)
    read = np.where(np.arange(80) % 3 == 0, x, y)
    read[n:] = 0
    args = [x, y, np.zeros(80, np.float16), n]
    check("either_element", 3, args, {0: np.where(third, 2 * x, x), 1: np.where(others, 2 * y, y), 2: read})


def test_one_of_two_arrays_that_are_one(check: Any) -> None:
    x = floats(80, dtype=np.float16)
    check("either_element", 3, [x, x, np.zeros(80, np.float16), 80], {0: 2 * x, 2: x.copy()})


@pytest.mark.parametrize("n", [0, 3, 100])
def test_atomics_on_one_of_two_arrays(n: int, check: Any) -> None:
    v, x, y = integers(n), integers(7), integers(7, seed=1)
    programs = blocks(100, 64)
    new_x, new_y, old = x.copy(), y.copy(), np.zeros(programs, np.int32)
    for i in range(n):
        (new_x if v[i] < 0 else new_y)[i % 4 if v[i] < 0 else i % 5] += v[i]
    for p in range(programs):
        one = new_y if p % 2 else new_x
        old[p], one[5] = one[5], max(one[5], p)
    check("added_to_either", programs, [x, y, v, np.zeros_like(old), n], {0: new_x, 1: new_y, 3: old})


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
@pytest.mark.parametrize("n", [1, 47, 64])
def test_two_arrays_exchanged_by_a_loop(n: int, steps: int, check: Any) -> None:
    a, b = integers(64), integers(64, seed=1)
    source, target = a.copy(), b.copy()
    for _ in range(steps):
        padded = np.pad(source[:n], 1)
        target[:n] = padded[:-2] - padded[2:]
        source, target = target, source
    wanted = (target, source) if steps % 2 else (source, target)
    check("ping_pong", 1, [a, b, n, steps], dict(enumerate(wanted)))


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_two_blocks_of_pointers_exchanged_by_a_loop(steps: int, check: Any) -> None:
    a, b = integers(64), integers(64, seed=1)
    both = [a.copy(), b.copy()]
    for k in range(steps):
        both[(k + 1) % 2][:51] = both[k % 2][:51] + k
    check("ping_pong_blocks", 1, [a, b, 51, steps], dict(enumerate(both)))


@pytest.mark.parametrize(("p", "q"), [(9, 0), (0, 0), (-7, 4)])
def test_two_pointers_exchanged_by_a_while_loop(p: int, q: int, check: Any) -> None:
    a, b, total = p, q, 0
    while a < 5:
        total += a
        a, b = b, a + 3
    ends = [p, q]
    first, second, flipped = p, q, False
    while first < 5:
        first, second, flipped = second, first + 3, not flipped
    ends = [second, first] if flipped else [first, second]
    args = [np.array([p], np.int32), np.array([q], np.int32), np.zeros(2, np.int32), 5]
    wanted = {0: np.array(ends[:1]), 1: np.array(ends[1:]), 2: np.array([total, b])}
    check("exchanged_while", 1, args, wanted)


@pytest.mark.parametrize("n", [1, 29, 32])
def test_rows_at_addresses_that_the_kernel_has_noted(n: int, check: Any) -> None:
    x, stride = floats(8, 40), 40
    rows = np.arange(8) * 7 % 8
    wanted = x.copy()
    wanted[:, :n] *= -1
    out = np.zeros((8, n), np.float32)
    check("noted_rows", 1, [x, np.zeros(8, np.int64), out, n, stride], {0: wanted, 2: x[rows, :n]})


@pytest.mark.parametrize("n", [1, 64, 100])
def test_floats_seen_as_integers(n: int, check: Any) -> None:
    x = floats(n)
    check("as_bits", blocks(n, 64), [x, np.zeros(n, np.int16), n], {1: x.view(np.int16)[1::2]})


def test_an_address_in_no_argument_is_an_error_at_every_stage() -> None:
    text = """
    tt.func public @stray(%a: i64, %o: !tt.ptr<f32>) {
      %p = tt.int_to_ptr %a : i64 -> !tt.ptr<f32>
      %v = tt.load %p : !tt.ptr<f32>
      tt.store %o, %v : !tt.ptr<f32>
      tt.return
    }"""
    kernel = ml.compile(text, target="mlu370")
    for stage in kernel.stages:
        with pytest.raises(RunError, match="out of bounds: it touches address 0x10, which is in no argument"):
            kernel[1](16, np.zeros(1, np.float32), stage=stage)


@pytest.mark.parametrize(("road", "target"), [("simd", "mlu370"), ("simt", "h200")])
def test_an_array_of_addresses_of_the_host_is_said_to_be_one(road: str, target: str) -> None:
    text = """
    tt.func public @rows(%a: !tt.ptr<i64>, %x: !tt.ptr<f32>, %o: !tt.ptr<f32>) {
      %n = tt.load %a : !tt.ptr<i64>
      %p = tt.int_to_ptr %n : i64 -> !tt.ptr<f32>
      %v = tt.load %p : !tt.ptr<f32>
      tt.store %o, %v : !tt.ptr<f32>
      tt.return
    }"""
    kernel = ml.compile(text, road=road, target=target)
    x, o = floats(4), np.zeros(1, np.float32)
    rows = np.array([x.ctypes.data])
    for how in (*({"stage": stage} for stage in kernel.stages), {"check": True}):
        with pytest.raises(RunError) as caught:
            kernel[1](rows, x, o, **how)
        told = caught.value.diagnostic
        assert f"is out of bounds: it touches address {x.ctypes.data:#x}, which is in no argument" in told.found
        assert told.rule is not None and "one of the host (x.ctypes.data, x.data_ptr()) means nothing" in told.rule
        assert told.hint is not None and told.places[0].line == 5
