"""Operations on integers and indices, which wrap at their width."""

from __future__ import annotations

import abc
from typing import ClassVar, Self

from xdsl.dialects.arith import IntegerOverflowAttr
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, UnitAttr, i1
from xdsl.interfaces import ConditionallySpeculatableInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Commutative, ConstantLike, NoMemoryEffect, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.elementwise import (
    NO_OVERFLOW,
    ExactAssembly,
    OverflowAssembly,
    SameTypeOp,
    boolLike,
    same_shape_as,
    signlessIntegerLike,
)


class IntegerBinaryOp(SameTypeOp, abc.ABC):
    """`%r = arith.NAME %a, %b : type` on signless integers or indices, or tensors or vectors of them."""

    ARITY: ClassVar[int] = 2
    T: ClassVar = VarConstraint("T", signlessIntegerLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        result_type: Attribute | None = None,
        properties: dict[str, Attribute | None] | None = None,
    ):
        type_ = SSAValue.get(operand1).type if result_type is None else result_type
        super().__init__(operands=[operand1, operand2], result_types=[type_], properties=properties or {})


class OverflowBinaryOp(OverflowAssembly, IntegerBinaryOp, abc.ABC):
    """`%r = arith.NAME %a, %b overflow<nsw, nuw> : type`."""

    overflow_flags = prop_def(IntegerOverflowAttr, default_value=NO_OVERFLOW, prop_name="overflowFlags")

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        result_type: Attribute | None = None,
        overflow: IntegerOverflowAttr = NO_OVERFLOW,
    ):
        super().__init__(operand1, operand2, result_type, {"overflowFlags": overflow})


class ExactBinaryOp(ExactAssembly, IntegerBinaryOp, abc.ABC):
    """`%r = arith.NAME %a, %b exact : type`."""

    is_exact = opt_prop_def(UnitAttr, prop_name="isExact")

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        result_type: Attribute | None = None,
        *,
        exact: bool = False,
    ):
        super().__init__(operand1, operand2, result_type, {"isExact": UnitAttr() if exact else None})


@irdl_op_definition
class AddiOp(OverflowBinaryOp):
    """Sum: `%r = arith.addi %a, %b overflow<nsw> : tensor<4xi32>`."""

    name = "arith.addi"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class SubiOp(OverflowBinaryOp):
    """Difference: `%r = arith.subi %a, %b : i32`."""

    name = "arith.subi"
    traits = traits_def(Pure())


@irdl_op_definition
class MuliOp(OverflowBinaryOp):
    """Product, its low half: `%r = arith.muli %a, %b : i32`."""

    name = "arith.muli"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class ShLIOp(OverflowBinaryOp):
    """Shift left, zeros fill the low bits; poison when the amount is not below the width: `arith.shli %a, %b : i32`."""

    name = "arith.shli"
    traits = traits_def(Pure())


class DivisionOp(ConditionallySpeculatableInterface, IntegerBinaryOp, abc.ABC):
    """A division or a remainder, which traps on some divisors.

    It may be moved in front of a branch only when the divisor is a constant that cannot trap.
    """

    TRAPPING: ClassVar[tuple[int, ...]] = (0,)
    traits = traits_def(NoMemoryEffect())

    def is_speculatable(self) -> bool:
        divisor = ConstantLike.get_constant_value(self.rhs)
        if isinstance(divisor, IntegerAttr):
            return divisor.value.data not in self.TRAPPING
        if isinstance(divisor, DenseIntOrFPElementsAttr):
            return not any(value in self.TRAPPING for value in divisor.iter_values())  # pyright: ignore
        return False


@irdl_op_definition
class DivSIOp(ExactBinaryOp, DivisionOp):
    """Signed quotient, rounded towards zero, `6 / -4 = -1`: `%r = arith.divsi %a, %b exact : i32`."""

    name = "arith.divsi"
    TRAPPING: ClassVar[tuple[int, ...]] = (0, -1)


@irdl_op_definition
class DivUIOp(ExactBinaryOp, DivisionOp):
    """Unsigned quotient, rounded towards zero: `%r = arith.divui %a, %b exact : tensor<4xi32>`."""

    name = "arith.divui"


@irdl_op_definition
class FloorDivSIOp(DivisionOp):
    """Signed quotient, rounded towards minus infinity, `5 / -2 = -3`: `%r = arith.floordivsi %a, %b : i32`."""

    name = "arith.floordivsi"
    TRAPPING: ClassVar[tuple[int, ...]] = (0, -1)


@irdl_op_definition
class CeilDivSIOp(DivisionOp):
    """Signed quotient, rounded towards plus infinity, `7 / -2 = -3`: `%r = arith.ceildivsi %a, %b : i32`."""

    name = "arith.ceildivsi"
    TRAPPING: ClassVar[tuple[int, ...]] = (0, -1)


