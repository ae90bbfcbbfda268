"""Through which arguments of a kernel an address may lead."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, BlockArgument, OpResult, SSAValue

from minilinalg.abi import Parameter
from minilinalg.interp.binding import ADDRESSED

READS = ("simt.load", "simt.atomic", "simt.ldmatrix")


def arguments_behind(address: SSAValue, entry: Block, parameters: Sequence[Parameter]) -> frozenset[str] | None:
    """The arrays among the arguments that an address, or a tensor map, may be computed from; None: perhaps any.

    A number that is read from memory counts as an index, and as a pointer only where there is no other one.
    """
    found: set[str] = set()
    seen: set[SSAValue] = set()
    work = [address]
    while work:
        value = work.pop()
        if value in seen:
            continue
        seen.add(value)
        if isinstance(value, OpResult):
            if not value.op.name.startswith(READS):
                work.extend(value.op.operands)
                work.extend(o for region in value.op.regions for block in region.blocks for o in _handed_on(block))
            continue
        assert isinstance(value, BlockArgument)
        block = value.block
        if block is entry:
            if value.index < len(parameters) and parameters[value.index].kind in ADDRESSED:
                found.add(parameters[value.index].name)
            continue
        region, around = block.parent, block.parent_op()
        if region is None or around is None or around.name == "func.func" or len(region.blocks) > 1:
            # What a call or a branch hands on.
            return None
        work.extend(around.operands)
        work.extend(o for region in around.regions for each in region.blocks for o in _handed_on(each))
    return frozenset(found) or None


def _handed_on(block: Block) -> Sequence[SSAValue]:
    return () if block.last_op is None else block.last_op.operands
