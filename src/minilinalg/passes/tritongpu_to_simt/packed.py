"""Elements of four bits, two in a byte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xdsl.dialects.builtin import AnyFloat, IntegerType
from xdsl.ir import SSAValue

from minilinalg.dialects import ttg
from minilinalg.dialects.simt.types import vector_like
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.linear import REGISTER, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of
from minilinalg.passes.tritongpu_to_simt.registers import concatenated
from minilinalg.passes.tritongpu_to_simt.shapes import placed

EXPONENT_BITS = {16: 5, 32: 8}
"""Of a float type by its width; bf16 has those of f32."""


def _fp4_to_fp(c: Conversion, op: ttg.Fp4ToFpOp) -> None:
    """The elements of the lower bits in the lower half of the registers, and then where the result has them."""
    assert is_tensor(op.result.type)
    element: Any = op.result.type.element_type
    byte = c.value(op.src)
    low, high = c.binary(arith.AndIOp, byte, 15), c.binary(arith.ShRUIOp, byte, 4)
    found = concatenated(c, *(_e2m1(c, nibble, element) for nibble in (low, high)))
    c.bind(op.result, placed(c, found, _unpacked(layout_of(op.src.type), op.axis.value.data), op))


def _e2m1(c: Conversion, nibble: SSAValue, element: AnyFloat) -> SSAValue:
    """Sign, two bits of exponent, one of mantissa: put where the wider type has them, they are the number, but for a
    power of two by which the bias of the exponent differs. That holds for the one subnormal number, too."""
    bits = element.bitwidth
    exponent = EXPONENT_BITS[32 if element.name == "bf16" else bits]
    mantissa = bits - 1 - exponent
    type = vector_like(nibble.type, IntegerType(bits))
    wide = c.insert(arith.ExtUIOp(nibble, type)).result
    sign = c.binary(arith.ShLIOp, c.binary(arith.AndIOp, wide, 8), bits - 4)
    size = c.binary(arith.ShLIOp, c.binary(arith.AndIOp, wide, 7), mantissa - 1)
    number = c.insert(arith.BitcastOp(c.binary(arith.OrIOp, sign, size), vector_like(nibble.type, element))).result
    return c.binary(arith.MulfOp, number, c.constant(2.0 ** ((1 << exponent - 1) - 2), number.type))


def _unpacked(layout: LinearLayout, axis: int) -> LinearLayout:
    """Where elements are whose bytes have `layout`, when those of the upper bits have registers of their own."""
    bases = {
        name: [tuple(i << (dim == axis) for dim, i in enumerate(basis)) for basis in layout.bases(name)]
        for name in layout.in_names
    }
    bases[REGISTER].append(tuple(int(dim == axis) for dim in range(len(layout.outs))))
    sizes = [size << (dim == axis) for dim, size in enumerate(layout.shape)]
    return LinearLayout.of(bases, dict(zip(layout.out_names, sizes, strict=True)))


HANDLERS: Mapping[str, Handler] = {"ttg.fp4_to_fp": _fp4_to_fp}
