"""What a lane of a warp holds of the matrices of `mma.sync` (PTX ISA, warp-level matrix instructions).

With g = lane / 4, t = lane % 4 and e elements in a register of 32 bits (one of f64 in 64), all shapes follow one rule:

    a  register r, element j: row g + 8 (r % (m / 8)), column e t + j + 4 e (r / (m / 8))
    b  register r, element j: row e t + j + 4 e r, column g
    c  register pair r, element j: row g + 8 r, column 2 t + j
"""

from __future__ import annotations

from functools import cache

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.dtypes import Array
from minilinalg.interp.threads_last import as_threads_last, is_threads_last

LANE = np.arange(LANES)[:, None]
G, T = LANE // 4, LANE % 4


@cache
def of_a(m: int, k: int, e: int) -> tuple[Array, Array]:
    """The rows and columns that each lane holds of a, (32, elements), when a register has `e`."""
    r, j = np.divmod(np.arange(m * k // LANES)[None], e)
    return G + 8 * (r % (m // 8)), e * T + j + 4 * e * (r // (m // 8))


@cache
def of_b(n: int, k: int, e: int) -> tuple[Array, Array]:
    """The columns (n) and rows (k) that each lane holds of b."""
    r, j = np.divmod(np.arange(n * k // LANES)[None], e)
    return np.broadcast_to(G, (LANES, r.shape[1])), e * T + j + 4 * e * r


@cache
def of_c(m: int, n: int) -> tuple[Array, Array]:
    """The rows and columns that each lane holds of c and of the result."""
    r, j = np.divmod(np.arange(m * n // LANES)[None], 2)
    return G + 8 * r, 2 * T + j


def tiled(one: tuple[Array, Array], extents: tuple[int, int], tiles: tuple[int, int]) -> Array:
    """Of `tiles` along rows and columns, the latter fastest, where a lane's elements lie: row-major, (32, elements).

    one: the rows and columns of what a lane holds of one tile, whose extents these are.
    """
    rows, columns = one
    down, right = (np.arange(tiles[0])[:, None, None], np.arange(tiles[1])[:, None])
    width = extents[1] * tiles[1]
    # (lanes, tiles down, tiles right, elements of a tile)
    at = (rows[:, None, None] + extents[0] * down) * width + columns[:, None, None] + extents[1] * right
    return at.reshape(LANES, -1)


def of_warps(at: Array, size: int, warps: int) -> Array:
    """`tiled` for all threads of a block, whose warps have matrices of `size` elements one behind the other."""
    return (at + np.arange(warps)[:, None, None] * size).reshape(warps * LANES, -1)


def of_warp_groups(at: Array, width: int, down: int, warps: int) -> Array:
    """`tiled` for all threads of a block, whose groups of four warps have matrices one behind the other: of each 64
    rows of `width` elements, `down` times, a warp has 16."""
    rows, columns = np.divmod(at, width)
    group, warp = np.divmod(np.arange(warps)[:, None, None], 4)
    row = group * 64 * down + rows // 16 * 64 + warp * 16 + rows % 16
    return (row * width + columns).reshape(warps * LANES, -1)


class Fragments:
    """Moves matrices between their own order and the registers of a block's threads.

    at: which element of the block's matrices a register holds, (threads, registers). group: how many side by side are
    side by side in the matrix too.
    """

    def __init__(self, at: Array, group: int):
        self.group = group
        self.shape = at.shape
        self._out = np.ascontiguousarray(at.T).reshape(-1)
        self._in = _inverse(self._out)
        self._in_groups = _inverse(at.reshape(-1)[::group] // group)

    def out(self, matrices: Array) -> Array:
        """The registers (L, threads, n) of matrices (L, ...), threads last in memory."""
        found = matrices.reshape(len(matrices), -1).take(self._out, axis=1)
        return as_threads_last(found.reshape(len(matrices), self.shape[1], self.shape[0]))

    def back(self, registers: Array) -> Array:
        """The matrices (L, elements) of registers (L, threads, n)."""
        count = len(registers)
        if is_threads_last(registers):
            return registers.swapaxes(1, 2).reshape(count, -1).take(self._in, axis=1)
        flat = np.ascontiguousarray(registers).reshape(count, -1)
        word = WORDS.get(flat.itemsize * self.group)
        if word is not None and self.group > 1:
            return flat.view(word).take(self._in_groups, axis=1).view(flat.dtype)
        if self.group == 1:
            return flat.take(self._in_groups, axis=1)
        every = self._in_groups[:, None] * self.group + np.arange(self.group)
        return flat.take(every.reshape(-1), axis=1)


def _inverse(at: Array) -> Array:
    """From where each element lies to which one lies there."""
    found = np.empty_like(at)
    found[at] = np.arange(len(at))
    return found
