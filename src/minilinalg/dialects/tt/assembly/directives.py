r"""The elements of an assembly format: each reads its part of an operation, and writes it.

| directive | stands for |
|---|---|
| `` `word` ``, `` `,` `` | itself |
| `$name` | an operand; or an attribute as its kind writes it: a keyword, a string, a symbol, digits, or nothing |
| `attr-dict` | all attributes that the format does not name; those equal to their default are left out |
| `type($name)`, `type(operands)` | the types of these values |
| `qualified(type($name))` | the same; without it, a type that can only be one of `tt` is written without its name |
| `functional-type(a, b)` | `(types) -> types`, where a and b are `operands`, `results` or `$name` |
| `operands` | all operands |
| `( ... $name^ ... )?` | present when `name` is; on parsing, when its first literal is |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, StringAttr, SymbolRefAttr, UnitAttr, i32
from xdsl.ir import Attribute, Operation, ParametrizedAttribute
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer

from minilinalg.dialects.tt.attributes import KeywordEnum, parse_keyword
from minilinalg.dialects.tt.traits import named_values


@dataclass
class Reading:
    """What of an operation has been read so far."""

    operands: dict[str, list[UnresolvedOperand]] = field(default_factory=dict[str, list[UnresolvedOperand]])
    types: dict[str, Sequence[Attribute]] = field(default_factory=dict[str, Sequence[Attribute]])
    properties: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    attributes: dict[str, Attribute] = field(default_factory=dict[str, Attribute])


@dataclass
class Writing:
    """Where an operation is printed, and whether a space is due: upstream's rules for spaces between directives."""

    printer: Printer
    space: bool = True
    after_punctuation: bool = False

    def before_value(self) -> None:
        """Print the space that stands before a value, an attribute or a type."""
        if self.space or not self.after_punctuation:
            self.printer.print_string(" ")
        self.space, self.after_punctuation = True, False

    def literal(self, text: str) -> None:
        """Print a word or punctuation with the spaces that belong to it."""
        tight = text in (">)}]," if self.after_punctuation else "<>(){}[],") and len(text) == 1
        self.printer.print_string(f" {text}" if self.space and not tight else text)
        self.space = text not in ("<", "(", "{", "[")
        self.after_punctuation = not (text[0].isalpha() or text[0] == "_")


class Directive:
    """One element of a format."""

    def parse(self, parser: Parser, reading: Reading) -> None:
        """Read the element."""
        raise AssertionError

    def parse_optional(self, parser: Parser, reading: Reading) -> bool:
        """Read the element if it is there: asked of the first element of an optional group."""
        raise AssertionError

    def print(self, op: Operation, writing: Writing) -> None:
        """Write the element."""
        raise AssertionError

    def present(self, op: Operation) -> bool:
        """Whether the optional group that has this element as its anchor is written."""
        raise AssertionError


@dataclass
class Literal(Directive):
    """A word or punctuation."""

    text: str

    def parse(self, parser: Parser, reading: Reading) -> None:
        if self.text[0].isalpha():
            parser.parse_keyword(self.text)
        else:
            parser.parse_punctuation(self.text)  # pyright: ignore[reportArgumentType]

    def parse_optional(self, parser: Parser, reading: Reading) -> bool:
        if self.text[0].isalpha():
            return parser.parse_optional_keyword(self.text) is not None
        return parser.parse_optional_punctuation(self.text) is not None  # pyright: ignore[reportArgumentType]

    def print(self, op: Operation, writing: Writing) -> None:
        writing.literal(self.text)


@dataclass
class Operand(Directive):
    """One operand, or the comma-separated operands of a variadic one."""

    name: str
    variadic: bool

    def parse(self, parser: Parser, reading: Reading) -> None:
        if self.variadic:
            self.parse_optional(parser, reading)
        else:
            reading.operands[self.name] = [parser.parse_unresolved_operand()]

    def parse_optional(self, parser: Parser, reading: Reading) -> bool:
        operand = parser.parse_optional_unresolved_operand()
        if operand is None:
            return False
        operands = reading.operands[self.name] = [operand]
        while self.variadic and parser.parse_optional_punctuation(",") is not None:
            operands.append(parser.parse_unresolved_operand())
        return True

    def print(self, op: Operation, writing: Writing) -> None:
        if values := named_values(op, self.name):
            writing.before_value()
            writing.printer.print_list(values, writing.printer.print_ssa_value)

    def present(self, op: Operation) -> bool:
        return bool(named_values(op, self.name))


@dataclass
class AllOperands(Directive):
    """`operands`: all of an operation whose only operand is variadic."""

    operand: Operand

    def parse(self, parser: Parser, reading: Reading) -> None:
        self.operand.parse_optional(parser, reading)

    def print(self, op: Operation, writing: Writing) -> None:
        self.operand.print(op, writing)


@dataclass
class KeywordProperty(Directive):
    """An enumeration, as its keyword."""

    name: str
    enum: type[KeywordEnum]
    default: Attribute | None

    def parse(self, parser: Parser, reading: Reading) -> None:
        reading.properties[self.name] = parse_keyword(parser, self.enum).attribute

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        writing.printer.print_string(self.enum.of(op.properties[self.name]).keyword)

    def present(self, op: Operation) -> bool:
        return op.properties.get(self.name) not in (None, self.default)


@dataclass
class StringProperty(Directive):
    """A string, in quotes."""

    name: str

    def parse(self, parser: Parser, reading: Reading) -> None:
        reading.properties[self.name] = StringAttr(parser.parse_str_literal())

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        writing.printer.print_attribute(op.properties[self.name])


