"""What an instruction needs to know of a buffer: its space, its bytes, whether it is one run of elements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeAlias, cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    FixedBitwidthType,
    IndexType,
    MemRefType,
    NoneAttr,
    StridedLayoutAttr,
)
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.attributes import SpaceAttr

Buffer: TypeAlias = MemRefType[Attribute]
INDEX_BYTES = 8


def space_of(type: Buffer) -> str:
    """The name of the memory space of a memref type. Raises VerifyException when it has no `#simd.space`."""
    space = type.memory_space
    if not isinstance(space, SpaceAttr):
        raise VerifyException(f"{type} has no memory space; a buffer of an instruction is in a #simd.space<...>")
    return space.data


def element_type(type: Attribute) -> Attribute:
    """The type of a buffer's elements; the type itself when it is no buffer."""
    return cast(Buffer, type).element_type if isinstance(type, MemRefType) else type


def element_bytes(type: Attribute) -> int:
    """Bytes of one element in memory: an i1 takes one byte (0 or 1), other integers whole bytes, an index eight."""
    type = element_type(type)
    if isinstance(type, IndexType):
        return INDEX_BYTES
    if isinstance(type, FixedBitwidthType):
        return -(-type.bitwidth // 8)
    raise VerifyException(f"{type} is no element type of a buffer; a buffer holds integers, indices or floats")


def static_count(type: Buffer) -> int | None:
    """The number of elements, or None when a dimension is dynamic."""
    shape = type.get_shape()
    return None if DYNAMIC_INDEX in shape else prod(shape)


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides, in elements, of a dense array of static `shape`."""
    strides = [1] * len(shape)
    for dim in reversed(range(len(shape) - 1)):
        strides[dim] = strides[dim + 1] * shape[dim + 1]
    return tuple(strides)


def strides_of(type: Buffer) -> tuple[int | None, ...] | None:
    """Strides in elements, None where one is dynamic; None altogether for a layout that is not strided."""
    if isinstance(type.layout, StridedLayoutAttr):
        return tuple(type.layout.get_strides())
    if not isinstance(type.layout, NoneAttr):
        return None
    shape = type.get_shape()
    strides: list[int | None] = [1] * len(shape)
    for dim in reversed(range(len(shape) - 1)):
        inner, extent = strides[dim + 1], shape[dim + 1]
        strides[dim] = None if inner is None or extent == DYNAMIC_INDEX else inner * extent
    return tuple(strides)


def offset_of(type: Buffer) -> int | None:
    """Elements between the buffer's base and its first element, None when that is dynamic."""
    return type.layout.get_offset() if isinstance(type.layout, StridedLayoutAttr) else 0


def is_contiguous(type: Buffer) -> bool:
    """Whether a buffer of static shape is one gapless run of elements, at whatever offset."""
    shape, strides = type.get_shape(), strides_of(type)
    if strides is None or DYNAMIC_INDEX in shape:
        return False
    dense = row_major(shape)
    return all(extent == 1 or have == want for extent, have, want in zip(shape, strides, dense, strict=True))


def is_run(type: Buffer) -> bool:
    """Whether a buffer is one gapless run of elements, of which only the first extent may be dynamic."""
    shape, strides = type.get_shape(), strides_of(type)
    if strides is None or DYNAMIC_INDEX in shape[1:]:
        return False
    dense = row_major(shape)
    return all(extent == 1 or have == want for extent, have, want in zip(shape, strides, dense, strict=True))
