"""Operations that make tensors and move their elements: linalg.fill, broadcast and transpose, and tensor's reshapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, cast

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, SSAValue

from minilinalg.analysis.constants import constant, constant_of
from minilinalg.dialects import tt
from minilinalg.dialects.upstream import arith, linalg, tensor
from minilinalg.dialects.upstream.assembly import index_list
from minilinalg.dialects.upstream.reshape import reassociation
from minilinalg.passes.triton_to_linalg.addresses import value_in
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, as_tensor, data_type, element_of
from minilinalg.passes.triton_to_linalg.elementwise import index_tensor
from minilinalg.passes.triton_to_linalg.generic import empty, filled


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor."""
    type = as_tensor(value.type)
    assert type is not None
    return type.get_shape()


# Reassociations


def groups(old: Sequence[int], new: Sequence[int]) -> list[list[int]] | None:
    """For each dimension of `old` the dimensions of `new` that it splits into, None when `new` is no such split.

    A dimension of size 1 goes to the group before it, or to the first one.
    """
    result: list[list[int]] = [[] for _ in old]
    position = 0
    for group, size in zip(result, old, strict=True):
        covered = 1
        while position < len(new) and (not group or covered < size):
            covered *= new[position]
            group.append(position)
            position += 1
        if covered != size or not group:
            return None
    if not old:
        return [] if prod(new) == 1 else None
    while position < len(new):
        if new[position] != 1:
            return None
        result[-1].append(position)
        position += 1
    return result


def expanded(c: Conversion, value: SSAValue, shape: Sequence[int], split: Sequence[Sequence[int]]) -> SSAValue:
    """The tensor in a shape into which each of its dimensions splits."""
    type = TensorType(element_of(value.type), shape)
    return c.insert(tensor.ExpandShapeOp(value, (), reassociation(split), shape, type)).result


def collapsed(c: Conversion, value: SSAValue, shape: Sequence[int], joined: Sequence[Sequence[int]]) -> SSAValue:
    """The tensor in a shape that joins neighbouring dimensions."""
    source = value.owner
    if isinstance(source, tensor.ExpandShapeOp) and shape_of(source.src) == tuple(shape):
        return source.src
    type = TensorType(element_of(value.type), shape)
    properties = {"reassociation": reassociation(joined)}
    return c.insert(tensor.CollapseShapeOp.create(operands=[value], result_types=[type], properties=properties)).result


def reshaped(c: Conversion, value: SSAValue, shape: Sequence[int]) -> SSAValue:
    """The same elements in row-major order in another shape of as many elements."""
    old = shape_of(value)
    if old == tuple(shape):
        return value
    if (split := groups(old, shape)) is not None:
        return expanded(c, value, shape, split)
    if (joined := groups(shape, old)) is not None:
        return collapsed(c, value, shape, joined)
    flat = (prod(shape),)
    return reshaped(c, reshaped(c, value, flat), shape)


def broadcast(c: Conversion, value: SSAValue, type: Attribute, dimensions: Sequence[int]) -> SSAValue:
    """The tensor repeated along `dimensions` of the result, which it does not have."""
    dims = DenseArrayBase.from_list(i64, dimensions)
    return c.insert(linalg.BroadcastOp(value, empty(c, type), dims)).results[0]


def transposed(c: Conversion, value: SSAValue, order: Sequence[int]) -> SSAValue:
    """The tensor whose dimension i is dimension `order[i]` of `value`."""
    if list(order) == sorted(order):
        return value
    shape = shape_of(value)
    into = empty(c, TensorType(element_of(value.type), [shape[d] for d in order]))
    return c.insert(linalg.TransposeOp(value, into, DenseArrayBase.from_list(i64, order))).results[0]


# Handlers


def _constant(c: Conversion, op: Any) -> None:
    number = constant_of(op.result) if as_tensor(op.result.type) is not None else None
    if number is not None and (scalar := constant(number, element_of(op.result.type))) is not None:
        c.bind(op.result, filled(c, scalar_constant(c, scalar), op.result.type))
    else:
        c.bind(op.result, c.insert(op.clone()).result)


def scalar_constant(c: Conversion, value: Attribute) -> SSAValue:
    """A number as a value."""
    assert isinstance(value, IntegerAttr | FloatAttr)
    return c.insert(arith.ConstantOp(cast("IntegerAttr | FloatAttr", value))).result


