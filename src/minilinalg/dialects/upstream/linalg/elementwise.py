"""Named elementwise operations, `linalg.fill` and `linalg.copy`.

    %r = linalg.exp ins(%a : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
    %r = linalg.add ins(%a, %b : tensor<4x8xf32>, tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>

All operands have one shape. `copy` converts elements to the type of the output, integers as signed numbers; the others
work on elements of one type.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from types import UnionType
from typing import ClassVar

from xdsl.dialects.builtin import AffineMapAttr, AnyFloat, ArrayAttr, FloatAttr, IndexType, IntegerType, i1
from xdsl.dialects.linalg.attrs import IteratorTypeAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.irdl import AttrSizedOperandSegments, irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream import arith, math
from minilinalg.dialects.upstream.constraints import shaped_type
from minilinalg.dialects.upstream.linalg.structured import PARALLEL, NamedStructuredOp, identity_maps


def converted(block: Block, value: SSAValue, target: Attribute) -> SSAValue:
    """`value` as an element of type `target`, by a signed conversion added to `block` where one is needed."""
    source = value.type
    if source == target:
        return value
    if isinstance(source, AnyFloat) and isinstance(target, AnyFloat):
        cast = arith.ExtFOp if source.bitwidth < target.bitwidth else arith.TruncFOp
    elif isinstance(source, IntegerType) and isinstance(target, IntegerType):
        cast = arith.ExtSIOp if source.bitwidth < target.bitwidth else arith.TruncIOp
    elif isinstance(source, IntegerType) and isinstance(target, AnyFloat):
        cast = arith.SIToFPOp
    elif isinstance(source, AnyFloat) and isinstance(target, IntegerType):
        cast = arith.FPToSIOp
    elif isinstance(source, IntegerType | IndexType) and isinstance(target, IntegerType | IndexType):
        cast = arith.IndexCastOp
    else:
        raise VerifyException(f"there is no conversion from {source} to {target}")
    block.add_op(op := cast(value, target))  # pyright: ignore[reportUnknownArgumentType]
    return op.results[0]


class ElementwiseOp(NamedStructuredOp, abc.ABC):
    """Every output element from the input elements at the same place."""

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        return identity_maps(len(self.operands), shaped_type(self.outputs[0]).get_num_dims())

    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        return ArrayAttr([PARALLEL] * shaped_type(self.outputs[0]).get_num_dims())


def _verify_elements(name: str, inputs: Sequence[SSAValue], out: SSAValue, kind: type | UnionType = Attribute) -> None:
    """The elements of inputs and output are of one type, and that is a `kind`."""
    if not isinstance(out.type, kind):
        raise VerifyException(f"'{name}' is not defined on elements of type {out.type}")
    for value in inputs:
        if value.type != out.type:
            raise VerifyException(
                f"'{name}' has an input with elements of type {value.type} and an output of {out.type}: "
                "they are of one type"
            )


class UnaryOp(ElementwiseOp, abc.ABC):
    """`linalg.NAME ins(%a) outs(%init)` on floats."""

    ARITY: ClassVar[int] = 1
    FLOAT: ClassVar[type[Operation]]

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        value, out = block.args
        _verify_elements(cls.name, [value], out, AnyFloat)
        block.add_op(op := cls.FLOAT(value))  # pyright: ignore
        return [op.results[0]]


class BinaryOp(ElementwiseOp, abc.ABC):
    """`linalg.NAME ins(%a, %b) outs(%init)`: one arith operation on floats, one on integers, one on i1."""

    ARITY: ClassVar[int] = 2
    FLOAT: ClassVar[type[Operation] | None] = None
    INTEGER: ClassVar[type[Operation] | None] = None
    BOOLEAN: ClassVar[type[Operation] | None] = None

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        lhs, rhs, out = block.args
        type_ = out.type
        op_type = cls.BOOLEAN if type_ == i1 else cls.FLOAT if isinstance(type_, AnyFloat) else cls.INTEGER
        if op_type is None:
            raise VerifyException(f"'{cls.name}' is not defined on elements of type {type_}")
        _verify_elements(cls.name, [lhs, rhs], out)
        block.add_op(op := op_type(lhs, rhs))  # pyright: ignore
        return [op.results[0]]


@irdl_op_definition
class ExpOp(UnaryOp):
    """Exponential: `linalg.exp ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.exp"
    FLOAT: ClassVar[type[Operation]] = math.ExpOp


@irdl_op_definition
class LogOp(UnaryOp):
    """Natural logarithm: `linalg.log ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.log"
    FLOAT: ClassVar[type[Operation]] = math.LogOp


