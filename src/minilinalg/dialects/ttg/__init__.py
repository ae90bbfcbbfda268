"""The `ttg` dialect: layouts of tensors, and barriers (`tl.debug_barrier`).

| file | holds |
|---|---|
| `distributed_layouts.py` | layouts of tensors in registers |
| `shared_layouts.py` | layouts of tensors in shared memory |
| `struct_attribute.py` | how `#ttg.name<{key = value}>` is read and printed |
| others | the operations, by idea |
"""

from xdsl.ir import Dialect

from minilinalg.dialects.ttg.barrier import AddressSpaces, BarrierOp
from minilinalg.dialects.ttg.distributed_layouts import (
    BlockedEncodingAttr,
    DistributedLayout,
    DotOperandEncodingAttr,
    GenericLinearEncodingAttr,
    LayoutAttribute,
    LinearEncodingAttr,
    NvidiaMmaEncodingAttr,
    SliceEncodingAttr,
)
from minilinalg.dialects.ttg.shared_layouts import (
    NVMMASharedEncodingAttr,
    PaddedSharedEncodingAttr,
    SharedLayoutAttribute,
    SharedLinearEncodingAttr,
    SharedMemorySpaceAttr,
    SwizzledSharedEncodingAttr,
)

TTG = Dialect(
    "ttg",
    [BarrierOp],
    [
        BlockedEncodingAttr,
        DotOperandEncodingAttr,
        GenericLinearEncodingAttr,
        LinearEncodingAttr,
        NVMMASharedEncodingAttr,
        NvidiaMmaEncodingAttr,
        PaddedSharedEncodingAttr,
        SharedLinearEncodingAttr,
        SharedMemorySpaceAttr,
        SliceEncodingAttr,
        SwizzledSharedEncodingAttr,
    ],
)

__all__ = [
    "TTG",
    "AddressSpaces",
    "BarrierOp",
    "BlockedEncodingAttr",
    "DistributedLayout",
    "DotOperandEncodingAttr",
    "GenericLinearEncodingAttr",
    "LayoutAttribute",
    "LinearEncodingAttr",
    "NVMMASharedEncodingAttr",
    "NvidiaMmaEncodingAttr",
    "PaddedSharedEncodingAttr",
    "SharedLayoutAttribute",
    "SharedLinearEncodingAttr",
    "SharedMemorySpaceAttr",
    "SliceEncodingAttr",
    "SwizzledSharedEncodingAttr",
]
