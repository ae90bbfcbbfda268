"""Assembly text in the program of a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, StringAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, var_operand_def, var_result_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.types import Number, count_of
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.effects import EffectsUnlessPure
from minilinalg.dialects.tt.foreign import SpeculatableIfPure
from minilinalg.dialects.tt.traits import in_order


@irdl_op_definition
class InlineAsmOp(FormattedOperation):
    """Apply PTX text to each group of `packed_element` elements, which lie side by side in registers.

    ```mlir
    %y = simt.inline_asm "shl.b32 $0, $1, 3;" {constraints = "=r,r", packed_element = 1 : i32, pure = true}
         (%x) : (vector<8xi32>) -> vector<8xi32>
    ```

    `constraints` are those of LLVM's inline assembly: `r` and `f` are registers of 32 bits, `l` and `d` of 64, `h` of
    16. What it computes is run as far as interp/ptx/ knows its instructions. PTX: the text.
    """

    name = "simt.inline_asm"
    SYNTAX: ClassVar = Syntax("$asm_string attr-dict `(` $args `)` `:` functional-type($args, $result)")

    asm_string = prop_def(StringAttr)
    constraints = prop_def(StringAttr)
    pure = prop_def(BoolAttr)
    packed_element = prop_def(IntegerAttr[I32])
    args = var_operand_def(Number)
    result = var_result_def(Number)

    traits = in_order(EffectsUnlessPure(), SpeculatableIfPure())

    def __init__(self, like: dict[str, Attribute], args: Sequence[SSAValue], types: Sequence[Attribute]):
        super().__init__(operands=[args], result_types=[types], properties=like)

    def verify_(self) -> None:
        packed = self.packed_element.value.data
        counts = {count_of(value.type) for value in (*self.args, *self.result)}
        if packed <= 0 or not self.result or len(counts) != 1 or min(counts) % packed:
            raise VerifyException(
                f"'simt.inline_asm' of {sorted(counts)} elements with packed_element {packed}: results, and arguments "
                "of as many elements, a multiple of it"
            )
