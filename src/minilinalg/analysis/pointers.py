"""Where the elements of a tensor of pointers lie, found by following the arithmetic that made them.

Every integer and pointer has a state: the form of `structured.py`, a base, an offset and one term per dimension, or the
reason why it has none. Scalar arithmetic stays where it is: its results are symbols. Nothing is rewritten. What a loop
or a branch carries keeps its terms, and only its offset changes: that offset is a symbol of its own (`Carried`). It is
assumed of everything that is carried, and given up, until what is left agrees with itself: the greatest fixpoint.

Compare triton-shared's PtrAnalysis, which classifies whole tensors where this has a state per dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from minilinalg.analysis.bases import Bases, sees_booleans_as_bytes
from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.index_expr import (
    ONE,
    ZERO,
    Carried,
    Condition,
    carried,
    choose,
    constant,
    number,
    quotient,
    remainder,
)
from minilinalg.analysis.signs import is_nonnegative, never_negative
from minilinalg.analysis.structured import (
    STILL,
    Strided,
    Structured,
    Table,
    Term,
    Unstructured,
    Wrapped,
    add,
    is_integer,
    is_pointer,
    reshape_terms,
    scale,
    shape_of,
)

State: TypeAlias = Structured | Unstructured
Rule: TypeAlias = Callable[["PointerAnalysis", Any], "State | None"]


class PointerAnalysis:
    """The states of the integers and pointers of one function, each computed when it is asked for."""

    def __init__(self, func: Operation):
        self.bases = Bases()
        self._states: dict[SSAValue, State] = {}
        self._given_up: dict[SSAValue, Unstructured] = {}
        carriers = [op for op in func.walk() if op.name == "scf.for"]
        while not all(self._agrees(loop) for loop in carriers):
            self._states.clear()

    def of(self, value: SSAValue) -> State:
        """The state of an integer, an index, a pointer, or a tensor of them."""
        found = self._states.get(value)
        if found is None:
            found = self._compute(value)
            self._states[value] = found
        return found

    def _compute(self, value: SSAValue) -> State:
        shape = shape_of(value.type)
        if (known := constant_of(value)) is not None:
            return Structured(constant(int(known)), (STILL,) * len(shape), shape)
        if value in self._given_up:
            return self._symbol(value) or self._table(value) or self._given_up[value]
        owner = value.owner
        if isinstance(owner, Block):
            assert isinstance(value, BlockArgument)
            return self._argument(value, owner)
        if owner.name in ("scf.for", "scf.if"):
            assert isinstance(value, OpResult)
            found = self._loop_result(value) if owner.name == "scf.for" else self._branch_result(value)
        else:
            rule = RULES.get(owner.name)
            found = None if rule is None else rule(self, owner)
        if isinstance(found, Structured):
            return found
        return self._symbol(value) or self._table(value) or found or Unstructured(_why(owner), value)

    def _symbol(self, value: SSAValue) -> State | None:
        """A scalar is a symbol, whatever computes it; a pointer counts from what it points into.

        One that points into no one argument counts from itself.
        """
        if isinstance(value.type, TensorType):
            return None
        if not is_pointer(value.type):
            return Structured(number(value), (), ())
        base = self.bases.of(value)
        return Structured(ZERO, (), (), value) if base is None else Structured(number(value), (), (), base)

    def _table(self, value: SSAValue) -> State | None:
        shape = shape_of(value.type)
        if len(shape) != 1 or (is_pointer(value.type) and self.bases.of(value) is not None):
            return None
        return Structured(ZERO, (Table(value, ONE),), shape)

    # What control flow carries

    def _argument(self, value: BlockArgument, block: Block) -> State:
        shape, parent = shape_of(value.type), block.parent_op()
        if not shape and not is_pointer(value.type):
            return Structured(number(value), (), ())
        if parent is not None and parent.name in ("tt.func", "func.func"):
            if is_pointer(value.type) and not shape:
                return Structured(ZERO, (), (), base=value)
        elif parent is not None and parent.name == "scf.for" and value.index > 0:
            before = self.of(parent.operands[2 + value.index])
            if isinstance(before, Unstructured) or _yielded(block, value.index) is value:
                return before
            return replace(before, offset=carried(value))
        lost = Unstructured("it is carried by a loop that may change all of it", value)
        return self._symbol(value) or self._table(value) or lost

    def _loop_result(self, value: OpResult) -> State | None:
        block = value.op.regions[0].block
        inside = block.args[1 + value.index]
        state = self.of(inside)
        if isinstance(state, Unstructured) or _yielded(block, inside.index) is inside:
            return state
        if state.base is inside or any(isinstance(term, Table) and term.vector is inside for term in state.terms):
            return None
        return replace(state, offset=carried(value))

    def _branch_result(self, value: OpResult) -> State | None:
        """Both branches give the same array with the same strides, and each its offset."""
        if not value.op.regions[1].blocks or not (is_integer(value.type) or is_pointer(value.type)):
            return None
        then, otherwise = (self.of(_last(region.block).operands[value.index]) for region in value.op.regions)
        if isinstance(then, Unstructured) or isinstance(otherwise, Unstructured):
            return then if isinstance(then, Unstructured) else otherwise
        if (then.base, then.terms) != (otherwise.base, otherwise.terms):
            what = "arrays" if then.base is not otherwise.base else "strides"
            return Unstructured(f"the two branches give different {what}", value)
        strides = replace(then, offset=ZERO).expressions()
        if any(value.op.is_ancestor(used.owner) for expr in strides for used in expr.values()):
            return Unstructured("its stride is computed inside of a branch", value)
        return replace(then, offset=carried(value))

    def _agrees(self, loop: Operation) -> bool:
        """Gives up the first carried value of `loop` whose terms or base change from one iteration to the next."""
        block = loop.regions[0].block
        for arg in block.args[1:]:
            state = self.of(arg) if is_integer(arg.type) or is_pointer(arg.type) else None
            if not isinstance(state, Structured) or Carried(arg) not in state.offset.symbols():
                continue
            after = self.of(_yielded(block, arg.index))
            if isinstance(after, Unstructured):
                self._given_up[arg] = after
                return False
            if (after.base, after.terms) != (state.base, state.terms):
                what = "the array it points into" if after.base is not state.base else "its stride"
                self._given_up[arg] = Unstructured(f"the loop changes {what} from one iteration to the next", arg)
                return False
        return True


def _yielded(block: Block, index: int) -> SSAValue:
    """What the loop body `block` yields for its argument `index` (the induction variable is 0)."""
    return _last(block).operands[index - 1]


def _last(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last


def _why(owner: Operation) -> str:
    if owner.name == "tt.load":
        return (
            "the pointers are loaded from memory" if is_pointer(owner.results[0].type) else "it is loaded from memory"
        )
    return f"they go through '{owner.name}'"


# Rules: operation name -> the state of its result, None when the operation loses it


def _elementwise(
    function: Callable[[Structured, Structured], Structured | None],
) -> Callable[[PointerAnalysis, Operation], State | None]:
    def rule(analysis: PointerAnalysis, op: Operation) -> State | None:
        # The arithmetic of scalars stays where it is: its result is a symbol, and wraps as it always did.
        if not isinstance(op.results[0].type, TensorType):
            return None
        states = [analysis.of(operand) for operand in op.operands]
        for state in states:
            if isinstance(state, Unstructured):
                return state
        lhs, rhs = (state for state in states if isinstance(state, Structured))
        return function(lhs, rhs)

    return rule


def _multiply(lhs: Structured, rhs: Structured) -> Structured | None:
    if rhs.is_uniform:
        return scale(lhs, rhs.offset)
    return scale(rhs, lhs.offset) if lhs.is_uniform else None


def _shift_left(lhs: Structured, rhs: Structured) -> Structured | None:
    amount = rhs.offset.constant if rhs.is_uniform else None
    return None if amount is None or not 0 <= amount < 63 else scale(lhs, constant(1 << amount))


def _divide(lhs: Structured, rhs: Structured) -> Structured | None:
    if not (lhs.is_uniform and rhs.is_uniform):
        return None
    return replace(lhs, offset=quotient(lhs.offset, rhs.offset))


def _remainder(lhs: Structured, rhs: Structured) -> Structured | None:
    if not rhs.is_uniform:
        return None
    if lhs.is_uniform:
        return replace(lhs, offset=remainder(lhs.offset, rhs.offset))
    moving = [d for d, term in enumerate(lhs.terms) if term != STILL]
    if len(moving) != 1 or lhs.terms[moving[0]] != Strided(ONE):
        return None
    start, modulus, extent = lhs.offset, rhs.offset, lhs.shape[moving[0]]
    room = (modulus - start - extent).constant
    if room is not None and room >= 0 and never_negative(start):
        return lhs
    wrapped = Wrapped(start, modulus, ONE)
    return replace(lhs, offset=ZERO, terms=tuple(wrapped if d == moving[0] else t for d, t in enumerate(lhs.terms)))


def _make_range(analysis: PointerAnalysis, op: Any) -> State:
    shape = shape_of(op.result.type)
    return Structured(constant(op.start.value.data), (Strided(ONE) if shape != (1,) else STILL,), shape)


def _reshaped(
    function: Callable[[Structured, Any], tuple[Term, ...] | None],
) -> Callable[[PointerAnalysis, Operation], State | None]:
    def rule(analysis: PointerAnalysis, op: Operation) -> State | None:
        state = analysis.of(op.operands[0])
        if isinstance(state, Unstructured):
            return state
        terms = function(state, op)
        return None if terms is None else replace(state, terms=terms, shape=shape_of(op.results[0].type))

    return rule


def _splat(state: Structured, op: Any) -> tuple[Term, ...]:
    return (STILL,) * len(shape_of(op.result.type))


def _expand_dims(state: Structured, op: Any) -> tuple[Term, ...]:
    axis = op.axis.value.data
    return (*state.terms[:axis], STILL, *state.terms[axis:])


def _broadcast(state: Structured, op: Any) -> tuple[Term, ...] | None:
    # A table of one element would have to be read for every position; such a tensor is data.
    grown = zip(state.terms, state.shape, shape_of(op.result.type), strict=True)
    return None if any(term != STILL and old != new for term, old, new in grown) else state.terms


def _transpose(state: Structured, op: Any) -> tuple[Term, ...]:
    order: tuple[int, ...] = op.get_order()
    return tuple(state.terms[d] for d in order)


def _reshape(state: Structured, op: Any) -> tuple[Term, ...] | None:
    return reshape_terms(state.terms, state.shape, shape_of(op.result.type))


def _unsplat(state: Structured, op: Any) -> tuple[Term, ...] | None:
    return () if state.is_uniform else None


def _cast(analysis: PointerAnalysis, op: Operation) -> State:
    """A cast between integers and index, or to more bits, keeps the number."""
    return analysis.of(op.operands[0])


def _extend_unsigned(analysis: PointerAnalysis, op: Operation) -> State | None:
    return analysis.of(op.operands[0]) if is_nonnegative(op.operands[0]) else None


def _bitcast(analysis: PointerAnalysis, op: Operation) -> State | None:
    return analysis.of(op.operands[0]) if sees_booleans_as_bytes(op) else None


def _int_to_ptr(analysis: PointerAnalysis, op: Operation) -> State:
    return Unstructured("the pointers are made from integers", op.results[0])


def _addptr(analysis: PointerAnalysis, op: Operation) -> State | None:
    """A scalar pointer moves as a tensor of them does: its offset is a symbol or a sum of symbols."""
    pointer, offset = analysis.of(op.operands[0]), analysis.of(op.operands[1])
    if isinstance(pointer, Unstructured):
        return pointer
    if isinstance(offset, Unstructured):
        return offset
    return add(pointer, offset)


def _select(analysis: PointerAnalysis, op: Any) -> State | None:
    """One of two addresses, by a condition on the whole program, when only their offsets differ."""
    if isinstance(op.cond.type, TensorType) or not (is_pointer(op.lhs.type) or isinstance(op.lhs.type, TensorType)):
        return None
    then, otherwise = analysis.of(op.lhs), analysis.of(op.rhs)
    if isinstance(then, Unstructured) or isinstance(otherwise, Unstructured):
        return then if isinstance(then, Unstructured) else otherwise
    if (then.base, then.terms) != (otherwise.base, otherwise.terms):
        return None
    return replace(then, offset=choose(Condition(op.cond), then.offset, otherwise.offset))


RULES: Mapping[str, Rule] = {
    "arith.addi": _elementwise(add),
    "arith.select": _select,
    "arith.subi": _elementwise(lambda lhs, rhs: add(lhs, scale(rhs, constant(-1)))),
    "arith.muli": _elementwise(_multiply),
    "arith.shli": _elementwise(_shift_left),
    "arith.divsi": _elementwise(_divide),
    "arith.remsi": _elementwise(_remainder),
    "arith.extsi": _cast,
    "arith.extui": _extend_unsigned,
    "arith.index_cast": _cast,
    "tt.addptr": _addptr,
    "tt.make_range": _make_range,
    "tt.splat": _reshaped(_splat),
    "tt.unsplat": _reshaped(_unsplat),
    "tt.expand_dims": _reshaped(_expand_dims),
    "tt.broadcast": _reshaped(_broadcast),
    "tt.reshape": _reshaped(_reshape),
    "tt.trans": _reshaped(_transpose),
    "tt.bitcast": _bitcast,
    "tt.int_to_ptr": _int_to_ptr,
}
