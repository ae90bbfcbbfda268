"""`tritongpu-coalesce-async-copy`: a thread holds no more neighbours than one copy to shared memory moves.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32

from minilinalg.dialects import ttg
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.default_layout import blocked_for
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.passes.async_load import run_in_shared
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.layout_rewriting import converted, num_warps_of, threads_per_warp_of
from minilinalg.passes.tritongpu_coalesce import ACCESS_BITS, element_bits


def moved_at_once(copy: ttg.AsyncCopyGlobalToLocalOp) -> int:
    """How many elements one instruction of a thread copies: neighbours in both memories, 16 bytes at most."""
    layout, known = memdesc_type(copy.result).layout, copy.contiguity.value.data
    assert isinstance(layout, ttg.SharedLayoutAttribute)
    count = min(run_in_shared(tensor_type(copy.src), layout), max(ACCESS_BITS // element_bits(copy.src), 1))
    # A contiguity of one says nothing: what axes are known to hold may still join them.
    return min(count, known) if known > 1 else count


@dataclass(frozen=True)
class TritongpuCoalesceAsyncCopyPass(MinilinalgPass):
    """Gives copies to shared memory layouts in which a warp's threads, with one copy each, touch what is side by side.

    ```mlir
    #wide = #ttg.blocked<{sizePerThread = [1, 16], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
    #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 8, order = [1, 0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%p: tensor<64x64x!tt.ptr<i8>, #wide>, %b: !ttg.memdesc<64x64xi8, #shared, #smem, mutable>) {
        %0 = ttg.async_copy_global_to_local %p, %b {contiguity = 16 : i32}
          : tensor<64x64x!tt.ptr<i8>, #wide> -> <64x64xi8, #shared, #smem, mutable>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #wide = #ttg.blocked<{sizePerThread = [1, 16], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
    #narrow = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 8, order = [1, 0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%p: tensor<64x64x!tt.ptr<i8>, #wide>, %b: !ttg.memdesc<64x64xi8, #shared, #smem, mutable>) {
        %0 = ttg.convert_layout %p : tensor<64x64x!tt.ptr<i8>, #wide> -> tensor<64x64x!tt.ptr<i8>, #narrow>
        %1 = ttg.async_copy_global_to_local %0, %b {contiguity = 8 : i32}
          : tensor<64x64x!tt.ptr<i8>, #narrow> -> <64x64xi8, #shared, #smem, mutable>
        tt.return
      }
    }
    ```

    A thread with more neighbours copies them one instruction after another, and each instruction of the warp skips
    what the others take: twice the sectors, for two. Loads to registers do not care, their sectors stay cached; copies
    pass the first cache by.

    Requires: stage ttg. Ensures: a copy from a blocked layout has along its fastest dimension no more elements in a
    thread than one instruction moves: neighbours in both memories, 16 bytes, `contiguity`. Unlike the official pass it
    counts the last two as well. Leaves alone: other layouts, and loads that no copy does.
    """

    name = "tritongpu-coalesce-async-copy"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        warps, threads = num_warps_of(op), threads_per_warp_of(op)
        for copy in [each for each in op.walk() if isinstance(each, ttg.AsyncCopyGlobalToLocalOp)]:
            self.clip(ctx, copy, warps, threads)

    def clip(self, ctx: Context, copy: ttg.AsyncCopyGlobalToLocalOp, warps: int, threads: int) -> None:
        """One copy."""
        layout, shape = layout_of(copy.src.type), tensor_type(copy.src).get_shape()
        if not isinstance(layout, ttg.BlockedEncodingAttr):
            return
        fastest = numbers(layout.order)[0]
        sizes = [min(size, whole) for size, whole in zip(numbers(layout.size_per_thread), shape, strict=True)]
        count = moved_at_once(copy)
        if sizes[fastest] <= count:
            return
        remark(ctx, self, copy, f"{count} elements in a thread, not {sizes[fastest]}: one instruction moves them")
        sizes[fastest] = count
        narrow = blocked_for(shape, sizes, numbers(layout.order), warps, threads, layout.cga)
        for index, operand in enumerate(copy.operands):
            if layout_of(operand.type) is not None:
                copy.operands[index] = converted(operand, narrow, copy)
        copy.properties["contiguity"] = IntegerAttr(min(copy.contiguity.value.data, count), i32)
