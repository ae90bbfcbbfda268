"""Reductions and scans of tensors along one dimension, with any combiner.

The order of a reduction is unspecified, as in Triton: combiners that NumPy knows are reduced by it, others by halves. A
scan combines what is 1, 2, 4, ... elements apart (Hillis and Steele, "Data parallel algorithms", 1986).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xdsl.ir import Block

from minilinalg.interp.access import undefined
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import I1, Array, DType, dtype_of, shape_of
from minilinalg.interp.elements import Combine, element_region
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial, scalar_form, spread

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


def reduce_at_once(ufunc: np.ufunc, x: Array, axes: Sequence[int], dtype: DType) -> Array:
    """`x` reduced along `axes`, which go. The same elements give the same bits wherever and however they lie.

    NumPy adds up in an order that depends on the strides, so floats whose order counts are brought into one layout.
    """
    if not dtype.is_float or ufunc not in (np.add, np.multiply):
        return ufunc.reduce(x, axis=tuple(axes), dtype=dtype.carrier)
    kept = [a for a in range(x.ndim) if a not in axes]
    x = x.transpose(*kept, *axes)
    if len(axes) != 1 or x.strides[-1] != x.itemsize or any(abs(s) < x.itemsize for s in x.strides):
        x = np.ascontiguousarray(x)
    return ufunc.reduce(x.reshape(*x.shape[: len(kept)], -1), axis=-1, dtype=dtype.carrier)


def reduce_with(combine: Combine, c: Chunk, arrays: Sequence[Array], axis: int) -> list[Array]:
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


def scan_with(combine: Combine, c: Chunk, arrays: Sequence[Array], axis: int) -> list[Array]:
    """Element i combines elements 0 to i along `axis`, the earlier ones on the left; any associative combiner."""
    parts = [np.moveaxis(a, axis, -1) for a in arrays]
    n, distance = parts[0].shape[-1], 1
    while distance < n:
        combined = combine(c, *(p[..., :-distance] for p in parts), *(p[..., distance:] for p in parts))
        parts = [
            np.concatenate([p[..., :distance], np.broadcast_to(x, (*p.shape[:-1], n - distance))], axis=-1)
            for x, p in zip(combined, parts, strict=True)
        ]
        distance *= 2
    return [np.moveaxis(p, -1, axis) for p in parts]


def whole(x: Any, shape: tuple[int, ...], what: str, does: str = "reduces over") -> Array:
    """The tensor written out in full; RunError when an element is undefined."""
    if type(x) is Partial:
        if not bool(x.defined_array().all()):
            raise undefined(what, does)
        x = x.data
    return spread(x, shape)


def numpy_combiner(name: str | None, dtype: DType) -> np.ufunc | None:
    """The ufunc that reduces and scans as the operation `name` on two elements does, if there is one.

    Narrow floats round at every step; one bit wraps, and is negative.
    """
    if dtype.is_narrow or (dtype is I1 and name not in ("arith.andi", "arith.ori", "arith.xori")):
        return None
    return COMBINERS.get(name or "")


def _together(operands: Sequence[Any], shape: tuple[int, ...], what: str, does: str) -> list[Array]:
    arrays = [whole(o, shape, what, does) for o in operands]
    lead = max(len(a) for a in arrays)
    return [np.broadcast_to(a, (lead, *a.shape[1:])) for a in arrays]


@meaning("tt.reduce")
def emit_reduce(em: Emitter, op: Any) -> None:
    axis = int(op.properties["axis"].value.data)
    shape = shape_of(op.operands[0].type)
    dtypes = [dtype_of(o.type) for o in op.operands]
    scalar_results = not shape_of(op.results[0].type)
    ufunc = numpy_combiner(single_combiner(op.regions[0].blocks[0]), dtypes[0])
    what = f"'{op.name}'"

    def result(x: Array, dtype: DType) -> Any:
        return scalar_form(x, dtype) if scalar_results else x

    if ufunc is not None:
        dtype = dtypes[0]

        def at_once(x: Any) -> Any:
            return result(reduce_at_once(ufunc, whole(x, shape, what), (axis + 1,), dtype), dtype)

        em.call(op, at_once, em.refs(op.operands), "reduce")
        return
    name, outer, bind = element_region(em, op.regions[0])

    def by_halves(region: Callable[..., Any], c: Chunk, outer_values: Sequence[Any], *operands: Any) -> Any:
        arrays = _together(operands, shape, what, "reduces over")
        found = reduce_with(bind(region, outer_values, what), c, arrays, axis + 1)
        results = tuple(result(x, d) for x, d in zip(found, dtypes, strict=True))
        return results[0] if len(results) == 1 else results

    em.call(op, by_halves, f"{name}, c, [{', '.join(outer)}], {em.refs(op.operands)}", "reduce")


@meaning("tt.scan")
def emit_scan(em: Emitter, op: Any) -> None:
    axis = int(op.properties["axis"].value.data)
    reverse = bool(op.properties["reverse"].value.data)
    shape = shape_of(op.operands[0].type)
    dtypes = [dtype_of(o.type) for o in op.operands]
    ufunc = numpy_combiner(single_combiner(op.regions[0].blocks[0]), dtypes[0])
    what, does = f"'{op.name}'", "scans over"

    def turned(x: Array) -> Array:
        return np.flip(x, axis + 1) if reverse else x

    if ufunc is not None:
        dtype = dtypes[0]

        def at_once(x: Any) -> Any:
            return turned(ufunc.accumulate(turned(whole(x, shape, what, does)), axis=axis + 1, dtype=dtype.carrier))

        em.call(op, at_once, em.refs(op.operands), "scan")
        return
    name, outer, bind = element_region(em, op.regions[0])

    def by_doubling(region: Callable[..., Any], c: Chunk, outer_values: Sequence[Any], *operands: Any) -> Any:
        arrays = [turned(a) for a in _together(operands, shape, what, does)]
        found = scan_with(bind(region, outer_values, what), c, arrays, axis + 1)
        results = tuple(turned(x) for x in found)
        return results[0] if len(results) == 1 else results

    em.call(op, by_doubling, f"{name}, c, [{', '.join(outer)}], {em.refs(op.operands)}", "scan")
