"""Matrix products."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Pure

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, InputPrecision
from minilinalg.dialects.tt.traits import TensorSize, TypesMatch, same
from minilinalg.dialects.tt.types import FloatIntTensor

ACCUMULATES = TypesMatch("d", "c", same, "the result has the type of the accumulator")


@irdl_op_definition
class DotOp(FormattedOperation):
    """Matrix product and sum: d = a b + c.

        %d = tt.dot %a, %b, %c, inputPrecision = tf32
             : tensor<128x64xf16> * tensor<64x128xf16> -> tensor<128x128xf32>

    Shapes are M x K, K x N, M x N, all three optionally with the same leading batch dimension. Operands are floats or
    integers of at least 8 bits; products are exact and summed in the type of c, in no specified order.
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

    traits = traits_def(Pure(), TensorSize(), ACCUMULATES)

    def __init__(self, a: SSAValue, b: SSAValue, c: SSAValue, precision: InputPrecision = InputPrecision.IEEE):
        super().__init__(operands=[a, b, c], properties={"inputPrecision": precision.attribute}, result_types=[c.type])

    @property
    def precision(self) -> InputPrecision:
        """How f32 operands may be rounded."""
        return InputPrecision.of(self.input_precision)
