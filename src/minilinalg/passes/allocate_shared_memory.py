"""`allocate-shared-memory`: a place in shared memory for every buffer and every operation that needs some."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32
from xdsl.ir import Operation

from minilinalg.analysis.scratch import OFFSET_ATTR, buffer_bytes, scratch_bytes
from minilinalg.dialects import ttg
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.passes.base import MinilinalgPass

ALIGNMENT = 1024
"""Of buffers, in bytes: what the widest swizzle repeats after."""
SCRATCH_ALIGNMENT = 16


@dataclass(frozen=True)
class AllocateSharedMemoryPass(MinilinalgPass):
    """Gives buffers and operations that need shared memory their places in it.

    ```mlir
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    tt.func @buffers() {
      %a = ttg.local_alloc : () -> !ttg.memdesc<3x64xf32, #shared, #smem, mutable>
      %b = ttg.local_alloc : () -> !ttg.memdesc<128xf16, #shared, #smem, mutable>
      tt.return
    }
    ```
    becomes
    ```mlir
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {ttg.shared = 1280 : i32} {
      tt.func @buffers() {
        %a = ttg.local_alloc {allocation.offset = 0 : i32} : () -> !ttg.memdesc<3x64xf32, #shared, #smem, mutable>
        %b = ttg.local_alloc {allocation.offset = 1024 : i32} : () -> !ttg.memdesc<128xf16, #shared, #smem, mutable>
        tt.return
      }
    }
    ```

    Requires: a layout on every tensor.
    Ensures: `allocation.offset`, in bytes, on each of them; `ttg.shared` on the module, the bytes that a block needs.
    """

    name = "allocate-shared-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        end = 0
        for each in op.walk():
            size, alignment = _needs(each)
            if size:
                end += -end % alignment
                each.attributes[OFFSET_ATTR] = IntegerAttr(end, i32)
                end += size
        op.attributes["ttg.shared"] = IntegerAttr(end, i32)


def _needs(op: Operation) -> tuple[int, int]:
    """The bytes that `op` needs, and what its place is a multiple of."""
    if isinstance(op, ttg.LocalAllocOp):
        return buffer_bytes(memdesc_type(op.result)), ALIGNMENT
    return scratch_bytes(op), SCRATCH_ALIGNMENT
