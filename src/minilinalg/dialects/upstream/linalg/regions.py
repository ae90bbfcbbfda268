"""Operations on whole tensors with a body in the text or none: reduce, map, broadcast, transpose.

A body of one operation has a short form, `linalg.reduce { arith.addf } ins(...)`; any other is written as
`(%in: f32, %init: f32) { ... }` behind the operands.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, Self, cast

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, DenseArrayBase, i64
from xdsl.dialects.linalg.attrs import IteratorTypeAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap
from xdsl.irdl import (
    SameVariadicOperandSize,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.lexer import Span

from minilinalg.dialects.upstream.arith import NO_FASTMATH, NO_OVERFLOW
from minilinalg.dialects.upstream.assembly import (
    counted,
    parse_operand_group,
    print_operand_group,
    split_properties,
    static_values,
)
from minilinalg.dialects.upstream.constraints import RankedTensor, Shaped, shaped_type
from minilinalg.dialects.upstream.linalg.generic import YieldOp
from minilinalg.dialects.upstream.linalg.structured import (
    PARALLEL,
    REDUCTION,
    OperandGroupsOp,
    StructuredOp,
    element_types,
    identity_maps,
    tensor_types,
)
from minilinalg.dialects.upstream.reporting import ReportingParser


def _dims(values: Sequence[int] | Attribute) -> DenseArrayBase:
    if isinstance(values, Attribute):
        assert isinstance(values, DenseArrayBase)
        return cast("DenseArrayBase", values)
    return DenseArrayBase.from_list(i64, values)


def _projection(rank: int, dims: Sequence[int]) -> AffineMapAttr:
    return AffineMapAttr(AffineMap(rank, 0, tuple(AffineDimExpr(dim) for dim in dims)))


def _parse_dims(parser: Parser, keyword: str) -> DenseArrayBase:
    """`dimensions = [0, 1]`."""
    parser.parse_keyword(keyword, " and a list of dimensions")
    parser.parse_punctuation("=", f" and a list of {keyword}")
    return _dims(parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer))


def _print_dims(printer: Printer, keyword: str, dims: DenseArrayBase) -> None:
    printer.print_string(f" {keyword} = {list(static_values(dims))}")


# Bodies in the text


def _parse_short_body(parser: Parser) -> tuple[type[Operation], dict[str, Attribute]] | None:
    """`{ arith.addf {attributes} }`, the one operation of a body."""
    if parser.parse_optional_punctuation("{") is None:
        return None
    position = parser.pos
    name = parser.parse_identifier(" (the operation of the body)")
    op_type = parser.ctx.get_optional_op(name)
    if op_type is None:
        span = Span(position, position + len(name), parser.lexer.input)
        if isinstance(parser, ReportingParser):
            parser.fail_unknown("operation", name, span)
        parser.raise_error(f"unknown operation '{name}'", span.start, span.end)
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation("}", " after the operation of the body")
    return op_type, attributes


def _short_body(
    short: tuple[type[Operation], dict[str, Attribute]],
    arguments: Sequence[Attribute],
    outputs: Sequence[Attribute],
    init_first: bool,
) -> Region:
    """The body that the short form stands for: the operation on the elements of the operands, outputs first for reduce.

    The elements of the outputs are no operands of a map's body.
    """
    op_type, attributes = short
    block = Block(arg_types=arguments)
    count = len(arguments) - len(outputs)
    elements = block.args
    operands = (*elements[count:], *elements[:count]) if init_first else elements[:count]
    properties, rest = split_properties(op_type, attributes)
    op = op_type.create(operands=operands, result_types=outputs, properties=properties, attributes=rest)
    block.add_op(op)
    block.add_op(YieldOp(*op.results))
    return Region(block)


_DEFAULTS = (NO_FASTMATH, NO_OVERFLOW)


def _as_short_body(op: StructuredOp, init_first: bool) -> Operation | None:
    """The one operation of the body, when the short form says all there is to say."""
    block = op.body.block
    first = block.first_op
    if first is None or first.next_op is not block.last_op or first.regions or len(first.results) != len(op.outputs):
        return None
    count = len(op.inputs)
    elements = block.args
    operands = (*elements[count:], *elements[:count]) if init_first else elements[:count]
    if tuple(first.operands) != tuple(operands) or tuple(op.yielded) != tuple(first.results):
        return None
    return first


def _print_short_body(printer: Printer, op: Operation) -> None:
    printer.print_string(f" {{ {op.name}")
    properties = {name: value for name, value in op.properties.items() if value not in _DEFAULTS}
    printer.print_op_attributes({**op.attributes, **properties})
    printer.print_string(" }")


def _parse_body(parser: Parser) -> Region:
    """`(%in: f32, %init: f32) { ... }`, the arguments with their locations in debug form."""

    def argument() -> Parser.Argument:
        found = parser.parse_argument()
        found.location = parser.parse_optional_location()
        return found

    return parser.parse_region(parser.parse_comma_separated_list(Parser.Delimiter.PAREN, argument))


def _print_body(printer: Printer, body: Region) -> None:
    with printer.indented():
        printer.print_string("\n")
        with printer.in_parens():
            printer.print_list(body.block.args, printer.print_block_argument)
        printer.print_string(" ")
        printer.print_region(body, print_entry_block_args=False)


@irdl_op_definition
class ReduceOp(OperandGroupsOp):
    """Combine the elements along some dimensions, for each of the others.

        %sum = linalg.reduce { arith.addf } ins(%a : tensor<4x8xf32>) outs(%init : tensor<4xf32>) dimensions = [1]
        %v, %i = linalg.reduce ins(%a, %b : tensor<4x8xf32>, tensor<4x8xi32>)
            outs(%x, %y : tensor<4xf32>, tensor<4xi32>) dimensions = [1]
          (%in: f32, %in_0: i32, %init: f32, %init_1: i32) {
            linalg.yield %p, %q : f32, i32
          }

    As many outputs as inputs, all inputs of one shape, the outputs of that without `dimensions`. The body takes an
    element of each input, then the value so far of each output, and yields the values after it. The order of the
    elements is not specified.
    """

    name = "linalg.reduce"
    dimensions = prop_def(DenseArrayBase.constr(i64))
    irdl_options = (SameVariadicOperandSize(),)

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation] | SSAValue | Operation,
        inits: Sequence[SSAValue | Operation] | SSAValue | Operation,
        dimensions: Sequence[int] | Attribute,
        region: Region,
    ):
        ins, outs = _values(inputs), _values(inits)
        super().__init__(
            operands=[ins, outs],
            result_types=[tensor_types(outs)],
            properties={"dimensions": _dims(dimensions)},
            regions=[region],
        )

    @property
    def inits(self) -> Sequence[SSAValue]:
        """MLIR's name of the outputs."""
        return self.outputs

    @property
    def combiner(self) -> Region:
        """MLIR's name of the body."""
        return self.body

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        rank = shaped_type(self.inputs[0]).get_num_dims()
        reduced = static_values(self.dimensions)
        kept = [dim for dim in range(rank) if dim not in reduced]
        return ArrayAttr([*identity_maps(len(self.inputs), rank), *([_projection(rank, kept)] * len(self.outputs))])

    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        rank = shaped_type(self.inputs[0]).get_num_dims()
        reduced = static_values(self.dimensions)
        return ArrayAttr(REDUCTION if dim in reduced else PARALLEL for dim in range(rank))

    def verify_(self) -> None:
        if not self.inputs:
            raise VerifyException("'linalg.reduce' has no inputs: it reduces at least one")
        rank, dims = shaped_type(self.inputs[0]).get_num_dims(), list(static_values(self.dimensions))
        if dims != sorted(set(dims)) or any(not 0 <= dim < rank for dim in dims):
            raise VerifyException(
                f"'linalg.reduce' has dimensions {dims} on inputs of rank {rank}: "
                f"they are among 0 to {rank - 1}, each once, in ascending order"
            )
        super().verify_()

    @classmethod
    def parse(cls, parser: Parser) -> ReduceOp:
        short = _parse_short_body(parser)
        inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
        dims = _parse_dims(parser, "dimensions")
        attributes = parser.parse_optional_attr_dict()
        elements = element_types((*inputs, *outputs))
        body = _parse_body(parser) if short is None else _short_body(short, elements, element_types(outputs), True)
        return cls.create(
            operands=[*inputs, *outputs],
            result_types=tensor_types(outputs),
            properties={"dimensions": dims},
            attributes=attributes,
            regions=[body],
        )

    def print(self, printer: Printer) -> None:
        short = _as_short_body(self, init_first=True)
        if short is not None:
            _print_short_body(printer, short)
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
        _print_dims(printer, "dimensions", self.dimensions)
        printer.print_op_attributes(self.attributes)
        if short is None:
            _print_body(printer, self.body)


