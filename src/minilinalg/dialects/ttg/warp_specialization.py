"""Groups of warps that run different code at the same time."""

from __future__ import annotations

from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, i32
from xdsl.ir import Block, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    var_operand_def,
    var_region_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator, Pure, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import OrderedTraits, in_order


@irdl_op_definition
class WarpYieldOp(FormattedOperation):
    """End the default region of `ttg.warp_specialize` with its results: `ttg.warp_yield %x : i32`."""

    name = "ttg.warp_yield"
    SYNTAX: ClassVar = Syntax("($values^)? attr-dict (`:` type($values)^)?")

    values = var_operand_def()

    traits = OrderedTraits(lambda: (Pure(), IsTerminator(), HasParent(WarpSpecializeOp)))


@irdl_op_definition
class WarpReturnOp(FormattedOperation):
    """End a partition of `ttg.warp_specialize`: `ttg.warp_return`."""

    name = "ttg.warp_return"
    SYNTAX: ClassVar = Syntax("attr-dict")

    traits = OrderedTraits(lambda: (Pure(), IsTerminator(), HasParent(WarpSpecializePartitionsOp)))


@irdl_op_definition
class WarpSpecializePartitionsOp(IRDLOperation):
    """The partitions of `ttg.warp_specialize`, which see no values from outside but `explicit_captures`.

    Written as part of `ttg.warp_specialize`; it has no syntax of its own.
    """

    name = "ttg.warp_specialize.partitions"

    explicit_captures = var_operand_def()
    partition_regions = var_region_def()

    traits = OrderedTraits(
        lambda: (IsolatedFromAbove(), IsTerminator(), RecursiveMemoryEffect(), HasParent(WarpSpecializeOp))
    )

    def verify_(self) -> None:
        for number, region in enumerate(self.partition_regions):
            found = [argument.type for argument in region.block.args] if region.blocks else []
            if found != [value.type for value in self.explicit_captures]:
                raise VerifyException(
                    f"'ttg.warp_specialize' has arguments ({', '.join(map(str, found))}) in partition {number} and "
                    f"captures ({', '.join(map(str, self.explicit_captures.types))}): both are the same"
                )


@irdl_op_definition
class WarpSpecializeOp(IRDLOperation):
    """Run the default region on the warps that are here and each partition on warps of its own, until all are done.

    ```mlir
    %r = ttg.warp_specialize(%a)
    default {
      ttg.warp_yield %a : i32
    }
    partition0(%x: i32) num_warps(4) {
      ttg.warp_return
    } : (i32) -> i32
    ```

    Partitions see only what is captured. The results are those of the default region.
    """

    name = "ttg.warp_specialize"

    partition_num_warps = prop_def(DenseArrayBase.constr(i32), prop_name="partitionNumWarps")
    warp_group_start_ids = opt_prop_def(DenseArrayBase.constr(i32), prop_name="warpGroupStartIds")
    requested_registers = opt_prop_def(DenseArrayBase.constr(i32), prop_name="requestedRegisters")
    actual_registers = opt_prop_def(DenseArrayBase.constr(i32), prop_name="actualRegisters")
    default_passthrough = var_result_def()
    default_region = region_def()
    partition_op_holder = region_def("single_block")

    traits = in_order(RecursiveMemoryEffect())

    @property
    def partitions(self) -> WarpSpecializePartitionsOp:
        """The operation that holds the partitions."""
        op = self.partition_op_holder.block.last_op
        assert isinstance(op, WarpSpecializePartitionsOp)
        return op

    def verify_(self) -> None:
        if not isinstance(self.partition_op_holder.block.last_op, WarpSpecializePartitionsOp):
            raise VerifyException("'ttg.warp_specialize' does not hold ttg.warp_specialize.partitions")
        warps, count = self.partition_num_warps.get_values(), len(self.partitions.partition_regions)
        if len(warps) != count:
            raise VerifyException(
                f"'ttg.warp_specialize' of {count} partitions and numbers of warps {list(warps)}: one for each"
            )
        for number in warps:
            if number < 1 or number & number - 1:
                raise VerifyException(f"'ttg.warp_specialize' with {number} warps: a power of two")
        given = {"warpGroupStartIds": self.warp_group_start_ids, "requestedRegisters": self.requested_registers}
        for key, numbers in given.items():
            if numbers is not None and len(numbers.get_values()) != count:
                raise VerifyException(
                    f"'ttg.warp_specialize' of {count} partitions and {key} = {list(numbers.get_values())}: "
                    "one for each"
                )
        for block in self.default_region.blocks:
            last = block.last_op
            if isinstance(last, WarpYieldOp) and last.operand_types != self.result_types:
                raise VerifyException(
                    f"'ttg.warp_specialize' yields ({', '.join(map(str, last.operand_types))}) and gives "
                    f"({', '.join(map(str, self.result_types))}): both are the same"
                )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        position = parser.pos
        captured = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        given = {} if attributes is None else dict(attributes.data)
        parser.parse_keyword("default")
        default = parser.parse_region()
        regions: list[Region] = []
        warps: list[int] = []
        while parser.parse_optional_keyword(f"partition{len(regions)}") is not None:
            arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
            parser.parse_keyword("num_warps")
            with parser.in_parens():
                warps.append(parser.parse_integer(allow_boolean=False, allow_negative=False))
            regions.append(parser.parse_region(arguments))
        parser.parse_punctuation(":")
        types = parser.parse_function_type()
        captures = parser.resolve_operands(captured, types.inputs.data, position)
        partitions = WarpSpecializePartitionsOp(operands=[captures], regions=[regions])
        names = cls.get_irdl_definition().properties
        properties = {name: given.pop(name) for name in list(given) if name in names}
        return cls.create(
            properties={"partitionNumWarps": DenseArrayBase.from_list(i32, warps)} | properties,
            attributes=given,
            result_types=types.outputs.data,
            regions=[default, Region(Block([partitions]))],
        )

    def print(self, printer: Printer) -> None:
        partitions = self.partitions
        with printer.in_parens():
            printer.print_list(partitions.explicit_captures, printer.print_ssa_value)
        shown = {name: value for name, value in self.properties.items() if name != "partitionNumWarps"}
        if shown or self.attributes:
            printer.print_op_attributes(dict(sorted((shown | self.attributes).items())), print_keyword=True)
        printer.print_string("\ndefault ")
        printer.print_region(self.default_region, print_entry_block_args=False)
        for number, (region, warps) in enumerate(
            zip(partitions.partition_regions, self.partition_num_warps.get_values(), strict=True)
        ):
            printer.print_string(f"\npartition{number}")
            with printer.in_parens():
                printer.print_list(region.block.args, printer.print_block_argument)
            printer.print_string(f" num_warps({warps}) ")
            printer.print_region(region, print_entry_block_args=False)
        printer.print_string(" : ")
        printer.print_function_type(partitions.explicit_captures.types, self.result_types)
