"""`tritongpu-reorder-instructions`: values are made where they are needed, so that fewer live at a time.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.ttg.distributed_layouts import DotOperandEncodingAttr
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.upstream import scf
from minilinalg.passes.base import MinilinalgPass


def _users(op: Operation) -> list[Operation]:
    return [use.operation for result in op.results for use in result.uses]


def move_after(op: Operation, at: Operation) -> None:
    """Moves `op` behind `at`, unless it stands there."""
    if op.prev_op is at:
        return
    op.detach()
    assert at.parent is not None
    at.parent.insert_op_after(op, at)


def sink_conversion(op: ttg.ConvertLayoutOp) -> None:
    """A conversion with one user in its block stands in front of it."""
    users = _users(op)
    if len(users) == 1 and users[0].parent is op.parent:
        user = users[0]
        if user.prev_op is not op and user.parent is not None:
            op.detach()
            user.parent.insert_op_before(op, user)


def sink_into_loop(op: Operation) -> None:
    """What one operation in a loop below needs is made there, turn by turn: it holds no registers in between."""
    users = _users(op)
    if len(users) != 1 or _loop_around(users[0]) is _loop_around(op):
        return
    user = users[0]
    assert user.parent is not None
    op.detach()
    user.parent.insert_op_before(op, user)


def is_operand_of_dot(op: Operation) -> bool:
    """Whether an operation fills registers with the operand of a dot, or from a buffer that nobody writes again."""
    if isinstance(op, ttg.LocalLoadOp):
        return is_written_once(op.src)
    return isinstance(op, ttg.ConvertLayoutOp) and isinstance(layout_of(op.result.type), DotOperandEncodingAttr)


def is_written_once(buffer: SSAValue) -> bool:
    """Whether what a view of shared memory shows is there to the end, as it was when the buffer was made."""
    while isinstance(owner := buffer.owner, ttg.MemDescTransOp | ttg.MemDescReshapeOp | ttg.MemDescSubsliceOp):
        buffer = owner.operands[0]
    assert isinstance(buffer.type, MemDescType)
    return not buffer.type.is_mutable and not any(isinstance(use.operation, ttg.LocalDeallocOp) for use in buffer.uses)


MADE = (
    tt.TransOp,
    ttg.LocalLoadOp,
    ttg.MemDescIndexOp,
    ttg.MemDescReshapeOp,
    ttg.MemDescSubsliceOp,
    ttg.MemDescTransOp,
)


def made_for(operand: SSAValue) -> tuple[list[Operation], Operation | None]:
    """What nothing needs but this operand of a dot: views of shared memory, the load from it, what is transposed; and
    the load."""
    found: list[Operation] = []
    load: Operation | None = None
    while isinstance(owner := operand.owner, MADE) and len(_users(owner)) == 1:
        found.insert(0, owner)
        operand = owner.operands[0]
        load = owner if isinstance(owner, ttg.LocalLoadOp) else load
    return found, load


def _loop_around(op: Operation) -> Operation | None:
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, scf.ForOp):
        parent = parent.parent_op()
    return parent


def definition_in(op: Operation, block: Block | None) -> Operation | None:
    """The operation that makes the first operand of `op`, when it stands in `block`."""
    owner = op.operands[0].owner if op.operands else None
    return owner if isinstance(owner, Operation) and owner.parent is block else None


@dataclass(frozen=True)
class TritongpuReorderInstructionsPass(MinilinalgPass):
    """Moves what is stored to shared memory up to where it was computed, and conversions down to who needs them.

    ```mlir
    #a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    #b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    tt.func @before(%x: tensor<512xf32, #a>, %y: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
      %0 = ttg.convert_layout %x : tensor<512xf32, #a> -> tensor<512xf32, #b>
      %1 = math.exp %y : tensor<512xf32, #b>
      %2 = arith.addf %0, %1 : tensor<512xf32, #b>
      tt.return %2 : tensor<512xf32, #b>
    }
    ```
    becomes
    ```mlir
    #a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    #b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    tt.func @after(%x: tensor<512xf32, #a>, %y: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
      %0 = math.exp %y : tensor<512xf32, #b>
      %1 = ttg.convert_layout %x : tensor<512xf32, #a> -> tensor<512xf32, #b>
      %2 = arith.addf %1, %0 : tensor<512xf32, #b>
      tt.return %2 : tensor<512xf32, #b>
    }
    ```

    Requires: nothing. Ensures: a conversion that one operation of its block uses stands in front of that; what a loop
    needs as the operand of a dot, or from a buffer that is written once, is made in the loop, where one operation uses
    it: shared memory is cheaper than registers held all along. A buffer that holds a value is allocated behind the
    operation that made the value, in the same block, and a transposition stands behind what it transposes; the second
    operand of a dot is loaded from shared memory behind the first. Leaves alone: what several operations use, and other
    order across blocks.
    """

    name = "tritongpu-reorder-instructions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for each in [each for each in op.walk() if isinstance(each, ttg.ConvertLayoutOp)]:
            sink_conversion(each)
        for each in [each for each in op.walk() if is_operand_of_dot(each)]:
            sink_into_loop(each)
        for each in [each for each in op.walk() if isinstance(each, ttg.LocalAllocOp) and each.src is not None]:
            if (made := definition_in(each, each.parent)) is not None:
                move_after(each, made)
        for each in [each for each in op.walk() if isinstance(each, tt.TransOp | ttg.MemDescTransOp)]:
            if (made := definition_in(each, each.parent)) is not None:
                move_after(each, made)
        for each in [each for each in op.walk() if isinstance(each, tt.DotOp)]:
            self.second_behind_first(each)

    def second_behind_first(self, dot: tt.DotOp) -> None:
        """Loads of both operands of a dot stand together, the first one first; with the second goes what turns it."""
        (_, first), (second, load) = made_for(dot.a), made_for(dot.b)
        if first is None or load is None or first.parent is not load.parent:
            return
        # Nothing between them may write the buffer: they stand side by side with only operations without effects.
        between = load.next_op
        while between is not None and between is not first:
            if not is_side_effect_free(between) and not isinstance(between, ttg.LocalLoadOp | tt.LoadOp):
                return
            between = between.next_op
        if between is first:
            for op in reversed([op for op in second if op.parent is first.parent]):
                move_after(op, first)
