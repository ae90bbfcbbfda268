"""Reductions and contractions of arrays over the axes of an iteration domain, (L, d0, d1, ...)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minilinalg.interp.arith.floats import float_binary
from minilinalg.interp.arith.integers import int_binary
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dot import dot_arrays
from minilinalg.interp.dtypes import Array, DType
from minilinalg.interp.reduction import numpy_combiner, reduce_at_once, reduce_with


def contract(a: Array, b: Array, reduced: set[int], element: DType, result: DType) -> Array:
    """sum over the reduced dimensions of a * b, both (L, d0, ..., dn); reduced extents become 1."""
    lead = max(len(a), len(b))
    rank = a.ndim - 1
    both = [d for d in range(rank) if d not in reduced and a.shape[d + 1] > 1 and b.shape[d + 1] > 1]
    rows = [d for d in range(rank) if d not in reduced and d not in both and a.shape[d + 1] > 1]
    columns = [d for d in range(rank) if d not in reduced and d not in both and d not in rows]
    inner = sorted(reduced)
    extents = [max(n, m) for n, m in zip(a.shape[1:], b.shape[1:], strict=True)]

    def arranged(x: Array, first: list[int], second: list[int]) -> Array:
        full = [extents[d] if d in both or d in reduced else x.shape[d + 1] for d in range(rank)]
        x = np.broadcast_to(x, (lead, *full))
        order = [*both, *first, *second]
        rest = [d for d in range(rank) if d not in order]
        x = x.transpose(0, *(d + 1 for d in (*order, *rest)))
        count = [int(np.prod([full[d] for d in group], dtype=np.int64)) for group in (both, first, second)]
        return x.reshape(lead, *count)

    product = dot_arrays(
        arranged(a, rows, inner),
        arranged(b, inner, columns),
        element,
        result,
        int(np.prod([extents[d] for d in inner], dtype=np.int64)),
    )
    shape = [extents[d] for d in (*both, *rows, *columns)]
    product = product.reshape(lead, *shape, *([1] * len(inner)))
    order = [*both, *rows, *columns, *inner]
    return product.transpose(0, *(order.index(d) + 1 for d in range(rank)))


def grown(x: Array, sizes: Sequence[int], dims: set[int]) -> Array:
    """`x` with the given domain dimensions at their full extents."""
    if x.ndim == 0:
        x = x.reshape((1,) * (len(sizes) + 1))
    return np.broadcast_to(
        x, (len(x), *(n if d in dims else m for d, (n, m) in enumerate(zip(sizes, x.shape[1:], strict=True))))
    )


def combine_two(combiner: str, dtype: DType) -> Callable[[Any, Any], Any]:
    """The combiner on two arrays, rounded or wrapped to its type."""
    if dtype.is_float:
        return partial(float_binary(combiner, dtype), reuse=0)
    return int_binary(combiner, dtype)


def reduce_axes(combiner: str, x: Array, dims: Sequence[int], dtype: DType, c: Chunk) -> Array:
    """(L, d0, ...) reduced along domain dimensions `dims`, which keep an extent of 1."""
    axes = tuple(d + 1 for d in dims)
    ufunc = numpy_combiner(combiner, dtype)
    if ufunc is not None:
        return np.expand_dims(reduce_at_once(ufunc, x, axes, dtype), axes)
    two = combine_two(combiner, dtype)

    def combine(_c: Chunk, a: Array, b: Array) -> tuple[Array]:
        return (two(a, b),)

    for axis in axes:
        reduced = reduce_with(combine, c, [x], axis)[0]
        x = np.expand_dims(reduced, axis)
    return x