@irdl_op_definition
class CeilDivUIOp(DivisionOp):
    """Unsigned quotient, rounded up: `%r = arith.ceildivui %a, %b : i32`."""

    name = "arith.ceildivui"


@irdl_op_definition
class RemSIOp(DivisionOp):
    """Signed remainder, with the sign of the left operand, `-7 rem 3 = -1`: `%r = arith.remsi %a, %b : i32`."""

    name = "arith.remsi"
    TRAPPING: ClassVar[tuple[int, ...]] = (0, -1)


@irdl_op_definition
class RemUIOp(DivisionOp):
    """Unsigned remainder: `%r = arith.remui %a, %b : i32`."""

    name = "arith.remui"


@irdl_op_definition
class ShRSIOp(ExactBinaryOp):
    """Shift right, the sign fills the high bits: `%r = arith.shrsi %a, %b exact : i32`."""

    name = "arith.shrsi"
    traits = traits_def(Pure())


@irdl_op_definition
class ShRUIOp(ExactBinaryOp):
    """Shift right, zeros fill the high bits: `%r = arith.shrui %a, %b exact : tensor<4xi32>`."""

    name = "arith.shrui"
    traits = traits_def(Pure())


@irdl_op_definition
class AndIOp(IntegerBinaryOp):
    """Bitwise and: `%r = arith.andi %a, %b : tensor<4xi1>`."""

    name = "arith.andi"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class OrIOp(IntegerBinaryOp):
    """Bitwise or: `%r = arith.ori %a, %b : tensor<4xi1>`."""

    name = "arith.ori"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class XOrIOp(IntegerBinaryOp):
    """Bitwise exclusive or: `%r = arith.xori %a, %b : i32`."""

    name = "arith.xori"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MaxSIOp(IntegerBinaryOp):
    """Signed maximum: `%r = arith.maxsi %a, %b : index`."""

    name = "arith.maxsi"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MaxUIOp(IntegerBinaryOp):
    """Unsigned maximum: `%r = arith.maxui %a, %b : i32`."""

    name = "arith.maxui"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MinSIOp(IntegerBinaryOp):
    """Signed minimum: `%r = arith.minsi %a, %b : index`."""

    name = "arith.minsi"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MinUIOp(IntegerBinaryOp):
    """Unsigned minimum: `%r = arith.minui %a, %b : i32`."""

    name = "arith.minui"
    traits = traits_def(Pure(), Commutative())


# Two results


class MulExtendedOp(SameTypeOp, abc.ABC):
    """`%low, %high = arith.NAME %a, %b : type`: both halves of a product."""

    ARITY: ClassVar[int] = 2
    T: ClassVar = VarConstraint("T", signlessIntegerLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    low = result_def(T)
    high = result_def(T)
    traits = traits_def(Pure(), Commutative())

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue):
        type_ = SSAValue.get(operand1).type
        super().__init__(operands=[operand1, operand2], result_types=[type_, type_])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",", " and another operand")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of operands and results")
        type_ = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(lhs, type_), parser.resolve_operand(rhs, type_)],
            result_types=[type_, type_],
            attributes=attributes,
        )


@irdl_op_definition
class MulSIExtendedOp(MulExtendedOp):
    """Both halves of a signed product: `%low, %high = arith.mulsi_extended %a, %b : i32`."""

    name = "arith.mulsi_extended"


@irdl_op_definition
class MulUIExtendedOp(MulExtendedOp):
    """Both halves of an unsigned product: `%low, %high = arith.mului_extended %a, %b : tensor<4xi32>`."""

    name = "arith.mului_extended"


@irdl_op_definition
class AddUIExtendedOp(IRDLOperation):
    """A sum and whether it left the unsigned range: `%sum, %overflow = arith.addui_extended %a, %b : i32, i1`."""

    name = "arith.addui_extended"
    T: ClassVar = VarConstraint("T", signlessIntegerLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    sum = result_def(T)
    overflow = result_def(boolLike)
    traits = traits_def(Pure(), Commutative())

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue):
        type_ = SSAValue.get(operand1).type
        super().__init__(operands=[operand1, operand2], result_types=[type_, same_shape_as(type_, i1)])

    def verify_(self) -> None:
        expected = same_shape_as(self.sum.type, i1)
        if self.overflow.type != expected:
            raise VerifyException(
                f"'arith.addui_extended' on {self.sum.type} has an overflow of type {self.overflow.type}: "
                f"it is an i1 for each element, here {expected}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> AddUIExtendedOp:
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",", " and another operand")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of sum and overflow")
        type_ = parser.parse_type()
        parser.parse_punctuation(",", " and the type of the overflow")
        return cls.create(
            operands=[parser.resolve_operand(lhs, type_), parser.resolve_operand(rhs, type_)],
            result_types=[type_, parser.parse_type()],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_operand)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_list(self.result_types, printer.print_attribute)
