"""Accesses of threads to global memory: words of 1 to 16 bytes at addresses, element types aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.access import by_segment, dtype_in, lanes_of, undefined
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.dtypes import INDEX, Array, DType
from minilinalg.interp.engine import Chunk
from minilinalg.interp.stored import as_stored
from minilinalg.interp.values import Affine, Mask, Partial, least, most, spread, written_out

Shape = tuple[int, ...]


def from_words(words: Array, dtype: DType, shape: Shape, stored: bool) -> Array:
    """Words (P, T, A) as elements (P, *shape): in their carrier, or as memory holds them."""
    found = np.ascontiguousarray(words).view(dtype.storage).reshape(len(words), *shape)
    return found if stored else dtype_in(found, dtype)


def as_words(value: Any, dtype: DType, shape: Shape, places: Shape, word: np.dtype[Any]) -> Array:
    """Elements (L, *shape), in any form, as words (L, *places)."""
    stored = np.ascontiguousarray(as_stored(value, dtype, shape))
    return stored.view(word).reshape(len(stored), *places)


def active_lanes(mask: Any, what: str) -> Array | None:
    """Where a mask in any form holds, bool (L, T, A) with extents of 1 where it does not change; None: everywhere.

    Raises RunError when that is undefined.
    """
    if mask is None:
        return None
    if type(mask) is Partial:
        if not bool(mask.defined_array().all()):
            raise undefined(what, "uses as a mask")
        mask = mask.data
    lanes = mask.array() if type(mask) is Mask else np.asarray(written_out(mask), np.bool_)
    return None if lanes.all() else lanes


def words_at(
    c: Chunk, pointer: Any, lanes: Array | None, size: int, shape: Shape, what: str, *, write: bool
) -> Iterator[tuple[Array, Array, Array | None]]:
    """The words of `size` bytes at the addresses (L, *shape) where `lanes` hold, argument by argument.

    Gives (the words of the argument, word numbers (L, *shape), where these count or None for everywhere). Raises
    RunError for an address that is undefined, out of bounds or no multiple of `size`.
    """
    if lanes is None and type(pointer) is Affine:
        found = _evenly(c, pointer, size, what, write)
        if found is not None:
            yield *found, None
            return
    addresses, lanes = lanes_of(pointer, lanes, shape, what)
    for segment, here in by_segment(c.memory, addresses, lanes, size, what, write):
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
        yield c.memory.typed(segment, WORDS[size]), offsets >> (size.bit_length() - 1), here


def _evenly(c: Chunk, pointer: Affine, size: int, what: str, write: bool) -> tuple[Array, Array] | None:
    """The words of one argument, and word numbers, when all blocks access one pattern from somewhere on; else None."""
    if not all(isinstance(t, int) or len(t) == 1 for t in pointer.terms):
        return None
    pattern = spread(Affine(0, pointer.terms, pointer.shape, INDEX), pointer.shape)
    low, high = least(pointer.offset) + int(pattern.min()), most(pointer.offset) + int(pattern.max())
    try:
        segment = c.memory.segment(low, high + size, what, write=write)
    except RunError:
        # More than one argument, or out of bounds.
        return None
    offset = np.asarray(pointer.offset - segment.address, np.int64)
    if (pattern & (size - 1)).any() or (offset & (size - 1)).any():
        return None
    shift = size.bit_length() - 1
    return c.memory.typed(segment, WORDS[size]), (offset >> shift).reshape(-1, 1, 1) + (pattern >> shift)


def read_words(c: Chunk, pointer: Any, mask: Any, size: int, shape: Shape, what: str) -> Array:
    """The words at the addresses, (L, *shape); zeros where the mask is false."""
    lanes = active_lanes(mask, what)
    found: Array | None = None
    for words, at, here in words_at(c, pointer, lanes, size, shape, what, write=False):
        read = words.take(at)
        if here is not None:
            read[~here] = 0
        if found is None:
            found = read
        else:
            found[here] = read[here]
    return np.zeros((1, *shape), WORDS[size]) if found is None else found


def write_words(c: Chunk, pointer: Any, words: Array, mask: Any, shape: Shape, what: str) -> None:
    """Writes words (L, *shape) to the addresses where the mask is true."""
    lanes = active_lanes(mask, what)
    size = words.itemsize
    for flat, at, here in words_at(c, pointer, lanes, size, shape, what, write=True):
        c.memory.changes += 1
        full = np.broadcast_shapes(at.shape, words.shape)
        at, values = np.broadcast_to(at, full), np.broadcast_to(words, full)
        if here is None:
            flat[at] = values
        else:
            here = np.broadcast_to(here, full)
            flat[at[here]] = values[here]
