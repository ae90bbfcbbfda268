"""Threads in warps of 32."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xdsl.ir import Operation

from minilinalg.dialects.simt import LANES
from minilinalg.errors import UnsupportedError
from minilinalg.interp.dtypes import Array
from minilinalg.interp.values import take
from minilinalg.locations import places_of


def whole_warps(op: Operation, threads: int) -> int:
    """How many warps a block has. Raises UnsupportedError when the last one is not whole."""
    if threads % LANES:
        raise UnsupportedError(
            f"'{op.name}' in a block of {threads} threads cannot be run",
            rule=f"what a warp does together takes all its lanes: a number of threads that {LANES} divides",
            places=places_of(op),
        )
    return threads // LANES


def by_warp(x: Array) -> Array:
    """(L, threads, n) as (L, warps, lanes, n)."""
    return x.reshape(len(x), -1, LANES, x.shape[-1])


@dataclass(eq=False)
class OfWarps:
    """A register vector that is only multiplied. Warps may have it alike.

    data: (L, distinct * lanes, n), what warps have. which: the number of what each of them has, (warps,); None: each
    its own.
    """

    data: Array
    which: Array | None
    matrices: dict[Any, Array] = field(default_factory=dict[Any, Array])
    """What products made of it, in the order of a matrix, by who did."""

    def take_programs(self, index: Any) -> OfWarps:
        """The same of the programs at `index`."""
        return OfWarps(take(self.data, index), self.which)
