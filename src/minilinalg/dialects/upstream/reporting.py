"""Places in the text that is read, and mistakes reported there."""

from __future__ import annotations

import inspect
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import NoReturn

from xdsl.context import Context
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, StringAttr
from xdsl.parser import AttrParser, Parser, ParserState
from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Input, Span

from minilinalg.dialects.upstream.lexer import FastLexer
from minilinalg.errors import InputError, Place, near_name
from minilinalg.locations import file_place


def place_in(text: str, file: str, start: int, length: int = 1) -> Place:
    """The place of the character at offset `start` of `text`, with its line."""
    start = min(start, len(text))
    first = text.rfind("\n", 0, start) + 1
    end = text.find("\n", first)
    line = text.count("\n", 0, first) + 1
    return Place(file, line, start - first + 1, text[first : end if end >= 0 else None], length)


_INDENTED = re.compile(r"(?:^(?: {4}.*)?\n)*^ {4}.*$", re.MULTILINE)
"""An example in a documentation that is set off by its indentation."""


def _continued(first: str, lines: Iterable[str]) -> Iterable[str]:
    """The lines that belong to the operation on the line `first`: its regions, and what stands behind them."""
    indentation = len(first) - len(first.lstrip())
    for line in lines:
        if len(line) - len(line.lstrip()) <= indentation and not line.lstrip().startswith(
            ("}", "]", "^", "case ", "default ")
        ):
            return
        yield line


class ReportingParser(Parser):
    """xDSL's parser, which knows where in which text it stands.

    `open_operations` holds the names of the operations that are being read, and where they stand, the innermost
    last; a region that is being read is an operation without a name.
    """

    def __init__(self, ctx: Context, text: str, file: str = "<string>"):
        AttrParser.__init__(self, ParserState(FastLexer(Input(text, file))), ctx)
        self.ssa_values = {}
        self.blocks = {}
        self.forward_block_references = defaultdict(list)
        self.forward_ssa_references = {}
        self.open_operations: list[tuple[str, int]] = []
        self._text = text
        self._file = StringAttr(file)
        self._line_starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._numbers: dict[int, IntAttr] = {}

    def place(self, start: int, length: int = 1) -> Place:
        """The place of the character at offset `start`, with its line."""
        return place_in(self._text, self._file.data, start, length)

    @property
    def end_of_text(self) -> int:
        """The offset behind the last character that is no space."""
        return len(self._text.rstrip())

    def token_text(self, start: int) -> str:
        """The token at offset `start`, empty at the end of the text or where no token starts."""
        lexer = FastLexer(self.lexer.input)
        lexer.pos = start
        try:
            return lexer.lex().text
        except ParseError:
            return self._text[start : start + 1]

    def example_of(self, operation: str) -> str | None:
        """How an operation is written: the first piece of its documentation that holds its name, on one line."""
        op_type = self.ctx.get_optional_op(operation)
        documentation = inspect.cleandoc((op_type and op_type.__doc__) or "")
        named = re.compile(rf"(?<![\w.]){re.escape(operation)}(?![\w.])")
        blocks = [*re.findall(r"```\w*\n(.*?)```", documentation, re.DOTALL), *_INDENTED.findall(documentation)]
        for block in blocks:
            lines = block.splitlines()
            for first, line in enumerate(lines):
                if named.search(line):
                    return " ".join(" ".join([line, *_continued(line, lines[first + 1 :])]).split())
        snippets = re.findall(r"`([^`]*)`", documentation)
        return next((" ".join(snippet.split()) for snippet in snippets if named.search(snippet)), None)

    def fail(self, found: str, span: Span, *, rule: str | None = None, hint: str | None = None) -> NoReturn:
        """Report a mistake of whoever wrote the text."""
        raise InputError(found, rule=rule, hint=hint, places=[self.place(span.start, len(span))])

    def _text_location(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        column = position - self._line_starts[line - 1] + 1
        return file_place(self._file, self._number(line), self._number(column))

    def _number(self, value: int) -> IntAttr:
        if (attr := self._numbers.get(value)) is None:
            attr = self._numbers[value] = IntAttr(value)
        return attr

    def fail_unknown(self, kind: str, name: str, span: Span) -> NoReturn:
        dialect, _, _ = name.partition(".")
        dialects = tuple(self.ctx.registered_dialect_names)
        span = Span(span.start, span.start + len(span.text.split()[0]), span.input)
        if "." in name and dialect not in dialects:
            self.fail(
                f"unknown dialect '{dialect}' in {kind} '{name}'",
                span,
                rule=f"a dialect is one of: {', '.join(sorted(dialects))}",
                hint=near_name(dialect, dialects),
            )
        known = {
            "operation": self.ctx.loaded_ops,
            "type": self.ctx.loaded_types,
            "attribute": self.ctx.loaded_attrs,
        }[kind]
        if "." not in name:
            self.fail(
                f"unknown {kind} '{name}'",
                span,
                rule=f"the name of an {kind} starts with its dialect, as in 'arith.addf'",
                hint=near_name(name, {k.name for k in known} | {k.name.split(".", 1)[1] for k in known}),
            )
        names = [k.name.split(".", 1)[1] for k in known if k.name.startswith(f"{dialect}.")]
        near = near_name(name.split(".", 1)[1], names)
        self.fail(
            f"unknown {kind} '{name}'",
            span,
            rule=f"the dialect '{dialect}' has no {kind} of this name",
            hint=near and near.replace("'", f"'{dialect}.", 1),
        )
