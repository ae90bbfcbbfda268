"""Buffers in shared memory, for all programs of a chunk at once, and copies into them that go on while programs run.

A layout says where an element lies, not what it is: a buffer is a tensor of logical coordinates, in the carrier of its
element type, and a view of it is a NumPy view. An index that differs between programs is kept until elements are read.

A copy is made when it begins, but its elements count as undefined until it is waited for: so a program that reads too
early is told so, wherever an undefined element must not go (see values.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp.access import poison
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType
from minilinalg.interp.values import Partial, take, written_out
from minilinalg.interp.views import rows_of

RULE = "a buffer in shared memory is a tensor of logical coordinates here"


class SharedView:
    """A view of a buffer: `data` and `known` are (programs, *indexed dimensions, *what is seen).

    known: which elements are defined. picks: an index for each of the indexed dimensions, an int or one a program.
    rows: which rows of them belong to the programs that run (None: all).
    """

    __slots__ = ("data", "dtype", "known", "picks", "rows")

    def __init__(self, dtype: DType, data: Array, known: Array, rows: Any = None, picks: tuple[Any, ...] = ()):
        self.dtype = dtype
        self.data = data
        self.known = known
        self.rows = rows
        self.picks = picks

    @staticmethod
    def of(dtype: DType, shape: tuple[int, ...], programs: int) -> SharedView:
        """A fresh buffer, in which nothing is defined."""
        data = np.full((programs, *shape), poison(dtype), dtype.carrier)
        return SharedView(dtype, data, np.zeros(data.shape, np.bool_))

    def seen(self, change: Callable[[Array, int], Array]) -> SharedView:
        """The view that `change(array, dimensions in front)` makes of the arrays, which must be views of them."""
        lead = 1 + len(self.picks)
        return SharedView(self.dtype, change(self.data, lead), change(self.known, lead), self.rows, self.picks)

    def index(self, number: Any, what: str) -> SharedView:
        """One of the buffers that the first dimension counts. number: an int, or one a program."""
        if isinstance(number, Partial):
            if not number.defined_array().all():
                raise RunError(f"{what} takes an undefined buffer", rule="the number of a buffer is defined")
            number = number.data
        size = self.data.shape[1 + len(self.picks)]
        low, high = int(np.min(number)), int(np.max(number))
        if low < 0 or high >= size:
            raise RunError(
                f"{what} takes buffer {low if low < 0 else high} of {size}",
                rule="buffers are counted from 0 to below their number",
            )
        pick = low if low == high else np.asarray(number, np.int64)
        return SharedView(self.dtype, self.data, self.known, self.rows, (*self.picks, pick))

    def _at(self, array: Array) -> Any:
        """The index of the elements of the programs that run."""
        if all(isinstance(p, int) for p in self.picks):
            return (slice(None) if self.rows is None else self.rows, *self.picks)
        rows = np.arange(len(array))
        return (rows if self.rows is None else rows[self.rows], *self.picks)

    def read(self) -> Any:
        """What is seen, (L, *shape), in the carrier; it may be a view of the buffer."""
        at = self._at(self.data)
        data, known = self.data[at], self.known[at]
        return data if known.all() else Partial(data, np.array(known))

    def write(self, value: Any) -> None:
        """Stores a tensor, as defined as it is."""
        self.data[self._at(self.data)] = written_out(value)
        self.mark(value.defined_array() if isinstance(value, Partial) else True)

    def mark(self, known: Any) -> None:
        """The elements that are seen are defined now where `known` says so."""
        self.known[self._at(self.known)] = known

    def addresses(self) -> list[int]:
        """Of each program that runs, what tells the first element that it sees from all others."""
        rows = np.arange(len(self.data))
        found = self.data.ctypes.data + (rows if self.rows is None else rows[self.rows]) * self.data.strides[0]
        for pick, stride in zip(self.picks, self.data.strides[1:], strict=False):
            found = found + np.asarray(pick) * stride
        return found.tolist()

    def take_programs(self, index: Any) -> SharedView:
        """The same for the programs at `index`."""
        rows = rows_of(self.rows, len(self.data), index)
        return SharedView(self.dtype, self.data, self.known, rows, tuple(take(p, index) for p in self.picks))

    @staticmethod
    def join_programs(pieces: Sequence[tuple[SharedView, int]]) -> SharedView:
        """The views of consecutive groups of programs as one, which differ in indices only."""
        first = pieces[0][0]
        if any(_place(v.data) != _place(first.data) or len(v.picks) != len(first.picks) for v, _ in pieces):
            raise UnsupportedError("a view of shared memory is not of one buffer in all programs", rule=RULE)
        every = np.arange(len(first.data))
        rows = np.concatenate([every if v.rows is None else every[v.rows] for v, _ in pieces])
        picks = tuple(
            np.concatenate([np.broadcast_to(np.asarray(v.picks[i], np.int64), (n,)) for v, n in pieces])
            for i in range(len(first.picks))
        )
        return SharedView(first.dtype, first.data, first.known, rows, picks)


def _place(array: Array) -> tuple[Any, ...]:
    return array.ctypes.data, array.shape, array.strides


class Destination(Protocol):
    """Where a copy goes, in all programs that run: a buffer, or some bytes."""

    def write(self, value: Any) -> None: ...

    def mark(self, known: Any) -> None: ...

    def take_programs(self, index: Any) -> Destination: ...


class Flight:
    """A copy under way: into which view, how defined it will be, and what tells those who wait for it (one a program).

    left: of the programs that began it, those that have not waited for it yet.
    """

    __slots__ = ("known", "left", "ticket", "to")

    def __init__(self, to: Destination, known: Any, ticket: Any, rows: Array):
        self.to = to
        self.known = known
        self.ticket = ticket
        self.left = rows


class Copies:
    """The asynchronous copies of the programs of a chunk, a row each.

    groups: how many groups of cp.async each program has made; a copy belongs to the one that is made next. `barriers`
    are the copies that a barrier is told of.
    """

    __slots__ = ("barriers", "flights", "groups", "programs")

    def __init__(self, programs: int):
        self.programs = programs
        self.groups = np.zeros(programs, np.int64)
        self.flights: list[Flight] = []
        self.barriers: list[Flight] = []

    @staticmethod
    def of(c: Chunk) -> tuple[Copies, Array]:
        """The copies of the whole chunk, and which rows the programs have that run."""
        arenas = c.arenas
        assert arenas is not None
        if arenas.copies is None:
            arenas.copies = Copies(arenas.rows)
        return arenas.copies, np.arange(arenas.rows)[c.active]


def begin(c: Chunk, value: Any, to: Destination) -> None:
    """Begins a copy that the next group of this program's is made of."""
    copies, rows = Copies.of(c)
    copies.flights.append(_begun(value, to, copies.groups[rows] + 1, rows))


