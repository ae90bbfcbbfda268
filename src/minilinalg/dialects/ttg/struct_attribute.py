"""Attributes that are written as `#ttg.name<{key = value, ...}>`: reading, printing and the parts of messages.

The keys may come in any order; they are printed in the official one, and left out where they have their default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, NamedTuple, cast

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

Sizes = ArrayAttr[IntAttr]
"""`[1, 4]`"""
Bases = ArrayAttr[ArrayAttr[IntAttr]]
"""`[[0, 1], [0, 2]]`"""


FLAGS = BoolAttr.from_bool(False), BoolAttr.from_bool(True)


def sizes_attr(sizes: Sequence[int]) -> Sizes:
    """The attribute of a list of numbers."""
    return ArrayAttr([IntAttr(size) for size in sizes])


def bases_attr(bases: Sequence[Sequence[int]]) -> Bases:
    """The attribute of a list of bases."""
    return ArrayAttr([sizes_attr(basis) for basis in bases])


def numbers(sizes: Sizes) -> tuple[int, ...]:
    """What `sizes_attr` was given."""
    return tuple(size.data for size in sizes)


def vectors(bases: Bases) -> tuple[tuple[int, ...], ...]:
    """What `bases_attr` was given."""
    return tuple(map(numbers, bases))


def read_number(parser: AttrParser) -> IntAttr:
    return IntAttr(parser.parse_integer(allow_boolean=False, allow_negative=False))


def read_flag(parser: AttrParser) -> BoolAttr:
    return BoolAttr.from_bool(parser.parse_boolean())


def read_sizes(parser: AttrParser) -> Sizes:
    return ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: read_number(parser)))


def read_bases(parser: AttrParser) -> Bases:
    return ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: read_sizes(parser)))


def read_attribute(parser: AttrParser) -> Attribute:
    return parser.parse_attribute()


class Field(NamedTuple):
    """One key: how its value is read, and what it is when it is left out; None means that it must be there."""

    key: str
    read: Callable[[AttrParser], Attribute]
    default: Attribute | None = None


def read_struct(parser: AttrParser, fields: Sequence[Field]) -> list[Attribute]:
    """`{key = value, ...}`: the values in the order of `fields`."""
    by_key = {field.key: field for field in fields}
    values: dict[str, Attribute] = {}
    start = parser.pos

    def read_one() -> None:
        position = parser.pos
        key = parser.parse_identifier()
        if (field := by_key.get(key)) is None:
            parser.raise_error(f"unknown key '{key}': it is one of {', '.join(by_key)}", position, parser.pos)
        if key in values:
            parser.raise_error(f"{key} is given twice", position, parser.pos)
        parser.parse_punctuation("=", f" behind {key}")
        values[key] = field.read(parser)

    parser.parse_comma_separated_list(parser.Delimiter.BRACES, read_one)
    for field in fields:
        if (value := values.get(field.key, field.default)) is None:
            parser.raise_error(f"{field.key} is missing", start, parser.pos)
        values[field.key] = value
    return [values[field.key] for field in fields]


def print_struct(printer: Printer, fields: Sequence[Field], values: Sequence[Attribute]) -> None:
    """The inverse of `read_struct`."""
    shown = [(field.key, value) for field, value in zip(fields, values, strict=True) if value != field.default]
    with printer.in_braces():
        printer.print_list(shown, lambda pair: _print_pair(printer, *pair))


def _print_pair(printer: Printer, key: str, value: Attribute) -> None:
    printer.print_string(f"{key} = ")
    print_value(printer, value)


def print_value(printer: Printer, value: Attribute) -> None:
    """A number, a list, a flag or an attribute as it stands behind its key."""
    if isinstance(value, IntAttr):
        printer.print_string(str(cast(IntAttr, value).data))
    elif isinstance(value, ArrayAttr):
        with printer.in_square_brackets():
            printer.print_list(cast(Iterable[Attribute], value), lambda element: print_value(printer, element))
    elif value in FLAGS:
        printer.print_string("true" if value == FLAGS[1] else "false")
    else:
        printer.print_attribute(value)


class StructAttribute(ParametrizedAttribute):
    """An attribute whose parameters are the values of `FIELDS`, in this order."""

    FIELDS: ClassVar[tuple[Field, ...]]

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            start = parser.pos
            return checked(cls, read_struct(parser, cls.FIELDS), parser, start)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            print_struct(printer, self.FIELDS, self.parameters)


def checked(
    cls: type[ParametrizedAttribute], parameters: Sequence[Attribute], parser: AttrParser, start: int
) -> Sequence[Attribute]:
    """`parameters`, when the attribute that they make keeps its rules; otherwise its message, from `start` on."""
    try:
        cls.new(parameters)
    except VerifyException as broken:
        parser.raise_error(str(broken), start, parser.pos)
    return parameters


def verify_powers(key: str, sizes: Sequence[int]) -> None:
    """Raises VerifyException for a number that is no power of two."""
    for size in sizes:
        if size < 1 or size & size - 1:
            raise VerifyException(f"{key} has {size}: sizes are powers of two")


def verify_order(order: Sequence[int]) -> None:
    """Raises VerifyException unless `order` names each dimension once."""
    if sorted(order) != list(range(len(order))):
        raise VerifyException(f"order = {list(order)}: it names each dimension once, the fastest first")


def verify_cga(bases: Sequence[Sequence[int]], rank: int) -> None:
    """Raises VerifyException unless the blocks of a cluster tile the dimensions, apart from replicas."""
    for basis in bases:
        if len(basis) != rank:
            raise VerifyException(
                f"a basis of CGALayout is {list(basis)}: it has a number for each of {rank} dimensions"
            )
        if sum(index != 0 for index in basis) > 1:
            raise VerifyException(f"a basis of CGALayout is {list(basis)}: it leads along one dimension, or none")
    for dim in range(rank):
        strides = [basis[dim] for basis in bases if basis[dim]]
        if sorted(strides) != [1 << bit for bit in range(len(strides))]:
            raise VerifyException(
                f"the bases of CGALayout go along dimension {dim} by {strides}: the steps are 1, 2, 4 and so on"
            )
