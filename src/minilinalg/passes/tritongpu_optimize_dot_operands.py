"""`tritongpu-optimize-dot-operands`: a transposed operand is stored as it comes, and seen transposed.

Source: FuseTransMMAV3Plus in the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, i32

from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern


@dataclass
class SeeTransposed(RewritePattern):
    """`alloc(trans(x))` becomes `memdesc_trans(alloc(x))`: the copy that fills the buffer needs no registers then.

    Declines buffers that may be written later, and those that not only products of warp groups read: others may want
    the layout that they chose.
    """

    ctx: Context
    who: MinilinalgPass

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ttg.LocalAllocOp, rewriter: PatternRewriter, /) -> None:
        type = memdesc_type(op.result)
        layout = type.layout
        if op.src is None or not isinstance(layout, ttg.NVMMASharedEncodingAttr) or type.is_mutable:
            return
        source = op.src.owner
        while isinstance(source, ttg.ConvertLayoutOp):
            source = source.src.owner
        if not isinstance(source, tt.TransOp) or list(source.get_order()) != [1, 0]:
            return
        if not all(isinstance(use.operation, ttng.WarpGroupDotOp) for use in op.result.uses):
            remark(self.ctx, self.who, op, "stored transposed: not only products of warp groups read it")
            return
        shape = tensor_type(source.src).get_shape()
        inner = ttg.NVMMASharedEncodingAttr(
            layout.swizzling_byte_width.data,
            not layout.transposed.value.data,
            layout.element_bit_width.data,
            fp4_padded=bool(layout.fp4_padded.value.data),
        )
        alloc = ttg.LocalAllocOp(ttg.MemDescType(shape, type.element_type, inner), source.src)
        view = ttg.MemDescTransOp(
            operands=[alloc.result], properties={"order": DenseArrayBase.from_list(i32, [1, 0])}, result_types=[type]
        )
        rewriter.replace(op, (alloc, view))


@dataclass(frozen=True)
class TritongpuOptimizeDotOperandsPass(MinilinalgPass):
    """Stores operands of products in shared memory as they are loaded, and sees them transposed there.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #turned = #ttg.blocked<{sizePerThread = [8, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 4], order = [0, 1]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    #shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>
    #smem = #ttg.shared_memory
    tt.func @before(%a: !ttg.memdesc<64x64xf16, #shared, #smem>, %x: tensor<64x64xf16, #blocked>,
                    %c: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
      %0 = tt.trans %x {order = array<i32: 1, 0>} : tensor<64x64xf16, #blocked> -> tensor<64x64xf16, #turned>
      %1 = ttg.local_alloc %0 : (tensor<64x64xf16, #turned>) -> !ttg.memdesc<64x64xf16, #shared1, #smem>
      %2 = ttng.warp_group_dot %a, %1, %c
        : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared1, #smem> -> tensor<64x64xf32, #mma>
      tt.return %2 : tensor<64x64xf32, #mma>
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    #shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>
    #smem = #ttg.shared_memory
    tt.func @after(%a: !ttg.memdesc<64x64xf16, #shared, #smem>, %x: tensor<64x64xf16, #blocked>,
                   %c: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
      %0 = ttg.local_alloc %x : (tensor<64x64xf16, #blocked>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
      %1 = ttg.memdesc_trans %0 {order = array<i32: 1, 0>}
        : !ttg.memdesc<64x64xf16, #shared, #smem> -> !ttg.memdesc<64x64xf16, #shared1, #smem>
      %2 = ttng.warp_group_dot %a, %1, %c
        : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared1, #smem> -> tensor<64x64xf32, #mma>
      tt.return %2 : tensor<64x64xf32, #mma>
    }
    ```

    So a load that is transposed can be copied to shared memory without going through registers (tritongpu-pipeline).

    Requires: stage ttg. Ensures: no product of warp groups reads a buffer that a transposed tensor was stored in.
    Leaves alone: operands in registers, and buffers that others read too.
    """

    name = "tritongpu-optimize-dot-operands"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_patterns(ctx, op, [SeeTransposed(ctx, self)], erase_dead=True)
