"""What of a function has to be computed: values as data, and the offsets that loops carry.

A tensor of offsets that only feeds addresses is never computed, for the view of a block needs its first offset alone.
So the values that are needed are found backwards from what acts: stores first, then whatever these take as data or as a
scalar in an address or a bound.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.traits import IsTerminator, MemoryEffectKind, get_effects

from minilinalg.analysis.index_expr import Apply, Carried, Expr, Number, Symbol
from minilinalg.analysis.masks import MaskAnalysis
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.structured import Structured, Table, is_pointer
from minilinalg.dialects import tt


class Demand:
    """The needs of one function. `data` and `carried` hold loop-carried values by the argument of the loop's body."""

    def __init__(self, func: Operation, pointers: PointerAnalysis, masks: MaskAnalysis):
        self.pointers = pointers
        self.masks = masks
        self.ops: set[Operation] = set()
        self.data: set[SSAValue] = set()
        self.carried: set[SSAValue] = set()
        self._waiting: list[SSAValue] = []
        for op in func.walk():
            if op is not func and acts(op):
                self._keep(op)
        while self._waiting:
            self._trace(self._waiting.pop())

    def _keep(self, op: Operation) -> None:
        if op in self.ops:
            return
        self.ops.add(op)
        parent = op.parent_op()
        if parent is not None and parent.parent_op() is not None and not isinstance(parent, tt.FuncOp):
            self._keep(parent)
        match op:
            case tt.LoadOp():
                self._access(op.ptr, op.mask)
                if op.other is not None:
                    self._need(op.other)
            case tt.StoreOp():
                self._access(op.ptr, op.mask)
                self._need(op.value)
            case _:
                # What a loop or a branch carries is asked for one by one, by its results and arguments.
                bounds = {"scf.for": 3, "scf.if": 1}.get(op.name, len(op.operands))
                for operand in op.operands[:bounds]:
                    self._need(operand)
                if op.name in ("tt.reduce", "tt.scan"):
                    self._need_inside(op)
                elif op.name == "scf.while":
                    # All that it carries is data; what its regions do besides is found as anywhere else.
                    for region in op.regions:
                        for operand in _terminator(region.block).operands:
                            self._need(operand)

    def _need_inside(self, op: Operation) -> None:
        """All that the regions of `op` take from outside of it, and the operations in them."""
        for inner in op.walk():
            if inner is not op:
                self.ops.add(inner)
                for operand in inner.operands:
                    self._need(operand)

    def _access(self, pointer: SSAValue, mask: SSAValue | None) -> None:
        state = self.pointers.of(pointer)
        if isinstance(state, Structured):
            self._need_all(state.expressions())
            for term in state.terms:
                if isinstance(term, Table):
                    self._need(term.vector)
        if mask is not None and isinstance(mask.type, TensorType):
            self._need_all(self.masks.of(mask).expressions())
        elif mask is not None:
            self._need(mask)

    def _need(self, value: SSAValue) -> None:
        # A pointer is no data: what goes through it is found by the analysis, or is an error at the access.
        if value not in self.data and not is_pointer(value.type):
            self.data.add(value)
            self._waiting.append(value)

    def _need_all(self, exprs: Iterable[Expr]) -> None:
        for expr in exprs:
            for symbol in expr.symbols():
                self._need_symbol(symbol)
            for condition in expr.conditions():
                self._need(condition)

    def _need_symbol(self, symbol: Symbol) -> None:
        match symbol:
            case Number(value):
                self._need(value)
            case Carried(value):
                argument = body_argument(value)
                if argument not in self.carried:
                    self.carried.add(argument)
                    if isinstance(value.owner, Operation):
                        self._keep(value.owner)
                    for source in sources(argument):
                        state = self.pointers.of(source)
                        assert isinstance(state, Structured)
                        self._need_all([state.offset])
            case Apply():
                pass

    def _trace(self, value: SSAValue) -> None:
        owner = value.owner
        if isinstance(value, OpResult) and isinstance(owner, Operation):
            self._keep(owner)
            if owner.name == "scf.for":
                self._need(body_argument(value))
            elif owner.name == "scf.if":
                for source in sources(value):
                    self._need(source)
        elif isinstance(value, BlockArgument) and is_carried(value):
            for source in sources(value):
                self._need(source)


def acts(op: Operation) -> bool:
    """Whether an operation does something besides giving results: it stays even when these are not used."""
    if op.name in ("scf.for", "scf.if") or op.has_trait(IsTerminator):
        return False
    effects = get_effects(op)
    return effects is None or any(e.kind in (MemoryEffectKind.WRITE, MemoryEffectKind.FREE) for e in effects)


def is_carried(value: BlockArgument) -> bool:
    """Whether it is what the body of an `scf.for` takes from the iteration before."""
    parent = value.owner.parent_op()
    return parent is not None and parent.name == "scf.for" and value.index > 0


def body_argument(value: SSAValue) -> SSAValue:
    """The argument of a loop's body that stands for the same carried value as a result of the loop; else the value."""
    owner = value.owner
    if isinstance(owner, Operation) and isinstance(value, OpResult) and owner.name == "scf.for":
        return owner.regions[0].block.args[1 + value.index]
    return value


def sources(argument: SSAValue) -> tuple[SSAValue, SSAValue]:
    """What a carried value is at first, and what it becomes; of a result of a branch, what it is in either."""
    if isinstance(argument, OpResult):
        then, otherwise = (_terminator(region.block).operands[argument.index] for region in argument.op.regions)
        return then, otherwise
    assert isinstance(argument, BlockArgument)
    loop = argument.owner.parent_op()
    assert loop is not None
    return loop.operands[2 + argument.index], _terminator(argument.owner).operands[argument.index - 1]


def _terminator(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last
