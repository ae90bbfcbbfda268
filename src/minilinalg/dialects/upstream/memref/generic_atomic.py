"""An atomic change of one element by any computation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import IndexType, MemRefType
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator, Pure, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import parse_indices, print_values
from minilinalg.dialects.upstream.constraints import RankedMemRef, memref_type
from minilinalg.dialects.upstream.effects import EffectsOn
from minilinalg.dialects.upstream.memref.access import verify_indices


@irdl_op_definition
class AtomicYieldOp(AbstractYieldOperation[Attribute]):
    """Ends the body of `memref.generic_atomic_rmw` with the new element: `memref.atomic_yield %x : f32`."""

    name = "memref.atomic_yield"
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(GenericAtomicRMWOp), Pure()))


@irdl_op_definition
class GenericAtomicRMWOp(IRDLOperation):
    """Compute an element anew from what it was, atomically, and give what it was.

        %old = memref.generic_atomic_rmw %m[%i] : memref<8xi32> {
        ^bb0(%now: i32):
          %is = arith.cmpi eq, %now, %expected : i32
          %new = arith.select %is, %x, %now : i32
          memref.atomic_yield %new : i32
        }

    The body only computes: it may run several times until nobody has come in between.
    """

    name = "memref.generic_atomic_rmw"
    memref = operand_def(RankedMemRef)
    indices = var_operand_def(IndexType)
    body = region_def("single_block")
    result = result_def()
    traits = traits_def(EffectsOn(reads=("memref",), writes=("memref",)), SingleBlockImplicitTerminator(AtomicYieldOp))

    def __init__(self, memref: SSAValue | Operation, indices: Sequence[SSAValue | Operation], body: Region):
        source = SSAValue.get(memref)
        super().__init__(operands=[source, indices], result_types=[memref_type(source).element_type], regions=[body])

    def verify_(self) -> None:
        verify_indices(self, self.memref, self.indices)
        element = memref_type(self.memref).element_type
        last = self.body.block.last_op
        yielded = last.operand_types if last is not None else ()
        if self.result.type != element or self.body.block.arg_types != (element,) or tuple(yielded) != (element,):
            raise VerifyException(
                f"'memref.generic_atomic_rmw' on {self.memref.type} gives {self.result.type} and its body goes from "
                f"({', '.join(map(str, self.body.block.arg_types))}) to ({', '.join(map(str, yielded))}): "
                f"each is an element, {element}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> GenericAtomicRMWOp:
        memref = parser.parse_unresolved_operand()
        indices = parse_indices(parser)
        parser.parse_punctuation(":", " and the type of the memref")
        position = parser.pos
        type_ = parser.parse_type()
        if not isinstance(type_, MemRefType):
            parser.raise_error(f"expected a ranked memref type, found {type_}", position, parser.pos)
        type_, body = cast("MemRefType[Attribute]", type_), parser.parse_region()
        return cls.create(
            operands=[parser.resolve_operand(memref, type_), *indices],
            result_types=[type_.element_type],
            regions=[body],
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.memref)
        print_values(printer, self.indices, "[", "]")
        printer.print_string(" : ")
        printer.print_attribute(self.memref.type)
        printer.print_string(" ")
        printer.print_region(self.body)
        printer.print_op_attributes(self.attributes)
