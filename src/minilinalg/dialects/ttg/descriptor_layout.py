"""The layout in shared memory of the blocks that a descriptor reads and writes, where nobody wants another.

Source: getFallbackSharedEncoding and the builder of NVMMASharedEncodingAttr of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from minilinalg.dialects.ttg.shared_layouts import NVMMASharedEncodingAttr

SWIZZLES = (128, 64, 32)
"""The lines that parts are exchanged in, in bytes; the widest is the best."""
SWIZZLED_LINES = 8
"""How many lines a swizzle takes."""


def descriptor_layout(shape: Sequence[int], element_bits: int) -> NVMMASharedEncodingAttr:
    """Lines of the last dimension with the widest swizzle that they fill; without one where there are few lines.

    shape: of a block. element_bits: 8, 16, 32 or 64.
    """
    *lines, last = shape
    width = next((each for each in SWIZZLES if last * element_bits // 8 % each == 0), 0)
    if not lines or prod(lines) < SWIZZLED_LINES:
        width = 0
    return NVMMASharedEncodingAttr(width, False, element_bits, rank=len(shape))


def of_rank(layout: NVMMASharedEncodingAttr, rank: int) -> NVMMASharedEncodingAttr:
    """The same for a block with more, or fewer, dimensions of size 1."""
    return NVMMASharedEncodingAttr(layout.swizzling_byte_width.data, False, layout.element_bit_width.data, rank=rank)
