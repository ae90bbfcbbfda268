"""Global memory: one simulated address space with guard gaps, over the caller's NumPy arrays.

Arrays are placed at 256-byte boundaries with a gap of at least `GUARD` bytes around each; arrays that overlap on the
host are placed as they overlap. Nothing is copied: a segment is a view of the host's bytes, so a store shows in the
caller's array at once, and a host pointer never shows in a program. Every access names an address range, and a range
that is not inside one segment is an error that says which argument is nearest.
"""

from __future__ import annotations

import bisect
import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from minilinalg.errors import RunError
from minilinalg.interp.dtypes import Array, DType

ALIGNMENT = 256
GUARD = 1 << 16
FAR = 1 << 40
"""What is as far from all arguments is no index that went astray, but an address of another kind."""
BASE = 1 << 32
"""The first address: above any 32-bit integer, so that a number taken for a pointer is never a valid one."""


@dataclass
class Segment:
    """A range of addresses that one host buffer (one array, or several that overlap) backs."""

    address: int
    nbytes: int
    data: Array
    """The bytes, as a flat uint8 view of host memory."""
    names: list[str]
    """The arguments placed here."""
    writable: bool = True
    scratch: bool = False
    """Whether it is the programs' own, and no argument."""
    owners: list[Array] = field(default_factory=list[Array])
    """Keeps the host memory alive."""
    typed: dict[Any, Array] = field(default_factory=dict[Any, Array])
    widened: dict[DType, Array] = field(default_factory=dict["DType", "Array"])
    """Narrow floats, widened once because they are read often; forgotten when anything is written here."""
    narrow_reads: int = 0
    """Elements of narrow floats read since the last write."""
    lent: dict[Any, Callable[[], None]] = field(default_factory=dict[Any, Callable[[], None]])
    """By who has them: what lets those that were lent views of the elements copy them, before anything is written."""

    @property
    def end(self) -> int:
        return self.address + self.nbytes

    @cached_property
    def free(self) -> Array | None:
        """The bytes that are no part of an array but lie between its elements, bool; None where there are none."""
        if len(self.owners) == 1 and self.owners[0].flags.forc:
            return None
        free = np.ones(self.nbytes, np.bool_)
        for array in self.owners:
            if array.size:
                first = array.ctypes.data - self.data.ctypes.data
                itemsize = array.dtype.itemsize
                np.ndarray((*array.shape, itemsize), np.bool_, free, first, (*array.strides, 1))[...] = False
        return free if free.any() else None


