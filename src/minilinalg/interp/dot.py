"""Matrix products: exact products of the operands, accumulated in the type of the result in no particular order."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

from minilinalg.dialects.tt.attributes import InputPrecision, ScaleDotElemType
from minilinalg.dialects.tt.effects import is_true
from minilinalg.interp.dtypes import BF16, F16, Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import whole
from minilinalg.interp.values import Partial, spread, written_out


def round_tf32(x: Array) -> Array:
    """float32 rounded to the ten fraction bits of tf32, halves away from zero (PTX ISA, cvt.rna.tf32.f32)."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
    return np.where(np.isfinite(x), rounded, x)


def dot_arrays(a: Array, b: Array, element: DType, result: DType, depth: int) -> Array:
    """a @ b over the last two dimensions: exact products, accumulated in the result type in no particular order, but
    in the same one for equal shapes, wherever the elements lie."""
    if element.kind == "int":
        # Products of 8-bit numbers add up exactly in a float of enough digits, where BLAS is fast.
        exact32 = element.bits <= 8 and depth << (2 * element.bits - 2) < 1 << 24
        wide = np.float32 if exact32 else np.float64 if element.bits <= 16 else np.int64
        return np.matmul(a.astype(wide), b.astype(wide)).astype(np.int64).astype(result.carrier)
    return np.matmul(_by_rows(a, result.carrier), _by_rows(b, result.carrier))


def _by_rows(x: Array, carrier: Any) -> Array:
    """`x` in the carrier, the elements of each row side by side.

    BLAS takes columns side by side as well, but adds up small matrices in another order then.
    """
    rows, columns = x.shape[-2:]
    if (
        x.dtype == carrier
        and (columns == 1 or x.strides[-1] == x.itemsize)
        and (rows == 1 or x.strides[-2] == columns * x.itemsize)
    ):
        return x
    same = x.strides[0] == 0
    found = np.ascontiguousarray(x[:1] if same else x, carrier)
    return np.broadcast_to(found, x.shape) if same else found


def _known(x: Any, shape: tuple[int, ...], axis: int) -> Array:
    """Of which rows (axis -1) or columns (axis -2) every element is defined; the others make theirs undefined."""
    if type(x) is not Partial:
        return np.ones((1,) * (len(shape) + 1), np.bool_)
    return np.asarray(spread(x.defined_array(), shape).all(axis=axis, keepdims=True))


def multiply_add(
    a_shape: tuple[int, ...],
    b_shape: tuple[int, ...],
    element: DType,
    result: DType,
    *,
    tf32: bool,
    reuse: bool,
) -> Callable[[Any, Any, Any], Any]:
    """a @ b + c on tensors of these shapes of `element`. tf32: these are rounded. reuse: c may be overwritten."""

    def add(product: Array, c: Array) -> Array:
        return result.round(product + c) if result.is_narrow else product + c

    def dot(a: Any, b: Any, c: Any) -> Any:
        if type(a) is Partial or type(b) is Partial:
            known = _known(a, a_shape, -1) & _known(b, b_shape, -2)
            found = dot(written_out(a), written_out(b), c)
            if type(found) is Partial:
                known, found = known & found.defined_array(), found.data
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

    return dot


@meaning("tt.dot", fresh=True)
def emit_dot(em: Emitter, op: Any) -> None:
    element, result = dtype_of(op.a.type), dtype_of(op.results[0].type)
    tf32 = element.name == "f32" and op.precision is InputPrecision.TF32
    shapes = shape_of(op.a.type), shape_of(op.b.type)
    dot = multiply_add(*shapes, element, result, tf32=tf32, reuse=em.may_reuse(op, 2))
    em.call(op, dot, em.refs(op.operands), "dot")


# Scaled by blocks

