"""What becomes of each operation on tensors that is not in destination style."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, IntegerAttr, MemRefType, NoneAttr, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.analysis.aliasing import same_view
from minilinalg.analysis.tensor_operands import Operand, covers_destination, is_tensor
from minilinalg.dialects.upstream import arith, bufferization, linalg, memref, scf, tensor
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.one_shot_bufferize.buffers import Buffers, unsupported
from minilinalg.passes.strided_view import (
    buffer_type,
    collapsed_layout,
    expanded_layout,
    reassociation_of,
    sizes_of,
    slice_of,
    subview,
    whole,
)


def nothing(b: Buffers, op: Operation) -> None:
    """An operation whose buffer is made when somebody asks for it."""
    if any(is_tensor(result) for result in op.results):
        b.dead.append(op)


def alloc_tensor(b: Buffers, op: bufferization.AllocTensorOp) -> None:
    """A buffer of its own, whatever becomes of the tensor that it copies."""
    if op.copy is not None:
        new = b.allocate(op, op.copy, op.tensor.name_hint)
        b.copy(op, b.buffer(op.copy), new)
        b.buffers[op.tensor] = new
    b.dead.append(op)


def to_tensor(b: Buffers, op: bufferization.ToTensorOp) -> None:
    view = op.memref
    change = b.decisions.snapshots.get(cast("Any", op.tensor))
    if change is not None:
        text = f"memory is copied when it is read: '{change.name}' may change it before the last use"
        b.remark(op, text)
        view = snapshot(b, op)
    b.buffers[op.tensor] = view
    b.dead.append(op)


def snapshot(b: Buffers, op: bufferization.ToTensorOp) -> SSAValue:
    """A copy of what `op` views, in a buffer of static shape when its uses tell how large it can be."""
    type = buffer_type(op.memref)
    room_shape = bound(op.tensor)
    sizes, ops = sizes_of(op.memref)
    insert_before(op, *ops)
    dynamic = [size for size in sizes if isinstance(size, SSAValue)]
    if dynamic and room_shape is not None:
        room = b.allocate_type(op, MemRefType(type.element_type, room_shape), name=op.tensor.name_hint)
        new = value_before(op, whole(room, sizes))
    else:
        new = b.allocate_type(op, MemRefType(type.element_type, type.shape), dynamic, op.tensor.name_hint)
    b.copy(op, op.memref, new)
    return new


def bound(value: SSAValue) -> tuple[int, ...] | None:
    """A static shape that `value` fits in: that of a tensor which it is inserted into."""
    for use in value.uses:
        insert = use.operation
        if isinstance(insert, tensor.InsertSliceOp) and use.index == 0:
            shape = cast("TensorType[Attribute]", insert.dest.type).get_shape()
            same_rank = len(shape) == cast("TensorType[Attribute]", value.type).get_num_dims()
            if DYNAMIC_INDEX not in shape and same_rank:
                return shape
    return None


def materialize(b: Buffers, op: bufferization.MaterializeInDestinationOp) -> None:
    destination = b.destination(Operand(op, 1), reads=False) if is_tensor(op.dest) else op.dest
    b.copy(op, b.buffer(op.source), destination)
    for result in op.results:
        b.buffers[result] = destination
    b.dead.append(op)


def extract_slice(b: Buffers, op: tensor.ExtractSliceOp) -> None:
    shape = op.result.type.get_shape()
    view(b, op, subview(b.buffer(op.source), slice_of(op), shape))


def view(b: Buffers, op: Operation, new: Operation) -> None:
    b.buffers[op.results[0]] = value_before(op, new)
    new.results[0].name_hint = op.results[0].name_hint
    b.dead.append(op)


def insert_slice(b: Buffers, op: tensor.InsertSliceOp) -> None:
    destination = b.destination(Operand(op, 1), reads=not covers_destination(op))
    insert_into(b, op, destination, op)
    b.buffers[op.result] = destination


def parallel_insert_slice(b: Buffers, op: Operation) -> None:
    # The slices are put in when the body of the loop is over: in front of what ends it.
    insert_into(b, op, b.buffer(op.operands[1]), cast("Operation", op.parent_op()))


def insert_into(b: Buffers, op: Operation, destination: SSAValue, at: Operation) -> None:
    source = b.buffer(op.operands[0])
    place = subview(destination, slice_of(op), cast("TensorType[Attribute]", op.operands[0].type).get_shape())
    place.location = op.location
    insert_before(at, place)
    if same_view(source, place.result):
        # What is inserted was computed there.
        erase(place)
    else:
        copy = memref.CopyOp(source, place.result)
        copy.location = op.location
        insert_before(at, copy)
    b.dead.append(op)


def reshape(b: Buffers, op: Operation) -> None:
    """collapse_shape and expand_shape: a view, unless the elements do not lie as the new shape needs them."""
    source = b.buffer(op.operands[0])
    shape = cast("TensorType[Attribute]", op.results[0].type).get_shape()
    groups = reassociation_of(op)
    collapses = isinstance(op, tensor.CollapseShapeOp)

    def layout_of(value: SSAValue) -> Attribute | None:
        type = buffer_type(value)
        return collapsed_layout(type, groups) if collapses else expanded_layout(type, groups, shape)

    layout = layout_of(source)
    if layout is None:
        b.remark(op, f"the source of '{op.name}' is copied: its elements do not lie side by side")
        new = b.allocate(op, op.operands[0])
        b.copy(op, source, new)
        source, layout = new, NoneAttr()
    type = buffer_type(source)
    result = MemRefType(type.element_type, shape, cast("Any", layout), type.memory_space)
    properties = {key: op.properties[key] for key in ("reassociation", "static_output_shape") if key in op.properties}
    kind = memref.CollapseShapeOp if collapses else memref.ExpandShapeOp
    view(b, op, kind.create(operands=[source, *op.operands[1:]], result_types=[result], properties=properties))


def cast_(b: Buffers, op: tensor.CastOp) -> None:
    source = buffer_type(b.buffer(op.source))
    shape = cast("TensorType[Attribute]", op.dest.type).get_shape()
    result = MemRefType(source.element_type, shape, source.layout, source.memory_space)
    view(b, op, memref.CastOp.create(operands=[b.buffer(op.source)], result_types=[result]))


def dim(b: Buffers, op: tensor.DimOp) -> None:
    new = memref.DimOp(b.buffer(op.source), op.index)
    op.result.replace_all_uses_with(value_before(op, new))
    b.dead.append(op)


def extract(b: Buffers, op: tensor.ExtractOp) -> None:
    new = memref.LoadOp.get(b.buffer(op.tensor), op.indices)
    new.res.name_hint = op.result.name_hint
    op.result.replace_all_uses_with(value_before(op, new))
    b.dead.append(op)


def insert_element(b: Buffers, op: tensor.InsertOp) -> None:
    destination = b.destination(Operand(op, 1), reads=True)
    insert_before(op, memref.StoreOp.get(op.scalar, destination, op.indices))
    b.buffers[op.result] = destination
    b.dead.append(op)


def from_elements(b: Buffers, op: tensor.FromElementsOp) -> None:
    new = b.allocate(op, op.result)
    shape = op.result.type.get_shape()
    for linear, element in enumerate(op.elements):
        indices: list[arith.ConstantOp] = []
        for extent in reversed(shape):
            indices.insert(0, arith.ConstantOp(IntegerAttr.from_index_int_value(linear % extent)))
            linear //= extent
        insert_before(op, *indices, memref.StoreOp.get(element, new, indices))
    b.buffers[op.result] = new
    b.dead.append(op)


def splat(b: Buffers, op: tensor.SplatOp) -> None:
    type = op.result.type
    new = b.allocate_type(op, MemRefType(type.element_type, type.shape), tuple(op.dynamicSizes), op.result.name_hint)
    insert_before(op, linalg.FillOp([op.input], [new], []))
    b.buffers[op.result] = new
    b.dead.append(op)


def select(b: Buffers, op: arith.SelectOp) -> None:
    """A choice between whole tensors is a copy of one of them."""
    if is_tensor(op.cond):
        raise unsupported(op)
    new = b.allocate(op, op.lhs)
    branches = [Region(Block([memref.CopyOp(b.buffer(v), new), scf.YieldOp()])) for v in (op.lhs, op.rhs)]
    choice = scf.IfOp(op.cond, [], branches[0], branches[1])
    insert_before(op, choice)
    for inner in choice.walk():
        inner.location = op.location
    b.buffers[op.result] = new
    b.dead.append(op)


TENSORS: dict[str, Callable[[Buffers, Any], None]] = {
    "arith.constant": nothing,
    "arith.select": select,
    "bufferization.alloc_tensor": alloc_tensor,
    "bufferization.materialize_in_destination": materialize,
    "bufferization.to_tensor": to_tensor,
    "tensor.cast": cast_,
    "tensor.collapse_shape": reshape,
    "tensor.dim": dim,
    "tensor.empty": nothing,
    "tensor.expand_shape": reshape,
    "tensor.extract": extract,
    "tensor.extract_slice": extract_slice,
    "tensor.from_elements": from_elements,
    "tensor.insert": insert_element,
    "tensor.insert_slice": insert_slice,
    "tensor.parallel_insert_slice": parallel_insert_slice,
    "tensor.splat": splat,
}
"""Name -> what becomes of the operation."""
