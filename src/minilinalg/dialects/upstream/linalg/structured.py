"""What all structured operations of linalg are made of.

An operation has inputs and outputs (memrefs, tensors, or scalars among the inputs), a loop nest that its iterator types
name, a map from loops to elements for each operand, and a body that computes the output elements from the operands'
elements. On memrefs the outputs are written; on tensors the results are new tensors, one for each output, which gives
the initial elements.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import DYNAMIC_INDEX, AffineMapAttr, ArrayAttr, MemRefType, TensorType
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap
from xdsl.irdl import IRDLOperation, region_def, traits_def, var_operand_def, var_result_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.upstream.assembly import (
    counted,
    parse_operand_group,
    parse_optional_result_types,
    print_operand_group,
    print_optional_result_types,
    split_properties,
)
from minilinalg.dialects.upstream.constraints import RankedTensor, Shaped
from minilinalg.dialects.upstream.effects import DestinationStyleEffects
from minilinalg.dialects.upstream.linear_index import LinearIndex

PARALLEL = IteratorTypeAttr(IteratorType.PARALLEL)
REDUCTION = IteratorTypeAttr(IteratorType.REDUCTION)
MEMOIZED_MAPS = "linalg.memoized_indexing_maps"
"""An attribute in which mlir-opt keeps the maps of a named operation in the generic form; it says nothing new."""


def tensor_types(outputs: Sequence[SSAValue]) -> list[Attribute]:
    """The results of an operation with these outputs: one tensor for each tensor."""
    return [type_ for value in outputs if isinstance(type_ := value.type, TensorType)]  # pyright: ignore


def element_types(values: Sequence[SSAValue]) -> list[Attribute]:
    """The types of a body's arguments: an element of a tensor or memref, a scalar as it is."""
    return [get_element_type_or_self(value.type) for value in values]


