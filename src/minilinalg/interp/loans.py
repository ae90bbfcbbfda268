"""On-chip buffers that were filled or copied into, and not read through anything else yet: what they hold is on loan.

Most blocks are copied in from global memory, read once or twice and overwritten. Such a buffer need not hold its own
elements: a `Loan` says of which array they are, and who reads the whole buffer gets a view of that. `Storage` copies
them into the buffer as soon as anything else happens: a part of it is read or written, another buffer that overlaps it
is, or the memory lent from is about to be written. So nobody can tell, but by the clock.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minilinalg.interp.dtypes import Array, DType

if TYPE_CHECKING:
    from minilinalg.interp.memory import Segment
    from minilinalg.interp.views import MemRef


class Loan:
    """What a buffer holds, in all programs: `values`, (L, *sizes) or (groups, programs of each, *sizes).

    They are in the carrier of the buffer's type, and nobody may write to them. to: the whole buffer, row-major.
    segment: of global memory, when they are a view of that.
    """

    __slots__ = ("segment", "to", "values")

    def __init__(self, to: MemRef, values: Array, segment: Segment | None = None):
        self.to = to
        self.values = values
        self.segment = segment

    @property
    def grouped(self) -> bool:
        return self.values.ndim > len(self.to.sizes) + 1

    def repay(self) -> None:
        """Copies the elements into the buffer, which holds them itself from now on."""
        to = self.to.carried("a copy", write=True)
        if self.grouped:
            lead = self.values.shape[: -len(self.to.sizes) or None]
            to.view.reshape(*lead, *self.to.sizes)[...] = self.values
        else:
            to.write(self.values)


class Loans:
    """What the buffers of one storage have on loan: by their first bytes and the ones behind their last."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[tuple[int, int], Loan] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def of(self, buffer: tuple[int, int], dtype: DType, sizes: Any) -> Loan | None:
        """The loan of a buffer, if that is what the elements of it, seen as these, are."""
        found = self._of.get(buffer)
        return found if found is not None and found.to.dtype is dtype and found.to.sizes == sizes else None

    def has(self, buffer: tuple[int, int]) -> bool:
        """Whether this very buffer has something on loan, so that nothing else tells of its bytes."""
        return buffer in self._of

    def add(self, buffer: tuple[int, int], loan: Loan) -> None:
        """To a buffer whose bytes tell nothing any more."""
        self._of[buffer] = loan
        if loan.segment is not None:
            loan.segment.lent[self, buffer] = partial(self._call_in, buffer, loan)

    def _call_in(self, buffer: tuple[int, int], loan: Loan) -> None:
        if self._of.get(buffer) is loan:
            del self._of[buffer]
            loan.repay()

    def settle(self, low: int, high: int, *, covered: bool) -> None:
        """Repays what overlaps the bytes low to high; forgets it where these are about to be overwritten, covered."""
        for first, end in [b for b in self._of if b[0] < high and low < b[1]]:
            loan = self._of.pop((first, end))
            if not (covered and low <= first and end <= high):
                loan.repay()


def once_each(values: Array, leading: int, dtype: DType) -> Array:
    """A copy of `values` in the carrier of `dtype`, in which programs that have the same elements share them.

    These are steps of 0 in the first `leading` dimensions.
    """
    steps = values.strides[:leading]
    one = values[tuple(slice(0, 1) if step == 0 else slice(None) for step in steps)]
    copy = dtype.widen(one) if one.dtype == dtype.storage else np.array(one, order="C")
    return np.broadcast_to(copy, values.shape)
