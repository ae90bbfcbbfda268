"""Comparisons and `arith.select`, element by element."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import ClassVar

from xdsl.dialects.arith import CMPF_COMPARISON_OPERATIONS, CMPI_COMPARISON_OPERATIONS, FastMathFlagsAttr
from xdsl.dialects.builtin import IntegerAttr, i1, i64
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import parse_choice
from minilinalg.dialects.upstream.elementwise import (
    NO_FASTMATH,
    boolLike,
    floatingPointLike,
    parse_fastmath,
    print_fastmath,
    same_shape_as,
    signlessIntegerLike,
)

CMPI_PREDICATES = {name: IntegerAttr(i, i64) for i, name in enumerate(CMPI_COMPARISON_OPERATIONS)}
CMPF_PREDICATES = {name: IntegerAttr(i, i64) for i, name in enumerate(CMPF_COMPARISON_OPERATIONS)}


def _parse_predicate(parser: Parser, predicates: Mapping[str, IntegerAttr]) -> IntegerAttr:
    return predicates[parse_choice(parser, "comparison predicate", predicates)]


class ComparisonOp(IRDLOperation, abc.ABC):
    """What `cmpi` and `cmpf` share: one type for both operands, an i1 of the same shape as result."""

    PREDICATES: ClassVar[Mapping[str, IntegerAttr]]
    predicate = prop_def(IntegerAttr)
    lhs = operand_def()
    rhs = operand_def()
    result = result_def(boolLike)
    traits = traits_def(Pure())

    @property
    def predicate_name(self) -> str:
        """The predicate as it is written: `slt`, `oeq` ..."""
        return tuple(self.PREDICATES)[self.predicate.value.data]

    @classmethod
    def _predicate_attr(cls, predicate: str | int) -> IntegerAttr:
        return cls.PREDICATES[predicate] if isinstance(predicate, str) else IntegerAttr(predicate, i64)

    def verify_(self) -> None:
        number = self.predicate.value.data
        if not 0 <= number < len(self.PREDICATES):
            raise VerifyException(
                f"'{self.name}' has predicate {number}: it is a number from 0 to {len(self.PREDICATES) - 1}"
            )
        if self.lhs.type != self.rhs.type:
            raise VerifyException(
                f"'{self.name}' compares {self.lhs.type} with {self.rhs.type}: both operands have one type"
            )
        expected = same_shape_as(self.lhs.type, i1)
        if self.result.type != expected:
            raise VerifyException(
                f"'{self.name}' on {self.lhs.type} has a result of type {self.result.type}: "
                f"a comparison gives an i1 for each element, here {expected}"
            )


@irdl_op_definition
class CmpiOp(ComparisonOp):
    """Compare integers (or indices) element by element.

    `%m = arith.cmpi slt, %a, %b : tensor<1024xi32>` gives `tensor<1024xi1>`. Predicates: eq, ne, slt, sle, sgt, sge,
    ult, ule, ugt, uge (s: signed, u: unsigned).
    """

    name = "arith.cmpi"
    PREDICATES: ClassVar[Mapping[str, IntegerAttr]] = CMPI_PREDICATES
    lhs = operand_def(signlessIntegerLike)
    rhs = operand_def(signlessIntegerLike)

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue, arg: int | str):
        lhs = SSAValue.get(operand1)
        super().__init__(
            operands=[lhs, operand2],
            result_types=[same_shape_as(lhs.type, i1)],
            properties={"predicate": self._predicate_attr(arg)},
        )

    @classmethod
    def parse(cls, parser: Parser) -> CmpiOp:
        predicate = _parse_predicate(parser, cls.PREDICATES)
        parser.parse_punctuation(",")
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type_ = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(lhs, type_), parser.resolve_operand(rhs, type_)],
            result_types=[same_shape_as(type_, i1)],
            properties={"predicate": predicate},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.predicate_name}, ")
        printer.print_list(self.operands, printer.print_operand)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.lhs.type)


@irdl_op_definition
class CmpfOp(ComparisonOp):
    """Compare floats element by element.

    `%m = arith.cmpf olt, %a, %b fastmath<nnan> : tensor<4xf32>` gives `tensor<4xi1>`. A predicate that starts with `o`
    (ordered) is false when an operand is NaN, one with `u` (unordered) is true; `ord` and `uno` test for just that.
    """

    name = "arith.cmpf"
    PREDICATES: ClassVar[Mapping[str, IntegerAttr]] = CMPF_PREDICATES
    lhs = operand_def(floatingPointLike)
    rhs = operand_def(floatingPointLike)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        arg: int | str,
        fastmath: FastMathFlagsAttr = NO_FASTMATH,
    ):
        lhs = SSAValue.get(operand1)
        super().__init__(
            operands=[lhs, operand2],
            result_types=[same_shape_as(lhs.type, i1)],
            properties={"predicate": self._predicate_attr(arg), "fastmath": fastmath},
        )

    @classmethod
    def parse(cls, parser: Parser) -> CmpfOp:
        predicate = _parse_predicate(parser, cls.PREDICATES)
        parser.parse_punctuation(",")
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        rhs = parser.parse_unresolved_operand()
        fastmath = parse_fastmath(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type_ = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(lhs, type_), parser.resolve_operand(rhs, type_)],
            result_types=[same_shape_as(type_, i1)],
            properties={"predicate": predicate, "fastmath": NO_FASTMATH, **fastmath},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.predicate_name}, ")
        printer.print_list(self.operands, printer.print_operand)
        print_fastmath(printer, self.fastmath)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.lhs.type)


@irdl_op_definition
class SelectOp(IRDLOperation):
    """Choose `lhs` where the condition is true, else `rhs`.

    One condition for everything, `%r = arith.select %c, %a, %b : tensor<4xf32>` with `%c : i1`, or one an element,
    `%r = arith.select %m, %a, %b : tensor<4xi1>, tensor<4xf32>`. The types of `lhs`, `rhs` and the result are the same.
    """

    name = "arith.select"
    T: ClassVar = VarConstraint("T", AnyAttr())
    cond = operand_def(boolLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue, operand3: Operation | SSAValue):
        super().__init__(operands=[operand1, operand2, operand3], result_types=[SSAValue.get(operand2).type])

    def verify_(self) -> None:
        condition = self.cond.type
        if condition != i1 and condition != same_shape_as(self.result.type, i1):
            raise VerifyException(
                f"'arith.select' chooses between values of type {self.result.type} by a condition of type {condition}: "
                "a condition is one i1, or an i1 for each element of a tensor or vector of the same shape"
            )

    @classmethod
    def parse(cls, parser: Parser) -> SelectOp:
        condition = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type_ = parser.parse_type()
        condition_type = i1
        if parser.parse_optional_punctuation(",") is not None:
            condition_type, type_ = type_, parser.parse_type()
        return cls.create(
            operands=[
                parser.resolve_operand(condition, condition_type),
                parser.resolve_operand(lhs, type_),
                parser.resolve_operand(rhs, type_),
            ],
            result_types=[type_],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_operand)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        if self.cond.type != i1:
            printer.print_attribute(self.cond.type)
            printer.print_string(", ")
        printer.print_attribute(self.result.type)
