"""Whether the course of a program depends on what stands in memory: its branches, loops, addresses and sizes.

That of most kernels does not. Their cycles can be counted without computing a single element.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Operation, OpResult, SSAValue

from minilinalg.analysis.aliasing import VIEWS
from minilinalg.analysis.bases import carried_from
from minilinalg.dialects import simd

INDICES = {"memref.load": 1, "memref.store": 2}
"""Operations that touch one element, and the operand at which its indices begin."""


def course_depends_on_data(function: Operation) -> bool:
    """Whether anything that decides which instructions run, where and on how much, was read from memory."""
    seen: set[SSAValue] = set()
    return any(_is_opaque(op) or any(_was_read(v, seen) for v in _decisive(op)) for op in function.walk())


def _is_opaque(op: Operation) -> bool:
    """Whether an operation looks at elements by itself to decide what to do, or calls what may."""
    return (isinstance(op, simd.Indexed) and op.mask is not None) or op.name == "func.call"


def _decisive(op: Operation) -> Iterator[SSAValue]:
    """The operands that decide about the course of the program."""
    if op.name == "scf.for":
        yield from op.operands[:3]
    elif op.name in ("scf.if", "scf.condition", "scf.index_switch", "cf.cond_br"):
        yield op.operands[0]
    elif op.name in VIEWS:
        yield from op.operands[1:]
    elif op.name == "address.to_memref":
        yield from op.operands
    elif op.name in INDICES:
        yield from op.operands[INDICES[op.name] :]


def _was_read(value: SSAValue, seen: set[SSAValue]) -> bool:
    """Whether a value, or something that it was computed from, was read from memory. seen: asked about before."""
    work = [value]
    while work:
        value = work.pop()
        if value in seen:
            continue
        seen.add(value)
        sources = carried_from(value)
        if sources is not None:
            work.extend(sources)
        elif isinstance(value, OpResult):
            if value.op.name == "memref.load" or value.op.regions:
                return True
            work.extend(value.op.operands)
    return False
