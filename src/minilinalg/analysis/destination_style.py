"""Destination style: which operands an operation reads, and which it writes its results into.

An operation of linalg takes `ins` and `outs`; on tensors its results are tied to the `outs`, on buffers there are no
results. This is upstream's DestinationStyleOpInterface; what a structured operation reads is seen from its body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, DenseArrayBase
from xdsl.ir import Attribute, Operation
from xdsl.ir.affine import AffineMap

_DIALECTS = ("linalg.", "linalg_ext.")
_PARTS = frozenset({"linalg.yield", "linalg.index", "linalg_ext.yield"})
_OVERWRITES = frozenset({"linalg_ext.make_range", "linalg_ext.pad"})
"""Operations without a body to ask that never look at what their destination held."""


def is_destination_style(op: Operation) -> bool:
    """Whether `op` computes from `ins` into `outs`."""
    return op.name.startswith(_DIALECTS) and op.name not in _PARTS


def first_destination(op: Operation) -> int:
    """The index of the first operand that is written; those before it are inputs."""
    segments = op.properties.get("operandSegmentSizes")
    if isinstance(segments, DenseArrayBase):
        return int(segments.get_values()[0])
    if op.name == "linalg.reduce":
        return len(op.operands) // 2
    return len(op.operands) - 1


def destinations(op: Operation) -> range:
    """The indices of the operands that are written."""
    return range(first_destination(op), len(op.operands))


def reads_destination(op: Operation, index: int) -> bool:
    """Whether what the destination, operand `index`, held before decides about the result."""
    if op.name in _OVERWRITES or getattr(op, "overwrites_outputs", False):
        return False
    return _is_used(op, index)


def reads_input(op: Operation, index: int) -> bool:
    """Whether the elements of input `index` are looked at (an input may only give the shape)."""
    return _is_used(op, index)


def indexing_map(op: Operation, index: int) -> AffineMap | None:
    """The map from the loops to the elements of operand `index`; None when the operation does not say."""
    maps = cast("Callable[[], ArrayAttr[AffineMapAttr]] | None", getattr(op, "get_indexing_maps", None))
    return None if maps is None else maps().data[index].data


def is_parallel(op: Operation) -> bool:
    """Whether `op` is a loop nest without reductions: each output element is computed on its own."""
    kinds = cast("Callable[[], ArrayAttr[Attribute]] | None", getattr(op, "get_iterator_types", None))
    return kinds is not None and all(str(getattr(kind, "data", kind)) == "parallel" for kind in kinds())


def may_share(op: Operation, read: int, written: int) -> bool:
    """Whether operands `read` and `written` may be one buffer: each element is read before it is written.

    That is so when every iteration reaches the same element of both and nothing is accumulated.
    """
    source, target = indexing_map(op, read), indexing_map(op, written)
    return source is not None and source == target and is_parallel(op)


def _is_used(op: Operation, index: int) -> bool:
    """Whether the body uses the element of operand `index`; an operation without a body uses all."""
    return not op.regions or not op.regions[0].blocks or bool(op.regions[0].block.args[index].uses)
