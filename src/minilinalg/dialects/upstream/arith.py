"""The `arith` dialect: xDSL's binary operations, and comparisons, selects and casts that work on tensors.

xDSL 0.74 has `cmpi`, `cmpf`, `select` and most casts on scalars only; here their operands may be scalars, vectors or
tensors, and the result has the shape (and the encoding) of the operands. `divsi`, `divui`, `shrsi` and `shrui` take
`exact`, `trunci` takes `overflow<...>`, `truncf` a rounding mode, as in MLIR.

Source: https://mlir.llvm.org/docs/Dialects/ArithOps/
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import ClassVar, Self

from xdsl.dialects import arith as xdsl_arith
from xdsl.dialects.arith import (
    CMPF_COMPARISON_OPERATIONS,
    CMPI_COMPARISON_OPERATIONS,
    AddfOp,
    AddiOp,
    AddUIExtendedOp,
    AndIOp,
    CeilDivSIOp,
    CeilDivUIOp,
    ConstantOp,
    DivfOp,
    FastMathFlagsAttr,
    FloorDivSIOp,
    IntegerOverflowAttr,
    MaximumfOp,
    MaxnumfOp,
    MaxSIOp,
    MaxUIOp,
    MinimumfOp,
    MinnumfOp,
    MinSIOp,
    MinUIOp,
    MulfOp,
    MuliOp,
    MulSIExtendedOp,
    MulUIExtendedOp,
    OrIOp,
    ShLIOp,
    SubfOp,
    SubiOp,
    XOrIOp,
    floatingPointLike,
    signlessIntegerLike,
)
from xdsl.dialects.builtin import (
    AnyFloat,
    FixedBitwidthType,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ShapedType,
    TensorType,
    UnitAttr,
    VectorType,
    container_of,
    i1,
    i32,
    i64,
)
from xdsl.interfaces import ConditionallySpeculatableInterface
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
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
from xdsl.traits import ConstantLike, NoMemoryEffect, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

NO_FASTMATH = FastMathFlagsAttr("none")
NO_OVERFLOW = IntegerOverflowAttr("none")
CMPI_PREDICATES = {name: IntegerAttr(i, i64) for i, name in enumerate(CMPI_COMPARISON_OPERATIONS)}
CMPF_PREDICATES = {name: IntegerAttr(i, i64) for i, name in enumerate(CMPF_COMPARISON_OPERATIONS)}
ROUNDING_MODES = ("to_nearest_even", "downward", "upward", "toward_zero", "to_nearest_away")
"""The values 0 .. 4 of `roundingmode`, which MLIR stores as an i32."""

boolLike = container_of(IntegerType(1))
integerLike = container_of(IntegerType)


def same_shape_as(type_: Attribute, element: Attribute) -> Attribute:
    """The type of the shape, scalability and encoding of `type_` with elements of type `element`."""
    if isinstance(type_, TensorType):
        return TensorType(element, type_.shape, type_.encoding)
    if isinstance(type_, VectorType):
        return VectorType(element, type_.shape, type_.scalable_dims)
    return element


# Division and shifts that may promise to be exact


class ExactBinaryOp(xdsl_arith.SignlessIntegerBinaryOperation, abc.ABC):
    """`%r = arith.NAME %lhs, %rhs (exact)? : type`; with `exact`, a remainder or a lost bit makes the result poison."""

    is_exact = opt_prop_def(UnitAttr, prop_name="isExact")
    assembly_format = "$lhs `,` $rhs (`exact` $isExact^)? attr-dict `:` type($result)"

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        result_type: Attribute | None = None,
        *,
        exact: bool = False,
    ):
        super().__init__(operand1, operand2, result_type)
        if exact:
            self.is_exact = UnitAttr()


class DivisionOp(ExactBinaryOp, ConditionallySpeculatableInterface, abc.ABC):
    """A division: it may be moved in front of a branch only when its divisor is a constant that cannot trap."""

    traits = traits_def(NoMemoryEffect())
    TRAPPING_DIVISORS: ClassVar[tuple[int, ...]] = (0,)

    def is_speculatable(self) -> bool:
        divisor = ConstantLike.get_constant_value(self.rhs)
        return isinstance(divisor, IntegerAttr) and divisor.value.data not in self.TRAPPING_DIVISORS


@irdl_op_definition
class DivSIOp(DivisionOp):
    """Signed integer division, rounding towards zero: `6 / -4 = -1`. `%r = arith.divsi %a, %b exact : i32`."""

    name = "arith.divsi"
    TRAPPING_DIVISORS: ClassVar[tuple[int, ...]] = (0, -1)


@irdl_op_definition
class DivUIOp(DivisionOp):
    """Unsigned integer division, rounding towards zero. `%r = arith.divui %a, %b : tensor<4xi32>`."""

    name = "arith.divui"


class RemainderOp(xdsl_arith.SignlessIntegerBinaryOperation, ConditionallySpeculatableInterface, abc.ABC):
    """A remainder: no memory effect, and it traps on a zero divisor as the division does."""

    traits = traits_def(NoMemoryEffect())

    def is_speculatable(self) -> bool:
        divisor = ConstantLike.get_constant_value(self.rhs)
        return isinstance(divisor, IntegerAttr) and divisor.value.data not in (0, -1)


@irdl_op_definition
class RemSIOp(RemainderOp):
    """Signed remainder, with the sign of the left operand: `-7 rem 3 = -1`. `%r = arith.remsi %a, %b : i32`."""

    name = "arith.remsi"


@irdl_op_definition
class RemUIOp(RemainderOp):
    """Unsigned remainder. `%r = arith.remui %a, %b : i32`."""

    name = "arith.remui"


@irdl_op_definition
class ShRSIOp(ExactBinaryOp):
    """Arithmetic shift right: the sign fills the high bits. `%r = arith.shrsi %a, %b exact : i32`."""

    name = "arith.shrsi"
    traits = traits_def(Pure())


@irdl_op_definition
class ShRUIOp(ExactBinaryOp):
    """Logical shift right: zeros fill the high bits. `%r = arith.shrui %a, %b : tensor<4xi32>`."""

    name = "arith.shrui"
    traits = traits_def(Pure())


# Comparisons and select


def _parse_fastmath(parser: Parser) -> dict[str, Attribute]:
    """The property that an optional `fastmath<...>` sets; without it, none is set and the default holds."""
    if parser.parse_optional_keyword("fastmath") is None:
        return {}
    return {"fastmath": FastMathFlagsAttr(FastMathFlagsAttr.parse_parameter(parser))}


def _print_fastmath(printer: Printer, flags: FastMathFlagsAttr | None) -> None:
    if flags is not None and flags.data:
        printer.print_string(" fastmath")
        flags.print_parameter(printer)


def _parse_predicate(parser: Parser, predicates: Mapping[str, IntegerAttr]) -> IntegerAttr:
    position = parser.pos
    name = parser.parse_identifier(" (a comparison predicate)")
    if name not in predicates:
        parser.raise_error(
            f"unknown comparison predicate '{name}': it is one of {', '.join(predicates)}",
            position,
            position + len(name),
        )
    return predicates[name]


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
        fastmath = _parse_fastmath(parser)
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
        _print_fastmath(printer, self.fastmath)
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


# Casts


class CastOp(IRDLOperation, abc.ABC):
    """`%r = arith.NAME %input flags? : type to type`: one element to one element, the shape and the encoding stay."""

    input = operand_def()
    result = result_def()
    traits = traits_def(Pure())

    def __init__(
        self,
        input: Operation | SSAValue,
        target_type: Attribute,
        properties: dict[str, Attribute] | None = None,
    ):
        super().__init__(operands=[input], result_types=[target_type], properties=properties or {})

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        """The properties written between operand and types; read before the attribute dictionary."""
        return {}

    def print_flags(self, printer: Printer) -> None:
        """The inverse of `parse_flags`."""

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        operand = parser.parse_unresolved_operand()
        properties = cls.parse_flags(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        source = parser.parse_type()
        parser.parse_keyword("to")
        target = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(operand, source)],
            result_types=[target],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.input)
        self.print_flags(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.input.type)
        printer.print_string(" to ")
        printer.print_attribute(self.result.type)

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        """What is wrong with a cast of elements from `source` to `target`, or None."""
        return None

    def verify_(self) -> None:
        source, target = self.input.type, self.result.type
        source_element, target_element = get_element_type_or_self(source), get_element_type_or_self(target)
        shaped = isinstance(source, ShapedType) or isinstance(target, ShapedType)
        if shaped and (type(source) is not type(target) or not _same_shape(source, target)):
            raise VerifyException(
                f"'{self.name}' casts {source} to {target}: the result has the shape of the operand, "
                f"here {same_shape_as(source, target_element)}"
            )
        if (wrong := self.rule(source_element, target_element)) is not None:
            raise VerifyException(f"'{self.name}' casts {source} to {target}: {wrong}")


def _same_shape(source: Attribute, target: Attribute) -> bool:
    if isinstance(source, TensorType) and isinstance(target, TensorType):
        return source.shape == target.shape and source.encoding == target.encoding
    if isinstance(source, VectorType) and isinstance(target, VectorType):
        return source.shape == target.shape and source.scalable_dims == target.scalable_dims
    return (
        isinstance(source, ShapedType) and isinstance(target, ShapedType) and source.get_shape() == target.get_shape()
    )


def _bits(type_: Attribute) -> int:
    assert isinstance(type_, FixedBitwidthType)
    return type_.bitwidth


class WideningOp(CastOp, abc.ABC):
    """A cast to more bits."""

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        return None if _bits(source) < _bits(target) else "an extension goes to a type with more bits"


class NarrowingOp(CastOp, abc.ABC):
    """A cast to fewer bits."""

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        return None if _bits(source) > _bits(target) else "a truncation goes to a type with fewer bits"


@irdl_op_definition
class ExtFOp(WideningOp):
    """Exact conversion to a wider float type. `%r = arith.extf %a fastmath<nnan> : tensor<4xf16> to tensor<4xf32>`."""

    name = "arith.extf"
    input = operand_def(floatingPointLike)
    result = result_def(floatingPointLike)
    fastmath = opt_prop_def(FastMathFlagsAttr)

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        return _parse_fastmath(parser)

    def print_flags(self, printer: Printer) -> None:
        _print_fastmath(printer, self.fastmath)


@irdl_op_definition
class TruncFOp(NarrowingOp):
    """Round to a narrower float type.

    `%r = arith.truncf %a to_nearest_even fastmath<contract> : tensor<4xf32> to tensor<4xf16>`. The rounding mode is
    one of to_nearest_even (also what is meant when none is given), downward, upward, toward_zero, to_nearest_away.
    """

    name = "arith.truncf"
    input = operand_def(floatingPointLike)
    result = result_def(floatingPointLike)
    roundingmode = opt_prop_def(IntegerAttr)
    fastmath = opt_prop_def(FastMathFlagsAttr)

    def __init__(
        self,
        input: Operation | SSAValue,
        target_type: Attribute,
        rounding_mode: str | None = None,
        fastmath: FastMathFlagsAttr | None = None,
    ):
        properties: dict[str, Attribute] = {}
        if rounding_mode is not None:
            properties["roundingmode"] = IntegerAttr(ROUNDING_MODES.index(rounding_mode), i32)
        if fastmath is not None:
            properties["fastmath"] = fastmath
        super().__init__(input, target_type, properties)

    @property
    def rounding_mode(self) -> str | None:
        """The rounding mode by name, or None when the operation names none."""
        return None if self.roundingmode is None else ROUNDING_MODES[self.roundingmode.value.data]

    def verify_(self) -> None:
        if self.roundingmode is not None and not 0 <= self.roundingmode.value.data < len(ROUNDING_MODES):
            raise VerifyException(
                f"'arith.truncf' has roundingmode {self.roundingmode.value.data}: "
                f"it is a number from 0 ({ROUNDING_MODES[0]}) to {len(ROUNDING_MODES) - 1} ({ROUNDING_MODES[-1]})"
            )
        super().verify_()

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        mode: dict[str, Attribute] = {}
        for number, name in enumerate(ROUNDING_MODES):
            if parser.parse_optional_keyword(name) is not None:
                mode["roundingmode"] = IntegerAttr(number, i32)
                break
        return mode | _parse_fastmath(parser)

    def print_flags(self, printer: Printer) -> None:
        if self.rounding_mode is not None:
            printer.print_string(f" {self.rounding_mode}")
        _print_fastmath(printer, self.fastmath)


@irdl_op_definition
class ExtSIOp(WideningOp):
    """Sign extension. `%r = arith.extsi %a : tensor<4xi8> to tensor<4xi32>`; an i1 that is true becomes -1."""

    name = "arith.extsi"
    input = operand_def(integerLike)
    result = result_def(integerLike)


@irdl_op_definition
class ExtUIOp(WideningOp):
    """Zero extension. `%r = arith.extui %a : tensor<4xi1> to tensor<4xi32>`; an i1 that is true becomes 1."""

    name = "arith.extui"
    input = operand_def(integerLike)
    result = result_def(integerLike)


@irdl_op_definition
class TruncIOp(NarrowingOp):
    """Keep the low bits. `%r = arith.trunci %a overflow<nsw> : i32 to i8`.

    With `nsw` (`nuw`) a value that does not survive sign (zero) extension back is poison.
    """

    name = "arith.trunci"
    input = operand_def(integerLike)
    result = result_def(integerLike)
    overflow_flags = prop_def(IntegerOverflowAttr, default_value=NO_OVERFLOW, prop_name="overflowFlags")

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        if parser.parse_optional_keyword("overflow") is None:
            return {"overflowFlags": NO_OVERFLOW}
        return {"overflowFlags": IntegerOverflowAttr(IntegerOverflowAttr.parse_parameter(parser))}

    def print_flags(self, printer: Printer) -> None:
        if self.overflow_flags.data:
            printer.print_string(" overflow")
            self.overflow_flags.print_parameter(printer)


@irdl_op_definition
class FPToSIOp(CastOp):
    """Float to signed integer, rounding towards zero; poison when out of range. `arith.fptosi %a : f32 to i32`."""

    name = "arith.fptosi"
    input = operand_def(floatingPointLike)
    result = result_def(integerLike)


@irdl_op_definition
class FPToUIOp(CastOp):
    """Float to unsigned integer, rounding towards zero; poison when out of range. `arith.fptoui %a : f32 to i32`."""

    name = "arith.fptoui"
    input = operand_def(floatingPointLike)
    result = result_def(integerLike)


@irdl_op_definition
class SIToFPOp(CastOp):
    """Signed integer to the nearest float, ties to even. `%r = arith.sitofp %a : tensor<4xi32> to tensor<4xf32>`."""

    name = "arith.sitofp"
    input = operand_def(integerLike)
    result = result_def(floatingPointLike)


@irdl_op_definition
class UIToFPOp(CastOp):
    """Unsigned integer to the nearest float, ties to even. `%r = arith.uitofp %a : i8 to f32`."""

    name = "arith.uitofp"
    input = operand_def(integerLike)
    result = result_def(floatingPointLike)


class IndexCastBaseOp(CastOp, abc.ABC):
    """A cast between `index` and an integer type, also on memrefs of them."""

    input = operand_def(signlessIntegerLike | MemRefType.constr())
    result = result_def(signlessIntegerLike | MemRefType.constr())

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        if isinstance(source, IndexType) == isinstance(target, IndexType):
            return "exactly one side is index, the other an integer type"
        return None


@irdl_op_definition
class IndexCastOp(IndexCastBaseOp):
    """Between index and a signed integer: sign-extended or truncated. `%r = arith.index_cast %a : i32 to index`."""

    name = "arith.index_cast"


@irdl_op_definition
class IndexCastUIOp(IndexCastBaseOp):
    """Between index and an unsigned integer: zero-extended or truncated. `arith.index_castui %a : i32 to index`."""

    name = "arith.index_castui"


@irdl_op_definition
class BitcastOp(CastOp):
    """The same bits read as another type of that width. `%r = arith.bitcast %a : tensor<4xf32> to tensor<4xi32>`."""

    name = "arith.bitcast"
    input = operand_def(container_of(IntegerType | IndexType | AnyFloat) | MemRefType.constr())
    result = result_def(container_of(IntegerType | IndexType | AnyFloat) | MemRefType.constr())

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        if isinstance(source, IndexType) or isinstance(target, IndexType) or _bits(source) == _bits(target):
            return None
        return "a bitcast keeps the number of bits"


@irdl_op_definition
class NegfOp(IRDLOperation):
    """Flip the sign bit, of NaN too. `%r = arith.negf %a fastmath<fast> : tensor<4xf32>`."""

    name = "arith.negf"
    T: ClassVar = VarConstraint("T", floatingPointLike)
    operand = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)
    traits = traits_def(Pure())
    assembly_format = "$operand (`fastmath` `` $fastmath^)? attr-dict `:` type($result)"

    def __init__(self, operand: Operation | SSAValue, fastmath: FastMathFlagsAttr = NO_FASTMATH):
        value = SSAValue.get(operand)
        super().__init__(operands=[value], result_types=[value.type], properties={"fastmath": fastmath})


@irdl_op_definition
class RemFOp(xdsl_arith.FloatingPointLikeBinaryOperation):
    """Float remainder with the sign of the left operand, as C's `fmod`. `%r = arith.remf %a, %b : f32`."""

    name = "arith.remf"
    traits = traits_def(Pure())


