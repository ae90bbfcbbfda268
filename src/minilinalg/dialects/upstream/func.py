"""The `func` dialect."""

from __future__ import annotations

from xdsl.dialects.func import (
    CallOp,
    FuncOp,
    ReturnOp,
)
from xdsl.ir import Dialect

Func = Dialect("func", [FuncOp, CallOp, ReturnOp], [])
