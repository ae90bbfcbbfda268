"""Placing intervals in an arena: an offset for each buffer, so that no two that are live together overlap.

Source: greedy by size with best fit (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
2020, section 5.2; the arena planner of TensorFlow Lite). Buffers are placed from the largest to the smallest; each goes
into the smallest gap between those placed already that are live together with it, or behind all of them. The problem
is NP-hard (dynamic storage allocation), so other orders are tried when this one needs more than the arena has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lcm

from minilinalg.analysis.liveness import Interval


@dataclass(frozen=True)
class Item:
    """A buffer: when it is live, how many bytes it takes, and what its own offset is a multiple of."""

    live: Interval
    size: int
    alignment: int = 1


@dataclass(frozen=True)
class Placement:
    """The offset of each item, in the order given, and the bytes from the arena's begin to the last item's end."""

    offsets: tuple[int, ...]
    total: int


_Order = Callable[[Item], tuple[int, ...]]
_ORDERS: tuple[_Order, ...] = (
    lambda item: (-item.size, item.live.start),
    lambda item: (item.live.start, -item.size),
    lambda item: (item.live.start - item.live.end, -item.size),
    lambda item: (-item.size * (item.live.end - item.live.start + 1), item.live.start),
    lambda item: (-item.live.end, -item.size),
)
"""The largest first; the first first; the longest first; the largest area first; the last to end first."""


def place(items: Sequence[Item], *, alignment: int = 1, capacity: int | None = None) -> Placement:
    """Offsets for `items`, each a multiple of `alignment` and of its own.

    The first order whose arena is at most `capacity` is taken, or else the one with the smallest arena.
    """
    best: Placement | None = None
    for order in _ORDERS:
        found = _place_in(items, sorted(range(len(items)), key=lambda i: order(items[i])), alignment)
        if best is None or found.total < best.total:
            best = found
        if capacity is None or best.total <= capacity:
            break
    assert best is not None
    return best


def _place_in(items: Sequence[Item], order: Sequence[int], alignment: int) -> Placement:
    offsets = [0] * len(items)
    placed: list[int] = []
    """Items that have a place, by offset."""
    for index in order:
        item = items[index]
        around = [other for other in placed if items[other].live.overlaps(item.live)]
        offsets[index] = _best_gap(
            item, [(offsets[o], offsets[o] + items[o].size) for o in around], lcm(alignment, item.alignment)
        )
        placed.append(index)
        placed.sort(key=lambda i: offsets[i])
    total = max((offset + item.size for offset, item in zip(offsets, items, strict=True)), default=0)
    return Placement(tuple(offsets), total)


def _best_gap(item: Item, taken: Sequence[tuple[int, int]], alignment: int) -> int:
    """The offset of the smallest gap between `taken` ranges, sorted by begin, that holds `item`; else behind them."""
    best: tuple[int, int] | None = None
    end = 0
    for begin, after in taken:
        start = -(-end // alignment) * alignment
        room = begin - start
        if room >= item.size and (best is None or room < best[0]):
            best = (room, start)
        end = max(end, after)
    return best[1] if best is not None else -(-end // alignment) * alignment
