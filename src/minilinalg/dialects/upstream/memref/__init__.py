"""The `memref` dialect: buffers, views of them, and access to their elements.

xDSL 0.74 has no syntax for `copy`, `cast`, `global`, `rank`, `dma_start` and `dma_wait`, says of an operation that it
reads or writes but not what, and lets a view have any layout. Its names of classes and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/MemRef/
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.memref.access import (
    ATOMIC_KINDS,
    AtomicRMWOp,
    CopyOp,
    DmaStartOp,
    DmaWaitOp,
    LoadOp,
    StoreOp,
)
from minilinalg.dialects.upstream.memref.allocation import (
    AllocaOp,
    AllocaScopeOp,
    AllocaScopeReturnOp,
    AllocationOp,
    AllocOp,
    DeallocOp,
    GetGlobalOp,
    GlobalOp,
)
from minilinalg.dialects.upstream.memref.generic_atomic import AtomicYieldOp, GenericAtomicRMWOp
from minilinalg.dialects.upstream.memref.queries import (
    AssumeAlignmentOp,
    DimOp,
    ExtractAlignedPointerAsIndexOp,
    ExtractStridedMetaDataOp,
    RankOp,
)
from minilinalg.dialects.upstream.memref.reshapes import (
    CollapseShapeOp,
    ExpandShapeOp,
    ReshapeOp,
    TransposeOp,
    ViewOp,
)
from minilinalg.dialects.upstream.memref.strides import Strides, slice_of, strides_of, with_strides
from minilinalg.dialects.upstream.memref.views import CastOp, MemorySpaceCastOp, ReinterpretCastOp, SubviewOp

MemRef = dialect("memref", globals())

__all__ = [
    "ATOMIC_KINDS",
    "AllocOp",
    "AllocaOp",
    "AllocaScopeOp",
    "AllocaScopeReturnOp",
    "AllocationOp",
    "AssumeAlignmentOp",
    "AtomicRMWOp",
    "AtomicYieldOp",
    "CastOp",
    "CollapseShapeOp",
    "CopyOp",
    "DeallocOp",
    "DimOp",
    "DmaStartOp",
    "DmaWaitOp",
    "ExpandShapeOp",
    "ExtractAlignedPointerAsIndexOp",
    "ExtractStridedMetaDataOp",
    "GenericAtomicRMWOp",
    "GetGlobalOp",
    "GlobalOp",
    "LoadOp",
    "MemRef",
    "MemorySpaceCastOp",
    "RankOp",
    "ReinterpretCastOp",
    "ReshapeOp",
    "StoreOp",
    "Strides",
    "SubviewOp",
    "TransposeOp",
    "ViewOp",
    "slice_of",
    "strides_of",
    "with_strides",
]
