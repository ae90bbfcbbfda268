"""`allocate-shared-memory`: a place in shared memory for every buffer and every operation that needs some.

Source: lib/Analysis/Allocation.cpp of Triton for what is live when; the placing is that of analysis/arena.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32
from xdsl.ir import Operation

from minilinalg.analysis.arena import Item, place
from minilinalg.analysis.liveness import Interval, peak
from minilinalg.analysis.scratch import OFFSET_ATTR, buffer_bytes, scratch_alignment, scratch_bytes
from minilinalg.analysis.shared_buffers import SharedBuffers
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.simt.bulk_copy import BOX_ALIGNMENT
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.dialects.upstream.assembly import counted
from minilinalg.errors import OverCapacityError
from minilinalg.locations import places_of
from minilinalg.passes.base import Careful, MinilinalgPass, remark
from minilinalg.targets import SimtTarget

BUFFER_ALIGNMENT = 1024
"""Of buffers whose elements are exchanged by a swizzle, in bytes: what the widest one repeats after."""
PLAIN_ALIGNMENT = 16
"""Of others: the widest access of a thread."""
TOTAL_ATTR = "ttg.shared"
"""Of the module: the bytes that a block needs."""


def keep_apart(ctx: Context, module: ModuleOp) -> None:
    """Gives each its own place, whatever is live when, and however much that takes."""
    end = 0
    for op in module.walk():
        if (needed := _needed(op)) is not None:
            op.attributes[OFFSET_ATTR] = IntegerAttr(end, i32)
            end += -(-needed[0] // BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT
    module.attributes[TOTAL_ATTR] = IntegerAttr(end, i32)


def _needed(op: Operation) -> tuple[int, int] | None:
    """The bytes of shared memory that `op` asks for, and what their place is a multiple of; None where it asks not."""
    if isinstance(op, ttg.LocalAllocOp):
        type = memdesc_type(op.result)
        narrow = BOX_ALIGNMENT if isinstance(type.layout, ttg.NVMMASharedEncodingAttr) else PLAIN_ALIGNMENT
        return buffer_bytes(type), BUFFER_ALIGNMENT if len(type.get_shape()) > 1 else narrow
    size = scratch_bytes(op)
    return (size, scratch_alignment(op)) if size else None


@dataclass(frozen=True)
class AllocateSharedMemoryPass(MinilinalgPass):
    """Gives buffers and operations that need shared memory their places in it; what is never live together may share.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @buffers(%x: tensor<32xf32, #blocked>) {
        %a = ttg.local_alloc %x : (tensor<32xf32, #blocked>) -> !ttg.memdesc<32xf32, #shared, #smem>
        %y = ttg.local_load %a : !ttg.memdesc<32xf32, #shared, #smem> -> tensor<32xf32, #blocked>
        %b = ttg.local_alloc %y : (tensor<32xf32, #blocked>) -> !ttg.memdesc<32xf32, #shared, #smem>
        %z = ttg.local_load %b : !ttg.memdesc<32xf32, #shared, #smem> -> tensor<32xf32, #blocked>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32, ttg.shared = 128 : i32} {
      tt.func @buffers(%x: tensor<32xf32, #blocked>) {
        %a = ttg.local_alloc %x {allocation.offset = 0 : i32}
          : (tensor<32xf32, #blocked>) -> !ttg.memdesc<32xf32, #shared, #smem>
        %y = ttg.local_load %a : !ttg.memdesc<32xf32, #shared, #smem> -> tensor<32xf32, #blocked>
        %b = ttg.local_alloc %y {allocation.offset = 0 : i32}
          : (tensor<32xf32, #blocked>) -> !ttg.memdesc<32xf32, #shared, #smem>
        %z = ttg.local_load %b : !ttg.memdesc<32xf32, #shared, #smem> -> tensor<32xf32, #blocked>
        tt.return
      }
    }
    ```

    Requires: a layout on every tensor; calls inlined.
    Ensures: `allocation.offset`, in bytes, on each of them; `ttg.shared` on the module, the bytes that a block needs,
    no more than the target has for one, if there is a target.
    Leaves alone: everything else.
    """

    name = "allocate-shared-memory"
    careful = Careful(keep_apart, "a place of its own for every buffer")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        most = 0
        for function in [each for each in op.ops if isinstance(each, tt.FuncOp)]:
            most = max(most, self._allocate(ctx, function))
        op.attributes[TOTAL_ATTR] = IntegerAttr(most, i32)

    def _allocate(self, ctx: Context, function: tt.FuncOp) -> int:
        buffers = SharedBuffers(function)
        live = buffers.live()
        owners: list[Operation] = []
        items: list[Item] = []
        for op in function.walk():
            if (needed := _needed(op)) is not None:
                at = Interval(buffers.order.enter[op], buffers.order.leave[op])
                owners.append(op)
                items.append(Item(live[op] if isinstance(op, ttg.LocalAllocOp) else at, *needed))
        target = getattr(ctx, "target", None)
        capacity = target.multiprocessor.shared_per_block if isinstance(target, SimtTarget) else None
        if not items:
            return 0
        found = place(items, capacity=capacity)
        if capacity is not None and found.total > capacity:
            raise _over_capacity(owners, items, found.total, capacity)
        for owner, offset in zip(owners, found.offsets, strict=True):
            owner.attributes[OFFSET_ATTR] = IntegerAttr(offset, i32)
        together = sum(item.size for item in items)
        remark(ctx, self, function, f"{found.total} bytes for {counted(len(items), 'buffer')} of {together} together")
        return found.total


def _over_capacity(owners: list[Operation], items: list[Item], total: int, capacity: int) -> OverCapacityError:
    time, needed = peak((item.live, item.size) for item in items)
    living = sorted(
        ((owner, item) for owner, item in zip(owners, items, strict=True) if time in item.live),
        key=lambda pair: -pair[1].size,
    )
    lines = [f"{item.size} bytes: {_describe(owner)}" for owner, item in living]
    why = (
        f"{needed} bytes are needed at the same time"
        if needed > capacity
        else f"the best plan found takes {total} bytes, with gaps that no buffer fits into"
    )
    return OverCapacityError(
        f"shared memory is over capacity by {max(needed, total) - capacity} bytes: {why}\n  " + "\n  ".join(lines),
        rule=f"what a block needs at the same time fits into its {capacity} bytes of shared memory",
        hint="smaller blocks, or fewer stages",
        places=places_of(living[0][0]),
    )


def _describe(op: Operation) -> str:
    places = places_of(op)
    where = f" at {places[-1]}" if places else ""
    if isinstance(op, ttg.LocalAllocOp):
        type = memdesc_type(op.result)
        shape = "x".join([*map(str, type.get_shape()), str(type.element_type)])
        name = op.result.name_hint
        return f"{f'{name}, ' if name else ''}{shape}{where}"
    return f"{op.name}{where}"
