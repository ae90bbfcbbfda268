"""Operations on floats, IEEE 754 unless a fast-math flag says otherwise."""

from __future__ import annotations

import abc
from typing import ClassVar

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import VarConstraint, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Commutative, Pure

from minilinalg.dialects.upstream.elementwise import NO_FASTMATH, FastMathAssembly, SameTypeOp, floatingPointLike


class FloatBinaryOp(FastMathAssembly, SameTypeOp, abc.ABC):
    """`%r = arith.NAME %a, %b fastmath<contract> : type` on floats, or tensors or vectors of them."""

    ARITY: ClassVar[int] = 2
    T: ClassVar = VarConstraint("T", floatingPointLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FASTMATH)
    result = result_def(T)

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        flags: FastMathFlagsAttr | None = None,
        result_type: Attribute | None = None,
    ):
        type_ = SSAValue.get(operand1).type if result_type is None else result_type
        super().__init__(operands=[operand1, operand2], result_types=[type_], properties={"fastmath": flags})


@irdl_op_definition
class AddfOp(FloatBinaryOp):
    """Sum: `%r = arith.addf %a, %b fastmath<reassoc> : tensor<4xf32>`."""

    name = "arith.addf"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class SubfOp(FloatBinaryOp):
    """Difference: `%r = arith.subf %a, %b : f32`."""

    name = "arith.subf"
    traits = traits_def(Pure())


@irdl_op_definition
class MulfOp(FloatBinaryOp):
    """Product: `%r = arith.mulf %a, %b : tensor<4xf32>`."""

    name = "arith.mulf"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class DivfOp(FloatBinaryOp):
    """Quotient: `%r = arith.divf %a, %b : tensor<4xf32>`."""

    name = "arith.divf"
    traits = traits_def(Pure())


@irdl_op_definition
class RemFOp(FloatBinaryOp):
    """Remainder with the sign of the left operand, as C's `fmod`: `%r = arith.remf %a, %b : f32`."""

    name = "arith.remf"
    traits = traits_def(Pure())


@irdl_op_definition
class MaximumfOp(FloatBinaryOp):
    """Maximum, NaN when an operand is NaN, and -0.0 below 0.0: `%r = arith.maximumf %a, %b : f32`."""

    name = "arith.maximumf"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MinimumfOp(FloatBinaryOp):
    """Minimum, NaN when an operand is NaN, and -0.0 below 0.0: `%r = arith.minimumf %a, %b : f32`."""

    name = "arith.minimumf"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MaxnumfOp(FloatBinaryOp):
    """Maximum, the other operand when one is NaN; of 0.0 and -0.0 either: `%r = arith.maxnumf %a, %b : f32`."""

    name = "arith.maxnumf"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class MinnumfOp(FloatBinaryOp):
    """Minimum, the other operand when one is NaN; of 0.0 and -0.0 either: `%r = arith.minnumf %a, %b : f32`."""

    name = "arith.minnumf"
    traits = traits_def(Pure(), Commutative())


@irdl_op_definition
class NegfOp(FastMathAssembly, SameTypeOp):
    """Flip the sign bit, of NaN too: `%r = arith.negf %a : tensor<4xf32>`."""

    name = "arith.negf"
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
