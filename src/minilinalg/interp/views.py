"""memrefs and tensors of dynamic size, for all programs of a chunk at once.

A `MemRef` is a strided view of global memory (an address per program) or of on-chip bytes (a row per program). Its
sizes may differ between programs: every access then goes group by group of programs with equal sizes, which are few
(whole tiles and the tail), and each group is one strided NumPy view.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.access import Window, poison, read_window, write_window
from minilinalg.interp.dtypes import PTR, Array, DType, is_array
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.values import Affine, Partial, take

Size = int | Array


def plain(number: Any) -> Any:
    """A per-program number as a Python int when all programs agree."""
    if is_array(number) and number.ndim:
        if len(number) == 1 or bool((number == number[0]).all()):
            return int(number[0])
        return number
    return int(number)


def groups(sizes: Sequence[Size], count: int) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The programs by equal sizes: (index, sizes). The index is a slice where the programs are consecutive."""
    if all(isinstance(s, int) for s in sizes):
        yield slice(None), tuple(sizes)  # pyright: ignore
        return
    rows = zip(*(np.broadcast_to(np.asarray(s), (count,)).tolist() for s in sizes), strict=True)
    found: dict[tuple[int, ...], list[int]] = {}
    for p, row in enumerate(rows):
        found.setdefault(row, []).append(p)
    for row, programs in found.items():
        consecutive = programs[-1] - programs[0] == len(programs) - 1
        yield (slice(programs[0], programs[-1] + 1) if consecutive else np.array(programs)), row


class Sized:
    """A tensor with a dynamic extent: `data` (L, e1, ...) with e at least each size (or 1: the same all along).

    Elements beyond a program's sizes are no part of the value. sizes: one int or (P,) array per dimension.
    `defined` as in Partial, or None.
    """

    __slots__ = ("data", "defined", "sizes")

    def __init__(self, data: Array, sizes: Sequence[Size], defined: Array | None = None):
        self.data = data
        self.sizes = tuple(sizes)
        self.defined = defined

    def take_programs(self, index: Any) -> Sized:
        defined = None if self.defined is None else take(self.defined, index)
        return Sized(take(self.data, index), [take(s, index) for s in self.sizes], defined)

    def group(self, index: Any, sizes: tuple[int, ...]) -> Array:
        """The elements of the programs of one group, (L, *sizes)."""
        data = take(self.data, index)
        return np.broadcast_to(
            data[(slice(None), *(slice(0, n) for n in sizes))],
            (len(data), *sizes),
        )


POISON = 0xFF
"""What bytes hold that nothing was written to: NaN in every float type and -1 in integers, so that a use shows."""


class Storage:
    """On-chip bytes: one row per program (or core). uint8 array (P, bytes). Nothing is defined in the beginning."""

    __slots__ = ("bytes", "name")

    def __init__(self, rows: int, nbytes: int, name: str):
        self.bytes = np.full((rows, nbytes), POISON, np.uint8)
        self.name = name


