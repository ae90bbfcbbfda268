"""The `tensor` dialect."""

from __future__ import annotations

from xdsl.dialects.tensor import (
    CastOp,
    CollapseShapeOp,
    ConcatOp,
    DimOp,
    EmptyOp,
    ExpandShapeOp,
    ExtractOp,
    ExtractSliceOp,
    FromElementsOp,
    InsertOp,
    InsertSliceOp,
    PadOp,
    ReshapeOp,
    SplatOp,
    YieldOp,
)
from xdsl.ir import Dialect

Tensor = Dialect(
    "tensor",
    [
        CastOp,
        CollapseShapeOp,
        ConcatOp,
        DimOp,
        EmptyOp,
        ExpandShapeOp,
        ExtractOp,
        ExtractSliceOp,
        FromElementsOp,
        InsertOp,
        InsertSliceOp,
        ReshapeOp,
        SplatOp,
        PadOp,
        YieldOp,
    ],
    [],
)
