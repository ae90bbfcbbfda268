"""What a program tells its programmer."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import BoolAttr, DenseArrayBase, StringAttr, i32
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.effects import ObservedFromOutside
from minilinalg.dialects.tt.traits import TensorSize, in_order
from minilinalg.dialects.tt.types import Bool, Value


@irdl_op_definition
class PrintOp(FormattedOperation):
    """Print values, element by element, behind a prefix.

    ```mlir
    tt.print "x: " {hex = false, isSigned = array<i32: 0, 1>} : %x, %n : tensor<8xf32>, i32
    ```

    `isSigned` says for each value whether it is a signed integer; `hex` prints bits.
    """

    name = "tt.print"
    SYNTAX: ClassVar = Syntax("$prefix attr-dict (`:` $args^ `:` type($args))?")

    prefix = prop_def(StringAttr)
    hex = prop_def(BoolAttr)
    is_signed = prop_def(DenseArrayBase.constr(i32), prop_name="isSigned")
    args = var_operand_def(Value)

    traits = in_order(ObservedFromOutside(), TensorSize())

    def verify_(self) -> None:
        if len(self.is_signed) != len(self.args):
            raise VerifyException(
                f"'tt.print' of {len(self.args)} values with {len(self.is_signed)} flags in isSigned: one for each"
            )


@irdl_op_definition
class AssertOp(FormattedOperation):
    """Stop the program with a message unless a condition, or every element of it, is true.

    ```mlir
    tt.assert %c, "n must be positive" : tensor<8xi1>
    ```
    """

    name = "tt.assert"
    SYNTAX: ClassVar = Syntax("$condition `,` $message attr-dict `:` type($condition)")

    condition = operand_def(Bool)
    message = prop_def(StringAttr)

    traits = in_order(ObservedFromOutside(), TensorSize())
