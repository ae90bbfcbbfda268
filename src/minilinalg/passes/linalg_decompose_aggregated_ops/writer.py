"""Writing operations on tensors in front of the one that they replace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, TypeVar, cast

from xdsl.dialects.builtin import AffineMapAttr, IntegerAttr, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import arith, linalg, scf, tensor
from minilinalg.dialects.upstream.linalg import PARALLEL
from minilinalg.dialects.upstream.reshape import reassociation
from minilinalg.passes.rewriting import locate

if TYPE_CHECKING:
    from minilinalg.targets import Target

_OperationT = TypeVar("_OperationT", bound=Operation)
Tensors = Sequence[SSAValue]


class Writer:
    """Writes in front of `at`, or for a while into a block; everything gets the place of `at`.

    `target` is the machine that is compiled for, if one is known.
    """

    def __init__(self, at: Operation, target: Target | None = None):
        self.at = at
        self.target = target
        self.block: Block | None = None

    def insert(self, op: _OperationT) -> _OperationT:
        locate(op, self.at.location)
        if self.block is not None:
            self.block.add_op(op)
        else:
            cast("Block", self.at.parent).insert_op_before(op, self.at)
        return op

    @contextmanager
    def inside(self, block: Block):
        """Writes into `block` for a while."""
        around, self.block = self.block, block
        yield
        self.block = around

    # Numbers

    def index(self, value: int) -> SSAValue:
        return self.insert(arith.ConstantOp(IntegerAttr.from_index_int_value(value))).result

    def number(self, value: Attribute) -> SSAValue:
        return self.insert(arith.ConstantOp(cast("IntegerAttr", value))).result

    # Tensors

    def empty(self, like: SSAValue, shape: Sequence[int]) -> SSAValue:
        """Undefined elements of the type that those of `like` have."""
        return self.insert(tensor.EmptyOp((), TensorType(element_of(like), shape))).tensor

    def part(self, whole: SSAValue, offsets: Sequence[SSAValue | int], sizes: Sequence[int]) -> SSAValue:
        """The elements from `offsets` on, all of the tensor's dimensions kept."""
        type = TensorType(element_of(whole), sizes)
        return self.insert(tensor.ExtractSliceOp(whole, offsets, sizes, [1] * len(sizes), type)).result

    def with_part(self, part: SSAValue, whole: SSAValue, offsets: Sequence[SSAValue | int]) -> SSAValue:
        """`whole` with the elements from `offsets` on replaced."""
        sizes = shape_of(part)
        return self.insert(tensor.InsertSliceOp(part, whole, offsets, sizes, [1] * len(sizes))).result

    def row(self, whole: SSAValue, i: SSAValue) -> SSAValue:
        """What is at `i` of the first dimension, without that dimension."""
        rest = shape_of(whole)[1:]
        type = TensorType(element_of(whole), rest)
        bounds = [i, *(0 for _ in rest)], [1, *rest], [1] * (len(rest) + 1)
        return self.insert(tensor.ExtractSliceOp(whole, *bounds, type)).result

    def with_row(self, row: SSAValue, whole: SSAValue, i: SSAValue) -> SSAValue:
        """`whole` with what is at `i` of the first dimension replaced."""
        rest = shape_of(row)
        bounds = [i, *(0 for _ in rest)], [1, *rest], [1] * (len(rest) + 1)
        return self.insert(tensor.InsertSliceOp(row, whole, *bounds)).result

    def transposed(self, value: SSAValue, order: Sequence[int]) -> SSAValue:
        if list(order) == sorted(order):
            return value
        shape = [shape_of(value)[dim] for dim in order]
        return self.insert(linalg.TransposeOp(value, self.empty(value, shape), order)).results[0]

    def without_first(self, value: SSAValue) -> SSAValue:
        """The tensor without its first dimension, of which there is one element."""
        shape = shape_of(value)[1:]
        groups = [[0, 1], *([dim] for dim in range(2, len(shape) + 1))] if shape else []
        properties = {"reassociation": reassociation(groups)}
        type = TensorType(element_of(value), shape)
        new = tensor.CollapseShapeOp.create(operands=[value], result_types=[type], properties=properties)
        return self.insert(new).result

    def joined(self, value: SSAValue, count: int) -> SSAValue:
        """The tensor with its first `count` dimensions as one."""
        shape = shape_of(value)
        if count < 2:
            return value
        groups = [list(range(count)), *([dim] for dim in range(count, len(shape)))]
        properties = {"reassociation": reassociation(groups)}
        type = TensorType(element_of(value), [prod(shape[:count]), *shape[count:]])
        new = tensor.CollapseShapeOp.create(operands=[value], result_types=[type], properties=properties)
        return self.insert(new).result

    def elementwise(self, inputs: Tensors, like: Tensors, body: Block) -> list[SSAValue]:
        """`body` on the elements of `inputs`; results with the shape of the first input and the elements of `like`.

        The block takes the elements of `inputs`, in their order; what its terminator takes is yielded.
        """
        shape = shape_of(inputs[0])
        outs = [self.empty(value, shape) for value in like]
        block = Block(arg_types=[*(element_of(value) for value in (*inputs, *like))])
        values: dict[SSAValue, SSAValue] = dict(zip(body.args, block.args, strict=False))
        for op in body.ops:
            if op is body.last_op:
                block.add_op(linalg.YieldOp(*(values.get(operand, operand) for operand in op.operands)))
            else:
                block.add_op(op.clone(values))
        rank = len(shape)
        maps = [AffineMapAttr(AffineMap.identity(rank))] * (len(inputs) + len(outs))
        types = [out.type for out in outs]
        return list(
            self.insert(linalg.GenericOp(list(inputs), outs, Region(block), maps, [PARALLEL] * rank, types)).results
        )

    def loop(
        self, count: int, carried: Tensors, body: Callable[[SSAValue, Tensors], Sequence[SSAValue]]
    ) -> list[SSAValue]:
        """`count` iterations; `body` takes the number of one and what is carried, and gives what is carried on."""
        block = Block(arg_types=[IntegerAttr.from_index_int_value(0).type, *(value.type for value in carried)])
        bounds = [self.index(bound) for bound in (0, count, 1)]
        with self.inside(block):
            self.insert(scf.YieldOp(*body(block.args[0], block.args[1:])))
        return list(self.insert(scf.ForOp(bounds[0], bounds[1], bounds[2], carried, Region(block))).results)


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor."""
    return cast("TensorType[Attribute]", value.type).get_shape()


def element_of(value: SSAValue) -> Attribute:
    """The type of a tensor's elements."""
    return cast("TensorType[Attribute]", value.type).element_type if is_tensor(value) else value.type


def leading(rank: int, axis: int) -> list[int]:
    """The order of dimensions that brings `axis` to the front."""
    return [axis, *(dim for dim in range(rank) if dim != axis)]


def undone(order: Sequence[int]) -> list[int]:
    """The order that undoes `order`."""
    return sorted(range(len(order)), key=lambda place: order[place])
