"""On-chip bytes, and narrow floats in them as float32 for as long as nothing else looks at the bytes.

Converting f16 there and back costs more than most instructions. The elements of a narrow float buffer are therefore
kept in their carrier, in a `Mirror` of the buffer, which tells what its bytes hold. `Storage` turns a mirror, or the
part of it that is asked for, back into bytes before these are read through any other buffer; what is written through
another one the mirror no longer tells. So buffers that overlap see each other as if there were bytes only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from minilinalg.interp.dtypes import Array, DType
from minilinalg.interp.loans import Loan, Loans

if TYPE_CHECKING:
    from minilinalg.interp.defined_bytes import DefinedBytes

POISON = 0xFF
"""What bytes hold that nothing was written to: NaN in every float type and -1 in integers, so that a use shows."""


class Mirror:
    """The elements at bytes low to high of every row, in the carrier of a narrow float: (P, elements).

    told: the ranges of bytes, of whole elements, that it tells. dirty: the bytes themselves may not hold that.
    """

    __slots__ = ("array", "dirty", "dtype", "high", "low", "told", "whole")

    def __init__(self, rows: int, low: int, high: int, dtype: DType):
        self.low, self.high, self.dtype = low, high, dtype
        self.array: Array = np.empty((rows, (high - low) // dtype.itemsize), dtype.carrier)
        self.told: list[tuple[int, int]] = []
        self.whole = [(low, high)]
        self.dirty = False

    def overlaps(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """What it tells of the bytes low to high, in whole elements."""
        size = self.dtype.itemsize
        first = low - (low - self.low) % size
        end = high + (self.low - high) % size
        for a, b in self.told:
            if a < end and first < b:
                yield max(a, first), min(b, end)

    def forget(self, low: int, high: int) -> None:
        """It tells nothing any more of a range of whole elements."""
        pieces = [piece for a, b in self.told for piece in ((a, min(b, low)), (max(a, high), b))]
        self.told = [(a, b) for a, b in pieces if a < b]


class Storage:
    """On-chip bytes: one row per program (or core). uint8 array (P, bytes). Nothing is defined in the beginning."""

    __slots__ = ("_mirrors", "_telling", "bytes", "defined", "loans", "name")

    def __init__(self, rows: int, nbytes: int, name: str):
        self.bytes = np.full((rows, nbytes), POISON, np.uint8)
        self.name = name
        self.defined: DefinedBytes | None = None
        """Which bytes are defined, where a run keeps an eye on that."""
        self.loans = Loans()
        self._mirrors: dict[tuple[int, int, DType], Mirror] = {}
        self._telling: list[Mirror] = []

    def clear(self) -> None:
        """Nothing is defined any more, as in a fresh one."""
        self.bytes[...] = POISON
        self.loans = Loans()
        self._telling = []
        for mirror in self._mirrors.values():
            mirror.told, mirror.dirty = [], False
        if self.defined is not None:
            self.defined = type(self.defined)(*self.bytes.shape, self.name)

    def settle(self, low: int, high: int, *, write: bool, covered: bool = False, but: Mirror | None = None) -> None:
        """Brings the bytes low to high up to date, before they are read or, through anything `but`, written.

        covered: they are about to be overwritten, all of them, in every row.
        """
        if self.loans:
            self.loans.settle(low, high, covered=covered)
        for mirror in self._telling:
            if mirror is but or mirror.low >= high or low >= mirror.high:
                continue
            for a, b in list(mirror.overlaps(low, high)):
                if mirror.dirty and not (covered and low <= a and b <= high):
                    self._to_bytes(mirror, a, b)
                if write:
                    mirror.forget(a, b)
        if write and self._telling:
            self._telling = [m for m in self._telling if m.told]

    def lend(self, loan: Loan) -> None:
        """Lets a whole buffer hold what is elsewhere."""
        buffer = loan.to.buffer
        assert buffer is not None
        if not self.loans.has(buffer):
            self.settle(*buffer, write=True, covered=True)
        self.loans.add(buffer, loan)

    def mirror(self, low: int, high: int, dtype: DType) -> Mirror:
        """The mirror of a buffer of narrow floats; what it tells, `tell` says."""
        found = self._mirrors.get((low, high, dtype))
        if found is None:
            found = self._mirrors[low, high, dtype] = Mirror(len(self.bytes), low, high, dtype)
        return found

    def tell(self, mirror: Mirror, *, write: bool, covered: bool) -> None:
        """Lets a mirror tell all its bytes, before it is read or written (covered: all of it, in every row)."""
        if self.loans:
            self.loans.settle(mirror.low, mirror.high, covered=covered)
        known = mirror.told is mirror.whole
        if write or not known:
            self.settle(mirror.low, mirror.high, write=write, covered=covered, but=mirror)
        if not known:
            if not covered:
                if mirror.dirty:
                    for a, b in mirror.told:
                        self._to_bytes(mirror, a, b)
                mirror.array[...] = self._elements(mirror, mirror.low, mirror.high)
            if mirror not in self._telling:
                self._telling.append(mirror)
            mirror.told = mirror.whole
            mirror.dirty = False
        mirror.dirty = mirror.dirty or write

    def _to_bytes(self, mirror: Mirror, low: int, high: int) -> None:
        first, end = ((at - mirror.low) // mirror.dtype.itemsize for at in (low, high))
        mirror.dtype.narrow(mirror.array[:, first:end], self._elements(mirror, low, high))

    def _elements(self, mirror: Mirror, low: int, high: int) -> Array:
        size = mirror.dtype.itemsize
        shape, strides = (len(self.bytes), (high - low) // size), (self.bytes.strides[0], size)
        return np.ndarray(shape, mirror.dtype.storage, self.bytes, low, strides)
