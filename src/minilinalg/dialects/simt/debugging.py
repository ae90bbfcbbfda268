"""What a program tells its programmer: lines for each element, and conditions that it stops without."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, UnitAttr, VectorType, i32, i64
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import Tells
from minilinalg.dialects.simt.types import Mask, MaskVector, SharedAddresses, Value, count_of, mask_of


def _verify_elements(op: Operation, index: Sequence[SSAValue], extents: DenseArrayBase, value: SSAValue | None) -> None:
    if len(index) != len(extents):
        raise VerifyException(
            f"'{op.name}' with {len(index)} indices of a tensor of {len(extents)} dimensions: one for each"
        )
    if value is None or isinstance(value.type, VectorType) is not bool(index):
        if value is not None or index:
            raise VerifyException(f"'{op.name}': what differs by thread has indices, a scalar has none")
        return
    for each in index:
        if each.type != VectorType(i32, [count_of(value.type)]):
            raise VerifyException(f"'{op.name}' of {value.type} with indices of {each.type}: an i32 for each element")


@irdl_op_definition
class PrintOp(IRDLOperation):
    """Print the elements of a thread behind a text, or the text alone, or a scalar, once for the block.

    `simt.print " x: " of [64] index(%i : vector<2xi32>) value(%v : vector<2xf32>) mask(%m : vector<2xi1>)`

    A line of standard output for each element, as `tt.print` writes them: `pid (0, 0, 0) idx ( 3) x: 1.500000`. `index`
    has the index of each element in a tensor of these extents, along each dimension. Threads that hold the same element
    must not all print it. `hex` prints bits, `unsigned` an integer without a sign.
    """

    name = "simt.print"

    text = prop_def(StringAttr)
    extents = prop_def(DenseArrayBase.constr(i64))
    hex = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    index = var_operand_def(SharedAddresses)
    value = opt_operand_def(Value)
    mask = opt_operand_def(MaskVector)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Tells())
    assembly_format = (
        "$text `of` $extents (`index` `(` $index^ `:` type($index) `)`)? (`value` `(` $value^ `:` type($value) `)`)? "
        "(`mask` `(` $mask^ `:` type($mask) `)`)? (`hex` $hex^)? (`unsigned` $unsigned^)? attr-dict"
    )

    def __init__(
        self,
        text: str,
        value: SSAValue | None = None,
        index: Sequence[SSAValue] = (),
        extents: Sequence[int] = (),
        mask: SSAValue | None = None,
        *,
        hex: bool = False,
        unsigned: bool = False,
    ):
        super().__init__(
            operands=[index, value, mask],
            properties={
                "text": StringAttr(text),
                "extents": DenseArrayBase.from_list(i64, extents),
                "hex": UnitAttr() if hex else None,
                "unsigned": UnitAttr() if unsigned else None,
            },
        )

    def verify_(self) -> None:
        _verify_elements(self, self.index, self.extents, self.value)
        if self.mask is not None and (self.value is None or self.mask.type != mask_of(self.value.type)):
            raise VerifyException(f"'{self.name}' with a mask of {self.mask.type}: one i1 for each element")


@irdl_op_definition
class AssertOp(IRDLOperation):
    """Stop the program with a message unless a condition is true, in all elements of all threads.

    `simt.assert %ok "too large" of [64] index(%i : vector<2xi32>) : vector<2xi1>`. PTX: `trap` where it is not.
    """

    name = "simt.assert"

    message = prop_def(StringAttr)
    extents = prop_def(DenseArrayBase.constr(i64))
    condition = operand_def(Mask)
    index = var_operand_def(SharedAddresses)

    traits = traits_def(Tells())
    assembly_format = (
        "$condition $message `of` $extents (`index` `(` $index^ `:` type($index) `)`)? attr-dict `:` type($condition)"
    )

    def __init__(self, message: str, condition: SSAValue, index: Sequence[SSAValue] = (), extents: Sequence[int] = ()):
        super().__init__(
            operands=[condition, index],
            properties={"message": StringAttr(message), "extents": DenseArrayBase.from_list(i64, extents)},
        )

    def verify_(self) -> None:
        _verify_elements(self, self.index, self.extents, self.condition)
