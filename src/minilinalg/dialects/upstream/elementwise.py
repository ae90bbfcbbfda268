"""Operations that work element by element: on scalars, or on tensors and vectors of one shape.

What most operations of arith and math look like is written once: `NAME %a, %b flags {attributes} : type`, where all
operands and the result have that type.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Set
from typing import ClassVar, Self, TypeVar

from xdsl.dialects.arith import FastMathFlagsAttr, IntegerOverflowAttr, IntegerOverflowFlag
from xdsl.dialects.builtin import (
    AnyFloat,
    FixedBitwidthType,
    IndexType,
    IntegerType,
    TensorType,
    UnitAttr,
    VectorType,
    container_of,
)
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import parse_choice

NO_FASTMATH = FastMathFlagsAttr("none")
NO_OVERFLOW = IntegerOverflowAttr("none")

boolLike = container_of(IntegerType(1))
integerLike = container_of(IntegerType)
signlessIntegerLike = container_of(IntegerType | IndexType)
floatingPointLike = container_of(AnyFloat)


def same_shape_as(type_: Attribute, element: Attribute) -> Attribute:
    """The type of the shape, scalability and encoding of `type_` with elements of type `element`."""
    if isinstance(type_, TensorType):
        return TensorType(element, type_.shape, type_.encoding)
    if isinstance(type_, VectorType):
        return VectorType(element, type_.shape, type_.scalable_dims)
    return element


def have_same_shape(a: Attribute, b: Attribute) -> bool:
    """Whether both are scalars, or tensors (vectors) of one shape and encoding (scalability)."""
    if isinstance(a, TensorType) and isinstance(b, TensorType):
        return a.shape == b.shape and a.encoding == b.encoding
    if isinstance(a, VectorType) and isinstance(b, VectorType):
        return a.shape == b.shape and a.scalable_dims == b.scalable_dims
    return not isinstance(a, TensorType | VectorType) and not isinstance(b, TensorType | VectorType)


def bits_of(type_: Attribute) -> int:
    assert isinstance(type_, FixedBitwidthType)
    return type_.bitwidth


# Flags between operands and types

_Flag = TypeVar("_Flag", FastMathFlag, IntegerOverflowFlag)
FASTMATH_FLAGS = {
    "none": frozenset[FastMathFlag](),
    **{flag.value: {flag} for flag in FastMathFlag},
    "fast": set(FastMathFlag),
}
OVERFLOW_FLAGS = {"none": frozenset[IntegerOverflowFlag](), **{flag.value: {flag} for flag in IntegerOverflowFlag}}


def _parse_flags(parser: Parser, what: str, flags: Mapping[str, Set[_Flag]]) -> list[_Flag]:
    """`<contract,nnan>`, without those that stand twice."""
    with parser.in_angle_brackets():
        words = parser.parse_comma_separated_list(parser.Delimiter.NONE, lambda: parse_choice(parser, what, flags))
    return sorted({flag for word in words for flag in flags[word]})


def parse_fastmath(parser: Parser) -> dict[str, Attribute]:
    """The property that an optional `fastmath<...>` sets; without it, none is set and the default holds."""
    if parser.parse_optional_keyword("fastmath") is None:
        return {}
    return {"fastmath": FastMathFlagsAttr(_parse_flags(parser, "fastmath flag", FASTMATH_FLAGS))}


def print_fastmath(printer: Printer, flags: Attribute | None) -> None:
    if isinstance(flags, FastMathFlagsAttr) and flags.data:
        printer.print_string(" fastmath")
        flags.print_parameter(printer)


def parse_overflow(parser: Parser) -> dict[str, Attribute]:
    """The property that an optional `overflow<...>` sets."""
    if parser.parse_optional_keyword("overflow") is None:
        return {}
    return {"overflowFlags": IntegerOverflowAttr(_parse_flags(parser, "overflow flag", OVERFLOW_FLAGS))}


def print_overflow(printer: Printer, flags: Attribute | None) -> None:
    if isinstance(flags, IntegerOverflowAttr) and flags.data:
        printer.print_string(f" overflow<{', '.join(sorted(flags.data))}>")


class FlagsAssembly(IRDLOperation, abc.ABC):
    """An operation whose text may have flags between operands and types; which ones, subclasses say."""

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        """The properties written between operands and types; read before the attribute dictionary."""
        return {}

    def print_flags(self, printer: Printer) -> None:
        """The inverse of `parse_flags`."""


class FastMathAssembly(FlagsAssembly, abc.ABC):
    """`fastmath<contract,nnan>`: what an optimiser may assume of a float operation."""

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        return parse_fastmath(parser)

    def print_flags(self, printer: Printer) -> None:
        print_fastmath(printer, self.properties.get("fastmath"))


class OverflowAssembly(FlagsAssembly, abc.ABC):
    """`overflow<nsw>`, `overflow<nuw>`: the result is poison where it leaves the signed (unsigned) range."""

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        return parse_overflow(parser)

    def print_flags(self, printer: Printer) -> None:
        print_overflow(printer, self.properties.get("overflowFlags"))


class ExactAssembly(FlagsAssembly, abc.ABC):
    """`exact`: the result is poison where a remainder or a bit is lost."""

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        return {} if parser.parse_optional_keyword("exact") is None else {"isExact": UnitAttr()}

    def print_flags(self, printer: Printer) -> None:
        if "isExact" in self.properties:
            printer.print_string(" exact")


class SameTypeOp(FlagsAssembly, abc.ABC):
    """`%r = NAME %a, %b flags {attributes} : type`: operands and result all have that type.

    `ARITY` is the number of operands.
    """

    ARITY: ClassVar[int]

    @classmethod
    def result_type(cls, type_: Attribute) -> Attribute:
        """The result for operands of type `type_`."""
        return type_

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        values = [parser.parse_unresolved_operand()]
        for _ in range(cls.ARITY - 1):
            parser.parse_punctuation(",", " and another operand")
            values.append(parser.parse_unresolved_operand())
        properties = cls.parse_flags(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of operands and result")
        type_ = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(value, type_) for value in values],
            result_types=[cls.result_type(type_)],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_operand)
        self.print_flags(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.operands[0].type)


class CastOp(FlagsAssembly, abc.ABC):
    """`%r = NAME %input flags {attributes} : type to type`: one element to one element, shape and encoding stay.

    Subclasses define `input` and `result`.
    """

    def __init__(
        self,
        input: Operation | SSAValue,
        target_type: Attribute,
        properties: dict[str, Attribute | None] | None = None,
    ):
        super().__init__(operands=[input], result_types=[target_type], properties=properties or {})

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        """What is wrong with a cast of elements from `source` to `target`, or None."""
        return None

    def verify_(self) -> None:
        source, target = self.operands[0].type, self.results[0].type
        source_element, target_element = element_of(source), element_of(target)
        if not have_same_shape(source, target):
            raise VerifyException(
                f"'{self.name}' casts {source} to {target}: the result has the shape of the operand, "
                f"here {same_shape_as(source, target_element)}"
            )
        if (wrong := self.rule(source_element, target_element)) is not None:
            raise VerifyException(f"'{self.name}' casts {source} to {target}: {wrong}")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        operand = parser.parse_unresolved_operand()
        properties = cls.parse_flags(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of operand and result")
        source = parser.parse_type()
        parser.parse_keyword("to", " and the type of the result")
        target = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(operand, source)],
            result_types=[target],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.operands[0])
        self.print_flags(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.operands[0].type)
        printer.print_string(" to ")
        printer.print_attribute(self.results[0].type)


def element_of(type_: Attribute) -> Attribute:
    """The element type of a tensor or vector, any other type itself."""
    return type_.element_type if isinstance(type_, TensorType | VectorType) else type_  # pyright: ignore


def fast(*flags: FastMathFlag) -> FastMathFlagsAttr:
    """The attribute for some fast-math flags."""
    return FastMathFlagsAttr(flags)
