"""NumPy's operators: one Python function, given arrays and given tensors, gives the same answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from built import build, run
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg import builder as mb
from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.locations import places_of

RANDOM = np.random.default_rng(5)


def floats(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return (RANDOM.integers(-16, 17, shape) / 4).astype(dtype)


X, Y, Z = floats(3, 4), floats(4), floats(3, 1)
P = np.abs(X) + np.float32(0.5)
N, M = RANDOM.integers(-9, 10, (3, 4)).astype(np.int32), RANDOM.integers(1, 5, 4).astype(np.int32)
T = floats(2, 3, 4)

FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "add": (lambda x, y: x + y, (X, Y)),
    "add a column": (lambda x, z: x + z, (X, Z)),
    "add a missing dimension": (lambda t, y: t - y, (T, Y)),
    "both are repeated": (lambda z, y: z * y, (Z, Y)),
    "numbers left and right": (lambda x: 2.0 - x * 3 + 1, (X,)),
    "a number divided": (lambda p: 1 / p, (P,)),
    "negative": (lambda x: -x + abs(x), (X,)),
    "powers": (lambda x: x**2, (X,)),
    "integers": (lambda n, m: n + m * 2 - n // 3, (N, M)),
    "remainders": (lambda n: n % 5 + (n % -5) * 100, (N,)),
    "a number's remainder": (lambda m: 17 % m + 17 // m, (M,)),
    "bits": (lambda n: (n & 12) | (n ^ 3) + ~n, (N,)),
    "comparisons": (lambda x, y: (x < y) & ~(x == 0) | (x >= 3) ^ (x != 1), (X, Y)),
    "a scalar": (lambda x, s: x * s + s, (X, np.float32(1.5))),
    "a scalar on the left": (lambda s, x: s - x, (np.float32(1.5), X)),
    "rows": (lambda x: x[1] + x[-1], (X,)),
    "slices": (lambda x: x[1:, ::2] + x[:-1, 1::2], (X,)),
    "slices are cut": (lambda x: x[1:100, -3:], (X,)),
    "an empty slice": (lambda x: x[2:1], (X,)),
    "new dimensions": (lambda y: y[:, None] + y[None, :], (Y,)),
    "dots": (lambda t: t[..., 1] + t[0, ..., 2], (T,)),
    "a new dimension at the end": (lambda t: t[..., None, 0:1], (T,)),
    "transpose": (lambda x: x.T, (X,)),
    "permute": (lambda t: t.transpose(1, 2, 0), (T,)),
    "sum of all": (lambda x: x.sum(), (X,)),
    "sum of rows": (lambda x: x.sum(1), (X,)),
    "sum of two dimensions": (lambda t: t.sum((0, 2)), (T,)),
    "kept dimensions": (lambda x: x - x.max(1, keepdims=True) + x.min(axis=0, keepdims=True), (X,)),
    "kept dimensions in the middle": (lambda t: t + t.sum((0, 1), keepdims=True), (T,)),
    "product": (lambda x: x.prod(-1), (X,)),
    "maximum": (lambda n: n.max(0) - n.min(0), (N,)),
    "mean": (lambda x: x.mean(1, keepdims=True) + x.mean(), (X,)),
    "matmul": (lambda x, t: x @ t, (X, floats(4, 5))),
    "matmul of integers and floats": (lambda n, x: n @ x.T + 0, (N.astype(np.int8), X)),
    "matrix and vector": (lambda x, y: x @ y, (X, Y)),
    "vector and matrix": (lambda y, x: y @ x, (Y, floats(4, 2))),
    "dot": (lambda y: y @ y, (Y,)),
    "batches": (lambda t, u: t @ u, (T, floats(2, 4, 3))),
    "batches and a matrix": (lambda t, u: t @ u, (T, floats(4, 2))),
    "collapse": (lambda t: t.reshape(6, 4), (T,)),
    "expand": (lambda t: t.reshape(2, 3, 2, 2), (T,)),
    "both": (lambda t: t.reshape(4, -1), (T,)),
    "ones": (lambda x: x.reshape(1, 3, 1, 4, 1), (X,)),
    "flat": (lambda t: t.reshape(-1), (T,)),
    "a scalar of ones": (lambda x: x[:1, :1].reshape(()) if isinstance(x, np.ndarray) else x[:1, :1].reshape(), (X,)),
    "nothing": (lambda x: x.reshape(3, 4), (X,)),
    "softmax": (lambda x: (lambda e: e / e.sum(1, keepdims=True))(x - x.max(1, keepdims=True) + 5), (X,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_in_numpy(name: str) -> None:
    function, arrays = FUNCTIONS[name]
    got = run(lambda f: function(*(f[key] for key in "abc"[: len(arrays)])), **dict(zip("abc", arrays, strict=False)))
    np.testing.assert_array_equal(got, function(*arrays))


SIZES_MUST_BE_KNOWN = {"slices are cut", "collapse", "expand", "both", "ones", "flat", "nothing", "a scalar of ones"}
ONES_MUST_BE_KNOWN = {"add a column", "both are repeated"}


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in SIZES_MUST_BE_KNOWN | ONES_MUST_BE_KNOWN])
def test_as_in_numpy_with_unknown_sizes(name: str) -> None:
    function, arrays = FUNCTIONS[name]
    given = dict(zip("abc", arrays, strict=False))
    if name == "an empty slice":
        pytest.skip("a slice of a dimension of unknown size is taken to fit")
    got = run(lambda f: function(*(f[key] for key in given)), dynamic=True, **given)
    np.testing.assert_array_equal(got, function(*arrays))


@pytest.mark.parametrize("name", ["exp", "exp2", "log", "log2", "sqrt", "sin", "cos", "tanh", "floor", "ceil"])
def test_functions(name: str) -> None:
    got = run(lambda f: getattr(mb, name)(f.p), p=P)
    np.testing.assert_allclose(got, getattr(np, name)(P), rtol=1e-6)


def test_functions_that_numpy_lacks() -> None:
    np.testing.assert_allclose(run(lambda f: mb.rsqrt(f.p), p=P), 1 / np.sqrt(P), rtol=1e-6)
    assert run(lambda f: mb.erf(f.p), p=np.float32(0.0)) == 0


def test_choices() -> None:
    got = run(lambda f: mb.where(f.x < f.y, mb.maximum(f.x, 0.5), mb.minimum(f.y, 0)), x=X, y=Y)
    np.testing.assert_array_equal(got, np.where(X < Y, np.maximum(X, 0.5), np.minimum(Y, 0)))


@pytest.mark.parametrize("to", ["f16", "f64", "i32", "i8", "i64", "i1"])
@pytest.mark.parametrize("of", [np.float32, np.float16, np.int32, np.int8, np.bool_])
def test_casts(of: Any, to: str) -> None:
    x = np.array([-3, 0, 1, 2, 100]).astype(of)
    dtype = {"f16": np.float16, "f64": np.float64, "i1": np.bool_}.get(to) or np.dtype(f"int{to[1:]}")
    np.testing.assert_array_equal(run(lambda f: f.x.astype(to), x=x), x.astype(dtype))
    for scalar in x[1:]:
        assert run(lambda f: f.s.astype(to), s=scalar) == scalar.astype(dtype)


def test_scalars() -> None:
    got = run(lambda f: (f.n // 2 + f.n % 3, f.n < 4, -f.s * 2, f.n + f.s, f.n.astype("f32")), n=7, s=np.float32(1.5))
    assert [g.item() for g in got] == [4, False, -3.0, 8.5, 7.0]


def test_positions_are_set() -> None:
    expected = X.copy()
    expected[1:, ::2] = 7
    expected[0] = Y
    expected[2, 3] = 0.5
    got = run(lambda f: f.x.at[1:, ::2].set(7).at[0].set(f.y).at[2, 3].set(f.s), x=X, y=Y, s=np.float32(0.5))
    np.testing.assert_array_equal(got, expected)


def test_positions_may_be_values() -> None:
    def make(f: mb.Function) -> Any:
        window = f.x[f.i : f.i + 2, f.j]
        assert window.shape == (2,), "the size is known, whatever the position"
        return window, f.x[f.i :, 1:], f.x.at[f.i, f.j].set(9.0), f.x[f.i, f.j].item()

    window, rest, changed, one = run(make, x=X, i=1, j=2)
    np.testing.assert_array_equal(window, X[1:3, 2])
    np.testing.assert_array_equal(rest, X[1:, 1:])
    assert changed[1, 2] == 9.0 and one == X[1, 2]


def test_tensors_from_nothing() -> None:
    def make(f: mb.Function) -> Any:
        n = f.n
        return f.zeros("2x3xf16"), f.full((n, 2), 7, "i32"), f.arange(n), f.constant([[1, 2], [3, 4]]), f.constant(X)

    zeros, sevens, count, rows, x = run(make, n=3)
    assert zeros.dtype == np.float16 and zeros.shape == (2, 3) and not zeros.any()
    assert sevens.dtype == np.int32 and sevens.shape == (3, 2) and (sevens == 7).all()
    assert count.dtype == np.int32 and list(count) == [0, 1, 2]
    assert rows.tolist() == [[1, 2], [3, 4]]
    np.testing.assert_array_equal(x, X)


def test_sizes_are_numbers_or_values() -> None:
    def make(f: mb.Function) -> Any:
        assert f.x.shape == (None, None)
        assert f.x[:, 0:2].dim(1) == 2
        return f.x.dim(0) * 10 + f.x.dim(-1)

    assert run(make, dynamic=True, x=X) == 34


def test_matmul_of_halves_is_summed_in_f32() -> None:
    halves = np.array([[2048, 1, 1]], np.float16)
    got = run(lambda f: f.a @ f.a.T, a=halves)
    assert got.dtype == np.float32 and got == 2048**2 + 2


def test_two_matrices_are_the_named_operation() -> None:
    operations = [type(op) for op in build(lambda f: f.x @ f.x.T, x=X).module.walk()]
    assert linalg.MatmulOp in operations and linalg.TransposeOp in operations and linalg.GenericOp not in operations


def test_whole_slices_cost_nothing() -> None:
    operations = [type(op) for op in build(lambda f: f.x[:][..., :].reshape(3, 4).astype("f32"), x=X).module.walk()]
    assert tensor.ExtractSliceOp not in operations and linalg.GenericOp not in operations


def test_operations_carry_the_line_of_the_script() -> None:
    module = mb.Module()
    with module.function("f", x="4xf32") as f:
        y = f.x + 1.0
        z = (  # a call over several lines is at its first
            y * f.x
        )
        f.returns(z)
    first, second = (op for op in module.module.walk() if isinstance(op, linalg.GenericOp))
    line = test_operations_carry_the_line_of_the_script.__code__.co_firstlineno
    assert [place.line - line for place in (*places_of(first), *places_of(second))] == [3, 5]
    assert places_of(first)[0].file == __file__
    assert {places_of(op)[0].line - line for op in first.walk()} == {3}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_basic_index(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    x = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    key: list[Any] = []
    for size in shape[: data.draw(st.integers(0, len(shape)))]:
        bounds = st.one_of(st.none(), st.integers(-size - 1, size + 1))
        key.append(
            data.draw(st.integers(-size, size - 1))
            if data.draw(st.booleans())
            else slice(data.draw(bounds), data.draw(bounds), data.draw(st.sampled_from([None, 1, 2, 3])))
        )
    for _ in range(data.draw(st.integers(0, 2))):
        key.insert(data.draw(st.integers(0, len(key))), None)
    if data.draw(st.booleans()):
        key.append(...)
    np.testing.assert_array_equal(run(lambda f: f.x[tuple(key)], x=x), x[tuple(key)])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_reshape(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.sampled_from([1, 2, 2, 3]), min_size=1, max_size=4))
    x = np.arange(np.prod(sizes), dtype=np.int32).reshape(sizes)
    target: list[int] = [1]
    for size in data.draw(st.permutations(sizes)):
        if data.draw(st.booleans()):
            target.append(size)
        else:
            target[-1] *= size
    np.testing.assert_array_equal(run(lambda f: f.x.reshape(*target), x=x), x.reshape(target))
