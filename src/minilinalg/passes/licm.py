"""`licm`: what a loop computes the same way every time is computed once, in front of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, Region
from xdsl.traits import is_side_effect_free, is_speculatable
from xdsl.transforms.loop_invariant_code_motion import can_be_hoisted

from minilinalg.passes.base import MinilinalgPass

# Loops whose iterations follow one another. Those of scf.forall and scf.parallel run at the same time on different
# cores: what they compute they hold each for themselves.
LOOPS = frozenset({"scf.for", "scf.while"})


@dataclass(frozen=True)
class LicmPass(MinilinalgPass):
    """Moves operations out of loops when they have no effect, cannot trap and use nothing that the loop computes.

    ```mlir
    func.func @before(%a: i32, %lb: index, %ub: index, %step: index) -> i32 {
      %0 = scf.for %i = %lb to %ub step %step iter_args(%sum = %a) -> (i32) {
        %1 = arith.muli %a, %a : i32
        %2 = arith.addi %sum, %1 : i32
        scf.yield %2 : i32
      }
      return %0 : i32
    }
    ```
    becomes
    ```mlir
    func.func @after(%a: i32, %lb: index, %ub: index, %step: index) -> i32 {
      %0 = arith.muli %a, %a : i32
      %1 = scf.for %i = %lb to %ub step %step iter_args(%sum = %a) -> (i32) {
        %2 = arith.addi %sum, %0 : i32
        scf.yield %2 : i32
      }
      return %1 : i32
    }
    ```

    Requires: nothing. Ensures: such an operation stands outside of every loop that it does not depend on. Leaves alone:
    loads, also where no store is near; divisions by a value that may be zero; scf.forall and scf.parallel.
    """

    name = "licm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        # Inner loops first: what leaves an inner loop may then leave the outer one.
        for loop in [inner for inner in op.walk(region_first=True) if inner.name in LOOPS]:
            for region in loop.regions:
                _hoist_from(region, loop)


def _hoist_from(region: Region, loop: Operation) -> None:
    block = loop.parent
    if block is None:
        return
    worklist = deque(op for inner in region.blocks for op in inner.ops)
    while worklist:
        op = worklist.popleft()
        if op.parent_region() is not region or not _is_invariant(op, region):
            continue
        op.detach()
        block.insert_op_before(op, loop)
        worklist.extend(use.operation for result in op.results for use in result.uses)


def _is_invariant(op: Operation, region: Region) -> bool:
    return is_side_effect_free(op) and is_speculatable(op) and bool(can_be_hoisted(op, region))
