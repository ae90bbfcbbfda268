"""Which argument a pointer points into, whatever was done to it on the way.

A pointer is followed back through arithmetic, shapes, loops and branches to where it comes from. When all of that is
one argument of the function, the pointer is that argument moved by a number, even where nothing more is known of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.tt.types import PointerType, TensorDescType
from minilinalg.dialects.upstream.ub import PoisonOp

_FOLLOWED = frozenset(
    f"tt.{name}"
    for name in (
        "addptr",
        "broadcast",
        "cat",
        "expand_dims",
        "join",
        "make_tensor_descriptor",
        "reshape",
        "splat",
        "split",
        "trans",
        "unsplat",
    )
)
"""Operations whose results point into what their pointers point into."""


class Bases:
    """The arguments that the pointers of a function point into.

    A pointer that has none is known by its address alone.
    """

    def __init__(self) -> None:
        self._found: dict[SSAValue, SSAValue | None] = {}

    def of(self, pointer: SSAValue) -> SSAValue | None:
        """The argument that a pointer, or every pointer of a tensor, points into; None when there is no such one."""
        if pointer not in self._found:
            origins = _origins(pointer)
            only = next(iter(origins), None)
            self._found[pointer] = only if only is not None and len(origins) == 1 and is_argument(only) else None
        return self._found[pointer]


def carried_from(value: SSAValue) -> Sequence[SSAValue] | None:
    """What a value that a loop or a branch hands on may be; None when it is no such value."""
    owner = value.owner
    if isinstance(owner, Block):
        parent = owner.parent_op()
        if not isinstance(value, BlockArgument) or parent is None or (value.index == 0 and parent.name == "scf.for"):
            return None
        if parent.name == "scf.for":
            return parent.operands[2 + value.index], _end(owner).operands[value.index - 1]
        if parent.name == "scf.while" and owner is parent.regions[0].block:
            return parent.operands[value.index], _end(parent.regions[1].block).operands[value.index]
        if parent.name == "scf.while":
            return (_end(parent.regions[0].block).operands[value.index + 1],)
        return None
    if not isinstance(value, OpResult):
        return None
    if owner.name == "scf.for":
        return owner.operands[3 + value.index], _end(owner.regions[0].block).operands[value.index]
    if owner.name == "scf.if":
        return [_end(region.block).operands[value.index] for region in owner.regions]
    if owner.name == "scf.while":
        return (_end(owner.regions[0].block).operands[value.index + 1],)
    return None


def sees_booleans_as_bytes(bitcast: Operation) -> bool:
    """Whether a cast of pointers is the one between booleans and bytes, which is how Triton has booleans in memory."""
    return {_pointee_bits(value.type) for value in (bitcast.operands[0], bitcast.results[0])} == {1, 8}


def _origins(pointer: SSAValue) -> dict[SSAValue, None]:
    """Where a pointer may come from: what is not followed any further. Nobody follows one that is undefined."""
    origins: dict[SSAValue, None] = {}
    seen: set[SSAValue] = set()
    waiting = [pointer]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        owner = value.owner
        if (sources := carried_from(value)) is not None:
            waiting += sources
        elif isinstance(owner, Operation) and _is_followed(owner):
            waiting += [operand for operand in owner.operands if _is_pointer(operand.type)]
        elif not isinstance(owner, PoisonOp):
            origins[value] = None
    return origins


def _is_followed(op: Operation) -> bool:
    return op.name in _FOLLOWED or op.name == "arith.select" or (op.name == "tt.bitcast" and sees_booleans_as_bytes(op))


def is_argument(value: SSAValue) -> bool:
    """Whether it is a pointer, or a descriptor, that the caller passes."""
    parent = value.owner.parent_op() if isinstance(value.owner, Block) else None
    return (
        parent is not None
        and parent.name in ("tt.func", "func.func")
        and isinstance(value.type, PointerType | TensorDescType)
    )


def _is_pointer(type: Attribute) -> bool:
    return isinstance(get_element_type_or_self(type), PointerType | TensorDescType)


def _pointee_bits(type: Attribute) -> int | None:
    pointer = get_element_type_or_self(type)
    pointee = pointer.pointee_type if isinstance(pointer, PointerType) else None
    return pointee.bitwidth if isinstance(pointee, IntegerType) else None


def _end(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last
