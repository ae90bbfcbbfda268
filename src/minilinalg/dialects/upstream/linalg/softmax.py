"""`linalg.softmax`, which has no body: a pass decomposes it into reductions and elementwise operations."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, traits_def, var_result_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    counted,
    parse_operand_group,
    parse_optional_result_types,
    print_operand_group,
    print_optional_result_types,
)
from minilinalg.dialects.upstream.constraints import RankedTensor, Shaped, shaped_type
from minilinalg.dialects.upstream.effects import DestinationStyleEffects
from minilinalg.dialects.upstream.linalg.structured import tensor_types


@irdl_op_definition
class SoftmaxOp(IRDLOperation):
    """`exp(x - max(x)) / sum(exp(x - max(x)))` along one dimension.

    `%r = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>`
    """

    name = "linalg.softmax"
    input = operand_def(Shaped)
    output = operand_def(Shaped)
    dimension = prop_def(IntegerAttr.constr(type=i64))
    res = var_result_def(RankedTensor)
    traits = traits_def(DestinationStyleEffects())

    def __init__(self, input: SSAValue | Operation, output: SSAValue | Operation, dimension: int):
        out = SSAValue.get(output)
        super().__init__(
            operands=[input, out],
            result_types=[tensor_types([out])],
            properties={"dimension": IntegerAttr(dimension, i64)},
        )

    @property
    def inputs(self) -> Sequence[SSAValue]:
        return (self.input,)

    @property
    def outputs(self) -> Sequence[SSAValue]:
        return (self.output,)

    def verify_(self) -> None:
        source, out = shaped_type(self.input), shaped_type(self.output)
        if source.get_shape() != out.get_shape():
            raise VerifyException(f"'linalg.softmax' of {source} into {out}: both have one shape")
        if not 0 <= self.dimension.value.data < source.get_num_dims():
            raise VerifyException(
                f"'linalg.softmax' along dimension {self.dimension.value.data} of {source}: "
                f"it is one of 0 to {source.get_num_dims() - 1}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> SoftmaxOp:
        parser.parse_keyword("dimension", " and a number in parentheses")
        with parser.in_parens():
            dimension = parser.parse_integer()
        position = parser.pos
        operands = [*parse_operand_group(parser, "ins"), *parse_operand_group(parser, "outs")]
        if len(operands) != 2:
            parser.raise_error(
                f"'linalg.softmax' has {counted(len(operands), 'operand')}: it takes an input and an output", position
            )
        attributes = parser.parse_optional_attr_dict()
        return cls.create(
            operands=operands,
            result_types=parse_optional_result_types(parser),
            properties={"dimension": IntegerAttr(dimension, i64)},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" dimension({self.dimension.value.data})")
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
        printer.print_op_attributes(self.attributes)
        print_optional_result_types(printer, self.result_types)
