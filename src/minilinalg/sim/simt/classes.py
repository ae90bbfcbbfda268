"""Counting by class: accesses whose addresses follow one pattern are counted once for each place that it starts at.

What a pattern costs depends on where it starts only modulo a period: 32 bytes for sectors, 128 for banks. Most blocks
follow one pattern, symbolic as often as not (`Affine`), and few of its starts differ modulo the period.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import INDEX, Array
from minilinalg.interp.values import Affine, Mask, Partial, least, most, spread, written_out

Count = Callable[[Array, Array | None], Array]
"""From addresses (L, T, A) and which are active (None: all) to numbers (L, k)."""
KEPT = 4096
"""How many classes an operation remembers."""


class Classes:
    """Counts of the accesses of one operation.

    shape: (threads, accesses of each). k: how many numbers `count` gives. period: by how many bytes addresses may move
    and cost the same.
    """

    def __init__(self, count: Count, k: int, period: int, shape: tuple[int, int]):
        self.count, self.k, self.period, self.shape = count, k, period, shape
        self._known: dict[Any, Array] = {}
        self._reach: dict[Any, tuple[int, int]] = {}

    def reach(self, address: Any) -> tuple[int, int]:
        """The least and the greatest address, of accesses that are not made too."""
        if type(address) is Partial:
            address = address.data
        if type(address) is Affine:
            low, high = address.bounds()
            return least(low), most(high)
        starts, key, pattern = self._pattern(address)
        if pattern is None:
            array = written_out(address)
            return int(array.min()), int(array.max())
        if key not in self._reach:
            if len(self._reach) >= KEPT:
                self._reach.clear()
            found = pattern()
            self._reach[key] = int(found.min()), int(found.max())
        low, high = self._reach[key]
        return least(starts) + low, most(starts) + high

    def __call__(self, address: Any, active: Array | None, blocks: int) -> Array:
        """The numbers (k,), summed over `blocks` blocks. active: as `active_of` gives it."""
        if type(address) is Partial:
            address = address.data
        starts, key, pattern = self._pattern(address)
        if pattern is None:
            full = spread(address, self.shape)
            return self._one_by_one(full, active, np.arange(blocks))
        if active is None or len(active) == 1:
            return self._by_class(starts, key, pattern, active, blocks)
        whole = active.reshape(len(active), -1).all(axis=1)
        rest = np.flatnonzero(~whole)
        each = np.broadcast_to(np.asarray(starts), (blocks,))
        full = each[rest, None, None] + pattern()
        found = self._one_by_one(full, active[rest], np.arange(len(rest)))
        if len(rest) < blocks:
            found = found + self._by_class(each[whole], key, pattern, None, blocks - len(rest))
        return found

    def _pattern(self, address: Any) -> tuple[Any, Any, Callable[[], Array] | None]:
        """Where the pattern starts in each block (a number: in all), what tells it from others, and it, (1, T, A);
        None for the pattern when blocks have none in common."""
        if type(address) is Affine and all(isinstance(t, int) or len(t) == 1 for t in address.terms):
            terms, shape = address.terms, address.shape
            key = tuple(t if isinstance(t, int) else t.tobytes() for t in terms)
            return address.offset, key, lambda: spread(Affine(0, terms, shape, INDEX), self.shape)
        array = np.asarray(written_out(address))
        if array.ndim < 3:
            # The same in all threads.
            starts = int(array.reshape(-1)[0]) if array.size == 1 else array.reshape(-1)
            return starts, (), lambda: np.zeros((1, *self.shape), np.int64)
        if len(array) == 1:
            start = int(array.flat[0])
            pattern = array - start
            return start, (pattern.shape, pattern.tobytes()), lambda: spread(pattern, self.shape)
        starts = array[:, 0, 0]
        patterns = array - starts[:, None, None]
        if not (patterns[1:] == patterns[:1]).all():
            return None, None, None
        pattern = patterns[:1]
        return starts, (pattern.shape, pattern.tobytes()), lambda: spread(pattern, self.shape)

    def _by_class(
        self, starts: Any, key: Any, pattern: Callable[[], Array], active: Array | None, blocks: int
    ) -> Array:
        key = key, None if active is None else (active.shape, active.tobytes())
        if isinstance(starts, int):
            return self._of_class(key, starts % self.period, pattern, active) * blocks
        places = starts % self.period
        if (places == places[0]).all():
            return self._of_class(key, int(places[0]), pattern, active) * blocks
        found = np.zeros(self.k, np.int64)
        for place, times in zip(*np.unique(places, return_counts=True), strict=True):
            found = found + self._of_class(key, int(place), pattern, active) * int(times)
        return found

    def _of_class(self, key: Any, place: int, pattern: Callable[[], Array], active: Array | None) -> Array:
        found = self._known.get((key, place))
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            lanes = None if active is None else np.broadcast_to(active, (1, *self.shape))
            found = self._known[key, place] = self.count(pattern() + place, lanes)[0]
        return found

    def _one_by_one(self, addresses: Array, active: Array | None, rows: Array) -> Array:
        addresses = np.broadcast_to(addresses, (len(rows), *self.shape))
        lanes = None if active is None else np.broadcast_to(active, (len(rows), *self.shape))
        return self.count(addresses, lanes).sum(axis=0)


def active_of(mask: Any) -> Array | None:
    """Where a mask in any form holds, bool (L, T, A) with extents of 1 where it does not change; None: everywhere."""
    if mask is None:
        return None
    if type(mask) is Partial:
        mask = mask.data
    active = mask.array() if type(mask) is Mask else np.asarray(written_out(mask), np.bool_)
    if active.all():
        return None
    return active if active.ndim == 3 else active.reshape(-1, 1, 1)
