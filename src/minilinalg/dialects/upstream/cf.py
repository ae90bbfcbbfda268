"""The `cf` dialect: branches between blocks.

xDSL 0.74 does not compare what a branch passes with the arguments of the block, and does not read branch weights. Its
names of classes, constructors' parameters and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/ControlFlowDialect/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntElementsAttr,
    DenseIntOrFPElementsAttr,
    IndexTypeConstr,
    SignlessIntegerConstraint,
    StringAttr,
    VectorType,
    i1,
    i32,
)
from xdsl.ir import Attribute, Block, Dialect, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    successor_def,
    traits_def,
    var_operand_def,
    var_successor_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from minilinalg.dialects.upstream.assembly import split_properties, static_values


class Target(NamedTuple):
    """`^bb1(%a, %b : i32, f32)`: where a branch goes and what it passes."""

    block: Block
    operands: list[SSAValue]


def _parse_target(parser: Parser) -> Target:
    block = parser.parse_successor()
    if parser.parse_optional_punctuation("(") is None:
        return Target(block, [])
    values = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_unresolved_operand)
    parser.parse_punctuation(":", " and the types of what is passed")
    position = parser.pos
    types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
    parser.parse_punctuation(")")
    return Target(block, list(parser.resolve_operands(values, types, position)))


def _print_target(printer: Printer, block: Block, operands: Sequence[SSAValue]) -> None:
    printer.print_block_name(block)
    if operands:
        with printer.in_parens():
            printer.print_list(operands, printer.print_ssa_value)
            printer.print_string(" : ")
            printer.print_list([operand.type for operand in operands], printer.print_attribute)


def _verify_target(op: Operation, block: Block, operands: Sequence[SSAValue]) -> None:
    found = tuple(operand.type for operand in operands)
    if found != tuple(block.arg_types):
        raise VerifyException(
            f"'{op.name}' passes ({', '.join(map(str, found))}) to a block with arguments of types "
            f"({', '.join(map(str, block.arg_types))}): a branch passes a value for each argument"
        )


@irdl_op_definition
class AssertOp(IRDLOperation):
    """Stop the program with a message when a condition (an i1) is false: `cf.assert %c, "n is positive"`."""

    name = "cf.assert"
    arg = operand_def(i1)
    msg = prop_def(StringAttr)
    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$arg `,` $msg attr-dict"

    def __init__(self, arg: Operation | SSAValue, msg: str | StringAttr):
        super().__init__(operands=[arg], properties={"msg": StringAttr(msg) if isinstance(msg, str) else msg})


@irdl_op_definition
class BranchOp(IRDLOperation):
    """Go to a block: `cf.br ^bb1(%x : i32)`."""

    name = "cf.br"
    arguments = var_operand_def()
    successor = successor_def()
    traits = traits_def(IsTerminator(), Pure())

    def __init__(self, dest: Block, *ops: Operation | SSAValue):
        super().__init__(operands=[ops], successors=[dest])

    def verify_(self) -> None:
        _verify_target(self, self.successor, self.arguments)

    @classmethod
    def parse(cls, parser: Parser) -> BranchOp:
        target = _parse_target(parser)
        return cls.create(
            operands=target.operands, successors=[target.block], attributes=parser.parse_optional_attr_dict()
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        _print_target(printer, self.successor, self.arguments)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ConditionalBranchOp(IRDLOperation):
    """Go to one of two blocks: `cf.cond_br %c weights([1, 9]), ^bb1(%x : i32), ^bb2`.

    To the first when the condition (an i1) is true. The weights say how often, and are optional.
    """

    name = "cf.cond_br"
    cond = operand_def(i1)
    then_arguments = var_operand_def()
    else_arguments = var_operand_def()
    branch_weights = opt_prop_def(DenseArrayBase.constr(i32))
    then_block = successor_def()
    else_block = successor_def()
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(IsTerminator(), Pure())

    def __init__(
        self,
        cond: Operation | SSAValue,
        then_block: Block,
        then_ops: Sequence[Operation | SSAValue],
        else_block: Block,
        else_ops: Sequence[Operation | SSAValue],
        weights: Sequence[int] | None = None,
    ):
        super().__init__(
            operands=[cond, then_ops, else_ops],
            successors=[then_block, else_block],
            properties={"branch_weights": None if weights is None else DenseArrayBase.from_list(i32, weights)},
        )

    def verify_(self) -> None:
        _verify_target(self, self.then_block, self.then_arguments)
        _verify_target(self, self.else_block, self.else_arguments)
        if self.branch_weights is not None and len(static_values(self.branch_weights)) != 2:
            raise VerifyException(
                f"'cf.cond_br' has weights {list(static_values(self.branch_weights))}: it has two, one for each block"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ConditionalBranchOp:
        condition = parser.parse_operand(i1)
        weights: list[int] | None = None
        if parser.parse_optional_keyword("weights") is not None:
            with parser.in_parens():
                weights = parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer)
        parser.parse_punctuation(",", " and the block for a true condition")
        then = _parse_target(parser)
        parser.parse_punctuation(",", " and the block for a false condition")
        other = _parse_target(parser)
        op = cls(condition, then.block, then.operands, other.block, other.operands, weights)
        properties, attributes = split_properties(cls, parser.parse_optional_attr_dict())
        op.properties |= properties
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.cond)
        if self.branch_weights is not None:
            printer.print_string(f" weights({list(static_values(self.branch_weights))})")
        printer.print_string(", ")
        _print_target(printer, self.then_block, self.then_arguments)
        printer.print_string(", ")
        _print_target(printer, self.else_block, self.else_arguments)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class SwitchOp(IRDLOperation):
    """Go to the block of a case, or to the default.

        cf.switch %i : i32, [
          default: ^bb1(%x : i32),
          42: ^bb2,
          43: ^bb3(%y : i32)
        ]

    The operand is an index or an integer, and each case is a number of that type.
    """

    name = "cf.switch"
    flag = operand_def(IndexTypeConstr | SignlessIntegerConstraint)
    default_operands = var_operand_def()
    case_operands = var_operand_def()
    case_values = opt_prop_def(DenseIntElementsAttr)
    case_operand_segments = prop_def(DenseArrayBase.constr(i32))
    default_block = successor_def()
    case_blocks = var_successor_def()
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(IsTerminator(), Pure())

    def __init__(
        self,
        flag: Operation | SSAValue,
        default_block: Block,
        default_operands: Sequence[Operation | SSAValue],
        case_values: DenseIntElementsAttr | None = None,
        case_blocks: Sequence[Block] = (),
        case_operands: Sequence[Sequence[Operation | SSAValue]] = (),
        attr_dict: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=[flag, default_operands, [operand for operands in case_operands for operand in operands]],
            properties={
                "case_values": case_values,
                "case_operand_segments": DenseArrayBase.from_list(i32, [len(part) for part in case_operands]),
            },
            attributes=attr_dict,
            successors=[default_block, case_blocks],
        )

    @property
    def case_operand(self) -> tuple[Sequence[SSAValue], ...]:
        """What is passed to the block of each case."""
        parts: list[Sequence[SSAValue]] = []
        first = 0
        for size in static_values(self.case_operand_segments):
            parts.append(self.case_operands[first : first + size])
            first += size
        return tuple(parts)

    @property
    def cases(self) -> tuple[int, ...]:
        """The numbers of the cases."""
        return () if self.case_values is None else self.case_values.get_values()

    def verify_(self) -> None:
        counts = len(self.cases), len(self.case_blocks), len(static_values(self.case_operand_segments))
        if len(set(counts)) != 1:
            raise VerifyException(
                f"'cf.switch' has {counts[0]} case values, {counts[1]} blocks and {counts[2]} operand segments: "
                "every case has one of each"
            )
        if self.case_values is not None and self.case_values.get_element_type() != self.flag.type:
            raise VerifyException(
                f"'cf.switch' has cases {self.case_values} for a flag of type {self.flag.type}: they have one type"
            )
        _verify_target(self, self.default_block, self.default_operands)
        for block, operands in zip(self.case_blocks, self.case_operand, strict=True):
            _verify_target(self, block, operands)

    @classmethod
    def parse(cls, parser: Parser) -> SwitchOp:
        flag = parser.parse_unresolved_operand()
        parser.parse_punctuation(":", " and the type of the flag")
        type_ = parser.parse_type()
        parser.parse_punctuation(",", " and the cases in brackets")
        values: list[int] = []
        targets: list[Target] = []
        with parser.in_square_brackets():
            parser.parse_keyword("default", " and its block first")
            parser.parse_punctuation(":", " and a block")
            default = _parse_target(parser)
            while parser.parse_optional_punctuation(",") is not None:
                values.append(parser.parse_integer(allow_boolean=False))
                parser.parse_punctuation(":", " and a block")
                targets.append(_parse_target(parser))
        cases: DenseIntElementsAttr | None = None
        if values:
            found = DenseIntOrFPElementsAttr.from_list(VectorType(type_, [len(values)]), values)  # pyright: ignore
            assert isa(found, DenseIntElementsAttr)
            cases = found
        return cls(
            parser.resolve_operand(flag, type_),
            default.block,
            default.operands,
            cases,
            [target.block for target in targets],
            [target.operands for target in targets],
            parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.flag)
        printer.print_string(" : ")
        printer.print_attribute(self.flag.type)
        printer.print_string(", [")
        with printer.indented():
            printer.print_string("\ndefault: ")
            _print_target(printer, self.default_block, self.default_operands)
            for value, block, operands in zip(self.cases, self.case_blocks, self.case_operand, strict=True):
                printer.print_string(f",\n{value}: ")
                _print_target(printer, block, operands)
        printer.print_string("\n]")
        printer.print_op_attributes(self.attributes)


Cf = Dialect("cf", [AssertOp, BranchOp, ConditionalBranchOp, SwitchOp], [])
