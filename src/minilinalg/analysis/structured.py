"""The form of tensors of integers and pointers: an offset and one term per dimension.

    element(i0, i1, ...) = base + offset + term0(i0) + term1(i1) + ...        pointers count in elements

Each dimension has a term of its own, so a block may run along rows with a stride and wrap around its columns:

| term | value at position i |
|---|---|
| `Strided(stride)` | stride * i |
| `Wrapped(start, modulus, scale)` | scale * ((start + i) remsi modulus) |
| `Table(vector, scale)` | scale * vector[i], the numbers of a tensor with one dimension, of integers or of pointers |

Offsets, strides and moduli are expressions over scalar SSA values (`index_expr.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

from xdsl.dialects.builtin import IndexType, IntegerType, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.type import get_element_type_or_self

from minilinalg.analysis.index_expr import ZERO, Expr
from minilinalg.dialects.tt import PointerType


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
    """offset + one term for each dimension of `shape`; a scalar has none.

    `base` is the pointer that is moved: an argument, or a scalar pointer that points into no one argument. Pointers
    without a base count from the beginning of all memory; a table has them.
    """

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


def shape_of(type: Attribute) -> tuple[int, ...]:
    """The shape of a tensor, () for a scalar."""
    return type.get_shape() if isinstance(type, TensorType) else ()


def is_pointer(type: Attribute) -> bool:
    """Whether it is a pointer or a tensor of pointers."""
    return isinstance(get_element_type_or_self(type), PointerType)


def is_integer(type: Attribute) -> bool:
    """Whether it is an integer, an index, or a tensor of them."""
    return isinstance(get_element_type_or_self(type), IntegerType | IndexType)
