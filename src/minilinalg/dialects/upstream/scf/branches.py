"""Regions that run or do not: `scf.if`, `scf.index_switch`, `scf.execute_region`."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    IndexType,
    UnitAttr,
    i1,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_region_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    RecursivelySpeculatable,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    counted,
    parse_optional_result_types,
    print_optional_result_types,
    static_values,
    with_terminator,
)
from minilinalg.dialects.upstream.scf.yields import YieldOp, verify_yield, verify_yielded


@irdl_op_definition
class IfOp(IRDLOperation):
    """Run one of two regions: `%r = scf.if %c -> (f32) { scf.yield %a : f32 } else { scf.yield %b : f32 }`.

    The condition is an i1. With results, both regions yield one value for each; without, `else` may be left out.
    """

    name = "scf.if"
    output = var_result_def()
    cond = operand_def(i1)
    true_region = region_def("single_block")
    false_region = region_def()
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp), RecursiveMemoryEffect(), RecursivelySpeculatable())

    def __init__(
        self,
        cond: SSAValue | Operation,
        return_types: Sequence[Attribute],
        true_region: Region | Sequence[Block] | Sequence[Operation],
        false_region: Region | Sequence[Block] | Sequence[Operation] | None = None,
        attr_dict: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=[cond],
            result_types=[return_types],
            regions=[true_region, Region() if false_region is None else false_region],
            attributes=attr_dict,
        )

    def verify_(self) -> None:
        if self.output and not self.false_region.blocks:
            raise VerifyException(
                f"'scf.if' has {counted(len(self.output), 'result')} but no else region: "
                "both ways must yield the results"
            )
        for name, region in (("then", self.true_region), ("else", self.false_region)):
            if region.blocks:
                verify_yield(self, f"the {name} region", region, self.result_types)

    @classmethod
    def parse(cls, parser: Parser) -> IfOp:
        condition = parser.parse_operand(i1)
        types = parse_optional_result_types(parser)
        regions = [with_terminator(parser.parse_region(), YieldOp), Region()]
        if parser.parse_optional_keyword("else") is not None:
            regions[1] = with_terminator(parser.parse_region(), YieldOp)
        return cls.create(
            operands=[condition],
            result_types=types,
            regions=regions,
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.cond)
        print_optional_result_types(printer, self.result_types, always_parens=True)
        for word, region in ((" ", self.true_region), (" else ", self.false_region)):
            if region.blocks:
                printer.print_string(word)
                printer.print_region(
                    region,
                    print_entry_block_args=False,
                    print_empty_block=False,
                    print_block_terminators=bool(self.output),
                )
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class IndexSwitchOp(IRDLOperation):
    """Run the region whose case is the operand (an index), or the default.

        %r = scf.index_switch %i -> i32
        case 2 {
          scf.yield %a : i32
        }
        default {
          scf.yield %b : i32
        }

    No number has two cases.
    """

    name = "scf.index_switch"
    arg = operand_def(IndexType)
    cases = prop_def(DenseArrayBase.constr(i64))
    output = var_result_def()
    default_region = region_def("single_block")
    case_regions = var_region_def("single_block")
    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(
        self,
        arg: Operation | SSAValue,
        cases: DenseArrayBase,
        default_region: Region,
        case_regions: Sequence[Region],
        result_types: Sequence[Attribute],
        attr_dict: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=(arg,),
            attributes=attr_dict,
            properties={"cases": cases},
            regions=(default_region, case_regions),
            result_types=(result_types,),
        )

    def verify_(self) -> None:
        cases = static_values(self.cases)
        if len(cases) != len(self.case_regions):
            raise VerifyException(
                f"'scf.index_switch' has {counted(len(cases), 'case')} and "
                f"{counted(len(self.case_regions), 'region')} for them: every case has a region"
            )
        if len(set(cases)) != len(cases):
            raise VerifyException(f"'scf.index_switch' has cases {list(cases)}: no case may appear twice")
        verify_yield(self, "the default region", self.default_region, self.result_types)
        for case, region in zip(cases, self.case_regions, strict=True):
            verify_yield(self, f"case {case}", region, self.result_types)

    @classmethod
    def parse(cls, parser: Parser) -> IndexSwitchOp:
        argument = parser.parse_operand(INDEX)
        attributes = parser.parse_optional_attr_dict()
        types: list[Attribute] = []
        if parser.parse_optional_punctuation("->") is not None:
            types = [*parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)]
        cases: list[int] = []
        regions: list[Region] = []
        while parser.parse_optional_keyword("case") is not None:
            cases.append(parser.parse_integer(allow_boolean=False))
            regions.append(with_terminator(parser.parse_region(), YieldOp))
        parser.parse_keyword("default", " or 'case'")
        default = with_terminator(parser.parse_region(), YieldOp)
        return cls(argument, DenseArrayBase.from_list(i64, cases), default, regions, types, attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.arg)
        printer.print_op_attributes(self.attributes)
        if self.result_types:
            printer.print_string(" -> ")
            printer.print_list(self.result_types, printer.print_attribute)
        for case, region in zip(static_values(self.cases), self.case_regions, strict=True):
            printer.print_string(f"\ncase {case} ")
            printer.print_region(region)
        printer.print_string("\ndefault ")
        printer.print_region(self.default_region)


@irdl_op_definition
class ExecuteRegionOp(IRDLOperation):
    """Run a region of any number of blocks once: `%r = scf.execute_region -> i32 { ... scf.yield %x : i32 }`.

    With `no_inline` no pass may replace it by its contents.
    """

    name = "scf.execute_region"
    outs = var_result_def()
    no_inline = opt_prop_def(UnitAttr)
    region = region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, result_types: Sequence[Attribute], region: Region):
        super().__init__(result_types=(result_types,), regions=(region,))

    def verify_(self) -> None:
        if self.region.first_block is None:
            raise VerifyException("'scf.execute_region' has an empty region: it runs at least one block")
        for block in self.region.blocks:
            if isinstance(last := block.last_op, YieldOp):
                verify_yielded(self, "a block", last, self.outs.types)

    @classmethod
    def parse(cls, parser: Parser) -> ExecuteRegionOp:
        types = parse_optional_result_types(parser)
        no_inline = parser.parse_optional_keyword("no_inline") is not None
        return cls.create(
            result_types=types,
            regions=[parser.parse_region()],
            properties={"no_inline": UnitAttr()} if no_inline else {},
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        print_optional_result_types(printer, self.result_types)
        printer.print_string(" no_inline " if self.no_inline is not None else " ")
        printer.print_region(self.region, print_entry_block_args=False)
        printer.print_op_attributes(self.attributes)
