"""tt: the operations of Triton IR (Triton 3.9, TritonOps.td).

Layout-free: a tensor's shape operations are views where they can be, and pointer arithmetic stays symbolic until a load
or store reads it (access.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from xdsl.ir import Block, Operation

from minilinalg.dialects.tt.attributes import InputPrecision, PropagateNan, RoundingMode
from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.arith import lift, maximumf, minimumf, same, written_out
from minilinalg.interp.dtypes import I1, I32, Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Chunk, Emitter, meaning, needs_snapshot
from minilinalg.interp.values import Affine, Mask, Partial, form_of
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

    return symbolic if dtype.kind == "ptr" or (dtype.kind == "int" and dtype is not I1) else array


@meaning("tt.splat", "tt.unsplat")
def emit_splat(em: Emitter, op: Any) -> None:
    if op.name == "tt.unsplat":

        def unsplat(x: Any) -> Any:
            flat = np.asarray(written_out(x)).reshape(-1)
            return flat[0].item() if len(flat) == 1 and flat.dtype.kind in "iub" else flat

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


def spread(x: Any, shape: tuple[int, ...]) -> Array:
    """The array (L, *shape) with every extent of 1 that stands for more grown to its size; a view."""
    array = written_out(x)
    return array if array.shape[1:] == shape else np.broadcast_to(array, (len(array), *shape))


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


@meaning("tt.cat")
def emit_cat(em: Emitter, op: Any) -> None:
    shapes = [shape_of(o.type) for o in op.operands]

    def cat(a: Array, b: Array) -> Array:
        parts = [spread(x, s) for x, s in zip((a, b), shapes, strict=True)]
        lead = max(len(p) for p in parts)
        return np.concatenate([np.broadcast_to(p, (lead, *p.shape[1:])) for p in parts], axis=1)

    em.call(op, lift(cat), em.refs(op.operands))


@meaning("tt.join")
def emit_join(em: Emitter, op: Any) -> None:
    shape = shape_of(op.operands[0].type)

    def join(a: Array, b: Array) -> Array:
        return np.stack(np.broadcast_arrays(spread(a, shape), spread(b, shape)), axis=-1)

    em.call(op, lift(join), em.refs(op.operands))


@meaning("tt.split")
def emit_split(em: Emitter, op: Any) -> None:
    shape = shape_of(op.operands[0].type)

    def split(x: Any) -> tuple[Any, Any]:
        def part(i: int) -> Callable[[Array], Array]:
            def side(a: Array) -> Array:
                return spread(a, shape)[..., i]

            return lift(side)

        return part(0)(x), part(1)(x)

    em.call(op, split, em.refs(op.operands))


# Pointers and memory


@meaning("tt.addptr")
def emit_addptr(em: Emitter, op: Any) -> None:
    pointee = _pointee(op.operands[0].type)
    size = pointee.itemsize

    if not shape_of(op.results[0].type):

        def scalar(p: Any, i: Any) -> Any:
            return p + i * size if isinstance(i, int) else p + np.asarray(i, np.int64) * size

        em.call(op, scalar, em.refs(op.operands))
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
        return _scalar(read, dtype)

    given = ", ".join("None" if v is None else em.ref(v) for v in (op.ptr, op.mask, op.other))
    em.call(op, tensor if shape else scalar, f"c, {given}", "load")


def _scalar(read: Any, dtype: DType) -> Any:
    """What was read for one scalar a program, as a Python number when one read serves all programs."""
    if isinstance(read, Partial):
        # Scalars carry no mask; a masked-off scalar is a number that nothing may depend on.
        read = read.data
    if len(read) > 1:
        return read
    return read[0] if dtype.is_float else read[0].item()


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


# Reductions


COMBINERS: dict[str, np.ufunc] = {
    "arith.addf": np.add,
    "arith.addi": np.add,
    "arith.mulf": np.multiply,
    "arith.muli": np.multiply,
    "arith.maxnumf": np.fmax,
    "arith.minnumf": np.fmin,
    "arith.maxsi": np.maximum,
    "arith.minsi": np.minimum,
    "arith.andi": np.bitwise_and,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
}
"""Combiners that NumPy reduces in one call, for types that it does not carry wider than they are."""


def single_combiner(block: Block) -> str | None:
    """The name of the operation that a combiner consists of, when it is one operation on its two arguments."""
    ops = list(block.ops)
    if len(ops) != 2 or len(block.args) != 2 or len(ops[0].operands) != 2:
        return None
    if set(ops[0].operands) != set(block.args) or list(ops[1].operands) != list(ops[0].results):
        return None
    return ops[0].name


def reduce_with(combine: Callable[..., Any], c: Chunk, arrays: Sequence[Array], axis: int) -> list[Array]:
    """Any combiner: halves are combined until one element is left (the order is unspecified, as in Triton)."""
    parts = [np.moveaxis(a, axis, -1) for a in arrays]
    while (n := parts[0].shape[-1]) > 1:
        half = n // 2
        combined = combine(c, *(p[..., :half] for p in parts), *(p[..., half : 2 * half] for p in parts))
        combined = [np.broadcast_to(x, (*parts[i].shape[:-1], half)) for i, x in enumerate(combined)]
        if n % 2:
            combined = [np.concatenate([x, p[..., -1:]], axis=-1) for x, p in zip(combined, parts, strict=True)]
        parts = combined
    return [p[..., 0] for p in parts]


def whole(x: Any, shape: tuple[int, ...], what: str) -> Array:
    """The tensor written out in full; RunError when an element is undefined."""
    if type(x) is Partial:
        if not bool(x.defined_array().all()):
            raise access.undefined(what, "reduces over")
        x = x.data
    return spread(x, shape)


@meaning("tt.reduce")
def emit_reduce(em: Emitter, op: Any) -> None:
    axis = int(op.properties["axis"].value.data)
    shape = shape_of(op.operands[0].type)
    block = op.regions[0].blocks[0]
    dtypes = [dtype_of(o.type) for o in op.operands]
    scalar_results = not shape_of(op.results[0].type)
    ufunc = COMBINERS.get(single_combiner(block) or "")
    what = f"'{op.name}'"

    def result(x: Array, dtype: DType) -> Any:
        if not scalar_results:
            return x
        if len(x) > 1:
            return x
        return x[0] if dtype.is_float else x[0].item()

    if ufunc is not None and not dtypes[0].is_narrow and not (dtypes[0] is I1 and ufunc in (np.add, np.multiply)):
        dtype = dtypes[0]

        def at_once(x: Any) -> Any:
            return result(ufunc.reduce(whole(x, shape, what), axis=axis + 1, dtype=dtype.carrier), dtype)

        em.call(op, at_once, em.refs(op.operands), "reduce")
        return
    with em.computing():
        name, outer = em.region(op.regions[0])

    def by_halves(region: Callable[..., Any], c: Chunk, outer_values: Sequence[Any], *operands: Any) -> Any:
        def combine(c: Chunk, *elements: Array) -> Any:
            return region(c, *outer_values, *elements)

        lead = max(len(written_out(o)) for o in operands)
        arrays = [np.broadcast_to(w := whole(o, shape, what), (lead, *w.shape[1:])) for o in operands]
        found = reduce_with(combine, c, arrays, axis + 1)
        results = tuple(result(x, d) for x, d in zip(found, dtypes, strict=True))
        return results[0] if len(results) == 1 else results

    em.call(op, by_halves, f"{name}, c, [{', '.join(outer)}], {em.refs(op.operands)}", "reduce")


# Products


def round_tf32(x: Array) -> Array:
    """float32 rounded to the ten fraction bits of tf32, halves away from zero (PTX ISA, cvt.rna.tf32.f32)."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
    return np.where(np.isfinite(x), rounded, x)


