"""The programs that run together, and the on-chip memories that they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minilinalg.interp.defined_bytes import DefinedBytes
from minilinalg.interp.dtypes import Array
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.storage import Storage
from minilinalg.interp.views import rows_of

ALL = slice(None)


@dataclass(frozen=True)
class Chunk:
    """The programs that run together.

    size: how many. pids: (x, y, z), each a Python int where all agree, else int32 array (P,). grid: (gx, gy, gz).
    arenas: the on-chip memories, one row per program or core. rows: which rows of them these programs have.
    machine: what counts cycles, when something does.
    """

    size: int
    pids: tuple[Any, Any, Any]
    grid: tuple[int, int, int]
    memory: GlobalMemory
    arenas: Arenas | None = None
    rows: Any = None
    machine: Any = None

    @property
    def active(self) -> Any:
        """`rows` as an index; `ALL` itself for all of them."""
        return ALL if self.rows is None else self.rows

    @property
    def numbers(self) -> Array:
        """The numbers of the programs in the grid, x fastest, int64 (P,)."""
        x, y, z = (np.asarray(p, np.int64) for p in self.pids)
        return np.broadcast_to(x + self.grid[0] * (y + self.grid[1] * z), (self.size,))

    def take(self, index: Any) -> Chunk:
        """The programs at `index` (a slice or an index array)."""
        x, y, z = (p if isinstance(p, int) else p[index] for p in self.pids)
        if isinstance(index, slice):
            size = len(range(*index.indices(self.size)))
        else:
            size = len(index)
        rows = None if self.arenas is None else rows_of(self.rows, self.arenas.rows, index)
        return Chunk(size, (x, y, z), self.grid, self.memory, self.arenas, rows, self.machine)


class Arenas:
    """The on-chip memories of the programs (or cores) that run together: a byte arena per space, a row a program."""

    def __init__(self, rows: int, capacities: dict[str, int], *, tracks: bool = False):
        self.rows = rows
        self.tracks = tracks
        """Whether it is known of every byte of them, and of other buffers, if it is defined."""
        self.copies: Any = None
        """The copies into shared memory that are under way (shared_memory.py), once there was one."""
        self.block: Any = None
        """The shared memory of blocks of threads (block_memory.py), once something was there."""
        self.notes: Any = None
        """What the blocks did, when something looks on (sim/simt/trace.py)."""
        self._capacities = capacities
        self._storage: dict[str, Storage] = {}

    def cleared(self) -> Arenas:
        """Itself, and nothing in it is defined any more."""
        self.copies = None
        for storage in self._storage.values():
            storage.clear()
        return self

    def of(self, space: str) -> Storage:
        """The arena of a memory space."""
        found = self._storage.get(space)
        if found is None:
            found = self._storage[space] = self.storage(self.rows, self._capacities[space], _name(space))
        return found

    def capacity(self, space: str) -> int:
        """The bytes of a memory space that each program has."""
        return self._capacities.get(space, 0)

    def storage(self, rows: int, nbytes: int, name: str) -> Storage:
        """A fresh memory, in which nothing is defined."""
        made = Storage(rows, nbytes, name)
        if self.tracks:
            made.defined = DefinedBytes(rows, nbytes, name)
        return made


def _name(space: str) -> str:
    """A memory space without the attribute's spelling: #simd.space<nram> is nram."""
    return space[space.find("<") + 1 : space.rfind(">")] if "<" in space else space
