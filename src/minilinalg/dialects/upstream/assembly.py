"""Pieces of assembly that several upstream operations are written with.

(%a, %b)                       value_list
: t, u    -> t    -> (t, u)    type lists, result types
[%i, 4, %n]                    an index list: static numbers and dynamic values mixed
%x = %init, %y = %init         assignments of region arguments
ins(%a, %b : t, u)             operand groups
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, IndexType, IntegerType, i64
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException

INDEX = IndexType()


def counted(number: int, noun: str) -> str:
    """`1 size`, `2 sizes`, for messages."""
    plural = "indices" if noun == "index" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


# Lists of values and types


def parse_value_list(parser: Parser, delimiter: Parser.Delimiter = Parser.Delimiter.PAREN) -> list[UnresolvedOperand]:
    return parser.parse_comma_separated_list(delimiter, parser.parse_unresolved_operand)


def parse_indices(parser: Parser) -> list[SSAValue]:
    """`[%i, %j]`, each of type index."""
    return [parser.resolve_operand(value, INDEX) for value in parse_value_list(parser, Parser.Delimiter.SQUARE)]


def print_values(printer: Printer, values: Iterable[SSAValue], start: str = "", end: str = "") -> None:
    printer.print_string(start)
    printer.print_list(values, printer.print_ssa_value)
    printer.print_string(end)


def parse_optional_result_types(parser: Parser) -> list[Attribute]:
    """`-> type`, `-> (type, ...)` or nothing."""
    if parser.parse_optional_punctuation("->") is None:
        return []
    return parse_types(parser)


def print_optional_result_types(printer: Printer, types: Sequence[Attribute], *, always_parens: bool = False) -> None:
    """What `parse_optional_result_types` reads."""
    if types:
        printer.print_string(" -> ")
        print_types(printer, types, always_parens=always_parens)


def parse_types(parser: Parser) -> list[Attribute]:
    """One type, or several in parentheses."""
    types = parser.parse_optional_comma_separated_list(Parser.Delimiter.PAREN, parser.parse_type)
    return [parser.parse_type()] if types is None else list(types)


def print_types(printer: Printer, types: Sequence[Attribute], *, always_parens: bool = False) -> None:
    """One type as it is, several (or with `always_parens` one, too) in parentheses."""
    if len(types) == 1 and not always_parens:
        printer.print_attribute(types[0])
        return
    with printer.in_parens():
        printer.print_list(types, printer.print_attribute)


def print_type_list(printer: Printer, types: Iterable[Attribute], start: str = " : ") -> None:
    printer.print_string(start)
    printer.print_list(types, printer.print_attribute)


# Index lists


class IndexList(NamedTuple):
    """`[%i, 4]`: the dynamic values, and for each position its number or DYNAMIC_INDEX."""

    dynamic: list[SSAValue]
    static: DenseArrayBase


def index_list(values: Iterable[SSAValue | Operation | int]) -> IndexList:
    """The parts of a list that mixes values and numbers."""
    dynamic: list[SSAValue] = []
    static: list[int] = []
    for value in values:
        if isinstance(value, int):
            static.append(value)
        else:
            static.append(DYNAMIC_INDEX)
            dynamic.append(SSAValue.get(value))
    return IndexList(dynamic, DenseArrayBase.from_list(i64, static))


def mixed(static: DenseArrayBase, dynamic: Sequence[SSAValue]) -> list[SSAValue | int]:
    """The inverse of `index_list`."""
    values = iter(dynamic)
    return [next(values) if number == DYNAMIC_INDEX else number for number in static_values(static)]


def static_values(static: DenseArrayBase) -> tuple[int, ...]:
    return static.get_values()  # pyright: ignore


def parse_index_list(parser: Parser, delimiter: Parser.Delimiter = Parser.Delimiter.SQUARE) -> IndexList:
    def element() -> SSAValue | int:
        if (value := parser.parse_optional_unresolved_operand()) is not None:
            return parser.resolve_operand(value, INDEX)
        return parser.parse_integer(allow_boolean=False, context_msg=" or a value in an index list")

    return index_list(parser.parse_comma_separated_list(delimiter, element))


def print_index_list(
    printer: Printer, static: DenseArrayBase, dynamic: Sequence[SSAValue], brackets: str = "[]"
) -> None:
    def element(value: SSAValue | int) -> None:
        if isinstance(value, int):
            printer.print_string(str(value))
        else:
            printer.print_ssa_value(value)

    printer.print_string(brackets[0])
    printer.print_list(mixed(static, dynamic), element)
    printer.print_string(brackets[1])


def verify_index_list(op: Operation, what: str, static: DenseArrayBase, dynamic: Sequence[SSAValue]) -> None:
    """There is one value for each dynamic position."""
    wanted = static_values(static).count(DYNAMIC_INDEX)
    if wanted != len(dynamic):
        raise VerifyException(
            f"'{op.name}' has {counted(len(dynamic), 'value')} for its {what}, of which {wanted} are dynamic: "
            "there is a value for each dynamic one"
        )


# Region arguments


class Assignments(NamedTuple):
    """`(%x = %a, %y = %b)`: region arguments and the values that they start from, both still without a type."""

    arguments: list[Parser.UnresolvedArgument]
    values: list[UnresolvedOperand]

    def resolve(self, parser: Parser, types: Sequence[Attribute]) -> tuple[list[Parser.Argument], list[SSAValue]]:
        if len(types) != len(self.values):
            parser.raise_error(f"{counted(len(types), 'type')} for {counted(len(self.values), 'assigned value')}")
        arguments = [argument.resolve(type_) for argument, type_ in zip(self.arguments, types, strict=True)]
        return arguments, list(parser.resolve_operands(self.values, types, parser.pos))


def parse_assignments(parser: Parser) -> Assignments:
    """`(%x = %a, %y = %b)`."""

    def assignment() -> tuple[Parser.UnresolvedArgument, UnresolvedOperand]:
        argument = parser.parse_argument(expect_type=False)
        parser.parse_punctuation("=", " in an assignment of a region argument")
        return argument, parser.parse_unresolved_operand()

    pairs = parser.parse_comma_separated_list(Parser.Delimiter.PAREN, assignment)
    return Assignments([argument for argument, _ in pairs], [value for _, value in pairs])


def print_assignments(printer: Printer, arguments: Iterable[BlockArgument], values: Iterable[SSAValue]) -> None:
    def pair(assigned: tuple[BlockArgument, SSAValue]) -> None:
        printer.print_block_argument(assigned[0], print_type=False)
        printer.print_string(" = ")
        printer.print_ssa_value(assigned[1])

    with printer.in_parens():
        printer.print_list(zip(arguments, values, strict=True), pair)


def parse_arguments(parser: Parser, type_: Attribute) -> list[Parser.Argument]:
    """`(%i, %j)`, each of the given type."""
    return [
        argument.resolve(type_)
        for argument in parser.parse_comma_separated_list(
            Parser.Delimiter.PAREN, lambda: parser.parse_argument(expect_type=False)
        )
    ]


def with_terminator(region: Region, terminator: type[Operation]) -> Region:
    """`region` with the terminator that its text left out."""
    if (block := region.blocks.last) is None:
        block = Block()
        region.add_block(block)
    if (last := block.last_op) is None or not last.has_trait(IsTerminator, value_if_unregistered=False):
        block.add_op(terminator())
    return region


# Operand groups


def parse_choice(parser: Parser, what: str, choices: Iterable[str]) -> str:
    """The next word, which must be one of `choices`; they are some `what`, such as a comparison predicate."""
    start = parser.pos
    word = parser.parse_identifier(f" (a {what})")
    if word not in choices:
        parser.raise_error(f"unknown {what} '{word}': it is one of {', '.join(choices)}", start, start + len(word))
    return word


def parse_operand_group(parser: Parser, keyword: str, *, optional: bool = False) -> list[SSAValue]:
    """`ins(%a, %b : t, u)`; an optional group is empty when its keyword is not there."""
    if optional and parser.parse_optional_keyword(keyword) is None:
        return []
    if not optional:
        parser.parse_keyword(keyword, " and operands with their types in parentheses")
    parser.parse_punctuation("(", f" after '{keyword}'")
    if parser.parse_optional_punctuation(")") is not None:
        return []
    values = parse_value_list(parser, Parser.Delimiter.NONE)
    parser.parse_punctuation(":", f" and the types of the operands in '{keyword}'")
    position = parser.pos
    types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
    if len(types) != len(values):
        parser.raise_error(
            f"'{keyword}' has {counted(len(values), 'operand')}, but {counted(len(types), 'type')}",
            position,
            parser.pos,
        )
    parser.parse_punctuation(")", f" at the end of '{keyword}'")
    return list(parser.resolve_operands(values, types, position))


def print_operand_group(printer: Printer, keyword: str, values: Sequence[SSAValue]) -> None:
    """` ins(%a, %b : t, u)`, with a blank in front; nothing when there are no values."""
    if not values:
        return
    print_values(printer, values, f" {keyword}(")
    print_type_list(printer, (value.type for value in values))
    printer.print_string(")")


def split_properties(op_type: type[Operation], attributes: Mapping[str, Attribute]) -> tuple[dict[str, Attribute], ...]:
    """What of a written attribute dictionary is a property of the operation, and the rest."""
    known = op_type.get_irdl_definition().properties  # pyright: ignore
    properties = {name: value for name, value in attributes.items() if name in known}
    return properties, {name: value for name, value in attributes.items() if name not in known}


def is_integer(type_: Attribute) -> bool:
    return isinstance(type_, IntegerType | IndexType)
