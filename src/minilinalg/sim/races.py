"""Races between the pipes of a core: two that touch the same bytes, one of them writing, with no order between.

The engine does everything in the order of the program. A machine does it in any order that pipes, tokens, waits and
barriers leave open, so answers are the machine's if all that touches the same bytes is ordered; this watch says where
it is not. It need not be seen going wrong: one run in which no token orders two accesses is enough.

Vector clocks (Fidge; Mattern; the accesses per location as in FastTrack): the instructions of each pipe of each core
are counted, and every core, pipe and token has a row that says up to which instruction of each pipe it is behind. An
instruction is behind what its core has waited for, the one before it on its pipe, and its tokens. What it touches is
kept as an exact set of bytes with its number, and the next one that touches some of them looks whether it is behind
that number. Sets that are equal replace one another: who is behind the later one is behind both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.aliasing import own_accesses
from minilinalg.dialects import simd
from minilinalg.errors import RunError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.memref import element
from minilinalg.interp.observers import Observer
from minilinalg.interp.tokens import Token
from minilinalg.interp.views import MemRef, groups, plain
from minilinalg.locations import places_of
from minilinalg.sim.byte_sets import View, shared
from minilinalg.sim.timing import Cores
from minilinalg.targets import PIPES, Pipe, Target

Kind: TypeAlias = Literal["reads", "writes"]
COLUMN: dict[Pipe, int] = {pipe: column for column, pipe in enumerate(PIPES)}
CORE = COLUMN["scalar"]
"""The scalar unit is the core itself: it is behind all that it does."""


class Access(NamedTuple):
    """How an operation touches a memory: its `position`-th access, on a pipe."""

    op: Operation
    pipe: Pipe
    kind: Kind
    position: int


class Block(NamedTuple):
    """What some cores, `lanes` of the active ones, touch of a memory: `view`, moved by one offset or by each its own.

    bounds: the first byte that any of them touches and the one behind the last.
    """

    memory: Any
    view: View
    offsets: int | Array
    lanes: Any
    bounds: tuple[int, int]

    def key(self, rows: Array) -> Any:
        """What is equal when the cores `rows` touch the same bytes."""
        if isinstance(self.offsets, int):
            return self.view, self.offsets
        return self.view, self.offsets.tobytes(), rows.tobytes()


@dataclass
class Record:
    """The latest time that `access` touched a block: for each core the number of the instruction, 0 for never."""

    access: Access
    view: View
    offsets: int | Array
    """Of all cores."""
    bounds: tuple[int, int]
    number: Array

    def meets(self, block: Block, active: Cores) -> Array | bool:
        """Which of the block's cores may touch the same bytes, as far as the first and the last ones tell."""
        theirs, ours = self.offsets, block.offsets
        if isinstance(theirs, int) and isinstance(ours, int):
            return True
        (low, high), (first, end) = self.view.bounds, block.view.bounds
        apart = ours - (theirs if isinstance(theirs, int) else theirs[active][block.lanes])
        return (apart + first < high) & (low < apart + end)


@dataclass
class Shadow:
    """What was touched of one memory, by pipe and kind."""

    records: dict[tuple[Pipe, Kind], dict[Any, Record]] = field(
        default_factory=dict[tuple["Pipe", "Kind"], dict[Any, "Record"]]
    )


