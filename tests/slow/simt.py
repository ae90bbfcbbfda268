"""The simt dialect and what of vector it needs, one thread at a time (the dialect's documentation, and the PTX ISA)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, defined, meaning, signed
from .errors import SlowError
from .reading import attribute, dtype, integers, keyword, name_of, shape_of
from .scalars import UNDEFINED, Int, Undefined
from .tt import AXES
from .values import Tensor, size_of

LANES = 32


@meaning("simt.thread_id")
def _thread_id(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor((1,), [machine.thread]),)


@meaning("simt.block_id", "simt.num_blocks")
def _block(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    axis = AXES.index(keyword(op, "axis", AXES))
    return ((machine.program if name_of(op) == "simt.block_id" else machine.grid)[axis],)


@meaning("simt.uniform")
def _uniform(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    values = [tensor.elements[0] for tensor in machine.meet(operands[0])]
    if len(set(values)) > 1:
        raise SlowError(f"threads disagree: {values}")
    return (values[0],)


@meaning("simt.barrier")
def _barrier(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    machine.meet(None)
    return ()


# Registers


@meaning("vector.broadcast")
def _broadcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (value,) = operands
    shape = shape_of(op.results[0].type)
    assert shape is not None
    return (Tensor.full(shape, value.elements[0] if isinstance(value, Tensor) else value),)


@meaning("vector.shuffle")
def _registers(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    both = [*operands[0].elements, *operands[1].elements]
    mask = integers(op, "mask")
    return (Tensor((len(mask),), [both[i] for i in mask]),)


@meaning("vector.bitcast")
def _bitcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, target = dtype(op.operands[0]).width, dtype(op.results[0]).width
    bits: list[Any] = [
        None if isinstance(element, Undefined) else element >> i & 1
        for element in operands[0].elements
        for i in range(source)
    ]
    parts = [bits[first : first + target] for first in range(0, len(bits), target)]
    return (
        Tensor(
            (len(parts),),
            [UNDEFINED if None in part else sum(bit << i for i, bit in enumerate(part)) for part in parts],
        ),
    )


# Lanes


def _warp(machine: Machine, value: Tensor) -> list[Tensor]:
    """What the lanes of this thread's warp have."""
    first = machine.thread // LANES * LANES
    return list(machine.meet(value))[first : first + LANES]


@meaning("simt.shuffle")
def _shuffle(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    kind = keyword(op, "kind", ("idx", "bfly", "up", "down"))
    lanes = _warp(machine, operands[0])
    n, own = defined(operands[1].elements[0], "a lane") % LANES, machine.thread % LANES
    source = {"idx": n, "bfly": own ^ n, "up": own - n, "down": own + n}[kind]
    return (lanes[source if 0 <= source < LANES else own],)


@meaning("simt.vote")
def _vote(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    kind = keyword(op, "kind", ("all", "any", "ballot"))
    votes = list(zip(*(lane.elements for lane in _warp(machine, operands[0])), strict=True))

    def counted(each: Sequence[Any]) -> Any:
        if any(isinstance(vote, Undefined) for vote in each):
            return UNDEFINED
        if kind == "ballot":
            return sum(vote << lane for lane, vote in enumerate(each))
        return int(all(each) if kind == "all" else any(each))

    return (Tensor((len(votes),), [counted(each) for each in votes]),)


# Memory


def _accesses(address: Any, mask: Any, count: int, width: int, kind: Int) -> Iterator[tuple[int, int]]:
    """The number of each element that an access lets through, and its address."""
    addresses = address.elements if isinstance(address, Tensor) else [address]
    masks = [1] * len(addresses) if mask is None else mask.elements if isinstance(mask, Tensor) else [mask]
    group = count // len(addresses)
    for number, (where, lets) in enumerate(zip(addresses, masks, strict=True)):
        if defined(lets, "a mask"):
            first = signed(where, "an address", kind)
            if first % (group * width):
                raise SlowError(f"an access of {group * width} bytes at {first}")
            for i in range(group):
                yield number * group + i, first + i * width


def _load(machine: Machine, op: Operation, start: int, address: Any, mask: Any, other: Any, kind: Int) -> Results:
    t, shape = dtype(op.results[0]), shape_of(op.results[0].type)
    count = 1 if shape is None else shape[0]
    found = [UNDEFINED] * count if other is None else list(other.elements) if shape else [other]
    for i, where in _accesses(address, mask, count, size_of(t), kind):
        found[i] = machine.memory.load(start + where, t)
    return (Tensor(shape, found) if shape else found[0],)


def _store(machine: Machine, op: Operation, start: int, operands: Sequence[Any], kind: Int) -> Results:
    address, value, *mask = operands
    t = dtype(op.operands[1])
    for i, where in _accesses(address, mask[0] if mask else None, len(value.elements), size_of(t), kind):
        machine.memory.store(start + where, t, value.elements[i])
    return ()


@meaning("simt.load_global")
def _load_global(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    sizes = list(attribute(op, "operandSegmentSizes").get_values())
    given = iter(operands)
    address, mask, other = (next(given) if size else None for size in sizes)
    return _load(machine, op, 0, address, mask, other, Int(64))


@meaning("simt.store_global")
def _store_global(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return _store(machine, op, 0, operands, Int(64))


@meaning("simt.load_shared")
def _load_shared(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return _load(machine, op, machine.shared, operands[0], None, None, Int(32))


@meaning("simt.store_shared")
def _store_shared(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return _store(machine, op, machine.shared, operands, Int(32))
