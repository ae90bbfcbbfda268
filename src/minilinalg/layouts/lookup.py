"""Where a tensor lies in shared memory while elements of it are looked up at computed indices.

Its rows lie one behind the other: that is stored in wide vectors, and an address is a sum of two terms. If lanes meet
in the banks then, some bits of the place are exchanged by higher ones,

    place XOR (place >> distance AND mask),

which narrows the stores and takes two instructions more for each index. Which of these layouts it is is counted.

Where indices lead is not known. As good as random, they meet as often in one layout as in another. Computed from their
own places, reversed or shifted, they meet as if each led to its own element. Either is taken to be as likely: what
loading one's own elements would cost weighs half.
"""

from __future__ import annotations

from collections.abc import Iterator

from minilinalg.layouts.banks import BANKS, WORD_BITS, shared_access
from minilinalg.layouts.linear import OFFSET, WARP, LinearLayout, log2

INSTRUCTION = 0.5
"""Cycles of the integer units of a multiprocessor, 64 results each, for an instruction of a warp; a wavefront takes one
of its banks."""
FOR_EACH_INDEX = 2
"""Instructions more for an index where places are exchanged: a shift and an XOR."""


def lookup_places(
    rows: LinearLayout, write: LinearLayout, read: LinearLayout, element_bits: int, indices: int
) -> LinearLayout:
    """From the indices of an element to its place, in elements.

    rows: the same in row-major order. write: the layout of the tensor in registers. read: that of what is found, whose
    indices are taken modulo the tensor's sizes. indices: how many different ones a thread computes.
    """
    own = _within(read, rows)

    def cost(places: LinearLayout) -> float:
        memory = places.inverse()
        stores = shared_access(write, memory, element_bits)
        loads = shared_access(own, memory, element_bits, widest=element_bits)
        more = 0 if places is rows else FOR_EACH_INDEX * indices * write.in_size(WARP)
        return stores.wavefronts + loads.wavefronts / 2 + (stores.instructions + more) * INSTRUCTION

    return min((rows, *_exchanged(rows, element_bits)), key=cost)


def _within(layout: LinearLayout, rows: LinearLayout) -> LinearLayout:
    """`layout`, with each index modulo the size of the tensor that lies in `rows`."""
    sizes = {name: rows.in_size(name) for name in layout.out_names}
    bases = {
        name: [[i % size for i, size in zip(basis, sizes.values(), strict=True)] for basis in layout.bases(name)]
        for name in layout.in_names
    }
    return LinearLayout.of(bases, sizes)


def _exchanged(rows: LinearLayout, element_bits: int) -> Iterator[LinearLayout]:
    """The layouts whose banks are exchanged by higher bits of the place, those by few and near ones first."""
    word, row = (log2(max(1, bits // element_bits)) for bits in (WORD_BITS, BANKS * WORD_BITS))
    count = rows.out_bits[OFFSET]
    for width in range(1, row - word + 1):
        for low in range(word, row - width + 1):
            for high in range(row, count - width + 1):
                distance, mask = high - low, (1 << width) - 1 << low
                ins = ((name, tuple(m ^ m >> distance & mask for m in masks)) for name, masks in rows.ins)
                yield LinearLayout(tuple(ins), rows.outs)
