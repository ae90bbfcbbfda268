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

from xdsl.ir import Dialect

from minilinalg.dialects.tt.attributes import CachePolicyAttr
from minilinalg.dialects.tt.dot import DotOp
from minilinalg.dialects.tt.functions import CallOp, FuncOp, ReturnOp
from minilinalg.dialects.tt.grid import GetNumProgramsOp, GetProgramIdOp
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

TT = Dialect(
    "tt",
    [
        AddPtrOp,
        BroadcastOp,
        CallOp,
        CatOp,
        DotOp,
        ExpandDimsOp,
        FuncOp,
        GetNumProgramsOp,
        GetProgramIdOp,
        IntToPtrOp,
        JoinOp,
        LoadOp,
        MakeRangeOp,
        PtrToIntOp,
        ReduceOp,
        ReduceReturnOp,
        ReshapeOp,
        ReturnOp,
        ScanOp,
        ScanReturnOp,
        SplatOp,
        SplitOp,
        StoreOp,
        TransOp,
        UnsplatOp,
    ],
    [CachePolicyAttr, PointerType, TensorDescType],
)