class Races:
    """What is known, in one run, of who is behind what."""

    def __init__(self, cores: int):
        shape = (cores, len(PIPES))
        self._cores = cores
        self._count = np.zeros(shape, np.int64)
        self._core = np.zeros(shape, np.int64)
        self._pipe = {pipe: np.zeros(shape, np.int64) for pipe in PIPES}
        self._shadows: dict[Any, Shadow] = {}
        self._limit = 1 << 10

    def instruction(
        self,
        accesses: Sequence[Access],
        memrefs: Sequence[MemRef],
        pipe: Pipe,
        active: Cores,
        after: Sequence[Token],
        synchronous: bool,
    ) -> Array:
        """An instruction starts on the active cores; `memrefs` belong to `accesses`. Returns what its token knows.

        Raises RunError for a race.
        """
        behind = np.maximum(self._core[active], self._pipe[pipe][active])
        for token in after:
            if token.behind is not None:
                behind = np.maximum(behind, token.behind)
        touched = [
            (access, block)
            for access, memref in zip(accesses, memrefs, strict=True)
            for block in _blocks(memref, len(behind))
        ]
        self._check(touched, pipe, active, behind)
        column = COLUMN[pipe]
        self._count[active, column] += 1
        number = self._count[active, column]
        behind[:, column] = number
        self._pipe[pipe][active] = behind
        if synchronous:
            self._core[active] = np.maximum(self._core[active], behind)
        else:
            # What the core waits for itself is behind everything that follows, and need not be remembered.
            rows = np.arange(self._cores)[active]
            for access, block in touched:
                self._remember(access, block, rows[block.lanes], number[block.lanes])
        return behind

    def scalar(self, accesses: Sequence[Access], memrefs: Sequence[MemRef], active: Cores) -> None:
        """The cores touch memory themselves. Raises RunError for a race."""
        behind = self._core[active]
        touched = [
            (access, block)
            for access, memref in zip(accesses, memrefs, strict=True)
            for block in _blocks(memref, len(behind))
        ]
        self._check(touched, "scalar", active, behind)

    def wait(self, tokens: Sequence[Token], active: Cores) -> None:
        """The active cores wait for tokens."""
        for token in tokens:
            if token.behind is not None:
                self._core[active] = np.maximum(self._core[active], token.behind)

    def barrier(self, active: Cores) -> None:
        """The active cores wait until their pipes are idle."""
        self._core[active] = self._count[active]

    def _check(self, touched: Sequence[tuple[Access, Block]], pipe: Pipe, active: Cores, behind: Array) -> None:
        for access, block in touched:
            shadow = self._shadows.get(block.memory)
            if shadow is None:
                continue
            (low, high), lanes = block.bounds, block.lanes
            for (other, kind), records in shadow.records.items():
                if other == pipe or access.kind == kind == "reads":
                    continue
                known = behind[lanes, COLUMN[other]]
                for record in records.values():
                    if record.bounds[0] >= high or record.bounds[1] <= low:
                        continue
                    racing = record.number[active][lanes] > known
                    if racing.any():
                        racing &= record.meets(block, active)
                        self._report(access, block, record, np.arange(self._cores)[active][lanes], racing)

    def _report(self, access: Access, block: Block, record: Record, cores: Array, racing: Array) -> None:
        """Raises RunError if one of the `racing` ones of a block's cores touches a byte that it has touched before."""
        for lane in np.flatnonzero(racing).tolist():
            core = int(cores[lane])
            ours = block.view.moved(block.offsets, lane)
            both = shared(ours, record.view.moved(record.offsets, core))
            if both is not None:
                raise _race(access, record.access, both, core, _name(block.memory))
            if isinstance(block.offsets, int) and isinstance(record.offsets, int):
                # So it is for the others.
                return

    def _remember(self, access: Access, block: Block, rows: Array, number: Array) -> None:
        shadow = self._shadows.setdefault(block.memory, Shadow())
        records = shadow.records.setdefault((access.pipe, access.kind), {})
        key = access, block.key(rows)
        record = records.get(key)
        if record is None:
            offsets = block.offsets
            if not isinstance(offsets, int):
                offsets = np.zeros(self._cores, np.int64)
                offsets[rows] = block.offsets
            never = np.zeros(self._cores, np.int64)
            record = records[key] = Record(access, block.view, offsets, block.bounds, never)
            if len(records) > self._limit:
                self._forget(records, COLUMN[access.pipe])
        record.number[rows] = number

    def _forget(self, records: dict[Any, Record], column: int) -> None:
        """Forgets what every core has waited for: all that follows is behind it."""
        over = [key for key, record in records.items() if (record.number <= self._core[:, column]).all()]
        for key in over:
            del records[key]
        self._limit = max(self._limit, 2 * len(records))


