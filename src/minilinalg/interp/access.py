"""Loads and stores of whole tensors: strided windows where pointers and masks are structured, index arrays elsewhere.

A structured access finds, per dimension, the interval of lanes that its mask lets through (`Box`). Programs with the
same intervals are read in one step; one whose addresses step evenly from program to program is a view of memory.
Addresses with an index vector on some dimensions (a modulo, a table look-up) are read row by row in one indexing step.
What is left over is read lane by lane through index arrays. All three give the same answer; only the time differs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.dtypes import Array, DType, is_array
from minilinalg.interp.memory import GlobalMemory, Segment
from minilinalg.interp.values import Affine, Box, Mask, Partial, along, least, most, take, written_out


class Window:
    """Where the elements of one rectangular access lie: base addresses, extents, strides or index vectors, in bytes."""

    __slots__ = ("base", "extents", "size", "strides", "vectors")

    def __init__(self, pointer: Affine, low: list[int], high: list[int], size: int):
        base = pointer.offset
        self.extents: list[int] = []
        self.strides: list[int] = []
        self.vectors: dict[int, Array] = {}
        self.size = size
        for dim, term in enumerate(pointer.terms):
            extent = high[dim] - low[dim]
            if isinstance(term, int):
                base = base + low[dim] * term
                self.strides.append(term)
            else:
                self.vectors[dim] = term[:, low[dim] : high[dim]]
                self.strides.append(0)
            self.extents.append(extent)
        self.base: int | Array = base

    def reach(self) -> tuple[int, int]:
        """The first byte touched and the one after the last."""
        low, high = least(self.base), most(self.base)
        for stride, extent in zip(self.strides, self.extents, strict=True):
            span = stride * (extent - 1)
            if span < 0:
                low += span
            else:
                high += span
        for vector in self.vectors.values():
            low, high = low + int(vector.min()), high + int(vector.max())
        return low, high + self.size

    def even_step(self) -> int | None:
        """The distance from one program's base to the next one's, when it is the same for all."""
        base = self.base
        if isinstance(base, int) or len(base) == 1:
            return 0
        step = int(base[1]) - int(base[0])
        if len(base) > 2 and not bool((base[1:] - base[:-1] == step).all()):
            return None
        return step

    def program(self, p: int) -> Window:
        """The window of program `p` alone."""
        one = Window.__new__(Window)
        one.base = self.base if isinstance(self.base, int) else int(self.base[p])
        one.extents, one.strides, one.size = self.extents, self.strides, self.size
        one.vectors = {d: v if len(v) == 1 else v[p : p + 1] for d, v in self.vectors.items()}
        return one

    def view(self, segment: Segment, flat: Array, *, spread: bool) -> Array | None:
        """A strided view (L, extents...) of `flat`, the segment's elements; None when the addresses allow none.

        With `spread` a dimension of stride 0 keeps its extent (for stores); else it becomes 1.
        """
        if self.vectors:
            return None
        step = self.even_step()
        if step is None:
            return None
        count = 1 if isinstance(self.base, int) else len(self.base)
        first = (self.base if isinstance(self.base, int) else int(self.base[0])) - segment.address
        shape = [count, *(n if s or spread else 1 for n, s in zip(self.extents, self.strides, strict=True))]
        # `flat` may hold the elements in a wider type than memory does.
        scale, size = flat.itemsize, self.size
        return np.ndarray(
            shape, flat.dtype, flat, first // size * scale, [s // size * scale for s in (step, *self.strides)]
        )

    def pick(self, segment: Segment, flat: Array, what: str) -> Array:
        """(L, extents...) copied out of `flat`, the segment's elements: rows by index, the rest by strides."""
        rank = len(self.extents)
        base = np.atleast_1d(np.asarray(self.base, np.int64))
        starts = (base - segment.address).reshape(-1, *([1] * len(self.vectors)))
        for at, vector in enumerate(self.vectors.values()):
            starts = starts + along(vector, at, len(self.vectors))
        check_aligned(starts, self.size, what)
        lanes = [d for d in range(rank) if d not in self.vectors]
        steps = [self.strides[d] // self.size for d in lanes]
        extents = [self.extents[d] if self.strides[d] else 1 for d in lanes]
        below = sum(s * (n - 1) for s, n in zip(steps, extents, strict=True) if s < 0)
        above = sum(s * (n - 1) for s, n in zip(steps, extents, strict=True) if s > 0)
        # Row i of this window is what an access that starts at element i - below sees.
        rows = np.ndarray(
            [max(len(flat) + below - above, 0), *extents],
            flat.dtype,
            flat,
            -below * flat.itemsize,
            [n * flat.itemsize for n in (1, *steps)],
        )
        order = [0] * (rank + 1)
        for at, dim in enumerate([*self.vectors, *lanes]):
            order[dim + 1] = at + 1
        return rows[(starts >> (self.size.bit_length() - 1)) + below].transpose(order)


def check_aligned(offsets: Array | int, size: int, what: str) -> None:
    if size > 1 and np.any(offsets & (size - 1)):
        raise RunError(
            f"{what} is misaligned: an address is no multiple of {size} bytes",
            rule="an element lies at a multiple of its own size, counted from the start of its argument",
        )


def read_window(memory: GlobalMemory, window: Window, dtype: DType, what: str, *, carried: bool = True) -> Array:
    """(L, extents...), a view of memory where it can be; in the carrier of `dtype` unless `carried` is false.

    An extent along which every lane reads the same element is 1.
    """
    low, high = window.reach()
    try:
        segment = memory.segment(low, high, what)
    except RunError:
        # The programs of a chunk may read from different arguments.
        if isinstance(window.base, int) or len(window.base) == 1:
            raise
        return _one_by_one(memory, window, dtype, what, carried)
    if any(s % dtype.itemsize for s in window.strides):
        raise _odd_stride(window, dtype, what)
    count = 1 if isinstance(window.base, int) else len(window.base)
    wide = memory.widened(segment, dtype, count * math.prod(window.extents)) if carried and dtype.is_narrow else None
    flat = memory.typed(segment, dtype.storage) if wide is None else wide
    found = window.view(segment, flat, spread=False)
    if found is None:
        found = window.pick(segment, flat, what)
    else:
        check_aligned(window.base - segment.address, dtype.itemsize, what)
    return dtype_in(found, dtype) if carried and wide is None else found


def _one_by_one(memory: GlobalMemory, window: Window, dtype: DType, what: str, carried: bool) -> Array:
    assert not isinstance(window.base, int)
    rows: list[Array] = []
    for p in range(len(window.base)):
        rows.append(read_window(memory, window.program(p), dtype, what, carried=carried))
    return np.concatenate(rows)


def _odd_stride(window: Window, dtype: DType, what: str) -> RunError:
    return RunError(
        f"{what} steps by {[s for s in window.strides if s % dtype.itemsize]} bytes",
        rule=f"elements of type {dtype.name} lie {dtype.itemsize} bytes apart or a multiple of it",
    )


def _groups(box: Box, count: int) -> list[tuple[Any, list[int], list[int]]]:
    """The programs by equal intervals: (index array, low, high), intervals that let no lane through left out."""
    bounds = [np.broadcast_to(np.asarray(b), (count,)).tolist() for b in (*box.low, *box.high)]
    found: dict[tuple[int, ...], list[int]] = {}
    for p, row in enumerate(zip(*bounds, strict=True)):
        found.setdefault(row, []).append(p)
    rank = len(box.low)
    out: list[tuple[Any, list[int], list[int]]] = []
    for row, programs in found.items():
        low, high = list(row[:rank]), list(row[rank:])
        if all(lo < hi for lo, hi in zip(low, high, strict=True)):
            index: Any = programs
            if programs[-1] - programs[0] == len(programs) - 1:
                index = slice(programs[0], programs[-1] + 1)
            out.append((index, low, high))
    return out


def _cut(low: list[int], high: list[int]) -> tuple[slice, ...]:
    return tuple(slice(lo, hi) for lo, hi in zip(low, high, strict=True))


def load(
    memory: GlobalMemory,
    pointer: Any,
    mask: Any,
    other: Any,
    dtype: DType,
    shape: tuple[int, ...],
    count: int,
    what: str,
) -> Any:
    """A tensor of `shape` read through `pointer`, in the carrier of `dtype`; a view of memory where that is possible.

    mask None: all lanes. other None: masked-off lanes are undefined (the result is a `Partial`). count: how many
    programs run. Raises RunError for an access out of bounds, misaligned, or through an undefined address.
    """
    if not (isinstance(pointer, Affine) and (mask is None or isinstance(mask, Mask)) and shape):
        return _gather(memory, pointer, mask, other, dtype, shape, what)
    if mask is None:
        return read_window(memory, Window(pointer, [0] * len(shape), list(shape), dtype.itemsize), dtype, what)
    box = mask.box()
    if box.full:
        return read_window(memory, Window(pointer, [0] * len(shape), list(shape), dtype.itemsize), dtype, what)
    if box.rest is not None:
        return _gather(memory, pointer, mask, other, dtype, shape, what)
    varies = count if _varies(pointer, box, other) else 1
    out = np.empty((varies, *shape), dtype.carrier)
    if other is None:
        # A NaN or a large number makes a use that slipped through visible; no program may depend on it.
        out[...] = poison(dtype)
    else:
        out[...] = written_out(other)
    if box.uniform:
        groups: list[tuple[Any, list[int], list[int]]] = [(slice(None), box.low, box.high)]
        if any(lo >= hi for lo, hi in zip(box.low, box.high, strict=True)):
            groups = []
    else:
        groups = _groups(box, count)
    for index, low, high in groups:
        read = read_window(memory, Window(take(pointer, index), low, high, dtype.itemsize), dtype, what)
        if isinstance(index, slice):
            out[index][(slice(None), *_cut(low, high))] = read
        else:
            out[(index, *_cut(low, high))] = read
    return _with_background(out, mask, other)


def _varies(pointer: Affine, box: Box, other: Any) -> bool:
    if not box.uniform or not isinstance(pointer.offset, int):
        return True
    if any(not isinstance(t, int) and len(t) > 1 for t in pointer.terms):
        return True
    return other is not None and len(np.atleast_1d(written_out(other))) > 1


def dtype_in(read: Array, dtype: DType) -> Array:
    """What was read from memory, in the carrier of its type."""
    return dtype.widen(read) if dtype.is_narrow else read


def dtype_out(value: Array, dtype: DType) -> Array:
    """A value in its carrier, as it is stored in memory (it is already rounded, so this is exact)."""
    if not dtype.is_narrow:
        return value
    out = np.empty(value.shape, dtype.storage)
    dtype.narrow(value, out)
    return out


def poison(dtype: DType) -> Any:
    """What an undefined element holds."""
    if dtype.is_float:
        return dtype.carrier.type(np.nan)
    return True if dtype.bits == 1 else dtype.wrap(0x5A5A5A5A5A5A5A5A)


def store(
    memory: GlobalMemory,
    pointer: Any,
    value: Any,
    mask: Any,
    dtype: DType,
    shape: tuple[int, ...],
    count: int,
    what: str,
) -> None:
    """Writes a tensor of `shape`, given in the carrier of `dtype`, through `pointer` where `mask` holds.

    Raises RunError for an access out of bounds, to a read-only array, or of an undefined element.
    """
    if isinstance(value, Partial):
        value = defined_where(value, mask, what)
    else:
        value = written_out(value)
    if not (isinstance(pointer, Affine) and (mask is None or isinstance(mask, Mask)) and shape):
        _scatter(memory, pointer, value, mask, dtype, shape, what)
        return
    groups: list[tuple[Any, list[int], list[int]]] = [(slice(None), [0] * len(shape), list(shape))]
    if mask is not None:
        box = mask.box()
        if box.rest is not None:
            _scatter(memory, pointer, value, mask, dtype, shape, what)
            return
        if box.uniform:
            groups = [(slice(None), box.low, box.high)]
            if any(lo >= hi for lo, hi in zip(box.low, box.high, strict=True)):
                return
        elif not box.full:
            groups = _groups(box, count)
    for index, low, high in groups:
        window = Window(take(pointer, index), low, high, dtype.itemsize)
        first, end = window.reach()
        part = take(value, index)
        if len(part) > 1 and not _has_programs(window):
            part = part[-1:]
        cut = tuple(
            slice(lo, hi) if n > 1 else slice(None) for lo, hi, n in zip(low, high, part.shape[1:], strict=True)
        )
        part = part[(slice(None), *cut)]
        try:
            segment = memory.segment(first, end, what, write=True)
        except RunError:
            if isinstance(window.base, int) or len(window.base) == 1:
                raise
            _scatter(memory, pointer, value, mask, dtype, shape, what)
            return
        if any(s % dtype.itemsize for s in window.strides):
            raise _odd_stride(window, dtype, what)
        if window.vectors:
            _scatter(memory, pointer, value, mask, dtype, shape, what)
            return
        check_aligned(window.base - segment.address, dtype.itemsize, what)
        write_window(memory, segment, window, part, dtype)


def write_window(memory: GlobalMemory, segment: Segment, window: Window, values: Array, dtype: DType) -> None:
    """Writes (L, extents...) values, in carrier or storage dtype, to a window without index vectors."""
    memory.changes += 1
    flat = memory.typed(segment, dtype.storage)
    view = window.view(segment, flat, spread=True)
    if view is not None:
        # One assignment narrows and copies; NumPy copies first when the two overlap.
        view[...] = values if len(view) > 1 or len(values) == 1 else values[-1:]
        return
    assert not isinstance(window.base, int)
    for p in range(len(window.base)):
        view = window.program(p).view(segment, flat, spread=True)
        assert view is not None
        view[...] = values if len(values) == 1 else values[p : p + 1]


def _has_programs(window: Window) -> bool:
    return not isinstance(window.base, int) and len(window.base) > 1


def defined_where(value: Partial, mask: Any, what: str) -> Array:
    """The data of a partly undefined tensor, once every lane that the mask lets through is known to be defined."""
    if value.defined is not mask:
        defined = value.defined_array()
        bad = ~defined if mask is None else written_out(mask) & ~defined
        if bool(bad.any()):
            raise undefined(what, "stores")
    return value.data


def undefined(what: str, does: str) -> RunError:
    """The error for an undefined element that reaches something it must not."""
    of_thread = what.startswith("'simt.")
    return RunError(
        f"{what} {does} an undefined element",
        rule="a lane that a load masks off without `other`, or memory that nothing was written to, is undefined: it "
        "may be computed with, but must not reach an address, a branch, a reduction or global memory",
        hint="give the load an `other`, or mask the later use as the load was masked"
        + ("; store to shared memory, or wait for the copy into it, before it is read" if of_thread else ""),
    )


def lanes_of(pointer: Any, mask: Any, shape: tuple[int, ...], what: str) -> tuple[Array, Array | None]:
    addresses = pointer
    if isinstance(pointer, Partial):
        bad = ~pointer.defined_array() if mask is None else written_out(mask) & ~pointer.defined_array()
        if bool(bad.any()):
            raise undefined(what, "uses as an address")
    addresses = np.asarray(written_out(addresses), np.int64)
    if isinstance(mask, Partial):
        if not bool(mask.defined_array().all()):
            raise undefined(what, "uses as a mask")
        mask = mask.data
    lanes = None if mask is None else np.asarray(written_out(mask), np.bool_)
    # Scalars have shape (P,) or (); tensors a leading axis.
    lead = max(len(np.atleast_1d(addresses)), 1 if lanes is None else len(np.atleast_1d(lanes)))
    full = (lead, *shape)
    addresses = np.broadcast_to(np.atleast_1d(addresses), full)
    return addresses, None if lanes is None else np.broadcast_to(np.atleast_1d(lanes), full)


def by_segment(
    memory: GlobalMemory, addresses: Array, lanes: Array | None, size: int, what: str, write: bool
) -> list[tuple[Segment, Array | None]]:
    """The segments that the lanes touch, each with the lanes that touch it (None: all)."""
    active = addresses if lanes is None else addresses[lanes]
    if not active.size:
        return []
    try:
        segment = memory.segment(int(active.min()), int(active.max()) + size, what, write=write)
        return [(segment, lanes)]
    except RunError:
        pass
    out: list[tuple[Segment, Array | None]] = []
    left = np.ones(addresses.shape, np.bool_) if lanes is None else lanes.copy()
    while left.any():
        low = int(addresses[left].min())
        segment = memory.segment(low, low + size, what, write=write)
        here = left & (addresses >= segment.address) & (addresses + size <= segment.end)
        out.append((segment, here))
        left &= ~here
    return out


def _gather(
    memory: GlobalMemory, pointer: Any, mask: Any, other: Any, dtype: DType, shape: tuple[int, ...], what: str
) -> Any:
    addresses, lanes = lanes_of(pointer, mask, shape, what)
    whole = lanes is None or bool(lanes.all())
    background = None if other is None else np.atleast_1d(_spread(other, len(shape)))
    if background is not None and len(background) > len(addresses):
        addresses = np.broadcast_to(addresses, (len(background), *shape))
        lanes = None if lanes is None else np.broadcast_to(lanes, addresses.shape)
    parts = by_segment(memory, addresses, None if whole else lanes, dtype.itemsize, what, False)
    if len(parts) == 1 and parts[0][1] is None:
        segment = parts[0][0]
        offsets = addresses - segment.address
        check_aligned(offsets, dtype.itemsize, what)
        return dtype_in(memory.typed(segment, dtype.storage)[offsets // dtype.itemsize], dtype)
    out = np.empty(addresses.shape, dtype.carrier)
    out[...] = poison(dtype) if background is None else background
    for segment, here in parts:
        offsets = (addresses if here is None else addresses[here]) - segment.address
        check_aligned(offsets, dtype.itemsize, what)
        read = dtype_in(memory.typed(segment, dtype.storage)[offsets // dtype.itemsize], dtype)
        if here is None:
            out[...] = read
        else:
            out[here] = read
    return out if lanes is None or whole else _with_background(out, lanes, other)


def _with_background(out: Array, mask: Any, other: Any) -> Any:
    """What was read where the mask holds, and is `other` elsewhere: undefined where that is."""
    if other is None:
        return Partial(out, mask)
    if isinstance(other, Partial):
        return Partial(out, written_out(mask) | other.defined_array())
    return out


def _spread(scalar_or_tensor: Any, rank: int) -> Any:
    value = written_out(scalar_or_tensor)
    if is_array(value) and value.ndim == 1 and rank:
        return value.reshape(-1, *([1] * rank))
    return value


def _scatter(
    memory: GlobalMemory, pointer: Any, value: Any, mask: Any, dtype: DType, shape: tuple[int, ...], what: str
) -> None:
    addresses, lanes = lanes_of(pointer, mask, shape, what)
    data = np.atleast_1d(np.asarray(value))
    lead = max(len(addresses), len(data))
    addresses = np.broadcast_to(addresses, (lead, *shape))
    lanes = None if lanes is None else np.broadcast_to(lanes, (lead, *shape))
    data = np.broadcast_to(data, (lead, *shape))
    for segment, here in by_segment(memory, addresses, lanes, dtype.itemsize, what, True):
        offsets = (addresses if here is None else addresses[here]) - segment.address
        check_aligned(offsets, dtype.itemsize, what)
        memory.changes += 1
        flat = memory.typed(segment, dtype.storage)
        flat[offsets // dtype.itemsize] = dtype_out(data if here is None else data[here], dtype)
