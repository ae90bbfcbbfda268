"""Text to IR: `parse_module` reads one module, `parse_attribute` one attribute, and both turn whatever is wrong with it
into an `InputError` with a place."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import TypeVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute
from xdsl.utils.exceptions import MultipleSpansParseError, ParseError, VerifyException

from minilinalg.broken_rules import explain_types
from minilinalg.context import MLContext, make_context
from minilinalg.dialects.upstream.parser import MLIRParser
from minilinalg.dialects.upstream.reporting import place_in
from minilinalg.errors import InputError, near_name
from minilinalg.verification import verify as verify_module


def parse_module(text: str, file: str = "<string>", ctx: MLContext | None = None, *, verify: bool = True) -> ModuleOp:
    """The module that `text` holds (operations without a module around them get one).

    `file` names the text in messages and locations. Every operation records where it stood. With `verify`, the
    module's rules are checked too.

    Raises InputError, with the place in the text and in the source that the text was made from, when the text is
    not well formed, uses an unknown dialect, operation or attribute, or breaks a rule; and for Python, without one.
    """
    if file.endswith(".py"):
        raise InputError(
            f"'{file}' is Python",
            rule="a module is read from MLIR text",
            hint="docs/your-own-kernel.md shows how Triton writes the TTIR of a kernel",
        )
    module = _read(text, file, ctx, lambda parser: parser.parse_module())
    if verify:
        verify_module(module, {file: text})
    return module


def parse_attribute(text: str, file: str = "<string>", ctx: MLContext | None = None) -> Attribute:
    """The attribute that is all of `text`. Raises InputError as `parse_module` does."""

    def read(parser: MLIRParser) -> Attribute:
        attribute = parser.parse_attribute()
        if parser.token_text(parser.pos):
            parser.raise_error("expected the end of the attribute")
        return attribute

    return _read(text, file, ctx, read)


Read = TypeVar("Read")


def _read(text: str, file: str, ctx: MLContext | None, read: Callable[[MLIRParser], Read]) -> Read:
    try:
        parser = MLIRParser(ctx or make_context(), text, file)
    except ParseError as error:
        # The very first token already is none.
        raise InputError(_tidy(error.msg), places=[place_in(text, file, error.span.start)]) from None
    try:
        return read(parser)
    except InputError:
        raise
    except MultipleSpansParseError as error:
        raise _missing_block(parser, error) from None
    except ParseError as error:
        raise _syntax_error(parser, error.msg, error.span.start, error.span.end) from None
    except VerifyException as error:
        raise _syntax_error(parser, str(error), parser.pos, parser.pos) from None
    except RecursionError:
        raise _syntax_error(parser, "nested too deeply", parser.pos, parser.pos) from None
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        NotImplementedError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        # xDSL's own parsing methods assume much of what they read; a text that surprises one of them is a wrong text.
        raise _syntax_error(parser, f"not understood: {error}", parser.pos, parser.pos) from error


_UNKNOWN_CHOICE = re.compile(r"(unknown .* '(.*)'): it is one of (.*)")
"""Of our own parsing methods."""
_CHOICES = re.compile(r"^expected ((?:one of )?[`'].*[`']).*, found '([^']+)'$")
"""Of xDSL's."""
_UNEXPECTED = re.compile(r"unexpected character: (.)", re.DOTALL)
_NAMELESS = "expected a name or a number"
_REWORDED = {
    "could not parse entire input": "expected an operation",
    "expect symbol name": "expected a symbol name such as @main",
    "expected SSA value tuple size": "expected '=' and an operation, or ':' and the number of results",
    "expected result SSA value": "expected the name of another result",
    "expected suffix identifier after {first_char}": _NAMELESS,
    "@ identifier expected to start with letter, '_', or '\"'": 'expected a name such as @main or @"a name"',
    "expected shape type": "expected a size and 'x', or the type of the elements",
}
"""Messages of xDSL that say little to somebody who does not know its source."""

_TYPES_ELSEWHERE = {
    **{f"float{bits}": f"f{bits}" for bits in (16, 32, 64)},
    **{f"{sign}int{bits}": f"i{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float": "f32",
    "double": "f64",
    "half": "f16",
    "bfloat16": "bf16",
    "int": "i32",
    "long": "i64",
    "bool": "i1",
}
"""Names of types in other languages."""


def _tidy(message: str) -> str:
    """xDSL's messages in the form of ours: no capital at the start, no full stop or exclamation mark at the end."""
    message = message.strip(" \n").rstrip(".!")
    message = message[:1].lower() + message[1:]
    message = _UNEXPECTED.sub(lambda found: f"unexpected character {found[1]!r}", message)
    return _REWORDED.get(message, message)


def _missing_block(parser: MLIRParser, error: MultipleSpansParseError) -> InputError:
    """A branch to a block that the region does not have: xDSL reports it where the region ends."""
    span, _ = error.refs[0]
    return InputError(
        f"block {span.text} is not defined",
        rule="a successor is a block of the same region",
        places=[parser.place(span.start, len(span))],
    )


def _syntax_error(parser: MLIRParser, message: str, start: int, end: int) -> InputError:
    """xDSL's `message` about the text from `start` to `end`, with what stands there, how it is written, near names."""
    found = _tidy(message)
    token = parser.token_text(start)
    if not token:
        # The place is behind the last word, not on an empty line below it.
        start = end = parser.end_of_text
    if found == _NAMELESS:
        found += f" behind {token!r}"
    elif "expect" in found and not re.search(r"\b(unexpected|found|got|but|was given)\b", found):
        found += f", found {token!r}" if token else ", found the end of the text"
    place = parser.place(start, max(end - start, len(token or ""), 1))
    if (unknown := _UNKNOWN_CHOICE.fullmatch(found)) is not None:
        hint = near_name(unknown[2], unknown[3].split(", "))
        return InputError(unknown[1], rule=f"it is one of {unknown[3]}", hint=hint, places=[place])
    around = [each for each in parser.open_operations if each[0]]
    if not around:
        return InputError(found, hint=_hint(found, token), places=[place])
    name, position = around[-1]
    op_type = parser.ctx.get_optional_op(name)
    if op_type is not None and (explained := explain_types(op_type, _tidy(message))) is not None:
        found, rule, hint = explained
        return InputError(found, rule=rule, hint=hint, places=[parser.place(position, len(name))])
    found = f"in '{name}': {found}" if name not in found else found
    in_region = not parser.open_operations[-1][0]
    example = None if in_region else parser.example_of(name)
    rule = example and f"{name} is written like `{example}`"
    hint = _hint(found, token) if token else f"'{name}' of line {parser.place(position).line} is not closed"
    return InputError(found, rule=rule, hint=hint, places=[place])


def _hint(found: str, token: str) -> str | None:
    """What was meant by a `token`."""
    if (misspelt := _CHOICES.search(found)) is not None:
        return near_name(misspelt[2], re.findall(r"[`']([^`']+)[`']", misspelt[1]))
    if "type" in found and token in _TYPES_ELSEWHERE:
        return f"did you mean '{_TYPES_ELSEWHERE[token]}'?"
    return None
