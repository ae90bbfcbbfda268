"""Looking on while blocks run: a line beside each access to memory counts it and makes a note of it (trace.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from xdsl.ir import Block, Operation

from minilinalg.dialects import simt
from minilinalg.dialects.simt.tensor_maps import MAP_BYTES
from minilinalg.interp.bulk_copy import of_blocks
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor
from minilinalg.interp.dtypes import Array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.observers import Observer
from minilinalg.interp.tensor_maps import InMemory, descriptor_of
from minilinalg.interp.threads import threads_of
from minilinalg.interp.values import least, most, take
from minilinalg.sim.simt.classes import active_of
from minilinalg.sim.simt.global_races import GlobalRaces
from minilinalg.sim.simt.metrics import global_metrics, shared_metrics
from minilinalg.sim.simt.sectors import SECTOR
from minilinalg.sim.simt.sites import (
    BESIDE,
    GLOBAL,
    SHARED,
    GlobalSide,
    OtherSide,
    SharedSide,
    accesses_memory,
    lanes_of,
    other_sides,
)
from minilinalg.sim.simt.trace import Note
from minilinalg.sim.simt.traffic import Reach

NOTHING = np.zeros((1, 1))
"""What an operation costs a block that takes no part in it."""


BYPASSING = 16
"""Bytes of a cp.async that is printed as `.cg`."""


class Tally:
    """What one run has counted.

    ended: is told of the notes of each chunk when its blocks have ended. at_once: whether chunks run one by one, so
    that one has ended when another begins.
    """

    def __init__(self, ended: Callable[[Chunk, Sequence[Note]], None], *, at_once: bool):
        self.totals: dict[tuple[str, ...], Array] = {}
        self._ended, self._at_once = ended, at_once
        self._chunks: list[tuple[Chunk, list[Note]]] = []
        self.asked: Counter[str] = Counter()
        """Bytes that threads asked for by loads and by stores of global memory; `moved`: those of their sectors."""
        self.moved: Counter[str] = Counter()
        self.global_races: GlobalRaces | None = None
        """Who has touched global memory, where that is looked at."""
        self.reach: dict[int, Reach] = {}
        """By site, in global memory."""

    def add(self, names: tuple[str, ...], found: Array) -> None:
        """Counts numbers under names."""
        total = self.totals.get(names)
        if total is None:
            self.totals[names] = found.copy()
        else:
            total += found

    def touched(self, site: int, found: Reach) -> None:
        """A site touched global memory."""
        before = self.reach.get(site)
        self.reach[site] = found if before is None else before.with_more(found)

    def notes_of(self, c: Chunk) -> list[Note]:
        """The notes of a chunk, to which more are added."""
        arenas = c.arenas
        assert arenas is not None
        if arenas.notes is None:
            if self._at_once:
                self.end()
            arenas.notes = []
            self._chunks.append((c, arenas.notes))
        return arenas.notes

    def end(self) -> None:
        """The blocks of all chunks so far have ended."""
        chunks, self._chunks = self._chunks, []
        for c, notes in chunks:
            self._ended(c, notes)

    @property
    def counters(self) -> Counter[str]:
        """What was counted, by name."""
        found: Counter[str] = Counter()
        for names, numbers in self.totals.items():
            found.update(dict(zip(names, numbers.tolist(), strict=False)))
        return found


class Watch(Observer):
    """Adds to each access a line that counts it; `c.machine` is a `Tally`.

    sites: the accesses, in the order of their numbers. begins: the blocks of regions, numbered -1, -2, ...
    """

    def __init__(self) -> None:
        self.functions: dict[str, Operation] = {}
        self.sites: list[Operation] = []
        self.sides: list[tuple[GlobalSide | None, SharedSide | None]] = []
        self.number_of: dict[Operation, int] = {}
        self.begins: dict[Block, int] = {}
        self.skipped: set[Operation] = set()
        """What is done once for all turns of a loop, or by nobody."""

    def before(self, em: Emitter, op: Operation) -> None:
        block = op.parent
        self.functions = em.functions
        if block is not None and op is block.first_op:
            number = self.begins.setdefault(block, -1 - len(self.begins))

            def begin(c: Chunk) -> None:
                c.machine.notes_of(c).append(Note(c.rows, number, (), ()))

            em.line(f"{em.const(begin, 'begin')}(c)")

    def unused(self, em: Emitter, op: Operation) -> None:
        self.skipped.add(op)
        self.before(em, op)

    def after(self, em: Emitter, op: Operation) -> None:
        if not accesses_memory(op):
            return
        threads = _threads_around(op)
        number = self.number_of.setdefault(op, len(self.sites))
        if number == len(self.sites):
            self.sites.append(op)
            self.sides.append(
                (
                    GlobalSide(op, threads) if op.name in GLOBAL else None,
                    SharedSide(op, threads) if op.name in SHARED else None,
                )
            )
        outside, inside = self.sides[number]
        if op.name in BESIDE:
            self._after_other(em, op, number, threads)
            return
        masks = lanes_of(op)
        arguments = ["c"]
        for side, mask in zip((outside, inside), masks, strict=True):
            arguments += ["None" if side is None else em.ref(side.address), "None" if mask is None else em.ref(mask)]
        em.line(f"{em.const(self._counting(number, outside, inside), 'count')}({', '.join(arguments)})", op)

    @staticmethod
    def _after_other(em: Emitter, op: Any, number: int, threads: int) -> None:
        sides, what = other_sides(op, threads), f"'{op.name}'"
        only = getattr(op, "when", None) or getattr(op, "pred", None)
        box, tensor, made = 0.0, "None", "None"
        moves = "loads" if isinstance(op, simt.BulkTensorLoadOp) else "stores"
        if isinstance(op, simt.TensormapCreateOp):
            box, made = MAP_BYTES / SECTOR, em.ref(op.to)
        elif isinstance(op, simt.BulkTensorLoadOp | simt.BulkTensorStoreOp):
            assert isinstance(op.map.type, simt.TensorMapType)
            box, tensor = op.map.type.box_bytes / SECTOR, em.ref(op.map)
        cost, by_one = np.array([[box]]), not isinstance(op, simt.WgmmaOp)

        def note(c: Chunk, tensor: Descriptor | InMemory | None, made: Any, when: Any, *addresses: Any) -> None:
            tally: Tally = c.machine
            taking_part = (c, None) if when is None else of_blocks(c, when, what)
            notes = tally.notes_of(c)
            if taking_part is None or taking_part[0].size < c.size:
                resting = c
                if taking_part is not None:
                    assert taking_part[1] is not None
                    resting = c.take(np.setdiff1d(np.arange(c.size), taking_part[1]))
                notes.append(Note(resting.rows, number, (NOTHING,), ()))
                if taking_part is None:
                    return
            here, programs = taking_part
            if tensor is not None or made is not None:
                # Boxes are taken as whole, and to lie anywhere in the tensor.
                where = (least(made), most(made) + MAP_BYTES) if tensor is None else _range(descriptor_of(c, tensor))
                tally.touched(number, Reach(*where, box * here.size, box * here.size))
                for bytes_moved in (tally.asked, tally.moved):
                    bytes_moved[moves] += round(box * SECTOR) * here.size
            if programs is not None:
                addresses = tuple(take(address, programs) for address in addresses)
            for together, at in _by_barrier(sides, here, addresses) if by_one else [(here, addresses)]:
                touched = tuple(side.touched(together, address) for side, address in zip(sides, at, strict=True))
                word = int(touched[-1].places.index.flat[0]) if by_one else None
                notes.append(Note(together.rows, number, (cost,), touched, word))

        when = "None" if only is None else em.ref(only)
        em.line(
            f"{em.const(note, 'note')}(c, {tensor}, {made}, {when}, {em.refs([side.address for side in sides])})", op
        )

    @property
    def uses_shared(self) -> bool:
        """Whether anything accesses shared memory."""
        return any(op.name not in GLOBAL or op.name in SHARED for op in self.sites)

    @staticmethod
    def _counting(number: int, outside: GlobalSide | None, inside: SharedSide | None) -> Any:
        moves = "stores" if outside is not None and outside.writes else "loads"
        copies = outside is not None and inside is not None
        sectors = global_metrics(outside.kind) if outside is not None else ()
        wavefronts = shared_metrics(inside.kind) if inside is not None else ()
        # Copies of 16 bytes go past the cache of the multiprocessor.
        is_cached = outside is not None and copies and outside.bytes < BYPASSING
        cached = global_metrics("ldgsts_cache_access") if is_cached else ()

        def count(c: Chunk, source: Any, mask: Any, to: Any, when: Any) -> None:
            tally: Tally = c.machine
            costs: tuple[Array, ...] = ()
            touched = ()
            made = None if inside is None else active_of(when)
            if outside is not None:
                active = Lanes.of(mask)
                if copies and made is not None:
                    active = Lanes.of(made if active is None else made & active.array(c.size))
                found, low, high = outside.classes(source, active, c.size)
                total = _sum(found, c.size)
                tally.add(sectors, total)
                if cached:
                    tally.add(cached[:1], total[:1])
                tally.asked[moves] += int(total[2]) * outside.bytes
                tally.moved[moves] += int(total[0]) * SECTOR
                once = float(total[3])
                asked = float(total[0]) if outside.writes else once
                tally.touched(number, Reach(low, high + outside.bytes, asked, once))
                costs = (found,)
            if inside is not None:
                what = inside.touched(c, to, made)
                touched = (what,)
                found = inside.cost(what, to, made, c.size)
                total = _sum(found, c.size)
                tally.add(wavefronts, total)
                if cached:
                    # Its requests are all instructions, those of warps without an active lane too.
                    tally.add(cached[1:], total[2:])
                costs = (*costs, found)
            tally.notes_of(c).append(Note(c.rows, number, costs, touched))

        return count


def _sum(each: Array, blocks: int) -> Array:
    """Numbers of each of so many blocks, or once for all, summed over them."""
    return each[0] * blocks if len(each) == 1 else each.sum(axis=0)


def _by_barrier(
    sides: Sequence[OtherSide], c: Chunk, addresses: Sequence[Any]
) -> Iterator[tuple[Chunk, Sequence[Any]]]:
    """The blocks whose barriers are one word, with their addresses: what is done at a barrier is timed by it."""
    words = sides[-1].touched(c, addresses[-1]).places.index[:, 0, 0]
    if (words == words[0]).all():
        yield c, addresses
        return
    for word in np.unique(words):
        here = np.flatnonzero(words == word)
        yield c.take(here), [take(address, here) for address in addresses]


def _range(tensor: Descriptor) -> tuple[int, int]:
    """From where to where a tensor lies in memory, about."""
    last = sum(most(n) * most(s) for n, s in zip(tensor.shape, tensor.strides, strict=True))
    return least(tensor.base), most(tensor.base) + max(last, 0)


def _threads_around(op: Operation) -> int:
    """The threads of a block of the function that an operation is in."""
    at: Operation | None = op
    while at is not None:
        threads = threads_of(at)
        if threads is not None:
            return threads
        at = at.parent_op()
    raise AssertionError(f"'{op.name}' is in no function of threads")
