"""What a simulated GPU did."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from minilinalg.dialects.upstream.assembly import counted
from minilinalg.sim.report import MachineReport
from minilinalg.sim.simt.occupancy import Occupancy

BUSY = 0.5
"""A resource that is busy less than this part of the time does not bound the run: its threads waited for results."""


@dataclass(frozen=True)
class SimtReport(MachineReport):
    """The timing and the counters of one run. `cores` are multiprocessors; counters have the profiler's names.

    pipes: busy cycles of each pipe of the multiprocessors. bandwidth: those of the cache and of memory.
    traffic: bytes that threads asked for, and those of the sectors that moved.
    """

    occupancy: Occupancy

    COUNTED: ClassVar = ("counter", "value")

    @property
    def bound_by(self) -> str:
        """The resource that was busy the longest; "latency" when none was half of the time."""
        name = super().bound_by
        return name if name == "nothing" or self.utilisation[name] >= BUSY else "latency"

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON, with the derived figures."""
        return {**super().to_json(), "occupancy": dataclasses.asdict(self.occupancy)}

    def render(self) -> str:
        """Tables for the terminal, without a trailing newline."""
        found = self.occupancy
        spilled = f", {found.spilled} more wanted" if found.spilled else ""
        first, *rest = super().render().splitlines()
        fits = f"{counted(found.blocks, 'block')} of {counted(found.warps_of_block, 'warp')} on a multiprocessor"
        takes = f"{found.registers} registers a thread{spilled}, {found.shared:,} bytes a block"
        return "\n".join([first, f"  {fits}, limited by {found.limited_by}; {takes}", *rest])

    def __str__(self) -> str:
        return self.render()
