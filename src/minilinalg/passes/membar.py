"""`membar`: barriers where threads of a block meet in shared memory.

Source: lib/Analysis/Membar.cpp of Triton. Each access is set against those since the last barrier that meet its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation

from minilinalg.analysis.scratch import meets_inside, scratch_bytes
from minilinalg.analysis.shared_buffers import Access, SharedBuffers, accesses, scratch
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.ttg.barrier import AddressSpaces
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.dialects.upstream.assembly import counted
from minilinalg.passes.base import Careful, MinilinalgPass, remark
from minilinalg.passes.insertion import insert_after, insert_before

Pending = frozenset[Access]
"""The accesses since the last barrier, on some way to here."""
NOTHING: Pending = frozenset()


def meet_everywhere(ctx: Context, module: ModuleOp) -> None:
    """Puts a barrier in front of every operation that uses shared memory, whoever was there before."""
    for op in list(module.walk()):
        if isinstance(op, ViewOp) or op.name.startswith("scf."):
            continue
        if scratch_bytes(op) or any(isinstance(value.type, MemDescType) for value in (*op.operands, *op.results)):
            insert_before(op, ttg.BarrierOp(AddressSpaces.LOCAL))


@dataclass(frozen=True)
class MembarPass(MinilinalgPass):
    """Puts a barrier in front of what reads shared memory that another thread may have written, or the other way round.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [2], order = [0]}>
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 2 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @pass_on(%x: tensor<64xf32, #blocked>) {
        %a = ttg.local_alloc %x {allocation.offset = 0 : i32}
          : (tensor<64xf32, #blocked>) -> !ttg.memdesc<64xf32, #shared, #smem>
        %y = ttg.local_load %a : !ttg.memdesc<64xf32, #shared, #smem> -> tensor<64xf32, #blocked>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [2], order = [0]}>
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 2 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @pass_on(%x: tensor<64xf32, #blocked>) {
        %a = ttg.local_alloc %x {allocation.offset = 0 : i32}
          : (tensor<64xf32, #blocked>) -> !ttg.memdesc<64xf32, #shared, #smem>
        ttg.barrier local
        %y = ttg.local_load %a : !ttg.memdesc<64xf32, #shared, #smem> -> tensor<64xf32, #blocked>
        tt.return
      }
    }
    ```

    What a thread copied asynchronously the others see behind its `ttg.async_wait` and a barrier, so one follows each
    wait, or the last of several. One thread waits until TMA has read what it stores (`ttng.async_tma_store_wait`): the
    others write there behind a barrier that comes later. An operation that passes elements through memory of its own
    has a barrier between its stores and its loads. A loop is looked at until what is pending at its end is also pending
    at its begin.

    Requires: `allocation.offset` on all buffers (allocate-shared-memory).
    Ensures: between two accesses of different threads to a byte, one of which writes, there is a barrier.
    Leaves alone: barriers that are there.
    """

    name = "membar"
    careful = Careful(meet_everywhere, "a barrier in front of every use of shared memory")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [each for each in op.ops if isinstance(each, tt.FuncOp)]:
            walk = _Walk(SharedBuffers(function))
            for block in function.body.blocks:
                walk.through(block, NOTHING)
            if walk.inserted:
                remark(ctx, self, function, f"{counted(walk.inserted, 'barrier')} inserted")


class _Walk:
    """One walk in the order of the text; barriers are inserted as it goes, and stay for what is walked again."""

    def __init__(self, buffers: SharedBuffers):
        self.buffers = buffers
        self.inserted = 0
        stores = [op for op in buffers.function.walk() if isinstance(op, ttng.AsyncTMACopyLocalToGlobalOp)]
        self.stored = NOTHING.union(*(accesses(op, buffers) for op in stores))
        """What TMA reads until the thread that began the copy has waited: no barrier before that ends it."""

    def through(self, block: Block, pending: Pending) -> Pending:
        """What is pending at the end of `block` when `pending` is at its begin."""
        op = block.first_op
        while op is not None:
            pending = self._step(op, pending)
            op = op.next_op
        return pending

    def _step(self, op: Operation, pending: Pending) -> Pending:
        if isinstance(op, ttg.BarrierOp):
            return NOTHING if op.spaces & AddressSpaces.LOCAL else pending
        if isinstance(op, ttg.AsyncWaitOp):
            if not isinstance(op.next_op, ttg.BarrierOp | ttg.AsyncWaitOp):
                insert_after(op, ttg.BarrierOp(AddressSpaces.LOCAL))
                self.inserted += 1
            return pending
        if isinstance(op, ttng.TMAStoreWaitOp):
            return pending | self.stored
        if op.name in ("scf.for", "scf.while"):
            return self._loop(op, pending)
        if op.name == "scf.if":
            ends = [self.through(region.block, pending) for region in op.regions if region.blocks]
            return union([*ends, *([] if len(ends) == 2 else [pending])])
        own = scratch(op)
        touched = [*accesses(op, self.buffers), *([] if own is None else [own])]
        if any(one.conflicts(other) for one in touched for other in pending):
            insert_before(op, ttg.BarrierOp(AddressSpaces.LOCAL))
            self.inserted += 1
            pending = NOTHING
        if own is not None and meets_inside(op):
            # The barrier inside has ordered all that came before.
            return frozenset({Access((own[0], own[1], False))})
        return pending.union(touched)

    def _loop(self, op: Operation, pending: Pending) -> Pending:
        """The turns before may have left anything that a turn leaves."""
        before = pending
        while True:
            at_end = before
            for region in op.regions:
                at_end = self.through(region.block, at_end)
            both = before | at_end
            if both == before:
                # A loop of no turns leaves what was there; a while always runs its first region.
                return pending | at_end
            before = both


def union(parts: Iterable[Pending]) -> Pending:
    """All accesses that are pending on some way."""
    return NOTHING.union(*parts)
