"""The `tt` dialect: the IR of Triton 3.9, all 54 operations of it.

Text is the official compiler's, letter for letter, so a `.ttir` file is read as it is. An accessor has the name that
the official definition gives it, in Python's spelling (`op.combine_op` for `combineOp`). The accessor of an attribute
gives the attribute; an enumeration has a second one that gives the member (`op.sem` is `4 : i32`, `op.mem_semantic`
is `MemSemantic.ACQUIRE_RELEASE`).

| file | holds |
|---|---|
| `types.py` | pointers, descriptors, and the classes of types that operations take |
| `attributes.py` | enumerations, cache policies |
| `traits.py`, `effects.py` | what operations promise; what they do to memory |
| `assembly.py` | the assembly formats of the .td files, read as they are |
| others | the operations, by idea |
"""

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.tt.arithmetic import (
    ApproxDivFOp,
    BitcastOp,
    ClampFOp,
    FpToFpOp,
    MulhiUIOp,
    PreciseDivFOp,
    PreciseSqrtOp,
)
from minilinalg.dialects.tt.atomics import AtomicCASOp, AtomicLoadOp, AtomicPollOp, AtomicRMWOp, AtomicStoreOp
from minilinalg.dialects.tt.attributes import (
    CacheModifier,
    CachePolicyAttr,
    DescriptorReduceKind,
    EvictionPolicy,
    InputPrecision,
    MemSemantic,
    MemSyncScope,
    PaddingOption,
    ProgramDim,
    PropagateNan,
    RMWOp,
    RoundingMode,
    ScaleDotElemType,
)
from minilinalg.dialects.tt.debugging import AssertOp, PrintOp
from minilinalg.dialects.tt.descriptors import (
    DescriptorGatherOp,
    DescriptorLoadOp,
    DescriptorReduceOp,
    DescriptorScatterOp,
    DescriptorStoreOp,
    MakeTensorDescOp,
)
from minilinalg.dialects.tt.dot import DotOp, DotScaledOp
from minilinalg.dialects.tt.foreign import ElementwiseInlineAsmOp, ExternElementwiseOp
from minilinalg.dialects.tt.functions import CallOp, FuncOp, ReturnOp
from minilinalg.dialects.tt.grid import (
    GetNumProgramsOp,
    GetProgramIdOp,
    GridDependencyLaunchDependentsOp,
    GridDependencyWaitOp,
)
from minilinalg.dialects.tt.indexing import GatherOp, HistogramOp
from minilinalg.dialects.tt.mapping import MapElementwiseOp, MapElementwiseReturnOp
from minilinalg.dialects.tt.memory import LoadOp, StoreOp
from minilinalg.dialects.tt.pointers import AddPtrOp, IntToPtrOp, PtrToIntOp
from minilinalg.dialects.tt.reduction import ReduceOp, ReduceReturnOp, ScanOp, ScanReturnOp
from minilinalg.dialects.tt.shape import (
    BroadcastOp,
    CatOp,
    ExpandDimsOp,
    JoinOp,
    MakeRangeOp,
    ReshapeOp,
    SplatOp,
    SplitOp,
    TransOp,
    UnsplatOp,
)
from minilinalg.dialects.tt.types import PointerType, TensorDescType

TT = dialect("tt", globals())

__all__ = [
    "TT",
    "AddPtrOp",
    "ApproxDivFOp",
    "AssertOp",
    "AtomicCASOp",
    "AtomicLoadOp",
    "AtomicPollOp",
    "AtomicRMWOp",
    "AtomicStoreOp",
    "BitcastOp",
    "BroadcastOp",
    "CacheModifier",
    "CachePolicyAttr",
    "CallOp",
    "CatOp",
    "ClampFOp",
    "DescriptorGatherOp",
    "DescriptorLoadOp",
    "DescriptorReduceKind",
    "DescriptorReduceOp",
    "DescriptorScatterOp",
    "DescriptorStoreOp",
    "DotOp",
    "DotScaledOp",
    "ElementwiseInlineAsmOp",
    "EvictionPolicy",
    "ExpandDimsOp",
    "ExternElementwiseOp",
    "FpToFpOp",
    "FuncOp",
    "GatherOp",
    "GetNumProgramsOp",
    "GetProgramIdOp",
    "GridDependencyLaunchDependentsOp",
    "GridDependencyWaitOp",
    "HistogramOp",
    "InputPrecision",
    "IntToPtrOp",
    "JoinOp",
    "LoadOp",
    "MakeRangeOp",
    "MakeTensorDescOp",
    "MapElementwiseOp",
    "MapElementwiseReturnOp",
    "MemSemantic",
    "MemSyncScope",
    "MulhiUIOp",
    "PaddingOption",
    "PointerType",
    "PreciseDivFOp",
    "PreciseSqrtOp",
    "PrintOp",
    "ProgramDim",
    "PropagateNan",
    "PtrToIntOp",
    "RMWOp",
    "ReduceOp",
    "ReduceReturnOp",
    "ReshapeOp",
    "ReturnOp",
    "RoundingMode",
    "ScaleDotElemType",
    "ScanOp",
    "ScanReturnOp",
    "SplatOp",
    "SplitOp",
    "StoreOp",
    "TensorDescType",
    "TransOp",
    "UnsplatOp",
]
