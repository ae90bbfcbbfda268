"""Operations that use the values of a tensor as indices."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, UnitAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import TensorSize, TypesMatch, in_order
from minilinalg.dialects.tt.types import AnyTensor, Bool, IntTensor, Tensor, mask_type, tensor_type, with_element


@irdl_op_definition
class HistogramOp(FormattedOperation):
    """Count how often each value occurs: element i of the result is the number of elements of `src` equal to i.

    ```mlir
    %h = tt.histogram %x, %mask : tensor<256xi32> -> tensor<16xi32>
    ```

    Elements where `mask` is false are not counted; those below 0 or beyond the last bin are undefined.
    """

    name = "tt.histogram"
    SYNTAX: ClassVar = Syntax("$src (`,` $mask^)? attr-dict `:` type($src) `->` type($result)")

    src = operand_def(IntTensor)
    mask = opt_operand_def(Bool)
    result = result_def(IntTensor)

    traits = in_order(
        Pure(), TensorSize(), TypesMatch("src", "mask", mask_type, "the mask has one i1 for each element")
    )

    def __init__(self, src: SSAValue, result_type: AnyTensor, mask: SSAValue | None = None):
        super().__init__(operands=[src, mask], result_types=[result_type])


@irdl_op_definition
class GatherOp(FormattedOperation):
    """Take elements of `src` along dimension `axis`, at the given indices.

    ```mlir
    %g = tt.gather %x[%i] {axis = 1 : i32} : (tensor<8x64xf32>, tensor<8x16xi32>) -> tensor<8x16xf32>
    ```

    result[i, j] = src[i, indices[i, j]] for axis 1. The result has the shape of `indices`, which differs from that of
    `src` in dimension `axis` only. Indices are in range. `efficient_layout` marks a layout that was chosen on purpose.
    """

    name = "tt.gather"
    SYNTAX: ClassVar = Syntax("$src `[` $indices `]` attr-dict `:` functional-type(operands, results)")

    src = operand_def(Tensor)
    indices = operand_def(IntTensor)
    axis = prop_def(IntegerAttr[I32])
    efficient_layout = opt_prop_def(UnitAttr)
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize())

    def __init__(self, src: SSAValue[AnyTensor], indices: SSAValue[AnyTensor], axis: int):
        super().__init__(
            operands=[src, indices],
            properties={"axis": IntegerAttr(axis, i32)},
            result_types=[with_element(indices.type, src.type.element_type)],
        )

    def verify_(self) -> None:
        source, indices, axis = (
            tensor_type(self.src).get_shape(),
            tensor_type(self.indices).get_shape(),
            self.axis.value.data,
        )
        what = f"'tt.gather' of {self.src.type} with indices {self.indices.type} along axis {axis}"
        if not 0 <= axis < len(source):
            raise VerifyException(f"{what}: axis is from 0 to {len(source) - 1}")
        if len(indices) != len(source):
            raise VerifyException(f"{what}: both have the same rank")
        for i, (have, want) in enumerate(zip(source, indices, strict=True)):
            if i != axis and have != want:
                raise VerifyException(f"{what}: dimension {i} has the same size in both, as all but the axis")
        expected = with_element(self.indices.type, tensor_type(self.src).element_type)
        if (
            tensor_type(self.result).element_type != tensor_type(self.src).element_type
            or tensor_type(self.result).get_shape() != indices
        ):
            raise VerifyException(
                f"{what} gives {self.result.type}: shape of the indices and elements of the source are {expected}"
            )