def dot_arrays(a: Array, b: Array, element: DType, result: DType, depth: int) -> Array:
    """a @ b over the last two dimensions: exact products, accumulated in the result type in no particular order."""
    if element.kind == "int":
        # Products of 8-bit numbers add up exactly in a float of enough digits, where BLAS is fast.
        exact32 = element.bits <= 8 and depth << (2 * element.bits - 2) < 1 << 24
        wide = np.float32 if exact32 else np.float64 if element.bits <= 16 else np.int64
        return np.matmul(a.astype(wide), b.astype(wide)).astype(np.int64).astype(result.carrier)
    return (
        np.matmul(a, b) if a.dtype == result.carrier else np.matmul(a.astype(result.carrier), b.astype(result.carrier))
    )


@meaning("tt.dot", fresh=True)
def emit_dot(em: Emitter, op: Any) -> None:
    a_shape, b_shape = shape_of(op.a.type), shape_of(op.b.type)
    element, result = dtype_of(op.a.type), dtype_of(op.results[0].type)
    tf32 = element.name == "f32" and op.precision is InputPrecision.TF32
    reuse = em.may_reuse(op, 2)
    what = f"'{op.name}'"

    def dot(a: Any, b: Any, c: Any) -> Any:
        left, right = whole(a, a_shape, what), whole(b, b_shape, what)
        if tf32:
            left, right = round_tf32(left), round_tf32(right)
        product = dot_arrays(left, right, element, result, a_shape[-1])
        if type(c) is Partial:
            return lift(np.add)(product, c)
        c = written_out(c)
        if result.is_narrow:
            return result.round(product + c)
        if reuse and c.flags.owndata and c.flags.writeable and c.shape == product.shape:
            return np.add(c, product, c)
        if c.size == 1 and not c.any():
            return product
        return np.add(product, c, product) if len(product) >= len(c) else product + c

    em.call(op, dot, em.refs(op.operands), "dot")


# Everything else that only computes


@meaning("tt.clampf")
def emit_clampf(em: Emitter, op: Any) -> None:
    keeps_nan = op.nan_propagation is PropagateNan.ALL
    low, high = (maximumf, minimumf) if keeps_nan else (np.fmax, np.fmin)

    def clamp(x: Any, least: Any, most: Any) -> Any:
        return high(low(x, least), most)

    em.call(op, lift(clamp), em.refs(op.operands))


@meaning("tt.fp_to_fp")
def emit_fp_to_fp(em: Emitter, op: Any) -> None:
    rounding = op.rounding_mode
    source, target = dtype_of(op.operands[0].type), dtype_of(op.results[0].type)
    if rounding not in (None, RoundingMode.RTNE):
        raise UnsupportedError("'tt.fp_to_fp' rounds towards zero", rule="only rtne is run yet", places=places_of(op))
    widens = target.itemsize > source.itemsize

    def convert(x: Any) -> Any:
        return x.astype(target.carrier, copy=False) if widens else target.round(x)

    em.call(op, lift(convert), em.refs(op.operands))


@meaning("tt.assert")
def emit_assert(em: Emitter, op: Any) -> None:
    message = op.properties["message"].data

    def check(condition: Any) -> None:
        if not bool(np.all(written_out(condition))):
            raise RunError(f"device assertion failed: {message}", rule="the program asserts this")

    em.call(op, check, em.refs(op.operands))


@meaning("llvm.intr.assume", "ttg.barrier", "gpu.barrier")
def emit_nothing(em: Emitter, op: Operation) -> None:
    """Promises to the optimiser and barriers between threads change no answer here."""


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
