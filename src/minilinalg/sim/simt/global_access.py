"""What threads do to words of global memory by one operation, written out only when somebody needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import INDEX, Array
from minilinalg.interp.memory import GUARD, Segment
from minilinalg.interp.values import Affine, spread


@dataclass(frozen=True)
class Pattern:
    """Byte addresses of threads (T, A) from where a block begins, and which of them are accessed in all blocks, bool
    (None: perhaps any)."""

    offsets: Array
    lanes: Array | None

    @cached_property
    def _some(self) -> Array:
        return self.offsets.reshape(-1) if self.lanes is None else self.offsets[self.lanes]

    @cached_property
    def low(self) -> int:
        """The least offset."""
        return int(self._some.min())

    @cached_property
    def high(self) -> int:
        """The greatest one."""
        return int(self._some.max())

    @cached_property
    def is_injective(self) -> bool:
        """Whether no two accesses begin at one place."""
        return len(np.unique(self._some)) == self._some.size


class Access:
    """By operation `number` threads (T,) of blocks (P,) access words of `size` bytes of a segment, where `here`, bool
    (P or 1, T, A), holds (None: everywhere); the blocks' times are `when` (P,).

    The words are `at` (P, T, A), or they are where a pattern is from `starts` (P,) on.
    """

    def __init__(
        self,
        number: int,
        segment: Segment,
        size: int,
        blocks: Array,
        threads: Array,
        when: Array,
        here: Array | None,
        at: Array | None = None,
        starts: Array | None = None,
        pattern: Pattern | None = None,
    ):
        self.number, self.segment, self.size = number, segment, size
        self.blocks, self.threads, self.when, self.here = blocks, threads, when, here
        self.starts, self.pattern, self._at = starts, pattern, at

    @property
    def at(self) -> Array:
        """The numbers of the words in the segment, (P, T, A); 0 where nothing is accessed."""
        if self._at is None:
            assert self.starts is not None and self.pattern is not None
            found = (self.starts[:, None, None] + self.pattern.offsets - self.segment.address) // self.size
            self._at = found if self.here is None else np.where(self.here, found, 0)
        return self._at

    @cached_property
    def range(self) -> tuple[int, int]:
        """From where to where in the segment, in bytes, it may reach."""
        if self.starts is None or self.pattern is None:
            at = self.at if self.here is None else self.at[np.broadcast_to(self.here, self.at.shape)]
            return (int(at.min()) * self.size, (int(at.max()) + 1) * self.size) if at.size else (0, 0)
        low, high = int(self.starts.min()) + self.pattern.low, int(self.starts.max()) + self.pattern.high + self.size
        return max(low - self.segment.address, 0), min(high - self.segment.address, self.segment.nbytes)

    @property
    def meets_itself(self) -> bool:
        """Whether it may be that two threads access one word."""
        pattern, starts = self.pattern, self.starts
        if pattern is None or starts is None or not pattern.is_injective:
            return True
        if len(starts) == 1:
            return False
        return int(np.diff(np.sort(starts)).min()) < pattern.high - pattern.low + self.size


def in_a_pattern(
    c: Chunk, pointer: Any, here: Array | None, known: dict[Any, Pattern]
) -> tuple[Segment, Array, Pattern] | None:
    """The segment, where the blocks begin (P,), and the pattern that they all follow; None unless it is as simple.

    here: where anything is accessed, somewhere at least. known: the patterns so far.
    """
    if type(pointer) is not Affine or not all(isinstance(t, int) or len(t) == 1 for t in pointer.terms):
        return None
    in_all = here[0] if here is not None and len(here) == 1 else None
    key = tuple(t if isinstance(t, int) else t.tobytes() for t in pointer.terms)
    key += (pointer.shape, None if in_all is None else in_all.tobytes())
    if (pattern := known.get(key)) is None:
        offsets = spread(Affine(0, pointer.terms, pointer.shape, INDEX), pointer.shape)[0]
        lanes = None if in_all is None else np.broadcast_to(in_all, offsets.shape).copy()
        pattern = known[key] = Pattern(offsets, lanes)
    starts = np.broadcast_to(np.asarray(pointer.offset, np.int64), (c.size,))
    first = int(starts[0]) + pattern.low
    if here is not None and in_all is None:
        block, *thread = np.unravel_index(int(here.argmax()), here.shape)
        first = int(starts[block] + np.broadcast_to(pattern.offsets, here.shape[1:])[tuple(thread)])
    try:
        segment = c.memory.segment(first, first + 1, "the watch for races")
    except RunError:
        return None
    # What is masked off may lie outside, but nothing may reach another segment.
    if int(starts.min()) + pattern.low <= segment.address - GUARD:
        return None
    return (segment, starts, pattern) if int(starts.max()) + pattern.high < segment.end + GUARD else None
