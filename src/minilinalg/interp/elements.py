"""Scalar regions run on every element of tensors: combiners of reductions and scans, tt.map_elementwise.

A region that only computes takes whole arrays: one number a program or one an element, NumPy does not mind. A region
with control flow, memory or a call has its elements for programs instead: they branch and loop as programs do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from xdsl.ir import Operation, Region

from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.values import Partial, per_program, take, written_out

Combine = Callable[..., Sequence[Array]]
"""(c, *arrays (L, d1, ...)) -> arrays that broadcast against them."""


def element_region(em: Emitter, region: Region) -> tuple[str, list[str], Callable[..., Combine]]:
    """The region as a function of arrays: its name, the variables that it takes from outside, and `bind`.

    `bind(function, outer values, what)` gives the `Combine`. Raises RunError when a result is undefined.
    """
    with em.computing():
        name, outer = em.region(region)
    alone = any(_needs_programs(op) for op in region.walk()) or len(region.blocks) > 1

    def bind(function: Callable[..., Any], values: Sequence[Any], what: str) -> Combine:
        def combine(c: Chunk, *arrays: Array) -> Sequence[Array]:
            rank = arrays[0].ndim - 1
            found = function(c, *(per_program(v, rank) for v in values), *arrays)
            return [np.asarray(written_out(x)) for x in found]

        def combine_alone(c: Chunk, *arrays: Array) -> Sequence[Array]:
            full = (c.size, *arrays[0].shape[1:])
            elements, lanes = as_programs(c, full[1:])
            found = function(
                elements, *(take(v, lanes) for v in values), *(np.broadcast_to(a, full).reshape(-1) for a in arrays)
            )
            return [_in_shape(x, full, what) for x in found]

        return combine_alone if alone else combine

    return name, outer, bind


def as_programs(c: Chunk, extents: tuple[int, ...]) -> tuple[Chunk, Array]:
    """A chunk with a program for every element of a tensor of `c`, and the program of `c` that each belongs to."""
    each = int(np.prod(extents, dtype=np.int64))
    lanes = np.repeat(np.arange(c.size), each)
    return replace(c.take(lanes), size=len(lanes)), lanes


def _in_shape(value: Any, shape: tuple[int, ...], what: str) -> Array:
    from minilinalg.interp.access import undefined

    if isinstance(value, Partial):
        if not bool(value.defined_array().all()):
            raise undefined(what, "computes")
        value = value.data
    return value.reshape(shape) if is_array(value) and value.size > 1 else np.asarray(value).reshape((1,) * len(shape))


def _needs_programs(op: Operation) -> bool:
    dialect = op.name.split(".")[0]
    return dialect not in ("arith", "math") and not op.name.endswith(".return")
