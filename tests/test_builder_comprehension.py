"""What comprehensions mean: the `linalg.generic` that they become gives what their loops, run in Python, give."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from built import BF16, build, comprehend
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.builder import syntax
from minilinalg.builder.binding import Bound, Operands, bind
from minilinalg.builder.sizes import evaluate
from minilinalg.dialects.upstream import linalg

RANDOM = np.random.default_rng(3)


def floats(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    """Small multiples of 1/4, so that sums and products are exact."""
    return (RANDOM.integers(-16, 17, shape) / 4).astype(dtype)


def integers(*shape: int, dtype: Any = np.int32, low: int = -9, high: int = 10) -> np.ndarray:
    return RANDOM.integers(low, high, shape).astype(dtype)


A, B, C = floats(3, 4), floats(4, 2), floats(3, 2)
V, W, X = floats(9), floats(3), floats(2, 5)
N, M = integers(3, 4), integers(4)

CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("C[m, n] += A[m, k] * B[k, n]", {"A": A, "B": B}, A @ B),
    ("D[m, n] += A[m, k] * B[k, n]", {"A": A, "B": B}, A @ B),
    ("C[m, n] += A[m, k] * B[k, n]", {"A": A, "B": B, "C": C}, C + A @ B),
    ("C[n, m] = A[m, n]", {"A": A}, A.T),
    ("C[m, n] = A[m, n] + B[n] * 2", {"A": A, "B": B[:, 0].copy()}, A + B[:, 0] * 2),
    ("S += A[i, j]", {"A": A}, A.sum()),
    ("S[] *= A[i, 0]", {"A": A}, A[:, 0].prod()),
    ("R[j] max= A[i, j]", {"A": A}, A.max(0)),
    ("R[i] min= A[i, j]", {"A": A}, A.min(1)),
    ("O[n] += I[n + k] * K[k]", {"I": V, "K": W}, np.correlate(V, W)),
    ("O[i] max= A[2*i + r] where r in 0:3", {"A": V}, np.array([V[2 * i : 2 * i + 3].max() for i in range(4)])),
    ("O[i] = A[i + 1] - A[i]", {"A": V}, np.diff(V)),
    ("O[i] = A[8 - i]", {"A": V}, V[::-1]),
    ("O[i] = A[1, i]", {"A": A}, A[1]),
    ("O[i] += A[i, j] * j", {"A": A}, (A * np.arange(4)).sum(1)),
    ("O[i, j] = where(i >= j, A[i, j], -1)", {"A": A}, np.where(np.arange(3)[:, None] >= np.arange(4), A, -1)),
    ("O[i] = i where i in 0:5", {}, np.arange(5)),
    ("O[i, j] = A[Rows[i], j]", {"A": A, "Rows": np.array([2, 0], np.int32)}, A[[2, 0]]),
    ("O[i] = A[i] where i in 0:4", {"A": V}, V[:4]),
    ("S += A[i] where i in 2:5", {"A": V}, V[2:5].sum()),
    ("S += i where i in 2:5", {}, np.array(9)),
    ("O[i] = A[i] * s + t", {"A": V, "s": np.float32(0.5), "t": np.int32(3)}, V * np.float32(0.5) + 3),
    ("O[i] = A[i] + Z", {"A": V, "Z": np.array(2, np.float32)}, V + 2),
    ("O[i] = A[i] where i in 0:n - 1", {"A": V, "n": 4}, V[:3]),
    ("O[i] = max(A[i], 0.5, -A[i])", {"A": V}, np.maximum(abs(V), 0.5)),
    ("O[i, j] = N[i, j] // 3 + N[i, j] % 3 * 10", {"N": N}, N // 3 + N % 3 * 10),
    ("O[i, j] = N[i, j] % -4", {"N": N}, N % -4),
    ("O[i] = M[i] / 2", {"M": M}, (M / 2).astype(np.float32)),
    ("O[i] = -M[i] + abs(M[i])", {"M": M}, -M + abs(M)),
    ("O[i] = M[i] & 6 | 1", {"M": M}, M & 6 | 1),
    ("O[i] = M[i] ^ 5", {"M": M}, M ^ 5),
    ("O[i] = M[i] ** 2", {"M": M}, M**2),
    ("O[i] = M[i] > 0 and not M[i] == 3 or M[i] < -5", {"M": M}, (M > 0) & (M != 3) | (M < -5)),
    ("O[i] &= N[i, j] < 9", {"N": N}, (N < 9).all(1)),
    ("O[i] |= N[i, j] == 1", {"N": N}, (N == 1).any(1)),
    ("O[i] += N[i, j] > 0", {"N": N}, (N > 0).sum(1)),
    ("O[i] = i32(A[i]) + i8(300 - 280)", {"A": V}, V.astype(np.int32) + 20),
    ("O[i] = f32(M[i] > 0)", {"M": M}, (M > 0).astype(np.float32)),
    ("O[i] = sqrt(A[i] * A[i])", {"A": V}, np.abs(V)),
    ("O[i] = floor(A[i]) + ceil(A[i])", {"A": V}, np.floor(V) + np.ceil(V)),
    ("O[b, m, n] += X[b, m] * Y[b, n] * Z[k] * 0 + 1", {"X": X, "Y": X, "Z": W}, np.full((2, 5, 5), 3.0)),
    ("O[i] = 2 ** 3 * A[i] - (1 - 4)", {"A": V}, 8 * V + 3),
]


NOT_IN_THE_ENGINE = {"O[i, j] = A[Rows[i], j]"}
"""Comprehensions that only the slow interpreter runs: gathers."""


@pytest.mark.parametrize("dynamic", [False, True], ids=["known", "unknown"])
@pytest.mark.parametrize(("text", "operands", "expected"), CASES, ids=[text for text, _, _ in CASES])
def test_means_what_numpy_computes(text: str, operands: dict[str, Any], expected: Any, dynamic: bool) -> None:
    got = comprehend(text, dynamic=dynamic, engine=text not in NOT_IN_THE_ENGINE, **operands)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        ("exp", math.exp),
        ("exp2", math.exp2 if hasattr(math, "exp2") else lambda x: 2.0**x),
        ("log", math.log),
        ("log2", math.log2),
        ("rsqrt", lambda x: 1 / math.sqrt(x)),
        ("sin", math.sin),
        ("cos", math.cos),
        ("tanh", math.tanh),
        ("erf", math.erf),
    ],
)
def test_functions(function: str, reference: Any) -> None:
    x, n = np.array([0.25, 1.0, 3.5], np.float32), np.array([1, 2, 3], np.int32)
    got = comprehend(f"O[i] = {function}(A[i]) + {function}(N[i]) + {function}(2.0)", A=x, N=n)
    expected = [reference(a) + reference(b) + reference(2.0) for a, b in zip(x, n, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_sums_and_products_of_narrow_types_are_accumulated_in_wide_ones() -> None:
    # 2049 is no f16, and 1 + 2048 sums to it only when nothing is rounded on the way.
    halves = np.array([2048, 1, -2048, 1], np.float16)
    assert comprehend("S += A[i]", A=halves) == np.float32(2.0)
    assert comprehend("S += A[i] * A[i]", A=halves) == np.float32(2 * 2048**2 + 2)
    assert comprehend("S += A[i]", A=halves.astype(BF16)).dtype == np.float32
    assert comprehend("S *= A[i]", A=np.array([100, 100], np.int8)) == np.int32(10000)


def test_another_accumulator_is_said() -> None:
    halves = np.array([2048, 1, 1], np.float16)
    got = comprehend("S += A[i]", dtype="f16", A=halves)
    assert got.dtype == np.float16 and got == 2048
    assert comprehend("S += A[i]", dtype="f64", A=floats(4)).dtype == np.float64
    assert comprehend("S += A[i]", A=halves, S=np.array(0, np.float16)).dtype == np.float16


def test_maxima_and_assignments_keep_the_type() -> None:
    halves = np.array([1, 2], np.float16)
    assert comprehend("S max= A[i]", A=halves).dtype == np.float16
    assert comprehend("O[i] = A[i] * 2.5 + 1", A=halves).dtype == np.float16
    assert comprehend("O[i] = A[i] + B[i]", A=halves, B=halves.astype(BF16)).dtype == np.float32
    assert comprehend("O[i] = A[i] + B[i]", A=halves, B=np.array([1, 2], np.int64)).dtype == np.float16
    assert comprehend("O[i] = A[i] + B[i]", A=np.array([1, 2], np.int8), B=np.array([1, 2], np.int16)).dtype == np.int16


def test_maxima_of_nothing_are_the_neutral_value() -> None:
    assert comprehend("S max= A[i]", A=np.zeros(0, np.float32)) == -math.inf
    assert comprehend("S min= A[i]", A=np.zeros(0, np.int8)) == 127
    assert comprehend("S += A[i]", A=np.zeros(0, np.float32)) == 0


def test_a_maximum_with_nan_is_nan() -> None:
    assert np.isnan(comprehend("S max= A[i]", A=np.array([1, math.nan, 2], np.float32)))


def test_is_one_generic_with_its_maps_and_iterators() -> None:
    module = build(lambda f: f.comprehension("C[m, n] += A[m, k] * B[n, k + 1]", A=f.A, B=f.B), A=A, B=floats(2, 5))
    (generic,) = (op for op in module.module.walk() if isinstance(op, linalg.GenericOp))
    assert [str(m.data) for m in generic.indexing_maps] == [
        "(d0, d1, d2) -> (d0, d2)",
        "(d0, d1, d2) -> (d1, (d2 + 1))",
        "(d0, d1, d2) -> (d0, d1)",
    ]
    assert [kind.data.value for kind in generic.iterator_types] == ["parallel", "parallel", "reduction"]


def test_reads_an_element_once_however_often_it_is_named() -> None:
    module = build(lambda f: f.comprehension("C[i] = A[i] * A[i] + A[i]", A=f.A), A=V)
    (generic,) = (op for op in module.module.walk() if isinstance(op, linalg.GenericOp))
    assert len(generic.inputs) == 1


def test_cuts_an_operand_only_where_the_range_is_shorter() -> None:
    assert "extract_slice" not in build(lambda f: f.comprehension("C[i] = A[i]", A=f.A), dynamic=True, A=V).text()
    assert "extract_slice" in build(lambda f: f.comprehension("C[i] = A[i] where i in 0:3", A=f.A), A=V).text()


TERMS = ["A[i, j]", "B[j, i]", "A[i, j + 1]", "V[i]", "V[2*i + 1]", "V[i + j]", "i", "j", "2", "0.5", "s"]
OPERATORS = ["+", "-", "*"]
SHAPES = {"A": (4, 5), "B": (5, 4), "V": (11,)}


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(TERMS))
    a, b = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    match draw(st.integers(0, 4)):
        case 0:
            return f"max({a}, {b})"
        case 1:
            return f"where({a} < {b}, {draw(expressions(depth - 1))}, {b})"
        case 2:
            return f"(-{a})"
        case _:
            return f"({a} {draw(st.sampled_from(OPERATORS))} {b})"


def loops(bound: Bound, operands: dict[str, Any]) -> np.ndarray:
    """The comprehension's meaning, by its loops, in double precision."""
    extents = {name: evaluate(size, lambda _: 0) for name, size in bound.extents.items()}
    start = {"=": 0.0, "+=": 0.0, "max=": -math.inf, "min=": math.inf}[bound.syntax.assignment]
    result = np.full([extents[name] for name in bound.loops[: bound.parallel]], start)
    for point in itertools.product(*(range(extents[name]) for name in bound.loops)):
        value = meaning(bound.syntax.value, dict(zip(bound.loops, point, strict=True)), operands)
        at = point[: bound.parallel]
        match bound.syntax.assignment:
            case "=":
                result[at] = value
            case "+=":
                result[at] += value
            case "max=":
                result[at] = max(result[at], value)
            case _:
                result[at] = min(result[at], value)
    return result


