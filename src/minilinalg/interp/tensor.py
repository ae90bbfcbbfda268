"""tensor and bufferization: tensors are values; a tensor read from memory is what stood there at that moment.

Static tensors have the forms of values.py; those with a dynamic extent are `Sized`. A tensor whose elements are not all
written (`tensor.empty`) is `Partial`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType, dtype_of, is_array, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifetimes import needs_snapshot
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.interp.views import MemRef, Sized, defined_of, groups, plain
from minilinalg.locations import places_of

DYNAMIC = -(1 << 63)
"""How MLIR writes 'given by an operand' in static_offsets, static_sizes and static_strides."""


def mixed(em: Emitter, static: Any, dynamic: Sequence[Any], plain: Operation | None = None) -> str:
    """A Python tuple of static numbers and dynamic operands, in order; as `Emitter.plain` gives them to an op."""
    rest = iter(dynamic)
    name = em.ref if plain is None else partial(em.plain, op=plain)
    numbers = [name(next(rest)) if n == DYNAMIC else str(n) for n in (int(v) for v in static.get_values())]
    return f"({''.join(n + ', ' for n in numbers)})"


def is_dynamic(type_: Any) -> bool:
    return any(n < 0 for n in shape_of(type_))


def as_sized(value: Any, shape: tuple[int, ...]) -> Sized:
    """Any tensor with its sizes."""
    if isinstance(value, Sized):
        return value
    return Sized(spread(written_out(value), shape), shape, defined_of(value))


def settled(value: Sized, type_: Any) -> Any:
    """A tensor with its sizes, in the form that its type asks for."""
    if is_dynamic(type_):
        return value
    return value.data if value.defined is None else Partial(value.data, value.defined)


@meaning("tensor.empty")
def emit_empty(em: Emitter, op: Any) -> None:
    type_ = op.results[0].type
    dtype, shape = dtype_of(type_), shape_of(type_)
    ones = (1,) * (len(shape) + 1)
    data = np.full(ones, access.poison(dtype), dtype.carrier)
    data.flags.writeable = False
    nothing = np.zeros(ones, np.bool_)
    if not is_dynamic(type_):
        em.line(f"{em.define(op.results[0])} = {em.const(Partial(data, nothing), 'empty')}", op)
        return

    def empty(*given: Any) -> Sized:
        rest = iter(given)
        return Sized(data, [plain(next(rest)) if n < 0 else n for n in shape], nothing)

    em.call(op, empty, em.refs(op.operands))


@meaning("bufferization.to_tensor")
def emit_to_tensor(em: Emitter, op: Any) -> None:
    type_ = op.results[0].type
    dtype = dtype_of(type_)
    copies = needs_snapshot(op.results[0]) and not dtype.is_narrow
    dynamic = is_dynamic(type_)

    def to_tensor(c: Chunk, view: MemRef) -> Any:
        read = view.read(c.size, "'bufferization.to_tensor'")
        if isinstance(read, Sized):
            return Sized(access.dtype_in(read.data, dtype), read.sizes)
        data = access.dtype_in(read, dtype)
        if copies:
            data = data.copy()
        return Sized(data, view.sizes) if dynamic else data

    em.call(op, to_tensor, f"c, {em.ref(op.operands[0])}")


def store_tensor(c: Chunk, value: Any, shape: tuple[int, ...], view: MemRef, dtype: DType, what: str) -> None:
    """Writes a tensor into a view; RunError when an element that is written is undefined."""
    sized = as_sized(value, shape)
    if sized.defined is not None:
        known = Sized(sized.defined, sized.sizes)
        for index, sizes in groups(sized.sizes, c.size):
            if 0 not in sizes and not known.group(index, sizes).all():
                raise access.undefined(what, "stores")
    if dtype.is_narrow:
        sized = Sized(access.dtype_out(sized.data, dtype), sized.sizes)
    view.write(sized, c.size, what)


@meaning("bufferization.materialize_in_destination")
def emit_materialize(em: Emitter, op: Any) -> None:
    source, target = op.operands[0], op.operands[1]
    dtype, shape = dtype_of(source.type), shape_of(source.type)
    if op.results:
        # On tensors: the value of the source, in the place of the destination.
        em.line(f"{em.define(op.results[0])} = {em.ref(source)}", op)
        return

    def materialize(c: Chunk, value: Any, view: MemRef) -> None:
        store_tensor(c, value, shape, view, dtype, f"'{op.name}'")

    em.call(op, materialize, f"c, {em.refs((source, target))}")


def _slice(value: Sized, offsets: Sequence[Any], sizes: Sequence[Any], strides: Sequence[int]) -> Sized:
    offsets, sizes = [plain(o) for o in offsets], [plain(s) for s in sizes]
    if all(isinstance(o, int) for o in offsets):
        highest = [int(np.max(s)) for s in sizes]
        cut = tuple(
            slice(o, o + s * (n - 1) + 1 if n else o, s) if m > 1 else slice(None)
            for o, n, s, m in zip(offsets, highest, strides, value.data.shape[1:], strict=True)
        )
        defined = value.defined
        if defined is not None:
            defined = np.broadcast_to(defined, (len(defined), *value.data.shape[1:]))[(slice(None), *cut)]
        return Sized(value.data[(slice(None), *cut)], sizes, defined)
    highest = [int(np.max(s)) for s in sizes]
    defined = value.defined
    known = None if defined is None else _cut_rows(Sized(defined, value.sizes), offsets, sizes, strides, highest)
    return Sized(_cut_rows(value, offsets, sizes, strides, highest), sizes, known)


def _cut_rows(
    value: Sized, offsets: Sequence[Any], sizes: Sequence[Any], strides: Sequence[int], highest: Sequence[int]
) -> Array:
    """Each program's slice by itself."""
    count = max(len(o) for o in offsets if not isinstance(o, int))
    full = [int(np.max(s)) for s in value.sizes]
    data = np.broadcast_to(value.data, (count, *full)) if value.data.shape[1:] != tuple(full) else value.data
    rows: list[Array] = []
    for p in range(count):
        row = np.empty(highest, data.dtype)
        n = [int(s if isinstance(s, int) else s[p]) for s in sizes]
        o = [int(x if isinstance(x, int) else x[p]) for x in offsets]
        source = data[p if len(data) > 1 else 0][
            tuple(slice(a, a + s * (m - 1) + 1 if m else a, s) for a, m, s in zip(o, n, strides, strict=True))
        ]
        row[tuple(slice(0, m) for m in n)] = source
        rows.append(row)
    return np.stack(rows)


