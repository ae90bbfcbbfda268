"""simt: products of small matrices, of all threads or all warps of all blocks at once.

For `simt.mma_sync` the fragments of every warp are moved to whole matrices, which are multiplied in one step, and the
product is moved to fragments again; where each element goes is worked out when the operation is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.dot import numbers
from minilinalg.interp import math
from minilinalg.interp.accumulators import added, is_accumulated
from minilinalg.interp.dot import dot_arrays
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.fragments import Fragments, of_c, tiled
from minilinalg.interp.meanings import meaning
from minilinalg.interp.operands import Matrices, of_mma
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.interp.warps import whole_warps


@meaning("simt.mma_sync", fresh=True)
def emit_mma_sync(em: Emitter, op: Any) -> None:
    m, n, k = numbers(op.shape)
    tm, tn, tk = numbers(op.tiles)
    element, result = dtype_of(op.a.type), dtype_of(op.d.type)
    warps = whole_warps(op, shape_of(op.a.type)[0])
    depth = tk * k
    of_left, of_right = of_mma(op, 0), of_mma(op, 1)
    stays = not result.is_narrow and is_accumulated(op)
    of_result = products((m, n), (tm, tn))

    def mma(a: Any, b: Any, c: Any) -> Any:
        left, right, held = of_result.met(of_left(a), of_right(b), warps)
        whole = Partial not in (type(a), type(b), type(c))
        if stays and whole:
            return added(c, dot_arrays(left, right.swapaxes(2, 3), element, result, depth), held)
        start = written_out(c)
        if not result.is_narrow:
            found = start + held.out(dot_arrays(left, right.swapaxes(2, 3), element, result, depth))
        else:
            # The result of each instruction is rounded.
            found = start
            for first in range(0, depth, k):
                part = slice(first, first + k)
                product = dot_arrays(left[..., part], right[..., part].swapaxes(2, 3), element, result, k)
                found = result.round(found + held.out(product))
        if whole:
            return found
        sides = of_left.known(a, warps), of_right.known(b, warps)
        both = of_result.apart(warps).out(sides[0][:, :, :, None] & sides[1][:, :, None, :])
        return Partial(found, both & c.defined_array() if type(c) is Partial else both)

    em.call(op, mma, em.refs((op.a, op.b, op.c)), "mma")


class Products:
    """Arranges the matrices of warps to be multiplied: when rows that warps have alike meet columns that warps have
    alike, each pair in one warp, those of a block are multiplied at once.

    at: where elements of a lane lie in the product of a warp, of so many rows and columns.
    """

    def __init__(self, at: Array, rows: int, columns: int):
        self.at, self.rows, self.columns = at, rows, columns
        self._held: dict[Any, Fragments] = {}

    def met(self, left: Matrices, right: Matrices, warps: int) -> tuple[Array, Array, Fragments]:
        """What is multiplied, (L, n, rows, depth) and (L, n, columns, depth), and where registers hold the products."""
        (a, of_a), (b, of_b) = left, right
        own = np.arange(warps)
        row, column = own if of_a is None else of_a, own if of_b is None else of_b
        if a.shape[1] * b.shape[1] == warps == len(set(zip(row.tolist(), column.tolist(), strict=True))):
            held = self._fragments(row, column, b.shape[1])
            return a.reshape(len(a), 1, -1, a.shape[3]), b.reshape(len(b), 1, -1, b.shape[3]), held
        return a if of_a is None else a[:, of_a], b if of_b is None else b[:, of_b], self.apart(warps)

    def apart(self, warps: int) -> Fragments:
        """Where registers hold the products of each warp, one behind the other."""
        return self._fragments(np.arange(warps), np.zeros(warps, np.int64), 1)

    def _fragments(self, row: Array, column: Array, across: int) -> Fragments:
        key = across, row.tobytes(), column.tobytes()
        if key not in self._held:
            y, x = np.divmod(self.at, self.columns)
            y, x = y + self.rows * row[:, None, None], x + self.columns * column[:, None, None]
            self._held[key] = Fragments((y * self.columns * across + x).reshape(len(row) * LANES, -1), 2)
        return self._held[key]


@cache
def products(one: tuple[int, int], tiles: tuple[int, int]) -> Products:
    """Those of tiles of these extents. Operations share them, so that one adds to what another has made."""
    return Products(tiled(of_c(*one), one, tiles), one[0] * tiles[0], one[1] * tiles[1])


@meaning("simt.fma_dot", fresh=True)
def emit_fma_dot(em: Emitter, op: Any) -> None:
    m, n, k = numbers(op.sizes)
    result = dtype_of(op.d.type)
    shapes = [shape_of(v.type) for v in (op.a, op.b, op.c)]
    threads = shapes[0][0]
    step = multiply_add(result)

    def dot(a: Array, b: Array, c: Array) -> Array:
        left = a.astype(result.carrier, copy=False).reshape(-1, threads, m, k)
        right = b.astype(result.carrier, copy=False).reshape(-1, threads, k, n)
        total = c.reshape(-1, threads, m, n)
        for i in range(k):
            total = step(left[..., i, None], right[..., i, None, :], total)
        return total.reshape(-1, threads, m * n)

    def any_form(a: Any, b: Any, c: Any) -> Any:
        found = dot(*(spread(v, s) for v, s in zip((a, b, c), shapes, strict=True)))
        if Partial not in (type(a), type(b), type(c)):
            return found
        sides = [
            spread(v.defined_array(), s) if type(v) is Partial else np.ones((1, *s), np.bool_)
            for v, s in zip((a, b, c), shapes, strict=True)
        ]
        rows = np.asarray(sides[0].reshape(-1, threads, m, k).all(axis=3))[..., None]
        columns = np.asarray(sides[1].reshape(-1, threads, k, n).all(axis=2))[..., None, :]
        return Partial(found, (rows & columns).reshape(-1, threads, m * n) & sides[2])

    em.call(op, any_form, em.refs((op.a, op.b, op.c)), "dot")


def multiply_add(dtype: DType) -> Callable[[Array, Array, Array], Array]:
    """a * b + c, rounded once."""
    if dtype.is_float:
        return math.fma(dtype)
    return lambda a, b, c: a * b + c
