"""The layout in shared memory with the fewest bank conflicts between a given write and a given read.

Offsets are split into a vector (what one thread moves at once), the banks and the segments: two elements collide when
they are in one phase of an access and differ by a *segment* vector. So the segments should span a space S that meets
neither W, the space in which the lanes of a writing phase differ, nor R, that of a reading phase. With I what W and R
share, W = I + W', R = I + R' and C what both leave out, take in turn

1. the vectors of C and the sums w' + r' of one vector each of W' and R': these meet neither W nor R;
2. what is left of the larger of W' and R': they meet one of them only;
3. the vectors of W' that were taken into sums, then those of I: they meet both.

In each step S meets a space X in no more dimensions than it must, dim S + dim X - n, so no layout has fewer conflicts
with the write, and none with the read. (arXiv 2505.23819, section 5.4; upstream's GenericSwizzling.)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from minilinalg.errors import InputError
from minilinalg.layouts.banks import BANKS, LARGEST_VECTOR_BITS, WORD_BITS
from minilinalg.layouts.gf2 import Span, apply, independent, intersection, rank
from minilinalg.layouts.linear import BLOCK, LANE, OFFSET, REGISTER, WARP, LinearLayout, log2


def swizzle_for(write: LinearLayout, read: LinearLayout, element_bits: int) -> LinearLayout:
    """The layout of offset and block in which storing by `write` and loading by `read` have the fewest conflicts.

    Both are layouts of one tensor in registers, whose blocks hold the same elements. The vectors are the widest that
    both sides can move. Raises InputError when the blocks do not hold the same elements.
    """
    read = read.with_outs(write.out_names)
    held = independent(mask for name in _THREADS for mask in write.masks.get(name, ()))
    # The elements of one block, as sums of `held`: n coordinates.
    span = Span(held)

    def coordinates(layout: LinearLayout, *names: str) -> list[int]:
        solved = [span.solve(mask) for name in names for mask in layout.masks.get(name, ())]
        found = [vector for vector in solved if vector is not None]
        if len(found) < len(solved):
            raise InputError(
                "a block reads what another one wrote", rule="what passes through shared memory stays in its block"
            )
        return found

    if rank(coordinates(read, *_THREADS)) < len(held):
        raise InputError("a block writes what it does not read", rule="both layouts hold the same elements")
    threads = coordinates(write, LANE, WARP) + coordinates(read, LANE, WARP)
    common = intersection(coordinates(write, REGISTER), coordinates(read, REGISTER))
    widest = log2(max(1, LARGEST_VECTOR_BITS // element_bits))
    vector = independent(common, beyond=threads)[:widest]
    phase = log2(BANKS // max(1, (element_bits << len(vector)) // WORD_BITS))
    # Lanes and warps point at the starts of vectors: they lie in the complement that the rest is chosen from.
    room = independent([*threads, *(1 << bit for bit in range(len(held)))], beyond=vector)
    writing, reading = coordinates(write, LANE)[:phase], coordinates(read, LANE)[:phase]
    row = log2(max(1, BANKS * WORD_BITS // element_bits)) - len(vector)
    count = max(0, len(room) - row)
    word = _word(room, writing, reading, count, log2(max(1, WORD_BITS // element_bits)) - len(vector))
    segments = _segments(room, [*writing, *word], [*reading, *word], word)[:count]
    banks = independent(room, beyond=[*word, *segments])
    bases = [apply(held, vector) for vector in (*vector, *word, *banks, *segments)]
    return LinearLayout(((OFFSET, tuple(bases)), (BLOCK, write.masks.get(BLOCK, ()))), write.outs)


_THREADS = (REGISTER, LANE, WARP)


def _segments(room: Sequence[int], writing: Sequence[int], reading: Sequence[int], word: Sequence[int]) -> list[int]:
    """Vectors of `room` in the order in which they become segments, all but those of `word`."""
    both = intersection(writing, reading)
    writes, reads = independent(writing, beyond=both), independent(reading, beyond=both)
    neither = independent(room, beyond=[*writing, *reading])
    sums = [a ^ b for a, b in zip(writes, reads, strict=False)]
    left = writes[len(sums) :] + reads[len(sums) :]
    return [*neither, *sums, *left, *writes[: len(sums)], *independent(both, beyond=word)]


def _word(
    room: Sequence[int], writing: Sequence[int], reading: Sequence[int], count: int, missing: int
) -> tuple[int, ...]:
    """What fills a word when vectors are narrower: elements in one word never collide, so `missing` vectors of `room`
    go there that make the spaces of the lanes, enlarged by them, meet `count` segments in the fewest dimensions."""
    if missing <= 0:
        return ()
    choices = dict.fromkeys([*intersection(writing, reading), *_segments(room, writing, reading, ()), *writing])

    def wavefronts(word: tuple[int, ...]) -> int:
        return sum(1 << max(0, count + rank((*lanes, *word)) - len(room)) for lanes in (writing, reading))

    words = (word for word in combinations(choices, min(missing, len(room))) if rank(word) == len(word))
    return min(words, key=wavefronts)
