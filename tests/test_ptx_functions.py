"""Functions of f32 as they are printed, on many numbers: as exact as their table says. No GPU is needed."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from ptx_model import F32, U32, Model
from ptx_programs import FUNCTIONS, off_by

from minilinalg.codegen.ptx import math_functions
from minilinalg.codegen.ptx.math_functions import BITS_OF_TWO_OVER_PI, Arithmetic
from minilinalg.codegen.ptx.writer import Machine, Writer

COUNT = 200_000
SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, 2.0**-126, 1.0, -1.0, 3.4e38, -3.4e38, 0.5, 2.0], F32
)


@cache
def lines(name: str) -> tuple[list[str], str]:
    """The instructions, and where the result is; the argument is in %r0."""
    w = Writer(Machine(80), {}, 32)
    result = math_functions.FUNCTIONS[f"math.{name}"](Arithmetic(w), "%r0")
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
