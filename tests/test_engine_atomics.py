"""Atomics of the engine: every kind and type against the slow interpreter, in which programs run one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_kernels import STORAGE, agree, kernel
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.errors import RunError
from minilinalg.interp import run

N = 16
INTEGER_KINDS = ["and", "or", "xor", "add", "max", "min", "umax", "umin", "exch"]
FLOAT_KINDS = ["fadd", "max", "min", "exch"]
CASES = [
    *((kind, type_) for type_ in ("i8", "i16", "i32", "i64") for kind in INTEGER_KINDS),
    *((kind, type_) for type_ in ("f16", "bf16", "f32", "f64") for kind in FLOAT_KINDS),
]


def lanes(name: str, type_: str) -> str:
    """`%name` as pointers to a block of N elements a program."""
    pointers = f"tensor<{N}x!tt.ptr<{type_}>>"
    return f"""
    %s{name} = tt.splat %{name}_ptr : !tt.ptr<{type_}> -> {pointers}
    %{name} = tt.addptr %s{name}, %here : {pointers}, tensor<{N}xi32>"""


HERE = f"""
    %pid = tt.get_program_id x : i32
    %n = arith.constant {N} : i32
    %first = arith.muli %pid, %n : i32
    %r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>
    %sf = tt.splat %first : i32 -> tensor<{N}xi32>
    %here = arith.addi %sf, %r : tensor<{N}xi32>"""


def tensor_rmw(kind: str, type_: str, *, masked: bool, used: bool) -> Any:
    """old[i] = atomic kind at cells[where[i]] with values[i], for the lanes where `mask` holds."""
    tensor, pointers = f"tensor<{N}x{type_}>", f"tensor<{N}x!tt.ptr<{type_}>>"
    mask, mask_type = (", %m", f", tensor<{N}xi1>") if masked else ("", "")
    body = f"""{HERE}{lanes("where", "i32")}{lanes("mask", "i1")}{lanes("values", type_)}{lanes("old", type_)}
    %w = tt.load %where : tensor<{N}x!tt.ptr<i32>>
    %m = tt.load %mask : tensor<{N}x!tt.ptr<i1>>
    %v = tt.load %values : {pointers}
    %sc = tt.splat %cells_ptr : !tt.ptr<{type_}> -> {pointers}
    %c = tt.addptr %sc, %w : {pointers}, tensor<{N}xi32>
    %o = tt.atomic_rmw {kind}, acq_rel, gpu, %c, %v{mask} : ({pointers}, {tensor}{mask_type}) -> {tensor}
    {f"tt.store %old, %o{mask} : {pointers}" if used else ""}"""
    parameters = f"%where_ptr: !tt.ptr<i32>, %mask_ptr: !tt.ptr<i1>, %values_ptr: !tt.ptr<{type_}>, "
    return kernel(parameters + f"%cells_ptr: !tt.ptr<{type_}>, %old_ptr: !tt.ptr<{type_}>", body)


def numbers(type_: str, count: int, seed: int) -> Any:
    random = np.random.default_rng(seed)
    dtype = np.dtype(STORAGE[type_])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return random.integers(info.min, info.max, count, dtype, endpoint=True)
    return (random.standard_normal(count) * 10.0 ** random.integers(-2, 3, count)).astype(dtype)


@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
@pytest.mark.parametrize(("kind", "type_"), CASES)
def test_rmw_of_tensors(kind: str, type_: str, used: bool) -> None:
    random = np.random.default_rng(1)
    count = 5 * N
    arguments = [
        random.integers(0, 7, count).astype(np.int32),
        random.integers(0, 4, count) > 0,
        numbers(type_, count, 2),
        numbers(type_, 7, 3),
        np.zeros(count, STORAGE[type_]),
    ]
    for masked in (True, False):
        agree(tensor_rmw(kind, type_, masked=masked, used=used), (5,), arguments)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_rmw_of_any_addresses(data: Any) -> None:
    kind, type_ = data.draw(st.sampled_from([("add", "i32"), ("fadd", "f32"), ("max", "i32"), ("exch", "i64")]))
    where = data.draw(st.lists(st.integers(0, 5), min_size=3 * N, max_size=3 * N))
    mask = data.draw(st.lists(st.booleans(), min_size=3 * N, max_size=3 * N))
    arguments = [
        np.array(where, np.int32),
        np.array(mask),
        numbers(type_, 3 * N, 4),
        numbers(type_, 6, 5),
        np.zeros(3 * N, STORAGE[type_]),
    ]
    agree(tensor_rmw(kind, type_, masked=True, used=True), (3,), arguments)


@pytest.mark.parametrize(("kind", "type_"), CASES)
def test_rmw_of_scalars(kind: str, type_: str) -> None:
    """All programs do the same to one place; each gets what the one before it left."""
    body = f"""
    %pid = tt.get_program_id x : i32
    %vp = tt.addptr %values_ptr, %pid : !tt.ptr<{type_}>, i32
    %v = tt.load %vp : !tt.ptr<{type_}>
    %o = tt.atomic_rmw {kind}, acq_rel, gpu, %cells_ptr, %v : (!tt.ptr<{type_}>, {type_}) -> {type_}
    %op = tt.addptr %old_ptr, %pid : !tt.ptr<{type_}>, i32
    tt.store %op, %o : !tt.ptr<{type_}>"""
    parameters = f"%values_ptr: !tt.ptr<{type_}>, %cells_ptr: !tt.ptr<{type_}>, %old_ptr: !tt.ptr<{type_}>"
    agree(kernel(parameters, body), (9,), [numbers(type_, 9, 1), numbers(type_, 1, 2), np.zeros(9, STORAGE[type_])])


def test_a_uniform_atomic_is_done_by_every_program() -> None:
    body = """
    %one = arith.constant 1 : i32
    %o = tt.atomic_rmw add, relaxed, gpu, %p, %one : (!tt.ptr<i32>, i32) -> i32
    %q = tt.addptr %old, %o : !tt.ptr<i32>, i32
    tt.store %q, %o : !tt.ptr<i32>"""
    counter, old = np.zeros(1, np.int32), np.full(100, -1, np.int32)
    run(kernel("%p: !tt.ptr<i32>, %old: !tt.ptr<i32>", body), (10, 5, 2), [counter, old])
    assert counter[0] == 100 and np.array_equal(old, np.arange(100))


def test_f16_sums_round_at_every_step() -> None:
    """1024 + 0.5 is 1024 in f16, however often it is added."""
    module = tensor_rmw("fadd", "f16", masked=False, used=False)
    cells = np.array([1024], np.float16)
    arguments = [
        np.zeros(N, np.int32),
        np.ones(N, np.bool_),
        np.full(N, 0.5, np.float16),
        cells,
        np.zeros(N, np.float16),
    ]
    run(module, 1, arguments)
    assert cells[0] == 1024


@pytest.mark.parametrize("type_", ["i16", "i32", "i64", "f16", "f32", "f64"])
def test_cas_of_tensors(type_: str) -> None:
    tensor, pointers = f"tensor<{N}x{type_}>", f"tensor<{N}x!tt.ptr<{type_}>>"
    body = f"""{HERE}{lanes("where", "i32")}{lanes("wanted", type_)}{lanes("values", type_)}{lanes("old", type_)}
    %w = tt.load %where : tensor<{N}x!tt.ptr<i32>>
    %e = tt.load %wanted : {pointers}
    %v = tt.load %values : {pointers}
    %sc = tt.splat %cells_ptr : !tt.ptr<{type_}> -> {pointers}
    %c = tt.addptr %sc, %w : {pointers}, tensor<{N}xi32>
    %o = tt.atomic_cas acq_rel, gpu, %c, %e, %v : ({pointers}, {tensor}, {tensor}) -> {tensor}
    tt.store %old, %o : {pointers}"""
    pointers_to = ["i32", type_, type_, type_, type_]
    names = ["where", "wanted", "values", "cells", "old"]
    parameters = ", ".join(f"%{n}_ptr: !tt.ptr<{t}>" for n, t in zip(names, pointers_to, strict=True))
    random = np.random.default_rng(3)
    count, dtype = 4 * N, STORAGE[type_]
    small = [random.integers(-2, 2, count).astype(dtype) for _ in range(2)]
    if np.dtype(dtype).kind == "f":
        # A zero of the other sign has other bits.
        small[0][::3] = -0.0
    arguments = [random.integers(0, 5, count).astype(np.int32), *small, np.zeros(5, dtype), np.zeros(count, dtype)]
    agree(kernel(parameters, body), (4,), arguments)


def test_the_last_program_sums_what_all_wrote() -> None:
    """A ticket says who is last; what the others stored before is there."""
    body = """
    %pid = tt.get_program_id x : i32
    %one = arith.constant 1 : i32
    %zero = arith.constant 0 : index
    %step = arith.constant 1 : index
    %programs = tt.get_num_programs x : i32
    %q = tt.addptr %parts, %pid : !tt.ptr<i32>, i32
    %sq = arith.muli %pid, %pid : i32
    tt.store %q, %sq : !tt.ptr<i32>
    %t = tt.atomic_rmw add, acq_rel, gpu, %ticket, %one : (!tt.ptr<i32>, i32) -> i32
    %last = arith.subi %programs, %one : i32
    %is_last = arith.cmpi eq, %t, %last : i32
    scf.if %is_last {
      %c0 = arith.constant 0 : i32
      %sum = scf.for %i = %c0 to %programs step %one iter_args(%a = %c0) -> (i32) : i32 {
        %ip = tt.addptr %parts, %i : !tt.ptr<i32>, i32
        %x = tt.load %ip : !tt.ptr<i32>
        %b = arith.addi %a, %x : i32
        scf.yield %b : i32
      }
      tt.store %out, %sum : !tt.ptr<i32>
    }"""
    module = kernel("%parts: !tt.ptr<i32>, %ticket: !tt.ptr<i32>, %out: !tt.ptr<i32>", body)
    agree(module, (50,), [np.zeros(50, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32)])


def test_atomic_load_and_store() -> None:
    pointers = f"tensor<{N}x!tt.ptr<i32>>"
    body = f"""{HERE}{lanes("x", "i32")}{lanes("o", "i32")}{lanes("mask", "i1")}
    %m = tt.load %mask : tensor<{N}x!tt.ptr<i1>>
    %v = tt.atomic_load acquire, gpu, %x, %m : ({pointers}, tensor<{N}xi1>) -> tensor<{N}xi32>
    tt.atomic_store release, gpu, %o, %v, %m : {pointers}
    %s = tt.atomic_load relaxed, gpu, %x_ptr : (!tt.ptr<i32>) -> i32
    tt.atomic_store relaxed, sys, %o_ptr, %s : !tt.ptr<i32>"""
    module = kernel("%x_ptr: !tt.ptr<i32>, %o_ptr: !tt.ptr<i32>, %mask_ptr: !tt.ptr<i1>", body)
    random = np.random.default_rng(0)
    agree(module, (3,), [numbers("i32", 3 * N, 1), np.zeros(3 * N, np.int32), random.integers(0, 2, 3 * N) > 0])


ERRORS = {
    "out of bounds": (
        [np.full(N, 7, np.int32), np.ones(N, np.bool_)],
        False,
        "'tt.atomic_rmw' is out of bounds: it touches bytes 28 to 32 of argument 'cells_ptr'",
    ),
    "read-only": (
        [np.zeros(N, np.int32), np.ones(N, np.bool_)],
        True,
        "'tt.atomic_rmw' writes argument 'cells_ptr', whose array is read-only",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    given_, read_only, text = ERRORS[name]
    cells = np.zeros(7, np.int32)
    cells.flags.writeable = not read_only
    module = tensor_rmw("add", "i32", masked=True, used=True)
    with pytest.raises(RunError) as caught:
        run(module, 1, [*given_, np.ones(N, np.int32), cells, np.zeros(N, np.int32)])
    assert caught.value.diagnostic.found == text
    assert str(caught.value).startswith(f"k.ttir:22:10: error: {text}")


def test_masked_off_results_are_undefined() -> None:
    module = tensor_rmw("add", "i32", masked=True, used=True)
    store = next(op for op in module.walk() if op.name == "tt.store")
    store.operands = store.operands[:2]
    arguments = [np.zeros(N, np.int32), np.arange(N) > 2, np.ones(N, np.int32), np.zeros(7, np.int32)]
    with pytest.raises(RunError, match=r"'tt.store' stores an undefined element"):
        run(module, 1, [*arguments, np.zeros(N, np.int32)])
