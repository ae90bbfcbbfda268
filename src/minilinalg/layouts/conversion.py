"""What has to move when a tensor in registers changes its layout.

The map from the new places to old ones that hold the same elements is `new.invert_and_compose(old)`. Where it is the
identity on a dimension, and nothing else leads there, nothing moves along that dimension and it is divided out: first
block, then warp, then lane. What is left names the cheapest way (arXiv 2505.23819, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from minilinalg.layouts.linear import BLOCK, LANE, REGISTER, WARP, LinearLayout


class Movement(IntEnum):
    """How far elements travel, from the cheapest to the dearest."""

    NOTHING = 0
    """Every register stays as it is."""
    WITHIN_THREAD = 1
    """Registers of a thread are renamed, copied or dropped, in all threads the same."""
    SHUFFLES = 2
    """Lanes of a warp exchange registers."""
    SHARED_MEMORY = 3
    """Warps of a block exchange elements."""
    ACROSS_BLOCKS = 4
    """Blocks of a cluster exchange elements."""


@dataclass(frozen=True)
class Conversion:
    """A change of layout: how far elements move, and from where.

    `sources` maps the places of the new layout to places of the old one. Up to `movement` it has the dimensions that
    something moves along: register only, register and lane, and so on.
    """

    movement: Movement
    sources: LinearLayout


_PEELED = (
    (BLOCK, Movement.ACROSS_BLOCKS),
    (WARP, Movement.SHARED_MEMORY),
    (LANE, Movement.SHUFFLES),
)


def conversion(old: LinearLayout, new: LinearLayout) -> Conversion:
    """What moves from `old` to `new`, two layouts of one tensor. Raises InputError when `old` lacks an element."""
    sources = new.invert_and_compose(old)
    for name, movement in _PEELED:
        if name not in sources.masks and name not in sources.out_bits:
            continue
        rest = sources.quotient(name)
        if rest is None:
            return Conversion(movement, sources)
        sources = rest
    same = sources == LinearLayout.identity(sources.in_size(REGISTER), REGISTER, REGISTER)
    return Conversion(Movement.NOTHING if same else Movement.WITHIN_THREAD, sources)
