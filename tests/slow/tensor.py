"""The tensor dialect (MLIR's documentation of `tensor`): tensors are values, never changed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, extents, meaning, signed
from .errors import SlowError
from .reading import DYNAMIC, groups, integer, integers, segments, shape_of
from .scalars import INDEX, UNDEFINED, Scalar
from .values import Index, Tensor, flat, indices


def _result_shape(op: Operation, dynamic: Sequence[Scalar]) -> Index:
    """The shape of the result's type, its dynamic sizes given by operands."""
    shape = shape_of(op.results[0].type)
    assert shape is not None
    return extents(shape, dynamic, "a size")


@meaning("tensor.empty")
def _empty(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor.full(_result_shape(op, operands), UNDEFINED),)


@meaning("tensor.splat")
def _splat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor.full(_result_shape(op, operands[1:]), operands[0]),)


@meaning("tensor.from_elements")
def _from_elements(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor(_result_shape(op, ()), list(operands)),)


@meaning("tensor.generate")
def _generate(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    shape = _result_shape(op, operands)
    return (Tensor.generate(shape, lambda index: machine.combine(op.regions[0], index)[0]),)


def index_of(operands: Sequence[Scalar]) -> Index:
    return tuple(signed(operand, "an index") for operand in operands)


@meaning("tensor.extract")
def _extract(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, *index = operands
    return (source[index_of(index)],)


@meaning("tensor.insert")
def _insert(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    element, target, *index = operands
    return (target.with_element(index_of(index), element),)


@meaning("tensor.dim", "memref.dim")
def _dim(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    shaped, dimension = operands
    return (shaped.shape[flat((len(shaped.shape),), index_of([dimension]))],)


@meaning("tensor.rank", "memref.rank")
def _rank(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (len(operands[0].shape),)


@meaning("tensor.cast")
def _cast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (tensor,), shape = operands, shape_of(op.results[0].type)
    check_cast(tensor.shape, shape)
    return operands


def check_cast(actual: Index, claimed: Index | None) -> None:
    """A cast to a more static type is a claim about sizes."""
    if claimed is None or len(actual) != len(claimed):
        raise SlowError(f"a cast of the shape {actual} to {claimed}")
    if any(size not in (DYNAMIC, given) for given, size in zip(actual, claimed, strict=True)):
        raise SlowError(f"a cast of the shape {actual} to {claimed}")


@meaning("tensor.bitcast")
def _bitcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return operands


def slice_of(op: Operation, groups: Sequence[Sequence[Scalar]]) -> tuple[Index, Index, Index]:
    """Offsets, sizes and strides of an operation on slices, from its static lists and its dynamic operands."""
    offsets, sizes, strides = (
        extents(integers(op, f"static_{name}"), given, f"a slice's {name}")
        for name, given in zip(("offsets", "sizes", "strides"), groups, strict=True)
    )
    if any(size < 0 for size in sizes):
        raise SlowError(f"a slice has the sizes {sizes}")
    return offsets, sizes, strides


def kept_dimensions(op: Operation, claimed: Index | None) -> tuple[int, ...]:
    """Which dimensions of a slice are left in a type of lower rank: those dropped have the static size 1."""
    sizes = integers(op, "static_sizes")
    assert claimed is not None
    for kept in itertools.combinations(range(len(sizes)), len(claimed)):
        dropped = set(range(len(sizes))) - set(kept)
        if all(sizes[d] == 1 for d in dropped) and all(claimed[k] in (sizes[d], DYNAMIC) for k, d in enumerate(kept)):
            return kept
    raise SlowError(f"a slice of the sizes {sizes} as a value of shape {claimed}")


def slice_positions(shape: Index, offsets: Index, sizes: Index, strides: Index) -> list[int]:
    """The row-major positions in `shape` that a slice covers, in the order of the slice."""
    return [
        flat(shape, [offset + i * stride for offset, i, stride in zip(offsets, index, strides, strict=True)])
        for index in indices(sizes)
    ]


@meaning("tensor.extract_slice")
def _extract_slice(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,), *groups = segments(op, operands)
    offsets, sizes, strides = slice_of(op, groups)
    shape = [sizes[d] for d in kept_dimensions(op, shape_of(op.results[0].type))]
    elements = [source.elements[position] for position in slice_positions(source.shape, offsets, sizes, strides)]
    return (Tensor(tuple(shape), elements),)


def insert_slice(op: Operation, operands: Sequence[Any]) -> tuple[Tensor, list[int]]:
    """For an insertion: the source, and the row-major positions of its elements in the destination."""
    (source,), (target,), *groups = segments(op, operands)
    offsets, sizes, strides = slice_of(op, groups)
    if prod(sizes) != len(source.elements):
        raise SlowError(f"a tensor of the shape {source.shape} for a slice of the sizes {sizes}")
    return source, slice_positions(target.shape, offsets, sizes, strides)


@meaning("tensor.insert_slice")
def _insert_slice(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, positions = insert_slice(op, operands)
    elements = list(operands[1].elements)
    for position, element in zip(positions, source.elements, strict=True):
        elements[position] = element
    return (Tensor(operands[1].shape, elements),)


@meaning("tensor.expand_shape")
def _expand_shape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, *dynamic = operands
    return (source.reshaped(extents(integers(op, "static_output_shape"), dynamic, "a size")),)


def collapsed(op: Operation, shape: Index) -> Index:
    """The shape after the dimensions of each group have become one."""
    return tuple(prod(shape[dimension] for dimension in group) for group in groups(op, "reassociation"))


@meaning("tensor.collapse_shape")
def _collapse_shape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands
    return (source.reshaped(collapsed(op, source.shape)),)


@meaning("tensor.reshape")
def _reshape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, shape = operands
    return (source.reshaped(index_of(shape.elements)),)


@meaning("tensor.pad")
def _pad(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,), low, high = segments(op, operands)
    low = extents(integers(op, "static_low"), low, "a padding")
    high = extents(integers(op, "static_high"), high, "a padding")

    def element(index: Index) -> Scalar:
        inner = tuple(i - before for i, before in zip(index, low, strict=True))
        if all(0 <= i < size for i, size in zip(inner, source.shape, strict=True)):
            return source[inner]
        return machine.combine(op.regions[0], [INDEX.wrap(i) for i in index])[0]

    return (Tensor.generate([sum(sizes) for sizes in zip(low, source.shape, high, strict=True)], element),)


@meaning("tensor.concat")
def _concat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (concatenate(operands, integer(op, "dim")),)


def concatenate(tensors: Sequence[Tensor], axis: int) -> Tensor:
    """Tensors one behind the other along a dimension."""
    first = tensors[0].shape
    shape = (*first[:axis], sum(tensor.shape[axis] for tensor in tensors), *first[axis + 1 :])

    def element(index: Index) -> Scalar:
        i = index[axis]
        for tensor in tensors:
            if i < tensor.shape[axis]:
                return tensor[(*index[:axis], i, *index[axis + 1 :])]
            i -= tensor.shape[axis]
        raise AssertionError

    return Tensor.generate(shape, element)


@meaning("tensor.gather")
def _gather(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The last dimension of the indices is a point in `gather_dims`; the others of the source are copied whole."""
    source, points = operands
    dims = integers(op, "gather_dims")
    batch, shape = points.shape[:-1], shape_of(op.results[0].type)
    assert shape is not None
    rest = [d for d in range(len(source.shape)) if d not in dims]
    keeps_units = len(shape) == len(batch) + len(source.shape)

    def element(index: Index) -> Scalar:
        chosen = dict(zip(dims, index_of([points[(*index[: len(batch)], k)] for k in range(len(dims))]), strict=True))
        tail = index[len(batch) :]
        inner = {d: tail[d if keeps_units else rest.index(d)] for d in rest}
        return source[[chosen.get(d, inner.get(d, 0)) for d in range(len(source.shape))]]

    return (Tensor.generate(shape, element),)


@meaning("tensor.scatter")
def _scatter(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """tensor.gather the other way: slices of the source replace those at the points, which the op promises to be
    different ones."""
    source, target, points = operands
    dims = integers(op, "scatter_dims")
    batch = points.shape[:-1]
    rest = [d for d in range(len(target.shape)) if d not in dims]
    keeps_units = len(source.shape) == len(batch) + len(target.shape)
    elements = list(target.elements)
    for index in indices(source.shape):
        chosen = dict(zip(dims, index_of([points[(*index[: len(batch)], k)] for k in range(len(dims))]), strict=True))
        tail = index[len(batch) :]
        inner = {d: tail[d if keeps_units else rest.index(d)] for d in rest}
        elements[flat(target.shape, [chosen.get(d, inner.get(d, 0)) for d in range(len(target.shape))])] = source[index]
    return (Tensor(target.shape, elements),)
