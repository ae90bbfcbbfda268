"""The places in a function at which threads access memory, and what the access is."""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import simt
from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.types import count_of
from minilinalg.interp import bulk_copy, tensor_maps, wgmma
from minilinalg.interp.block_memory import BlockMemory, Places, PlacesOf
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.simt_shared import matrix_places
from minilinalg.sim.simt.banks import ROW, count_wavefronts
from minilinalg.sim.simt.classes import KEPT, Classes
from minilinalg.sim.simt.sectors import SECTOR, count_sectors

GLOBAL = {
    "simt.load_global": "ld",
    "simt.store_global": "st",
    "simt.atomic_load": "ld",
    "simt.atomic_store": "st",
    "simt.atomic_rmw": "atom",
    "simt.atomic_cas": "atom",
    "simt.cp_async": "ld",
}
SHARED = {
    "simt.load_shared": "ld",
    "simt.store_shared": "st",
    "simt.atomic_rmw_shared": "atom",
    "simt.ldmatrix": "ld",
    "simt.stmatrix": "st",
    "simt.cp_async": "ldgsts",
}
BESIDE = (
    "simt.wgmma",
    "simt.bulk_tensor_load",
    "simt.bulk_tensor_store",
    "simt.mbarrier_init",
    "simt.mbarrier_inval",
    "simt.mbarrier_arrive_expect_tx",
    "simt.mbarrier_wait",
    "simt.tensormap_create",
)
"""What touches shared memory in another way than by the accesses of threads, and barriers there."""
READS, WRITES, UPDATES = "reads", "writes", "updates"
DOES = {"ld": READS, "st": WRITES, "atom": UPDATES, "ldgsts": WRITES}


def accesses_memory(op: Operation) -> bool:
    """Whether threads access memory by `op`, or warp groups."""
    return op.name in GLOBAL or op.name in SHARED or op.name in BESIDE


class GlobalSide:
    """An access to global memory. `kind`: of the profiler's names."""

    def __init__(self, op: Any, threads: int):
        self.address: SSAValue = op.source if isinstance(op, simt.CpAsyncOp) else op.address
        self.kind = GLOBAL[op.name]
        if self.kind == "atom" and not _is_used(op):
            self.kind = "red"
        self.bytes = bytes_of_access(op)
        self.writes = self.kind in ("st", "atom", "red")
        shape = threads, count_of_thread(self.address)

        def count(addresses: Array, active: Array | None) -> Array:
            return count_sectors(addresses, active, self.bytes)

        self.classes = Classes(count, 4, SECTOR, shape)


class SharedSide:
    """An access to shared memory, in a block of `threads`."""

    def __init__(self, op: Any, threads: int):
        self.address: SSAValue = op.to if isinstance(op, simt.CpAsyncOp) else op.address
        self.kind = SHARED[op.name]
        self.does = DOES[self.kind]
        self.is_async = isinstance(op, simt.CpAsyncOp)
        self.threads = threads
        shape = threads, count_of_thread(self.address)
        what = f"'{op.name}'"
        giving = None
        if isinstance(op, simt.LdMatrixOp | simt.StMatrixOp):
            self.bytes = 16
            matrices = int(op.matrices.value.data)
            giving = (np.arange(threads) % LANES < 8 * matrices)[None, :, None]
            self.places = matrix_places(op, threads)
        else:
            self.bytes = bytes_of_access(op)
            scalar = not shape_of(self.address.type)
            self.places = PlacesOf(what, (1, 1) if scalar else shape, self.bytes)

        def count(addresses: Array, active: Array | None) -> Array:
            if giving is not None:
                active = np.broadcast_to(giving, addresses.shape)
            return count_wavefronts(addresses, active, self.bytes, merges=giving is None)

        self.classes = Classes(count, 3, ROW, shape)
        self._touched: dict[Any, Touched] = {}
        self._costs: dict[Touched, Array] = {}

    def touched(self, c: Chunk, address: Any, active: Array | None) -> Touched:
        """What the access touches in the blocks of a chunk. The same object for the same, where all blocks agree."""
        places = self.places(address, BlockMemory.of(c).nbytes, active)
        if len(places.index) > 1 or (active is not None and len(active) > 1):
            return Touched(
                places, None if active is None else active.copy(), self.threads, in_all=False, does=self.does
            )
        key = places, None if active is None else (active.shape, active.tobytes())
        found = self._touched.get(key)
        if found is None:
            if len(self._touched) >= KEPT:
                self._touched.clear()
                self._costs.clear()
            active = None if active is None else active.copy()
            found = self._touched[key] = Touched(places, active, self.threads, in_all=True, does=self.does)
        return found

    def cost(self, touched: Touched, address: Any, active: Array | None, blocks: int) -> Array:
        """Wavefronts, conflicts and accesses of warps, of each block, (blocks, 3), or once for all, (1, 3)."""
        if not touched.in_all:
            return self.classes(address, Lanes.of(active), blocks)[0]
        found = self._costs.get(touched)
        if found is None:
            found = self._costs[touched] = self.classes(address, Lanes.of(active), 1)[0]
        return found


