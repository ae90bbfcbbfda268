"""Strided layouts: where the elements of a memref lie.

Element `[i, j]` is `offset + i * strides[0] + j * strides[1]` elements from the start of the buffer. A stride or an
offset that is known only when the program runs is None here, `?` in text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import MemRefType, NoneAttr, ShapedType, StridedLayoutAttr
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
