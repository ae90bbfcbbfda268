"""Launches that are recorded once and then run in a row, without Python between them: a CUDA graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import TracebackType
from typing import Any

from minilinalg.cuda.driver import Driver

THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do does not matter."""


class Recording:
    """What `work(stream)` starts on a stream, ready to run as often as wanted; a context, which frees it."""

    def __init__(self, driver: Driver, work: Callable[[Any], None]):
        self.driver = driver
        self.stream, self._graph, self._runs = (ctypes.c_void_p() for _ in range(3))
        driver.call("cuStreamCreate", ctypes.byref(self.stream), 0)
        driver.call("cuStreamBeginCapture_v2", self.stream, THREAD_LOCAL)
        work(self.stream)
        driver.call("cuStreamEndCapture", self.stream, ctypes.byref(self._graph))
        driver.call("cuGraphInstantiateWithFlags", ctypes.byref(self._runs), self._graph, 0)

    def run(self) -> None:
        """Starts all of it, and does not wait."""
        self.driver.call("cuGraphLaunch", self._runs, self.stream)

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.driver.call("cuGraphExecDestroy", self._runs)
        self.driver.call("cuGraphDestroy", self._graph)
        self.driver.call("cuStreamDestroy_v2", self.stream)
