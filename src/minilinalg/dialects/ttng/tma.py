"""Copies of whole blocks by the tensor memory accelerator, and the descriptors that they go by."""

from __future__ import annotations

from typing import Any, ClassVar

from xdsl.dialects.builtin import I16, I32, BoolAttr, IntegerAttr, IntegerType, UnitAttr, i1, i32, i64
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.tt.memory import FALSE
from minilinalg.dialects.tt.traits import in_order
from minilinalg.dialects.tt.types import Descriptor, Pointer, TensorDescType
from minilinalg.dialects.ttg.effects import OrdersShared
from minilinalg.dialects.ttg.layout_rules import elements_of, verify_mutable
from minilinalg.dialects.ttg.types import MemDesc

I16_TYPE: I16 = IntegerType(16)


class TMACopyOp(FormattedOperation):
    """A copy between a block in global memory and a view."""

    desc = operand_def(Descriptor)
    coord = var_operand_def(i32)

    traits = in_order(OrdersShared())

    def verify_block(self, view: Attribute) -> None:
        """Raises VerifyException unless the coordinates and `view` fit the descriptor's block."""
        type = self.desc.type
        assert isinstance(type, TensorDescType)
        shape, element = elements_of(view)
        if len(self.coord) != len(type.get_shape()):
            raise VerifyException(f"'{self.name}' of {type} at {len(self.coord)} indices: one for each dimension")
        block, its_element = elements_of(type.block_type)
        if ([n for n in shape if n != 1], element) != ([n for n in block if n != 1], its_element):
            raise VerifyException(
                f"'{self.name}' between {type} and {view}: both have the same element type, and the same shape but for "
                "dimensions of size 1"
            )


@irdl_op_definition
class AsyncTMACopyGlobalToLocalOp(TMACopyOp):
    """Begin to copy the block at `coord` into shared memory, where `pred` is true; its bytes arrive at `barrier`.

    ```mlir
    ttng.async_tma_copy_global_to_local %d[%i, %j] %b, %bar, %p : !tt.tensordesc<128x64xf16, #shared>,
      !ttg.memdesc<1xi64, #shared1, #smem, mutable> -> !ttg.memdesc<128x64xf16, #shared, #smem, mutable>
    ```
    """

    name = "ttng.async_tma_copy_global_to_local"
    SYNTAX: ClassVar = Syntax(
        "$desc `[` $coord `]` (`offsets` `=` `[` $offsets^ `]`)? $result `,` $barrier `,` $pred attr-dict `:` "
        "qualified(type($desc)) `,` qualified(type($barrier)) `->` qualified(type($result))"
    )

    desc = operand_def(Descriptor)
    coord = var_operand_def(i32)
    offsets = var_operand_def(I16_TYPE)
    barrier = operand_def(MemDesc)
    result = operand_def(MemDesc)
    pred = operand_def(i1)
    multicast = opt_prop_def(UnitAttr)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")
    is_volatile = prop_def(BoolAttr, default_value=FALSE, prop_name="isVolatile")

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def verify_(self) -> None:
        self.verify_block(self.result.type)
        if is_true(self.is_volatile):
            raise VerifyException("'ttng.async_tma_copy_global_to_local' is volatile: TMA has no such copies")
        verify_mutable(self, self.result.type)


@irdl_op_definition
class AsyncTMACopyLocalToGlobalOp(TMACopyOp):
    """Begin to copy what a view sees to the block at `coord`.

    ```mlir
    ttng.async_tma_copy_local_to_global %d[%i, %j] %b : !tt.tensordesc<128x128xf16, #shared>,
      !ttg.memdesc<128x128xf16, #shared, #smem>
    ```
    """

    name = "ttng.async_tma_copy_local_to_global"
    SYNTAX: ClassVar = Syntax(
        "$desc `[` $coord `]` $src attr-dict `:` qualified(type($desc)) `,` qualified(type($src))"
    )

    desc = operand_def(Descriptor)
    coord = var_operand_def(i32)
    src = operand_def(MemDesc)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")

    def verify_(self) -> None:
        self.verify_block(self.src.type)


