"""How often loops go round, and an end for those that would not end.

A loop that runs until numbers are near enough to one another may never end on other numbers, or once a pass has got it
wrong. What is a long time is measured: on the arguments of the launch the source comes to an end, so every other run
may take some times as many turns as the longest loop took there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from xdsl.ir import Operation

from minilinalg.errors import RunError
from minilinalg.interp.blocks import reverse_post_order
from minilinalg.interp.engine import Emitter
from minilinalg.interp.observers import Observer

TIMES = 10
MORE = 100
"""A loop may take so many times the turns of the longest one that is known to end, and so many more."""


class TurnLimitError(RunError):
    """A loop went round so often that it is taken to go on for ever."""


@dataclass(frozen=True)
class Turns:
    """What the loops of a run took. longest_while, longest_for: the turns of the longest one while it ran once (of
    blocks that branch: how often one of them was come to). all_whiles: the turns of all programs in all `while`s."""

    longest_while: int = 0
    longest_for: int = 0
    all_whiles: int = 0


NO_TURNS = Turns()


@dataclass(frozen=True)
class TurnLimits:
    """The most turns of one loop; None for any number. known: words for what is known to end."""

    whiles: int | None = None
    fors: int | None = None
    known: str = ""

    @staticmethod
    def on_other_numbers(turns: Turns) -> TurnLimits:
        """For the module that took `turns` on the arguments of the launch."""
        return TurnLimits(
            TIMES * turns.longest_while + MORE,
            TIMES * turns.longest_for + MORE,
            f"on the arguments of the launch none took more than {max(turns.longest_while, turns.longest_for)}",
        )

    @staticmethod
    def after_a_pass(turns: Turns, shared: bool) -> TurnLimits:
        """For what passes make of the source, which took `turns` on the same arguments. Passes make other counted
        loops, and the same `while`s.

        shared: whether programs may take work from one another, so that one may take all of it.
        """
        known = turns.all_whiles if shared else turns.longest_while
        of = "all programs of the source together took" if shared else "none of the source took more than"
        return TurnLimits(TIMES * known + MORE, None, f"{of} {known}")


NO_LIMITS = TurnLimits()


def shares_work(source: Operation) -> bool:
    """Whether what one program does may depend on when others did what: an atomic hands something out."""
    return any("atomic" in op.name for op in source.walk())


class TurnWatch(Observer):
    """Counts the turns of every loop but those that wait for other programs, which are looked after by turns.py of
    interp/. Raises TurnLimitError while the module runs."""

    def __init__(self) -> None:
        self._now: dict[Operation, int] = {}
        self.begin(NO_LIMITS)

    def begin(self, limits: TurnLimits) -> None:
        """Before each run."""
        self.limits = limits
        self._now.clear()
        self._longest = {True: 0, False: 0}
        self._all = 0

    @property
    def turns(self) -> Turns:
        """Of the last run."""
        return Turns(self._longest[True], self._longest[False], self._all)

    def before(self, em: Emitter, op: Operation) -> None:
        """Counts begin where a loop is come to, and go up where it turns."""
        block, loop = op.parent, op.parent_op()
        if op.name in ("scf.while", "scf.for"):
            self._zero(em, op, [op])
        elif block is None or loop is None:
            return
        elif op.name == "scf.condition" and _runs_alone(em, loop):
            em.line(f"{em.const(partial(self._turn, loop, True), 'turn')}(c.size)", op)
        elif op.name == "scf.yield" and loop.name == "scf.for" and _runs_alone(em, loop):
            em.line(f"{em.const(partial(self._turn, loop, False), 'turn')}(c.size)", op)
        elif (region := block.parent) is not None and len(region.blocks) > 1:
            if block is region.blocks[0] and op is block.first_op:
                self._zero(em, op, [b.last_op for b in reverse_post_order(region) if b.last_op is not None])
            if op is block.last_op and _runs_alone(em, loop):
                em.line(f"{em.const(partial(self._turn, op, True), 'turn')}(c.size)", op)

    def _zero(self, em: Emitter, op: Operation, loops: list[Operation]) -> None:
        em.line(f"{em.const(partial(self._now.update, dict.fromkeys(loops, 0)), 'zero')}()", op)

    def _turn(self, loop: Operation, is_while: bool, programs: int) -> None:
        now = self._now[loop] = self._now.get(loop, 0) + 1
        if is_while:
            self._all += programs
        if now <= self._longest[is_while]:
            return
        self._longest[is_while] = now
        limit = self.limits.whiles if is_while else self.limits.fors
        if limit is not None and now > limit:
            raise TurnLimitError(
                f"a loop still runs after {limit:,} turns, and {self.limits.known}",
                rule=f"a loop that ends may take {TIMES} times as many turns, and {MORE} more",
            )


def _runs_alone(em: Emitter, loop: Operation) -> bool:
    """Whether no other program runs while this one goes through the loop."""
    if not em.stepwise:
        return True
    return not any(op in em.waiting or op.name in ("tt.call", "func.call") for op in loop.walk())
