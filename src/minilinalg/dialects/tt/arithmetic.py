"""Elementwise arithmetic and casts that arith and math do not have."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, PropagateNan, RoundingMode
from minilinalg.dialects.tt.traits import Elementwise, SameEncoding, SameShape, TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import Float, Float32, Integer, PointerType, Value, element_type, is_any_integer

BINARY = Syntax("$x `,` $y attr-dict `:` type($x)")
SAME_TYPE = "operands and result have the same type"
ELEMENTWISE = (Pure(), TensorSize(), Elementwise(), SameShape(), SameEncoding())


def bitwidth(type: Attribute) -> int:
    """The number of bits of one element of `type`, which is an integer, a float or a tensor of them."""
    element = element_type(type)
    if is_any_integer(element):
        return element.width.data
    assert isinstance(element, AnyFloat)
    return element.bitwidth


@irdl_op_definition
class BitcastOp(FormattedOperation):
    """The same bits as another type of the same width; or the same address as a pointer to another type.

    ```mlir
    %y = tt.bitcast %x : tensor<8xf32> -> tensor<8xi32>
    ```

    `arith.bitcast` does the same for numbers, and knows no pointers.
    """

    name = "tt.bitcast"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src) `->` type($result)")

    src = operand_def(Value)
    result = result_def(Value)

    traits = in_order(*ELEMENTWISE)

    def verify_(self) -> None:
        source, result = element_type(self.src.type), element_type(self.result.type)
        if isinstance(source, PointerType) or isinstance(result, PointerType):
            if not (isinstance(source, PointerType) and isinstance(result, PointerType)):
                raise VerifyException(f"'tt.bitcast' of {source} to {result}: both are pointers, or neither")
            if source.address_space != result.address_space:
                raise VerifyException(
                    f"'tt.bitcast' of {source} to {result}: both pointers are in the same address space"
                )
        elif bitwidth(source) != bitwidth(result):
            raise VerifyException(f"'tt.bitcast' of {source} to {result}: both have the same number of bits")


@irdl_op_definition
class FpToFpOp(FormattedOperation):
    """Round a float to another float type.

    ```mlir
    %y = tt.fp_to_fp %x, rounding = rtne : tensor<8xf32> -> tensor<8xf8E4M3FN>
    ```

    For the f8 types, and for rounding towards zero; other casts are those of arith. `rounding` must be given when the
    result has fewer bits.
    """

    name = "tt.fp_to_fp"
    SYNTAX: ClassVar = Syntax("$src attr-dict (`,` `rounding` `=` $rounding^)? `:` type($src) `->` type($result)")

    src = operand_def(Float)
    rounding = opt_prop_def(EnumAttr(RoundingMode))
    result = result_def(Float)

    traits = in_order(*ELEMENTWISE)

    @property
    def rounding_mode(self) -> RoundingMode | None:
        """How it is rounded; None where nothing is lost."""
        return None if self.rounding is None else RoundingMode.of(self.rounding)

    def verify_(self) -> None:
        if self.rounding is None and bitwidth(self.src.type) > bitwidth(self.result.type):
            raise VerifyException(
                f"'tt.fp_to_fp' of {self.src.type} to {self.result.type} without rounding: "
                "a cast to fewer bits says how it rounds"
            )


@irdl_op_definition
class ClampFOp(FormattedOperation):
    """Limit `x` to the range from `min` to `max`.

    ```mlir
    %y = tt.clampf %x, %min, %max, propagateNan = none : tensor<8xf32>
    ```

    With `propagateNan = all`, a NaN operand makes the result NaN; with `none`, a NaN `x` gives one of the bounds.
    `min` greater than `max` is undefined.
    """

    name = "tt.clampf"
    SYNTAX: ClassVar = Syntax("$x `,` $min `,` $max `,` `propagateNan` `=` $propagateNan attr-dict `:` type($result)")

    x = operand_def(Float)
    min = operand_def(Float)
    max = operand_def(Float)
    propagate_nan = prop_def(EnumAttr(PropagateNan), prop_name="propagateNan")
    result = result_def(Float)

    traits = in_order(
        *ELEMENTWISE,
        TypesMatch("x", "min", same, SAME_TYPE),
        TypesMatch("x", "max", same, SAME_TYPE),
        TypesMatch("x", "result", same, SAME_TYPE),
    )

    @property
    def nan_propagation(self) -> PropagateNan:
        """Whether NaN operands make the result NaN."""
        return PropagateNan.of(self.propagate_nan)


@irdl_op_definition
class PreciseSqrtOp(FormattedOperation):
    """The square root, rounded to nearest as IEEE 754 says.

    ```mlir
    %y = tt.precise_sqrt %x : tensor<8xf32>
    ```
    """

    name = "tt.precise_sqrt"
    SYNTAX: ClassVar = Syntax("$x attr-dict `:` type($x)")

    x = operand_def(Float)
    result = result_def(Float)

    traits = in_order(*ELEMENTWISE, TypesMatch("x", "result", same, SAME_TYPE))


class BinaryOperation(FormattedOperation):
    """What the operations of two operands `x` and `y` of the result's type share."""

    SYNTAX: ClassVar = BINARY

    traits = in_order(*ELEMENTWISE, TypesMatch("x", "y", same, SAME_TYPE), TypesMatch("x", "result", same, SAME_TYPE))


@irdl_op_definition
class PreciseDivFOp(BinaryOperation):
    """The quotient x / y, rounded to nearest as IEEE 754 says.

    ```mlir
    %z = tt.precise_divf %x, %y : tensor<8xf32>
    ```
    """

    name = "tt.precise_divf"

    x = operand_def(Float)
    y = operand_def(Float)
    result = result_def(Float)


@irdl_op_definition
class ApproxDivFOp(BinaryOperation):
    """The quotient x / y of f32, within 2 ulp where 2^-126 <= |y| <= 2^126, as `div.approx.f32` of PTX.

    ```mlir
    %z = tt.approx_divf %x, %y : tensor<8xf32>
    ```
    """

    name = "tt.approx_divf"

    x = operand_def(Float32)
    y = operand_def(Float32)
    result = result_def(Float32)


@irdl_op_definition
class MulhiUIOp(BinaryOperation):
    """The upper half of the product of two unsigned integers of n bits, which has 2n.

    ```mlir
    %z = tt.mulhiui %x, %y : tensor<8xi32>
    ```
    """

    name = "tt.mulhiui"

    x = operand_def(Integer)
    y = operand_def(Integer)
    result = result_def(Integer)
