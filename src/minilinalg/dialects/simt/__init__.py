"""The `simt` dialect: what one thread of a block does, for the simulated GPU and for PTX alike.

    func.func @kernel(%p: i64, %n: i32) attributes {simt.threads = 128 : i32, simt.shared = 4096 : i32}

A scalar is the same in all threads of a block; what differs between threads is a vector of its registers (types.py).
So loops and branches, which take scalars, are taken by all threads alike, and all else that differs is a mask.
Arithmetic is that of arith and math on vectors; registers are rearranged by `vector.shuffle` and `vector.broadcast`.
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.simt.async_copy import CpAsyncCommitOp, CpAsyncOp, CpAsyncWaitOp
from minilinalg.dialects.simt.barrier import BarrierOp, GridDependencyLaunchDependentsOp, GridDependencyWaitOp
from minilinalg.dialects.simt.bulk_copy import (
    BulkCommitOp,
    BulkTensorLoadOp,
    BulkTensorStoreOp,
    BulkWaitOp,
    TensorMapType,
)
from minilinalg.dialects.simt.debugging import AssertOp, PrintOp
from minilinalg.dialects.simt.dot import FmaDotOp, MmaSyncOp
from minilinalg.dialects.simt.exchange import ShuffleKind, ShuffleOp, VoteKind, VoteOp
from minilinalg.dialects.simt.global_memory import (
    AtomicCASOp,
    AtomicLoadOp,
    AtomicRMWOp,
    AtomicStoreOp,
    LoadGlobalOp,
    StoreGlobalOp,
)
from minilinalg.dialects.simt.inline_asm import InlineAsmOp
from minilinalg.dialects.simt.mbarrier import MbarrierExpectOp, MbarrierInitOp, MbarrierInvalOp, MbarrierWaitOp
from minilinalg.dialects.simt.program import (
    LANES,
    SHARED_ATTR,
    THREADS_ATTR,
    BlockIdOp,
    NumBlocksOp,
    ThreadIdOp,
    UniformOp,
)
from minilinalg.dialects.simt.shared_memory import (
    AtomicRMWSharedOp,
    LdMatrixOp,
    LoadSharedOp,
    StMatrixOp,
    StoreSharedOp,
)
from minilinalg.dialects.simt.tensor_maps import (
    SCRATCH_ATTR,
    GlobalScratchOp,
    TensorMapAtOp,
    TensormapCreateOp,
    TensormapFenceproxyAcquireOp,
)
from minilinalg.dialects.simt.warp_group import (
    FenceAsyncSharedOp,
    MatrixAttr,
    WgmmaCommitOp,
    WgmmaFenceOp,
    WgmmaOp,
    WgmmaWaitOp,
)

SIMT = dialect("simt", globals())

__all__ = [
    "LANES",
    "SCRATCH_ATTR",
    "SHARED_ATTR",
    "SIMT",
    "THREADS_ATTR",
    "AssertOp",
    "AtomicCASOp",
    "AtomicLoadOp",
    "AtomicRMWOp",
    "AtomicRMWSharedOp",
    "AtomicStoreOp",
    "BarrierOp",
    "BlockIdOp",
    "BulkCommitOp",
    "BulkTensorLoadOp",
    "BulkTensorStoreOp",
    "BulkWaitOp",
    "CpAsyncCommitOp",
    "CpAsyncOp",
    "CpAsyncWaitOp",
    "FenceAsyncSharedOp",
    "FmaDotOp",
    "GlobalScratchOp",
    "GridDependencyLaunchDependentsOp",
    "GridDependencyWaitOp",
    "InlineAsmOp",
    "LdMatrixOp",
    "LoadGlobalOp",
    "LoadSharedOp",
    "MatrixAttr",
    "MbarrierExpectOp",
    "MbarrierInitOp",
    "MbarrierInvalOp",
    "MbarrierWaitOp",
    "MmaSyncOp",
    "NumBlocksOp",
    "PrintOp",
    "ShuffleKind",
    "ShuffleOp",
    "StMatrixOp",
    "StoreGlobalOp",
    "StoreSharedOp",
    "TensorMapAtOp",
    "TensorMapType",
    "TensormapCreateOp",
    "TensormapFenceproxyAcquireOp",
    "ThreadIdOp",
    "UniformOp",
    "VoteKind",
    "VoteOp",
    "WgmmaCommitOp",
    "WgmmaFenceOp",
    "WgmmaOp",
    "WgmmaWaitOp",
]
