"""Where the elements of a tensor of pointers lie: a base, an offset, and one term per dimension.

    address(i0, i1, ...) = base + offset + term0(i0) + term1(i1) + ...        in elements

Each dimension has a term of its own, so a block may run along rows with a stride and wrap around its columns:

| term | value at position i |
|---|---|
| `Strided(stride)` | stride * i |
| `Wrapped(start, modulus, scale)` | scale * ((start + i) remsi modulus) |
| `Table(vector, scale)` | scale * vector[i], the numbers of a tensor with one dimension |

Integer tensors have the same form without a base. Offsets, strides and moduli are expressions over scalar SSA values
(`index_expr.py`); nothing is rewritten. What a loop or a branch carries keeps its terms, and only its offset changes:
that offset is a symbol of its own (`Carried`). It is assumed of everything that is carried, and given up, until what
is left agrees with itself: the greatest fixpoint.

Compare triton-shared's PtrAnalysis, which classifies whole tensors where this has a state per dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from xdsl.dialects.builtin import IndexType, IntegerType, TensorType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue

from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.index_expr import (
    ONE,
    ZERO,
    Carried,
    Condition,
    Expr,
    Number,
    carried,
    choose,
    constant,
    number,
    quotient,
    remainder,
)
from minilinalg.analysis.signs import is_nonnegative, never_negative
from minilinalg.dialects.tt import PointerType

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Strided:
    """stride * i. A dimension along which nothing changes, and every dimension of size 1, has stride 0."""

    stride: Expr


@dataclass(frozen=True)
class Wrapped:
    """scale * ((start + i) remsi modulus): a row that starts again at the end of what it runs over."""

    start: Expr
    modulus: Expr
    scale: Expr


@dataclass(frozen=True)
class Table:
    """scale * vector[i]: numbers that are known at run time only."""

    vector: SSAValue
    scale: Expr


Term: TypeAlias = Strided | Wrapped | Table
STILL = Strided(ZERO)


@dataclass(frozen=True)
class Structured:
    """offset + one term for each dimension of `shape`; a scalar has none. `base` is the pointer that is moved."""

    offset: Expr
    terms: tuple[Term, ...]
    shape: tuple[int, ...]
    base: SSAValue | None = None

    @property
    def is_uniform(self) -> bool:
        """Whether every element is the same."""
        return all(term == STILL for term in self.terms)

    def expressions(self) -> Iterable[Expr]:
        """Everything that has to be computed to know the elements."""
        yield self.offset
        for term in self.terms:
            match term:
                case Strided(stride):
                    yield stride
                case Wrapped(start, modulus, scale):
                    yield from (start, modulus, scale)
                case Table(_, scale):
                    yield scale


@dataclass(frozen=True)
class Unstructured:
    """Why a value has no such form, and the value at which it was lost."""

    reason: str
    at: SSAValue


State: TypeAlias = Structured | Unstructured
Rule: TypeAlias = Callable[["PointerAnalysis", Any], "State | None"]


class PointerAnalysis:
    """The states of the integers and pointers of one function, each computed when it is asked for."""

    def __init__(self, func: Operation):
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
            return self._table(value) or self._given_up[value]
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
        # A scalar integer is a symbol, whatever computes it; a vector of them is a table.
        if not shape and not is_pointer(value.type):
            return Structured(number(value), (), ())
        return self._table(value) or found or Unstructured(_why(owner), value)

    def _table(self, value: SSAValue) -> State | None:
        shape = shape_of(value.type)
        if len(shape) != 1 or is_pointer(value.type):
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
        return self._table(value) or Unstructured("it is carried by a loop that may change all of it", value)

    def _loop_result(self, value: OpResult) -> State | None:
        block = value.op.regions[0].block
        inside = block.args[1 + value.index]
        state = self.of(inside)
        if isinstance(state, Unstructured) or _yielded(block, inside.index) is inside:
            return state
        if any(isinstance(term, Table) and term.vector is inside for term in state.terms):
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
        if any(value.op.is_ancestor(used.owner) for expr in strides for used in values_of(expr)):
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


def shape_of(type: Attribute) -> tuple[int, ...]:
    """The shape of a tensor, () for a scalar."""
    return type.get_shape() if isinstance(type, TensorType) else ()


def _element(type: Attribute) -> Attribute:
    return type.element_type if isinstance(type, TensorType) else type  # pyright: ignore


def is_pointer(type: Attribute) -> bool:
    """Whether it is a pointer or a tensor of pointers."""
    return isinstance(_element(type), PointerType)


def is_integer(type: Attribute) -> bool:
    """Whether it is an integer, an index, or a tensor of them."""
    return isinstance(_element(type), IntegerType | IndexType)


def _why(owner: Operation) -> str:
    if owner.name == "tt.load":
        return (
            "the pointers are loaded from memory" if is_pointer(owner.results[0].type) else "it is loaded from memory"
        )
    return f"they go through '{owner.name}'"


# Terms


def add_terms(lhs: Term, rhs: Term) -> Term | None:
    """The sum of two terms of one dimension, None when it has no form."""
    if lhs == STILL:
        return rhs
    if rhs == STILL:
        return lhs
    match lhs, rhs:
        case Strided(a), Strided(b):
            return Strided(a + b)
        case Wrapped(start, modulus, a), Wrapped(start_, modulus_, b) if (start, modulus) == (start_, modulus_):
            return _scaled_term(Wrapped(start, modulus, a + b))
        case Table(vector, a), Table(vector_, b) if vector is vector_:
            return _scaled_term(Table(vector, a + b))
        case _:
            return None


def _scaled_term(term: Wrapped | Table) -> Term:
    return STILL if term.scale == ZERO else term


def scale_term(term: Term, factor: Expr) -> Term:
    """The term times a number."""
    match term:
        case Strided(stride):
            return Strided(stride * factor)
        case Wrapped() | Table():
            return _scaled_term(replace(term, scale=term.scale * factor))


def add(lhs: Structured, rhs: Structured) -> Structured | None:
    """The elementwise sum; at most one of the two has a base."""
    terms = [add_terms(a, b) for a, b in zip(lhs.terms, rhs.terms, strict=True)]
    if any(term is None for term in terms) or (lhs.base is not None and rhs.base is not None):
        return None
    known = tuple(term for term in terms if term is not None)
    return Structured(lhs.offset + rhs.offset, known, lhs.shape, lhs.base or rhs.base)


def scale(state: Structured, factor: Expr) -> Structured:
    """The state times a number that is the same for all elements."""
    return Structured(state.offset * factor, tuple(scale_term(t, factor) for t in state.terms), state.shape)


def reshape_terms(terms: Sequence[Term], old: Sequence[int], new: Sequence[int]) -> tuple[Term, ...] | None:
    """The terms of the same elements in row-major order in another shape, None when they are not linear in it."""
    result: list[Term] = []
    i = 0
    for j, size in enumerate(new):
        if len(result) > j:
            continue
        # The smallest runs of old and new dimensions with equally many elements.
        first_old, first_new, old_count, new_count = i, j, 1, size
        j += 1
        while i < len(old) and (old_count < new_count or (old_count == new_count and old[i] == 1)):
            old_count *= old[i]
            i += 1
            while new_count < old_count:
                new_count *= new[j]
                j += 1
        group = _regroup(terms[first_old:i], old[first_old:i], new[first_new:j])
        if group is None:
            return None
        result.extend(group)
    return tuple(result)


def _regroup(terms: Sequence[Term], old: Sequence[int], new: Sequence[int]) -> list[Term] | None:
    moving = [(term, size) for term, size in zip(terms, old, strict=True) if size != 1]
    wide = [size for size in new if size != 1]
    if len(moving) == 1 and len(wide) == 1:
        return [STILL if size == 1 else moving[0][0] for size in new]
    inner: Expr | None = None
    covered = 1
    for term, size in reversed(moving):
        if not isinstance(term, Strided):
            return None
        inner = term.stride if inner is None else inner
        if term.stride != inner * covered:
            return None
        covered *= size
    inner = inner or ZERO
    return [STILL if size == 1 else Strided(inner * prod(new[k + 1 :])) for k, size in enumerate(new)]


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
    "tt.int_to_ptr": _int_to_ptr,
}


def values_of(expr: Expr) -> Iterable[SSAValue]:
    """The SSA values that an expression is computed from, or whose carried offsets it contains."""
    yield from (symbol.value for symbol in expr.symbols() if isinstance(symbol, Number | Carried))
    yield from expr.conditions()
