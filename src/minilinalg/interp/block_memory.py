"""Shared memory of the blocks of a chunk, a row of bytes each, and the words of it that threads access.

An access of 1 to 16 bytes is one word of that size. Which words the threads of a block access is mostly the same in
all blocks, and often the same as the last time: `Places` of such accesses are worked out once and kept (`PlacesOf`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.access import undefined
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array
from minilinalg.interp.values import Affine, Partial, spread, written_out

SHARED = "shared"
"""The memory space in the arenas of a chunk."""
WORDS: dict[int, np.dtype[Any]] = {
    1: np.dtype(np.uint8),
    2: np.dtype(np.uint16),
    4: np.dtype(np.uint32),
    8: np.dtype(np.uint64),
    16: np.dtype(np.complex128),
}
"""By the bytes of an access, a NumPy type of that size: its elements are only moved."""
KEPT = 64
"""How many sets of places an operation remembers."""

Change = Callable[[Array], Array]


class Places:
    """The words of `size` bytes that the threads of blocks access.

    index: word numbers, (L, threads, accesses of each). low, high: the bytes that they lie between. fault: an error
    that stands for the first access out of bounds or alignment, unless it is masked off. is_range: whether they are all
    words between low and high, in some order.
    """

    __slots__ = ("_order", "_parts", "fault", "full", "high", "index", "is_range", "low", "size")

    def __init__(self, index: Array, size: int, low: int, high: int, fault: Fault | None):
        self.index = index
        self.size = size
        self.low, self.high = low, high
        self.fault = fault
        self.is_range = False
        self.full: Array | None = None
        """The word numbers in the memories of all blocks of a chunk, one behind the other: (blocks, words)."""
        self._parts: dict[bytes, tuple[Places, Array]] = {}
        self._order: Array | bool | None = False

    @property
    def order(self) -> Array | None:
        """Which access is to each word between low and high, (words,), when one is to each; None when that is not so,
        or blocks access different ones."""
        if isinstance(self._order, bool):
            self._order = None
            first, count = self.low // self.size, (self.high - self.low) // self.size
            if len(self.index) == 1 and self.index.size == count and self.fault is None:
                found = np.full(count, -1)
                found[self.index.reshape(-1) - first] = np.arange(count)
                self._order = found if (found >= 0).all() else None
        return self._order

    def among(self, words: int, rows: Array) -> Array:
        """Word numbers when the blocks at `rows` have so many words each, one block behind the other: (P, T, A)."""
        return self.index + (rows * words).reshape(-1, 1, 1)

    def part(self, mask: Array) -> tuple[Places, Array] | None:
        """The places where a mask is true, (L, 1, n), and which accesses of a thread block's these are; None when
        either differs between blocks."""
        if len(self.index) > 1 or len(mask) > 1:
            return None
        mask = np.broadcast_to(mask, self.index.shape)
        key = mask.tobytes()
        found = self._parts.get(key)
        if found is None:
            if len(self._parts) >= KEPT:
                self._parts.clear()
            chosen = np.flatnonzero(mask)
            index = self.index.reshape(1, 1, -1)[:, :, chosen]
            found = self._parts[key] = Places(index, self.size, self.low, self.high, None), chosen
        return found


class Fault:
    """What is wrong with addresses: out of bounds, or no multiple of the size of an access."""

    def __init__(self, addresses: Array, wrong: Array, size: int, reach: int, nbytes: int, threads: Array | None):
        self.addresses, self.wrong = addresses, wrong
        self.size, self.reach, self.nbytes, self.threads = size, reach, nbytes, threads

    def error(self, c: Chunk, what: str, mask: Array | None) -> RunError | None:
        """The error for the first access that `mask` lets through; None when it stops them all."""
        wrong = self.wrong if mask is None else self.wrong & mask
        if not wrong.any():
            return None
        block, thread, at = np.unravel_index(int(wrong.argmax()), wrong.shape)
        address = int(np.broadcast_to(self.addresses, wrong.shape)[block, thread, at])
        if self.threads is not None:
            thread = self.threads[thread]
        ids = tuple(p if isinstance(p, int) else int(p[block]) for p in c.pids)
        who = f"thread {thread} of block {ids}" if len(self.wrong) > 1 or c.size == 1 else f"thread {thread}"
        if address < 0 or address + self.reach > self.nbytes:
            return RunError(
                f"{what} is out of bounds: {who} touches bytes {address} to {address + self.reach} of shared memory",
                rule=f"a block of this function has {self.nbytes} bytes of shared memory (simt.shared)",
            )
        return RunError(
            f"{what} is misaligned: {who} touches {self.size} bytes from byte {address} of shared memory on",
            rule=f"the address of an access of {self.size} bytes is a multiple of {self.size}",
        )


class PlacesOf:
    """From addresses to places, for one operation.

    shape: (threads, addresses of each), (1, 1) for one address of a block. size: the bytes of what each address names,
    and is a multiple of; reach: how many are accessed from there on (None: so many).
    change: from the addresses (L, T, A) that threads give to those of the words, of `word` bytes, that they access;
    threads: the numbers of the threads whose addresses count (None: all).
    """

    def __init__(
        self,
        what: str,
        shape: tuple[int, ...],
        size: int,
        *,
        word: int | None = None,
        reach: int | None = None,
        change: Change | None = None,
        threads: Any = None,
    ):
        self.what = what
        self.shape = shape
        self.size = size
        self.word, self.reach = word or size, reach or size
        self.change = change
        self.threads = threads
        self._kept: dict[Any, Places] = {}

    def __call__(self, address: Any, nbytes: int, lanes: Array | None = None) -> Places:
        """The places of a value in any form. Raises RunError for an address that is undefined where `lanes` are on."""
        if type(address) is Partial:
            bad = ~address.defined_array()
            if bool((bad if lanes is None else bad & lanes).any()):
                raise undefined(self.what, "uses as an address")
            address = address.data
        key: Any = None
        if type(address) is Affine:
            if isinstance(address.offset, int) and all(isinstance(t, int) or len(t) == 1 for t in address.terms):
                key = nbytes, address.offset, tuple(t if isinstance(t, int) else t.tobytes() for t in address.terms)
        elif type(address) is np.ndarray and len(address) == 1:
            key = nbytes, address.shape, address.tobytes()
        found = None if key is None else self._kept.get(key)
        if found is not None:
            return found
        places = self._made(address, nbytes)
        if key is not None:
            places.is_range = np.unique(places.index).size * places.size == places.high - places.low
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = places
        return places

    def _made(self, address: Any, nbytes: int) -> Places:
        given = np.asarray(written_out(address), np.int64)
        if given.ndim < 3:
            given = given.reshape(-1, 1, 1)
        addresses = spread(given, self.shape)
        if self.threads is not None:
            addresses = addresses[:, self.threads]
        wrong = (addresses < 0) | (addresses > nbytes - self.reach) | ((addresses & (self.size - 1)) != 0)
        fault = Fault(addresses, wrong, self.size, self.reach, nbytes, self.threads) if wrong.any() else None
        words = addresses if self.change is None else self.change(addresses)
        low, high = int(words.min()), int(words.max()) + self.word
        index = words >> (self.word.bit_length() - 1)
        return Places(index, self.word, low, high, fault)


class BlockMemory:
    """Shared memory of all blocks of a chunk. Where a run keeps an eye on it, which bytes are defined."""

    __slots__ = ("_all", "_known", "_made", "_sure", "_tables", "blocks", "data", "nbytes")

    def __init__(self, blocks: int, nbytes: int, *, tracks: bool):
        padded = -(-nbytes // 16) * 16
        self.blocks, self.nbytes = blocks, nbytes
        self.data = np.full((blocks, padded), 0xFF, np.uint8)
        self._known = np.zeros((blocks, padded), np.uint8) if tracks else None
        # Places of which every byte is defined in all blocks.
        self._sure: set[Places] = set()
        self._tables: dict[tuple[int, bool], Array] = {}
        self._all = np.arange(blocks)
        # What operations made of words that are as they were; None when they may want it again.
        self._made: dict[Places, Any] = {}

    @staticmethod
    def of(c: Chunk) -> BlockMemory:
        """The shared memory of the whole chunk."""
        arenas = c.arenas
        assert arenas is not None
        if arenas.block is None:
            arenas.block = BlockMemory(arenas.rows, arenas.capacity(SHARED), tracks=arenas.tracks)
        return arenas.block

    @property
    def tracks(self) -> bool:
        return self._known is not None

    def _table(self, size: int, *, known: bool = False) -> Array:
        found = self._tables.get((size, known))
        if found is None:
            whole = self._known if known else self.data
            assert whole is not None
            found = self._tables[size, known] = whole.view(WORDS[size])
        return found

    def read(self, places: Places, rows: Any) -> tuple[Array, Array | None]:
        """The words (P, T, A), and which of their bytes are defined (uint8, 0 or 255, (P, T, A * size)); None: all."""
        return self._taken(self._table(places.size), places, rows), self.known(places, rows)

    def known(self, places: Places, rows: Any) -> Array | None:
        """Which bytes of the words are defined, as in `read`."""
        if self._known is None or places in self._sure:
            return None
        if rows is None and places.is_range and self._known[:, places.low : places.high].all():
            self._sure.add(places)
            return None
        known = self._taken(self._table(places.size, known=True), places, rows).view(np.uint8)
        if known.all():
            if rows is None:
                self._sure.add(places)
            return None
        return known

    def words(self, size: int, index: Array, rows: Any) -> Array:
        """Words of `size` bytes by their numbers (n,), the same in all blocks: (P, n)."""
        table = self._table(size)
        if rows is None or isinstance(rows, slice):
            return (table if rows is None else table[rows]).take(index, axis=1)
        return table.reshape(-1).take(index + (self.rows(rows) * table.shape[1])[:, None])

    def made_of(self, places: Places, rows: Any) -> Any:
        """What was made of the words at `places`, as long as they are what they were; else None."""
        return self._made.get(places) if rows is None else None

    def keep(self, places: Places, rows: Any, thing: Any) -> None:
        """`thing`, which nobody writes to, was made of the words at `places`, all of them defined. It is kept when that
        is so for the second time."""
        if rows is None:
            if len(self._made) >= KEPT:
                self._made.clear()
            self._made[places] = thing if places in self._made else None

    def _changed(self, places: Places) -> None:
        if self._made:
            self._made = {p: v for p, v in self._made.items() if p.high <= places.low or places.high <= p.low}

    def _taken(self, table: Array, places: Places, rows: Any) -> Array:
        index = places.index
        if len(index) == 1 and (rows is None or isinstance(rows, slice)):
            here = table if rows is None else table[rows]
            return here.take(index.reshape(-1), axis=1).reshape(-1, *index.shape[1:])
        return table.reshape(-1).take(places.among(table.shape[1], self.rows(rows)))

    def rows(self, rows: Any) -> Array:
        """The numbers of the blocks that `rows` stands for, as in `Chunk`."""
        return self._all if rows is None else self._all[rows]

    def write(self, places: Places, words: Array, mask: Array | None, rows: Any) -> None:
        """Writes words (P or 1, T, A) where `mask` is true; of one word that several threads write, the last stays.

        Without a mask they may be in the order of memory, as `places.order` has it: (P or 1, words).
        """
        self._changed(places)
        self._put(self._table(places.size), places, words, mask, rows)

    def _put(self, table: Array, places: Places, words: Any, mask: Array | None, rows: Any) -> None:
        flat = table.reshape(-1)
        if mask is not None and (part := places.part(mask)) is not None:
            places, chosen = part
            mask = None
            if np.ndim(words) == 3:
                words = words.reshape(len(words), 1, -1).take(chosen, axis=2)
        in_order = np.ndim(words) == 2
        if (
            mask is None
            and (rows is None or isinstance(rows, slice))
            and (in_order or np.shape(words)[1:] == places.index.shape[1:])
            and places.order is not None
        ):
            here = table if rows is None else table[rows]
            given = words if in_order else words.reshape(len(words), -1).take(places.order, axis=1)
            here[:, places.low // places.size : places.high // places.size] = given
            return
        if in_order:
            # The accesses are to each word of a range, so each has one place in memory's order.
            words = words[:, places.index - places.low // places.size][:, 0]
        if mask is None and rows is None and len(places.index) == 1:
            if places.full is None or len(places.full) != self.blocks:
                places.full = places.among(table.shape[1], self._all)
            flat[places.full] = words
            return
        at = places.among(table.shape[1], self.rows(rows))
        if mask is None:
            flat[at] = words
        else:
            mask = np.broadcast_to(mask, at.shape)
            flat[at[mask]] = np.broadcast_to(words, at.shape)[mask]

    def update(
        self, places: Places, step: Callable[..., Array | None], values: Array, mask: Array | None, rows: Any
    ) -> Array | None:
        """Does an atomic `step` of (cells, index, values) to elements, (P or 1, T, A), where `mask` is true.

        Returns what each found, anything elsewhere; None when the step gives nothing.
        """
        self._changed(places)
        cells = self.data.view(values.dtype)
        at = places.among(cells.shape[1], self.rows(rows))
        lanes = np.ones(at.shape, np.bool_) if mask is None else np.broadcast_to(mask, at.shape)
        found = step(cells.reshape(-1), at[lanes], np.broadcast_to(values, at.shape)[lanes])
        if found is None:
            return None
        out = np.zeros(at.shape, values.dtype)
        out[lanes] = found.view(values.dtype)
        return out

    def define(self, places: Places, mask: Array | None, rows: Any, known: Array | None = None) -> None:
        """What was written is defined now; where `known`, as `read` gives it, says so."""
        if self._known is None or (known is None and places in self._sure):
            return
        if known is None and mask is None and rows is None and places.is_range:
            self._known[:, places.low : places.high] = 0xFF
            self._sure.add(places)
            return
        marks = np.full(places.size, 0xFF, np.uint8) if known is None else np.ascontiguousarray(known)
        self._put(self._table(places.size, known=True), places, marks.view(WORDS[places.size]), mask, rows)
        if known is not None:
            self._doubt(places)
        elif mask is None and rows is None:
            self._sure.add(places)

    def forget(self, places: Places, mask: Array | None, rows: Any) -> None:
        """What is there is undefined now: it is about to be written, at some time."""
        if self._known is not None:
            self._changed(places)
            self._doubt(places)
            if mask is None and rows is None and places.is_range:
                self._known[:, places.low : places.high] = 0
                return
            self._put(self._table(places.size, known=True), places, WORDS[places.size].type(0), mask, rows)

    def _doubt(self, places: Places) -> None:
        self._sure = {p for p in self._sure if p.high <= places.low or places.high <= p.low}
