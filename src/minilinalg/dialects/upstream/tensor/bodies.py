"""Tensors whose elements a body computes from their indices: `tensor.generate`, `tensor.pad`."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    IndexType,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsTerminator,
    Pure,
    RecursivelySpeculatable,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    index_list,
    mixed,
    parse_index_list,
    print_index_list,
    print_values,
    static_values,
    verify_index_list,
)
from minilinalg.dialects.upstream.constraints import RankedTensor, tensor_type
from minilinalg.dialects.upstream.tensor.rules import verify_dynamic_sizes, verify_same_elements


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends the body of `generate` and `pad` with the element: `tensor.yield %x : f32`."""

    name = "tensor.yield"
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(GenerateOp, PadOp), Pure()))


def _verify_body(op: Operation, body: Region, type_: TensorType) -> None:
    """The body takes an index for each dimension and yields an element."""
    rank = type_.get_num_dims()
    found = body.block.arg_types
    if found != (INDEX,) * rank:
        raise VerifyException(
            f"the body of '{op.name}' has arguments of types ({', '.join(map(str, found))}): "
            f"it takes an index for each dimension of the result, here {rank}"
        )
    last = body.block.last_op
    yielded = () if last is None else last.operand_types
    if tuple(yielded) != (type_.get_element_type(),):
        raise VerifyException(
            f"the body of '{op.name}' yields ({', '.join(map(str, yielded))}): "
            f"it yields an element of the result, here {type_.get_element_type()}"
        )


@irdl_op_definition
class GenerateOp(IRDLOperation):
    """A tensor whose elements are computed from their indices.

        %t = tensor.generate %n {
        ^bb0(%i: index, %j: index):
          tensor.yield %x : f32
        } : tensor<?x16xf32>

    One operand (index) for each dynamic dimension of the result.
    """

    name = "tensor.generate"
    dynamic_extents = var_operand_def(IndexType)
    body = region_def("single_block")
    result = result_def(RankedTensor)
    traits = traits_def(RecursiveMemoryEffect(), RecursivelySpeculatable(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(self, dynamic_extents: Sequence[SSAValue | Operation], body: Region, result_type: TensorType):
        super().__init__(operands=[dynamic_extents], result_types=[result_type], regions=[body])

    def verify_(self) -> None:
        verify_dynamic_sizes(self, self.result.type, self.dynamic_extents)
        _verify_body(self, self.body, self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> GenerateOp:
        position = parser.pos
        extents = (
            parser.parse_optional_undelimited_comma_separated_list(
                parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
            )
            or []
        )
        body = parser.parse_region()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of the result")
        return cls.create(
            operands=parser.resolve_operands(extents, [INDEX] * len(extents), position),
            result_types=[parser.parse_type()],
            regions=[body],
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.dynamic_extents, " ", " " if self.dynamic_extents else "")
        printer.print_region(self.body)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


@irdl_op_definition
class PadOp(IRDLOperation):
    """A tensor with a border of further elements around it.

        %p = tensor.pad %t low[0, %n] high[1, 3] {
        ^bb0(%i: index, %j: index):
          tensor.yield %zero : f32
        } : tensor<8x16xf32> to tensor<9x?xf32>

    `low` and `high` say how many elements come in front and behind in each dimension, as numbers or values of type
    index; the body computes a border element from its indices in the result. `nofold` keeps a pad by nothing.
    """

    name = "tensor.pad"
    source = operand_def(RankedTensor)
    low = var_operand_def(IndexType)
    high = var_operand_def(IndexType)
    static_low = prop_def(DenseArrayBase.constr(i64))
    static_high = prop_def(DenseArrayBase.constr(i64))
    nofold = opt_prop_def(UnitAttr)
    region = region_def("single_block")
    result = result_def(RankedTensor)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(
        self,
        source: SSAValue | Operation,
        low: Sequence[SSAValue | Operation | int],
        high: Sequence[SSAValue | Operation | int],
        region: Region,
        result_type: TensorType,
        nofold: UnitAttr | None = None,
    ):
        low_list, high_list = index_list(low), index_list(high)
        super().__init__(
            operands=[source, low_list.dynamic, high_list.dynamic],
            result_types=[result_type],
            properties={"static_low": low_list.static, "static_high": high_list.static, "nofold": nofold},
            regions=[region],
        )

    @property
    def mixed_low(self) -> list[SSAValue | int]:
        return mixed(self.static_low, self.low)

    @property
    def mixed_high(self) -> list[SSAValue | int]:
        return mixed(self.static_high, self.high)

    def verify_(self) -> None:
        source, result = tensor_type(self.source), self.result.type
        verify_index_list(self, "low", self.static_low, self.low)
        verify_index_list(self, "high", self.static_high, self.high)
        low, high = static_values(self.static_low), static_values(self.static_high)
        ranks = {source.get_num_dims(), result.get_num_dims(), len(low), len(high)}
        if len(ranks) != 1:
            raise VerifyException(
                f"'tensor.pad' of {source} to {result} has {len(low)} low and {len(high)} high amounts: "
                "source and result have one rank, and every dimension one of each amount"
            )
        for number, (before, after, *amounts) in enumerate(
            zip(source.get_shape(), result.get_shape(), low, high, strict=True)
        ):
            expected = DYNAMIC_INDEX if DYNAMIC_INDEX in (before, *amounts) else before + sum(amounts)
            if after not in (expected, DYNAMIC_INDEX) and expected != DYNAMIC_INDEX:
                raise VerifyException(
                    f"'tensor.pad' gives dimension {number} the size {after}: "
                    f"{before} elements with {amounts[0]} in front and {amounts[1]} behind are {expected}"
                )
        verify_same_elements(self, source, result)
        _verify_body(self, self.region, result)

    @classmethod
    def parse(cls, parser: Parser) -> PadOp:
        source = parser.parse_unresolved_operand()
        nofold = UnitAttr() if parser.parse_optional_keyword("nofold") is not None else None
        parser.parse_keyword("low", " and the amounts in front")
        low = parse_index_list(parser)
        parser.parse_keyword("high", " and the amounts behind")
        high = parse_index_list(parser)
        region = parser.parse_region()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source and result")
        source_type = parser.parse_type()
        parser.parse_keyword("to", " and the type of the result")
        return cls.build(
            operands=[parser.resolve_operand(source, source_type), low.dynamic, high.dynamic],
            result_types=[parser.parse_type()],
            properties={"static_low": low.static, "static_high": high.static, "nofold": nofold},
            attributes=attributes,
            regions=[region],
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" nofold low" if self.nofold is not None else " low")
        print_index_list(printer, self.static_low, self.low)
        printer.print_string(" high")
        print_index_list(printer, self.static_high, self.high)
        printer.print_string(" ")
        printer.print_region(self.region)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.source.type)
        printer.print_string(" to ")
        printer.print_attribute(self.result.type)
