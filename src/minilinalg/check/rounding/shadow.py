"""The errors of everything in memory: beside each byte of it, room for the error of the number that begins there.

Shadow addresses are the real ones times eight, and hold float64. So every access to memory, strided, masked or through
index vectors, reads and writes errors by the engine's own means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import F64, PTR, Array
from minilinalg.interp.memory import GlobalMemory, Segment
from minilinalg.interp.storage import Storage
from minilinalg.interp.values import Affine, Partial, form_of
from minilinalg.interp.views import MemRef, Sized

SCALE = F64.itemsize
WHAT = "the error analysis"


class _ShadowMemory(GlobalMemory):
    """Global memory that holds errors."""

    def __init__(self, memory: GlobalMemory):
        super().__init__()
        self.of = memory
        for s in memory.segments:
            size = s.nbytes * SCALE
            self.segments.append(Segment(s.address * SCALE, size, np.zeros(size, np.uint8), s.names))
            self._starts.append(s.address * SCALE)


class Shadow:
    """The errors in global memory and in on-chip buffers, during one run."""

    def __init__(self) -> None:
        self._global: _ShadowMemory | None = None
        self._storages: dict[int, tuple[Storage, Storage]] = {}

    def memory(self, memory: GlobalMemory) -> GlobalMemory:
        """The errors of `memory`."""
        if self._global is None:
            self._global = _ShadowMemory(memory)
        return self._global

    def view(self, view: MemRef) -> MemRef:
        """The errors of the elements of a view, a view itself."""
        memory = None if view.memory is None else self.memory(view.memory)
        storage = None if view.storage is None else self._storage(view.storage)
        strides = [s * SCALE for s in view.strides]
        return MemRef(F64, view.offset * SCALE, view.sizes, strides, memory=memory, storage=storage, rows=view.rows)

    def _storage(self, storage: Storage) -> Storage:
        # The storage is kept too: its identity must not pass on to another one.
        found = self._storages.get(id(storage))
        if found is None:
            rows, nbytes = storage.bytes.shape
            found = self._storages[id(storage)] = (storage, Storage(rows, nbytes * SCALE, storage.name))
            found[1].bytes[...] = 0
        return found[1]

    def read(self, c: Chunk, view: MemRef) -> Any:
        """The errors of the elements of a view, in the form in which the view is read."""
        return self.view(view).read(c.size, WHAT)

    def write(self, c: Chunk, view: MemRef, errors: Array) -> None:
        """The elements of the view have these errors now."""
        self.view(view).write(Sized(errors, view.sizes), c.size, WHAT)

    def load(self, c: Chunk, pointer: Any, mask: Any, other: Array | None, shape: tuple[int, ...]) -> Any:
        """The errors of what a load reads. other: those of what stands in for lanes that are masked off."""
        return access.load(self.memory(c.memory), _scaled(pointer), mask, other, F64, shape, c.size, WHAT)

    def store(self, c: Chunk, pointer: Any, mask: Any, errors: Array, shape: tuple[int, ...]) -> None:
        """What a store writes has these errors."""
        access.store(self.memory(c.memory), _scaled(pointer), errors, mask, F64, shape, c.size, WHAT)

    def worst(self, c: Chunk) -> float:
        """The largest error of anything in global memory."""
        segments = self.memory(c.memory).segments
        return max((float(s.data.view(np.float64).max(initial=0.0)) for s in segments), default=0.0)

    def spoil(self, c: Chunk, error: float) -> None:
        """Anything in global memory may have this error now."""
        for segment in self.memory(c.memory).segments:
            errors = segment.data.view(np.float64)
            np.maximum(errors, error, out=errors)

    def errors(self) -> dict[str, Array]:
        """The errors of the elements of each argument in global memory, by its name."""
        if self._global is None:
            return {}
        found: dict[str, Array] = {}
        for real, shadow in zip(self._global.of.segments, self._global.segments, strict=True):
            for name, a in zip(real.names, real.owners, strict=True):
                first = (a.ctypes.data - real.data.ctypes.data) * SCALE if a.size else 0
                strides: Sequence[int] = [s * SCALE for s in a.strides]
                found[name] = np.ndarray(a.shape, np.float64, shadow.data, first, strides)
        return found


def _scaled(pointer: Any) -> Any:
    if form_of(pointer) is Affine:
        return Affine(pointer.offset * SCALE, tuple(t * SCALE for t in pointer.terms), pointer.shape, PTR)
    if form_of(pointer) is Partial:
        return Partial(pointer.data * SCALE, pointer.defined)
    return pointer * SCALE
