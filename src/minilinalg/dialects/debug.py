"""The `debug` dialect: what a program tells its programmer, below the stage `tt`.

Operations on scalars that say which program they speak for, and at which element of what block: by then the programs
of a grid may share cores, and blocks are looked at element by element.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, IndexType, StringAttr, UnitAttr, i1, i64
from xdsl.ir import SSAValue
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
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.assembly import counted


def _verify_places(op: PrintOp | AssertOp) -> None:
    if len(op.program) != 3:
        raise VerifyException(f"'{op.name}' of a program at {counted(len(op.program), 'index')}: it has x, y and z")
    if len(op.element) != len(op.extents):
        raise VerifyException(
            f"'{op.name}' of an element at {counted(len(op.element), 'index')} of a block of "
            f"{counted(len(op.extents), 'dimension')}: an index for each dimension"
        )


@irdl_op_definition
class PrintOp(IRDLOperation):
    """
    Print one element behind a text, or the text alone.

    `debug.print " x: " program(%px, %py, %pz) element(%i) of [64] value(%v : f32)`

    A line of standard output: `pid (0, 0, 0) idx ( 3) x: 1.500000`, as `tt.print` writes it on a GPU. `hex` prints
    bits, `unsigned` an integer without a sign. The order between programs is not specified.
    """

    name = "debug.print"

    text = prop_def(StringAttr)
    extents = prop_def(DenseArrayBase.constr(i64))
    hex = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    program = var_operand_def(IndexType())
    element = var_operand_def(IndexType())
    value = opt_operand_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    assembly_format = (
        "$text `program` `(` $program `)` `element` `(` $element `)` `of` $extents "
        "(`value` `(` $value^ `:` type($value) `)`)? (`hex` $hex^)? (`unsigned` $unsigned^)? attr-dict"
    )

    def __init__(
        self,
        text: str,
        program: Sequence[SSAValue],
        value: SSAValue | None = None,
        element: Sequence[SSAValue] = (),
        extents: Sequence[int] = (),
        *,
        hex: bool = False,
        unsigned: bool = False,
    ):
        super().__init__(
            operands=[program, element, value],
            properties={
                "text": StringAttr(text),
                "extents": DenseArrayBase.from_list(i64, extents),
                "hex": UnitAttr() if hex else None,
                "unsigned": UnitAttr() if unsigned else None,
            },
        )

    def verify_(self) -> None:
        _verify_places(self)


@irdl_op_definition
class AssertOp(IRDLOperation):
    """
    Stop the program with a message unless a condition is true.

    `debug.assert %ok "too large" program(%px, %py, %pz) element(%i) of [64]`
    """

    name = "debug.assert"

    message = prop_def(StringAttr)
    extents = prop_def(DenseArrayBase.constr(i64))
    condition = operand_def(i1)
    program = var_operand_def(IndexType())
    element = var_operand_def(IndexType())

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    assembly_format = (
        "$condition $message `program` `(` $program `)` `element` `(` $element `)` `of` $extents attr-dict"
    )

    def __init__(
        self,
        message: str,
        program: Sequence[SSAValue],
        condition: SSAValue,
        element: Sequence[SSAValue] = (),
        extents: Sequence[int] = (),
    ):
        super().__init__(
            operands=[condition, program, element],
            properties={"message": StringAttr(message), "extents": DenseArrayBase.from_list(i64, extents)},
        )

    def verify_(self) -> None:
        _verify_places(self)


Debug = dialect("debug", globals())
