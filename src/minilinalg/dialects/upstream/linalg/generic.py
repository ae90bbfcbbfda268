"""`linalg.generic`, and what stands in bodies: `linalg.yield`, `linalg.index`."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, IndexType, IntegerAttr, StringAttr, i64
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    counted,
    parse_operand_group,
    parse_optional_result_types,
    print_operand_group,
    print_optional_result_types,
)
from minilinalg.dialects.upstream.linalg.structured import OperandGroupsOp, StructuredOp

_ITERATORS = {str(kind): IteratorTypeAttr(kind) for kind in IteratorType}


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends the body of a structured operation with an element of each output: `linalg.yield %x, %y : f32, i32`."""

    name = "linalg.yield"
    traits = traits_def(IsTerminator(), Pure())

    def verify_(self) -> None:
        parent = self.parent_op()
        if not isinstance(parent, StructuredOp):
            raise VerifyException(
                f"'linalg.yield' stands in {'no operation' if parent is None else repr(parent.name)}: "
                "it ends the body of a structured linalg operation"
            )


@irdl_op_definition
class GenericOp(OperandGroupsOp):
    """A perfect loop nest around a body, which says for every operand which element an iteration touches.

        %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
                             iterator_types = ["parallel", "reduction"]}
            ins(%a : tensor<4x8xf32>) outs(%init : tensor<4xf32>) {
        ^bb0(%in: f32, %out: f32):
          %sum = arith.addf %in, %out : f32
          linalg.yield %sum : f32
        } -> tensor<4xf32>

    `indexing_maps` has a map from the loops to the dimensions of each operand, inputs first (a scalar input has an
    empty one); `iterator_types` says of each loop whether its iterations are independent. The body takes an element of
    each operand and yields one of each output. With several results: `-> (tensor<4xf32>, tensor<4xi32>)`.
    """

    name = "linalg.generic"
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr])
    iterator_types = prop_def(ArrayAttr[IteratorTypeAttr])
    doc = opt_prop_def(StringAttr)
    library_call = opt_prop_def(StringAttr)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        outputs: Sequence[SSAValue | Operation],
        body: Region,
        indexing_maps: Sequence[AffineMapAttr] | ArrayAttr[AffineMapAttr],
        iterator_types: Sequence[Attribute] | ArrayAttr[Attribute],
        result_types: Sequence[Attribute] = (),
        doc: StringAttr | None = None,
        library_call: StringAttr | None = None,
    ):
        super().__init__(
            operands=[inputs, outputs],
            result_types=[result_types],
            properties={
                "indexing_maps": ArrayAttr(indexing_maps),
                "iterator_types": ArrayAttr(iterator_types),
                "doc": doc,
                "library_call": library_call,
            },
            regions=[body],
        )

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        return self.indexing_maps

    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        return self.iterator_types

    @classmethod
    def parse(cls, parser: Parser) -> GenericOp:
        position = parser.pos
        attributes = parser.parse_optional_attr_dict()
        for name in ("indexing_maps", "iterator_types"):
            if name not in attributes:
                parser.raise_error(
                    f"'linalg.generic' starts with {{indexing_maps = [...], iterator_types = [...]}}, "
                    f"here {name} is missing",
                    position,
                )
        maps, iterators = attributes.pop("indexing_maps"), attributes.pop("iterator_types")
        if not isa(maps, ArrayAttr[AffineMapAttr]):
            parser.raise_error("indexing_maps is a list of affine maps", position)
        properties: dict[str, Attribute | None] = {
            "indexing_maps": maps,
            "iterator_types": _iterator_types(parser, iterators, position),
            "doc": attributes.pop("doc", None),
            "library_call": attributes.pop("library_call", None),
        }
        inputs, outputs = parse_operand_group(parser, "ins", optional=True), parse_operand_group(parser, "outs")
        if parser.parse_optional_keyword("attrs") is not None:
            parser.parse_punctuation("=", " and further attributes")
            attributes |= parser.parse_optional_attr_dict()
        body = parser.parse_region()
        return cls.build(
            operands=[inputs, outputs],
            result_types=[parse_optional_result_types(parser)],
            properties=properties,
            attributes=attributes,
            regions=[body],
        )

    def print(self, printer: Printer) -> None:
        front: dict[str, Attribute] = {
            "indexing_maps": self.indexing_maps,
            "iterator_types": ArrayAttr(StringAttr(str(kind.data)) for kind in self.iterator_types),
        }
        front |= {} if self.doc is None else {"doc": self.doc}
        front |= {} if self.library_call is None else {"library_call": self.library_call}
        printer.print_string(" ")
        printer.print_attr_dict(dict(sorted(front.items())))
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
        if self.attributes:
            printer.print_string(" attrs = ")
            printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body)
        print_optional_result_types(printer, self.result_types)


def _iterator_types(parser: Parser, written: Attribute, position: int) -> ArrayAttr[IteratorTypeAttr]:
    """`["parallel", ...]` as it is written, or the attributes of the generic form."""
    kinds: list[IteratorTypeAttr] = []
    for kind in written if isinstance(written, ArrayAttr) else ():  # pyright: ignore
        if isinstance(kind, StringAttr) and kind.data in _ITERATORS:
            kinds.append(_ITERATORS[kind.data])
        elif isinstance(kind, IteratorTypeAttr):
            kinds.append(kind)
        else:
            shown = kind.data if isinstance(kind, StringAttr) else str(kind)  # pyright: ignore
            parser.raise_error(f"unknown iterator type '{shown}': it is one of {', '.join(_ITERATORS)}", position)
    return ArrayAttr(kinds)


@irdl_op_definition
class IndexOp(IRDLOperation):
    """The number of a loop's iteration, in the body of a structured operation: `%i = linalg.index 0 : index`."""

    name = "linalg.index"
    dim = prop_def(IntegerAttr.constr(type=i64))
    result = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$dim attr-dict `:` type($result)"

    def __init__(self, dim: int | IntegerAttr):
        super().__init__(
            properties={"dim": IntegerAttr(dim, i64) if isinstance(dim, int) else dim}, result_types=[INDEX]
        )

    def verify_(self) -> None:
        parent = self.parent_op()
        if not isinstance(parent, StructuredOp):
            where = f"in '{parent.name}'" if parent is not None else "outside of any operation"
            raise VerifyException(
                f"'linalg.index' stands {where}: it stands in the body of a structured linalg operation"
            )
        if not 0 <= self.dim.value.data < len(parent.iterators):
            raise VerifyException(
                f"'linalg.index' asks for loop {self.dim.value.data} of '{parent.name}', which has "
                f"{counted(len(parent.iterators), 'loop')}, counted from 0"
            )
