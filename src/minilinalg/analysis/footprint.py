"""Footprints: which bytes instructions touch, once buffers have addresses, and so which of them must keep their order.

Buffers with an address share a memory, so different ones may be the same bytes. What a view reaches is taken as the
run from its first byte to its last; views of one buffer that are apart along a dimension are apart. Memory without an
address is told apart as in aliasing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.aliasing import accesses, extent_of, may_alias, root_of, same_view
from minilinalg.dialects import simd

ADDRESS = "simd.address"


class Footprint(NamedTuple):
    """The bytes of `value`, a view of the buffer `root`.

    place: from `low` to below `high` of memory `space`, for a buffer with an address; None for another one. is_exact:
    whether the value is all of these bytes; else it is some of them.
    """

    value: SSAValue
    root: SSAValue
    place: tuple[str, int, int] | None
    is_exact: bool = False

    @classmethod
    def of(cls, value: SSAValue) -> Footprint:
        root = root_of(value)
        address = root.owner.attributes.get(ADDRESS) if isinstance(root.owner, Operation) else None
        whole = extent_of(root.type)
        if not isinstance(address, IntegerAttr) or whole is None:
            return cls(value, root, None)
        base, width = int(address.value.data), simd.element_bytes(root.type)
        own = extent_of(value.type) if simd.element_bytes(value.type) == width else None
        first, last = own or whole
        type = cast("simd.Buffer", value.type)
        place = (simd.space_of(cast("simd.Buffer", root.type)), base + first * width, base + (last + 1) * width)
        return cls(value, root, place, own is not None and simd.is_contiguous(type))

    def same_elements(self, other: Footprint) -> bool:
        """Whether both are surely the same elements in the same order, gapless ones in whatever shape."""
        if same_view(self.value, other.value):
            return True
        is_one_type = simd.element_type(self.value.type) == simd.element_type(other.value.type)
        return is_one_type and self.is_exact and other.is_exact and self.place == other.place

    def may_overlap(self, other: Footprint) -> bool:
        """Whether some byte may be part of both."""
        if self.place is not None and other.place is not None:
            (space, low, high), (space2, low2, high2) = self.place, other.place
            if space != space2 or high <= low2 or high2 <= low:
                return False
            if self.root is not other.root:
                return True
        return may_alias(self.value, other.value)


class Touched(NamedTuple):
    """What one operation reads and writes of memory."""

    reads: tuple[Footprint, ...]
    writes: tuple[Footprint, ...]

    @classmethod
    def by(cls, op: Operation) -> Touched | None:
        """None when it may be any memory at all."""
        reads: list[Footprint] = []
        writes: list[Footprint] = []
        for access in accesses(op):
            if access.buffer is None:
                return None
            (reads if access.kind == "read" else writes).append(Footprint.of(access.buffer))
        return cls(tuple(reads), tuple(writes))

    def conflicts_with(self, other: Touched) -> bool:
        """Whether the two must keep their order: both touch some byte, and one of them writes it."""
        return self.uses_results_of(other) or any(w.may_overlap(r) for w in self.writes for r in other.reads)

    def uses_results_of(self, other: Touched) -> bool:
        """Whether this reads or writes again what `other` writes."""
        return any(mine.may_overlap(w) for w in other.writes for mine in (*self.reads, *self.writes))


def independent_of_their_pipe(block: Block) -> Iterator[simd.Instruction]:
    """Instructions of `block` that touch nothing which may still be on its way out of their own pipe.

    On its way are the results of those since the pipe ran dry: it does so before each instruction that is not listed.
    What was on its way when the block began, or after a loop, a branch or a call, is not known.
    """
    on_the_way: dict[str, list[Touched]] = {}
    for op in block.ops:
        if op.regions or op.name == "func.call":
            on_the_way.clear()
        elif isinstance(op, simd.Instruction) and op.pipe is not None and (touched := Touched.by(op)) is not None:
            earlier = on_the_way.get(op.pipe)
            if earlier is None or any(touched.uses_results_of(one) for one in earlier):
                on_the_way[op.pipe] = [touched]
            else:
                earlier.append(touched)
                yield op
