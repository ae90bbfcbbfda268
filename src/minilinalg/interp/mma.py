"""simt: products of small matrices, of all threads or all warps of all blocks at once.

For `simt.mma_sync` the fragments of every warp are moved to whole matrices, which are multiplied in one step, and the
product is moved to fragments again; where each element goes is worked out when the operation is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.dot import numbers
from minilinalg.interp import math
from minilinalg.interp.access import dtype_in
from minilinalg.interp.dot import dot_arrays, round_tf32
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.fragments import Fragments, of_a, of_b, of_c, of_warps, tiled
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.interp.warps import OfWarps, whole_warps

Shape = tuple[int, ...]
Matrices = tuple[Array, Array | None]
"""(L, distinct, rows, depth), and which of them each warp has; None: each its own."""


@meaning("simt.mma_sync", fresh=True)
def emit_mma_sync(em: Emitter, op: Any) -> None:
    m, n, k = numbers(op.shape)
    tm, tn, tk = numbers(op.tiles)
    element, other, result = (dtype_of(v.type) for v in (op.a, op.b, op.d))
    shapes = [shape_of(v.type) for v in (op.a, op.b, op.c)]
    warps = whole_warps(op, shapes[0][0])
    e = max(1, 4 // element.itemsize)
    rows, columns, depth = tm * m, tn * n, tk * k
    of_left = Operand(tiled(of_a(m, k, e), (m, k), (tm, tk)), shapes[0], element, (rows, depth), e)
    of_right = Operand(tiled(of_b(n, k, e), (n, k), (tn, tk)), shapes[1], other, (columns, depth), e)
    of_result = Products(tiled(of_c(m, n), (m, n), (tm, tn)), rows, columns)

    def mma(a: Any, b: Any, c: Any) -> Any:
        left, right, held = of_result.met(of_left(a), of_right(b), warps)
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
        if Partial not in (type(a), type(b), type(c)):
            return found
        sides = of_left.known(a, warps), of_right.known(b, warps)
        both = of_result.apart(warps).out(sides[0][:, :, :, None] & sides[1][:, :, None, :])
        return Partial(found, both & c.defined_array() if type(c) is Partial else both)

    em.call(op, mma, em.refs((op.a, op.b, op.c)), "mma")


class Operand:
    """Makes matrices of an operand that warps hold.

    at: where elements of a lane lie in the matrix of a warp, of `sizes`; of registers of this shape. group: how many
    of them are side by side.
    """

    def __init__(self, at: Array, shape: Shape, element: DType, sizes: tuple[int, int], group: int):
        self.at, self.shape, self.element, self.sizes, self.group = at, shape, element, sizes, group
        self._held: dict[int, Fragments] = {}

    def _matrices(self, registers: Array) -> Array:
        """(L, warps, rows, depth) of registers (L, warps * lanes, n)."""
        warps = registers.shape[1] // LANES
        held = self._held.get(warps)
        if held is None:
            size = self.sizes[0] * self.sizes[1]
            held = self._held[warps] = Fragments(of_warps(self.at, size, warps), self.group)
        return held.back(registers).reshape(len(registers), warps, *self.sizes)

    def __call__(self, value: Any) -> Matrices:
        """The matrices, in their carrier."""
        if type(value) is not OfWarps:
            return self._carried(spread(value, self.shape)), None
        found = value.matrices.get(self)
        if found is None:
            found = value.matrices[self] = self._carried(value.data)
        return found, value.which

    def _carried(self, registers: Array) -> Array:
        found = self._matrices(registers)
        if found.dtype != self.element.carrier:
            found = dtype_in(found, self.element)
        return round_tf32(found) if self.element.name == "f32" else found

    def known(self, value: Any, warps: int) -> Array:
        """Of which rows all elements are defined: (L, warps, rows)."""
        if type(value) is not Partial:
            return np.ones((1, warps, self.sizes[0]), np.bool_)
        return np.asarray(self._matrices(spread(value.defined_array(), self.shape)).all(axis=3))


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
