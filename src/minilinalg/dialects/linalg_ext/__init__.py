"""The `linalg_ext` dialect: what Triton does to blocks and linalg has no operation for, in linalg's destination style.

An operation computes from `ins` into `outs`. On tensors the outputs give the initial elements and the results are new
tensors; on memrefs the outputs are written. None of them is a loop nest with a scalar body, so none has indexing maps.

| file | operations |
|---|---|
| `atomic.py` | `atomic_rmw` and `atomic_cas`: what programs do to memory that they share |
| `histogram.py` | `histogram`: how often values occur |
| `indexed.py` | `gather` and `scatter`: elements and rows at indices that are known at run time only |
| `scan.py` | `scan`: the running combination along a dimension |
"""

from __future__ import annotations

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.linalg_ext.atomic import AtomicCASOp, AtomicOp, AtomicRMWOp
from minilinalg.dialects.linalg_ext.attributes import ASSOCIATIVE
from minilinalg.dialects.linalg_ext.histogram import HistogramOp
from minilinalg.dialects.linalg_ext.indexed import GatherOp, IndexedOp, ScatterOp
from minilinalg.dialects.linalg_ext.scan import ScanOp, YieldOp

LinalgExt = dialect("linalg_ext", globals())

__all__ = [
    "ASSOCIATIVE",
    "AtomicCASOp",
    "AtomicOp",
    "AtomicRMWOp",
    "GatherOp",
    "HistogramOp",
    "IndexedOp",
    "LinalgExt",
    "ScanOp",
    "ScatterOp",
    "YieldOp",
]
