"""The swizzled layout of shared memory from which an operand of a dot is read without bank conflicts.

Source: the builder of SwizzledSharedEncodingAttr from a DotOperandEncodingAttr in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence

from minilinalg.dialects.ttg.distributed_layouts import DotOperandEncodingAttr, NvidiaMmaEncodingAttr
from minilinalg.dialects.ttg.shared_layouts import SwizzledSharedEncodingAttr

_ROWS = 8
"""Rows, and columns, of a matrix that ldmatrix reads."""
_BANKS_BITS = 32 * 32


def shared_for_operand(
    layout: DotOperandEncodingAttr, shape: Sequence[int], order: Sequence[int], element_bits: int
) -> SwizzledSharedEncodingAttr:
    """Shared memory for an operand of `shape` whose dimension `order[0]` lies side by side in it.

    A dot without tensor cores reads it as it is.
    """
    if not isinstance(layout.parent, NvidiaMmaEncodingAttr):
        return SwizzledSharedEncodingAttr(1, 1, 1, order)
    rank, width = len(order), layout.k_width.data
    k = rank - 1 if layout.op_idx.data == 0 else rank - 2
    row = shape[order[0]]
    # Rows that fill the banks once have one phase; the phases of the rows that are read at once differ.
    per_phase = max(_BANKS_BITS // (row * element_bits), 1)
    depth = 4 * width
    vec, rows = (depth, _ROWS) if order[0] == k else (_ROWS, depth)
    return SwizzledSharedEncodingAttr(vec, per_phase, max(min(rows // per_phase, row // vec), 1), order)
