"""Products of matrices: one of a batch after the other, and those that the matrix unit does not compute.

A batch of one element has its product without a loop. Elements of a size that the unit does not multiply, or any where
there is none, are multiplied by the vector unit, a column of the left matrix with a row of the right one:

    c[m, n] += a[m, k] * b[k, n]   for k after k
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX, AffineMapAttr, AnyFloat, FixedBitwidthType
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import arith, linalg
from minilinalg.dialects.upstream.linalg import PARALLEL
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Tensors, Writer, element_of, shape_of


def batch_matmul(op: linalg.BatchMatmulOp, w: Writer) -> Sequence[SSAValue] | str:
    """The result, or the reason why the operation stays."""
    if (why := _stays(op)) is not None:
        return why
    if (alone := not has_instruction(op.inputs[0], w)) and "cast" in op.properties:
        return "its elements are widened without a sign"

    def step(i: SSAValue, carried: Tensors) -> list[SSAValue]:
        left, right, before = (w.row(value, i) for value in (*op.inputs, carried[0]))
        if alone:
            return [w.with_row(_by_columns(left, right, before, w), carried[0], i)]
        product = linalg.MatmulOp([left, right], [before])
        product.properties.update({name: op.properties[name] for name in ("cast",) if name in op.properties})
        return [w.with_row(w.insert(product).results[0], carried[0], i)]

    return w.loop(shape_of(op.outputs[0])[0], op.outputs, step)


def matmul(op: linalg.MatmulOp, w: Writer) -> Sequence[SSAValue] | str | None:
    """The result, the reason why the operation stays, or None where the matrix unit computes it."""
    if has_instruction(op.inputs[0], w):
        return None
    if (why := _stays(op)) is not None:
        return why
    if "cast" in op.properties:
        return "its elements are widened without a sign"
    left, right = op.inputs
    return [_by_columns(left, right, op.outputs[0], w)]


def _stays(op: linalg.MatmulOp | linalg.BatchMatmulOp) -> str | None:
    if not all(is_tensor(value) and DYNAMIC_INDEX not in shape_of(value) for value in op.operands):
        return "its sizes are known only when the program runs"
    if op.get_indexing_maps() != type(op).MAPS:
        return "an operand of it is transposed or broadcast"
    return None


def has_instruction(operand: SSAValue, w: Writer) -> bool:
    """Whether the machine's matrix unit takes the elements of an operand; without a machine, one that takes all."""
    if w.target is None:
        return True
    unit, element = w.target.matrix, element_of(operand)
    return unit is not None and isinstance(element, FixedBitwidthType) and unit.multiplies(element.size)


def _by_columns(left: SSAValue, right: SSAValue, before: SSAValue, w: Writer) -> SSAValue:
    columns = w.transposed(left, [1, 0])
    is_float = isinstance(element_of(before), AnyFloat)

    def step(k: SSAValue, carried: Tensors) -> list[SSAValue]:
        column, row = w.row(columns, k), w.row(right, k)
        body = Block(arg_types=[element_of(value) for value in (column, row, before)])
        left_element, right_element = (_widened(arg, element_of(before), body) for arg in body.args[:2])
        mul, add = (arith.MulfOp, arith.AddfOp) if is_float else (arith.MuliOp, arith.AddiOp)
        product = mul(left_element, right_element)
        total = add(body.args[2], product.results[0])
        body.add_ops((product, total, linalg.YieldOp(total.results[0])))
        m, n = AffineExpr.dimension(0), AffineExpr.dimension(1)
        maps = [AffineMapAttr(AffineMap(2, 0, results)) for results in ((m,), (n,), (m, n))]
        generic = linalg.GenericOp([column, row], carried, Region(body), maps, [PARALLEL] * 2, [before.type])
        return [w.insert(generic).results[0]]

    return w.loop(shape_of(right)[0], [before], step)[0]


def _widened(value: SSAValue, type: Attribute, body: Block) -> SSAValue:
    if value.type == type:
        return value
    wider = arith.ExtFOp(value, type) if isinstance(type, AnyFloat) else arith.ExtSIOp(value, type)
    body.add_op(wider)
    return wider.results[0]
