"""The `ub` dialect."""

from __future__ import annotations

from xdsl.dialects.ub import (
    PoisonAttr,
    PoisonOp,
    UnreachableOp,
)
from xdsl.ir import Dialect

UB = Dialect("ub", [PoisonOp, UnreachableOp], [PoisonAttr])