def _begun(value: Any, to: Destination, ticket: Any, rows: Array) -> Flight:
    to.write(value)
    to.mark(False)
    known = value.defined_array() if isinstance(value, Partial) else True
    return Flight(to, known, ticket, rows)


def commit(c: Chunk) -> None:
    """Makes a group of the copies that were begun since the last one."""
    copies, rows = Copies.of(c)
    copies.groups[rows] += 1


def wait(c: Chunk, pending: int) -> None:
    """Ends all copies but those of the last `pending` groups; one that belongs to no group yet goes on."""
    copies, rows = Copies.of(c)
    done = np.full(copies.programs, -1)
    done[rows] = copies.groups[rows] - pending
    copies.flights = [f for f in copies.flights if not _land(f, f.ticket <= done[f.left])]


def begin_at(c: Chunk, value: Any, to: SharedView, barrier: SharedView) -> None:
    """Begins a copy that ends for those who wait at `barrier`."""
    begun_at(c, value, to, np.array(barrier.addresses()))


def begun_at(c: Chunk, value: Any, to: Destination, barriers: Array) -> None:
    """Begins a copy that ends for those who wait at the barrier of this number, one a program."""
    copies, rows = Copies.of(c)
    copies.barriers.append(_begun(value, to, barriers, rows))


def wait_at(c: Chunk, barrier: SharedView) -> None:
    """Ends the copies that `barrier` was told of."""
    ended_at(c, np.array(barrier.addresses()))


def ended_at(c: Chunk, there: Array) -> None:
    """Ends the copies that the barriers of these numbers were told of."""
    copies, _ = Copies.of(c)
    copies.barriers = [f for f in copies.barriers if not _land(f, np.isin(f.ticket, there))]


def _land(flight: Flight, done: Array) -> bool:
    """Ends a copy in the programs in which it is `done`; whether it goes on in none."""
    if done.all():
        flight.to.mark(flight.known)
        return True
    if done.any():
        at, rest = np.flatnonzero(done), np.flatnonzero(~done)
        flight.to.take_programs(at).mark(take(flight.known, at))
        flight.to, flight.known = flight.to.take_programs(rest), take(flight.known, rest)
        flight.ticket, flight.left = flight.ticket[rest], flight.left[rest]
    return False
