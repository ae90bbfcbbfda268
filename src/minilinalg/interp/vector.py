"""vector: the registers of threads, rearranged. Registers are the last axis, threads stand in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.interp.access import dtype_in, dtype_out
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.threads_last import registers
from minilinalg.interp.tt import broadcast, moved, splat
from minilinalg.interp.values import Affine, Mask, Partial, spread, written_out


@meaning("vector.broadcast")
def emit_broadcast(em: Emitter, op: Any) -> None:
    shape = shape_of(op.vector.type)
    if rank_of(op.source.type) is None:
        em.call(op, splat(dtype_of(op.vector.type), shape), em.refs(op.operands))
    else:
        em.call(op, broadcast(shape), em.refs(op.operands))


@meaning("vector.shuffle")
def emit_shuffle(em: Emitter, op: Any) -> None:
    shapes = shape_of(op.v1.type), shape_of(op.v2.type)
    shape = shape_of(op.result.type)
    mask = np.array([int(n) for n in op.mask.get_values()], np.int64)
    size = shapes[0][-1]
    from_first = bool((mask < size).all())
    computed = dtype_of(op.result.type).is_float and all(
        use.operation.name.startswith("arith.") for use in op.result.uses
    )
    source = shapes[0 if from_first else 1]
    take_one = chosen(mask if from_first else mask - size, source, shape, computed=computed)

    def join(a: Array, b: Array) -> Array:
        lead = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
        sides = [np.broadcast_to(x, (*lead, s[-1])) for x, s in zip((a, b), shapes, strict=True)]
        return np.concatenate(sides, axis=-1)[..., mask]

    both = moved(join)

    def shuffle(a: Any, b: Any) -> Any:
        return both(*(v.array() if type(v) is Affine or type(v) is Mask else v for v in (a, b)))

    if from_first or bool((mask >= size).all()):
        em.call(op, take_one, em.ref(op.v1 if from_first else op.v2))
    else:
        em.call(op, shuffle, em.refs((op.v1, op.v2)))


def chosen(
    mask: Array, source: tuple[int, ...], shape: tuple[int, ...], *, computed: bool = False
) -> Callable[[Any], Any]:
    """The registers that `mask` names, of vectors of shape `source`, in any form. computed: as in `registers`."""
    take = registers(mask, computed=computed)

    def array(x: Array) -> Array:
        return x if x.shape[-1] == 1 and source[-1] > 1 else take(x)

    def affine(x: Affine) -> Affine:
        term = x.terms[-1]
        registers = mask * term if isinstance(term, int) else term[:, mask]
        offset, last = x.offset, registers if registers.ndim == 2 else registers[None]
        if len(mask) == 1 and len(last) == 1:
            return Affine(offset + int(last[0, 0]), (*x.terms[:-1], 0), shape, x.dtype)
        return Affine(offset, (*x.terms[:-1], last), shape, x.dtype)

    def any_form(x: Any) -> Any:
        if type(x) is Affine:
            return affine(x)
        if type(x) is Mask:
            return Mask(tuple(affine(t) for t in x.terms), tuple(array(r) for r in x.rest), shape)
        if type(x) is Partial:
            return Partial(array(x.data), any_form(x.defined))
        return array(x)

    return any_form


def in_words(x: Array, word: np.dtype[Any]) -> Array:
    """(..., n) elements in their storage as (..., m) of another type: the same bytes, the first element lowest."""
    return np.ascontiguousarray(x).view(word)


@meaning("vector.bitcast")
def emit_bitcast(em: Emitter, op: Any) -> None:
    source, target = dtype_of(op.source.type), dtype_of(op.result.type)
    shape, result = shape_of(op.source.type), shape_of(op.result.type)

    def cast(x: Any) -> Any:
        if type(x) is Affine and source is target:
            return x
        data = recast(written_out(x), source, target, shape)
        if type(x) is not Partial:
            return data
        return Partial(data, regrouped(spread(x.defined_array(), shape), result[-1]))

    em.call(op, cast, em.refs(op.operands))


def recast(x: Array, source: DType, target: DType, shape: tuple[int, ...]) -> Array:
    """The bits of (L, *shape) elements as elements of another type."""
    stored = dtype_out(spread(x, shape), source)
    return dtype_in(in_words(stored, target.storage), target)


def regrouped(known: Array, count: int) -> Array:
    """Of which of `count` elements all bits are defined, when that is known of more or fewer: (..., n)."""
    lead, n = known.shape[:-1], known.shape[-1]
    if n >= count:
        return np.asarray(known.reshape(*lead, count, n // count).all(axis=-1))
    return np.repeat(known, count // n, axis=-1)
