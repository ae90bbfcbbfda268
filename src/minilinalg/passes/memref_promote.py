"""`memref-promote`: every buffer gets a memory, and blocks are computed on chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, ModuleOp, NoneAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.analysis.aliasing import VIEWS, Access, Buffer, is_at_address, is_memref, same_view, writes
from minilinalg.analysis.destination_style import (
    destinations,
    first_destination,
    is_destination_style,
    reads_destination,
    reads_input,
)
from minilinalg.dialects.linalg_ext import AtomicOp, IndexedOp
from minilinalg.dialects.simd import SpaceAttr, is_run
from minilinalg.dialects.simd.constraints import reserved_bytes
from minilinalg.dialects.upstream import func, memref
from minilinalg.errors import OverCapacityError, UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.insertion import insert_after, insert_before, value_before
from minilinalg.passes.instruction_operand import lies_as_operand
from minilinalg.passes.strided_view import buffer_type
from minilinalg.targets import Target


@dataclass(frozen=True)
class MemrefPromotePass(MinilinalgPass):
    """Gives every memref a memory space by its role, and computes blocks in on-chip memory.

    ```mlir
    func.func @double(%x: memref<64xf32>) {
      linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%x : memref<64xf32>) outs(%x : memref<64xf32>) {
      ^bb0(%in: f32, %out: f32):
        %s = arith.addf %in, %in : f32
        linalg.yield %s : f32
      }
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @double(%x: memref<64xf32, #simd.space<gdram>>) {
      %a = memref.alloc() : memref<64xf32, #simd.space<nram>>
      memref.copy %x, %a : memref<64xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>
      %b = memref.alloc() : memref<64xf32, #simd.space<nram>>
      linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%a : memref<64xf32, #simd.space<nram>>)
        outs(%b : memref<64xf32, #simd.space<nram>>) {
      ^bb0(%in: f32, %out: f32):
        %s = arith.addf %in, %in : f32
        linalg.yield %s : f32
      }
      memref.copy %b, %x : memref<64xf32, #simd.space<nram>> to memref<64xf32, #simd.space<gdram>>
      return
    }
    ```

    1. Arguments and what is seen of them are in the target's global memory, allocations in its vector memory. An
       allocation that is only copied to and used as the right operand of matrix products, as a whole or by parts that
       the unit can reach, is in the weights memory.
    2. An operand of a computation becomes an on-chip buffer of its own, copied in and out, when it is in global memory,
       when its elements do not lie side by side, when it does not begin at an address that the vector unit can reach,
       or when it is written and an instruction, which rounds its count up, would overwrite what comes behind it.
       Reading one block of global memory twice copies it once, as long as nothing may have changed it.
    3. A copy between two memories that the target's DMA has no path for goes through vector memory.
    4. What linalg_ext.gather reads, scatter writes and atomics change stays where it is. Their lists are on chip.

    Requires: a target; no tensors; on-chip buffers of static shape. Ensures: every memref has a memory space;
    computations are on chip; every on-chip buffer by itself fits into its memory. Leaves alone: scalar loads and
    stores, atomics, buffers that have a memory space already.
    """

    name = "memref-promote"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self, "its memories and their sizes")
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            _Promotion(ctx, self, target, function).run()


class _Promotion:
    def __init__(self, ctx: Context, who: MemrefPromotePass, target: Target, function: func.FuncOp):
        self.ctx = ctx
        self.who = who
        self.target = target
        self.function = function
        self.off_chip = SpaceAttr(target.global_space.name)
        self.vector = SpaceAttr(target.vector_space.name)
        weights = target.role("weights")
        self.weights = SpaceAttr(weights.name) if weights else None

    def run(self) -> None:
        body = self.function.body.block
        for arg in tuple(body.args):
            if is_memref(arg):
                self.place(arg, self.off_chip)
        for op in tuple(self.function.body.walk()):
            self.place_results(op)
        self.function.update_function_type()
        self.compute_on_chip(body, {})
        for op in tuple(self.function.body.walk()):
            if isinstance(op, memref.CopyOp):
                self.go_through_vector_memory(op)
        for op in self.function.body.walk():
            if isinstance(op, memref.AllocOp):
                self.check_fits(op)

    # --- which memory --------------------------------------------------------------------------------------------

    def place(self, value: SSAValue, space: Attribute) -> None:
        type = buffer_type(value)
        if isinstance(type.memory_space, NoneAttr):
            new = Rewriter.replace_value_with_new_type(
                value, MemRefType(type.element_type, type.shape, type.layout, space)
            )
            if isinstance(owner := value.owner, Block):
                owner.args[new.index].location = value.location  # pyright: ignore

    def place_results(self, op: Operation) -> None:
        for result in op.results:
            if not is_memref(result):
                continue
            if op.name in VIEWS:
                self.place(result, buffer_type(op.operands[0]).memory_space)
            elif isinstance(op, memref.AllocOp):
                self.place(result, self.space_for(op))
            elif is_at_address(result):
                self.place(result, self.off_chip)
            else:
                raise UnsupportedError(
                    f"'{op.name}' makes {result.type}, and no one memory is known for it",
                    rule="a buffer is an argument of the function, memory at an address, an allocation, or a view",
                    places=places_of(op),
                )

    def space_for(self, op: memref.AllocOp) -> Attribute:
        if self.weights is None:
            return self.vector
        uses = _uses_through_views(op.memref)
        is_right = [
            _is_right_operand(use, index) and lies_as_operand(use.operands[index], self.target, written=False)
            for use, index in uses
        ]
        is_target = [isinstance(use, memref.CopyOp) and index == 1 for use, index in uses]
        only_these = all(right or copied for right, copied in zip(is_right, is_target, strict=True))
        return self.weights if any(is_right) and only_these else self.vector

    # --- computing there -----------------------------------------------------------------------------------------

    def compute_on_chip(self, block: Block, known: dict[SSAValue, SSAValue]) -> None:
        """`known`: memory that was copied on chip before and has not changed since -> the copy."""
        known = dict(known)
        for op in tuple(block.ops):
            changed = list(writes(op))
            if op.regions and not is_destination_style(op):
                _forget(known, changed)
                for region in op.regions:
                    for inner in region.blocks:
                        self.compute_on_chip(inner, known)
                continue
            if isinstance(op, IndexedOp | AtomicOp):
                self.bring_lists(op, known)
            elif is_destination_style(op):
                self.bring_operands(op, known)
            _forget(known, changed)

    def bring_operands(self, op: Operation, known: dict[SSAValue, SSAValue]) -> None:
        for index in range(first_destination(op)):
            value = op.operands[index]
            space = self.weights if self.weights is not None and _is_right_operand(op, index) else self.vector
            if is_memref(value) and not self.is_usable(value, space, written=False):
                op.operands[index] = self.copy_in(op, value, space, known, reads_input(op, index))
        for index in destinations(op):
            value = op.operands[index]
            if is_memref(value) and not self.is_usable(value, self.vector, written=True):
                buffer = self.allocate(op, value, self.vector)
                if reads_destination(op, index):
                    insert_before(op, memref.CopyOp(value, buffer))
                insert_after(op, memref.CopyOp(buffer, value))
                op.operands[index] = buffer

    def bring_lists(self, op: IndexedOp | AtomicOp, known: dict[SSAValue, SSAValue]) -> None:
        """What is indexed stays where it is; the rows lie on chip, and the lists there without gaps (rule 4)."""
        lists = (op.index, op.mask)
        for index, value in enumerate(op.operands):
            type = buffer_type(value)
            if value is op.array or (type.memory_space == self.vector and (value not in lists or is_run(type))):
                continue
            if index in destinations(op):
                buffer = self.allocate(op, value, self.vector)
                if reads_destination(op, index):
                    insert_before(op, memref.CopyOp(value, buffer))
                insert_after(op, memref.CopyOp(buffer, value))
            else:
                buffer = self.copy_in(op, value, self.vector, known, reads=True)
            op.operands[index] = buffer

    def copy_in(
        self, op: Operation, value: SSAValue, space: Attribute, known: dict[SSAValue, SSAValue], reads: bool
    ) -> SSAValue:
        for before, copied in known.items():
            if same_view(before, value) and buffer_type(copied).memory_space == space:
                return copied
        buffer = self.allocate(op, value, space)
        if reads:
            insert_before(op, memref.CopyOp(value, buffer))
            known[value] = buffer
        return buffer

    def is_usable(self, value: SSAValue, space: Attribute, *, written: bool) -> bool:
        """Whether an instruction can have `value` as its operand (rules 2)."""
        return buffer_type(value).memory_space == space and lies_as_operand(value, self.target, written=written)

    def allocate(self, at: Operation, like: SSAValue, space: Attribute) -> SSAValue:
        type = buffer_type(like)
        if DYNAMIC_INDEX in type.get_shape():
            raise UnsupportedError(
                f"'{at.name}' computes on {type}, whose size is known only when the program runs",
                rule="a block that is computed on chip has a static shape; a part of it may be copied in and out",
                hint="tile the operation, or insert the part into a tensor of static shape",
                places=places_of(at),
            )
        new = memref.AllocOp([], [], MemRefType(type.element_type, type.shape, NoneAttr(), space))
        name = like.name_hint
        remark(self.ctx, self.who, at, f"an operand of '{at.name}' in {_where(type)} gets an on-chip buffer of its own")
        return value_before(at, new, name)

    def go_through_vector_memory(self, op: memref.CopyOp) -> None:
        source, target = (_space(buffer_type(value)) for value in op.operands)
        if self.target.has_path(source, target) or (source == target == self.vector.data):
            return
        buffer = self.allocate(op, op.source, self.vector)
        insert_before(op, memref.CopyOp(op.source, buffer))
        op.operands[0] = buffer

    # --- whether it fits -----------------------------------------------------------------------------------------

    def check_fits(self, op: memref.AllocOp) -> None:
        type = buffer_type(op.memref)
        if DYNAMIC_INDEX in type.get_shape():
            raise UnsupportedError(
                f"a buffer of type {type} has a size that is known only when the program runs",
                rule="an on-chip buffer has a static shape, so that it has a place",
                places=places_of(op),
            )
        space = self.target.space(_space(type))
        size = reserved_bytes(type, self.target)
        if size > space.usable:
            name = f"'{op.memref.name_hint}', " if op.memref.name_hint else ""
            raise OverCapacityError(
                f"a block too large for any tile: {name}{_shape(type)}, takes {size} bytes of {space.name}",
                rule=f"{space.name} of target '{self.target.name}' has {space.usable} bytes for all buffers of a core",
                hint="a smaller block size",
                places=places_of(op),
            )


def _forget(known: dict[SSAValue, SSAValue], changed: Sequence[Access]) -> None:
    for value in list(known):
        if any(access.touches(value) or access.touches(known[value]) for access in changed):
            del known[value]


def _uses_through_views(value: SSAValue) -> list[tuple[Operation, int]]:
    found: list[tuple[Operation, int]] = []
    for use in value.uses:
        if use.operation.name in VIEWS:
            found += _uses_through_views(use.operation.results[0])
        else:
            found.append((use.operation, use.index))
    return found


def _is_right_operand(op: Operation, index: int) -> bool:
    """Whether operand `index` is the one that a matrix unit takes from the weights memory."""
    return index == 1 and op.name in ("linalg.matmul", "linalg.batch_matmul")


def _space(type: Buffer) -> str:
    return cast("SpaceAttr", type.memory_space).data


def _where(type: Buffer) -> str:
    return f"{_space(type)} ({_shape(type)})"


def _shape(type: Buffer) -> str:
    return "x".join([*("?" if n == DYNAMIC_INDEX else str(n) for n in type.get_shape()), str(type.element_type)])
