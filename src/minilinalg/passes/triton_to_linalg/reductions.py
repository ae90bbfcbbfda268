"""Reductions, scans, histograms and products of matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, Float32Type, IntegerAttr, IntegerType, TensorType, UnitAttr, i64
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.reduction import neutral_element
from minilinalg.dialects import linalg_ext, tt
from minilinalg.dialects.linalg_ext import ASSOCIATIVE
from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, element_of
from minilinalg.passes.triton_to_linalg.elementwise import rounded_to_tf32
from minilinalg.passes.triton_to_linalg.generic import empty, filled
from minilinalg.passes.triton_to_linalg.shapes import extract_slice, reshaped, scalar_constant, shape_of


def reduce(c: Conversion, op: tt.ReduceOp) -> None:
    """Into a tensor filled with the neutral value of the combiner; without one, into the first slice along the axis."""
    axis = op.axis.value.data
    inputs = [c.value(src) for src in op.srcs]
    shape = shape_of(inputs[0])
    kept = (*shape[:axis], *shape[axis + 1 :])
    types = [TensorType(element_of(value.type), kept) for value in inputs]
    combiner = _combiner(op.combine_op.block)
    neutral = None if combiner is None else neutral_element(combiner.name, types[0].element_type)
    if neutral is not None:
        inits = [filled(c, scalar_constant(c, neutral), types[0])]
    else:
        first = [1 if d == axis else size for d, size in enumerate(shape)]
        rest = [size - 1 if d == axis else size for d, size in enumerate(shape)]
        second = [1 if d == axis else 0 for d in range(len(shape))]
        inits = [reshaped(c, extract_slice(c, value, [0] * len(shape), first), kept) for value in inputs]
        inputs = [extract_slice(c, value, second, rest) for value in inputs] if shape[axis] > 1 else []
    results = _reduced(c, op, inputs, inits, axis) if inputs else inits
    for old, new in zip(op.result, results, strict=True):
        if kept or isinstance(old.type, TensorType):
            c.bind(old, new)
        else:
            c.bind(old, c.insert(tensor.ExtractOp(new, [], old.type)).result)


def _combiner(block: Block) -> Operation | None:
    """The one operation on its two arguments that a combining block consists of; None when it is more than that."""
    *computed, last = block.ops
    if len(computed) != 1 or len(block.args) != 2 or len(computed[0].operands) != 2:
        return None
    combines = {*computed[0].operands} == {*block.args} and [*last.operands] == [*computed[0].results]
    return computed[0] if combines else None


def _reduced(
    c: Conversion, op: tt.ReduceOp, inputs: list[SSAValue], inits: list[SSAValue], axis: int
) -> list[SSAValue]:
    """The combiner's left side is what was combined so far, its right side the next element."""
    combiner = op.combine_op.block
    elements = [element_of(value.type) for value in inputs]
    block = Block(arg_types=[*elements, *elements])
    count = len(inputs)
    _combining(c, combiner, block, [*block.args[count:], *block.args[:count]], linalg.YieldOp)
    dimensions = DenseArrayBase.from_list(i64, [axis])
    reduction = linalg.ReduceOp.create(
        operands=[*inputs, *inits],
        result_types=[init.type for init in inits],
        properties={"dimensions": dimensions},
        attributes={} if _combiner(combiner) is not None else {ASSOCIATIVE: UnitAttr()},
        regions=[Region(block)],
    )
    return list(c.insert(reduction).results)


def _combining(
    c: Conversion, combiner: Block, block: Block, arguments: Sequence[SSAValue], end: type[Operation]
) -> None:
    """Writes into `block` what a combiner computes of its left sides, then its right sides: `arguments`."""
    for old, new in zip(combiner.args, arguments, strict=True):
        c.bind(old, new)
    with c.inside(block):
        c.convert_block(combiner)
        last = combiner.last_op
        assert last is not None
        c.insert(end.create(operands=[c.value(operand) for operand in last.operands]))


def scan(c: Conversion, op: tt.ScanOp) -> None:
    """The earlier elements are on the left in both."""
    inputs = [c.value(src) for src in op.srcs]
    elements = [element_of(value.type) for value in inputs]
    block = Block(arg_types=[*elements, *elements])
    _combining(c, op.combine_op.block, block, block.args, linalg_ext.YieldOp)
    inits = [empty(c, value.type) for value in inputs]
    new = linalg_ext.ScanOp(inputs, inits, op.axis.value.data, Region(block), reverse=bool(op.reverse.value.data))
    for old, result in zip(op.result, c.insert(new).results, strict=True):
        c.bind(old, result)


def histogram(c: Conversion, op: tt.HistogramOp) -> None:
    """Added to bins of zeros."""
    zero = IntegerAttr(0, cast("IntegerType", element_of(op.result.type)))
    bins = filled(c, scalar_constant(c, zero), op.result.type)
    mask = None if op.mask is None else c.value(op.mask)
    c.bind(op.result, c.insert(linalg_ext.HistogramOp(c.value(op.src), bins, mask)).results[0])


def dot(c: Conversion, op: tt.DotOp) -> None:
    """Products of the operands, added to the accumulator in the type of that."""
    a, b, acc = (c.value(operand) for operand in (op.a, op.b, op.c))
    if isinstance(element_of(a.type), Float32Type) and op.precision is InputPrecision.TF32:
        a, b = rounded_to_tf32(c, a), rounded_to_tf32(c, b)
    c.bind(op.d, product(c, a, b, acc))


def product(c: Conversion, a: SSAValue, b: SSAValue, acc: SSAValue) -> SSAValue:
    """The product of two matrices, or of each pair of a batch, added to `acc`."""
    kind = linalg.MatmulOp if len(shape_of(a)) == 2 else linalg.BatchMatmulOp
    return c.insert(kind([a, b], [acc], [acc.type])).results[0]


HANDLERS: Mapping[str, Handler] = {"tt.dot": dot, "tt.histogram": histogram, "tt.reduce": reduce, "tt.scan": scan}