@irdl_op_definition
class TMAStoreWaitOp(FormattedOperation):
    """Wait until at most `pendings` copies to global memory are under way.

    `ttng.async_tma_store_wait {pendings = 0 : i32}`

    With `read_only`, until they have read shared memory.
    """

    name = "ttng.async_tma_store_wait"
    SYNTAX: ClassVar = Syntax("attr-dict")

    pendings = prop_def(IntegerAttr[I32])
    read_only = opt_prop_def(UnitAttr)

    traits = in_order(OrdersShared())


MOST_OF_FIELDS = {"elem_type": 15, "interleave_layout": 2, "swizzle_mode": 3, "fill_mode": 1}
"""The greatest number of each field of a tensor map (PTX ISA, tensormap.replace)."""


def verify_tensor_map(op: Any) -> None:
    """Raises VerifyException unless what makes a tensor map has one to five dimensions, and numbers that there are."""
    rank = len(op.box_dim)
    counts = [len(op.global_dim), len(op.global_stride) + 1, len(op.element_stride)]
    if not 1 <= rank <= 5 or counts != [rank] * 3:
        raise VerifyException(
            f"'{op.name}' of {rank} box sizes, {counts[0]} sizes, {counts[1] - 1} strides and {counts[2]} element "
            "strides: one to five, as many of each, but one stride less"
        )
    for key, limit in MOST_OF_FIELDS.items():
        number = getattr(op, key).value.data
        if not 0 <= number <= limit:
            raise VerifyException(f"'{op.name}' with {key} {number}: it is from 0 to {limit}")


@irdl_op_definition
class TensormapCreateOp(FormattedOperation):
    """Write a descriptor for TMA to global memory.

    Sizes of a block and of the tensor, strides of the tensor in bytes but for the fastest dimension, fastest dimension
    first; the numbers of `elem_type`, `interleave_layout`, `swizzle_mode` and `fill_mode` are those of PTX
    (tensormap.replace).
    """

    name = "ttng.tensormap_create"
    SYNTAX: ClassVar = Syntax(
        "$desc_ptr `,` $global_address `,` `[` $box_dim `]` `,` `[` $global_dim `]` `,` `[` $global_stride `]` `,` "
        "`[` $element_stride `]` attr-dict `:` functional-type(operands, results)"
    )

    desc_ptr = operand_def(Pointer)
    global_address = operand_def(Pointer)
    box_dim = var_operand_def(i32)
    global_dim = var_operand_def(i32)
    global_stride = var_operand_def(i64)
    element_stride = var_operand_def(i32)
    elem_type = prop_def(IntegerAttr[I32])
    interleave_layout = prop_def(IntegerAttr[I32])
    swizzle_mode = prop_def(IntegerAttr[I32])
    fill_mode = prop_def(IntegerAttr[I32])

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(OrdersShared())

    def verify_(self) -> None:
        verify_tensor_map(self)


@irdl_op_definition
class TensormapFenceproxyAcquireOp(FormattedOperation):
    """Let TMA see a descriptor that was written: `ttng.tensormap_fenceproxy_acquire %d : !tt.ptr<i8>`."""

    name = "ttng.tensormap_fenceproxy_acquire"
    SYNTAX: ClassVar = Syntax("$desc_ptr attr-dict `:` qualified(type($desc_ptr))")

    desc_ptr = operand_def(Pointer)

    traits = in_order(OrdersShared())


@irdl_op_definition
class ReinterpretTensorDescOp(FormattedOperation):
    """A pointer to a descriptor, as the descriptor.

    `%d = ttng.reinterpret_tensor_descriptor %p : !tt.ptr<i8> to !tt.tensordesc<128x64xf16, #shared>`
    """

    name = "ttng.reinterpret_tensor_descriptor"
    SYNTAX: ClassVar = Syntax("$rawDesc attr-dict `:` qualified(type($rawDesc)) `to` qualified(type($result))")

    raw_desc = operand_def(Pointer)
    result = result_def(Descriptor)

    traits = in_order(Pure())
