"""simt: products of matrices in shared memory by warp groups, of all groups of all blocks at once.

The matrices are read where the instruction's description says that they lie, 16 bytes at a time. A product is there at
once; that nobody uses it before its wait is the machine's to check (sim/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.dot import numbers
from minilinalg.dialects.simt.warp_group import MatrixAttr
from minilinalg.errors import InputError
from minilinalg.interp.access import dtype_in
from minilinalg.interp.accumulators import added, is_accumulated
from minilinalg.interp.block_memory import BlockMemory, PlacesOf
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dot import dot_arrays, round_tf32
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.fragments import Fragments, of_a, of_c, of_warp_groups, tiled
from minilinalg.interp.meanings import meaning
from minilinalg.interp.simt_shared import check
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.locations import places_of

PART = 16
"""Bytes that a swizzle keeps together."""
GROUP = 128
"""Threads of a warp group."""


def parts_of_tile(matrix: MatrixAttr, rows: int, k: int) -> Array:
    """The byte offsets of the 16-byte parts of one tile: (rows, parts along k), transposed (k, parts along rows)."""
    size, swizzle = matrix.element_bytes, matrix.swizzle.data
    lines, length = (k, rows) if matrix.is_transposed else (rows, k)
    line = np.arange(lines)[:, None]
    byte = np.arange(length * size // PART)[None] * PART
    return line // 8 * matrix.stride.data + line % 8 * swizzle + byte // swizzle * matrix.leading.data + byte % swizzle


def swizzled(addresses: Array, swizzle: int) -> Array:
    """Where parts lie: their number in a line is XORed with that of the line (address bits 7 and up)."""
    return addresses ^ ((addresses >> 7 & (swizzle // PART - 1)) << 4)


class _Matrix:
    """Reads a matrix of all warp groups: (P, groups, rows, k), in the carrier of its elements."""

    def __init__(self, what: str, matrix: MatrixAttr, threads: int, rows: int, k: int, tiles: tuple[int, int]):
        self.what, self.matrix, self.tiles = what, matrix, tiles
        self.groups = threads // GROUP
        self.rows, self.k = rows, k
        self.dtype = dtype_of(matrix.element)
        tile = parts_of_tile(matrix, rows, k)
        # Whole lines of all tiles side by side, from one end of the matrix to the other.
        offsets = np.asarray(matrix.tile_offsets).reshape(*tiles, 1, 1) + tile
        offsets = offsets.transpose(1, 2, 0, 3) if matrix.is_transposed else offsets.transpose(0, 2, 1, 3)

        def change(given: Array) -> Array:
            found = swizzled(given[:, :, :1] + offsets.reshape(-1), matrix.swizzle.data)
            return found.reshape(len(given), self.groups, -1)

        self.places = PlacesOf(what, (threads, 1), PART, change=change, threads=np.arange(self.groups) * GROUP)

    def read(self, c: Chunk, address: Any) -> tuple[Array, Array | None]:
        """The elements, and for each row whether all of it is defined (None: all are)."""
        memory = BlockMemory.of(c)
        places = self.places(address, memory.nbytes)
        check(c, places, None, self.what)
        found = memory.made_of(places, c.rows)
        if found is not None:
            return found, None
        words, known = memory.read(places, c.rows)
        data = self._whole(dtype_in(words.view(self.dtype.storage), self.dtype))
        if self.dtype.name == "f32":
            data = round_tf32(data)
        if known is None:
            memory.keep(places, c.rows, data)
            return data, None
        flags = known.reshape(*words.shape, -1, self.dtype.itemsize).all(axis=-1)
        return data, np.asarray(self._whole(flags.reshape(*words.shape[:2], -1)).all(axis=3))

    def _whole(self, elements: Array) -> Array:
        rows, columns = self.rows * self.tiles[0], self.k * self.tiles[1]
        if self.matrix.is_transposed:
            return elements.reshape(-1, self.groups, columns, rows).swapaxes(2, 3)
        return elements.reshape(-1, self.groups, rows, columns)


def words_of(op: Any, threads: int) -> Iterator[tuple[SSAValue, PlacesOf]]:
    """The matrices of a `simt.wgmma` in shared memory: the address of each, and its words, a row a warp group."""
    m, n, k = numbers(op.shape)
    tm, tn, tk = numbers(op.tiles)
    what = f"'{op.name}'"
    if op.a_matrix is not None:
        yield op.a, _Matrix(what, op.a_matrix, threads, m, k, (tm, tk)).places
    yield op.b, _Matrix(what, op.b_matrix, threads, n, k, (tn, tk)).places


@meaning("simt.wgmma", fresh=True)
def emit_wgmma(em: Emitter, op: Any) -> None:
    m, n, k = numbers(op.shape)
    tm, tn, tk = numbers(op.tiles)
    shape, result = shape_of(op.c.type), dtype_of(op.d.type)
    threads = shape[0]
    if threads % GROUP:
        raise InputError(
            f"'{op.name}' in blocks of {threads} threads",
            rule=f"a warp group is four warps: a block has a multiple of {GROUP} threads",
            places=places_of(op),
        )
    what, warps = f"'{op.name}'", threads // LANES
    right = _Matrix(what, op.b_matrix, threads, n, k, (tn, tk))
    element = right.dtype
    left: Any = None
    if op.a_matrix is not None:
        left = _Matrix(what, op.a_matrix, threads, m, k, (tm, tk))
    of_registers = _of_registers(shape_of(op.a.type), dtype_of(op.a.type), k, (tm, tk), warps)
    held = _products(n, (tm, tn), warps)

    stays = not result.is_narrow and is_accumulated(op)

    def multiply(c: Chunk, a: Any, b: Any, acc: Any, use: Any) -> Any:
        x, x_known = of_registers(a) if left is None else left.read(c, a)
        y, y_known = right.read(c, b)
        product = dot_arrays(x, y.swapaxes(2, 3), element, result, tk * k)
        start = _where_used(acc, use, result)
        if stays and x_known is None and y_known is None and type(start) is not Partial:
            return added(start, product, held)
        found = result.round(written_out(start) + held.out(product))
        if x_known is None and y_known is None and type(start) is not Partial:
            return found
        sides = [np.ones((1, 1, s.shape[2]), np.bool_) if f is None else f for f, s in ((x_known, x), (y_known, y))]
        both = sides[0][:, :, :, None] & sides[1][:, :, None, :]
        groups = np.broadcast_shapes(both.shape[:2], (1, threads // GROUP))
        known = held.out(np.broadcast_to(both, (*groups, *both.shape[2:])))
        return Partial(found, known & start.defined_array() if type(start) is Partial else known)

    use = "None" if op.use is None else em.ref(op.use)
    em.call(op, multiply, f"c, {em.refs((op.a, op.b, op.c))}, {use}", "wgmma")


@cache
def _products(n: int, tiles: tuple[int, int], warps: int) -> Fragments:
    """Where the registers of warp groups hold tiles of 64 by `n`. Operations share it, so that one adds to what another
    has made."""
    down, right = tiles
    return Fragments(of_warp_groups(tiled(of_c(16, 8), (16, 8), (down, right * n // 8)), right * n, down, warps), 2)


def _of_registers(
    shape: tuple[int, ...], dtype: DType, k: int, tiles: tuple[int, int], warps: int
) -> Callable[[Any], tuple[Array, Array | None]]:
    """Operand a in registers as matrices of warp groups."""
    e = max(1, 4 // dtype.itemsize)
    width = tiles[1] * k
    held = Fragments(of_warp_groups(tiled(of_a(16, k, e), (16, k), tiles), width, tiles[0], warps), e)

    def matrix(x: Array) -> Array:
        return held.back(x).reshape(len(x), warps // 4, -1, width)

    def read(value: Any) -> tuple[Array, Array | None]:
        data = matrix(spread(value, shape))
        data = data if data.dtype == dtype.carrier else dtype_in(data, dtype)
        if dtype.name == "f32":
            data = round_tf32(data)
        if type(value) is not Partial:
            return data, None
        return data, np.asarray(matrix(spread(value.defined_array(), shape)).all(axis=3))

    return read


def _where_used(acc: Any, use: Any, dtype: DType) -> Any:
    """c, or zero where it does not count."""
    if use is None:
        return acc
    if isinstance(use, bool | int | np.bool_):
        return acc if use else np.zeros((1, 1, 1), dtype.carrier)
    chosen = np.asarray(written_out(use)).reshape(-1, 1, 1)
    zero = np.where(chosen, written_out(acc), 0).astype(written_out(acc).dtype)
    return Partial(zero, acc.defined_array() | ~chosen) if type(acc) is Partial else zero


@meaning("simt.wgmma_wait")
def emit_wgmma_wait(em: Emitter, op: Any) -> None:
    for value, result in zip(op.inputs, op.outputs, strict=True):
        em.line(f"{em.define(result)} = {em.ref(value)}", op)


@meaning("simt.fence_async_shared", "simt.wgmma_commit", "simt.wgmma_fence")
def emit_nothing(em: Emitter, op: Operation) -> None:
    """Everything that was begun is done already."""
