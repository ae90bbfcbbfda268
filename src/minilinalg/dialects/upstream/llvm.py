"""The `llvm` dialect: xDSL's, and the intrinsic that Triton's IR uses, `llvm.intr.assume`.

Source: https://mlir.llvm.org/docs/Dialects/LLVM/
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import llvm as xdsl_llvm
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, StringAttr, i1, i32
from xdsl.ir import Dialect, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import parse_value_list, print_values, static_values


@irdl_op_definition
class AssumeOp(IRDLOperation):
    """A promise that a condition (an i1) is true: `llvm.intr.assume %c : i1`.

    Bundles say more: `llvm.intr.assume %c ["align"(%p, %n : !llvm.ptr, i64)] : i1`.
    """

    name = "llvm.intr.assume"
    cond = operand_def(i1)
    op_bundle_operands = var_operand_def()
    op_bundle_sizes = prop_def(DenseArrayBase.constr(i32), default_value=DenseArrayBase.from_list(i32, []))
    op_bundle_tags = opt_prop_def(ArrayAttr[StringAttr])
    # It touches no memory, but must not be removed or moved over what it is about.
    traits = traits_def(MemoryWriteEffect())

    def __init__(self, cond: SSAValue | Operation, bundles: Sequence[tuple[str, Sequence[SSAValue | Operation]]] = ()):
        super().__init__(
            operands=[cond, [value for _, values in bundles for value in values]],
            properties={
                "op_bundle_sizes": DenseArrayBase.from_list(i32, [len(values) for _, values in bundles]),
                "op_bundle_tags": ArrayAttr(StringAttr(tag) for tag, _ in bundles) if bundles else None,
            },
        )

    @property
    def bundles(self) -> list[tuple[str, Sequence[SSAValue]]]:
        """Each bundle's tag and operands."""
        tags = [] if self.op_bundle_tags is None else [tag.data for tag in self.op_bundle_tags]
        found: list[tuple[str, Sequence[SSAValue]]] = []
        first = 0
        for tag, size in zip(tags, static_values(self.op_bundle_sizes), strict=True):
            found.append((tag, self.op_bundle_operands[first : first + size]))
            first += size
        return found

    def verify_(self) -> None:
        sizes = static_values(self.op_bundle_sizes)
        tags = 0 if self.op_bundle_tags is None else len(self.op_bundle_tags)
        if len(sizes) != tags or sum(sizes) != len(self.op_bundle_operands):
            raise VerifyException(
                f"'llvm.intr.assume' has {tags} bundle tags, sizes {list(sizes)} and {len(self.op_bundle_operands)} "
                "operands for them: each bundle has a tag and a size, and the sizes add up to the operands"
            )

    @classmethod
    def parse(cls, parser: Parser) -> AssumeOp:
        condition = parser.parse_unresolved_operand()

        def bundle() -> tuple[str, Sequence[SSAValue]]:
            tag = parser.parse_str_literal(" (the tag of a bundle)")
            with parser.in_parens():
                values = parse_value_list(parser, Parser.Delimiter.NONE)
                parser.parse_punctuation(":", " and the types of the operands")
                position = parser.pos
                types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
            return tag, parser.resolve_operands(values, types, position)

        bundles = parser.parse_optional_comma_separated_list(Parser.Delimiter.SQUARE, bundle) or []
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type i1")
        op = cls(parser.resolve_operand(condition, parser.parse_type()), bundles)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.cond)

        def bundle(parts: tuple[str, Sequence[SSAValue]]) -> None:
            tag, values = parts
            printer.print_string_literal(tag)
            print_values(printer, values, "(", " : ")
            printer.print_list([value.type for value in values], printer.print_attribute)
            printer.print_string(")")

        if self.bundles:
            printer.print_string(" ")
            with printer.in_square_brackets():
                printer.print_list(self.bundles, bundle)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.cond.type)


LLVM = Dialect("llvm", [*xdsl_llvm.LLVM.operations, AssumeOp], [*xdsl_llvm.LLVM.attributes])
