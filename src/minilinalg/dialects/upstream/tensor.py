"""The `tensor` dialect: values of tensor type, their shapes, slices and elements.

xDSL 0.74 lacks `gather`, `scatter`, `generate`, `parallel_insert_slice`, `rank` and `bitcast`, drops attributes of
`empty`, and checks little of slices and reshapes. Its names of classes and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/TensorOps/
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.dialects.tensor import (
    CastOp,
    ConcatOp,
    DimOp,
    ExtractOp,
    FromElementsOp,
    InsertOp,
    SplatOp,
)
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsTerminator,
    NoMemoryEffect,
    Pure,
    RecursivelySpeculatable,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    index_list,
    is_integer,
    mixed,
    parse_index_list,
    parse_value_list,
    print_index_list,
    print_values,
    static_values,
    verify_index_list,
)
from minilinalg.dialects.upstream.constraints import AnyTensor, RankedTensor, tensor_type
from minilinalg.dialects.upstream.reshape import ReshapeLikeOp, parse_reassociation, print_reassociation
from minilinalg.dialects.upstream.scf import InParallelOp
from minilinalg.dialects.upstream.slices import OffsetSizeAndStrideOp, SliceLists, parse_slice_lists, slice_lists


@irdl_op_definition
class EmptyOp(IRDLOperation):
    """A tensor whose elements are undefined: `%t = tensor.empty(%n) : tensor<?x16xf32>`.

    One index for each dynamic dimension of the result.
    """

    name = "tensor.empty"
    dynamic_sizes = var_operand_def(IndexType)
    tensor = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(self, dynamic_sizes: Sequence[SSAValue | Operation], tensor_type: Attribute):
        super().__init__(operands=(dynamic_sizes,), result_types=(tensor_type,))

    @property
    def mixed_sizes(self) -> list[SSAValue | int]:
        """The size of each dimension."""
        sizes = iter(self.dynamic_sizes)
        return [next(sizes) if size == DYNAMIC_INDEX else size for size in self.tensor.type.get_shape()]

    def verify_(self) -> None:
        _verify_dynamic_sizes(self, self.tensor.type, self.dynamic_sizes)

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


def _verify_dynamic_sizes(op: Operation, type_: TensorType, sizes: Sequence[SSAValue]) -> None:
    dynamic = type_.get_shape().count(DYNAMIC_INDEX)
    if dynamic != len(sizes):
        raise VerifyException(
            f"'{op.name}' has {len(sizes)} sizes for {type_}: it takes one for each dynamic dimension, here {dynamic}"
        )


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
class BitcastOp(IRDLOperation):
    """The same bits read as elements of another type: `%b = tensor.bitcast %t : tensor<4xf32> to tensor<4xi32>`."""

    name = "tensor.bitcast"
    source = operand_def(AnyTensor)
    dest = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue | Operation, dest: Attribute):
        super().__init__(operands=[source], result_types=[dest])


# Slices


@irdl_op_definition
class ExtractSliceOp(OffsetSizeAndStrideOp):
    """A part of a tensor.

    `%s = tensor.extract_slice %t[%i, 0] [4, %n] [1, 1] : tensor<8x16xf32> to tensor<4x?xf32>`: offsets, sizes and
    strides, one for each dimension of the source. The result has the sizes as shape; dimensions of size 1 may be left
    out of it.
    """

    name = "tensor.extract_slice"
    source = operand_def(RankedTensor)
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

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
        _verify_same_elements(self, source, result)

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


def _verify_same_elements(op: Operation, *types: Attribute) -> None:
    if len({get_element_type_or_self(type_) for type_ in types}) > 1:
        raise VerifyException(
            f"'{op.name}' has tensors of {' and '.join(map(str, types))}: their elements are of one type"
        )


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
        _verify_same_elements(self, source, dest)

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
class InsertSliceOp(_InsertionOp):
    """A copy of `dest` in which a part is replaced by `source`.

    `%r = tensor.insert_slice %s into %t[%i, 0] [4, 16] [1, 1] : tensor<4x16xf32> into tensor<8x16xf32>`: offsets, sizes
    and strides, one for each dimension of the destination. Dimensions of size 1 may be missing from the source.
    """

    name = "tensor.insert_slice"
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

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

    @classmethod
    def parse(cls, parser: Parser) -> ParallelInsertSliceOp:
        (source, dest), lists, attributes = _parse_insertion(parser)
        return cls.build(operands=[source, dest, *lists.operands], properties=lists.properties, attributes=attributes)


# Shapes


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
        _verify_same_elements(self, source, result)
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


# Operations with a body for each element


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends the body of `generate` and `pad` with the element: `tensor.yield %x : f32`."""

    name = "tensor.yield"
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(GenerateOp, PadOp), Pure()))