def meaning(node: syntax.Expression, indices: dict[str, int], operands: dict[str, Any]) -> Any:
    match node:
        case syntax.Number(value):
            return value
        case syntax.Name(name):
            return indices[name] if name in indices else float(operands[name])
        case syntax.Access(name, subscripts):
            return float(operands[name][tuple(meaning(s, indices, operands) for s in subscripts)])
        case syntax.Unary(_, operand):
            return -meaning(operand, indices, operands)
        case syntax.Binary(operator, left, right):
            a, b = meaning(left, indices, operands), meaning(right, indices, operands)
            return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "<": lambda: a < b}[operator]()
        case syntax.Call("max", arguments):
            return max(meaning(a, indices, operands) for a in arguments)
        case syntax.Call(_, (condition, on_true, on_false)):
            return meaning(on_true if meaning(condition, indices, operands) else on_false, indices, operands)
    raise AssertionError(node)


@settings(max_examples=60, deadline=None)
@given(expressions(), st.sampled_from(["O[i, j] =", "O[j, i] =", "O[i] +=", "O[j] max=", "O[] min=", "O[i] max="]))
def test_any_comprehension_means_its_loops(value: str, target: str) -> None:
    text = f"{target} {value} where i in 0:4, j in 0:3"
    operands: dict[str, Any] = {name: floats(*shape, dtype=np.float64) for name, shape in SHAPES.items()}
    operands["s"] = np.float64(1.5)
    tree = syntax.parse_comprehension(text)
    named = {n.tensor if isinstance(n, syntax.Access) else getattr(n, "name", "") for n in syntax.walk(tree.value)}
    used = {name: operand for name, operand in operands.items() if name in named}
    shapes = {name: SHAPES[name] for name in used if name in SHAPES}
    bound = bind(tree, Operands(shapes, frozenset({"s"} & set(used))))
    got = comprehend(text, dtype="f64", **used)
    # Products of a few numbers with two bits after the point are exact in f64.
    np.testing.assert_array_equal(got, loops(bound, used))
