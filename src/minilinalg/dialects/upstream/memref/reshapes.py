"""The elements of a buffer with other dimensions: no element is moved."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    MemRefType,
    NoneAttr,
    i8,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap
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
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.affine_text import map_text
from minilinalg.dialects.upstream.assembly import (
    counted,
    mixed,
    parse_index_list,
    parse_indices,
    print_index_list,
    print_values,
    static_values,
    verify_index_list,
)
from minilinalg.dialects.upstream.constraints import AnyMemRef, RankedMemRef, memref_type
from minilinalg.dialects.upstream.memref.strides import Strides, collapsed, expanded, strides_of, with_strides
from minilinalg.dialects.upstream.memref.views import print_cast_types, written
from minilinalg.dialects.upstream.reshape import ReshapeLikeOp, groups_of, parse_reassociation, print_reassociation


def _verify_layout(
    op: Operation, source: MemRefType[Attribute], result: MemRefType[Attribute], layout: Strides
) -> None:
    """The result has this layout, or none where the source has none, and the memory space of the source."""
    expected = with_strides(source, result.get_shape(), layout)
    if isinstance(source.layout, NoneAttr):
        expected = MemRefType(source.element_type, result.get_shape(), memory_space=source.memory_space)
    if result != expected:
        raise VerifyException(f"'{op.name}' of {source} is {result}: with these groups it is {expected}")


@irdl_op_definition
class ExpandShapeOp(ReshapeLikeOp):
    """Split dimensions.

    `%e = memref.expand_shape %m [[0, 1], [2]] output_shape [2, 4, %n] : memref<8x?xf32> into memref<2x4x?xf32>`:
    for each dimension of the source, the dimensions of the result that it is split into.
    """

    name = "memref.expand_shape"
    src = operand_def(RankedMemRef)
    output_shape = var_operand_def(IndexType)
    static_output_shape = prop_def(DenseArrayBase.constr(i64))
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(
        self,
        src: SSAValue | Operation,
        output_shape: Sequence[SSAValue],
        reassociation: ArrayAttr[ArrayAttr[IntegerAttr]],
        static_output_shape: Sequence[int] | DenseArrayBase,
        result_type: Attribute,
    ):
        if not isinstance(static_output_shape, DenseArrayBase):
            static_output_shape = DenseArrayBase.from_list(i64, static_output_shape)
        super().__init__(
            operands=[src, output_shape],
            result_types=[result_type],
            properties={"reassociation": reassociation, "static_output_shape": static_output_shape},
        )

    @property
    def mixed_output_shape(self) -> list[SSAValue | int]:
        return mixed(self.static_output_shape, self.output_shape)

    def verify_(self) -> None:
        verify_index_list(self, "output_shape", self.static_output_shape, self.output_shape)
        if static_values(self.static_output_shape) != self.result.type.get_shape():
            raise VerifyException(
                f"'memref.expand_shape' has output_shape {written(static_values(self.static_output_shape))} and a "
                f"result of type {self.result.type}: output_shape is the shape of the result"
            )
        source, result = memref_type(self.src), self.result.type
        self.verify_reassociation(source, result)
        layout = strides_of(source)
        if layout is not None:
            moved = expanded(layout, result.get_shape(), groups_of(self.reassociation))
            _verify_layout(self, source, result, moved)

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
        print_index_list(printer, self.static_output_shape, self.output_shape)
        self.print_types(printer, self.src.type, self.result.type)


@irdl_op_definition
class CollapseShapeOp(ReshapeLikeOp):
    """Merge dimensions that lie next to one another, where the layout allows it.

    `%c = memref.collapse_shape %m [[0, 1], [2]] : memref<2x4x16xf32> into memref<8x16xf32>`: for each dimension of the
    result, the dimensions of the source that it is made of.
    """

    name = "memref.collapse_shape"
    src = operand_def(RankedMemRef)
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(
        self,
        src: SSAValue | Operation,
        reassociation: ArrayAttr[ArrayAttr[IntegerAttr]],
        result_type: Attribute,
    ):
        super().__init__(operands=[src], result_types=[result_type], properties={"reassociation": reassociation})

    def verify_(self) -> None:
        source, result = memref_type(self.src), self.result.type
        self.verify_reassociation(result, source)
        layout = strides_of(source)
        if layout is None:
            return
        merged = collapsed(layout, source.get_shape(), groups_of(self.reassociation))
        if merged is None:
            raise VerifyException(
                f"'memref.collapse_shape' merges {groups_of(self.reassociation)} of {source}: "
                "dimensions that are merged lie next to one another without gaps"
            )
        _verify_layout(self, source, result, merged)

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
class ViewOp(IRDLOperation):
    """Bytes as elements: `%v = memref.view %bytes[%shift][%n] : memref<2048xi8> to memref<?x4xf32>`.

    The source is a contiguous one-dimensional memref of i8; the shift is in bytes, the sizes are those of the dynamic
    dimensions of the result.
    """

    name = "memref.view"
    source = operand_def(RankedMemRef)
    byte_shift = operand_def(IndexType)
    sizes = var_operand_def(IndexType)
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        byte_shift: SSAValue | Operation,
        sizes: Sequence[SSAValue | Operation],
        result_type: Attribute,
    ):
        super().__init__(operands=[source, byte_shift, sizes], result_types=[result_type])

    def verify_(self) -> None:
        source, result = memref_type(self.source), self.result.type
        if source.element_type != i8 or source.get_num_dims() != 1 or source.memory_space != result.memory_space:
            raise VerifyException(
                f"'memref.view' makes {result} of {source}: the source has one dimension of i8, and the memory space "
                "stays"
            )
        dynamic = result.get_shape().count(DYNAMIC_INDEX)
        if dynamic != len(self.sizes):
            raise VerifyException(
                f"'memref.view' has {counted(len(self.sizes), 'size')} for {result}: "
                f"it takes one for each dynamic dimension, here {dynamic}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ViewOp:
        source = parser.parse_unresolved_operand()
        shift, sizes = parse_indices(parser), parse_indices(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and view")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the view")
        return cls.create(
            operands=[parser.resolve_operand(source, source_type), *shift, *sizes],
            result_types=[parser.parse_type()],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        print_values(printer, [self.byte_shift], "[", "]")
        print_values(printer, self.sizes, "[", "]")
        print_cast_types(printer, self, self.source.type, self.result.type)


@irdl_op_definition
class TransposeOp(IRDLOperation):
    """The same buffer with its dimensions in another order.

    `%t = memref.transpose %m (i, j) -> (j, i) : memref<8x16xf32> to memref<16x8xf32, strided<[1, 16]>>`
    """

    name = "memref.transpose"
    in_ = operand_def(RankedMemRef)
    permutation = prop_def(AffineMapAttr)
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(self, in_: SSAValue | Operation, permutation: Sequence[int], result_type: Attribute | None = None):
        value = SSAValue.get(in_)
        if result_type is None:
            source = memref_type(value)
            layout = strides_of(source)
            assert layout is not None, f"{source} has no strides"
            shape = source.get_shape()
            moved = Strides(tuple(layout.strides[dim] for dim in permutation), layout.offset)
            result_type = with_strides(source, [shape[dim] for dim in permutation], moved)
        map_ = AffineMap(len(permutation), 0, tuple(AffineDimExpr(dim) for dim in permutation))
        super().__init__(operands=[value], result_types=[result_type], properties={"permutation": AffineMapAttr(map_)})

    @property
    def dims(self) -> tuple[int, ...]:
        """For each dimension of the result, the dimension of the source that it is."""
        return tuple(e.position for e in self.permutation.data.results if isinstance(e, AffineDimExpr))

    def verify_(self) -> None:
        source, result = memref_type(self.in_), self.result.type
        if sorted(self.dims) != list(range(source.get_num_dims())):
            raise VerifyException(
                f"'memref.transpose' has the permutation {self.permutation.data} of {source}: "
                "it lists every dimension of the source once"
            )
        layout = strides_of(source)
        shape = source.get_shape()
        if result.get_shape() != tuple(shape[dim] for dim in self.dims):
            raise VerifyException(
                f"'memref.transpose' of {source} by {list(self.dims)} is {result}: its shape is that of the source in "
                "the new order"
            )
        if layout is not None:
            moved = Strides(tuple(layout.strides[dim] for dim in self.dims), layout.offset)
            if strides_of(result) != moved:
                raise VerifyException(
                    f"'memref.transpose' of {source} by {list(self.dims)} is {result}: its layout is {moved}"
                )

    @classmethod
    def parse(cls, parser: Parser) -> TransposeOp:
        source = parser.parse_unresolved_operand()
        permutation = AffineMapAttr(parser.parse_affine_map())
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and view")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the view")
        return cls.create(
            operands=[parser.resolve_operand(source, source_type)],
            result_types=[parser.parse_type()],
            properties={"permutation": permutation},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.in_)
        printer.print_string(f" {map_text(self.permutation.data)}")
        print_cast_types(printer, self, self.in_.type, self.result.type)


@irdl_op_definition
class ReshapeOp(IRDLOperation):
    """The elements of a contiguous buffer with the shape that a memref of integers or indices gives.

    `%r = memref.reshape %m(%shape) : (memref<8x16xf32>, memref<1xindex>) -> memref<128xf32>`
    """

    name = "memref.reshape"
    source = operand_def(AnyMemRef)
    shape = operand_def(RankedMemRef)
    result = result_def(AnyMemRef)
    assembly_format = "$source `(` $shape `)` attr-dict `:` `(` type($source) `,` type($shape) `)` `->` type($result)"

    def __init__(self, source: SSAValue | Operation, shape: SSAValue | Operation, result_type: Attribute):
        super().__init__(operands=[source, shape], result_types=[result_type])

    def verify_(self) -> None:
        source, result = self.source.type, self.result.type
        if not isinstance(source, MemRefType) or not isinstance(result, MemRefType):
            return
        sizes = source.get_shape(), result.get_shape()
        known = not any(DYNAMIC_INDEX in part for part in sizes)
        if known and math.prod(sizes[0]) != math.prod(sizes[1]):
            raise VerifyException(f"'memref.reshape' makes {result} of {source}: both have the same number of elements")
        shape = memref_type(self.shape)
        if shape.get_shape() != (result.get_num_dims(),):
            raise VerifyException(
                f"'memref.reshape' to {result} has a shape of type {shape}: it has one element for each dimension"
            )
