"""Instructions of f64."""

from __future__ import annotations

from typing import TypeAlias

from minilinalg.codegen.ptx.conversions import float_bits
from minilinalg.codegen.ptx.elements import Operand
from minilinalg.codegen.ptx.writer import Writer

Number: TypeAlias = "str | float"
"""A register, or a number that becomes a constant."""

INFINITY, NAN = float("inf"), float("nan")


class Doubles:
    """Instructions of f64 by name, whose constants are Python's floats."""

    def __init__(self, w: Writer):
        self.w = w

    def f(self, opcode: str, *xs: Number) -> str:
        return self.w.pure("d", f"{opcode}.f64", *map(_operand, xs))

    def fma(self, a: Number, b: Number, c: Number) -> str:
        return self.f("fma.rn", a, b, c)

    def mul(self, a: Number, b: Number) -> str:
        return self.f("mul.rn", a, b)

    def add(self, a: Number, b: Number) -> str:
        return self.f("add.rn", a, b)

    def sub(self, a: Number, b: Number) -> str:
        return self.f("sub.rn", a, b)

    def div(self, a: Number, b: Number) -> str:
        return self.f("div.rn", a, b)

    def sqrt(self, a: Number) -> str:
        return self.f("sqrt.rn", a)

    def neg(self, a: Number) -> str:
        return self.f("neg", a)

    def abs(self, a: Number) -> str:
        return self.f("abs", a)

    def signed(self, sign: str, a: Number) -> str:
        """a with the sign of the first."""
        return self.f("copysign", sign, a)

    def i(self, opcode: str, *xs: str | int) -> str:
        """An instruction on 64-bit integers."""
        return self.w.pure("d", opcode, *xs)

    def test(self, relation: str, a: Number, b: Number) -> str:
        return self.w.pure("p", f"setp.{relation}.f64", _operand(a), _operand(b))

    def choose(self, condition: str, a: Number, b: Number) -> str:
        return self.w.pure("d", "selp.b64", _operand(a), _operand(b), condition)

    def polynomial(self, x: str, coefficients: tuple[float, ...]) -> str:
        """Of ascending powers."""
        last, *others = reversed(coefficients)
        found: Number = last
        for coefficient in others:
            found = self.fma(found, x, coefficient)
        assert isinstance(found, str)
        return found


def _operand(x: Number) -> Operand:
    return x if isinstance(x, str) else float_bits(x, "f64")


def held(c: Doubles, x: str, low: float, high: float) -> str:
    return c.f("min", c.f("max", x, low), high)


def or_nan(c: Doubles, x: str, found: str) -> str:
    return c.choose(c.test("nan", x, x), x, found)
