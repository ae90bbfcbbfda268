"""Races between the cores: two that touch the same element of global memory, one of them writing, in no order.

Programs of a grid run side by side in any order, and so do cores. What is ordered is ordered by barriers: all cores of
a cluster, or of the chip, have waited for one another. Cores that write the same value to the same place are in no
race. One run in which two cores are in conflict is enough; it need not be seen going wrong.

Atomics are in no race with one another, and are not looked at. Where cores may learn from them what others have done,
by their results or by a loop that reads what they changed, the arrays that atomics change order the cores: who touches
one is behind all that those did who touched it before. That is more order than a machine promises (every atomic counts
as acquire and release, for its whole array), so a race may be missed, and none is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from minilinalg.analysis.aliasing import accesses, is_allocation, own_accesses, root_of
from minilinalg.dialects import simd
from minilinalg.errors import GlobalRaceError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.conflicts import Conflicts, Found, Order, Places, Windows
from minilinalg.interp.dtypes import Array, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.indexed import IndexedAccess
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.memref import element
from minilinalg.interp.observers import Observer
from minilinalg.interp.values import Partial, take
from minilinalg.interp.views import MemRef, Sized, groups
from minilinalg.locations import places_of
from minilinalg.targets import Target

ATOMICS = ("memref.atomic_rmw", "memref.generic_atomic_rmw")


def orders_cores(module: ModuleOp) -> frozenset[int | None]:
    """The arguments, by their numbers, by whose elements cores may wait for one another; None: some unknown memory."""
    changed: set[int | None] = set()
    learns = False
    for op in module.walk():
        if _is_atomic(op):
            changed |= {_argument(a.buffer) for a in own_accesses(op) if a.buffer is None or _reaches_out(a.buffer)}
            learns |= op.old is not None if isinstance(op, simd.Atomic) else op.results[0].first_use is not None
    for loop in module.walk():
        if changed and loop.name == "scf.while":
            learns |= any(
                a.kind == "read" and (a.buffer is None or (_reaches_out(a.buffer) and _argument(a.buffer) in changed))
                for a in accesses(loop)
            )
    return frozenset(changed) if learns else frozenset()


def _is_atomic(op: Operation) -> bool:
    return op.name in ATOMICS or isinstance(op, simd.Atomic)


def _argument(buffer: SSAValue | None) -> int | None:
    """The number of the argument that a buffer is a part of."""
    root = None if buffer is None else root_of(buffer)
    return root.index if isinstance(root, BlockArgument) else None


def _reaches_out(buffer: SSAValue) -> bool:
    """Whether it is no buffer that the program allocates itself."""
    return not is_allocation(root_of(buffer))


INDICES = {"memref.load": 1, "memref.store": 2}
"""Operations that touch one element, and the operand at which its indices begin."""


class CoreRaceWatch(Observer):
    """Adds to everything that touches global memory, and to barriers, a line that tells `c.machine.core_races`."""

    def __init__(self, module: ModuleOp, target: Target):
        self.target = target
        self._operations: list[Operation] = []
        self._sides: list[tuple[Any, str, bool]] = []
        self.ordering = orders_cores(module)
        """The arguments by which cores wait for one another."""
        for op in module.walk():
            if _is_atomic(op):
                continue
            for access in own_accesses(op):
                if access.buffer is not None and self._is_global(access.buffer) and not self._orders(access.buffer):
                    self._operations.append(op)
                    self._sides.append((access.buffer, access.kind, isinstance(op, simd.Indexed)))
        roots = [root_of(buffer) for buffer, kind, _ in self._sides if kind == "write"]
        self.written = {root.index if isinstance(root, BlockArgument) else None for root in roots}
        """The arguments that something is written to, by their numbers; None for any memory."""
        self.granule = min((dtype_of(b.type).itemsize for b, _, _ in self._sides), default=1)

    def _orders(self, buffer: Any) -> bool:
        return bool(self.ordering) and _argument(buffer) in self.ordering

    def _is_global(self, buffer: Any) -> bool:
        space = getattr(buffer.type, "memory_space", None)
        return isinstance(space, simd.SpaceAttr) and self.target.space(space.data).scope == "chip"

    def start(self, memory: GlobalMemory, names: Sequence[str]) -> CoreRaces:
        """What is known in one run. names: of the arguments."""
        written = {names[i] for i in self.written if i is not None and i < len(names)}
        # What lies in one segment with it orders too, as may what a pointer of unknown origin leads to, and nobody is
        # told when that is touched.
        ordering = [s for s in memory.segments if any(names[i] in s.names for i in self.ordering if i is not None)]
        leads_anywhere = None in self.ordering or any(_argument(buffer) is None for buffer, _, _ in self._sides)
        watches = not self.ordering or (not leads_anywhere and all(len(s.names) == 1 for s in ordering))
        tracked = [s for s in memory.segments if s not in ordering and (None in self.written or written & set(s.names))]
        order = Order(self.target.cores, self.target.cores_per_cluster)
        return CoreRaces(
            Conflicts(memory, order, tracked if watches else [], self.granule, max(len(self._operations), 1)),
            self._operations,
        )

    def before(self, em: Emitter, op: Operation) -> None:
        """Memory still holds what a write will change."""
        if isinstance(op, simd.BarrierOp):
            if op.scope.data != "core":
                em.line(f"c.machine.core_races.barrier({op.scope.data!r}, c)", op)
            return
        for argument in (
            {_argument(a.buffer) for a in own_accesses(op) if a.buffer is not None} if self.ordering else ()
        ):
            if argument is not None and argument in self.ordering:
                em.line(f"c.machine.core_races.ordered(c, {argument})", op)
        for number, other in enumerate(self._operations):
            if other is op:
                self._tell(em, op, number)

    def _tell(self, em: Emitter, op: Operation, number: int) -> None:
        buffer, kind, is_indexed = self._sides[number]
        memref = em.ref(buffer)
        if is_indexed:
            assert isinstance(op, simd.Indexed)
            it = em.const(IndexedAccess(op, op.indexed, op.block, list(op.inputs), op.array), "indexed")
            given = f"{it}, {em.refs((op.array, op.block))}, [{em.refs(op.inputs[1:])}]"
            em.line(f"c.machine.core_races.indexed(c, {number}, {given})", op)
            return
        if op.name in INDICES:
            memref = f"{em.const(element, 'element')}({memref}, [{em.refs(op.operands[INDICES[op.name] :])}])"
        value = f", {em.ref(op.operands[0])}" if kind == "write" else ""
        em.line(f"c.machine.core_races.{kind}(c, {number}, {memref}{value})", op)


class CoreRaces:
    """Tells `Conflicts` what the cores do. Raises GlobalRaceError for a race."""

    def __init__(self, conflicts: Conflicts, operations: Sequence[Operation]):
        self.conflicts, self.operations = conflicts, operations
        self._clocks: dict[int, Array] = {}

    def ordered(self, c: Chunk, argument: int) -> None:
        """The active cores touch an argument that orders them."""
        order = self.conflicts.order
        self._clocks[argument] = order.synchronized(_cores(c), self._clocks.get(argument))

    def barrier(self, scope: str, c: Chunk) -> None:
        """The active cores of each cluster, or of the chip, wait for one another."""
        order, active = self.conflicts.order, _cores(c)
        if scope == "chip":
            order.waited(active)
            return
        for cluster in np.unique(active // order.group):
            order.waited(active[active // order.group == cluster])

    def read(self, c: Chunk, number: int, view: MemRef) -> None:
        """The active cores read a view."""
        size = view.dtype.itemsize
        for segment, agents, _, places in self._windows(c, view):
            self._stop(number, "reads", self.conflicts.read(segment, number, agents, places, size))

    def write(self, c: Chunk, number: int, view: MemRef, value: Any) -> None:
        """The active cores are about to write a view."""
        size = view.dtype.itemsize
        for segment, agents, index, places in self._windows(c, view):

            def values(index: Any = index, places: Places = places) -> Array:
                return _bits(value, view, index, places.index.shape)

            self._stop(number, "writes", self.conflicts.write(segment, number, agents, places, size, values))

    def _windows(self, c: Chunk, view: MemRef) -> Any:
        """Segment, cores, their numbers among the active ones, and the elements, for each group of cores."""
        rank, size, active = view.rank, view.dtype.itemsize, _cores(c)
        for index, key in groups(view.shape_key, c.size):
            sizes, strides = key[:rank], key[rank:]
            if 0 in sizes or any(s % size for s in strides):
                continue
            rows = np.arange(c.size)[index]
            starts = np.broadcast_to(np.asarray(view.offset, np.int64), (c.size,))[rows]
            reach = [(n - 1) * s for n, s in zip(sizes, strides, strict=True)]
            low, high = sum(r for r in reach if r < 0), sum(r for r in reach if r > 0) + size
            for segment in self.conflicts.memory.segments:
                # What is in no segment is out of bounds, which the access itself will say.
                here = (starts + low >= segment.address) & (starts + high <= segment.end)
                if self.conflicts.tracks(segment) and here.any():
                    at = (starts[here] - segment.address) // size
                    yield segment, active[rows[here]], rows[here], Windows(at, sizes, [s // size for s in strides])

    def indexed(
        self, c: Chunk, number: int, it: IndexedAccess, array: MemRef, block: Any, lists: Sequence[Any]
    ) -> None:
        """The active cores read, or are about to write, the rows of an array that a list of indices names."""
        size, active = array.dtype.itemsize, _cores(c)
        writes = isinstance(self.operations[number], simd.ScatterOp)
        for rows, addresses, counts in it.places(c, array, block, lists):
            for segment in self.conflicts.memory.segments:
                here = counts & (addresses >= segment.address) & (addresses + size <= segment.end)
                if not self.conflicts.tracks(segment) or not here.any():
                    continue
                places = Places(np.where(here, (addresses - segment.address) // size, 0), here)
                if not writes:
                    self._stop(number, "reads", self.conflicts.read(segment, number, active[rows], places, size))
                    continue

                def values(rows: Array = rows, shape: tuple[int, ...] = addresses.shape) -> Array:
                    return _bits(block, array, rows, shape)

                self._stop(number, "writes", self.conflicts.write(segment, number, active[rows], places, size, values))

    def _stop(self, number: int, does: str, found: Found | None) -> None:
        if found is None:
            return
        op, earlier = self.operations[number], self.operations[found.earlier]
        other = "other cores have" if found.other is None else f"core {found.other} has"
        at = f" at {places_of(earlier)[0]}" if earlier is not op and places_of(earlier) else ""
        by = "" if earlier is op else f", by '{earlier.name}'{at}"
        what = "it" if found.did == "read" else "another value to it" if does == "writes" else "it"
        raise GlobalRaceError(
            f"race between cores: '{op.name}' {does} byte {found.at} of argument '{', '.join(found.segment.names)}' on "
            f"core {found.agent}, and {other} {found.did} {what}{by}",
            rule="programs run side by side: what one writes, no other one touches unless all of them have waited for "
            "one another in between",
            hint="in a kernel: let every program write a part of its own, add up by atomics, or make it two launches, "
            "of which the second one reads; in a pass: 'simd.barrier chip' between the two",
            places=places_of(op),
        )


def _cores(c: Chunk) -> Array:
    return np.arange(c.size if c.arenas is None else c.arenas.rows)[c.active]


def _bits(value: Any, view: MemRef, index: Array, shape: tuple[int, ...]) -> Array:
    """The bits of what the cores at `index` write, as they will stand in memory."""
    value = take(value, index)
    if isinstance(value, MemRef):
        read = value.read(len(index), "the watch for races")
        if isinstance(read, Sized):
            read = read.data[(slice(None), *(slice(0, n) for n in shape[1:]))]
    else:
        data = value.data if isinstance(value, Partial) else value
        read = np.asarray(data, view.dtype.carrier).astype(view.dtype.storage)
        read = read.reshape(-1, *([1] * (len(shape) - 1)))
    return np.broadcast_to(np.ascontiguousarray(read).view(np.dtype(f"u{view.dtype.itemsize}")), shape)
