"""Functions of f32 and f64 as they are printed, on many numbers: as exact as their table says. No GPU is needed."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from ptx_model import F32, F64, U32, U64, Model
from ptx_programs import FUNCTIONS, WIDE_FUNCTIONS, off_by

from minilinalg.codegen.ptx import doubles, math_functions
from minilinalg.codegen.ptx.arithmetic import Doubles, Singles
from minilinalg.codegen.ptx.doubles import angles
from minilinalg.codegen.ptx.math_functions import BITS_OF_TWO_OVER_PI
from minilinalg.codegen.ptx.writer import Machine, Writer

COUNT = 200_000
SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, 2.0**-126, 1.0, -1.0, 3.4e38, -3.4e38, 0.5, 2.0], F32
)


@cache
def lines(name: str) -> tuple[list[str], str]:
    """The instructions, and where the result is; the argument is in %r0."""
    w = Writer(Machine(80), {}, 32)
    result = math_functions.FUNCTIONS[f"math.{name}"](Singles(w), "%r0")
    return [instruction.text for instruction in w.instructions], result


def computed(name: str, x: Any, towards: int = 0) -> Any:
    text, result = lines(name)
    model = Model(BITS_OF_TWO_OVER_PI, towards)
    model.registers["%r0"] = x.view(U32)
    model.run(text, len(x))
    return model.registers[result].view(F32)


def numbers(low: float, high: float) -> Any:
    random = np.random.default_rng(7)
    third = COUNT // 3
    usual = (low + (high - low) * random.random(third)).astype(F32)
    small = (random.standard_normal(third) * 2.0 ** random.integers(-30, 3, third)).astype(F32)
    near_one = (1 + random.standard_normal(third) * 2.0 ** random.integers(-24, 0, third)).astype(F32)
    any_bits = np.frombuffer(random.bytes(4 * third), F32)
    return np.concatenate([SPECIAL, usual, small, near_one, any_bits])


@pytest.mark.parametrize(("name", "exact", "ulps", "where"), FUNCTIONS, ids=[row[0] for row in FUNCTIONS])
@pytest.mark.parametrize("towards", [0, 1, -1])
def test_as_exact_as_the_table_says(name: str, exact: Any, ulps: int, where: Any, towards: int) -> None:
    x = numbers(*where)
    if towards and name in ("exp2", "rsqrt"):
        pytest.skip("it is the instruction")
    if name in ("sin", "cos", "tan"):
        # NumPy's own are exact for angles that are not far.
        x = x[~(np.abs(x) > 1e6) | ~np.isfinite(x)]
    with np.errstate(all="ignore"):
        wanted = exact(x.astype(np.float64))
    off = off_by(computed(name, x, towards), wanted)
    worst = int(np.argmax(off))
    assert off[worst] <= ulps, (x[worst], wanted[worst])


def test_signs_of_zeros() -> None:
    zeros = np.array([0.0, -0.0], F32)
    for name in ("expm1", "log1p", "sin", "tan", "tanh", "erf"):
        assert np.signbit(computed(name, zeros)).tolist() == [False, True], name


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_far_angles(name: str) -> None:
    random = np.random.default_rng(5)
    x = (random.standard_normal(3000) * 2.0 ** random.integers(10, 127, 3000)).astype(F32)
    x = np.concatenate([x, np.array([105615.0, -105615.0, 105614.99, 3.4028235e38, 2.0**31, 1.6367e19], F32)])
    wanted = np.array([angle(name, float(each)) for each in x])
    assert off_by(computed(name, x), wanted).max() <= 3


def angle(name: str, x: float) -> float:
    """sin or cos of a multiple of 2^-60, with pi to 1,100 bits."""
    bits = 1100
    rest = (int(x * 2**60) << bits - 60) % (2 * pi(bits))
    exact = (rest >> bits - 200) / (1 << 200)
    return math.sin(exact) if name == "sin" else math.cos(exact)


@cache
def pi(bits: int) -> int:
    """pi times 2^bits (Machin, 1706)."""

    def arctan(n: int) -> int:
        power = (1 << bits + 32) // n
        total, k, sign = power, 3, -1
        while power:
            power //= n * n
            total += sign * (power // k)
            k, sign = k + 2, -sign
        return total

    return 4 * (4 * arctan(5) - arctan(239)) >> 32


# f64


@cache
def wide_lines(name: str) -> tuple[list[str], str]:
    w = Writer(Machine(80), {}, 32)
    names = ("%d0", "%e0") if name in ("atan2", "powf") else ("%d0",)
    result = doubles.FUNCTIONS[f"math.{name}"](Doubles(w), *names)
    return [instruction.text for instruction in w.instructions], result


def wide_computed(name: str, *xs: Any) -> Any:
    text, result = wide_lines(name)
    model = Model(angles.bits_of_two_over_pi())
    for register, x in zip(("%d0", "%e0"), xs, strict=False):
        model.registers[register] = x.view(U64)
    model.run(text, len(xs[0]))
    return model.registers[result].view(F64)


WIDE_SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.0**-1022, 1, -1, 1.7e308, -1.7e308, 0.5, 2, 0.75],
    F64,
)


def wide_numbers(low: float, high: float, count: int) -> Any:
    random = np.random.default_rng(8)
    third = count // 3
    usual = low + (high - low) * random.random(third)
    small = random.standard_normal(third) * 2.0 ** random.integers(-60, 6, third)
    near_one = 1 + random.standard_normal(third) * 2.0 ** random.integers(-53, 0, third)
    any_bits = np.frombuffer(random.bytes(8 * third), F64)
    return np.concatenate([WIDE_SPECIAL, usual, small, near_one, any_bits])


def exactly(name: str, x: Any) -> Any:
    """erf and erfc to more bits than a float has."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workprec(120):
        return np.array(
            [np.longdouble(mpmath.nstr(getattr(mpmath, name)(mpmath.mpf(float(v))), 25)) for v in np.clip(x, -99, 99)]
        )


