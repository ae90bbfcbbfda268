"""Tensor descriptors: blocks of a tensor in global memory, without pointers."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    SameVariadicOperandSize,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.arithmetic import bitwidth
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import DescriptorReduceKind, EnumAttr, PaddingOption
from minilinalg.dialects.tt.effects import ReadsAndWritesMemory, ReadsMemory
from minilinalg.dialects.tt.traits import TensorSize, in_order
from minilinalg.dialects.tt.types import (
    AnyTensor,
    Descriptor,
    Pointer,
    PointerType,
    RowTensor,
    Tensor,
    TensorDescType,
    tensor_type,
)

MIN_ROWS = 8
MIN_ROW_BITS = 256


@irdl_op_definition
class MakeTensorDescOp(FormattedOperation):
    """Describe a tensor in memory that is accessed in blocks.

    ```mlir
    %d = tt.make_tensor_descriptor %base, [%m, %n], [%stride, %one] : <f16>, <128x64xf16>
    ```

    `shape` and `strides` are those of the whole tensor in elements, one of each for every dimension of the block; the
    last stride is 1. A block that reaches beyond the tensor reads `padding` there, zero or NaN, and writes nothing.
    """

    name = "tt.make_tensor_descriptor"
    SYNTAX: ClassVar = Syntax(
        "$base `,` `[` $shape `]` `,` `[` $strides `]` attr-dict `:` type($base) `,` type($result)"
    )

    base = operand_def(Pointer)
    shape = var_operand_def(i32)
    strides = var_operand_def(i64)
    padding = prop_def(EnumAttr(PaddingOption), default_value=PaddingOption.PAD_ZERO.attribute)
    result = result_def(Descriptor)

    irdl_options = (SameVariadicOperandSize(),)
    traits = in_order(Pure(), TensorSize())

    @property
    def padding_option(self) -> PaddingOption:
        """What a load gives outside of the tensor."""
        return PaddingOption.of(self.padding)

    def verify_(self) -> None:
        base, result = self.base.type, descriptor_type(self.result)
        assert isinstance(base, PointerType)
        rank = len(result.get_shape())
        if len(self.shape) != rank:
            raise VerifyException(
                f"'tt.make_tensor_descriptor' of {result} with {len(self.shape)} sizes and strides: "
                f"one for each dimension of the block, {rank}"
            )
        if bitwidth(base.pointee_type) != bitwidth(result.element_type):
            raise VerifyException(
                f"'tt.make_tensor_descriptor' of {result} at {base}: the pointer points to elements of the descriptor"
            )


def descriptor_type(value: SSAValue) -> TensorDescType:
    """The type of a value that the definition of its operation says is a descriptor."""
    assert isinstance(value.type, TensorDescType)
    return value.type


def verify_block(op: str, desc: TensorDescType, tensor: AnyTensor, indices: int) -> None:
    """Verify that `tensor` holds one block of `desc`, in its shape or another with as many elements."""
    block = desc.block_type
    if tensor.element_type != block.element_type:
        raise VerifyException(f"'{op}' of {tensor} through {desc}: both have the same element type")
    if prod(tensor.get_shape()) != prod(block.get_shape()):
        raise VerifyException(f"'{op}' of {tensor} through {desc}: the tensor has the elements of one block")
    if indices != block.get_num_dims():
        raise VerifyException(f"'{op}' through {desc} at {indices} indices: one for each dimension of the block")


@irdl_op_definition
class DescriptorLoadOp(FormattedOperation):
    """Load the block of a tensor that starts at the given indices.

    ```mlir
    %x = tt.descriptor_load %d[%i, %j] : !tt.tensordesc<128x64xf16> -> tensor<128x64xf16>
    ```

    Indices count elements and may be anything; outside of the tensor, elements are the descriptor's padding.
    """

    name = "tt.descriptor_load"
    SYNTAX: ClassVar = Syntax("$desc `[` $indices `]` attr-dict `:` qualified(type($desc)) `->` type($result)")

    desc = operand_def(Descriptor)
    indices = var_operand_def(i32)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")
    result = result_def(Tensor)

    traits = in_order(ReadsMemory(), TensorSize())

    def verify_(self) -> None:
        verify_block(self.name, descriptor_type(self.desc), tensor_type(self.result), len(self.indices))


@irdl_op_definition
class DescriptorStoreOp(FormattedOperation):
    """Store a block of a tensor at the given indices; elements outside of the tensor are not written.

    ```mlir
    tt.descriptor_store %d[%i, %j], %x : !tt.tensordesc<128x64xf16>, tensor<128x64xf16>
    ```
    """

    name = "tt.descriptor_store"
    SYNTAX: ClassVar = Syntax("$desc `[` $indices `]` `,` $src attr-dict `:` qualified(type($desc)) `,` type($src)")

    desc = operand_def(Descriptor)
    src = operand_def(Tensor)
    indices = var_operand_def(i32)

    traits = in_order(ReadsAndWritesMemory(), TensorSize())

    def verify_(self) -> None:
        verify_block(self.name, descriptor_type(self.desc), tensor_type(self.src), len(self.indices))


@irdl_op_definition
class DescriptorReduceOp(FormattedOperation):
    """Combine a block with the tensor in memory, each element atomically.

    ```mlir
    tt.descriptor_reduce add, %d[%i, %j], %x : !tt.tensordesc<128x64xf16>, tensor<128x64xf16>
    ```

    The kind is one of add, min, max, inc, dec, and, or, xor.
    """

    name = "tt.descriptor_reduce"
    SYNTAX: ClassVar = Syntax(
        "$kind `,` $desc `[` $indices `]` `,` $src attr-dict `:` qualified(type($desc)) `,` type($src)"
    )

    kind = prop_def(EnumAttr(DescriptorReduceKind))
    desc = operand_def(Descriptor)
    src = operand_def(Tensor)
    indices = var_operand_def(i32)

    traits = in_order(ReadsAndWritesMemory(), TensorSize())

    @property
    def reduce_kind(self) -> DescriptorReduceKind:
        """How elements are combined."""
        return DescriptorReduceKind.of(self.kind)

    def verify_(self) -> None:
        verify_block(self.name, descriptor_type(self.desc), tensor_type(self.src), len(self.indices))


def verify_rows(op: str, desc: SSAValue, offsets: SSAValue, values: SSAValue) -> None:
    """Verify that `values` has one row of the block of `desc` for each of the row indices `offsets`."""
    block, rows, tensor = descriptor_type(desc).block_type, tensor_type(offsets), tensor_type(values)
    what = f"'{op}' of {tensor} through {desc.type} at rows {rows}"
    if block.get_num_dims() != 2 or block.get_shape()[0] != 1:
        raise VerifyException(f"{what}: the block has two dimensions, and one row")
    if rows.get_num_dims() != 1:
        raise VerifyException(f"{what}: rows are a tensor of one dimension")
    columns = block.get_shape()[1]
    if tensor.get_shape() != (rows.get_shape()[0], columns) or tensor.element_type != block.element_type:
        raise VerifyException(
            f"{what}: the tensor has a row of the block for each index, "
            f"tensor<{rows.get_shape()[0]}x{columns}x{block.element_type}>"
        )
    if rows.get_shape()[0] < MIN_ROWS:
        raise VerifyException(f"{what}: there are at least {MIN_ROWS} rows")
    if (minimum := MIN_ROW_BITS // bitwidth(tensor)) > columns:
        raise VerifyException(f"{what}: there are at least {minimum} columns of {tensor.element_type}")


@irdl_op_definition
class DescriptorGatherOp(FormattedOperation):
    """Load rows of a tensor, each at its own index.

    ```mlir
    %x = tt.descriptor_gather %d[%rows, %j] : (!tt.tensordesc<1x64xf16>, tensor<32xi32>, i32) -> tensor<32x64xf16>
    ```

    The block of the descriptor is one row. Row k of the result is row x_offsets[k] of the tensor, from column
    `y_offset`.
    """

    name = "tt.descriptor_gather"
    SYNTAX: ClassVar = Syntax("$desc `[` $x_offsets `,` $y_offset `]` attr-dict `:` functional-type(operands, results)")

    desc = operand_def(Descriptor)
    x_offsets = operand_def(RowTensor)
    y_offset = operand_def(i32)
    result = result_def(Tensor)

    traits = in_order(ReadsMemory(), TensorSize())

    def verify_(self) -> None:
        verify_rows(self.name, self.desc, self.x_offsets, self.result)


@irdl_op_definition
class DescriptorScatterOp(FormattedOperation):
    """Store rows of a tensor, each at its own index: the inverse of `tt.descriptor_gather`.

    ```mlir
    tt.descriptor_scatter %d[%rows, %j], %x : !tt.tensordesc<1x64xf16>, tensor<32xi32>, i32, tensor<32x64xf16>
    ```
    """

    name = "tt.descriptor_scatter"
    SYNTAX: ClassVar = Syntax("$desc `[` $x_offsets `,` $y_offset `]` `,` $src attr-dict `:` type(operands)")

    desc = operand_def(Descriptor)
    x_offsets = operand_def(RowTensor)
    y_offset = operand_def(i32)
    src = operand_def(Tensor)

    traits = in_order(ReadsAndWritesMemory(), TensorSize())

    def verify_(self) -> None:
        verify_rows(self.name, self.desc, self.x_offsets, self.src)
