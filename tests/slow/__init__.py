"""A second interpreter, for tests only: slow, one program and one element at a time, exact, written from the
specifications and not from the first one, so that a wrong meaning must not agree with itself.

`slow.run(module, grid, args)` runs a module of any stage.
"""

from .errors import SlowError, SlowUnsupported
from .running import run

__all__ = ["SlowError", "SlowUnsupported", "run"]
