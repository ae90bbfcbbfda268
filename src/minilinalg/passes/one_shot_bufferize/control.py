"""Control flow: what a loop carries, what branches yield, what all iterations make together has one buffer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, MemRefType, TensorType, i32
from xdsl.ir import Attribute, Block, Operation, SSAValue

from minilinalg.analysis.aliasing import may_alias, same_view
from minilinalg.analysis.tensor_operands import Operand, is_tensor
from minilinalg.dialects.upstream import memref, scf
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.insertion import insert_before
from minilinalg.passes.one_shot_bufferize.buffers import Buffers
from minilinalg.passes.strided_view import buffer_type, sizes_of


def for_(b: Buffers, op: scf.ForOp) -> None:
    body = op.body.block
    if not any(is_tensor(value) for value in op.iter_args):
        b.rewrite(body)
        return
    pairs: list[tuple[SSAValue, SSAValue]] = []
    ended = cast("scf.YieldOp", body.last_op)
    for index, (init, arg, result, yielded) in enumerate(
        zip(op.iter_args, body.args[1:], op.res, ended.operands, strict=True)
    ):
        if is_tensor(init):
            buffer = b.destination(Operand(op, 3 + index), reads=True)
            b.buffers[arg] = b.buffers[result] = buffer
            pairs.append((yielded, buffer))
            b.dead_arguments.append(arg)
    b.rewrite(body)
    copy_together(b, ended, [(b.buffer(yielded), buffer) for yielded, buffer in pairs])
    replace_end(b, ended)
    kept = [value for value in op.iter_args if not is_tensor(value)]
    new = scf.ForOp.create(
        operands=[op.lb, op.ub, op.step, *kept],
        result_types=[value.type for value in kept],
        attributes=op.attributes.copy(),
        properties=op.properties.copy(),
        regions=[op.detach_region(op.body)],
    )
    replace_structure(b, op, new)


def while_(b: Buffers, op: scf.WhileOp) -> None:
    before, after = op.before_region.block, op.after_region.block
    if not any(is_tensor(value) for value in (*op.arguments, *op.res)):
        b.rewrite(before)
        b.rewrite(after)
        return
    condition, ended = cast("scf.ConditionOp", before.last_op), cast("scf.YieldOp", after.last_op)
    pairs: list[tuple[SSAValue, SSAValue]] = []
    for index, (init, arg, yielded) in enumerate(zip(op.arguments, before.args, ended.operands, strict=True)):
        if is_tensor(init):
            buffer = b.destination(Operand(op, index), reads=True)
            b.buffers[arg] = buffer
            pairs.append((yielded, buffer))
            b.dead_arguments.append(arg)
    b.rewrite(before)
    for value, arg, result in zip(condition.args, after.args, op.res, strict=True):
        if is_tensor(value):
            source = b.buffer(value)
            made_inside = isinstance(made := source.owner, Operation) and op.is_ancestor(made)
            buffer = join(b, op, result, [condition], [source]) if made_inside else source
            b.buffers[arg] = b.buffers[result] = buffer
            b.dead_arguments.append(arg)
    b.rewrite(after)
    copy_together(b, ended, [(b.buffer(yielded), buffer) for yielded, buffer in pairs])
    replace_end(b, condition)
    replace_end(b, ended)
    new = scf.WhileOp.create(
        operands=[value for value in op.arguments if not is_tensor(value)],
        result_types=[result.type for result in op.res if not is_tensor(result)],
        attributes=op.attributes.copy(),
        properties=op.properties.copy(),
        regions=[op.detach_region(region) for region in tuple(op.regions)],
    )
    replace_structure(b, op, new)


def copy_together(b: Buffers, at: Operation, pairs: Sequence[tuple[SSAValue, SSAValue]]) -> None:
    """Copies each source to its destination as if all were read before any is written."""
    pending = [(source, destination) for source, destination in pairs if not same_view(source, destination)]
    while pending:
        free = [
            pair
            for pair in pending
            if not any(may_alias(pair[1], source) for source, _ in pending if source is not pair[0])
            and not may_alias(pair[0], pair[1])
        ]
        if free:
            b.copy(at, *free[0])
            pending.remove(free[0])
            continue
        source, destination = pending.pop(0)
        type = buffer_type(source)
        sizes, ops = sizes_of(source)
        insert_before(at, *ops)
        dynamic = [size for size in sizes if isinstance(size, SSAValue)]
        room = b.allocate_type(at, MemRefType(type.element_type, type.shape), dynamic, source.name_hint)
        b.remark(at, "a carried value is copied twice: the next iteration has it in another place")
        b.copy(at, source, room)
        pending.append((room, destination))


def if_(b: Buffers, op: scf.IfOp) -> None:
    for region in op.regions:
        for block in region.blocks:
            b.rewrite(block)
    if not any(is_tensor(result) for result in op.results):
        return
    ends = [cast("scf.YieldOp", region.block.last_op) for region in op.regions]
    for index, result in enumerate(op.results):
        if not is_tensor(result):
            continue
        sources = [b.buffer(end.operands[index]) for end in ends]
        if sources[0] is sources[1]:
            b.buffers[result] = sources[0]
            continue
        b.buffers[result] = join(b, op, result, ends, sources)
    for end in ends:
        replace_end(b, end)
    new = scf.IfOp.create(
        operands=[op.cond],
        result_types=[result.type for result in op.results if not is_tensor(result)],
        attributes=op.attributes.copy(),
        properties=op.properties.copy(),
        regions=[op.detach_region(region) for region in tuple(op.regions)],
    )
    replace_structure(b, op, new)


def join(
    b: Buffers, op: Operation, result: SSAValue, ends: Sequence[Operation], sources: Sequence[SSAValue]
) -> SSAValue:
    """One buffer for a result of `op`: each block inside that ends with it computes into it or copies to it."""
    type = cast("TensorType[Attribute]", result.type)
    if DYNAMIC_INDEX in type.get_shape():
        raise UnsupportedError(
            f"'{op.name}' makes {type} in buffers of its own",
            rule="what is made inside a branch or a loop, and used outside, has a static shape: it has one place",
            places=places_of(op),
        )
    new = b.allocate_type(op, MemRefType(type.element_type, type.shape), name=result.name_hint)
    for end, source in zip(ends, sources, strict=True):
        alloc = source.owner
        if isinstance(alloc, memref.AllocOp) and alloc.parent is end.parent and source.type == new.type:
            b.replace(source, new)
        else:
            b.copy(end, source, new)
    return new


def forall(b: Buffers, op: scf.ForallOp) -> None:
    body = op.regions[0].block
    shared = len(op.results)
    if not shared:
        b.rewrite(body)
        return
    first = len(op.operands) - shared
    args = body.args[len(body.args) - shared :]
    for index, (arg, result) in enumerate(zip(args, op.results, strict=True)):
        buffer = b.destination(Operand(op, first + index), reads=True)
        b.buffers[arg] = b.buffers[result] = buffer
        b.dead_arguments.append(arg)
    b.rewrite(body)
    properties = op.properties.copy()
    segments = [len(op.dynamic_lower_bound), len(op.dynamic_upper_bound), len(op.dynamic_step), 0]
    properties["operandSegmentSizes"] = DenseArrayBase.from_list(i32, segments)
    new = type(op).create(
        operands=op.operands[:first],
        attributes=op.attributes.copy(),
        properties=properties,
        regions=[op.detach_region(op.regions[0])],
    )
    replace_structure(b, op, new)


def replace_end(b: Buffers, end: Operation) -> None:
    kept = [value for value in end.operands if not is_tensor(value)]
    if len(kept) < len(end.operands):
        insert_before(end, type(end).create(operands=kept, attributes=end.attributes.copy()))
        b.dead.append(end)


def replace_structure(b: Buffers, op: Operation, new: Operation) -> None:
    """Puts `new` in the place of `op`, which has the same results but those that are tensors."""
    cast("Block", op.parent).insert_op_before(new, op)
    new.location = op.location
    results = [result for result in op.results if not is_tensor(result)]
    for result, replacement in zip(results, new.results, strict=True):
        replacement.name_hint = result.name_hint
        result.replace_all_uses_with(replacement)
    b.dead.append(op)


CONTROL: dict[str, Callable[[Buffers, Any], None]] = {
    "scf.for": for_,
    "scf.forall": forall,
    "scf.if": if_,
    "scf.while": while_,
}
"""Name -> what becomes of the operation and what is inside it; terminators are their parents'."""
