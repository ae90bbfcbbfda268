"""What a target's unit for copies of tiles can do with a descriptor."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import tt
from minilinalg.dialects.tt.types import TensorDescType
from minilinalg.targets import SimtTarget, TileCopies

COPIES = (tt.DescriptorLoadOp, tt.DescriptorStoreOp)
"""The operations on descriptors that copy a tile as it is."""
WIDTHS = (8, 16, 32, 64)
"""Bits of the elements that are copied."""


def tile_copies_of(ctx: Context) -> TileCopies | None:
    """The unit of the machine that is compiled for; None where it has none, or no machine is given."""
    target = getattr(ctx, "target", None)
    return target.tile_copies if isinstance(target, SimtTarget) else None


def element_bits(type: TensorDescType) -> int | None:
    """The width of a descriptor's elements; None for what has none in memory."""
    element = type.element_type
    return element.bitwidth if isinstance(element, FixedBitwidthType) else None


def why_no_tiles(type: TensorDescType, unit: TileCopies) -> str:
    """Why a unit cannot copy the blocks of a descriptor, or nothing."""
    shape, bits = type.get_shape(), element_bits(type)
    if bits not in WIDTHS:
        return f"elements of {type.element_type} are not copied"
    if len(shape) > unit.dims:
        return f"a tile of the target has at most {unit.dims} dimensions, and this one {len(shape)}"
    if (line := shape[-1] * bits // 8) % unit.granule:
        return f"a line of a tile is a multiple of {unit.granule} bytes, and this one is {line} bytes"
    return ""


def other_use(descriptor: SSAValue) -> Operation | None:
    """A use of a descriptor that copies no tile as it is; None when all do."""
    return next((use.operation for use in descriptor.uses if not isinstance(use.operation, COPIES)), None)