def _make_range(c: Conversion, op: tt.MakeRangeOp) -> None:
    c.bind(op.result, index_tensor(c, op.result.type, op.start.value.data))


def _splat(c: Conversion, op: tt.SplatOp) -> None:
    c.bind(op.result, filled(c, c.value(op.src), data_type(op.result.type)))


def _unsplat(c: Conversion, op: tt.UnsplatOp) -> None:
    source = c.value(op.src)
    zeros = [c.number(0)] * len(shape_of(source))
    c.bind(op.result, c.insert(tensor.ExtractOp(source, zeros, data_type(op.result.type))).result)


def _reshape(c: Conversion, op: Any) -> None:
    c.bind(op.result, reshaped(c, c.value(op.src), shape_of(op.result)))


def _broadcast(c: Conversion, op: tt.BroadcastOp) -> None:
    source = c.value(op.src)
    old, new = shape_of(source), shape_of(op.result)
    grown = [d for d in range(len(old)) if old[d] != new[d]]
    if not grown:
        c.bind(op.result, source)
        return
    kept = tuple(size for d, size in enumerate(old) if d not in grown)
    c.bind(op.result, broadcast(c, reshaped(c, source, kept), data_type(op.result.type), grown))


def _transpose(c: Conversion, op: tt.TransOp) -> None:
    c.bind(op.result, transposed(c, c.value(op.src), op.get_order()))


def _join(c: Conversion, op: tt.JoinOp) -> None:
    """The two operands go into the two slices along the new last dimension."""
    shape = shape_of(op.lhs)
    halves = [reshaped(c, value_in(c, side, op.result), (*shape, 1)) for side in (op.lhs, op.rhs)]
    c.bind(op.result, _side_by_side(c, halves, data_type(op.result.type), len(shape)))


def _cat(c: Conversion, op: tt.CatOp) -> None:
    c.bind(
        op.result,
        _side_by_side(c, [value_in(c, side, op.result) for side in (op.lhs, op.rhs)], data_type(op.result.type), 0),
    )


def _side_by_side(c: Conversion, parts: Sequence[SSAValue], type: Attribute, dim: int) -> SSAValue:
    result = empty(c, type)
    start = 0
    for part in parts:
        sizes = shape_of(part)
        offsets = [start if d == dim else 0 for d in range(len(sizes))]
        result = insert_slice(c, part, result, offsets, sizes)
        start += sizes[dim]
    return result


def _split(c: Conversion, op: tt.SplitOp) -> None:
    source = c.value(op.src)
    shape = shape_of(source)[:-1]
    for half, result in enumerate((op.out_lhs, op.out_rhs)):
        if result in c.demand.data:
            part = extract_slice(c, source, [*(0 for _ in shape), half], [*shape, 1])
            c.bind(result, reshaped(c, part, shape))


def insert_slice(
    c: Conversion,
    part: SSAValue,
    whole: SSAValue,
    offsets: Sequence[SSAValue | int],
    sizes: Sequence[SSAValue | int],
) -> SSAValue:
    """`whole` with `part` put in at `offsets`."""
    at, extents = index_list(offsets), index_list(sizes)
    properties = {"static_offsets": at.static, "static_sizes": extents.static, "static_strides": _ones(sizes)}
    slice = tensor.InsertSliceOp.build(
        operands=[part, whole, at.dynamic, extents.dynamic, []], properties=properties, result_types=[whole.type]
    )
    return c.insert(slice).result


def _ones(like: Sequence[object]) -> DenseArrayBase:
    return DenseArrayBase.from_list(i64, [1] * len(like))


def extract_slice(
    c: Conversion, whole: SSAValue, offsets: Sequence[SSAValue | int], sizes: Sequence[SSAValue | int]
) -> SSAValue:
    """The part of `whole` at `offsets`."""
    type = tensor.ExtractSliceOp.infer_result_type(whole.type, sizes)  # pyright: ignore
    return c.insert(tensor.ExtractSliceOp(whole, offsets, sizes, [1] * len(sizes), type)).result


HANDLERS: Mapping[str, Handler] = {
    "arith.constant": _constant,
    "tt.broadcast": _broadcast,
    "tt.cat": _cat,
    "tt.expand_dims": _reshape,
    "tt.join": _join,
    "tt.make_range": _make_range,
    "tt.reshape": _reshape,
    "tt.splat": _splat,
    "tt.split": _split,
    "tt.trans": _transpose,
    "tt.unsplat": _unsplat,
}
