"""The `ub` dialect: undefined behaviour as an operation. xDSL's is complete.

Source: https://mlir.llvm.org/docs/Dialects/UBOps/
"""

from xdsl.dialects.ub import UB, PoisonAttr, PoisonOp, UnreachableOp

__all__ = ["UB", "PoisonAttr", "PoisonOp", "UnreachableOp"]
