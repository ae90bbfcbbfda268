"""`one-shot-bufferize`: every tensor gets a buffer, and as few of them as the order of reads and writes allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    NoneAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.abi import ABI, FunctionAbi, Parameter
from minilinalg.analysis.aliasing import may_alias, same_view
from minilinalg.analysis.constants import uniform_element
from minilinalg.analysis.destination_style import (
    destinations,
    first_destination,
    is_destination_style,
    reads_destination,
)
from minilinalg.analysis.in_place import (
    InPlace,
    Operand,
    analyse,
    covers_destination,
    is_tensor,
    is_undefined,
    tied_results,
    written_operands,
)
from minilinalg.dialects.upstream import arith, bufferization, func, linalg, memref, scf, tensor
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_before
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

RESULT = "ml.result"
"""The argument attribute of a buffer that takes a result: the caller allocates it and gets it back."""


@dataclass(frozen=True)
class OneShotBufferizePass(MinilinalgPass):
    """Turns tensors into buffers, in place wherever no value is overwritten that is still read.

    ```mlir
    func.func @scale(%x: memref<?xf32>, %size: index, %by: f32) {
      %view = memref.reinterpret_cast %x to offset: [0], sizes: [%size], strides: [1]
        : memref<?xf32> to memref<?xf32, strided<[1]>>
      %t = bufferization.to_tensor %view restrict : memref<?xf32, strided<[1]>> to tensor<?xf32>
      %e = tensor.empty() : tensor<64xf32>
      %a = tensor.insert_slice %t into %e[0] [%size] [1] : tensor<?xf32> into tensor<64xf32>
      %f = tensor.empty() : tensor<64xf32>
      %b = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%a, %by : tensor<64xf32>, f32) outs(%f : tensor<64xf32>) {
      ^bb0(%in: f32, %s: f32, %out: f32):
        %p = arith.mulf %in, %s : f32
        linalg.yield %p : f32
      } -> tensor<64xf32>
      %o = tensor.extract_slice %b[0] [%size] [1] : tensor<64xf32> to tensor<?xf32>
      bufferization.materialize_in_destination %o in writable %view
        : (tensor<?xf32>, memref<?xf32, strided<[1]>>) -> ()
      return
    }
    ```
    becomes
    ```mlir
    func.func @scale(%x: memref<?xf32>, %size: index, %by: f32) {
      %view = memref.reinterpret_cast %x to offset: [0], sizes: [%size], strides: [1]
        : memref<?xf32> to memref<?xf32, strided<[1]>>
      %a = memref.alloc() : memref<64xf32>
      %in = memref.subview %a[0] [%size] [1] : memref<64xf32> to memref<?xf32, strided<[1]>>
      memref.copy %view, %in : memref<?xf32, strided<[1]>> to memref<?xf32, strided<[1]>>
      linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%a, %by : memref<64xf32>, f32) outs(%a : memref<64xf32>) {
      ^bb0(%e: f32, %s: f32, %out: f32):
        %p = arith.mulf %e, %s : f32
        linalg.yield %p : f32
      }
      %o = memref.subview %a[0] [%size] [1] : memref<64xf32> to memref<?xf32, strided<[1]>>
      memref.copy %o, %view : memref<?xf32, strided<[1]>> to memref<?xf32, strided<[1]>>
      return
    }
    ```

    How it decides what is written in place: analysis/in_place.py, after upstream's One-Shot Bufferize. Where it has to
    copy, a remark says which operation still reads the old value.

    Requires: structured control flow; tensor operations of linalg, linalg_ext, tensor, bufferization and scf.
    Ensures: no tensors. A tensor argument is a memref of its shape, which is only read. A result is a trailing memref
    argument with the attribute `ml.result`, listed in `ml.abi`. What a loop carries and what scf.if yields lives in one
    buffer; no memref is carried, yielded or returned. A part of memory whose size is known only when the program runs,
    and which is inserted into a tensor of static shape, is copied straight to its place: it never needs a buffer of
    dynamic size. Leaves alone: operations on memrefs and scalars.
    """

    name = "one-shot-bufferize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            _Function(ctx, self, function).bufferize()


class _Function:
    """The rewriting of one function: tensors get buffers in the order of the text; what had tensors is erased last."""

    def __init__(self, ctx: Context, who: OneShotBufferizePass, function: func.FuncOp):
        self.ctx = ctx
        self.who = who
        self.function = function
        self.buffers: dict[SSAValue, SSAValue] = {}
        self.dead: list[Operation] = []
        self.dead_arguments: list[SSAValue] = []
        self.decisions = InPlace()

    def bufferize(self) -> None:
        self.renew_fills()
        self.decisions = analyse(self.function)
        self.take_arguments()
        self.block(self.function.body.block)
        self.erase()
        self.function.update_function_type()

    def renew_fills(self) -> None:
        """Gives each operation that would have to copy a tensor of equal elements one of its own: a fill reads nothing."""
        for op in tuple(self.function.body.walk()):
            for operand in tuple(written_operands(op)):
                fill = operand.value.owner
                if not isinstance(fill, linalg.FillOp) or not isinstance(fill.outputs[0].owner, tensor.EmptyOp):
                    continue
                if operand.value.has_one_use() and fill.parent is op.parent:
                    continue
                new = fill.clone()
                insert_before(op, new)
                new.location = fill.location
                new.results[0].name_hint = operand.value.name_hint
                op.operands[operand.index] = new.results[0]
                if not fill.results[0].uses:
                    erase(fill)

    def erase(self) -> None:
        for op in reversed(self.dead):
            op.detach()
            op.drop_all_references()
        for op in self.dead:
            op.erase(safe_erase=False, drop_references=False)
        for arg in self.dead_arguments:
            cast("Block", arg.owner).erase_arg(cast("Any", arg), safe_erase=False)

    # --- making operations ---------------------------------------------------------------------------------------

    def insert(self, at: Operation, *ops: Operation) -> None:
        """Puts `ops` in front of `at`, with its location."""
        cast("Block", at.parent).insert_ops_before(ops, at)
        for op in ops:
            op.location = at.location

    def value(self, at: Operation, op: Operation) -> SSAValue:
        """Puts `op` in front of `at`; returns its result."""
        self.insert(at, op)
        return op.results[0]

    def allocate(self, at: Operation, like: SSAValue, name: str | None = None) -> SSAValue:
        """A new buffer for the tensor `like`; its own name stands in for a missing `name`."""
        type = cast("TensorType[Attribute]", like.type)
        sizes: list[SSAValue] = []
        if DYNAMIC_INDEX in type.get_shape():
            found, ops = self.extents(like)
            self.insert(at, *ops)
            sizes = [size for size in found if isinstance(size, SSAValue)]
        return self.allocate_type(at, MemRefType(type.element_type, type.shape), sizes, name or like.name_hint)

    def allocate_type(
        self, at: Operation, type: MemRefType[Attribute], sizes: Sequence[SSAValue] = (), name: str | None = None
    ) -> SSAValue:
        new = memref.AllocOp(sizes, (), type)
        new.memref.name_hint = name
        return self.value(at, new)

    def extents(self, value: SSAValue) -> tuple[list[SSAValue | int], list[Operation]]:
        """The extents of a tensor, and the operations that must be inserted to know them."""
        if isinstance(value.owner, tensor.EmptyOp):
            given = iter(value.owner.dynamic_sizes)
            shape = cast("TensorType[Attribute]", value.type).get_shape()
            return [next(given) if extent == DYNAMIC_INDEX else extent for extent in shape], []
        return sizes_of(self.buffer(value))

    def copy(self, at: Operation, source: SSAValue, destination: SSAValue) -> None:
        if not same_view(source, destination):
            self.insert(at, memref.CopyOp(source, destination))

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
                raise _unsupported(owner if isinstance(owner, Operation) else self.function)
        return self.buffers[value]

    def constant(self, op: arith.ConstantOp) -> SSAValue:
        value = op.value
        number = uniform_element(value) if isinstance(value, DenseIntOrFPElementsAttr) else None
        if number is None:
            raise UnsupportedError(
                "a constant tensor whose elements differ has no buffer",
                rule="constants are scalars, or tensors with one value in all elements",
                places=places_of(op),
            )
        new = self.allocate(op, op.result)
        self.fill(op, cast("DenseIntOrFPElementsAttr", value), new)
        return new

    def fill(self, at: Operation, value: DenseIntOrFPElementsAttr, buffer: SSAValue) -> None:
        scalar = arith.ConstantOp(cast("Any", next(iter(value.get_attrs()))))
        self.insert(at, scalar, linalg.FillOp([scalar.result], [buffer], []))

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
        reader = self.decisions.copies[operand]
        why = "it may only be read" if reader is None else f"'{reader.name}' still reads it"
        remark(self.ctx, self.who, op, f"the destination of '{op.name}' is copied, not written in place: {why}")
        new = self.allocate(op, value, name)
        if reads and not is_undefined(value):
            self.copy(op, self.buffer(value), new)
        return new

    # --- operations ----------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        for op in tuple(block.ops):
            self.operation(op)

    def operation(self, op: Operation) -> None:
        takes_tensors = any(is_tensor(value) for value in (*op.operands, *op.results))
        if (rewrite := _REWRITES.get(op.name)) is not None and (takes_tensors or op.regions or op.name in _ALWAYS):
            rewrite(self, op)
        elif is_destination_style(op):
            if takes_tensors:
                self.destination_style(op)
        elif takes_tensors:
            raise _unsupported(op)
        else:
            for region in op.regions:
                for block in region.blocks:
                    self.block(block)

    def destination_style(self, op: Operation) -> None:
        first = first_destination(op)
        values = [self.buffer(v) if is_tensor(v) else v for v in op.operands[:first]]
        for index in destinations(op):
            operand = Operand(op, index)
            is_buffer = not is_tensor(operand.value)
            values.append(operand.value if is_buffer else self.destination(operand, reads=reads_destination(op, index)))
        for result, value in zip(op.results, values[first:], strict=False):
            self.buffers[result] = value
        regions = [op.detach_region(region) for region in tuple(op.regions)]
        new = type(op).create(
            operands=values, properties=op.properties.copy(), attributes=op.attributes.copy(), regions=regions
        )
        self.insert(op, new)
        self.dead.append(op)

    def nothing(self, op: Operation) -> None:
        """An operation whose buffer is made when somebody asks for it."""
        if any(is_tensor(result) for result in op.results):
            self.dead.append(op)

    def to_tensor(self, op: bufferization.ToTensorOp) -> None:
        view = op.memref
        change = self.decisions.snapshots.get(cast("Any", op.tensor))
        if change is not None:
            text = f"memory is copied when it is read: '{change.name}' may change it before the last use"
            remark(self.ctx, self.who, op, text)
            view = self.snapshot(op)
        self.buffers[op.tensor] = view
        self.dead.append(op)

    def snapshot(self, op: bufferization.ToTensorOp) -> SSAValue:
        """A copy of what `op` views, in a buffer of static shape when its uses tell how large it can be."""
        type = buffer_type(op.memref)
        bound = self.bound(op.tensor)
        sizes, ops = sizes_of(op.memref)
        self.insert(op, *ops)
        dynamic = [size for size in sizes if isinstance(size, SSAValue)]
        if dynamic and bound is not None:
            room = self.allocate_type(op, MemRefType(type.element_type, bound), name=op.tensor.name_hint)
            new = self.value(op, whole(room, sizes))
        else:
            new = self.allocate_type(op, MemRefType(type.element_type, type.shape), dynamic, op.tensor.name_hint)
        self.copy(op, op.memref, new)
        return new

    def bound(self, value: SSAValue) -> tuple[int, ...] | None:
        """A static shape that `value` fits in: that of a tensor which it is inserted into."""
        for use in value.uses:
            insert = use.operation
            if isinstance(insert, tensor.InsertSliceOp) and use.index == 0:
                shape = cast("TensorType[Attribute]", insert.dest.type).get_shape()
                same_rank = len(shape) == cast("TensorType[Attribute]", value.type).get_num_dims()
                if DYNAMIC_INDEX not in shape and same_rank:
                    return shape
        return None

    def materialize(self, op: bufferization.MaterializeInDestinationOp) -> None:
        destination = self.destination(Operand(op, 1), reads=False) if is_tensor(op.dest) else op.dest
        self.copy(op, self.buffer(op.source), destination)
        for result in op.results:
            self.buffers[result] = destination
        self.dead.append(op)

    def extract_slice(self, op: tensor.ExtractSliceOp) -> None:
        shape = cast("TensorType[Attribute]", op.result.type).get_shape()
        self.view(op, subview(self.buffer(op.source), slice_of(op), shape))

    def view(self, op: Operation, new: Operation) -> None:
        self.buffers[op.results[0]] = self.value(op, new)
        new.results[0].name_hint = op.results[0].name_hint
        self.dead.append(op)

    def insert_slice(self, op: tensor.InsertSliceOp) -> None:
        destination = self.destination(Operand(op, 1), reads=not covers_destination(op))
        self.insert_into(op, destination)
        self.buffers[op.result] = destination
        self.dead.append(op)

    def insert_into(self, op: Operation, destination: SSAValue) -> None:
        source = self.buffer(op.operands[0])
        place = subview(destination, slice_of(op), cast("TensorType[Attribute]", op.operands[0].type).get_shape())
        self.insert(op, place)
        if same_view(source, place.result):
            # What is inserted was computed there.
            place.detach()
            place.erase()
        else:
            self.copy(op, source, place.result)

    def parallel_insert_slice(self, op: Operation) -> None:
        # The slices are put in when the body is over: in front of its terminator.
        terminator = cast("Operation", op.parent_op())
        source, destination = self.buffer(op.operands[0]), self.buffer(op.operands[1])
        shape = cast("TensorType[Attribute]", op.operands[0].type).get_shape()
        place = subview(destination, slice_of(op), shape)
        self.insert(terminator, place)
        place.location = op.location
        if same_view(source, place.result):
            place.detach()
            place.erase()
        else:
            copy = memref.CopyOp(source, place.result)
            self.insert(terminator, copy)
            copy.location = op.location
        self.dead.append(op)

    def reshape(self, op: Operation) -> None:
        """collapse_shape and expand_shape: a view, unless the elements do not lie as the new shape needs them."""
        source = self.buffer(op.operands[0])
        shape = cast("TensorType[Attribute]", op.results[0].type).get_shape()
        groups = reassociation_of(op)
        collapses = isinstance(op, tensor.CollapseShapeOp)

        def layout_of(value: SSAValue) -> Attribute | None:
            type = buffer_type(value)
            return collapsed_layout(type, groups) if collapses else expanded_layout(type, groups, shape)

        layout = layout_of(source)
        if layout is None:
            remark(self.ctx, self.who, op, f"the source of '{op.name}' is copied: its elements do not lie side by side")
            new = self.allocate(op, op.operands[0])
            self.copy(op, source, new)
            source, layout = new, NoneAttr()
        type = buffer_type(source)
        result = MemRefType(type.element_type, shape, cast("Any", layout), type.memory_space)
        properties = {
            key: op.properties[key] for key in ("reassociation", "static_output_shape") if key in op.properties
        }
        kind = memref.CollapseShapeOp if collapses else memref.ExpandShapeOp
        self.view(op, kind.create(operands=[source, *op.operands[1:]], result_types=[result], properties=properties))

    def cast(self, op: tensor.CastOp) -> None:
        source = buffer_type(self.buffer(op.source))
        shape = cast("TensorType[Attribute]", op.dest.type).get_shape()
        result = MemRefType(source.element_type, shape, source.layout, source.memory_space)
        self.view(op, memref.CastOp.create(operands=[self.buffer(op.source)], result_types=[result]))

    def dim(self, op: tensor.DimOp) -> None:
        new = memref.DimOp(self.buffer(op.source), op.index)
        op.result.replace_all_uses_with(self.value(op, new))
        self.dead.append(op)

    def extract(self, op: tensor.ExtractOp) -> None:
        new = memref.LoadOp.get(self.buffer(op.tensor), op.indices)
        new.res.name_hint = op.result.name_hint
        op.result.replace_all_uses_with(self.value(op, new))
        self.dead.append(op)

    def insert_element(self, op: tensor.InsertOp) -> None:
        destination = self.destination(Operand(op, 1), reads=True)
        self.insert(op, memref.StoreOp.get(op.scalar, destination, op.indices))
        self.buffers[op.result] = destination
        self.dead.append(op)

    def from_elements(self, op: tensor.FromElementsOp) -> None:
        new = self.allocate(op, op.result)
        shape = cast("TensorType[Attribute]", op.result.type).get_shape()
        for linear, element in enumerate(op.elements):
            indices: list[arith.ConstantOp] = []
            for extent in reversed(shape):
                indices.insert(0, arith.ConstantOp(IntegerAttr.from_index_int_value(linear % extent)))
                linear //= extent
            self.insert(op, *indices, memref.StoreOp.get(element, new, indices))
        self.buffers[op.result] = new
        self.dead.append(op)

    def splat(self, op: tensor.SplatOp) -> None:
        type = cast("TensorType[Attribute]", op.result.type)
        new = self.allocate_type(
            op, MemRefType(type.element_type, type.shape), tuple(op.dynamicSizes), op.result.name_hint
        )
        self.insert(op, linalg.FillOp([op.input], [new], []))
        self.buffers[op.result] = new
        self.dead.append(op)

    def select(self, op: arith.SelectOp) -> None:
        """A choice between whole tensors is a copy of one of them."""
        if is_tensor(op.cond):
            raise _unsupported(op)
        new = self.allocate(op, op.lhs)
        branches = [Region(Block([memref.CopyOp(self.buffer(v), new), scf.YieldOp()])) for v in (op.lhs, op.rhs)]
        choice = scf.IfOp(op.cond, [], *branches)
        self.insert(op, choice)
        for inner in choice.walk():
            inner.location = op.location
        self.buffers[op.result] = new
        self.dead.append(op)

    # --- control flow --------------------------------------------------------------------------------------------

    def for_(self, op: scf.ForOp) -> None:
        body = op.body.block
        if not any(is_tensor(value) for value in op.iter_args):
            self.block(body)
            return
        pairs: list[tuple[SSAValue, SSAValue]] = []
        ended = cast("scf.YieldOp", body.last_op)
        for index, (init, arg, result, yielded) in enumerate(
            zip(op.iter_args, body.args[1:], op.res, ended.operands, strict=True)
        ):
            if is_tensor(init):
                buffer = self.destination(Operand(op, 3 + index), reads=True)
                self.buffers[arg] = self.buffers[result] = buffer
                pairs.append((yielded, buffer))
                self.dead_arguments.append(arg)
        self.block(body)
        self.copy_together(ended, [(self.buffer(yielded), buffer) for yielded, buffer in pairs])
        self.replace_yield(ended)
        kept = [value for value in op.iter_args if not is_tensor(value)]
        new = scf.ForOp.create(
            operands=[op.lb, op.ub, op.step, *kept],
            result_types=[value.type for value in kept],
            attributes=op.attributes.copy(),
            properties=op.properties.copy(),
            regions=[op.detach_region(op.body)],
        )
        self.replace_structure(op, new)

    def copy_together(self, at: Operation, pairs: Sequence[tuple[SSAValue, SSAValue]]) -> None:
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
                self.copy(at, *free[0])
                pending.remove(free[0])
                continue
            source, destination = pending.pop(0)
            type = buffer_type(source)
            sizes, ops = sizes_of(source)
            self.insert(at, *ops)
            dynamic = [size for size in sizes if isinstance(size, SSAValue)]
            room = self.allocate_type(at, MemRefType(type.element_type, type.shape), dynamic, source.name_hint)
            remark(
                self.ctx, self.who, at, "a carried value is copied twice: the next iteration has it in another place"
            )
            self.copy(at, source, room)
            pending.append((room, destination))

    def if_(self, op: scf.IfOp) -> None:
        for region in op.regions:
            for block in region.blocks:
                self.block(block)
        if not any(is_tensor(result) for result in op.results):
            return
        ends = [cast("scf.YieldOp", region.block.last_op) for region in op.regions]
        for index, result in enumerate(op.results):
            if not is_tensor(result):
                continue
            sources = [self.buffer(end.operands[index]) for end in ends]
            if sources[0] is sources[1]:
                self.buffers[result] = sources[0]
                continue
            self.buffers[result] = self.join(op, result, ends, sources)
        for end in ends:
            self.replace_yield(end)
        new = scf.IfOp.create(
            operands=[op.cond],
            result_types=[result.type for result in op.results if not is_tensor(result)],
            attributes=op.attributes.copy(),
            properties=op.properties.copy(),
            regions=[op.detach_region(region) for region in tuple(op.regions)],
        )
        self.replace_structure(op, new)

    def join(self, op: scf.IfOp, result: SSAValue, ends: Sequence[Operation], sources: Sequence[SSAValue]) -> SSAValue:
        """One buffer for a result of `op`: each branch computes into it or copies to it."""
        type = cast("TensorType[Attribute]", result.type)
        if DYNAMIC_INDEX in type.get_shape():
            raise UnsupportedError(
                f"'scf.if' yields {type} from different buffers",
                rule="what both branches make has a static shape, so that it has one place",
                places=places_of(op),
            )
        new = self.allocate_type(op, MemRefType(type.element_type, type.shape), name=result.name_hint)
        for end, source in zip(ends, sources, strict=True):
            alloc = source.owner
            if isinstance(alloc, memref.AllocOp) and alloc.parent is end.parent and source.type == new.type:
                source.replace_all_uses_with(new)
                for value, buffer in self.buffers.items():
                    if buffer is source:
                        self.buffers[value] = new
                alloc.detach()
                alloc.erase()
            else:
                self.copy(end, source, new)
        return new

    def forall(self, op: Operation) -> None:
        body = op.regions[0].block
        shared = len(op.results)
        if not shared:
            self.block(body)
            return
        first = len(op.operands) - shared
        args = body.args[len(body.args) - shared :]
        for index, (arg, result) in enumerate(zip(args, op.results, strict=True)):
            buffer = self.destination(Operand(op, first + index), reads=True)
            self.buffers[arg] = self.buffers[result] = buffer
            self.dead_arguments.append(arg)
        self.block(body)
        properties = op.properties.copy()
        sizes = cast("Any", properties["operandSegmentSizes"])
        properties["operandSegmentSizes"] = type(sizes).from_list(sizes.elt_type, [*sizes.get_values()[:-1], 0])
        new = type(op).create(
            operands=op.operands[:first],
            attributes=op.attributes.copy(),
            properties=properties,
            regions=[op.detach_region(op.regions[0])],
        )
        self.replace_structure(op, new)

    def replace_yield(self, end: Operation) -> None:
        kept = [value for value in end.operands if not is_tensor(value)]
        if len(kept) < len(end.operands):
            self.insert(end, type(end).create(operands=kept, attributes=end.attributes.copy()))
            self.dead.append(end)

    def replace_structure(self, op: Operation, new: Operation) -> None:
        """Puts `new` in the place of `op`, which has the same results but those that are tensors."""
        cast("Block", op.parent).insert_op_before(new, op)
        new.location = op.location
        results = [result for result in op.results if not is_tensor(result)]
        for result, replacement in zip(results, new.results, strict=True):
            replacement.name_hint = result.name_hint
            result.replace_all_uses_with(replacement)
        self.dead.append(op)

    # --- functions -----------------------------------------------------------------------------------------------

    def take_arguments(self) -> None:
        body = self.function.body.block
        tensors = [arg for arg in body.args if is_tensor(arg)]
        if tensors or self.function.function_type.outputs.data:
            abi = FunctionAbi.of(self.function)
            # In a function on buffers, a tensor is an array in memory like any other.
            parameters = [
                Parameter(p.name, "pointer" if p.kind == "tensor" else p.kind, p.type, p.promises, p.shape)
                for p in abi.parameters
            ]
            self.function.attributes[ABI] = FunctionAbi(abi.name, tuple(parameters)).attribute()
        for arg in tensors:
            type = cast("TensorType[Attribute]", arg.type)
            new = body.insert_arg(MemRefType(type.element_type, type.shape), arg.index)
            new.name_hint, new.location = arg.name_hint, arg.location
            self.buffers[arg] = new
            self.dead_arguments.append(arg)

    def return_(self, op: func.ReturnOp) -> None:
        """Results go to trailing arguments: the caller allocates them and hands them back to the user."""
        if not op.operands:
            return
        entries: list[Attribute] = []
        for index, value in enumerate(op.operands):
            type = value.type
            name = f"result{index}" if len(op.operands) > 1 else "result"
            shaped = cast("TensorType[Attribute]", type) if is_tensor(value) else None
            element, shape = (shaped.element_type, shaped.get_shape()) if shaped is not None else (type, ())
            new = self.add_argument(MemRefType(element, shape), name)
            if is_tensor(value):
                self.copy(op, self.buffer(value), new)
            else:
                self.insert(op, memref.StoreOp.get(value, new, []))
            entries.append(Parameter(name, "result", element, {}, shape).attribute())
        known = cast("ArrayAttr[Attribute]", self.function.attributes[ABI])
        self.function.attributes[ABI] = ArrayAttr([*known.data, *entries])
        self.insert(op, func.ReturnOp())
        self.dead.append(op)

    def add_argument(self, type: MemRefType[Attribute], name: str) -> SSAValue:
        body = self.function.body.block
        live = [arg for arg in body.args if arg not in self.dead_arguments]
        given = self.function.arg_attrs.data if self.function.arg_attrs is not None else ()
        attributes = [*given, *(DictionaryAttr({}) for _ in range(len(live) - len(given)))]
        new = body.insert_arg(type, len(body.args))
        new.name_hint = name
        self.function.arg_attrs = ArrayAttr([*attributes, DictionaryAttr({RESULT: UnitAttr()})])
        return new


def _unsupported(op: Operation) -> UnsupportedError:
    types = ", ".join(dict.fromkeys(str(v.type) for v in (*op.operands, *op.results) if is_tensor(v)))
    return UnsupportedError(
        f"'{op.name}' on {types or 'tensors'} cannot be turned into operations on buffers",
        rule="tensors are computed by linalg, linalg_ext, tensor and bufferization, and carried by scf.for and scf.if",
        places=places_of(op),
    )


_ALWAYS: frozenset[str] = frozenset({"func.return"})
_REWRITES: dict[str, Callable[[_Function, Any], None]] = {
    "arith.constant": _Function.nothing,
    "arith.select": _Function.select,
    "bufferization.alloc_tensor": _Function.nothing,
    "bufferization.materialize_in_destination": _Function.materialize,
    "bufferization.to_tensor": _Function.to_tensor,
    "func.return": _Function.return_,
    "scf.for": _Function.for_,
    "scf.forall": _Function.forall,
    "scf.if": _Function.if_,
    "tensor.cast": _Function.cast,
    "tensor.collapse_shape": _Function.reshape,
    "tensor.dim": _Function.dim,
    "tensor.empty": _Function.nothing,
    "tensor.expand_shape": _Function.reshape,
    "tensor.extract": _Function.extract,
    "tensor.extract_slice": _Function.extract_slice,
    "tensor.from_elements": _Function.from_elements,
    "tensor.insert": _Function.insert_element,
    "tensor.insert_slice": _Function.insert_slice,
    "tensor.parallel_insert_slice": _Function.parallel_insert_slice,
    "tensor.splat": _Function.splat,
    "scf.yield": lambda rewriter, op: None,
}
"""What becomes of an operation that is not in destination style, by name."""
