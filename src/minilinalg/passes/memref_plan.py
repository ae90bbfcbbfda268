"""`memref-plan`: every on-chip buffer gets an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import NamedTuple, cast

from xdsl.context import Context
from xdsl.dialects.builtin import DYNAMIC_INDEX, IntegerAttr, MemRefType, ModuleOp, i64
from xdsl.ir import Operation

from minilinalg.analysis.arena import Item, place
from minilinalg.analysis.liveness import Interval, intervals, peak
from minilinalg.dialects.simd import SpaceAttr
from minilinalg.dialects.simd.constraints import reserved_bytes
from minilinalg.dialects.upstream import func, memref
from minilinalg.errors import OverCapacityError, UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.strided_view import buffer_type
from minilinalg.targets import Space, Target

ADDRESS = "simd.address"
"""The attribute of an allocation: where the buffer begins in its memory, in bytes (i64)."""


@dataclass(frozen=True)
class MemrefPlanPass(MinilinalgPass):
    """Gives every on-chip buffer an address, so that buffers which are not needed together share memory.

    ```mlir
    func.func @chain(%x: memref<64xf32, #simd.space<gdram>>) {
      %a = memref.alloc() : memref<64xf32, #simd.space<nram>>
      memref.copy %x, %a : memref<64xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>
      memref.copy %a, %x : memref<64xf32, #simd.space<nram>> to memref<64xf32, #simd.space<gdram>>
      %b = memref.alloc() : memref<64xf32, #simd.space<nram>>
      memref.copy %x, %b : memref<64xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>
      memref.copy %b, %x : memref<64xf32, #simd.space<nram>> to memref<64xf32, #simd.space<gdram>>
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @chain(%x: memref<64xf32, #simd.space<gdram>>) {
      %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      %b = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      memref.copy %x, %a : memref<64xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>
      memref.copy %a, %x : memref<64xf32, #simd.space<nram>> to memref<64xf32, #simd.space<gdram>>
      memref.copy %x, %b : memref<64xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>
      memref.copy %b, %x : memref<64xf32, #simd.space<nram>> to memref<64xf32, #simd.space<gdram>>
      return
    }
    ```

    When a buffer is live: analysis/liveness.py. Where it goes: analysis/arena.py. A buffer takes as many bytes as an
    instruction on it touches, whose count the machine rounds up.

    Requires: a target; on-chip buffers of static shape with a memory space. Ensures: every allocation has
    `simd.address`, a multiple of what memory and vector unit demand; buffers that are live together do not overlap;
    each memory's buffers fit into it. Allocations stand at the top of what a core runs: of the body of scf.forall, or
    of the function. Leaves alone: everything else; a function whose buffers all have an address.
    """

    name = "memref-plan"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self)
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            live = intervals(function)
            if any(ADDRESS not in alloc.attributes for alloc in live):
                self.plan(ctx, target, function, live)

    def plan(
        self, ctx: Context, target: Target, function: func.FuncOp, live: Mapping[memref.AllocOp, Interval]
    ) -> None:
        by_space: dict[str, list[_Planned]] = {}
        for alloc, interval in live.items():
            space = _space_of(alloc)
            item = Item(interval, reserved_bytes(buffer_type(alloc.memref), target))
            by_space.setdefault(space, []).append(_Planned(alloc, item))
        for name, planned in by_space.items():
            space = target.space(name)
            alignment = lcm(space.alignment, target.vector.alignment)
            found = place([p.item for p in planned], alignment=alignment, capacity=space.usable)
            if found.total > space.usable:
                raise _over_capacity(target, space, planned, found.total)
            for p, offset in zip(planned, found.offsets, strict=True):
                p.alloc.attributes[ADDRESS] = IntegerAttr(offset, i64)
            needed = sum(p.item.size for p in planned)
            count = f"{len(planned)} buffer{'s' if len(planned) > 1 else ''}"
            text = f"{count} of {needed} bytes: {found.total} of {space.usable} bytes of {name} are taken"
            remark(ctx, self, function, text)
        _hoist(list(live))


class _Planned(NamedTuple):
    alloc: memref.AllocOp
    item: Item


def _space_of(alloc: memref.AllocOp) -> str:
    type = buffer_type(alloc.memref)
    if not isinstance(type.memory_space, SpaceAttr) or DYNAMIC_INDEX in type.get_shape():
        raise UnsupportedError(
            f"a buffer of type {type} cannot have an address",
            rule="a buffer with an address has a static shape and a memory space: memref-promote gives it one",
            places=places_of(alloc),
        )
    return type.memory_space.data


def _hoist(allocs: Sequence[memref.AllocOp]) -> None:
    """Moves allocations to the top of what a core runs, in their order."""
    last: dict[Operation, Operation] = {}
    for alloc in allocs:
        holder = _program_of(alloc)
        block = holder.regions[0].block
        alloc.detach()
        if holder in last:
            block.insert_op_after(alloc, last[holder])
        elif block.first_op is not None:
            block.insert_op_before(alloc, block.first_op)
        last[holder] = alloc


def _program_of(alloc: Operation) -> Operation:
    """What one core runs of it: the scf.forall around `alloc`, or the function."""
    at = cast("Operation", alloc.parent_op())
    while at.name != "scf.forall" and not isinstance(at, func.FuncOp):
        at = cast("Operation", at.parent_op())
    return at


def _over_capacity(target: Target, space: Space, planned: Sequence[_Planned], total: int) -> OverCapacityError:
    time, needed = peak((p.item.live, p.item.size) for p in planned)
    living = sorted((p for p in planned if time in p.item.live), key=lambda p: -p.item.size)
    lines = [f"{_describe(p)}" for p in living]
    why = (
        f"{needed} bytes of buffers are needed at the same time"
        if needed > space.usable
        else f"the best plan found takes {total} bytes, with gaps that no buffer fits into"
    )
    over = max(needed, total if needed <= space.usable else 0) - space.usable
    return OverCapacityError(
        f"{space.name} of target '{target.name}' is over capacity by {over} bytes: {why}\n  " + "\n  ".join(lines),
        rule=f"the buffers of a core that are live together fit into the {space.usable} bytes of {space.name}",
        hint="smaller blocks",
        places=places_of(living[0].alloc),
    )


def _describe(planned: _Planned) -> str:
    type: MemRefType = buffer_type(planned.alloc.memref)  # pyright: ignore[reportMissingTypeArgument]
    shape = "x".join([*(str(n) for n in type.get_shape()), str(type.element_type)])
    name = planned.alloc.memref.name_hint
    places = places_of(planned.alloc)
    where = f" at {places[-1]}" if places else ""
    return f"{planned.item.size} bytes: {f'{name}, ' if name else ''}{shape}{where}"
