"""`scf.parallel` and `scf.reduce`."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    IndexType,
)
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    region_def,
    traits_def,
    var_operand_def,
    var_region_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsTerminator,
    Pure,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    counted,
    parse_arguments,
    parse_optional_result_types,
    parse_value_list,
    print_types,
    print_values,
    with_terminator,
)
from minilinalg.dialects.upstream.scf.yields import types_text


@irdl_op_definition
class ReduceReturnOp(IRDLOperation):
    """Ends a region of `scf.reduce` with the combined value: `scf.reduce.return %sum : f32`."""

    name = "scf.reduce.return"
    result = operand_def()
    traits = lazy_traits_def(lambda: (HasParent(ReduceOp), IsTerminator(), Pure()))
    assembly_format = "$result attr-dict `:` type($result)"

    def __init__(self, result: SSAValue | Operation):
        super().__init__(operands=[result])


@irdl_op_definition
class ReduceOp(IRDLOperation):
    """Ends the body of a `scf.parallel`: how the values of all iterations are combined into each result.

        scf.reduce(%x : f32) {
        ^bb0(%lhs: f32, %rhs: f32):
          scf.reduce.return %sum : f32
        }

    One region a result. The order is not specified, so the combination should be associative and commutative.
    """

    name = "scf.reduce"
    args = var_operand_def()
    reductions = var_region_def("single_block")
    traits = lazy_traits_def(lambda: (RecursiveMemoryEffect(), HasParent(ParallelOp), IsTerminator()))

    def __init__(self, args: Sequence[SSAValue | Operation] = (), regions: Sequence[Region] = ()):
        super().__init__(operands=(args,), regions=(regions,))

    def verify_(self) -> None:
        if len(self.args) != len(self.reductions):
            raise VerifyException(
                f"'scf.reduce' has {counted(len(self.args), 'value')} and {counted(len(self.reductions), 'region')}: "
                "every value has a region"
            )
        for value, region in zip(self.args, self.reductions, strict=True):
            if region.block.arg_types != (value.type, value.type):
                raise VerifyException(
                    f"a region of 'scf.reduce' has arguments of types ({types_text(region.block.arg_types)}): "
                    f"it combines two values of the reduced type, here ({value.type}, {value.type})"
                )
            last = region.block.last_op
            if not isinstance(last, ReduceReturnOp) or last.result.type != value.type:
                raise VerifyException(
                    f"a region of 'scf.reduce' must end with 'scf.reduce.return' of the reduced type, here {value.type}"
                )

    @classmethod
    def parse(cls, parser: Parser) -> ReduceOp:
        operands: list[SSAValue] = []
        regions: list[Region] = []
        if parser.parse_optional_punctuation("(") is not None:
            values = parse_value_list(parser, Parser.Delimiter.NONE)
            parser.parse_punctuation(":", " and the types of the reduced values")
            types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
            parser.parse_punctuation(")")
            operands = list(parser.resolve_operands(values, types, parser.pos))
            regions = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_region)
        return cls.create(operands=operands, regions=regions, attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        if self.args:
            print_values(printer, self.args, "(")
            printer.print_string(" : ")
            printer.print_list(self.args.types, printer.print_attribute)
            printer.print_string(") ")
        printer.print_list(self.reductions, printer.print_region)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ParallelOp(IRDLOperation):
    """Iterations that may run at the same time, with values that are reduced over all of them.

        %sum = scf.parallel (%i, %j) = (%lb, %lb) to (%n, %m) step (%s, %s) init (%zero) -> f32 {
          scf.reduce(%x : f32) { ... }
        }

    One lower bound, upper bound and step (index) for each dimension; one `init` and one region of `scf.reduce` for each
    result.
    """

    name = "scf.parallel"
    lowerBound = var_operand_def(IndexType)
    upperBound = var_operand_def(IndexType)
    step = var_operand_def(IndexType)
    initVals = var_operand_def()
    res = var_result_def()
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(SingleBlockImplicitTerminator(ReduceOp), RecursiveMemoryEffect())

    def __init__(
        self,
        lower_bounds: Sequence[SSAValue | Operation],
        upper_bounds: Sequence[SSAValue | Operation],
        steps: Sequence[SSAValue | Operation],
        body: Region | Sequence[Block] | Sequence[Operation],
        init_vals: Sequence[SSAValue | Operation] = (),
    ):
        super().__init__(
            operands=[lower_bounds, upper_bounds, steps, init_vals],
            result_types=[[SSAValue.get(value).type for value in init_vals]],
            regions=[body],
        )

    def verify_(self) -> None:
        counts = len(self.lowerBound), len(self.upperBound), len(self.step)
        if len(set(counts)) != 1:
            raise VerifyException(
                f"'scf.parallel' has {counted(counts[0], 'lower bound')}, {counted(counts[1], 'upper bound')} and "
                f"{counted(counts[2], 'step')}: every dimension has one of each"
            )
        expected = (INDEX,) * counts[0]
        if self.body.block.arg_types != expected:
            raise VerifyException(
                f"the body of 'scf.parallel' has arguments of types ({types_text(self.body.block.arg_types)}): "
                f"it takes an index for each dimension, here ({types_text(expected)})"
            )
        reduction = self.body.block.last_op
        reduced = reduction.args.types if isinstance(reduction, ReduceOp) else ()
        if not tuple(self.initVals.types) == tuple(self.res.types) == tuple(reduced):
            raise VerifyException(
                f"'scf.parallel' has initial values of types ({types_text(self.initVals.types)}), results of types "
                f"({types_text(self.res.types)}), and its 'scf.reduce' values of types ({types_text(reduced)}): "
                "they must be the same"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ParallelOp:
        variables = parse_arguments(parser, INDEX)
        bounds: list[list[SSAValue]] = []
        for word in ("=", "to", "step"):
            parser.parse_characters(word, " and one value for each dimension")
            position = parser.pos
            values = parse_value_list(parser)
            bounds.append(list(parser.resolve_operands(values, [INDEX] * len(variables), position)))
        initial = parse_value_list(parser) if parser.parse_optional_keyword("init") is not None else []
        position = parser.pos
        types = parse_optional_result_types(parser)
        body = with_terminator(parser.parse_region(variables), ReduceOp)
        return cls.build(
            operands=[*bounds, parser.resolve_operands(initial, types, position)],
            result_types=[types],
            regions=[body],
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.body.block.args, " (", ")")
        for word, values in ((" = ", self.lowerBound), (" to ", self.upperBound), (" step ", self.step)):
            print_values(printer, values, f"{word}(", ")")
        if self.initVals:
            print_values(printer, self.initVals, " init (", ")")
            printer.print_string(" -> ")
            print_types(printer, self.result_types)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        printer.print_op_attributes(self.attributes)
