"""What of a function has to be computed: values as data, and the offsets that loops carry.

A tensor of offsets that only feeds the addresses of strided blocks is never computed, for a view needs its first offset
alone. So the values that are needed are found backwards from what acts: stores first, then whatever these take as data
or as a scalar in an address or a bound. What is gathered or scattered needs its indices and masks as data.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.traits import IsTerminator, MemoryEffectKind, get_effects

from minilinalg.analysis.accesses import Accessor, Elements, Rows, Windows, access_of, mask_of
from minilinalg.analysis.bases import carried_from, is_argument
from minilinalg.analysis.index_expr import Apply, Carried, Expr, Number, Symbol, number
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
                self._access(op)
                if op.other is not None:
                    self._need(op.other)
            case tt.StoreOp() | tt.AtomicStoreOp():
                self._access(op)
                self._need(op.value)
            case tt.AtomicRMWOp():
                self._access(op)
                self._need(op.val)
            case tt.AtomicLoadOp():
                self._access(op)
            case tt.AtomicPollOp():
                self._access(op)
                self._need(op.expected)
            case tt.AtomicCASOp():
                self._access(op)
                self._need(op.cmp)
                self._need(op.val)
            case _:
                # What a loop or a branch carries is asked for one by one, by its results and arguments.
                bounds = {"scf.for": 3, "scf.if": 1}.get(op.name, len(op.operands))
                for operand in op.operands[:bounds]:
                    if not is_pointer(operand.type) or _hands_on_pointers(op):
                        self._need(operand)
                if op.name in ("tt.reduce", "tt.scan"):
                    self._need_inside(op)
                elif op.name in ("scf.while", "tt.map_elementwise"):
                    # All that it hands on is data; what its regions do besides is found as anywhere else.
                    for block in (block for region in op.regions for block in region.blocks):
                        for operand in _terminator(block).operands:
                            self._need(operand)

    def _need_inside(self, op: Operation) -> None:
        """All that the regions of `op` take from outside of it, and the operations in them."""
        for inner in op.walk():
            if inner is not op:
                self.ops.add(inner)
                for operand in inner.operands:
                    self._need(operand)

    def _access(self, op: Accessor) -> None:
        mask = mask_of(op)
        match access_of(op, self.pointers, self.masks):
            case Windows(pointer, region):
                self._need_all((*pointer.expressions(), *region.expressions()))
                self._need_base(pointer.base)
                if mask is not None and not isinstance(mask.type, TensorType):
                    self._need(mask)
            case Rows(pointer, region, dim):
                self._need_all((*pointer.expressions(), *region.expressions()))
                self._need_base(pointer.base)
                if isinstance(term := pointer.terms[dim], Table):
                    self._need(term.vector)
                for rest in region.rest:
                    self._need(rest.value)
            case Elements(base, offset, index):
                self._need_all([offset])
                self._need_base(base)
                self._need(index)
                if mask is not None:
                    self._need(mask)

    def _need_base(self, base: SSAValue | None) -> None:
        """An argument is there anyway; of another pointer, the address is needed."""
        if base is not None and not is_argument(base):
            self._need(base)

    def _need(self, value: SSAValue) -> None:
        if value in self.data:
            return
        if is_pointer(value.type):
            # Of pointers, what is needed is how far they are from what they point into.
            state = self.pointers.of(value)
            if isinstance(state, Structured) and state.is_uniform:
                if state.base is not value:
                    self._need_base(state.base)
                if state.base is not value and state.offset != number(value):
                    self._need_all([state.offset])
                    return
            if is_argument(value):
                return
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


def _hands_on_pointers(op: Operation) -> bool:
    if op.name == "tt.ptr_to_int":
        return True
    arguments = [arg for region in op.regions for block in region.blocks for arg in block.args]
    return any(is_pointer(value.type) for value in (*op.results, *arguments))


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


def sources(carried: SSAValue) -> tuple[SSAValue, SSAValue]:
    """What a carried value is at first, and what it becomes; of a result of a branch, what it is in either."""
    found = carried_from(carried)
    assert found is not None
    first, second = found
    return first, second


def _terminator(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last
