"""What has to be written before an operation can be, at a place where the tiles of some classes are fixed: its backward
slice, and the classes that it runs along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.dimension_classes import (
    DimensionClasses,
    carried,
    is_loaded_part,
    is_stored_part,
    stored_block,
)
from minilinalg.analysis.order import Order
from minilinalg.dialects.upstream import bufferization, linalg, scf
from minilinalg.passes.linalg_tile_and_fuse.scope import Scope

Needed = dict[Operation, set[int]]
"""Operations, and which of their results are asked for."""


def is_virtual(op: Operation) -> bool:
    """Parts that are loaded or stored are seen to with what they are part of."""
    return is_loaded_part(op) or is_stored_part(op)


def uses(op: Operation) -> list[SSAValue]:
    """What `op` and what is inside it uses from outside, through parts that are loaded or stored."""
    found: list[SSAValue] = []
    for inner in op.walk():
        for value in inner.operands:
            owner = value.owner
            holder = owner if isinstance(owner, Operation) else owner.parent_op()
            if holder is not None and op.is_ancestor(holder):
                continue
            found += uses(owner) if isinstance(owner, Operation) and is_virtual(owner) else [value]
    return found


def carried_with(op: scf.ForOp, results: set[int] | None) -> set[int]:
    """The results of a loop that those asked for depend on, themselves among them; None asks for all."""
    if results is None:
        return set(range(len(op.results)))
    found, todo = set[int](), list(results)
    while todo:
        index = todo.pop()
        if index in found:
            continue
        found.add(index)
        for arg in _arguments_of(op, carried(op, index)[2]):
            todo.append(arg - 1)
    return found


def _arguments_of(loop: scf.ForOp, value: SSAValue) -> set[int]:
    """Which carried arguments of a loop's body `value`, which the body yields, is computed from."""
    block, seen, todo, found = loop.body.block, set[SSAValue](), [value], set[int]()
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if at.owner is block:
            if (index := cast("int", at.index)) > 0:  # pyright: ignore
                found.add(index)
        elif isinstance(at.owner, Operation) and loop.is_ancestor(at.owner):
            todo += [operand for op in at.owner.walk() for operand in op.operands]
        elif isinstance(at.owner, Block) and (holder := at.owner.parent_op()) is not None and loop.is_ancestor(holder):
            todo += holder.operands
    return found


class BackwardSlices:
    """The questions, for a function whose classes are cut into tiles of `sizes` (class -> size)."""

    def __init__(self, classes: DimensionClasses, sizes: Mapping[int, int], order: Order):
        self.classes = classes
        self.sizes = sizes
        self.order = order

    def cut(self, classes: Iterable[int | None]) -> set[int]:
        """Those of `classes` that are cut into tiles."""
        return {cls for cls in classes if cls in self.sizes}  # pyright: ignore

    def runs_along(self, op: Operation, results: set[int] | None) -> set[int]:
        """The tiled classes that must be fixed before `op` is written."""
        if isinstance(op, linalg.StructuredOp):
            return self.cut(self.classes.loops(op))
        if isinstance(op, scf.ForOp):
            values = [op.results[index] for index in carried_with(op, results)]
        elif isinstance(op, bufferization.MaterializeInDestinationOp):
            values = [stored_block(op)]
        elif is_loaded_part(op) or is_stored_part(op):
            return set()
        else:
            values = [*op.results, *op.operands]
        return self.cut(cls for value in values for cls in self.classes.of(value))

    def is_anchor(self, scope: Scope, op: Operation) -> bool:
        """Whether a loop over tiles begins at `op`: it has effects, or results that need no further class."""
        if isinstance(op, bufferization.MaterializeInDestinationOp):
            return True
        return isinstance(op, linalg.StructuredOp) and all(
            self.cut(self.classes.of(result)) <= scope.tiles.keys() for result in op.results
        )

    def closure(self, scope: Scope, roots: Iterable[Operation], values: Iterable[SSAValue] = ()) -> Needed:
        """What has to be written before `roots` can be, or `values` are known, in the order of the text."""
        needed: Needed = {}
        todo = [value for op in roots for value in uses(op)] + list(values)
        seen: set[SSAValue] = set()
        while todo:
            value = todo.pop()
            if value in seen or scope.knows(value):
                continue
            seen.add(value)
            owner = value.owner
            if not isinstance(owner, Operation):
                # What is carried by a loop that is needed itself.
                continue
            if is_virtual(owner):
                todo += uses(owner)
                continue
            if owner not in needed:
                needed[owner] = set()
                todo += uses(owner)
            needed[owner].add(cast("int", value.index))  # pyright: ignore
        return {op: needed[op] for op in sorted(needed, key=lambda op: self.order.enter[op])}
