"""Threads in warps of 32."""

from __future__ import annotations

from xdsl.ir import Operation

from minilinalg.dialects.simt import LANES
from minilinalg.errors import UnsupportedError
from minilinalg.interp.dtypes import Array
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
