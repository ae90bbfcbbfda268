"""What comes from memory and what from the cache in front of it, as an estimate.

The cache is empty at first. What a site touches, in the range of addresses that it reaches, comes from memory once;
what was touched before, by it or by an earlier site, is in the cache. That is so while all that a kernel touches has
room there; else all of it comes from memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minilinalg.interp.memory import Segment

Range = tuple[int, int]


def misses(
    reach: Mapping[int, tuple[int, int, float]], segments: Sequence[Segment], cache: int, sector: int
) -> dict[int, float]:
    """Site -> the part of its sectors that comes from memory. reach: site -> least address, end, sectors."""
    new: dict[int, float] = {}
    known: list[Range] = []
    for site, (low, high, sectors) in reach.items():
        ranges = [(max(low, s.address), min(high, s.end)) for s in segments if low < s.end and s.address < high]
        # No site touches more than its sectors.
        fresh = sum(_beyond(part, known) for part in ranges)
        new[site] = min(float(fresh), sectors * sector)
        known += ranges
    whole = sum(new.values()) > cache
    return {
        site: 0.0 if not sectors else 1.0 if whole else min(1.0, new[site] / (sectors * sector))
        for site, (_, _, sectors) in reach.items()
    }


def _beyond(part: Range, known: Sequence[Range]) -> int:
    """The bytes of a range that are in none of the known ones."""
    left = [part]
    for low, high in known:
        left = [(a, b) for start, end in left for a, b in ((start, min(end, low)), (max(start, high), end)) if a < b]
    return sum(end - start for start, end in left)
