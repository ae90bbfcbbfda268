"""What slicing operations share: offsets, sizes and strides, each a list that mixes numbers and values of type index.

    %s = tensor.extract_slice %t[%i, 0] [4, %n] [1, 1] : tensor<8x16xf32> to tensor<4x?xf32>

A number stands in `static_offsets` (`_sizes`, `_strides`); where that holds DYNAMIC_INDEX, the next of `offsets` (...)
counts. `mixed_offsets` (...) are the lists as they are written.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, IndexType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import AttrSizedOperandSegments, IRDLOperation, prop_def, var_operand_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    IndexList,
    counted,
    index_list,
    mixed,
    parse_index_list,
    print_index_list,
    static_values,
    verify_index_list,
)


class SliceLists(NamedTuple):
    """Offsets, sizes and strides as they are written."""

    offsets: IndexList
    sizes: IndexList
    strides: IndexList

    @property
    def operands(self) -> list[Sequence[SSAValue]]:
        return [part.dynamic for part in self]

    @property
    def properties(self) -> dict[str, Attribute]:
        names = ("static_offsets", "static_sizes", "static_strides")
        return {name: part.static for name, part in zip(names, self, strict=True)}


def slice_lists(
    offsets: Sequence[SSAValue | Operation | int],
    sizes: Sequence[SSAValue | Operation | int],
    strides: Sequence[SSAValue | Operation | int],
) -> SliceLists:
    return SliceLists(index_list(offsets), index_list(sizes), index_list(strides))


def parse_slice_lists(parser: Parser) -> SliceLists:
    """`[offsets] [sizes] [strides]`."""
    return SliceLists(parse_index_list(parser), parse_index_list(parser), parse_index_list(parser))


class OffsetSizeAndStrideOp(IRDLOperation, abc.ABC):
    """An operation with offsets, sizes and strides, one of each for every dimension of what is sliced."""

    offsets = var_operand_def(IndexType)
    sizes = var_operand_def(IndexType)
    strides = var_operand_def(IndexType)
    static_offsets = prop_def(DenseArrayBase.constr(i64))
    static_sizes = prop_def(DenseArrayBase.constr(i64))
    static_strides = prop_def(DenseArrayBase.constr(i64))
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    @property
    def mixed_offsets(self) -> list[SSAValue | int]:
        return mixed(self.static_offsets, self.offsets)

    @property
    def mixed_sizes(self) -> list[SSAValue | int]:
        return mixed(self.static_sizes, self.sizes)

    @property
    def mixed_strides(self) -> list[SSAValue | int]:
        return mixed(self.static_strides, self.strides)

    @property
    def slice_shape(self) -> tuple[int, ...]:
        """The sizes, DYNAMIC_INDEX where one is known only when the program runs."""
        return static_values(self.static_sizes)

    def print_slice_lists(self, printer: Printer) -> None:
        print_index_list(printer, self.static_offsets, self.offsets)
        printer.print_string(" ")
        print_index_list(printer, self.static_sizes, self.sizes)
        printer.print_string(" ")
        print_index_list(printer, self.static_strides, self.strides)

    def verify_lists(self) -> None:
        verify_index_list(self, "offsets", self.static_offsets, self.offsets)
        verify_index_list(self, "sizes", self.static_sizes, self.sizes)
        verify_index_list(self, "strides", self.static_strides, self.strides)
        for size in self.slice_shape:
            if size < 0 and size != DYNAMIC_INDEX:
                raise VerifyException(f"'{self.name}' has a size of {size}: a size is not negative")

    def verify_within(self, shape: Sequence[int]) -> None:
        """There is one of each for every dimension, and what is known now lies within `shape`."""
        self.verify_lists()
        lists = static_values(self.static_offsets), self.slice_shape, static_values(self.static_strides)
        counts = [len(part) for part in lists]
        if counts != [len(shape)] * 3:
            raise VerifyException(
                f"'{self.name}' has {counted(counts[0], 'offset')}, {counted(counts[1], 'size')} and "
                f"{counted(counts[2], 'stride')} for {counted(len(shape), 'dimension')}: "
                "every dimension has one of each"
            )
        for number, (extent, offset, size, stride) in enumerate(zip(shape, *lists, strict=True)):
            if DYNAMIC_INDEX in (offset, size, stride):
                continue
            last = offset + max(size - 1, 0) * stride
            if min(offset, last) < 0 or (extent != DYNAMIC_INDEX and size > 0 and max(offset, last) >= extent):
                raise VerifyException(
                    f"'{self.name}' takes {counted(size, 'element')} from {offset} in steps of {stride} along "
                    f"dimension {number}, "
                    f"which has {'?' if extent == DYNAMIC_INDEX else extent}: a slice lies within what is sliced"
                )

    def is_within(self, shape: Sequence[int]) -> bool:
        """Whether a slice that verifies lies within `shape` whatever the program does: all is known now."""
        return DYNAMIC_INDEX not in shape and not (self.offsets or self.sizes or self.strides)

    def verify_slice_shape(self, shape: Sequence[int]) -> None:
        """`shape` is that of the sizes, of which some that are 1 may be left out."""
        if dropped_dims(self.slice_shape, shape) is None:
            raise VerifyException(
                f"'{self.name}' has sizes [{_shape(self.slice_shape)}] and a slice of shape [{_shape(shape)}]: "
                "the slice has the shape of the sizes, from which dimensions of size 1 may be dropped"
            )


def dropped_dims(sizes: Sequence[int], shape: Sequence[int]) -> tuple[int, ...] | None:
    """Which dimensions of `sizes` (all 1) are left out of `shape`; None when the shapes do not fit.

    As in MLIR, a size that is 1 in both is kept where possible from the front.
    """
    dropped: list[int] = []
    position = 0
    for number, size in enumerate(sizes):
        remaining = len(sizes) - number
        if position < len(shape) and shape[position] == size and remaining >= len(shape) - position:
            position += 1
        elif size == 1:
            dropped.append(number)
        else:
            return None
    return tuple(dropped) if position == len(shape) else None


def _shape(shape: Sequence[int]) -> str:
    return ", ".join("?" if size == DYNAMIC_INDEX else str(size) for size in shape)
