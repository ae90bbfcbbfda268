"""Tensors and their single elements: extract, insert, from_elements, splat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerAttr, TensorType
from xdsl.interfaces import ConditionallySpeculatableInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import ConstantLike, NoMemoryEffect, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import counted
from minilinalg.dialects.upstream.constraints import tensor_type
from minilinalg.dialects.upstream.tensor.rules import verify_dynamic_sizes

_ELEMENT = VarConstraint("ELEMENT", AnyAttr())
_TENSOR = VarConstraint("TENSOR", TensorType.constr(_ELEMENT))


def _verify_indices(op: Operation, tensor: SSAValue, indices: Sequence[SSAValue]) -> None:
    rank = tensor_type(tensor).get_num_dims()
    if len(indices) != rank:
        raise VerifyException(
            f"'{op.name}' has {counted(len(indices), 'index')} into {tensor.type}: "
            f"it takes one for each dimension, here {rank}"
        )


def _are_inside(tensor: SSAValue, indices: Sequence[SSAValue]) -> bool:
    """Whether the indices are constants that lie within a tensor of this type, whatever the program does."""
    values = [ConstantLike.get_constant_value(index) for index in indices]
    return all(
        isinstance(value, IntegerAttr) and 0 <= value.value.data < size
        for value, size in zip(values, tensor_type(tensor).get_shape(), strict=True)
    )


@irdl_op_definition
class ExtractOp(ConditionallySpeculatableInterface, IRDLOperation):
    """One element: `%x = tensor.extract %t[%i, %j] : tensor<4x?xf32>`, with an index for each dimension."""

    name = "tensor.extract"
    ELEMENT: ClassVar = _ELEMENT
    tensor = operand_def(TensorType.constr(ELEMENT))
    indices = var_operand_def(IndexType)
    result = result_def(ELEMENT)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$tensor `[` $indices `]` attr-dict `:` type($tensor)"

    def __init__(self, tensor: SSAValue, indices: Sequence[SSAValue] | SSAValue, result_type: Attribute | None = None):
        super().__init__(
            operands=[tensor, [indices] if isinstance(indices, SSAValue) else indices],
            result_types=[result_type or tensor_type(tensor).element_type],
        )

    def is_speculatable(self) -> bool:
        return _are_inside(self.tensor, self.indices)

    def verify_(self) -> None:
        _verify_indices(self, self.tensor, self.indices)


@irdl_op_definition
class InsertOp(ConditionallySpeculatableInterface, IRDLOperation):
    """The tensor with one element replaced: `%u = tensor.insert %x into %t[%i, %j] : tensor<4x?xf32>`."""

    name = "tensor.insert"
    ELEMENT: ClassVar = _ELEMENT
    TENSOR: ClassVar = _TENSOR
    scalar = operand_def(ELEMENT)
    dest = operand_def(TENSOR)
    indices = var_operand_def(IndexType)
    result = result_def(TENSOR)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$scalar `into` $dest `[` $indices `]` attr-dict `:` type($dest)"

    def __init__(self, scalar: SSAValue, dest: SSAValue, indices: Sequence[SSAValue] | SSAValue):
        super().__init__(
            operands=(scalar, dest, [indices] if isinstance(indices, SSAValue) else indices),
            result_types=(dest.type,),
        )

    def is_speculatable(self) -> bool:
        return _are_inside(self.dest, self.indices)

    def verify_(self) -> None:
        _verify_indices(self, self.dest, self.indices)


@irdl_op_definition
class FromElementsOp(IRDLOperation):
    """A tensor of given elements, the last dimension fastest.

    `%t = tensor.from_elements %a, %b, %c, %d : tensor<2x2xf32>` is [[a, b], [c, d]].
    """

    name = "tensor.from_elements"
    ELEMENT: ClassVar = _ELEMENT
    elements = var_operand_def(ELEMENT)
    result = result_def(TensorType.constr(ELEMENT))
    traits = traits_def(Pure())
    assembly_format = "$elements attr-dict `:` type($result)"

    def __init__(self, *elements: SSAValue, result_type: Attribute | None = None):
        if result_type is None:
            result_type = TensorType(elements[0].type, (len(elements),))
        super().__init__(operands=(elements,), result_types=(result_type,))

    def verify_(self) -> None:
        type_ = self.result.type
        if not type_.has_static_shape() or math.prod(type_.get_shape()) != len(self.elements):
            raise VerifyException(
                f"'tensor.from_elements' makes {type_} of {counted(len(self.elements), 'element')}: "
                "the tensor has a static shape, and an operand for each element"
            )


@irdl_op_definition
class SplatOp(IRDLOperation):
    """A tensor with one value everywhere: `%t = tensor.splat %x[%n] : tensor<?x4xf32>`.

    One index for each dynamic dimension; without any, there are no brackets.
    """

    name = "tensor.splat"
    ELEMENT: ClassVar = _ELEMENT
    input = operand_def(ELEMENT)
    dynamicSizes = var_operand_def(IndexType)
    result = result_def(TensorType.constr(ELEMENT))
    traits = traits_def(Pure())
    assembly_format = "$input (`[` $dynamicSizes^ `]`)? attr-dict `:` type($result)"

    def __init__(self, input: SSAValue, dynamicSizes: Sequence[SSAValue | Operation], result_type: Attribute):
        super().__init__(operands=(input, dynamicSizes), result_types=(result_type,))

    @property
    def mixed_sizes(self) -> list[SSAValue | int]:
        """The size of each dimension."""
        sizes = iter(self.dynamicSizes)
        return [next(sizes) if size == DYNAMIC_INDEX else size for size in self.result.type.get_shape()]

    def verify_(self) -> None:
        verify_dynamic_sizes(self, self.result.type, self.dynamicSizes)
