"""All forms of `loc(...)`, to attributes and back to text.

    "file":1:2      "file":1:2 to 3:4      "file":1:2 to :4      "name"      "name"(loc)
    unknown         callsite(loc at loc)   fused[loc, ...]       fused<attribute>[loc, ...]      #alias

xDSL has no attribute for a range of positions, and its location classes are final: a range is the fused location of its
two ends with the metadata `"to"`, and prints as a range.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xdsl.dialects.builtin import (
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.mlir_lexer import MLIRTokenKind

from minilinalg.locations import UNKNOWN, file_place

LOCATIONS = (UnknownLoc, FileLineColLoc, CallSiteLoc, NameLoc, FusedLoc)
RANGE = StringAttr("to")
"""The metadata of a fused location that stands for `"file":1:2 to 3:4`."""


def file_range(start: FileLineColLoc, end_line: int, end_column: int) -> FusedLoc:
    """The location from `start` up to a line and column of the same file."""
    return FusedLoc((start, FileLineColLoc(start.filename, IntAttr(end_line), IntAttr(end_column))), RANGE)


def is_range(location: Attribute) -> bool:
    return isinstance(location, FusedLoc) and location.metadata == RANGE


def nested_locations(location: Attribute) -> tuple[LocationAttr, ...]:
    """The locations that `location` is made of, in the order in which they are written."""
    match location:
        case NameLoc():
            return (location.location,) if isinstance(location.location, LOCATIONS) else ()
        case CallSiteLoc():
            return location.callee, location.caller  # pyright: ignore[reportReturnType]
        case FusedLoc() if not is_range(location):
            return tuple(location.locations)  # pyright: ignore
        case _:
            return ()


_POSITION = re.compile(r'"([^"\\\n]*)":(\d+):(\d+)')
"""Nearly every location of a file; what it does not match is read token by token."""


class LocationParser(Parser):
    """xDSL's parser with all forms of locations."""

    def _parse_location(self) -> LocationAttr:
        """What stands between the parentheses of `loc(...)`, or nested inside of another location."""
        start = self.pos
        text = self.lexer.input.content
        if (position := _POSITION.match(text, start)) is not None:
            self._resume_from(position.end())
            line, column = IntAttr(int(position[2])), IntAttr(int(position[3]))
            return self._parse_optional_range(file_place(StringAttr(position[1]), line, column))
        if (name := self.parse_optional_str_literal()) is not None:
            if self.parse_optional_punctuation(":") is not None:
                return self._parse_position(StringAttr(name))
            if self.parse_optional_punctuation("(") is None:
                return NameLoc(StringAttr(name), NoneAttr())
            inner = self._parse_location()
            self.parse_punctuation(")", " after the location that a name stands for")
            return NameLoc(StringAttr(name), inner)
        if self._current_token.kind is MLIRTokenKind.HASH_IDENT:
            alias = self.parse_attribute()
            if not isinstance(alias, LOCATIONS):
                self.raise_error(f"expected a location, found an alias of {alias}", start, self.pos)
            return alias
        match self.parse_optional_keyword_in(("unknown", "callsite", "fused")):
            case "unknown":
                return UNKNOWN
            case "callsite":
                with self.in_parens():
                    callee = self._parse_location()
                    self.parse_keyword("at", " between callee and caller of a call site")
                    return CallSiteLoc(callee, self._parse_location())
            case "fused":
                metadata: Attribute = NoneAttr()
                if self.parse_optional_punctuation("<") is not None:
                    metadata = self.parse_attribute()
                    self.parse_punctuation(">", " after the metadata of a fused location")
                parts = self.parse_comma_separated_list(self.Delimiter.SQUARE, self._parse_location)
                return FusedLoc(tuple(parts), metadata)
            case _:
                self.raise_error(
                    'expected a location: "file":line:column, "name"(...), unknown, callsite(... at ...) or fused[...]'
                )

    def _parse_position(self, file: StringAttr) -> LocationAttr:
        line = self._parse_location_number()
        self.parse_punctuation(":", " between line and column of a location")
        return self._parse_optional_range(FileLineColLoc(file, IntAttr(line), IntAttr(self._parse_location_number())))

    def _parse_optional_range(self, start: FileLineColLoc) -> LocationAttr:
        if self.parse_optional_keyword("to") is None:
            return start
        line = start.line.data
        if self.parse_optional_punctuation(":") is None:
            line = self._parse_location_number()
            self.parse_punctuation(":", " between line and column of a location")
        return file_range(start, line, self._parse_location_number())

    def _parse_location_number(self) -> int:
        return self.parse_integer(allow_boolean=False, allow_negative=False, context_msg=" in a location")


def print_location_body(printer: Printer, location: Attribute, print_nested: Callable[[Attribute], None]) -> None:
    """The inverse of `parse_location_body`; `print_nested` prints the locations inside, by alias or in full."""
    match location:
        case FileLineColLoc():
            printer.print_string_literal(location.filename.data)
            printer.print_string(f":{location.line.data}:{location.column.data}")
        case NameLoc():
            printer.print_string_literal(location.desc.data)
            if isinstance(location.location, LOCATIONS):
                with printer.in_parens():
                    print_nested(location.location)
        case CallSiteLoc():
            printer.print_string("callsite(")
            print_nested(location.callee)
            printer.print_string(" at ")
            print_nested(location.caller)
            printer.print_string(")")
        case FusedLoc() if is_range(location):
            start, end = location.locations  # pyright: ignore
            print_location_body(printer, start, print_nested)  # pyright: ignore
            line = "" if start.line == end.line else end.line.data  # pyright: ignore
            printer.print_string(f" to {line}:{end.column.data}")  # pyright: ignore
        case FusedLoc():
            printer.print_string("fused")
            if not isinstance(location.metadata, NoneAttr):
                with printer.in_angle_brackets():
                    printer.print_attribute(location.metadata)
            with printer.in_square_brackets():
                printer.print_list(nested_locations(location), print_nested)
        case _:
            printer.print_string("unknown")
