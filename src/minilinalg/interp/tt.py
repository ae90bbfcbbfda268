"""tt: the operations of Triton IR (Triton 3.9, TritonOps.td).

Layout-free: a tensor's shape operations are views where they can be, and pointer arithmetic stays symbolic until a load
or store reads it (access.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.dialects.tt.attributes import PropagateNan, RoundingMode
from minilinalg.errors import UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.arith.floats import maximumf, minimumf
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import I1, I32, Array, DType, dtype_of, rounder, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifetimes import needs_snapshot
from minilinalg.interp.lifting import by_rank, guarded, lift, same
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Affine, Mask, Partial, form_of, scalar_form, spread, written_out
from minilinalg.locations import places_of

# The grid


@meaning("tt.get_program_id")
def emit_program_id(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = c.pids[{int(op.program_dim)}]", op)


@meaning("tt.get_num_programs")
def emit_num_programs(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = c.grid[{int(op.program_dim)}]", op)


# Making tensors and shaping them


@meaning("tt.make_range")
def emit_make_range(em: Emitter, op: Any) -> None:
    shape = shape_of(op.results[0].type)
    ramp = Affine(int(op.properties["start"].value.data), (1,), shape, I32)
    em.line(f"{em.define(op.results[0])} = {em.const(ramp, 'ramp')}", op)


def splat(dtype: DType, shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """A tensor of one scalar."""
    zeros = (0,) * len(shape)
    ones = (1,) * len(shape)

    def symbolic(x: Any) -> Any:
        if not isinstance(x, int):
            x = np.asarray(x, np.int64) if np.ndim(x) else int(x)
        return Affine(x, zeros, shape, dtype)

    def array(x: Any) -> Any:
        return np.asarray(x, dtype.carrier).reshape(-1, *ones)

    plain = symbolic if dtype.kind == "ptr" or (dtype.kind == "int" and dtype is not I1) else array

    def any_form(x: Any) -> Any:
        if type(x) is Partial:
            return Partial(array(x.data), x.defined_array().reshape(-1, *ones))
        return plain(x)

    return any_form


@meaning("tt.splat", "tt.unsplat")
def emit_splat(em: Emitter, op: Any) -> None:
    if op.name == "tt.unsplat":
        dtype = dtype_of(op.results[0].type)

        def unsplat(x: Any) -> Any:
            if type(x) is Partial:
                return Partial(x.data.reshape(-1), np.broadcast_to(x.defined_array(), x.data.shape).reshape(-1))
            return scalar_form(np.asarray(written_out(x)).reshape(-1), dtype)

        em.call(op, unsplat, em.refs(op.operands))
        return
    em.call(op, splat(dtype_of(op.results[0].type), shape_of(op.results[0].type)), em.refs(op.operands))


def shaped(
    affine: Callable[[Affine], Affine | None], array: Callable[[Array], Array], shape: tuple[int, ...]
) -> Callable[[Any], Any]:
    """A shape operation over every form that a tensor can have."""

    def fn(x: Any) -> Any:
        kind = form_of(x)
        if kind is np.ndarray:
            return array(x)
        if kind is Affine:
            found = affine(x)
            return array(x.array()) if found is None else found
        if kind is Mask:
            terms = [affine(t) for t in x.terms]
            if any(t is None for t in terms):
                return array(x.array())
            return Mask(tuple(t for t in terms if t is not None), tuple(array(r) for r in x.rest), shape)
        if kind is Partial:
            return Partial(array(x.data), fn(x.defined))
        return x

    return fn


@cache
def expand_dims(axis: int, shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """One more dimension of extent 1 at `axis`."""

    def affine(x: Affine) -> Affine:
        return Affine(x.offset, (*x.terms[:axis], 0, *x.terms[axis:]), shape, x.dtype)

    def array(x: Array) -> Array:
        return x.reshape(*x.shape[: axis + 1], 1, *x.shape[axis + 1 :])

    return shaped(affine, array, shape)


@meaning("tt.expand_dims")
def emit_expand_dims(em: Emitter, op: Any) -> None:
    em.call(op, expand_dims(int(op.properties["axis"].value.data), shape_of(op.results[0].type)), em.refs(op.operands))


@cache
def broadcast(shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """Extents of 1 grown to those of `shape`; an array stays as it is, since an extent of 1 stands for any."""

    def affine(x: Affine) -> Affine:
        offset = x.offset
        terms = list(x.terms)
        for dim, (n, m) in enumerate(zip(x.shape, shape, strict=True)):
            if n != m:
                term = terms[dim]
                if not isinstance(term, int):
                    offset = offset + term[:, 0] if len(term) > 1 else offset + int(term[0, 0])
                terms[dim] = 0
        return Affine(offset, tuple(terms), shape, x.dtype)

    return shaped(affine, same, shape)


@meaning("tt.broadcast")
def emit_broadcast(em: Emitter, op: Any) -> None:
    em.call(op, broadcast(shape_of(op.results[0].type)), em.refs(op.operands))


@meaning("tt.reshape")
def emit_reshape(em: Emitter, op: Any) -> None:
    source, shape = shape_of(op.operands[0].type), shape_of(op.results[0].type)

    def array(x: Array) -> Array:
        return spread(x, source).reshape(len(x), *shape)

    def affine(x: Affine) -> Affine | None:
        if x.is_splat:
            return Affine(x.offset, (0,) * len(shape), shape, x.dtype)
        if [n for n in source if n != 1] == [n for n in shape if n != 1]:
            moving = iter([t for t, n in zip(x.terms, source, strict=True) if n != 1])
            if any(n == 1 and not (isinstance(t, int)) for t, n in zip(x.terms, source, strict=True)):
                return None
            return Affine(x.offset, tuple(next(moving) if n != 1 else 0 for n in shape), shape, x.dtype)
        return None

    em.call(op, shaped(affine, array, shape), em.refs(op.operands))


@meaning("tt.trans")
def emit_trans(em: Emitter, op: Any) -> None:
    order = [int(i) for i in op.properties["order"].get_values()]
    shape = shape_of(op.results[0].type)

    def affine(x: Affine) -> Affine:
        return Affine(x.offset, tuple(x.terms[i] for i in order), shape, x.dtype)

    def array(x: Array) -> Array:
        return x.transpose(0, *(i + 1 for i in order))

    em.call(op, shaped(affine, array, shape), em.refs(op.operands))


def moved(fn: Callable[..., Array]) -> Callable[..., Any]:
    """`fn`, which only moves elements, on tensors of any form: what is undefined moves alike."""

    def any_form(*operands: Any) -> Any:
        data = fn(*(written_out(o) for o in operands))
        if Partial not in map(type, operands):
            return data
        known = [o.defined_array() if type(o) is Partial else np.ones_like(written_out(o), np.bool_) for o in operands]
        return Partial(data, fn(*known))

    return any_form


@meaning("tt.cat")
def emit_cat(em: Emitter, op: Any) -> None:
    shapes = [shape_of(o.type) for o in op.operands]

    def cat(a: Array, b: Array) -> Array:
        parts = [spread(x, s) for x, s in zip((a, b), shapes, strict=True)]
        lead = max(len(p) for p in parts)
        return np.concatenate([np.broadcast_to(p, (lead, *p.shape[1:])) for p in parts], axis=1)

    em.call(op, moved(cat), em.refs(op.operands))


@meaning("tt.join")
def emit_join(em: Emitter, op: Any) -> None:
    shape = shape_of(op.operands[0].type)

    def join(a: Array, b: Array) -> Array:
        return np.stack(np.broadcast_arrays(spread(a, shape), spread(b, shape)), axis=-1)

    em.call(op, moved(join), em.refs(op.operands))


@meaning("tt.split")
def emit_split(em: Emitter, op: Any) -> None:
    shape = shape_of(op.operands[0].type)

    def part(i: int) -> Callable[[Any], Any]:
        def side(a: Array) -> Array:
            return spread(a, shape)[..., i]

        return moved(side)

    first, second = part(0), part(1)

    def split(x: Any) -> tuple[Any, Any]:
        return first(x), second(x)

    em.call(op, split, em.refs(op.operands))


# Pointers and memory


@meaning("tt.addptr")
def emit_addptr(em: Emitter, op: Any) -> None:
    pointee = _pointee(op.operands[0].type)
    size = pointee.itemsize

    if not shape_of(op.results[0].type):

        def scalar(p: Any, i: Any) -> Any:
            return p + i * size if isinstance(i, int) else p + np.asarray(i, np.int64) * size

        em.call(op, guarded(scalar), em.refs(op.operands))
        return

    def arrays(p: Array, i: Array) -> Array:
        return np.asarray(p, np.int64) + np.asarray(i, np.int64) * size

    plain = lift(arrays)

    def tensor(p: Any, i: Any) -> Any:
        if type(p) is Affine:
            if type(i) is Affine and i.fits():
                terms = tuple(_scaled_sum(a, b, size, n) for a, b, n in zip(p.terms, i.terms, p.shape, strict=True))
                return Affine(p.offset + i.offset * size, terms, p.shape, p.dtype)
            rows = _along_one(i, p.shape)
            if rows is not None:
                dim, vector = rows
                terms = list(p.terms)
                terms[dim] = _scaled_sum(terms[dim], vector, size, p.shape[dim])
                return Affine(p.offset, tuple(terms), p.shape, p.dtype)
        return plain(p, i)

    em.call(op, tensor, em.refs(op.operands))


def _scaled_sum(a: Any, b: Any, size: int, extent: int) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        return a + b * size
    if isinstance(a, int):
        return b * size if a == 0 else b * size + np.arange(extent, dtype=np.int64) * a
    if isinstance(b, int):
        return a if b == 0 else a + np.arange(extent, dtype=np.int64) * (b * size)
    return a + b * size


def _along_one(index: Any, shape: tuple[int, ...]) -> tuple[int, Array] | None:
    """Of an index array that changes along one dimension only: that dimension and the index vector (L, extent)."""
    if type(index) is not np.ndarray or len(shape) < 2:
        return None
    moving = [d for d, n in enumerate(index.shape[1:]) if n > 1]
    if len(moving) > 1:
        return None
    dim = moving[0] if moving else 0
    vector = index.reshape(len(index), -1).astype(np.int64)
    return dim, np.broadcast_to(vector, (len(vector), shape[dim]))


def _pointee(type_: Any) -> DType:
    inner = getattr(type_, "element_type", type_)
    return dtype_of(getattr(inner, "pointee_type", inner))


@meaning("tt.load")
def emit_load(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.results[0].type), shape_of(op.results[0].type)
    copies = needs_snapshot(op.results[0]) and not dtype.is_narrow
    what = f"'{op.name}'"

    def tensor(c: Chunk, pointer: Any, mask: Any, other: Any) -> Any:
        read = access.load(c.memory, pointer, mask, other, dtype, shape, c.size, what)
        return read.copy() if copies and type(read) is np.ndarray and not read.flags.owndata else read

    def scalar(c: Chunk, pointer: Any, mask: Any, other: Any) -> Any:
        read = access.load(c.memory, pointer, mask, other, dtype, (), c.size, what)
        return read if type(read) is Partial else scalar_form(read, dtype)

    given = ", ".join("None" if v is None else em.ref(v) for v in (op.ptr, op.mask, op.other))
    em.call(op, tensor if shape else scalar, f"c, {given}", "load")


@meaning("tt.store")
def emit_store(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    what = f"'{op.name}'"

    def store(c: Chunk, pointer: Any, value: Any, mask: Any) -> None:
        access.store(c.memory, pointer, value, mask, dtype, shape, c.size, what)

    given = ", ".join("None" if v is None else em.ref(v) for v in (op.ptr, op.value, op.mask))
    em.call(op, store, f"c, {given}", "store")


@meaning("tt.int_to_ptr", "tt.ptr_to_int")
def emit_pointer_cast(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.results[0].type)

    def cast(x: Any) -> Any:
        return Affine(x.offset, x.terms, x.shape, dtype) if type(x) is Affine else x

    em.call(op, cast, em.refs(op.operands))


# Everything else that only computes


@meaning("tt.clampf")
def emit_clampf(em: Emitter, op: Any) -> None:
    keeps_nan = op.nan_propagation is PropagateNan.ALL
    low, high = (maximumf, minimumf) if keeps_nan else (np.fmax, np.fmin)

    def clamp(x: Any, least: Any, most: Any) -> Any:
        return high(low(x, least), most)

    em.call(op, by_rank(op, clamp), em.refs(op.operands))


@meaning("tt.fp_to_fp")
def emit_fp_to_fp(em: Emitter, op: Any) -> None:
    source, target = dtype_of(op.operands[0].type), dtype_of(op.results[0].type)
    widens = target.itemsize > source.itemsize
    narrow = rounder(target, "toward_zero" if op.rounding_mode is RoundingMode.RTZ else None)

    def convert(x: Any) -> Any:
        return x.astype(target.carrier, copy=False) if widens else narrow(x)

    em.call(op, by_rank(op, convert), em.refs(op.operands))


@meaning(
    *("llvm.intr.assume", "ttg.barrier", "gpu.barrier"),
    *(f"{dialect}.grid_dependency_{what}" for dialect in ("tt", "simt") for what in ("wait", "launch_dependents")),
)
def emit_nothing(em: Emitter, op: Operation) -> None:
    """Promises to the optimiser, barriers between threads and the order of launches change no answer here."""


@meaning("tt.call", "func.call")
def emit_call(em: Emitter, op: Any) -> None:
    callee = op.properties["callee"].root_reference.data
    if callee not in em.functions:
        raise UnsupportedError(f"function '{callee}' is not in this module", places=places_of(op))
    name = em.function(callee)
    results = "".join(em.define(r) + ", " for r in op.results)
    em.line(
        f"{results + '= ' if results else ''}{em.give}{name}(c{''.join(', ' + em.ref(o) for o in op.operands)})", op
    )
