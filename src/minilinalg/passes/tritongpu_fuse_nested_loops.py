"""`tritongpu-fuse-nested-loops`: a nest of two loops becomes one loop, which can be pipelined from end to end.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.analysis.constants import constant_of
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.upstream import arith, scf, ub
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.loop_expansion import number

FLATTEN, STAGES = "tt.flatten", "tt.num_stages"
LOOPS = ("scf.for", "scf.while")
DOTS = ("tt.dot", "tt.dot_scaled", "ttng.warp_group_dot")


@dataclass
class Nest:
    """An outer loop, with the one loop inside it, and what stands in front of that and behind it."""

    outer: scf.ForOp
    inner: scf.ForOp

    @property
    def before(self) -> list[Operation]:
        """The operations of the outer loop in front of the inner one."""
        ops = list(self.outer.body.block.ops)
        return ops[: ops.index(self.inner)]

    @property
    def after(self) -> list[Operation]:
        """Those behind it, without the last one."""
        ops = list(self.outer.body.block.ops)
        return ops[ops.index(self.inner) + 1 : -1]

    def why_not(self) -> str:
        """Why it stays as it is; "" when it can become one loop."""
        if self.outer.unsigned is not None or self.inner.unsigned is not None:
            return "it counts in unsigned numbers"
        types = {bound.type for loop in (self.outer, self.inner) for bound in (loop.lb, loop.step)}
        if len(types) != 1 or not isinstance(self.outer.lb.type, IntegerType):
            return "its loops do not count in integers of one width"
        bounds = (self.inner.lb, self.inner.ub, self.inner.step)
        if any(self.outer.is_ancestor(bound.owner) for bound in bounds):
            return "how often the inner loop runs differs from turn to turn"
        carried = [
            *self.inner.results,
            *(result for op in self.before for result in op.results if self.is_kept(result)),
        ]
        if any(isinstance(value.type, MemDescType | MemRefType) for value in carried):
            return "a buffer would be carried from turn to turn"
        return ""

    def is_kept(self, value: SSAValue) -> bool:
        """Whether something behind what stands in front of the inner loop uses `value`."""
        before = self.before
        return any(not any(op.is_ancestor(use.operation) for op in before) for use in value.uses)


def nest_of(loop: scf.ForOp) -> Nest | None:
    """The nest of a loop with exactly one loop inside, directly and without loops of its own."""
    loops = [op for op in loop.body.walk() if op.name in LOOPS]
    if len(loops) != 1 or not isinstance(loops[0], scf.ForOp) or loops[0].parent is not loop.body.block:
        return None
    return Nest(loop, loops[0])


def sink(nest: Nest) -> None:
    """Moves what only what is behind the inner loop needs there: it is not carried then."""
    for op in reversed(nest.before):
        if not is_side_effect_free(op) or op.regions or op.name in DOTS:
            continue
        users = {use.operation for result in op.results for use in result.uses}
        behind = [*nest.after, nest.outer.body.block.last_op]
        if all(any(each is not None and each.is_ancestor(user) for each in behind) for user in users):
            op.detach()
            assert nest.inner.next_op is not None
            nest.outer.body.block.insert_op_before(op, nest.inner.next_op)


def is_scalar_integer(type: Attribute) -> bool:
    """Whether it is a type of numbers that are counted and compared."""
    return type.name == IntegerType.name


def nothing_yet(type: Attribute, at: Operation) -> SSAValue:
    """What is carried into the first turn, in front of `at`: nobody looks at it."""
    if is_scalar_integer(type):
        return value_before(at, number(0, type))
    return value_before(at, ub.PoisonOp(type))


def branch(condition: SSAValue, then: Block, otherwise: Sequence[SSAValue]) -> scf.IfOp:
    """A conditional of the results of `then`, a block with its last operation, or else of `otherwise`."""
    last = then.last_op
    assert last is not None
    other = Block([scf.YieldOp(*otherwise)])
    return scf.IfOp(condition, [value.type for value in last.operands], Region(then), Region(other))


class Fusion:
    """One nest on its way to one loop. Its inner loop runs at least once in every turn.

    To make one puts what counts the turns in front of the nest. The new loop carries: the turn of the inner loop, what
    both loops count, what the outer one carries, what the inner one carries, and what is `kept`.
    """

    def __init__(self, nest: Nest):
        self.nest = nest
        outer, inner = self.outer, self.inner = nest.outer, nest.inner
        self.kept = [result for op in nest.before for result in op.results if nest.is_kept(result)]
        """What is computed in front of the inner loop and used from there on."""
        inside = [outer.is_ancestor(value.owner) for value in self.starts]
        self.fresh = [i for i, each in enumerate(inside) if each]
        """Of what the inner loop carries: what begins with something new in each turn of the outer one."""
        self.again = [i for i, each in enumerate(inside) if not each]
        """And what begins with the same each time."""
        turns = self.turns_of(inner)
        all_turns = self.turns_of(outer)
        self.total = value_before(outer, arith.MuliOp(all_turns, turns))
        self.zero, self.one = (value_before(outer, number(n, outer.lb.type)) for n in (0, 1))
        self.last_turn = value_before(outer, arith.SubiOp(turns, self.one))

    @property
    def starts(self) -> Sequence[SSAValue]:
        """What the inner loop begins with; once the new loop's body has begun, in its terms."""
        return self.inner.iter_args

    def turns_of(self, loop: scf.ForOp) -> SSAValue:
        """How often it runs, computed in front of the nest."""
        length = value_before(self.outer, arith.SubiOp(loop.ub, loop.lb))
        return value_before(self.outer, arith.CeilDivSIOp(length, loop.step))

    def run(self) -> scf.ForOp:
        """The loop that stands where the nest stood."""
        outer = self.outer
        fused = self.empty_loop()
        body = fused.body.block
        turn, i, j, *rest = body.args[1:]
        outers, rest = rest[: len(outer.results)], rest[len(outer.results) :]
        sums, olds = rest[: len(self.starts)], rest[len(self.starts) :]
        for old, new in zip(outer.region_iter_args, outers, strict=True):
            old.replace_all_uses_with(new)
        i, j, kept, begun = self.begin(body, turn, i, j, olds, [sums[k] for k in self.fresh])
        sums = [dict(zip(self.fresh, begun, strict=True)).get(k, value) for k, value in enumerate(sums)]
        results = self.inner_turn(body, j, sums)
        next_j = arith.AddiOp(j, self.inner.step)
        body.add_op(next_j)
        outers, results = self.end(body, turn, outers, results)
        turned = self.next_turn(body, turn)
        body.add_op(scf.YieldOp(turned, i, next_j.result, *outers, *results, *kept))
        for op in body.ops:
            op.location = op.location or outer.location
        for old, new in zip(outer.results, fused.results[3:], strict=False):
            new.name_hint = old.name_hint
            old.replace_all_uses_with(new)
        outer.detach()
        outer.erase(safe_erase=False)
        return fused

    def empty_loop(self) -> scf.ForOp:
        """In front of the nest: the new loop, with nothing in its body yet."""
        outer, inner = self.outer, self.inner
        ahead = value_before(outer, arith.SubiOp(outer.lb, outer.step))
        firsts = [start if i in self.again else nothing_yet(start.type, outer) for i, start in enumerate(self.starts)]
        carried = [self.zero, ahead, inner.lb, *outer.iter_args, *firsts]
        carried += [nothing_yet(value.type, outer) for value in self.kept]
        body = Block(arg_types=[outer.lb.type, *(value.type for value in carried)])
        fused = scf.ForOp(self.zero, self.total, self.one, carried, Region(body))
        fused.attributes.update({key: value for key, value in outer.attributes.items() if key != FLATTEN})
        if STAGES in inner.attributes:
            fused.attributes.setdefault(STAGES, inner.attributes[STAGES])
        insert_before(outer, fused)
        return fused

    def begin(
        self, body: Block, turn: SSAValue, i: SSAValue, j: SSAValue, olds: Sequence[SSAValue], sums: Sequence[SSAValue]
    ) -> tuple[SSAValue, SSAValue, Sequence[SSAValue], Sequence[SSAValue]]:
        """What stands in front of the inner loop, in its first turn: what both count, `kept`, and what is `fresh`."""
        first = arith.CmpiOp(turn, self.zero, "eq")
        following = arith.AddiOp(i, self.outer.step)
        then = Block([following])
        move(self.nest.before, then)
        then.add_op(scf.YieldOp(following.result, self.inner.lb, *self.kept, *(self.starts[k] for k in self.fresh)))
        made = branch(first.result, then, [i, j, *olds, *sums])
        body.add_ops([first, made])
        i, j, *rest = made.results
        kept, begun = rest[: len(self.kept)], rest[len(self.kept) :]
        for old, result in zip(self.kept, kept, strict=True):
            old.replace_uses_with_if(result, lambda use: not made.is_ancestor(use.operation))
        counter = self.outer.induction_variable
        counter.replace_uses_with_if(following.result, lambda use: made.is_ancestor(use.operation))
        counter.replace_all_uses_with(i)
        return i, j, kept, begun

    def inner_turn(self, body: Block, j: SSAValue, sums: Sequence[SSAValue]) -> list[SSAValue]:
        """A turn of the inner loop; what it leaves of `sums`."""
        inner = self.inner
        inner.induction_variable.replace_all_uses_with(j)
        for argument, value in zip(inner.region_iter_args, sums, strict=True):
            argument.replace_all_uses_with(value)
        results = list(inner.yielded)
        *ops, last = inner.body.block.ops
        move(ops, body)
        erase(last)
        for old, result in zip(inner.results, results, strict=True):
            old.replace_all_uses_with(result)
        return results

    def end(
        self, body: Block, turn: SSAValue, outers: Sequence[SSAValue], results: Sequence[SSAValue]
    ) -> tuple[Sequence[SSAValue], Sequence[SSAValue]]:
        """What stands behind the inner loop, in its last turn: what the next turn carries of both loops."""
        is_last = arith.CmpiOp(turn, self.last_turn, "eq")
        then = Block()
        move(self.nest.after, then)
        then.add_op(scf.YieldOp(*self.outer.yielded, *(self.starts[k] for k in self.again)))
        made = branch(is_last.result, then, [*outers, *(results[k] for k in self.again)])
        body.add_ops([is_last, made])
        outers, done = made.results[: len(outers)], made.results[len(outers) :]
        again = dict(zip(self.again, done, strict=True))
        return outers, [again.get(k, result) for k, result in enumerate(results)]

    def next_turn(self, body: Block, turn: SSAValue) -> SSAValue:
        """The number of the inner loop's next turn."""
        following = arith.AddiOp(turn, self.one)
        # Compared once more: this is needed stages before what stands behind the inner loop.
        is_over = arith.CmpiOp(turn, self.last_turn, "eq")
        turned = arith.SelectOp(is_over.result, self.zero, following.result)
        body.add_ops([following, is_over, turned])
        return turned.result


