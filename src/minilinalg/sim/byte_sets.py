"""Exactly which bytes a strided view touches, and whether two views share some."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
MOST = 1 << 20


class View(NamedTuple):
    """Bytes of one memory: `itemsize` bytes at `offset` and every combination of `strides` (bytes) times `sizes`."""

    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    @property
    def is_empty(self) -> bool:
        return 0 in self.sizes

    @property
    def bounds(self) -> tuple[int, int]:
        """The first byte and the one behind the last, of a view that is not empty."""
        reach = [(size - 1) * stride for size, stride in zip(self.sizes, self.strides, strict=True)]
        return (
            self.offset + sum(r for r in reach if r < 0),
            self.offset + sum(r for r in reach if r > 0) + self.itemsize,
        )

    def moved(self, offsets: int | Ints, at: int) -> View:
        """The view moved by the offset, or by the one `at` this place."""
        return self._replace(offset=self.offset + (offsets if isinstance(offsets, int) else int(offsets[at])))

    def runs(self) -> tuple[Ints, int]:
        """The starts of its gapless runs, ascending, and the bytes of each; beyond a million runs, one from end to end.

        Only an array that a list DMA indexes is as large: where it ends is not known, nor which rows will be taken.
        """
        length = self.itemsize
        if prod(size for size, stride in zip(self.sizes, self.strides, strict=True) if abs(stride) > length) > MOST:
            low, high = self.bounds
            return np.array([low], np.int64), high - low
        starts = np.array([self.offset], np.int64)
        # By stride: what lies back to back with the run so far makes it longer, everything else repeats it.
        for stride, size in sorted((abs(s), n) for s, n in zip(self.strides, self.sizes, strict=True) if n > 1):
            if len(starts) == 1 and stride <= length:
                length += (size - 1) * stride
            else:
                starts = (starts[None, :] + stride * np.arange(size, dtype=np.int64)[:, None]).ravel()
        lowest = self.bounds[0]
        return np.sort(starts) - self.offset + lowest, length


@lru_cache(maxsize=1 << 14)
def shared(a: View, b: View) -> tuple[int, int] | None:
    """The first run of bytes that both views touch, as its first byte and the one behind its last; None when there is
    none."""
    if a.is_empty or b.is_empty:
        return None
    (low_a, high_a), (low_b, high_b) = a.bounds, b.bounds
    if high_a <= low_b or high_b <= low_a:
        return None
    (starts_a, length_a), (starts_b, length_b) = a.runs(), b.runs()
    at = np.searchsorted(starts_b, starts_a, side="right")
    before, after = starts_b[np.maximum(at - 1, 0)], starts_b[np.minimum(at, len(starts_b) - 1)]
    for other in (before, after):
        meets = np.flatnonzero((other < starts_a + length_a) & (starts_a < other + length_b))
        if len(meets):
            start, start_b = int(starts_a[meets[0]]), int(other[meets[0]])
            return max(start, start_b), min(start + length_a, start_b + length_b)
    return None
