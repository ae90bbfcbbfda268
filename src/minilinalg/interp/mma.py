"""simt: products of small matrices, of all threads or all warps of all blocks at once.

For `simt.mma_sync` the fragments of every warp are moved to whole matrices, which are multiplied in one step, and the
product is moved to fragments again; where each element goes is worked out when the operation is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.dialects.simt.dot import numbers
from minilinalg.interp import math
from minilinalg.interp.access import dtype_in
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.dot import dot_arrays, round_tf32
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter, meaning
from minilinalg.interp.fragments import inverse, of_a, of_b, of_c, tiled
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.interp.warps import whole_warps

Shape = tuple[int, ...]


def moves(index: Array, group: int, warps: int) -> Callable[[Array], Array]:
    """Takes (L, warps * n) elements, in groups side by side, as `index` says of each warp: (L, warps, m)."""

    def take(x: Array) -> Array:
        words = x.reshape(len(x) * warps, -1)
        if x.itemsize * group in WORDS and group > 1:
            words = np.ascontiguousarray(words).view(WORDS[x.itemsize * group])
            return words.take(index, axis=1).view(x.dtype).reshape(len(x), warps, -1)
        every = index if group == 1 else (index[:, None] * group + np.arange(group)).reshape(-1)
        return words.take(every, axis=1).reshape(len(x), warps, -1)

    return take


@meaning("simt.mma_sync", fresh=True)
def emit_mma_sync(em: Emitter, op: Any) -> None:
    m, n, k = numbers(op.shape)
    tm, tn, tk = numbers(op.tiles)
    element, other, result = (dtype_of(v.type) for v in (op.a, op.b, op.d))
    shapes = [shape_of(v.type) for v in (op.a, op.b, op.c)]
    warps = whole_warps(op, shapes[0][0])
    e = max(1, 4 // element.itemsize)
    take_a = moves(inverse(tiled(of_a(m, k, e), (m, k), (tm, tk)), e), e, warps)
    take_b = moves(inverse(tiled(of_b(n, k, e), (n, k), (tn, tk)), e), e, warps)
    take_d = moves(tiled(of_c(m, n), (m, n), (tm, tn)).reshape(-1)[::2] // 2, 2, warps)
    tf32 = element.name == "f32"

    def matrix(value: Any, element: DType, shape: Shape, take: Callable[[Array], Array], rows: int) -> Array:
        moved = take(spread(value, shape))
        found = moved.reshape(*moved.shape[:2], rows, -1)
        if found.dtype != element.carrier:
            found = dtype_in(found, element)
        return round_tf32(found) if tf32 else found

    def fragments(product: Array) -> Array:
        return take_d(np.ascontiguousarray(product)).reshape(len(product), *shapes[2])

    def multiply(a: Array, b: Array, c: Array) -> Array:
        if not result.is_narrow:
            return c + fragments(dot_arrays(a, b.swapaxes(2, 3), element, result, tk * k))
        # The result of each instruction is rounded.
        for first in range(0, tk * k, k):
            part = slice(first, first + k)
            product = dot_arrays(a[..., part], b[..., part].swapaxes(2, 3), element, result, k)
            c = result.round(c + fragments(product))
        return c

    def known(value: Any, shape: Shape, take: Callable[[Array], Array], rows: int) -> Array:
        """Of which rows of a (columns of b) all elements are defined: (L, warps, rows)."""
        if type(value) is not Partial:
            return np.ones((1, warps, rows), np.bool_)
        moved = take(np.ascontiguousarray(spread(value.defined_array(), shape)))
        return np.asarray(moved.reshape(*moved.shape[:2], rows, -1).all(axis=3))

    def mma(a: Any, b: Any, c: Any) -> Any:
        left = matrix(a, element, shapes[0], take_a, tm * m)
        right = matrix(b, other, shapes[1], take_b, tn * n)
        found = multiply(left, right, written_out(c))
        if Partial not in (type(a), type(b), type(c)):
            return found
        sides = known(a, shapes[0], take_a, tm * m), known(b, shapes[1], take_b, tn * n)
        both = fragments(sides[0][:, :, :, None] & sides[1][:, :, None, :])
        return Partial(found, both & c.defined_array() if type(c) is Partial else both)

    em.call(op, mma, em.refs((op.a, op.b, op.c)), "mma")


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
