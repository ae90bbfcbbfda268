"""Square brackets on tensors: NumPy's basic indexing as `tensor.extract_slice` and `tensor.insert_slice`.

Positions may be index values of the program. Numbers are checked against the sizes that are known, negative ones count
from the end, and slices are cut to the tensor as NumPy does; values, and sizes that are known only when the program
runs, are taken to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerAttr, TensorType
from xdsl.ir import SSAValue

from minilinalg.builder import shaping
from minilinalg.builder.elements import (
    AnyTensor,
    ElementType,
    element_of,
    is_tensor,
    tensor_type,
    type_name,
)
from minilinalg.builder.insertion import Insertion
from minilinalg.builder.syntax import counted
from minilinalg.dialects.upstream import arith, tensor
from minilinalg.dialects.upstream.constraints import may_agree
from minilinalg.errors import CommandError, InputError

Position: TypeAlias = int | SSAValue


@dataclass(frozen=True)
class Slice:
    """What is taken of one dimension."""

    offset: Position
    size: Position
    stride: int = 1
    dropped: bool = False
    """Whether a single position was asked for, so that the result lacks the dimension."""


def extract(at: Insertion, value: SSAValue, key: Sequence[Any]) -> SSAValue:
    """`value[key]`; a key is a tuple of integers, index values, slices, None and at most one `...`."""
    parts = _complete(key, tensor_type(value).get_num_dims())
    asked = [p for p in parts if p is not None]
    if any(p != slice(None) for p in asked):
        slices = _slices(at, value, asked)
        dropped = [axis for axis, s in enumerate(slices) if s.dropped]
        value = at.slice(
            value, [s.offset for s in slices], [s.size for s in slices], [s.stride for s in slices], dropped
        )
    kept: list[Any] = [p for p in parts if p is None or isinstance(p, slice)]
    return shaping.expand_dims(at, value, [position for position, p in enumerate(kept) if p is None])


def insert(at: Insertion, base: SSAValue, key: Sequence[Any], value: SSAValue | int | float) -> SSAValue:
    """`base` with `value` at `key`; a number or scalar fills the positions, a tensor has their shape."""
    element = element_of(base)
    parts = _complete(key, tensor_type(base).get_num_dims())
    if None in parts:
        raise InputError("None has no place in positions that are set", rule="None makes a dimension when reading")
    slices = _slices(at, base, parts)
    sizes = [s.size for s in slices if not s.dropped]
    if isinstance(value, SSAValue) and is_tensor(value):
        value = shaping.cast_elements(at, value, element)
        given, wanted = tensor_type(value), _type_of(sizes, element)
        if not may_agree(given.get_shape(), wanted.get_shape()):
            raise InputError(
                f"a tensor {type_name(given)} is set at positions of the shape {type_name(wanted)}",
                rule="the tensor that is set has the shape of its positions",
            )
    else:
        value = at.filled(at.arithmetic.value(value, element), sizes, element)
    offsets, sizes, strides = [s.offset for s in slices], [s.size for s in slices], [s.stride for s in slices]
    return at.insert(tensor.InsertSliceOp(value, base, offsets, sizes, strides)).results[0]


def _static(positions: Sequence[Position]) -> list[int]:
    return [p if isinstance(p, int) else DYNAMIC_INDEX for p in positions]


def _type_of(sizes: Sequence[Position], element: ElementType) -> AnyTensor:
    return TensorType(element, _static(sizes))


def _complete(key: Sequence[Any], rank: int) -> list[Any]:
    """The key with a whole slice for every dimension that it does not name."""
    named = sum(1 for part in key if part is not None and part is not ...)
    dots = [i for i, part in enumerate(key) if part is ...]
    if named > rank or len(dots) > 1:
        given = f"a tensor with {counted(rank, 'dimension')} is given {counted(named, 'position')}"
        raise InputError(
            "'...' is given twice" if len(dots) > 1 else given,
            rule="one position for each dimension at most, and one '...' at most",
        )
    at = dots[0] if dots else len(key)
    return [*key[:at], *[slice(None)] * (rank - named), *key[at + 1 :]]


def _slices(at: Insertion, value: SSAValue, parts: Sequence[Any]) -> list[Slice]:
    result: list[Slice] = []
    for axis, part in enumerate(parts):
        size = tensor_type(value).get_shape()[axis]
        known = None if size == DYNAMIC_INDEX else size
        if part == slice(None):
            result.append(Slice(0, at.dim(value, axis)))
        elif isinstance(part, slice):
            result.append(_range(at, value, axis, known, cast(Any, part)))
        else:
            result.append(Slice(_position(at, value, axis, known, part), 1, dropped=True))
    return result


def _position(at: Insertion, value: SSAValue, axis: int, size: int | None, part: Any) -> Position:
    if isinstance(part, SSAValue):
        return at.position(cast(SSAValue, part))
    if not isinstance(part, int) or isinstance(part, bool):
        raise CommandError(
            f"{part!r} is no position",
            rule="a position is an integer, an index value, a slice, None or '...'",
            hint="a comprehension gathers: C[i, j] = A[Rows[i], j]",
        )
    if size is not None and not -size <= part < size:
        raise InputError(
            f"position {part} is outside of dimension {axis}, which has size {size}",
            rule="a position is in its dimension",
        )
    return _from_end(at, value, axis, part)


def _from_end(at: Insertion, value: SSAValue, axis: int, position: int) -> Position:
    """A number that may count from the end of the dimension."""
    if position >= 0:
        return position
    return cast(Position, at.arithmetic.binary("+", at.dim(value, axis), position))


def _range(at: Insertion, value: SSAValue, axis: int, size: int | None, part: Any) -> Slice:
    start, stop, step = part.start, part.stop, part.step
    if step is None:
        step = 1
    if not isinstance(step, int) or step < 1:
        raise InputError("the step of a slice is not a positive number", rule="a step is a number from one on")
    if size is not None and not isinstance(start, SSAValue) and not isinstance(stop, SSAValue):
        positions = range(*slice(start, stop, step).indices(size))
        return Slice(positions.start, len(positions), step)
    first = _bound(at, value, axis, 0 if start is None else start)
    last = at.dim(value, axis) if stop is None else _bound(at, value, axis, stop)
    length = _distance(at, first, last)
    if step > 1:
        rounded = at.arithmetic.binary("+", length, step - 1)
        length = cast(Position, at.arithmetic.binary("//", rounded, step))
    return Slice(first, length, step)


def _bound(at: Insertion, value: SSAValue, axis: int, bound: Any) -> Position:
    return at.position(cast(SSAValue, bound)) if isinstance(bound, SSAValue) else _from_end(at, value, axis, bound)


def _distance(at: Insertion, first: Position, last: Position) -> Position:
    """`last - first`, a number in `x[i:i + 16]` too, so that the slice has a known size."""
    if first == 0:
        return last
    if isinstance(last, SSAValue) and isinstance(op := _uncast(last).owner, arith.AddiOp):
        for start, constant in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
            if isinstance(first, SSAValue) and start is _uncast(first) and isinstance(constant.owner, arith.ConstantOp):
                return cast("IntegerAttr[IndexType]", constant.owner.value).value.data
    return cast(Position, at.arithmetic.binary("-", last, first))


def _uncast(value: SSAValue) -> SSAValue:
    return value.owner.input if isinstance(value.owner, arith.IndexCastOp) else value
