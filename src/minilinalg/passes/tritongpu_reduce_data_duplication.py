"""`tritongpu-reduce-data-duplication`: operands of dots go through shared memory as blocks, not element by element.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FixedBitwidthType, ModuleOp

from minilinalg.dialects import ttg
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.distributed_layouts import BlockedEncodingAttr, DistributedLayout, DotOperandEncodingAttr
from minilinalg.dialects.ttg.dot_operand_sharing import shared_for_operand
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.layouts.conversion import Movement, conversion
from minilinalg.layouts.linear import LANE, REGISTER, WARP
from minilinalg.passes.base import MinilinalgPass, remark


def memory_order(layout: DistributedLayout, shape: tuple[int, ...]) -> list[int]:
    """The dimensions of a layout in the order in which its registers, lanes and warps first go along them."""
    if isinstance(layout, BlockedEncodingAttr):
        return list(numbers(layout.order))
    linear = layout.linear_layout(shape)
    order: list[int] = []
    for name in (REGISTER, LANE, WARP):
        for basis in linear.bases(name):
            order += [dim for dim, index in enumerate(basis) if index and dim not in order]
    return order + [dim for dim in reversed(range(len(shape))) if dim not in order]


@dataclass(frozen=True)
class TritongpuReduceDataDuplicationPass(MinilinalgPass):
    """Writes what is converted to an operand of a dot to shared memory once, swizzled, and loads the operand from it.

    ```mlir
    #b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
    #op = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
    tt.func @before(%x: tensor<64x64xf16, #b>) {
      %0 = ttg.convert_layout %x : tensor<64x64xf16, #b> -> tensor<64x64xf16, #op>
      tt.return
    }
    ```
    becomes
    ```mlir
    #b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
    #op = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
    #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
    #smem = #ttg.shared_memory
    tt.func @after(%x: tensor<64x64xf16, #b>) {
      %0 = ttg.local_alloc %x : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
      %1 = ttg.local_load %0 : !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf16, #op>
      tt.return
    }
    ```

    Requires: stage ttg. Ensures: no `ttg.convert_layout` to an operand of a dot goes through shared memory on its own,
    where warps would write what they hold in common more than once. Leaves alone: conversions within a warp.
    """

    name = "tritongpu-reduce-data-duplication"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for convert in [each for each in op.walk() if isinstance(each, ttg.ConvertLayoutOp)]:
            old, new = layout_of(convert.src.type), layout_of(convert.result.type)
            if not isinstance(new, DotOperandEncodingAttr) or old is None:
                continue
            type = tensor_type(convert.src)
            shape, element = type.get_shape(), type.element_type
            movement = conversion(old.linear_layout(shape), new.linear_layout(shape)).movement
            if movement < Movement.SHARED_MEMORY:
                remark(ctx, self, convert, "elements stay in their warp: no shared memory is needed")
                continue
            bits = element.bitwidth if isinstance(element, FixedBitwidthType) else 64
            shared = shared_for_operand(new, shape, memory_order(old, shape), bits)
            alloc = ttg.LocalAllocOp(ttg.MemDescType(shape, element, shared), convert.src)
            load = ttg.LocalLoadOp(alloc.result, tensor_type(convert.result))
            assert convert.parent is not None
            for each in (alloc, load):
                each.location = convert.location
                convert.parent.insert_op_before(each, convert)
            convert.result.replace_all_uses_with(load.result)
            convert.detach()
            convert.erase()
