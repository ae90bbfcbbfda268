"""Values that a loop carries, or a conditional gives: more of them, and none that nobody needs."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.dialects.upstream import scf
from minilinalg.passes.insertion import erase, insert_before


def carry_more(old: scf.ForOp, starts: Sequence[SSAValue]) -> scf.ForOp:
    """A loop with the body of `old`, in its place, that also carries what begins with `starts`, behind all others.

    The body has arguments for that; what it hands on is yet to be said at its end.
    """
    block = old.body.block
    for start in starts:
        block.insert_arg(start.type, len(block.args)).name_hint = start.name_hint
    new = scf.ForOp.create(
        operands=[*old.operands, *starts],
        result_types=[*old.result_types, *(start.type for start in starts)],
        properties=dict(old.properties),
        attributes=dict(old.attributes),
        regions=[old.detach_region(old.body)],
    )
    insert_before(old, new)
    for result, replacement in zip(old.results, new.results, strict=False):
        replacement.name_hint = result.name_hint
        result.replace_all_uses_with(replacement)
    erase(old)
    return new


def drop_dead_carried(func: Operation) -> bool:
    """Drops what `scf.for` carries for itself alone, and what `scf.if` gives to nobody; True when there was any."""
    changed = False
    for op in list(func.walk(region_first=True)):
        if not isinstance(op, scf.ForOp | scf.IfOp) or not op.results:
            continue
        dead = [i for i in range(len(op.results)) if _is_dead(op, i)]
        if dead:
            _drop(op, dead)
            changed = True
    return changed


def _is_dead(op: scf.ForOp | scf.IfOp, index: int) -> bool:
    if not op.results[index].uses.get_length():
        if isinstance(op, scf.IfOp):
            return True
        arg, end = op.regions[0].block.args[1 + index], op.regions[0].block.last_op
        return _only_feeds(arg, end, index)
    return False


def _only_feeds(arg: SSAValue, end: Operation | None, index: int) -> bool:
    """Whether what is computed from the argument, without effects, ends in the carried value, and only there."""
    assert end is not None
    todo, seen = [arg], {arg}
    while todo:
        for use in todo.pop().uses:
            user = use.operation
            if user is end:
                if use.index != index:
                    return False
                continue
            if user.regions or user.parent is not end.parent or not is_side_effect_free(user):
                return False
            for result in user.results:
                if result not in seen:
                    seen.add(result)
                    todo.append(result)
    return True


def _drop(op: scf.ForOp | scf.IfOp, dead: list[int]) -> None:
    kept = [i for i in range(len(op.results)) if i not in dead]
    first = 3 if isinstance(op, scf.ForOp) else 1
    operands = [*op.operands[:first], *(op.operands[first + i] for i in kept if isinstance(op, scf.ForOp))]
    for region in op.regions:
        if region.blocks:
            end = region.block.last_op
            assert end is not None
            end.operands = [end.operands[i] for i in kept]
    if isinstance(op, scf.ForOp):
        block = op.regions[0].block
        for i in reversed(dead):
            arg = block.args[1 + i]
            # What was computed from it alone is dead now: it starts from what the loop starts with.
            arg.replace_all_uses_with(op.operands[first + i])
            block.erase_arg(arg)
    new = type(op).create(
        operands=operands,
        result_types=[op.results[i].type for i in kept],
        properties=dict(op.properties),
        attributes=dict(op.attributes),
        regions=[op.detach_region(region) for region in list(op.regions)],
    )
    new.location = op.location
    assert op.parent is not None
    op.parent.insert_op_before(new, op)
    for i, result in zip(kept, new.results, strict=True):
        result.name_hint = op.results[i].name_hint
        op.results[i].replace_all_uses_with(result)
    op.detach()
    op.erase()
