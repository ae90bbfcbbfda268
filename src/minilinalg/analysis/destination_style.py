"""Destination style: which operands an operation reads, and which it writes its results into.

An operation of linalg takes `ins` and `outs`; on tensors its results are tied to the `outs`, on buffers there are no
results. This is upstream's DestinationStyleOpInterface, as a table instead of one method per operation.
"""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, DenseArrayBase, MemRefType, TensorType
from xdsl.ir import Attribute, BlockArgument, Operation
from xdsl.ir.affine import AffineMap

_DIALECTS = ("linalg.", "linalg_ext.")
_PARTS = frozenset({"linalg.yield", "linalg.index", "linalg_ext.yield"})
_OVERWRITES = frozenset(
    {"linalg.fill", "linalg.copy", "linalg.broadcast", "linalg.transpose", "linalg.map", "linalg_ext.make_range"}
)
"""Operations that never look at what their destination held."""
_POINTWISE = frozenset(
    f"linalg.{name}"
    for name in (
        *("abs", "add", "ceil", "copy", "div", "div_unsigned", "elementwise", "erf", "exp", "floor", "log", "map"),
        *("max", "min", "mul", "negf", "powf", "reciprocal", "round", "rsqrt", "select", "sqrt", "square", "sub"),
        "tanh",
    )
)
"""Operations that read an element of each input to compute the same element of the output, and nothing else."""


def is_destination_style(op: Operation) -> bool:
    """Whether `op` computes from `ins` into `outs`."""
    return op.name.startswith(_DIALECTS) and op.name not in _PARTS


def first_destination(op: Operation) -> int:
    """The index of the first operand that is written; those before it are inputs."""
    segments = op.properties.get("operandSegmentSizes")
    if isinstance(segments, DenseArrayBase):
        return int(cast("tuple[int, ...]", segments.get_values())[0])
    if op.name == "linalg.reduce":
        return len(op.operands) // 2
    return len(op.operands) - 1


def destinations(op: Operation) -> range:
    """The indices of the operands that are written."""
    return range(first_destination(op), len(op.operands))


def reads_destination(op: Operation, index: int) -> bool:
    """Whether what the destination, operand `index`, held before decides about the result."""
    if op.name in _OVERWRITES:
        return False
    if op.name == "linalg.generic":
        return bool(_body_arg(op, index).uses)
    return op.name not in _POINTWISE


def reads_input(op: Operation, index: int) -> bool:
    """Whether the elements of input `index` are looked at (an input may only give the shape)."""
    return op.name != "linalg.generic" or bool(_body_arg(op, index).uses)


def indexing_map(op: Operation, index: int) -> AffineMap | None:
    """The map from the loops to the elements of operand `index`; None when the operation does not say."""
    maps = op.properties.get("indexing_maps")
    if not isinstance(maps, ArrayAttr):
        return None
    attr = cast("ArrayAttr[AffineMapAttr]", maps).data[index]
    return attr.data


def may_share(op: Operation, read: int, written: int) -> bool:
    """Whether operands `read` and `written` may be one buffer: each element is read before it is written.

    That is so when both are reached by the same map in every loop iteration and nothing is accumulated.
    """
    if op.name in _POINTWISE:
        return True
    if op.name != "linalg.generic":
        return False
    source, target = indexing_map(op, read), indexing_map(op, written)
    return source is not None and source == target and is_parallel(op)


def is_parallel(op: Operation) -> bool:
    """Whether no loop of a linalg.generic is a reduction."""
    kinds = op.properties.get("iterator_types")
    return isinstance(kinds, ArrayAttr) and all(
        str(getattr(kind, "data", kind)) == "parallel" for kind in cast("ArrayAttr[Attribute]", kinds).data
    )


def has_tensor(op: Operation) -> bool:
    """Whether an operand or result of `op` is a tensor."""
    return any(isinstance(value.type, TensorType) for value in (*op.operands, *op.results))


def has_buffer(op: Operation) -> bool:
    """Whether an operand or result of `op` is a memref."""
    return any(isinstance(value.type, MemRefType) for value in (*op.operands, *op.results))


def _body_arg(op: Operation, index: int) -> BlockArgument:
    return op.regions[0].block.args[index]
