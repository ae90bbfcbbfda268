"""The `linalg` dialect: computations on tensors and memrefs as loop nests around a scalar body.

xDSL 0.74 prints generic operations with several results in a form that it does not read, has `reduce` with one operand
and no short form, lacks map, batch_matmul, matvec, dot, contract, softmax and half of the elementwise operations, and
gives none of them memory effects. Here all have the syntax of mlir-opt, effects on memrefs only, and verifiers.

Source: https://mlir.llvm.org/docs/Dialects/Linalg/
"""

from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.linalg.attributes import TypeFn, TypeFnAttr
from minilinalg.dialects.upstream.linalg.contraction import (
    BatchMatmulOp,
    BatchMatvecOp,
    BatchReduceMatmulOp,
    BatchVecmatOp,
    ContractionOp,
    ContractOp,
    DotOp,
    MappedContractionOp,
    MatmulOp,
    MatvecOp,
    VecmatOp,
)
from minilinalg.dialects.upstream.linalg.elementwise import (
    AbsOp,
    AddOp,
    BinaryOp,
    CeilOp,
    CopyOp,
    DivOp,
    DivUnsignedOp,
    ElementwiseOp,
    ErfOp,
    ExpOp,
    FillOp,
    FloorOp,
    LogOp,
    MaxOp,
    MinOp,
    MulOp,
    NegFOp,
    PowFOp,
    ReciprocalOp,
    RoundOp,
    RsqrtOp,
    SelectOp,
    SqrtOp,
    SquareOp,
    SubOp,
    TanhOp,
    UnaryOp,
)
from minilinalg.dialects.upstream.linalg.generic import GenericOp, IndexOp, YieldOp
from minilinalg.dialects.upstream.linalg.regions import BroadcastOp, CopyingOp, MapOp, ReduceOp, TransposeOp
from minilinalg.dialects.upstream.linalg.softmax import SoftmaxOp
from minilinalg.dialects.upstream.linalg.structured import (
    PARALLEL,
    REDUCTION,
    NamedStructuredOp,
    StructuredOp,
)

Linalg = dialect("linalg", globals())

__all__ = [
    "PARALLEL",
    "REDUCTION",
    "AbsOp",
    "AddOp",
    "BatchMatmulOp",
    "BatchMatvecOp",
    "BatchReduceMatmulOp",
    "BatchVecmatOp",
    "BinaryOp",
    "BroadcastOp",
    "CeilOp",
    "ContractOp",
    "ContractionOp",
    "CopyOp",
    "CopyingOp",
    "DivOp",
    "DivUnsignedOp",
    "DotOp",
    "ElementwiseOp",
    "ErfOp",
    "ExpOp",
    "FillOp",
    "FloorOp",
    "GenericOp",
    "IndexOp",
    "IteratorType",
    "IteratorTypeAttr",
    "Linalg",
    "LogOp",
    "MapOp",
    "MappedContractionOp",
    "MatmulOp",
    "MatvecOp",
    "MaxOp",
    "MinOp",
    "MulOp",
    "NamedStructuredOp",
    "NegFOp",
    "PowFOp",
    "ReciprocalOp",
    "ReduceOp",
    "RoundOp",
    "RsqrtOp",
    "SelectOp",
    "SoftmaxOp",
    "SqrtOp",
    "SquareOp",
    "StructuredOp",
    "SubOp",
    "TanhOp",
    "TransposeOp",
    "TypeFn",
    "TypeFnAttr",
    "UnaryOp",
    "VecmatOp",
    "YieldOp",
]
