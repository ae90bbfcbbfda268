"""Slices at indices that are tensors: `tensor.gather`, `tensor.scatter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from xdsl.dialects.builtin import (
    DenseArrayBase,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import (
    Pure,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.upstream.assembly import (
    is_integer,
    parse_value_list,
    print_values,
    static_values,
)
from minilinalg.dialects.upstream.constraints import RankedTensor, tensor_type
from minilinalg.dialects.upstream.tensor.rules import verify_same_elements


def _verify_indexed_shape(
    op: Operation, shape: Sequence[int], indices: Attribute, dims: Sequence[int], part: Attribute, what: str
) -> None:
    """The shape of what is gathered or scattered: that of the indices without the last, then that of one slice.

    A slice has size 1 along `dims`, which may be left out (rank-reduced).
    """
    if not is_integer(get_element_type_or_self(indices)):
        raise VerifyException(f"'{op.name}' has indices {indices}: they are indices or integers")
    assert isinstance(indices, TensorType) and isinstance(part, TensorType)
    if any(not 0 <= dim < len(shape) for dim in dims) or list(dims) != sorted(set(dims)) or not dims:
        raise VerifyException(
            f"'{op.name}' has {what}_dims {list(dims)}: they are dimensions of the tensor, 0 to {len(shape) - 1}, "
            "each once, in ascending order"
        )
    index_shape = indices.get_shape()
    if not index_shape or index_shape[-1] != len(dims):
        raise VerifyException(
            f"'{op.name}' has indices {indices} and {len(dims)} {what}_dims: the last dimension of the indices holds "
            "one index for each of them"
        )
    full = [1 if number in dims else size for number, size in enumerate(shape)]
    reduced = [size for number, size in enumerate(shape) if number not in dims]
    found, front = list(part.get_shape()), list(index_shape[:-1])
    if found not in (front + full, front + reduced):
        raise VerifyException(
            f"'{op.name}' has slices of shape {found}: it is {front + full}, or {front + reduced} without the indexed "
            "dimensions"
        )


def _indexed_properties(name: str, dims: Sequence[int], unique: bool) -> dict[str, Attribute]:
    properties: dict[str, Attribute] = {name: DenseArrayBase.from_list(i64, dims)}
    return {**properties, "unique": UnitAttr()} if unique else properties


IndexedOp = TypeVar("IndexedOp", bound=IRDLOperation)


def _parse_indexed(
    cls: type[IndexedOp], parser: Parser, values: Sequence[UnresolvedOperand], keyword: str
) -> IndexedOp:
    """`gather_dims([0, 1]) unique attributes : function type`."""
    parser.parse_keyword(keyword, " and the indexed dimensions")
    with parser.in_parens():
        dims = parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer)
    unique = parser.parse_optional_keyword("unique") is not None
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation(":", " and the function type")
    position = parser.pos
    type_ = parser.parse_function_type()
    return cls.create(
        operands=parser.resolve_operands(values, type_.inputs.data, position),
        result_types=type_.outputs.data,
        properties=_indexed_properties(keyword, dims, unique),
        attributes=attributes,
    )


def _print_indexed(
    printer: Printer, op: Operation, keyword: str, dims: DenseArrayBase, unique: UnitAttr | None
) -> None:
    printer.print_string(f" {keyword}({list(static_values(dims))})")
    if unique is not None:
        printer.print_string(" unique")
    printer.print_op_attributes(op.attributes)
    printer.print_string(" : ")
    printer.print_function_type(op.operand_types, op.result_types)


@irdl_op_definition
class GatherOp(IRDLOperation):
    """Slices of a tensor at given indices.

    `%g = tensor.gather %t[%i] gather_dims([0]) unique : (tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<4x16xf32>`: the
    last dimension of the indices holds one index for each of `gather_dims`; the result has the other dimensions of the
    indices, then those of the source, with size 1 (or left out) along `gather_dims`. `unique` promises that no index
    comes twice.
    """

    name = "tensor.gather"
    source = operand_def(RankedTensor)
    indices = operand_def(RankedTensor)
    gather_dims = prop_def(DenseArrayBase.constr(i64))
    unique = opt_prop_def(UnitAttr)
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        indices: SSAValue | Operation,
        gather_dims: Sequence[int],
        result_type: TensorType,
        *,
        unique: bool = False,
    ):
        super().__init__(
            operands=[source, indices],
            result_types=[result_type],
            properties=_indexed_properties("gather_dims", gather_dims, unique),
        )

    def verify_(self) -> None:
        dims = static_values(self.gather_dims)
        _verify_indexed_shape(
            self, tensor_type(self.source).get_shape(), self.indices.type, dims, self.result.type, "gather"
        )
        verify_same_elements(self, self.source.type, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> GatherOp:
        values = [parser.parse_unresolved_operand(), *parse_value_list(parser, Parser.Delimiter.SQUARE)]
        return _parse_indexed(cls, parser, values, "gather_dims")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        print_values(printer, [self.indices], "[", "]")
        _print_indexed(printer, self, "gather_dims", self.gather_dims, self.unique)


@irdl_op_definition
class ScatterOp(IRDLOperation):
    """A copy of `dest` in which slices at given indices are replaced.

    `%s = tensor.scatter %g into %t[%i] scatter_dims([0]) unique
    : (tensor<4x1x16xf32>, tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<8x16xf32>`: shapes as for `tensor.gather`.
    `unique`, which is required, promises that no index comes twice.
    """

    name = "tensor.scatter"
    source = operand_def(RankedTensor)
    dest = operand_def(RankedTensor)
    indices = operand_def(RankedTensor)
    scatter_dims = prop_def(DenseArrayBase.constr(i64))
    unique = opt_prop_def(UnitAttr)
    result = result_def(RankedTensor)
    traits = traits_def(Pure())

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        indices: SSAValue | Operation,
        scatter_dims: Sequence[int],
        *,
        unique: bool = True,
    ):
        super().__init__(
            operands=[source, dest, indices],
            result_types=[SSAValue.get(dest).type],
            properties=_indexed_properties("scatter_dims", scatter_dims, unique),
        )

    def verify_(self) -> None:
        if self.unique is None:
            raise VerifyException(
                "'tensor.scatter' without 'unique': the order of writes is not specified, so each "
                "index must come once, which 'unique' promises"
            )
        dims = static_values(self.scatter_dims)
        _verify_indexed_shape(
            self, tensor_type(self.dest).get_shape(), self.indices.type, dims, self.source.type, "scatter"
        )
        verify_same_elements(self, self.source.type, self.dest.type, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> ScatterOp:
        source = parser.parse_unresolved_operand()
        parser.parse_keyword("into", " and the tensor that is scattered into")
        dest = parser.parse_unresolved_operand()
        values = [source, dest, *parse_value_list(parser, Parser.Delimiter.SQUARE)]
        return _parse_indexed(cls, parser, values, "scatter_dims")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" into ")
        printer.print_ssa_value(self.dest)
        print_values(printer, [self.indices], "[", "]")
        _print_indexed(printer, self, "scatter_dims", self.scatter_dims, self.unique)
