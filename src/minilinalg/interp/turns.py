"""Programs that wait for one another: each is a generator, and they take turns, x fastest.

A program gives way where it waits, saying whether it has changed since it last did so there. Programs compute the same
from the same state: once a round passes in which no memory changed, no program ended and none went on, none ever will.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minilinalg.errors import MinilinalgError, WaitError
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


Programs = Iterable[tuple[tuple[int, int, int], Program]]
"""Each with its ids."""


@dataclass(frozen=True)
class Running:
    """A program under way, and its number in the grid."""

    number: int
    program: Program
    pids: tuple[int, int, int]


@dataclass(frozen=True)
class Held:
    """On cores that run their programs one after another: `first` waits, and ends once `needed` runs, which comes later
    on its own core, behind `ahead`."""

    first: Running
    ahead: Running
    needed: Running


class _Turns:
    """What runs, and what is to follow on its core: core c runs the programs c, c + cores, c + 2 cores ..."""

    def __init__(self, programs: Programs, memory: GlobalMemory, max_turns: int, cores: int | None):
        every = [Running(i, program, pids) for i, (pids, program) in enumerate(programs)]
        self.total = len(every)
        self.cores = self.total if cores is None else cores
        self.running = every[: self.cores]
        self.later = {one.number: one for one in every[self.cores :]}
        self._memory, self._max_turns = memory, max_turns

    def run(self) -> str:
        """Runs all to their ends; else says why it does not go on."""
        for _ in range(self._max_turns):
            before, moved = self._memory.changes, False
            still: list[Running] = []
            for one in self.running:
                try:
                    moved |= next(one.program)
                    still.append(one)
                except StopIteration:
                    moved = True
                    if (following := self.later.pop(one.number + self.cores, None)) is not None:
                        still.append(following)
            self.running = still
            if not still:
                return ""
            if not moved and self._memory.changes == before:
                return "and nothing that any of them waits for will change"
        return f"after {self._max_turns} turns"


def take_turns(
    programs: Programs,
    memory: GlobalMemory,
    max_turns: int,
    placed: Callable[[MinilinalgError], MinilinalgError],
    *,
    cores: int | None = None,
    are_cores: bool = False,
) -> None:
    """Runs the programs to their ends.

    placed: gives an error that a program raised its place. cores: of a machine on which each runs its programs one
    after another; None: all programs run at once. are_cores: whether each program is all that one core does. Raises
    WaitError when no program can go on, or when some have not ended after `max_turns` turns.
    """
    turns = _Turns(programs, memory, max_turns, cores)
    try:
        why = turns.run()
    except MinilinalgError as error:
        raise placed(error) from None
    if not why:
        return
    first = turns.running[0]
    kind = "cores" if are_cores else "programs"
    name = f"core {first.pids[0]}" if are_cores else f"program {first.pids}"
    error = WaitError(
        f"{len(turns.running)} of {turns.total} {kind} still wait, {why}; the first is {name}",
        rule="a program that waits for memory must be released by another program of the grid"
        + (", and not by a later one of its own core" if are_cores else ""),
    )
    try:
        first.program.throw(error)
    except WaitError as thrown:
        raise placed(thrown) from None
    raise error


def held_by_order(programs: Programs, memory: GlobalMemory, max_turns: int, cores: int) -> Held | None:
    """Why programs wait in vain on `cores` that run theirs one after another, where they would not if all ran at once.

    None when they do not wait in vain, or would then too. Raises MinilinalgError for what a program does wrong.
    """
    turns = _Turns(programs, memory, max_turns, cores)
    if not turns.run():
        return None
    first, held = turns.running[0], list(turns.running)
    needed = None
    # From here on a program begins only when it is looked at.
    turns.cores = turns.total
    while first in turns.running and turns.later:
        needed = turns.later.pop(min(turns.later))
        turns.running.append(needed)
        turns.run()
    if needed is None or first in turns.running:
        return None
    return Held(first, next(one for one in held if (needed.number - one.number) % cores == 0), needed)
