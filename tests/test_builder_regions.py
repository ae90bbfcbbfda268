"""Loops, branches, calls and buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slow
from built import build, run

from minilinalg import builder as mb
from minilinalg.errors import InputError
from minilinalg.locations import places_of
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

X = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_a_loop_carries_values() -> None:
    def make(f: mb.Function) -> Any:
        loop = f.for_(0, f.n, carry=[f.zeros("3xf32"), f.constant(1)])
        with loop as (i, rows, count):
            loop.yield_(rows + f.x[i], count * 2)
        return loop.results

    rows, count = run(make, x=X, n=3)
    np.testing.assert_array_equal(rows, X[:3].sum(0))
    assert count == 8


def test_a_loop_counts_like_range() -> None:
    def make(f: mb.Function) -> Any:
        loops = [f.for_(*bounds, carry=[f.constant(0, "index")]) for bounds in ((f.n,), (2, f.n), (1, f.n, 3))]
        for loop in loops:
            with loop as (i, total):
                f.yield_(total * 10 + i)
        return tuple(loop.result for loop in loops)

    assert [r.item() for r in run(make, n=8)] == [1234567, 234567, 147]


def test_a_loop_without_a_turn_gives_what_it_was_given() -> None:
    def make(f: mb.Function) -> Any:
        with f.for_(5, f.n, carry=[f.x]) as loop:
            f.yield_(loop.carried[0] * 2.0)
        return loop.result

    np.testing.assert_array_equal(run(make, x=X, n=3), X)


def test_loops_nest_and_see_what_is_outside() -> None:
    def make(f: mb.Function) -> Any:
        with f.for_(4, carry=[f.zeros("4x3xf32")]) as outer:
            i, rows = outer
            with f.for_(3, carry=[rows]) as inner:
                j, cells = inner
                f.yield_(cells.at[i, j].set(f.x[i, j].item() * (i + j)))
            f.yield_(inner.result)
        return outer.result

    np.testing.assert_array_equal(run(make, x=X), X * (np.arange(4)[:, None] + np.arange(3)))


@pytest.mark.parametrize("n", [1, 5])
def test_a_branch_gives_the_values_of_the_side_taken(n: int) -> None:
    def make(f: mb.Function) -> Any:
        with f.if_(f.n > 3) as branch:
            branch.yield_(f.x + 1.0, 1.0)
        with branch.else_():
            branch.yield_(f.x, 0)
        return branch.results

    x, flag = run(make, x=X, n=n)
    np.testing.assert_array_equal(x, X + 1 if n > 3 else X)
    assert flag == (n > 3)


def test_a_number_takes_the_type_that_is_yielded() -> None:
    def make(f: mb.Function) -> Any:
        with f.for_(3, carry=[f.constant(0, "f16")]) as loop:
            f.yield_(7)
        return loop.result

    assert run(make).dtype == np.float16


def test_functions_call_functions() -> None:
    b = mb.Module()
    with b.function("twice", x="?xf32") as f:
        f.returns(f.x * 2.0)
    with b.function("main", x="?xf32", s="f32") as f:
        f.returns(f.call("twice", f.x + f.s))
    (got,) = slow.run(b.module, args=[X[0].copy(), 1.0], function="main")
    np.testing.assert_array_equal(got, (X[0] + 1) * 2)


def test_buffers_are_read_and_written() -> None:
    b = mb.Module()
    with b.function("scale", x="memref:?xf32", out="memref:?xf32", n="index") as f, f.if_(f.n > 0):
        f.out.store(f.x.load() * 2.0)
    out = np.zeros(3, np.float32)
    slow.run(b.module, args=[X[1].copy(), out, 1])
    np.testing.assert_array_equal(out, X[1] * 2)


def test_a_loop_has_the_place_of_its_with_statement() -> None:
    b = mb.Module()
    with b.function("f", n="index") as f:
        with f.for_(f.n, carry=[f.n]) as loop:
            f.yield_(loop.index + 1)
        f.returns(loop.result)
    (op,) = (op for op in b.module.walk() if op.name == "scf.for")
    line = test_a_loop_has_the_place_of_its_with_statement.__code__.co_firstlineno
    assert places_of(op)[0].line - line == 3


def test_text_reads_back_as_the_same_module() -> None:
    def make(f: mb.Function) -> Any:
        with f.for_(f.n, carry=[f.x]) as loop:
            i, x = loop
            with f.if_(i < 2) as branch:
                branch.yield_(x @ f.x.T @ f.x)
            with branch.else_():
                branch.yield_(x.at[0:1].set(1.0))
            f.yield_(branch.result)
        return loop.result, f.x[None].sum((0, 2)), f.comprehension("C[i] max= A[2*i + r] where r in 0:2", A=f.x[0])

    text = build(make, x=X, n=3).text()
    assert module_text(parse_module(text)) == text


def test_a_function_that_failed_is_not_in_the_module() -> None:
    b = mb.Module()
    with pytest.raises(InputError), b.function("f", x="4xf32") as f:
        f.returns(f.x @ f.x[:2])
    with b.function("f", x="4xf32") as f:
        f.returns(f.x)
    assert b.text().count("func.func") == 1


def double(k: mb.Kernel) -> None:
    start = k.program_id(0) * 8
    part = k.x.view(start, [mb.minimum(k.n - start, 8)])
    k.out.view(start, [mb.minimum(k.n - start, 8)]).store(part.load() * 2.0)


def test_a_kernel_runs_for_each_point_of_its_grid() -> None:
    b = mb.Module()
    with b.kernel("double", x="memref:?xf32", out="memref:?xf32", n="i32") as k:
        double(k)
    x, out = np.arange(21, dtype=np.float32), np.full(24, -1, np.float32)
    slow.run(b.module, (3, 1, 1), [x, out, 21])
    np.testing.assert_array_equal(out, [*(x * 2), -1, -1, -1])


def test_a_kernel_knows_its_place_in_the_grid() -> None:
    b = mb.Module()
    with b.kernel("place", out="memref:?xi32") as k:
        x, y, z = (k.program_id(axis) for axis in range(3))
        nx, ny = k.num_programs(0), k.num_programs(1)
        cell = k.out.view((z * ny + y) * nx + x, [1])
        cell.store(k.full([1], x + 10 * y + 100 * z, "i32"))
    out = np.zeros(12, np.int32)
    slow.run(b.module, (3, 2, 2), [out])
    assert out.tolist() == [0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]


def test_views_are_strided() -> None:
    b = mb.Module()
    with b.kernel("transpose", x="memref:?xf32", out="memref:?xf32") as k:
        k.out.view(1, [3, 4]).store(k.x.view(0, [3, 4], [1, 3]).load())
    out = np.zeros(13, np.float32)
    slow.run(b.module, (1, 1, 1), [X.reshape(-1), out])
    np.testing.assert_array_equal(out[1:].reshape(3, 4), X.T)


def test_a_kernel_reads_back_as_the_same_module() -> None:
    b = mb.Module()
    with b.kernel("double", x="memref:?xf32", out="memref:?xf32", n="i32") as k:
        double(k)
    assert module_text(parse_module(b.text())) == b.text()
