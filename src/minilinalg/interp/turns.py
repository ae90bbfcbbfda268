"""Programs that wait for one another: each is a generator, and they take turns, x fastest.

A program gives way where it waits, saying whether it has changed since it last did so there. Programs compute the same
from the same state: once a round passes in which no memory changed, no program ended and none went on, none ever will.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minilinalg.errors import MinilinalgError, RunError
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.values import written_out
from minilinalg.interp.views import MemRef

Program = Generator[bool, None, Any]


class State:
    """What a waiting loop carries and has on chip, to tell whether a turn changed it."""

    def __init__(self) -> None:
        self._last: list[bytes] | None = None

    def changed(self, values: Sequence[Any], around: Sequence[Any] = ()) -> bool:
        """Whether `values`, or buffers `around` the loop, are others than at the last call; at first, they are."""
        buffers = [v for v in around if isinstance(v, MemRef) and v.storage is not None]
        now = [_bytes(v) for v in (*values, *buffers)]
        changed, self._last = now != self._last, now
        return changed


def _bytes(value: Any) -> bytes:
    """A value's bytes; of an on-chip buffer, those of its whole allocation."""
    if not isinstance(value, MemRef):
        return np.asarray(written_out(value)).tobytes()
    storage = value.storage
    if storage is None:
        return np.asarray(value.offset).tobytes()
    low, high = value.buffer or (0, storage.bytes.shape[1])
    storage.settle(low, high, write=False)
    held = storage.bytes if value.rows is None else storage.bytes[value.rows]
    return held[..., low:high].tobytes()


@dataclass
class _Waiting:
    number: int
    program: Program
    pids: tuple[int, int, int]


def take_turns(
    programs: Iterable[tuple[tuple[int, int, int], Program]],
    memory: GlobalMemory,
    max_turns: int,
    placed: Callable[[MinilinalgError], MinilinalgError],
) -> None:
    """Runs the programs, given with their ids, to their ends.

    placed: gives an error that a program raised its place. Raises RunError when no program can go on, or when some
    have not ended after `max_turns` turns.
    """
    waiting = [_Waiting(i, program, pids) for i, (pids, program) in enumerate(programs)]
    total = len(waiting)
    for _ in range(max_turns):
        before, moved = memory.changes, False
        still: list[_Waiting] = []
        for one in waiting:
            try:
                moved |= next(one.program)
                still.append(one)
            except StopIteration:
                moved = True
            except MinilinalgError as error:
                raise placed(error) from None
        if not still:
            return
        waiting = still
        if not moved and memory.changes == before:
            raise _stopped(waiting, total, placed, "and nothing that any of them waits for will change")
    raise _stopped(waiting, total, placed, f"after {max_turns} turns")


def _stopped(
    waiting: Sequence[_Waiting], total: int, placed: Callable[[MinilinalgError], MinilinalgError], why: str
) -> MinilinalgError:
    """The error for programs that wait in vain, at the place where the first of them does."""
    error = RunError(
        f"{len(waiting)} of {total} programs still wait, {why}; the first is program {waiting[0].pids}",
        rule="a program that waits for memory must be released by another program of the grid",
    )
    try:
        waiting[0].program.throw(error)
    except RunError as thrown:
        return placed(thrown)
    return error