class StructuredOp(IRDLOperation, abc.ABC):
    """What passes ask of a structured operation, whatever its operands are called in the text."""

    traits = traits_def(DestinationStyleEffects())

    @property
    @abc.abstractmethod
    def inputs(self) -> Sequence[SSAValue]:
        """The operands that are only read."""

    @property
    @abc.abstractmethod
    def outputs(self) -> Sequence[SSAValue]:
        """The operands that give the initial elements; as memrefs they are written."""

    @property
    @abc.abstractmethod
    def res(self) -> Sequence[SSAValue]:
        """One tensor for each output that is a tensor."""

    @property
    def body(self) -> Region:
        """The computation on elements: takes one of each operand, yields one of each output."""
        return self.regions[0]

    @abc.abstractmethod
    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        """For each operand, inputs first, the map from the loops to its dimensions."""

    @abc.abstractmethod
    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        """What each loop is."""

    @property
    def maps(self) -> tuple[AffineMap, ...]:
        """The indexing map of each operand, inputs first."""
        return tuple(attribute.data for attribute in self.get_indexing_maps())

    @property
    def iterators(self) -> tuple[IteratorType, ...]:
        """What each loop is: parallel, reduction or window."""
        return tuple(attribute.data for attribute in self.get_iterator_types())

    def loop_source(self, loop: int) -> tuple[SSAValue, int]:
        """The operand, and its dimension, that a loop alone runs over: where the loop's size comes from."""
        for map_, operand in zip(self.maps, self.operands, strict=True):
            for dim, expression in enumerate(map_.results):
                if isinstance(expression, AffineDimExpr) and expression.position == loop:
                    return operand, dim
        raise ValueError(f"no operand runs along loop {loop}")

    @property
    def loop_sizes(self) -> tuple[int, ...]:
        """The number of iterations of each loop, DYNAMIC_INDEX where no operand has it in its type."""
        sizes = [DYNAMIC_INDEX] * len(self.iterators)
        for map_, operand in zip(self.maps, self.operands, strict=True):
            type_ = operand.type
            shape = type_.get_shape() if isinstance(type_, TensorType | MemRefType) else ()
            for expression, size in zip(map_.results, shape, strict=True):
                if isinstance(expression, AffineDimExpr) and size != DYNAMIC_INDEX:
                    sizes[expression.position] = size
        return tuple(sizes)

    @property
    def has_tensor_semantics(self) -> bool:
        """Whether it makes new tensors, and touches no memref."""
        return not any(isinstance(operand.type, MemRefType) for operand in self.operands)

    @property
    def output_types(self) -> list[Attribute]:
        return [output.type for output in self.outputs]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        """The element of each output that the body computes."""
        terminator = self.body.block.last_op
        assert terminator is not None
        return terminator.operands

    def verify_(self) -> None:
        self.verify_semantics()
        self.verify_maps()
        self.verify_body()

    def verify_semantics(self) -> None:
        """All tensors or all memrefs; results like the outputs."""
        kinds = {type(operand.type) for operand in self.operands} & {TensorType, MemRefType}
        if len(kinds) > 1:
            raise VerifyException(
                f"'{self.name}' has operands of types {', '.join(map(str, self.operand_types))}: "
                "they are all tensors or all memrefs, beside scalars"
            )
        expected = tensor_types(self.outputs)
        if list(self.result_types) != expected:
            raise VerifyException(
                f"'{self.name}' has results ({_types(self.result_types)}) and outputs "
                f"({_types(self.output_types)}): on tensors there is a result of the same type for each output, "
                "on memrefs there is none"
            )

    def verify_maps(self) -> None:
        """One map for each operand, all over the same loops, which the shapes agree on."""
        maps, loops = self.maps, len(self.iterators)
        if len(maps) != len(self.operands):
            raise VerifyException(
                f"'{self.name}' has {counted(len(maps), 'indexing map')} for "
                f"{counted(len(self.operands), 'operand')}: every operand has one"
            )
        sizes: dict[int, tuple[int, int]] = {}
        for number, (map_, operand) in enumerate(zip(maps, self.operands, strict=True)):
            type_ = operand.type
            shape = type_.get_shape() if isinstance(type_, TensorType | MemRefType) else ()
            if map_.num_dims != loops or map_.num_symbols:
                raise VerifyException(
                    f"'{self.name}' has {loops} iterator types and the indexing map {map_} for operand {number}: "
                    "a map goes from the loops, one for each iterator type, without symbols"
                )
            if len(map_.results) != len(shape):
                raise VerifyException(
                    f"'{self.name}' has the indexing map {map_} for operand {number} of type {type_}: "
                    f"a map has a result for each dimension, here {len(shape)}"
                )
            for expression, size in zip(map_.results, shape, strict=True):
                if not isinstance(expression, AffineDimExpr) or size == DYNAMIC_INDEX:
                    continue
                known, first = sizes.setdefault(expression.position, (size, number))
                if known != size:
                    raise VerifyException(
                        f"'{self.name}' runs loop {expression.position} over {known} elements of operand {first} and "
                        f"{size} of operand {number}: all operands agree on the size of a loop"
                    )
        covered = {e.position for map_ in maps for e in map_.results if isinstance(e, AffineDimExpr)}
        if missing := set(range(loops)) - covered:
            raise VerifyException(
                f"'{self.name}' has no operand along loop {min(missing)}: the size of a loop comes from a dimension "
                f"that the loop alone runs over, as in (d0, d1) -> (d{min(missing)})"
            )
        self._verify_sums()

    def _verify_sums(self) -> None:
        """An index that is a sum of loops stays inside its dimension, where all sizes are known."""
        if all(isinstance(expression, AffineDimExpr) for map_ in self.maps for expression in map_.results):
            return
        loops = self.loop_sizes
        for number, (map_, operand) in enumerate(zip(self.maps, self.operands, strict=True)):
            type_ = operand.type
            shape = type_.get_shape() if isinstance(type_, TensorType | MemRefType) else ()
            for dim, (expression, size) in enumerate(zip(map_.results, shape, strict=True)):
                if isinstance(expression, AffineDimExpr) or size == DYNAMIC_INDEX:
                    continue
                if (index := LinearIndex.of(expression)) is None:
                    continue
                if any(loops[loop] in (0, DYNAMIC_INDEX) for loop in index.steps) or 0 in loops:
                    continue
                if index.loop is not None and loops[index.loop] != size:
                    raise VerifyException(
                        f"'{self.name}' runs loop {index.loop} over {loops[index.loop]} elements and indexes the "
                        f"{size} of dimension {dim} of operand {number} by {expression}, which is that loop: all "
                        "operands agree on the size of a loop"
                    )
                low, high = index.range(loops)
                if low < 0 or high >= size:
                    raise VerifyException(
                        f"'{self.name}' reads dimension {dim} of operand {number}, which has {size} elements, at "
                        f"{expression}, from {low} to {high}: an index is from 0 to {size - 1}"
                    )

    def verify_body(self) -> None:
        """The body takes an element of each operand and yields one of each output."""
        expected = element_types(self.operands)
        found = list(self.body.block.arg_types)
        if found != expected:
            raise VerifyException(
                f"the body of '{self.name}' has arguments of types ({_types(found)}): it takes an element of each "
                f"operand, here ({_types(expected)})"
            )
        terminator = self.body.block.last_op
        yielded = () if terminator is None else terminator.operand_types
        outputs = element_types(self.outputs)
        if list(yielded) != outputs:
            raise VerifyException(
                f"the body of '{self.name}' yields ({_types(yielded)}): it yields an element of each output, "
                f"here ({_types(outputs)})"
            )


