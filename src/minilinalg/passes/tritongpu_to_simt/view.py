"""Where a view of shared memory lies: a base, and a linear map from the indices of an element to its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xdsl.ir import Attribute, SSAValue

from minilinalg.layouts.linear import OFFSET, LinearLayout, dim_names

Padding = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class View:
    """The element at some indices lies `places(indices) ^ origin` elements behind the byte address `base`, an i32.

    places: from dim0, dim1 ... to the offset, in elements. origin: where the first element of a part lies. padding:
    (interval, elements) pairs: behind every so many elements so many are left free.
    """

    base: SSAValue
    element: Attribute
    places: LinearLayout
    origin: int = 0
    padding: Padding = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of what is seen."""
        return tuple(self.places.in_size(name) for name in self.places.in_names)

    @property
    def reach(self) -> int:
        """The bits that places may have, in elements."""
        total = 0
        for mask in self.places.columns:
            total |= mask
        return total

    def part(self, offsets: Sequence[int], shape: Sequence[int]) -> View | None:
        """A part of it; None unless each offset is a multiple of the size there, so that their bits do not meet."""
        if any(offset % size for offset, size in zip(offsets, shape, strict=True)):
            return None
        (moved,) = self.places.apply(**dict(zip(self.places.in_names, offsets, strict=True)))
        kept = tuple(
            (name, masks[: size.bit_length() - 1]) for (name, masks), size in zip(self.places.ins, shape, strict=True)
        )
        return replace(self, places=LinearLayout(kept, self.places.outs), origin=self.origin ^ moved)

    def transposed(self, order: Sequence[int]) -> View:
        """Dimension i of the result is dimension `order[i]`."""
        masks = [self.places.ins[dim][1] for dim in order]
        ins = tuple(zip(dim_names(len(order)), masks, strict=True))
        return replace(self, places=LinearLayout(ins, self.places.outs))

    def reshaped(self, shape: Sequence[int]) -> View:
        """As many elements in another shape, the last dimension fastest in both."""
        masks = [mask for _, masks in reversed(self.places.ins) for mask in masks]
        ins: list[tuple[str, tuple[int, ...]]] = []
        for name, size in reversed(list(zip(dim_names(len(shape)), shape, strict=True))):
            bits = size.bit_length() - 1
            ins.append((name, tuple(masks[:bits])))
            masks = masks[bits:]
        return replace(self, places=LinearLayout(tuple(reversed(ins)), self.places.outs))

    def of_registers(self, layout: LinearLayout) -> LinearLayout:
        """From register, lane and warp of a tensor that has the shape of the view to offsets, in elements."""
        return layout.compose(self.places)


def places_of_layout(linear: LinearLayout) -> LinearLayout:
    """From indices to the offset, of a layout of offset and block that holds each element once."""
    return linear.pseudo_inverse().restricted(linear.out_names, [OFFSET])