def move(ops: Sequence[Operation], to: Block) -> None:
    """Takes operations from where they stand to the end of a block."""
    for op in ops:
        op.detach()
        to.add_op(op)


def runs_at_least_once(loop: scf.ForOp) -> bool:
    """Whether constant bounds say so."""
    first, last = constant_of(loop.lb), constant_of(loop.ub)
    return isinstance(first, int) and isinstance(last, int) and first < last


def without_inner(nest: Nest) -> scf.ForOp:
    """A copy of a nest whose inner loop runs not once."""
    copy = nest.outer.clone()
    copy.attributes.pop(FLATTEN, None)
    (inner,) = (op for op in copy.body.block.ops if isinstance(op, scf.ForOp))
    for result, start in zip(inner.results, inner.iter_args, strict=True):
        result.replace_all_uses_with(start)
    erase(inner)
    return copy


def guard(nest: Nest) -> None:
    """Puts a nest into the branch in which its inner loop runs; in the other one the outer loop is without it."""
    outer = nest.outer
    empty = value_before(outer, arith.CmpiOp(nest.inner.lb, nest.inner.ub, "sge"))
    copy = without_inner(nest)
    other = Block()
    types = [result.type for result in outer.results]
    choice = scf.IfOp(empty, types, Region(Block([copy, scf.YieldOp(*copy.results)])), Region(other))
    insert_before(outer, choice)
    for old, new in zip(outer.results, choice.results, strict=True):
        new.name_hint = old.name_hint
        old.replace_all_uses_with(new)
    outer.detach()
    other.add_ops([outer, scf.YieldOp(*outer.results)])


