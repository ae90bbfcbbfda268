"""The `cf` dialect."""

from __future__ import annotations

from xdsl.dialects.cf import (
    AssertOp,
    BranchOp,
    ConditionalBranchOp,
    SwitchOp,
)
from xdsl.ir import Dialect

Cf = Dialect("cf", [AssertOp, BranchOp, ConditionalBranchOp, SwitchOp], [])
