"""Folding of operations that make tensors, move their elements or reinterpret them: no number is computed.

`SHAPE_FOLDS` is the part of `folding.FOLDS` for them. Constants whose elements differ are folded where the elements
stay in their order and their number: they are the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.constants import constant, constant_of
from minilinalg.dialects import tt
from minilinalg.dialects.upstream import arith

Folded: TypeAlias = Attribute | SSAValue | None
"""What an operation is: an attribute (a constant), a value that is there already, or None when that is not known."""
FoldFunction: TypeAlias = Callable[[Operation], Folded]


def _fold_uniform(op: Operation) -> Folded:
    """Every element of the result is an element of the operand: a constant that is the same everywhere stays so."""
    value = constant_of(op.operands[0])
    return None if value is None else constant(value, op.results[0].type)


def _fold_uniform_or_same(op: Operation) -> Folded:
    source = op.operands[0]
    return source if source.type == op.results[0].type else _fold_uniform(op)


def _fold_in_order(op: Operation) -> Folded:
    """The elements stay as they are, in row-major order, and only the shape may be another."""
    source, type = op.operands[0], op.results[0].type
    if source.type == type:
        return source
    owner = source.owner
    if isinstance(owner, arith.ConstantOp) and isinstance(dense := owner.properties["value"], DenseIntOrFPElementsAttr):
        static = isinstance(type, TensorType) and cast("TensorType[Any]", type).has_static_shape()
        return DenseIntOrFPElementsAttr(cast("TensorType[Any]", type), dense.data) if static else None
    return None


def _fold_trans(op: Operation) -> Folded:
    assert isinstance(op, tt.TransOp)
    order = op.get_order()
    return op.src if order == tuple(range(len(order))) else _fold_uniform(op)


def _fold_join(op: Operation) -> Folded:
    """The two halves of a tensor, joined again."""
    assert isinstance(op, tt.JoinOp)
    split = op.lhs.owner
    if isinstance(split, tt.SplitOp) and (op.lhs, op.rhs) == split.results and split.src.type == op.result.type:
        return split.src
    return None


def _fold_make_range(op: Operation) -> Folded:
    assert isinstance(op, tt.MakeRangeOp)
    start = op.start.value.data
    return constant(start, op.result.type) if op.end.value.data == start + 1 else None


def _fold_unsplat(op: Operation) -> Folded:
    splat = op.operands[0].owner
    return splat.src if isinstance(splat, tt.SplatOp) else _fold_uniform(op)


def _fold_splat(op: Operation) -> Folded:
    unsplat = op.operands[0].owner
    if isinstance(unsplat, tt.UnsplatOp) and unsplat.src.type == op.results[0].type:
        return unsplat.src
    return _fold_uniform(op)


def _fold_addptr(op: Operation) -> Folded:
    return op.operands[0] if constant_of(op.operands[1]) == 0 else None


def _fold_inverse(inverse: str) -> FoldFunction:
    """What `inverse` has made of a value, taken back."""

    def fold(op: Operation) -> Folded:
        inner = op.operands[0].owner
        if not isinstance(inner, Operation) or inner.name != inverse:
            return None
        return inner.operands[0] if inner.operands[0].type == op.results[0].type else None

    return fold


def _fold_same(op: Operation) -> Folded:
    return op.operands[0] if op.operands[0].type == op.results[0].type else None


SHAPE_FOLDS: Mapping[str, FoldFunction] = {
    "tt.splat": _fold_splat,
    "tt.unsplat": _fold_unsplat,
    "tt.expand_dims": _fold_in_order,
    "tt.broadcast": _fold_uniform_or_same,
    "tt.reshape": _fold_in_order,
    "tt.trans": _fold_trans,
    "tt.join": _fold_join,
    "tt.make_range": _fold_make_range,
    "tt.addptr": _fold_addptr,
    "tt.fp_to_fp": _fold_same,
    "tt.int_to_ptr": _fold_inverse("tt.ptr_to_int"),
    "tt.ptr_to_int": _fold_inverse("tt.int_to_ptr"),
    "tensor.extract": _fold_uniform,
    "tensor.splat": _fold_uniform,
    "tensor.expand_shape": _fold_in_order,
    "tensor.collapse_shape": _fold_in_order,
}
