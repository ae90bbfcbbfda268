"""What is waited for: the other threads of the block, and launches before this one."""

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


@irdl_op_definition
class GridDependencyWaitOp(FormattedOperation):
    """Wait until the launches that this one depends on are done, and see what they wrote: `simt.grid_dependency_wait`.

    A launch that was not told to begin early has nothing to wait for. PTX: `griddepcontrol.wait`.
    """

    name = "simt.grid_dependency_wait"
    SYNTAX: ClassVar = Syntax("attr-dict")

    traits = in_order(Orders())

    def __init__(self):
        super().__init__()


@irdl_op_definition
class GridDependencyLaunchDependentsOp(FormattedOperation):
    """Let launches that depend on this one begin: `simt.grid_dependency_launch_dependents`.

    They still wait before they use what it writes. PTX: `griddepcontrol.launch_dependents`.
    """

    name = "simt.grid_dependency_launch_dependents"
    SYNTAX: ClassVar = Syntax("attr-dict")

    traits = in_order(Orders())

    def __init__(self):
        super().__init__()
