"""Other ways to look at a buffer: no element is moved, so nothing here has an effect."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    MemRefType,
    UnrankedMemRefType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import IndexList, counted, parse_index_list, print_index_list
from minilinalg.dialects.upstream.constraints import AnyMemRef, RankedMemRef, may_agree, memref_type
from minilinalg.dialects.upstream.memref.strides import Strides, slice_of, strides_of, with_strides
from minilinalg.dialects.upstream.slices import (
    OffsetSizeAndStrideOp,
    SliceLists,
    dropped_dims,
    parse_slice_lists,
    slice_lists,
)

Mixed = Sequence[SSAValue | Operation | int]


def _known(values: Sequence[SSAValue | Operation | int]) -> list[int | None]:
    return [value if isinstance(value, int) else None for value in values]


@irdl_op_definition
class SubviewOp(OffsetSizeAndStrideOp):
    """A part of a buffer, without a copy.

    `%v = memref.subview %m[%i, 0] [4, %n] [1, 1] : memref<8x16xf32> to memref<4x?xf32, strided<[16, 1], offset: ?>>`:
    offsets, sizes and strides, one for each dimension of the source. The result has the sizes as shape, of which some
    that are 1 may be left out, the layout that follows, and the memory space of the source.
    """

    name = "memref.subview"
    source = operand_def(RankedMemRef)
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        offsets: Mixed,
        sizes: Mixed,
        strides: Mixed,
        result_type: Attribute | None = None,
    ):
        value, lists = SSAValue.get(source), slice_lists(offsets, sizes, strides)
        if result_type is None:
            result_type = self.infer_result_type(memref_type(value), offsets, sizes, strides)
        super().__init__(operands=[value, *lists.operands], result_types=[result_type], properties=lists.properties)

    @classmethod
    def get(
        cls, source: SSAValue | Operation, offsets: Mixed, sizes: Mixed, strides: Mixed, result_type: Attribute
    ) -> SubviewOp:
        return cls(source, offsets, sizes, strides, result_type)

    @staticmethod
    def infer_result_type(
        source_type: MemRefType[Attribute],
        offsets: Mixed,
        sizes: Mixed,
        strides: Mixed,
        *,
        dropped: Sequence[int] = (),
    ) -> MemRefType[Attribute]:
        """The type of a subview; the dimensions in `dropped`, all of size 1, are left out."""
        layout = strides_of(source_type)
        if layout is None:
            raise ValueError(f"{source_type} has no strides")
        sliced = slice_of(layout, _known(offsets), _known(strides))
        shape = [size if isinstance(size, int) else DYNAMIC_INDEX for size in sizes]
        kept = [dim for dim in range(len(shape)) if dim not in dropped]
        reduced = Strides(tuple(sliced.strides[dim] for dim in kept), sliced.offset)
        return with_strides(source_type, [shape[dim] for dim in kept], reduced)

    def verify_(self) -> None:
        source, result = memref_type(self.source), self.result.type
        self.verify_within(source.get_shape())
        self.verify_slice_shape(result.get_shape())
        if (result.element_type, result.memory_space) != (source.element_type, source.memory_space):
            raise VerifyException(
                f"'memref.subview' of {source} is {result}: it has the elements and the memory space of its source"
            )
        if strides_of(source) is None:
            return
        dropped = dropped_dims(self.slice_shape, result.get_shape()) or ()
        lists = self.mixed_offsets, self.mixed_sizes, self.mixed_strides
        expected = self.infer_result_type(source, *lists, dropped=dropped)
        if not _same_layout(expected, result):
            raise VerifyException(f"'memref.subview' of {source} is {result}: with these lists it is {expected}")

    @classmethod
    def parse(cls, parser: Parser) -> SubviewOp:
        source = parser.parse_unresolved_operand()
        lists = parse_slice_lists(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and view")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the view")
        return cls.build(
            operands=[parser.resolve_operand(source, source_type), *lists.operands],
            result_types=[parser.parse_type()],
            properties=lists.properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        self.print_slice_lists(printer)
        print_cast_types(printer, self, self.source.type, self.result.type)


def _same_layout(a: MemRefType[Attribute], b: MemRefType[Attribute]) -> bool:
    """The strides along dimensions of one element do not matter."""
    left, right = strides_of(a), strides_of(b)
    if left is None or right is None or left.offset != right.offset:
        return False
    pairs = zip(a.get_shape(), left.strides, right.strides, strict=True)
    return all(size == 1 or first == second for size, first, second in pairs)


def print_cast_types(printer: Printer, op: Operation, source: Attribute, result: Attribute) -> None:
    """` attributes : type to type`."""
    printer.print_op_attributes(op.attributes)
    printer.print_string(" : ")
    printer.print_attribute(source)
    printer.print_string(" to ")
    printer.print_attribute(result)


@irdl_op_definition
class ReinterpretCastOp(OffsetSizeAndStrideOp):
    """The buffer of a memref with another offset, shape and strides, in elements from its start.

    `%v = memref.reinterpret_cast %p to offset: [%o], sizes: [%n, 4], strides: [4, 1]
    : memref<?xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>`: the layout of the source does not matter.
    """

    name = "memref.reinterpret_cast"
    source = operand_def(AnyMemRef)
    result = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        offsets: Mixed,
        sizes: Mixed,
        strides: Mixed,
        result_type: Attribute,
    ):
        lists = slice_lists(offsets, sizes, strides)
        super().__init__(operands=[source, *lists.operands], result_types=[result_type], properties=lists.properties)

    @classmethod
    def from_dynamic(
        cls, source: SSAValue | Operation, offsets: Mixed, sizes: Mixed, strides: Mixed, result_type: Attribute
    ) -> ReinterpretCastOp:
        return cls(source, offsets, sizes, strides, result_type)

    def verify_(self) -> None:
        self.verify_lists()
        result, source = self.result.type, self.source.type
        offsets, strides = self.mixed_offsets, self.mixed_strides
        if len(offsets) != 1 or len(self.slice_shape) != len(strides):
            raise VerifyException(
                f"'memref.reinterpret_cast' has {counted(len(offsets), 'offset')}, "
                f"{counted(len(self.slice_shape), 'size')} and {counted(len(strides), 'stride')}: "
                "it has one offset, and a size and a stride for each dimension of the result"
            )
        if self.slice_shape != result.get_shape():
            raise VerifyException(
                f"'memref.reinterpret_cast' has sizes {written(self.slice_shape)} and a result of type {result}: "
                "the sizes are the shape of the result"
            )
        assert isinstance(source, MemRefType | UnrankedMemRefType)
        if (result.element_type, result.memory_space) != (source.element_type, source.memory_space):  # pyright: ignore
            raise VerifyException(
                f"'memref.reinterpret_cast' makes {result} of {source}: elements and memory space stay"
            )
        given = Strides(tuple(_known(strides)), _known(offsets)[0])
        layout = strides_of(result)
        if layout is not None and (
            not _allows(layout.offset, given.offset)
            or not all(_allows(a, b) for a, b in zip(layout.strides, given.strides, strict=True))
        ):
            raise VerifyException(
                f"'memref.reinterpret_cast' has offset and strides {given} and a result of type {result}: "
                "the layout of the result says the same, or '?'"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ReinterpretCastOp:
        source = parser.parse_unresolved_operand()
        parser.parse_keyword("to", " and the offset")
        parts: list[IndexList] = []
        for number, word in enumerate(("offset", "sizes", "strides")):
            if number:
                parser.parse_punctuation(",", f" and the {word}")
            parser.parse_keyword(word, " and a list in brackets")
            parser.parse_punctuation(":", f" after '{word}'")
            parts.append(parse_index_list(parser))
        lists = SliceLists(*parts)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and view")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the view")
        return cls.build(
            operands=[parser.resolve_operand(source, source_type), *lists.operands],
            result_types=[parser.parse_type()],
            properties=lists.properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" to offset: ")
        print_index_list(printer, self.static_offsets, self.offsets)
        printer.print_string(", sizes: ")
        print_index_list(printer, self.static_sizes, self.sizes)
        printer.print_string(", strides: ")
        print_index_list(printer, self.static_strides, self.strides)
        print_cast_types(printer, self, self.source.type, self.result.type)


def _allows(in_type: int | None, given: int | None) -> bool:
    """A layout may say `?` of what is known, but no number of what is not."""
    return in_type is None or in_type == given


def written(shape: Sequence[int]) -> str:
    """A shape as in a type: `[?, 4]`."""
    return "[" + ", ".join("?" if size == DYNAMIC_INDEX else str(size) for size in shape) + "]"


class _CastOp(IRDLOperation):
    """`memref.NAME %m : type to type`."""

    source = operand_def(AnyMemRef)
    dest = result_def(AnyMemRef)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue | Operation, dest: Attribute):
        super().__init__(operands=[source], result_types=[dest])


@irdl_op_definition
class CastOp(_CastOp):
    """The same buffer with a type that says more or less: `memref.cast %m : memref<8x16xf32> to memref<?x?xf32>`.

    What both types know of sizes, strides and offset must agree; elements and memory space stay.
    """

    name = "memref.cast"

    @classmethod
    def get(cls, source: SSAValue | Operation, type: Attribute) -> CastOp:
        return cls(source, type)

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        if not isinstance(source, MemRefType) or not isinstance(dest, MemRefType):
            return
        layouts = strides_of(source), strides_of(dest)  # pyright: ignore
        fits = (source.element_type, source.memory_space) == (dest.element_type, dest.memory_space)  # pyright: ignore
        fits = fits and may_agree(source.get_shape(), dest.get_shape())
        if fits and layouts[0] is not None and layouts[1] is not None:
            known = zip(
                (*layouts[0].strides, layouts[0].offset), (*layouts[1].strides, layouts[1].offset), strict=False
            )
            fits = all(a == b or None in (a, b) for a, b in known)
        if not fits:
            raise VerifyException(
                f"'memref.cast' from {source} to {dest}: what both types say of shape, layout, elements and memory "
                "space must be the same"
            )


@irdl_op_definition
class MemorySpaceCastOp(_CastOp):
    """The same buffer in another memory space: `memref.memory_space_cast %m : memref<8xf32> to memref<8xf32, 1>`."""

    name = "memref.memory_space_cast"

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        if isinstance(source, MemRefType) and isinstance(dest, MemRefType):
            moved = MemRefType(dest.element_type, dest.shape, dest.layout, source.memory_space)  # pyright: ignore
            if moved != source:
                raise VerifyException(
                    f"'memref.memory_space_cast' from {source} to {dest}: only the memory space may change"
                )
