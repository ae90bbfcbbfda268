"""The `ttg` dialect of Triton 3.9: tensors with layouts, shared memory, asynchronous copies; all 28 operations.

Text is the official compiler's, letter for letter.

| file | holds |
|---|---|
| `distributed_layouts.py`, `linear_layouts.py` | layouts of tensors in registers |
| `shared_layouts.py` | layouts of tensors in shared memory |
| `struct_attribute.py` | how `#ttg.name<{key = value}>` is read and printed |
| `types.py`, `effects.py`, `layout_rules.py` | views and tokens; what is done to shared memory; rules on types |
| others | the operations, by idea |
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.ttg.async_copy import AsyncCommitGroupOp, AsyncCopyGlobalToLocalOp, AsyncWaitOp
from minilinalg.dialects.ttg.barrier import AddressSpaces, BarrierOp
from minilinalg.dialects.ttg.distributed_layouts import (
    BlockedEncodingAttr,
    DistributedLayout,
    DotOperandEncodingAttr,
    LayoutAttribute,
    NvidiaMmaEncodingAttr,
    SliceEncodingAttr,
)
from minilinalg.dialects.ttg.linear_layouts import GenericLinearEncodingAttr, LinearEncodingAttr
from minilinalg.dialects.ttg.pipelining import MaskOp, MaskReturnOp, PredicateStageOp
from minilinalg.dialects.ttg.registers import (
    ConvertLayoutOp,
    Fp4ToFpOp,
    GlobalScratchAllocOp,
    InlineAsmOp,
    WarpIdOp,
)
from minilinalg.dialects.ttg.shared_layouts import (
    NVMMASharedEncodingAttr,
    PaddedSharedEncodingAttr,
    SharedLayoutAttribute,
    SharedLinearEncodingAttr,
    SharedMemorySpaceAttr,
    SwizzledSharedEncodingAttr,
)
from minilinalg.dialects.ttg.shared_memory import (
    LocalAllocOp,
    LocalAtomicScatterRMWOp,
    LocalDeallocOp,
    LocalGatherOp,
    LocalLoadOp,
    LocalScatterOp,
    LocalStoreOp,
)
from minilinalg.dialects.ttg.types import AsyncTokenType, MemDescType
from minilinalg.dialects.ttg.views import (
    MemDescIndexOp,
    MemDescReinterpretOp,
    MemDescReshapeOp,
    MemDescSubsliceOp,
    MemDescTransOp,
)
from minilinalg.dialects.ttg.warp_specialization import (
    WarpReturnOp,
    WarpSpecializeOp,
    WarpSpecializePartitionsOp,
    WarpYieldOp,
)

TTG = dialect("ttg", globals())

__all__ = [
    "TTG",
    "AddressSpaces",
    "AsyncCommitGroupOp",
    "AsyncCopyGlobalToLocalOp",
    "AsyncTokenType",
    "AsyncWaitOp",
    "BarrierOp",
    "BlockedEncodingAttr",
    "ConvertLayoutOp",
    "DistributedLayout",
    "DotOperandEncodingAttr",
    "Fp4ToFpOp",
    "GenericLinearEncodingAttr",
    "GlobalScratchAllocOp",
    "InlineAsmOp",
    "LayoutAttribute",
    "LinearEncodingAttr",
    "LocalAllocOp",
    "LocalAtomicScatterRMWOp",
    "LocalDeallocOp",
    "LocalGatherOp",
    "LocalLoadOp",
    "LocalScatterOp",
    "LocalStoreOp",
    "MaskOp",
    "MaskReturnOp",
    "MemDescIndexOp",
    "MemDescReinterpretOp",
    "MemDescReshapeOp",
    "MemDescSubsliceOp",
    "MemDescTransOp",
    "MemDescType",
    "NVMMASharedEncodingAttr",
    "NvidiaMmaEncodingAttr",
    "PaddedSharedEncodingAttr",
    "PredicateStageOp",
    "SharedLayoutAttribute",
    "SharedLinearEncodingAttr",
    "SharedMemorySpaceAttr",
    "SliceEncodingAttr",
    "SwizzledSharedEncodingAttr",
    "WarpIdOp",
    "WarpReturnOp",
    "WarpSpecializeOp",
    "WarpSpecializePartitionsOp",
    "WarpYieldOp",
]
