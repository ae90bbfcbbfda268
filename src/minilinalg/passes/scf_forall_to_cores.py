"""`scf-forall-to-cores`: the programs of a grid are dealt out to the cores."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.dialects.upstream import arith, scf
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern

INDEX = IndexType()


@dataclass(frozen=True)
class ScfForallToCoresPass(MinilinalgPass):
    """Makes the iterations of an outermost `scf.forall` a loop on each core of the target.

    ```mlir
    func.func @f(%x: memref<?x?xf32>, %v: f32, %gx: index, %gy: index) {
      scf.forall (%py, %px) in (%gy, %gx) {
        memref.store %v, %x[%py, %px] : memref<?x?xf32>
      }
      return
    }
    ```
    becomes with `--scf-forall-to-cores --target tiny-simd`
    ```mlir
    func.func @f(%x: memref<?x?xf32>, %v: f32, %gx: index, %gy: index) {
      %total = arith.muli %gy, %gx : index
      %cores = arith.constant 2 : index
      scf.forall (%core) in (2) {
        scf.for %program = %core to %total step %cores {
          %px = arith.remui %program, %gx : index
          %py = arith.divui %program, %gx : index
          memref.store %v, %x[%py, %px] : memref<?x?xf32>
        }
      }
      return
    }
    ```

    Core c runs the programs c, c + cores, c + 2 cores ..., in that order: which program runs where is known before, and
    neighbours run at the same time. The last dimension runs fastest.

    Requires: a target, for its clusters and the cores of each. Ensures: an outermost `scf.forall` has one dimension and
    as many iterations as there are cores; a grid with an empty dimension runs nothing. Leaves alone: a forall inside of
    another, and one that gives results, of which it says so.
    """

    name = "scf-forall-to-cores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        machine = require_target(ctx, self, "how many cores it has")
        apply_patterns(ctx, op, [DealOutPrograms(ctx, self, machine.cores)], recursive=False)


def is_outermost(op: scf.ForallOp) -> bool:
    """Whether no other forall surrounds it."""
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.ForallOp | scf.ParallelOp):
            return False
        parent = parent.parent_op()
    return True


@dataclass
class DealOutPrograms(RewritePattern):
    """forall (i, j, ...) becomes forall core, for program: the program's number is taken apart into i, j, ..."""

    ctx: Context
    run: MinilinalgPass
    cores: int

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: scf.ForallOp, rewriter: PatternRewriter, /) -> None:
        if not is_outermost(op):
            return
        if op.outputs:
            remark(self.ctx, self.run, op, "not dealt out: the loop gives results, and each core would have a part")
            return
        counts = self._counts(op, rewriter)
        total = counts[0]
        for count in counts[1:]:
            total = rewriter.insert(arith.MuliOp(total, count)).result
        step = rewriter.insert(arith.ConstantOp(IntegerAttr(self.cores, INDEX))).result
        on_core = Block(arg_types=[INDEX])
        programs = Block(arg_types=[INDEX])
        on_core.args[0].name_hint, programs.args[0].name_hint = "core", "program"
        indices = self._taken_apart(op, counts, programs)
        body = op.body.block
        terminator = body.last_op
        assert terminator is not None
        terminator.detach()
        terminator.erase()
        for arg, index in zip(body.args, indices, strict=True):
            index.name_hint = arg.name_hint
            arg.replace_all_uses_with(index)
        for inner in list(body.ops):
            inner.detach()
            programs.add_op(inner)
        programs.add_op(scf.YieldOp())
        on_core.add_op(scf.ForOp(on_core.args[0], total, step, [], Region(programs)))
        on_core.add_op(scf.InParallelOp())
        rewriter.replace(op, scf.ForallOp([0], [self.cores], [1], [], Region(on_core)))

    def _counts(self, op: scf.ForallOp, rewriter: PatternRewriter) -> list[SSAValue]:
        """How many iterations each dimension has; none when a bound is below the other."""
        counts: list[SSAValue] = []
        for low, high, step in zip(op.mixed_lower_bound, op.mixed_upper_bound, op.mixed_step, strict=True):
            count = _value(high, rewriter)
            if low != 0:
                count = rewriter.insert(arith.SubiOp(count, _value(low, rewriter))).result
            if step != 1:
                count = rewriter.insert(arith.CeilDivSIOp(count, _value(step, rewriter))).result
            if not (low == 0 and step == 1):
                count = rewriter.insert(arith.MaxSIOp(count, _value(0, rewriter))).result
            counts.append(count)
        return counts

    def _taken_apart(self, op: scf.ForallOp, counts: list[SSAValue], block: Block) -> list[SSAValue]:
        """The induction variables of the program with this number, the last of them counting fastest."""
        rest: SSAValue = block.args[0]
        indices: list[SSAValue] = []

        def write(new: Operation) -> SSAValue:
            new.location = op.location
            block.add_op(new)
            return new.results[0]

        def number(value: SSAValue | int) -> SSAValue:
            return write(arith.ConstantOp(IntegerAttr(value, INDEX))) if isinstance(value, int) else value

        bounds = list(zip(op.mixed_lower_bound, op.mixed_step, counts, strict=True))
        for position, (low, step, count) in enumerate(reversed(bounds)):
            outermost = position == len(bounds) - 1
            index = rest if outermost else write(arith.RemUIOp(rest, count))
            rest = rest if outermost else write(arith.DivUIOp(rest, count))
            if step != 1:
                index = write(arith.MuliOp(index, number(step)))
            if low != 0:
                index = write(arith.AddiOp(index, number(low)))
            indices.insert(0, index)
        return indices


def _value(bound: SSAValue | int, rewriter: PatternRewriter) -> SSAValue:
    return rewriter.insert(arith.ConstantOp(IntegerAttr(bound, INDEX))).result if isinstance(bound, int) else bound
