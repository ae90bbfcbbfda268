"""`one-shot-bufferize`: every tensor gets a buffer, and as few of them as the order of reads and writes allows."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation

from minilinalg.analysis.destination_style import (
    destinations,
    first_destination,
    is_destination_style,
    reads_destination,
)
from minilinalg.analysis.in_place import InPlace, analyse
from minilinalg.analysis.tensor_operands import Operand, is_tensor
from minilinalg.dialects.upstream import bufferization, func, linalg, memref, tensor
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.insertion import erase, insert_before
from minilinalg.passes.one_shot_bufferize.buffers import Buffers, unsupported
from minilinalg.passes.one_shot_bufferize.control import CONTROL
from minilinalg.passes.one_shot_bufferize.functions import refuse_calls, return_results, take_arguments
from minilinalg.passes.one_shot_bufferize.tensors import TENSORS


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
        functions = [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]
        refuse_calls(op, functions)
        for function in functions:
            buffers = Buffers(ctx, self, function)
            buffers.decisions = _decide(buffers)
            buffers.rewrite = lambda block, b=buffers: _rewrite_block(b, block)
            take_arguments(buffers)
            buffers.rewrite(function.body.block)
            buffers.erase()
            _erase_unread(function)
            function.update_function_type()


def _decide(b: Buffers) -> InPlace:
    """The analysis, once copies are made early enough.

    A slice that is taken out, computed on and put back needs one copy of the whole, and that before it is taken out:
    the computation then writes its part of the copy, and needs no buffer for the slice.
    """
    decisions = analyse(b.function)
    late = list(decisions.slices_put_back())
    for extract, into in late:
        whole = extract.source
        if isinstance(fill := whole.owner, linalg.FillOp):
            empty = tensor.EmptyOp((), whole.type)
            copy = linalg.FillOp([fill.inputs[0]], [empty.tensor], [whole.type])
            insert_before(extract, empty, copy)
        else:
            copy = bufferization.AllocTensorOp(whole.type, copy=whole)
            insert_before(extract, copy)
        b.remark(extract, "what this slice is taken from and put back into is copied before: it is still needed")
        copy.results[0].name_hint = whole.name_hint
        extract.operands[0] = into.op.operands[into.index] = copy.results[0]
    return analyse(b.function) if late else decisions


def _erase_unread(function: func.FuncOp) -> None:
    """Erases buffers that are filled and never read: each tensor that needed their elements has been filled itself."""
    for alloc in [op for op in function.body.walk() if isinstance(op, memref.AllocOp)]:
        users = [use.operation for use in alloc.memref.uses]
        if all(isinstance(user, linalg.FillOp) for user in users):
            for op in (*users, alloc):
                erase(op)


def _rewrite_block(b: Buffers, block: Block) -> None:
    for op in tuple(block.ops):
        takes_tensors = any(is_tensor(value) for value in (*op.operands, *op.results))
        if op.name in CONTROL:
            CONTROL[op.name](b, op)
        elif isinstance(op, func.ReturnOp):
            return_results(b, op)
        elif not takes_tensors:
            if not is_destination_style(op):
                for region in op.regions:
                    for inner in region.blocks:
                        b.rewrite(inner)
        elif is_destination_style(op):
            _destination_style(b, op)
        elif op.name in TENSORS:
            TENSORS[op.name](b, op)
        elif op.name not in ("scf.yield", "scf.condition"):
            # What a loop or branch ends with is the loop's or branch's.
            raise unsupported(op)


def _destination_style(b: Buffers, op: Operation) -> None:
    """On buffers it is the same operation without results."""
    first = first_destination(op)
    values = [b.buffer(value) if is_tensor(value) else value for value in op.operands[:first]]
    for index in destinations(op):
        operand = Operand(op, index)
        is_buffer = not is_tensor(operand.value)
        values.append(operand.value if is_buffer else b.destination(operand, reads=reads_destination(op, index)))
    written = [value for index, value in enumerate(values) if index >= first and is_tensor(op.operands[index])]
    b.buffers.update(zip(op.results, written, strict=True))
    regions = [op.detach_region(region) for region in tuple(op.regions)]
    new = type(op).create(
        operands=values, properties=op.properties.copy(), attributes=op.attributes.copy(), regions=regions
    )
    insert_before(op, new)
    b.dead.append(op)
