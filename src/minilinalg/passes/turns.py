"""What a loop computes in a turn, computed once more in front of the loop for the first turn, or in the turn before.

Nobody knows then whether that turn comes: what is computed must have a value, and no effect but to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.traits import is_side_effect_free, is_speculatable

from minilinalg.analysis.counters import is_within
from minilinalg.dialects import ttg
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.dialects.upstream import arith, scf
from minilinalg.locations import carry


def why_only_there(loop: scf.ForOp, value: SSAValue) -> str:
    """Why a value cannot be computed for a turn that may not come, or nothing."""
    op = value.owner
    if isinstance(op, Block) or op.parent is not loop.body.block:
        return ""
    if not isinstance(op, ttg.AsyncWaitOp) and (op.regions or not is_side_effect_free(op) or not is_speculatable(op)):
        return f"where it lies depends on '{op.name}'"
    if why := next(filter(None, (why_only_there(loop, operand) for operand in op.operands)), ""):
        return why
    if isinstance(op, ttg.MemDescIndexOp) and not is_within(op.index, memdesc_type(op.src).get_shape()[0]):
        return "a turn behind the last one may have no buffer"
    return ""


@dataclass
class Recomputed:
    """Values of a turn of `loop`, computed in front of `at`. `argument` tells what the body's arguments are there."""

    loop: scf.ForOp
    at: Operation
    argument: Callable[[BlockArgument], SSAValue]
    known: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    @staticmethod
    def first(loop: scf.ForOp) -> Recomputed:
        """Those of the first turn, in front of the loop."""
        starts = loop.lb, *loop.iter_args
        return Recomputed(loop, loop, lambda argument: starts[argument.index])

    @staticmethod
    def next(loop: scf.ForOp) -> Recomputed:
        """Those of the next turn, at the end of this one."""
        end = loop.body.block.last_op
        assert end is not None

        def following(argument: BlockArgument) -> SSAValue:
            if argument is not loop.induction_variable:
                return loop.yielded[argument.index - 1]
            return found.put(arith.AddiOp(argument, loop.step)).results[0]

        found = Recomputed(loop, end, following)
        return found

    def of(self, value: SSAValue) -> SSAValue:
        """The value in that turn."""
        if value not in self.known:
            self.known[value] = self._computed(value)
        return self.known[value]

    def _computed(self, value: SSAValue) -> SSAValue:
        block = self.loop.body.block
        if isinstance(value, BlockArgument):
            return self.argument(value) if value.owner is block else value
        op = value.owner
        assert isinstance(op, Operation)
        if op.parent is not block:
            return value
        clone = self.put(op.clone({operand: self.of(operand) for operand in op.operands}), op)
        for old, new in zip(op.results, clone.results, strict=True):
            self.known[old] = new
            new.name_hint = old.name_hint
        return self.known[value]

    def put(self, op: Operation, source: Operation | None = None) -> Operation:
        """Puts an operation there, which comes from `source`, or from the loop."""
        assert self.at.parent is not None
        self.at.parent.insert_op_before(op, self.at)
        carry(source or self.loop, [op])
        return op
