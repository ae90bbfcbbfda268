"""`licm`: what a loop computes the same way every time is computed once, in front of it."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, Region
from xdsl.traits import IsTerminator, get_effects, is_speculatable

from minilinalg.analysis.constants import constant_of, unsigned, width_of
from minilinalg.analysis.side_effects import is_read_only, may_change, may_stop
from minilinalg.dialects.upstream import scf
from minilinalg.passes.base import MinilinalgPass, remark


@dataclass(frozen=True)
class LicmPass(MinilinalgPass):
    """Moves operations out of loops when they compute the same every time, and nobody can tell that they moved.

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

    Requires: nothing. Ensures: an operation that uses nothing of a loop and has no effect, or only reads what nothing
    in the loop may write, stands outside of the loop; if it may trap, as a division and a load may, only when the loop
    is known to run it. That is so for what stands in the body of a `scf.for` with constant bounds and at least one
    iteration, or in the condition of a `scf.while`, behind nothing that may stop the program. Leaves alone: what is
    inside branches, unless the whole branch moves; scf.forall and scf.parallel, whose iterations run at the same time
    on different cores, and each compute for themselves.
    """

    name = "licm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        # Inner loops first: what leaves an inner loop may then leave the outer one.
        loops = [loop for loop in op.walk(region_first=True) if isinstance(loop, scf.ForOp | scf.WhileOp)]
        for loop in loops:
            for region in loop.regions:
                _Hoisting(ctx, self, loop, region).run()


def runs_once(loop: scf.ForOp | scf.WhileOp, region: Region) -> bool:
    """Whether `region` of a loop certainly runs at least once."""
    if isinstance(loop, scf.WhileOp):
        return region is loop.before_region
    first, last = constant_of(loop.lb), constant_of(loop.ub)
    if not isinstance(first, int) or not isinstance(last, int):
        return False
    if loop.unsigned is not None:
        width = width_of(loop.lb.type)
        first, last = unsigned(first, width), unsigned(last, width)
    return first < last


@dataclass
class _Hoisting:
    """Out of one region of one loop, from its start to its end: what an operation uses has moved before it does."""

    ctx: Context
    who: MinilinalgPass
    loop: scf.ForOp | scf.WhileOp
    region: Region

    def run(self) -> None:
        before = self.loop.parent
        # Whether the next operation surely runs when the loop does.
        certain = runs_once(self.loop, self.region)
        if before is None or len(self.region.blocks) != 1:
            return
        for op in self.region.block.ops:
            if not op.has_trait(IsTerminator) and self.is_invariant(op) and self.may_move(op, certain):
                op.detach()
                before.insert_op_before(op, self.loop)
            elif certain and may_stop(op):
                certain = False

    def is_invariant(self, op: Operation) -> bool:
        """Whether `op`, with all inside it, uses only what is outside of the loop or inside of itself."""
        return all(
            op.is_ancestor(operand.owner) or not self.loop.is_ancestor(operand.owner)
            for inner in op.walk()
            for operand in inner.operands
        )

    def may_move(self, op: Operation, certain: bool) -> bool:
        effects = get_effects(op)
        if effects is None or not is_read_only(effects):
            return False
        if not certain and not is_speculatable(op):
            remark(self.ctx, self.who, op, "the loop may never run this, and it may trap")
            return False
        if effects and any(may_change(get_effects(self.loop), read) for read in effects):
            remark(self.ctx, self.who, op, "the loop may write what this reads")
            return False
        return True
