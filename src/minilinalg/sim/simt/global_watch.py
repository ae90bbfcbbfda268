"""Looking on at accesses to global memory: a line at each, and at barriers, that tells `GlobalRaces` (global_races.py).

Arrays that are only read, and those that only atomics touch, cost nothing: through which arguments an access may go is
read off the function (pointers.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.abi import FunctionAbi
from minilinalg.dialects import simt
from minilinalg.dialects.tt.attributes import MemSemantic
from minilinalg.interp.access import by_segment, lanes_of
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.bulk_copy import of_blocks
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.global_words import as_words
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.observers import Observer
from minilinalg.interp.values import Partial, take
from minilinalg.sim.simt.global_access import Access, Pattern, in_a_pattern
from minilinalg.sim.simt.global_races import READ, SAW, UPDATED, WROTE, GlobalRaces
from minilinalg.sim.simt.pointers import arguments_behind
from minilinalg.sim.simt.sites import bytes_of_access

DOES = {
    "simt.load_global": READ,
    "simt.cp_async": READ,
    "simt.bulk_tensor_load": READ,
    "simt.store_global": WROTE,
    "simt.bulk_tensor_store": WROTE,
    "simt.atomic_load": SAW,
    "simt.atomic_store": UPDATED,
    "simt.atomic_rmw": UPDATED,
    "simt.atomic_cas": UPDATED,
}
BULK = ("simt.bulk_tensor_load", "simt.bulk_tensor_store")


class _Site(NamedTuple):
    """An operation, what it does in words of how many bytes, and through which arguments (None: perhaps any)."""

    op: Operation
    does: str
    size: int
    names: frozenset[str] | None

    def reaches(self, names: Sequence[str]) -> bool:
        """Whether it may touch an array of one of these arguments."""
        return self.names is None or not self.names.isdisjoint(names)


class GlobalRaceWatch(Observer):
    """Adds the lines; `c.machine.global_races` is what they tell, once `start` made it.

    abi: of the kernel. threads: of a block.
    """

    def __init__(self, abi: FunctionAbi, threads: int):
        self.abi, self.threads = abi, threads
        self._sites: list[_Site] = []
        self._numbers: dict[Operation, int] = {}
        self._patterns: dict[Any, Pattern] = {}
        self.hands_on = False
        """Whether blocks may learn from atomics what others did."""

    def _number(self, em: Emitter, op: Operation) -> int:
        number = self._numbers.get(op)
        if number is None:
            number = self._numbers[op] = len(self._sites)
            entry = em.functions[self.abi.name].regions[0].blocks[0]
            names = arguments_behind(_pointer(op), entry, self.abi.parameters)
            self._sites.append(_Site(op, DOES[op.name], _size(op), names))
            self.hands_on |= _order(op)[0]
        return number

    def start(self, memory: GlobalMemory, grid: tuple[int, int, int]) -> GlobalRaces:
        """What is known in one run."""
        grains: list[tuple[Any, int]] = []
        for segment in memory.segments:
            here = [site for site in self._sites if site.reaches(segment.names)]
            does = {site.does for site in here}
            if WROTE in does or {READ, UPDATED} <= does:
                grains.append((segment, min(site.size for site in here)))
        operations = [site.op for site in self._sites]
        return GlobalRaces(memory, grid, self.threads, operations, grains, hands_on=self.hands_on)

    def before(self, em: Emitter, op: Operation) -> None:
        """Memory still holds what a write will change."""
        if isinstance(op, simt.BarrierOp):
            em.line(f"{em.const(_barrier, 'together')}(c)", op)
        elif DOES.get(op.name) == WROTE:
            self._tell(em, op, self._number(em, op))

    def after(self, em: Emitter, op: Operation) -> None:
        if op.name in DOES and DOES[op.name] != WROTE:
            self._tell(em, op, self._number(em, op))

    def _tell(self, em: Emitter, op: Any, number: int) -> None:
        if op.name in BULK:
            given = f"{em.ref(op.map)}, [{em.refs(op.coords)}], {em.ref(op.when)}"
            em.line(f"{em.const(self._of_box(op, number), 'watch')}(c, {given})", op)
            return
        masks = [getattr(op, name, None) for name in ("mask", "when")]
        value = em.ref(op.value) if op.name == "simt.store_global" else "None"
        given = f"{em.ref(_pointer(op))}, [{em.refs([mask for mask in masks if mask is not None])}], {value}"
        em.line(f"{em.const(self._of_threads(op, number), 'watch')}(c, {given})", op)

    def _of_threads(self, op: Any, number: int) -> Any:
        does, size = self._sites[number].does, self._sites[number].size
        places, what = shape_of(_pointer(op).type), f"'{op.name}'"
        numbers = np.arange(self.threads)
        value_type: Any = op.value.type if does == WROTE else None
        volatile = op.name == "simt.load_global" and op.volatile is not None
        acquires, releases = _order(op)

        def tell(c: Chunk, pointer: Any, masks: Sequence[Any], value: Any) -> None:
            races: GlobalRaces = c.machine.global_races
            if does not in (UPDATED, SAW) and not any(self._sites[number].reaches(s.names) for s in races.tracked):
                return
            lanes = None
            for mask in masks:
                made = Lanes.of(mask, what)
                active = None if made is None else made.array(c.size)
                lanes = active if lanes is None else lanes if active is None else lanes & active
            threads = numbers if places else np.array([races.from_first])
            if not places:
                pointer, lanes = _for_one(pointer), None if lanes is None else lanes.reshape(-1, 1, 1)
            shape = places or (1, 1)
            for access in self._accesses(c, races, pointer, lanes, shape, number, threads):
                if does in (UPDATED, SAW):
                    races.update(access, acquires=acquires, releases=releases, changes=does == UPDATED)
                elif races.tracks(access.segment):
                    if does == READ:
                        races.read(access, watches_atomics=not volatile)
                        continue

                    def values() -> Array:
                        data = value.data if type(value) is Partial else value
                        return as_words(data, dtype_of(value_type), shape_of(value_type), places, WORDS[size])

                    races.write(access, values)

        return tell

    def _of_box(self, op: Any, number: int) -> Any:
        does, what = self._sites[number].does, f"'{op.name}'"
        box = op.map.type.get_shape()

        def tell(c: Chunk, tensor: Any, origin: Sequence[Any], when: Any) -> None:
            races: GlobalRaces = c.machine.global_races
            if not isinstance(tensor, Descriptor):
                # One that the kernel made lies in memory, and is read there by the copy itself.
                return
            if (found := of_blocks(c, when, what)) is None:
                return
            here, programs = found
            if programs is not None:
                tensor, origin = tensor.take_programs(programs), [take(n, programs) for n in origin]
            pointer, inside = tensor.block(origin, box)
            bulk = np.array([races.bulk])
            addresses = np.broadcast_to(pointer.array(), (here.size, *box)).reshape(here.size, 1, -1)
            lanes = np.broadcast_to(inside.array(), (here.size, *box)).reshape(here.size, 1, -1)
            for access in self._accesses(here, races, addresses, lanes, addresses.shape[1:], number, bulk):
                if not races.tracks(access.segment):
                    continue
                if does == READ:
                    races.read(access)
                else:
                    races.write(access, None)

        return tell

    def _accesses(
        self,
        c: Chunk,
        races: GlobalRaces,
        pointer: Any,
        lanes: Array | None,
        shape: tuple[int, ...],
        number: int,
        threads: Array,
    ) -> Iterator[Access]:
        """What is accessed of each segment."""
        size, what = self._sites[number].size, f"'{self._sites[number].op.name}'"
        blocks = c.numbers
        when = races.order.now[blocks]
        if lanes is not None:
            if not lanes.any():
                return
            lanes = np.broadcast_to(lanes, (len(lanes), *shape))
        if (found := in_a_pattern(c, pointer, lanes, self._patterns)) is not None:
            segment, starts, pattern = found
            here = None if lanes is None else lanes.copy()
            yield Access(number, segment, size, blocks, threads, when, here, starts=starts, pattern=pattern)
            return
        addresses, lanes = lanes_of(pointer, lanes, shape, what)
        for segment, here in by_segment(c.memory, addresses, lanes, size, what, False):
            at = (addresses - segment.address) // size
            at = np.broadcast_to(at if here is None else np.where(here, at, 0), (c.size, *shape))
            yield Access(number, segment, size, blocks, threads, when, here, at)


def _barrier(c: Chunk) -> None:
    races: GlobalRaces = c.machine.global_races
    races.barrier(c.numbers)


def _pointer(op: Any) -> SSAValue:
    if op.name in BULK:
        return op.map
    return op.source if op.name == "simt.cp_async" else op.address


def _for_one(pointer: Any) -> Any:
    """Addresses that all threads share, (P, 1, 1)."""
    data = pointer.data if type(pointer) is Partial else pointer
    return np.asarray(data, np.int64).reshape(-1, 1, 1)


def _size(op: Any) -> int:
    if op.name in BULK:
        return dtype_of(op.map.type.element_type).itemsize
    return bytes_of_access(op)


def _order(op: Any) -> tuple[bool, bool]:
    """Whether an operation acquires, and whether it releases."""
    if DOES[op.name] not in (UPDATED, SAW):
        return False, False
    sem = MemSemantic.of(op.sem)
    both = sem is MemSemantic.ACQUIRE_RELEASE
    return both or sem is MemSemantic.ACQUIRE, both or sem is MemSemantic.RELEASE
