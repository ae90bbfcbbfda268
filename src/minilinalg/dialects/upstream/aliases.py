"""Aliases: `#loc3 = loc(...)`, `#map = affine_map<...>`, `!t = tensor<4xf32>`.

Official files use them before they are defined. A scan makes a table of where each is defined; a definition is read
when it is used first, or when the parser comes to it. A later definition of the same name replaces it from there on.

Most lines of a file with locations are definitions of locations in one of four forms, which are matched at once.
"""

from __future__ import annotations

import re

from xdsl.context import Context
from xdsl.dialects.builtin import CallSiteLoc, IntAttr, LocationAttr, NameLoc, NoneAttr, StringAttr
from xdsl.ir import Attribute, TypeAttribute
from xdsl.utils.lexer import Span

from minilinalg.dialects.upstream.locations import LOCATIONS, UNKNOWN, LocationParser
from minilinalg.dialects.upstream.reporting import ReportingParser
from minilinalg.errors import near_name
from minilinalg.locations import file_place

_DEFINITION = re.compile(r"^[ \t]*([#!][A-Za-z_$-][\w$-]*)[ \t]*=", re.MULTILINE)
_REFERENCE = re.compile(r"\(\s*(#[\w$-]+)\s*\)")
"""`(#loc3)` behind `loc`."""
_LOCATION = re.compile(
    r"""\s* loc\( (?:
        "(?P<file>[^"\\\n]*)" : (?P<line>\d+) : (?P<column>\d+)
      | "(?P<name>[^"\\\n]*)" (?: \( (?P<named>\#[\w$-]+) \) )?
      | callsite\( (?P<callee>\#[\w$-]+) \s at \s (?P<caller>\#[\w$-]+) \)
      | (?P<unknown>unknown)
    ) \)""",
    re.VERBOSE,
)
"""A definition in one of the usual forms; any other is read token by token."""


class AliasParser(LocationParser, ReportingParser):
    """A parser that knows aliases before it comes to them."""

    def __init__(self, ctx: Context, text: str, file: str = "<string>"):
        super().__init__(ctx, text, file)
        self._alias_definitions = {m[1]: m.end() for m in _DEFINITION.finditer(text)}
        self._aliases_read: dict[int, tuple[Attribute, int]] = {}
        self._types: dict[str, TypeAttribute] = {}

    def _parse_alias_def(self) -> None:
        token = self._consume_token()
        if self._current_token.text != "=":
            self.parse_punctuation("=", " after the name of an alias")
        value, end = self._read_definition(self.pos + 1)
        if self.attribute_aliases.get(token.text, value) != value:
            # Types that were read with the old meaning are no longer what their text says.
            self._types.clear()
        self.attribute_aliases[token.text] = value
        self._resume_from(end)

    def _read_definition(self, start: int) -> tuple[Attribute, int]:
        """The attribute whose text starts at offset `start`, and where it ends. Moves the parser."""
        if (known := self._aliases_read.get(start)) is not None:
            return known
        if (found := _LOCATION.match(self._text, start)) is not None:
            result = self._usual_location(found), found.end()
        else:
            self._resume_from(start)
            result = self.parse_attribute(), self.pos
        self._aliases_read[start] = result
        return result

    def _usual_location(self, found: re.Match[str]) -> LocationAttr:
        if found["file"] is not None:
            line, column = IntAttr(int(found["line"])), IntAttr(int(found["column"]))
            return file_place(StringAttr(found["file"]), line, column)
        if found["name"] is not None:
            inner = NoneAttr() if found["named"] is None else self._location_alias(found, "named")
            return NameLoc(StringAttr(found["name"]), inner)
        if found["callee"] is not None:
            return CallSiteLoc(self._location_alias(found, "callee"), self._location_alias(found, "caller"))
        return UNKNOWN

    def _location_alias(self, found: re.Match[str], group: str) -> LocationAttr:
        location = self._alias(found[group], found.start(group))
        if not isinstance(location, LOCATIONS):
            self.raise_error(f"expected a location, found an alias of {location}", found.start(group), found.end(group))
        return location

    def _alias(self, name: str, start: int) -> Attribute:
        """What the alias `name`, which is used at offset `start`, stands for."""
        if (known := self.attribute_aliases.get(name)) is not None:
            return known
        # The definition is taken out of the table while it is read: an alias that needs itself is undefined.
        if (definition := self._alias_definitions.pop(name, None)) is None:
            self.fail(
                f"the alias {name} is not defined",
                Span(start, start + len(name), self.lexer.input),
                rule=f"an alias is defined at the start of a line, as {name} = ...",
                hint=near_name(name, {*self.attribute_aliases, *self._alias_definitions}),
            )
        position = self.pos
        value = self.attribute_aliases[name] = self._read_definition(definition)[0]
        self._resume_from(position)
        return value

    def _parse_extended_type_or_attribute(self, attr_or_dialect_name: str, is_type: bool) -> Attribute:  # pyright: ignore
        if "." in attr_or_dialect_name or self._current_token.text == "<":
            return super()._parse_extended_type_or_attribute(attr_or_dialect_name, is_type)  # pyright: ignore
        name = ("!" if is_type else "#") + attr_or_dialect_name
        # The alias was the token before the current one.
        return self._alias(name, self._text.rfind(name, 0, self.pos))

    def _parse_trailing_location(self) -> LocationAttr:
        """`loc(...)` behind an operation: nearly always one alias, which needs no tokens."""
        state = self._parser_state
        if (reference := _REFERENCE.match(self._text, state.lexer.pos)) is not None:
            location = self._location_alias(reference, 1)  # pyright: ignore[reportArgumentType]
            state.lexer.pos = reference.end()
            state.current_token = state.lexer.lex()
            return location
        location = self.parse_optional_location()
        assert location is not None
        return location
