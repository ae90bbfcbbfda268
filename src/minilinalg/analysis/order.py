"""Order: where operations of structured code stand with respect to one another, in the text and in time."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.dialects.upstream import scf

LOOPS = frozenset({"scf.for", "scf.forall", "scf.while", "scf.parallel"})


class Order:
    """Where operations of a function stand with respect to one another."""

    def __init__(self, function: Operation):
        self.enter: dict[Operation, int] = {}
        self.leave: dict[Operation, int] = {}
        self._loops: dict[Operation | Block, list[Operation]] = {}
        self._number(function, 0)

    def _number(self, op: Operation, time: int) -> int:
        self.enter[op] = time
        for region in op.regions:
            for block in region.blocks:
                for inner in block.ops:
                    time = self._number(inner, time + 1)
        self.leave[op] = time + 1
        return time + 1

    def before(self, a: Operation, b: Operation) -> bool:
        """Whether `a` is over when `b` begins, in one run through the function without turning back."""
        return self.leave[a] < self.enter[b]

    def inside(self, inner: Operation, outer: Operation) -> bool:
        return self.enter[outer] < self.enter[inner] and self.leave[inner] <= self.leave[outer]

    def holds(self, read: Operation, write: Operation, definition: SSAValue) -> bool:
        """Whether the textual order of `read` and `write` is their order in time, for one making of `definition`.

        A loop around both of them, but not around the definition, runs the write before a later iteration's read.
        """
        around_read = self._loops_around(read)
        if not around_read:
            return True
        around_definition, around_write = self._loops_around(definition.owner), self._loops_around(write)
        return all(loop in around_definition or loop not in around_write for loop in around_read)

    def _loops_around(self, at: Operation | Block) -> list[Operation]:
        if (found := self._loops.get(at)) is None:
            found = self._loops[at] = loops_around(at)
        return found


def loops_around(at: Operation | Block) -> list[Operation]:
    """The loops in whose regions an operation or block is, innermost first; the two regions of a while are one loop."""
    found: list[Operation] = []
    parent = at.parent_op()
    while parent is not None:
        if parent.name in LOOPS:
            found.append(parent)
        parent = parent.parent_op()
    return found


def in_exclusive_branches(a: Operation, b: Operation) -> bool:
    """Whether at most one of `a` and `b` runs each time that their common scf.if does."""
    regions_of_a = {id(region.parent): region for region in _regions(a)}
    return any(
        isinstance(region.parent, scf.IfOp) and regions_of_a.get(id(region.parent), region) is not region
        for region in _regions(b)
    )


def _regions(op: Operation) -> Iterator[Region]:
    region = op.parent_region()
    while region is not None and region.parent is not None:
        yield region
        region = region.parent.parent_region()
