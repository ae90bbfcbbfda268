"""The `scf` dialect."""

from __future__ import annotations

from xdsl.dialects.scf import (
    ConditionOp,
    ExecuteRegionOp,
    ForOp,
    IfOp,
    IndexSwitchOp,
    ParallelOp,
    ReduceOp,
    ReduceReturnOp,
    WhileOp,
    YieldOp,
)
from xdsl.ir import Dialect

Scf = Dialect(
    "scf",
    [IfOp, ForOp, YieldOp, ExecuteRegionOp, ConditionOp, ParallelOp, ReduceOp, ReduceReturnOp, WhileOp, IndexSwitchOp],
    [],
)
