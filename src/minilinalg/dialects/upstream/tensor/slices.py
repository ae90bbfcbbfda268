"""Parts of tensors: taken out, put in, put in by the iterations of a `forall`, and put one behind the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.interfaces import ConditionallySpeculatableInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    NoMemoryEffect,
    Pure,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    static_values,
)
from minilinalg.dialects.upstream.constraints import RankedTensor, tensor_type
from minilinalg.dialects.upstream.scf import ForallOp, InParallelOp
from minilinalg.dialects.upstream.slices import OffsetSizeAndStrideOp, SliceLists, parse_slice_lists, slice_lists
from minilinalg.dialects.upstream.tensor.rules import verify_same_elements


@irdl_op_definition
class ExtractSliceOp(ConditionallySpeculatableInterface, OffsetSizeAndStrideOp):
    """A part of a tensor.

    `%s = tensor.extract_slice %t[%i, 0] [4, %n] [1, 1] : tensor<8x16xf32> to tensor<4x?xf32>`: offsets, sizes and
    strides, one for each dimension of the source. The result has the sizes as shape; dimensions of size 1 may be left
    out of it.
    """

    name = "tensor.extract_slice"
    source = operand_def(RankedTensor)
    result = result_def(RankedTensor)
    traits = traits_def(NoMemoryEffect())

    def __init__(
        self,
        source: SSAValue | Operation,
        offsets: Sequence[SSAValue | Operation | int],
        sizes: Sequence[SSAValue | Operation | int],
        strides: Sequence[SSAValue | Operation | int],
        result_type: Attribute | None = None,
    ):
        value, lists = SSAValue.get(source), slice_lists(offsets, sizes, strides)
        if result_type is None:
            result_type = self.infer_result_type(tensor_type(value), static_values(lists.sizes.static))
        super().__init__(operands=[value, *lists.operands], result_types=[result_type], properties=lists.properties)

    @staticmethod
    def infer_result_type(source_type: TensorType, sizes: Sequence[SSAValue | int]) -> TensorType:
        """The type of a slice of these sizes with all dimensions kept."""
        shape = [size if isinstance(size, int) else DYNAMIC_INDEX for size in sizes]
        return TensorType(source_type.get_element_type(), shape, source_type.encoding)

    def verify_(self) -> None:
        source, result = tensor_type(self.source), self.result.type
        self.verify_within(source.get_shape())
        self.verify_slice_shape(result.get_shape())
        verify_same_elements(self, source, result)

    def is_speculatable(self) -> bool:
        return self.is_within(tensor_type(self.source).get_shape())

    @classmethod
    def parse(cls, parser: Parser) -> ExtractSliceOp:
        source = parser.parse_unresolved_operand()
        lists = parse_slice_lists(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and slice")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the slice")
        result_type = parser.parse_type()
        return cls.build(
            operands=[parser.resolve_operand(source, source_type), *lists.operands],
            result_types=[result_type],
            properties=lists.properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        self.print_slice_lists(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.source.type)
        printer.print_string(" to ")
        printer.print_attribute(self.result.type)


def _parse_insertion(parser: Parser) -> tuple[tuple[SSAValue, SSAValue], SliceLists, dict[str, Attribute]]:
    """`%source into %dest[offsets] [sizes] [strides] attributes : type into type`."""
    source = parser.parse_unresolved_operand()
    parser.parse_keyword("into", " and the tensor that the slice goes into")
    dest = parser.parse_unresolved_operand()
    lists = parse_slice_lists(parser)
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation(":", " and the types of slice and destination")
    source_type = parser.parse_type()
    parser.parse_keyword("into", " and the type of the destination")
    dest_type = parser.parse_type()
    operands = parser.resolve_operand(source, source_type), parser.resolve_operand(dest, dest_type)
    return operands, lists, attributes


class _InsertionOp(OffsetSizeAndStrideOp):
    """What the two insertions of a slice share."""

    source = operand_def(RankedTensor)
    dest = operand_def(RankedTensor)

    def verify_(self) -> None:
        source, dest = tensor_type(self.source), tensor_type(self.dest)
        self.verify_within(dest.get_shape())
        self.verify_slice_shape(source.get_shape())
        verify_same_elements(self, source, dest)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" into ")
        printer.print_ssa_value(self.dest)
        self.print_slice_lists(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.source.type)
        printer.print_string(" into ")
        printer.print_attribute(self.dest.type)


@irdl_op_definition
class InsertSliceOp(ConditionallySpeculatableInterface, _InsertionOp):
    """A copy of `dest` in which a part is replaced by `source`.

    `%r = tensor.insert_slice %s into %t[%i, 0] [4, 16] [1, 1] : tensor<4x16xf32> into tensor<8x16xf32>`: offsets, sizes
    and strides, one for each dimension of the destination. Dimensions of size 1 may be missing from the source.
    """

    name = "tensor.insert_slice"
    result = result_def(RankedTensor)
    traits = traits_def(NoMemoryEffect())

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        offsets: Sequence[SSAValue | Operation | int],
        sizes: Sequence[SSAValue | Operation | int],
        strides: Sequence[SSAValue | Operation | int],
    ):
        lists, target = slice_lists(offsets, sizes, strides), SSAValue.get(dest)
        super().__init__(
            operands=[source, target, *lists.operands], result_types=[target.type], properties=lists.properties
        )

    def verify_(self) -> None:
        super().verify_()
        if self.result.type != self.dest.type:
            raise VerifyException(
                f"'tensor.insert_slice' into {self.dest.type} has a result of type {self.result.type}: "
                "the result has the type of the destination"
            )

    def is_speculatable(self) -> bool:
        return self.is_within(tensor_type(self.dest).get_shape())

    @classmethod
    def parse(cls, parser: Parser) -> InsertSliceOp:
        (source, dest), lists, attributes = _parse_insertion(parser)
        return cls.build(
            operands=[source, dest, *lists.operands],
            result_types=[dest.type],
            properties=lists.properties,
            attributes=attributes,
        )


@irdl_op_definition
class ParallelInsertSliceOp(_InsertionOp):
    """In `scf.forall.in_parallel`: the part of a shared result that an iteration gives.

    `tensor.parallel_insert_slice %s into %out[%i] [4] [1] : tensor<4xf32> into tensor<16xf32>`. `%out` is an argument
    of the `forall`. Parts of different iterations must not overlap.
    """

    name = "tensor.parallel_insert_slice"
    traits = lazy_traits_def(lambda: (HasParent(InParallelOp), NoMemoryEffect()))

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        offsets: Sequence[SSAValue | Operation | int],
        sizes: Sequence[SSAValue | Operation | int],
        strides: Sequence[SSAValue | Operation | int],
    ):
        lists = slice_lists(offsets, sizes, strides)
        super().__init__(operands=[source, dest, *lists.operands], properties=lists.properties)

    def verify_(self) -> None:
        super().verify_()
        parent = self.parent_op()
        loop = None if parent is None else parent.parent_op()
        if isinstance(loop, ForallOp) and self.dest not in loop.region_iter_args:
            raise VerifyException(
                "'tensor.parallel_insert_slice' goes into a value that is no shared output: "
                "it goes into an argument of the body of its 'scf.forall'"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ParallelInsertSliceOp:
        (source, dest), lists, attributes = _parse_insertion(parser)
        return cls.build(operands=[source, dest, *lists.operands], properties=lists.properties, attributes=attributes)


@irdl_op_definition
class ConcatOp(IRDLOperation):
    """Tensors one behind the other along a dimension.

    `%c = tensor.concat dim(0) %a, %b : (tensor<4x8xf32>, tensor<2x8xf32>) -> tensor<6x8xf32>`. They have the same size
    along every other dimension.
    """

    name = "tensor.concat"
    inputs = var_operand_def(RankedTensor)
    dim = prop_def(IntegerAttr.constr(type=i64))
    result = result_def(RankedTensor)
    traits = traits_def(Pure())
    assembly_format = "`dim` `(` $dim `)` $inputs attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        dim: IntegerAttr | int,
        result_type: Attribute,
        attributes: Mapping[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=(inputs,),
            result_types=(result_type,),
            properties={"dim": IntegerAttr(dim, i64) if isinstance(dim, int) else dim},
            attributes=attributes,
        )

    def verify_(self) -> None:
        dim, result = self.dim.value.data, self.result.type
        rank = result.get_num_dims()
        if not self.inputs:
            raise VerifyException("'tensor.concat' has no inputs: it has at least one")
        types = [tensor_type(value) for value in self.inputs]
        verify_same_elements(self, *types, result)
        if any(type_.get_num_dims() != rank for type_ in types) or not 0 <= dim < rank:
            raise VerifyException(
                f"'tensor.concat' of {', '.join(map(str, types))} along dimension {dim} is {result}: "
                "all have the same number of dimensions, and the dimension is one of them"
            )
        for number, size in enumerate(result.get_shape()):
            sizes = [type_.get_shape()[number] for type_ in types]
            known = {part for part in (*sizes, size) if part != DYNAMIC_INDEX}
            if number != dim and len(known) > 1:
                raise VerifyException(
                    f"'tensor.concat' along dimension {dim} has sizes {sorted(known)} in dimension {number}: "
                    "all tensors have the same size there"
                )
            if number == dim and DYNAMIC_INDEX not in (*sizes, size) and sum(sizes) != size:
                raise VerifyException(
                    f"'tensor.concat' gives dimension {dim} the size {size}: "
                    f"the inputs have {sizes}, {sum(sizes)} in all"
                )
