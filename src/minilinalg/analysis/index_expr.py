"""Integer expressions over SSA values: what offsets, strides and the bounds of masks are made of.

An expression is a polynomial with integer coefficients in symbols. A symbol is the number that a scalar SSA value
holds, the offset that a loop carries for a tensor, or a function of expressions that is no polynomial (a minimum, a
remainder). Two expressions that are equal as polynomials are equal, so strides compare and bounds cancel without any
rewriting.

Nothing here makes IR: `passes/triton_to_linalg/conversion.py` writes an expression as operations on `index`. The
numbers are exact; that index arithmetic does not overflow is what the input promises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.ir import SSAValue


@dataclass(frozen=True)
class Number:
    """The signed number in a scalar SSA value of an integer type or `index`."""

    value: SSAValue


@dataclass(frozen=True)
class Carried:
    """The offset of a tensor of integers, or of a pointer, that a loop or a branch carries (see `pointers.py`)."""

    value: SSAValue


@dataclass(frozen=True)
class Apply:
    """A function of expressions: "min", "max", "divsi", "remsi" (as in arith), or "select" between two of them."""

    function: str
    operands: tuple[Expr, ...]
    condition: Condition | None = None


Symbol: TypeAlias = Number | Carried | Apply
Monomial: TypeAlias = tuple[Symbol, ...]
_Key: TypeAlias = frozenset[tuple[Symbol, int]]


class Expr:
    """A polynomial: `terms` are (product of symbols, coefficient), the empty product is the constant term."""

    __slots__ = ("_by_key", "_hash", "terms")

    def __init__(self, terms: Iterable[tuple[Monomial, int]]):
        # Terms and factors stay in the order in which they came, so that the code made from them is always the same.
        by_key: dict[_Key, tuple[Monomial, int]] = {}
        for monomial, coefficient in terms:
            key = frozenset(Counter(monomial).items())
            shown, before = by_key.get(key, (monomial, 0))
            by_key[key] = (shown, before + coefficient)
        self._by_key = {key: term for key, term in by_key.items() if term[1] != 0}
        self.terms: tuple[tuple[Monomial, int], ...] = tuple(self._by_key.values())
        self._hash = hash(frozenset((key, c) for key, (_, c) in self._by_key.items()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expr) or self._hash != other._hash:
            return False
        return {k: c for k, (_, c) in self._by_key.items()} == {k: c for k, (_, c) in other._by_key.items()}

    def __hash__(self) -> int:
        return self._hash

    @property
    def constant(self) -> int | None:
        """The number that the expression is whatever its symbols are; None when it depends on them."""
        if not self.terms:
            return 0
        (monomial, coefficient), *more = self.terms
        return None if more or monomial else coefficient

    @property
    def constant_part(self) -> int:
        """The coefficient of the empty product."""
        return self._by_key.get(frozenset(), ((), 0))[1]

    def symbols(self) -> Iterator[Symbol]:
        """Every symbol that occurs, those inside of functions too."""
        for monomial, _ in self.terms:
            for symbol in monomial:
                yield symbol
                if isinstance(symbol, Apply):
                    for operand in symbol.operands:
                        yield from operand.symbols()
                    if symbol.condition is not None and isinstance(symbol.condition.of, Expr):
                        yield from symbol.condition.of.symbols()

    def conditions(self) -> Iterator[SSAValue]:
        """Every i1 value that a `select` inside asks."""
        conditions = (symbol.condition for symbol in self.symbols() if isinstance(symbol, Apply))
        yield from (c.of for c in conditions if c is not None and isinstance(c.of, SSAValue))

    def values(self) -> Iterator[SSAValue]:
        """The SSA values that it is computed from, or whose carried offsets it contains."""
        yield from (symbol.value for symbol in self.symbols() if isinstance(symbol, Number | Carried))
        yield from self.conditions()

    def __add__(self, other: Expr | int) -> Expr:
        return Expr((*self.terms, *_expr(other).terms))

    def __neg__(self) -> Expr:
        return Expr((m, -c) for m, c in self.terms)

    def __sub__(self, other: Expr | int) -> Expr:
        return self + -_expr(other)

    def __mul__(self, other: Expr | int) -> Expr:
        return Expr(((*m, *n), c * d) for m, c in self.terms for n, d in _expr(other).terms)

    def __repr__(self) -> str:
        return " + ".join("*".join([str(c), *map(_name, m)]) for m, c in self.terms) or "0"


@dataclass(frozen=True)
class Condition:
    """A truth about a program: an i1 value, or an expression that is below zero. `negated` turns the i1 value round."""

    of: SSAValue | Expr
    negated: bool = False

    def __invert__(self) -> Condition:
        """The condition that holds where this one does not."""
        if isinstance(self.of, Expr):
            return Condition(-self.of - 1)
        return Condition(self.of, not self.negated)

    @property
    def known(self) -> bool | None:
        """Whether it holds, when that does not depend on any value."""
        constant = self.of.constant if isinstance(self.of, Expr) else None
        return None if constant is None else constant < 0


def constant(value: int) -> Expr:
    """The expression of a number."""
    return Expr([((), value)])


ZERO, ONE = constant(0), constant(1)


def number(value: SSAValue) -> Expr:
    """The expression of a scalar SSA value."""
    return Expr([((Number(value),), 1)])


def carried(value: SSAValue) -> Expr:
    """The expression of the offset of a carried tensor or pointer."""
    return Expr([((Carried(value),), 1)])


def smallest(*operands: Expr | int) -> Expr:
    """The least of some expressions. One that is never less than another is left out."""
    return _extreme("min", [_expr(x) for x in operands], sign=1)


def largest(*operands: Expr | int) -> Expr:
    """The greatest of some expressions."""
    return _extreme("max", [_expr(x) for x in operands], sign=-1)


def quotient(lhs: Expr, rhs: Expr) -> Expr:
    """`arith.divsi`: rounded towards zero."""
    a, b = lhs.constant, rhs.constant
    if b == 1:
        return lhs
    if a is not None and b is not None and b != 0:
        return constant(abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))
    return Expr([((Apply("divsi", (lhs, rhs)),), 1)])


def remainder(lhs: Expr, rhs: Expr) -> Expr:
    """`arith.remsi`: the sign is that of `lhs`."""
    a, b = lhs.constant, rhs.constant
    if b == 1:
        return ZERO
    if a is not None and b is not None and b != 0:
        return lhs - quotient(lhs, rhs) * rhs
    return Expr([((Apply("remsi", (lhs, rhs)),), 1)])


def choose(condition: Condition, then: Expr, otherwise: Expr) -> Expr:
    """`then` where the condition holds, else `otherwise`."""
    if then == otherwise or condition.known is True:
        return then
    if condition.known is False:
        return otherwise
    return Expr([((Apply("select", (then, otherwise), condition),), 1)])


def _expr(value: Expr | int) -> Expr:
    return constant(value) if isinstance(value, int) else value


def _extreme(function: str, operands: list[Expr], sign: int) -> Expr:
    kept: list[Expr] = []
    for operand in operands:
        # A constant distance says which of two is never needed.
        if any((d := (operand - other).constant) is not None and d * sign >= 0 for other in kept):
            continue
        kept = [o for o in kept if (d := (o - operand).constant) is None or d * sign < 0]
        kept.append(operand)
    return kept[0] if len(kept) == 1 else Expr([((Apply(function, tuple(kept)),), 1)])


def _name(symbol: Symbol) -> str:
    match symbol:
        case Number(value):
            return f"%{value.name_hint or hex(id(value))}"
        case Carried(value):
            return f"offset(%{value.name_hint or hex(id(value))})"
        case Apply(function, operands):
            return f"{function}({', '.join(map(repr, operands))})"
