"""Banks of shared memory: 32 of them, each giving one word of 4 bytes at a time.

A warp is served in phases of 128 bytes: all lanes at once with up to 4 bytes each, 16 lanes with 8, 8 lanes with 16.
Two phases are one when every active lane has the address of lane XOR 1, or every one that of lane XOR 2, if that is
active: then the 128 bytes are enough for both. (Found with random addresses on an H200.) A phase takes as many
wavefronts as the fullest bank has distinct words to give; the conflicts are the wavefronts beyond one for each phase.
The profiler's `l1tex__data_pipe_lsu_wavefronts_mem_shared_op_ld` and
`l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_ld` count the same.
"""

from __future__ import annotations

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.interp.dtypes import Array
from minilinalg.sim.simt.warps import active_in_warps, distinct, in_warps, per_block

BANKS = 32
WORD = 4
ROW = BANKS * WORD
"""Bytes after which the banks begin anew, and bytes of a phase."""


def count_wavefronts(addresses: Array, active: Array | None, size: int, *, merges: bool = True) -> Array:
    """(blocks, 3): wavefronts, conflicts, and the warp accesses in which any lane is active.

    addresses: in bytes, multiples of `size`, (blocks, threads, accesses). active: which are made (None: all).
    merges: whether phases may become one, as they do for the accesses of single threads.
    """
    blocks = len(addresses)
    rows = in_warps(np.asarray(addresses, np.int64), 0)
    lanes = active_in_warps(addresses.shape, active)
    requests = np.ones(len(rows), np.int64) if lanes is None else np.asarray(lanes.any(axis=1))
    in_phase = min(LANES, ROW // size)
    found, conflicts = _by_phases(rows, lanes, size, in_phase)
    if merges and in_phase < LANES and (pairs := _in_pairs(rows, lanes)).any():
        chosen = None if lanes is None else lanes[pairs]
        found[pairs], conflicts[pairs] = _by_phases(rows[pairs], chosen, size, 2 * in_phase)
    return np.stack([per_block(n, blocks) for n in (found, conflicts, requests)], axis=1)


def _in_pairs(rows: Array, lanes: Array | None) -> Array:
    """Of which rows each lane has the address of the one beside it, or each that of the second one from it."""
    found = np.zeros(len(rows), np.bool_)
    for step in (1, 2):
        other = np.arange(LANES) ^ step
        same = rows == rows[:, other]
        if lanes is not None:
            same |= ~(lanes & lanes[:, other])
        found |= same.all(axis=1)
    return found


def _by_phases(rows: Array, lanes: Array | None, size: int, in_phase: int) -> tuple[Array, Array]:
    """Wavefronts and conflicts of each row, so many lanes at a time."""
    count = len(rows)
    words = (rows >> 2).reshape(-1, in_phase)
    if lanes is not None:
        lanes = lanes.reshape(-1, in_phase)
    if size > WORD:
        each = size // WORD
        words = (words[:, :, None] + np.arange(each)).reshape(len(words), -1)
        lanes = None if lanes is None else np.repeat(lanes, each, axis=1)
    keys, first = distinct(words, lanes)
    bank = (keys & (BANKS - 1)) + np.arange(len(keys))[:, None] * BANKS
    found = np.bincount(bank[first], minlength=len(keys) * BANKS).reshape(-1, BANKS).max(axis=1)
    conflicts = np.maximum(found - 1, 0)
    return found.reshape(count, -1).sum(axis=1), conflicts.reshape(count, -1).sum(axis=1)
