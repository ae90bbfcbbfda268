"""memrefs and tensors of dynamic size, for all programs of a chunk at once.

A `MemRef` is a strided view of global memory (an address per program) or of on-chip bytes (a row per program). Its
sizes may differ between programs: every access then goes group by group of programs with equal sizes, which are few
(whole tiles and the tail), and each group is one strided NumPy view.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, cast

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.access import Window, poison, read_window, undefined, write_window
from minilinalg.interp.dtypes import PTR, Array, DType
from minilinalg.interp.loans import Loan
from minilinalg.interp.memory import GlobalMemory, Segment
from minilinalg.interp.storage import Mirror, Storage
from minilinalg.interp.values import Affine, Partial, take

Size = int | Array
ONLY_INTS = frozenset((int,))


def plain(number: Any) -> Any:
    """A per-program number as a Python int when all programs agree."""
    if type(number) is int:
        return number
    if type(number) is np.ndarray and number.ndim:
        # A list of so few numbers is compared faster than an array.
        numbers = number.tolist()
        return numbers[0] if numbers.count(numbers[0]) == len(numbers) else number
    if isinstance(number, Partial):
        if not number.defined_array().all():
            raise undefined("an address or a size", "is computed from")
        return plain(number.data)
    return int(number)


def one_each(number: Any, count: int) -> list[Any]:
    """A number, or one a program, as a list of one a program."""
    if isinstance(number, int):
        return [number] * count
    return np.broadcast_to(number, (count,)).tolist() if len(number) != count else number.tolist()


def groups(sizes: Sequence[Size], count: int) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The programs by equal sizes: (index, sizes). The index is a slice where the programs step evenly."""
    varying = [d for d, s in enumerate(sizes) if not isinstance(s, int)]
    if not varying:
        yield slice(None), tuple(sizes)  # pyright: ignore
        return
    found: dict[tuple[int, ...], list[int]] = {}
    for p, row in enumerate(zip(*(one_each(sizes[d], count) for d in varying), strict=True)):
        found.setdefault(row, []).append(p)
    whole: list[Any] = list(sizes)
    for row, programs in found.items():
        for d, n in zip(varying, row, strict=True):
            whole[d] = n
        yield as_slice(programs), tuple(whole)


def as_slice(programs: Sequence[int]) -> Any:
    """Numbers of programs as an index: a slice where they step evenly upwards, for what is indexed is then a view."""
    first, count = programs[0], len(programs)
    if count == 1:
        return slice(first, first + 1)
    step = programs[1] - first
    if step > 0 and programs[-1] - first == step * (count - 1):
        whole = range(first, programs[-1] + 1, step)
        if list(programs) == list(whole):
            return slice(first, programs[-1] + 1, step)
    return np.array(programs)


def programs_at(index: Any, count: int) -> int:
    """How many of `count` programs are at an index (a slice or an array)."""
    return len(range(*index.indices(count))) if isinstance(index, slice) else len(index)


def rows_of(rows: Any, count: int, index: Any) -> Any:
    """Of the `rows` that programs have (None: all `count`, a slice or an array), those of the programs at `index`."""
    if rows is None and isinstance(index, slice):
        whole: Any = slice(None)
        return None if index == whole else cast(Any, index)
    numbers = np.arange(count) if rows is None else np.arange(count)[rows] if isinstance(rows, slice) else rows
    chosen = numbers[index].tolist()
    return as_slice(chosen) if chosen else np.array(chosen, np.int64)


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


