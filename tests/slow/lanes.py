"""What a warp's access to memory costs, one lane and one byte at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def sectors_of_warp(addresses: Sequence[int | None], size: int) -> int:
    """How many pieces of 32 bytes the lanes touch. addresses: of each lane, None where it is masked off."""
    return len({(a + byte) // 32 for a in addresses if a is not None for byte in range(size)})


def wavefronts_of_warp(addresses: Sequence[int | None], size: int) -> tuple[int, int]:
    """Wavefronts and phases: lanes are served in phases of 128 bytes, each by its fullest bank of 32.

    Twice as many lanes are served at once when all agree with lane XOR 1, or all with lane XOR 2.
    """
    wavefronts = phases = 0
    lanes = min(32, 128 // size)
    full = [*addresses, *[None] * (32 - len(addresses))]
    for step in (1, 2):
        pairs = [(full[lane], full[lane ^ step]) for lane in range(32)]
        if size > 4 and all(a == b for a, b in pairs if a is not None and b is not None):
            lanes = 2 * 128 // size
    for first in range(0, len(addresses), lanes):
        banks: defaultdict[int, set[int]] = defaultdict(set)
        for address in addresses[first : first + lanes]:
            if address is not None:
                for byte in range(size):
                    word = (address + byte) // 4
                    banks[word % 32].add(word)
        if banks:
            phases += 1
            wavefronts += max(map(len, banks.values()))
    return wavefronts, phases