class MemRef:
    """A strided view. offset: an address (global) or a byte offset in each row (on chip); strides in bytes.

    rows: which rows of the storage belong to the programs that run (None: all, in order).
    """

    __slots__ = ("dtype", "memory", "offset", "rows", "sizes", "storage", "strides")

    def __init__(
        self,
        dtype: DType,
        offset: Any,
        sizes: Sequence[Size],
        strides: Sequence[Any],
        *,
        memory: GlobalMemory | None = None,
        storage: Storage | None = None,
        rows: Any = None,
    ):
        self.dtype = dtype
        self.offset = offset
        self.sizes = tuple(sizes)
        self.strides = tuple(strides)
        self.memory = memory
        self.storage = storage
        self.rows = rows

    def like(self, offset: Any, sizes: Sequence[Size], strides: Sequence[Any]) -> MemRef:
        """Another view of the same memory."""
        return MemRef(self.dtype, offset, sizes, strides, memory=self.memory, storage=self.storage, rows=self.rows)

    def take_programs(self, index: Any) -> MemRef:
        rows = self.rows
        if self.storage is not None and len(self.storage.bytes) > 1:
            rows = np.arange(len(self.storage.bytes))[index] if rows is None else rows[index]
        return MemRef(
            self.dtype,
            take(self.offset, index),
            [take(s, index) for s in self.sizes],
            [take(s, index) for s in self.strides],
            memory=self.memory,
            storage=self.storage,
            rows=rows,
        )

    @property
    def uniform(self) -> bool:
        return all(isinstance(s, int) for s in self.sizes)

    @property
    def _is_one_piece(self) -> bool:
        numbers = (*self.sizes, *self.strides, *(() if self.storage is None else (self.offset,)))
        return all(isinstance(n, int) for n in numbers)

    def _pieces(self, count: int) -> Iterator[tuple[Any, MemRef]]:
        """The view split into groups of programs with equal sizes and strides, and equal offsets on chip."""
        keys = (*self.sizes, *self.strides, *(() if self.storage is None else (self.offset,)))
        for index, row in groups(keys, count):
            rank = len(self.sizes)
            one = self if isinstance(index, slice) and index == slice(None) else self.take_programs(index)
            yield (
                index,
                MemRef(
                    self.dtype,
                    one.offset,
                    row[:rank],
                    row[rank : 2 * rank],
                    memory=self.memory,
                    storage=self.storage,
                    rows=one.rows,
                ),
            )

    def read(self, count: int, what: str) -> Array | Sized:
        """The elements in their storage dtype: an array or view (L, *sizes), or `Sized` where sizes differ."""
        if self._is_one_piece:
            return self._read(what)
        highest = [int(np.max(s)) for s in self.sizes]
        data = np.empty((count, *highest), self.dtype.storage)
        data[...] = np.asarray(poison(self.dtype)).astype(self.dtype.storage)
        for index, piece in self._pieces(count):
            if 0 in piece.sizes:
                continue
            cut = tuple(slice(0, int(n)) for n in piece.sizes)
            values = piece._read(what)
            if isinstance(index, slice):
                data[index][(slice(None), *cut)] = values
            else:
                data[(index, *cut)] = values
        return Sized(data, self.sizes)

    def writable(self, what: str) -> Array | None:
        """The elements (P, *sizes) of an on-chip view, to write into; None where they are not one NumPy view."""
        if self.storage is None or not self._is_one_piece:
            return None
        view, rows = self._on_chip([int(n) for n in self.sizes], what)
        return view if rows is None else None

    def write(self, value: Array | Sized, count: int, what: str) -> None:
        """Stores elements, given in the storage dtype."""
        for index, piece in self._pieces(count):
            sizes = tuple(int(n) for n in piece.sizes)
            if 0 in sizes:
                continue
            part = value.group(index, sizes) if isinstance(value, Sized) else take(value, index)
            piece._write(part, what)

    def _read(self, what: str) -> Array:
        sizes = [int(n) for n in self.sizes]
        if 0 in sizes:
            return np.empty((1, *sizes), self.dtype.storage)
        if self.memory is not None:
            window = Window(self._pointer(), [0] * len(sizes), sizes, self.dtype.itemsize)
            read = read_window(self.memory, window, self.dtype, what, carried=False)
            return np.broadcast_to(read, (len(read), *sizes))
        view, rows = self._on_chip(sizes, what)
        return view if rows is None else view[rows]

    def _write(self, value: Array, what: str) -> None:
        sizes = [int(n) for n in self.sizes]
        if self.memory is not None:
            window = Window(self._pointer(), [0] * len(sizes), sizes, self.dtype.itemsize)
            low, high = window.reach()
            segment = self.memory.segment(low, high, what, write=True)
            write_window(self.memory, segment, window, value, self.dtype)
            return
        view, rows = self._on_chip(sizes, what)
        if rows is None:
            view[...] = value if len(view) > 1 or len(value) == 1 else value[-1:]
        else:
            view[rows] = value

    def _pointer(self) -> Affine:
        return Affine(self.offset, tuple(int(s) for s in self.strides), tuple(int(n) for n in self.sizes), PTR)

    def _on_chip(self, sizes: list[int], what: str) -> tuple[Array, Array | None]:
        storage = self.storage
        assert storage is not None
        offset = plain(self.offset)
        if not isinstance(offset, int):
            raise RunError(
                f"{what} uses an on-chip buffer at an offset that differs between cores",
                rule="on-chip offsets are the same for all programs that run together",
            )
        reach = offset + sum(int(s) * (n - 1) for s, n in zip(self.strides, sizes, strict=True)) + self.dtype.itemsize
        if offset < 0 or reach > storage.bytes.shape[1]:
            raise RunError(
                f"{what} is out of bounds: it touches bytes {offset} to {reach} of '{storage.name}'",
                rule=f"'{storage.name}' has {storage.bytes.shape[1]} bytes",
            )
        base, rows = storage.bytes, self.rows
        if rows is not None and len(rows) and bool((rows[1:] - rows[:-1] == 1).all()):
            base, rows = base[rows[0] : rows[-1] + 1], None
        view = np.ndarray(
            (len(base), *sizes), self.dtype.storage, base, offset, (base.strides[0], *(int(s) for s in self.strides))
        )
        return view, rows


def row_major(sizes: Sequence[Size], itemsize: int) -> list[Any]:
    """The strides, in bytes, of a contiguous buffer."""
    strides: list[Any] = []
    step: Any = itemsize
    for n in reversed(sizes):
        strides.append(step)
        step = step * n
    return strides[::-1]


def defined_of(value: Any) -> Array | None:
    """Which elements of a tensor are defined: a bool array, or None for all."""
    if isinstance(value, Partial):
        return value.defined_array()
    return value.defined if isinstance(value, Sized) else None
