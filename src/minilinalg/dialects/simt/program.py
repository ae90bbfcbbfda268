"""Where a thread is, and what all threads agree on."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import VectorType, i32
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.traits import NoMemoryEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.types import Value, Vector, count_of, element_of
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, ProgramDim
from minilinalg.dialects.tt.traits import in_order

LANES = 32
"""The threads of a warp."""
THREADS_ATTR = "simt.threads"
"""Of a function: the threads of a block, an i32."""
SHARED_ATTR = "simt.shared"
"""Of a function: the bytes of shared memory that a block uses, an i32."""


@irdl_op_definition
class ThreadIdOp(FormattedOperation):
    """The number of this thread in its block, from 0: `%t = simt.thread_id : vector<1xi32>`. PTX: `%tid.x`."""

    name = "simt.thread_id"
    SYNTAX: ClassVar = Syntax("attr-dict `:` type($result)")

    result = result_def(VectorType(i32, [1]))
    traits = in_order(NoMemoryEffect())

    def __init__(self):
        super().__init__(result_types=[VectorType(i32, [1])])


@irdl_op_definition
class BlockIdOp(FormattedOperation):
    """The number of this block along a dimension of the grid: `%x = simt.block_id x : i32`. PTX: `%ctaid.x`."""

    name = "simt.block_id"
    SYNTAX: ClassVar = Syntax("$axis attr-dict `:` type($result)")

    axis = prop_def(EnumAttr(ProgramDim))
    result = result_def(i32)
    traits = in_order(NoMemoryEffect())

    def __init__(self, axis: ProgramDim):
        super().__init__(result_types=[i32], properties={"axis": axis.attribute})


@irdl_op_definition
class NumBlocksOp(FormattedOperation):
    """The size of the grid along a dimension: `%n = simt.num_blocks x : i32`. PTX: `%nctaid.x`."""

    name = "simt.num_blocks"
    SYNTAX: ClassVar = Syntax("$axis attr-dict `:` type($result)")

    axis = prop_def(EnumAttr(ProgramDim))
    result = result_def(i32)
    traits = in_order(NoMemoryEffect())

    def __init__(self, axis: ProgramDim):
        super().__init__(result_types=[i32], properties={"axis": axis.attribute})


@irdl_op_definition
class UniformOp(FormattedOperation):
    """A register that is the same in all threads of the block, as a scalar: `%s = simt.uniform %v : vector<1xi32>`.

    Nothing is moved: the program promises it, and a checked run holds it to that.
    """

    name = "simt.uniform"
    SYNTAX: ClassVar = Syntax("$source attr-dict `:` type($source) `->` type($result)")

    source = operand_def(Vector)
    result = result_def(Value)
    traits = in_order(NoMemoryEffect())

    def verify_(self) -> None:
        if count_of(self.source.type) != 1 or element_of(self.source.type) != self.result.type:
            raise VerifyException(
                f"'simt.uniform' of {self.source.type} to {self.result.type}: of one element, to its type"
            )