class OtherSide:
    """Shared memory that something beside the threads touches, or a barrier there. It goes through no bank that is
    counted. first: the number of the first of those who touch it, behind the threads' where they are none.
    """

    def __init__(self, address: SSAValue, places: PlacesOf, does: str, first: int, many: int = 0):
        self.address, self.places, self.does = address, places, does
        self.first, self.many = first, many
        self._touched: dict[Places, Touched] = {}

    def touched(self, c: Chunk, address: Any) -> Touched:
        """What is touched in the blocks of a chunk."""
        places = self.places(address, BlockMemory.of(c).nbytes)
        found = self._touched.get(places)
        if found is None:
            in_all, many = len(places.index) == 1, self.many or places.index.shape[1]
            found = Touched(places, None, many, in_all=in_all, first=self.first, does=self.does)
            if in_all:
                if len(self._touched) >= KEPT:
                    self._touched.clear()
                self._touched[places] = found
        return found


BULK = 1024
"""The number of what copies in bulk, behind those of the threads; warp groups are from 0 on."""


def other_sides(op: Any, threads: int) -> list[OtherSide]:
    """What an operation touches beside the accesses of threads; of a bulk load the box, then its barrier."""
    match op:
        case simt.WgmmaOp():
            return [OtherSide(address, places, READS, threads) for address, places in wgmma.words_of(op, threads)]
        case simt.BulkTensorLoadOp():
            box, barrier = bulk_copy.words_of_box(op, threads), bulk_copy.words_of_barrier(op, threads)
            return [
                OtherSide(op.to, box, WRITES, threads + BULK),
                OtherSide(op.barrier, barrier, UPDATES, threads + BULK),
            ]
        case simt.TensormapCreateOp():
            return [OtherSide(op.shared, tensor_maps.words_of_map(op, threads), WRITES, 0, 1)]
        case simt.BulkTensorStoreOp():
            return [OtherSide(op.source, bulk_copy.words_of_box(op, threads), READS, threads + BULK)]
        case _:
            does = WRITES if isinstance(op, simt.MbarrierInitOp | simt.MbarrierInvalOp) else UPDATES
            many = threads if isinstance(op, simt.MbarrierWaitOp) else 1
            return [OtherSide(op.address, bulk_copy.words_of_barrier(op, threads), does, 0, many)]


class Touched:
    """Words of shared memory that threads touch: the words, and where it is done, bool (L, T, A) (None: everywhere).

    in_all: whether it is the same in all blocks.
    """

    __slots__ = ("active", "does", "first", "high", "in_all", "low", "places", "threads")

    def __init__(
        self,
        places: Places,
        active: Array | None,
        threads: int,
        *,
        in_all: bool,
        first: int = 0,
        does: str = READS,
    ):
        self.places, self.active, self.threads, self.in_all = places, active, threads, in_all
        self.first, self.does = first, does
        """The number of the first thread, and what they do."""
        self.low, self.high = int(places.index.min()) * places.size, (int(places.index.max()) + 1) * places.size

    def of_block(self, block: int) -> tuple[Array, Array]:
        """The words that one block touches, and which thread each of them, (n,) both, threads ascending."""
        index = self.places.index[block if len(self.places.index) > 1 else 0]
        index = np.broadcast_to(index, (self.threads, index.shape[1]))
        threads = np.broadcast_to(np.arange(self.first, self.first + self.threads)[:, None], index.shape)
        if self.active is None:
            return index.reshape(-1), threads.reshape(-1)
        active = self.active[block if len(self.active) > 1 else 0]
        here = np.repeat(np.broadcast_to(active, (self.threads, active.shape[1])), index.shape[1] // active.shape[1], 1)
        return index[here], threads[here]


def _is_used(op: Operation) -> bool:
    return any(True for result in op.results for _ in result.uses)


def count_of_thread(address: SSAValue) -> int:
    """How many addresses each thread gives, in a function whose vectors have the threads in front."""
    shape = shape_of(address.type)
    return shape[-1] if shape else 1


def bytes_of_access(op: Any) -> int:
    """The bytes of one access."""
    if isinstance(op, simt.CpAsyncOp):
        return int(op.bytes.value.data)
    data = op.result if isinstance(op, simt.LoadGlobalOp | simt.LoadSharedOp | simt.AtomicLoadOp) else op.value
    return count_of(data.type) * dtype_of(data.type).itemsize // count_of(op.address.type)


def lanes_of(op: Any) -> tuple[SSAValue | None, SSAValue | None]:
    """The masks of the global and of the shared side: where an access is made."""
    if isinstance(op, simt.CpAsyncOp):
        return op.mask, op.when
    mask = getattr(op, "mask", None)
    return mask, mask
