"""Who am I, and waiting: operations of the scalar unit that touch no buffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import IndexType, StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, result_def, traits_def, var_operand_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.attributes import TokenType


@irdl_op_definition
class CoreIdOp(IRDLOperation):
    """
    The number of the core that runs this program, counted over the whole chip: 0 to cores - 1.

    `%core = simd.core_id : index`
    """

    name = "simd.core_id"
    result = result_def(IndexType())
    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self):
        super().__init__(result_types=[IndexType()])


@irdl_op_definition
class ClusterIdOp(IRDLOperation):
    """
    The number of the cluster that this core belongs to: core_id / cores per cluster.

    `%cluster = simd.cluster_id : index`
    """

    name = "simd.cluster_id"
    result = result_def(IndexType())
    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self):
        super().__init__(result_types=[IndexType()])


@irdl_op_definition
class BarrierOp(IRDLOperation):
    """
    Wait until all pipes of this core are idle; with `cluster` or `chip`, also until all cores there have come here.

    `simd.barrier core`, `simd.barrier cluster`, `simd.barrier chip`
    """

    name = "simd.barrier"
    SCOPES: ClassVar[tuple[str, ...]] = ("core", "cluster", "chip")

    scope = prop_def(StringAttr)
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())

    def __init__(self, scope: str):
        super().__init__(properties={"scope": StringAttr(scope)})

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        scope = parser.parse_keyword_in(cls.SCOPES, ": what a barrier holds up")
        attributes = parser.parse_optional_attr_dict()
        return cls.create(properties={"scope": StringAttr(scope)}, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.scope.data}")
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        if self.scope.data not in self.SCOPES:
            raise VerifyException(f"scope '{self.scope.data}'; a barrier's scope is one of {', '.join(self.SCOPES)}")


@irdl_op_definition
class WaitOp(IRDLOperation):
    """
    Hold the core up until the instructions of the tokens are done, and all before them on their pipes.

    `simd.wait %load, %store`

    A core that did not execute an instruction does not wait for it.
    """

    name = "simd.wait"
    tokens = var_operand_def(TokenType)
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    assembly_format = "$tokens attr-dict"

    def __init__(self, tokens: Sequence[SSAValue]):
        super().__init__(operands=[tokens])

    def verify_(self) -> None:
        if not self.tokens:
            raise VerifyException("no token; simd.wait waits for at least one")


@irdl_op_definition
class ReadyOp(IRDLOperation):
    """
    The token of nothing: it is done. What a loop that carries a token begins with when nothing is on its way.

    `%none = simd.ready : !simd.token`
    """

    name = "simd.ready"
    token = result_def(TokenType())
    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($token)"

    def __init__(self):
        super().__init__(result_types=[TokenType()])


CONTROL: tuple[type[IRDLOperation], ...] = (CoreIdOp, ClusterIdOp, BarrierOp, WaitOp, ReadyOp)