class MemRef:
    """A strided view. offset: an address (global) or a byte offset in each row (on chip); strides in bytes.

    rows: which rows of the storage belong to the programs that run (None: all, in order).
    buffer: of an on-chip view, the first byte of its allocation and the one after the last.
    """

    __slots__ = (
        *("_carried", "_plain", "_stored", "_whole"),
        *("buffer", "dtype", "memory", "offset", "rows", "sizes", "storage", "strides", "views"),
    )

    def __init__(
        self,
        dtype: DType,
        offset: Any,
        sizes: Sequence[Size],
        strides: Sequence[Any],
        memory: GlobalMemory | None = None,
        storage: Storage | None = None,
        rows: Any = None,
        buffer: tuple[int, int] | None = None,
    ):
        self.dtype = dtype
        self.offset = offset
        self.sizes = tuple(sizes)
        self.strides = tuple(strides)
        self.memory = memory
        self.storage = storage
        self.rows = rows
        self.buffer = buffer
        self.views: dict[Any, MemRef] | None = None
        """The views of it that were asked for, by what makes them out."""
        self._plain: bool | None = None
        self._whole: bool | None = None
        self._stored: OnChip | None = None
        self._carried: tuple[Mirror, OnChip] | None = None

    def like(self, offset: Any, sizes: Sequence[Size], strides: Sequence[Any], rows: Any = None) -> MemRef:
        """Another view of the same memory."""
        rows = self.rows if rows is None else rows
        return MemRef(self.dtype, offset, sizes, strides, self.memory, self.storage, rows, self.buffer)

    def take_programs(self, index: Any) -> MemRef:
        rows = self.rows
        if self.storage is not None and len(self.storage.bytes) > 1:
            rows = rows_of(rows, len(self.storage.bytes), index)
        sizes, strides = [take(s, index) for s in self.sizes], [take(s, index) for s in self.strides]
        return self.like(take(self.offset, index), sizes, strides, rows)

    @property
    def rank(self) -> int:
        return len(self.sizes)

    @property
    def uniform(self) -> bool:
        return all(isinstance(s, int) for s in self.sizes)

    @property
    def is_one_piece(self) -> bool:
        """Whether sizes, strides and, on chip, the offset are the same for all programs."""
        if self._plain is None:
            self._plain = ONLY_INTS.issuperset(map(type, self.shape_key))
        return self._plain

    @property
    def shape_key(self) -> tuple[Any, ...]:
        """What must agree between programs for one NumPy view: sizes, strides, and on chip the offset."""
        return (*self.sizes, *self.strides, *(() if self.storage is None else (self.offset,)))

    @property
    def is_whole(self) -> bool:
        """Whether it is all of an on-chip buffer, row-major, in all programs."""
        if self._whole is None:
            self._whole = (
                self.buffer is not None
                and self.rows is None
                and self.is_one_piece
                and (self.offset, self.offset + prod(self.sizes) * self.dtype.itemsize) == self.buffer
                and list(self.strides) == row_major(self.sizes, self.dtype.itemsize)
            )
        return self._whole

    def piece(self, index: Any, key: tuple[int, ...]) -> MemRef:
        """The view of the programs at `index`, for whom `shape_key` is `key`."""
        rank, offset, rows = len(self.sizes), self.offset, None
        if not (isinstance(index, slice) and index == slice(None)):
            if self.storage is None:
                offset = take(offset, index)
            elif len(self.storage.bytes) > 1:
                rows = rows_of(self.rows, len(self.storage.bytes), index)
        if self.storage is not None:
            offset = key[2 * rank]
        return self.like(offset, key[:rank], key[rank : 2 * rank], rows)

    def _pieces(self, count: int) -> Iterator[tuple[Any, MemRef]]:
        """The view split into groups of programs with equal sizes and strides, and equal offsets on chip."""
        for index, key in groups(self.shape_key, count):
            yield index, self.piece(index, key)

    def read(self, count: int, what: str) -> Array | Sized:
        """The elements in their storage dtype: an array or view (L, *sizes), or `Sized` where sizes differ."""
        if self.is_one_piece:
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
        return self.stored(what).read()

    def _write(self, value: Array, what: str) -> None:
        sizes = [int(n) for n in self.sizes]
        if self.memory is not None:
            window = Window(self._pointer(), [0] * len(sizes), sizes, self.dtype.itemsize)
            low, high = window.reach()
            segment = self.memory.segment(low, high, what, write=True)
            write_window(self.memory, segment, window, value, self.dtype)
            return
        self.carried(what, write=True).write(value)

    # On-chip views of one piece

    @property
    def loan(self) -> Loan | None:
        """What the elements are that a whole buffer does not hold itself."""
        storage = self.storage
        if storage is None or not storage.loans or not self.is_whole:
            return None
        assert self.buffer is not None
        return storage.loans.of(self.buffer, self.dtype, self.sizes)

    def lend(self, values: Array, segment: Segment | None = None) -> bool:
        """Lets a whole buffer hold elements that are elsewhere, (L, *sizes) or (groups, programs of each, *sizes).

        They are in the carrier of its type, a view of the `segment` of memory if that is given; False: it cannot.
        """
        if not self.is_whole or self.storage is None:
            return False
        self.storage.lend(Loan(self, values, segment))
        return True

    def elements(self, what: str) -> Array:
        """(L, *sizes), to read, in the carrier of their type; a view where that is possible."""
        loan = self.loan
        return self.carried(what).read() if loan is None or loan.grouped else loan.values

    def lent(self, what: str) -> Array:
        """`elements`, or what is lent in groups as it is: (groups, programs of each, *sizes)."""
        loan = self.loan
        return self.carried(what).read() if loan is None else loan.values

    def stored(self, what: str, *, write: bool = False) -> OnChip:
        """The elements as the bytes hold them, to read or to write."""
        found, storage = self._stored, self.storage
        assert storage is not None
        if found is None:
            low, high = self._reach(what)
            found = self._stored = self._on_chip(storage.bytes, self.dtype.storage, 0, 1, low, high)
        storage.settle(found.low, found.high, write=write, covered=write and found.gapless)
        return found

    def carried(self, what: str, *, write: bool = False) -> OnChip:
        """The elements in the carrier of their type, to read or to write (what is written is rounded to the type)."""
        if not self.dtype.is_narrow or self.buffer is None:
            return self.stored(what, write=write)
        storage = self.storage
        assert storage is not None
        if self._carried is None:
            mirror = storage.mirror(*self.buffer, self.dtype)
            scale = self.dtype.carrier.itemsize // self.dtype.itemsize
            low, high = self._reach(what)
            self._carried = mirror, self._on_chip(mirror.array, self.dtype.carrier, mirror.low, scale, low, high)
        mirror, found = self._carried
        if write or mirror.told is not mirror.whole:
            covered = write and found.gapless and self.buffer == (found.low, found.high)
            storage.tell(mirror, write=write, covered=covered)
        return found

    def _reach(self, what: str) -> tuple[int, int]:
        """The first byte of the view and the one after the last, which must lie in its buffer."""
        storage, offset = self.storage, self.offset
        assert storage is not None
        if not isinstance(offset, int):
            offset = plain(offset)
        if not isinstance(offset, int):
            raise RunError(
                f"{what} uses an on-chip buffer at an offset that differs between cores",
                rule="on-chip offsets are the same for all programs that run together",
            )
        low = high = offset
        for stride, n in zip(self.strides, self.sizes, strict=True):
            if stride < 0:
                low += stride * (int(n) - 1)
            else:
                high += stride * (int(n) - 1)
        high += self.dtype.itemsize
        first, end = self.buffer or (0, storage.bytes.shape[1])
        if low < first or high > end:
            raise RunError(
                f"{what} is out of bounds: it touches bytes {low - first} to {high - first} of a buffer in "
                f"{storage.name}",
                rule=f"the buffer has {end - first} bytes",
            )
        return low, high

    def _on_chip(self, base: Array, dtype: np.dtype[Any], first: int, scale: int, low: int, high: int) -> OnChip:
        """The view of `base`, whose rows hold the bytes from `first` on, `scale` times as wide."""
        rows, count, step, start = self.rows, len(base), base.strides[0], (int(self.offset) - first) * scale
        if isinstance(rows, slice):
            chosen = range(count)[rows]
            rows, count, step, start = None, len(chosen), step * chosen.step, start + step * chosen.start
        view = np.ndarray((count, *self.sizes), dtype, base, start, (step, *(int(s) * scale for s in self.strides)))
        everyone = self.rows is None
        gapless = everyone and view.size // max(len(view), 1) * self.dtype.itemsize == high - low
        return OnChip(view, rows, low, high, gapless)

    def _pointer(self) -> Affine:
        return Affine(self.offset, tuple(int(s) for s in self.strides), tuple(int(n) for n in self.sizes), PTR)


class OnChip:
    """An on-chip view as one NumPy array, (P, *sizes), of all programs, or of those `rows` of it that run.

    low, high: the bytes that it touches in each row. gapless: it is every element of them, in every program.
    """

    __slots__ = ("gapless", "high", "low", "rows", "view")

    def __init__(self, view: Array, rows: Array | None, low: int, high: int, gapless: bool):
        self.view = view
        self.rows = rows
        self.low, self.high = low, high
        self.gapless = gapless

    def read(self) -> Array:
        """The elements (L, *sizes); a view where that is possible, not to be written to."""
        return self.view if self.rows is None else self.view[self.rows]

    def write(self, value: Array) -> None:
        """Stores elements that broadcast over (L, *sizes)."""
        view = self.view
        if self.rows is None:
            view[...] = value if len(view) > 1 or len(value) == 1 else value[-1:]
        else:
            view[self.rows] = value


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
