"""What the slow interpreter raises."""

from __future__ import annotations


class SlowError(Exception):
    """The program did what its specification forbids: an access out of bounds, or an undefined element where a value
    is needed. `place` is the operation, once it is known."""

    place: str | None = None

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.place is None else f"{self.place}: {message}"


class SlowUnsupported(SlowError):
    """The slow interpreter has no meaning for an operation: a gap of the oracle, not an error of the program."""
