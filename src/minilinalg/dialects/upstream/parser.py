"""Reading MLIR text: xDSL's parser with what official files need.

* Aliases (`#loc3`, `#blocked`, `!t`) may be used before they are defined: a table of where each is defined is made by
  one scan, and a definition is parsed when it is first used.
* Locations of all forms: `"f":1:2 to 3:4`, `"name"(...)`, `callsite(... at ...)`, `fused<meta>[...]`.
* A hexadecimal literal is the bit pattern of a float type, in `dense<>` as for scalars.
* Every operation records where it stood in the text (`minilinalg.locations` says how).
"""

from __future__ import annotations

import re
from bisect import bisect_right

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AnyFloat,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NoneAttr,
    StringAttr,
)
from xdsl.ir import Attribute, Operation
from xdsl.parser import Parser
from xdsl.utils.mlir_lexer import MLIRTokenKind

from minilinalg.locations import with_text_place

_ALIAS_DEFINITION = re.compile(r"^[ \t]*([#!][A-Za-z_$-][\w$-]*)[ \t]*=", re.MULTILINE)


class MLIRParser(Parser):
    """xDSL's parser, completed as this module's docstring says."""

    def __init__(self, ctx: Context, text: str, file: str = "<string>"):
        super().__init__(ctx, text, file)
        self._file = StringAttr(file)
        self._line_starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._alias_definitions = {m[1]: m.end() for m in _ALIAS_DEFINITION.finditer(text)}

    # Aliases

    def _parse_alias_def(self) -> None:
        token = self._consume_token()
        self.parse_punctuation("=", " after the name of an alias")
        self.attribute_aliases[token.text] = self.parse_attribute()

    def _parse_extended_type_or_attribute(self, attr_or_dialect_name: str, is_type: bool) -> Attribute:  # pyright: ignore
        alias = ("!" if is_type else "#") + attr_or_dialect_name
        if alias not in self.attribute_aliases and alias in self._alias_definitions:
            position = self.pos
            self._resume_from(self._alias_definitions.pop(alias))
            self.attribute_aliases[alias] = self.parse_attribute()
            self._resume_from(position)
        return super()._parse_extended_type_or_attribute(attr_or_dialect_name, is_type)

    # Locations

    def _text_location(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        return FileLineColLoc(self._file, IntAttr(line), IntAttr(position - self._line_starts[line - 1] + 1))

    def parse_operation(self) -> Operation:
        position = self.pos
        if self._current_token.kind == MLIRTokenKind.PERCENT_IDENT:
            text = self.lexer.input.content
            position = text.index("=", position) + 1
            while text[position : position + 1].isspace():
                position += 1
        op = super().parse_operation()
        place = self._text_location(position)
        op.location = with_text_place(op.location, place)
        return op

    def _parse_location(self) -> LocationAttr:
        if self.parse_optional_keyword("fused") is not None:
            metadata: Attribute = NoneAttr()
            if self.parse_optional_punctuation("<") is not None:
                metadata = self.parse_attribute()
                self.parse_punctuation(">")
            return FusedLoc(self.parse_comma_separated_list(self.Delimiter.SQUARE, self._parse_location), metadata)
        location = super()._parse_location()
        if isinstance(location, FileLineColLoc) and self.parse_optional_keyword("to") is not None:
            if self.parse_optional_punctuation(":") is None:
                self.parse_integer(False, False)
                self.parse_punctuation(":")
            self.parse_integer(False, False)
        return location

    # Literals

    class _TensorLiteralElement(Parser._TensorLiteralElement):  # pyright: ignore
        def to_type(self, parser: Parser, type: Attribute):  # pyright: ignore
            if isinstance(type, AnyFloat) and isinstance(self.value, int) and self.span.text[:2] == "0x":
                raw = self.value.to_bytes(type.compile_time_size, "little")
                return next(type.iter_unpack(raw))
            return super().to_type(parser, type)  # pyright: ignore
