"""Linear maps from the indices of an element to its place, for what lies in memory for a moment."""

from __future__ import annotations

from minilinalg.layouts.linear import OFFSET, LinearLayout


def row_major(layout: LinearLayout) -> LinearLayout:
    """From the indices of an element of a tensor of this layout to its place in row-major order."""
    ins: list[tuple[str, tuple[int, ...]]] = []
    at = 0
    for name, bits in reversed(layout.outs):
        ins.append((name, tuple(1 << at + bit for bit in range(bits))))
        at += bits
    return LinearLayout(tuple(reversed(ins)), ((OFFSET, at),))
