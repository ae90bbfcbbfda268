"""Atomics on blocks on the machine: one instruction where its DMA does them, else a loop over the elements."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from minilinalg.dialects import linalg_ext, simd
from minilinalg.dialects.upstream import memref
from minilinalg.passes.atomic_element import compare_and_swap
from minilinalg.passes.indexed_transfer import ElementLoops
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.strided_view import buffer_type, sizes_of
from minilinalg.targets import Target


def is_one_instruction(op: linalg_ext.AtomicOp, target: Target) -> bool:
    """Whether the target's DMA does `op`."""
    path = target.path(simd.space_of(buffer_type(op.values[0])), simd.space_of(buffer_type(op.array)))
    return path.atomic is not None


def instruction_for(op: linalg_ext.AtomicOp) -> simd.Instruction:
    """The instruction that `op` is."""
    if isinstance(op, linalg_ext.AtomicRMWOp):
        return simd.AtomicRMWOp(op.inputs, op.outputs, kind=op.kind)
    return simd.AtomicCASOp(op.inputs, op.outputs)


def replace_by_loop(op: linalg_ext.AtomicOp) -> None:
    """Puts a loop over the elements in the place of `op`."""
    extents, ops = sizes_of(op.values[0])
    insert_before(op, *ops)
    loops = ElementLoops(op)
    at = loops.over(extents, op.mask)
    place = at if op.index is None else [loops.entry(op.index, at)]
    old = value_before(loops.end, _change(op, [loops.element(value, at) for value in op.values], place))
    if op.old is not None:
        insert_before(loops.end, memref.StoreOp.get(old, op.old, at))
    erase(op)


def _change(
    op: linalg_ext.AtomicOp, values: Sequence[SSAValue], place: Sequence[SSAValue]
) -> memref.AtomicRMWOp | memref.GenericAtomicRMWOp:
    if isinstance(op, linalg_ext.AtomicRMWOp):
        return memref.AtomicRMWOp(op.kind_name, values[0], op.array, place)
    return memref.GenericAtomicRMWOp(op.array, place, compare_and_swap(*values))
