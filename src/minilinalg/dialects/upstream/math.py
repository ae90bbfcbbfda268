"""The `math` dialect: functions of numbers, or of tensors and vectors of them, element by element.

xDSL 0.74 lacks clampf, erfc, sincos and the tests for NaN, infinities and normal numbers. Its names of classes,
constructors' parameters and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/MathOps/
"""

from __future__ import annotations

import abc
from typing import ClassVar

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import i1
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
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

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.elementwise import (
    NO_FASTMATH,
    FastMathAssembly,
    SameTypeOp,
    boolLike,
    floatingPointLike,
    have_same_shape,
    parse_fastmath,
    print_fastmath,
    same_shape_as,
    signlessIntegerLike,
)


class FloatUnaryOp(FastMathAssembly, SameTypeOp, abc.ABC):
    """`%r = math.NAME %x fastmath<afn> : type` on floats, or tensors or vectors of them."""

    ARITY: ClassVar[int] = 1
    T: ClassVar = VarConstraint("T", floatingPointLike)
    operand = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(self, operand: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        super().__init__(
            operands=[operand], result_types=[SSAValue.get(operand).type], properties={"fastmath": fastmath}
        )


class FloatBinaryOp(FastMathAssembly, SameTypeOp, abc.ABC):
    """`%r = math.NAME %x, %y fastmath<afn> : type` on floats, or tensors or vectors of them."""

    ARITY: ClassVar[int] = 2
    T: ClassVar = VarConstraint("T", floatingPointLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(self, lhs: Operation | SSAValue, rhs: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        super().__init__(operands=[lhs, rhs], result_types=[SSAValue.get(lhs).type], properties={"fastmath": fastmath})


class IntegerUnaryOp(SameTypeOp, abc.ABC):
    """`%r = math.NAME %x : type` on integers, or tensors or vectors of them."""

    ARITY: ClassVar[int] = 1
    T: ClassVar = VarConstraint("T", signlessIntegerLike)
    operand = operand_def(T)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(self, operand: Operation | SSAValue):
        super().__init__(operands=[operand], result_types=[SSAValue.get(operand).type])


@irdl_op_definition
class AbsFOp(FloatUnaryOp):
    """Absolute value: `%r = math.absf %x : tensor<4xf32>`."""

    name = "math.absf"


@irdl_op_definition
class AcosOp(FloatUnaryOp):
    """Arcus cosine: `%r = math.acos %x : tensor<4xf32>`."""

    name = "math.acos"


@irdl_op_definition
class AcoshOp(FloatUnaryOp):
    """Area hyperbolic cosine: `%r = math.acosh %x : tensor<4xf32>`."""

    name = "math.acosh"


@irdl_op_definition
class AsinOp(FloatUnaryOp):
    """Arcus sine: `%r = math.asin %x : tensor<4xf32>`."""

    name = "math.asin"


@irdl_op_definition
class AsinhOp(FloatUnaryOp):
    """Area hyperbolic sine: `%r = math.asinh %x : tensor<4xf32>`."""

    name = "math.asinh"


@irdl_op_definition
class AtanOp(FloatUnaryOp):
    """Arcus tangent: `%r = math.atan %x : tensor<4xf32>`."""

    name = "math.atan"


@irdl_op_definition
class AtanhOp(FloatUnaryOp):
    """Area hyperbolic tangent: `%r = math.atanh %x : tensor<4xf32>`."""

    name = "math.atanh"


@irdl_op_definition
class CbrtOp(FloatUnaryOp):
    """Cube root: `%r = math.cbrt %x : tensor<4xf32>`."""

    name = "math.cbrt"


@irdl_op_definition
class CeilOp(FloatUnaryOp):
    """Round towards plus infinity: `%r = math.ceil %x : tensor<4xf32>`."""

    name = "math.ceil"


@irdl_op_definition
class CosOp(FloatUnaryOp):
    """Cosine: `%r = math.cos %x : tensor<4xf32>`."""

    name = "math.cos"


@irdl_op_definition
class CoshOp(FloatUnaryOp):
    """Hyperbolic cosine: `%r = math.cosh %x : tensor<4xf32>`."""

    name = "math.cosh"


@irdl_op_definition
class ErfOp(FloatUnaryOp):
    """Error function: `%r = math.erf %x : tensor<4xf32>`."""

    name = "math.erf"


@irdl_op_definition
class ErfcOp(FloatUnaryOp):
    """Complementary error function, `1 - erf(x)` without the loss of digits: `%r = math.erfc %x : tensor<4xf32>`."""

    name = "math.erfc"


@irdl_op_definition
class ExpOp(FloatUnaryOp):
    """`e` to the power of x: `%r = math.exp %x : tensor<4xf32>`."""

    name = "math.exp"


@irdl_op_definition
class Exp2Op(FloatUnaryOp):
    """2 to the power of x: `%r = math.exp2 %x : tensor<4xf32>`."""

    name = "math.exp2"


@irdl_op_definition
class ExpM1Op(FloatUnaryOp):
    """`exp(x) - 1` without the loss of digits near 0: `%r = math.expm1 %x : tensor<4xf32>`."""

    name = "math.expm1"


@irdl_op_definition
class FloorOp(FloatUnaryOp):
    """Round towards minus infinity: `%r = math.floor %x : tensor<4xf32>`."""

    name = "math.floor"


@irdl_op_definition
class LogOp(FloatUnaryOp):
    """Natural logarithm: `%r = math.log %x : tensor<4xf32>`."""

    name = "math.log"


@irdl_op_definition
class Log10Op(FloatUnaryOp):
    """Logarithm to base 10: `%r = math.log10 %x : tensor<4xf32>`."""

    name = "math.log10"


@irdl_op_definition
class Log1pOp(FloatUnaryOp):
    """`log(1 + x)` without the loss of digits near 0: `%r = math.log1p %x : tensor<4xf32>`."""

    name = "math.log1p"


@irdl_op_definition
class Log2Op(FloatUnaryOp):
    """Logarithm to base 2: `%r = math.log2 %x : tensor<4xf32>`."""

    name = "math.log2"


@irdl_op_definition
class RoundOp(FloatUnaryOp):
    """Round to the nearest integer, halves away from zero: `%r = math.round %x : tensor<4xf32>`."""

    name = "math.round"


@irdl_op_definition
class RoundEvenOp(FloatUnaryOp):
    """Round to the nearest integer, halves to even: `%r = math.roundeven %x : tensor<4xf32>`."""

    name = "math.roundeven"


@irdl_op_definition
class RsqrtOp(FloatUnaryOp):
    """One over the square root: `%r = math.rsqrt %x : tensor<4xf32>`."""

    name = "math.rsqrt"


@irdl_op_definition
class SinOp(FloatUnaryOp):
    """Sine: `%r = math.sin %x : tensor<4xf32>`."""

    name = "math.sin"


@irdl_op_definition
class SinhOp(FloatUnaryOp):
    """Hyperbolic sine: `%r = math.sinh %x : tensor<4xf32>`."""

    name = "math.sinh"


@irdl_op_definition
class SqrtOp(FloatUnaryOp):
    """Square root: `%r = math.sqrt %x : tensor<4xf32>`."""

    name = "math.sqrt"


@irdl_op_definition
class TanOp(FloatUnaryOp):
    """Tangent: `%r = math.tan %x : tensor<4xf32>`."""

    name = "math.tan"


@irdl_op_definition
class TanhOp(FloatUnaryOp):
    """Hyperbolic tangent: `%r = math.tanh %x : tensor<4xf32>`."""

    name = "math.tanh"


@irdl_op_definition
class TruncOp(FloatUnaryOp):
    """Round towards zero: `%r = math.trunc %x : tensor<4xf32>`."""

    name = "math.trunc"


@irdl_op_definition
class Atan2Op(FloatBinaryOp):
    """Angle of the point (y, x), from -pi to pi: `%r = math.atan2 %y, %x : f32`."""

    name = "math.atan2"


@irdl_op_definition
class CopySignOp(FloatBinaryOp):
    """The first operand with the sign of the second: `%r = math.copysign %x, %sign : f32`."""

    name = "math.copysign"


@irdl_op_definition
class PowFOp(FloatBinaryOp):
    """Power of floats: `%r = math.powf %x, %y : f32`."""

    name = "math.powf"


@irdl_op_definition
class AbsIOp(IntegerUnaryOp):
    """Absolute value of a signed integer; of the smallest, itself: `%r = math.absi %x : i32`."""

    name = "math.absi"


@irdl_op_definition
class CountLeadingZerosOp(IntegerUnaryOp):
    """Number of zeros above the highest one: `%r = math.ctlz %x : i32`."""

    name = "math.ctlz"


@irdl_op_definition
class CountTrailingZerosOp(IntegerUnaryOp):
    """Number of zeros below the lowest one: `%r = math.cttz %x : i32`."""

    name = "math.cttz"


@irdl_op_definition
class CtPopOp(IntegerUnaryOp):
    """Number of ones: `%r = math.ctpop %x : i32`."""

    name = "math.ctpop"


@irdl_op_definition
class IPowIOp(SameTypeOp):
    """Power of signed integers: `%r = math.ipowi %x, %y : i32`."""

    name = "math.ipowi"
    ARITY: ClassVar[int] = 2
    T: ClassVar = VarConstraint("T", signlessIntegerLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(self, lhs: Operation | SSAValue, rhs: Operation | SSAValue):
        super().__init__(operands=[lhs, rhs], result_types=[SSAValue.get(lhs).type])


@irdl_op_definition
class FPowIOp(IRDLOperation):
    """Float to the power of a signed integer: `%r = math.fpowi %x, %n : f32, i32`."""

    name = "math.fpowi"
    T: ClassVar = VarConstraint("T", floatingPointLike)
    lhs = operand_def(T)
    rhs = operand_def(signlessIntegerLike)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)
    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs (`fastmath` `` $fastmath^)? attr-dict `:` type($lhs) `,` type($rhs)"

    def __init__(self, lhs: Operation | SSAValue, rhs: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        super().__init__(operands=[lhs, rhs], result_types=[SSAValue.get(lhs).type], properties={"fastmath": fastmath})


@irdl_op_definition
class FmaOp(FastMathAssembly, SameTypeOp):
    """`a * b + c`, rounded once: `%r = math.fma %a, %b, %c : tensor<4xf32>`."""

    name = "math.fma"
    ARITY: ClassVar[int] = 3
    T: ClassVar = VarConstraint("T", floatingPointLike)
    a = operand_def(T)
    b = operand_def(T)
    c = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(
        self,
        a: Operation | SSAValue,
        b: Operation | SSAValue,
        c: Operation | SSAValue,
        fastmath: FastMathFlagsAttr | None = None,
    ):
        super().__init__(operands=[a, b, c], result_types=[SSAValue.get(a).type], properties={"fastmath": fastmath})


@irdl_op_definition
class ClampFOp(IRDLOperation):
    """The value, or the bound that it lies beyond: `%r = math.clampf %x to [%min, %max] : tensor<4xf32>`.

    As `minimumf(maximumf(x, min), max)`: NaN when an operand is NaN.
    """

    name = "math.clampf"
    T: ClassVar = VarConstraint("T", floatingPointLike)
    value = operand_def(T)
    min = operand_def(T)
    max = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)
    traits = traits_def(Pure())

    def __init__(
        self,
        value: Operation | SSAValue,
        min: Operation | SSAValue,
        max: Operation | SSAValue,
        fastmath: FastMathFlagsAttr | None = None,
    ):
        super().__init__(
            operands=[value, min, max],
            result_types=[SSAValue.get(value).type],
            properties={"fastmath": fastmath},
        )

    @classmethod
    def parse(cls, parser: Parser) -> ClampFOp:
        value = parser.parse_unresolved_operand()
        parser.parse_keyword("to", " and the bounds in brackets")
        with parser.in_square_brackets():
            low = parser.parse_unresolved_operand()
            parser.parse_punctuation(",", " and the upper bound")
            high = parser.parse_unresolved_operand()
        flags = parse_fastmath(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of operands and result")
        type_ = parser.parse_type()
        return cls.create(
            operands=[parser.resolve_operand(operand, type_) for operand in (value, low, high)],
            result_types=[type_],
            properties=flags,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.value)
        printer.print_string(" to [")
        printer.print_list([self.min, self.max], printer.print_operand)
        printer.print_string("]")
        print_fastmath(printer, self.fastmath)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


@irdl_op_definition
class SincosOp(IRDLOperation):
    """Sine and cosine: `%sin, %cos = math.sincos %x : tensor<4xf32>`."""

    name = "math.sincos"
    T: ClassVar = VarConstraint("T", floatingPointLike)
    operand = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    sin = result_def(T)
    cos = result_def(T)
    traits = traits_def(Pure())
    assembly_format = "$operand (`fastmath` `` $fastmath^)? attr-dict `:` type($operand)"

    def __init__(self, operand: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        type_ = SSAValue.get(operand).type
        super().__init__(operands=[operand], result_types=[type_, type_], properties={"fastmath": fastmath})


# Tests


class FloatTestOp(SameTypeOp, abc.ABC):
    """`%r = math.NAME %x : type`, an i1 for each element."""

    ARITY: ClassVar[int] = 1
    operand = operand_def(floatingPointLike)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(boolLike)
    traits = traits_def(Pure())

    def __init__(self, operand: Operation | SSAValue):
        super().__init__(operands=[operand], result_types=[same_shape_as(SSAValue.get(operand).type, i1)])

    @classmethod
    def result_type(cls, type_: Attribute) -> Attribute:
        return same_shape_as(type_, i1)

    def verify_(self) -> None:
        if not have_same_shape(self.operand.type, self.result.type):
            raise VerifyException(
                f"'{self.name}' on {self.operand.type} has a result of type {self.result.type}: "
                f"it gives an i1 for each element, here {same_shape_as(self.operand.type, i1)}"
            )


@irdl_op_definition
class IsFiniteOp(FloatTestOp):
    """Neither infinite nor NaN: `%r = math.isfinite %x : tensor<4xf32>` gives `tensor<4xi1>`."""

    name = "math.isfinite"


@irdl_op_definition
class IsInfOp(FloatTestOp):
    """Plus or minus infinity: `%r = math.isinf %x : tensor<4xf32>` gives `tensor<4xi1>`."""

    name = "math.isinf"


@irdl_op_definition
class IsNaNOp(FloatTestOp):
    """NaN: `%r = math.isnan %x : tensor<4xf32>` gives `tensor<4xi1>`."""

    name = "math.isnan"


@irdl_op_definition
class IsNormalOp(FloatTestOp):
    """Neither zero, subnormal, infinite nor NaN: `%r = math.isnormal %x : tensor<4xf32>` gives `tensor<4xi1>`."""

    name = "math.isnormal"


Math = dialect("math", globals())
