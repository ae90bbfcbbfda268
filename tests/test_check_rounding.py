"""The running error analysis: its rules against perturbed numbers, its bounds against float64, at every stage."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_check_mutations import KERNELS, TARGET

from minilinalg import compile
from minilinalg.check.rounding.rules import FUNCTION_UNITS, RULES, effect_of, multiply_all
from minilinalg.check.rounding.spread import Spread, errors_of, fit, measure, precision_of, together
from minilinalg.check.running import Launch
from minilinalg.check.tolerance import Tolerance, watched
from minilinalg.interp.dtypes import BF16, F16, F32, F64

erf = np.vectorize(math.erf)
FUNCTIONS: dict[str, Any] = {
    "arith.addf": lambda x, y: x + y,
    "arith.subf": lambda x, y: x - y,
    "arith.mulf": lambda x, y: x * y,
    "arith.divf": lambda x, y: x / y,
    "arith.negf": lambda x: -x,
    "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
    "arith.maxnumf": np.maximum,
    "arith.minnumf": np.minimum,
    "tt.precise_divf": lambda x, y: x / y,
    "tt.approx_divf": lambda x, y: x / y,
    "tt.precise_sqrt": np.sqrt,
    "arith.extf": lambda x: x,
    "arith.truncf": lambda x: x,
    "tt.fp_to_fp": lambda x: x,
    "math.absf": np.abs,
    "math.floor": np.floor,
    "math.ceil": np.ceil,
    "math.trunc": np.trunc,
    "math.round": lambda x: np.round(x),
    "math.roundeven": np.rint,
    "math.fma": lambda x, y, z: x * y + z,
    "math.sqrt": np.sqrt,
    "math.rsqrt": lambda x: 1 / np.sqrt(x),
    "math.exp": np.exp,
    "math.exp2": np.exp2,
    "math.expm1": np.expm1,
    "math.log": np.log,
    "math.log2": np.log2,
    "math.log10": np.log10,
    "math.log1p": np.log1p,
    "math.sin": np.sin,
    "math.cos": np.cos,
    "math.tanh": np.tanh,
    "math.atan": np.arctan,
    "math.asinh": np.arcsinh,
    "math.erf": lambda x: erf(x),
    "math.erfc": lambda x: 1 - erf(x),
}
"""What the operations compute, in float64."""
CHOICES = {"arith.remf", "arith.select", "tt.clampf", "math.clampf", "math.copysign"}
"""Operations with a rule whose operands are decisions too."""


def test_every_rule_is_tested() -> None:
    assert set(FUNCTIONS) | CHOICES == set(RULES)


operands = st.tuples(
    st.integers(0, 10**6),
    st.sampled_from([1e-3, 1.0, 30.0]),
    st.sampled_from([0.0, 1e-9, 1e-4, 1e-2]),
    st.sampled_from([0.0, 1e-7, 1e-3]),
)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rules(name: str, data: st.DataObject) -> None:
    """Operands that are wrong by no more than they may be make results that are."""
    function = FUNCTIONS[name]
    count = function.nin if isinstance(function, np.ufunc) else function.__code__.co_argcount
    wrong: list[Any] = []
    exact: list[Any] = []
    spreads: list[Spread] = []
    for _ in range(count):
        seed, scale, error, relative = data.draw(operands)
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(60) * scale
        if name in ("math.sqrt", "math.rsqrt", "tt.precise_sqrt") or "log" in name:
            x = np.abs(x)
        part = rng.choice([-1.0, 1.0, 0.0, rng.uniform(-1, 1)], 60)
        wrong.append(x)
        # A little less than they may be: the difference is rounded too.
        exact.append(x - part * (error + relative * np.abs(x)) * (1 - 1e-4))
        spreads.append(measure(x).wrong_by(error, relative))
    effect = effect_of(name, spreads)
    if effect.error == math.inf:
        return
    with np.errstate(all="ignore"):
        found, wanted = function(*wrong), function(*exact)
    allowed = (effect.error + effect.relative * np.abs(found)) * (1 + 1e-9) + 1e-13 * np.abs(found) + 1e-15
    known = np.isfinite(found) & np.isfinite(wanted)
    assert (np.abs(found - wanted)[known] <= allowed[known]).all()


@given(
    factors=st.lists(st.floats(0.125, 8), min_size=1, max_size=12),
    shares=st.lists(st.floats(-1, 1), min_size=12, max_size=12),
    error=st.sampled_from([0.0, 1e-9, 1e-3]),
    relative=st.sampled_from([0.0, 1e-9, 1e-2]),
)
def test_products_of_many(factors: list[float], shares: list[float], error: float, relative: float) -> None:
    x = np.array(factors)
    exact = x + np.array(shares[: len(x)]) * (error + relative * x)
    effect = multiply_all(measure(x).wrong_by(error, relative), Spread(), len(x))
    assert abs(np.prod(x) - np.prod(exact)) <= (effect.error + effect.relative * np.prod(x)) * (1 + 1e-9) + 1e-12


def test_a_product_with_a_zero_that_may_be_wrong_is_not_bounded() -> None:
    assert multiply_all(measure(np.array([0.0, 1.0])).wrong_by(1e-9), Spread(), 2).error == math.inf
    assert multiply_all(measure(np.array([0.0, 1.0])).wrong_by(0.0, 1e-9), Spread(), 2).error == 0.0
    assert multiply_all(measure(np.array([1.0])).wrong_by(0.0, 1e-2), Spread(), 10**6).error == math.inf


def test_what_is_not_known_is_not_bounded() -> None:
    wrong, exact = Spread(1.0, 2.0, 1.0, 0.0, 1e-6), Spread(1.0, 2.0, 1.0, 1.0)
    assert effect_of("math.acosh", [wrong]).error == math.inf
    assert effect_of("math.acosh", [exact]).error == 0.0
    # A divisor, a logarithm or a root of numbers that may be zero.
    near = Spread(-1.0, 1.0, 1e-9, 0.0, 1e-6)
    assert effect_of("arith.divf", [exact, near]).error == math.inf
    assert effect_of("math.log", [near]).error == math.inf
    assert effect_of("math.rsqrt", [near]).error == math.inf


def test_approximation_makes_roundings_of_what_ieee_rounds() -> None:
    four = Spread(4.0, 4.0, 4.0, 1.0)
    assert effect_of("arith.divf", [four, four]).quantum == 0.25
    near = effect_of("arith.divf", [four, four], approximates=True)
    assert (near.quantum, near.units) == (0.0, FUNCTION_UNITS)
    assert effect_of("arith.addf", [four, four], approximates=True).quantum == 1.0


def test_precisions() -> None:
    assert [precision_of(d).digits for d in (F16, BF16, F32, F64)] == [11, 8, 24, 53]
    assert precision_of(F16).holds(2048, 1.0) and not precision_of(F16).holds(2049, 1.0)
    assert precision_of(F16).step == 2.0**-24


def test_measures() -> None:
    assert measure(np.array([[0.0, -3.0, np.nan, 8.0, np.inf]])) == Spread(-3.0, 8.0, 3.0, 1.0)
    assert measure(np.array([0.25, 3.0])).quantum == 2.0**-12
    assert measure(np.array([0.1])).quantum == 0.0
    assert measure(np.zeros(3)) == Spread()
    assert measure(np.float32(2)) == Spread(2.0, 2.0, 2.0, 1.0)
    assert together([Spread(1.0, 2.0, 1.0, 1.0, 0.5), Spread(-4.0, -4.0, 4.0, 0.5, 0.0, 0.1)]) == Spread(
        -4.0, 2.0, 1.0, 0.5, 0.5, 0.1
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1e-6, 1.0]), st.sampled_from([0.0, 1e-7, 1e-2]))
def test_errors_that_were_written_are_covered_when_they_are_read(seed: int, error: float, relative: float) -> None:
    value = np.random.default_rng(seed).standard_normal(40) * 10.0 ** np.random.default_rng(seed).integers(-4, 6, 40)
    written = errors_of(value, measure(value).wrong_by(error, relative))
    a, r = fit(value, written)
    assert (a + r * np.abs(value) >= written * (1 - 1e-12)).all()
    # And by no more than either of the two alone would need.
    assert a + r <= float(written.max()) + 1e-12


# Kernels


def softmax() -> tuple[Any, list[Any], dict[str, Any]]:
    x = np.random.default_rng(1).standard_normal((9, 130)).astype(np.float32) * 3
    e = np.exp(x - x.max(1, keepdims=True).astype(np.float64))
    return 5, [np.zeros_like(x), x, 130, 130, 9, 130], {"out_ptr": e / e.sum(1, keepdims=True)}


def layernorm() -> tuple[Any, list[Any], dict[str, Any]]:
    rng = np.random.default_rng(2)
    x = (rng.standard_normal((5, 1200)) * 2 + 1).astype(np.float16)
    w, b = rng.uniform(0.5, 1.5, 1200).astype(np.float16), rng.standard_normal(1200).astype(np.float16)
    wide = x.astype(np.float64)
    mean, rstd = wide.mean(1), 1 / np.sqrt(wide.var(1) + np.float32(1e-5))
    y = (wide - mean[:, None]) * rstd[:, None] * w + b
    args = [x, np.zeros_like(x), w, b, np.zeros(5, np.float32), np.zeros(5, np.float32), 1200, 1200, 1e-5]
    return 5, args, {"y_ptr": y, "mean_ptr": mean, "rstd_ptr": rstd}


def gemv() -> tuple[Any, list[Any], dict[str, Any]]:
    rng = np.random.default_rng(3)
    a, x = rng.standard_normal((40, 301)).astype(np.float16), rng.standard_normal(301).astype(np.float16)
    return 2, [a, x, np.zeros(40, np.float32), 40, 301, 301], {"y_ptr": a.astype(float) @ x.astype(float)}


def matmul() -> tuple[Any, list[Any], dict[str, Any]]:
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((70, 50)).astype(np.float16), rng.standard_normal((50, 66)).astype(np.float16)
    c = np.zeros((70, 66), np.float16)
    return 4, [a, b, c, 70, 66, 50, 50, 66, 66], {"c_ptr": a.astype(float) @ b.astype(float)}


CASES = {"softmax": (softmax, 1e-3), "layernorm": (layernorm, 0.05), "gemv": (gemv, 5e-3), "matmul": (matmul, 0.05)}


@pytest.mark.parametrize("name", CASES)
def test_bounds_hold_at_every_stage(name: str) -> None:
    make, useful = CASES[name]
    grid, args, truth = make()
    kernel = compile(Path(KERNELS / f"{name}.nopromise.ttir"), target="mlu370")
    launch = Launch(grid, kernel.name, TARGET)
    for stage in kernel.stages:
        found = watched(launch, kernel.module(stage), args)
        assert not found.unruled
        for (argument, array), errors in zip(found.answer.arrays, found.errors, strict=True):
            if argument not in truth:
                assert not np.any(errors), "what is not written is not wrong"
                continue
            distance = np.abs(array.astype(np.float64) - truth[argument])
            assert (distance <= np.asarray(errors) * 1.01).all(), (stage, argument)
            if stage in ("tt", "linalg"):
                # A bound that holds because it is huge would be easy.
                assert np.max(errors) < useful, (stage, argument)


def test_numbers_are_whole_and_as_large_as_they_may_be() -> None:
    """Sums of f16 products are kept in f32: 24 binary digits. A result that is stored as f16 has eleven of them."""
    for name, largest in (("gemv", 511), ("matmul", 7)):
        grid, args, _ = CASES[name][0]()
        kernel = compile(Path(KERNELS / f"{name}.nopromise.ttir"), target="mlu370")
        launch = Launch(grid, kernel.name, TARGET)
        small = Tolerance(launch, kernel.source, launch.answer(kernel.source, args), args).whole_numbers()[0].args
        assert np.abs(small[0]).max() == largest
        for stage in kernel.stages:
            assert not any(np.any(e) for e in watched(launch, kernel.module(stage), small).errors), stage


def test_fractions_of_the_program_s_own_are_bounded_on_whole_numbers() -> None:
    grid, args, _ = softmax()
    kernel = compile(Path(KERNELS / "softmax.nopromise.ttir"), target="mlu370")
    launch = Launch(grid, kernel.name, TARGET)
    small = Tolerance(launch, kernel.source, launch.answer(kernel.source, args), args).whole_numbers()[-1].args
    out, unchanged = watched(launch, kernel.source, small).errors
    assert 0 < np.max(out) < 1e-3 and not np.any(unchanged)


CALLED = """
tt.func private @scaled(%v: f32, %s: f32) -> f32 {
  %r = arith.mulf %v, %s : f32
  tt.return %r : f32
}
tt.func public @f(%x: !tt.ptr<f32>, %s: f32, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %pid = tt.get_program_id x : i32
  %p = tt.addptr %x, %pid : !tt.ptr<f32>, i32
  %start = tt.load %p : !tt.ptr<f32>
  %odd = arith.remsi %pid, %n : i32
  %is = arith.cmpi eq, %odd, %c0 : i32
  %sum = scf.for %i = %c0 to %pid step %c1 iter_args(%a = %start) -> (f32) : i32 {
    %b = tt.call @scaled(%a, %s) : (f32, f32) -> f32
    %c = arith.addf %b, %start : f32
    scf.yield %c : f32
  }
  %w = scf.if %is -> (f32) {
    %e = math.exp %sum : f32
    scf.yield %e : f32
  } else {
    scf.yield %sum : f32
  }
  tt.store %p, %w : !tt.ptr<f32>
  tt.return
}
"""


def test_control_flow_and_calls() -> None:
    """Loops whose programs run different numbers of turns, branches that differ, functions: in place."""
    x, s = np.random.default_rng(5).standard_normal(13).astype(np.float32), 0.75
    kernel = compile(CALLED, target="mlu370", partial=True)
    found = watched(Launch(13, "f"), kernel.source, [x, s, 3])
    truth = x.astype(np.float64)
    for p in range(13):
        total = truth[p]
        for _ in range(p):
            total = total * s + truth[p]
        truth[p] = math.exp(total) if p % 3 == 0 else total
    (errors,) = found.errors
    distance = np.abs(found.answer.arrays[0][1] - truth)
    assert (distance <= np.asarray(errors)).all() and 0 < np.max(errors) < 1e-2


ON_TENSORS = """
func.func @f(%a: tensor<20x30xf32>, %b: tensor<30xf32>) -> (tensor<20xf32>, tensor<20x30xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<20xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<20xf32>) -> tensor<20xf32>
  %dot = linalg.generic {
    indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>],
    iterator_types = ["parallel", "reduction"]
  } ins(%a, %b : tensor<20x30xf32>, tensor<30xf32>) outs(%f0 : tensor<20xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<20xf32>
  %e1 = tensor.empty() : tensor<20x30xf32>
  %exp = linalg.exp ins(%a : tensor<20x30xf32>) outs(%e1 : tensor<20x30xf32>) -> tensor<20x30xf32>
  return %dot, %exp : tensor<20xf32>, tensor<20x30xf32>
}
"""


def test_functions_on_tensors_return_their_errors_at_every_stage() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.standard_normal((20, 30)).astype(np.float32), rng.standard_normal(30).astype(np.float32)
    kernel = compile(ON_TENSORS, target="mlu370")
    truth = [a.astype(float) @ b.astype(float), np.exp(a.astype(float))]
    assert kernel(a, b, check=True).checked
    for stage in kernel.stages:
        found = watched(Launch(1, "f", TARGET), kernel.module(stage), [a, b])
        named = dict(zip((name for name, _ in found.answer.arrays), found.errors, strict=True))
        for i, wanted in enumerate(truth):
            array = dict(found.answer.arrays)[f"result {i}"]
            errors = np.asarray(named[f"result {i}"])
            assert (np.abs(array - wanted) <= errors * 1.01).all() and 0 < errors.max() < 1e-4, (stage, i)
        assert not np.any(named["a"]) and not np.any(named["b"])
