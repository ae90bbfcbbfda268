"""`cse`: equal computations become one."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation
from xdsl.traits import EffectInstance, IsolatedFromAbove, IsTerminator, get_effects
from xdsl.transforms.common_subexpression_elimination import OperationInfo

from minilinalg.analysis.side_effects import is_read_only, may_change
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.dce import remove_dead_code


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

    Requires: nothing. Ensures: in a block, from a block into those nested in it, and from the first block of a region
    into the others, no two operations without effects have the same name, operands, attributes and regions; nothing is
    read twice, in a block and those nested in it, unless it may have been written in between, by whatever may be the
    same memory. The one that stays keeps its location. Operations without effects and uses are gone. Leaves alone:
    operations with a region of several blocks, operations whose effects are not known.
    """

    name = "cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        # First, because whoever uses a dead operation may stand behind it. Merging leaves none.
        remove_dead_code(op.body)
        _in_block(op.body.block, _Scope())


@dataclass
class _Scope:
    """What is known where an operation stands: what was computed, and what was read and is still in memory."""

    computed: ChainMap[OperationInfo, Operation] = field(default_factory=ChainMap[OperationInfo, Operation])
    reads: dict[OperationInfo, Operation] = field(default_factory=dict[OperationInfo, Operation])

    def forget(self, effects: Iterable[EffectInstance] | None) -> None:
        """Something with these effects happens."""
        if effects is None:
            self.reads.clear()
        elif not is_read_only(effects):
            changed = [
                info
                for info, op in self.reads.items()
                if any(may_change(effects, read) for read in get_effects(op) or ())
            ]
            for info in changed:
                del self.reads[info]

    def inside(self, op: Operation) -> _Scope:
        """What is known in a region of `op`. It may run again, or at the same time as others, after what it does."""
        if op.has_trait(IsolatedFromAbove, value_if_unregistered=True):
            return _Scope()
        inner = _Scope(self.computed.new_child(), dict(self.reads))
        inner.forget(get_effects(op))
        return inner


def _in_block(block: Block, scope: _Scope) -> None:
    for op in block.ops:
        for region in op.regions:
            outer = scope.inside(op)
            for number, inner in enumerate(region.blocks):
                # The first block runs before all others, but what is in memory depends on the way from there.
                _in_block(inner, outer if number == 0 else _Scope(outer.computed.new_child()))
        _simplify(op, scope)


def _simplify(op: Operation, scope: _Scope) -> None:
    if op.has_trait(IsTerminator):
        return
    effects = get_effects(op)
    if effects is None or not is_read_only(effects):
        scope.forget(effects)
        return
    if any(len(region.blocks) > 1 for region in op.regions):
        return
    known, info = scope.reads if effects else scope.computed, OperationInfo(op)
    existing = known.get(info)
    if existing is None:
        known[info] = op
        return
    for old, new in zip(op.results, existing.results, strict=True):
        old.replace_all_uses_with(new)
    op.detach()
    op.erase()
