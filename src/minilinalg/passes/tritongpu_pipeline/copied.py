"""Which loads of a loop with a schedule become asynchronous copies, and into how many buffers.

Source: LowerLoops.cpp of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.ir import Operation

from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.simt.bulk_copy import BOX_ALIGNMENT
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.passes.async_load import bytes_at_once, element_bits
from minilinalg.passes.loop_schedule import Schedule, users_in
from minilinalg.passes.shared_operand import DifferentLayouts, alloc_layouts, for_users, plain
from minilinalg.passes.tile_buffers import tile_bytes, tile_layout_of


@dataclass
class Copied:
    """A load that becomes a copy: the layout in shared memory, the number of buffers, how many elements at once."""

    load: tt.LoadOp | tt.DescriptorLoadOp
    layout: ttg.SharedLayoutAttribute
    buffers: int
    contiguity: int | None
    """None: it is a tile, and copied whole."""


def copied_loads(
    schedule: Schedule, axes: AxisInfoAnalysis, declined: Callable[[Operation, str], None]
) -> list[Copied]:
    """The loads of a loop that begin in an earlier stage than they are used in, and that copies can replace."""
    found: list[Copied] = []
    for load in schedule.order():
        if not isinstance(load, tt.LoadOp | tt.DescriptorLoadOp):
            continue
        stages = [schedule.when[user].stage for user in uses_of(schedule, load)]
        early = max(stages, default=0) - schedule.when[load].stage
        if early < 1:
            continue
        layout, contiguity = layout_for(load), None
        if isinstance(load, tt.LoadOp):
            bytes = bytes_at_once(load, axes, layout)
            if bytes < 4:
                if early > 1:
                    declined(load, "waits in registers: less than four bytes can be copied at once")
                continue
            contiguity = bytes * 8 // element_bits(load)
        elif tile_bytes(tensor_type(load.result)) % BOX_ALIGNMENT:
            declined(
                load, f"waits in registers: tiles side by side would not begin at multiples of {BOX_ALIGNMENT} bytes"
            )
            continue
        if layout is None:
            declined(load, "waits in registers: its users want different layouts in shared memory")
            continue
        # What is used after the copy began, or goes on being read by a product that nobody waited for yet.
        place = {op: position for position, op in enumerate(schedule.order())}
        late = any(place[user] > place[load] for user in uses_of(schedule, load) if user in place)
        found.append(Copied(load, layout, early + (1 if late or _feeds_warp_groups(load) else 0), contiguity))
    return sorted(found, key=lambda each: list(schedule.loop.body.block.ops).index(each.load))


def layout_for(load: tt.LoadOp | tt.DescriptorLoadOp) -> ttg.SharedLayoutAttribute | None:
    """The layout in shared memory for what is loaded; None when its users want different ones."""
    if isinstance(load, tt.DescriptorLoadOp):
        return tile_layout_of(load.desc, len(tensor_type(load.result).get_shape()))
    if allocs := alloc_layouts(load.result):
        return allocs[0]
    try:
        return for_users(load.result) or plain(tensor_type(load.result))
    except DifferentLayouts:
        return None


def uses_of(schedule: Schedule, op: Operation) -> list[Operation]:
    """What uses an operation, where a buffer that only holds what was loaded counts as what uses the buffer."""
    found: list[Operation] = []
    for user in users_in(schedule.loop, op):
        if isinstance(user, ttg.LocalAllocOp | ViewOp):
            found += uses_of(schedule, user)
        else:
            found.append(user)
    return found


def _feeds_warp_groups(load: tt.LoadOp | tt.DescriptorLoadOp) -> bool:
    todo: list[Operation] = [use.operation for use in load.result.uses]
    while todo:
        op = todo.pop()
        if isinstance(op, ttng.WarpGroupDotOp):
            return True
        if isinstance(op, ttg.LocalAllocOp | ViewOp):
            todo += [use.operation for use in op.results[0].uses]
    return False


def sharing_barriers(schedule: Schedule, tiles: list[Copied]) -> list[list[Copied]]:
    """Tiles in groups that one barrier is told of: they begin together, and none is used before the last begins.

    `tiles` have the same number of buffers, and are in the order of the text.
    """
    groups: list[list[Copied]] = []
    place = {op: position for position, op in enumerate(schedule.loop.body.block.ops)}
    used = -1
    for each in tiles:
        at, stage = place[each.load], schedule.when[each.load].stage
        first = min(place[user] for user in uses_of(schedule, each.load))
        if groups and at < used and schedule.when[groups[-1][0].load].stage == stage:
            groups[-1].append(each)
            used = min(used, first)
        else:
            groups.append([each])
            used = first
    return groups
