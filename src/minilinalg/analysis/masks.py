"""Which elements of a tensor of i1 are true: an interval in each dimension, conditions on the program, and a rest.

    mask[i0, i1, ...]  =  conditions  and  low0 <= i0 < high0  and  low1 <= i1 < high1 ...  and  rest

A comparison of two structured integers that differ along one dimension bounds that dimension from one side; one that
differs along none is a condition on the whole tensor; `andi` intersects. On any doubt a value stays in `rest`, which is
read as it is. The bounds are expressions over scalar SSA values and may lie outside of the tensor: `Mask.box` clamps.

Compare the MaskAnalysis of triton-shared and the mask trackers of triton-linalg; unlike there, a condition on a whole
tensor empties the interval instead of being dropped, and `or` with a condition widens it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.index_expr import ZERO, Condition, Expr, choose, constant, largest, smallest
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.signs import is_nonnegative
from minilinalg.analysis.structured import STILL, Strided, Structured, add, scale, shape_of

if TYPE_CHECKING:
    from minilinalg.analysis.bounds import Bounds


@dataclass(frozen=True)
class Interval:
    """The positions from `low` up to, but not with, `high`."""

    low: Expr
    high: Expr

    @property
    def size(self) -> Expr:
        """How many positions there are."""
        return self.high - self.low


@dataclass(frozen=True)
class Rest:
    """A part of a mask that is no interval, and why.

    `value` is a tensor of i1 whose dimensions are `dims` of the mask; along the others it does not change.
    """

    value: SSAValue
    reason: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Mask:
    """A tensor of i1 as the conjunction of its parts. Without any part it is true everywhere."""

    shape: tuple[int, ...]
    low: tuple[tuple[Expr, ...], ...]
    """The lower bounds of each dimension; all of them hold."""
    high: tuple[tuple[Expr, ...], ...]
    """The upper bounds of each dimension, exclusive."""
    conditions: tuple[Condition, ...] = ()
    rest: tuple[Rest, ...] = ()

    @property
    def is_true(self) -> bool:
        """Whether it is true everywhere, in every program."""
        return not (self.conditions or self.rest or any(self.low) or any(self.high))

    def box(self) -> tuple[Interval, ...]:
        """The interval of each dimension, with 0 <= low <= high <= size; all of them empty where no condition holds.

        It leaves `rest` out, so it holds at least the elements that are true. A dimension without bounds keeps the
        constant interval from 0 to its size, and one of the others is emptied instead, as long as there is one.
        """
        box: list[Interval] = []
        for size, low, high in zip(self.shape, self.low, self.high, strict=True):
            start = smallest(largest(*low, 0), size)
            box.append(Interval(start, largest(smallest(*high, size), start)))
        if self.conditions:
            bounded = [d for d in range(len(self.shape)) if self.low[d] or self.high[d]] or [0]
            at = bounded[0]
            for condition in self.conditions:
                box[at] = replace(box[at], high=choose(condition, box[at].high, box[at].low))
        return tuple(box)

    def expressions(self) -> Iterator[Expr]:
        """Everything that has to be computed to know the box."""
        for interval in self.box():
            yield from (interval.low, interval.high)


def everywhere(shape: tuple[int, ...]) -> Mask:
    """The mask that is true everywhere."""
    return Mask(shape, ((),) * len(shape), ((),) * len(shape))


def nowhere(shape: tuple[int, ...]) -> Mask:
    """The mask that is false everywhere."""
    return replace(everywhere(shape), conditions=(Condition(ZERO),))


MaskRule: TypeAlias = Callable[["MaskAnalysis", Any], "Mask | None"]


class MaskAnalysis:
    """The masks of one function. With `bounds`, what is proven to hold in every program is left out."""

    def __init__(self, pointers: PointerAnalysis, bounds: Bounds | None = None):
        self.pointers = pointers
        self.bounds = bounds
        self._masks: dict[SSAValue, Mask] = {}

    def of(self, value: SSAValue) -> Mask:
        """The mask that an i1, or a tensor of i1, is. A scalar has no dimensions: all of it is conditions."""
        found = self._masks.get(value)
        if found is None:
            found = self._compute(value)
            self._masks[value] = found
        return found

    def _compute(self, value: SSAValue) -> Mask:
        shape = shape_of(value.type)
        if (known := constant_of(value)) is not None:
            return everywhere(shape) if known else nowhere(shape)
        owner = value.owner
        rule = RULES.get(owner.name) if isinstance(owner, Operation) else None
        found = None if rule is None else rule(self, owner)
        if found is not None:
            return found
        if not shape and not isinstance(value.type, TensorType):
            return Mask((), (), (), conditions=(Condition(value),))
        what = f"'{owner.name}'" if isinstance(owner, Operation) else "a value that a loop carries"
        rest = Rest(value, f"it is the result of {what}", tuple(range(len(shape))))
        return replace(everywhere(shape), rest=(rest,))

    def below_zero(self, difference: Structured) -> Mask | None:
        """Where an integer is negative: a bound on the one dimension along which it changes, or a condition."""
        shape = difference.shape
        moving = [d for d, term in enumerate(difference.terms) if term != STILL]
        if not moving:
            return self._condition(Condition(difference.offset), shape)
        dim = moving[0]
        term = difference.terms[dim]
        if len(moving) > 1 or not isinstance(term, Strided):
            return None
        # offset + step * i < 0 means i < -offset for step 1, and i >= offset + 1 for step -1.
        match term.stride.constant:
            case 1:
                return self._bound(shape, dim, high=-difference.offset)
            case -1:
                return self._bound(shape, dim, low=difference.offset + 1)
            case _:
                return None

    def _bound(self, shape: tuple[int, ...], dim: int, *, low: Expr | None = None, high: Expr | None = None) -> Mask:
        mask = everywhere(shape)
        if low is not None and not self._proves(-low):
            mask = replace(mask, low=_with(mask.low, dim, low))
        if high is not None and not self._proves(high - shape[dim]):
            mask = replace(mask, high=_with(mask.high, dim, high))
        return mask

    def _condition(self, condition: Condition, shape: tuple[int, ...]) -> Mask:
        if condition.known is not None:
            return everywhere(shape) if condition.known else nowhere(shape)
        if isinstance(condition.of, Expr) and self._proves(-condition.of - 1):
            return everywhere(shape)
        return replace(everywhere(shape), conditions=(condition,))

    def _proves(self, expr: Expr) -> bool:
        """Whether an expression is >= 0 in every program."""
        known = expr.constant
        if known is not None:
            return known >= 0
        return self.bounds is not None and self.bounds.never_negative(expr)


def _with(bounds: tuple[tuple[Expr, ...], ...], dim: int, bound: Expr) -> tuple[tuple[Expr, ...], ...]:
    return tuple((*b, bound) if d == dim else b for d, b in enumerate(bounds))


def both(lhs: Mask, rhs: Mask) -> Mask:
    """Where two masks are true."""

    def joined(a: tuple[tuple[Expr, ...], ...], b: tuple[tuple[Expr, ...], ...]) -> tuple[tuple[Expr, ...], ...]:
        return tuple(tuple(dict.fromkeys((*x, *y))) for x, y in zip(a, b, strict=True))

    return Mask(
        lhs.shape,
        joined(lhs.low, rhs.low),
        joined(lhs.high, rhs.high),
        tuple(dict.fromkeys((*lhs.conditions, *rhs.conditions))),
        tuple(dict.fromkeys((*lhs.rest, *rhs.rest))),
    )


def _only_condition(mask: Mask) -> Condition | None:
    """The condition that a mask is, when it is a single one and nothing else."""
    alone = len(mask.conditions) == 1 and not (mask.rest or any(mask.low) or any(mask.high))
    return mask.conditions[0] if alone else None


def widened(mask: Mask, condition: Condition) -> Mask | None:
    """Where a mask is true or a condition holds: then every bound moves out to the edge of its dimension."""
    if mask.rest or mask.conditions:
        return None
    return replace(
        mask,
        low=tuple(tuple(choose(condition, ZERO, b) for b in bounds) for bounds in mask.low),
        high=tuple(
            tuple(choose(condition, constant(size), b) for b in bounds)
            for size, bounds in zip(mask.shape, mask.high, strict=True)
        ),
    )


def inverted(mask: Mask) -> Mask | None:
    """Where a mask is not true, when it is one bound or one condition."""
    condition = _only_condition(mask)
    if condition is not None:
        return replace(mask, conditions=(~condition,))
    bounds = [(d, "low", b) for d, bs in enumerate(mask.low) for b in bs]
    bounds += [(d, "high", b) for d, bs in enumerate(mask.high) for b in bs]
    if mask.conditions or mask.rest or len(bounds) > 1:
        return None
    if not bounds:
        return nowhere(mask.shape)
    dim, side, bound = bounds[0]
    clear = everywhere(mask.shape)
    if side == "low":
        return replace(clear, high=_with(clear.high, dim, bound))
    return replace(clear, low=_with(clear.low, dim, bound))


# Rules: operation name -> mask of its result, None when it stays a rest


def _compare(analysis: MaskAnalysis, op: Any) -> Mask | None:
    if not isinstance(op.lhs.type, TensorType):
        return None
    lhs, rhs = analysis.pointers.of(op.lhs), analysis.pointers.of(op.rhs)
    if not isinstance(lhs, Structured) or not isinstance(rhs, Structured):
        return None
    less, more = add(lhs, scale(rhs, constant(-1))), add(rhs, scale(lhs, constant(-1)))
    if less is None or more is None:
        return None
    match op.predicate_name:
        case "slt":
            return analysis.below_zero(less)
        case "sgt":
            return analysis.below_zero(more)
        case "sle":
            return analysis.below_zero(_moved(less, -1))
        case "sge":
            return analysis.below_zero(_moved(more, -1))
        case "eq":
            return _conjunction(analysis.below_zero(_moved(less, -1)), analysis.below_zero(_moved(more, -1)))
        case "ne":
            # One element cut out of an interval leaves two intervals.
            equal = _conjunction(analysis.below_zero(_moved(less, -1)), analysis.below_zero(_moved(more, -1)))
            return None if equal is None else inverted(equal)
        case "ult" | "ule" if is_nonnegative(op.rhs):
            # With a right side >= 0, a left side that is negative is a huge unsigned number.
            positive = analysis.below_zero(_moved(scale(lhs, constant(-1)), -1))
            return _conjunction(positive, analysis.below_zero(less if op.predicate_name == "ult" else _moved(less, -1)))
        case _:
            return None


def _moved(state: Structured, by: int) -> Structured:
    return replace(state, offset=state.offset + by)


def _conjunction(lhs: Mask | None, rhs: Mask | None) -> Mask | None:
    return None if lhs is None or rhs is None else both(lhs, rhs)


def _and(analysis: MaskAnalysis, op: Operation) -> Mask | None:
    if not isinstance(op.results[0].type, TensorType):
        return None
    return both(analysis.of(op.operands[0]), analysis.of(op.operands[1]))


def _or(analysis: MaskAnalysis, op: Operation) -> Mask | None:
    if not isinstance(op.results[0].type, TensorType):
        return None
    masks = [analysis.of(operand) for operand in op.operands]
    for mask, other in (masks, reversed(masks)):
        if mask.is_true:
            return mask
        condition = _only_condition(mask)
        if condition is not None:
            return other if condition.known is False else widened(other, condition)
    return None


def _xor(analysis: MaskAnalysis, op: Operation) -> Mask | None:
    if not isinstance(op.results[0].type, TensorType):
        return None
    masks = [analysis.of(operand) for operand in op.operands]
    for mask, other in (masks, reversed(masks)):
        if mask.is_true:
            return inverted(other)
    return None


def _splat(analysis: MaskAnalysis, op: Any) -> Mask:
    scalar = analysis.of(op.src)
    return replace(everywhere(shape_of(op.result.type)), conditions=scalar.conditions)


def _expand_dims(analysis: MaskAnalysis, op: Any) -> Mask:
    axis = op.axis.value.data
    return _moved_dims(analysis.of(op.src), op, lambda dim: dim + (dim >= axis))


def _broadcast(analysis: MaskAnalysis, op: Any) -> Mask:
    mask = analysis.of(op.src)
    grown = {d for d, (old, new) in enumerate(zip(mask.shape, shape_of(op.result.type), strict=True)) if old != new}
    if any(grown.intersection(rest.dims) for rest in mask.rest):
        # One element of a rest would stand for many.
        whole = Rest(op.result, mask.rest[0].reason, tuple(range(len(mask.shape))))
        return replace(everywhere(shape_of(op.result.type)), rest=(whole,))
    return _moved_dims(mask, op, lambda dim: dim)


def _transpose(analysis: MaskAnalysis, op: Any) -> Mask:
    order: tuple[int, ...] = op.get_order()
    return _moved_dims(analysis.of(op.src), op, order.index)


def _moved_dims(mask: Mask, op: Any, to: Callable[[int], int]) -> Mask:
    """The mask over the shape of the result of `op`, where dimension d of the operand is dimension `to(d)`."""
    shape = shape_of(op.result.type)
    low: list[tuple[Expr, ...]] = [()] * len(shape)
    high = low.copy()
    for dim in range(len(mask.shape)):
        low[to(dim)], high[to(dim)] = mask.low[dim], mask.high[dim]
    rest = tuple(replace(rest, dims=tuple(to(dim) for dim in rest.dims)) for rest in mask.rest)
    return Mask(shape, tuple(low), tuple(high), mask.conditions, rest)


RULES: Mapping[str, MaskRule] = {
    "arith.andi": _and,
    "arith.cmpi": _compare,
    "arith.ori": _or,
    "arith.xori": _xor,
    "tt.broadcast": _broadcast,
    "tt.expand_dims": _expand_dims,
    "tt.splat": _splat,
    "tt.trans": _transpose,
}
