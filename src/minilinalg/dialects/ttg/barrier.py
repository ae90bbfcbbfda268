"""Barriers between the threads of one program."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import IntFlag
from typing import Self

from xdsl.dialects.builtin import I32, IntegerAttr, i32
from xdsl.ir import Operation
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind
from xdsl.utils.exceptions import VerifyException


class AddressSpaces(IntFlag):
    """The memories whose accesses a barrier orders; `NONE` orders no memory, only threads."""

    NONE = 0
    LOCAL = 1
    GLOBAL_READ = 2
    GLOBAL_WRITE = 4
    TENSOR_READ = 8
    TENSOR_WRITE = 16
    ALL = 31


KEYWORDS = {space.name.lower(): space for space in AddressSpaces.__members__.values() if space.name}


class OrdersThreads(MemoryEffect):
    """Reads and writes memory at no known address, so that nothing moves across."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return frozenset(EffectInstance(kind) for kind in (MemoryEffectKind.READ, MemoryEffectKind.WRITE))


@irdl_op_definition
class BarrierOp(IRDLOperation):
    """Wait until all threads of the program are here, and see what they did to the named memories.

    ```mlir
    ttg.barrier local|global_read
    ttg.barrier all
    ```

    The memories are local (shared memory), global_read, global_write, tensor_read, tensor_write, or all or none.
    """

    name = "ttg.barrier"

    addr_space = prop_def(IntegerAttr[I32], prop_name="addrSpace")

    traits = traits_def(OrdersThreads())

    def __init__(self, spaces: AddressSpaces = AddressSpaces.ALL):
        super().__init__(properties={"addrSpace": IntegerAttr(int(spaces), i32)})

    @property
    def spaces(self) -> AddressSpaces:
        """The memories that are ordered."""
        return AddressSpaces(self.addr_space.value.data)

    def verify_(self) -> None:
        if not 0 <= self.addr_space.value.data <= AddressSpaces.ALL:
            raise VerifyException(
                f"'ttg.barrier' with address spaces {self.addr_space.value.data}: "
                f"they are a sum of the bits of {int(AddressSpaces.ALL)}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        spaces = AddressSpaces.NONE
        while True:
            position = parser.pos
            keyword = parser.parse_identifier()
            if keyword not in KEYWORDS:
                parser.raise_error(f"'{keyword}' is no address space: one of {', '.join(KEYWORDS)}", position)
            spaces |= KEYWORDS[keyword]
            if parser.parse_optional_punctuation("|") is None:
                return cls(spaces)

    def print(self, printer: Printer) -> None:
        if self.spaces in (AddressSpaces.ALL, AddressSpaces.NONE):
            shown = [self.spaces]
        else:
            shown = list(self.spaces)
        printer.print_string(" " + "|".join(space.name.lower() for space in shown if space.name))
