"""The `bufferization` dialect."""

from __future__ import annotations

from xdsl.dialects.bufferization import (
    AllocTensorOp,
    CloneOp,
    MaterializeInDestinationOp,
    ToBufferOp,
    ToTensorOp,
)
from xdsl.ir import Dialect

Bufferization = Dialect(
    "bufferization", [AllocTensorOp, CloneOp, ToTensorOp, ToBufferOp, MaterializeInDestinationOp], []
)
