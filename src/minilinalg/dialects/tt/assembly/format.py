"""A format: its string read into directives, and with them the operation that has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Self, cast

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, SymbolRefAttr, UnitAttr, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AttrConstraint,
    AttrSizedOperandSegments,
    BaseAttr,
    EqAttrConstraint,
    IRDLOperation,
    OpDef,
    OptionalDef,
    VariadicDef,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly.directives import (
    AllOperands,
    AttributeDictionary,
    Directive,
    FunctionalType,
    Group,
    IntegerProperty,
    IntegersProperty,
    KeywordProperty,
    Literal,
    Operand,
    OperandTypes,
    Reading,
    StringProperty,
    SymbolProperty,
    TypeOf,
    Types,
    UnitProperty,
    Writing,
)
from minilinalg.dialects.tt.attributes import EnumAttr
from minilinalg.dialects.tt.traits import TypesMatch, same
from minilinalg.dialects.tt.types import TypeClass

SEGMENTS = AttrSizedOperandSegments.attribute_name
INTEGERS = DenseArrayBase.constr(i32)
TOKENS = re.compile(r"""\s*(?:`(?P<literal>[^`]*)`|(?P<other>\$\w+|[\w-]+|\)\?|[()^,]))""")


class Format:
    """A format read for one operation."""

    def __init__(self, text: str, op_type: type[IRDLOperation]):
        self.definition: OpDef = op_type.get_irdl_definition()
        self.op_type = op_type
        self.values: dict[str, AttrConstraint] = {}
        self.variadic: set[str] = set()
        for name, definition in (*self.definition.operands, *self.definition.results):
            self.values[name] = _each(definition.constr)
            if isinstance(definition, VariadicDef) and not isinstance(definition, OptionalDef):
                self.variadic.add(name)
        self.operand_names = tuple(name for name, _ in self.definition.operands)
        self.result_names = tuple(name for name, _ in self.definition.results)
        self.properties = {name: definition.default_value for name, definition in self.definition.properties.items()}
        self.has_segments = any(isinstance(option, AttrSizedOperandSegments) for option in self.definition.options)
        self.typed: set[str] = set()
        self.tokens = [(m["literal"], m["other"]) for m in TOKENS.finditer(text)]
        self.tokens.reverse()
        self.named = frozenset((*re.findall(r"\$(\w+)", text), SEGMENTS))
        self.elements: list[Directive] = []
        while self.tokens:
            self.elements.append(self._element())
        self.derivations = self._derivations()

    def _element(self) -> Directive:
        literal, word = self.tokens.pop()
        if literal is not None:
            return Literal(literal)
        if word == "(":
            return self._group()
        if word == "attr-dict":
            return AttributeDictionary(self.properties, self.named)
        if word == "operands":
            return AllOperands(Operand(self.operand_names[0], True))
        if word == "qualified":
            inner, *_ = self._arguments()
            return self._type(inner, qualified=True)
        if word == "type":
            (inner,) = self._arguments()
            return self._type(inner, qualified=False)
        if word == "functional-type":
            operands, results = self._arguments()
            return FunctionalType(self._types(operands), self._result(results))
        return self._variable(word[1:])

    def _group(self) -> Group:
        elements: list[Directive] = []
        anchor: Directive | None = None
        while self.tokens[-1][1] != ")?":
            elements.append(self._element())
            if self.tokens[-1][1] == "^":
                self.tokens.pop()
                anchor = elements[-1]
        self.tokens.pop()
        assert anchor is not None, f"optional group without anchor in the format of {self.op_type.name}"
        return Group(elements, anchor)

    def _arguments(self) -> list[str]:
        words: list[str] = []
        depth = 0
        while True:
            word = self.tokens.pop()[1]
            depth += (word == "(") - (word == ")")
            if word not in ("(", ")", ",", "type"):
                words.append(word)
            if depth == 0:
                return words

    def _variable(self, name: str) -> Directive:
        if (value := _snake(name)) in self.values:
            return Operand(value, value in self.variadic)
        constraint = self.definition.properties[name].constr
        if isinstance(constraint, EnumAttr):
            return KeywordProperty(name, constraint.enum, self.properties[name])
        if constraint == INTEGERS:
            return IntegersProperty(name)
        if not isinstance(constraint, BaseAttr):
            return IntegerProperty(name)
        kinds: dict[type[Attribute], type[StringProperty | SymbolProperty | UnitProperty]] = {
            StringAttr: StringProperty,
            SymbolRefAttr: SymbolProperty,
            UnitAttr: UnitProperty,
        }
        return kinds[constraint.attr](name)

    def _type(self, word: str, qualified: bool) -> Directive:
        if word == "operands":
            return OperandTypes(self._types(word))
        name = _snake(word[1:])
        self.typed.add(name)
        constraint = self.values[name]
        whole = qualified or name in self.variadic
        stripped = constraint.stripped if isinstance(constraint, TypeClass) and not whole else None
        return TypeOf(name, name in self.variadic, stripped)

    def _types(self, word: str) -> Types:
        names = self.operand_names if word == "operands" else (_snake(word[1:]),)
        self.typed.update(names)
        return Types(names)

    def _result(self, word: str) -> str | None:
        name = self.result_names[0] if word == "results" and self.result_names else _snake(word[1:])
        self.typed.add(name)
        return name if name in self.values else None

    def _derivations(self) -> list[TypesMatch]:
        """The `TypesMatch` traits that give the types that the format leaves out, in an order that works."""
        known = set(self.typed)
        derivations: list[TypesMatch] = []
        matches = [trait for trait in self.definition.traits if isinstance(trait, TypesMatch)]
        matches += [replace(m, source=m.target, target=m.source) for m in matches if m.of is same]
        while ready := [m for m in matches if m.source in known and m.target not in known]:
            derivations.append(ready[0])
            known.add(ready[0].target)
        untyped = [n for n in self.result_names if n not in known and not isinstance(self.values[n], EqAttrConstraint)]
        assert not untyped, f"the format of {self.op_type.name} and its TypesMatch traits give no type of {untyped}"
        return derivations

    def parse(self, parser: Parser) -> Operation:
        """Read one operation, the parser standing behind its name."""
        position = parser.pos
        reading = Reading()
        for element in self.elements:
            element.parse(parser, reading)
        types = reading.types
        for name in types:
            if name in self.operand_names and name not in reading.operands and types[name]:
                parser.raise_error(f"a type for operand '{name}', which is not there", position, parser.pos)
        try:
            for match in self.derivations:
                types[match.target] = [match.of(type) for type in types.get(match.source, ())]
        except VerifyException as problem:
            parser.raise_error(str(problem), position, parser.pos)
        operands: list[SSAValue] = []
        segments: list[int] = []
        for name in self.operand_names:
            unresolved = reading.operands.get(name, ())
            segments.append(len(unresolved))
            if unresolved:
                operand_types = self._types_of(name, unresolved, types)
                if len(operand_types) != len(unresolved):
                    found = f"{len(unresolved)} values and {len(operand_types)} types for operand '{name}'"
                    parser.raise_error(f"{found}: one type for each value", position, parser.pos)
                operands.extend(map(parser.resolve_operand, unresolved, operand_types))
        if self.has_segments:
            reading.properties[SEGMENTS] = _segment_sizes(tuple(segments))
        return self.op_type.create(
            operands=operands,
            result_types=[type for name in self.result_names for type in self._types_of(name, (None,), types)],
            properties=reading.properties,
            attributes=reading.attributes,
        )

    def _types_of(
        self, name: str, values: Sequence[object], types: dict[str, Sequence[Attribute]]
    ) -> Sequence[Attribute]:
        """The types of value `name`: as written or derived, or the only one that it may have."""
        constraint = self.values[name]
        if name not in types and isinstance(constraint, EqAttrConstraint):
            return (constraint.attr,) * len(values)
        return types.get(name, ())

    def print(self, op: Operation, printer: Printer) -> None:
        """Write one operation behind its name."""
        writing = Writing(printer)
        for element in self.elements:
            element.print(op, writing)


@cache
def _segment_sizes(sizes: tuple[int, ...]) -> Attribute:
    return DenseArrayBase.from_list(i32, sizes)


def _each(constraint: Any) -> AttrConstraint:
    """The constraint of each type of a range, which xDSL wraps in one of its length."""
    while not isinstance(constraint, AttrConstraint):
        constraint = getattr(constraint, "constr", None) or constraint.constraint
    return cast(AttrConstraint, constraint)


def _snake(name: str) -> str:
    """The Python name of an operand or result: outLHS -> out_lhs."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Syntax:
    """The assembly format of an operation, read on its first use."""

    def __init__(self, text: str):
        self.text = text
        self.formats: dict[type[IRDLOperation], Format] = {}

    def format(self, op_type: type[IRDLOperation]) -> Format:
        """The format as it is read for `op_type`."""
        if (format := self.formats.get(op_type)) is None:
            format = self.formats[op_type] = Format(self.text, op_type)
        return format


class FormattedOperation(IRDLOperation):
    """An operation that is read and written by its `SYNTAX`."""

    SYNTAX: ClassVar[Syntax]

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        op = cls.SYNTAX.format(cls).parse(parser)
        assert isinstance(op, cls)
        return op

    def print(self, printer: Printer) -> None:
        self.SYNTAX.format(type(self)).print(self, printer)
