"""Python's operators on tensors: one parallel `linalg.generic` for each, with NumPy's broadcasting.

Shapes are aligned at their last dimension, and a dimension of size 1, or one that is missing, is repeated. A dimension
`?` is never repeated: it is taken to have the size of what it meets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import SSAValue

from minilinalg.builder.binding import Bound, Operands, Read
from minilinalg.builder.elements import ElementType, is_tensor, tensor_type, type_name
from minilinalg.builder.generic import make_generic
from minilinalg.builder.insertion import Insertion
from minilinalg.builder.ranges import Affine
from minilinalg.builder.sizes import Dim, Size
from minilinalg.builder.syntax import Access, Comprehension, Expression, Name, Number, Span
from minilinalg.errors import InputError

NOWHERE = Span(0, 0)
"""The span of syntax that no text stands behind."""


def elementwise(
    at: Insertion,
    operands: Sequence[SSAValue | int | float],
    expression: Callable[[list[Expression]], Expression],
    dtype: ElementType | None = None,
) -> SSAValue:
    """The tensor of `expression` on the elements of tensors (one at least), scalars and Python numbers."""
    names = {value: f"x{i}" for i, value in enumerate(dict.fromkeys(v for v in operands if isinstance(v, SSAValue)))}
    tensors = {name: value for value, name in names.items() if is_tensor(value)}
    shapes = {name: tensor_type(value).get_shape() for name, value in tensors.items()}
    extents = _broadcast(list(tensors.values()), shapes)
    loops = tuple(extents)
    reads = {name: _read(name, shape, extents) for name, shape in shapes.items()}
    nodes: list[Expression] = []
    for operand in operands:
        if not isinstance(operand, SSAValue):
            nodes.append(Number(operand, NOWHERE))
        elif names[operand] in tensors:
            nodes.append(Access(names[operand], (), NOWHERE))
        else:
            nodes.append(Name(names[operand], NOWHERE))
    indices = tuple(Name(loop, NOWHERE) for loop in loops)
    syntax = Comprehension("", Name("result", NOWHERE), indices, "=", NOWHERE, expression(nodes))
    bound = Bound(
        syntax,
        Operands(
            {name: _known(shape) for name, shape in shapes.items()}, frozenset(set(names.values()) - set(tensors))
        ),
        loops,
        parallel=len(loops),
        extents=extents,
        cut=frozenset(),
        lows={},
        reads=tuple(reads.values()),
        read_of={Access(name, (), NOWHERE): position for position, name in enumerate(reads)},
    )
    return make_generic(at, bound, {name: value for value, name in names.items()}, dtype)


def _known(shape: Sequence[int]) -> tuple[int | None, ...]:
    return tuple(None if size == DYNAMIC_INDEX else size for size in shape)


def _broadcast(values: Sequence[SSAValue], shapes: dict[str, tuple[int, ...]]) -> dict[str, Size]:
    """The extent of each loop `d0`, `d1` ... of the broadcast shape."""
    rank = max(len(shape) for shape in shapes.values())
    extents: dict[str, Size] = {}
    for loop in range(rank):
        found: Size = 1
        for name, shape in shapes.items():
            axis = loop - (rank - len(shape))
            if axis < 0 or shape[axis] == 1:
                continue
            size: Size = Dim(name, axis) if shape[axis] == DYNAMIC_INDEX else shape[axis]
            if isinstance(size, int) and isinstance(found, int) and found not in (1, size):
                raise InputError(
                    f"shapes do not broadcast: {' and '.join(type_name(v.type) for v in values)}",
                    rule="dimensions are aligned from the last one on; two of them are equal, or one of them is 1",
                    hint="x[:, None] gives a tensor a dimension of size 1",
                )
            if found == 1 or isinstance(size, int):
                found = size
        extents[f"d{loop}"] = found
    return extents


def _read(name: str, shape: tuple[int, ...], extents: dict[str, Size]) -> Read:
    loops = list(extents)[len(extents) - len(shape) :]
    return Read(
        name,
        tuple(
            Affine((), 0) if size == 1 and extents[loop] != 1 else Affine.index(loop)
            for loop, size in zip(loops, shape, strict=True)
        ),
    )
