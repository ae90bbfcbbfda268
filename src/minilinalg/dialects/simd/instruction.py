"""What all instructions of the machine share: operands, tokens, syntax, memory effects.

    %t = simd.NAME async %in, %in -> %out after %token clause = value {attributes} : types -> types

`async` and its result, `after` and the clauses are optional. When all data operands have one type it is written once.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, TypeAlias, TypeVar, cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, MemRefType, UnitAttr, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    opt_result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.attributes import TokenType
from minilinalg.dialects.simd.buffers import Buffer, element_bytes, is_contiguous, space_of, static_count

_T = TypeVar("_T")
Pipe: TypeAlias = Literal["scalar", "vector", "tensor", "io_dma", "move_dma"]


@dataclass(frozen=True)
class Spec:
    """One row of the machine's manual.

    meaning: the operation that the instruction computes, by its MLIR name; interp/ binds to it.
    pipe: where it runs; None for a DMA, whose pipe is a figure of the target's path between the two spaces.
    cost_class: the row of the target's `instruction` table that says what it costs; None where a unit of its own does.
    """

    mnemonic: str
    meaning: str
    pipe: Pipe | None
    cost_class: str | None
    summary: str


@dataclass(frozen=True)
class Clause:
    """How one property is written behind the operands. `flag` is written by its name alone, the others `name = value`.

    `words` are the spellings of an `enum` property's values 0, 1, 2, ...
    """

    name: str
    kind: Literal["ints", "int", "enum", "flag"]
    words: tuple[str, ...] = ()

    def parse(self, parser: Parser) -> Attribute | None:
        """The property's value, or None when the clause is not there."""
        if parser.parse_optional_keyword(self.name) is None:
            return None
        if self.kind == "flag":
            return UnitAttr()
        parser.parse_punctuation("=", f" after '{self.name}'")
        if self.kind == "ints":
            values = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
            return DenseArrayBase.from_list(i64, values)
        if self.kind == "int":
            return IntegerAttr(parser.parse_integer(), i64)
        return IntegerAttr(self.words.index(parser.parse_keyword_in(self.words)), i64)

    def print(self, printer: Printer, value: Attribute) -> None:
        printer.print_string(f" {self.name}")
        if isinstance(value, DenseArrayBase):
            printer.print_string(f" = [{', '.join(str(v) for v in value.get_values())}]")
        elif isinstance(value, IntegerAttr):
            number: int = value.value.data
            printer.print_string(f" = {self.words[number] if self.kind == 'enum' else number}")

    def verify(self, value: Attribute) -> None:
        """Raises VerifyException when an enum's number stands for none of its words."""
        if self.kind == "enum" and isinstance(value, IntegerAttr) and not 0 <= value.value.data < len(self.words):
            raise VerifyException(
                f"{self.name} is {value.value.data}; it is a number from 0 to {len(self.words) - 1}, "
                f"for {', '.join(self.words)}"
            )


