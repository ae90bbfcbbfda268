"""How many blocks one multiprocessor holds at a time: as many as all of its resources allow.

    blocks = min(blocks, warps / W, registers / (W * ceil256(32 * registers of a thread)), shared / (bytes + reserved))

for blocks of W warps (CUDA programming guide; the occupancy calculator).
"""

from __future__ import annotations

from dataclasses import dataclass

from minilinalg.errors import OverCapacityError
from minilinalg.sim.simt.registers import GRANULE
from minilinalg.targets import SimtTarget


@dataclass(frozen=True)
class Occupancy:
    """blocks: on one multiprocessor at a time. limited_by: the resource that is used up first."""

    warps_of_block: int
    registers: int
    """Of a thread."""
    spilled: int
    """Registers that a thread would want beyond what it can have."""
    shared: int
    """Bytes of a block."""
    blocks: int
    limited_by: str

    @property
    def warps(self) -> int:
        """The warps on one multiprocessor at a time."""
        return self.blocks * self.warps_of_block


def most_registers(target: SimtTarget, threads: int) -> int:
    """The most registers that a thread of such a block can have: an assembler that is told the threads of a block
    (`.maxntid` in PTX) spills what goes beyond, so that one block fits."""
    sm, lanes = target.multiprocessor, target.machine.threads_per_warp
    warps = -(-threads // lanes)
    of_warp = sm.registers // warps // sm.register_granule * sm.register_granule
    return min(sm.registers_per_thread, max(GRANULE, of_warp // lanes // GRANULE * GRANULE))


def occupancy(target: SimtTarget, threads: int, registers: int, shared: int, spilled: int = 0) -> Occupancy:
    """The occupancy of blocks of so many threads, registers of each, and bytes of shared memory.

    Raises OverCapacityError for a block that no multiprocessor holds.
    """
    sm, lanes = target.multiprocessor, target.machine.threads_per_warp
    warps = -(-threads // lanes)
    granule = sm.register_granule
    of_warp = -(-lanes * registers // granule) * granule
    if shared > sm.shared_per_block:
        raise OverCapacityError(
            f"a block takes {shared} bytes of shared memory",
            rule=f"a block on {target.name} has at most {sm.shared_per_block} bytes (multiprocessor.shared_per_block)",
        )
    limits = {
        "blocks": sm.blocks,
        "warps": sm.warps // warps,
        "registers": sm.registers // (warps * of_warp),
        "shared memory": sm.shared // (shared + sm.shared_reserved),
    }
    by = min(limits, key=lambda name: limits[name])
    if limits[by] == 0:
        found = f"{warps} warps" if by == "warps" else f"{warps * of_warp} registers"
        raise OverCapacityError(
            f"a block of {threads} threads takes {found}, more than a multiprocessor of {target.name} has",
            rule=f"a multiprocessor has {sm.warps} warps and {sm.registers} registers",
        )
    return Occupancy(warps, registers, spilled, shared, limits[by], by)
