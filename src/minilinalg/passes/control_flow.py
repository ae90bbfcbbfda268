"""Rewrites of structured control flow for `canonicalize`: known loops and branches, values that are carried in vain."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.traits import is_side_effect_free

from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.trip_count import trip_count
from minilinalg.dialects.upstream import scf
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class RunKnownLoop(RewritePattern):
    """A loop that never runs gives its initial values; one that runs once is its body."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: scf.ForOp, rewriter: PatternRewriter, /) -> None:
        match trip_count(op):
            case 0:
                rewriter.replace(op, (), op.iter_args)
            case 1:
                _inline(op, op.body, (op.lb, *op.iter_args), rewriter)
            case _:
                pass


class TakeKnownBranch(RewritePattern):
    """An scf.if with a constant condition is the branch that it takes; an scf.execute_region of one block its body."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: scf.IfOp | scf.ExecuteRegionOp, rewriter: PatternRewriter, /) -> None:
        if isinstance(op, scf.ExecuteRegionOp):
            if len(op.regions[0].blocks) == 1:
                _inline(op, op.regions[0], (), rewriter)
            return
        if (condition := constant_of(op.cond)) is None:
            return
        region = op.true_region if condition else op.false_region
        if region.blocks:
            _inline(op, region, (), rewriter)
        else:
            rewriter.erase(op)


class GiveCommonValue(RewritePattern):
    """A result of scf.if that is the same value from both branches is that value."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: scf.IfOp, rewriter: PatternRewriter, /) -> None:
        if not op.false_region.blocks:
            return
        for result, a, b in zip(op.results, _given(op.true_region), _given(op.false_region), strict=True):
            # A value that both give stands outside: neither branch sees into the other.
            if a is b and result.first_use is not None:
                rewriter.replace_all_uses_with(result, a)


class DropLoopValues(RewritePattern):
    """A loop does not carry what stays as it was, or what only serves to compute itself.

    `scf.yield` may give the value back unchanged, or give the very value that the loop started from; then the initial
    value takes its place inside and after the loop.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: scf.ForOp, rewriter: PatternRewriter, /) -> None:
        yielded = op.yielded
        kept: list[int] = []
        replaced: list[tuple[SSAValue, SSAValue]] = []
        for i, (first, arg, result) in enumerate(zip(op.iter_args, op.region_iter_args, op.res, strict=True)):
            if yielded[i] is arg or yielded[i] is first:
                replaced += [(arg, first), (result, first)]
            elif result.first_use is not None or not _serves_itself_only(arg, i):
                kept.append(i)
        if len(kept) == len(op.iter_args):
            return
        for old, new in replaced:
            rewriter.replace_all_uses_with(old, new)
        _rebuild(op, kept, rewriter)


def _serves_itself_only(carried: BlockArgument, index: int) -> bool:
    """Whether all that is computed from a carried value is the next value of it."""
    todo, seen = list(carried.uses), set[Operation]()
    while todo:
        use = todo.pop()
        user = use.operation
        if user.parent is not carried.block:
            return False
        if isinstance(user, scf.YieldOp):
            if use.index != index:
                return False
        elif user not in seen:
            if user.regions or not is_side_effect_free(user):
                return False
            seen.add(user)
            todo += [inner for result in user.results for inner in result.uses]
    return True


def _rebuild(op: scf.ForOp, kept: Sequence[int], rewriter: PatternRewriter) -> None:
    """Replaces a loop by one that carries the values at the indices `kept` only; nothing outside uses the others."""
    old = op.body.block
    body = Block(arg_types=[old.args[0].type, *(op.iter_args[i].type for i in kept)])
    loop = scf.ForOp(op.lb, op.ub, op.step, [op.iter_args[i] for i in kept], body)
    loop.attributes, loop.properties = dict(op.attributes), dict(op.properties)
    # Dropped values that serve themselves only may still be named inside: their first value stands in until they die.
    inside: list[SSAValue] = [body.args[0], *op.iter_args]
    for position, i in enumerate(kept):
        inside[1 + i] = body.args[1 + position]
    for arg, new in zip(old.args, inside, strict=True):
        if isinstance(new, BlockArgument) and new.block is body:
            new.name_hint, new.location = arg.name_hint, arg.location
    rewriter.insert(loop, InsertPoint.before(op))
    terminator = old.last_op
    assert terminator is not None
    rewriter.insert(scf.YieldOp(*(terminator.operands[i] for i in kept)), InsertPoint.before(terminator))
    rewriter.erase(terminator)
    rewriter.inline_block(old, InsertPoint.at_end(body), inside)
    results: list[SSAValue] = list(op.iter_args)
    for position, i in enumerate(kept):
        results[i] = loop.res[position]
    rewriter.replace(op, (), results)


def _given(region: Region) -> Sequence[SSAValue]:
    terminator = region.block.last_op
    return () if terminator is None else terminator.operands


def _inline(op: Operation, region: Region, arguments: Sequence[SSAValue], rewriter: PatternRewriter) -> None:
    """Puts the operations of a region of one block in place of the operation that holds it."""
    terminator = region.block.last_op
    assert terminator is not None
    rewriter.inline_block(region.block, InsertPoint.before(op), arguments)
    rewriter.replace(op, (), terminator.operands)
    rewriter.erase(terminator)


CONTROL_FLOW: tuple[RewritePattern, ...] = (RunKnownLoop(), TakeKnownBranch(), GiveCommonValue(), DropLoopValues())
