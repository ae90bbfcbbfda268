"""What the blocks of a chunk did, as they did it: one line for each access, whoever made it.

The blocks of a chunk run together, so a note is made once for all that take part. Afterwards the notes are sorted by
course: blocks that took the same turns and branches have one (`courses`). Most kernels have one or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minilinalg.interp.dtypes import Array


class Note(NamedTuple):
    """rows: which blocks of the chunk (None: all). number: of a site, or of a region's block that begins (negative).

    costs: of an access, what it counts for one block, on average. touched: what the access touches of shared memory.
    """

    rows: Any
    number: int
    costs: tuple[float, ...]
    touched: tuple[Any, ...]


@dataclass
class Course:
    """What some blocks did. blocks: their numbers in the chunk; None: all `count` of them."""

    count: int
    blocks: Array | None
    notes: Sequence[Note]

    @property
    def path(self) -> tuple[int, ...]:
        """What tells the course from others: turns, branches and accesses in order."""
        return tuple(note.number for note in self.notes)


def courses(notes: Sequence[Note], blocks: int) -> Iterator[Course]:
    """The notes of a chunk of so many blocks, by what the blocks did."""
    if all(note.rows is None for note in notes):
        yield Course(blocks, None, notes)
        return
    took_part = np.ones((len(notes), blocks), np.bool_)
    for i, note in enumerate(notes):
        if note.rows is not None:
            took_part[i] = False
            took_part[i, note.rows] = True
    kinds: dict[bytes, list[int]] = {}
    for block, column in enumerate(np.packbits(took_part, axis=0).T):
        kinds.setdefault(column.tobytes(), []).append(block)
    for members in kinds.values():
        here = took_part[:, members[0]]
        yield Course(len(members), np.array(members), [n for n, there in zip(notes, here, strict=True) if there])
