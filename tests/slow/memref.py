"""The memref and bufferization dialects (MLIR's documentation of both): strided views of memory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod
from typing import Any

from xdsl.ir import Operation

from . import floats, integers
from .engine import Machine, Results, defined, extents, meaning
from .errors import SlowError
from .reading import DYNAMIC, attribute, constant, dtype, dtype_of, groups, keyword, segments, shape_of, symbol
from .reading import integers as integers_of
from .scalars import INDEX, UNDEFINED, DType, Float, Int, Scalar, Undefined
from .tensor import check_cast, collapsed, index_of, kept_dimensions, slice_of
from .values import Index, MemRef, Tensor, indices, row_major, size_of


def layout(type: Any, sizes: Index) -> tuple[int, Index]:
    """Offset and strides of a memref type that has these sizes; those left open are zero and row-major."""
    strided = getattr(type, "layout", None)
    if strided is None or not hasattr(strided, "strides"):
        return 0, row_major(sizes)
    dense = row_major(sizes)
    strides = tuple(getattr(s, "data", d) for s, d in zip(strided.strides, dense, strict=True))
    return getattr(strided.offset, "data", 0) or 0, tuple(
        d if s is None or s == DYNAMIC else s for s, d in zip(strides, dense, strict=True)
    )


def new_memref(machine: Machine, name: str, type: Any, sizes: Index) -> MemRef:
    """A new allocation as large as the type needs, its elements undefined."""
    if any(size < 0 for size in sizes):
        raise SlowError(f"a memref has the sizes {sizes}")
    offset, strides = layout(type, sizes)
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    element = dtype_of(type)
    count = last + 1 if prod(sizes) else 0
    return MemRef(machine.memory.allocate(name, count * size_of(element)), element, offset, sizes, strides)


def read(machine: Machine, source: MemRef) -> Tensor:
    """A snapshot of what a view shows."""
    return Tensor.generate(source.sizes, lambda index: machine.memory.load(source.address(index), source.dtype))


def write(machine: Machine, target: MemRef, elements: Tensor) -> None:
    if elements.shape != target.sizes:
        raise SlowError(f"a value of the shape {elements.shape} for memory of the sizes {target.sizes}")
    for index, element in zip(indices(target.sizes), elements.elements, strict=True):
        machine.memory.store(target.address(index), target.dtype, element)


@meaning("memref.alloc", "memref.alloca", "bufferization.alloc_buffer")
def _alloc(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    type = op.results[0].type
    shape = shape_of(type)
    assert shape is not None
    rank = sum(size == DYNAMIC for size in shape)
    return (
        new_memref(machine, op.results[0].name_hint or "a buffer", type, extents(shape, operands[:rank], "a size")),
    )


@meaning("memref.dealloc", "bufferization.dealloc_tensor")
def _dealloc(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    if isinstance(operands[0], MemRef) and prod(operands[0].sizes):
        machine.memory.free(operands[0].base)
    return ()


@meaning("memref.load")
def _load(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, *index = operands
    return (machine.memory.load(source.address(index_of(index)), source.dtype),)


@meaning("memref.store")
def _store(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    element, target, *index = operands
    machine.memory.store(target.address(index_of(index)), target.dtype, element)
    return ()


@meaning("memref.copy")
def _copy(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, target = operands
    write(machine, target, read(machine, source))
    return ()


@meaning("memref.subview")
def _subview(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,), *groups = segments(op, operands)
    offsets, sizes, strides = slice_of(op, groups)
    for start, size, stride, limit in zip(offsets, sizes, strides, source.sizes, strict=True):
        # Nothing of an empty view is ever touched.
        ends = (start, start + (size - 1) * stride)
        if prod(sizes) and not (min(ends) >= 0 and max(ends) < limit):
            raise SlowError(f"the view at {offsets} of the sizes {sizes} leaves a memref of the sizes {source.sizes}")
    kept = kept_dimensions(op, shape_of(op.results[0].type))
    steps = [stride * outer for stride, outer in zip(strides, source.strides, strict=True)]
    offset = source.offset + sum(start * outer for start, outer in zip(offsets, source.strides, strict=True))
    return (MemRef(source.base, source.dtype, offset, tuple(sizes[d] for d in kept), tuple(steps[d] for d in kept)),)


@meaning("memref.reinterpret_cast")
def _reinterpret_cast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The offset counts from the base of the source's allocation, not from the source's own offset."""
    (source,), *groups = segments(op, operands)
    (offset,), sizes, strides = slice_of(op, groups)
    return (MemRef(source.base, dtype(op.results[0]), offset, sizes, strides),)


@meaning("memref.cast")
def _cast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,), type = operands, op.results[0].type
    check_cast(source.sizes, shape_of(type))
    strided = getattr(type, "layout", None)
    if hasattr(strided, "strides"):
        claimed = [getattr(s, "data", None) for s in (strided.offset, *strided.strides)]  # pyright: ignore
        actual = (source.offset, *source.strides)
        if any(c not in (None, DYNAMIC, a) for c, a in zip(claimed, actual, strict=True)):
            raise SlowError(f"a cast of the offset and strides {actual} to {claimed}")
    return operands


