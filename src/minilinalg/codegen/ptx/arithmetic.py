"""Instructions of f32 and of f64 by name, whose constants are Python's floats: what functions are written with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from minilinalg.codegen.ptx.conversions import float_bits
from minilinalg.codegen.ptx.elements import Operand
from minilinalg.codegen.ptx.writer import Writer

Number: TypeAlias = "str | float"
"""A register, or a number that becomes a constant."""

INFINITY, NAN = float("inf"), float("nan")


@dataclass(frozen=True)
class Arithmetic:
    """Instructions on floats of one type, and on integers as wide as they are."""

    w: Writer
    kind: ClassVar[str]
    """The type of the floats, as instructions end on it."""
    letter: ClassVar[str]
    """What names a register of that width."""
    width: ClassVar[int]
    """Bits of a float."""

    def f(self, opcode: str, *xs: Number) -> str:
        return self.w.pure(self.letter, f"{opcode}.{self.kind}", *map(self._operand, xs))

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

    def i(self, opcode: str, *xs: str | int, letter: str | None = None) -> str:
        """An instruction on integers. Its result is as wide as the floats, or what `letter` names."""
        return self.w.pure(letter or self.letter, opcode, *xs)

    def test(self, relation: str, a: Number, b: Number) -> str:
        return self.w.pure("p", f"setp.{relation}.{self.kind}", self._operand(a), self._operand(b))

    def choose(self, condition: str, a: Number, b: Number) -> str:
        return self.w.pure(self.letter, f"selp.b{self.width}", self._operand(a), self._operand(b), condition)

    def held(self, x: str, low: float, high: float) -> str:
        return self.f("min", self.f("max", x, low), high)

    def or_nan(self, x: str, found: str) -> str:
        return self.choose(self.test("nan", x, x), x, found)

    def polynomial(self, x: str, coefficients: tuple[float, ...]) -> str:
        """Of ascending powers."""
        last, *others = reversed(coefficients)
        found: Number = last
        for coefficient in others:
            found = self.fma(found, x, coefficient)
        assert isinstance(found, str)
        return found

    def _operand(self, x: Number) -> Operand:
        return x if isinstance(x, str) else float_bits(x, self.kind)


class Singles(Arithmetic):
    """f32."""

    kind, letter, width = "f32", "r", 32


class Doubles(Arithmetic):
    """f64."""

    kind, letter, width = "f64", "d", 64
