"""The `scf` dialect: structured loops and branches, with `forall` and the official syntax of all of them.

xDSL 0.74 has no `forall`, no syntax for `parallel`, does not read `scf.for unsigned`, and prints some operations in a
way that mlir-opt does not accept. Its names of classes, constructors' parameters and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/SCFDialect/
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.scf.branches import ExecuteRegionOp, IfOp, IndexSwitchOp
from minilinalg.dialects.upstream.scf.forall import ForallOp, InParallelOp
from minilinalg.dialects.upstream.scf.loops import ConditionOp, ForOp, WhileOp
from minilinalg.dialects.upstream.scf.parallel import ParallelOp, ReduceOp, ReduceReturnOp
from minilinalg.dialects.upstream.scf.yields import YieldOp

Scf = dialect("scf", globals())

__all__ = [
    "ConditionOp",
    "ExecuteRegionOp",
    "ForOp",
    "ForallOp",
    "IfOp",
    "InParallelOp",
    "IndexSwitchOp",
    "ParallelOp",
    "ReduceOp",
    "ReduceReturnOp",
    "Scf",
    "WhileOp",
    "YieldOp",
]
