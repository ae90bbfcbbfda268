"""The threads of a block, one at a time: each runs on its own until it meets the others or ends, then the next does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from .errors import SlowError


class _Thread:
    """One thread of a block, in a thread of Python that waits for its turn."""

    def __init__(self, body: Callable[[], None]):
        self.given: Any = None
        self.answer: Sequence[Any] | None = None
        self.error: BaseException | None = None
        self.ended = False
        self._turn, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._python = threading.Thread(target=self._run, args=(body,), daemon=True)
        self._python.start()

    def _run(self, body: Callable[[], None]) -> None:
        self._turn.acquire()
        try:
            body()
        except BaseException as error:
            self.error = error
        self.ended = True
        self._stopped.release()

    def go_on(self) -> None:
        """Gives the thread its turn, which lasts until it meets the others or ends."""
        self._turn.release()
        self._stopped.acquire()
        if self.error is not None:
            raise self.error

    def meet(self, given: Any) -> Sequence[Any]:
        """Called by the thread: gives up its turn; what all threads of the block gave."""
        self.given = given
        self._stopped.release()
        self._turn.acquire()
        assert self.answer is not None
        return self.answer


def run_threads(count: int, body: Callable[[int, Callable[[Any], Sequence[Any]]], None]) -> None:
    """Runs `body(thread, meet)` in as many threads; `meet(what)` gives what all of them gave there, in order.

    Raises SlowError when some threads end where others still wait for them.
    """
    threads: list[_Thread] = []
    for number in range(count):
        threads.append(_Thread(lambda number=number: body(number, lambda what: threads[number].meet(what))))
    while True:
        for thread in threads:
            thread.go_on()
        ended = sum(thread.ended for thread in threads)
        if ended == count:
            return
        if ended:
            raise SlowError(f"{ended} of {count} threads have ended where the others wait for them")
        given = [thread.given for thread in threads]
        for thread in threads:
            thread.answer = given
