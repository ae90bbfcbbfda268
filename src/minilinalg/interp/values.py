"""What a value is while a chunk of programs runs.

All programs of a chunk run together. A value that differs between them has a leading axis over the programs; one
that does not has a leading axis of one, or is a plain Python number. So the engine knows these forms:

scalar      Python int or bool, NumPy float scalar: the same in every program
            array of shape (P,): one number a program
tensor      array of shape (L, d1, ..., dn), L in {1, P}; an extent of 1 stands for any extent along which the value
            does not change (a splat stays one element: NumPy's broadcasting does the rest)
            Affine: integers or addresses that are a sum of an offset and one term per dimension
            Mask: a conjunction of Affine >= 0, not yet written out
            Partial: an array some of whose elements are undefined
            Reordered: an array in another order in memory

Pointers and masks stay symbolic on the usual path, so a load reads one strided window and writes no index array.
Compare PtrState and MaskState of triton-shared, which do the same at compile time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import Array, DType, is_array

HALF = 1 << 63


def wrap64(value: int) -> int:
    """An integer modulo 2**64, signed."""
    return ((value + HALF) & ((HALF << 1) - 1)) - HALF


Term = int | Array
"""What one dimension adds to an Affine: a stride, or an index vector of shape (L, extent)."""


@cache
def _iota(extent: int) -> Array:
    ramp = np.arange(extent, dtype=np.int64)
    ramp.flags.writeable = False
    return ramp


def along(vector: Array, dim: int, rank: int) -> Array:
    """(L, n) or (n,) -> (L, 1, .., n, .., 1), n at dimension `dim` of a tensor of that rank."""
    lead = vector.shape[:-1] or (1,)
    return vector.reshape(*lead, *([1] * dim), vector.shape[-1], *([1] * (rank - dim - 1)))


def per_program(scalar: Any, rank: int) -> Any:
    """A scalar value as something that broadcasts over a tensor of that rank."""
    if is_array(scalar) and scalar.ndim:
        return scalar.reshape(-1, *([1] * rank))
    if isinstance(scalar, Partial):
        return Partial(per_program(scalar.data, rank), per_program(scalar.defined_array(), rank))
    return scalar


def scalar_form(numbers: Array, dtype: DType) -> Any:
    """One number a program, (P,), as a scalar value: a plain number where one serves all programs."""
    if len(numbers) > 1:
        return numbers
    return numbers[0] if dtype.is_float else numbers[0].item()


def least(x: int | Array) -> int:
    """The least of a number or of an array of them."""
    return x if isinstance(x, int) else int(x.min())


def most(x: int | Array) -> int:
    """The greatest of a number or of an array of them."""
    return x if isinstance(x, int) else int(x.max())


class Affine:
    """An integer or pointer tensor: offset + sum over dimensions of one term each, without wrap-around.

    offset: Python int, or int64 array (P,). terms: one `Term` a dimension. Pointers count in bytes.
    The sum is exact; `fits` says whether it stays inside the element type, which comparisons and divisions ask first.
    """

    __slots__ = ("_array", "_bounds", "_ends", "dtype", "offset", "shape", "terms")

    def __init__(self, offset: int | Array, terms: tuple[Term, ...], shape: tuple[int, ...], dtype: DType):
        # Numbers beyond 64 bits are only seen modulo 2**64; `fits` says no to them either way.
        if isinstance(offset, int) and not -HALF <= offset < HALF:
            offset = wrap64(offset)
        for term in terms:
            if isinstance(term, int) and not -HALF <= term < HALF:
                terms = tuple(wrap64(t) if isinstance(t, int) else t for t in terms)
                break
        self.offset = offset
        self.terms = terms
        self.shape = shape
        self.dtype = dtype
        self._array: Array | None = None
        self._bounds: tuple[Any, Any] | None = None
        self._ends: tuple[int, int] | None = None

    def array(self) -> Array:
        """Written out, wrapped to the element type; (L, ...) with extent 1 where nothing changes."""
        if self._array is None:
            rank = len(self.shape)
            total: Any = None
            for dim, term in enumerate(self.terms):
                if isinstance(term, int):
                    if term == 0 or self.shape[dim] == 1:
                        continue
                    term = _iota(self.shape[dim]) * np.int64(term)
                total = along(term, dim, rank) if total is None else total + along(term, dim, rank)
            # What differs between programs comes last: it is added to whole tensors.
            offset = np.asarray(self.offset, np.int64).reshape(-1, *([1] * rank))
            total = offset if total is None else offset + total
            found: Array = total.astype(self.dtype.carrier, copy=False)
            # Several values may share it, so nothing may take it over in place.
            found.flags.writeable = False
            self._array = found
        return self._array

    def bounds(self) -> tuple[Any, Any]:
        """The least and the greatest element, per program (int or (P,) array)."""
        if self._bounds is None:
            low = high = self.offset
            for term, extent in zip(self.terms, self.shape, strict=True):
                if isinstance(term, int):
                    reach = term * (extent - 1)
                    if reach > 0:
                        high = high + reach
                    elif reach < 0:
                        low = low + reach
                else:
                    low, high = low + term.min(axis=1), high + term.max(axis=1)
            self._bounds = (low, high)
        return self._bounds

    def ends(self) -> tuple[int, int]:
        """The least and the greatest element of all programs."""
        if self._ends is None:
            offset = self.offset
            if isinstance(offset, int) or any(not isinstance(t, int) and len(t) > 1 for t in self.terms):
                low, high = self.bounds()
                self._ends = least(low), most(high)
            else:
                # As `bounds`, with numbers of Python's instead of arrays of a few elements.
                low, high = int(np.minimum.reduce(offset)), int(np.maximum.reduce(offset))
                for term, extent in zip(self.terms, self.shape, strict=True):
                    if isinstance(term, int):
                        reach = term * (extent - 1)
                        low, high = (low, high + reach) if reach > 0 else (low + reach, high)
                    else:
                        low, high = low + int(term.min()), high + int(term.max())
                self._ends = low, high
        return self._ends

    def fits(self) -> bool:
        """Whether no element leaves the range of the element type (62 bits for 64-bit ones, to keep differences)."""
        limit = 1 << min(self.dtype.bits - 1, 62)
        low, high = self.ends()
        return low >= -limit and high < limit

    @property
    def is_splat(self) -> bool:
        return all(isinstance(t, int) and t == 0 for t in self.terms)

    def take(self, index: Any) -> Affine:
        """The programs at `index` (a slice or an index array)."""
        if isinstance(self.offset, int) and all(isinstance(t, int) for t in self.terms):
            return self
        offset = self.offset if isinstance(self.offset, int) else self.offset[index]
        terms = tuple(t if isinstance(t, int) or len(t) == 1 else t[index] for t in self.terms)
        return Affine(offset, terms, self.shape, self.dtype)


def by_pattern(a: Affine) -> tuple[Affine, Array | None]:
    """`a` with the terms of its first program for all, and which programs have other ones (None: none), bool (P,)."""
    odd: Array | None = None
    terms: list[Term] = []
    for term in a.terms:
        if isinstance(term, int) or len(term) == 1:
            terms.append(term)
            continue
        terms.append(term[:1])
        differs = (term != term[:1]).any(axis=1)
        if differs.any():
            odd = differs if odd is None else odd | differs
    return Affine(a.offset, tuple(terms), a.shape, a.dtype), odd


def has_one_pattern(a: Affine) -> bool:
    """Whether the terms of an affine tensor are the same in all programs."""
    return all(isinstance(t, int) or len(t) == 1 for t in a.terms)


class Mask:
    """An i1 tensor that holds where every term is >= 0 and every array of `rest` is true."""

    __slots__ = ("_array", "_box", "lanes", "rest", "shape", "terms")

    def __init__(self, terms: tuple[Affine, ...], rest: tuple[Array, ...], shape: tuple[int, ...]):
        self.terms = terms
        self.rest = rest
        self.shape = shape
        self._array: Array | None = None
        self._box: Box | None = None
        self.lanes: Any = False
        """As lanes.py has it, once that was asked for."""

    def array(self) -> Array:
        """Written out as bool, (L, ...) with extent 1 where nothing changes."""
        if self._array is None:
            total: Array | None = None
            for term in self.terms:
                low, high = term.ends()
                if low >= 0:
                    continue
                holds = np.zeros((1,) * (len(self.shape) + 1), np.bool_) if high < 0 else term.array() >= 0
                total = holds if total is None else total & holds
            for array in self.rest:
                # What holds everywhere would make the rest differ between programs, or between lanes.
                if not array.all():
                    total = array if total is None else total & array
            if total is None:
                total = np.ones((1,) * (len(self.shape) + 1), np.bool_)
            self._array = total.view()
            self._array.flags.writeable = False
        return self._array

    def box(self) -> Box:
        """The mask as an interval per dimension, and what of it is no interval."""
        if self._box is None:
            self._box = Box.of(self)
        return self._box

    def take(self, index: Any) -> Mask:
        """The programs at `index`."""
        rest = tuple(a if len(a) == 1 else a[index] for a in self.rest)
        return Mask(tuple(t.take(index) for t in self.terms), rest, self.shape)


class Box:
    """low[d] <= i_d < high[d] per dimension, each bound an int or one a program; `rest` is what else must hold."""

    __slots__ = ("full", "high", "low", "rest", "uniform")

    def __init__(self, low: list[Any], high: list[Any], rest: Array | None, shape: tuple[int, ...]):
        self.low = low
        self.high = high
        self.rest = rest
        self.uniform = all(isinstance(b, int) for b in (*low, *high))
        self.full = rest is None and all(
            most(lo) <= 0 and least(hi) >= n for lo, hi, n in zip(low, high, shape, strict=True)
        )

    @staticmethod
    def of(mask: Mask) -> Box:
        """Reads each term that varies along at most one dimension as a bound on that dimension."""
        shape = mask.shape
        low: list[Any] = [0] * len(shape)
        high: list[Any] = list(shape)
        rest: list[Array] = list(mask.rest)
        for term in mask.terms:
            if term.ends()[0] >= 0:
                continue
            moving = [d for d, t in enumerate(term.terms) if not isinstance(t, int) or (t != 0 and shape[d] != 1)]
            if not moving:
                # True or false for a whole program: an empty interval where it is false.
                high[0] = _least(high[0], np.where(np.asarray(term.offset) >= 0, shape[0], 0))
                continue
            dim = moving[0]
            step = term.terms[dim]
            if len(moving) > 1 or not isinstance(step, int):
                rest.append(term.array() >= 0)
            elif step > 0:
                low[dim] = _most(low[dim], -(term.offset // step))
            else:
                high[dim] = _least(high[dim], term.offset // -step + 1)
        for d, n in enumerate(shape):
            low[d] = _least(_most(low[d], 0), n)
            high[d] = _most(_least(high[d], n), low[d])
        total = None
        for array in rest:
            total = array if total is None else total & array
        if total is not None and total.all():
            total = None
        return Box(low, high, total, shape)


class Partial:
    """A tensor some of whose elements are undefined: `defined` (bool, broadcastable to `data`) says which are not."""

    __slots__ = ("data", "defined")

    def __init__(self, data: Array, defined: Mask | Array):
        self.data = data
        self.defined = defined

    def defined_array(self) -> Array:
        return self.defined.array() if isinstance(self.defined, Mask) else self.defined


class Reordered(ABC):
    """A tensor whose elements are in another order in memory than one of its own; few operations take it as it is.

    data: the elements in that order, (P, ...).
    """

    __slots__ = ("data",)

    data: Array

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """That of the tensor."""

    @abstractmethod
    def array(self) -> Array:
        """Written out in the order of a tensor, (P, *shape)."""

    @abstractmethod
    def is_like(self, other: Any) -> bool:
        """Whether `other` is in the same order."""

    @abstractmethod
    def like(self, data: Array) -> Reordered:
        """Other elements in the same order."""

    def take_programs(self, index: Any) -> Reordered:
        """The same of the programs at `index`."""
        return self.like(take(self.data, index))

    @staticmethod
    def join_programs(pieces: Sequence[tuple[Any, int]]) -> Any:
        """The values of consecutive groups of programs; written out where they are in several orders."""
        first = pieces[0][0]
        alike = all(first.is_like(value) for value, _ in pieces)
        arrays = [(v.data if alike else spread(written_out(v), first.shape), n) for v, n in pieces]
        joined = np.concatenate([np.broadcast_to(array, (n, *array.shape[1:])) for array, n in arrays])
        return first.like(joined) if alike else joined


def _least(a: Any, b: Any) -> Any:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else _plain(np.minimum(a, b))


def _most(a: Any, b: Any) -> Any:
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else _plain(np.maximum(a, b))


def _plain(a: Any) -> Any:
    return int(a) if a.ndim == 0 else a


def form_of(value: Any) -> Any:
    """The class of a value: which of the forms above it has."""
    return value.__class__


def take(value: Any, index: Any) -> Any:
    """`value` for the programs at `index` only (a slice or an index array); uniform values are returned as they are."""
    kind = form_of(value)
    if kind is np.ndarray:
        return value if value.ndim == 0 or len(value) == 1 else value[index]
    if kind is Affine or kind is Mask:
        return value.take(index)
    if kind is Partial:
        defined = value.defined
        return Partial(take(value.data, index), take(defined, index))
    if hasattr(value, "take_programs"):
        return value.take_programs(index)
    return value


def written_out(value: Any) -> Any:
    """A tensor value as an array; an undefined element becomes whatever stands there."""
    kind = form_of(value)
    if kind is np.ndarray:
        return value
    if kind is Affine or kind is Mask or issubclass(kind, Reordered):
        return value.array()
    if kind is Partial:
        return value.data
    return value


def spread(x: Any, shape: tuple[int, ...]) -> Array:
    """The array (L, *shape) with every extent of 1 that stands for more grown to its size; a view."""
    array = written_out(x)
    return array if array.shape[1:] == shape else np.broadcast_to(array, (len(array), *shape))