@meaning("tensor.extract_slice")
def emit_extract_slice(em: Emitter, op: Any) -> None:
    source, result = op.operands[0].type, op.results[0].type
    shape, target = shape_of(source), shape_of(result)
    strides = [int(v) for v in op.properties["static_strides"].get_values()]

    def extract(value: Any, offsets: Sequence[Any], sizes: Sequence[Any]) -> Any:
        cut = _slice(as_sized(value, shape), offsets, sizes, strides)
        if len(target) < len(shape):
            cut = _drop_ones(cut, target)
        if is_dynamic(result):
            return cut
        return settled(Sized(cut.data, target, cut.defined), result)

    em.call(op, extract, f"{em.ref(op.operands[0])}, {_given(em, op, 'offsets')}, {_given(em, op, 'sizes')}")


def _given(em: Emitter, op: Any, what: str) -> str:
    return mixed(em, op.properties[f"static_{what}"], getattr(op, what))


def _drop_ones(value: Sized, target: tuple[int, ...]) -> Sized:
    """A slice of lower rank: extents of 1 that the result type leaves out are dropped."""
    kept: list[int] = []
    wanted = list(target)
    for d, n in enumerate(value.sizes):
        left = len(value.sizes) - d
        if wanted and (left == len(wanted) or not (isinstance(n, int) and n == 1) or wanted[0] == 1):
            kept.append(d)
            wanted.pop(0)
    data = value.data.reshape(len(value.data), *(value.data.shape[d + 1] for d in kept))
    defined = value.defined
    if defined is not None:
        defined = defined.reshape(len(defined), *(defined.shape[d + 1] for d in kept))
    return Sized(data, [value.sizes[d] for d in kept], defined)


