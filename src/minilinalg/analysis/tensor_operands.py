"""Tensor operands: which an operation reads, which it writes its results into, and where a value was defined.

Upstream's BufferizableOpInterface, as functions of the operation: `bufferizesToMemoryRead`, `bufferizesToMemoryWrite`
and `getAliasingValues`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerType, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.destination_style import (
    destinations,
    first_destination,
    is_destination_style,
    reads_destination,
    reads_input,
)
from minilinalg.dialects.upstream import bufferization, scf, tensor

SLICES_AND_SHAPES = frozenset(
    f"tensor.{name}" for name in ("cast", "collapse_shape", "expand_shape", "extract_slice", "reshape")
)
"""Operations whose result is part of their first operand, or all of it in another shape."""
INSERTS = frozenset({"tensor.insert_slice", "tensor.parallel_insert_slice"})
STATIC_BOUNDS = ("static_offsets", "static_sizes", "static_strides")


def is_tensor(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType)


@dataclass(frozen=True)
class Operand:
    """One use of a value."""

    op: Operation
    index: int

    @property
    def value(self) -> SSAValue:
        return self.op.operands[self.index]


def tied_results(operand: Operand) -> tuple[SSAValue, ...]:
    """The values that live in the buffer of a written operand: the result, and in loops what is carried."""
    op, index = operand.op, operand.index
    if is_destination_style(op):
        # Outputs that are memory have no result.
        return (op.results[sum(is_tensor(op.operands[i]) for i in range(first_destination(op), index))],)
    if isinstance(op, tensor.InsertSliceOp | tensor.InsertOp | bufferization.MaterializeInDestinationOp):
        return tuple(op.results)
    if isinstance(op, scf.ForOp):
        return op.results[index - 3], op.body.block.args[index - 2]
    if isinstance(op, scf.WhileOp):
        before, after = op.before_region.block, op.after_region.block
        arg = before.args[index]
        kept = [k for k, value in enumerate(passed_on(op)) if value is arg]
        return arg, *(op.res[k] for k in kept), *(after.args[k] for k in kept)
    if op.name == "scf.forall":
        shared = index - (len(op.operands) - len(op.results))
        args = op.regions[0].block.args
        return op.results[shared], args[len(args) - len(op.results) + shared]
    if op.name == "tensor.parallel_insert_slice":
        return ()
    raise AssertionError(f"{op.name} has no tied results")


def passed_on(op: scf.WhileOp) -> Sequence[SSAValue]:
    """What the first region of a while hands to the second, or leaves as the results."""
    return cast("scf.ConditionOp", op.before_region.block.last_op).args


def written_operands(op: Operation) -> Iterator[Operand]:
    """The tensor operands that `op` makes its results from by writing."""
    if is_destination_style(op):
        indices: range | tuple[int, ...] = destinations(op)
    elif isinstance(op, tensor.InsertSliceOp | tensor.InsertOp | bufferization.MaterializeInDestinationOp):
        indices = (1,)
    elif isinstance(op, scf.ForOp):
        indices = range(3, len(op.operands))
    elif isinstance(op, scf.WhileOp):
        indices = range(len(op.operands))
    elif op.name == "scf.forall":
        indices = range(len(op.operands) - len(op.results), len(op.operands))
    elif op.name == "tensor.parallel_insert_slice":
        indices = (1,)
    else:
        return
    for index in indices:
        if is_tensor(op.operands[index]):
            yield Operand(op, index)


def read_operands(op: Operation) -> Iterator[Operand]:
    """The tensor operands whose elements decide about what `op` does."""
    if op.name in SLICES_AND_SHAPES or op.name == "tensor.dim":
        return
    first = first_destination(op) if is_destination_style(op) else None
    for index, value in enumerate(op.operands):
        if not is_tensor(value):
            continue
        if first is not None:
            reads = reads_input(op, index) if index < first else reads_destination(op, index)
        elif isinstance(op, bufferization.MaterializeInDestinationOp):
            reads = index == 0
        elif op.name in INSERTS:
            reads = index == 0 or not covers_destination(op)
        else:
            reads = True
        if reads:
            yield Operand(op, index)


def covers_destination(op: Operation) -> bool:
    """Whether what an insert_slice inserts is all of its destination."""
    sizes = cast("DenseArrayBase[IntegerType]", op.properties["static_sizes"]).get_values()
    return tuple(sizes) == cast("TensorType[Attribute]", op.operands[1].type).get_shape()


def is_undefined(value: SSAValue) -> bool:
    """Whether the elements of a tensor are undefined: it is an empty one, or a part of one."""
    while isinstance(owner := value.owner, Operation) and owner.name in SLICES_AND_SHAPES:
        value = owner.operands[0]
    return isinstance(owner, tensor.EmptyOp) or (isinstance(owner, bufferization.AllocTensorOp) and owner.copy is None)


def definition_of(value: SSAValue) -> SSAValue | None:
    """The value whose making last wrote the elements of `value`; None when they are undefined."""
    while isinstance(owner := value.owner, Operation) and owner.name in SLICES_AND_SHAPES:
        value = owner.operands[0]
    return None if is_undefined(value) else value