@dataclass
class SymbolProperty(Directive):
    """A symbol: `@name`."""

    name: str

    def parse(self, parser: Parser, reading: Reading) -> None:
        reading.properties[self.name] = SymbolRefAttr(parser.parse_symbol_name())

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        writing.printer.print_attribute(op.properties[self.name])


@dataclass
class IntegerProperty(Directive):
    """An i32, as its digits."""

    name: str

    def parse(self, parser: Parser, reading: Reading) -> None:
        reading.properties[self.name] = IntegerAttr(parser.parse_integer(allow_boolean=False), i32)

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        writing.printer.print_string(str(cast(IntegerAttr[IntegerType], op.properties[self.name]).value.data))


@dataclass
class IntegersProperty(Directive):
    """An array of i32, as a list of digits without brackets."""

    name: str

    def parse(self, parser: Parser, reading: Reading) -> None:
        numbers = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_integer)
        reading.properties[self.name] = DenseArrayBase.from_list(i32, numbers)

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        values = cast(DenseArrayBase[IntegerType], op.properties[self.name]).get_values()
        writing.printer.print_string(", ".join(map(str, values)))


@dataclass
class UnitProperty(Directive):
    """An attribute without a value; the literal before it in its group says all."""

    name: str

    def parse(self, parser: Parser, reading: Reading) -> None:
        reading.properties[self.name] = UnitAttr()

    def print(self, op: Operation, writing: Writing) -> None:
        pass

    def present(self, op: Operation) -> bool:
        return self.name in op.properties


@dataclass
class AttributeDictionary(Directive):
    """`attr-dict`: what the format does not name. Names that the operation defines are properties."""

    defaults: Mapping[str, Attribute | None]
    named: frozenset[str]

    def parse(self, parser: Parser, reading: Reading) -> None:
        for name, attribute in parser.parse_optional_attr_dict().items():
            if name in self.defaults:
                reading.properties[name] = attribute
            else:
                reading.attributes[name] = attribute

    def print(self, op: Operation, writing: Writing) -> None:
        shown = {
            name: attribute
            for name, attribute in op.properties.items()
            if name not in self.named and attribute != self.defaults.get(name)
        }
        if shown or op.attributes:
            writing.printer.print_op_attributes(dict(sorted((shown | op.attributes).items())))
        writing.after_punctuation = False


@dataclass
class TypeOf(Directive):
    """`type($name)`: the type of one value, or the comma-separated types of a variadic one."""

    name: str
    variadic: bool
    stripped: type[ParametrizedAttribute] | None

    def parse(self, parser: Parser, reading: Reading) -> None:
        if self.variadic:
            reading.types[self.name] = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        elif self.stripped is None:
            reading.types[self.name] = (parser.parse_type(),)
        elif (written := parser.parse_optional_type()) is not None:
            reading.types[self.name] = (written,)
        else:
            reading.types[self.name] = (self.stripped.new(self.stripped.parse_parameters(parser)),)

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        types = [value.type for value in named_values(op, self.name)]
        if self.stripped is None:
            writing.printer.print_list(types, writing.printer.print_attribute)
        else:
            for type in types:
                assert isinstance(type, self.stripped)
                type.print_parameters(writing.printer)

    def present(self, op: Operation) -> bool:
        return bool(named_values(op, self.name))


@dataclass
class Types:
    """The values whose types a directive lists: named ones, or all operands or results."""

    names: tuple[str, ...]

    def take(self, parser: Parser, reading: Reading, types: Sequence[Attribute], position: int) -> None:
        """Give `types` out to these operands, as many to each as there are of it."""
        counts = [len(reading.operands.get(name, ())) for name in self.names]
        if sum(counts) != len(types):
            parser.raise_error(f"{sum(counts)} operands and {len(types)} types: one type for each operand", position)
        start = 0
        for name, count in zip(self.names, counts, strict=True):
            reading.types[name] = types[start : start + count]
            start += count

    def of(self, op: Operation) -> Iterable[Attribute]:
        """The types to be written."""
        return (value.type for name in self.names for value in named_values(op, name))


@dataclass
class OperandTypes(Directive):
    """`type(operands)`: the types of all operands."""

    operands: Types

    def parse(self, parser: Parser, reading: Reading) -> None:
        position = parser.pos
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        self.operands.take(parser, reading, types, position)

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        writing.printer.print_list(self.operands.of(op), writing.printer.print_attribute)


@dataclass
class FunctionalType(Directive):
    """`functional-type(operands, results)`: `(types) -> types`."""

    operands: Types
    result: str | None

    def parse(self, parser: Parser, reading: Reading) -> None:
        position = parser.pos
        function_type = parser.parse_function_type()
        self.operands.take(parser, reading, function_type.inputs.data, position)
        if self.result is not None:
            reading.types[self.result] = function_type.outputs.data

    def print(self, op: Operation, writing: Writing) -> None:
        writing.before_value()
        writing.printer.print_function_type(self.operands.of(op), op.result_types)


@dataclass
class Group(Directive):
    """`( ... )?`: all of it or nothing."""

    elements: Sequence[Directive]
    anchor: Directive

    def parse(self, parser: Parser, reading: Reading) -> None:
        if self.elements[0].parse_optional(parser, reading):
            for element in self.elements[1:]:
                element.parse(parser, reading)

    def print(self, op: Operation, writing: Writing) -> None:
        if self.anchor.present(op):
            for element in self.elements:
                element.print(op, writing)