def insert(
    c: Chunk,
    source: Sized,
    target: Any,
    shape: tuple[int, ...],
    offsets: Sequence[Any],
    sizes: Sequence[Any],
    strides: Sequence[int],
) -> Any:
    """`target` (static or Sized) with `source` written into a slice of it, as a new value."""
    offsets, sizes = [plain(o) for o in offsets], [plain(s) for s in sizes]
    whole = target.sizes if isinstance(target, Sized) else shape
    covers = all(isinstance(n, int) and n == m for n, m in zip(sizes, whole, strict=True))
    if covers and all(isinstance(o, int) and o == 0 for o in offsets) and all(s == 1 for s in strides):
        data = np.broadcast_to(source.data, (len(source.data), *source.data.shape[1:]))
        return Sized(data, whole, source.defined)
    base = as_sized(target, shape)
    full = [int(np.max(s)) for s in whole]
    varies = [*offsets, *sizes]
    lead = c.size if any(not isinstance(v, int) for v in varies) else max(len(source.data), len(base.data))
    data = np.empty((lead, *full), base.data.dtype)
    data[...] = base.data
    defined: Array | None = None
    if base.defined is not None or source.defined is not None:
        defined = np.empty((lead, *full), np.bool_)
        defined[...] = True if base.defined is None else base.defined
    rank = len(shape)
    for index, row in groups(varies, c.size):
        o, n = row[:rank], row[rank:]
        if 0 in n:
            continue
        cut = tuple(slice(a, a + s * (m - 1) + 1, s) for a, m, s in zip(o, n, strides, strict=True))
        if any(x.stop > m or x.start < 0 for x, m in zip(cut, full, strict=True)):
            raise RunError(
                f"'tensor.insert_slice' writes {list(n)} elements at {list(o)} of a tensor of {full}",
                rule="a slice lies inside its tensor",
            )
        piece = source.group(index, n)
        known = True if source.defined is None else Sized(source.defined, source.sizes).group(index, n)
        if isinstance(index, slice):
            data[index][(slice(None), *cut)] = piece
            if defined is not None:
                defined[index][(slice(None), *cut)] = known
        else:
            data[(index, *cut)] = piece
            if defined is not None:
                defined[(index, *cut)] = known
    if defined is not None and defined.all():
        defined = None
    return Sized(data, whole, defined)


@meaning("tensor.insert_slice")
def emit_insert_slice(em: Emitter, op: Any) -> None:
    em.call(op, insertion(op), f"c, {em.refs(op.operands[:2])}, {slice_bounds(em, op)}")


def slice_bounds(em: Emitter, op: Any) -> str:
    """The offsets and sizes of a slice, as arguments of what `insertion` returns."""
    return f"{_given(em, op, 'offsets')}, {_given(em, op, 'sizes')}"


def insertion(op: Any) -> Callable[..., Any]:
    """What puts a slice into a tensor: a function of the chunk, both of them, and the slice's offsets and sizes."""
    source, target = op.operands[0].type, op.operands[1].type
    source_shape, shape = shape_of(source), shape_of(target)
    strides = [int(v) for v in op.properties["static_strides"].get_values()]

    def insert_slice(c: Chunk, value: Any, into: Any, offsets: Sequence[Any], sizes: Sequence[Any]) -> Any:
        sized = as_sized(value, source_shape)
        if len(source_shape) < len(shape):
            sized = _grow(sized, [plain(n) for n in sizes])
        return settled(insert(c, sized, into, shape, offsets, sizes, strides), target)

    return insert_slice


def _grow(value: Sized, sizes: Sequence[Any]) -> Sized:
    """A source of lower rank gets the extents of 1 that the slice has."""
    extents: list[int] = []
    rest = list(value.data.shape[1:])
    for d, n in enumerate(sizes):
        left = len(sizes) - d
        if len(rest) == left or not (isinstance(n, int) and n == 1):
            extents.append(rest.pop(0))
        else:
            extents.append(1)
    defined = value.defined
    if defined is not None:
        defined = np.broadcast_to(defined, (len(defined), *value.data.shape[1:])).reshape(-1, *extents)
    return Sized(value.data.reshape(-1, *extents), sizes, defined)


@meaning("tensor.expand_shape", "tensor.collapse_shape", "tensor.reshape")
def emit_reshape(em: Emitter, op: Any) -> None:
    source, result = op.operands[0].type, op.results[0].type
    if is_dynamic(source) or is_dynamic(result):
        raise UnsupportedError(f"'{op.name}' on a dynamic shape", rule="shapes are static here", places=places_of(op))
    shape, target = shape_of(source), shape_of(result)

    def reshape(x: Array) -> Array:
        if [n for n in shape if n != 1] == [n for n in target if n != 1]:
            # Only extents of 1 come or go: an extent that stands for more may stay as it is.
            extents = iter([m for m, n in zip(x.shape[1:], shape, strict=True) if n != 1])
            return x.reshape(len(x), *(1 if n == 1 else next(extents) for n in target))
        return spread(x, shape).reshape(len(x), *target)

    def over(x: Any) -> Any:
        if isinstance(x, Partial):
            return Partial(reshape(x.data), reshape(spread(x.defined_array(), shape)))
        return reshape(written_out(x))

    em.call(op, over, em.ref(op.operands[0]))


