"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from minilinalg.codegen.ptx.arithmetic import NAN, Doubles
from minilinalg.codegen.ptx.doubles.logarithms import log, log1p
from minilinalg.codegen.ptx.doubles.powers import LN_2, exp, expm1

LARGE = 22.0
"""From here on, e^-x is nothing beside e^x."""


def _half_power(c: Doubles, magnitude: str) -> str:
    """e^|x| / 2, which is a float where e^|x| is not."""
    root = exp(c, c.mul(magnitude, 0.5))
    return c.mul(c.mul(root, 0.5), root)


def sinh(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    e = expm1(c, c.f("min", magnitude, LARGE))
    near = c.mul(c.add(e, c.div(e, c.add(e, 1.0))), 0.5)
    found = c.choose(c.test("lt", magnitude, LARGE), near, _half_power(c, magnitude))
    return c.or_nan(x, c.signed(x, found))


def cosh(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    e = exp(c, c.f("min", magnitude, LARGE))
    near = c.fma(e, 0.5, c.div(0.5, e))
    return c.or_nan(x, c.choose(c.test("lt", magnitude, LARGE), near, _half_power(c, magnitude)))


def tanh(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    held = c.f("min", magnitude, LARGE)
    e = expm1(c, c.add(held, held))
    return c.or_nan(x, c.signed(x, c.div(e, c.add(e, 2.0))))


def asinh(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    held = c.f("min", magnitude, 2.0**28)
    square = c.mul(held, held)
    near = log1p(c, c.add(held, c.div(square, c.add(c.sqrt(c.add(square, 1.0)), 1.0))))
    far = c.add(log(c, magnitude), LN_2)
    return c.or_nan(x, c.signed(x, c.choose(c.test("lt", magnitude, 2.0**28), near, far)))


def acosh(c: Doubles, x: str) -> str:
    t = c.sub(c.f("min", x, 2.0**28), 1.0)
    near = log1p(c, c.add(t, c.sqrt(c.fma(t, t, c.add(t, t)))))
    found = c.choose(c.test("lt", x, 2.0**28), near, c.add(log(c, x), LN_2))
    return c.choose(c.test("ltu", x, 1.0), NAN, found)


def atanh(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    inner = c.div(c.add(magnitude, magnitude), c.sub(1.0, magnitude))
    found = c.choose(c.test("gtu", magnitude, 1.0), NAN, c.mul(log1p(c, inner), 0.5))
    return c.choose(c.test("ltu", magnitude, 2.0**-54), x, c.signed(x, found))
