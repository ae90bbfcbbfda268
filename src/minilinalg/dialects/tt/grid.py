"""The grid of programs that run the kernel: where a program is in it, and the grids before and after it."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import i32
from xdsl.irdl import irdl_op_definition, prop_def, result_def
from xdsl.traits import Pure

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, ProgramDim
from minilinalg.dialects.tt.effects import ObservedFromOutside, OrdersAllMemory
from minilinalg.dialects.tt.traits import TensorSize, in_order


class GridOperation(FormattedOperation):
    """What the two operations of the grid share: a dimension `axis`, an i32 result."""

    SYNTAX: ClassVar = Syntax("$axis attr-dict `:` type($result)")

    axis = prop_def(EnumAttr(ProgramDim))
    result = result_def(i32)

    traits = in_order(Pure(), TensorSize())

    def __init__(self, axis: ProgramDim | int):
        super().__init__(properties={"axis": ProgramDim(axis).attribute}, result_types=[i32])

    @property
    def program_dim(self) -> ProgramDim:
        """The dimension that is asked for."""
        return ProgramDim.of(self.axis)


@irdl_op_definition
class GetProgramIdOp(GridOperation):
    """The index of this program in dimension `axis` of the grid.

    ```mlir
    %pid = tt.get_program_id x : i32
    ```

    From 0 to `tt.get_num_programs` - 1; x runs fastest.
    """

    name = "tt.get_program_id"


@irdl_op_definition
class GetNumProgramsOp(GridOperation):
    """The number of programs in dimension `axis` of the grid.

    ```mlir
    %n = tt.get_num_programs x : i32
    ```
    """

    name = "tt.get_num_programs"


@irdl_op_definition
class GridDependencyWaitOp(FormattedOperation):
    """Wait until the grids that this one depends on are done, and see what they wrote.

    ```mlir
    tt.grid_dependency_wait
    ```
    """

    name = "tt.grid_dependency_wait"
    SYNTAX: ClassVar = Syntax("attr-dict")

    traits = in_order(OrdersAllMemory(), TensorSize())


@irdl_op_definition
class GridDependencyLaunchDependentsOp(FormattedOperation):
    """Let grids that depend on this one begin; they still wait before they use what it writes.

    ```mlir
    tt.grid_dependency_launch_dependents
    ```
    """

    name = "tt.grid_dependency_launch_dependents"
    SYNTAX: ClassVar = Syntax("attr-dict")

    traits = in_order(ObservedFromOutside(), TensorSize())
