"""How far apart the answers before and after a pass may be that is not exact, and on which numbers to look.

A pass that changes the order of a sum, fuses a product into it, or takes another function, computes the same function
of real numbers. So its answers and those before it are each as far from the true ones as their own roundings made them,
and from each other no further than both together. That sum is the bound; no kernel has a tolerance of its own.

On whole numbers that are small enough there are no roundings, and the bound is zero: a changed meaning cannot hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from minilinalg.check.arguments import copy_arguments, whole_numbers
from minilinalg.check.compare import Answer, Bound, Difference, first_difference
from minilinalg.check.rounding import Watch
from minilinalg.check.rounding.spread import float_of, precision_of
from minilinalg.check.running import Launch
from minilinalg.check.turns import NO_LIMITS, TurnLimitError, TurnLimits
from minilinalg.errors import MinilinalgError

SIZES = (8191, 2047, 511, 127, 31, 7, 3, 1)
"""The greatest whole numbers that are tried, until all sums of the source module are exact on them: all digits set."""
FEW = 3
"""The greatest whole number of a second trial, in which functions such as exp do not saturate."""
BETWEEN_THREADS = ("ttg.", "ttng.", "simt.")
"""How the operations begin of stages at which the error analysis does not follow elements through shared memory."""
SLACK = 1.01
"""Bounds are computed in float64 themselves."""


@dataclass(frozen=True)
class Watched:
    """An answer and, for each of its arrays, how wrong it may be."""

    answer: Answer
    errors: tuple[Bound, ...]
    rounds_sums: bool
    unruled: frozenset[str]


def watched(
    launch: Launch,
    module: ModuleOp,
    args: Sequence[Any],
    *,
    approximates: bool = False,
    digits: int = 0,
    limits: TurnLimits = NO_LIMITS,
) -> Watched:
    """Runs the module on copies of the arguments under the error analysis (see there for the options)."""
    if beyond := {op.name for op in module.walk() if op.name.startswith(BETWEEN_THREADS)}:
        answer = launch.answer(module, copy_arguments(args), limits=limits)
        unknown = tuple(np.full(array.shape, np.inf) for _, array in answer.arrays)
        return Watched(answer, unknown, True, frozenset(beyond))
    watch = Watch(approximates=approximates, digits=digits)
    answer = launch.observe(module, copy_arguments(args), watch, limits)
    in_memory, returned = watch.errors, list(watch.returned)
    results = launch.result_buffers(module)
    errors: list[Bound] = []
    for name, array in answer.arrays:
        if name in in_memory:
            errors.append(in_memory[name])
        elif name.startswith("result "):
            number = int(name.removeprefix("result "))
            errors.append(in_memory[results[number]] if results else returned[number])
        else:
            # An argument that is no memory is not written.
            errors.append(np.zeros(array.shape))
    return Watched(answer, tuple(errors), watch.rounds_sums, frozenset(watch.unruled))


def bounds_of(before: Watched, after: Watched) -> list[Bound]:
    """How far apart the two answers may be, array by array."""
    return [SLACK * (a + b) for a, b in zip(before.errors, after.errors, strict=True)]


def coarsest(module: ModuleOp) -> int:
    """The binary digits of the narrowest float type that the module computes with."""
    values = (
        v for op in module.walk() for v in (*op.results, *(a for r in op.regions for b in r.blocks for a in b.args))
    )
    return min((precision_of(dtype).digits for v in values if (dtype := float_of(v))), default=0)


@dataclass(frozen=True)
class Found:
    """A difference that rounding does not explain. on: words about the numbers that it was found on, `args`."""

    difference: Difference
    on: str
    args: Sequence[Any]


@dataclass(frozen=True)
class Trial:
    """Arguments with whole numbers up to `largest`. is_exact: whether no sum of the source rounds on them."""

    args: list[Any]
    largest: int
    is_exact: bool

    def __str__(self) -> str:
        return f"on whole numbers up to {self.largest}"


class Tolerance:
    """What is needed to compare answers that are not bitwise the same, for one launch.

    answer: the source module's, on the user's arguments `args`.
    """

    def __init__(self, launch: Launch, source: ModuleOp, answer: Answer, args: Sequence[Any]):
        self.launch = launch
        self.source = source
        self.answer = answer
        self.args = args
        self.unruled: set[str] = set()
        """Operations beyond which no bound is known, where answers were compared on whole numbers only."""
        self.notes: list[str] = []
        """What was not compared, and why."""
        self._small: Sequence[Trial] | None = None
        self._known: dict[ModuleOp, tuple[tuple[int, bool, int], Watched]] = {}
        """What was seen of modules on the arguments that they ran on last."""

    def first_difference(
        self, numerics: str, before: ModuleOp, after: ModuleOp, old: Answer, new: Answer
    ) -> Found | None:
        """What a pass that is not exact changed and must not: on whole numbers, on the user's arguments, and there
        against the source too, so that small changes do not add up.

        old, new: the answers on the user's arguments. Raises MinilinalgError when the module after the pass does not
        run on whole numbers that the module before it runs on.
        """
        self._known = {module: seen for module, seen in self._known.items() if module in (self.source, before)}
        for trial in self.whole_numbers():
            answers = self._answers(trial, numerics, before, after, old, new)
            # Nobody chose these numbers, so that they overflow says nothing.
            if answers and (found := self._beyond_bounds(numerics, before, after, *answers, trial.args, chosen=False)):
                return Found(found, "on small whole numbers ", trial.args)
        if found := self._beyond_bounds(numerics, before, after, old, new, self.args):
            return Found(found, "", self.args)
        found = self._beyond_bounds(numerics, self.source, after, self.answer, new, self.args)
        return Found(found, "against the source ", self.args) if found else None

    def _beyond_bounds(
        self,
        numerics: str,
        before: ModuleOp,
        after: ModuleOp,
        old: Answer,
        new: Answer,
        args: Sequence[Any],
        *,
        chosen: bool = True,
    ) -> Difference | None:
        if first_difference(old, new) is None:
            return None
        # A type that is narrower than all there were is no excuse for a larger error.
        approximates, digits = numerics == "approximates", coarsest(before)
        a, b = (self._watched(self._analysed(module), args, approximates, digits) for module in (before, after))
        self.unruled |= a.unruled | b.unruled
        if not b.unruled <= a.unruled:
            # Nor is an operation without a rule where there was none: the same function has the same errors.
            b = replace(b, errors=a.errors)
        return first_difference(old, new, bounds_of(a, b), overflow_is_open=not chosen)

    def _watched(self, module: ModuleOp, args: Sequence[Any], approximates: bool, digits: int) -> Watched:
        """`watched`, once for a module that is compared with two others."""
        key = (id(args), approximates, digits)
        if (known := self._known.get(module)) is None or known[0] != key:
            self._known[module] = (key, watched(self.launch, module, args, approximates=approximates, digits=digits))
        return self._known[module][1]

    def _analysed(self, module: ModuleOp) -> ModuleOp:
        """The module whose errors are those of `module`: the source for one that passes floats from thread to thread.

        It computes the same function with the same roundings, its sums in some order, and sums count as in any.
        """
        return self.source if any(op.name.startswith(BETWEEN_THREADS) for op in module.walk()) else module

    def _answers(
        self, trial: Trial, numerics: str, before: ModuleOp, after: ModuleOp, old: Answer, new: Answer
    ) -> tuple[Answer, Answer] | None:
        """What both modules leave on whole numbers; None where that tells nothing about the pass."""
        try:
            a = self.launch.answer(before, trial.args, limits=TurnLimits.on_other_numbers(old.turns))
        except MinilinalgError as error:
            # An exact pass, which is looked at on the user's arguments only, has got it wrong.
            self._note(f"{trial} one pass was not looked at: before it, {error.diagnostic.found}")
            return None
        try:
            return a, self.launch.answer(after, trial.args, limits=TurnLimits.on_other_numbers(new.turns))
        except TurnLimitError as error:
            if trial.is_exact and numerics != "approximates":
                raise
            # Where numbers round, others that are as good may be kept apart for ever.
            self._note(f"{trial} one pass was not looked at: after it, {error.diagnostic.found}")
            return None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def whole_numbers(self) -> Sequence[Trial]:
        """The arguments with whole numbers: as large as they may be if all sums of the source shall be exact, and few.

        Without those on which the source module does not run, or runs for very long.
        """
        if self._small is None:
            self._small = self._sized_numbers()
        return self._small

    def _sized_numbers(self) -> Sequence[Trial]:
        limits = TurnLimits.on_other_numbers(self.answer.turns)
        found: list[Trial] = []
        wrong = ""
        for largest in SIZES:
            trial = Trial(whole_numbers(self.args, largest), largest, is_exact=True)
            try:
                if not watched(self.launch, self.source, trial.args, limits=limits).rounds_sums:
                    found.append(trial)
                    break
            except MinilinalgError as error:
                wrong = wrong or f"{trial} nothing was looked at: {error.diagnostic.found}"
        if wrong and not found:
            self._note(wrong)
        # On few numbers the module itself may bring fractions in.
        few = Trial(whole_numbers(self.args, FEW, seed=1), FEW, is_exact=False)
        try:
            self.launch.answer(self.source, few.args, limits=limits)
            found.append(few)
        except MinilinalgError as error:
            self._note(f"{few} nothing was looked at: {error.diagnostic.found}")
        return found
