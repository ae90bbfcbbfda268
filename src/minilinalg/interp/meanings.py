"""The table of meanings: what writes the lines that run an operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.ir import Operation

if TYPE_CHECKING:
    from minilinalg.interp.engine import Emitter


@dataclass(frozen=True)
class Meaning:
    """How an operation is run.

    emit writes the operation's line(s). fresh: its results are arrays that nothing else holds, so a later operation
    may overwrite one in place when it is the last to use it.
    """

    emit: Callable[[Emitter, Operation], None]
    fresh: bool = False


MEANINGS: dict[str, Meaning] = {}
"""Operation name -> meaning. Filled by the dialect files of this package."""


def meaning(*names: str, fresh: bool = False) -> Callable[[Callable[[Emitter, Any], None]], Callable[..., None]]:
    """Registers the decorated emitter as the meaning of the operations of these names."""

    def register(emit: Callable[[Emitter, Any], None]) -> Callable[..., None]:
        for name in names:
            MEANINGS[name] = Meaning(emit, fresh)
        return emit

    return register
