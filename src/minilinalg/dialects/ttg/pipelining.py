"""What the software pipeliner leaves in a loop until it is expanded: stages that run under a condition."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, i1
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    result_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import HasParent, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import OrderedTraits, TypesMatch, in_order, same


@irdl_op_definition
class PredicateStageOp(FormattedOperation):
    """Whether stage `stage` of `maxStage` runs in the iteration `iv` of a loop to `ub` by `step`.

    `%p = ttg.predicate_stage %iv, %ub, %step maxStage 2 stage 0 : i32 -> i1`
    """

    name = "ttg.predicate_stage"
    SYNTAX: ClassVar = Syntax(
        "$iv `,` $ub `,` $step `maxStage` $maxStage `stage` $stage attr-dict `:` type($iv) `->` type($result)"
    )

    iv = operand_def()
    ub = operand_def()
    step = operand_def()
    max_stage = prop_def(IntegerAttr[I32], prop_name="maxStage")
    stage = prop_def(IntegerAttr[I32])
    result = result_def(i1)

    traits = in_order(
        Pure(),
        TypesMatch("iv", "ub", same, "both have one type"),
        TypesMatch("iv", "step", same, "both have one type"),
    )


@irdl_op_definition
class MaskReturnOp(FormattedOperation):
    """End the body of `ttg.mask` with its results: `ttg.mask.return %x : i32`."""

    name = "ttg.mask.return"
    SYNTAX: ClassVar = Syntax("$result attr-dict `:` type($result)")

    result = var_operand_def()

    traits = OrderedTraits(lambda: (Pure(), IsTerminator(), HasParent(MaskOp)))


@irdl_op_definition
class MaskOp(IRDLOperation):
    """Run the body where `pred` is true; elsewhere the results are undefined.

    `%r = "ttg.mask"(%p) ({ ... ttg.mask.return %x : i32 }) : (i1) -> i32`
    """

    name = "ttg.mask"

    pred = operand_def(i1)
    result = var_result_def()
    region = region_def("single_block")

    def verify_(self) -> None:
        last = self.region.block.last_op
        if not isinstance(last, MaskReturnOp) or last.operand_types != self.result_types:
            raise VerifyException("'ttg.mask' has a body that does not end with the results' values: ttg.mask.return")
