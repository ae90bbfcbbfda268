"""What looks on while the engine writes a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import Operation

if TYPE_CHECKING:
    from minilinalg.interp.engine import Emitter


class Observer:
    """What looks on while a function is written, and may add lines of its own: a clock, a watch on values."""

    def before(self, em: Emitter, op: Operation) -> None:
        """Called before the lines of `op` are written."""

    def after(self, em: Emitter, op: Operation) -> None:
        """Called when they are; the results of `op` have names now."""

    def unused(self, em: Emitter, op: Operation) -> None:
        """Called instead of both for an operation that is not written here: nothing needs its results, or the same
        ones serve all turns of a loop around it."""


class Observers(Observer):
    """Several that look on, in this order."""

    def __init__(self, *observers: Observer):
        self.observers = observers

    def before(self, em: Emitter, op: Operation) -> None:
        for observer in self.observers:
            observer.before(em, op)

    def after(self, em: Emitter, op: Operation) -> None:
        for observer in self.observers:
            observer.after(em, op)

    def unused(self, em: Emitter, op: Operation) -> None:
        for observer in self.observers:
            observer.unused(em, op)
