"""Matrix products of the tt dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from . import contraction, floats
from .engine import Machine, Results, meaning, strict
from .reading import attribute, dtype, flag, keyword, segments
from .scalars import (
    BF16,
    F4E2M1FN,
    F8E4M3FN,
    F8E5M2,
    F16,
    FLOATS,
    NAN,
    TF32,
    UNDEFINED,
    DType,
    Float,
    Real,
    Rounding,
    Scalar,
    Undefined,
    decode,
    encode,
    finite,
    power_of_two,
)
from .values import Index, Tensor, indices

PRECISIONS = ("tf32", "tf32x3", "ieee", "bf16x3", "bf16x6")


@meaning("tt.dot")
def _dot(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """c + a b: exact products, added to c one after another in the result's type.

    `tf32` rounds f32 operands to ten mantissa bits, ties away from zero (`cvt.rna.tf32`); the tricks that make f32 of
    several narrower products, and `ieee`, keep them.
    """
    a, b, c = (dtype(operand) for operand in op.operands)
    tf32 = keyword(op, "inputPrecision", PRECISIONS, "ieee") == "tf32"

    def step(x: int, y: int, z: int) -> int:
        types, factors = [a, b], [x, y]
        for k, t in enumerate(types):
            if tf32 and t == FLOATS["f32"]:
                types[k], factors[k] = TF32, floats.convert(t, TF32, factors[k], Rounding.NEAREST_AWAY)
        return contraction.multiply_add(*types, c, *factors, z)

    left, right, start = operands
    depth, add = left.shape[-1], strict(step)
    rows = {at: [left[(*at, k)] for k in range(depth)] for at in indices(left.shape[:-1])}
    columns = {
        (*at, column): [right[(*at, k, column)] for k in range(depth)]
        for at in indices(right.shape[:-2])
        for column in range(right.shape[-1])
    }

    def element(index: Index) -> Scalar:
        *batch, row, column = index
        total = start[index]
        for x, y in zip(rows[(*batch, row)], columns[(*batch, column)], strict=True):
            total = add(x, y, total)
        return total

    return (Tensor.generate(start.shape, element),)


SCALED = {
    "e4m3": F8E4M3FN,
    "e5m2": F8E5M2,
    "e2m3": FLOATS["f6E2M3FN"],
    "e3m2": FLOATS["f6E3M2FN"],
    "e2m1": F4E2M1FN,
    "bf16": BF16,
    "fp16": F16,
}


def _scale(t: DType, bits: int) -> Real:
    """A scale: a power of two with the bias of f32 (OCP E8M0) in an i8, or a float."""
    if isinstance(t, Float):
        return decode(t, bits)
    return NAN if bits == 0xFF else finite(power_of_two(bits - 127))


def _scaled(
    source: Tensor, form: Float, packed: int | None, k: int, scales: Tensor | None, scale_type: DType | None
) -> dict[Index, Real | Undefined]:
    """The numbers of an operand of tt.dot_scaled at their indices, without packing, each times the scale of its block.

    `packed` is the dimension along which two numbers share a byte, the lower nibble first; `k` the one that is summed
    over. Scales have the other dimension before that of k.
    """
    shape = [size * 2 if d == packed else size for d, size in enumerate(source.shape)]
    numbers: dict[Index, Real | Undefined] = {}
    for index in indices(shape):
        bits = source[[i // 2 if d == packed else i for d, i in enumerate(index)]]
        factor: Scalar | None = None
        if scales is not None:
            other = next(d for d in (len(shape) - 1, len(shape) - 2) if d != k)
            factor = scales[(*index[:-2], index[other], index[k] * scales.shape[-1] // shape[k])]
        if isinstance(bits, Undefined) or isinstance(factor, Undefined):
            numbers[index] = UNDEFINED
            continue
        if packed is not None:
            bits = bits >> 4 * (index[packed] % 2) & 0xF
        numbers[index] = decode(form, bits)
        if factor is not None and scale_type is not None:
            numbers[index] = floats.multiply(decode(form, bits), _scale(scale_type, factor))
    return numbers


@meaning("tt.dot_scaled")
def _dot_scaled(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """tt.dot of operands that are scaled by blocks along k, as the OCP microscaling specification says.

    e2m1 numbers are packed along k or, without k_pack, along the other dimension.
    """
    (left,), (right,), (start,), *scales = segments(op, operands)
    *_, left_scale_type, right_scale_type = (
        dtype(group[0]) if group else None for group in segments(op, list(op.operands))
    )
    rank, t = len(start.shape), dtype(op.results[0])
    numbers: list[dict[Index, Real | Undefined]] = []
    for source, side, k, given, scale_type in (
        (left, "a lhs", rank - 1, scales[0], left_scale_type),
        (right, "b rhs", rank - 2, scales[1], right_scale_type),
    ):
        form = SCALED[keyword(op, f"{side[0]}_elem_type", tuple(SCALED))]
        along_k = attribute(op, f"{side[2:]}_k_pack") is None or flag(op, f"{side[2:]}_k_pack")
        packed = (k if along_k else 2 * rank - 3 - k) if form is F4E2M1FN else None
        numbers.append(_scaled(source, form, packed, k, given[0] if given else None, scale_type))
    depth = 1 + max(index[-1] for index in numbers[0])

    def step(x: Real, y: Real, z: int) -> int:
        return encode(t, floats.fused_multiply_add(x, y, decode(t, z)))

    def element(index: Index) -> Scalar:
        *batch, row, column = index
        total = start[index]
        for k in range(depth):
            total = strict(step)(numbers[0][(*batch, row, k)], numbers[1][(*batch, k, column)], total)
        return total

    return (Tensor.generate(start.shape, element),)
