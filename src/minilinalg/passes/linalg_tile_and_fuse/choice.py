"""Which tile sizes to try: from the whole program down, the class first that makes the most room at the least cost.

How many bytes are needed is estimated from the tensors that live together in the order of the text. It only guides:
whether tiles fit is decided by the plan of the buffers (capacity.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.dimension_classes import DimensionClasses
from minilinalg.analysis.liveness import Interval
from minilinalg.analysis.order import LOOPS, Order
from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.simd import element_bytes
from minilinalg.dialects.upstream import bufferization, func, linalg, tensor
from minilinalg.targets import Target

_TAKE_NO_ROOM = (
    tensor.EmptyOp,
    tensor.ExtractSliceOp,
    linalg.FillOp,
    bufferization.MaterializeInDestinationOp,
)
"""Operations whose results are parts of others, or nothing yet; what is collected is in the caller's memory."""
_SHARES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.0)
"""Parts of the memory that the estimate may take, one after the other: it leaves out what an operation needs itself."""


def candidates(function: func.FuncOp, classes: DimensionClasses, target: Target) -> Iterator[dict[int, int]]:
    """Tile sizes by class, of those classes that are cut, smaller and smaller."""
    model = _Model(function, classes, target)
    sizes = dict(classes.extents())
    reduced = classes.reduced(function)
    last: dict[int, int] = {}
    for share in _SHARES:
        room = int(share * target.vector_space.usable)
        while (smaller := _shrunk(model, classes, reduced, sizes, room)) is not None:
            sizes = smaller
        cut = {cls: size for cls, size in sizes.items() if size < classes.extent(cls)}
        if cut and cut != last:
            yield cut
            last = cut


def _shrunk(
    model: _Model, classes: DimensionClasses, reduced: frozenset[int], sizes: Mapping[int, int], room: int
) -> dict[int, int] | None:
    """With one class cut to about half: rather not one that is reduced along, and the largest. None: all fits."""
    before = model.excess(sizes, room)
    best: tuple[tuple[bool, int], dict[int, int]] | None = None
    for cls, size in sizes.items():
        if size == 1:
            continue
        smaller = {**sizes, cls: halved(size, classes.extent(cls))}
        worth = (cls not in reduced, size)
        if (best is None or worth > best[0]) and model.excess(smaller, room) < before:
            best = (worth, smaller)
    return None if best is None else best[1]


def halved(size: int, extent: int) -> int:
    """A size of about half, which divides the extent if one between a half and a quarter does."""
    half = (size + 1) // 2
    return next((s for s in range(half, size // 4, -1) if extent % s == 0), half)


class _Model:
    """The bytes of the tensors of a function that live together, by the sizes of its classes."""

    def __init__(self, function: func.FuncOp, classes: DimensionClasses, target: Target):
        self.target = target
        order = Order(function)
        self.values = [
            (_interval(value, order), classes.of(value), cast("TensorType[Attribute]", value.type))
            for op in function.body.walk()
            if not isinstance(op, _TAKE_NO_ROOM) and op.name not in LOOPS
            for value in op.results
            if is_tensor(value) and DYNAMIC_INDEX not in cast("TensorType[Attribute]", value.type).get_shape()
        ]
        self.values += [
            (
                Interval(order.enter[use.operation], order.leave[use.operation]),
                classes.of(arg),
                cast("TensorType[Attribute]", arg.type),
            )
            for arg in function.body.block.args
            if is_tensor(arg)
            for use in arg.uses
        ]
        self.times = sorted({interval.start for interval, _, _ in self.values})

    def excess(self, sizes: Mapping[int, int], room: int) -> int:
        """How many bytes more than `room` live at the same time, summed over all times at which something is made."""
        known = [(interval, self.size_of(classes, type, sizes)) for interval, classes, type in self.values]
        return sum(max(sum(size for live, size in known if time in live) - room, 0) for time in self.times)

    def size_of(self, classes: tuple[int | None, ...], type: TensorType[Attribute], sizes: Mapping[int, int]) -> int:
        shape = [n if cls is None else sizes.get(cls, n) for n, cls in zip(type.get_shape(), classes, strict=True)]
        width = element_bytes(type.element_type)
        return self.target.vector.padded(prod(shape), width) * width


def _interval(value: SSAValue, order: Order) -> Interval:
    """From where a value is made to its last use, all of a loop that uses it from outside."""
    made = cast("Operation", value.owner)
    last = order.leave[made]
    for use in value.uses:
        at: Operation = use.operation
        while at.parent is not made.parent:
            at = cast("Operation", at.parent_op())
        last = max(last, order.leave[at] if at.name in LOOPS else order.enter[at])
    return Interval(order.enter[made], last)
