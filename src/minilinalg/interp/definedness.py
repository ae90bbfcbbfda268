"""Which elements of what a region computes are defined.

An operation's result is defined where all its operands are. A select is, where its condition and the side that is
taken are: `select(mask, x, 0)` is the usual way to give the masked-off elements of x a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.interp.dtypes import Array

Known = Array | None
"""True where an element is defined, with extents of 1 where that does not change; None: everywhere."""


def selects(block: Block) -> list[Operation]:
    """The selects whose conditions `defined` asks for, in order."""
    return [op for op in block.ops if op.name == "arith.select"]


def defined(
    block: Block, results: Sequence[SSAValue], arguments: Sequence[Known], conditions: Sequence[Any]
) -> list[Known]:
    """Where `results` are defined. arguments: of the block; conditions: the values of those of `selects(block)`."""
    known: dict[SSAValue, Known] = dict(zip(block.args, arguments, strict=True))
    holds = dict(zip(selects(block), conditions, strict=True))
    for op in block.ops:
        found = _select(op, holds[op], known) if op in holds else _all(op, known)
        if found is not None and found.all():
            found = None
        known.update(dict.fromkeys(op.results, found))
    return [known.get(result) for result in results]


def both(a: Known, b: Known) -> Known:
    """Where two things are defined."""
    return b if a is None else a if b is None else a & b


def _all(op: Operation, known: Mapping[SSAValue, Known]) -> Known:
    found: Known = None
    for inner in op.walk():
        for operand in inner.operands:
            found = both(found, known.get(operand))
    return found


def _select(op: Operation, holds: Any, known: Mapping[SSAValue, Known]) -> Known:
    condition, a, b = (known.get(operand) for operand in op.operands)
    if a is None and b is None:
        return condition
    taken = np.where(holds, True if a is None else a, True if b is None else b)
    return both(condition, taken)
