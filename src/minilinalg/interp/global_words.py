"""Accesses of threads to global memory: words of 1 to 16 bytes at addresses, element types aside."""

from __future__ import annotations

from collections.abc import Iterator
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
from minilinalg.interp.values import Affine, Partial, least, most, spread, take, written_out

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
        self.made = None if made is None else np.flatnonzero(made)
        self._inverse: dict[int, Array | None] = {}

    def inverse(self, size: int) -> Array | None:
        """Which access is to each word of `size` bytes between the least and the greatest, when one is to each."""
        if size not in self._inverse:
            words = (self.offsets.reshape(-1) - self.low) // size
            words = words if self.made is None else words[self.made]
            found = np.full((self.high - self.low) // size + 1, -1)
            found[words] = np.arange(len(words)) if self.made is None else self.made
            self._inverse[size] = found if len(found) == len(words) and (found >= 0).all() else None
        return self._inverse[size]


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
    if type(pointer) is Affine and all(isinstance(t, int) or len(t) == 1 for t in pointer.terms):
        terms = tuple(t if isinstance(t, int) else t.tobytes() for t in pointer.terms)
        pattern = _pattern(terms, pointer.shape, shape, None if made is None else made.tobytes())
        low, high = least(pointer.offset) + pattern.low, most(pointer.offset) + pattern.high
        start, offsets = np.asarray(pointer.offset, np.int64).reshape(-1, 1, 1), pattern.offsets
    else:
        offsets, start = spread(np.asarray(written_out(pointer), np.int64), shape), np.zeros((1, 1, 1), np.int64)
        if made is not None:
            _, thread, access = np.unravel_index(int(made.argmax()), made.shape)
            offsets = np.where(made, offsets, offsets[:, thread, access, None, None])
        low, high = int(offsets.min()), int(offsets.max())
    try:
        segment = memory.segment(low, high + size, what, write=write)
    except RunError:
        # More than one argument, or out of bounds.
        return None
    start = start - segment.address
    if (np.bitwise_or.reduce(offsets, axis=None) | np.bitwise_or.reduce(start, axis=None)) & (size - 1):
        return None
    shift = size.bit_length() - 1
    return InOne(memory.typed(segment, WORDS[size]), start >> shift, offsets >> shift, pattern)


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


def _apart(lanes: Lanes, programs: int) -> Iterator[tuple[Any, Lanes | None]]:
    """Programs that make all accesses, and then those that make only some, as an index, with their lanes."""
    yield lanes.others(programs), None
    yield lanes.programs, Lanes(np.arange(len(lanes.made)), lanes.made)


def read_words(c: Chunk, pointer: Any, lanes: Lanes | None, size: int, shape: Shape, what: str) -> Array:
    """The words at the addresses, (L, *shape); zeros where no access is made."""
    if lanes is not None and lanes.programs is not None and len(lanes.programs) < c.size:
        found = np.empty((c.size, *shape), WORDS[size])
        for index, here in _apart(lanes, c.size):
            part = take(pointer, index)
            found[index] = _read(c.memory, part, here, size, shape, what)
        return found
    return _read(c.memory, pointer, lanes, size, shape, what)


def _read(memory: GlobalMemory, pointer: Any, lanes: Lanes | None, size: int, shape: Shape, what: str) -> Array:
    alike, made = _alike(lanes, pointer, shape)
    if alike and (found := _in_one(memory, pointer, made, size, shape, what, write=False)) is not None:
        read = _read_in_one(found)
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
    return np.zeros((1, *shape), WORDS[size]) if read is None else read


def write_words(c: Chunk, pointer: Any, words: Array, lanes: Lanes | None, shape: Shape, what: str) -> None:
    """Writes words (L, *shape) to the addresses where accesses are made."""
    if lanes is not None and lanes.programs is not None and len(lanes.programs) < c.size:
        # Of programs that write to one place it is open which one comes last.
        for index, here in _apart(lanes, c.size):
            _write(c.memory, take(pointer, index), take(words, index), here, shape, what)
        return
    _write(c.memory, pointer, words, lanes, shape, what)


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
