"""Which operation wrote an element: the place in the source that a message about a wrong answer names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.check.arguments import copy_arguments
from minilinalg.check.compare import Difference
from minilinalg.check.running import Launch
from minilinalg.errors import MinilinalgError
from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.observers import Observer


class _Watch(Observer):
    """Looks at one element after every operation and remembers which changed it last."""

    def __init__(self, array: Array, index: tuple[int, ...]):
        self.array = array
        self.index = index
        self.writer: Operation | None = None
        self._seen = self._bytes()

    def after(self, em: Emitter, op: Operation) -> None:
        if not op.regions and op.next_op is not None:
            em.line(f"{em.const(self._look, 'look')}({em.const(op, 'op')})", op)

    def _look(self, op: Operation) -> None:
        now = self._bytes()
        if now != self._seen:
            self._seen, self.writer = now, op

    def _bytes(self) -> bytes:
        return self.array[self.index].tobytes()


def find_writer(
    launch: Launch, modules: Sequence[ModuleOp], args: Sequence[Any], found: Difference
) -> Operation | None:
    """The last operation to change the element that `found` is about, in the first of `modules` in which one does.

    None for what a function returns, for bytes between elements, and when no operation can be told.
    """
    for module in modules:
        copies = copy_arguments(args)
        array = launch.argument(module, copies, found.argument)
        if found.is_between or not is_array(array):
            return None
        watch = _Watch(array, found.index)
        with suppress(MinilinalgError):
            # What was written before the run ended is known all the same.
            launch.observe(module, copies, watch)
        if watch.writer is not None:
            return watch.writer
    return None