@dataclass(frozen=True)
class TritongpuFuseNestedLoopsPass(MinilinalgPass):
    """Makes one loop of an outer loop that says so (`tt.flatten`) and the loop inside it.

    ```mlir
    tt.func @before(%p: !tt.ptr<i32>, %m: i32) {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %c8 = arith.constant 8 : i32
      scf.for %i = %c0 to %m step %c1 : i32 {
        %x = arith.muli %i, %i : i32
        %s = scf.for %j = %c0 to %c8 step %c1 iter_args(%a = %c0) -> (i32) : i32 {
          %b = arith.addi %a, %x : i32
          scf.yield %b : i32
        }
        %q = tt.addptr %p, %i : !tt.ptr<i32>, i32
        tt.store %q, %s : !tt.ptr<i32>
      } {tt.flatten}
      tt.return
    }
    ```
    becomes
    ```mlir
    tt.func @after(%p: !tt.ptr<i32>, %m: i32) {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %c8 = arith.constant 8 : i32
      %0 = arith.subi %c8, %c0 : i32
      %1 = arith.ceildivsi %0, %c1 : i32
      %2 = arith.subi %m, %c0 : i32
      %3 = arith.ceildivsi %2, %c1 : i32
      %4 = arith.muli %3, %1 : i32
      %c0_i32 = arith.constant 0 : i32
      %c1_i32 = arith.constant 1 : i32
      %5 = arith.subi %1, %c1_i32 : i32
      %6 = arith.subi %c0, %c1 : i32
      %c0_i32_0 = arith.constant 0 : i32
      %7:5 = scf.for %arg0 = %c0_i32 to %4 step %c1_i32
          iter_args(%arg1 = %c0_i32, %arg2 = %6, %arg3 = %c0, %a = %c0, %arg4 = %c0_i32_0)
          -> (i32, i32, i32, i32, i32)  : i32 {
        %8 = arith.cmpi eq, %arg1, %c0_i32 : i32
        %i, %j, %x = scf.if %8 -> (i32, i32, i32) {
          %i_1 = arith.addi %arg2, %c1 : i32
          %x_2 = arith.muli %i_1, %i_1 : i32
          scf.yield %i_1, %c0, %x_2 : i32, i32, i32
        } else {
          scf.yield %arg2, %arg3, %arg4 : i32, i32, i32
        }
        %b = arith.addi %a, %x : i32
        %9 = arith.addi %j, %c1 : i32
        %10 = arith.cmpi eq, %arg1, %5 : i32
        %11 = scf.if %10 -> (i32) {
          %q = tt.addptr %p, %i : !tt.ptr<i32>, i32
          tt.store %q, %b : !tt.ptr<i32>
          scf.yield %c0 : i32
        } else {
          scf.yield %b : i32
        }
        %12 = arith.addi %arg1, %c1_i32 : i32
        %13 = arith.cmpi eq, %arg1, %5 : i32
        %14 = arith.select %13, %c0_i32, %12 : i32
        scf.yield %14, %i, %9, %11, %x : i32, i32, i32, i32, i32
      }
      tt.return
    }
    ```

    Turn by turn of the new loop one of the inner loop runs; in the first one of each turn of the outer loop also what
    stood in front of the inner loop, in the last one also what stood behind it. So loads for the next turn of the outer
    loop may begin while the last turns of this one compute (tritongpu-pipeline), as a persistent kernel wants it.

    If the inner loop may run not once, the nest without it stands in the other branch of a conditional.

    Requires: stage ttg. Ensures: no loop that says `tt.flatten` has a single loop inside whose bounds stay the same.
    Leaves alone: other loops, nests of more loops, inner loops under a condition, and those whose bounds change.
    """

    name = "tritongpu-fuse-nested-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [each for each in op.walk() if isinstance(each, scf.ForOp) and FLATTEN in each.attributes]:
            nest = nest_of(loop)
            if nest is None:
                remark(
                    ctx, self, loop, "not flattened: there is not one loop inside, without a condition or loops in it"
                )
            elif why := nest.why_not():
                remark(ctx, self, loop, f"not flattened: {why}")
            else:
                sink(nest)
                if not runs_at_least_once(nest.inner):
                    guard(nest)
                fused = Fusion(nest).run()
                remark(ctx, self, fused, f"flattened: {len(fused.results)} values are carried")
