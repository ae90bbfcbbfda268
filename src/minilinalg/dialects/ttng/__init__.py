"""The operations of the `ttng` dialect of Triton 3.9 that code for sm_90 uses: wgmma, mbarriers and TMA.

Text is the official compiler's, letter for letter.
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.ttng.barriers import (
    ArriveBarrierOp,
    BarrierExpectOp,
    FenceAsyncSharedOp,
    InitBarrierOp,
    InvalBarrierOp,
    WaitBarrierOp,
)
from minilinalg.dialects.ttng.tma import (
    AsyncTMACopyGlobalToLocalOp,
    AsyncTMACopyLocalToGlobalOp,
    ReinterpretTensorDescOp,
    TensormapCreateOp,
    TensormapFenceproxyAcquireOp,
    TMAStoreWaitOp,
)
from minilinalg.dialects.ttng.warp_group_dot import WarpGroupDotOp, WarpGroupDotWaitOp

TTNG = dialect("ttng", globals())

__all__ = [
    "TTNG",
    "ArriveBarrierOp",
    "AsyncTMACopyGlobalToLocalOp",
    "AsyncTMACopyLocalToGlobalOp",
    "BarrierExpectOp",
    "FenceAsyncSharedOp",
    "InitBarrierOp",
    "InvalBarrierOp",
    "ReinterpretTensorDescOp",
    "TMAStoreWaitOp",
    "TensormapCreateOp",
    "TensormapFenceproxyAcquireOp",
    "WaitBarrierOp",
    "WarpGroupDotOp",
    "WarpGroupDotWaitOp",
]
