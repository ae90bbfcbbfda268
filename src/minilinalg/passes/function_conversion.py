"""Turning one function into another, operation by operation: what such a conversion keeps, whatever it converts to.

A handler converts one operation: it writes operations at the end of the current block (`insert`), and says what the
results have become (`bind`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from xdsl.context import Context
from xdsl.dialects.builtin import UnknownLoc
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from minilinalg.dialects.upstream import scf
from minilinalg.passes.rewriting import locate

_OperationT = TypeVar("_OperationT", bound=Operation)


class FunctionConversion:
    """The block that is written, the operation that is being converted (`at`), and what old values have become.

    What `once` has written it does not write again, in the same block or inside of it.
    """

    def __init__(self, ctx: Context, run: ModulePass, handlers: Mapping[str, Callable[[Any, Any], None]]):
        self.ctx = ctx
        self.run = run
        self.handlers = handlers
        self.block = Block()
        self.at: Operation | None = None
        self._values: dict[SSAValue, SSAValue] = {}
        self._written: list[dict[object, SSAValue]] = [{}]

    def convert(self, op: Operation) -> None:
        """Writes what `op` becomes at the end of the current block."""
        handler = self.handlers.get(op.name)
        if handler is None:
            raise self.not_converted(op)
        around, self.at = self.at, op
        handler(self, op)
        self.at = around

    def convert_block(self, block: Block) -> None:
        """Writes what a block becomes, up to its terminator, which its parent deals with, and a `scf.condition`."""
        raise NotImplementedError

    def convert_while(
        self,
        op: scf.WhileOp,
        type_of: Callable[[Attribute], Attribute],
        given: Callable[[SSAValue, SSAValue], SSAValue],
    ) -> None:
        """The same loop on values of other types: `given(value, place)` is what `value` has become, in the form of
        the argument or result `place` that it is for. `scf.condition` has a handler (`convert_condition`)."""
        before, after = (Block(arg_types=[*map(type_of, region.block.arg_types)]) for region in op.regions)
        firsts = op.before_region.block.args
        starts = [given(value, arg) for value, arg in zip(op.operands, firsts, strict=True)]
        loop = scf.WhileOp(starts, [*map(type_of, op.result_types)], Region(before), Region(after))
        loop.attributes.update(op.attributes)
        for old, new in zip(op.regions, (before, after), strict=True):
            for old_arg, new_arg in zip(old.block.args, new.args, strict=True):
                new_arg.location = old_arg.location
                self.bind(old_arg, new_arg)
            with self.inside(new):
                self.convert_block(old.block)
                last = old.block.last_op
                if isinstance(last, scf.YieldOp):
                    ends = zip(last.operands, firsts, strict=True)
                    self.insert(scf.YieldOp(*(given(value, arg) for value, arg in ends)))
        self.insert(loop)
        for old, new in zip(op.results, loop.results, strict=True):
            self.bind(old, new)

    def convert_condition(self, op: scf.ConditionOp, given: Callable[[SSAValue, SSAValue], SSAValue]) -> None:
        """Which turn was the last of such a loop, and what it hands on."""
        loop = op.parent_op()
        assert isinstance(loop, scf.WhileOp)
        goes_on, *passed = op.operands
        ends = [given(value, result) for value, result in zip(passed, loop.results, strict=True)]
        self.insert(scf.ConditionOp(given(goes_on, goes_on), *ends))

    def not_converted(self, op: Operation) -> Exception:
        """The error for an operation that nothing converts."""
        raise NotImplementedError

    def insert(self, op: _OperationT) -> _OperationT:
        """Writes `op` at the end of the current block, with the place of what is being converted."""
        if self.at is not None:
            locate(op, self.at.location)
        self.block.add_op(op)
        return op

    @contextmanager
    def inside(self, block: Block) -> Generator[None]:
        """Writes into `block` for a while."""
        around, self.block = self.block, block
        self._written.append({})
        location = UnknownLoc() if self.at is None else self.at.location
        for arg in block.args:
            if isinstance(arg.location, UnknownLoc):
                arg.location = location
        yield
        self._written.pop()
        self.block = around

    def bind(self, old: SSAValue, new: SSAValue) -> None:
        """Says that `old` has become `new`, which takes over its name."""
        if new.name_hint is None:
            new.name_hint = old.name_hint
        self._values[old] = new

    def once(self, key: object, make: Callable[[], SSAValue]) -> SSAValue:
        """What `make` gives, the first time here or around here; it is written unless it has been."""
        for scope in reversed(self._written):
            if key in scope:
                return scope[key]
        value = make()
        if isinstance(value.owner, Operation) and value.owner.parent is None:
            self.insert(value.owner)
        self._written[-1][key] = value
        return value
