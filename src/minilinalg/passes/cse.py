"""`cse`: equal computations become one."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.transforms.common_subexpression_elimination import cse

from minilinalg.passes.base import MinilinalgPass


@dataclass(frozen=True)
class CsePass(MinilinalgPass):
    """Replaces an operation by an equal one that comes before it.

    ```mlir
    func.func @before(%a: i32, %b: i32) -> i32 {
      %0 = arith.addi %a, %b : i32
      %1 = arith.addi %a, %b : i32
      %2 = arith.muli %0, %1 : i32
      return %2 : i32
    }
    ```
    becomes
    ```mlir
    func.func @after(%a: i32, %b: i32) -> i32 {
      %0 = arith.addi %a, %b : i32
      %1 = arith.muli %0, %0 : i32
      return %1 : i32
    }
    ```

    Requires: nothing. Ensures: in a block, and from a block into those nested in it, no two operations without effects
    have the same name, operands, attributes and regions; a read is not repeated before the next write. The one that
    stays keeps its location. Operations without effects and uses are gone. Leaves alone: what is in regions of several
    blocks, operations whose effects are not known.
    """

    name = "cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        cse(op)