def _verify_body(op: Operation, body: Region, type_: TensorType) -> None:
    """The body takes an index for each dimension and yields an element."""
    rank = type_.get_num_dims()
    found = body.block.arg_types
    if found != (INDEX,) * rank:
        raise VerifyException(
            f"the body of '{op.name}' has arguments of types ({', '.join(map(str, found))}): "
            f"it takes an index for each of the {rank} dimensions of the result"
        )
    last = body.block.last_op
    yielded = () if last is None else last.operand_types
    if tuple(yielded) != (type_.get_element_type(),):
        raise VerifyException(
            f"the body of '{op.name}' yields ({', '.join(map(str, yielded))}): "
            f"it yields an element of the result, here {type_.get_element_type()}"
        )


@irdl_op_definition
class GenerateOp(IRDLOperation):
    """A tensor whose elements are computed from their indices.

        %t = tensor.generate %n {
        ^bb0(%i: index, %j: index):
          tensor.yield %x : f32
        } : tensor<?x16xf32>

    One operand (index) for each dynamic dimension of the result.
    """

    name = "tensor.generate"
    dynamic_extents = var_operand_def(IndexType)
    body = region_def("single_block")
    result = result_def(RankedTensor)
    traits = traits_def(RecursiveMemoryEffect(), RecursivelySpeculatable(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(self, dynamic_extents: Sequence[SSAValue | Operation], body: Region, result_type: TensorType):
        super().__init__(operands=[dynamic_extents], result_types=[result_type], regions=[body])

    def verify_(self) -> None:
        _verify_dynamic_sizes(self, self.result.type, self.dynamic_extents)
        _verify_body(self, self.body, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> GenerateOp:
        position = parser.pos
        extents = (
            parser.parse_optional_undelimited_comma_separated_list(
                parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
            )
            or []
        )
        body = parser.parse_region()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of the result")
        return cls.create(
            operands=parser.resolve_operands(extents, [INDEX] * len(extents), position),
            result_types=[parser.parse_type()],
            regions=[body],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.dynamic_extents, " ", " " if self.dynamic_extents else "")
        printer.print_region(self.body)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


@irdl_op_definition
class PadOp(IRDLOperation):
    """A tensor with a border of further elements around it.

        %p = tensor.pad %t low[0, %n] high[1, 3] {
        ^bb0(%i: index, %j: index):
          tensor.yield %zero : f32
        } : tensor<8x16xf32> to tensor<9x?xf32>

    `low` and `high` say how many elements come in front and behind in each dimension, as numbers or values of type
    index; the body computes a border element from its indices in the result. `nofold` keeps a pad by nothing.
    """

    name = "tensor.pad"
    source = operand_def(RankedTensor)
    low = var_operand_def(IndexType)
    high = var_operand_def(IndexType)
    static_low = prop_def(DenseArrayBase.constr(i64))
    static_high = prop_def(DenseArrayBase.constr(i64))
    nofold = opt_prop_def(UnitAttr)
    region = region_def("single_block")
    result = result_def(RankedTensor)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(
        self,
        source: SSAValue | Operation,
        low: Sequence[SSAValue | Operation | int],
        high: Sequence[SSAValue | Operation | int],
        region: Region,
        result_type: TensorType,
        nofold: UnitAttr | None = None,
    ):
        low_list, high_list = index_list(low), index_list(high)
        super().__init__(
            operands=[source, low_list.dynamic, high_list.dynamic],
            result_types=[result_type],
            properties={"static_low": low_list.static, "static_high": high_list.static, "nofold": nofold},
            regions=[region],
        )

    @property
    def mixed_low(self) -> list[SSAValue | int]:
        return mixed(self.static_low, self.low)

    @property
    def mixed_high(self) -> list[SSAValue | int]:
        return mixed(self.static_high, self.high)

    def verify_(self) -> None:
        source, result = tensor_type(self.source), self.result.type
        verify_index_list(self, "low", self.static_low, self.low)
        verify_index_list(self, "high", self.static_high, self.high)
        low, high = static_values(self.static_low), static_values(self.static_high)
        ranks = {source.get_num_dims(), result.get_num_dims(), len(low), len(high)}
        if len(ranks) != 1:
            raise VerifyException(
                f"'tensor.pad' of {source} to {result} has {len(low)} low and {len(high)} high amounts: "
                "source and result have one rank, and every dimension one of each amount"
            )
        for number, (before, after, *amounts) in enumerate(
            zip(source.get_shape(), result.get_shape(), low, high, strict=True)
        ):
            expected = DYNAMIC_INDEX if DYNAMIC_INDEX in (before, *amounts) else before + sum(amounts)
            if after not in (expected, DYNAMIC_INDEX) and expected != DYNAMIC_INDEX:
                raise VerifyException(
                    f"'tensor.pad' gives dimension {number} the size {after}: "
                    f"{before} elements with {amounts[0]} in front and {amounts[1]} behind are {expected}"
                )
        _verify_same_elements(self, source, result)
        _verify_body(self, self.region, result)

    @classmethod
    def parse(cls, parser: Parser) -> PadOp:
        source = parser.parse_unresolved_operand()
        nofold = UnitAttr() if parser.parse_optional_keyword("nofold") is not None else None
        parser.parse_keyword("low", " and the amounts in front")
        low = parse_index_list(parser)
        parser.parse_keyword("high", " and the amounts behind")
        high = parse_index_list(parser)
        region = parser.parse_region()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and result")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the result")
        return cls.build(
            operands=[parser.resolve_operand(source, source_type), low.dynamic, high.dynamic],
            result_types=[parser.parse_type()],
            properties={"static_low": low.static, "static_high": high.static, "nofold": nofold},
            attributes=attributes,
            regions=[region],
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" nofold low" if self.nofold is not None else " low")
        print_index_list(printer, self.static_low, self.low)
        printer.print_string(" high")
        print_index_list(printer, self.static_high, self.high)
        printer.print_string(" ")
        printer.print_region(self.region)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.source.type)
        printer.print_string(" to ")
        printer.print_attribute(self.result.type)


# Gather and scatter


def _verify_indexed_shape(
    op: Operation, shape: Sequence[int], indices: Attribute, dims: Sequence[int], part: Attribute, what: str
) -> None:
    """The shape of what is gathered or scattered: that of the indices without the last, then that of one slice.

    A slice has size 1 along `dims`, which may be left out (rank-reduced).
    """
    assert isinstance(indices, TensorType) and isinstance(part, TensorType)
    if any(not 0 <= dim < len(shape) for dim in dims) or list(dims) != sorted(set(dims)) or not dims:
        raise VerifyException(
            f"'{op.name}' has {what}_dims {list(dims)}: they are dimensions of the tensor, 0 to {len(shape) - 1}, "
            "each once, in ascending order"
        )
    index_shape = indices.get_shape()
    if not index_shape or index_shape[-1] != len(dims):
        raise VerifyException(
            f"'{op.name}' has indices {indices} and {len(dims)} {what}_dims: the last dimension of the indices holds "
            "one index for each of them"
        )
    full = [1 if number in dims else size for number, size in enumerate(shape)]
    reduced = [size for number, size in enumerate(shape) if number not in dims]
    found, front = list(part.get_shape()), list(index_shape[:-1])
    if found not in (front + full, front + reduced):
        raise VerifyException(
            f"'{op.name}' has slices of shape {found}: it is {front + full}, or {front + reduced} without the indexed "
            "dimensions"
        )


def _indexed_properties(name: str, dims: Sequence[int], unique: bool) -> dict[str, Attribute]:
    properties: dict[str, Attribute] = {name: DenseArrayBase.from_list(i64, dims)}
    return {**properties, "unique": UnitAttr()} if unique else properties


IndexedOp = TypeVar("IndexedOp", bound=IRDLOperation)


def _parse_indexed(
    cls: type[IndexedOp], parser: Parser, values: Sequence[UnresolvedOperand], keyword: str
) -> IndexedOp:
    """`gather_dims([0, 1]) unique attributes : function type`."""
    parser.parse_keyword(keyword, " and the indexed dimensions")
    with parser.in_parens():
        dims = parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer)
    unique = parser.parse_optional_keyword("unique") is not None
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation(":", " and the function type")
    position = parser.pos
    type_ = parser.parse_function_type()
    return cls.create(
        operands=parser.resolve_operands(values, type_.inputs.data, position),
        result_types=type_.outputs.data,
        properties=_indexed_properties(keyword, dims, unique),
        attributes=attributes,
    )


