"""In which order each lane makes its accesses to shared memory, where all in one order would meet in the banks.

Lanes of a phase collide when their addresses differ in nothing but the row of the banks. If a thread has another access
to make, to other banks, lanes with one bit of their number set may make that one first. Then lanes that differ in this
bit collide no more, and in half of the lanes two registers have changed places.

An access of w words takes a warp w wavefronts, and twice as many with one such bit. Settling it saves w of them, each a
cycle of the banks of the whole multiprocessor, for w selects, each half a cycle of its integer units (64 results a
cycle). Two instructions more find out about the bit, which pays where a thread moves more than two words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minilinalg.layouts.banks import BANKS, WORD_BITS
from minilinalg.layouts.gf2 import Span
from minilinalg.layouts.linear import log2

WORDS = 2
"""A thread moves more than these if it is to make its accesses in an order of its own."""


def lane_order(
    lanes: Sequence[int], registers: Sequence[int], vector: Iterable[int], element_bits: int
) -> list[tuple[int, int]]:
    """Pairs of a bit of the lane's number and one of the register's, by their positions: (lane, register).

    A lane with bit `lane` set makes the access of register n XOR `1 << register` where others make that of n.

    lanes, registers: for each bit of the number the offset that it adds (XOR), in elements; 0 of a register that is not
    moved. vector: the bits of the register's number that count through the elements of one access, from offset 1 on.
    """
    vector = tuple(vector)
    bits = element_bits << len(vector)
    moved = element_bits << sum(map(bool, registers))
    if bits < WORD_BITS or moved <= WORDS * WORD_BITS:
        return []

    def word(offset: int) -> int:
        return offset * element_bits // WORD_BITS

    inside = [1 << bit for bit in range(log2(bits // WORD_BITS))]
    words, banks = Span(inside), Span(inside)
    in_phase = lanes[: log2(BANKS * WORD_BITS // bits)]
    colliding = [
        lane for lane, offset in enumerate(in_phase) if words.add(word(offset)) and not banks.add(word(offset) % BANKS)
    ]
    found: list[tuple[int, int]] = []
    for lane in colliding:
        for register, offset in enumerate(registers):
            if register not in vector and banks.add(word(offset) % BANKS):
                found.append((lane, register))
                break
    return found
