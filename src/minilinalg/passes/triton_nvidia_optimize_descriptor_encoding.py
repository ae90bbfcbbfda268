"""`triton-nvidia-optimize-descriptor-encoding`: the tiles of each descriptor get their layout in shared memory.

Source: the pass of the same name in Triton 3.9 (DescriptorMemoryLayouts.cpp there).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import TensorDescType
from minilinalg.dialects.ttg.descriptor_layout import descriptor_layout, of_rank
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.tile_copies import WIDTHS, element_bits


def wanted_by_users(load: Operation) -> ttg.NVMMASharedEncodingAttr | None:
    """The layout of the first buffer into which a loaded block goes, if tiles can be copied in it."""
    for use in load.results[0].uses:
        if isinstance(use.operation, ttg.LocalAllocOp):
            layout = memdesc_type(use.operation.result).layout
            if isinstance(layout, ttg.NVMMASharedEncodingAttr) and not layout.transposed.value.data:
                return layout
    return None


def chosen_layout(descriptor: SSAValue) -> ttg.NVMMASharedEncodingAttr:
    """The layout that all who use a loaded block want, or else the one of its shape."""
    type = descriptor.type
    assert isinstance(type, TensorDescType)
    shape, bits = type.get_shape(), element_bits(type)
    if bits not in WIDTHS:
        raise UnsupportedError(
            f"a descriptor of {type.element_type}",
            rule=f"tiles in shared memory are of elements of {', '.join(map(str, WIDTHS))} bits",
            places=places_of(descriptor),
        )
    found = {
        wanted_by_users(use.operation) for use in descriptor.uses if isinstance(use.operation, tt.DescriptorLoadOp)
    }
    wanted = [layout for layout in found if layout is not None]
    if len(wanted) == 1:
        return of_rank(wanted[0], len(shape))
    return descriptor_layout(shape, bits)


def _descriptors(module: ModuleOp) -> Iterator[SSAValue]:
    """All values that are descriptors without a layout."""
    for op in module.walk():
        arguments = (arg for region in op.regions for block in region.blocks for arg in block.args)
        for value in (*op.results, *arguments):
            if isinstance(value.type, TensorDescType) and not isinstance(
                value.type.shared_layout, ttg.SharedLayoutAttribute
            ):
                yield value


@dataclass(frozen=True)
class TritonNvidiaOptimizeDescriptorEncodingPass(MinilinalgPass):
    """Chooses for each descriptor how its tiles lie in shared memory, which is what their copies write and read there.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%x: !tt.tensordesc<64x64xf16>, %m: i32, %n: i32, %s: i64, %one: i64, %i: i32) {
        %v = tt.descriptor_load %x[%i, %i] : !tt.tensordesc<64x64xf16> -> tensor<64x64xf16, #blocked>
        tt.descriptor_store %x[%i, %i], %v : !tt.tensordesc<64x64xf16>, tensor<64x64xf16, #blocked>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%x: !tt.tensordesc<64x64xf16, #shared>, %m: i32, %n: i32, %s: i64, %one: i64, %i: i32) {
        %v = tt.descriptor_load %x[%i, %i] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #blocked>
        tt.descriptor_store %x[%i, %i], %v : !tt.tensordesc<64x64xf16, #shared>, tensor<64x64xf16, #blocked>
        tt.return
      }
    }
    ```

    The layout is that of the buffer which a product of warp groups reads, where what is loaded goes to one. Else lines
    of the last dimension, with the widest swizzle (128, 64 or 32 bytes) that they fill.

    Requires: stage ttg. Ensures: a layout on the type of every descriptor. Leaves alone: descriptors that have one.
    """

    name = "triton-nvidia-optimize-descriptor-encoding"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for value in list(_descriptors(op)):
            old, layout = value.type, chosen_layout(value)
            assert isinstance(old, TensorDescType)
            remark(ctx, self, value, f"lines with a swizzle of {layout.swizzling_byte_width.data} bytes")
            hint = value.name_hint
            new = Rewriter.replace_value_with_new_type(value, TensorDescType(old.get_shape(), old.element_type, layout))
            new.name_hint = hint
        for function in [each for each in op.walk() if isinstance(each, tt.FuncOp) and each.body.blocks]:
            inputs, outputs = [arg.type for arg in function.args], list(function.function_type.outputs)
            if list(function.function_type.inputs) != inputs:
                function.function_type = FunctionType.from_lists(inputs, outputs)
