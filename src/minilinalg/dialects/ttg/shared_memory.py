"""Buffers in shared memory: allocating, loading and storing them."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, RMWOp
from minilinalg.dialects.tt.traits import TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import AnyTensor, Bool, IntTensor, Tensor, mask_type
from minilinalg.dialects.ttg.effects import AllocatesShared, FreesShared, ReadsShared, UpdatesShared, WritesShared
from minilinalg.dialects.ttg.layout_rules import (
    TensorsHaveLayouts,
    verify_along_axis,
    verify_mutable,
    verify_same_elements,
)
from minilinalg.dialects.ttg.types import TOKEN, MemDesc, MemDescType, memdesc_type


@irdl_op_definition
class LocalAllocOp(FormattedOperation):
    """Allocate a buffer in shared memory, and store `src` in it if there is one.

    ```mlir
    %b = ttg.local_alloc : () -> !ttg.memdesc<3x128x64xf16, #shared, #smem, mutable>
    %c = ttg.local_alloc %x : (tensor<128x64xf16, #blocked>) -> !ttg.memdesc<128x64xf16, #shared, #smem>
    ```

    `alignment` is that of the buffer's address, in bytes. Without `src` the buffer is mutable.
    """

    name = "ttg.local_alloc"
    SYNTAX: ClassVar = Syntax("($src^)? attr-dict `:` functional-type(operands, results)")

    src = opt_operand_def(Tensor)
    alignment = opt_prop_def(IntegerAttr[I32])
    result = result_def(MemDesc)

    traits = in_order(AllocatesShared(), TensorSize(), TensorsHaveLayouts())

    def __init__(self, result_type: MemDescType, src: SSAValue | None = None, alignment: int | None = None):
        properties = {} if alignment is None else {"alignment": IntegerAttr(alignment, i32)}
        super().__init__(operands=[src], properties=properties, result_types=[result_type])

    def verify_(self) -> None:
        if self.src is not None:
            verify_same_elements(self, self.src.type, self.result.type)
        else:
            verify_mutable(self, self.result.type)
        if self.alignment is not None and (number := self.alignment.value.data).bit_count() != 1:
            raise VerifyException(f"'ttg.local_alloc' with alignment {number}: it is a power of two")


@irdl_op_definition
class LocalDeallocOp(FormattedOperation):
    """End the life of a buffer; without this operation it ends behind the last use.

    `ttg.local_dealloc %b : !ttg.memdesc<128x64xf16, #shared, #smem, mutable>`
    """

    name = "ttg.local_dealloc"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` qualified(type($src))")

    src = operand_def(MemDesc)

    traits = in_order(FreesShared())

    def __init__(self, src: SSAValue):
        super().__init__(operands=[src])


@irdl_op_definition
class LocalLoadOp(FormattedOperation):
    """Load all that a view sees into registers.

    `%x = ttg.local_load %b token %t : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #blocked>`

    `token` is that of a wait which the load stands behind.
    """

    name = "ttg.local_load"
    SYNTAX: ClassVar = Syntax("$src (`token` $token^)? attr-dict `:` qualified(type($src)) `->` type($result)")

    src = operand_def(MemDesc)
    token = opt_operand_def(TOKEN)
    result = result_def(Tensor)

    traits = in_order(ReadsShared(), TensorSize(), TensorsHaveLayouts())

    def __init__(self, src: SSAValue, result_type: AnyTensor, token: SSAValue | None = None):
        super().__init__(operands=[src, token], result_types=[result_type])

    def verify_(self) -> None:
        verify_same_elements(self, self.src.type, self.result.type)


@irdl_op_definition
class LocalStoreOp(FormattedOperation):
    """Store a tensor into all that a view sees.

    `ttg.local_store %x, %b : tensor<64x64xf16, #blocked> -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>`
    """

    name = "ttg.local_store"
    SYNTAX: ClassVar = Syntax("$src `,` $dst attr-dict `:` type($src) `->` qualified(type($dst))")

    src = operand_def(Tensor)
    dst = operand_def(MemDesc)

    traits = in_order(WritesShared(), TensorSize(), TensorsHaveLayouts())

    def __init__(self, src: SSAValue, dst: SSAValue):
        super().__init__(operands=[src, dst])

    def verify_(self) -> None:
        verify_same_elements(self, self.src.type, self.dst.type)
        verify_mutable(self, self.dst.type)


@irdl_op_definition
class LocalGatherOp(FormattedOperation):
    """Load elements of a view at given indices along dimension `axis`, as `tt.gather` takes them from a tensor.

    ```mlir
    %x = ttg.local_gather %b[%i] {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable>,
         tensor<16x32xi32, #blocked> -> tensor<16x32xf32, #blocked>
    ```
    """

    name = "ttg.local_gather"
    SYNTAX: ClassVar = Syntax(
        "$src `[` $indices `]` (`token` $token^)? attr-dict `:` qualified(type($src)) `,` type($indices) `->` "
        "type($result)"
    )

    src = operand_def(MemDesc)
    indices = operand_def(IntTensor)
    axis = prop_def(IntegerAttr[I32])
    token = opt_operand_def(TOKEN)
    result = result_def(Tensor)

    traits = in_order(ReadsShared(), TensorSize(), TensorsHaveLayouts())

    def verify_(self) -> None:
        verify_along_axis(self, self.axis.value.data, self.src.type, self.indices.type, self.result.type)


@irdl_op_definition
class LocalScatterOp(FormattedOperation):
    """Store elements into a view at given indices along dimension `axis`: the inverse of `ttg.local_gather`.

    ```mlir
    ttg.local_scatter %b[%i], %x {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable>,
      tensor<16x32xi32, #blocked>, tensor<16x32xf32, #blocked>
    ```
    """

    name = "ttg.local_scatter"
    SYNTAX: ClassVar = Syntax(
        "$dst `[` $indices `]` `,` $values (`token` $token^)? attr-dict `:` qualified(type($dst)) `,` type($indices) "
        "`,` type($values)"
    )

    dst = operand_def(MemDesc)
    values = operand_def(Tensor)
    indices = operand_def(IntTensor)
    axis = prop_def(IntegerAttr[I32])
    token = opt_operand_def(TOKEN)

    traits = in_order(WritesShared(), TensorSize(), TensorsHaveLayouts())

    def verify_(self) -> None:
        verify_along_axis(self, self.axis.value.data, self.dst.type, self.indices.type, self.values.type)
        verify_mutable(self, self.dst.type)


@irdl_op_definition
class LocalAtomicScatterRMWOp(FormattedOperation):
    """Update elements of a view at given indices along dimension `axis`, each update at once; give what was there.

    ```mlir
    %o = ttg.local_atomic_scatter_rmw fadd, %b[%i], %x, %mask {axis = 0 : i32} :
         (!ttg.memdesc<64xf32, #shared, #smem, mutable>, tensor<64xf32, #blocked>, tensor<64xi32, #blocked>,
          tensor<64xi1, #blocked>) -> tensor<64xf32, #blocked>
    ```

    Where `mask` is false memory stays as it is, and the result is undefined.
    """

    name = "ttg.local_atomic_scatter_rmw"
    SYNTAX: ClassVar = Syntax(
        "$atomic_rmw_op `,` $dst `[` $indices `]` `,` $values (`,` $mask^)? attr-dict `:` "
        "functional-type(operands, results)"
    )

    atomic_rmw_op = prop_def(EnumAttr(RMWOp))
    dst = operand_def(MemDesc)
    values = operand_def(Tensor)
    indices = operand_def(IntTensor)
    mask = opt_operand_def(Bool)
    axis = prop_def(IntegerAttr[I32])
    result = result_def(Tensor)

    traits = in_order(
        UpdatesShared(),
        TensorSize(),
        TensorsHaveLayouts(),
        TypesMatch("values", "result", same, "the result has the type of the values"),
        TypesMatch("values", "mask", mask_type, "the mask has one i1 for each value"),
    )

    def verify_(self) -> None:
        verify_along_axis(self, self.axis.value.data, self.dst.type, self.indices.type, self.values.type)
        verify_mutable(self, memdesc_type(self.dst))
