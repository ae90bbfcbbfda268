"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.arithmetic import bitwidth
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, InputPrecision, ScaleDotElemType
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.tt.traits import LayoutsFollow, TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import AnyTensor, FloatIntTensor, FloatTensor, PackedTensor, tensor_type

ACCUMULATES = TypesMatch("c", "d", same, "the result has the type of the accumulator")
TRUE: BoolAttr = IntegerAttr.from_bool(True)


def verify_product(what: str, a: Sequence[int], b: Sequence[int], c: Sequence[int]) -> None:
    """Verify that shapes M x K, K x N and M x N fit, each with the same leading batch dimension or none of them."""
    if not len(a) == len(b) == len(c) or len(a) not in (2, 3):
        raise VerifyException(f"{what}: all three have rank 2, or rank 3 with a leading batch dimension")
    if not a[:-2] == b[:-2] == c[:-2]:
        raise VerifyException(f"{what}: all three have the same batch dimension")
    if a[-1] != b[-2]:
        raise VerifyException(f"{what}: a has as many columns as b has rows")
    if c[-2:] != (a[-2], b[-1]):
        raise VerifyException(f"{what}: c has the rows of a and the columns of b")


@irdl_op_definition
class DotOp(FormattedOperation):
    """Matrix product and sum: d = a b + c.

    ```mlir
    %d = tt.dot %a, %b, %c, inputPrecision = tf32
         : tensor<128x64xf16> * tensor<64x128xf16> -> tensor<128x128xf32>
    ```

    Shapes are M x K, K x N, M x N, all three optionally with the same leading batch dimension. Elements of a and b
    have the same number of bits; products are exact and summed in the type of c, in no specified order.
    `inputPrecision` (ieee when it is left out) says how operands of f32 may be rounded before; it changes nothing for
    narrower ones. `maxNumImpreciseAcc` is a hint for f8.
    """

    name = "tt.dot"
    SYNTAX: ClassVar = Syntax(
        "$a `,` $b `,` $c (`,` `inputPrecision` `=` $inputPrecision^)? attr-dict "
        "`:` type($a) `*` type($b) `->` type($d)"
    )

    a = operand_def(FloatIntTensor)
    b = operand_def(FloatIntTensor)
    c = operand_def(FloatIntTensor)
    input_precision = prop_def(
        EnumAttr(InputPrecision), default_value=InputPrecision.IEEE.attribute, prop_name="inputPrecision"
    )
    max_num_imprecise_acc = prop_def(
        IntegerAttr[I32], default_value=IntegerAttr(0, i32), prop_name="maxNumImpreciseAcc"
    )
    d = result_def(FloatIntTensor)

    traits = in_order(Pure(), TensorSize(), ACCUMULATES, LayoutsFollow())

    def __init__(self, a: SSAValue, b: SSAValue, c: SSAValue, precision: InputPrecision = InputPrecision.IEEE):
        super().__init__(operands=[a, b, c], properties={"inputPrecision": precision.attribute}, result_types=[c.type])

    @property
    def precision(self) -> InputPrecision:
        """How f32 operands may be rounded."""
        return InputPrecision.of(self.input_precision)

    def verify_(self) -> None:
        a, b, c = tensor_type(self.a), tensor_type(self.b), tensor_type(self.c)
        what = f"'tt.dot' of a = {a}, b = {b} and c = {c}"
        if bitwidth(a) != bitwidth(b):
            raise VerifyException(f"{what}: elements of a and b have the same number of bits")
        verify_product(what, a.get_shape(), b.get_shape(), c.get_shape())


