"""`tt.dot_scaled` without instructions of its own: operands times their scales, and a dot of f16 or bf16.

A scale of e8m0 is the exponent of a power of two: shifted to where a float has its exponent it is that power, save for
two codes. 0 is 2^-127, half of the smallest normal one, so nothing below counts. 255 is NaN: shifted it is infinite,
and x * 0 + x is NaN for an infinite x, and x for all others.

Source: DecomposeScaledBlocked.cpp of Triton 3.9.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects.builtin import (
    AnyFloat,
    BFloat16Type,
    DenseArrayBase,
    Float16Type,
    IntegerAttr,
    IntegerType,
    TensorType,
    f32,
    i32,
)
from xdsl.ir import Attribute, SSAValue

from minilinalg.analysis.constants import constant
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.attributes import ScaleDotElemType
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.tt.types import AnyTensor, tensor_type
from minilinalg.dialects.ttg.default_layout import default_layout
from minilinalg.dialects.ttg.inference import blocked_lists, layout_of, reshaped, same_layout, transposed, with_layout
from minilinalg.dialects.upstream import arith, math
from minilinalg.passes.insertion import value_before
from minilinalg.passes.layout_rewriting import converted

UNKNOWN = (ScaleDotElemType.E2M3, ScaleDotElemType.E3M2)
"""Formats that no operation converts."""


def decompose(op: tt.DotScaledOp, threads: tuple[int, int]) -> tt.DotOp | None:
    """Puts a dot in the place of `op` and returns it; None when an operand's format has no conversion.

    threads: the numbers of warps and of threads in a warp.
    """
    if op.lhs_format in UNKNOWN or op.rhs_format in UNKNOWN:
        return None
    return _Decomposition(op, threads).run()


class _Decomposition:
    def __init__(self, op: tt.DotScaledOp, threads: tuple[int, int]):
        self.op = op
        self.threads = threads
        is_f16 = ScaleDotElemType.FP16 in (op.lhs_format, op.rhs_format)
        self.type: AnyFloat = Float16Type() if is_f16 else BFloat16Type()
        # A scale that f16 cannot hold may still be one with which the product can: f32 holds both.
        self.wide: AnyFloat = f32 if is_f16 else self.type

    def run(self) -> tt.DotOp:
        op = self.op
        result = layout_of(op.d.type)
        assert isinstance(result, ttg.BlockedEncodingAttr)
        rank = result.rank
        sides = (
            self.operand(op.a, op.a_scale, op.lhs_format, rank - 1 if is_true(op.lhs_k_pack) else rank - 2, 0),
            self.operand(op.b, op.b_scale, op.rhs_format, rank - 2 if is_true(op.rhs_k_pack) else rank - 1, 1),
        )
        a, b = (converted(v, ttg.DotOperandEncodingAttr(i, result), op) for i, v in enumerate(sides))
        dot = tt.DotOp(a, b, op.c)
        value = value_before(op, dot, op.d.name_hint)
        op.d.replace_all_uses_with(value)
        return dot

    def of(self, kind: Any, operands: list[SSAValue], type: Attribute, **properties: Attribute) -> SSAValue:
        return value_before(self.op, kind.create(operands=operands, result_types=[type], properties=properties))

    def number(self, value: float, type: AnyTensor) -> SSAValue:
        attribute = constant(value, type)
        assert attribute is not None
        return self.of(arith.ConstantOp, [], type, value=attribute)

    def cast(self, value: SSAValue, to: AnyFloat) -> SSAValue:
        """A tensor of floats as floats of another type."""
        type = tensor_type(value)
        if type.element_type == to:
            return value
        assert isinstance(type.element_type, AnyFloat)
        new = TensorType(to, type.get_shape(), layout_of(type) or type)
        given = type.element_type.bitwidth
        if given > 8 and given < to.bitwidth:
            return self.of(arith.ExtFOp, [value], new)
        if given > to.bitwidth:
            return self.of(arith.TruncFOp, [value], new)
        if given == to.bitwidth:
            return self.cast(self.cast(value, f32), to)
        return self.of(tt.FpToFpOp, [value], new)

    def operand(
        self, value: SSAValue, scale: SSAValue | None, form: ScaleDotElemType, packed: int, side: int
    ) -> SSAValue:
        """An operand times its scale, in the type that is multiplied."""
        if form is ScaleDotElemType.E2M1:
            value = self.unpacked(value, packed)
        if scale is None:
            return self.cast(value, self.type)
        factor = self.spread(self.factor(scale), value, side)
        wide = self.cast(value, self.wide)
        return self.cast(self.of(arith.MulfOp, [wide, factor], wide.type), self.type)

    def unpacked(self, value: SSAValue, axis: int) -> SSAValue:
        """Two elements of e2m1 from each byte, neighbours along `axis`, in a thread that has both."""
        type = tensor_type(value)
        shape = list(type.get_shape())
        shape[axis] *= 2
        layout = layout_of(type)
        if not isinstance(layout, ttg.BlockedEncodingAttr):
            layout = default_layout(type.get_shape(), *self.threads)
            value = converted(value, layout, self.op)
        thread, warp, cta, order = blocked_lists(layout)
        thread[axis] *= 2
        wide = ttg.BlockedEncodingAttr(thread, warp, cta, order)
        return self.of(ttg.Fp4ToFpOp, [value], TensorType(self.type, shape, wide), axis=IntegerAttr(axis, i32))

    def factor(self, scale: SSAValue) -> SSAValue:
        """The scales as floats."""
        type = tensor_type(scale)
        if isinstance(type.element_type, AnyFloat):
            return self.cast(scale, self.wide)
        layout, shape = layout_of(type), type.get_shape()
        assert layout is not None
        bits = TensorType(IntegerType(self.wide.bitwidth), shape, layout)
        number = TensorType(self.wide, shape, layout)
        at = 23 if self.wide == f32 else 7
        code = self.of(arith.ExtUIOp, [scale], bits)
        shifted = self.of(arith.ShLIOp, [code, self.number(at, bits)], bits)
        shifted = self.of(arith.MaxUIOp, [shifted, self.number(1 << at - 1, bits)], bits)
        power = self.of(tt.BitcastOp, [shifted], number)
        if is_true(self.op.fast_math):
            return power
        return self.of(math.FmaOp, [power, self.number(0.0, number), power], number)

    def spread(self, scale: SSAValue, over: SSAValue, side: int) -> SSAValue:
        """Scales, one for a block along k, repeated for each element of `over`, in its layout."""
        if side == 1:
            scale = self.transposed(scale)
        target, type = tensor_type(over), tensor_type(scale)
        shape, rank = list(type.get_shape()), len(type.get_shape())
        k = rank - 1 - side
        size = target.get_shape()[k] // shape[k]
        parts = [*shape[: k + 1], size, *shape[k + 1 :]]
        layout = layout_of(target)
        assert layout is not None
        whole: ttg.DistributedLayout | None = default_layout(parts, *self.threads)
        if not same_layout(target.get_shape(), reshaped(whole, parts, target.get_shape()), layout):
            whole = reshaped(layout, target.get_shape(), parts)
        assert whole is not None
        scale = converted(scale, ttg.SliceEncodingAttr(k + 1, whole), self.op)
        ones = with_layout(TensorType(type.element_type, [*shape[: k + 1], 1, *shape[k + 1 :]]), whole)
        column = self.of(tt.ExpandDimsOp, [scale], ones, axis=IntegerAttr(k + 1, i32))
        blocks = self.of(tt.BroadcastOp, [column], TensorType(type.element_type, parts, whole))
        return self.of(tt.ReshapeOp, [blocks], TensorType(type.element_type, target.get_shape(), layout))

    def transposed(self, value: SSAValue) -> SSAValue:
        """The last two dimensions exchanged."""
        type = tensor_type(value)
        shape = list(type.get_shape())
        order = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        layout = layout_of(type)
        assert layout is not None
        if transposed(layout, shape, order) is None:
            value = converted(value, layout := default_layout(shape, *self.threads), self.op)
        new = transposed(layout, shape, order)
        assert new is not None
        result = TensorType(type.element_type, [shape[dim] for dim in order], new)
        return self.of(tt.TransOp, [value], result, order=DenseArrayBase.from_list(i32, order))
