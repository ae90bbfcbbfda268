"""Pointers of the tt dialect, and the memory behind them: loads, stores and atomics, lane after lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from . import floats, integers
from .engine import Machine, Results, defined, meaning, pointwise
from .errors import SlowError
from .reading import attribute, dtype, keyword, pointee, segments
from .scalars import POINTER, UNDEFINED, DType, Float, Int, Scalar
from .values import elementwise, size_of


@meaning("tt.addptr")
def _addptr(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The offset counts elements and is signed."""
    size, t = size_of(pointee(op.operands[0].type)), dtype(op.operands[1])
    assert isinstance(t, Int)
    return pointwise(lambda pointer, offset: POINTER.wrap(pointer + t.signed(offset) * size), *operands)


@meaning("tt.bitcast", "tt.int_to_ptr", "tt.ptr_to_int")
def _bitcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return operands


def _lanes(machine: Machine, function: Any, mask: Any, pointers: Any, *operands: Any) -> Any:
    """`function` on the address and the operands of every lane that the mask lets through, the first lane first.

    Other lanes touch no memory and have no result; the mask itself must be defined.
    """

    def lane(on: Scalar, address: Scalar, *rest: Scalar) -> Scalar:
        if not defined(on, "a mask"):
            return UNDEFINED
        result = function(defined(address, "an address"), *rest)
        return UNDEFINED if result is None else result

    return elementwise(lane, 1 if mask is None else mask, pointers, *operands)


def _optional(op: Operation, operands: Sequence[Any], required: int) -> tuple[Any, ...]:
    """The required operands and then the optional ones that may follow, None for those that are missing."""
    if attribute(op, "operandSegmentSizes") is not None:
        return tuple(group[0] if group else None for group in segments(op, operands))
    return (*operands, *[None] * (required + 1 - len(operands)))


@meaning("tt.load", "tt.atomic_load")
def _load(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """A masked-off lane gets `other`, and is undefined without it."""
    pointers, mask, other = (*_optional(op, operands, 1), None)[:3]
    t = pointee(op.operands[0].type)
    loaded = _lanes(machine, lambda address: machine.memory.load(address, t), mask, pointers)
    if mask is None or other is None:
        return (loaded,)
    return (elementwise(lambda on, new, old: new if on else old, mask, loaded, other),)


@meaning("tt.store", "tt.atomic_store")
def _store(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    pointers, elements, mask = _optional(op, operands, 2)
    t = pointee(op.operands[0].type)
    _lanes(machine, lambda address, element: machine.memory.store(address, t, element), mask, pointers, elements)
    return ()


ATOMICS = ("", "and", "or", "xor", "add", "fadd", "max", "min", "umax", "umin", "exch")


def update(kind: str, t: DType, before: int, element: int) -> Scalar:
    """What an atomic read-modify-write leaves in memory. For floats, max and min are those of numbers."""
    if kind == "exch":
        return element
    if isinstance(t, Float):
        name = {"fadd": "addf", "add": "addf", "max": "maxnumf", "min": "minnumf"}[kind]
        return floats.BINARY[name](t, before, element)
    names = {"and": "andi", "or": "ori", "xor": "xori", "add": "addi"}
    names |= {"max": "maxsi", "min": "minsi", "umax": "maxui", "umin": "minui"}
    return integers.BINARY[names[kind]](t, before, element)


@meaning("tt.atomic_rmw")
def _atomic_rmw(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    pointers, elements, mask = _optional(op, operands, 2)
    kind, t = keyword(op, "atomic_rmw_op", ATOMICS), pointee(op.operands[0].type)

    def lane(address: int, element: Scalar) -> Scalar:
        before = machine.memory.load(address, t)
        after = update(kind, t, defined(before, "memory"), defined(element, "the operand of an atomic"))
        machine.memory.store(address, t, after)
        return before

    return (_lanes(machine, lane, mask, pointers, elements),)


@meaning("tt.atomic_cas")
def _atomic_cas(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Compares patterns, as hardware does."""
    pointers, expected, elements = operands
    t = pointee(op.operands[0].type)

    def lane(address: int, wanted: Scalar, element: Scalar) -> Scalar:
        before = defined(machine.memory.load(address, t), "memory")
        if before == defined(wanted, "the operand of an atomic"):
            machine.memory.store(address, t, element)
        return before

    return (_lanes(machine, lane, None, pointers, expected, elements),)


@meaning("tt.atomic_poll")
def _atomic_poll(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Nobody else runs meanwhile: a value that is not there will not come, so the time runs out or never does."""
    pointers, expected, *timeout = operands
    t = pointee(op.operands[0].type)

    def lane(address: int, wanted: Scalar) -> Scalar:
        found = machine.memory.load(address, t) == defined(wanted, "the operand of an atomic")
        if not found and not timeout:
            raise SlowError("waits for a value that no program before this one has written")
        return int(found)

    return (_lanes(machine, lane, None, pointers, expected),)
