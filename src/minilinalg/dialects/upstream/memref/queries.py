"""What a memref says about itself."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    MemRefType,
    i32,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    SameVariadicResultSize,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
)
from minilinalg.dialects.upstream.constraints import AnyMemRef, RankedMemRef, memref_type


@irdl_op_definition
class DimOp(IRDLOperation):
    """The size of a dimension, whose number is an index: `%n = memref.dim %m, %i : memref<?x16xf32>`."""

    name = "memref.dim"
    source = operand_def(AnyMemRef)
    index = operand_def(IndexType)
    result = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$source `,` $index attr-dict `:` type($source)"

    def __init__(self, source: SSAValue | Operation, index: SSAValue | Operation):
        super().__init__(operands=[source, index], result_types=[INDEX])

    @classmethod
    def from_source_and_index(cls, source: SSAValue | Operation, index: SSAValue | Operation) -> DimOp:
        return cls(source, index)


@irdl_op_definition
class RankOp(IRDLOperation):
    """The number of dimensions: `%r = memref.rank %m : memref<*xf32>`, an index."""

    name = "memref.rank"
    source = operand_def(AnyMemRef)
    rank = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source)"

    def __init__(self, source: SSAValue | Operation):
        super().__init__(operands=[source], result_types=[INDEX])


@irdl_op_definition
class AssumeAlignmentOp(IRDLOperation):
    """The same memref, promised to start at a multiple of bytes: `memref.assume_alignment %m, 64 : memref<8xf32>`."""

    name = "memref.assume_alignment"
    memref = operand_def(RankedMemRef)
    alignment = prop_def(IntegerAttr.constr(type=i32))
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(self, memref: SSAValue | Operation, alignment: int):
        value = SSAValue.get(memref)
        super().__init__(
            operands=[value], result_types=[value.type], properties={"alignment": IntegerAttr(alignment, i32)}
        )

    def verify_(self) -> None:
        value = self.alignment.value.data
        if value <= 0 or value & (value - 1):
            raise VerifyException(f"'memref.assume_alignment' says {value}: an alignment is a power of two, in bytes")
        if self.result.type != self.memref.type:
            raise VerifyException(
                f"'memref.assume_alignment' of {self.memref.type} gives {self.result.type}: the type stays"
            )

    @classmethod
    def parse(cls, parser: Parser) -> AssumeAlignmentOp:
        memref = parser.parse_unresolved_operand()
        parser.parse_punctuation(",", " and the alignment in bytes")
        alignment = parser.parse_integer(allow_boolean=False)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of the memref")
        op = cls(parser.resolve_operand(memref, parser.parse_type()), alignment)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.memref)
        printer.print_string(f", {self.alignment.value.data}")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.memref.type)


@irdl_op_definition
class ExtractStridedMetaDataOp(IRDLOperation):
    """The parts of a memref: its buffer, offset, sizes and strides.

    `%base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %m
    : memref<8x16xf32> -> memref<f32>, index, index, index, index, index`
    """

    name = "memref.extract_strided_metadata"
    source = operand_def(RankedMemRef)
    base_buffer = result_def(RankedMemRef)
    offset = result_def(IndexType)
    sizes = var_result_def(IndexType)
    strides = var_result_def(IndexType)
    irdl_options = (SameVariadicResultSize(),)
    traits = traits_def(Pure())

    def __init__(self, source: SSAValue | Operation):
        value = SSAValue.get(source)
        type_ = memref_type(value)
        rank = type_.get_num_dims()
        base = MemRefType(type_.element_type, [], memory_space=type_.memory_space)
        super().__init__(operands=[value], result_types=[base, INDEX, [INDEX] * rank, [INDEX] * rank])

    @classmethod
    def parse(cls, parser: Parser) -> ExtractStridedMetaDataOp:
        source = parser.parse_unresolved_operand()
        parser.parse_punctuation(":", " and the type of the source")
        source_type = parser.parse_type()
        parser.parse_punctuation("->", " and the types of the results")
        types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
        attributes = parser.parse_optional_attr_dict()
        return cls.create(
            operands=[parser.resolve_operand(source, source_type)], result_types=types, attributes=attributes
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" : ")
        printer.print_attribute(self.source.type)
        printer.print_string(" -> ")
        printer.print_list(self.result_types, printer.print_attribute)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ExtractAlignedPointerAsIndexOp(IRDLOperation):
    """The address of a memref's buffer: `%p = memref.extract_aligned_pointer_as_index %m : memref<8xf32> -> index`."""

    name = "memref.extract_aligned_pointer_as_index"
    source = operand_def(AnyMemRef)
    aligned_pointer = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$source `:` type($source) `->` type($aligned_pointer) attr-dict"

    def __init__(self, source: SSAValue | Operation):
        super().__init__(operands=[source], result_types=[INDEX])
