"""Gather and scatter on the machine: one instruction where its DMA takes lists of indices, else a loop over the list.

In the loop an index is read as a scalar, and its row is a DMA of its own; a row of one element is a scalar load and a
scalar store.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerAttr, i64
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.dialects import simd
from minilinalg.dialects.linalg_ext import GatherOp, IndexedOp
from minilinalg.dialects.simd import space_of
from minilinalg.dialects.upstream import arith, memref, scf
from minilinalg.locations import carry
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.strided_view import Size, buffer_type, sizes_of, subview
from minilinalg.targets import Target


def takes_lists(op: IndexedOp, target: Target) -> bool:
    """Whether the target's DMA takes the list of `op`, so that it is one instruction."""
    source, destination = (op.array, op.block) if isinstance(op, GatherOp) else (op.block, op.array)
    path = target.path(space_of(buffer_type(source)), space_of(buffer_type(destination)))
    return path.index is not None


def instruction_for(op: IndexedOp) -> simd.Instruction:
    """The instruction that `op` is."""
    kind = simd.GatherOp if isinstance(op, GatherOp) else simd.ScatterOp
    return kind(op.inputs, op.outputs[0], dim=IntegerAttr(op.indexed, i64))


def replace_by_loop(op: IndexedOp) -> None:
    """Puts a loop over the indices in the place of `op`."""
    _RowLoop(op).write()


class ElementLoops:
    """Loops in the place of `op`, written in front of `end`: `op` itself, then the end of the innermost one."""

    def __init__(self, op: Operation):
        self.place = op
        self.end = op

    def number(self, value: Size) -> SSAValue:
        if isinstance(value, SSAValue):
            return value
        return value_before(self.end, arith.ConstantOp(IntegerAttr.from_index_int_value(value)))

    def open(self, op: scf.ForOp | scf.IfOp) -> Block:
        insert_before(self.end, op)
        body = op.regions[0].block
        for arg in body.args:
            arg.location = self.place.location
        end = scf.YieldOp()
        carry(self.place, (end,))
        body.add_op(end)
        self.end = end
        return body

    def over(self, extents: Sequence[Size], mask: SSAValue | None) -> list[SSAValue]:
        """Opens a loop for each extent and a branch where the mask is true; where in them it is."""
        zero, one = self.number(0), self.number(1)
        at: list[SSAValue] = []
        for bound in [self.number(extent) for extent in extents]:
            body = self.open(scf.ForOp(zero, bound, one, [], Region(Block(arg_types=[IndexType()]))))
            at.append(body.args[0])
        if mask is not None:
            self.open(scf.IfOp(self.element(mask, at), [], Region(Block())))
        return at

    def element(self, buffer: SSAValue, at: Sequence[SSAValue]) -> SSAValue:
        """An element of a buffer."""
        return value_before(self.end, memref.LoadOp.get(buffer, at))

    def entry(self, list: SSAValue, at: Sequence[SSAValue]) -> SSAValue:
        """An entry of a list of indices, as an index."""
        entry = self.element(list, at)
        if isinstance(entry.type, IndexType):
            return entry
        return value_before(self.end, arith.IndexCastOp(entry, IndexType()))


class _RowLoop(ElementLoops):
    def __init__(self, op: IndexedOp):
        super().__init__(op)
        self.op = op

    def write(self) -> None:
        op = self.op
        (extents, first), (sizes, second) = sizes_of(op.index), sizes_of(op.block)
        insert_before(op, *first, *second)
        at = self.over(extents, op.mask)
        row = self.entry(op.index, at)
        if len(buffer_type(op.array).get_shape()) == 1:
            self.move_element(row, at)
        else:
            self.move_row(row, at, sizes)
        erase(op)

    def move_element(self, row: SSAValue, at: Sequence[SSAValue]) -> None:
        array, block = (self.op.array, [row]), (self.op.block, at)
        source, place = (array, block) if isinstance(self.op, GatherOp) else (block, array)
        element = self.element(*source)
        insert_before(self.end, memref.StoreOp.get(element, *place))

    def move_row(self, row: SSAValue, at: Sequence[SSAValue], sizes: Sequence[Size]) -> None:
        """Moves the row at index `row` of the array, which is at `at` in the block of those sizes."""
        dim = self.op.indexed
        before, after = list(sizes[:dim]), list(sizes[dim + len(at) :])

        def row_of(buffer: SSAValue, position: Sequence[SSAValue]) -> SSAValue:
            offsets: list[Size] = [*(0 for _ in before), *position, *(0 for _ in after)]
            extents: list[Size] = [*before, *(1 for _ in position), *after]
            shape = [size if isinstance(size, int) else DYNAMIC_INDEX for size in (*before, *after)]
            return value_before(self.end, subview(buffer, (offsets, extents, [1] * len(offsets)), shape))

        array, block = row_of(self.op.array, [row]), row_of(self.op.block, at)
        source, destination = (array, block) if isinstance(self.op, GatherOp) else (block, array)
        insert_before(self.end, simd.DmaOp([source], destination))
