"""Scans: what is 1, 2, 4, ... elements apart is combined (Hillis and Steele, "Data parallel algorithms", 1986).

    x0  x1     x2     x3           distance 1
    x0  x0+x1  x1+x2  x2+x3        distance 2
    x0  x0+x1  x0+(x1+x2)  (x0+x1)+(x2+x3)

Each step is one elementwise operation on all elements but the first few, which stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.linalg_ext import ScanOp
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Writer, leading, shape_of, undone


def scan(op: ScanOp, w: Writer) -> Sequence[SSAValue] | str:
    """The results, or the reason why the operation stays."""
    if not all(is_tensor(value) and DYNAMIC_INDEX not in shape_of(value) for value in op.operands):
        return "its sizes are known only when the program runs"
    order = leading(len(shape_of(op.inputs[0])), op.scanned)
    parts = [w.transposed(value, order) for value in op.inputs]
    size, *rest = shape_of(parts[0])
    origin = [0] * len(rest)
    distance = 1
    while distance < size:
        low = [w.part(part, [0, *origin], [size - distance, *rest]) for part in parts]
        high = [w.part(part, [distance, *origin], [size - distance, *rest]) for part in parts]
        earlier, later, at = (low, high, distance) if op.reverse is None else (high, low, 0)
        combined = w.elementwise([*earlier, *later], parts, op.body.block)
        parts = [w.with_part(new, part, [at, *origin]) for new, part in zip(combined, parts, strict=True)]
        distance *= 2
    return [w.transposed(part, undone(order)) for part in parts]