class OperandGroupsOp(StructuredOp, abc.ABC):
    """A structured operation with any number of inputs and of outputs."""

    inputs = var_operand_def()  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    outputs = var_operand_def(Shaped)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    res = var_result_def(RankedTensor)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    body = region_def("single_block")  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]


class NamedStructuredOp(OperandGroupsOp, abc.ABC):
    """An operation whose maps, iterators and body follow from its name: `linalg.NAME {attr} ins(...) outs(...) -> ...`.

    The text leaves the body out; it is made when the operation is.
    """

    ARITY: ClassVar[int]
    """The number of inputs; there is one output."""

    @classmethod
    @abc.abstractmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        """Fill `block`, whose arguments are the elements, and give what it yields."""

    @classmethod
    def verify_counts(cls, inputs: Sequence[SSAValue], outputs: Sequence[SSAValue]) -> None:
        if (len(inputs), len(outputs)) != (cls.ARITY, 1):
            raise VerifyException(
                f"'{cls.name}' has {counted(len(inputs), 'input')} and {counted(len(outputs), 'output')}: "
                f"it takes {cls.ARITY} and one"
            )

    def verify_(self) -> None:
        self.verify_counts(self.inputs, self.outputs)
        super().verify_()

    @classmethod
    def hidden_body(cls, inputs: Sequence[SSAValue], outputs: Sequence[SSAValue]) -> Region:
        from minilinalg.dialects.upstream.linalg.generic import YieldOp

        cls.verify_counts(inputs, outputs)
        block = Block(arg_types=element_types((*inputs, *outputs)))
        block.add_op(YieldOp(*cls.build_body(block)))
        return Region(block)

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        outputs: Sequence[SSAValue | Operation] = (),
        res: Sequence[Attribute] | None = None,
        attributes: dict[str, Attribute] | None = None,
        properties: dict[str, Attribute | None] | None = None,
    ):
        ins, outs = [SSAValue.get(value) for value in inputs], [SSAValue.get(value) for value in outputs]
        super().__init__(
            operands=[ins, outs],
            result_types=[tensor_types(outs) if res is None else res],
            attributes=attributes,
            properties=properties or {},
            regions=[self.hidden_body(ins, outs)],
        )

    @classmethod
    def parse_front(cls, parser: Parser) -> dict[str, Attribute]:
        """What stands between the name and the attribute dictionary, as properties."""
        return {}

    def print_front(self, printer: Printer) -> set[str]:
        """The inverse of `parse_front`; gives the names of the properties that it has printed or left out."""
        return set()

    @classmethod
    def parse(cls, parser: Parser):  # pyright: ignore
        front = cls.parse_front(parser)
        properties, attributes = split_properties(cls, parser.parse_optional_attr_dict())
        position = parser.pos
        inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
        end = parser.pos
        types = parse_optional_result_types(parser)
        try:
            body = cls.hidden_body(inputs, outputs)
        except VerifyException as wrong:
            parser.raise_error(str(wrong), position, end)
        return cls.build(
            operands=[inputs, outputs],
            result_types=[types],
            properties={**properties, **front},
            attributes=attributes,
            regions=[body],
        )

    def print(self, printer: Printer) -> None:
        printed = self.print_front(printer) | {"operandSegmentSizes", MEMOIZED_MAPS}
        printer.print_op_attributes({**self.attributes, **self.properties}, reserved_attr_names=printed)
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
        print_optional_result_types(printer, self.result_types)


def identity_maps(count: int, rank: int) -> ArrayAttr[AffineMapAttr]:
    return ArrayAttr([AffineMapAttr(AffineMap.identity(rank))] * count)


def _types(types: Sequence[Attribute]) -> str:
    return ", ".join(map(str, types))
