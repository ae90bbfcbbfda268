"""Blocks computed element by element: `linalg.generic`, and tensors that are undefined or one number all over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, TensorType
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.ir.affine import AffineMap

from minilinalg.dialects.tt.types import AnyTensor
from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.passes.triton_to_linalg.conversion import Conversion, element_of


def generic(
    c: Conversion, operands: Sequence[SSAValue], result: AnyTensor, body: Callable[[Sequence[SSAValue]], SSAValue]
) -> SSAValue:
    """`generics` with one result."""
    return generics(c, operands, [result], lambda args: [body(args)])[0]


def generics(
    c: Conversion,
    operands: Sequence[SSAValue],
    results: Sequence[AnyTensor],
    body: Callable[[Sequence[SSAValue]], Sequence[SSAValue]],
) -> list[SSAValue]:
    """A parallel `linalg.generic` over tensors of one shape; an operand that is a scalar goes to every element.

    `body` is called with the elements, writes the operations on them, and returns what is yielded.
    """
    rank = results[0].get_num_dims()
    elements = [element_of(operand.type) for operand in operands]
    block = Block(arg_types=[*elements, *(result.element_type for result in results)])
    with c.inside(block):
        c.insert(linalg.YieldOp(*body(block.args[: len(operands)])))
    everywhere, same = AffineMap(rank, 0, ()), AffineMap.identity(rank)
    maps = [same if isinstance(operand.type, TensorType) else everywhere for operand in operands]
    op = linalg.GenericOp(
        operands,
        [empty(c, result) for result in results],
        Region(block),
        [AffineMapAttr(map) for map in (*maps, *(same for _ in results))],
        ArrayAttr([linalg.PARALLEL] * rank),
        results,
    )
    return list(c.insert(op).results)


def empty(c: Conversion, type: Attribute) -> SSAValue:
    """A tensor with undefined elements."""
    return c.insert(tensor.EmptyOp((), type)).tensor


def filled(c: Conversion, scalar: SSAValue, type: Attribute) -> SSAValue:
    """A tensor with every element equal to a scalar."""
    return c.insert(linalg.FillOp([scalar], [empty(c, type)], [type])).results[0]
