"""Histograms: for each bin, the elements that belong to it are marked with a 1, and the marks are added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerAttr, IntegerType, i1
from xdsl.ir import Block, Region, SSAValue

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.linalg_ext import HistogramOp
from minilinalg.dialects.upstream import arith, linalg, tensor
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Tensors, Writer, element_of, shape_of


def histogram(op: HistogramOp, w: Writer) -> Sequence[SSAValue] | str:
    """The bins, or the reason why the operation stays."""
    if not all(is_tensor(value) and DYNAMIC_INDEX not in shape_of(value) for value in op.operands):
        return "its sizes are known only when the program runs"
    values, counts = element_of(op.source), cast("IntegerType", element_of(op.outputs[0]))
    zero = w.number(IntegerAttr(0, counts))

    def step(i: SSAValue, carried: Tensors) -> list[SSAValue]:
        bin = i if isinstance(values, IndexType) else w.insert(arith.IndexCastOp(i, values)).result
        marks = w.elementwise(op.inputs, op.outputs, _mark(op, bin))[0]
        start = w.insert(linalg.FillOp([zero], [w.empty(marks, ())], [w.empty(marks, ()).type])).results[0]
        count = w.insert(tensor.ExtractOp(_sum(w, marks, start), [], counts)).result
        before = w.insert(tensor.ExtractOp(carried[0], [i], counts)).result
        after = w.insert(arith.AddiOp(before, count)).result
        return [w.insert(tensor.InsertOp(after, carried[0], [i])).result]

    return w.loop(shape_of(op.outputs[0])[0], [op.outputs[0]], step)


def _mark(op: HistogramOp, bin: SSAValue) -> Block:
    """Whether an element belongs to a bin, as a number."""
    counts = cast("IntegerType", element_of(op.outputs[0]))
    body = Block(arg_types=[element_of(value) for value in op.inputs])
    belongs = arith.CmpiOp(body.args[0], bin, "eq")
    body.add_op(belongs)
    is_one = belongs.result
    if op.mask is not None:
        # An element that does not count may be undefined, and so is the comparison then.
        no = arith.ConstantOp(IntegerAttr(0, i1))
        counts_too = arith.SelectOp(body.args[1], is_one, no.result)
        body.add_ops([no, counts_too])
        is_one = counts_too.result
    mark = arith.ExtUIOp(is_one, counts)
    assert is_one.type == i1
    body.add_ops([mark, linalg.YieldOp(mark.result)])
    return body


def _sum(w: Writer, marks: SSAValue, start: SSAValue) -> SSAValue:
    element = element_of(marks)
    body = Block(arg_types=[element, element])
    total = arith.AddiOp(body.args[1], body.args[0])
    body.add_ops([total, linalg.YieldOp(total.result)])
    dims = list(range(len(shape_of(marks))))
    return w.insert(linalg.ReduceOp([marks], [start], dims, Region(body))).results[0]
