"""Spreads along control flow: what a region's arguments begin with, and what its results may be when it is left.

The programs that run together may take different ways, each through the lines of the region once. So what comes out of
a loop or a branch is everything that came out of it on any way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from xdsl.ir import Operation, SSAValue

from minilinalg.check.rounding.spread import UNKNOWN, Spread, float_of, together
from minilinalg.dialects.upstream.linalg.structured import StructuredOp

CALLS = ("tt.call", "func.call")
RETURNS = ("tt.return", "func.return")
LEAVES = (
    *("scf.yield", "scf.condition", "tt.reduce.return", "tt.scan.return", "linalg.yield", "linalg_ext.yield"),
    *("cf.br", "cf.cond_br"),
    *RETURNS,
)
"""Terminators: nothing that stands behind one in its block is run."""

Step = Callable[[], None]


class Flow:
    """The spreads of all values, `spreads`, and how control flow passes them on."""

    def __init__(self) -> None:
        self.spreads: dict[SSAValue, Spread] = {}
        self.returned: Sequence[Spread] = ()
        """Of what the function that ended last returns."""

    def of(self, value: SSAValue) -> Spread:
        """What is known of a value now."""
        return self.spreads.get(value, UNKNOWN)

    def define(self, value: SSAValue, spread: Spread) -> None:
        """What is known of a result. The body of a structured operation may run for one group of programs after the
        other: there it is added to what is known."""
        block = value.owner.parent if isinstance(value.owner, Operation) else None
        if block is not None and isinstance(block.parent_op(), StructuredOp):
            self._add(value, spread)
        else:
            self.spreads[value] = spread

    def before(self, op: Operation) -> Step | None:
        """What is to be done before `op` runs."""
        match op.name:
            case "scf.for":
                return partial(self._enter_for, op)
            case "scf.while":
                return partial(self._enter_while, op)
            case "scf.if":
                return partial(self._forget, op.results)
            case "scf.yield" | "scf.condition":
                return partial(self._leave, op, op.parent_op())
            case "cf.br" | "cf.cond_br":
                return partial(self._branch, op)
            case _ if op.name in RETURNS:
                return partial(self._return, op)
            case _ if isinstance(op, StructuredOp):
                return partial(self._enter_body, op)
            case _:
                return None

    def enter(self, call: Operation, callee: Operation) -> None:
        """The arguments of a function that is called."""
        self._pass(call.operands, callee.regions[0].blocks[0].args)

    def take_returned(self, call: Operation) -> None:
        """The results of a call."""
        self.spreads.update(zip(call.results, self.returned, strict=False))

    def _pass(self, sources: Sequence[SSAValue], targets: Sequence[SSAValue]) -> None:
        for target, spread in zip(targets, [self.of(s) for s in sources], strict=False):
            self.spreads[target] = spread

    def _add(self, value: SSAValue, spread: Spread) -> None:
        known = self.spreads.get(value)
        self.spreads[value] = spread if known is None else together((known, spread))

    def _forget(self, values: Sequence[SSAValue]) -> None:
        for value in values:
            self.spreads.pop(value, None)

    def _enter_for(self, op: Operation) -> None:
        inits = op.operands[3:]
        self._pass(inits, op.regions[0].blocks[0].args[1:])
        self._pass(inits, op.results)

    def _enter_while(self, op: Operation) -> None:
        self._pass(op.operands, op.regions[0].blocks[0].args)
        self._forget(op.results)

    def _enter_body(self, op: StructuredOp) -> None:
        self._forget([r for inner in op.body.walk() for r in inner.results])
        self._pass([*op.inputs, *op.outputs], op.body.blocks[0].args)

    def _leave(self, op: Operation, parent: Any) -> None:
        values = op.operands[1:] if op.name == "scf.condition" else op.operands
        left = [self.of(v) for v in values]
        if parent.name != "scf.while" or op.name == "scf.condition":
            for result, spread in zip(parent.results, left, strict=False):
                self._add(result, spread)
        if parent.name == "scf.for":
            self._pass(values, parent.regions[0].blocks[0].args[1:])
        elif parent.name == "scf.while":
            self._pass(values, parent.regions[1 if op.name == "scf.condition" else 0].blocks[0].args)

    def _branch(self, op: Operation) -> None:
        """Programs may come to a block on several ways, and more than once."""
        given = list(op.operands[1:] if op.name == "cf.cond_br" else op.operands)
        for block in op.successors:
            for arg in block.args:
                self._add(arg, self.of(given.pop(0)))

    def _return(self, op: Operation) -> None:
        self.returned = [self.of(v) if float_of(v) else Spread() for v in op.operands]
