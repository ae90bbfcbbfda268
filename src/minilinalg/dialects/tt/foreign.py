"""Code from outside of the IR: functions of device libraries, and assembly text."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, StringAttr
from xdsl.ir import Operation
from xdsl.irdl import irdl_op_definition, prop_def, result_def, var_operand_def, var_result_def
from xdsl.traits import ConditionallySpeculatable
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.effects import EffectsUnlessPure, is_true
from minilinalg.dialects.tt.traits import Elementwise, SameEncoding, TensorSize, in_order
from minilinalg.dialects.tt.types import Value, is_tensor


class SpeculatableIfPure(ConditionallySpeculatable):
    """Foreign code may run where the program would not have run it only when it says that it is pure."""

    @classmethod
    def is_speculatable(cls, op: Operation) -> bool:
        return is_true(op.properties.get("pure"))


FOREIGN = (EffectsUnlessPure(), SpeculatableIfPure(), TensorSize(), Elementwise(), SameEncoding())


@irdl_op_definition
class ExternElementwiseOp(FormattedOperation):
    """Apply the scalar function `symbol` of a device library to each element.

    ```mlir
    %y = tt.extern_elementwise %x {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"}
         : (tensor<8xf32>) -> tensor<8xf32>
    ```

    Tensors have one shape; a scalar operand goes to every element. Without `pure` it may do anything to memory.
    """

    name = "tt.extern_elementwise"
    SYNTAX: ClassVar = Syntax("operands attr-dict `:` functional-type(operands, $result)")

    srcs = var_operand_def(Value)
    libname = prop_def(StringAttr)
    libpath = prop_def(StringAttr)
    symbol = prop_def(StringAttr)
    pure = prop_def(BoolAttr)
    result = result_def(Value)

    traits = in_order(*FOREIGN)


@irdl_op_definition
class ElementwiseInlineAsmOp(FormattedOperation):
    """Apply assembly text of the target to each group of `packed_element` elements.

    ```mlir
    %y = tt.elementwise_inline_asm "shl.b32 $0, $1, 3;" {constraints = "=r,r", packed_element = 1 : i32,
         pure = true} %x : tensor<8xi32> -> tensor<8xi32>
    ```

    Which elements form a group is not specified. `constraints` are those of LLVM's inline assembly. Without `pure` it
    may do anything to memory.
    """

    name = "tt.elementwise_inline_asm"
    SYNTAX: ClassVar = Syntax("$asm_string attr-dict ($args^ `:` type($args))? `->` type($result)")

    asm_string = prop_def(StringAttr)
    constraints = prop_def(StringAttr)
    pure = prop_def(BoolAttr)
    packed_element = prop_def(IntegerAttr[I32])
    args = var_operand_def()
    result = var_result_def(Value)

    traits = in_order(*FOREIGN)

    def verify_(self) -> None:
        if not self.result:
            raise VerifyException("'tt.elementwise_inline_asm' without results: it has at least one")
        packed = self.packed_element.value.data
        if packed <= 0:
            raise VerifyException(f"'tt.elementwise_inline_asm' with packed_element {packed}: it is at least 1")
        type = self.result[0].type
        if is_tensor(type) and prod(type.get_shape()) % packed:
            raise VerifyException(
                f"'tt.elementwise_inline_asm' of {type} with packed_element {packed}: "
                "the number of elements is a multiple of it"
            )
