"""Whether a function fits: it is taken down the rest of the road, to the plan of its buffers, and thrown away."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import MLContext
from minilinalg.dialects.upstream import func
from minilinalg.errors import MinilinalgError, OverCapacityError
from minilinalg.passes import load_pass
from minilinalg.targets import Target

_TO_THE_PLAN = (
    "linalg-decompose-aggregated-ops",
    "one-shot-bufferize",
    "memref-promote",
    "linalg-decompose-elementwise",
    "memref-plan",
)
"""The passes that decide which buffers there are and where they lie."""


def shortage(function: func.FuncOp, target: Target) -> OverCapacityError | None:
    """What the plan of the buffers of `function` says that they do not fit; None when they do.

    What else these passes complain about is not of interest here: they will do so themselves.
    """
    ctx = MLContext()
    ctx.target = target
    module = ModuleOp([function.clone()])
    try:
        for name in _TO_THE_PLAN:
            load_pass(name)().apply(ctx, module)
    except OverCapacityError as error:
        return error
    except MinilinalgError:
        return None
    return None
