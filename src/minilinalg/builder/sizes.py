"""Sizes of tensors and ranges of loops: numbers where they are known, small expressions over dimensions where not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Dim:
    """The size of dimension `axis` of the operand called `tensor`, known when the program runs."""

    tensor: str
    axis: int


@dataclass(frozen=True)
class ScalarSize:
    """The value of the scalar operand called `name`."""

    name: str


@dataclass(frozen=True)
class Sum:
    terms: tuple[Size, ...]


@dataclass(frozen=True)
class Scaled:
    size: Size
    factor: int


@dataclass(frozen=True)
class FloorDivided:
    size: Size
    divisor: int


@dataclass(frozen=True)
class Minimum:
    sizes: tuple[Size, ...]


Size: TypeAlias = int | Dim | ScalarSize | Sum | Scaled | FloorDivided | Minimum


def add(*sizes: Size) -> Size:
    constant, terms = 0, list[Size]()
    for size in sizes:
        for term in size.terms if isinstance(size, Sum) else (size,):
            if isinstance(term, int):
                constant += term
            else:
                terms.append(term)
    if not terms:
        return constant
    if constant:
        terms.append(constant)
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def scale(size: Size, factor: int) -> Size:
    if isinstance(size, int):
        return size * factor
    if factor in (0, 1):
        return size if factor else 0
    return Scaled(size, factor)


def floor_divide(size: Size, divisor: int) -> Size:
    if isinstance(size, int):
        return size // divisor
    return size if divisor == 1 else FloorDivided(size, divisor)


def minimum(sizes: Iterable[Size]) -> Size:
    distinct = list(dict.fromkeys(sizes))
    known = [s for s in distinct if isinstance(s, int)]
    unknown = [s for s in distinct if not isinstance(s, int)]
    parts: list[Size] = [*unknown, *([min(known)] if known else [])]
    return parts[0] if len(parts) == 1 else Minimum(tuple(parts))


def evaluate(size: Size, leaf: Callable[[Dim | ScalarSize], int]) -> int:
    """The number that `size` is when its dimensions and scalars have the values that `leaf` gives."""
    match size:
        case int():
            return size
        case Dim() | ScalarSize():
            return leaf(size)
        case Sum(terms):
            return sum(evaluate(term, leaf) for term in terms)
        case Scaled(inner, factor):
            return evaluate(inner, leaf) * factor
        case FloorDivided(inner, divisor):
            return evaluate(inner, leaf) // divisor
        case Minimum(sizes):
            return min(evaluate(s, leaf) for s in sizes)
