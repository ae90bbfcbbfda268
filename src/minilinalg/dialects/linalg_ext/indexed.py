"""Gather and scatter: the rows of an array that an index tensor names.

The array has one dimension, `dim`, that is indexed; the block that is read or written has the dimensions of the index
tensor in its place, as in `numpy.take(array, index, axis=dim)`:

    block[.., i0, i1, .., j] = array[.., index[i0, i1, ..], j]            dim = 0 of an array of two dimensions

An array of one dimension gives elements; one of more gives rows, each at one index, whose elements lie as the array's
strides say. With a mask, of the shape of the index tensor, a row is only touched where the mask is true.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    IndexType,
    IntegerAttr,
    IntegerType,
    i1,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import AttrSizedOperandSegments, irdl_op_definition, prop_def
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
from minilinalg.dialects.upstream.constraints import may_agree, shaped_type
from minilinalg.dialects.upstream.linalg.structured import tensor_types


class IndexedOp(DestinationStyleOp, abc.ABC):
    """What gather and scatter share: an array with an indexed dimension, a block, an index tensor, perhaps a mask."""

    dim = prop_def(IntegerAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        output: SSAValue | Operation,
        dim: int = 0,
        result: Sequence[Attribute] | None = None,
    ):
        output = SSAValue.get(output)
        if result is None:
            result = tensor_types([output])
        super().__init__(operands=[inputs, [output]], result_types=[result], properties={"dim": IntegerAttr(dim, i64)})

    @property
    @abc.abstractmethod
    def array(self) -> SSAValue:
        """What is indexed: the source of a gather, the destination of a scatter."""

    @property
    @abc.abstractmethod
    def block(self) -> SSAValue:
        """The rows side by side: the destination of a gather, the value of a scatter."""

    @property
    def index(self) -> SSAValue:
        return self.inputs[1]

    @property
    def mask(self) -> SSAValue | None:
        """Where rows are touched; None for all."""
        return self.inputs[2] if len(self.inputs) > 2 else None

    @property
    def indexed(self) -> int:
        """The dimension of the array that is indexed."""
        return self.dim.value.data

    def verify_(self) -> None:
        if len(self.inputs) not in (2, 3) or len(self.outputs) != 1:
            raise VerifyException(
                f"'{self.name}' has {counted(len(self.inputs), 'input')} and {counted(len(self.outputs), 'output')}: "
                "it takes two inputs, or three with a mask, and one output"
            )
        self.verify_results()
        self._verify_elements()
        self._verify_shapes()

    def _verify_elements(self) -> None:
        array, block, index = (shaped_type(value) for value in (self.array, self.block, self.index))
        if array.element_type != block.element_type:
            raise VerifyException(
                f"'{self.name}' moves elements of {array.element_type} and {block.element_type}: they are of one type"
            )
        kind: Attribute = index.element_type
        if not isinstance(kind, IntegerType | IndexType) or kind == i1:
            raise VerifyException(
                f"'{self.name}' has an index tensor of {kind}: indices are integers of more than one bit"
            )
        if self.mask is None:
            return
        mask = shaped_type(self.mask)
        if mask.element_type != i1 or not may_agree(mask.get_shape(), index.get_shape()):
            raise VerifyException(
                f"'{self.name}' has a mask of type {mask} for indices of type {index}: it has an i1 for each index"
            )

    def _verify_shapes(self) -> None:
        array, block, index = (shaped_type(value).get_shape() for value in (self.array, self.block, self.index))
        at = self.indexed
        if not 0 <= at < len(array):
            raise VerifyException(
                f"'{self.name}' has dim = {at} on {shaped_type(self.array)}: it is one of its dimensions"
            )
        expected = (*array[:at], *index, *array[at + 1 :])
        if not may_agree(block, expected):
            raise VerifyException(
                f"'{self.name}' has a block of shape {_shape(block)}, an array of shape {_shape(array)} and indices of "
                f"shape {_shape(index)} along dimension {at}: the block has the index's shape in place of that "
                f"dimension, {_shape(expected)}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
        dim = 0
        if parser.parse_optional_keyword("dim") is not None:
            parser.parse_punctuation("=", " after 'dim'")
            dim = parser.parse_integer()
        attributes = parser.parse_optional_attr_dict()
        return cls.build(
            operands=[inputs, outputs],
            result_types=[parse_optional_result_types(parser)],
            properties={"dim": IntegerAttr(dim, i64)},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        self.print_groups(printer)
        if len(shaped_type(self.array).get_shape()) > 1:
            printer.print_string(f" dim = {self.indexed}")
        printer.print_op_attributes(self.attributes)
        print_optional_result_types(printer, self.result_types)


@irdl_op_definition
class GatherOp(IndexedOp):
    """
    Read the rows of an array that an index tensor names.

        %r = linalg_ext.gather ins(%x, %index : memref<?xf32>, tensor<64xi32>) outs(%init : tensor<64xf32>)
            -> tensor<64xf32>
        %r = linalg_ext.gather ins(%x, %index, %mask : memref<?x128xf32>, tensor<64xi32>, tensor<64xi1>)
            outs(%init : tensor<64x128xf32>) dim = 0 -> tensor<64x128xf32>

    `ins` are the source, the indices and, optionally, the mask. Where the mask is false, the row of the result is that
    of the output, and the index is not looked at. Without a mask, what the output held does not matter.

    Indices are signed. An index outside of the source's extent along `dim` is the program's error. The extent of a
    view of a kernel's argument says nothing, for nobody knows how long an argument is: there an index may have any
    sign, and the error is to leave the argument's memory. A source that is a memref is read when the operation runs,
    also where the result is a tensor.
    """

    name = "linalg_ext.gather"

    @property
    def array(self) -> SSAValue:
        return self.inputs[0]

    @property
    def block(self) -> SSAValue:
        return self.outputs[0]

    @property
    def overwrites_outputs(self) -> bool:
        """Whether what the output held is not looked at."""
        return self.mask is None


@irdl_op_definition
class ScatterOp(IndexedOp):
    """
    Write rows to the places in an array that an index tensor names.

        linalg_ext.scatter ins(%value, %index : tensor<64xf32>, tensor<64xi32>) outs(%x : memref<?xf32>)
        %r = linalg_ext.scatter ins(%value, %index, %mask : tensor<64x8xf32>, tensor<64xi32>, tensor<64xi1>)
            outs(%x : tensor<100x8xf32>) dim = 0 -> tensor<100x8xf32>

    `ins` are the value, the indices and, optionally, the mask. Where the mask is false nothing is written. Rows are
    written in row-major order of the indices: where several go to one place, the last one stays. What is out of bounds:
    see `linalg_ext.gather`.
    """

    name = "linalg_ext.scatter"

    @property
    def array(self) -> SSAValue:
        return self.outputs[0]

    @property
    def block(self) -> SSAValue:
        return self.inputs[0]


def _shape(shape: Sequence[int]) -> str:
    return "x".join("?" if n == DYNAMIC_INDEX else str(n) for n in shape)
