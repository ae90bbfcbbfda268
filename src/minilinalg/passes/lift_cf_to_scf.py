"""`lift-cf-to-scf`: from branches between blocks to structured branches.

The graph of blocks is followed from its entry. What two ways have in common begins where they meet, so a block is
written when all branches that lead to it have been met; until then it is a way out of what was written so far. Two
ways out that lead to one block become one, with the values for it; two that lead to different blocks remain, with a
flag that says which one is taken. No block is written twice.

Source: Bahmann, Reissmann, Jahre, Meyer, "Perfect Reconstructability of Control Flow from Demand Dependence Graphs"
(ACM TACO 2015), section 4, without its loops; upstream's pass of this name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, LocationAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.dialects.upstream import arith, cf, scf, ub
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.rewriting import locate


class Way(NamedTuple):
    """A way out, to one block.

    `branches` is how many branches of the graph it stands for, `values` what they pass to the block, `taken` an i1 that
    says whether it is this way; None for the last of several ways, which is taken when no other one is, and for a way
    that is alone.
    """

    branches: int
    values: tuple[SSAValue, ...]
    taken: SSAValue | None = None


Ways = dict[Block, Way]
"""The ways out of what was written so far, each to another block."""


@dataclass(frozen=True)
class LiftCfToScfPass(MinilinalgPass):
    """Turns branches between the blocks of a function into `scf.if`.

    ```mlir
    tt.func @before(%x: !tt.ptr<f32>, %n: i32, %v: f32) {
      %zero = arith.constant 0 : i32
      %none = arith.cmpi sle, %n, %zero : i32
      cf.cond_br %none, ^bb1, ^bb2
    ^bb1:
      tt.return
    ^bb2:
      tt.store %x, %v : !tt.ptr<f32>
      tt.return
    }
    ```
    becomes
    ```mlir
    tt.func @after(%x: !tt.ptr<f32>, %n: i32, %v: f32) {
      %zero = arith.constant 0 : i32
      %none = arith.cmpi sle, %n, %zero : i32
      scf.if %none {
      } else {
        tt.store %x, %v : !tt.ptr<f32>
      }
      tt.return
    }
    ```

    Where ways part that meet again in different blocks, an i1 says which block comes next, and values for a block that
    is not reached are `ub.poison`.

    Requires: branches that only go forward, as Triton makes them of `return`: its loops are `scf.for` and `scf.while`.
    A branch that goes back, and a terminator other than `cf.br`, `cf.cond_br` and what leaves the region, is an
    UnsupportedError.
    Ensures: no region has more than one block. Leaves alone: regions that have not; blocks that nothing leads to go.
    """

    name = "lift-cf-to-scf"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        # Inner regions first: what is written moves operations with all that is in them.
        for holder in reversed(list(op.walk())):
            for region in holder.regions:
                if len(region.blocks) > 1:
                    _lift(region)


def _lift(region: Region) -> None:
    reached = _reached(region)
    for block in list(region.blocks):
        if block not in reached:
            region.erase_block(block, safe_erase=False)
    _leave_once(region)
    _Writer(region).write()


def _reached(region: Region) -> set[Block]:
    """The blocks that are reached. Raises UnsupportedError for a branch that goes back, or is not known."""
    done, open_blocks = set[Block](), set[Block]()
    # A block is open while what follows on it is looked at: an edge to such a block closes a cycle.
    work: list[tuple[Block, Iterator[Block]]] = [(region.blocks[0], iter(_successors(region.blocks[0])))]
    open_blocks.add(region.blocks[0])
    while work:
        block, following = work[-1]
        successor = next(following, None)
        if successor is None:
            open_blocks.remove(block)
            done.add(block)
            work.pop()
        elif successor in open_blocks:
            raise UnsupportedError(
                f"'{_terminator(block).name}' goes back to a block that leads to it",
                rule="lift-cf-to-scf takes branches that only go forward",
                hint="write the loop as scf.for or scf.while",
                places=places_of(_terminator(block)),
            )
        elif successor not in done:
            open_blocks.add(successor)
            work.append((successor, iter(_successors(successor))))
    return done


def _successors(block: Block) -> tuple[Block, ...]:
    last = _terminator(block)
    if last.successors and not isinstance(last, cf.BranchOp | cf.ConditionalBranchOp):
        raise UnsupportedError(
            f"'{last.name}'", rule="lift-cf-to-scf takes cf.br and cf.cond_br between blocks", places=places_of(last)
        )
    return tuple(last.successors)


def _leave_once(region: Region) -> None:
    """Where a region is left at several places, these become branches to one block that does it."""
    leaving = [last for block in region.blocks if not (last := _terminator(block)).successors]
    if len(leaving) == 1:
        return
    for op in leaving[1:]:
        if type(op) is not type(leaving[0]):
            raise UnsupportedError(
                f"'{leaving[0].name}' and '{op.name}' in one region",
                rule="lift-cf-to-scf takes regions that are left in one way",
                places=(*places_of(op), *places_of(leaving[0])),
            )
    last = leaving[-1]
    exit = Block(arg_types=last.operand_types)
    end = type(last).create(operands=exit.args, properties=dict(last.properties), attributes=dict(last.attributes))
    exit.add_op(end)
    locate(end, last.location)
    region.add_block(exit)
    for op in leaving:
        block = op.parent
        assert block is not None
        branch = cf.BranchOp(exit, *op.operands)
        locate(branch, op.location)
        op.detach()
        block.add_op(branch)
        op.erase()


def _terminator(block: Block) -> Operation:
    last = block.last_op
    assert last is not None, "a block ends in a terminator"
    return last


class _Writer:
    """Writes the blocks of a region, which are left at one place, into the first one."""

    def __init__(self, region: Region):
        self.region = region
        self.leading = Counter(block for b in region.blocks for block in _terminator(b).successors)

    def write(self) -> None:
        entry, *others = self.region.blocks
        for block in others:
            self.region.detach_block(block)
        left = self.follow(*self.leave(entry), entry)
        assert not left, "a block was not reached by all branches that lead to it"

    def follow(self, ways: Ways, at: LocationAttr, into: Block) -> Ways:
        """Writes to the end of `into` what follows on `ways`, up to blocks that others lead to as well.

        `at` is the place of the branch that the ways come from.
        """
        while any(way.branches == self.leading[block] for block, way in ways.items()):
            if len(ways) > 1:
                ways = self.part(ways, at, into)
                continue
            ((block, way),) = ways.items()
            for arg, value in zip(block.args, way.values, strict=True):
                value.name_hint = value.name_hint or arg.name_hint
                arg.replace_all_uses_with(value)
            for op in list(block.ops):
                op.detach()
                into.add_op(op)
            ways, at = self.leave(into)
        return ways

    def leave(self, block: Block) -> tuple[Ways, LocationAttr]:
        """Takes the branch off the end of a block, and gives its ways and its place."""
        op = _terminator(block)
        ways: Ways = {}
        match op:
            case cf.BranchOp():
                ways = {op.successor: Way(1, tuple(op.arguments))}
            case cf.ConditionalBranchOp():
                sides = (
                    {op.then_block: Way(1, tuple(op.then_arguments))},
                    {op.else_block: Way(1, tuple(op.else_arguments))},
                )
                if op.then_block is op.else_block:
                    ways = self.join(op.cond, sides, (Block(), Block()), op.location, block)
                else:
                    then = Way(1, tuple(op.then_arguments), op.cond)
                    ways = {op.then_block: then, **sides[1]}
            case _:
                return {}, op.location
        op.detach()
        op.erase()
        # What join has put behind the branch is in front of it now.
        return ways, op.location

    def part(self, ways: Ways, at: LocationAttr, into: Block) -> Ways:
        """Follows the first way in one branch of an `scf.if`, and all others in the other one."""
        (first, way), *rest = ways.items()
        assert way.taken is not None
        blocks = Block(), Block()
        then = self.follow({first: way._replace(taken=None)}, at, blocks[0])
        otherwise = dict(rest) if len(rest) > 1 else {block: last._replace(taken=None) for block, last in rest}
        return self.join(way.taken, (then, self.follow(otherwise, at, blocks[1])), blocks, at, into)

    def join(
        self,
        condition: SSAValue,
        sides: tuple[Ways, Ways],
        blocks: tuple[Block, Block],
        at: LocationAttr,
        into: Block,
    ) -> Ways:
        """Writes an `scf.if` of two blocks to the end of `into`; the ways out of both, together."""
        targets = list(dict.fromkeys((*sides[0], *sides[1])))
        given: list[tuple[SSAValue, SSAValue]] = []

        def choice(then: SSAValue, otherwise: SSAValue) -> int | SSAValue:
            """A value from outside, or the number of a result of the `scf.if`."""
            if then is otherwise:
                return then
            given.append((then, otherwise))
            return len(given) - 1

        taken: list[SSAValue | int | None] = []
        for block in targets[:-1]:
            flags = [_is_taken(ways, block, side) for ways, side in zip(sides, blocks, strict=True)]
            if flags == [True, False]:
                taken.append(condition)
            else:
                taken.append(choice(*(_flag(flag, side) for flag, side in zip(flags, blocks, strict=True))))
        passed: list[list[SSAValue | int]] = []
        for block in targets:
            values = [ways[block].values if block in ways else () for ways in sides]
            passed.append([choice(*_pair(values, blocks, i)) for i in range(len(block.args))])
        results = _branch(condition, given, blocks, at, into)
        found = [None if v is None else results[v] if isinstance(v, int) else v for v in (*taken, None)]
        return {
            block: Way(
                sum(ways[block].branches for ways in sides if block in ways),
                tuple(results[v] if isinstance(v, int) else v for v in values),
                flag,
            )
            for block, values, flag in zip(targets, passed, found, strict=True)
        }


def _is_taken(ways: Ways, target: Block, into: Block) -> SSAValue | bool:
    """Whether it is the way to `target` that is taken, as a value when that is not known; written into `into`."""
    if target not in ways:
        return False
    if len(ways) == 1:
        return True
    if (taken := ways[target].taken) is not None:
        return taken
    taken, *others = (way.taken for way in ways.values() if way.taken is not None)
    for other in others:
        either = arith.OrIOp(taken, other)
        into.add_op(either)
        taken = either.result
    none = arith.XOrIOp(taken, _flag(True, into))
    into.add_op(none)
    return none.result


def _flag(flag: SSAValue | bool, into: Block) -> SSAValue:
    if isinstance(flag, SSAValue):
        return flag
    constant = arith.ConstantOp(IntegerAttr(-1 if flag else 0, 1))
    into.add_op(constant)
    return constant.result


def _pair(values: list[tuple[SSAValue, ...]], blocks: tuple[Block, Block], index: int) -> tuple[SSAValue, SSAValue]:
    """What both sides pass as argument `index` of a block; one that does not lead there passes anything."""
    then, otherwise = (side[index] if side else None for side in values)
    if then is not None and otherwise is not None:
        return then, otherwise
    there = then or otherwise
    assert there is not None
    side, other = blocks if then is not None else blocks[::-1]
    if not _is_inside(there, side):
        return there, there
    poison = ub.PoisonOp(there.type)
    other.add_op(poison)
    return (there, poison.result) if then is not None else (poison.result, there)


def _is_inside(value: SSAValue, block: Block) -> bool:
    at = value.owner if isinstance(value.owner, Block) else value.owner.parent
    while at is not None and at is not block:
        at = at.parent_block()
    return at is block


def _branch(
    condition: SSAValue,
    given: list[tuple[SSAValue, SSAValue]],
    blocks: tuple[Block, Block],
    at: LocationAttr,
    into: Block,
) -> list[SSAValue]:
    """Writes the `scf.if` that gives one value of each pair, or selects where no side does anything."""
    if not any(block.ops for block in blocks):
        selects = [arith.SelectOp(condition, *pair) for pair in given]
        locate(selects, at)
        into.add_ops(selects)
        return [select.result for select in selects]
    for side, block in enumerate(blocks):
        block.add_op(scf.YieldOp(*(pair[side] for pair in given)))
    types = [then.type for then, _ in given]
    has_else = bool(given) or len(blocks[1].ops) > 1
    branch = scf.IfOp(condition, types, Region(blocks[0]), Region(blocks[1]) if has_else else Region())
    locate(branch, at)
    into.add_op(branch)
    return list(branch.results)
