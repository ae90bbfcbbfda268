"""Sectors of global memory: how many pieces of 32 bytes the lanes of a warp touch by one access.

The profiler's `l1tex__t_sectors_pipe_lsu_mem_global_op_ld` is their number: of distinct `address >> 5` over all active
lanes and all their bytes.
"""

from __future__ import annotations

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.interp.dtypes import Array
from minilinalg.sim.simt.warps import active_in_warps, distinct, in_warps, per_block

SECTOR = 32
_SHIFT = 5


def count_sectors(addresses: Array, active: Array | None, size: int) -> Array:
    """(blocks, 4): the sectors that each block touches, the warp accesses in which any lane is active, the accesses of
    threads, and the sectors, each counted once for all of these accesses.

    addresses: of accesses of `size` bytes, (blocks, threads, accesses). active: which are made (None: all).
    """
    blocks = len(addresses)
    rows = in_warps(np.asarray(addresses, np.int64), 0)
    lanes = active_in_warps(addresses.shape, active)
    keys = rows >> _SHIFT
    last = (rows + (size - 1)) >> _SHIFT
    if (keys != last).any():
        # An access may lie in two sectors.
        keys = np.concatenate([keys, last], axis=1)
        lanes_of_keys = None if lanes is None else np.concatenate([lanes, lanes], axis=1)
    else:
        lanes_of_keys = lanes
    _, first = distinct(keys, lanes_of_keys)
    requests = np.ones(len(rows), np.int64) if lanes is None else np.asarray(lanes.any(axis=1))
    made = np.full(len(rows), LANES, np.int64) if lanes is None else np.asarray(lanes.sum(axis=1))
    _, once = distinct(keys.reshape(blocks, -1), None if lanes_of_keys is None else lanes_of_keys.reshape(blocks, -1))
    counted = [per_block(n, blocks) for n in (first.sum(axis=1), requests, made)]
    return np.stack([*counted, once.sum(axis=1)], axis=1)