class InstructionEffects(MemoryEffect):
    """An instruction reads its input buffers and writes its outputs, and reads those that it accumulates into."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        assert isinstance(op, Instruction)
        read = [*op.input_buffers, *(op.outputs if op.accumulates else ())]
        return {EffectInstance(MemoryEffectKind.READ, value) for value in read} | {
            EffectInstance(MemoryEffectKind.WRITE, value) for value in op.outputs
        }


class Instruction(IRDLOperation, ABC):
    """Base of everything that occupies a pipe. Its `SPEC` is its row of the manual.

    `inputs` are all data operands in the order of the meaning, buffers and scalars mixed; `outputs` are buffers.
    Without a token result the core waits until the instruction is done.
    """

    SPEC: ClassVar[Spec]
    CLAUSES: ClassVar[tuple[Clause, ...]] = ()

    inputs = var_operand_def()
    outputs = var_operand_def(MemRefType)
    after = var_operand_def(TokenType)
    token = opt_result_def(TokenType)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(InstructionEffects())

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        outputs: SSAValue | Operation | Sequence[SSAValue | Operation],
        *,
        after: Sequence[SSAValue | Operation] = (),
        is_async: bool = False,
        **properties: Attribute | None,
    ):
        if isinstance(outputs, SSAValue | Operation):
            outputs = (outputs,)
        super().__init__(
            operands=[inputs, outputs, after],
            result_types=[[TokenType()] if is_async else []],
            properties=properties,
        )

    # --- what the machine asks -----------------------------------------------------------------------------------

    @property
    def meaning(self) -> str:
        return self.SPEC.meaning

    @property
    def pipe(self) -> Pipe | None:
        return self.SPEC.pipe

    @property
    def cost_class(self) -> str | None:
        return self.SPEC.cost_class

    @property
    def is_async(self) -> bool:
        return self.token is not None

    @property
    def accumulates(self) -> bool:
        """Whether the outputs' former contents are an operand too."""
        return False

    @property
    def input_buffers(self) -> tuple[SSAValue, ...]:
        return tuple(value for value in self.inputs if isinstance(value.type, MemRefType))

    @property
    def scalars(self) -> tuple[SSAValue, ...]:
        return tuple(value for value in self.inputs if not isinstance(value.type, MemRefType))

    @property
    def input_types(self) -> tuple[Buffer, ...]:
        """Types of the input buffers."""
        return _buffer_types(self.inputs)

    @property
    def output_types(self) -> tuple[Buffer, ...]:
        return _buffer_types(self.outputs)

    @property
    def count(self) -> int:
        """Elements that the vector unit processes, before rounding up to the target's count multiple."""
        return static_count(self.output_types[0]) or 0

    @property
    def width(self) -> int:
        """Bytes of the widest element among the buffers: what passes the unit per element."""
        return max(element_bytes(type) for type in (*self.input_types, *self.output_types))

    # --- syntax --------------------------------------------------------------------------------------------------

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        is_async = parser.parse_optional_keyword("async") is not None
        inputs = (
            parser.parse_optional_undelimited_comma_separated_list(
                parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
            )
            or []
        )
        parser.parse_punctuation("->", " between the inputs and the outputs of an instruction")
        outputs = _comma_separated(parser, parser.parse_unresolved_operand)
        has_after = parser.parse_optional_keyword("after") is not None
        tokens = _comma_separated(parser, parser.parse_unresolved_operand) if has_after else []
        properties = {clause.name: clause.parse(parser) for clause in cls.CLAUSES}
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " before the types of an instruction")
        types_at = parser.pos
        types: list[Attribute] = [*_comma_separated(parser, parser.parse_type)]
        if parser.parse_optional_punctuation("->") is not None:
            types += _comma_separated(parser, parser.parse_type)
        elif len(types) == 1:
            types *= len(inputs) + len(outputs)
        operands = [*inputs, *outputs]
        if len(types) != len(operands):
            parser.raise_error(
                f"{len(types)} types for {len(operands)} operands; "
                "an instruction has one type for all, or a type per input, '->', and a type per output",
                types_at,
                parser.pos,
            )
        values = [parser.resolve_operand(operand, type) for operand, type in zip(operands, types, strict=True)]
        return cls.create(
            operands=[*values, *(parser.resolve_operand(token, TokenType()) for token in tokens)],
            result_types=[TokenType()] if is_async else [],
            properties={
                **{name: value for name, value in properties.items() if value is not None},
                AttrSizedOperandSegments.attribute_name: DenseArrayBase.from_list(
                    i32, [len(inputs), len(outputs), len(tokens)]
                ),
            },
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        if self.is_async:
            printer.print_string(" async")
        if self.inputs:
            printer.print_string(" ")
            printer.print_list(self.inputs, printer.print_ssa_value)
        printer.print_string(" -> ")
        printer.print_list(self.outputs, printer.print_ssa_value)
        if self.after:
            printer.print_string(" after ")
            printer.print_list(self.after, printer.print_ssa_value)
        for clause in self.CLAUSES:
            if (value := self.properties.get(clause.name)) is not None:
                clause.print(printer, value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        types = [value.type for value in (*self.inputs, *self.outputs)]
        if len(set(types)) == 1:
            printer.print_attribute(types[0])
            return
        printer.print_list(types[: len(self.inputs)], printer.print_attribute)
        printer.print_string(" -> ")
        printer.print_list(types[len(self.inputs) :], printer.print_attribute)

    # --- rules ---------------------------------------------------------------------------------------------------

    def verify_(self) -> None:
        for clause in self.CLAUSES:
            if (value := self.properties.get(clause.name)) is not None:
                clause.verify(value)
        for type in (*self.input_types, *self.output_types):
            space_of(type)
            element_bytes(type)
        self.verify_instruction()

    def verify_instruction(self) -> None:
        """The rules of this instruction: counts, element types, shapes, spaces."""

    def expect_operands(self, inputs: int, outputs: int = 1) -> None:
        """Raises VerifyException unless there are so many inputs and outputs."""
        for found, wanted, kind in ((len(self.inputs), inputs, "input"), (len(self.outputs), outputs, "output")):
            if found != wanted:
                raise VerifyException(f"{found} {kind}{'' if found == 1 else 's'}; {self.name} has {wanted}")

    def expect_vector_buffers(self, types: Sequence[Buffer]) -> None:
        """Raises VerifyException unless all `types` are static runs of elements in one space."""
        for type in types:
            if static_count(type) is None:
                raise VerifyException(f"{type} has a dynamic size; {self.name} processes buffers of static shape")
            if not is_contiguous(type):
                raise VerifyException(f"{type} is not contiguous; {self.name} processes gapless runs of elements")
        spaces = dict.fromkeys(space_of(type) for type in types)
        if len(spaces) > 1:
            raise VerifyException(f"buffers in {' and '.join(spaces)}; {self.name} has all its buffers in one space")


def _buffer_types(values: Sequence[SSAValue]) -> tuple[Buffer, ...]:
    types = (value.type for value in values)
    return tuple(cast(Buffer, type) for type in types if isinstance(type, MemRefType))


def _comma_separated(parser: Parser, item: Callable[[], _T]) -> list[_T]:
    return parser.parse_comma_separated_list(parser.Delimiter.NONE, item)
