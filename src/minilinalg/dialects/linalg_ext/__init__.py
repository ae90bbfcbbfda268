"""The `linalg_ext` dialect: what Triton does to blocks and linalg has no operation for, in linalg's destination style.

An operation computes from `ins` into `outs`. On tensors the outputs give the initial elements and the results are new
tensors; on memrefs the outputs are written. None of them is a loop nest with a scalar body, so none has indexing maps.

| file | operations |
|---|---|
| `indexed.py` | `gather` and `scatter`: elements and rows at indices that are known at run time only |
"""

from __future__ import annotations

from xdsl.ir import Dialect

from minilinalg.dialects.linalg_ext.indexed import GatherOp, IndexedOp, ScatterOp

LinalgExt = Dialect("linalg_ext", [GatherOp, ScatterOp], [])

__all__ = ["GatherOp", "IndexedOp", "LinalgExt", "ScatterOp"]
