"""The matrix unit: its right operand lies in the weights memory."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat, FixedBitwidthType, IntegerType, UnitAttr
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, opt_prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.buffers import element_bytes, is_contiguous, space_of, static_count
from minilinalg.dialects.simd.instruction import Clause, Instruction, Spec


@irdl_op_definition
class MatmulOp(Instruction):
    """
    Multiply matrices: [m, k] times [k, n] into [m, n], overwritten, or added to what is there with `accumulate`.

    `simd.matmul %a, %b -> %c accumulate : memref<64x32xf16, #simd.space<nram>>, memref<32x64xf16, #simd.space<wram>>
                                        -> memref<64x64xf32, #simd.space<nram>>`

    Left operand and result are in one space, the right operand in the target's space for weights. Products are exact
    and are accumulated in the result's type in an unspecified order. Operands are floats and the result a float at
    least as wide, or integers (signed) and the result a wider one.
    """

    name = "simd.matmul"
    SPEC: ClassVar[Spec] = Spec("matmul", "linalg.matmul", "tensor", None, "matrix product")
    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("accumulate", "flag"),)

    accumulate = opt_prop_def(UnitAttr)

    @property
    def accumulates(self) -> bool:
        return self.accumulate is not None

    @property
    def sizes(self) -> tuple[int, int, int]:
        """m, n, k."""
        (m, k), n = self.input_types[0].get_shape(), self.input_types[1].get_shape()[1]
        return m, n, k

    @property
    def width(self) -> int:
        """Bytes of an element of the operands: what the matrix unit's speed depends on."""
        return element_bytes(self.input_types[0])

    def verify_instruction(self) -> None:
        self.expect_operands(2)
        if len(self.input_types) != 2:
            raise VerifyException("a scalar input; simd.matmul multiplies two buffers")
        lhs, rhs, out = *self.input_types, *self.output_types
        for type in (lhs, rhs, out):
            if static_count(type) is None or not is_contiguous(type) or len(type.shape) != 2:
                raise VerifyException(f"{type}; simd.matmul has matrices of static shape without gaps")
        (m, k), (k2, n) = lhs.get_shape(), rhs.get_shape()
        if k != k2 or out.get_shape() != (m, n):
            raise VerifyException(
                f"{m}x{k} times {k2}x{n} into {'x'.join(map(str, out.get_shape()))}; "
                "simd.matmul is mxk times kxn into mxn"
            )
        if space_of(lhs) != space_of(out):
            raise VerifyException(
                f"left operand in {space_of(lhs)}, result in {space_of(out)}; simd.matmul has both in one space"
            )
        if lhs.element_type != rhs.element_type or not _accumulates_in(lhs.element_type, out.element_type):
            raise VerifyException(
                f"{lhs.element_type} times {rhs.element_type} into {out.element_type}; "
                "simd.matmul multiplies equal types into the same float type or a wider one of the same kind"
            )


def _accumulates_in(operand: Attribute, result: Attribute) -> bool:
    if not isinstance(operand, FixedBitwidthType) or not isinstance(result, FixedBitwidthType):
        return False
    if isinstance(operand, AnyFloat):
        return isinstance(result, AnyFloat) and (result == operand or result.bitwidth > operand.bitwidth)
    return isinstance(operand, IntegerType) and isinstance(result, IntegerType) and result.bitwidth > operand.bitwidth
