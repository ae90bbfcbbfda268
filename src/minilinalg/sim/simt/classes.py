"""Counting by class: accesses whose addresses follow one pattern are counted once for each place that it starts at.

What a pattern costs depends on where it starts only modulo a period: 32 bytes for sectors, 128 for banks. Most blocks
follow one pattern, symbolic as often as not (`Affine`), and few of its starts differ modulo the period.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import INDEX, Array
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.values import Affine, Mask, Partial, by_pattern, least, most, spread, take, written_out

Count = Callable[[Array, Array | None], Array]
"""From addresses (L, T, A) and which are active (None: all) to numbers (L, k)."""
KEPT = 4096
"""How many classes an operation remembers."""
TOGETHER = 128
"""And of how many sets of blocks, of what class each is."""


class Classes:
    """Counts of the accesses of one operation.

    shape: (threads, accesses of each). k: how many numbers `count` gives. period: by how many bytes addresses may move
    and cost the same.
    """

    def __init__(self, count: Count, k: int, period: int, shape: tuple[int, int]):
        self.count, self.k, self.period, self.shape = count, k, period, shape
        self._known: dict[Any, Array] = {}
        self._of_blocks: dict[Any, Array] = {}
        self._reaches: dict[Any, tuple[int, int]] = {}

    def __call__(self, address: Any, active: Lanes | None, blocks: int) -> tuple[Array, int, int]:
        """The numbers of each of `blocks` blocks, (blocks, k), or once for all, (1, k), not to be written to; and the
        least and the greatest address, of accesses that are not made too. active: which are made; None: all."""
        if type(address) is Partial:
            address = address.data
        found = self._pattern(address)
        if found is None:
            full = np.broadcast_to(spread(address, self.shape), (blocks, *self.shape))
            made = None if active is None else active.array(blocks)
            return self._one_by_one(full, made), int(full.min()), int(full.max())
        starts, key, pattern, odd = found
        if odd is None:
            return self._following(starts, key, pattern, active, blocks)
        here, there = np.flatnonzero(~odd), np.flatnonzero(odd)
        some = None if active is None else active.of_programs(here)
        others = None if active is None else active.of_programs(there)
        numbers = np.empty((blocks, self.k), np.int64)
        numbers[here], low, high = self._following(starts[here], key, pattern, some, len(here))
        # Those at an edge mostly follow a pattern of their own.
        numbers[there], least_of_rest, most_of_rest = self(take(address, there), others, len(there))
        return numbers, min(low, least_of_rest), max(high, most_of_rest)

    def _following(
        self, starts: Any, key: Any, pattern: Callable[[], Array], active: Lanes | None, blocks: int
    ) -> tuple[Array, int, int]:
        """The same of blocks that follow one pattern."""
        low, high = self._reach(starts, key, pattern)
        if active is None or active.programs is None:
            return self._by_class(starts, key, pattern, None if active is None else active.made), low, high
        each = np.broadcast_to(np.asarray(starts), (blocks,))
        groups, alone, masks = _by_mask(active, active.programs, blocks)
        numbers = np.zeros((blocks, self.k), np.int64)
        for mask, here in groups:
            if here.any():
                numbers[here] = self._by_class(each[here], key, pattern, mask)
        if len(alone):
            numbers[alone] = self._one_by_one(each[alone, None, None] + pattern(), masks)
        return numbers, low, high

    def _reach(self, starts: Any, key: Any, pattern: Callable[[], Array]) -> tuple[int, int]:
        known = self._reaches.get(key)
        if known is None:
            if len(self._reaches) >= KEPT:
                self._reaches.clear()
            full = pattern()
            known = self._reaches[key] = int(full.min()), int(full.max())
        return least(starts) + known[0], most(starts) + known[1]

    def _pattern(self, address: Any) -> tuple[Any, Any, Callable[[], Array], Array | None] | None:
        """Where the pattern starts in each block (a number: in all), what tells it from others, it, (1, T, A), and the
        blocks that follow another one (None: none); None when most blocks do."""
        if type(address) is Affine:
            first, odd = by_pattern(address)
            if odd is None or 2 * np.count_nonzero(odd) <= len(odd):
                terms, shape, starts = first.terms, first.shape, address.offset
                key = tuple(t if isinstance(t, int) else t.tobytes() for t in terms)
                if odd is not None and isinstance(starts, int):
                    starts = np.full(len(odd), starts)
                return starts, key, lambda: spread(Affine(0, terms, shape, INDEX), self.shape), odd
        array = np.asarray(written_out(address))
        if array.ndim < 3:
            # The same in all threads.
            starts = int(array.reshape(-1)[0]) if array.size == 1 else array.reshape(-1)
            return starts, (), lambda: np.zeros((1, *self.shape), np.int64), None
        odd = None
        starts = array[:, 0, 0]
        pattern = array[:1] - starts[0]
        if len(array) > 1:
            same = np.asarray((array - starts[:, None, None] == pattern).all(axis=(1, 2)))
            if not same.all():
                if 2 * np.count_nonzero(same) < len(same):
                    return None
                odd = ~same
        else:
            starts = int(starts[0])
        return starts, (pattern.shape, pattern.tobytes()), lambda: spread(pattern, self.shape), odd

    def _by_class(self, starts: Any, key: Any, pattern: Callable[[], Array], active: Array | None) -> Array:
        key = key, None if active is None else (active.shape, active.tobytes())
        if isinstance(starts, int):
            return self._of_class(key, starts % self.period, pattern, active)
        places = starts % self.period
        if (places == places[0]).all():
            return self._of_class(key, int(places[0]), pattern, active)
        whole = key, places.tobytes()
        found = self._of_blocks.get(whole)
        if found is None:
            if len(self._of_blocks) >= TOGETHER:
                self._of_blocks.clear()
            table = np.zeros((self.period, self.k), np.int64)
            for place in np.flatnonzero(np.bincount(places, minlength=self.period)).tolist():
                table[place] = self._of_class(key, place, pattern, active)[0]
            found = self._of_blocks[whole] = table[places]
        return found

    def _of_class(self, key: Any, place: int, pattern: Callable[[], Array], active: Array | None) -> Array:
        found = self._known.get((key, place))
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            lanes = None if active is None else np.broadcast_to(active, (1, *self.shape))
            found = self._known[key, place] = self.count(pattern() + place, lanes)
        return found

    def _one_by_one(self, addresses: Array, active: Array | None) -> Array:
        lanes = None if active is None else np.broadcast_to(active, addresses.shape)
        return self.count(addresses, lanes)


def _by_mask(active: Lanes, programs: Array, blocks: int) -> tuple[list[tuple[Array | None, Array]], Array, Array]:
    """Masks that blocks have in common, each with the blocks that have it; then the blocks that have one of their own,
    and these masks.

    Blocks that access nothing are in neither. programs: those of `active`.
    """
    whole = np.ones(blocks, np.bool_)
    whole[programs] = False
    groups: list[tuple[Array | None, Array]] = [(None, whole)]
    flat = active.made.reshape(len(active.made), -1)
    rest = np.asarray(flat.any(axis=1))
    if rest.any():
        first = int(rest.argmax())
        same = rest & np.asarray((flat == flat[first]).all(axis=1))
        here = np.zeros(blocks, np.bool_)
        here[programs[same]] = True
        groups.append((active.made[first : first + 1], here))
        rest = rest & ~same
    return groups, programs[rest], active.made[rest]


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
