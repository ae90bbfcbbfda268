"""`tt.map_elementwise`: scalar code for each group of elements.

Code that may run for any values is the body of a `linalg.generic`, in which a branch has become a choice between what
its sides compute. Other code (it loops, reads memory, or divides in a branch) is run for one group after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.traits import is_speculatable

from minilinalg.dialects import tt
from minilinalg.dialects.upstream import arith, scf, tensor, ub
from minilinalg.passes.triton_to_linalg import elementwise
from minilinalg.passes.triton_to_linalg.control import sources
from minilinalg.passes.triton_to_linalg.conversion import INDEX, Conversion, Handler, element_of
from minilinalg.passes.triton_to_linalg.generic import empty, generics
from minilinalg.passes.triton_to_linalg.shapes import extract_slice, insert_slice, reshaped, shape_of


def map_elementwise(c: Conversion, op: tt.MapElementwiseOp) -> None:
    """Groups are of neighbours in row-major order."""
    if (blocks := len(op.scalar_op.blocks)) > 1:
        raise c.unsupported(op, f"'{op.name}' with {blocks} blocks", "lift-cf-to-scf makes one block of a region first")
    body, inputs = op.scalar_op.block, [c.value(src) for src in op.srcs]
    types = [result.type for result in op.result]
    if reason := _why_in_turn(body):
        c.remark(op, f"its region runs for one element after the other: {reason}")
        results = _in_turn(c, op, inputs, types)
    else:
        results = _at_once(c, op, inputs, types)
    for old, new in zip(op.result, results, strict=True):
        c.bind(old, new)


def _why_in_turn(block: Block, is_certain: bool = True) -> str | None:
    """Why code cannot be run for all elements at once; `is_certain`: whether the block is no side of a branch."""
    for op in block.ops:
        if op is block.last_op or isinstance(op, ub.PoisonOp):
            continue
        if isinstance(op, scf.IfOp):
            reasons = [_why_in_turn(region.block, False) for region in op.regions if region.blocks]
            if reason := next(filter(None, reasons), None):
                return reason
        elif op.name not in elementwise.HANDLERS and op.name != "arith.constant":
            return f"'{op.name}' is not computed on tensors"
        elif not is_certain and not is_speculatable(op):
            return f"'{op.name}' in a branch may fail where the branch is not taken"
    return None


# All at once


def _at_once(
    c: Conversion, op: tt.MapElementwiseOp, inputs: Sequence[SSAValue], types: Sequence[TensorType[Attribute]]
) -> list[SSAValue]:
    pack = op.pack.value.data
    shape = types[0].get_shape()
    if pack > 1:
        inputs = [part for value in inputs for part in _apart(c, value, pack)]
        shape = (prod(shape) // pack,)
    body = op.scalar_op.block

    def compute(args: Sequence[SSAValue]) -> list[SSAValue]:
        for old, new in zip(body.args, args, strict=True):
            c.bind(old, new)
        _write(c, body)
        return [c.value(operand) for operand in cast("Operation", body.last_op).operands]

    parts = generics(c, inputs, [TensorType(type.element_type, shape) for type in types for _ in range(pack)], compute)
    if pack == 1:
        return parts
    return [_together(c, parts[i * pack : (i + 1) * pack], type) for i, type in enumerate(types)]


def _write(c: Conversion, block: Block) -> None:
    """Both sides of a branch are computed, and one is chosen."""
    for op in block.ops:
        if isinstance(op, scf.IfOp):
            for region in op.regions:
                if region.blocks:
                    _write(c, region.block)
            for result in op.results:
                c.bind(result, _chosen(c, op, result))
        elif op is not block.last_op and not isinstance(op, ub.PoisonOp):
            c.convert(op)


def _chosen(c: Conversion, op: scf.IfOp, result: SSAValue) -> SSAValue:
    """What a branch gives; where one side gives anything, it is what the other one gives."""
    given = sources(result)
    known = [c.value(value) for value in given if not isinstance(value.owner, ub.PoisonOp)]
    if len(known) == 2:
        return c.insert(arith.SelectOp(c.value(op.cond), *known)).result
    return known[0] if known else c.insert(ub.PoisonOp(result.type)).result


def _apart(c: Conversion, value: SSAValue, pack: int) -> list[SSAValue]:
    """For each place in a group, the elements that are there."""
    groups = prod(shape_of(value)) // pack
    whole = reshaped(c, reshaped(c, value, [groups * pack]), [groups, pack])
    return [reshaped(c, extract_slice(c, whole, [0, i], [groups, 1]), [groups]) for i in range(pack)]


def _together(c: Conversion, parts: Sequence[SSAValue], type: TensorType[Attribute]) -> SSAValue:
    """The tensor whose groups have the elements of each part at its place."""
    (groups,) = shape_of(parts[0])
    whole = empty(c, TensorType(type.element_type, [groups, len(parts)]))
    for i, part in enumerate(parts):
        whole = insert_slice(c, reshaped(c, part, [groups, 1]), whole, [0, i], [groups, 1])
    return reshaped(c, reshaped(c, whole, [groups * len(parts)]), type.get_shape())


# One after the other


def _in_turn(
    c: Conversion, op: tt.MapElementwiseOp, inputs: Sequence[SSAValue], types: Sequence[TensorType[Attribute]]
) -> list[SSAValue]:
    pack, count = op.pack.value.data, prod(types[0].get_shape())
    flat = [reshaped(c, value, [count]) for value in inputs]
    starts = [empty(c, TensorType(type.element_type, [count])) for type in types]
    body = op.scalar_op.block
    block = Block(arg_types=[INDEX, *(start.type for start in starts)])
    loop = scf.ForOp(c.number(0), c.number(count), c.number(pack), starts, Region(block))
    with c.inside(block):
        first, *carried = block.args
        places = [first, *(c.insert(arith.AddiOp(first, c.number(i))).result for i in range(1, pack))]
        elements = [tensor.ExtractOp(value, [at], element_of(value.type)) for value in flat for at in places]
        for old, element in zip(body.args, elements, strict=True):
            c.bind(old, c.insert(element).result)
        c.convert_block(body)
        found = [c.value(operand) for operand in cast("Operation", body.last_op).operands]
        ends: list[SSAValue] = []
        for i, end in enumerate(carried):
            for at, value in zip(places, found[i * pack : (i + 1) * pack], strict=True):
                end = c.insert(tensor.InsertOp(value, end, [at])).result
            ends.append(end)
        c.insert(scf.YieldOp(*ends))
    results = c.insert(loop).results
    return [reshaped(c, value, type.get_shape()) for value, type in zip(results, types, strict=True)]


HANDLERS: Mapping[str, Handler] = {"tt.map_elementwise": map_elementwise}
