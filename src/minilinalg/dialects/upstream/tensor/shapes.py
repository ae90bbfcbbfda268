"""The elements of a tensor with other dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    Pure,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    is_integer,
    mixed,
    parse_index_list,
    print_index_list,
    static_values,
    verify_index_list,
)
from minilinalg.dialects.upstream.constraints import AnyTensor, RankedTensor, tensor_type
from minilinalg.dialects.upstream.reshape import ReshapeLikeOp, parse_reassociation, print_reassociation
from minilinalg.dialects.upstream.tensor.rules import verify_same_elements


@irdl_op_definition
class ExpandShapeOp(ReshapeLikeOp):
    """Split dimensions.

    `%e = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 4, %n] : tensor<8x?xf32> into tensor<2x4x?xf32>`:
    for each dimension of the source, the dimensions of the result that it is split into.
    """

    name = "tensor.expand_shape"
    src = operand_def(RankedTensor)
    dynamic_output_shape = var_operand_def(IndexType)
    static_output_shape = prop_def(DenseArrayBase.constr(i64))
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(
        self,
        src: SSAValue | Operation,
        dynamic_output_shape: Sequence[SSAValue],
        reassociation: ArrayAttr[ArrayAttr[IntegerAttr]],
        static_output_shape: Sequence[int] | DenseArrayBase,
        result_type: TensorType,
        attributes: dict[str, Attribute] | None = None,
    ):
        if not isinstance(static_output_shape, DenseArrayBase):
            static_output_shape = DenseArrayBase.from_list(i64, static_output_shape)
        super().__init__(
            operands=[src, dynamic_output_shape],
            result_types=[result_type],
            properties={"reassociation": reassociation, "static_output_shape": static_output_shape},
            attributes=attributes,
        )

    @property
    def mixed_output_shape(self) -> list[SSAValue | int]:
        return mixed(self.static_output_shape, self.dynamic_output_shape)

    def verify_(self) -> None:
        verify_index_list(self, "output_shape", self.static_output_shape, self.dynamic_output_shape)
        if static_values(self.static_output_shape) != self.result.type.get_shape():
            raise VerifyException(
                f"'tensor.expand_shape' has output_shape {list(static_values(self.static_output_shape))} and a result "
                f"of type {self.result.type}: output_shape is the shape of the result"
            )
        self.verify_reassociation(self.src.type, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> ExpandShapeOp:
        source = parser.parse_unresolved_operand()
        reassociation = parse_reassociation(parser)
        parser.parse_keyword("output_shape", " and the sizes of the result")
        shape = parse_index_list(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and result")
        source_type = parser.parse_type()
        parser.parse_keyword("into", " and the type of the result")
        return cls.create(
            operands=[parser.resolve_operand(source, source_type), *shape.dynamic],
            result_types=[parser.parse_type()],
            properties={"reassociation": reassociation, "static_output_shape": shape.static},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.src)
        print_reassociation(printer, self.reassociation)
        printer.print_string(" output_shape ")
        print_index_list(printer, self.static_output_shape, self.dynamic_output_shape)
        self.print_types(printer, self.src.type, self.result.type)


@irdl_op_definition
class CollapseShapeOp(ReshapeLikeOp):
    """Merge dimensions that lie next to one another.

    `%c = tensor.collapse_shape %t [[0, 1], [2]] : tensor<2x4x16xf32> into tensor<8x16xf32>`: for each dimension of the
    result, the dimensions of the source that it is made of.
    """

    name = "tensor.collapse_shape"
    src = operand_def(RankedTensor)
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(
        self,
        src: SSAValue | Operation,
        reassociation: ArrayAttr[ArrayAttr[IntegerAttr]],
        result_type: TensorType,
        attributes: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=[src],
            result_types=[result_type],
            properties={"reassociation": reassociation},
            attributes=attributes,
        )

    def verify_(self) -> None:
        self.verify_reassociation(self.result.type, self.src.type)

    @classmethod
    def parse(cls, parser: Parser) -> CollapseShapeOp:
        source = parser.parse_unresolved_operand()
        reassociation = parse_reassociation(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and result")
        source_type = parser.parse_type()
        parser.parse_keyword("into", " and the type of the result")
        return cls.create(
            operands=[parser.resolve_operand(source, source_type)],
            result_types=[parser.parse_type()],
            properties={"reassociation": reassociation},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.src)
        print_reassociation(printer, self.reassociation)
        self.print_types(printer, self.src.type, self.result.type)


@irdl_op_definition
class ReshapeOp(IRDLOperation):
    """The same elements in row-major order with the shape that a tensor of integers or indices gives.

    `%r = tensor.reshape %t(%shape) : (tensor<8x16xf32>, tensor<1xindex>) -> tensor<128xf32>`
    """

    name = "tensor.reshape"
    source = operand_def(AnyTensor)
    shape = operand_def(RankedTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$source `(` $shape `)` attr-dict `:` `(` type($source) `,` type($shape) `)` `->` type($result)"

    def __init__(self, source: SSAValue | Operation, shape: SSAValue | Operation, result_type: Attribute):
        super().__init__(operands=[source, shape], result_types=[result_type])

    def verify_(self) -> None:
        source, shape, result = self.source.type, tensor_type(self.shape), self.result.type
        verify_same_elements(self, source, result)
        if shape.get_num_dims() != 1 or not is_integer(shape.get_element_type()):
            raise VerifyException(
                f"'tensor.reshape' has a shape of type {shape}: it has one dimension of integers or indices"
            )
        if not isinstance(result, TensorType):
            return
        if shape.get_shape()[0] not in (result.get_num_dims(), DYNAMIC_INDEX):
            raise VerifyException(
                f"'tensor.reshape' to {result} has a shape of type {shape}: it has one element for each dimension"
            )
        if isinstance(source, TensorType):
            sizes = source.get_shape(), result.get_shape()
            if not any(DYNAMIC_INDEX in part for part in sizes) and math.prod(sizes[0]) != math.prod(sizes[1]):
                raise VerifyException(
                    f"'tensor.reshape' makes {result} of {source}: both have the same number of elements"
                )
