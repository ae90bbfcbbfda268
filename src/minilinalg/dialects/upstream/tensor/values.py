"""Tensors from nothing, and what a tensor says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    FixedBitwidthType,
    IndexType,
    TensorType,
)
from xdsl.interfaces import ConditionallySpeculatableInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    NoMemoryEffect,
    Pure,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    parse_value_list,
    print_values,
)
from minilinalg.dialects.upstream.constraints import AnyTensor, RankedTensor
from minilinalg.dialects.upstream.tensor.rules import agree, verify_dynamic_sizes, verify_same_elements


@irdl_op_definition
class EmptyOp(ConditionallySpeculatableInterface, IRDLOperation):
    """A tensor whose elements are undefined: `%t = tensor.empty(%n) : tensor<?x16xf32>`.

    One index for each dynamic dimension of the result.
    """

    name = "tensor.empty"
    dynamic_sizes = var_operand_def(IndexType)
    tensor = result_def(RankedTensor)
    traits = traits_def(NoMemoryEffect())

    def __init__(self, dynamic_sizes: Sequence[SSAValue | Operation], tensor_type: Attribute):
        super().__init__(operands=(dynamic_sizes,), result_types=(tensor_type,))

    def is_speculatable(self) -> bool:
        # A size may be negative where the program does not come.
        return not self.dynamic_sizes

    @property
    def mixed_sizes(self) -> list[SSAValue | int]:
        """The size of each dimension."""
        sizes = iter(self.dynamic_sizes)
        return [next(sizes) if size == DYNAMIC_INDEX else size for size in self.tensor.type.get_shape()]

    def verify_(self) -> None:
        verify_dynamic_sizes(self, self.tensor.type, self.dynamic_sizes)

    @classmethod
    def parse(cls, parser: Parser) -> EmptyOp:
        position = parser.pos
        sizes = parse_value_list(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of the tensor")
        type_ = parser.parse_type()
        return cls.create(
            operands=parser.resolve_operands(sizes, [INDEX] * len(sizes), position),
            result_types=[type_],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.dynamic_sizes, "(", ")")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.tensor.type)


@irdl_op_definition
class RankOp(IRDLOperation):
    """The number of dimensions: `%r = tensor.rank %t : tensor<*xf32>`, an index."""

    name = "tensor.rank"
    tensor = operand_def(AnyTensor)
    result = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$tensor attr-dict `:` type($tensor)"

    def __init__(self, tensor: SSAValue | Operation):
        super().__init__(operands=[tensor], result_types=[INDEX])


@irdl_op_definition
class CastOp(ConditionallySpeculatableInterface, IRDLOperation):
    """The same tensor with a type that says more or less: `%u = tensor.cast %t : tensor<4x8xf32> to tensor<?x8xf32>`.

    Where both types say a size, it is the same; a size that only the result says is checked by nobody.
    """

    name = "tensor.cast"
    source = operand_def(AnyTensor)
    dest = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue | Operation, dest: Attribute):
        super().__init__(operands=[source], result_types=[dest])

    def is_speculatable(self) -> bool:
        source, dest = self.source.type, self.dest.type
        if not isinstance(dest, TensorType):
            return True
        return isinstance(source, TensorType) and all(
            new in (DYNAMIC_INDEX, old) for old, new in zip(source.get_shape(), dest.get_shape(), strict=True)
        )

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        verify_same_elements(self, source, dest)
        if not agree(source, dest):
            raise VerifyException(
                f"'tensor.cast' from {source} to {dest}: what both types say of the shape must be the same"
            )


@irdl_op_definition
class BitcastOp(IRDLOperation):
    """The same bits read as elements of another type: `%b = tensor.bitcast %t : tensor<4xf32> to tensor<4xi32>`.

    Both are integers or floats of the same number of bits.
    """

    name = "tensor.bitcast"
    source = operand_def(AnyTensor)
    dest = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue | Operation, dest: Attribute):
        super().__init__(operands=[source], result_types=[dest])

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        elements = get_element_type_or_self(source), get_element_type_or_self(dest)
        bits = {each.bitwidth if isinstance(each, FixedBitwidthType) else None for each in elements}
        if None in bits or len(bits) > 1 or not agree(source, dest):
            raise VerifyException(
                f"'tensor.bitcast' from {source} to {dest}: they have one shape, and elements of as many bits"
            )


@irdl_op_definition
class DimOp(IRDLOperation):
    """The size of a dimension: `%n = tensor.dim %t, %i : tensor<?x16xf32>`, an index.

    It is undefined where the tensor has no dimension `%i`.
    """

    name = "tensor.dim"
    source = operand_def(AnyTensor)
    index = operand_def(IndexType)
    result = result_def(IndexType)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "attr-dict $source `,` $index `:` type($source)"

    def __init__(
        self,
        source: SSAValue | Operation,
        index: SSAValue | Operation,
        attributes: Mapping[str, Attribute] | None = None,
    ):
        super().__init__(operands=(source, index), result_types=(INDEX,), attributes=attributes)

    def verify_(self) -> None:
        type_ = self.source.type
        if isinstance(type_, TensorType) and not type_.get_num_dims():
            raise VerifyException(f"'tensor.dim' of {type_}: there is no dimension to ask for")