@irdl_op_definition
class MapOp(StructuredOp):
    """Compute every element of the output from the elements of the inputs at the same place.

        %r = linalg.map { math.exp } ins(%a : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>)
        %r = linalg.map ins(%a, %b : tensor<4x8xf32>, tensor<4x8xf32>) outs(%init : tensor<4x8xf32>)
          (%in: f32, %in_0: f32, %init: f32) {
            linalg.yield %x : f32
          }

    All of one shape. The body takes an element of each input and of the output, and yields one of the output.
    """

    name = "linalg.map"
    inputs = var_operand_def(Shaped)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    init = operand_def(Shaped)
    res = var_result_def(RankedTensor)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    body = region_def("single_block")  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, inputs: Sequence[SSAValue | Operation], init: SSAValue | Operation, region: Region):
        out = SSAValue.get(init)
        super().__init__(operands=[inputs, out], result_types=[tensor_types([out])], regions=[region])

    @property
    def outputs(self) -> Sequence[SSAValue]:
        return (self.init,)

    @property
    def mapper(self) -> Region:
        """MLIR's name of the body."""
        return self.body

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        return identity_maps(len(self.operands), shaped_type(self.operands[-1]).get_num_dims())

    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        return ArrayAttr([PARALLEL] * shaped_type(self.operands[-1]).get_num_dims())

    @classmethod
    def parse(cls, parser: Parser) -> MapOp:
        short = _parse_short_body(parser)
        inputs, outputs = parse_operand_group(parser, "ins", optional=True), parse_operand_group(parser, "outs")
        attributes = parser.parse_optional_attr_dict()
        elements = element_types((*inputs, *outputs))
        body = _parse_body(parser) if short is None else _short_body(short, elements, element_types(outputs), False)
        return cls.create(
            operands=[*inputs, *outputs], result_types=tensor_types(outputs), attributes=attributes, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        short = _as_short_body(self, init_first=False)
        if short is not None:
            _print_short_body(printer, short)
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
        printer.print_op_attributes(self.attributes)
        if short is None:
            _print_body(printer, self.body)


class CopyingOp(StructuredOp, abc.ABC):
    """One input, one output, and a body, not written, that passes the element on.

    `linalg.NAME ins(%a : tensor<4xf32>) outs(%init : tensor<4x8xf32>) KEYWORD = [1]`
    """

    KEYWORD: ClassVar[str]
    input = operand_def(Shaped)
    init = operand_def(Shaped)
    res = var_result_def(RankedTensor)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    body = region_def("single_block")  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(
        self,
        input: SSAValue | Operation,
        init: SSAValue | Operation,
        dims: Sequence[int] | Attribute,
        result: Attribute | None = None,
    ):
        source, out = SSAValue.get(input), SSAValue.get(init)
        super().__init__(
            operands=[source, out],
            result_types=[tensor_types([out]) if result is None else [result]],
            properties={self.KEYWORD: _dims(dims)},
            regions=[_copying_body(source, out)],
        )

    @property
    def inputs(self) -> Sequence[SSAValue]:
        return (self.input,)

    @property
    def outputs(self) -> Sequence[SSAValue]:
        return (self.init,)

    @property
    def dims(self) -> tuple[int, ...]:
        """The list of dimensions that the operation has."""
        listed = self.properties[self.KEYWORD]
        return static_values(cast("DenseArrayBase", listed))

    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        return ArrayAttr([PARALLEL] * shaped_type(self.init).get_num_dims())

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        position = parser.pos
        inputs, outputs = parse_operand_group(parser, "ins"), parse_operand_group(parser, "outs")
        if (len(inputs), len(outputs)) != (1, 1):
            parser.raise_error(
                f"'{cls.name}' has {counted(len(inputs), 'input')} and {counted(len(outputs), 'output')}: "
                "it takes one of each",
                position,
            )
        dims = _parse_dims(parser, cls.KEYWORD)
        op = cls(inputs[0], outputs[0], dims)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
        printer.print_string(f" {self.KEYWORD} = {list(self.dims)}")
        printer.print_op_attributes(self.attributes)


def _copying_body(source: SSAValue, out: SSAValue) -> Region:
    block = Block(arg_types=element_types((source, out)))
    block.add_op(YieldOp(block.args[0]))
    return Region(block)


@irdl_op_definition
class BroadcastOp(CopyingOp):
    """Repeat the input along new dimensions.

    `linalg.broadcast ins(%v : tensor<4xf32>) outs(%init : tensor<4x8xf32>) dimensions = [1]`: `dimensions` are those of
    the output that the input does not have; the others have the input's sizes, in order.
    """

    name = "linalg.broadcast"
    KEYWORD: ClassVar[str] = "dimensions"
    dimensions = prop_def(DenseArrayBase.constr(i64))

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        rank = shaped_type(self.init).get_num_dims()
        kept = [dim for dim in range(rank) if dim not in self.dims]
        return ArrayAttr([_projection(rank, kept), AffineMapAttr(AffineMap.identity(rank))])

    def verify_(self) -> None:
        rank, given = shaped_type(self.init).get_num_dims(), shaped_type(self.input).get_num_dims()
        dims = list(self.dims)
        if len(set(dims)) != len(dims) or any(not 0 <= dim < rank for dim in dims) or given + len(dims) != rank:
            raise VerifyException(
                f"'linalg.broadcast' adds dimensions {dims} to {self.input.type} for {self.init.type}: "
                "they are the dimensions of the output that the input lacks, each once"
            )
        super().verify_()


@irdl_op_definition
class TransposeOp(CopyingOp):
    """Permute dimensions.

    `linalg.transpose ins(%a : tensor<4x8xf32>) outs(%init : tensor<8x4xf32>) permutation = [1, 0]`: dimension `i` of
    the output is dimension `permutation[i]` of the input.
    """

    name = "linalg.transpose"
    KEYWORD: ClassVar[str] = "permutation"
    permutation = prop_def(DenseArrayBase.constr(i64))

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        rank = len(self.dims)
        return ArrayAttr(
            [_projection(rank, [self.dims.index(dim) for dim in range(rank)]), AffineMapAttr(AffineMap.identity(rank))]
        )

    def verify_(self) -> None:
        ranks = {shaped_type(value).get_num_dims() for value in self.operands}
        if ranks != {len(self.dims)} or sorted(self.dims) != list(range(len(self.dims))):
            raise VerifyException(
                f"'linalg.transpose' has the permutation {list(self.dims)} from {self.input.type} to {self.init.type}: "
                "it lists every dimension of the input once, in the order of the output"
            )
        super().verify_()


def _values(values: Sequence[SSAValue | Operation] | SSAValue | Operation) -> list[SSAValue]:
    return [SSAValue.get(value) for value in ((values,) if isinstance(values, SSAValue | Operation) else values)]
