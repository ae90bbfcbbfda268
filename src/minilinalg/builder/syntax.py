"""Tensor comprehensions as text: the syntax tree, and the parser that makes it (comprehension.lark).

`C[m, n] += A[m, k] * B[k, n]` is one statement in the notation of Tensor Comprehensions (arXiv 1802.04730): the
indices range over all values that keep every subscript inside its tensor, and an index that is only on the right is
reduced over. This file knows the text alone; what the names mean is for `ranges` and `comprehension`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from minilinalg.errors import InputError, Place

if TYPE_CHECKING:
    from lark import Lark, Token, Tree


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` (exclusive) of the comprehension's text."""

    start: int
    end: int


@dataclass(frozen=True)
class Number:
    value: int | float
    span: Span


@dataclass(frozen=True)
class Name:
    """A name without subscripts: an index variable, a scalar operand or a constant."""

    name: str
    span: Span


@dataclass(frozen=True)
class Access:
    """One element of a tensor: `A[m + 1, 2*k]`."""

    tensor: str
    subscripts: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Unary:
    operator: str
    operand: Expression
    span: Span


@dataclass(frozen=True)
class Binary:
    """`operator` is the one of the text: `+ - * / // % ** == != < <= > >= and or & | ^`."""

    operator: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True)
class Call:
    """A function or, when `function` is the name of a dtype, a cast."""

    function: str
    arguments: tuple[Expression, ...]
    span: Span


Expression: TypeAlias = Number | Name | Access | Unary | Binary | Call


@dataclass(frozen=True)
class Range:
    """The clause `index in low:high`; `low` is None where it is not written."""

    index: Name
    low: Expression | None
    high: Expression
    span: Span


@dataclass(frozen=True)
class Comprehension:
    """`target[indices] assignment value where ranges`."""

    text: str
    target: Name
    indices: tuple[Name, ...]
    assignment: str
    assignment_span: Span
    value: Expression
    ranges: tuple[Range, ...] = ()

    def place(self, span: Span) -> Place:
        """Where `span` is, as line and column of the comprehension's text."""
        return place_in(self.text, span)


def place_in(text: str, span: Span) -> Place:
    """The place of a span in a text of one or more lines; a span over several lines is cut at the first one's end."""
    start = min(span.start, len(text))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    length = max(1, min(span.end, line_start + len(line)) - start)
    return Place("<comprehension>", text.count("\n", 0, start) + 1, start - line_start + 1, line, length)


def counted(number: int, noun: str) -> str:
    """ "no values", "1 value", "2 values": for messages."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def walk(expression: Expression) -> Iterator[Expression]:
    """`expression` and everything in it, in the order of the text."""
    yield expression
    match expression:
        case Unary(_, operand):
            yield from walk(operand)
        case Binary(_, left, right):
            yield from walk(left)
            yield from walk(right)
        case Access(_, parts) | Call(_, parts):
            for part in parts:
                yield from walk(part)
        case Number() | Name():
            pass


def parse_comprehension(text: str) -> Comprehension:
    """The syntax tree of `text`; InputError with the place of the first character that does not fit."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

    try:
        tree: Tree[Any] = cast(Any, _grammar()).parse(text)
    except UnexpectedToken as error:
        token = cast("Token", cast(Any, error).token)
        at_end = token.type == "$END"
        end = len(text.rstrip())
        span = Span(end, end + 1) if at_end else _token_span(token)
        _reject(text, span, None if at_end else str(token), set(error.accepts or error.expected))
    except UnexpectedCharacters as error:
        start = cast(int, cast(Any, error).pos_in_stream)
        _reject(text, Span(start, start + 1), text[start], set(error.allowed or ()))
    except (UnexpectedEOF, UnexpectedInput):
        _reject(text, Span(len(text), len(text) + 1), None, set())
    return _statement(text, tree)


@cache
def _grammar() -> Lark:
    from lark import Lark

    grammar = files(__package__ or __name__).joinpath("comprehension.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


# What the grammar's terminals are called in a message; several may share a phrase.
_PHRASES = {
    "NAME": "a name",
    "NUMBER": "a number",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "COMMA": "','",
    "COLON": "':'",
    "IN": "'in'",
    "WHERE": "'where'",
    "$END": "the end",
    "EQUAL": "an assignment (= += *= &= |= max= min=)",
    "ADDITIVE": "an operator",
}


def _reject(text: str, span: Span, found: str | None, expected: set[str]) -> NoReturn:
    phrases = [phrase for terminal, phrase in _PHRASES.items() if terminal in expected]
    hint = None
    if found == "(" and "EQUAL" in expected:
        hint = "subscripts are written in square brackets: C[m, n]"
    elif found is not None and found.startswith("!"):
        hint = "a reduction starts from its neutral value anyway; '+=' is enough"
    elif found == "=":
        hint = "'==' compares; an assignment is one '='" if text[span.start - 1] == "=" else "equality is '=='"
    raise InputError(
        "the comprehension ends too early" if found is None else f"'{found}' does not fit here",
        rule=f"expected {' or '.join(phrases)}" if phrases else "a comprehension is TARGET[indices] = expression",
        hint=hint,
        places=[place_in(text, span)],
    )


def _span(tree: Tree[Any]) -> Span:
    return Span(tree.meta.start_pos, tree.meta.end_pos)


def _token_span(token: Token) -> Span:
    return Span(cast(int, token.start_pos), cast(int, token.end_pos))


def _name(token: Token) -> Name:
    return Name(str(token), _token_span(token))


def _statement(text: str, tree: Tree[Any]) -> Comprehension:
    target, assignment, value, ranges = cast(Any, tree.children)
    name, *indices = target.children
    operator = assignment.children[0]
    return Comprehension(
        text,
        _name(name),
        tuple(_name(i) for i in indices if i is not None),
        str(operator),
        _token_span(operator),
        _expression(value),
        tuple(_range(r) for r in ranges.children) if ranges is not None else (),
    )


def _range(tree: Tree[Any]) -> Range:
    index, low, high = cast(Any, tree.children)
    return Range(_name(index), None if low is None else _expression(low), _expression(high), _span(tree))


def _expression(tree: Tree[Any]) -> Expression:
    span, children = _span(tree), cast(Any, tree.children)
    match tree.data:
        case "number":
            digits = str(children[0])
            return Number(int(digits) if digits.isdecimal() else float(digits), span)
        case "name":
            return Name(str(children[0]), span)
        case "access":
            return Access(str(children[0]), _expressions(children[1:]), span)
        case "call":
            return Call(str(children[0]), _expressions(children[1:]), span)
        case "unary":
            return Unary(str(children[0]), _expression(children[1]), span)
        case _:
            left, operator, right = children
            return Binary(str(operator), _expression(left), _expression(right), span)


def _expressions(children: list[Any]) -> tuple[Expression, ...]:
    return tuple(_expression(child) for child in children if child is not None)
