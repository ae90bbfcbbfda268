"""Arithmetic over the scalars of a launch: `cdiv(n, 1024)`, `rows * stride`, `min(n, 64) - 1`.

Python's syntax, read with `ast` and evaluated by the tables below: nothing else of Python can be reached from here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeAlias

from minilinalg.errors import near_name

Number: TypeAlias = int | float


class ExpressionError(Exception):
    """What is wrong in an expression, and at which characters of it."""

    def __init__(self, found: str, rule: str, *, start: int = 0, length: int = 1, hint: str | None = None):
        super().__init__(found)
        self.found = found
        self.rule = rule
        self.start = max(start, 0)
        self.length = length
        self.hint = hint


class Function(NamedTuple):
    """A function that an expression may call; `signature` is what messages show."""

    signature: str
    least: int
    most: int
    compute: Callable[..., Number]


def cdiv(a: Number, b: Number) -> Number:
    """The quotient, rounded up."""
    return -(-a // b)


def next_power_of_2(n: Number) -> int:
    """The least power of two that is not below n."""
    return 1 << max(int(cdiv(n, 1)) - 1, 0).bit_length()


def magnitude(a: Number) -> Number:
    """The number without its sign: `abs` with a type of its own."""
    return abs(a)


FUNCTIONS: Mapping[str, Function] = {
    "cdiv": Function("cdiv(a, b)", 2, 2, cdiv),
    "min": Function("min(a, b, ...)", 2, 9, min),
    "max": Function("max(a, b, ...)", 2, 9, max),
    "abs": Function("abs(a)", 1, 1, magnitude),
    "next_power_of_2": Function("next_power_of_2(n)", 1, 1, next_power_of_2),
}

_BINARY: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Number], Number]] = {ast.USub: lambda a: -a, ast.UAdd: lambda a: a}

RULE = f"an expression has numbers, scalars, + - * / // %, and {', '.join(f.signature for f in FUNCTIONS.values())}"


class Arithmetic:
    """Evaluates expressions.

    value_of: the value of a scalar. scalars: their names. others: names that are no numbers (arrays), for the message.
    """

    def __init__(self, value_of: Callable[[str], Number], scalars: Collection[str], others: Collection[str] = ()):
        self.value_of = value_of
        self.scalars = scalars
        self.others = others

    def value(self, text: str) -> Number:
        """The number that the expression stands for. Raises ExpressionError."""
        return self._value(parse(text), text)

    def call(self, text: str) -> tuple[str, list[Number]]:
        """The name and the numbers of `name` or `name(1, n, ...)`. Raises ExpressionError."""
        match parse(text):
            case ast.Name(id=name):
                return name, []
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return name, [self._value(argument, text) for argument in arguments]
            case node:
                raise _at(node, text, f"'{text}' is no initialiser", "an initialiser is 'name' or 'name(number, ...)'")

    def _value(self, node: ast.expr, text: str) -> Number:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name):
                return self._scalar(node, name, text)
            case ast.UnaryOp() if (unary := _UNARY.get(type(node.op))) is not None:
                return unary(self._value(node.operand, text))
            case ast.BinOp() if (binary := _BINARY.get(type(node.op))) is not None:
                return self._computed(node, text, binary, self._value(node.left, text), self._value(node.right, text))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, [self._value(argument, text) for argument in arguments], text)
            case _:
                pass
        raise _at(node, text, f"'{_source(node, text)}' cannot stand in this expression", RULE)

    def _scalar(self, node: ast.expr, name: str, text: str) -> Number:
        if name in self.scalars:
            return self.value_of(name)
        if name in self.others:
            raise _at(
                node, text, f"'{name}' is an array", f"an expression is made of numbers: {', '.join(self.scalars)}"
            )
        known = ", ".join(self.scalars) or "none"
        raise _at(node, text, f"unknown name '{name}'", f"the numbers are: {known}", near_name(name, self.scalars))

    def _call(self, node: ast.expr, name: str, values: list[Number], text: str) -> Number:
        function = FUNCTIONS.get(name)
        if function is None:
            raise _at(node, text, f"unknown function '{name}'", RULE, near_name(name, FUNCTIONS))
        if not function.least <= len(values) <= function.most:
            found = f"the wrong number of arguments in '{_source(node, text)}'"
            raise _at(node, text, found, f"it is called as {function.signature}")
        return self._computed(node, text, function.compute, *values)

    def _computed(self, node: ast.expr, text: str, compute: Callable[..., Number], *values: Number) -> Number:
        try:
            return compute(*values)
        except ZeroDivisionError:
            raise _at(node, text, f"'{_source(node, text)}' divides by zero", "a divisor is not zero") from None
        except (OverflowError, ValueError) as error:
            raise _at(node, text, f"'{_source(node, text)}': {error}", "the result is a finite number") from None


def parse(text: str) -> ast.expr:
    """The expression's tree. Raises ExpressionError."""
    if not text.strip():
        raise ExpressionError("an expression with nothing in it", RULE)
    # Parentheses, so that leading blanks and line breaks are as good here as within any.
    try:
        return ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:
        start = _offset(text, error.lineno or 1, max((error.offset or 1) - 1, 0))
        start = min(start, len(text) - 1)
        raise ExpressionError(f"'{text}' is no expression", RULE, start=start) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"'{text[:40]}' is no expression", RULE) from None


def _at(node: ast.expr, text: str, found: str, rule: str, hint: str | None = None) -> ExpressionError:
    length = len(_source(node, text))
    return ExpressionError(found, rule, start=_offset(text, node.lineno, _column(node, text)), length=length, hint=hint)


def _column(node: ast.expr, text: str) -> int:
    """`ast` counts columns in bytes of UTF-8."""
    line = f"({text}".split("\n")[node.lineno - 1]
    return len(line.encode()[: node.col_offset].decode())


def _offset(text: str, line: int, column: int) -> int:
    """From a place in `(text` to the number of a character of `text`."""
    lines = f"({text}".split("\n")
    return sum(len(before) + 1 for before in lines[: line - 1]) + column - 1


def _source(node: ast.expr, text: str) -> str:
    return ast.get_source_segment(f"({text}\n)", node) or text
