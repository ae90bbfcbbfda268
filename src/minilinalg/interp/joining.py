"""Values of several programs: what they have in common, and those of groups as one value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from minilinalg.interp.access import undefined
from minilinalg.interp.dtypes import I1, DType, dtype_of, is_array, shape_of
from minilinalg.interp.values import Affine, Mask, Partial, written_out

FEW = 64


class Kind:
    """What joining values of different programs needs to know of a type."""

    __slots__ = ("dtype", "shape")

    def __init__(self, type_: Attribute):
        self.shape = shape_of(type_)
        self.dtype: DType = dtype_of(type_)

    def truth(self) -> Kind:
        """The kind of what says which elements of a value of this kind are defined."""
        found = Kind.__new__(Kind)
        found.shape, found.dtype = self.shape, I1
        return found


def _spread(value: Any, count: int, kind: Kind) -> Any:
    """`value` as an array with one entry for each of `count` programs (extents of 1 are kept)."""
    array = np.asarray(written_out(value), None if kind.dtype.is_float else kind.dtype.carrier)
    if array.ndim == 0:
        array = array.reshape(1)
    return np.broadcast_to(array, (count, *array.shape[1:]))


def join(pieces: Sequence[tuple[Any, int]], kind: Kind) -> Any:
    """The values of consecutive groups of programs, (value, number of programs) each, as one value."""
    pieces = [p for p in pieces if p[1]]
    if len(pieces) == 1:
        return pieces[0][0]
    first = pieces[0][0]
    if all(p[0] is first for p in pieces) and not varies(first):
        return first
    strided = all(isinstance(v, Affine) and all(isinstance(t, int) for t in v.terms) for v, _ in pieces)
    if strided and all(v.terms == first.terms for v, _ in pieces):
        offsets = [np.broadcast_to(np.asarray(v.offset, np.int64), (n,)) for v, n in pieces]
        return Affine(np.concatenate(offsets), first.terms, first.shape, first.dtype)
    if any(isinstance(v, Partial) for v, _ in pieces):
        data = join([(written_out(v), n) for v, n in pieces], kind)
        rank = len(kind.shape)
        known = [
            (v.defined_array() if isinstance(v, Partial) else np.ones((1,) * (rank + 1), np.bool_), n)
            for v, n in pieces
        ]
        return Partial(data, join(known, kind.truth()))
    if not hasattr(first, "join_programs"):
        arrays = [_spread(v, n, kind) for v, n in pieces]
        shape = np.broadcast_shapes(*(a.shape[1:] for a in arrays))
        return np.concatenate([np.broadcast_to(a, (len(a), *shape)) for a in arrays])
    return first.join_programs(pieces)


def varies(value: Any) -> bool:
    if is_array(value):
        return value.ndim > 0 and len(value) > 1
    if isinstance(value, Affine):
        return not isinstance(value.offset, int) or any(not isinstance(t, int) for t in value.terms)
    return isinstance(value, Mask | Partial) or hasattr(value, "take_programs")


def uniform(value: Any) -> Any:
    """A per-program scalar as a Python number, when all programs agree; else itself."""
    if is_array(value) and value.ndim:
        if len(value) > FEW:
            return value[0].item() if bool((value == value[0]).all()) else value
        # A list of so few numbers is compared faster than an array.
        numbers = value.tolist()
        if numbers.count(numbers[0]) == len(numbers):
            return numbers[0]
    elif isinstance(value, np.generic):
        return value.item()  # pyright: ignore[reportUnknownVariableType]
    return value


def known(value: Any, what: str, does: str = "branches on") -> Any:
    """A scalar that decides where to go, which must be defined."""
    if isinstance(value, Partial):
        if not bool(value.defined_array().all()):
            raise undefined(f"'{what}'", does)
        return value.data
    return value


def undefined_of(kind: Kind) -> Partial:
    """A value of a kind, of which nothing is defined."""
    extents = (1,) * (len(kind.shape) + 1)
    return Partial(np.zeros(extents, kind.dtype.carrier), np.zeros(extents, np.bool_))