class GlobalMemory:
    """The address space of one run.

    `place` puts the arrays of one launch into it; `segment` finds the bytes behind an address range.
    """

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.changes = 0
        """Grows when something is written, so that programs that wait for a change can be told that none comes."""
        self.shared_ahead: list[tuple[int, int]] = []
        """From where to where arguments share memory of which a loop may store to one what it has read of the other."""
        self.read_ahead: Any = None
        """What was read ahead there (read_ahead.py), in a run that looks at it."""
        self.margins: Any = None
        """What a machine leaves beside tensors that it stores (sim/simt/margins.py), on one that does so."""
        self._starts: list[int] = []
        self._next = BASE
        self._lent: int | None = None

    def place(self, arrays: Sequence[tuple[str, Array]]) -> list[int]:
        """Places (name, array) pairs, overlapping ones together; returns the address of each first element."""
        bounds = [byte_bounds(a) if a.size else (a.ctypes.data, a.ctypes.data) for _, a in arrays]
        order = sorted(range(len(arrays)), key=lambda i: bounds[i])
        addresses = [0] * len(arrays)
        group: list[int] = []
        group_end = -1
        for i in [*order, None]:
            if i is not None and group and bounds[i][0] < group_end:
                group.append(i)
                group_end = max(group_end, bounds[i][1])
                continue
            if group:
                self._place_group(group, arrays, bounds, addresses)
            if i is not None:
                group, group_end = [i], bounds[i][1]
        return addresses

    def scratch(self, nbytes: int, name: str) -> int:
        """The address of fresh bytes, zero, for the programs' own use."""
        (address,) = self.place([(name, np.zeros(nbytes, np.uint8))])
        self.segments[-1].scratch = True
        return address

    def lent(self, nbytes: int) -> int:
        """The address of the bytes that the launch lends its programs, the same whenever it is asked for."""
        if self._lent is None:
            self._lent = self.scratch(nbytes, "scratch")
        return self._lent

    def _place_group(
        self, group: list[int], arrays: Sequence[tuple[str, Array]], bounds: list[tuple[int, int]], out: list[int]
    ) -> None:
        low = min(bounds[i][0] for i in group)
        nbytes = max(bounds[i][1] for i in group) - low
        if nbytes:
            raw = (ctypes.c_uint8 * nbytes).from_address(low)
            data = np.ctypeslib.as_array(raw)
        else:
            data = np.empty(0, np.uint8)
        segment = Segment(
            self._next,
            nbytes,
            data,
            [arrays[i][0] for i in group],
            any(arrays[i][1].flags.writeable for i in group),
            owners=[arrays[i][1] for i in group],
        )
        self.segments.append(segment)
        self._starts.append(segment.address)
        self._next += (nbytes + GUARD + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT + GUARD
        for i in group:
            # An array with negative strides starts at its first element, not at its lowest byte.
            out[i] = segment.address + arrays[i][1].ctypes.data - low

    def segment(self, low: int, high: int, what: str, *, write: bool = False) -> Segment:
        """The segment that holds the byte addresses low <= a < high.

        Raises RunError when there is none: `what` says who asked, for the message.
        """
        at = bisect.bisect_right(self._starts, low) - 1
        if at >= 0:
            found = self.segments[at]
            if high <= found.end:
                if write and not found.writable:
                    raise RunError(
                        f"{what} writes argument '{', '.join(found.names)}', whose array is read-only",
                        rule="an array that a kernel stores to must be writeable (array.flags.writeable)",
                    )
                if write:
                    if found.narrow_reads:
                        found.widened.clear()
                        found.narrow_reads = 0
                    if found.lent:
                        self._call_in(found)
                return found
        raise self.stray(low, high, what)

    def _call_in(self, segment: Segment) -> None:
        """What was lent of a segment is copied by those who have it."""
        lent = list(segment.lent.values())
        segment.lent.clear()
        for copy in lent:
            copy()

    def stray(self, low: int, high: int, what: str) -> RunError:
        """The error for an access to addresses that are not inside one argument."""
        nearest, distance = None, None
        for s in self.segments:
            gap = max(s.address - low, high - s.end)
            if distance is None or gap < distance:
                nearest, distance = s, gap
        if nearest is None:
            return RunError(f"{what} touches memory, but no argument is an array", rule="a pointer needs an array")
        if distance is not None and distance > FAR:
            return RunError(
                f"{what} is out of bounds: it touches address {low:#x}, which is in no argument",
                rule=f"the arrays of a launch lie in an address space of their own, from {BASE:#x} on: one of the "
                "host (x.ctypes.data, x.data_ptr()) means nothing in a kernel, in an array of addresses or elsewhere",
                hint="give each array as an argument: a kernel can store where it lies (x.to(tl.int64)), and load that",
            )
        name = ", ".join(nearest.names)
        if distance is not None and distance > 2 * GUARD and low < BASE:
            where = f"address {low:#x}, which is in no argument"
        elif low < nearest.address:
            where = f"{nearest.address - low} bytes before argument '{name}'"
        else:
            where = f"bytes {low - nearest.address} to {high - nearest.address} of argument '{name}'"
        return RunError(
            f"{what} is out of bounds: it touches {where}",
            rule=f"argument '{name}' has {nearest.nbytes} bytes; every unmasked lane must stay inside one argument",
            hint="a block that reaches over the end of an array needs a mask",
        )

    def typed(self, segment: Segment, storage: np.dtype[Any]) -> Array:
        """The segment's bytes as a flat array of `storage`, trailing bytes that fill no element left out."""
        found = segment.typed.get(storage)
        if found is None:
            whole = segment.nbytes // storage.itemsize * storage.itemsize
            found = segment.typed[storage] = segment.data[:whole].view(storage)
        return found

    def widened(self, segment: Segment, dtype: DType, count: int) -> Array | None:
        """All of the segment in the carrier of `dtype`, once more has been read than it holds; None before that.

        count: how many elements are about to be read. Nothing may write into what is returned.
        """
        found = segment.widened.get(dtype)
        if found is None:
            segment.narrow_reads += count
            if segment.narrow_reads * dtype.itemsize <= segment.nbytes:
                return None
            found = dtype.widen(self.typed(segment, dtype.storage))
            found.flags.writeable = False
            segment.widened[dtype] = found
        return found

    def snapshot(self) -> list[bytes]:
        """The content of every segment that holds arguments, for comparing runs."""
        return [s.data.tobytes() for s in self.segments if not s.scratch]

    def restore(self, content: Sequence[bytes]) -> None:
        """Puts back what `snapshot` returned."""
        kept = [s for s in self.segments if not s.scratch]
        for s, bytes_ in zip(kept, content, strict=True):
            s.data[:] = np.frombuffer(bytes_, np.uint8)
