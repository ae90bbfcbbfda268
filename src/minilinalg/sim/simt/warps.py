"""Accesses of threads, warp by warp."""

from __future__ import annotations

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.interp.dtypes import Array


def in_warps(x: Array, fill: int | bool) -> Array:
    """(L, threads, accesses) as (L * warps * accesses, lanes), a row a warp and access; `fill` for lanes that a last
    warp lacks."""
    missing = -x.shape[1] % LANES
    if missing:
        x = np.concatenate([x, np.full((len(x), missing, x.shape[2]), fill, x.dtype)], axis=1)
    lanes = x.reshape(len(x), -1, LANES, x.shape[2]).swapaxes(2, 3)
    return lanes.reshape(-1, LANES)


def active_in_warps(shape: tuple[int, ...], active: Array | None) -> Array | None:
    """Which lanes access memory, as rows of `in_warps`; None: all."""
    if active is not None:
        return in_warps(np.broadcast_to(active, shape), False)
    if shape[1] % LANES:
        return in_warps(np.ones(shape, np.bool_), False)
    return None


def per_block(rows: Array, blocks: int) -> Array:
    """The sum for each block of what was counted for each of its rows."""
    return rows.reshape(blocks, -1).sum(axis=1)


def distinct(keys: Array, active: Array | None) -> tuple[Array, Array]:
    """The keys of each row in order, and which of them are active and the first of their value."""
    if active is not None:
        # What is no key comes last.
        keys = np.where(active, keys, NOTHING)
    if not (keys[:, 1:] >= keys[:, :-1]).all():
        keys = np.sort(keys, axis=1)
    first = np.ones(keys.shape, np.bool_)
    np.not_equal(keys[:, 1:], keys[:, :-1], out=first[:, 1:])
    if active is not None:
        first &= keys != NOTHING
    return keys, first


NOTHING = np.iinfo(np.int64).max
