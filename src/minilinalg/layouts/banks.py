"""How often the banks of shared memory are asked when the threads of a block access a tensor in it.

Shared memory has 32 banks of 4-byte words. The lanes of a warp are served in phases of 128 bytes: all 32 lanes with up
to 4 bytes each, half of them with 8, a quarter with 16. A phase takes as many wavefronts as the fullest bank has
distinct words in it; the conflicts are the wavefronts beyond one for each phase. (CUDA Programming Guide, "Shared
Memory"; the profiler counts the same, `l1tex__data_pipe_lsu_wavefronts_mem_shared_op_ld`.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from minilinalg.layouts.gf2 import Span, apply, independent, intersection, rank
from minilinalg.layouts.linear import BLOCK, LANE, OFFSET, REGISTER, WARP, LinearLayout, log2
from minilinalg.layouts.shared import SharedLayout

BANKS = 32
WORD_BITS = 32
LARGEST_VECTOR_BITS = 128
"""The widest access of one thread, in bits."""


@dataclass(frozen=True)
class SharedAccess:
    """What it takes to move a tensor between registers and shared memory, all warps of one block together.

    `elements` is how many elements one instruction moves in each thread.
    """

    elements: int
    instructions: int
    phases: int
    wavefronts: int

    @property
    def conflicts(self) -> int:
        """The wavefronts that another layout in shared memory might save."""
        return self.wavefronts - self.phases


def shared_access(
    registers: LinearLayout,
    memory: LinearLayout | SharedLayout,
    element_bits: int,
    widest: int = LARGEST_VECTOR_BITS,
) -> SharedAccess:
    """What a store or load of a whole tensor costs, with the widest vectors that both layouts allow.

    widest: of a vector, in bits. Raises InputError when `memory` lacks an element of `registers`.
    """
    shared = SharedLayout(memory) if isinstance(memory, LinearLayout) else memory
    places = registers.invert_and_compose(shared.linear)
    # Offsets come first in a place, so the mask of a place without its block is its offset.
    offsets = {name: tuple(m & places.out_size(OFFSET) - 1 for m in places.masks.get(name, ())) for name in _THREADS}
    vector = vector_width(places, element_bits, shared.padding, widest)
    starts = independent(offsets[REGISTER], beyond=(1 << bit for bit in range(vector)))
    words = max(1, (element_bits << vector) // WORD_BITS)
    lane_bits = len(offsets[LANE])
    phase_bits = min(lane_bits, log2(BANKS // words))
    instructions = 1 << len(starts) + len(offsets[WARP])
    phases = instructions << lane_bits - phase_bits
    if not shared.padding:
        wavefronts = phases * _wavefronts(offsets[LANE][:phase_bits], vector, element_bits)
    else:
        columns = (*offsets[LANE], *starts, *offsets[WARP])
        wavefronts = sum(
            fullest_bank(
                [
                    shared.address(apply(columns, first << phase_bits | lane)) + element
                    for lane in range(1 << phase_bits)
                    for element in range(1 << vector)
                ],
                element_bits,
            )
            for first in range(1 << len(columns) - phase_bits)
        )
    return SharedAccess(1 << vector, instructions, phases, wavefronts)


def bank_conflicts(registers: LinearLayout, memory: LinearLayout, element_bits: int) -> int:
    """Gluon's figure of the same name: by how many wavefronts each phase of an access is longer than one.

    It is counted in elements of the tensor: how many of those that the lanes of a phase touch lie in memory whole rows
    of 1024 bits apart. `shared_access` counts words, and its wavefronts are `bank_conflicts + 1` for each phase, but
    where lanes differ both in the row and inside a word of 32 bits: then two words of a bank are asked for, which
    Gluon's figure leaves out. Gluon also takes vectors from single registers only, never from sums of them, and has no
    figure for padded layouts. Neither of them knows that phases may become one (`minilinalg.sim.simt.banks`).

    (Upstream: `bankConflictsMemDesc` in GenericSwizzling.cpp; `gluon.language.bank_conflicts`.) Raises InputError when
    `memory` lacks an element of `registers`.
    """
    held = registers.without_replicas(REGISTER)
    memory = memory.with_outs(registers.out_names)
    vector = vector_of_registers(held.invert_and_compose(memory), element_bits)
    words = max(1, (element_bits << vector) // WORD_BITS)
    lanes = held.masks[LANE][: len(held.masks[LANE]) - log2(words)]
    row = log2(max(1, BANKS * WORD_BITS // element_bits))
    return (1 << len(intersection(memory.columns[row:], lanes))) - 1


def vector_of_registers(places: LinearLayout, element_bits: int) -> int:
    """As `vector_width`, but with vectors whose elements are single bits of the register, which alone move within them:
    the official compiler's `largestVectorisation`."""
    columns = [(name, mask) for name, masks in places.ins for mask in masks]
    widest = min(log2(max(1, LARGEST_VECTOR_BITS // element_bits)), places.out_bits[OFFSET])
    for width in range(widest, 0, -1):
        units = [(REGISTER, 1 << bit) for bit in range(width)]
        if all(columns.count(unit) for unit in units) and not any(
            mask & (1 << width) - 1 for name, mask in columns if (name, mask) not in units
        ):
            return width
    return 0


_THREADS = (REGISTER, LANE, WARP)


def vector_width(
    places: LinearLayout,
    element_bits: int,
    padding: Iterable[tuple[int, int]] = (),
    widest: int = LARGEST_VECTOR_BITS,
) -> int:
    """How many low bits of the offset a thread counts through in its own registers: log2 of the elements of a vector.

    `places` maps register, lane, warp to offset. No other input may move within a vector, and padding keeps vectors
    whole and aligned. `widest`: of a vector, in bits.
    """
    span = Span(places.masks[REGISTER])
    others = 0
    for name in (LANE, WARP, BLOCK):
        for mask in places.masks.get(name, ()):
            others |= mask & places.out_size(OFFSET) - 1
    for interval, more in padding:
        others |= interval | more
    width, most = 0, log2(max(1, widest // element_bits))
    while width < min(most, places.out_bits[OFFSET]) and 1 << width in span and not others >> width & 1:
        width += 1
    return width


def _wavefronts(lanes: Iterable[int], vector: int, element_bits: int) -> int:
    """Wavefronts of a phase whose lanes differ by these offsets: the words accessed form a space, and so do those of
    them that lie in bank zero; every bank that is accessed holds as many."""
    shift = element_bits.bit_length() - 1
    bits = [offset << shift for offset in (*lanes, *(1 << bit for bit in range(vector)))]
    if element_bits > WORD_BITS:
        bits += [1 << bit for bit in range(5, shift)]
    words = [bit >> 5 for bit in bits]
    return 1 << rank(words) - rank(word & BANKS - 1 for word in words)


def fullest_bank(addresses: Iterable[int], element_bits: int) -> int:
    """The number of distinct words in the fullest bank, counted one by one; `addresses` are in elements."""
    words: defaultdict[int, set[int]] = defaultdict(set)
    for address in addresses:
        first = address * element_bits // WORD_BITS
        for word in range(first, first + max(1, element_bits // WORD_BITS)):
            words[word % BANKS].add(word)
    return max(map(len, words.values()))
