"""Atomics on blocks: every element of an array in memory is read, changed and written in one step.

    linalg_ext.atomic_rmw addf ins(%value : tensor<16xf32>) outs(%array : memref<16xf32>)
    %old = linalg_ext.atomic_rmw addi ins(%value, %index, %mask : tensor<16xi32>, tensor<16xi32>, tensor<16xi1>)
        outs(%array, %init : memref<?xi32>, tensor<16xi32>) -> tensor<16xi32>

The array is memory that programs share: a memref also where the block is a tensor. Without indices it has the shape of
the block; with them it has one dimension, and each element of the block goes to the element of the array at its index.
A second output takes what each element found; where the mask is false memory stays, and so does that output.

Several elements may go to one place (equal indices, a stride of zero): then one follows the other, in no specified
order, among those of other programs.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, MemRefType, i1, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import AttrSizedOperandSegments, irdl_op_definition, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.linalg_ext.atomic_operands import AtomicOperands
from minilinalg.dialects.linalg_ext.destination import DestinationStyleOp
from minilinalg.dialects.upstream.assembly import (
    counted,
    parse_choice,
    parse_operand_group,
    parse_optional_result_types,
    print_optional_result_types,
)
from minilinalg.dialects.upstream.constraints import may_agree, shaped_type
from minilinalg.dialects.upstream.linalg.structured import tensor_types
from minilinalg.dialects.upstream.memref.access import ATOMIC_KINDS, verify_atomic_kind


class AtomicOp(AtomicOperands, DestinationStyleOp, abc.ABC):
    """What both atomics share: blocks of values, perhaps indices and a mask, the array, perhaps what was found."""

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def verify_(self) -> None:
        most = self.VALUES + 2
        if not self.VALUES <= len(self.inputs) <= most or len(self.outputs) not in (1, 2):
            raise VerifyException(
                f"'{self.name}' has {counted(len(self.inputs), 'input')} and {counted(len(self.outputs), 'output')}: "
                f"it takes from {self.VALUES} to {most} inputs (values, indices, a mask), and one or two outputs"
            )
        if not isinstance(self.array.type, MemRefType):
            raise VerifyException(f"'{self.name}' changes {self.array.type}: what programs share is memory, a memref")
        self.verify_results()
        self._verify_blocks()
        self._verify_lists()

    def _verify_blocks(self) -> None:
        array, block = shaped_type(self.array), shaped_type(self.values[0])
        for value in (*self.values, *self.outputs[1:]):
            type = shaped_type(value)
            if type.element_type != array.element_type or not may_agree(type.get_shape(), block.get_shape()):
                raise VerifyException(
                    f"'{self.name}' has a block of type {type} beside {block} and {array}: "
                    "all blocks have one shape, and the elements of the array"
                )
        if self.index is None and not may_agree(array.get_shape(), block.get_shape()):
            raise VerifyException(
                f"'{self.name}' has an array of type {array} for blocks of type {block}: without indices both have "
                "one shape"
            )
        if self.index is not None and array.get_num_dims() != 1:
            raise VerifyException(f"'{self.name}' indexes {array}: an array at indices has one dimension")

    def _verify_lists(self) -> None:
        block = shaped_type(self.values[0])
        for value, what in ((self.index, "indices"), (self.mask, "a mask")):
            if value is None:
                continue
            type = shaped_type(value)
            kind: Attribute = type.element_type
            fits = kind == i1 if value is self.mask else isinstance(kind, IntegerType | IndexType) and kind != i1
            if not fits or not may_agree(type.get_shape(), block.get_shape()):
                raise VerifyException(
                    f"'{self.name}' has {what} of type {type} for blocks of type {block}: indices are integers of "
                    "more than one bit, a mask is of i1, and each has one for every element"
                )


@irdl_op_definition
class AtomicRMWOp(AtomicOp):
    """
    Combine each element of an array with that of a block, atomically.

        linalg_ext.atomic_rmw addf ins(%value : tensor<16xf32>) outs(%array : memref<16xf32>)
        %old = linalg_ext.atomic_rmw addi ins(%value, %index, %mask : tensor<16xi32>, tensor<16xi32>, tensor<16xi1>)
            outs(%array, %init : memref<?xi32>, tensor<16xi32>) -> tensor<16xi32>

    The kinds are those of `memref.atomic_rmw`.
    """

    name = "linalg_ext.atomic_rmw"
    VALUES: ClassVar[int] = 1

    kind = prop_def(IntegerAttr.constr(type=i64))

    def __init__(self, kind: str, inputs: Sequence[SSAValue | Operation], outputs: Sequence[SSAValue | Operation]):
        outs = [SSAValue.get(output) for output in outputs]
        super().__init__(
            operands=[inputs, outs],
            result_types=[tensor_types(outs)],
            properties={"kind": IntegerAttr(ATOMIC_KINDS.index(kind), i64)},
        )

    @property
    def kind_name(self) -> str:
        return ATOMIC_KINDS[self.kind.value.data]

    def verify_(self) -> None:
        verify_atomic_kind(self, self.kind, shaped_type(self.values[0]).element_type if self.inputs else i64)
        super().verify_()

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        kind = parse_choice(parser, "kind of atomic operation", ATOMIC_KINDS)
        return cls.build(**_parse(parser), properties={"kind": IntegerAttr(ATOMIC_KINDS.index(kind), i64)})

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.kind_name}")
        _print(printer, self)


@irdl_op_definition
class AtomicCASOp(AtomicOp):
    """
    Where an element of an array has the bits of that of a block, put the element of another block there, atomically.

        %old = linalg_ext.atomic_cas ins(%expected, %value : tensor<16xi32>, tensor<16xi32>)
            outs(%array, %init : memref<16xi32>, tensor<16xi32>) -> tensor<16xi32>
    """

    name = "linalg_ext.atomic_cas"
    VALUES: ClassVar[int] = 2

    def __init__(self, inputs: Sequence[SSAValue | Operation], outputs: Sequence[SSAValue | Operation]):
        outs = [SSAValue.get(output) for output in outputs]
        super().__init__(operands=[inputs, outs], result_types=[tensor_types(outs)])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        return cls.build(**_parse(parser))

    def print(self, printer: Printer) -> None:
        _print(printer, self)


def _parse(parser: Parser) -> dict[str, Any]:
    inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
    attributes = parser.parse_optional_attr_dict()
    return {
        "operands": [inputs, outputs],
        "attributes": attributes,
        "result_types": [parse_optional_result_types(parser)],
    }


def _print(printer: Printer, op: AtomicOp) -> None:
    op.print_groups(printer)
    printer.print_op_attributes(op.attributes)
    print_optional_result_types(printer, op.result_types)
