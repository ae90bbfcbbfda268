"""What a target demands of an instruction beyond its types: memories by role, alignment, counts, DMA paths.

The verifier of an operation knows no machine; these rules are the machine's, and a stage check asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import NoneAttr

from minilinalg.dialects.simd.atomic import Atomic
from minilinalg.dialects.simd.buffers import (
    Buffer,
    element_bytes,
    offset_of,
    space_of,
    static_count,
)
from minilinalg.dialects.simd.elementwise import Elementwise
from minilinalg.dialects.simd.indexed import Indexed
from minilinalg.dialects.simd.instruction import Instruction
from minilinalg.dialects.simd.matmul import MatmulOp
from minilinalg.dialects.simd.movement import DmaOp
from minilinalg.errors import InputError

if TYPE_CHECKING:
    from minilinalg.targets import Role, Target


def check_instruction(op: Instruction, target: Target) -> None:
    """Raises InputError, without a place, when the target cannot execute `op`."""
    if isinstance(op, DmaOp):
        target.path(space_of(op.input_types[0]), space_of(op.output_types[0]))
        return
    if isinstance(op, Indexed):
        _check_lists(op, target)
        return
    if isinstance(op, Atomic):
        _check_atomic(op, target)
        return
    for position, type in enumerate((*op.input_types, *op.output_types)):
        is_weights = isinstance(op, MatmulOp) and position == 1
        _check_space(op, type, "weights" if is_weights else "vector", target)
        _check_alignment(op, type, target)
    result = op.output_types[0]
    for type in op.input_types:
        if isinstance(op, Elementwise) and static_count(type) != static_count(result):
            _check_count(op, type, "an input that is read again and again", target)
    if not isinstance(result.layout, NoneAttr):
        _check_count(op, result, "an output that is part of a larger buffer", target)


def _check_lists(op: Indexed, target: Target) -> None:
    path = target.path(space_of(op.input_types[0]), space_of(op.output_types[0]))
    if path.index is None:
        raise InputError(
            f"{op.name} on the path from {path.source} to {path.destination}, whose DMA takes no lists of indices",
            rule="a path with a figure 'index' does",
        )
    for type in op.input_types[1:]:
        _check_space(op, type, "vector", target)


def _check_atomic(op: Atomic, target: Target) -> None:
    path = target.path(space_of(op.input_types[0]), space_of(op.output_types[0]))
    if path.atomic is None:
        raise InputError(
            f"{op.name} on the path from {path.source} to {path.destination}, whose DMA changes nothing atomically",
            rule="a path with a figure 'atomic' does",
        )
    for type in (*op.input_types, *op.output_types[1:]):
        _check_space(op, type, "vector", target)


def reserved_bytes(type: Buffer, target: Target) -> int:
    """Bytes that a static buffer takes in its space: as many as an instruction on it touches, aligned."""
    width, space = element_bytes(type), target.space(space_of(type))
    size = target.vector.padded(static_count(type) or 0, width) * width
    return -(-size // space.alignment) * space.alignment


def _check_space(op: Instruction, type: Buffer, role: Role, target: Target) -> None:
    space = target.space(space_of(type))
    if space.role != role:
        wanted = target.role(role)
        name = wanted.name if wanted else "which this machine does not have"
        raise InputError(
            f"{op.name} has an operand in {space.name}, the {space.role} memory of '{target.name}'",
            rule=f"the operand is in {role} memory, {name}",
        )


def _check_alignment(op: Instruction, type: Buffer, target: Target) -> None:
    offset, alignment = offset_of(type), target.vector.alignment
    if offset is not None and (offset * element_bytes(type)) % alignment:
        raise InputError(
            f"{op.name} has an operand {offset * element_bytes(type)} bytes into its buffer",
            rule=f"operands are aligned to {alignment} bytes",
        )


def _check_count(op: Instruction, type: Buffer, which: str, target: Target) -> None:
    count, multiple = static_count(type) or 0, target.vector.count_multiple(element_bytes(type))
    if count % multiple:
        raise InputError(
            f"{op.name} has {which}, of {count} elements", rule=f"it has a multiple of {multiple} elements"
        )
