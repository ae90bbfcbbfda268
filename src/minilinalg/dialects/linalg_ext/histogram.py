"""Counting how often values occur."""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import IndexType, IntegerType, i1
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import AttrSizedOperandSegments, irdl_op_definition
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.linalg_ext.destination import DestinationStyleOp
from minilinalg.dialects.upstream.assembly import (
    counted,
    parse_operand_group,
    parse_optional_result_types,
    print_optional_result_types,
)
from minilinalg.dialects.upstream.constraints import shaped_type
from minilinalg.dialects.upstream.linalg.structured import tensor_types


@irdl_op_definition
class HistogramOp(DestinationStyleOp):
    """
    Count how often each value occurs: to bin i is added the number of elements that are i.

        %h = linalg_ext.histogram ins(%x : tensor<256xi32>) outs(%zeros : tensor<16xi32>) -> tensor<16xi32>
        %h = linalg_ext.histogram ins(%x, %mask : tensor<256xi32>, tensor<256xi1>) outs(%zeros : tensor<16xi32>)
            -> tensor<16xi32>

    `ins` are integers and, optionally, which of them count. An element that counts and is below 0 or beyond the last
    bin is the program's error. The bins are integers, and wrap around.
    """

    name = "linalg_ext.histogram"

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(self, source: SSAValue | Operation, output: SSAValue | Operation, mask: SSAValue | None = None):
        inputs = [SSAValue.get(source), *([] if mask is None else [mask])]
        super().__init__(operands=[inputs, [output]], result_types=[tensor_types([SSAValue.get(output)])])

    @property
    def source(self) -> SSAValue:
        return self.inputs[0]

    @property
    def mask(self) -> SSAValue | None:
        """Which elements count; None for all."""
        return self.inputs[1] if len(self.inputs) > 1 else None

    def verify_(self) -> None:
        if len(self.inputs) not in (1, 2) or len(self.outputs) != 1:
            raise VerifyException(
                f"'linalg_ext.histogram' has {counted(len(self.inputs), 'input')} and "
                f"{counted(len(self.outputs), 'output')}: it takes one input, or two with a mask, and one output"
            )
        self.verify_results()
        for value in (self.source, self.outputs[0]):
            element = shaped_type(value).element_type
            if not isinstance(element, IntegerType | IndexType) or element == i1:
                raise VerifyException(
                    f"'linalg_ext.histogram' has elements of {element}: values and bins are integers of more than one "
                    "bit"
                )
        if shaped_type(self.outputs[0]).get_num_dims() != 1:
            raise VerifyException(
                f"'linalg_ext.histogram' has bins of type {self.outputs[0].type}: they have one dimension"
            )
        if self.mask is None:
            return
        mask, source = shaped_type(self.mask), shaped_type(self.source)
        if mask.element_type != i1 or mask.get_shape() != source.get_shape():
            raise VerifyException(
                f"'linalg_ext.histogram' has a mask of type {mask} for values of type {source}: it has an i1 for each"
            )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
        attributes = parser.parse_optional_attr_dict()
        return cls.build(
            operands=[inputs, outputs], result_types=[parse_optional_result_types(parser)], attributes=attributes
        )

    def print(self, printer: Printer) -> None:
        self.print_groups(printer)
        printer.print_op_attributes(self.attributes)
        print_optional_result_types(printer, self.result_types)
