"""The `tensor` dialect: values of tensor type, their shapes, slices and elements.

xDSL 0.74 lacks `gather`, `scatter`, `generate`, `parallel_insert_slice`, `rank` and `bitcast`, drops attributes of
`empty`, and checks little of slices, reshapes, casts and elements. Its names of classes and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/TensorOps/
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.tensor.bodies import GenerateOp, PadOp, YieldOp
from minilinalg.dialects.upstream.tensor.elements import ExtractOp, FromElementsOp, InsertOp, SplatOp
from minilinalg.dialects.upstream.tensor.indexed import GatherOp, ScatterOp
from minilinalg.dialects.upstream.tensor.shapes import CollapseShapeOp, ExpandShapeOp, ReshapeOp
from minilinalg.dialects.upstream.tensor.slices import ConcatOp, ExtractSliceOp, InsertSliceOp, ParallelInsertSliceOp
from minilinalg.dialects.upstream.tensor.values import BitcastOp, CastOp, DimOp, EmptyOp, RankOp

Tensor = dialect("tensor", globals())

__all__ = [
    "BitcastOp",
    "CastOp",
    "CollapseShapeOp",
    "ConcatOp",
    "DimOp",
    "EmptyOp",
    "ExpandShapeOp",
    "ExtractOp",
    "ExtractSliceOp",
    "FromElementsOp",
    "GatherOp",
    "GenerateOp",
    "InsertOp",
    "InsertSliceOp",
    "PadOp",
    "ParallelInsertSliceOp",
    "RankOp",
    "ReshapeOp",
    "ScatterOp",
    "SplatOp",
    "Tensor",
    "YieldOp",
]
