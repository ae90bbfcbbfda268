"""Which operations and values a function needs, which arrays are their own, and which loads must copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, Region, SSAValue

from minilinalg.interp.dtypes import dtype_of, shape_of
from minilinalg.interp.meanings import MEANINGS


def unused_in(function: Operation) -> set[Operation]:
    """Operations that only compute, and what they compute only others that are not used either."""
    found: set[Operation] = set()
    # Who uses a value stands behind it.
    for op in reversed(list(function.walk())):
        if op.name.startswith("arith.") and all(use.operation in found for r in op.results for use in r.uses):
            found.add(op)
    return found


def makes_anew(op: Operation, block: Block | None) -> bool:
    """Whether `op`, of `block`, makes arrays of its own and keeps none that it was given."""
    found = MEANINGS.get(op.name)
    return op.parent is block and found is not None and found.fresh


def is_alone(value: OpResult, block: Block | None) -> bool:
    """Whether the array of `value` is its own when it is made in `block`."""
    return makes_anew(value.op, block)


def is_alone_in_loop(value: SSAValue) -> bool:
    """Whether a loop hands on, for its block argument `value`, an array that then is nowhere else.

    What the loop begins with is guarded by the loop itself.
    """
    if not isinstance(value, BlockArgument) or value.index == 0:
        return False
    parent, last = value.block.parent_op(), value.block.last_op
    if parent is None or parent.name != "scf.for" or last is None:
        return False
    handed = last.operands[value.index - 1]
    if not isinstance(handed, OpResult) or not is_alone(handed, value.block):
        return False
    users = [use.operation for use in handed.uses]
    return users.count(last) == 1 and all(user is last or makes_anew(user, value.block) for user in users)


def used_from_outside(region: Region, elsewhere: set[Operation]) -> list[SSAValue]:
    """The values that `region` needs without the operations that are not written in it."""
    inside: set[SSAValue] = set()
    found: dict[SSAValue, None] = {}
    here = [op for op in region.walk() if op not in elsewhere]
    for block in blocks_of(region):
        inside.update(block.args)
    for op in here:
        inside.update(op.results)
    for op in here:
        for operand in op.operands:
            if operand not in inside:
                found[operand] = None
    return list(found)


def needed_for(block: Block, values: Sequence[SSAValue]) -> set[Operation]:
    """The operations of `block` that `values` are computed from."""
    found: set[Operation] = set()
    work = list(values)
    while work:
        value = work.pop()
        if isinstance(value, OpResult) and value.op.parent is block and value.op not in found:
            found.add(value.op)
            work.extend(value.op.operands)
            work.extend(o for inner in value.op.walk() for o in inner.operands)
    return found


def blocks_of(region: Region) -> Iterator[Block]:
    for block in region.blocks:
        yield block
        for op in block.ops:
            for inner in op.regions:
                yield from blocks_of(inner)


def largest_value(op: Operation) -> int:
    """Bytes of the largest tensor (or on-chip buffer) that one program computes with in `op`."""
    types = {result.type for inner in op.walk() for result in inner.results}
    return max((_bytes(type) for type in types), default=1)


def _bytes(type_: Attribute) -> int:
    """Those of all elements of a type; 1 of a scalar, of what is empty or not known in size, and of pointers."""
    shape = shape_of(type_)
    if not shape or min(shape) <= 0 or getattr(getattr(type_, "element_type", None), "name", "") == "tt.ptr":
        return 1
    return prod(shape) * dtype_of(type_).carrier.itemsize


def writes_memory(op: Operation) -> bool:
    """Whether `op`, or anything in its regions, may change memory that a load could see."""
    return any(inner.name in WRITERS or inner.name.startswith(("tt.atomic", "simt.atomic")) for inner in op.walk())


WRITERS: set[str] = {
    "tt.store",
    "tt.call",
    "tt.descriptor_store",
    "tt.descriptor_reduce",
    "tt.descriptor_scatter",
    "ttng.async_tma_copy_local_to_global",
    "func.call",
    "linalg_ext.atomic_cas",
    "linalg_ext.atomic_rmw",
    "linalg_ext.scatter",
    "memref.atomic_rmw",
    "memref.generic_atomic_rmw",
    "memref.store",
    "memref.copy",
    "simt.atomic_store",
    "simt.store_global",
    "bufferization.materialize_in_destination",
}
"""Operations after which a view of memory may no longer show what it showed."""


def needs_snapshot(result: SSAValue) -> bool:
    """Whether a load must copy: something later in its block, or after it in a loop, may write before a last use.

    Uses are followed through every operation but those whose results are fresh arrays, and not into other blocks of
    the same region.
    """
    if not isinstance(result, OpResult):
        return True
    block = result.op.parent
    if block is None:
        return True
    following: set[SSAValue] = {result}
    last: Operation | None = None
    op = result.op.next_op
    while op is not None:
        uses = any(o in following for o in op.operands)
        if not uses and op.regions:
            uses = any(o in following for inner in op.walk() for o in inner.operands)
        if uses:
            last = op
            found = MEANINGS.get(op.name)
            if op.regions or op.next_op is None:
                # Inside a region the order is not followed; what a terminator hands on lives longer than the block.
                if op.regions and not writes_memory(op) and op.name == "tt.reduce":
                    op = op.next_op
                    continue
                return True
            if found is None or not found.fresh:
                following.update(op.results)
        op = op.next_op
    if any(block.find_ancestor_op_in_block(use.operation) is None for value in following for use in value.uses):
        return True
    op = result.op.next_op
    while op is not None and op is not last:
        if writes_memory(op):
            return True
        op = op.next_op
    return False
