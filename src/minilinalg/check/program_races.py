"""Races between the programs of a grid, at the stage of the source: what one writes and another touches, in no order.

Answers of a program that races may differ after every pass, and no pass is at fault. So before a pass is blamed, the
source runs once more with this watch on its loads, stores and atomics. Programs are ordered by what they hand on: an
atomic that releases, and one that acquires the same element. Within a program one operation follows the other, but the
lanes of one store are in no order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects.tt.atomics import AtomicOperation
from minilinalg.dialects.tt.attributes import MemSemantic
from minilinalg.dialects.tt.effects import is_true
from minilinalg.errors import GlobalRaceError
from minilinalg.interp.access import by_segment, dtype_out, lanes_of
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.conflicts import Conflicts, Found, Order, Places
from minilinalg.interp.descriptors import Descriptor, as_block
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.observers import Observer
from minilinalg.interp.values import Partial, written_out
from minilinalg.locations import places_of

READS, WRITES, UPDATES, SEES = "reads", "writes", "updates", "sees"
"""What an operation does: a plain access, one that is atomic, and an atomic load."""
ACCESSES = {
    "tt.load": (READS, "result"),
    "tt.descriptor_load": (READS, "result"),
    "tt.descriptor_gather": (READS, "result"),
    "tt.store": (WRITES, "value"),
    "tt.descriptor_store": (WRITES, "src"),
    "tt.descriptor_scatter": (WRITES, "src"),
    "tt.atomic_rmw": (UPDATES, "val"),
    "tt.atomic_cas": (UPDATES, "val"),
    "tt.atomic_store": (UPDATES, "value"),
    "tt.descriptor_reduce": (UPDATES, "src"),
    "tt.atomic_load": (SEES, "result"),
    "tt.atomic_poll": (SEES, "expected"),
}
"""What each operation does, and which of its values is like what stands in memory."""
BLOCKS = ("tt.descriptor_load", "tt.descriptor_store", "tt.descriptor_reduce")
ROWS = ("tt.descriptor_gather", "tt.descriptor_scatter")
MASKED = ("tt.load", "tt.store", "tt.atomic_rmw", "tt.atomic_load", "tt.atomic_store")
MOST_PROGRAMS = 2048
"""Of a larger grid whose programs hand on to one another nothing is known."""


class _Site(NamedTuple):
    """An operation, what it does, and the elements that it touches, which are like those of `value`."""

    op: Operation
    does: str
    value: SSAValue
    dtype: DType
    shape: tuple[int, ...]
    acquires: bool
    releases: bool


class ProgramRaceWatch(Observer):
    """Tells `Conflicts` what the programs of one run do. Raises GlobalRaceError, while it runs, for a race."""

    def __init__(self) -> None:
        self._sites: list[_Site] = []
        self._numbers: dict[Operation, int] = {}
        self._conflicts: Conflicts | None = None
        self._clocks: dict[int, Array | None] = {}
        """By address, what was released there."""

    def before(self, em: Emitter, op: Operation) -> None:
        """Memory still holds what a write will change."""
        if op.name in ACCESSES and ACCESSES[op.name][0] == WRITES:
            self._tell(em, op)

    def after(self, em: Emitter, op: Operation) -> None:
        if op.name in ACCESSES and ACCESSES[op.name][0] != WRITES:
            self._tell(em, op)

    def _tell(self, em: Emitter, op: Any) -> None:
        number = self._numbers.setdefault(op, len(self._sites))
        if number == len(self._sites):
            self._sites.append(_site(op))
        site = self._sites[number]
        what = f"'{op.name}'"

        def told(c: Chunk, pointer: Any, mask: Any, value: Any) -> None:
            if (conflicts := self._started(c.memory, c.grid)) is None:
                return
            full = (c.size, *site.shape)
            me = c.numbers
            addresses, lanes = lanes_of(pointer, mask, site.shape, what)
            addresses = np.broadcast_to(addresses, full)
            lanes = None if lanes is None else np.broadcast_to(lanes, full)
            for segment, here in by_segment(c.memory, addresses, lanes, site.dtype.itemsize, what, False):
                at = (addresses - segment.address) // site.dtype.itemsize
                places = Places(at if here is None else np.where(here, at, 0), here)
                given = segment, number, me, places, site.dtype.itemsize
                if site.does == WRITES:
                    found = conflicts.write(*given, lambda: _bits(value, site, full))
                elif site.does == UPDATES:
                    found = conflicts.update(*given)
                else:
                    found = conflicts.read(*given, atomic=site.does == SEES)
                if found is not None:
                    raise self._error(site, found, c.grid)
            if site.acquires or site.releases:
                self._hand_on(conflicts.order, site, me, addresses, lanes)

        if op.name in BLOCKS or op.name in ROWS:
            listed = em.refs(op.indices if op.name in BLOCKS else (op.x_offsets, op.y_offset))
            given = f"*{em.const(_box(op, site), 'box')}({em.ref(op.desc)}, [{listed}])"
        else:
            mask = em.ref(op.mask) if op.name in MASKED and op.mask is not None else "None"
            given = f"{em.ref(op.ptr)}, {mask}"
        value = em.ref(site.value) if site.does == WRITES else "None"
        em.line(f"{em.const(told, 'told')}(c, {given}, {value})", op)

    def _started(self, memory: GlobalMemory, grid: tuple[int, int, int]) -> Conflicts | None:
        """What is known in this run; None where programs cannot be told apart."""
        if self._conflicts is None:
            order = Order(grid[0] * grid[1] * grid[2])
            granule = min(site.dtype.itemsize for site in self._sites)
            self._conflicts = Conflicts(memory, order, memory.segments, granule, len(self._sites), in_lanes=True)
        many = self._conflicts.order.agents > MOST_PROGRAMS and any(site.acquires for site in self._sites)
        return None if many else self._conflicts

    def _hand_on(self, order: Order, site: _Site, me: Array, addresses: Array, lanes: Array | None) -> None:
        if not any(other.acquires for other in self._sites):
            # Nobody is behind anybody, and what is known of each pair of programs takes memory.
            return
        here = np.ones(addresses.shape, np.bool_) if lanes is None else lanes
        programs = np.broadcast_to(me.reshape(-1, *([1] * (addresses.ndim - 1))), addresses.shape)
        for program, address in zip(programs[here].tolist(), addresses[here].tolist(), strict=True):
            there = self._clocks.get(address)
            self._clocks[address] = order.handed_on(program, there, acquires=site.acquires, releases=site.releases)

    def _error(self, site: _Site, found: Found, grid: tuple[int, int, int]) -> GlobalRaceError:
        gx, gy, _ = grid

        def named(program: int) -> str:
            return f"program {(program % gx, program // gx % gy, program // (gx * gy))}"

        op, earlier = site.op, self._sites[found.earlier].op
        does = "reads" if site.does == SEES else site.does
        byte = f"byte {found.at} of argument '{', '.join(found.segment.names)}'"
        if found.other == found.agent:
            text = f"race within a program: '{op.name}' writes several values to {byte} in {named(found.agent)}"
        else:
            other = "other programs have" if found.other is None else f"{named(found.other)} has"
            what = "another value to it" if found.did == "written" and site.does == WRITES else "it"
            at = f" at {places_of(earlier)[0]}" if earlier is not op and places_of(earlier) else ""
            by = "" if earlier is op else f", by '{earlier.name}'{at}"
            text = f"race between programs: '{op.name}' {does} {byte} in {named(found.agent)}, and {other} {found.did} "
            text += what + by
        return GlobalRaceError(
            text,
            rule="programs of a grid run side by side, and so do the lanes of a store: what one writes, no other one "
            "touches unless something orders the two, as an atomic that releases and one that acquires do",
            hint="no pass is at fault, each may leave another answer: let every program write a part of its own, add "
            "up by atomics, or make it two launches",
            places=places_of(op),
        )


def _site(op: Any) -> _Site:
    does, name = ACCESSES[op.name]
    value = getattr(op, name)
    shape = tuple(op.desc.type.get_shape()) if op.name in BLOCKS else shape_of(value.type)
    if op.name == "tt.load" and is_true(op.is_volatile):
        does = SEES
    sem = op.mem_semantic if isinstance(op, AtomicOperation) else MemSemantic.RELAXED
    acquires, releases = (
        sem in (one, MemSemantic.ACQUIRE_RELEASE) for one in (MemSemantic.ACQUIRE, MemSemantic.RELEASE)
    )
    return _Site(op, does, value, dtype_of(value.type), shape, acquires, releases)


def _box(op: Any, site: _Site) -> Callable[[Descriptor, Sequence[Any]], tuple[Any, Any]]:
    """The addresses of a block of a described tensor, or of rows, and which of them are inside of it."""
    if op.name in BLOCKS:
        return lambda tensor, origin: tensor.block(origin, site.shape)

    def rows(tensor: Descriptor, given: Sequence[Any]) -> tuple[Any, Any]:
        return tensor.rows(np.asarray(written_out(given[0]), np.int64), given[1], site.shape)

    return rows


def _bits(value: Any, site: _Site, full: tuple[int, ...]) -> Array:
    """The bits of what programs write, as they will stand in memory."""
    if site.op.name in BLOCKS:
        value = as_block(value, shape_of(site.value.type), site.shape)
    data = value.data if isinstance(value, Partial) else written_out(value)
    stored = dtype_out(np.atleast_1d(np.asarray(data, site.dtype.carrier)), site.dtype)
    return np.ascontiguousarray(np.broadcast_to(stored, full)).view(np.dtype(f"u{site.dtype.itemsize}"))
