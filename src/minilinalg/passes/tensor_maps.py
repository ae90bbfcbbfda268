"""The boxes by which TMA copies the blocks of a descriptor, as the layout of the blocks in shared memory says."""

from __future__ import annotations

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects.simt.bulk_copy import GRANULE, MOST, MOST_DIMS, TensorMapType
from minilinalg.dialects.tt.types import TensorDescType
from minilinalg.dialects.ttg.shared_layouts import NVMMASharedEncodingAttr
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of


def tensor_map_of(type: TensorDescType) -> TensorMapType | None:
    """The boxes by which TMA copies blocks of a descriptor; None when it cannot.

    The layout of the blocks in shared memory is #ttg.nvmma_shared with the last dimension contiguous.
    """
    layout, element = type.shared_layout, type.block_type.element_type
    if not isinstance(layout, NVMMASharedEncodingAttr) or not isinstance(element, FixedBitwidthType):
        return None
    swizzle, shape = layout.swizzling_byte_width.data, [min(size, MOST) for size in type.get_shape()]
    if layout.transposed.value.data or layout.fp4_padded.value.data:
        return None
    size = element.bitwidth // 8
    shape[-1] = min(shape[-1], swizzle // size) if swizzle else shape[-1]
    if len(shape) > MOST_DIMS or not size or shape[-1] * size % GRANULE:
        return None
    return TensorMapType.of(shape, element, swizzle)


def expect_tensor_map(type: TensorDescType, what: str, at: Operation | SSAValue) -> TensorMapType:
    """`tensor_map_of`. Raises UnsupportedError for `what`, which has this type, where TMA cannot copy its blocks."""
    found = tensor_map_of(type)
    if found is None:
        raise UnsupportedError(
            f"{what} of type {type}",
            rule="blocks that TMA copies have a layout #ttg.nvmma_shared, the last dimension contiguous, and lines of "
            "a multiple of 16 bytes",
            places=places_of(at),
        )
    return found
