"""Where the elements of a gather lie, when no warp needs what another one holds.

A gather takes elements along one dimension, the axis. When source and indices place what is not the axis alike in the
warps, and a warp holds whole columns, an element in each lane, every index is answered by one lane of its own warp.
"""

from __future__ import annotations

from dataclasses import dataclass

from minilinalg.layouts.linear import LANE, REGISTER, WARP, LinearLayout


@dataclass(frozen=True)
class WarpGather:
    """Where a lane finds what it gathers.

    here: from the place of an index to the lane and the register of the element of its column with index 0.
    lanes: for each bit of the index along the axis, what it changes in the number of the lane (XOR).
    """

    here: LinearLayout
    lanes: tuple[int, ...]


def warp_gather(source: LinearLayout, indices: LinearLayout, axis: int) -> WarpGather | None:
    """How a gather along `axis` goes by lanes of one warp.

    None when a warp needs what another one holds, or a lane holds several elements of a column: then it is shorter to
    go through shared memory once.

    source, indices: the layouts of the operands, of register, lane and warp.
    """
    name = source.out_names[axis]
    if not source.is_surjective:
        return None
    places = source.pseudo_inverse()
    rest = [each for each in source.out_names if each != name]
    here = indices.restricted(indices.in_names, rest).compose(places.restricted(rest, (REGISTER, LANE, WARP)))
    along = places.restricted([name], (REGISTER, LANE, WARP))
    if any(register or warp for register, _, warp in along.bases(name)):
        return None
    for each in here.in_names:
        for bit, basis in enumerate(here.bases(each)):
            register, _, warp = basis
            if each != REGISTER and register:
                return None
            if each == WARP:
                # A warp whose bit changes no element holds the same as the one without it.
                replica = not source.masks[WARP][bit] if bit < len(source.masks[WARP]) else False
                if warp != 1 << bit and not (replica and not warp):
                    return None
            elif warp:
                return None
    return WarpGather(here.restricted(here.in_names, (LANE, REGISTER)), along.restricted([name], [LANE]).columns)