@meaning("memref.memory_space_cast", "memref.assume_alignment")
def _same(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return operands[: len(op.results)]


@meaning("memref.view")
def _view(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Bytes seen as elements of another type."""
    source, shift, *dynamic = operands
    shape, element = shape_of(op.results[0].type), dtype(op.results[0])
    assert shape is not None
    sizes = extents(shape, dynamic, "a size")
    base = source.base + source.offset + defined(shift, "the shift of a view")
    return (MemRef(base, element, 0, sizes, row_major(sizes)),)


@meaning("memref.transpose")
def _transpose(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands
    order = attribute(op, "permutation").data.eval(range(len(source.sizes)), [])
    return (
        MemRef(
            source.base,
            source.dtype,
            source.offset,
            tuple(source.sizes[d] for d in order),
            tuple(source.strides[d] for d in order),
        ),
    )


@meaning("memref.expand_shape")
def _expand_shape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, *dynamic = operands
    sizes = extents(integers_of(op, "static_output_shape"), dynamic, "a size")
    strides: list[int] = []
    for outer, group in zip(source.strides, groups(op, "reassociation"), strict=True):
        strides += [stride * outer for stride in row_major([sizes[d] for d in group])]
    if collapsed(op, sizes) != source.sizes:
        raise SlowError(f"{source.sizes} expanded to {sizes}")
    return (MemRef(source.base, source.dtype, source.offset, sizes, tuple(strides)),)


@meaning("memref.collapse_shape")
def _collapse_shape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands
    strides: list[int] = []
    for group in groups(op, "reassociation"):
        # Unit dimensions say nothing about the distance of elements.
        wide = [d for d in group if source.sizes[d] != 1]
        for outer, inner in itertools.pairwise(wide):
            if source.strides[outer] != source.strides[inner] * source.sizes[inner]:
                raise SlowError(f"dimensions {group} of strides {source.strides} are not contiguous")
        strides.append(source.strides[wide[-1]] if wide else 1)
    return (MemRef(source.base, source.dtype, source.offset, collapsed(op, source.sizes), tuple(strides)),)


@meaning("memref.reshape")
def _reshape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, shape = operands
    sizes = index_of(read(machine, shape).elements)
    if prod(sizes) != prod(source.sizes):
        raise SlowError(f"{source.sizes} reshaped to {sizes}")
    return (MemRef(source.base, source.dtype, source.offset, sizes, row_major(sizes)),)


@meaning("memref.extract_strided_metadata")
def _metadata(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands
    base = MemRef(source.base, source.dtype, 0, (), ())
    return (base, *(INDEX.wrap(n) for n in (source.offset, *source.sizes, *source.strides)))


@meaning("memref.extract_aligned_pointer_as_index")
def _pointer(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (operands[0].base,)


@meaning("memref.get_global")
def _get_global(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    name = symbol(op, "name")
    if name not in machine.globals:
        definition = machine.symbols[name]
        type, value = attribute(definition, "type"), attribute(definition, "initial_value")
        shape = shape_of(type)
        assert shape is not None
        machine.globals[name] = buffer = new_memref(machine, name, type, shape)
        if hasattr(value, "get_values"):
            write(machine, buffer, Tensor(*constant(value)))  # pyright: ignore
    return (machine.globals[name],)


@meaning("memref.generic_atomic_rmw")
def _generic_atomic_rmw(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    target, *index = operands
    address = target.address(index_of(index))
    (after,) = machine.combine(op.regions[0], [machine.memory.load(address, target.dtype)])
    machine.memory.store(address, target.dtype, after)
    return (after,)


ATOMIC_KINDS = (
    *("addf", "addi", "assign", "maximumf", "maxs", "maxu", "minimumf", "mins"),
    *("minu", "mulf", "muli", "ori", "andi", "maxnumf", "minnumf", "xori"),
)


@meaning("memref.atomic_rmw")
def _atomic_rmw(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    element, target, *index = operands
    address = target.address(index_of(index))
    before = machine.memory.load(address, target.dtype)
    machine.memory.store(
        address, target.dtype, combine(keyword(op, "kind", ATOMIC_KINDS), target.dtype, before, element)
    )
    return (before,)


def combine(kind: str, t: DType, before: Scalar, element: Scalar) -> Scalar:
    """What an atomic update of a kind leaves in memory."""
    if kind == "assign":
        return element
    if isinstance(before, Undefined) or isinstance(element, Undefined):
        return UNDEFINED
    name = {"maxs": "maxsi", "mins": "minsi", "maxu": "maxui", "minu": "minui"}.get(kind, kind)
    if isinstance(t, Float):
        return floats.BINARY[name](t, before, element)
    assert isinstance(t, Int)
    return integers.BINARY[name](t, before, element)


@meaning("bufferization.to_tensor")
def _to_tensor(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """A snapshot: the value is what memory holds here and now."""
    return (read(machine, operands[0]),)


@meaning("bufferization.to_buffer", "bufferization.to_memref")
def _to_buffer(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """A buffer with the tensor's elements, of its own: what is written to it changes no tensor."""
    (tensor,) = operands
    buffer = new_memref(machine, "the buffer of a tensor", op.results[0].type, tensor.shape)
    write(machine, buffer, tensor)
    return (buffer,)


@meaning("bufferization.materialize_in_destination")
def _materialize(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, target = operands
    if isinstance(target, Tensor):
        return (source,)
    write(machine, target, source)
    return ()


@meaning("bufferization.alloc_tensor")
def _alloc_tensor(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    dynamic, copied, _ = segments(op, operands)
    if copied:
        return (copied[0],)
    shape = shape_of(op.results[0].type)
    assert shape is not None
    return (Tensor.full(extents(shape, dynamic, "a size"), UNDEFINED),)


@meaning("bufferization.clone")
def _clone(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    buffer = new_memref(machine, "a clone", op.results[0].type, operands[0].sizes)
    write(machine, buffer, read(machine, operands[0]))
    return (buffer,)