def _blocks(memref: MemRef, count: int) -> Iterator[Block]:
    """What a memref's cores touch, for each group of cores with equal sizes and strides."""
    rank, memory = len(memref.sizes), memref.storage if memref.storage is not None else memref.memory
    offset = plain(memref.offset)
    for lanes, row in groups([plain(n) for n in (*memref.sizes, *memref.strides)], count):
        view = View(0, row[:rank], row[rank:], memref.dtype.itemsize)
        if view.is_empty:
            continue
        low, high = view.bounds
        if isinstance(offset, int):
            yield Block(memory, view, offset, lanes, (low + offset, high + offset))
            continue
        offsets = plain(np.broadcast_to(np.asarray(offset, np.int64), (count,))[lanes])
        lowest, highest = (offsets, offsets) if isinstance(offsets, int) else (int(offsets.min()), int(offsets.max()))
        yield Block(memory, view, offsets, lanes, (low + lowest, high + highest))


def _name(memory: Any) -> str:
    return getattr(memory, "name", "global memory")


def _race(access: Access, earlier: Access, both: tuple[int, int], core: int, memory: str) -> RunError:
    scalar = access.pipe == "scalar"
    places = [*places_of(access.op)[:1], *places_of(earlier.op)[:1]]
    at = f" at {places[1]}" if len(places) > 1 else ""
    done = "has written" if earlier.kind == "writes" else "has read"
    return RunError(
        f"race between pipes: '{access.op.name}' ({access.pipe}) {access.kind} bytes {both[0]} to {both[1] - 1} of "
        f"{memory} on core {core}, and nothing says that '{earlier.op.name}' ({earlier.pipe}){at} {done} them",
        rule="pipes run side by side: what one writes, the others and the core touch only behind its token",
        hint=f"simd.wait for the token of that '{earlier.op.name}' in front"
        if scalar
        else f"add the token of that '{earlier.op.name}' to what stands behind 'after'",
        places=places_of(access.op),
    )


class RaceWatch(Observer):
    """Adds to everything that touches memory, or waits, a line that tells `c.machine.races`."""

    def __init__(self, target: Target):
        self.target = target

    def before(self, em: Emitter, op: Operation) -> None:
        """A scalar access is looked at before it happens."""
        if isinstance(op, simd.Instruction) or op.regions or not any(_buffers_touched(op)):
            return
        indices = op.operands[_SCALAR[op.name] :] if op.name in _SCALAR else ()
        touch = em.const(_scalar(tuple(_accesses(op, "scalar"))), "touch")
        memrefs = f"[{em.refs([buffer for _, buffer in _buffers_touched(op)])}]"
        em.line(f"{touch}(c, {memrefs}, [{em.refs(indices)}])", op)

    def after(self, em: Emitter, op: Operation) -> None:
        """An instruction is looked at when its token has been made."""
        if isinstance(op, simd.WaitOp):
            em.line(f"c.machine.races.wait([{em.refs(op.tokens)}], c.active)", op)
        elif isinstance(op, simd.BarrierOp):
            em.line("c.machine.races.barrier(c.active)", op)
        elif isinstance(op, simd.Instruction):
            pipe = op.pipe or self.target.path(simd.space_of(op.input_types[0]), simd.space_of(op.output_types[0])).pipe
            accesses = em.const(tuple(_accesses(op, pipe)), "accesses")
            memrefs = f"[{em.refs([buffer for _, buffer in _buffers_touched(op)])}]"
            knows = f"{em.ref(op.token)}.behind = " if op.token is not None else ""
            em.line(
                f"{knows}c.machine.races.instruction({accesses}, {memrefs}, {pipe!r}, c.active, "
                f"[{em.refs(op.after)}], {not op.is_async})",
                op,
            )


_SCALAR = {"memref.load": 1, "memref.store": 2, "memref.atomic_rmw": 2, "memref.generic_atomic_rmw": 1}
"""Operations that touch one element, and the operand at which its indices begin."""


def _buffers_touched(op: Operation) -> Iterator[tuple[Kind, SSAValue]]:
    for access in own_accesses(op):
        if access.buffer is not None:
            yield "reads" if access.kind == "read" else "writes", access.buffer


def _accesses(op: Operation, pipe: Pipe) -> Iterator[Access]:
    for position, (kind, _) in enumerate(_buffers_touched(op)):
        yield Access(op, pipe, kind, position)


def _scalar(accesses: tuple[Access, ...]) -> Any:
    def touch(c: Chunk, memrefs: Sequence[MemRef], indices: Sequence[Any]) -> None:
        touched = [element(memref, indices) for memref in memrefs] if indices else memrefs
        c.machine.races.scalar(accesses, touched, c.active)

    return touch
