"""memref: views of global memory and of on-chip buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.copying import copy
from minilinalg.interp.defined_bytes import carry, known_of, record
from minilinalg.interp.dtypes import INDEX, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.storage import Storage
from minilinalg.interp.tensor import DYNAMIC, mixed
from minilinalg.interp.values import Partial, written_out
from minilinalg.interp.views import MemRef, Sized, plain, row_major

ADDRESS = "simd.address"
"""The attribute of a buffer that has a place in its memory space, in bytes."""


def argument(dtype: DType, address: Any, shape: tuple[int, ...], memory: GlobalMemory) -> MemRef:
    """The memref of a pointer argument, or of another address, one or one a program: it begins there; where a dynamic
    extent ends, memory knows."""
    sizes = [n if n >= 0 else 1 << 48 for n in shape]
    return MemRef(dtype, address, sizes, row_major(sizes, dtype.itemsize), memory=memory)


@meaning("address.to_memref")
def emit_to_memref(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.results[0].type), shape_of(op.results[0].type)

    def memory(c: Chunk, address: Any) -> MemRef:
        if isinstance(address, Partial):
            # Address 0 is in no argument: only an access is an error.
            address = np.where(address.defined_array(), address.data, 0)
        return argument(dtype, plain(address), shape, c.memory)

    em.call(op, memory, f"c, {em.refs(op.operands)}")


@meaning("memref.extract_aligned_pointer_as_index")
def emit_address(em: Emitter, op: Any) -> None:
    def address(c: Chunk, base: MemRef) -> Any:
        if base.memory is None:
            raise RunError(
                "'memref.extract_aligned_pointer_as_index' asks for the address of a buffer",
                rule="only the memory of arguments has addresses that a program may use",
            )
        return base.offset

    em.call(op, address, f"c, {em.refs(op.operands)}")


@meaning("memref.alloc", "memref.alloca")
def emit_alloc(em: Emitter, op: Any) -> None:
    type_ = op.results[0].type
    dtype, shape = dtype_of(type_), shape_of(type_)
    address = op.attributes.get(ADDRESS)
    space = str(getattr(type_, "memory_space", ""))
    at = None if address is None else int(address.value.data)
    if at is not None:
        end = at + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        em.arenas[space] = max(em.arenas.get(space, 0), end)

    def alloc(c: Chunk, *given: Any) -> MemRef:
        rest = iter(given)
        sizes = [plain(next(rest)) if n < 0 else n for n in shape]
        strides = row_major(sizes, dtype.itemsize)
        nbytes = int(np.prod([int(np.max(n)) for n in sizes], dtype=np.int64)) * dtype.itemsize
        if at is not None and c.arenas is not None:
            buffer = at, at + nbytes
            return MemRef(dtype, at, sizes, strides, storage=c.arenas.of(space), rows=c.rows, buffer=buffer)
        name = op.results[0].name_hint or "a buffer"
        storage = Storage(c.size, nbytes, name) if c.arenas is None else c.arenas.storage(c.size, nbytes, name)
        return MemRef(dtype, 0, sizes, strides, storage=storage)

    em.call(op, alloc, ", ".join(["c", *(em.ref(o) for o in op.operands)]))


@meaning("memref.dealloc")
def emit_dealloc(em: Emitter, op: Any) -> None:
    """Buffers are freed by Python."""


def _times(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int:
        return a * b
    a, b = plain(a), plain(b)
    return a * b if isinstance(a, int) and isinstance(b, int) else wide(a) * wide(b)


def _plus(a: Any, b: Any) -> Any:
    return a + b if type(a) is int and type(b) is int else wide(a) + wide(b)


def wide(a: Any) -> Any:
    """A number, or one a program in 64 bits."""
    return a if isinstance(a, int) or a.dtype is INDEX.carrier else np.asarray(a, np.int64)


@meaning("memref.subview")
def emit_subview(em: Emitter, op: Any) -> None:
    rank_out = len(shape_of(op.results[0].type))
    target = shape_of(op.results[0].type)

    places = [op.properties[f"static_{w}"] for w in ("offsets", "strides")]
    fixed = all(int(n) != DYNAMIC for place in places for n in place.get_values())

    def subview(base: MemRef, offsets: Sequence[Any], sizes: Sequence[Any], strides: Sequence[Any]) -> MemRef:
        if base.storage is None:
            return view(base, offsets, sizes, strides)
        # Loops ask for the same views of a buffer again and again.
        key = (op, sizes) if fixed else (op, sizes, *map(plain, offsets), *map(plain, strides))
        views = base.views
        if views is None:
            views = base.views = {}
        try:
            found = views.get(key)
        except TypeError:
            # Numbers that differ between programs are in arrays, which are no keys.
            return view(base, offsets, sizes, strides)
        if found is None:
            found = views[key] = view(base, offsets, sizes, strides)
        return found

    def view(base: MemRef, offsets: Sequence[Any], sizes: Sequence[Any], strides: Sequence[Any]) -> MemRef:
        offset = base.offset
        for o, s in zip(offsets, base.strides, strict=True):
            offset = _plus(offset, _times(o, s))
        out_sizes = list(sizes)
        out_strides = [_times(s, t) for s, t in zip(strides, base.strides, strict=True)]
        if rank_out < len(out_sizes):
            kept = _kept(out_sizes, target)
            out_sizes, out_strides = [out_sizes[d] for d in kept], [out_strides[d] for d in kept]
        return base.like(offset, out_sizes, out_strides)

    given = _place(em, op)
    em.call(op, subview, f"{em.ref(op.operands[0])}, {given}")


def _place(em: Emitter, op: Any) -> str:
    """Where a view lies in another one: its offsets, sizes and strides, the sizes as numbers where programs agree."""
    offsets, strides = (mixed(em, op.properties[f"static_{w}"], getattr(op, w)) for w in ("offsets", "strides"))
    return f"{offsets}, {mixed(em, op.properties['static_sizes'], op.sizes, plain=op)}, {strides}"


def _kept(sizes: Sequence[Any], target: tuple[int, ...]) -> list[int]:
    kept: list[int] = []
    wanted = list(target)
    for d, n in enumerate(sizes):
        left = len(sizes) - d
        if wanted and (left == len(wanted) or not (isinstance(n, int) and n == 1) or wanted[0] == 1):
            kept.append(d)
            wanted.pop(0)
    return kept


@meaning("memref.reinterpret_cast")
def emit_reinterpret_cast(em: Emitter, op: Any) -> None:
    static = [int(s) for s in op.properties["static_strides"].get_values()]
    itemsize = dtype_of(op.results[0].type).itemsize
    steps = None if DYNAMIC in static else tuple(s * itemsize for s in static)

    def reinterpret(base: MemRef, offsets: Sequence[Any], sizes: Sequence[Any], strides: Sequence[Any]) -> MemRef:
        size = base.dtype.itemsize
        offset = base.offset
        for o in offsets:
            o = o if type(o) is np.ndarray else plain(o)
            offset = offset + o * size if type(o) is type(offset) is int else wide(offset) + wide(o) * size
        return base.like(offset, sizes, steps or [_times(s, size) for s in strides])

    em.call(op, reinterpret, f"{em.ref(op.operands[0])}, {_place(em, op)}")


@meaning("memref.cast", "memref.memory_space_cast")
def emit_cast(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = {em.ref(op.operands[0])}", op)


@meaning("memref.expand_shape", "memref.collapse_shape")
def emit_reshape(em: Emitter, op: Any) -> None:
    shape, target = shape_of(op.operands[0].type), shape_of(op.results[0].type)

    def reshape(base: MemRef) -> MemRef:
        size = base.dtype.itemsize
        if list(base.strides) == row_major(shape, size):
            return base.like(base.offset, target, row_major(target, size))
        # Extents of 1 come or go: their strides are never stepped by.
        steps = iter([s for s, n in zip(base.strides, shape, strict=True) if n != 1])
        return base.like(base.offset, target, [size if n == 1 else next(steps) for n in target])

    em.call(op, reshape, em.ref(op.operands[0]))


@meaning("memref.copy")
def emit_copy(em: Emitter, op: Any) -> None:
    what = "'memref.copy'"

    def run(c: Chunk, source: MemRef, target: MemRef) -> None:
        carry(source, target, c.size, what)
        copy(c, source, target, what)

    em.call(op, run, f"c, {em.refs(op.operands)}")


def element(base: MemRef, indices: Sequence[Any]) -> MemRef:
    """The view of one element a program, of rank 0."""
    offset = base.offset
    for i, s in zip(indices, base.strides, strict=True):
        offset = _plus(offset, _times(i, s))
    return base.like(offset, (), ())


@meaning("memref.load")
def emit_load(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.results[0].type)

    def load(c: Chunk, base: MemRef, *indices: Any) -> Any:
        one = element(base, indices)
        if one.memory is not None and not isinstance(one.offset, int):
            found = access.load(c.memory, one.offset, None, None, dtype, (), c.size, "'memref.load'")
        else:
            read = one.read(c.size, "'memref.load'")
            found = access.dtype_in(read.data if isinstance(read, Sized) else np.asarray(read), dtype)
            if (known := known_of(one, c.size, "'memref.load'")) is not None:
                return Partial(np.array(found), known)
        if len(found) > 1:
            # A copy: the number read now must not change when memory does.
            return np.array(found)
        return found[0] if dtype.is_float else found[0].item()

    em.call(op, load, f"c, {em.refs(op.operands)}")


@meaning("memref.store")
def emit_store(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.operands[0].type)

    def store(c: Chunk, value: Any, base: MemRef, *indices: Any) -> None:
        one = element(base, indices)
        if one.memory is not None and not isinstance(one.offset, int):
            stored = value if isinstance(value, Partial) else np.asarray(value)
            access.store(c.memory, one.offset, stored, None, dtype, (), c.size, "'memref.store'")
            return
        known = value.defined_array() if isinstance(value, Partial) else None
        if one.memory is not None and known is not None:
            raise access.undefined("'memref.store'", "stores")
        record(one, known, c.size, "'memref.store'")
        data = np.atleast_1d(np.asarray(written_out(value), dtype.carrier))
        one.write(access.dtype_out(data, dtype), c.size, "'memref.store'")

    em.call(op, store, f"c, {em.refs(op.operands)}")