def _print_indexed(
    printer: Printer, op: Operation, keyword: str, dims: DenseArrayBase, unique: UnitAttr | None
) -> None:
    printer.print_string(f" {keyword}({list(static_values(dims))})")
    if unique is not None:
        printer.print_string(" unique")
    printer.print_op_attributes(op.attributes)
    printer.print_string(" : ")
    printer.print_function_type(op.operand_types, op.result_types)


@irdl_op_definition
class GatherOp(IRDLOperation):
    """Slices of a tensor at given indices.

    `%g = tensor.gather %t[%i] gather_dims([0]) unique : (tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<4x16xf32>`: the
    last dimension of the indices holds one index for each of `gather_dims`; the result has the other dimensions of the
    indices, then those of the source, with size 1 (or left out) along `gather_dims`. `unique` promises that no index
    comes twice.
    """

    name = "tensor.gather"
    source = operand_def(RankedTensor)
    indices = operand_def(RankedTensor)
    gather_dims = prop_def(DenseArrayBase.constr(i64))
    unique = opt_prop_def(UnitAttr)
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        indices: SSAValue | Operation,
        gather_dims: Sequence[int],
        result_type: TensorType,
        *,
        unique: bool = False,
    ):
        super().__init__(
            operands=[source, indices],
            result_types=[result_type],
            properties=_indexed_properties("gather_dims", gather_dims, unique),
        )

    def verify_(self) -> None:
        dims = static_values(self.gather_dims)
        _verify_indexed_shape(
            self, tensor_type(self.source).get_shape(), self.indices.type, dims, self.result.type, "gather"
        )
        _verify_same_elements(self, self.source.type, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> GatherOp:
        values = [parser.parse_unresolved_operand(), *parse_value_list(parser, Parser.Delimiter.SQUARE)]
        return _parse_indexed(cls, parser, values, "gather_dims")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        print_values(printer, [self.indices], "[", "]")
        _print_indexed(printer, self, "gather_dims", self.gather_dims, self.unique)


@irdl_op_definition
class ScatterOp(IRDLOperation):
    """A copy of `dest` in which slices at given indices are replaced.

    `%s = tensor.scatter %g into %t[%i] scatter_dims([0]) unique
    : (tensor<4x1x16xf32>, tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<8x16xf32>`: shapes as for `tensor.gather`.
    `unique`, which is required, promises that no index comes twice.
    """

    name = "tensor.scatter"
    source = operand_def(RankedTensor)
    dest = operand_def(RankedTensor)
    indices = operand_def(RankedTensor)
    scatter_dims = prop_def(DenseArrayBase.constr(i64))
    unique = opt_prop_def(UnitAttr)
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        indices: SSAValue | Operation,
        scatter_dims: Sequence[int],
        *,
        unique: bool = True,
    ):
        super().__init__(
            operands=[source, dest, indices],
            result_types=[SSAValue.get(dest).type],
            properties=_indexed_properties("scatter_dims", scatter_dims, unique),
        )

    def verify_(self) -> None:
        if self.unique is None:
            raise VerifyException(
                "'tensor.scatter' without 'unique': the order of writes is not specified, so each "
                "index must come once, which 'unique' promises"
            )
        dims = static_values(self.scatter_dims)
        _verify_indexed_shape(
            self, tensor_type(self.dest).get_shape(), self.indices.type, dims, self.source.type, "scatter"
        )
        _verify_same_elements(self, self.source.type, self.dest.type, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> ScatterOp:
        source = parser.parse_unresolved_operand()
        parser.parse_keyword("into", " and the tensor that is scattered into")
        dest = parser.parse_unresolved_operand()
        values = [source, dest, *parse_value_list(parser, Parser.Delimiter.SQUARE)]
        return _parse_indexed(cls, parser, values, "scatter_dims")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" into ")
        printer.print_ssa_value(self.dest)
        print_values(printer, [self.indices], "[", "]")
        _print_indexed(printer, self, "scatter_dims", self.scatter_dims, self.unique)


Tensor = Dialect(
    "tensor",
    [
        BitcastOp,
        CastOp,
        CollapseShapeOp,
        ConcatOp,
        DimOp,
        EmptyOp,
        ExpandShapeOp,
        ExtractOp,
        ExtractSliceOp,
        FromElementsOp,
        GatherOp,
        GenerateOp,
        InsertOp,
        InsertSliceOp,
        PadOp,
        ParallelInsertSliceOp,
        RankOp,
        ReshapeOp,
        ScatterOp,
        SplatOp,
        YieldOp,
    ],
    [],
)
