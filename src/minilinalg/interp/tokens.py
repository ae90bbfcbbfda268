"""Tokens: what a program knows of an instruction on its way.

The engine has done every instruction when its token is made. Those who look on write down what a machine would know:
a clock when it is done, a watch for races what is ordered before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import Array


class Token:
    """done: the cycle in which the instruction is done, int64 (L,). behind: the accesses that are over then, as
    sim/races.py counts them, int64 (L, pipes). L is the number of programs (cores), or 1; None is long ago."""

    __slots__ = ("behind", "done")

    def __init__(self, done: Array | None = None, behind: Array | None = None):
        self.done = done
        self.behind = behind

    def take_programs(self, index: Any) -> Token:
        """The token for the programs at `index`."""
        return Token(*(None if part is None else part[index] for part in (self.done, self.behind)))

    def join_programs(self, pieces: Sequence[tuple[Token, int]]) -> Token:
        """The tokens of consecutive groups of programs, (token, number of programs) each, as one."""
        return Token(
            _join([(token.done, count) for token, count in pieces]),
            _join([(token.behind, count) for token, count in pieces]),
        )


def _join(pieces: Sequence[tuple[Array | None, int]]) -> Array | None:
    known = next((part for part, _ in pieces if part is not None), None)
    if known is None:
        return None
    return np.concatenate(
        [np.zeros((count, *known.shape[1:]), known.dtype) if part is None else part for part, count in pieces]
    )
