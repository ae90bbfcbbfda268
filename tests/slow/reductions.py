"""Operations of the tt dialect that mix the elements of a tensor: reductions, scans, histograms, gathers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, defined, meaning
from .errors import SlowError
from .reading import dtype, flag, integer, shape_of
from .scalars import Int, Scalar, Undefined
from .values import Index, Tensor, indices


def _lines(shape: Index, axis: int) -> list[list[Index]]:
    """For each index without `axis`, in row-major order: the indices along it."""
    rest = [*shape[:axis], *shape[axis + 1 :]]
    return [[(*index[:axis], i, *index[axis:]) for i in range(shape[axis])] for index in indices(rest)]


def _gathered(operands: Sequence[Tensor], index: Index) -> list[Scalar]:
    row = [operand[index] for operand in operands]
    if any(isinstance(element, Undefined) for element in row):
        raise SlowError(f"element {index} of a reduction or scan is undefined")
    return row


@meaning("tt.reduce")
def _reduce(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """A left fold: the combiner is given what was accumulated and then the next elements."""
    axis, shape = integer(op, "axis"), operands[0].shape
    columns: list[list[Scalar]] = [[] for _ in operands]
    for line in _lines(shape, axis):
        accumulated: Sequence[Scalar] = _gathered(operands, line[0])
        for index in line[1:]:
            accumulated = machine.combine(op.regions[0], [*accumulated, *_gathered(operands, index)])
        for column, element in zip(columns, accumulated, strict=True):
            column.append(element)
    if len(shape) == 1:
        return [column[0] for column in columns]
    return [Tensor((*shape[:axis], *shape[axis + 1 :]), column) for column in columns]


@meaning("tt.scan")
def _scan(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """An inclusive scan; `reverse` begins at the far end of the axis."""
    axis, shape = integer(op, "axis"), operands[0].shape
    results: list[dict[Index, Scalar]] = [{} for _ in operands]
    for line in _lines(shape, axis):
        if flag(op, "reverse"):
            line.reverse()
        accumulated: Sequence[Scalar] = ()
        for index in line:
            row = _gathered(operands, index)
            accumulated = machine.combine(op.regions[0], [*accumulated, *row]) if accumulated else row
            for result, element in zip(results, accumulated, strict=True):
                result[index] = element
    return [Tensor.generate(shape, result.__getitem__) for result in results]


@meaning("tt.gather")
def _gather(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source, chosen), axis = operands, integer(op, "axis")
    t = dtype(op.operands[1])
    assert isinstance(t, Int)

    def element(index: Index) -> Scalar:
        i = t.signed(defined(chosen[index], "an index"))
        return source[(*index[:axis], i, *index[axis + 1 :])]

    return (Tensor.generate(chosen.shape, element),)


@meaning("tt.histogram")
def _histogram(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, mask = operands[0], operands[1] if len(operands) > 1 else None
    t, counted = dtype(op.operands[0]), dtype(op.results[0])
    assert isinstance(t, Int) and isinstance(counted, Int)
    (size,) = shape_of(op.results[0].type) or ()
    bins = [0] * size
    for index in indices(source.shape):
        if mask is None or defined(mask[index], "a mask"):
            number = t.signed(defined(source[index], "an element of a histogram"))
            if not 0 <= number < len(bins):
                raise SlowError(f"element {number} of a histogram of {len(bins)} bins")
            bins[number] += 1
    return (Tensor((len(bins),), [counted.wrap(count) for count in bins]),)
