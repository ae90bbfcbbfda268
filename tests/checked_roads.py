"""A road checked pass by pass once, to put a mistake into a pass of it without checking those in front of it anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from minilinalg.check import Checker
from minilinalg.check.running import Programs
from minilinalg.context import MLContext, make_context
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.targets import Machine


@dataclass(frozen=True)
class CheckedRoad:
    """What each pass of a road leaves of a source, ready to run.

    source: reads it. launch: gives the grid and new arguments.
    """

    road: str
    target: Machine
    source: Callable[[MLContext], ModuleOp]
    launch: Callable[[], tuple[Any, list[Any]]]

    def context(self) -> MLContext:
        ctx = make_context()
        ctx.target = self.target
        return ctx

    @cached_property
    def _kept(self) -> tuple[Checker, ModuleOp, Programs]:
        module, programs = self.source(self.context()), Programs()
        checker = self._checker(module, programs)
        run_pipeline(self.context(), module.clone(), road_steps(self.road), instrumentation=[checker])
        return checker, module, programs

    def _checker(self, module: ModuleOp, programs: Programs) -> Checker:
        grid, args = self.launch()
        return Checker(module, grid, args, target=self.target, programs=programs)

    @property
    def checked(self) -> Sequence[str]:
        """The passes that were checked when none was broken."""
        return self._kept[0].checked

    def before(self, index: int) -> tuple[Checker, ModuleOp]:
        """The check when it has come to pass `index`, and a module that the pass and those behind it may take."""
        unbroken, source, programs = self._kept
        checker = self._checker(source, Programs(dict(programs.ready)))
        for run, module in unbroken.seen[:index]:
            checker.check(run, module, verifies=True)
        return checker, (unbroken.seen[index - 1][1] if index else source).clone()
