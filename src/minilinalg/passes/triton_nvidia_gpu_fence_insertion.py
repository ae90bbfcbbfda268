"""`triton-nvidia-gpu-fence-insertion`: warp groups multiply what threads wrote to shared memory, not what was there.

Source: the pass of the same name in Triton 3.9; PTX ISA, "Async proxy".
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import BoolAttr, ModuleOp
from xdsl.ir import Operation

from minilinalg.analysis.order import LOOPS
from minilinalg.analysis.shared_buffers import SharedBuffers
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.passes.base import Careful, MinilinalgPass
from minilinalg.passes.insertion import insert_before


class _Writes:
    """Where threads write each buffer of a function, by stores or by copies of their own (cp.async)."""

    def __init__(self, function: Operation):
        self.buffers = SharedBuffers(function)
        self.of: dict[Operation, list[Operation]] = {alloc: [] for alloc in self.buffers.allocs}
        # What a thread copied is written when it has waited for it.
        waits = [op for op in function.walk() if isinstance(op, ttg.AsyncWaitOp)]
        for op in function.walk():
            if isinstance(op, ttg.LocalAllocOp) and op.src is not None:
                self.of[op].append(op)
            elif isinstance(op, ttg.LocalStoreOp | ttg.LocalScatterOp | ttg.AsyncCopyGlobalToLocalOp):
                copies = isinstance(op, ttg.AsyncCopyGlobalToLocalOp)
                for alloc in self.buffers.seen_by(op.result if copies else op.dst):
                    self.of[alloc] += [op, *waits] if copies else [op]

    def seen_by(self, dot: Operation) -> list[Operation]:
        """The writes of what the operands of a product see."""
        return [
            write for operand in dot.operands for alloc in self.buffers.seen_by(operand) for write in self.of[alloc]
        ]


def _fence_for(dot: Operation, writes: list[Operation]) -> None:
    """A fence in front of `dot`, or of the outermost loop around it without writes, unless one is there."""
    at, around = dot, dot.parent_op()
    while around is not None and not isinstance(around, tt.FuncOp):
        if around.name not in LOOPS or any(around.is_ancestor(write) for write in writes):
            break
        at, around = around, around.parent_op()
    earlier = at.prev_op
    while earlier is not None and not any(earlier.is_ancestor(write) for write in writes):
        if isinstance(earlier, ttng.FenceAsyncSharedOp):
            return
        earlier = earlier.prev_op
    insert_before(at, _fence())


def _fence_everywhere(ctx: Context, module: ModuleOp) -> None:
    """Puts one in front of every product, whatever was written since the one before."""
    for dot in [op for op in module.walk() if isinstance(op, ttng.WarpGroupDotOp)]:
        insert_before(dot, _fence())


def _fence() -> ttng.FenceAsyncSharedOp:
    return ttng.FenceAsyncSharedOp(properties={"bCluster": BoolAttr.from_bool(False)})


@dataclass(frozen=True)
class TritonNvidiaGpuFenceInsertionPass(MinilinalgPass):
    """Puts a fence between what threads write to shared memory and the warp groups that multiply it.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    #smem = #ttg.shared_memory
    tt.func @before(%x: tensor<64x64xf16, #blocked>, %c: tensor<64x64xf32, #mma>) {
      %a = ttg.local_alloc %x : (tensor<64x64xf16, #blocked>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
      %d = ttng.warp_group_dot %a, %a, %c
        : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      tt.return
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    #smem = #ttg.shared_memory
    tt.func @after(%x: tensor<64x64xf16, #blocked>, %c: tensor<64x64xf32, #mma>) {
      %a = ttg.local_alloc %x : (tensor<64x64xf16, #blocked>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
      ttng.fence_async_shared {bCluster = false}
      %d = ttng.warp_group_dot %a, %a, %c
        : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      tt.return
    }
    ```

    A warp group reads shared memory past the threads (the async proxy of the PTX ISA), and may see what was there
    before a thread wrote, barrier or not.

    Requires: stage ttg. Ensures: a fence stands between each write of a thread and a product of warp groups that reads
    it: in front of the product, or of the outermost loop around it in which nothing of the kind is written.
    Leaves alone: what TMA copies, and fences that are there.
    """

    name = "triton-nvidia-gpu-fence-insertion"
    careful = Careful(_fence_everywhere, "a fence in front of every product of warp groups")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [each for each in op.walk() if isinstance(each, tt.FuncOp)]:
            found = _Writes(function)
            for dot in [each for each in function.walk() if isinstance(each, ttng.WarpGroupDotOp)]:
                if writes := found.seen_by(dot):
                    _fence_for(dot, writes)
