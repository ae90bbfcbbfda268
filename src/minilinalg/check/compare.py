"""What a run left in global memory, and the first element that two runs disagree about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minilinalg.abi import FunctionAbi
from minilinalg.check.turns import NO_TURNS, Turns
from minilinalg.interp.dtypes import Array
from minilinalg.interp.memory import GlobalMemory, Segment

Bound = float | Array
"""How far apart floats may be: one number for an array, or one for each of its elements."""


@dataclass(frozen=True)
class Answer:
    """All that a run left: the arrays of the arguments and results by name, and the bytes that lie between the
    elements of strided arguments. All of it belongs to this run alone. turns: what its loops took."""

    arrays: tuple[tuple[str, Array], ...]
    between: tuple[tuple[str, Array], ...] = ()
    turns: Turns = NO_TURNS

    @staticmethod
    def of(abi: FunctionAbi, args: Sequence[Any], results: Sequence[Array], turns: Turns = NO_TURNS) -> Answer:
        """What stands in the arguments after a run, and what it returned."""
        source = [p for p in abi.parameters if p.kind != "result"]
        arrays: list[tuple[str, Array]] = [(p.name, a) for p, a in zip(source, args, strict=True) if p.kind != "scalar"]
        memory = GlobalMemory()
        memory.place(arrays)
        between = [found for s in memory.segments if (found := _between(s)) is not None]
        return Answer((*arrays, *((f"result {i}", a) for i, a in enumerate(results))), tuple(between), turns)


def _between(segment: Segment) -> tuple[str, Array] | None:
    """The bytes of a segment that are no part of an array; those that are count as 0."""
    free = segment.free
    return None if free is None else (", ".join(segment.names), np.where(free, segment.data, 0))


@dataclass(frozen=True)
class Difference:
    """The first element that two answers disagree about. index: of the array; of `between`: the byte."""

    argument: str
    index: tuple[int, ...]
    before: Any
    after: Any
    count: int
    allowed: float = 0.0
    is_between: bool = False

    def __str__(self) -> str:
        at = ", ".join(str(i) for i in self.index)
        if self.is_between:
            return f"byte {at} between the elements of {self.argument} was {self.before} and is {self.after}"
        name = f"{self.argument}[{at}]" if self.index else self.argument
        more = f" ({self.count} elements differ)" if self.count > 1 else ""
        # str, since formatting shows more digits than a narrow float has.
        return f"{name} was {self.before!s} and is {self.after!s}{more}"


def first_difference(
    before: Answer, after: Answer, bounds: Sequence[Bound] | None = None, *, overflow_is_open: bool = False
) -> Difference | None:
    """The first difference of `after` from `before`.

    Integers and bytes must be equal, floats too, bit by bit but for NaNs, any of which equals any. bounds: for each
    array how far apart its floats may be instead; infinities and NaNs then still have to agree. overflow_is_open: but
    not where no bound is known, since another order of the same operations may overflow elsewhere.
    """
    for i, ((name, a), (_, b)) in enumerate(zip(before.arrays, after.arrays, strict=True)):
        same = same_elements(a, b, 0.0 if bounds is None else bounds[i])
        if overflow_is_open and bounds is not None and a.dtype.kind not in "iub":
            same |= ~np.isfinite(a.astype(np.float64)) & np.isinf(bounds[i])
        if not same.all():
            index = _first(same)
            allowed = 0.0 if bounds is None else float(np.broadcast_to(bounds[i], a.shape)[index])
            return Difference(name, index, a[index], b[index], int(np.count_nonzero(~same)), allowed)
    for (name, a), (_, b) in zip(before.between, after.between, strict=True):
        if not (same := a == b).all():
            index = _first(same)
            return Difference(name, index, a[index], b[index], int(np.count_nonzero(~same)), is_between=True)
    return None


def _first(same: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmin(same)), same.shape))


def same_elements(a: Array, b: Array, bound: Bound = 0.0) -> Array:
    """Which elements of two arrays agree, as bool."""
    if a.dtype.kind in "iub":
        return np.asarray(a == b)
    bits = np.dtype(f"u{a.dtype.itemsize}")
    same = np.asarray(_copied(a).view(bits) == _copied(b).view(bits))
    if same.all():
        return same
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    same |= np.isnan(wide_a) & np.isnan(wide_b)
    if np.any(np.asarray(bound) > 0):
        with np.errstate(invalid="ignore"):
            # inf - inf is NaN, which is within no bound.
            same |= np.abs(wide_a - wide_b) <= bound
    return same


def _copied(a: Array) -> Array:
    """`a` in a layout that can be seen as another type of the same size."""
    return np.array(a, order="C", copy=True) if not a.flags.c_contiguous else a
