"""`linalg-decompose-elementwise`: computations on buffers come apart into single instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, MemRefType, ModuleOp, NoneAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from minilinalg.analysis.aliasing import is_memref
from minilinalg.analysis.destination_style import first_destination, indexing_map, is_destination_style, is_parallel
from minilinalg.analysis.reduction import combiner_of, neutral_element, starts_neutral
from minilinalg.dialects.upstream import arith, func, linalg, memref
from minilinalg.dialects.upstream.linalg import PARALLEL
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.insertion import erase, insert_after, insert_before
from minilinalg.passes.linalg_decompose_elementwise.sequence import Decomposition, Dims, is_read_in_place
from minilinalg.passes.strided_view import buffer_type
from minilinalg.targets import Target

INSTRUCTIONS = frozenset({"linalg.broadcast", "linalg.fill", "linalg.transpose"})
"""Loop nests without reductions that are one instruction as they are."""


@dataclass(frozen=True)
class LinalgDecomposeElementwisePass(MinilinalgPass):
    """Turns each elementwise computation on buffers into a sequence of operations that are one instruction each.

    ```mlir
    func.func @axpy(%x: memref<64xf32, #simd.space<nram>>, %y: memref<64xf32, #simd.space<nram>>, %a: f32) {
      linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%x, %a : memref<64xf32, #simd.space<nram>>, f32)
        outs(%y : memref<64xf32, #simd.space<nram>>) {
      ^bb0(%in: f32, %s: f32, %out: f32):
        %p = arith.mulf %in, %s : f32
        %q = arith.addf %p, %out : f32
        linalg.yield %q : f32
      }
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @axpy(%x: memref<64xf32, #simd.space<nram>>, %y: memref<64xf32, #simd.space<nram>>, %a: f32) {
      %p = memref.alloc() : memref<64xf32, #simd.space<nram>>
      linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%x, %a : memref<64xf32, #simd.space<nram>>, f32)
        outs(%p : memref<64xf32, #simd.space<nram>>) {
      ^bb0(%in: f32, %s: f32, %out: f32):
        %0 = arith.mulf %in, %s : f32
        linalg.yield %0 : f32
      }
      linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]}
        ins(%p, %y : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>>)
        outs(%y : memref<64xf32, #simd.space<nram>>) {
      ^bb0(%in: f32, %in_0: f32, %out: f32):
        %0 = arith.addf %in, %in_0 : f32
        linalg.yield %0 : f32
      }
      return
    }
    ```

    1. What depends on scalars alone, constants too, is computed once, in front; a buffer of one element that is read by
       every iteration is loaded there.
    2. Every other operation of the body becomes an operation of its own, in the order of the body. It writes into the
       destination if it makes the final value and nothing that is read later shares memory with it; else into an
       operand that is not needed any more, the destination, a temporary buffer that is free again, or a new one.
    3. A buffer that lacks leading dimensions is read again and again; one that lacks others, or has them in another
       order, is first broadcast or transposed into a temporary buffer.
    4. A linalg.reduce that starts from something is a reduction from the neutral element, and a combination with it.

    Requires: a target; buffers on chip. Ensures: each parallel linalg.generic with an identity map of its output has a
    body of one operation. Leaves alone: reductions by several operations, operations of several results, generics with
    reduction loops, operands that are indexed by sums or products, matrix products.
    """

    name = "linalg-decompose-elementwise"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self, "the counts that its vector unit processes")
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            for inner in tuple(function.body.walk()):
                if not is_destination_style(inner) or not is_memref(inner.operands[-1]):
                    continue
                if isinstance(inner, linalg.ReduceOp):
                    _separate_initial_value(inner)
                elif is_parallel(inner) and not _only_moves(inner):
                    self.decompose(ctx, inner, target)

    def decompose(self, ctx: Context, op: Operation, target: Target) -> None:
        maps = _maps_by_output(op)
        if maps is None:
            remark(ctx, self, op, f"'{op.name}' stays as it is: it indexes an operand by more than its loops")
        elif (several := _with_several_results(op)) is not None:
            remark(ctx, self, op, f"'{op.name}' stays as it is: '{several.name}' has several results")
        elif not _is_one_instruction(op, maps, target):
            Decomposition(op, maps, target).run()
            erase(op)


def _maps_by_output(op: Operation) -> list[Dims] | None:
    """How the operands are indexed when loops are counted in the order of the output's dimensions.

    None unless all outputs are indexed by the same permutation of the loops, and the others by loops and zeros.
    """
    first = first_destination(op)
    maps: list[Dims] = []
    for index in range(len(op.operands)):
        found = indexing_map(op, index)
        if found is None:
            return None
        dims = [_loop_of(expr) for expr in found.results]
        if any(dim is _OTHER for dim in dims):
            return None
        maps.append(cast("Dims", dims))
    order = maps[first]
    loops = list(range(cast("AffineMap", indexing_map(op, first)).num_dims))
    if sorted(-1 if dim is None else dim for dim in order) != loops or any(dims != order for dims in maps[first:]):
        return None
    position = {dim: place for place, dim in enumerate(order)}
    by_output: list[Dims] = []
    for dims in maps:
        named = [dim for dim in dims if dim is not None]
        if len(set(named)) < len(named):
            return None
        by_output.append([None if dim is None else position[dim] for dim in dims])
    return by_output


_OTHER = object()


def _loop_of(expr: AffineExpr) -> object:
    if isinstance(expr, AffineDimExpr):
        return expr.position
    return None if isinstance(expr, AffineConstantExpr) and expr.value == 0 else _OTHER


def _only_moves(op: Operation) -> bool:
    """Whether an operation moves elements as an instruction does, and computes nothing (a fill may convert)."""
    return op.name in INSTRUCTIONS and op.regions[0].block.first_op is op.regions[0].block.last_op


def _with_several_results(op: Operation) -> Operation | None:
    """An operation of the body that is no instruction by itself."""
    return next((inner for inner in op.regions[0].block.ops if len(inner.results) > 1), None)


def _is_one_instruction(op: Operation, maps: Sequence[Dims], target: Target) -> bool:
    """Whether nothing is left to do."""
    if not isinstance(op, linalg.GenericOp) or len(op.outputs) != 1:
        return False
    *computed, end = op.body.block.ops
    if list(end.operands) != [result for inner in computed[-1:] for result in inner.results]:
        return False
    if len(computed) == 2 and isinstance(computed[0], linalg.IndexOp) and isinstance(computed[1], arith.IndexCastOp):
        return True
    first = first_destination(op)
    loops = list(range(len(maps[first])))
    if maps[first] != loops or len(computed) != 1 or isinstance(computed[0], arith.ConstantOp):
        return False
    if isinstance(computed[0], linalg.IndexOp):
        return True
    used = set(computed[0].operands)
    if not any(isinstance(v, BlockArgument) and is_memref(op.operands[v.index]) for v in used):
        return False
    for index, (value, dims) in enumerate(zip(op.operands, maps, strict=True)):
        if is_memref(value) and op.body.block.args[index] in used and (index >= first or not dims):
            return False
        if is_memref(value) and not is_read_in_place(value, dims, loops, target):
            return False
    return True


def _separate_initial_value(op: Operation) -> None:
    """`reduce ins(x) outs(y)`, with something in y, is `reduce ins(x) outs(t)` from the neutral element, y with t."""
    combiner = combiner_of(op)
    if combiner is None or starts_neutral(op):
        return
    init = op.operands[1]
    type = buffer_type(init)
    neutral = neutral_element(combiner.name, type.element_type)
    if neutral is None:
        return
    start = arith.ConstantOp(cast("Attribute", neutral))  # pyright: ignore
    room = memref.AllocOp([], [], MemRefType(type.element_type, type.shape, NoneAttr(), type.memory_space))
    room.memref.name_hint = combiner.results[0].name_hint
    insert_before(op, start, room, linalg.FillOp([start.result], [room.memref], []))
    body = op.regions[0].block
    block = Block(arg_types=[type.element_type] * 3)
    values = [block.args[1 if value is body.args[0] else 0] for value in combiner.operands]
    combined = combiner.clone()
    combined.operands = values
    combined.location = combiner.location
    block.add_ops([combined, linalg.YieldOp(combined.results[0])])
    identity = AffineMapAttr(AffineMap.identity(type.get_num_dims()))
    combination = linalg.GenericOp(
        [init, room.memref], [init], Region(block), [identity] * 3, [PARALLEL] * type.get_num_dims()
    )
    op.operands[1] = room.memref
    insert_after(op, combination)
