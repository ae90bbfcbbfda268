"""Values of the slow interpreter beside scalars: tensors, views of memory, descriptors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from .errors import SlowError
from .scalars import DType, Scalar

Index = tuple[int, ...]


def indices(shape: Sequence[int]) -> Iterator[Index]:
    """Every index of a shape, the last dimension fastest."""
    return itertools.product(*(range(size) for size in shape))


def flat(shape: Sequence[int], index: Sequence[int]) -> int:
    """The row-major position of an index, which must lie inside the shape."""
    position = 0
    if len(shape) != len(index):
        raise SlowError(f"index {tuple(index)} into a value of shape {tuple(shape)}")
    for size, i in zip(shape, index, strict=True):
        if not 0 <= i < size:
            raise SlowError(f"index {tuple(index)} is outside of the shape {tuple(shape)}")
        position = position * size + i
    return position


@dataclass(frozen=True)
class Tensor:
    """A tensor value: elements in row-major order, each a pattern or UNDEFINED. Never written once it is made."""

    shape: Index
    elements: list[Scalar]

    def __post_init__(self) -> None:
        assert len(self.elements) == prod(self.shape)

    @staticmethod
    def generate(shape: Sequence[int], element: Callable[[Index], Scalar]) -> Tensor:
        if any(size < 0 for size in shape):
            raise SlowError(f"negative size in the shape {tuple(shape)}")
        return Tensor(tuple(shape), [element(index) for index in indices(shape)])

    @staticmethod
    def full(shape: Sequence[int], element: Scalar) -> Tensor:
        return Tensor.generate(shape, lambda index: element)

    def __getitem__(self, index: Sequence[int]) -> Scalar:
        return self.elements[flat(self.shape, index)]

    def with_element(self, index: Sequence[int], element: Scalar) -> Tensor:
        position = flat(self.shape, index)
        return Tensor(self.shape, [*self.elements[:position], element, *self.elements[position + 1 :]])

    def reshaped(self, shape: Sequence[int]) -> Tensor:
        if prod(shape) != len(self.elements):
            raise SlowError(f"{self.shape} has not as many elements as {tuple(shape)}")
        return Tensor(tuple(shape), self.elements)


@dataclass(frozen=True)
class MemRef:
    """A strided view of memory. `base` is an address in bytes; offset and strides count elements."""

    base: int
    dtype: DType
    offset: int
    sizes: Index
    strides: Index

    @property
    def shape(self) -> Index:
        return self.sizes

    def address(self, index: Sequence[int]) -> int:
        flat(self.sizes, index)
        distance = self.offset + sum(i * stride for i, stride in zip(index, self.strides, strict=True))
        return self.base + distance * size_of(self.dtype)


@dataclass(frozen=True)
class Descriptor:
    """tt.make_tensor_descriptor: a tensor in memory that is accessed by blocks. Strides count elements."""

    base: int
    dtype: DType
    shape: Index
    strides: Index
    block: Index
    padding: str


def size_of(dtype: DType) -> int:
    """The bytes that an element takes in memory; what is smaller than a byte takes one."""
    return (dtype.width + 7) // 8


def row_major(shape: Sequence[int]) -> Index:
    """The strides of a dense array, in elements."""
    return tuple(prod(shape[dimension + 1 :]) for dimension in range(len(shape)))


Value = Scalar | Tensor | MemRef | Descriptor


def elementwise(function: Callable[..., Any], *operands: Value) -> Any:
    """A function of scalars on scalars or, element by element, on tensors of one shape; scalars go with each element.

    A function that gives a tuple gives as many values.
    """
    shapes = {operand.shape for operand in operands if isinstance(operand, Tensor)}
    if not shapes:
        return function(*operands)
    if len(shapes) > 1:
        raise SlowError(f"shapes differ: {sorted(shapes)}")
    (shape,) = shapes
    count = prod(shape)
    columns = [operand.elements if isinstance(operand, Tensor) else [operand] * count for operand in operands]
    results = [function(*row) for row in zip(*columns, strict=True)]
    if results and isinstance(results[0], tuple):
        return tuple(Tensor(shape, list(column)) for column in zip(*results, strict=True))
    return Tensor(shape, results)
