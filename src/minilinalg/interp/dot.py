"""Matrix products: exact products of the operands, accumulated in the type of the result in no particular order."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter, meaning
from minilinalg.interp.values import Partial, spread, written_out


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


def _known(x: Any, shape: tuple[int, ...], axis: int) -> Array:
    """Of which rows (axis -1) or columns (axis -2) every element is defined; the others make theirs undefined."""
    if type(x) is not Partial:
        return np.ones((1,) * (len(shape) + 1), np.bool_)
    return np.asarray(spread(x.defined_array(), shape).all(axis=axis, keepdims=True))


@meaning("tt.dot", fresh=True)
def emit_dot(em: Emitter, op: Any) -> None:
    a_shape, b_shape = shape_of(op.a.type), shape_of(op.b.type)
    element, result = dtype_of(op.a.type), dtype_of(op.results[0].type)
    tf32 = element.name == "f32" and op.precision is InputPrecision.TF32
    reuse = em.may_reuse(op, 2)

    def add(product: Array, c: Array) -> Array:
        return result.round(product + c) if result.is_narrow else product + c

    def dot(a: Any, b: Any, c: Any) -> Any:
        if type(a) is Partial or type(b) is Partial:
            known = _known(a, a_shape, -1) & _known(b, b_shape, -2)
            found = dot(written_out(a), written_out(b), written_out(c))
            if type(c) is Partial:
                known = known & c.defined_array()
            return found if known.all() else Partial(found, known)
        left, right = spread(a, a_shape), spread(b, b_shape)
        if tf32:
            left, right = round_tf32(left), round_tf32(right)
        product = dot_arrays(left, right, element, result, a_shape[-1])
        if type(c) is Partial:
            return Partial(add(product, c.data), c.defined)
        c = written_out(c)
        if result.is_narrow:
            return add(product, c)
        if reuse and c.flags.owndata and c.flags.writeable and c.shape == product.shape:
            return np.add(c, product, c)
        if c.size == 1 and not c.any():
            return product
        return np.add(product, c, product) if len(product) >= len(c) else product + c

    em.call(op, dot, em.refs(op.operands), "dot")
