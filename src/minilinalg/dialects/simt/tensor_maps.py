"""Tensor maps that a kernel makes itself: in global memory that the launch lends it, by way of shared memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.traits import NoMemoryEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.bulk_copy import TensorMapType
from minilinalg.dialects.simt.effects import Orders
from minilinalg.dialects.simt.mbarrier import ONE_ADDRESS
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import in_order
from minilinalg.dialects.ttng.tma import verify_tensor_map

SCRATCH_ATTR = "simt.scratch"
"""Of a function: the bytes of global memory that a launch lends each block, a multiple of what they are aligned to; an
i32."""
MAP_BYTES = 128
"""The bytes of a tensor map, and what its address in memory is a multiple of."""


@irdl_op_definition
class GlobalScratchOp(FormattedOperation):
    """The address of a byte of the memory that the launch lends this block: `%p = simt.global_scratch 128 : i64`.

    A function has `simt.scratch` bytes for each block: block n, x fastest, has those from `n * simt.scratch` on. What
    is there at the start is not said. PTX: the last parameter of the kernel, and the offset.
    """

    name = "simt.global_scratch"
    SYNTAX: ClassVar = Syntax("$offset attr-dict `:` type($result)")

    offset = prop_def(IntegerAttr[I32])
    result = result_def(i64)
    traits = in_order(NoMemoryEffect())

    def __init__(self, offset: int):
        super().__init__(result_types=[i64], properties={"offset": IntegerAttr(offset, i32)})

    def verify_(self) -> None:
        if self.offset.value.data < 0:
            raise VerifyException(f"'simt.global_scratch' at {self.offset.value.data}: an offset is at least 0")


@irdl_op_definition
class TensormapCreateOp(FormattedOperation):
    """Write a tensor map to global memory, by the first warp; `shared` are 128 bytes of shared memory to make it in.

    ```mlir
    simt.tensormap_create %shared, %to, %base, [%b0, %b1], [%n0, %n1], [%s0], [%one, %one]
      {elem_type = 6 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32, fill_mode = 0 : i32}
    ```

    Sizes of a box and of the tensor, strides in bytes but for the fastest dimension, steps; the fastest dimension
    first. The numbers are those of `ttng.tensormap_create`. TMA sees it behind a `simt.tensormap_fenceproxy_acquire`.

    PTX: `tensormap.replace.tile.*.shared::cta`, then
    `tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu`.
    """

    name = "simt.tensormap_create"
    SYNTAX: ClassVar = Syntax(
        "$shared `,` $to `,` $base `,` `[` $box_dim `]` `,` `[` $global_dim `]` `,` `[` $global_stride `]` `,` "
        "`[` $element_stride `]` attr-dict"
    )

    shared = operand_def(ONE_ADDRESS)
    to = operand_def(i64)
    base = operand_def(i64)
    box_dim = var_operand_def(i32)
    global_dim = var_operand_def(i32)
    global_stride = var_operand_def(i64)
    element_stride = var_operand_def(i32)
    elem_type = prop_def(IntegerAttr[I32])
    interleave_layout = prop_def(IntegerAttr[I32])
    swizzle_mode = prop_def(IntegerAttr[I32])
    fill_mode = prop_def(IntegerAttr[I32])

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(Orders())

    def __init__(
        self,
        shared: SSAValue,
        to: SSAValue,
        base: SSAValue,
        lists: Sequence[Sequence[SSAValue]],
        numbers: dict[str, Attribute],
    ):
        super().__init__(operands=[shared, to, base, *lists], properties=numbers)

    def verify_(self) -> None:
        verify_tensor_map(self)


@irdl_op_definition
class TensormapFenceproxyAcquireOp(FormattedOperation):
    """Let TMA see the tensor map at an address, by the first warp: `simt.tensormap_fenceproxy_acquire %at`.

    PTX: `fence.proxy.tensormap::generic.acquire.gpu`.
    """

    name = "simt.tensormap_fenceproxy_acquire"
    SYNTAX: ClassVar = Syntax("$address attr-dict")

    address = operand_def(i64)
    traits = in_order(Orders())

    def __init__(self, address: SSAValue):
        super().__init__(operands=[address])


@irdl_op_definition
class TensorMapAtOp(FormattedOperation):
    """The tensor map that stands at an address in global memory when it is used, as the ones that are passed by value.

    `%m = simt.tensor_map_at %at : !simt.tensor_map<128x64xf16, swizzle = 128>`

    What copies by it finds one with this box, these elements and this swizzle there. PTX: the address.
    """

    name = "simt.tensor_map_at"
    SYNTAX: ClassVar = Syntax("$address attr-dict `:` type($result)")

    address = operand_def(i64)
    result = result_def(TensorMapType)
    traits = in_order(NoMemoryEffect())

    def __init__(self, address: SSAValue, type: TensorMapType):
        super().__init__(operands=[address], result_types=[type])