@meaning("tensor.cast")
def emit_cast(em: Emitter, op: Any) -> None:
    source, result = op.operands[0].type, op.results[0].type
    shape, target = shape_of(source), shape_of(result)

    def cast(value: Any) -> Any:
        sized = as_sized(value, shape)
        for n, m in zip(sized.sizes, target, strict=True):
            if m >= 0 and not np.all(np.asarray(n) == m):
                raise RunError(f"'tensor.cast' of an extent {n} to {m}", rule="a cast only forgets or restores extents")
        return (
            sized if is_dynamic(result) else settled(Sized(spread(sized.data, target), target, sized.defined), result)
        )

    em.call(op, cast, em.ref(op.operands[0]))


@meaning("tensor.dim", "memref.dim")
def emit_dim(em: Emitter, op: Any) -> None:
    shape = shape_of(op.operands[0].type)

    def dim(value: Any, index: Any) -> Any:
        if isinstance(value, Sized | MemRef):
            return value.sizes[int(plain(index))]
        return shape[int(plain(index))]

    em.call(op, dim, em.refs(op.operands))


def _element(data: Array, at: Sequence[Any]) -> Array:
    """The element at these indices, each one number or one a program, of arrays (L, d1, ...) that may be broadcast."""
    if all(isinstance(i, int) for i in at):
        return data[(slice(None), *(i if n > 1 else 0 for i, n in zip(at, data.shape[1:], strict=True)))]
    count = max(len(i) for i in at if not isinstance(i, int))
    lead = np.arange(count) if len(data) > 1 else np.zeros(count, np.int64)
    return data[(lead, *(i if n > 1 else 0 for i, n in zip(at, data.shape[1:], strict=True)))]


@meaning("tensor.extract")
def emit_extract(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.operands[0].type), shape_of(op.operands[0].type)

    def extract(value: Any, *indices: Any) -> Any:
        sized, at = as_sized(value, shape), [plain(i) for i in indices]
        found = _element(sized.data, at)
        known = None if sized.defined is None else _element(sized.defined, at)
        if known is not None and not known.all():
            return Partial(found, known)
        if len(found) > 1:
            return found
        return found[0] if dtype.is_float else found[0].item()

    em.call(op, extract, em.refs(op.operands))


@meaning("tensor.insert", fresh=True)
def emit_insert(em: Emitter, op: Any) -> None:
    type_: Any = op.results[0].type
    dtype, shape = dtype_of(type_), shape_of(type_)

    def insert(scalar: Any, value: Any, *indices: Any) -> Any:
        sized = as_sized(value, shape)
        at = [plain(i) for i in indices]
        lead = max([len(sized.data), *(len(x) for x in (scalar, *at) if is_array(x) and x.ndim)])
        full = (lead, *(int(n) for n in sized.sizes))
        data = np.broadcast_to(sized.data, full).copy()
        data[(np.arange(lead), *at)] = np.asarray(scalar, dtype.carrier)
        known = sized.defined
        if known is not None:
            known = np.broadcast_to(known, full).copy()
            known[(np.arange(lead), *at)] = True
        return settled(Sized(data, sized.sizes, known), type_)

    em.call(op, insert, em.refs(op.operands))


@meaning("tensor.from_elements")
def emit_from_elements(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.results[0].type), shape_of(op.results[0].type)

    def from_elements(*elements: Any) -> Array:
        lead = max((len(e) for e in elements if is_array(e) and e.ndim), default=1)
        columns = [np.broadcast_to(np.asarray(e, dtype.carrier), (lead,)) for e in elements]
        return np.stack(columns, axis=-1).reshape(lead, *shape)

    em.call(op, from_elements, em.refs(op.operands))


@meaning("tensor.splat")
def emit_splat(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.results[0].type), shape_of(op.results[0].type)

    def splat(x: Any, *given: Any) -> Any:
        data = np.asarray(x, dtype.carrier).reshape(-1, *([1] * len(shape)))
        rest = iter(given)
        return (
            Sized(data, [plain(next(rest)) if n < 0 else n for n in shape]) if is_dynamic(op.results[0].type) else data
        )

    em.call(op, splat, em.refs(op.operands))
