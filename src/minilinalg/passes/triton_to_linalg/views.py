"""Boxes of a block, and what of an argument they are seen as: strided views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, NoneAttr, StridedLayoutAttr
from xdsl.ir import SSAValue

from minilinalg.analysis.index_expr import ONE, ZERO, Expr
from minilinalg.analysis.masks import Interval
from minilinalg.analysis.structured import Strided, Structured, Table, is_pointer
from minilinalg.dialects.upstream import memref
from minilinalg.passes.triton_to_linalg.conversion import Conversion, element_of

Box: TypeAlias = tuple[Interval, ...]
"""The part of a block between two bounds in each dimension."""


def is_full(interval: Interval, size: int) -> bool:
    """Whether an interval is always all of a dimension."""
    return interval.low == ZERO and interval.high.constant == size


def is_whole(box: Box, shape: Sequence[int]) -> bool:
    """Whether a box is always all of a block."""
    return all(is_full(interval, size) for interval, size in zip(box, shape, strict=True))


def base_of(pointer: Structured) -> SSAValue:
    """The pointer that is moved, or the table of them."""
    if pointer.base is not None:
        return pointer.base
    return next(term.vector for term in pointer.terms if isinstance(term, Table) and is_pointer(term.vector.type))


def view(c: Conversion, pointer: Structured, box: Box, indexed: int | None = None) -> SSAValue:
    """The elements in `box` as a strided view of the argument.

    Along the dimension `indexed` the view begins where the block does, whatever the box says, and has as many elements
    as the argument: an index may lead anywhere.
    """
    assert pointer.base is not None
    base = c.memory(base_of(pointer))
    offset, strides = pointer.offset, [ONE] * len(box)
    sizes: list[Expr | None] = []
    for d, (term, interval) in enumerate(zip(pointer.terms, box, strict=True)):
        assert isinstance(term, Strided)
        if d == indexed:
            strides[d] = term.stride
            sizes.append(None)
            continue
        offset = offset + interval.low * term.stride
        # Along a dimension of one element any stride will do.
        strides[d] = ONE if pointer.shape[d] == 1 else term.stride
        sizes.append(interval.size)
    return _reinterpreted(c, base, offset, sizes, strides)


def elements(c: Conversion, base: SSAValue, offset: Expr) -> SSAValue:
    """The argument as elements from `offset` on, as many as it has."""
    if offset == ZERO:
        return base
    return _reinterpreted(c, base, offset, [None], [ONE])


def _reinterpreted(
    c: Conversion, base: SSAValue, offset: Expr, extents: Sequence[Expr | None], strides: Sequence[Expr]
) -> SSAValue:
    """A view of the argument; a missing extent is that of the argument itself."""
    start = c.size(offset)
    sizes = [c.insert(memref.DimOp(base, c.number(0))).result if n is None else c.size(n) for n in extents]
    steps = [c.size(s) for s in strides]
    shape = [size if isinstance(size, int) else DYNAMIC_INDEX for size in sizes]
    layout = StridedLayoutAttr(
        [step if isinstance(step, int) else NoneAttr() for step in steps],
        start if isinstance(start, int) else NoneAttr(),
    )
    type = MemRefType(element_of(base.type), shape, layout)
    return c.insert(memref.ReinterpretCastOp.from_dynamic(base, [start], sizes, steps, type)).result
