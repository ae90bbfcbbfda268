"""Scans: the running combination of tensors along a dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import IntegerAttr, UnitAttr, i64
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    SameVariadicOperandSize,
    irdl_op_definition,
    lazy_traits_def,
    opt_prop_def,
    prop_def,
    region_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.linalg_ext.destination import DestinationStyleOp
from minilinalg.dialects.upstream.assembly import (
    parse_operand_group,
    parse_optional_result_types,
    print_optional_result_types,
)
from minilinalg.dialects.upstream.constraints import shaped_type
from minilinalg.dialects.upstream.linalg.structured import element_types, tensor_types


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """
    End the body of an operation of this dialect with what it computes: `linalg_ext.yield %x, %y : f32, i32`.
    """

    name = "linalg_ext.yield"
    traits = lazy_traits_def(lambda: (IsTerminator(), Pure(), HasParent(ScanOp)))


@irdl_op_definition
class ScanOp(DestinationStyleOp):
    """
    Combine along a dimension, and keep every step: element i combines elements 0 to i.

        %sums = linalg_ext.scan ins(%x : tensor<8x64xf32>) outs(%init : tensor<8x64xf32>) dim = 1 {
        ^bb0(%earlier: f32, %later: f32):
          %sum = arith.addf %earlier, %later : f32
          linalg_ext.yield %sum : f32
        } -> tensor<8x64xf32>

    n inputs and n outputs of one shape. The body takes n elements of the earlier side and n of the later one, and
    yields n. It is associative: what is combined first is not specified, but the elements stay in their order. With
    `reverse`, behind the dimension, the scan runs from the last element to the first. What the outputs held does not
    matter.
    """

    name = "linalg_ext.scan"

    dim = prop_def(IntegerAttr)
    reverse = opt_prop_def(UnitAttr)
    body = region_def("single_block")

    irdl_options = (SameVariadicOperandSize(),)

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        outputs: Sequence[SSAValue | Operation],
        dim: int,
        body: Region,
        *,
        reverse: bool = False,
    ):
        super().__init__(
            operands=[inputs, outputs],
            result_types=[tensor_types([SSAValue.get(output) for output in outputs])],
            properties={"dim": IntegerAttr(dim, i64), "reverse": UnitAttr() if reverse else None},
            regions=[body],
        )

    @property
    def scanned(self) -> int:
        """The dimension that is scanned along."""
        return self.dim.value.data

    @property
    def overwrites_outputs(self) -> bool:
        """Whether what the outputs held is not looked at."""
        return True

    def verify_(self) -> None:
        if not self.inputs:
            raise VerifyException("'linalg_ext.scan' has no inputs: it scans at least one")
        shape = shaped_type(self.inputs[0]).get_shape()
        if not 0 <= self.scanned < len(shape):
            raise VerifyException(
                f"'linalg_ext.scan' has dim = {self.scanned} on {shaped_type(self.inputs[0])}: it is one of its "
                "dimensions"
            )
        for source, output in zip(self.inputs, self.outputs, strict=True):
            if shaped_type(source).get_shape() != shape or shaped_type(output).get_shape() != shape:
                raise VerifyException(
                    f"'linalg_ext.scan' from {source.type} into {output.type}: inputs and outputs have the shape of "
                    "the first input"
                )
        self.verify_results()
        elements = element_types(self.inputs)
        found = list(self.body.block.arg_types)
        last = self.body.block.last_op
        yielded = [] if last is None else list(last.operand_types)
        if element_types(self.outputs) != elements or found != elements * 2 or yielded != elements:
            raise VerifyException(
                f"the body of 'linalg_ext.scan' goes from ({', '.join(map(str, found))}) to "
                f"({', '.join(map(str, yielded))}): it takes an element of each input from the earlier and from the "
                f"later side, and yields one of each output, here ({', '.join(map(str, elements))})"
            )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
        parser.parse_keyword("dim", " and the dimension to scan along")
        parser.parse_punctuation("=", " after 'dim'")
        properties = {"dim": IntegerAttr(parser.parse_integer(), i64)}
        if parser.parse_optional_keyword("reverse") is not None:
            properties["reverse"] = UnitAttr()  # pyright: ignore[reportArgumentType]
        attributes = parser.parse_optional_attr_dict_with_keyword()
        body = parser.parse_region()
        return cls.build(
            operands=[inputs, outputs],
            result_types=[parse_optional_result_types(parser)],
            properties=properties,
            attributes=None if attributes is None else attributes.data,
            regions=[body],
        )

    def print(self, printer: Printer) -> None:
        self.print_groups(printer)
        printer.print_string(f" dim = {self.scanned}{' reverse' if self.reverse is not None else ''}")
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)
        print_optional_result_types(printer, self.result_types)
