"""Barriers in shared memory that count arrivals and bytes of copies: mbarrier (PTX ISA, "Parallel Synchronization").

A barrier is one i64: the arrivals that are pending in this phase, those of a whole phase, the bytes that copies still
have to bring, and the parity of the phase. A phase is complete when neither arrivals nor bytes are pending; the next
one begins then. What is begun is done here, so a wait that is not over when it begins never would be.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import numpy as np

from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import known
from minilinalg.interp.meanings import meaning
from minilinalg.interp.shared_memory import SharedView, wait_at
from minilinalg.interp.values import Partial, take
from minilinalg.locations import places_of

MOST = (1 << 20) - 1
"""The most arrivals of a phase, and the most bytes that may be pending, of either sign."""
COUNT, BYTES, PHASE = 20, 40, 62
"""Where the fields lie above that of the pending arrivals, in bits."""


class Words(Protocol):
    """The barriers of the programs that run, each an i64."""

    def read(self) -> Any: ...

    def write(self, value: Array) -> None: ...


def _fields(view: Words, what: str) -> tuple[Array, Array, Array, Array]:
    """Pending arrivals, arrivals of a phase, pending bytes and parity, each (L, barriers)."""
    word = view.read()
    if isinstance(word, Partial):
        makes, ends = (
            ("simt.mbarrier_init", "simt.mbarrier_inval")
            if what.startswith("'simt.")
            else ("ttng.init_barrier", "ttng.inval_barrier")
        )
        raise RunError(
            f"{what} uses a barrier that is not initialised, or has been ended",
            rule=f"memory is a barrier from '{makes}' on, until '{ends}'",
            hint=f"'{makes}' in front, and a barrier of all threads behind that",
        )
    return word & MOST, word >> COUNT & MOST, (word >> BYTES & (2 * MOST + 1)) - MOST, word >> PHASE & 1


def _packed(pending: Array, count: Array, due: Array, phase: Array) -> Array:
    return pending | count << COUNT | due + MOST << BYTES | phase << PHASE


def of_programs(predicate: Any, what: str) -> Array | None:
    """The programs that a scalar predicate holds for: None for all, else their numbers."""
    holds = np.atleast_1d(np.asarray(known(predicate, what), np.bool_))
    return None if holds.all() else np.flatnonzero(holds) if len(holds) > 1 else np.array([], np.int64)


def advance(view: Words, arrivals: int, more: int, what: str) -> None:
    """So many arrive, and so many bytes more are pending (fewer, when it is negative)."""
    pending, count, due, phase = _fields(view, what)
    pending, due = pending - arrivals, due + more
    if (pending < 0).any():
        at = np.unravel_index(int(np.argmax(pending < 0)), pending.shape)
        raise RunError(
            f"{what} arrives at a barrier where nobody is waited for: all arrivals of the phase are there "
            f"({int(np.broadcast_to(count, pending.shape)[at])}), and not all bytes",
            rule="a phase has as many arrivals as its barrier counts, and the next one begins when all bytes came, too",
            hint="a larger count, or a wait for the phase in front",
        )
    if (np.abs(due) > MOST).any():
        raise RunError(f"{what} makes {int(due.max())} bytes pending", rule=f"they are at most {MOST}")
    complete = (pending == 0) & (due == 0)
    view.write(_packed(np.where(complete, count, pending), count, due, phase ^ complete))


def first_fields(count: int) -> Array:
    """The barrier that `count` arrivals complete, in its first phase."""
    one, zero = np.ones((1, 1), np.int64), np.zeros((1, 1), np.int64)
    return _packed(one * count, one * count, zero, zero)


def is_complete(view: Words, parity: Any, what: str) -> bool:
    """Whether the phase of this parity is complete, at all barriers."""
    phase = _fields(view, what)[3]
    return not bool((phase == (np.reshape(parity, (-1, 1)) & 1)).any())


def wait_phase(view: Words, parity: Any, what: str) -> None:
    """Raises RunError when the phase of this parity is not complete: nothing that runs here would complete it."""
    pending, _, due, phase = _fields(view, what)
    waits = phase == (np.reshape(parity, (-1, 1)) & 1)
    if waits.any():
        at = np.unravel_index(int(np.argmax(waits)), waits.shape)
        raise RunError(
            f"{what} never ends: {int(pending[at])} arrivals{_bytes_missing(int(due[at]))} in the phase",
            rule="a phase ends when all have arrived and all bytes that were expected are copied; what would end this "
            "one stands behind the wait, or nowhere",
            hint="expect as many bytes as the copies bring"
            if due[at]
            else "as many arrivals in front as the barrier counts, or the parity of the phase before",
        )


def _bytes_missing(due: int) -> str:
    if due < 0:
        return f" are missing, and {-due} bytes more came than were expected,"
    return f" and {due} bytes are missing"


@meaning("ttng.init_barrier")
def emit_init_barrier(em: Emitter, op: Any) -> None:
    count = int(op.count.value.data)
    what = f"'{op.name}'"

    def init(view: SharedView) -> None:
        if not 0 < count <= MOST:
            raise RunError(f"{what} counts {count} arrivals", rule=f"they are from 1 to {MOST}")
        view.write(first_fields(count))

    em.call(op, init, em.ref(op.alloc))


@meaning("ttng.inval_barrier")
def emit_inval_barrier(em: Emitter, op: Any) -> None:
    what = f"'{op.name}'"

    def end(view: SharedView) -> None:
        _fields(view, what)
        view.mark(False)

    em.call(op, end, em.ref(op.alloc))


@meaning("ttng.barrier_expect")
def emit_barrier_expect(em: Emitter, op: Any) -> None:
    size = int(op.size.value.data)
    what = f"'{op.name}'"

    def expect(view: SharedView, predicate: Any) -> None:
        programs = of_programs(predicate, what)
        if programs is None or len(programs):
            # The bytes first, so that the last arrival does not complete the phase without them.
            view = view if programs is None else view.take_programs(programs)
            advance(view, 0, size, what)
            advance(view, 1, 0, what)

    em.call(op, expect, em.refs((op.alloc, op.pred)))


@meaning("ttng.wait_barrier")
def emit_wait_barrier(em: Emitter, op: Any) -> None:
    what = f"'{op.name}'"

    def wait(c: Chunk, view: SharedView, parity: Any, predicate: Any) -> None:
        programs = of_programs(predicate, what)
        parity = known(parity, what)
        if programs is not None:
            if not len(programs):
                return
            c, view, parity = c.take(programs), view.take_programs(programs), take(parity, programs)
        wait_phase(view, parity, what)
        wait_at(c, view)

    def wait_in_turn(c: Chunk, view: SharedView, parity: Any, predicate: Any) -> Generator[bool, None, None]:
        """Of one program, whose partitions take turns: gives way until the phase is complete."""
        programs, first = of_programs(predicate, what), True
        while (programs is None or len(programs)) and not is_complete(view, known(parity, what), what):
            yield first
            first = False
        wait(c, view, parity, predicate)

    given = f"c, {em.refs((op.alloc, op.phase))}, {'True' if op.pred is None else em.ref(op.pred)}"
    if op in em.waiting:
        em.line(f"yield from {em.const(wait_in_turn, 'wait')}({given})", op)
    else:
        em.call(op, wait, given)


@meaning("ttng.arrive_barrier")
def emit_arrive_barrier(em: Emitter, op: Any) -> None:
    if op.multicast_cta.value.data or op.from_cta is not None:
        raise UnsupportedError(
            f"'{op.name}' at barriers of other blocks cannot be run yet",
            rule="a block arrives at its own barriers",
            places=places_of(op),
        )
    count, what = int(op.count.value.data), f"'{op.name}'"

    def arrive(view: SharedView, predicate: Any) -> None:
        programs = of_programs(predicate, what)
        if programs is None or len(programs):
            advance(view if programs is None else view.take_programs(programs), count, 0, what)

    em.call(op, arrive, f"{em.ref(op.alloc)}, {'True' if op.pred is None else em.ref(op.pred)}")


@meaning("ttng.fence_async_shared", "ttng.async_tma_store_wait")
def emit_nothing(em: Emitter, op: Any) -> None:
    """What was written is seen by all, and what TMA stores is stored at once."""
