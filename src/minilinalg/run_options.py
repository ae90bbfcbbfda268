"""The options of a run: one frozen value, handed to whatever runs a module. Nothing global needs a reset."""

from __future__ import annotations

from dataclasses import dataclass

from minilinalg.errors import CommandError

CHUNK_BYTES = 1 << 20
"""The size that the largest tensor of the programs that run together should have, so that it stays in cache."""
MAX_TURNS = 100_000
"""After how many turns of all programs those that wait for one another are taken to hang."""


@dataclass(frozen=True)
class RunOptions:
    """How to run. Raises CommandError when nothing is asked for.

    answers: whether elements are computed. Without them a run of the simd stage only counts cycles: arrays are left as
    they are, and nothing can be checked.
    checks: whether a run stops at what a machine would not notice. On buffers: an undefined element that reaches an
    address, a branch, a reduction or global memory. On a machine also: a race between pipes that no token orders, one
    between cores, and an access out of alignment. What is out of bounds or over capacity stops every run.
    cycles: whether a machine counts cycles.

    chunk_bytes: the size that the largest tensor of a chunk of programs should have, so that it stays in cache.
    max_chunk: the most programs that run together. max_turns: after how many turns of all programs a kernel whose
    programs wait for one another is taken to hang, though its programs still change something.
    """

    answers: bool = True
    checks: bool = True
    cycles: bool = True
    chunk_bytes: int = CHUNK_BYTES
    max_chunk: int = 4096
    max_turns: int = MAX_TURNS

    def __post_init__(self) -> None:
        if not self.answers and not self.cycles:
            raise CommandError(
                "a run is asked for neither answers nor cycles", rule="a run gives answers, cycles, or both"
            )

    @property
    def checked(self) -> bool:
        """Whether the run is checked: only what is computed can be."""
        return self.checks and self.answers


DEFAULTS = RunOptions()
"""Answers, checks and cycles."""
