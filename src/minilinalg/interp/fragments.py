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
from minilinalg.interp.dtypes import Array

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


def inverse(at: Array, group: int) -> Array:
    """From where each element lies to which one lies there, both in groups of so many side by side."""
    places = at.reshape(-1)[::group] // group
    found = np.empty_like(places)
    found[places] = np.arange(len(places))
    return found
