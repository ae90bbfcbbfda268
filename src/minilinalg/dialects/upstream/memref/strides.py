"""Strided layouts: where the elements of a memref lie.

Element `[i, j]` is `offset + i * strides[0] + j * strides[1]` elements from the start of the buffer. A stride or an
offset that is known only when the program runs is None here, `?` in text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, NoneAttr, ShapedType, StridedLayoutAttr
from xdsl.ir import Attribute


class Strides(NamedTuple):
    """The layout of a memref, in elements."""

    strides: tuple[int | None, ...]
    offset: int | None

    def __str__(self) -> str:
        strides = ", ".join("?" if stride is None else str(stride) for stride in self.strides)
        return f"strided<[{strides}], offset: {'?' if self.offset is None else self.offset}>"


def strides_of(type_: MemRefType[Attribute]) -> Strides | None:
    """The strides and the offset of a memref type, or None for a layout that has none (an affine map)."""
    layout = type_.layout
    if isinstance(layout, NoneAttr):
        return Strides(tuple(ShapedType.strides_for_shape(type_.get_shape())), 0)
    if isinstance(layout, StridedLayoutAttr):
        return Strides(tuple(layout.get_strides()), layout.get_offset())
    return None


def with_strides(type_: MemRefType[Attribute], shape: Sequence[int], layout: Strides) -> MemRefType[Attribute]:
    """A memref of another shape and layout, with the elements and the memory space of `type_`."""
    return MemRefType(type_.element_type, shape, StridedLayoutAttr(layout.strides, layout.offset), type_.memory_space)


def collapsed(layout: Strides, shape: Sequence[int], groups: Sequence[Sequence[int]]) -> Strides | None:
    """The layout with each of `groups` of dimensions merged into one; None where their elements are known to lie apart.

    `shape` is that of the memref before; the step along a dimension of one element says nothing.
    """
    strides: list[int | None] = []
    for group in groups:
        dims = list(group)
        while len(dims) > 1 and shape[dims[-1]] == 1:
            dims.pop()
        # A last dimension of a size that is not known may turn out to have one element.
        known = len(dims) == 1 or shape[dims[-1]] != DYNAMIC_INDEX
        strides.append(layout.strides[dims[-1]] if known else None)
        step = strides[-1]
        for outer, inner in zip(reversed(group[:-1]), reversed(group[1:]), strict=True):
            step = _product(step, None if shape[inner] == DYNAMIC_INDEX else shape[inner])
            if shape[outer] != 1 and None not in (step, layout.strides[outer]) and step != layout.strides[outer]:
                return None
    return Strides(tuple(strides), layout.offset)


def expanded(layout: Strides, shape: Sequence[int], groups: Sequence[Sequence[int]]) -> Strides:
    """The layout with each dimension split into one of `groups`; `shape` is that of the memref after."""
    strides: dict[int, int | None] = {}
    for group, stride in zip(groups, layout.strides, strict=True):
        for dim in reversed(group):
            strides[dim] = stride
            stride = _product(stride, None if shape[dim] == DYNAMIC_INDEX else shape[dim])
    return Strides(tuple(strides[dim] for dim in range(len(shape))), layout.offset)


def _product(*factors: int | None) -> int | None:
    if 0 in factors:
        return 0
    result = 1
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result


def slice_of(layout: Strides, offsets: Sequence[int | None], steps: Sequence[int | None]) -> Strides:
    """The layout of a slice that starts at `offsets` and goes in `steps`; None stands for a value of the program."""
    moved = [_product(offset, stride) for offset, stride in zip(offsets, layout.strides, strict=True)]
    parts = [layout.offset, *moved]
    known = [part for part in parts if part is not None]
    return Strides(
        tuple(_product(step, stride) for step, stride in zip(steps, layout.strides, strict=True)),
        sum(known) if len(known) == len(parts) else None,
    )
