"""The `address` dialect: memory at an address that a program has computed, below the stage `tt`.

Arguments lie in one address space. What a program knows of a pointer that it loaded from memory, made from an integer,
or chose among several, is its number there: `memref.extract_aligned_pointer_as_index` gives that of an argument, and
`address.to_memref` the memory at it.
"""

from __future__ import annotations

from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, NoneAttr, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.exports import dialect


@irdl_op_definition
class ToMemRefOp(IRDLOperation):
    """
    The memory that begins at an address, in bytes.

    `%m = address.to_memref %a : memref<?xf32>`

    It is memory of arguments, which may be any of them; how much of it there is nobody knows, so its extent is no bound
    of anything. An access has to stay inside the argument that it begins in.
    """

    name = "address.to_memref"

    address = operand_def(i64)
    memory = result_def(MemRefType)
    traits = traits_def(Pure())
    assembly_format = "$address attr-dict `:` type($memory)"

    def __init__(self, address: SSAValue | Operation, element: Attribute, space: Attribute | None = None):
        type = MemRefType(element, [DYNAMIC_INDEX], NoneAttr(), space or NoneAttr())
        super().__init__(operands=[address], result_types=[type])

    def verify_(self) -> None:
        type = self.memory.type
        assert isinstance(type, MemRefType)
        if list(type.get_shape()) != [DYNAMIC_INDEX] or not isinstance(type.layout, NoneAttr):
            raise VerifyException(
                f"'address.to_memref' gives {type}: it gives memref<?xELEMENT>, of which views are taken"
            )


Address = dialect("address", globals())
