"""Reductions that no instruction computes.

Where the body combines two values of one kind, in any order (`ml.associative`: Triton promises that of its reductions),
halves are combined until one element is left, each step one elementwise operation:

    x0 x1 x2 x3 x4 x5 x6   ->   x0+x4 x1+x5 x2+x6 x3   ->   x0+x4+x2+x6 x1+x5+x3   ->   ...

Any other body takes one element after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Block, SSAValue

from minilinalg.analysis.reduction import combiner_of, neutral_element
from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.linalg_ext import ASSOCIATIVE
from minilinalg.dialects.simd import REDUCTION_BY_COMBINER
from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.dialects.upstream.assembly import static_values
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Tensors, Writer, element_of, leading, shape_of


def reduction(op: linalg.ReduceOp, w: Writer) -> Sequence[SSAValue] | str | None:
    """The results; None for what an instruction computes, and the reason for what stays."""
    combiner = combiner_of(op)
    known = combiner is not None and combiner.name in REDUCTION_BY_COMBINER
    if combiner is not None and known and neutral_element(combiner.name, element_of(op.inputs[0])) is not None:
        return None
    if not all(is_tensor(value) and DYNAMIC_INDEX not in shape_of(value) for value in op.operands):
        return "its sizes are known only when the program runs"
    dims = list(static_values(op.dimensions))
    if any(shape_of(op.inputs[0])[dim] == 0 for dim in dims):
        return list(op.outputs)
    return _by_halves(op, w, dims) if ASSOCIATIVE in op.attributes else _one_by_one(op, w, dims)


def _one_by_one(op: linalg.ReduceOp, w: Writer, dims: Sequence[int]) -> list[SSAValue]:
    """A loop over the elements along `dims`, which become one dimension, the first."""
    shape = shape_of(op.inputs[0])
    order = [*dims, *(dim for dim in range(len(shape)) if dim not in dims)]
    rows = [w.joined(w.transposed(value, order), len(dims)) for value in op.inputs]

    def step(i: SSAValue, carried: Tensors) -> list[SSAValue]:
        return w.elementwise([*(w.row(value, i) for value in rows), *carried], carried, op.body.block)

    return w.loop(shape_of(rows[0])[0], op.outputs, step)


def _by_halves(op: linalg.ReduceOp, w: Writer, dims: Sequence[int]) -> list[SSAValue]:
    sources = _all_but_the_first(op, dims)
    parts = list(op.inputs if sources is None else sources)
    for dim in reversed(dims):
        parts = [w.without_first(part) for part in _halved(w, parts, dim, op.body.block)]
    return parts if sources is not None else w.elementwise([*parts, *op.outputs], op.outputs, op.body.block)


def _halved(w: Writer, parts: Tensors, dim: int, body: Block) -> list[SSAValue]:
    """One element along `dim`, which becomes the first dimension: there, halves are single runs of memory."""
    order = leading(len(shape_of(parts[0])), dim)
    parts = [w.transposed(part, order) for part in parts]
    while (size := shape_of(parts[0])[0]) > 1:
        kept = 1 << ((size - 1).bit_length() - 1)
        rest = shape_of(parts[0])[1:]
        origin = [0] * len(rest)
        over = size - kept
        near = [w.part(part, [0, *origin], [over, *rest]) for part in parts]
        far = [w.part(part, [kept, *origin], [over, *rest]) for part in parts]
        combined = w.elementwise([*far, *near], parts, body)
        if over < kept:
            alone = [w.part(part, [over, *origin], [kept - over, *rest]) for part in parts]
            starts = [w.empty(part, [kept, *rest]) for part in parts]
            starts = [w.with_part(part, start, [0, *origin]) for part, start in zip(combined, starts, strict=True)]
            combined = [w.with_part(part, start, [over, *origin]) for part, start in zip(alone, starts, strict=True)]
        parts = combined
    return list(parts)


def _all_but_the_first(op: linalg.ReduceOp, dims: Sequence[int]) -> list[SSAValue] | None:
    """What `op` reduces from the first element on: a combiner without a neutral element starts from a slice of it."""
    sources: list[SSAValue] = []
    for given, init in zip(op.inputs, op.outputs, strict=True):
        rest, first = given.owner, init.owner
        while isinstance(first, tensor.CollapseShapeOp | tensor.ExpandShapeOp):
            first = first.src.owner
        if not (isinstance(rest, tensor.ExtractSliceOp) and isinstance(first, tensor.ExtractSliceOp)):
            return None
        if rest.source is not first.source or len(dims) != 1:
            return None
        (dim,) = dims
        shape = cast("TensorType", rest.source.type).get_shape()  # pyright: ignore[reportMissingTypeArgument]
        starts = [1 if d == dim else 0 for d in range(len(shape))]
        if list(static_values(rest.static_offsets)) != starts or any(static_values(first.static_offsets)):
            return None
        if list(static_values(first.static_sizes)) != [1 if d == dim else n for d, n in enumerate(shape)]:
            return None
        if shape_of(given) != tuple(n - 1 if d == dim else n for d, n in enumerate(shape)):
            return None
        if element_of(rest.source) != element_of(init):
            return None
        sources.append(rest.source)
    return sources
