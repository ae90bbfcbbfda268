"""What comes from memory and what from the cache in front of it, as an estimate.

The cache is empty at first. What a site touches, in the range of addresses that it reaches, comes from memory once;
what was touched before, by it or by an earlier site, is in the cache. That is so while all that a kernel touches has
room there; else all of it comes from memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minilinalg.interp.memory import Segment

Range = tuple[int, int]


class Reach(NamedTuple):
    """What a site touched in global memory: from the least address to beyond the greatest.

    sectors: as the cache is asked for them. once: those of all accesses of an operation in a block together; what is
    written in parts is one in the cache.
    """

    low: int
    high: int
    sectors: float
    once: float

    def with_more(self, more: Reach) -> Reach:
        """Both together."""
        low, high = min(self.low, more.low), max(self.high, more.high)
        return Reach(low, high, self.sectors + more.sectors, self.once + more.once)


def misses(reach: Mapping[int, Reach], segments: Sequence[Segment], cache: int, sector: int) -> dict[int, float]:
    """Site -> the part of its sectors that comes from memory, or goes there. Sites are in the order of their numbers,
    that of the text, whichever block was first at one."""
    new: dict[int, float] = {}
    known: list[Range] = []
    for site, (low, high, _, once) in sorted(reach.items()):
        ranges = [(max(low, s.address), min(high, s.end)) for s in segments if low < s.end and s.address < high]
        fresh = sum(_beyond(part, known) for part in ranges)
        new[site] = min(float(fresh), once * sector)
        known += ranges
    whole = sum(new.values()) > cache
    return {
        site: (found.once * sector if whole else new[site]) / (found.sectors * sector) if found.sectors else 0.0
        for site, found in reach.items()
    }


def _beyond(part: Range, known: Sequence[Range]) -> int:
    """The bytes of a range that are in none of the known ones."""
    left = [part]
    for low, high in known:
        left = [(a, b) for start, end in left for a, b in ((start, min(end, low)), (max(start, high), end)) if a < b]
    return sum(end - start for start, end in left)
