"""linalg_ext.gather and scatter, row by row, from their reference pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, defined, meaning
from .errors import SlowError
from .linalg import Operand, operands_of, results_of
from .reading import integer
from .scalars import Int, Scalar
from .values import Index, MemRef, indices, size_of


class _Array:
    """What is indexed along `dim`. Of memory the extent there says nothing: to leave the memory is the error."""

    def __init__(self, machine: Machine, operand: Operand, dim: int):
        self.machine, self.operand, self.dim = machine, operand, dim

    def address(self, view: MemRef, index: Index) -> int:
        distance = view.offset + sum(i * stride for i, stride in zip(index, view.strides, strict=True))
        return view.base + distance * size_of(view.dtype)

    def load(self, index: Index) -> Scalar:
        view = self.operand.value
        if isinstance(view, MemRef):
            return self.machine.memory.load(self.address(view, index), view.dtype)
        return self.operand[index]

    def store(self, index: Index, element: Scalar) -> None:
        view = self.operand.value
        if isinstance(view, MemRef):
            self.machine.memory.store(self.address(view, index), view.dtype, element)
        else:
            self.operand[index] = element


def _elements(block: Operand, lists: Sequence[Operand], dim: int) -> Iterator[tuple[Index, Index]]:
    """Every element of the block that is touched, in row-major order of the indices, and where it is in the array."""
    index, *masks = lists
    assert isinstance(index.dtype, Int)
    rank = len(index.shape)
    before, after = block.shape[:dim], block.shape[dim + rank :]
    if block.shape[dim : dim + rank] != index.shape:
        raise SlowError(f"a block of shape {block.shape} for indices of shape {index.shape} along dimension {dim}")
    for at in indices(index.shape):
        if masks and not defined(masks[0][at], "a mask"):
            continue
        row = index.dtype.signed(defined(index[at], "an index"))
        for outer in indices(before):
            for inner in indices(after):
                yield (*outer, *at, *inner), (*outer, row, *inner)


@meaning("linalg_ext.gather")
def _gather(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (source, *lists), (block,) = operands_of(machine, op, values)
    array = _Array(machine, source, integer(op, "dim"))
    for place, origin in _elements(block, lists, array.dim):
        block[place] = array.load(origin)
    return results_of([block])


@meaning("linalg_ext.scatter")
def _scatter(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (block, *lists), (target,) = operands_of(machine, op, values)
    array = _Array(machine, target, integer(op, "dim"))
    for origin, place in _elements(block, lists, array.dim):
        array.store(place, block[origin])
    return results_of([target])
