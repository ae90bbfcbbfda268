"""`tt.dot_scaled`: operands with a scale for each block along K, as a product of matrices of f16 or bf16.

An element times its scale is exact in f32, and in bf16 too unless it is an element of f16: then all is rounded to f16,
as the official compiler does (its DecomposeScaledBlocked). A scale of e8m0 is a power of two, 0xFF is NaN.

Source: OCP Microscaling Formats (MX) Specification v1.0, sections 5.3 and 5.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import (
    AnyFloat,
    BFloat16Type,
    DenseArrayBase,
    Float16Type,
    FloatAttr,
    IntegerAttr,
    TensorType,
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, SSAValue

from minilinalg.dialects import tt
from minilinalg.dialects.tt.attributes import ScaleDotElemType
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.upstream import arith, linalg
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, element_of
from minilinalg.passes.triton_to_linalg.generic import empty, generic
from minilinalg.passes.triton_to_linalg.reductions import product
from minilinalg.passes.triton_to_linalg.shapes import broadcast, insert_slice, reshaped, shape_of

SMALL: Mapping[ScaleDotElemType, tuple[int, int, int]] = {
    ScaleDotElemType.E2M1: (2, 1, 1),
    ScaleDotElemType.E2M3: (2, 3, 1),
    ScaleDotElemType.E3M2: (3, 2, 3),
}
"""Formats that are not element types of the IR but lie in i8: bits of exponent and fraction, bias of the exponent."""


def dot_scaled(c: Conversion, op: tt.DotScaledOp) -> None:
    (*_, depth), _ = op.unpacked_shapes()
    type = compute_type(op)
    left = _operand(c, op.a, op.lhs_format, -1 if is_true(op.lhs_k_pack) else -2)
    right = _operand(c, op.b, op.rhs_format, -2 if is_true(op.rhs_k_pack) else -1)
    factors = [_scale(c, op.a_scale, depth, is_right=False), _scale(c, op.b_scale, depth, is_right=True)]
    sides = [_scaled(c, value, by, type) for value, by in zip((left, right), factors, strict=True)]
    c.bind(op.d, product(c, sides[0], sides[1], c.value(op.c)))


def compute_type(op: tt.DotScaledOp) -> AnyFloat:
    """The type of the matrices that are multiplied."""
    return Float16Type() if ScaleDotElemType.FP16 in (op.lhs_format, op.rhs_format) else BFloat16Type()


def _each(c: Conversion, operands: Sequence[SSAValue], type: Attribute, body: Callable[[_Bits], SSAValue]) -> SSAValue:
    result = TensorType(type, shape_of(operands[0]))
    return generic(c, operands, result, lambda args: body(_Bits(c, args)))


class _Bits:
    """Arithmetic on the elements of one operation."""

    def __init__(self, c: Conversion, args: Sequence[SSAValue]):
        self.c = c
        self.args = args

    def of(self, make: Callable[..., Any], *operands: Any) -> SSAValue:
        """An operation; a number stands for a constant of the type of the first operand."""
        type = operands[0].type
        values = [self.constant(v, type) if isinstance(v, int | float) else v for v in operands]
        return self.c.insert(make(*values)).results[0]

    def constant(self, value: float, type: Attribute) -> SSAValue:
        attribute = FloatAttr(value, f32) if type == f32 else IntegerAttr(cast("int", value), i32)
        return self.c.insert(arith.ConstantOp(attribute)).result

    def to(self, value: SSAValue, type: AnyFloat) -> SSAValue:
        """A float in a wider or narrower type."""
        given = cast("AnyFloat", value.type)
        if given == type:
            return value
        if given.bitwidth == type.bitwidth:
            return self.to(self.to(value, f32), type)
        kind = arith.ExtFOp if given.bitwidth < type.bitwidth else arith.TruncFOp
        return self.c.insert(kind(value, type)).result


def _operand(c: Conversion, old: SSAValue, form: ScaleDotElemType, packed: int) -> SSAValue:
    """The elements as floats; two of e2m1 share a byte along the dimension `packed`."""
    value = c.value(old)
    if form not in SMALL:
        return value
    if form is not ScaleDotElemType.E2M1:
        return _each(c, [value], f32, lambda bits: _decoded(bits, form, 0))
    shape = shape_of(value)
    dim = packed % len(shape)
    parts = [*shape[: dim + 1], 1, *shape[dim + 1 :]]
    whole = empty(c, TensorType(f32, [*shape[: dim + 1], 2, *shape[dim + 1 :]]))
    for i in (0, 1):
        half = _each(c, [value], f32, lambda bits, i=i: _decoded(bits, form, 4 * i))
        whole = insert_slice(
            c, reshaped(c, half, parts), whole, [i if d == dim + 1 else 0 for d in range(len(parts))], parts
        )
    return reshaped(c, whole, [2 * n if d == dim else n for d, n in enumerate(shape)])


def _decoded(bits: _Bits, form: ScaleDotElemType, shift: int) -> SSAValue:
    """A small float at bit `shift` of a byte: exponent and fraction go where f32 has them, which is off by the biases'
    difference."""
    exponent, fraction, bias = SMALL[form]
    byte = bits.c.insert(arith.ExtUIOp(bits.args[0], i32)).result
    code = bits.of(arith.ShRUIOp, byte, shift) if shift else byte
    size = bits.of(arith.ShLIOp, bits.of(arith.AndIOp, code, (1 << (exponent + fraction)) - 1), 23 - fraction)
    sign = bits.of(arith.ShLIOp, bits.of(arith.AndIOp, code, 1 << (exponent + fraction)), 31 - exponent - fraction)
    number = bits.c.insert(arith.BitcastOp(bits.of(arith.OrIOp, size, sign), f32)).result
    return bits.of(arith.MulfOp, number, 2.0 ** (127 - bias))


def _scale(c: Conversion, old: SSAValue | None, depth: int, *, is_right: bool) -> SSAValue | None:
    """The factor of each element, in f32; that of the right operand lies as that does, along K first."""
    if old is None:
        return None
    value = c.value(old)
    if isinstance(element_of(value.type), AnyFloat):
        value = _each(c, [value], f32, lambda bits: bits.to(bits.args[0], f32))
    else:
        value = _each(c, [value], f32, _power)
    *outer, rows, blocks = shape_of(value)
    size = depth // blocks
    if not is_right:
        spread = broadcast(c, value, TensorType(f32, [*outer, rows, blocks, size]), [len(outer) + 2])
        return reshaped(c, spread, [*outer, rows, depth])
    order = [*range(len(outer)), len(outer) + 1, len(outer)]
    room = empty(c, TensorType(f32, [*outer, blocks, rows]))
    turned = c.insert(linalg.TransposeOp(value, room, DenseArrayBase.from_list(i64, order))).results[0]
    spread = broadcast(c, turned, TensorType(f32, [*outer, blocks, size, rows]), [len(outer) + 1])
    return reshaped(c, spread, [*outer, depth, rows])


def _power(bits: _Bits) -> SSAValue:
    """2^(e - 127): e is the exponent of a float32, of which 0 stands for a smaller one."""
    exponent = bits.c.insert(arith.ExtUIOp(bits.args[0], i32)).result
    normal = bits.of(arith.ShLIOp, exponent, 23)
    smallest, nan = bits.constant(1 << 22, i32), bits.constant(0x7FC00000, i32)
    for special, pattern in ((0, smallest), (0xFF, nan)):
        found = bits.c.insert(arith.CmpiOp(exponent, bits.constant(special, i32), "eq")).result
        normal = bits.c.insert(arith.SelectOp(found, pattern, normal)).result
    return bits.c.insert(arith.BitcastOp(normal, f32)).result


def _scaled(c: Conversion, value: SSAValue, by: SSAValue | None, type: AnyFloat) -> SSAValue:
    """A matrix, each element times its factor, rounded to `type`."""
    if by is None:
        if element_of(value.type) == type:
            return value
        return _each(c, [value], type, lambda bits: bits.to(bits.args[0], type))

    def body(bits: _Bits) -> SSAValue:
        wide = bits.to(bits.args[0], f32)
        return bits.to(bits.of(arith.MulfOp, wide, bits.args[1]), type)

    return _each(c, [value, by], type, body)


HANDLERS: Mapping[str, Handler] = {"tt.dot_scaled": dot_scaled}
