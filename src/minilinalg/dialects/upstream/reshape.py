"""Reassociation: which neighbouring dimensions of a larger shape make up each dimension of a smaller one.

[[0, 1], [2]]    dimensions 0 and 1 of the expanded shape are dimension 0 of the collapsed one, 2 is its 1
"""

from __future__ import annotations

import abc
import math
from collections.abc import Iterable

from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, IntegerAttr, MemRefType, TensorType, i64
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import counted

Reassociation = ArrayAttr[ArrayAttr[IntegerAttr]]


def reassociation(groups: Iterable[Iterable[int]]) -> Reassociation:
    """The attribute for groups of dimensions."""
    return ArrayAttr(ArrayAttr(IntegerAttr(dim, i64) for dim in group) for group in groups)


def groups_of(attribute: Reassociation) -> list[list[int]]:
    """The inverse of `reassociation`."""
    return [[dim.value.data for dim in group] for group in attribute]


def parse_reassociation(parser: Parser) -> Reassociation:
    def group() -> list[int]:
        return parser.parse_comma_separated_list(
            Parser.Delimiter.SQUARE, lambda: parser.parse_integer(context_msg=" (a dimension)")
        )

    return reassociation(parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, group))


def print_reassociation(printer: Printer, attribute: Reassociation) -> None:
    printer.print_string(f" {groups_of(attribute)}")


class ReshapeLikeOp(IRDLOperation, abc.ABC):
    """An operation that splits or merges dimensions."""

    reassociation = prop_def(Reassociation)

    def verify_reassociation(self, collapsed: Attribute, expanded: Attribute) -> None:
        """Each group covers the next dimensions of `expanded`, and its sizes multiply to that of `collapsed`."""
        assert isinstance(collapsed, TensorType | MemRefType) and isinstance(expanded, TensorType | MemRefType)
        groups = groups_of(self.reassociation)
        small, large = collapsed.get_shape(), expanded.get_shape()
        if len(groups) != len(small):
            raise VerifyException(
                f"'{self.name}' has {counted(len(groups), 'group')} for {collapsed}: "
                f"it has one for each dimension, {len(small)}"
            )
        if groups and [dim for group in groups for dim in group] != list(range(len(large))):
            raise VerifyException(
                f"'{self.name}' has groups {groups} for {expanded}: "
                f"they list its {len(large)} dimensions in order, each once"
            )
        if not all(groups):
            raise VerifyException(
                f"'{self.name}' has groups {groups} for {expanded}: an empty group would be a dimension made of nothing"
            )
        if not groups and any(size != 1 for size in large):
            raise VerifyException(f"'{self.name}' makes {collapsed} and {expanded} the same: all sizes must be 1")
        for number, (group, size) in enumerate(zip(groups, small, strict=True)):
            sizes = [large[dim] for dim in group]
            dynamic = DYNAMIC_INDEX in sizes
            product = math.prod(sizes)
            if size != DYNAMIC_INDEX and not dynamic and product != size:
                raise VerifyException(
                    f"'{self.name}' makes dimension {number} of size {size} out of sizes {sizes}: "
                    f"their product is {product}"
                )
            if (size == DYNAMIC_INDEX) != dynamic:
                raise VerifyException(
                    f"'{self.name}' has {collapsed} and {expanded}: a dimension is dynamic exactly when one of its "
                    f"group is, here dimension {number}"
                )
        if collapsed.get_element_type() != expanded.get_element_type():
            raise VerifyException(f"'{self.name}' has {collapsed} and {expanded}: their elements are of one type")

    def print_types(self, printer: Printer, source: Attribute, result: Attribute) -> None:
        """` attributes : type into type`."""
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(source)
        printer.print_string(" into ")
        printer.print_attribute(result)
