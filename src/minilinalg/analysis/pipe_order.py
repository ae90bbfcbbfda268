"""Pipe order: which instructions are over when another one starts, in whatever way control flow goes.

A program is a tree of steps. Everything is asked for one instruction at a time, the *mover*: after it ran, who is
behind it? A bit each for the core's scalar unit, its pipes, and for the token of the latest run of each instruction.
The mover itself puts its pipe and its token behind it. Another instruction is behind the mover if the core, its pipe or
one of the tokens that it waits for is; then its pipe and its token are. If not, its token, which now is that of a new
run, is not. A core that waits for a token is behind what the token is.

A state is the set of those who are behind. Paths that meet hand on their states side by side, so nothing is lost where
one path orders by a token and the other by a pipe; only a state that has another one as its part goes, since whatever
is missing there is missing in the smaller one. Loops are run until no new state comes up. What must be behind the mover
and is not in some state is a race.

Loops whose bounds are the same values, and stay the same as long as the function runs, either all run or none does:
paths through one and around the other are no paths. A search follows one such case at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from minilinalg.targets import PIPES, Pipe

States: TypeAlias = frozenset[int]
"""Sets of bits. None at all where the mover has not run."""

NEVER: States = frozenset()
CORE = 1
PIPE_BIT: dict[Pipe, int] = {pipe: 1 << index for index, pipe in enumerate(PIPES)}
"""The scalar pipe is the core: it waits for what it does."""
assert PIPE_BIT["scalar"] == CORE
EVERYONE = -1


def token_bit(index: int) -> int:
    """The bit of the token of instruction `index`."""
    return 1 << (len(PIPES) + index)


@dataclass(eq=False)
class Edge:
    """A way between blocks. `carries`: tokens that go along, of those in `may_carry`; others arrive as done ones."""

    may_carry: int = 0
    carries: int = 0

    @property
    def drops(self) -> int:
        return self.may_carry & ~self.carries


@dataclass(eq=False)
class Step:
    """What happens in a program. Subclasses say how states change; `Search` runs them."""


@dataclass(eq=False)
class Run(Step):
    """An instruction, number `index` of the program, on a pipe.

    conflicts: the instructions that must be over before it starts, a bit each (1 << index). after: the tokens that it
    waits for.
    """

    index: int
    pipe: int
    conflicts: int = 0
    after: int = 0
    token: int = field(init=False)

    def __post_init__(self) -> None:
        self.token = token_bit(self.index)


@dataclass(eq=False)
class Touch(Step):
    """The core touches memory itself, having waited for the tokens `after`."""

    conflicts: int = 0
    after: int = 0


@dataclass(eq=False)
class Barrier(Step):
    """The core waits for everything."""


@dataclass(eq=False)
class Branch(Step):
    """One of several bodies runs."""

    bodies: list[list[Step]]
    edges: list[Edge]
    """From the end of each body."""


@dataclass(eq=False)
class Loop(Step):
    """`head` and `body` in turn, left after `head`.

    A counted loop has an empty head. entry: from before the loop; back: from the end of the body; through: from the
    head, to the body and out of the loop. runs: whether the body does, where that is known; else the number of the
    case that decides it, if it is the same whenever the loop comes up, counted from 1.
    """

    head: list[Step]
    body: list[Step]
    entry: Edge = field(default_factory=Edge)
    back: Edge = field(default_factory=Edge)
    through: Edge = field(default_factory=Edge)
    runs: bool | None = None
    case: int = 0

    @property
    def edges(self) -> tuple[Edge, Edge, Edge]:
        return self.entry, self.back, self.through


Waiter: TypeAlias = Run | Touch


def steps_in(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps, inner ones after the one that holds them."""
    for step in steps:
        yield step
        match step:
            case Branch():
                for body in step.bodies:
                    yield from steps_in(body)
            case Loop():
                yield from steps_in(step.head)
                yield from steps_in(step.body)
            case _:
                pass


@dataclass
class Search:
    """What becomes of one mover in a program.

    race: the first step found that must be behind the mover and is not. relied_on: by step or edge, the tokens that
    made the difference there: only if one of them were gone could the answer be another.
    """

    mover: int
    cases: int = 0
    """Bit n is set where the loops of case n run."""
    race: Waiter | None = None
    relied_on: dict[Step | Edge, int] = field(default_factory=dict[Step | Edge, int])

    def through(self, steps: Sequence[Step], states: States) -> States:
        """The states behind `steps`, for those in front of them."""
        for step in steps:
            if self.race is not None:
                break
            match step:
                case Run():
                    states = self._run(step, states)
                case Touch():
                    if states:
                        states = self._touch(step, states)
                case Barrier():
                    states = frozenset((EVERYONE,)) if states else states
                case Branch():
                    ends = [
                        self._along(edge, self.through(body, states))
                        for body, edge in zip(step.bodies, step.edges, strict=True)
                    ]
                    states = _smallest(set[int]().union(*ends))
                case Loop():
                    states = self._loop(step, states)
                case _:
                    raise AssertionError(step)
        return states

    def _run(self, step: Run, states: States) -> States:
        pipe, token = step.pipe, step.token
        if step.index == self.mover:
            return frozenset((pipe | token,))
        if not states:
            return states
        gets = pipe | token
        if len(states) == 1:
            # Nearly always: one state, which mostly stays as it is.
            (state,) = states
            if state & (CORE | pipe):
                return states if state & gets == gets else frozenset((state | gets,))
            self._expect(step, states, pipe)
            if state & step.after:
                return frozenset((state | gets,))
            return frozenset((state & ~token,)) if state & token else states
        self._expect(step, states, pipe)
        behind = CORE | pipe | step.after
        return _smallest({s | gets if s & behind else s & ~token for s in states})

    def _touch(self, step: Touch, states: States) -> States:
        self._expect(step, states, 0)
        return _smallest({s | CORE if s & step.after else s for s in states})

    def _expect(self, step: Waiter, states: States, pipe: int) -> None:
        conflicts = step.conflicts >> self.mover & 1
        for state in states:
            if not state & (CORE | pipe):
                if tokens := state & step.after:
                    self.relied_on[step] = self.relied_on.get(step, 0) | tokens
                elif conflicts:
                    self.race = self.race or step

    def _along(self, edge: Edge, states: States) -> States:
        if not edge.may_carry or not states:
            return states
        for state in states:
            if tokens := state & edge.carries:
                self.relied_on[edge] = self.relied_on.get(edge, 0) | tokens
        return _smallest({s & ~edge.drops for s in states}) if edge.drops else states

    def _loop(self, step: Loop, states: States) -> States:
        runs = bool(self.cases >> step.case & 1) if step.case else step.runs
        at_head = self._along(step.entry, states)
        while True:
            left = self._along(step.through, self.through(step.head, at_head))
            if runs is False:
                return left
            end = self._along(step.back, self.through(step.body, left))
            if (both := _smallest({*at_head, *end})) == at_head:
                break
            at_head = both
        return self._along(step.through, self.through(step.head, end)) if runs else left


def _smallest(states: set[int]) -> States:
    """The states that have no other one as their part."""
    if len(states) > 1:
        return frozenset(s for s in states if not any(t != s and t & s == t for t in states))
    return frozenset(states)


def search(program: Sequence[Step], mover: int, cases: int = 0) -> Search:
    """Follows instruction `mover` through the whole program; bit n of `cases` is set where the loops of case n run."""
    found = Search(mover, cases)
    found.through(program, NEVER)
    return found
