"""Tensor descriptors of the tt dialect: blocks of a tensor in memory, cut off at its borders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, defined, meaning, signed
from .pointers import update
from .reading import dtype, keyword, pointee
from .scalars import NAN, Float, Int, Scalar, encode
from .values import Descriptor, Index, Tensor, indices, size_of

PADDINGS = ("", "zero", "nan")


def block_of(type: Any) -> Index:
    """The shape of the blocks that a descriptor type describes."""
    return tuple(size.data for size in type.shape)


@meaning("tt.make_tensor_descriptor")
def _make(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    base, *rest = operands
    rank = len(rest) // 2
    shape = tuple(signed(size, "the shape of a descriptor", Int(32)) for size in rest[:rank])
    strides = tuple(signed(stride, "the strides of a descriptor") for stride in rest[rank:])
    element, block = pointee(op.operands[0].type), block_of(op.results[0].type)
    return (
        Descriptor(
            defined(base, "an address"), element, shape, strides, block, keyword(op, "padding", PADDINGS, "zero")
        ),
    )


def _place(descriptor: Descriptor, index: Sequence[int]) -> int | None:
    """The address of an element, or None outside of the tensor."""
    if not all(0 <= i < size for i, size in zip(index, descriptor.shape, strict=True)):
        return None
    distance = sum(i * stride for i, stride in zip(index, descriptor.strides, strict=True))
    return descriptor.base + distance * size_of(descriptor.dtype)


def _load(machine: Machine, descriptor: Descriptor, shape: Index, at: Callable[[Index], Sequence[int]]) -> Tensor:
    t = descriptor.dtype
    padding = encode(t, NAN) if descriptor.padding == "nan" and isinstance(t, Float) else 0

    def element(index: Index) -> Scalar:
        address = _place(descriptor, at(index))
        return padding if address is None else machine.memory.load(address, t)

    return Tensor.generate(shape, element)


def _store(
    machine: Machine, descriptor: Descriptor, block: Tensor, at: Callable[[Index], Sequence[int]], kind: str = ""
) -> None:
    t = descriptor.dtype
    for index in indices(block.shape):
        address, element = _place(descriptor, at(index)), block[index]
        if address is not None:
            if kind:
                element = update(
                    kind, t, defined(machine.memory.load(address, t), "memory"), defined(element, "an element")
                )
            machine.memory.store(address, t, element)


def _block_at(descriptor: Descriptor, origin: Sequence[Scalar], rank: int) -> Callable[[Index], Sequence[int]]:
    """Where an element of a block lies. A block of lower rank than the descriptor has lost leading unit sizes."""
    start = [signed(i, "the place of a block", Int(32)) for i in origin]
    lead = (0,) * (len(start) - rank)
    return lambda index: [s + i for s, i in zip(start, (*lead, *index), strict=True)]


@meaning("tt.descriptor_load")
def _descriptor_load(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    descriptor, *origin = operands
    shape = tuple(size.data for size in op.results[0].type.shape)  # pyright: ignore
    return (_load(machine, descriptor, shape, _block_at(descriptor, origin, len(shape))),)


@meaning("tt.descriptor_store")
def _descriptor_store(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    descriptor, block, *origin = operands
    _store(machine, descriptor, block, _block_at(descriptor, origin, len(block.shape)))
    return ()


KINDS = ("", "add", "min", "max", "inc", "dec", "and", "or", "xor")


@meaning("tt.descriptor_reduce")
def _descriptor_reduce(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    descriptor, block, *origin = operands
    kind = keyword(op, "kind", KINDS)
    _store(machine, descriptor, block, _block_at(descriptor, origin, len(block.shape)), kind)
    return ()


def _rows(rows: Tensor, t: Int, column: Scalar) -> Callable[[Index], Sequence[int]]:
    start = signed(column, "the place of a block", Int(32))
    return lambda index: [t.signed(defined(rows[index[:1]], "a row")), start + index[1]]


@meaning("tt.descriptor_gather")
def _descriptor_gather(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    descriptor, rows, column = operands
    t = dtype(op.operands[1])
    assert isinstance(t, Int)
    shape = tuple(size.data for size in op.results[0].type.shape)  # pyright: ignore
    return (_load(machine, descriptor, shape, _rows(rows, t, column)),)


@meaning("tt.descriptor_scatter")
def _descriptor_scatter(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    descriptor, rows, column, block = operands
    t = dtype(op.operands[1])
    assert isinstance(t, Int)
    _store(machine, descriptor, block, _rows(rows, t, column))
    return ()