@irdl_op_definition
class AbsOp(UnaryOp):
    """Absolute value: `linalg.abs ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.abs"
    FLOAT: ClassVar[type[Operation]] = math.AbsFOp


@irdl_op_definition
class CeilOp(UnaryOp):
    """Round up: `linalg.ceil ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.ceil"
    FLOAT: ClassVar[type[Operation]] = math.CeilOp


@irdl_op_definition
class FloorOp(UnaryOp):
    """Round down: `linalg.floor ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.floor"
    FLOAT: ClassVar[type[Operation]] = math.FloorOp


@irdl_op_definition
class NegFOp(UnaryOp):
    """Flip the sign: `linalg.negf ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.negf"
    FLOAT: ClassVar[type[Operation]] = arith.NegfOp


@irdl_op_definition
class SqrtOp(UnaryOp):
    """Square root: `linalg.sqrt ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.sqrt"
    FLOAT: ClassVar[type[Operation]] = math.SqrtOp


@irdl_op_definition
class RsqrtOp(UnaryOp):
    """One over the square root: `linalg.rsqrt ins(%a : tensor<4xf32>) outs(%i : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.rsqrt"
    FLOAT: ClassVar[type[Operation]] = math.RsqrtOp


@irdl_op_definition
class TanhOp(UnaryOp):
    """Hyperbolic tangent: `linalg.tanh ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.tanh"
    FLOAT: ClassVar[type[Operation]] = math.TanhOp


@irdl_op_definition
class ErfOp(UnaryOp):
    """Error function: `linalg.erf ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.erf"
    FLOAT: ClassVar[type[Operation]] = math.ErfOp


@irdl_op_definition
class RoundOp(UnaryOp):
    """Round to the nearest integer, halves away from zero: `linalg.round ins(%a : ...) outs(%init : ...) -> ...`."""

    name = "linalg.round"
    FLOAT: ClassVar[type[Operation]] = math.RoundOp


@irdl_op_definition
class SquareOp(UnaryOp):
    """`x * x`: `linalg.square ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.square"
    FLOAT: ClassVar[type[Operation]] = arith.MulfOp

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        value, out = block.args
        _verify_elements(cls.name, [value], out, AnyFloat)
        block.add_op(op := arith.MulfOp(value, value))
        return [op.result]


@irdl_op_definition
class ReciprocalOp(UnaryOp):
    """`1 / x`: `linalg.reciprocal ins(%a : tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.reciprocal"
    FLOAT: ClassVar[type[Operation]] = arith.DivfOp

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        value, out = block.args
        _verify_elements(cls.name, [value], out, AnyFloat)
        block.add_op(one := arith.ConstantOp(FloatAttr(1.0, out.type)))  # pyright: ignore
        block.add_op(op := arith.DivfOp(one.result, value))
        return [op.result]


@irdl_op_definition
class AddOp(BinaryOp):
    """Sum: `linalg.add ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.add"
    FLOAT: ClassVar[type[Operation] | None] = arith.AddfOp
    INTEGER: ClassVar[type[Operation] | None] = arith.AddiOp
    BOOLEAN: ClassVar[type[Operation] | None] = arith.OrIOp


@irdl_op_definition
class SubOp(BinaryOp):
    """Difference: `linalg.sub ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%i : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.sub"
    FLOAT: ClassVar[type[Operation] | None] = arith.SubfOp
    INTEGER: ClassVar[type[Operation] | None] = arith.SubiOp


@irdl_op_definition
class MulOp(BinaryOp):
    """Product: `linalg.mul ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.mul"
    FLOAT: ClassVar[type[Operation] | None] = arith.MulfOp
    INTEGER: ClassVar[type[Operation] | None] = arith.MuliOp
    BOOLEAN: ClassVar[type[Operation] | None] = arith.AndIOp


@irdl_op_definition
class DivOp(BinaryOp):
    """Quotient, signed on integers: `linalg.div ins(%a, %b : ...) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.div"
    FLOAT: ClassVar[type[Operation] | None] = arith.DivfOp
    INTEGER: ClassVar[type[Operation] | None] = arith.DivSIOp


@irdl_op_definition
class DivUnsignedOp(BinaryOp):
    """Quotient of unsigned integers: `linalg.div_unsigned ins(%a, %b : ...) outs(%i : tensor<4xi32>) -> ...`."""

    name = "linalg.div_unsigned"
    INTEGER: ClassVar[type[Operation] | None] = arith.DivUIOp


@irdl_op_definition
class MaxOp(BinaryOp):
    """Maximum, signed on integers; NaN when an operand is: `linalg.max ins(%a, %b : ...) outs(%init : ...) -> ...`."""

    name = "linalg.max"
    FLOAT: ClassVar[type[Operation] | None] = arith.MaximumfOp
    INTEGER: ClassVar[type[Operation] | None] = arith.MaxSIOp
    BOOLEAN: ClassVar[type[Operation] | None] = arith.MaxSIOp


@irdl_op_definition
class MinOp(BinaryOp):
    """Minimum, signed on integers; NaN when an operand is: `linalg.min ins(%a, %b : ...) outs(%init : ...) -> ...`."""

    name = "linalg.min"
    FLOAT: ClassVar[type[Operation] | None] = arith.MinimumfOp
    INTEGER: ClassVar[type[Operation] | None] = arith.MinSIOp
    BOOLEAN: ClassVar[type[Operation] | None] = arith.MinSIOp


@irdl_op_definition
class PowFOp(BinaryOp):
    """Power of floats: `linalg.powf ins(%a, %b : ...) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.powf"
    FLOAT: ClassVar[type[Operation] | None] = math.PowFOp


@irdl_op_definition
class SelectOp(ElementwiseOp):
    """Choose by a condition: `linalg.select ins(%c, %a, %b : tensor<4xi1>, ...) outs(%init : ...) -> ...`."""

    name = "linalg.select"
    ARITY: ClassVar[int] = 3

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        condition, lhs, rhs, out = block.args
        _verify_elements(cls.name, [lhs, rhs], out)
        block.add_op(op := arith.SelectOp(condition, lhs, rhs))
        return [op.result]


@irdl_op_definition
class CopyOp(ElementwiseOp):
    """Copy: `linalg.copy ins(%a : tensor<4xf16>) outs(%init : tensor<4xf32>) -> tensor<4xf32>`, converting elements."""

    name = "linalg.copy"
    ARITY: ClassVar[int] = 1

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        return [converted(block, block.args[0], block.args[-1].type)]


@irdl_op_definition
class FillOp(ElementwiseOp):
    """Set every element to a scalar: `linalg.fill ins(%x : f32) outs(%init : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.fill"
    ARITY: ClassVar[int] = 1

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        value, out = block.args
        _verify_elements(cls.name, [value], out)
        return [value]

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        rank = shaped_type(self.outputs[0]).get_num_dims()
        return ArrayAttr([AffineMapAttr(AffineMap(rank, 0, ())), AffineMapAttr(AffineMap.identity(rank))])
