"""A course as operations in the order in which a block's threads executed them, from its notes.

Notes are of accesses and of regions that begin; what stands between them is read off the function's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from xdsl.ir import Block, Operation

from minilinalg.dialects.upstream import func
from minilinalg.sim.simt.sites import accesses_memory
from minilinalg.sim.simt.trace import Note, Step

Noted = TypeVar("Noted", Note, Step)


class Replay:
    """begins: the blocks of regions and the numbers of their notes. functions: by name, for calls. skipped: operations
    that are not done where they stand."""

    def __init__(self, begins: Mapping[Block, int], functions: Mapping[str, Operation], skipped: frozenset[Operation]):
        self.blocks = {number: block for block, number in begins.items()}
        self.begins, self.functions, self.skipped = begins, functions, skipped

    def steps(self, entry: Block, notes: Sequence[Noted]) -> Iterator[tuple[Operation, Noted | None]]:
        """Operations with the notes of those that access memory. One with regions comes in front of each of its turns,
        and once more when there are no more."""
        return _Steps(self, notes).block(entry)


class _Steps(Generic[Noted]):
    def __init__(self, replay: Replay, notes: Sequence[Noted]):
        self.replay, self.notes, self.at = replay, notes, 0

    def block(self, block: Block) -> Iterator[tuple[Operation, Noted | None]]:
        self.at += 1
        for op in block.ops:
            if op in self.replay.skipped:
                continue
            if accesses_memory(op):
                note = self.notes[self.at]
                self.at += 1
                yield op, note
                continue
            inside = {b for region in op.regions for b in region.blocks}
            if isinstance(op, func.CallOp):
                inside = set(self.replay.functions[op.callee.root_reference.data].regions[0].blocks)
            while inside and (begun := self._begun()) in inside:
                assert begun is not None
                yield op, None
                yield from self.block(begun)
            yield op, None

    def _begun(self) -> Block | None:
        """The block of which the next note says that it begins."""
        return self.replay.blocks.get(self.notes[self.at].number) if self.at < len(self.notes) else None