FORMATS: dict[ScaleDotElemType, Any] = {
    ScaleDotElemType.E4M3: ml_dtypes.float8_e4m3fn,
    ScaleDotElemType.E5M2: ml_dtypes.float8_e5m2,
    ScaleDotElemType.E2M3: ml_dtypes.float6_e2m3fn,
    ScaleDotElemType.E3M2: ml_dtypes.float6_e3m2fn,
    ScaleDotElemType.E2M1: ml_dtypes.float4_e2m1fn,
    ScaleDotElemType.BF16: ml_dtypes.bfloat16,
    ScaleDotElemType.FP16: np.float16,
}
NARROWEST = {ScaleDotElemType.E2M3: 0x3F, ScaleDotElemType.E3M2: 0x3F, ScaleDotElemType.E2M1: 0x0F}
"""The bits of a byte that an element of less than eight fills."""


@cache
def decoded(form: ScaleDotElemType) -> Array:
    """The number, in float64, that each byte stands for in a format of at most eight bits."""
    return (np.arange(256) & NARROWEST.get(form, 0xFF)).astype(np.uint8).view(FORMATS[form]).astype(np.float64)


def numbers_of(x: Array, form: ScaleDotElemType, packed: int) -> Array:
    """The elements of an operand of tt.dot_scaled in float64; two of e2m1 share a byte along axis `packed`."""
    if x.dtype.kind == "f":
        return x.astype(np.float64)
    bytes_ = x.astype(np.int64) & 0xFF
    if form is not ScaleDotElemType.E2M1:
        return decoded(form)[bytes_]
    axis = packed % x.ndim
    pairs = decoded(form)[np.stack([bytes_ & 0xF, bytes_ >> 4], axis=axis + 1)]
    return pairs.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])


def scales_of(scale: Array, depth: int) -> Array:
    """(..., rows, blocks) scales as float64 factors (..., rows, depth): e8m0 exponents (OCP MX) in i8, or floats."""
    if scale.dtype.kind != "f":
        bits = scale.astype(np.int64) & 0xFF
        scale = np.where(bits == 0xFF, np.nan, np.exp2(bits - 127.0))
    return np.repeat(scale.astype(np.float64), depth // scale.shape[-1], axis=-1)


def multiplied_by_dot_scaled(op: Any) -> tuple[DType, Callable[..., tuple[Array, Array]]]:
    """The type that a tt.dot_scaled multiplies, and a function that makes the two operands of it from `a`, `b` and
    their scales, None for one that is not there: elements times scales, rounded to that type."""
    element = F16 if ScaleDotElemType.FP16 in (op.lhs_format, op.rhs_format) else BF16
    shapes = [None if o is None else shape_of(o.type) for o in (op.a, op.b, op.a_scale, op.b_scale)]
    depth = op.unpacked_shapes()[0][-1]
    packed = (-1 if is_true(op.lhs_k_pack) else -2, -2 if is_true(op.rhs_k_pack) else -1)
    lhs, rhs = op.lhs_format, op.rhs_format
    what = f"'{op.name}'"

    def multiplied(*operands: Any) -> tuple[Array, Array]:
        a, b, a_scale, b_scale = (
            None if x is None or shape is None else whole(x, shape, what, "multiplies by")
            for x, shape in zip(operands, shapes, strict=True)
        )
        assert a is not None and b is not None
        left, right = numbers_of(a, lhs, packed[0]), numbers_of(b, rhs, packed[1])
        if a_scale is not None:
            left = left * scales_of(a_scale, depth)
        if b_scale is not None:
            right = right * np.swapaxes(scales_of(b_scale, depth), -1, -2)
        return element.round(left.astype(np.float32)), element.round(right.astype(np.float32))

    return element, multiplied


@meaning("tt.dot_scaled", fresh=True)
def emit_dot_scaled(em: Emitter, op: Any) -> None:
    """Elements times scales are rounded to f16 where f16 is multiplied, else to bf16; then it is tt.dot."""
    element, multiplied = multiplied_by_dot_scaled(op)
    result, depth = dtype_of(op.results[0].type), op.unpacked_shapes()[0][-1]

    def dot(c: Any, *operands: Any) -> Any:
        total = dot_arrays(*multiplied(*operands), element, result, depth) + written_out(c)
        return Partial(result.round(total), c.defined) if type(c) is Partial else result.round(total)

    operands = ("None" if o is None else em.ref(o) for o in (op.a, op.b, op.a_scale, op.b_scale))
    em.call(op, dot, ", ".join([em.ref(op.c), *operands]), "dot")
