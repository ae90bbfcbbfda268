"""Copies between views, for all programs at once: a DMA, a move, memref.copy.

Where both sides are the same size in all programs, a copy is one assignment between two NumPy views. Addresses in
global memory usually step evenly from program to program, or in two steps (a grid of tiles); both are one view.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import cast

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.access import check_aligned
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array
from minilinalg.interp.loans import once_each
from minilinalg.interp.memory import Segment
from minilinalg.interp.views import MemRef, groups, programs_at


def copy(c: Chunk, source: MemRef, target: MemRef, what: str) -> None:
    """Copies the elements of one view to another of the same sizes.

    Raises RunError for an access out of bounds or misaligned.
    """
    if source.is_one_piece and target.is_one_piece:
        if 0 not in source.sizes:
            _copy(source, target, c.size, what)
        return
    cut = len(source.shape_key)
    for index, key in groups((*source.shape_key, *target.shape_key), c.size):
        a, b = source.piece(index, key[:cut]), target.piece(index, key[cut:])
        if 0 not in a.sizes:
            _copy(a, b, programs_at(index, c.size), what)


def _copy(source: MemRef, target: MemRef, count: int, what: str) -> None:
    """One group of programs, in which sizes and strides agree."""
    if target.storage is not None:
        if target.is_whole and _lend(source, target, count, what):
            return
        values = _values(source, count, what)
        if target.dtype.is_narrow and values.dtype == target.dtype.storage:
            values = target.dtype.widen(values)
        to = target.carried(what, write=True)
        lead = values.shape[: values.ndim - target.rank]
        if to.rows is None and len(lead) > 1:
            to.view.reshape(*lead, *target.sizes)[...] = values
        else:
            to.write(values.reshape(-1, *target.sizes))
        return
    if source.storage is not None:
        values = source.elements(what)
        found = global_view(target, count, what, write=True)
        if found is not None and len(values) == count:
            to, _ = found
            target.dtype.narrow(values.reshape(*to.shape[: to.ndim - target.rank], *target.sizes), to)
            return
    target.write(np.asarray(source.read(count, what)), count, what)


def _lend(source: MemRef, target: MemRef, count: int, what: str) -> bool:
    """Lends the elements to a whole buffer, if they are an array in the carrier of their type."""
    storage = target.storage
    if storage is None or len(storage.bytes) != count:
        return False
    loan = source.loan
    if loan is not None:
        return target.lend(loan.values, loan.segment)
    found = None if source.storage is not None else global_view(source, count, what, write=False)
    if found is None:
        return False
    values, segment = found
    values.flags.writeable = False
    carrier = target.dtype.carrier
    if target.dtype.is_narrow:
        # What was widened is no view of memory, and stays as it is.
        is_wide = values.dtype == carrier
        return target.lend(values if is_wide else once_each(values, values.ndim - target.rank, target.dtype))
    return values.dtype == carrier and target.lend(values, segment)


def _values(source: MemRef, count: int, what: str) -> Array:
    """(programs, *sizes), or (groups, programs of each, *sizes) in memory, in whatever dtype they are kept."""
    if source.storage is not None:
        return source.elements(what)
    found = global_view(source, count, what, write=False)
    return np.asarray(source.read(count, what)) if found is None else found[0]


def global_view(m: MemRef, count: int, what: str, *, write: bool) -> tuple[Array, Segment] | None:
    """A view in global memory, (programs, *sizes) or (groups, programs of each, *sizes); None where there is none.

    Narrow floats that are read may come in their carrier, where memory keeps them so.
    """
    memory, size = m.memory, m.dtype.itemsize
    assert memory is not None
    bases: list[int] = [m.offset] * count if isinstance(m.offset, int) else m.offset.tolist()
    if len(bases) != count:
        return None
    steps = even_steps(bases)
    if steps is None:
        return None
    shape: Sequence[int] = (*[n for n, _ in steps], *cast(Sequence[int], m.sizes))
    strides: Sequence[int] = (*[step for _, step in steps], *m.strides)
    low = high = bases[0]
    for stride, extent in zip(strides, shape, strict=True):
        if stride < 0:
            low += stride * (extent - 1)
        else:
            high += stride * (extent - 1)
    try:
        segment = memory.segment(low, high + size, what, write=write)
    except RunError:
        # The programs may use different arguments.
        return None
    first = bases[0] - segment.address
    if any(s % size for s in m.strides):
        return None
    if first % size or any(step % size for _, step in steps):
        check_aligned(m.offset - segment.address, size, what)
    if write:
        memory.changes += 1
    flat = memory.typed(segment, m.dtype.storage)
    if m.dtype.is_narrow and not write:
        wide = memory.widened(segment, m.dtype, count * int(prod(m.sizes)))
        if wide is not None:
            flat = wide
    scale = flat.itemsize
    if scale != size:
        first, strides = first // size * scale, [s // size * scale for s in strides]
    return np.ndarray(shape, flat.dtype, flat, first, strides), segment


def even_steps(bases: list[int]) -> Sequence[tuple[int, int]] | None:
    """Addresses as (count, step) of one or two nested loops, the outer one first; None where they are none."""
    count = len(bases)
    if count == 1:
        return ((1, 0),)
    first = bases[0]
    step = bases[1] - first
    if bases == ([first] * count if step == 0 else list(range(first, first + count * step, step))):
        return ((count, step),)
    inner, expected = 2, first + 2 * step
    while bases[inner] == expected:
        inner, expected = inner + 1, expected + step
    if count % inner:
        return None
    outer = bases[inner] - first
    if bases[inner:] == [base + outer for base in bases[:-inner]]:
        return ((count // inner, outer), (inner, step))
    return None
