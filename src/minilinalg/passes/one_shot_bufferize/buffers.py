"""The buffers of one function while its tensors are replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AnyFloat,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    MemRefType,
    TensorType,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from minilinalg.analysis.aliasing import same_view
from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.in_place import InPlace
from minilinalg.analysis.tensor_operands import Operand, is_tensor, is_undefined, tied_results
from minilinalg.dialects.upstream import arith, bufferization, func, linalg, memref, tensor
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.strided_view import sizes_of


class Buffers:
    """Which buffer each tensor has, and the making of new ones.

    What had tensors is erased last: until then it tells about those that come after it.
    """

    def __init__(self, ctx: Context, who: MinilinalgPass, function: func.FuncOp):
        self.ctx = ctx
        self.who = who
        self.function = function
        self.buffers: dict[SSAValue, SSAValue] = {}
        self.dead: list[Operation] = []
        self.dead_arguments: list[SSAValue] = []
        self.decisions = InPlace()
        self.rewrite: Callable[[Block], None] = lambda block: None
        """What replaces the tensors of a nested block."""

    def erase(self) -> None:
        for op in reversed(self.dead):
            op.detach()
            op.drop_all_references()
        for op in self.dead:
            op.erase(safe_erase=False, drop_references=False)
        for arg in self.dead_arguments:
            cast("Block", arg.owner).erase_arg(cast("Any", arg), safe_erase=False)

    def allocate(self, at: Operation, like: SSAValue, name: str | None = None) -> SSAValue:
        """A new buffer for the tensor `like`; its own name stands in for a missing `name`."""
        type = cast("TensorType[Attribute]", like.type)
        sizes: list[SSAValue] = []
        if DYNAMIC_INDEX in type.get_shape():
            found, ops = self.extents(like)
            insert_before(at, *ops)
            sizes = [size for size in found if isinstance(size, SSAValue)]
        return self.allocate_type(at, MemRefType(type.element_type, type.shape), sizes, name or like.name_hint)

    def allocate_type(
        self, at: Operation, type: MemRefType[Attribute], sizes: Sequence[SSAValue] = (), name: str | None = None
    ) -> SSAValue:
        new = memref.AllocOp(sizes, (), type)
        return value_before(at, new, name)

    def extents(self, value: SSAValue) -> tuple[list[SSAValue | int], list[Operation]]:
        """The extents of a tensor, and the operations that must be inserted to know them."""
        if isinstance(value.owner, tensor.EmptyOp | bufferization.AllocTensorOp):
            given = iter(value.owner.dynamic_sizes)
            shape = cast("TensorType[Attribute]", value.type).get_shape()
            return [next(given) if extent == DYNAMIC_INDEX else extent for extent in shape], []
        return sizes_of(self.buffer(value))

    def remark(self, at: Operation, text: str) -> None:
        remark(self.ctx, self.who, at, text)

    def copy(self, at: Operation, source: SSAValue, destination: SSAValue) -> None:
        if not same_view(source, destination):
            insert_before(at, memref.CopyOp(source, destination))

    def replace(self, allocated: SSAValue, buffer: SSAValue) -> None:
        """Uses `buffer` in the place of one that was allocated."""
        allocated.replace_all_uses_with(buffer)
        self.buffers = {value: buffer if known is allocated else known for value, known in self.buffers.items()}
        erase(cast("Operation", allocated.owner))

    def buffer(self, value: SSAValue) -> SSAValue:
        """The buffer of a tensor."""
        if value not in self.buffers:
            owner = value.owner
            # Few need the buffer of an empty tensor or a constant itself: it is made when one does.
            if isinstance(owner, tensor.EmptyOp | bufferization.AllocTensorOp):
                self.buffers[value] = self.allocate(owner, value)
            elif isinstance(owner, arith.ConstantOp):
                self.buffers[value] = self.constant(owner)
            else:
                raise unsupported(owner if isinstance(owner, Operation) else self.function)
        return self.buffers[value]

    def constant(self, op: arith.ConstantOp) -> SSAValue:
        number = constant_of(op.result)
        element = cast("TensorType[Attribute]", op.result.type).element_type
        if number is None:
            raise UnsupportedError(
                "a constant tensor whose elements differ has no buffer",
                rule="constants are scalars, or tensors with one value in all elements",
                places=places_of(op),
            )
        new = self.allocate(op, op.result)
        if isinstance(element, AnyFloat):
            scalar = arith.ConstantOp(FloatAttr(number, element))
        else:
            scalar = arith.ConstantOp(IntegerAttr(int(number), cast("IntegerType", element)))
        insert_before(op, scalar, linalg.FillOp([scalar.result], [new], []))
        return new

    def destination(self, operand: Operand, *, reads: bool) -> SSAValue:
        """The buffer that `operand` is written in. `reads`: what it held before has to be there."""
        op, value = operand.op, operand.value
        name = next((result.name_hint for result in tied_results(operand)), None)
        if (index := self.decisions.reused.get(operand)) is not None:
            return self.buffer(op.operands[index])
        if isinstance(value.owner, tensor.EmptyOp):
            return self.allocate(op, value, name)
        if operand not in self.decisions.copies:
            return self.buffer(value)
        if isinstance(fill := value.owner, linalg.FillOp):
            # Equal elements are written once more: that reads nothing.
            new = self.allocate(op, value, name)
            if reads:
                insert_before(op, linalg.FillOp([fill.inputs[0]], [new], []))
            return new
        reader = self.decisions.copies[operand]
        why = "it may only be read" if reader is None else f"'{reader.name}' still reads it"
        self.remark(op, f"the destination of '{op.name}' is copied, not written in place: {why}")
        new = self.allocate(op, value, name)
        if reads and not is_undefined(value):
            self.copy(op, self.buffer(value), new)
        return new


def unsupported(op: Operation) -> UnsupportedError:
    types = ", ".join(dict.fromkeys(str(v.type) for v in (*op.operands, *op.results) if is_tensor(v)))
    return UnsupportedError(
        f"'{op.name}' on {types or 'tensors'} cannot be turned into operations on buffers",
        rule="tensors are computed by linalg, linalg_ext, tensor and bufferization, and carried by scf",
        places=places_of(op),
    )
