"""Products of batches of matrices: one product of two matrices after the other.

A batch of one element has its product without a loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import linalg
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Tensors, Writer, shape_of


def batch_matmul(op: linalg.BatchMatmulOp, w: Writer) -> Sequence[SSAValue] | str:
    """The result, or the reason why the operation stays."""
    if not all(is_tensor(value) and DYNAMIC_INDEX not in shape_of(value) for value in op.operands):
        return "its sizes are known only when the program runs"
    if op.get_indexing_maps() != linalg.BatchMatmulOp.MAPS:
        return "an operand of it is transposed or broadcast"

    def step(i: SSAValue, carried: Tensors) -> list[SSAValue]:
        left, right, before = (w.row(value, i) for value in (*op.inputs, carried[0]))
        product = linalg.MatmulOp([left, right], [before])
        product.properties.update({name: op.properties[name] for name in ("cast",) if name in op.properties})
        return [w.with_row(w.insert(product).results[0], carried[0], i)]

    return w.loop(shape_of(op.outputs[0])[0], op.outputs, step)
