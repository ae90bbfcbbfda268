"""A line that shows what a long run is at: on a terminal, after a moment, and gone when it is done."""

from __future__ import annotations

import sys
from threading import Timer
from types import TracebackType

_PATIENCE = 0.5
"""Seconds before the line shows: what takes less is not long."""


class Progress:
    """A context in which `show(text)` says what is being done. Where stderr is no terminal, it prints nothing."""

    def __init__(self) -> None:
        self._text = ""
        self._timer: Timer | None = None
        self._live = _live_line() if sys.stderr.isatty() else None

    def show(self, text: str) -> None:
        """Replaces the text of the line."""
        self._text = text
        if self._live is not None:
            self._live.update(_spinner(text))

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._timer = Timer(_PATIENCE, self._live.start)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        if self._timer is not None and self._live is not None:
            self._timer.cancel()
            self._timer.join()
            self._live.stop()


def _live_line():
    # rich is slow to import: only a terminal pays for it.
    from rich.console import Console
    from rich.live import Live

    # stdout may be a pipe while stderr is a terminal: rich must not take it over.
    return Live(
        _spinner(""), console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )


def _spinner(text: str):
    from rich.spinner import Spinner
    from rich.text import Text

    return Spinner("dots", Text(text))
