"""The barrier between the threads of a block."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition

from minilinalg.dialects.simt.effects import Orders
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import in_order


@irdl_op_definition
class BarrierOp(FormattedOperation):
    """Wait until all threads of the block are here, and see what they did to memory: `simt.barrier`.

    All threads reach it, or none. PTX: `bar.sync 0`.
    """

    name = "simt.barrier"
    SYNTAX: ClassVar = Syntax("attr-dict")

    traits = in_order(Orders())

    def __init__(self):
        super().__init__()
