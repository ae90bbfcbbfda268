"""What regions are while they run, and what holds for the loops around them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from minilinalg.errors import RunError

Body = Callable[..., Any]
Turns = Callable[..., Generator[bool, None, Any]]
"""A region of a program that may wait."""


def guarded(value: Any) -> Any:
    """A loop may overwrite what it carries, but not the value that it began with."""
    if type(value) is np.ndarray and value.ndim and value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    return value


def check_step(step: Any) -> None:
    """Raises RunError for the step of a loop that is not positive in some program."""
    if type(step) is int and step > 0:
        return
    if np.min(step) <= 0:
        raise RunError(f"scf.for steps by {np.min(step)}", rule="the step of a loop is positive")
