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
from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.engine import Chunk, Emitter, Observer
from minilinalg.interp.memref import element
from minilinalg.interp.tokens import Token
from minilinalg.interp.views import MemRef, groups
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


@dataclass
class Record:
    """The latest time that `access` touched `view`: for each core the number of the instruction, 0 for never."""

    access: Access
    view: View
    bounds: tuple[int, int]
    number: Array


@dataclass
class Shadow:
    """What was touched of one memory, by pipe and kind."""

    records: dict[tuple[Pipe, Kind], dict[tuple[Access, View], Record]] = field(
        default_factory=dict[tuple["Pipe", "Kind"], dict[tuple["Access", "View"], "Record"]]
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
            (access, view, lanes, memory)
            for access, memref in zip(accesses, memrefs, strict=True)
            for memory, view, lanes in views_of(memref, len(behind))
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
            for access, view, lanes, memory in touched:
                self._remember(access, view, memory, rows[lanes], number[lanes])
        return behind

    def scalar(self, accesses: Sequence[Access], memrefs: Sequence[MemRef], active: Cores) -> None:
        """The cores touch memory themselves. Raises RunError for a race."""
        behind = self._core[active]
        touched = [
            (access, view, lanes, memory)
            for access, memref in zip(accesses, memrefs, strict=True)
            for memory, view, lanes in views_of(memref, len(behind))
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

    def _check(
        self, touched: Sequence[tuple[Access, View, Any, Any]], pipe: Pipe, active: Cores, behind: Array
    ) -> None:
        for access, view, lanes, memory in touched:
            shadow = self._shadows.get(memory)
            if shadow is None:
                continue
            low, high = view.bounds
            for (other, kind), records in shadow.records.items():
                if other == pipe or access.kind == kind == "reads":
                    continue
                known = behind[lanes, COLUMN[other]]
                for record in records.values():
                    if record.bounds[0] >= high or record.bounds[1] <= low:
                        continue
                    racing = record.number[active][lanes] > known
                    if racing.any() and (both := shared(view, record.view)) is not None:
                        core = int(np.arange(self._cores)[active][lanes][racing][0])
                        raise _race(access, record.access, both, core, _name(memory))

    def _remember(self, access: Access, view: View, memory: Any, rows: Array, number: Array) -> None:
        records = self._shadows.setdefault(memory, Shadow()).records.setdefault((access.pipe, access.kind), {})
        record = records.get((access, view))
        if record is None:
            record = records[access, view] = Record(access, view, view.bounds, np.zeros(self._cores, np.int64))
            if len(records) > self._limit:
                self._forget(records, COLUMN[access.pipe])
        record.number[rows] = number

    def _forget(self, records: dict[tuple[Access, View], Record], column: int) -> None:
        """Forgets what every core has waited for: all that follows is behind it."""
        over = [key for key, record in records.items() if (record.number <= self._core[:, column]).all()]
        for key in over:
            del records[key]
        self._limit = max(self._limit, 2 * len(records))


def views_of(memref: MemRef, count: int) -> Iterator[tuple[Any, View, Any]]:
    """The memory, the bytes and the cores, for each group of cores that touch the same bytes."""
    rank, memory = len(memref.sizes), memref.storage if memref.storage is not None else memref.memory
    numbers = [_plain(n) for n in (memref.offset, *memref.sizes, *memref.strides)]
    for lanes, row in groups(numbers, count):
        view = View(row[0], row[1 : rank + 1], row[rank + 1 :], memref.dtype.itemsize)
        if not view.is_empty:
            yield memory, view, lanes


def _plain(number: Any) -> Any:
    return number if is_array(number) and number.ndim else int(number)


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
