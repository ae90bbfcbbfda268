"""Loops that run one iteration after the other: `scf.for`, `scf.while`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    SignlessIntegerConstraint,
    UnitAttr,
    i1,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    ConditionallySpeculatable,
    HasParent,
    IsTerminator,
    Pure,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
    is_speculatable,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    parse_assignments,
    parse_optional_result_types,
    print_assignments,
    print_types,
    with_terminator,
)
from minilinalg.dialects.upstream.scf.yields import YieldOp, types_text, verify_yield


class EndsIfBodyDoes(ConditionallySpeculatable):
    """A loop may run where it did not when its body may, and when a constant step leads it to its end."""

    @classmethod
    def is_speculatable(cls, op: Operation) -> bool:
        assert isinstance(op, ForOp)
        step = op.step.owner
        value = step.properties.get("value") if isinstance(step, Operation) and step.name == "arith.constant" else None
        return (
            isinstance(value, IntegerAttr)
            and value.value.data > 0
            and all(is_speculatable(inner) for inner in op.body.block.ops)
        )


@irdl_op_definition
class ForOp(IRDLOperation):
    """A counted loop: `lb`, `lb + step`, ... while less than `ub`.

        %sum = scf.for %i = %lb to %ub step %s iter_args(%acc = %zero) -> (f32) : i32 {
          scf.yield %next : f32
        } {tt.num_stages = 2 : i32}

    Bounds and step have one type, index (which is not written) or a signless integer; with `unsigned` they are
    compared as unsigned numbers. `iter_args` start from their values, `scf.yield` gives those of the next iteration,
    and the results are those of the last. A short form without results: `scf.for %i = %lb to %ub step %s {...}`.
    """

    name = "scf.for"
    T: ClassVar = VarConstraint("T", base(IndexType) | SignlessIntegerConstraint)
    lb = operand_def(T)
    ub = operand_def(T)
    step = operand_def(T)
    iter_args = var_operand_def()
    unsigned = opt_prop_def(UnitAttr, prop_name="unsignedCmp")
    res = var_result_def()
    body = region_def("single_block")
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp), RecursiveMemoryEffect(), EndsIfBodyDoes())

    def __init__(
        self,
        lb: SSAValue | Operation,
        ub: SSAValue | Operation,
        step: SSAValue | Operation,
        iter_args: Sequence[SSAValue | Operation],
        body: Region | Sequence[Operation] | Sequence[Block] | Block,
    ):
        super().__init__(
            operands=[lb, ub, step, iter_args],
            result_types=[[SSAValue.get(value).type for value in iter_args]],
            regions=[[body] if isinstance(body, Block) else body],
        )

    @property
    def induction_variable(self) -> BlockArgument:
        return self.body.block.args[0]

    @property
    def region_iter_args(self) -> Sequence[BlockArgument]:
        """The arguments of the body which stand for the loop-carried values."""
        return self.body.block.args[1:]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        """What the body gives to the next iteration."""
        terminator = self.body.block.last_op
        assert terminator is not None
        return terminator.operands

    def verify_(self) -> None:
        carried = tuple(value.type for value in self.iter_args)
        expected = (self.lb.type, *carried)
        if self.body.block.arg_types != expected:
            raise VerifyException(
                f"the body of 'scf.for' has arguments of types ({types_text(self.body.block.arg_types)}): it takes the "
                f"induction variable, then each loop-carried value, here ({types_text(expected)})"
            )
        if tuple(self.result_types) != carried:
            raise VerifyException(
                f"'scf.for' has results of types ({types_text(self.result_types)}): it gives each loop-carried value, "
                f"here ({types_text(carried)})"
            )
        verify_yield(self, "the body", self.body, carried)

    @classmethod
    def parse(cls, parser: Parser) -> ForOp:
        unsigned = parser.parse_optional_keyword("unsigned") is not None
        variable = parser.parse_argument(expect_type=False)
        parser.parse_punctuation("=", " and the lower bound")
        lower = parser.parse_unresolved_operand()
        parser.parse_keyword("to", " and the upper bound")
        upper = parser.parse_unresolved_operand()
        parser.parse_keyword("step", " of the loop")
        step = parser.parse_unresolved_operand()
        arguments: list[Parser.Argument] = []
        initial: list[SSAValue] = []
        if parser.parse_optional_keyword("iter_args") is not None:
            assignments = parse_assignments(parser)
            arguments, initial = assignments.resolve(parser, parse_optional_result_types(parser))
        type_ = parser.parse_type() if parser.parse_optional_punctuation(":") is not None else INDEX
        body = with_terminator(parser.parse_region((variable.resolve(type_), *arguments)), YieldOp)
        return cls.create(
            operands=[*(parser.resolve_operand(bound, type_) for bound in (lower, upper, step)), *initial],
            result_types=[value.type for value in initial],
            regions=[body],
            properties={"unsignedCmp": UnitAttr()} if unsigned else {},
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" unsigned " if self.unsigned is not None else " ")
        printer.print_ssa_value(self.induction_variable)
        for word, bound in ((" = ", self.lb), (" to ", self.ub), (" step ", self.step)):
            printer.print_string(word)
            printer.print_ssa_value(bound)
        if self.iter_args:
            printer.print_string(" iter_args")
            print_assignments(printer, self.region_iter_args, self.iter_args)
            printer.print_string(" -> ")
            print_types(printer, self.result_types, always_parens=True)
        if not isinstance(self.lb.type, IndexType):
            # mlir-opt writes two blanks here, and so does Triton.
            printer.print_string("  : ")
            printer.print_attribute(self.lb.type)
        printer.print_string(" ")
        printer.print_region(
            self.body,
            print_entry_block_args=False,
            print_empty_block=False,
            print_block_terminators=bool(self.iter_args),
        )
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ConditionOp(IRDLOperation):
    """Ends the first region of a `while`: whether to go on, and the values for the second region or the results.

    `scf.condition(%c) %x, %y : i32, f32`
    """

    name = "scf.condition"
    condition = operand_def(i1)
    args = var_operand_def()
    traits = lazy_traits_def(lambda: (HasParent(WhileOp), IsTerminator(), Pure()))
    assembly_format = "`(` $condition `)` attr-dict ($args^ `:` type($args))?"

    def __init__(self, condition: SSAValue | Operation, *args: SSAValue | Operation):
        super().__init__(operands=(condition, args))


@irdl_op_definition
class WhileOp(IRDLOperation):
    """A loop with its test in the middle.

        %r = scf.while (%x = %init) : (i32) -> f32 {
          scf.condition(%c) %y : f32
        } do {
        ^bb0(%y: f32):
          scf.yield %next : i32
        }

    The first region computes the condition; while it is true, the second runs on the values that `scf.condition`
    passes, and yields the next arguments of the first. When it is false, those values are the results.
    """

    name = "scf.while"
    arguments = var_operand_def()
    res = var_result_def()
    before_region = region_def("single_block")
    after_region = region_def("single_block")
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(
        self,
        arguments: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        before_region: Region | Sequence[Operation] | Sequence[Block],
        after_region: Region | Sequence[Operation] | Sequence[Block],
    ):
        super().__init__(operands=[arguments], result_types=[result_types], regions=[before_region, after_region])

    def verify_(self) -> None:
        before, after = self.before_region.block, self.after_region.block
        condition, yielded = before.last_op, after.last_op
        if not isinstance(condition, ConditionOp):
            raise VerifyException("the first region of 'scf.while' must end with 'scf.condition'")
        if not isinstance(yielded, YieldOp):
            raise VerifyException("the second region of 'scf.while' must end with 'scf.yield'")
        pairs = (
            ("arguments of its first region", before.arg_types, "operands", self.arguments.types),
            ("values of 'scf.condition'", condition.args.types, "results", self.res.types),
            ("arguments of its second region", after.arg_types, "results", self.res.types),
            ("values of 'scf.yield'", yielded.arguments.types, "operands", self.arguments.types),
        )
        for what, found, like, expected in pairs:
            if tuple(found) != tuple(expected):
                raise VerifyException(
                    f"'scf.while': the {what} have types ({types_text(found)}), its {like} ({types_text(expected)}): "
                    "they must be the same"
                )

    @classmethod
    def parse(cls, parser: Parser) -> WhileOp:
        if parser.parse_optional_punctuation(":") is None:
            assignments = parse_assignments(parser)
            parser.parse_punctuation(":", " and the function type of the loop")
            type_ = parser.parse_function_type()
            arguments, operands = assignments.resolve(parser, type_.inputs.data)
        else:
            type_ = parser.parse_function_type()
            arguments, operands = [], []
        before = parser.parse_region(arguments)
        parser.parse_keyword("do", " and the second region")
        after = parser.parse_region()
        attributes = parser.parse_optional_attr_dict_with_keyword()
        return cls.create(
            operands=operands,
            result_types=type_.outputs.data,
            regions=[before, with_terminator(after, YieldOp)],
            attributes={} if attributes is None else attributes.data,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        if self.arguments:
            print_assignments(printer, self.before_region.block.args, self.arguments)
            printer.print_string(" ")
        printer.print_string(": ")
        printer.print_function_type(self.operand_types, self.result_types)
        printer.print_string(" ")
        printer.print_region(self.before_region, print_entry_block_args=False)
        printer.print_string(" do ")
        printer.print_region(self.after_region)
        printer.print_op_attributes(self.attributes, print_keyword=True)