@irdl_op_definition
class DotScaledOp(FormattedOperation):
    """Matrix product of operands with a scale for each block of 16 or 32 elements along K: d = (a sa) (b sb) + c.

    ```mlir
    %d = tt.dot_scaled %a scale %sa, %b scale %sb, %c lhs = e2m1 rhs = e5m2 {fastMath = false}
         : tensor<16x32xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
    ```

    Element formats are those of the microscaling (MX) specification. Two elements of e2m1 are packed to an i8, along
    K, or along M or N where `lhs_k_pack` or `rhs_k_pack` is false. a_scale is M x K/s and b_scale is N x K/s, for
    blocks of s elements, with e8m0 exponents as i8, or floats. An operand without scale has scale 1. An element
    times its scale is rounded to f16 where an operand is of f16, else to bf16, and then multiplied as by tt.dot.
    """

    name = "tt.dot_scaled"
    SYNTAX: ClassVar = Syntax(
        "$a (`scale` $a_scale^)? `,` $b (`scale` $b_scale^)? `,` $c "
        "`lhs` `=` $a_elem_type `rhs` `=` $b_elem_type attr-dict "
        "`:` type($a) (`,` type($a_scale)^)? `*` type($b) (`,` type($b_scale)^)? `->` type($d)"
    )

    a = operand_def(PackedTensor)
    b = operand_def(PackedTensor)
    c = operand_def(FloatTensor)
    a_scale = opt_operand_def(PackedTensor)
    b_scale = opt_operand_def(PackedTensor)
    a_elem_type = prop_def(EnumAttr(ScaleDotElemType))
    b_elem_type = prop_def(EnumAttr(ScaleDotElemType))
    fast_math = prop_def(BoolAttr, prop_name="fastMath")
    lhs_k_pack = prop_def(BoolAttr, default_value=TRUE)
    rhs_k_pack = prop_def(BoolAttr, default_value=TRUE)
    d = result_def(FloatTensor)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(Pure(), TensorSize(), ACCUMULATES)

    @property
    def lhs_format(self) -> ScaleDotElemType:
        """The element format of a."""
        return ScaleDotElemType.of(self.a_elem_type)

    @property
    def rhs_format(self) -> ScaleDotElemType:
        """The element format of b."""
        return ScaleDotElemType.of(self.b_elem_type)

    def unpacked_shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of a and b in elements: twice as many along the packed dimension as there are i8."""
        a, b = list(tensor_type(self.a).get_shape()), list(tensor_type(self.b).get_shape())
        if self.lhs_format is ScaleDotElemType.E2M1:
            a[-1 if is_true(self.lhs_k_pack) else -2] *= 2
        if self.rhs_format is ScaleDotElemType.E2M1:
            b[-2 if is_true(self.rhs_k_pack) else -1] *= 2
        return tuple(a), tuple(b)

    def verify_(self) -> None:
        what = f"'tt.dot_scaled' of a = {self.a.type}, b = {self.b.type} and c = {self.c.type}"
        if min(tensor_type(self.a).get_num_dims(), tensor_type(self.b).get_num_dims()) < 2:
            raise VerifyException(f"{what}: all three have rank 2, or rank 3 with a leading batch dimension")
        a, b = self.unpacked_shapes()
        verify_product(what, a, b, tensor_type(self.c).get_shape())
        factors = [
            _scale_factor(name, tensor_type(scale), (*outer[:-2], outer[rows]), a[-1])
            for name, scale, outer, rows in (("a_scale", self.a_scale, a, -2), ("b_scale", self.b_scale, b, -1))
            if scale is not None
        ]
        if len(set(factors)) > 1:
            raise VerifyException(
                f"{what} has scales for {factors[0]} and for {factors[1]} elements: both for the same"
            )


def _scale_factor(which: str, scale: AnyTensor, rows: tuple[int, ...], k: int) -> int:
    """For how many elements along K one scale stands, which is 16 or 32."""
    shape = scale.get_shape()
    if shape[:-1] != rows or not shape[-1] or k // shape[-1] not in (16, 32) or k % shape[-1]:
        raise VerifyException(
            f"'tt.dot_scaled' has {which} of type {scale} for {'x'.join(map(str, (*rows, k)))} elements: "
            "it has the same rows (the columns of b), and one scale for 16 or 32 elements along K"
        )
    return k // shape[-1]
