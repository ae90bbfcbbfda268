"""`tritongpu-remove-layout-conversions`: fewer conversions between layouts, and cheaper ones.

| file | holds |
|---|---|
| `anchors.py` | who insists on a layout, who passes it on, what may be repeated |
| `propagation.py` | forward: layouts of anchors spread, conflicts are resolved |
| `slices.py`, `cost.py`, `rematerialization.py` | backward: operands are computed in the layout that is asked for |
| `hoisting.py` | over what widens, into branches, and to the loads behind operands of dots |
| `cleanup.py` | conversions that come to nothing |

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg.dialects import tt
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.carried_values import drop_dead_carried
from minilinalg.passes.rewriting import apply_patterns
from minilinalg.passes.tritongpu_remove_layout_conversions.cleanup import PATTERNS
from minilinalg.passes.tritongpu_remove_layout_conversions.hoisting import (
    hoist_dot_operands,
    hoist_into_conditionals,
    hoist_over_widening,
)
from minilinalg.passes.tritongpu_remove_layout_conversions.propagation import Propagation
from minilinalg.passes.tritongpu_remove_layout_conversions.rematerialization import rematerialize


@dataclass(frozen=True)
class TritongpuRemoveLayoutConversionsPass(MinilinalgPass):
    """Chooses the layouts of values so that few of them are converted, and computes twice what is dearer to convert.

    ```mlir
    #a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    #b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%p: !tt.ptr<f32>) {
        %0 = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #a>
        %1 = tt.splat %p : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>, #a>
        %2 = tt.addptr %1, %0 : tensor<128x!tt.ptr<f32>, #a>, tensor<128xi32, #a>
        %3 = ttg.convert_layout %2 : tensor<128x!tt.ptr<f32>, #a> -> tensor<128x!tt.ptr<f32>, #b>
        %4 = tt.load %3 : tensor<128x!tt.ptr<f32>, #b>
        %5 = ttg.convert_layout %4 : tensor<128xf32, #b> -> tensor<128xf32, #a>
        %6 = math.exp %5 : tensor<128xf32, #a>
        %7 = ttg.convert_layout %6 : tensor<128xf32, #a> -> tensor<128xf32, #b>
        tt.store %3, %7 : tensor<128x!tt.ptr<f32>, #b>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%p: !tt.ptr<f32>) {
        %0 = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #b>
        %1 = tt.splat %p : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>, #b>
        %2 = tt.addptr %1, %0 : tensor<128x!tt.ptr<f32>, #b>, tensor<128xi32, #b>
        %3 = tt.load %2 : tensor<128x!tt.ptr<f32>, #b>
        %4 = math.exp %3 : tensor<128xf32, #b>
        tt.store %2, %4 : tensor<128x!tt.ptr<f32>, #b>
        tt.return
      }
    }
    ```

    Requires: stage ttg. Ensures: between an anchor (a dot, an atomic, a load or store that keeps every thread busy) and
    what is computed from it no layout changes, except where several meet; a conversion that is left costs less than
    computing its operand again, or its operand comes from what may not be repeated; it stands in front of what makes
    its operand wider, and in that branch of a conditional which needs it. What an operand of a dot is computed from is
    converted as it was loaded, where no element changes its thread on the way. Leaves alone: the layouts of those
    loads; loops of kind `while` backward.
    """

    name = "tritongpu-remove-layout-conversions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [func for func in op.walk() if isinstance(func, tt.FuncOp)]
        for func in functions:
            Propagation(func).run()
            self.clean(ctx, func)
            changed = True
            while changed:
                changed = rematerialize(ctx, self, func)
                self.clean(ctx, func)
                changed |= hoist_over_widening(func)
                changed |= hoist_into_conditionals(func)
                changed |= hoist_dot_operands(func)
                self.clean(ctx, func)

    def clean(self, ctx: Context, func: tt.FuncOp) -> None:
        """Conversions that come to nothing go away, with what nobody needs any more, in loops too."""
        while True:
            apply_patterns(ctx, func, PATTERNS, erase_dead=True)
            if not drop_dead_carried(func):
                return
