"""How many groups of copies may still be under way behind a wait, counted on every way from the copy to it.

Source: updateWaits and combineRedundantWaitOps of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from minilinalg.dialects import ttg
from minilinalg.dialects.upstream import scf
from minilinalg.passes.insertion import erase


def update_waits(function: Operation) -> None:
    """Merges waits that stand side by side, and lets each wait for no more than the copies whose tokens it has."""
    for wait in [op for op in function.walk() if isinstance(op, ttg.AsyncWaitOp)]:
        if wait.parent is not None and wait.async_token:
            _merge_into(wait)
    for wait in [op for op in function.walk() if isinstance(op, ttg.AsyncWaitOp)]:
        if wait.async_token:
            count = min(_Histories(wait).shortest(token, wait, 0) for token in wait.async_token)
            wait.properties["num"] = IntegerAttr(max(count, wait.num.value.data), i32)


def _merge_into(wait: ttg.AsyncWaitOp) -> None:
    """One wait for several that follow before anything else begins to copy: threads meet once instead of each time."""
    seen: set[Operation] = set()
    op = wait.next_op
    while op is not None and not op.name.startswith("scf.") and not isinstance(op, ttg.AsyncCommitGroupOp):
        following, seen = op.next_op, seen | {op}
        if isinstance(op, ttg.AsyncWaitOp) and op.async_token and not any(t.owner in seen for t in op.async_token):
            wait.operands = list(dict.fromkeys([*wait.operands, *op.operands]))
            op.ret_token.replace_all_uses_with(wait.ret_token)
            seen.remove(op)
            erase(op)
        op = following


class _Histories:
    """The fewest groups that are made between a copy and a wait for it, over all ways that lead there."""

    def __init__(self, wait: ttg.AsyncWaitOp):
        self.least = 1 << 30
        self.seen: set[tuple[SSAValue, int]] = set()

    def shortest(self, token: SSAValue, sink: Operation, count: int) -> int:
        """token: of a group; sink: where the way ends that comes from it; count: the groups that are made behind."""
        if count >= self.least or (token, count) in self.seen:
            return self.least
        self.seen.add((token, count))
        owner = token.owner
        if isinstance(owner, Operation):
            if owner.parent is not sink.parent or not isinstance(owner, ttg.AsyncCommitGroupOp):
                self.least = 0
            else:
                self.least = min(self.least, count + _groups(owner.next_op, sink))
            return self.least
        loop = owner.parent_op()
        if not isinstance(loop, scf.ForOp) or not isinstance(token, BlockArgument) or sink.parent is not owner:
            self.least = 0
            return 0
        count += _groups(_first(owner), sink)
        end = owner.last_op
        assert end is not None
        self.shortest(loop.iter_args[token.index - 1], loop, count)
        self.shortest(end.operands[token.index - 1], end, count)
        return self.least


def _first(block: Block) -> Operation:
    assert block.first_op is not None
    return block.first_op


def _groups(op: Operation | None, sink: Operation) -> int:
    """The groups that are made from `op` on, up to `sink`."""
    count = 0
    while op is not None and op is not sink:
        count += isinstance(op, ttg.AsyncCommitGroupOp)
        op = op.next_op
    return count
