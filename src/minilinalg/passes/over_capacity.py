"""What is said when the buffers of a program do not fit into the target's on-chip memories."""

from __future__ import annotations

from minilinalg.errors import InputError


class OverCapacityError(InputError):
    """A block, or the blocks that are needed at the same time, are larger than an on-chip memory."""
