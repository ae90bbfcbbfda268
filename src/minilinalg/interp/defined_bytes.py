"""Which bytes of an on-chip memory are defined: a shadow of it, and what views read and write of that.

Nothing is defined in the beginning. What is written is as defined as it was when it was computed. Most bytes are
defined in all rows (programs, cores) alike, so a shadow is a few ranges of which that is known, and flags for the rest:
an instruction on buffers that are defined throughout costs a look at the ranges.
"""

from __future__ import annotations

from bisect import bisect_right
from math import prod
from typing import Any

import numpy as np

from minilinalg.interp.access import undefined
from minilinalg.interp.dtypes import I8, I16, I32, I64, Array, DType
from minilinalg.interp.storage import Storage
from minilinalg.interp.views import MemRef, groups

_FLAGS: dict[int, DType] = {dtype.itemsize: dtype for dtype in (I8, I16, I32, I64)}
"""By the size of an element, the type as which its flags are read at once: -1 where all of its bytes are defined."""


class DefinedBytes:
    """The shadow of a `Storage` of so many rows and bytes."""

    __slots__ = ("_ends", "_flags", "_starts", "name", "nbytes", "rows")

    def __init__(self, rows: int, nbytes: int, name: str):
        self.rows, self.nbytes, self.name = rows, nbytes, name
        # Ranges, ascending and apart, of bytes that are defined in all rows, whatever their flags are.
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._flags: Storage | None = None

    def holds(self, low: int, high: int) -> bool:
        """Whether the bytes low to high are known to be defined in every row."""
        at = bisect_right(self._starts, low) - 1
        return at >= 0 and high <= self._ends[at]

    def define(self, low: int, high: int) -> None:
        """The bytes low to high are defined now, in every row."""
        starts, ends = self._starts, self._ends
        first = bisect_right(ends, low - 1)
        last = bisect_right(starts, high)
        if first < last:
            low, high = min(low, starts[first]), max(high, ends[last - 1])
        starts[first:last], ends[first:last] = [low], [high]

    def flags(self, low: int, high: int, *, write: bool) -> Storage:
        """The flags, those of the bytes low to high brought up to date to be read or, with `write`, changed."""
        if self._flags is None:
            self._flags = Storage(self.rows, self.nbytes, self.name)
            self._flags.bytes[...] = 0
        starts, ends = self._starts, self._ends
        first, last = bisect_right(ends, low), bisect_right(starts, high - 1)
        for start, end in zip(starts[first:last], ends[first:last], strict=True):
            self._flags.bytes[:, start:end] = 0xFF
        if write:
            del starts[first:last], ends[first:last]
        return self._flags


def shadow_of(view: Any) -> DefinedBytes | None:
    """The shadow of the memory of a view; None for global memory, and where nobody keeps one."""
    storage = view.storage
    return None if storage is None else storage.defined


def known_of(view: MemRef, count: int, what: str) -> Array | None:
    """Which elements of a view are defined, bool (L, *sizes); None for all.

    count: how many programs run. what: who asks, for a RunError about a view that is out of bounds. Where sizes differ
    between programs, an element beyond those of its own counts as defined.
    """
    shadow = shadow_of(view)
    if shadow is None or (reach := _reach(view)) is None or shadow.holds(*reach):
        return None
    if view.is_one_piece:
        known = np.asarray(_elements(view, shadow.flags(*reach, write=False)).stored(what).read() == -1)
        return None if known.all() else known
    known = np.ones((count, *(int(np.max(n)) for n in view.sizes)), np.bool_)
    for index, key in groups(view.shape_key, count):
        piece = view.piece(index, key)
        if (reach := _reach(piece)) is not None:
            found = _elements(piece, shadow.flags(*reach, write=False)).stored(what).read() == -1
            where = np.arange(count)[index] if isinstance(index, slice) else index
            known[(where, *(slice(0, n) for n in piece.sizes))] = found
    return None if known.all() else known


def record(view: MemRef, known: Array | None, count: int, what: str) -> None:
    """The elements of a view are defined now where `known`, (L, *sizes), is true; None: everywhere."""
    shadow = shadow_of(view)
    if shadow is None or (reach := _reach(view)) is None:
        return
    everywhere = known is None or bool(known.all())
    if everywhere and shadow.holds(*reach):
        return
    if everywhere and view.rows is None and view.is_one_piece:
        low, high = reach
        if prod(int(n) for n in view.sizes) * view.dtype.itemsize == high - low:
            shadow.define(low, high)
            return
    for index, key in groups(view.shape_key, count):
        piece = view.piece(index, key)
        if (reach := _reach(piece)) is None:
            continue
        marks: Array = np.full((1,) * (view.rank + 1), -1)
        if not everywhere:
            assert known is not None
            own = known[index] if len(known) > 1 else known
            extents = zip(piece.sizes, own.shape[1:], strict=True)
            cut = (slice(None), *(slice(0, n) if m > 1 else slice(None) for n, m in extents))
            marks = -own[cut].astype(np.int8)
        elements = _elements(piece, shadow.flags(*reach, write=True))
        elements.stored(what, write=True).write(marks.astype(elements.dtype.storage))


def forget(shadow: DefinedBytes, low: int, high: int, rows: Any) -> None:
    """The bytes low to high of some rows (None: all) are undefined now."""
    high = min(high, shadow.nbytes)
    if low < high:
        shadow.flags(low, high, write=True).bytes[slice(None) if rows is None else rows, low:high] = 0


def carry(source: MemRef, target: MemRef, count: int, what: str) -> None:
    """A copy between two views: its destination becomes as defined as its source.

    Raises RunError for an undefined element that would reach global memory.
    """
    if shadow_of(source) is None and shadow_of(target) is None:
        return
    known = known_of(source, count, what)
    if target.storage is not None:
        record(target, known, count, what)
    elif known is not None:
        raise undefined(what, "stores")


def _reach(view: MemRef) -> tuple[int, int] | None:
    """The first byte and the one behind the last that any program touches; None when there is none."""
    offset = view.offset
    low, high = (offset, offset) if isinstance(offset, int) else (int(offset.min()), int(offset.max()))
    for stride, size in zip(view.strides, view.sizes, strict=True):
        size = size if isinstance(size, int) else int(size.max())
        if size == 0:
            return None
        most = stride if isinstance(stride, int) else int(np.max(np.abs(stride)))
        if most < 0:
            low += most * (size - 1)
        else:
            high += most * (size - 1)
    return low, high + view.dtype.itemsize


def _elements(view: MemRef, flags: Storage) -> MemRef:
    """The flags of the elements of a view of one piece."""
    dtype = _FLAGS[view.dtype.itemsize]
    return MemRef(dtype, view.offset, view.sizes, view.strides, storage=flags, rows=view.rows, buffer=view.buffer)
