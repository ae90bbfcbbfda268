"""`loop-aware-cse`: equal computations become one, those that depend on what a loop carries too.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.dialects.upstream import scf
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.carried_values import drop_dead_carried
from minilinalg.passes.cse import CsePass


def merge_carried(loop: scf.ForOp) -> bool:
    """Values that `loop` carries and that are equal in every turn become one; True when there were any.

    They are when they start equal, and when each is computed from itself as the other is from that one. Assume that all
    that start equal stay equal, and take back what turns out different until nothing does.
    """
    block, end = loop.regions[0].block, loop.regions[0].block.last_op
    assert end is not None
    args, starts = block.args[1:], loop.operands[3:]
    first = {arg: next(other for other, s in zip(args, starts, strict=True) if s is start and other.type == arg.type)
             for arg, start in zip(args, starts, strict=True)}  # fmt: skip
    changed = True
    while changed:
        changed = False
        for i, arg in enumerate(args):
            leader = first[arg]
            if leader is not arg and not _equal(end.operands[i], end.operands[leader.index - 1], first, block):
                # It may still equal a later one that started as it did.
                behind = [o for o in args[leader.index : i] if first[o] is o and starts[o.index - 1] is starts[i]]
                first[arg] = next((o for o in behind if o.type == arg.type), arg)
                changed = True
    merged = False
    for arg in args:
        leader = first[arg]
        if leader is not arg:
            merged |= arg.uses.get_length() > 0 or loop.results[arg.index - 1].uses.get_length() > 0
            arg.replace_all_uses_with(leader)
            loop.results[arg.index - 1].replace_all_uses_with(loop.results[leader.index - 1])
    return merged


def _equal(a: SSAValue, b: SSAValue, first: Mapping[Any, SSAValue], block: Block) -> bool:
    """Whether two values are computed alike from arguments of `block` that are taken to be equal."""
    if first.get(a, a) is first.get(b, b):
        return True
    one, other = a.owner, b.owner
    if not isinstance(one, Operation) or not isinstance(other, Operation):
        return False
    return (
        one.parent is block is other.parent
        and type(one) is type(other)
        and a.type == b.type
        and not one.regions
        and is_side_effect_free(one)
        and one.properties == other.properties
        and one.attributes == other.attributes
        and one.results.index(a) == other.results.index(b)  # pyright: ignore
        and len(one.operands) == len(other.operands)
        and all(_equal(x, y, first, block) for x, y in zip(one.operands, other.operands, strict=True))
    )


@dataclass(frozen=True)
class LoopAwareCsePass(MinilinalgPass):
    """Replaces an operation by an equal one before it, also where what both use is carried by a loop and always equal.

    ```mlir
    func.func @before(%lb: index, %ub: index, %s: index, %a: i32) -> (i32, i32) {
      %0, %1 = scf.for %i = %lb to %ub step %s iter_args(%x = %a, %y = %a) -> (i32, i32) {
        %2 = arith.addi %x, %a : i32
        %3 = arith.addi %y, %a : i32
        scf.yield %2, %3 : i32, i32
      }
      return %0, %1 : i32, i32
    }
    ```
    becomes
    ```mlir
    func.func @after(%lb: index, %ub: index, %s: index, %a: i32) -> (i32, i32) {
      %0 = scf.for %i = %lb to %ub step %s iter_args(%x = %a) -> (i32) {
        %1 = arith.addi %x, %a : i32
        scf.yield %1 : i32
      }
      return %0, %0 : i32, i32
    }
    ```

    Requires: nothing. Ensures: what `cse` does; and no two values that a `scf.for` carries start as the same value and
    are computed by equal operations without effects from themselves and equal values; what a loop carries for itself
    alone is dropped. Leaves alone: what is computed by operations with a region; loops of kind `while`.
    """

    name = "loop-aware-cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        CsePass().apply(ctx, op)
        merged = True
        while merged:
            merged = False
            for loop in [each for each in op.walk() if isinstance(each, scf.ForOp)]:
                merged |= merge_carried(loop)
            drop_dead_carried(op)
            CsePass().apply(ctx, op)
