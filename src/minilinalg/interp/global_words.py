"""Accesses of threads to global memory: words of 1 to 16 bytes at addresses, element types aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minilinalg.errors import RunError
from minilinalg.interp.access import by_segment, dtype_in, lanes_of
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import INDEX, Array, DType
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.stored import as_stored
from minilinalg.interp.values import (
    Affine,
    Partial,
    by_pattern,
    has_one_pattern,
    least,
    most,
    spread,
    take,
    written_out,
)

Shape = tuple[int, ...]


def from_words(words: Array, dtype: DType, shape: Shape, stored: bool) -> Array:
    """Words (P, T, A) as elements (P, *shape): in their carrier, or as memory holds them."""
    found = np.ascontiguousarray(words).view(dtype.storage).reshape(len(words), *shape)
    return found if stored else dtype_in(found, dtype)


def as_words(value: Any, dtype: DType, shape: Shape, places: Shape, word: np.dtype[Any]) -> Array:
    """Elements (L, *shape), in any form, as words (L, *places)."""
    stored = np.ascontiguousarray(as_stored(value, dtype, shape))
    return stored.view(word).reshape(len(stored), *places)


class Pattern:
    """How the addresses of a program differ from where they start: offsets in bytes, (1, *shape).

    made: which accesses are made (None: all); others have the offset of one that is.
    """

    def __init__(self, offsets: Array, made: Array | None):
        self.offsets = offsets if made is None else np.where(made, offsets, offsets[made][0])
        self.low, self.high = int(self.offsets.min()), int(self.offsets.max())
        self.bits = int(np.bitwise_or.reduce(self.offsets, axis=None))
        """Those that any offset has."""
        self.made = None if made is None else np.flatnonzero(made)
        self._words: dict[int, Array] = {}
        self._inverse: dict[int, Array | None] = {}
        self._ordered: dict[int, InOrder] = {}

    def words(self, size: int) -> Array:
        """The offsets in words of `size` bytes."""
        found = self._words.get(size)
        if found is None:
            found = self._words[size] = self.offsets >> (size.bit_length() - 1)
        return found

    def inverse(self, size: int) -> Array | None:
        """Which access is to each word of `size` bytes between the least and the greatest, when one is to each."""
        if size not in self._inverse:
            words = (self.offsets.reshape(-1) - self.low) // size
            words = words if self.made is None else words[self.made]
            found = np.full((self.high - self.low) // size + 1, -1)
            found[words] = np.arange(len(words)) if self.made is None else self.made
            self._inverse[size] = found if len(found) == len(words) and (found >= 0).all() else None
        return self._inverse[size]

    def ordered(self, size: int, order: Array) -> InOrder:
        """The offsets in words of `size` bytes, in another order of accesses."""
        found = self._ordered.get(id(order))
        if found is None or found.order is not order:
            if len(self._ordered) >= ORDERS:
                self._ordered.clear()
            made = np.zeros(order.size, np.bool_) if self.made is not None else None
            if made is not None:
                made[self.made] = True
                made = made[order]
            found = self._ordered[id(order)] = InOrder(self.words(size).reshape(-1)[order], made, order)
        return found


ORDERS = 8
"""In how many orders a pattern is remembered."""


class InOrder:
    """Offsets in words in the order of accesses that is wanted, (n,), and which of these are made (None: all).

    run: from which to which access the words follow one another, when no other is made.
    """

    def __init__(self, offsets: Array, made: Array | None, order: Array):
        self.offsets, self.made, self.order = offsets, made, order
        first, last = (0, len(offsets)) if made is None else (int(made.argmax()), int(len(made) - made[::-1].argmax()))
        steps = np.diff(offsets[first:last])
        whole = made is None or bool(made[first:last].all())
        self.run = (first, last) if whole and bool((steps == 1).all()) else None


@lru_cache(maxsize=1024)
def _pattern(terms: tuple[int | bytes, ...], extents: Shape, shape: Shape, made: bytes | None) -> Pattern:
    """The pattern of an address with these terms, those that are vectors as their bytes."""
    vectors = tuple(t if isinstance(t, int) else np.frombuffer(t, np.int64)[None] for t in terms)
    offsets = spread(Affine(0, vectors, extents, INDEX), shape)
    return Pattern(offsets, None if made is None else np.frombuffer(made, np.bool_).reshape(offsets.shape))


class InOne(NamedTuple):
    """Accesses to one argument: its words, in which of them each program starts, (L, 1, 1), and where accesses go from
    there, (L, *shape). pattern: when that is the same in all programs."""

    words: Array
    start: Array
    offsets: Array
    pattern: Pattern | None

    @property
    def at(self) -> Array:
        """The word numbers, (L, *shape)."""
        return self.start + self.offsets

    def window(self) -> Array | None:
        """The words between the least and the greatest of each program, (P, n), when programs start evenly apart."""
        pattern, start, size = self.pattern, self.start.reshape(-1), self.words.itemsize
        if pattern is None or len(start) < 2:
            return None
        step, low, high = int(start[1] - start[0]), pattern.low // size, pattern.high // size
        if step <= 0 or bool((np.diff(start) != step).any()):
            return None
        first = self.words[int(start[0]) + low :]
        return as_strided(first, (len(start), high - low + 1), (step * size, size))


def _in_one(
    memory: GlobalMemory, pointer: Any, made: Array | None, size: int, shape: Shape, what: str, *, write: bool
) -> InOne | None:
    """The accesses, when all that are made go to one argument; else None.

    made: of which threads, the same in all programs, (1, *shape). What is not made has the number of one that is.
    """
    pattern = None
    if type(pointer) is Affine and has_one_pattern(pointer):
        terms = tuple(t if isinstance(t, int) else t.tobytes() for t in pointer.terms)
        pattern = _pattern(terms, pointer.shape, shape, None if made is None else made.tobytes())
        low, high = least(pointer.offset) + pattern.low, most(pointer.offset) + pattern.high
        start, bits = np.asarray(pointer.offset, np.int64).reshape(-1, 1, 1), pattern.bits
        offsets = pattern.offsets
    else:
        offsets, start = spread(np.asarray(written_out(pointer), np.int64), shape), np.zeros((1, 1, 1), np.int64)
        if made is not None:
            _, thread, access = np.unravel_index(int(made.argmax()), made.shape)
            offsets = np.where(made, offsets, offsets[:, thread, access, None, None])
        low, high, bits = int(offsets.min()), int(offsets.max()), int(np.bitwise_or.reduce(offsets, axis=None))
    try:
        segment = memory.segment(low, high + size, what, write=write)
    except RunError:
        # More than one argument, or out of bounds.
        return None
    start = start - segment.address
    if (bits | np.bitwise_or.reduce(start, axis=None)) & (size - 1):
        return None
    shift = size.bit_length() - 1
    words = pattern.words(size) if pattern is not None else offsets >> shift
    return InOne(memory.typed(segment, WORDS[size]), start >> shift, words, pattern)


def _read_once(found: InOne, read: Callable[[InOne], Array]) -> Array:
    """What `read` gives of accesses, where programs that start at one place are read once for all of them."""
    if found.pattern is None or len(found.start) < 2 or found.offsets.size < MANY or found.window() is not None:
        return read(found)
    starts = found.start.reshape(-1).tolist()
    numbers = {start: number for number, start in enumerate(dict.fromkeys(starts))}
    if 2 * len(numbers) > len(starts):
        return read(found)
    once = read(found._replace(start=np.array(list(numbers)).reshape(-1, 1, 1)))
    return once.take([numbers[start] for start in starts], axis=0)


MANY = 1024
"""Accesses of a program that are worth it to find those that others make as well."""


def _read_in_order(found: InOne, made: Array | None, order: Array) -> Array:
    """The words in another order of accesses, (L, n); zeros where no access is made."""
    size = found.words.itemsize
    if found.pattern is None:
        read = found.words.take(found.at.reshape(len(found.at), -1).take(order, axis=1))
        if made is not None:
            read[:, ~made.reshape(-1)[order]] = 0
        return read
    ordered = found.pattern.ordered(size, order)
    window = found.window()
    if window is not None and ordered.run is not None:
        first, last = ordered.run
        start = int(ordered.offsets[first]) - found.pattern.low // size
        read = window[:, start : start + last - first]
        if ordered.made is None:
            return read
        whole = np.zeros((len(read), len(order)), read.dtype)
        whole[:, first:last] = read
        return whole
    if window is not None and window.shape[1] <= 2 * len(order):
        read = window.take(ordered.offsets - found.pattern.low // size, axis=1)
    else:
        read = found.words.take(found.start[:, 0] + ordered.offsets)
    if ordered.made is not None:
        read[:, ~ordered.made] = 0
    return read


def _read_in_one(found: InOne) -> Array:
    """The words, (L, *shape), anything where no access is made."""
    pattern, size = found.pattern, found.words.itemsize
    if pattern is not None and (window := found.window()) is not None and window.shape[1] <= 2 * found.offsets.size:
        picked = window.take((found.offsets - pattern.low // size).reshape(-1), axis=1)
        return picked.reshape(-1, *found.offsets.shape[1:])
    return found.words.take(found.at)


def _write_in_one(found: InOne, values: Array, made: Array | None) -> None:
    """Writes words (L, *shape) where accesses are made."""
    pattern, size = found.pattern, found.words.itemsize
    if pattern is not None and (inverse := pattern.inverse(size)) is not None:
        window = found.window()
        if window is not None and window.strides[0] >= window.shape[1] * size:
            # Each word is written once.
            window[...] = values.reshape(len(values), -1).take(inverse, axis=1)
            return
    at = found.at
    full = np.broadcast_shapes(at.shape, values.shape)
    at, values = np.broadcast_to(at, full), np.broadcast_to(values, full)
    if made is not None:
        at, values = at[:, made[0]], values[:, made[0]]
    found.words[at] = values


def _one_by_one(
    memory: GlobalMemory, pointer: Any, made: Array | None, size: int, shape: Shape, what: str, *, write: bool
) -> Iterator[tuple[Array, Array, Array | None]]:
    """The words of `size` bytes at the addresses (L, *shape) where accesses are `made`, argument by argument.

    Gives (the words of the argument, word numbers (L, *shape), where these count or None for everywhere). Raises
    RunError for an address that is undefined, out of bounds or no multiple of `size`.
    """
    addresses, made = lanes_of(pointer, made, shape, what)
    for segment, here in by_segment(memory, addresses, made, size, what, write):
        offsets = addresses - segment.address
        odd = offsets & (size - 1)
        if here is not None:
            odd = odd[here]
            offsets = np.where(here, offsets, 0)
        if odd.any():
            raise RunError(
                f"{what} is misaligned: an address is no multiple of {size} bytes",
                rule=f"an access of {size} bytes is at a multiple of its size, counted from the start of its argument",
            )
        yield memory.typed(segment, WORDS[size]), offsets >> (size.bit_length() - 1), here


def _alike(lanes: Lanes | None, pointer: Any, shape: Shape) -> tuple[bool, Array | None]:
    """Whether all programs make the same accesses, some of them, of defined addresses; and which, (1, *shape)."""
    if type(pointer) is Partial:
        return False, None
    if lanes is None:
        return True, None
    made = np.broadcast_to(lanes.made[:1], (1, *shape))
    return lanes.programs is None and bool(made.any()), made


class Group(NamedTuple):
    """Programs that are read or written together: which (None: all), their addresses and lanes."""

    index: Any
    pointer: Any
    lanes: Lanes | None


def _groups(pointer: Any, lanes: Lanes | None, programs: int) -> Iterator[Group]:
    """Programs that make all accesses and those that make only some, and of each those whose addresses follow one
    pattern. Of programs that write to one place it is open which one comes last."""
    if lanes is None or lanes.programs is None or len(lanes.programs) == programs:
        yield from _by_pattern(Group(None, pointer, lanes), programs)
        return
    others = lanes.others(programs)
    count = programs - len(lanes.programs)
    yield from _by_pattern(Group(others, take(pointer, others), None), count)
    some = Lanes(np.arange(len(lanes.made)), lanes.made)
    yield from _by_pattern(Group(lanes.programs, take(pointer, lanes.programs), some), len(lanes.programs))


def _numbers(index: Any, programs: int) -> Array:
    """The programs, of so many in all, that a group is of."""
    if index is None:
        return np.arange(programs)
    return np.r_[index] if type(index) is slice else index


def _by_pattern(group: Group, programs: int) -> Iterator[Group]:
    pointer, lanes = group.pointer, group.lanes
    if type(pointer) is not Affine or has_one_pattern(pointer) or (lanes is not None and lanes.programs is not None):
        yield group
        return
    first, odd = by_pattern(pointer)
    if odd is None:
        yield group._replace(pointer=first)
        return
    if 2 * np.count_nonzero(odd) > programs:
        # As many patterns as programs, perhaps.
        yield group
        return
    numbers = _numbers(group.index, programs)
    same, rest = np.flatnonzero(~odd), np.flatnonzero(odd)
    yield Group(numbers[same], first.take(same), lanes)
    yield from _by_pattern(Group(numbers[rest], pointer.take(rest), lanes), len(rest))


def read_words(
    c: Chunk, pointer: Any, lanes: Lanes | None, size: int, shape: Shape, what: str, order: Array | None = None
) -> Array:
    """The words at the addresses, (L, *shape), or in another order of accesses, (L, n): not to be written to. Zeros
    where no access is made."""
    found: Array | None = None
    for index, at, here in _groups(pointer, lanes, c.size):
        read = _read(c.memory, at, here, size, shape, what, order)
        if index is None:
            return read
        if found is None:
            found = np.empty((c.size, *read.shape[1:]), WORDS[size])
        found[index] = read
    assert found is not None
    return found


def _read(
    memory: GlobalMemory,
    pointer: Any,
    lanes: Lanes | None,
    size: int,
    shape: Shape,
    what: str,
    order: Array | None,
) -> Array:
    alike, made = _alike(lanes, pointer, shape)
    if alike and (found := _in_one(memory, pointer, made, size, shape, what, write=False)) is not None:
        if order is not None:
            return _read_once(found, lambda one: _read_in_order(one, made, order))
        read = _read_once(found, _read_in_one)
        if made is not None:
            read[:, ~made[0]] = 0
        return read
    read = None
    made = None if lanes is None else lanes.made
    for words, at, here in _one_by_one(memory, pointer, made, size, shape, what, write=False):
        part = words.take(at)
        if here is not None:
            part[~here] = 0
        if read is None:
            read = part
        else:
            read[here] = part[here]
    if read is None:
        read = np.zeros((1, *shape), WORDS[size])
    return read if order is None else read.reshape(len(read), -1).take(order, axis=1)


def write_words(c: Chunk, pointer: Any, words: Array, lanes: Lanes | None, shape: Shape, what: str) -> None:
    """Writes words (L, *shape) to the addresses where accesses are made."""
    for index, at, here in _groups(pointer, lanes, c.size):
        _write(c.memory, at, words if index is None else take(words, index), here, shape, what)


def _write(memory: GlobalMemory, pointer: Any, words: Array, lanes: Lanes | None, shape: Shape, what: str) -> None:
    size = words.itemsize
    alike, made = _alike(lanes, pointer, shape)
    if alike and (found := _in_one(memory, pointer, made, size, shape, what, write=True)) is not None:
        memory.changes += 1
        _write_in_one(found, words, made)
        return
    made = None if lanes is None else lanes.made
    for flat, at, here in _one_by_one(memory, pointer, made, size, shape, what, write=True):
        memory.changes += 1
        full = np.broadcast_shapes(at.shape, words.shape)
        at, values = np.broadcast_to(at, full), np.broadcast_to(words, full)
        if here is None:
            flat[at] = values
        else:
            here = np.broadcast_to(here, full)
            flat[at[here]] = values[here]
