"""`dce`: what nobody uses goes away."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region

from minilinalg.analysis.side_effects import is_removable
from minilinalg.passes.base import MinilinalgPass


@dataclass(frozen=True)
class DcePass(MinilinalgPass):
    """Removes operations without effects whose results reach no effect, and blocks that are not reached.

    ```mlir
    func.func @before(%a: i32) -> i32 {
      %0 = arith.addi %a, %a : i32
      %1 = arith.muli %0, %a : i32
      return %a : i32
    }
    ```
    becomes
    ```mlir
    func.func @after(%a: i32) -> i32 {
      return %a : i32
    }
    ```

    Requires: nothing. Ensures: every operation is a terminator or what it hands on, a symbol, has an effect other than
    reading and than on memory that it has allocated itself, or is used by one that stays. Leaves alone: operations
    whose effects are not known; functions that nobody calls; values that a loop carries for nobody (`canonicalize`).
    """

    name = "dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        remove_dead_code(op.body)


def remove_dead_code(region: Region) -> bool:
    """Removes what is not live from `region` and from all inside it. Returns whether something was."""
    live, reached = _live(region)
    return _erase(region, live, reached)


def _live(region: Region) -> tuple[set[Operation], set[Block]]:
    """The operations that are needed, and the blocks that are reached."""
    live, reached = set[Operation](), set[Block]()
    work: list[Operation | Block] = [] if region.first_block is None else [region.first_block]
    while work:
        item = work.pop()
        if isinstance(item, Block):
            if item not in reached:
                reached.add(item)
                work.extend(op for op in item.ops if not is_removable(op))
        elif item not in live:
            live.add(item)
            work.extend(operand.owner for operand in item.operands if isinstance(operand.owner, Operation))
            work.extend(item.successors)
            work.extend(inner.first_block for inner in item.regions if inner.first_block is not None)
    return live, reached


def _erase(region: Region, live: set[Operation], reached: set[Block]) -> bool:
    changed = False
    for block in reversed(region.blocks):
        if block not in reached:
            region.erase_block(block, safe_erase=False)
            changed = True
            continue
        for op in reversed(block.ops):
            if op not in live:
                block.erase_op(op, safe_erase=False)
                changed = True
            else:
                for inner in op.regions:
                    changed |= _erase(inner, live, reached)
    return changed
