"""Strided views: the memref operations that see a part of a buffer, or all of it in another shape, with their types."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, IntegerAttr, MemRefType, NoneAttr, StridedLayoutAttr
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.aliasing import Buffer
from minilinalg.dialects.upstream import arith, memref
from minilinalg.dialects.upstream.assembly import mixed

Size: TypeAlias = SSAValue | int
Slice: TypeAlias = tuple[Sequence[Size], Sequence[Size], Sequence[Size]]
"""Offsets, sizes and strides, one of each per dimension of the source."""


def buffer_type(value: SSAValue) -> Buffer:
    """The type of a value that is a memref."""
    return cast("Buffer", value.type)


def slice_of(op: Operation) -> Slice:
    """The bounds of a subview, an extract_slice or an insert_slice."""
    groups = {name: cast("Sequence[SSAValue]", getattr(op, name)) for name in ("offsets", "sizes", "strides")}
    lists = [mixed(cast("ArrayAttr", op.properties[f"static_{name}"]), values) for name, values in groups.items()]  # pyright: ignore
    return lists[0], lists[1], lists[2]


def subview(source: SSAValue, bounds: Slice, shape: Sequence[int] | None = None) -> memref.SubviewOp:
    """The view of `source` within `bounds`. `shape`: the result's, where dimensions of extent 1 are left out of it."""
    offsets, sizes, strides = bounds
    full = memref.SubviewOp.infer_result_type(buffer_type(source), offsets, sizes, strides)
    layout = cast("StridedLayoutAttr", full.layout)
    if shape is not None and tuple(shape) != full.get_shape():
        kept = _kept_dimensions(full.get_shape(), shape)
        layout = StridedLayoutAttr([layout.get_strides()[dim] for dim in kept], layout.get_offset())
    result = MemRefType(full.element_type, full.get_shape() if shape is None else shape, layout, full.memory_space)
    return memref.SubviewOp.get(source, offsets, sizes, strides, result)


def _kept_dimensions(full: Sequence[int], shape: Sequence[int]) -> list[int]:
    """Which dimensions of `full` are those of `shape`, when others of extent 1 were left out."""
    kept: list[int] = []
    for dim, extent in enumerate(full):
        if len(kept) < len(shape) and extent == shape[len(kept)]:
            kept.append(dim)
    return kept


def whole(source: SSAValue, sizes: Sequence[Size]) -> memref.SubviewOp:
    """The first `sizes` elements of `source` along each dimension."""
    return subview(source, ([0] * len(sizes), sizes, [1] * len(sizes)))


def sizes_of(value: SSAValue) -> tuple[list[Size], list[Operation]]:
    """The extents of a memref, and the operations that have to be inserted to know them."""
    shape = buffer_type(value).get_shape()
    if DYNAMIC_INDEX not in shape:
        return list(shape), []
    owner = value.owner
    if isinstance(owner, memref.ReinterpretCastOp | memref.SubviewOp):
        known = slice_of(owner)[1]
        if len(known) == len(shape):
            return list(known), []
    if isinstance(owner, memref.AllocOp):
        given = iter(owner.dynamic_sizes)
        return [next(given) if extent == DYNAMIC_INDEX else extent for extent in shape], []
    sizes: list[Size] = []
    ops: list[Operation] = []
    for dim, extent in enumerate(shape):
        if extent != DYNAMIC_INDEX:
            sizes.append(extent)
            continue
        index = arith.ConstantOp(IntegerAttr.from_index_int_value(dim))
        extent_op = memref.DimOp.from_source_and_index(value, index)
        ops += [index, extent_op]
        sizes.append(extent_op.result)
    return sizes, ops


def reassociation_of(op: Operation) -> list[list[int]]:
    """Which dimensions of the longer shape belong to each of the shorter one."""
    groups = cast("ArrayAttr[ArrayAttr[IntegerAttr]]", op.properties["reassociation"])
    return [[index.value.data for index in group] for group in groups]


def expanded_layout(source: Buffer, groups: Sequence[Sequence[int]], shape: Sequence[int]) -> Attribute | None:
    """The layout of `source` with each dimension split into a group of `shape`; None when a stride is not known."""
    if isinstance(source.layout, NoneAttr):
        return source.layout
    strides = source.get_strides()
    if strides is None:
        return None
    result: list[int | None] = [1] * len(shape)
    for stride, group in zip(strides, groups, strict=True):
        for dim in reversed(group):
            result[dim] = stride
            stride = None if stride is None or shape[dim] == DYNAMIC_INDEX else stride * shape[dim]
    return StridedLayoutAttr(result, source.get_offset())


def collapsed_layout(source: Buffer, groups: Sequence[Sequence[int]]) -> Attribute | None:
    """The layout of `source` with each group of dimensions made one; None when a group is not one run of elements."""
    if isinstance(source.layout, NoneAttr):
        return source.layout
    strides, shape = source.get_strides(), source.get_shape()
    if strides is None:
        return None
    result: list[int | None] = []
    for group in groups:
        inner = [dim for dim in group if shape[dim] != 1]
        for outer, dim in pairwise(inner):
            step = strides[dim]
            if step is None or shape[dim] == DYNAMIC_INDEX or strides[outer] != step * shape[dim]:
                return None
        result.append(strides[inner[-1]] if inner else strides[group[-1]] if group else 1)
    return StridedLayoutAttr(result, source.get_offset())
