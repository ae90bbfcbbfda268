"""`dce`: what nobody uses goes away."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.transforms.dead_code_elimination import region_dce

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

    Requires: nothing. Ensures: every operation is a terminator, a symbol, has an effect other than reading, or is used
    by one that stays. Leaves alone: operations whose effects are not known; functions that nobody calls.
    """

    name = "dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        region_dce(op.body)