@pytest.mark.parametrize(("name", "exact", "ulps", "where"), WIDE_FUNCTIONS, ids=[row[0] for row in WIDE_FUNCTIONS])
def test_doubles_are_as_exact_as_the_table_says(name: str, exact: Any, ulps: int, where: Any) -> None:
    if np.finfo(np.longdouble).nmant < 60:
        pytest.skip("NumPy has no floats with more bits than f64 here")
    x = wide_numbers(*where, 60_000 if exact is not None else 6000)
    with np.errstate(all="ignore"):
        wanted = exactly(name, x) if exact is None else exact(x.astype(np.longdouble))
        off = off_by(wide_computed(name, x), wanted)
    worst = int(np.argmax(off))
    assert off[worst] <= ulps, (x[worst], wanted[worst], off[worst])


def test_angles_of_points() -> None:
    random = np.random.default_rng(9)
    y, x = (random.standard_normal(20_000) * 2.0 ** random.integers(-40, 40, 20_000) for _ in range(2))
    pairs = [(a, b) for a in WIDE_SPECIAL for b in WIDE_SPECIAL]
    y, x = (np.concatenate([v, np.array(column)]) for v, column in zip((y, x), zip(*pairs, strict=True), strict=True))
    found = wide_computed("atan2", y, x)
    wanted = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
    assert off_by(found, wanted).max() <= 4
    assert (np.signbit(found) == np.signbit(wanted))[~np.isnan(found)].all()


@pytest.mark.parametrize("kind", [F32, F64])
def test_powers(kind: Any) -> None:
    """Those of f32 are those of f64, rounded once more."""
    random = np.random.default_rng(10)
    n = 40_000
    x = (np.exp(random.standard_normal(n) * 6) * random.choice([1, -1], n)).astype(kind)
    # Powers up to the largest.
    wide = random.random(n) * 1.4 * np.log(float(np.finfo(kind).max)) / np.log(np.abs(x).astype(F64))
    y = np.select([np.arange(n) % 3 == 0, np.arange(n) % 3 == 1], [random.integers(-20, 20, n), wide], random.random(n))
    x[1::6] = np.abs(x[1::6])
    special = SPECIAL if kind is F32 else WIDE_SPECIAL
    pairs = [(a, b) for a in special for b in [*special, 3, -3, 4, 2.5, 16777217]]
    xs = [np.concatenate([v, np.array(c)]).astype(kind) for v, c in zip((x, y), zip(*pairs, strict=True), strict=True)]
    with np.errstate(all="ignore"):
        found = wide_computed("powf", *(v.astype(F64) for v in xs)).astype(kind)
        wanted = np.power(*(v.astype(np.longdouble) for v in xs))
        assert off_by(found, wanted).max() <= (1 if kind is F32 else 2)
    assert (np.signbit(found) == np.signbit(wanted))[~np.isnan(found)].all()


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_far_angles_of_doubles(name: str) -> None:
    random = np.random.default_rng(11)
    x = random.standard_normal(2000) * 2.0 ** random.integers(15, 1022, 2000)
    # The double that is nearest to a multiple of pi / 2, and where the ways part.
    x = np.concatenate([x, np.array([6381956970095103 * 2.0**797, 131072.0, 131071.99999999999, -131072.0, 1.7e308])])
    wanted = np.array([wide_angle(name, float(each)) for each in x])
    assert off_by(wide_computed(name, x), wanted).max() <= 2


def wide_angle(name: str, x: float) -> Any:
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workprec(1400):
        return np.longdouble(mpmath.nstr(getattr(mpmath, name)(mpmath.mpf(x)), 25))


def test_signs_of_zeros_of_doubles() -> None:
    zeros = np.array([0.0, -0.0], F64)
    for name in ("expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "cbrt", "erf"):
        assert np.signbit(wide_computed(name, zeros)).tolist() == [False, True], name
