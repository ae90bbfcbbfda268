"""What a loop computes the same way in every turn: the engine computes it once, in front of the loop.

Not to be confused with the pass `licm`, which moves work of the machine. Here the program stays as it is, and a clock
counts every operation where it stands; it is only Python that has less to do.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Block, Operation, SSAValue


def invariants(loop: Operation, moved: Container[Operation]) -> list[Operation]:
    """The operations of an scf.for, and of those in its body, whose results are the same in all of its turns.

    They only compute integers, one a program, which raises nothing whatever the operands are: it does not matter if
    the loop has no turn. moved: those that stand in front of a loop around this one already.
    """
    inside: set[SSAValue] = set()
    found: list[Operation] = []
    body = loop.regions[0].blocks[0]
    for op in loop.walk():
        for region in op.regions:
            for block in region.blocks:
                inside.update(block.args)
        if op not in moved:
            inside.update(op.results)
    for op in _always_run(body):
        if op not in moved and _only_computes(op) and inside.isdisjoint(op.operands):
            found.append(op)
            inside.difference_update(op.results)
    return found


def _always_run(block: Block) -> Iterator[Operation]:
    """The operations of a loop's body and of the loops in it, in their order."""
    for op in block.ops:
        if op.name == "scf.for":
            yield from _always_run(op.regions[0].blocks[0])
        else:
            yield op


def _only_computes(op: Operation) -> bool:
    return op.name.startswith("arith.") and all(
        isinstance(v.type, IntegerType | IndexType) for v in (*op.operands, *op.results)
    )