Arith = Dialect(
    "arith",
    [
        ConstantOp,
        AddiOp,
        AddUIExtendedOp,
        SubiOp,
        MuliOp,
        MulUIExtendedOp,
        MulSIExtendedOp,
        DivUIOp,
        DivSIOp,
        FloorDivSIOp,
        CeilDivSIOp,
        CeilDivUIOp,
        RemUIOp,
        RemSIOp,
        MinSIOp,
        MaxSIOp,
        MinUIOp,
        MaxUIOp,
        AddfOp,
        SubfOp,
        MulfOp,
        DivfOp,
        RemFOp,
        NegfOp,
        CmpiOp,
        CmpfOp,
        SelectOp,
        AndIOp,
        OrIOp,
        XOrIOp,
        ShLIOp,
        ShRUIOp,
        ShRSIOp,
        MinimumfOp,
        MinnumfOp,
        MaximumfOp,
        MaxnumfOp,
        BitcastOp,
        IndexCastOp,
        IndexCastUIOp,
        FPToSIOp,
        FPToUIOp,
        SIToFPOp,
        UIToFPOp,
        ExtFOp,
        TruncFOp,
        TruncIOp,
        ExtSIOp,
        ExtUIOp,
    ],
    [FastMathFlagsAttr, IntegerOverflowAttr],
    [xdsl_arith.ArithConstantMaterializationInterface()],
)
