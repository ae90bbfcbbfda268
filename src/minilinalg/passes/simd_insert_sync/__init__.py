"""`simd-insert-sync`: instructions of different pipes run side by side, ordered by the fewest tokens."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg.analysis.pipe_order import Run, Touch, steps_in
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import func
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.simd_insert_sync.program import CannotOrder, Program, program_of
from minilinalg.passes.simd_insert_sync.selection import select_tokens
from minilinalg.passes.simd_insert_sync.weaving import weave


@dataclass(frozen=True)
class SimdInsertSyncPass(MinilinalgPass):
    """Makes instructions asynchronous, and orders those of different pipes by tokens where they touch the same bytes.

    ```mlir
    func.func @scale(%x: memref<64xf32, #simd.space<gdram>>, %s: f32) {
      %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
      simd.mulf %a, %s -> %a : memref<64xf32, #simd.space<nram>>, f32 -> memref<64xf32, #simd.space<nram>>
      simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @scale(%x: memref<64xf32, #simd.space<gdram>>, %s: f32) {
      %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      %0 = simd.dma async %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
      %1 = simd.mulf async %a, %s -> %a after %0 : memref<64xf32, #simd.space<nram>>, f32
                                                -> memref<64xf32, #simd.space<nram>>
      %2 = simd.dma async %a -> %x after %1 : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
      return
    }
    ```

    1. Two instructions of different pipes conflict when they touch a byte and one of them writes it (analysis/
       footprint.py); so do an instruction and a scalar load or store, before which the core then waits.
    2. Every conflict asks for a token: that of the latest run of the earlier instruction. Loops and branches carry it.
    3. A token, or one way by which a loop or branch carries it, goes where the order holds without it: on every path
       through the function, through pipes, which work in order, other tokens, and what the core has waited for
       (analysis/pipe_order.py). Those between instructions far apart go first.

    Requires: a target, whose paths say which pipe a DMA takes; buffers with addresses. Ensures: every instruction is
    asynchronous and no two of them race; without any single token, two would. Leaves alone: a function that has tokens
    already, and, with a remark, one with blocks that branch to one another, calls or other loops around instructions.
    """

    name = "simd-insert-sync"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self, "the pipes of its DMA")
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            instructions = [inner for inner in function.walk() if isinstance(inner, simd.Instruction)]
            if not instructions or any(inner.is_async for inner in instructions):
                continue
            try:
                program = program_of(function.body, target)
            except CannotOrder as refusal:
                remark(ctx, self, refusal.op, f"the function stays synchronous: {refusal}")
                continue
            select_tokens(program)
            remark(ctx, self, function, _count(program))
            weave(function.body.block, program)


def _count(program: Program) -> str:
    waiters = [step for step in steps_in(program.steps) if isinstance(step, Run | Touch)]
    asked = sum(step.conflicts.bit_count() for step in waiters)
    kept = sum(step.after.bit_count() for step in waiters)
    tokens = f"{kept} token{'' if kept == 1 else 's'}"
    return f"{len(program.instructions)} instructions with {asked} conflicts are ordered by {tokens}"
