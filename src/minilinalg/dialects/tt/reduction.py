"""Reductions and scans with a combining region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, TensorType, i32
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    prop_def,
    region_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import HasParent, IsTerminator, Pure, RecursivelySpeculatable, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import (
    LayoutsFollow,
    OrderedTraits,
    SameEncoding,
    SameOperandsEncoding,
    SameOperandsShape,
    SameShape,
    TensorSize,
    in_order,
)
from minilinalg.dialects.tt.types import Tensor, Value, element_type, is_tensor, types_text, without_layout

RETURN = "$result attr-dict `:` type($result)"


AS_ITS_COMBINER = (RecursiveMemoryEffect(), RecursivelySpeculatable())
"""Upstream declares reductions pure, and forgets a combiner that divides, or prints."""


@irdl_op_definition
class ReduceOp(IRDLOperation):
    """Reduce tensors along dimension `axis` with a combining function.

    ```mlir
    %s = "tt.reduce"(%x) <{axis = 1 : i32}> ({
    ^bb0(%l: f32, %r: f32):
      %t = arith.addf %l, %r : f32
      tt.reduce.return %t : f32
    }) : (tensor<8x4xf32>) -> tensor<8xf32>
    ```

    n operands of one shape give n results of that shape without `axis`; scalars when nothing is left. The region
    takes n elements of the left side and n of the right, and returns n. It must be associative, and elements are
    combined in no specified order.
    """

    name = "tt.reduce"

    srcs = var_operand_def(Tensor)
    axis = prop_def(IntegerAttr[I32])
    result = var_result_def(Value)
    combine_op = region_def("single_block")

    traits = in_order(*AS_ITS_COMBINER, TensorSize(), SameOperandsShape(), SameOperandsEncoding(), LayoutsFollow())

    def __init__(self, srcs: Sequence[SSAValue], axis: int, combine_op: Region):
        super().__init__(
            operands=[srcs],
            properties={"axis": IntegerAttr(axis, i32)},
            result_types=[[reduced_type(src.type, axis) for src in srcs]],
            regions=[combine_op],
        )

    def verify_(self) -> None:
        verify_axis(self, self.srcs, self.axis)
        expected = [reduced_type(src.type, self.axis.value.data) for src in self.srcs]
        # A layout follows from the operand's, by a rule of the dialect that layouts belong to.
        if [without_layout(type) for type in self.result.types] != expected:
            raise VerifyException(
                f"'tt.reduce' gives ({types_text(self.result.types)}): operands without axis are "
                f"({types_text(expected)})"
            )
        verify_combiner(self, self.combine_op, self.srcs)


@irdl_op_definition
class ReduceReturnOp(FormattedOperation):
    """The combined elements of a `tt.reduce`.

    ```mlir
    tt.reduce.return %t : f32
    ```
    """

    name = "tt.reduce.return"
    SYNTAX: ClassVar = Syntax(RETURN)

    result = var_operand_def()

    traits = OrderedTraits(lambda: (Pure(), TensorSize(), IsTerminator(), HasParent(ReduceOp)))

    def __init__(self, *result: SSAValue):
        super().__init__(operands=[result])


@irdl_op_definition
class ScanOp(IRDLOperation):
    """The running combination of tensors along dimension `axis`: element i combines elements 0 to i.

    ```mlir
    %s = "tt.scan"(%x) <{axis = 1 : i32, reverse = false}> ({
    ^bb0(%l: f32, %r: f32):
      %t = arith.addf %l, %r : f32
      tt.scan.return %t : f32
    }) : (tensor<8x4xf32>) -> tensor<8x4xf32>
    ```

    The region is that of `tt.reduce`, with the earlier elements on the left; it must be associative. With `reverse`
    the scan runs from the last element to the first.
    """

    name = "tt.scan"

    srcs = var_operand_def(Tensor)
    axis = prop_def(IntegerAttr[I32])
    reverse = prop_def(BoolAttr)
    result = var_result_def(Tensor)
    combine_op = region_def("single_block")

    traits = in_order(*AS_ITS_COMBINER, TensorSize(), SameShape(), SameEncoding())

    def __init__(self, srcs: Sequence[SSAValue], axis: int, combine_op: Region, reverse: bool = False):
        super().__init__(
            operands=[srcs],
            properties={"axis": IntegerAttr(axis, i32), "reverse": IntegerAttr.from_bool(reverse)},
            result_types=[[src.type for src in srcs]],
            regions=[combine_op],
        )

    def verify_(self) -> None:
        verify_axis(self, self.srcs, self.axis)
        if list(self.result.types) != list(self.srcs.types):
            raise VerifyException(
                f"'tt.scan' of ({types_text(self.srcs.types)}) gives ({types_text(self.result.types)}): "
                "results have the types of the operands"
            )
        verify_combiner(self, self.combine_op, self.srcs)


@irdl_op_definition
class ScanReturnOp(FormattedOperation):
    """The combined elements of a `tt.scan`.

    ```mlir
    tt.scan.return %t : f32
    ```
    """

    name = "tt.scan.return"
    SYNTAX: ClassVar = Syntax(RETURN)

    result = var_operand_def()

    traits = OrderedTraits(lambda: (Pure(), TensorSize(), IsTerminator(), HasParent(ScanOp)))

    def __init__(self, *result: SSAValue):
        super().__init__(operands=[result])


def reduced_type(type: Attribute, axis: int) -> Attribute:
    """What is left of a tensor type without dimension `axis`: a scalar when that was its only one.

    The layout of the result depends on the layout of the operand; without one, there is none.
    """
    assert is_tensor(type)
    shape = type.get_shape()
    if len(shape) == 1:
        return type.element_type
    return TensorType(type.element_type, (*shape[:axis], *shape[axis + 1 :]))


def verify_axis(op: Operation, srcs: Sequence[SSAValue], axis: IntegerAttr[I32]) -> None:
    """Verify that there is an operand, and that it has a dimension `axis`."""
    if not srcs:
        raise VerifyException(f"'{op.name}' without operands: it has at least one")
    type = srcs[0].type
    assert is_tensor(type)
    if not 0 <= axis.value.data < type.get_num_dims():
        raise VerifyException(
            f"'{op.name}' of {type} along axis {axis.value.data}: axis is from 0 to {type.get_num_dims() - 1}"
        )


def verify_combiner(op: Operation, region: Region, srcs: Sequence[SSAValue]) -> None:
    """Verify that a region combines two elements of each of `srcs` to one."""
    elements = [element_type(src.type) for src in srcs]
    if list(region.block.arg_types) != elements * 2:
        raise VerifyException(
            f"'{op.name}' has a region with arguments ({types_text(region.block.arg_types)}): "
            f"one element of each operand from the left and from the right is ({types_text(elements * 2)})"
        )
    last = region.block.last_op
    if last is not None and list(last.operand_types) != elements:
        raise VerifyException(
            f"'{op.name}' has a region that returns ({types_text(last.operand_types)}): "
            f"it returns one element of each operand, ({types_text(elements)})"
        )
