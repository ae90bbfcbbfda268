"""Operations that make tensors and change their shape; no element is computed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import I32, DenseArrayBase, IntegerAttr, TensorType, UnitAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.traits import NoMemoryEffect, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import LayoutsFollow, SameElementType, TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import AnyTensor, IntTensor, Tensor, Value, element_type, is_tensor, tensor_type

CAST = "$src attr-dict `:` type($src) `->` type($result)"


def shape_text(shape: Sequence[int]) -> str:
    """A shape as it is written in a type: 4x8."""
    return "x".join(map(str, shape))


@irdl_op_definition
class MakeRangeOp(FormattedOperation):
    """The integers from `start` to `end` - 1.

    ```mlir
    %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
    ```

    The result is a 1-D tensor of i32 with `end` - `start` elements.
    """

    name = "tt.make_range"
    SYNTAX: ClassVar = Syntax("attr-dict `:` type($result)")

    start = prop_def(IntegerAttr[I32])
    end = prop_def(IntegerAttr[I32])
    result = result_def(IntTensor)

    traits = in_order(Pure(), TensorSize())

    def __init__(self, start: int, end: int):
        super().__init__(
            properties={"start": IntegerAttr(start, i32), "end": IntegerAttr(end, i32)},
            result_types=[TensorType(i32, [end - start])],
        )

    def verify_(self) -> None:
        start, end = self.start.value.data, self.end.value.data
        type = tensor_type(self.result)
        if type.element_type != i32:
            raise VerifyException(f"'tt.make_range' gives {type}: its elements are i32")
        if start >= end:
            raise VerifyException(f"'tt.make_range' from {start} to {end}: start is less than end")
        if type.get_shape() != (end - start,):
            raise VerifyException(
                f"'tt.make_range' from {start} to {end} gives {type}: "
                f"the result has one dimension, of size end - start = {end - start}"
            )


@irdl_op_definition
class SplatOp(FormattedOperation):
    """A tensor with every element equal to `src`.

    ```mlir
    %t = tt.splat %x : f32 -> tensor<8x4xf32>
    ```
    """

    name = "tt.splat"
    SYNTAX: ClassVar = Syntax(CAST)

    src = operand_def(Value)
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize(), SameElementType())

    def __init__(self, src: SSAValue, result_type: AnyTensor):
        super().__init__(operands=[src], result_types=[result_type])

    def verify_(self) -> None:
        # Upstream lets a tensor pass here, and fails in its lowering.
        if is_tensor(self.src.type):
            raise VerifyException(f"'tt.splat' of {self.src.type}: its operand is a scalar")


@irdl_op_definition
class UnsplatOp(FormattedOperation):
    """The only element of a tensor with one element.

    ```mlir
    %x = tt.unsplat %t : tensor<1x1xf32>
    ```
    """

    name = "tt.unsplat"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src)")

    src = operand_def(Tensor)
    result = result_def(Value)

    traits = in_order(
        Pure(), TensorSize(), TypesMatch("src", "result", element_type, "the result is the element itself")
    )

    def __init__(self, src: SSAValue):
        super().__init__(operands=[src], result_types=[element_type(src.type)])

    def verify_(self) -> None:
        if prod(tensor_type(self.src).get_shape()) != 1:
            raise VerifyException(f"'tt.unsplat' of {self.src.type}: its operand has exactly one element")


@irdl_op_definition
class ExpandDimsOp(FormattedOperation):
    """Insert a dimension of size 1 in front of dimension `axis`.

    ```mlir
    %r = tt.expand_dims %x {axis = 0 : i32} : tensor<8xf32> -> tensor<1x8xf32>
    ```

    `axis` runs from 0 to the rank of `src`: that puts the new dimension last.
    """

    name = "tt.expand_dims"
    SYNTAX: ClassVar = Syntax(CAST)

    src = operand_def(Tensor)
    axis = prop_def(IntegerAttr[I32])
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize(), SameElementType(), LayoutsFollow())

    def __init__(self, src: SSAValue, axis: int):
        type = src.type
        assert is_tensor(type)
        shape = type.get_shape()
        super().__init__(
            operands=[src],
            properties={"axis": IntegerAttr(axis, i32)},
            result_types=[TensorType(type.element_type, (*shape[:axis], 1, *shape[axis:]))],
        )

    def verify_(self) -> None:
        axis, shape = self.axis.value.data, tensor_type(self.src).get_shape()
        if not 0 <= axis <= len(shape):
            raise VerifyException(
                f"'tt.expand_dims' of {self.src.type} at axis {axis}: axis is from 0 to the rank, {len(shape)}"
            )
        expected = (*shape[:axis], 1, *shape[axis:])
        if tensor_type(self.result).get_shape() != expected:
            raise VerifyException(
                f"'tt.expand_dims' of {self.src.type} at axis {axis} gives {self.result.type}: "
                f"the result has shape {shape_text(expected)}"
            )


@irdl_op_definition
class BroadcastOp(FormattedOperation):
    """Repeat elements along dimensions of size 1.

    ```mlir
    %b = tt.broadcast %x : tensor<8x1xf32> -> tensor<8x4xf32>
    ```

    The rank stays, and so does every size other than 1.
    """

    name = "tt.broadcast"
    SYNTAX: ClassVar = Syntax(CAST)

    src = operand_def(Tensor)
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize(), SameElementType(), LayoutsFollow())

    def __init__(self, src: SSAValue, result_type: AnyTensor):
        super().__init__(operands=[src], result_types=[result_type])

    def verify_(self) -> None:
        source, result = tensor_type(self.src).get_shape(), tensor_type(self.result).get_shape()
        if len(source) != len(result):
            raise VerifyException(f"'tt.broadcast' of {self.src.type} to {self.result.type}: both have the same rank")
        for i, (old, new) in enumerate(zip(source, result, strict=True)):
            if old not in (1, new):
                raise VerifyException(
                    f"'tt.broadcast' of {self.src.type} to {self.result.type}: "
                    f"dimension {i} has size {old}, and only a size of 1 can be changed"
                )


@irdl_op_definition
class ReshapeOp(FormattedOperation):
    """The same elements in another shape, in row-major order.

    ```mlir
    %r = tt.reshape %x : tensor<8x4xf32> -> tensor<32xf32>
    %s = tt.reshape %x allow_reorder : tensor<8x4xf32> -> tensor<32xf32>
    ```

    With `allow_reorder` the compiler may choose another order of elements. `efficient_layout` marks a result whose
    layout was chosen on purpose.
    """

    name = "tt.reshape"
    SYNTAX: ClassVar = Syntax(
        "$src (`allow_reorder` $allow_reorder^)? (`efficient_layout` $efficient_layout^)? attr-dict "
        "`:` type($src) `->` type($result)"
    )

    src = operand_def(Tensor)
    allow_reorder = opt_prop_def(UnitAttr)
    efficient_layout = opt_prop_def(UnitAttr)
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize(), SameElementType(), LayoutsFollow())

    def __init__(self, src: SSAValue, result_type: AnyTensor, allow_reorder: bool = False):
        super().__init__(
            operands=[src],
            properties={"allow_reorder": UnitAttr() if allow_reorder else None},
            result_types=[result_type],
        )

    def verify_(self) -> None:
        if prod(tensor_type(self.src).get_shape()) != prod(tensor_type(self.result).get_shape()):
            raise VerifyException(
                f"'tt.reshape' of {self.src.type} to {self.result.type}: both have the same number of elements"
            )


@irdl_op_definition
class CatOp(FormattedOperation):
    """The elements of two tensors in one, in an order that is the compiler's to choose.

    ```mlir
    %c = tt.cat %a, %b : tensor<8xf32> -> tensor<16xf32>
    ```

    Not pure upstream: two equal ones may give different orders, so they are not merged.
    """

    name = "tt.cat"
    SYNTAX: ClassVar = Syntax("$lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)")

    lhs = operand_def(Tensor)
    rhs = operand_def(Tensor)
    result = result_def(Tensor)

    traits = in_order(
        NoMemoryEffect(),
        TensorSize(),
        TypesMatch("lhs", "rhs", same, "both operands have the same type"),
        SameElementType(),
    )

    def verify_(self) -> None:
        operands, result = 2 * prod(tensor_type(self.lhs).get_shape()), prod(tensor_type(self.result).get_shape())
        if result != operands:
            raise VerifyException(
                f"'tt.cat' of two {self.lhs.type} gives {self.result.type}: "
                f"the result has the elements of both, {operands}"
            )


@irdl_op_definition
class JoinOp(FormattedOperation):
    """Two tensors side by side along a new last dimension of size 2.

    ```mlir
    %j = tt.join %a, %b : tensor<4x8xf32> -> tensor<4x8x2xf32>
    ```

    j[..., 0] is `lhs`, j[..., 1] is `rhs`.
    """

    name = "tt.join"
    SYNTAX: ClassVar = Syntax("$lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)")

    lhs = operand_def(Tensor)
    rhs = operand_def(Tensor)
    result = result_def(Tensor)

    traits = in_order(
        Pure(), TensorSize(), TypesMatch("lhs", "rhs", same, "both operands have the same type"), LayoutsFollow()
    )

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        type = lhs.type
        assert is_tensor(type)
        super().__init__(operands=[lhs, rhs], result_types=[TensorType(type.element_type, (*type.get_shape(), 2))])

    def verify_(self) -> None:
        _verify_pairs(self.name, tensor_type(self.lhs), tensor_type(self.result))


@irdl_op_definition
class SplitOp(FormattedOperation):
    """The two halves of a tensor whose last dimension has size 2: the inverse of `tt.join`.

    ```mlir
    %a, %b = tt.split %j : tensor<4x8x2xf32> -> tensor<4x8xf32>
    ```

    `out_lhs` is src[..., 0], `out_rhs` is src[..., 1].
    """

    name = "tt.split"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src) `->` type($outLHS)")

    src = operand_def(Tensor)
    out_lhs = result_def(Tensor)
    out_rhs = result_def(Tensor)

    traits = in_order(
        Pure(), TensorSize(), TypesMatch("out_lhs", "out_rhs", same, "both results have the same type"), LayoutsFollow()
    )

    def __init__(self, src: SSAValue):
        type = src.type
        assert is_tensor(type)
        half = TensorType(type.element_type, type.get_shape()[:-1])
        super().__init__(operands=[src], result_types=[half, half])

    def verify_(self) -> None:
        _verify_pairs(self.name, tensor_type(self.out_lhs), tensor_type(self.src))


def _verify_pairs(op: str, half: AnyTensor, pairs: AnyTensor) -> None:
    if element_type(half) != element_type(pairs) or pairs.get_shape() != (*half.get_shape(), 2):
        raise VerifyException(
            f"'{op}' has {half} and {pairs}: the second is the first with a last dimension of size 2 added"
        )


@irdl_op_definition
class TransOp(FormattedOperation):
    """Reorder the dimensions of a tensor: dimension i of the result is dimension `order`[i] of `src`.

    ```mlir
    %t = tt.trans %x {order = array<i32: 2, 0, 1>} : tensor<1x2x4xf32> -> tensor<4x1x2xf32>
    ```

    It stands for both `tl.trans` and `tl.permute`.
    """

    name = "tt.trans"
    SYNTAX: ClassVar = Syntax(CAST)

    src = operand_def(Tensor)
    order = prop_def(DenseArrayBase.constr(i32))
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize(), SameElementType(), LayoutsFollow())

    def __init__(self, src: SSAValue, order: Sequence[int]):
        type = src.type
        assert is_tensor(type)
        shape = type.get_shape()
        super().__init__(
            operands=[src],
            properties={"order": DenseArrayBase.from_list(i32, order)},
            result_types=[TensorType(type.element_type, [shape[i] for i in order])],
        )

    def get_order(self) -> tuple[int, ...]:
        """The order as integers."""
        return self.order.get_values()

    def verify_(self) -> None:
        order, shape = self.get_order(), tensor_type(self.src).get_shape()
        if sorted(order) != list(range(len(shape))):
            raise VerifyException(
                f"'tt.trans' of {self.src.type} with order {list(order)}: "
                f"order is a permutation of 0 to {len(shape) - 1}"
            )
        expected = tuple(shape[i] for i in order)
        if tensor_type(self.result).get_shape() != expected:
            raise VerifyException(
                f"'tt.trans' of {self.src.type} with order {list(order)} gives {self.result.type}: "
                f"the result has shape {shape_text(expected)}"
            )
