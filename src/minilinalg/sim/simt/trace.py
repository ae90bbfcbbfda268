"""What the blocks of a chunk did, as they did it: one line for each access, whoever made it.

The blocks of a chunk run together, so a note is made once for all that take part. Afterwards the notes are sorted by
course: blocks that took the same turns and branches have one (`courses`). Most kernels have one or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from minilinalg.interp.dtypes import Array


class Note(NamedTuple):
    """rows: which blocks of the chunk (None: all). number: of a site, or of a region's block that begins (negative).

    costs: of an access, what it counts in each memory, arrays (blocks, numbers), or (1, numbers) once for all. touched:
    what the access touches of shared memory. word: of what one thread does for its block, the word that is its barrier;
    None where the block takes no part.
    """

    rows: Any
    number: int
    costs: tuple[Array, ...]
    touched: tuple[Any, ...]
    word: int | None = None


class Step(NamedTuple):
    """What a note says of one block, the mean of several: `number` and `word` as there, `costs` of both memories."""

    number: int
    costs: tuple[float, ...]
    word: int | None


@dataclass
class Course:
    """What some blocks did. blocks: their numbers in the chunk; None: all `count` of them. costs: of all notes one
    behind the other, summed over the blocks: a function of the blocks alone, not of who ran beside them."""

    count: int
    blocks: Array | None
    notes: Sequence[Note]
    costs: Array

    @property
    def path(self) -> tuple[Any, ...]:
        """What tells the course from others: turns, branches and accesses in order."""
        return tuple(n.number if n.word is None else (n.number, n.word) for n in self.notes)


def courses(notes: Sequence[Note], blocks: int) -> Iterator[Course]:
    """The notes of a chunk of so many blocks, by what the blocks did."""
    costs = _Costs(notes, blocks)
    if all(note.rows is None for note in notes):
        yield Course(blocks, None, notes, costs.of_all())
        return
    took_part = np.ones((len(notes), blocks), np.bool_)
    for i, note in enumerate(notes):
        if note.rows is not None:
            took_part[i] = False
            took_part[i, note.rows] = True
    kinds: dict[bytes, list[int]] = {}
    for block, column in enumerate(np.packbits(took_part, axis=0).T):
        kinds.setdefault(column.tobytes(), []).append(block)
    for found in kinds.values():
        members = np.array(found)
        here = took_part[:, members[0]]
        theirs = [note for note, there in zip(notes, here, strict=True) if there]
        yield Course(len(members), members, theirs, costs.of_some(members, here))


class _Costs:
    """The costs of a chunk's notes one behind the other. Most are the same in all blocks, and what differs between
    blocks mostly does so in the same way in every turn of a loop: as one array, then."""

    def __init__(self, notes: Sequence[Note], blocks: int):
        self._notes, self._blocks = notes, blocks
        self._parts = [part for note in notes for part in note.costs]
        self._differing = [part for part in self._parts if len(part) > 1]

    def of_all(self) -> Array:
        """Summed over all blocks, which all notes are of."""
        found = self._of_one * self._blocks
        if self._differing:
            found[self._places] = np.concatenate(self._differing, axis=1).sum(axis=0)
        return found

    def of_some(self, members: Array, here: Array) -> Array:
        """Of the notes `here` (bool), summed over these blocks."""
        found = self._of_one * len(members)
        if self._differing:
            each, columns = self._of_each
            found[self._places] = each[members].sum(axis=0)[columns]
        return found[here[self._note]]

    @cached_property
    def _of_one(self) -> Array:
        """Of the first block, (numbers,)."""
        return np.concatenate([np.zeros(0, np.int64), *(part[0] for part in self._parts)])

    @cached_property
    def _places(self) -> Array:
        """Which numbers may differ between blocks."""
        return np.flatnonzero(np.repeat([len(part) > 1 for part in self._parts], [p.shape[1] for p in self._parts]))

    @cached_property
    def _note(self) -> Array:
        """Of which note each number is."""
        return np.repeat(np.arange(len(self._notes)), [sum(p.shape[1] for p in n.costs) for n in self._notes])

    @cached_property
    def _of_each(self) -> tuple[Array, Array]:
        """What differs between blocks, (blocks, numbers), and which of these numbers those of the notes are."""
        numbers: dict[tuple[int, int], Array] = {}
        whole: list[Array] = []
        columns: list[Array] = []
        width = 0
        for part, rows in ((part, note.rows) for note in self._notes for part in note.costs if len(part) > 1):
            key = id(part), id(rows)
            if key not in numbers:
                numbers[key] = np.arange(width, width + part.shape[1])
                width += part.shape[1]
                full = np.zeros((self._blocks, part.shape[1]), part.dtype)
                full[slice(None) if rows is None else rows] = part
                whole.append(full)
            columns.append(numbers[key])
        return np.concatenate(whole, axis=1), np.concatenate(columns)
