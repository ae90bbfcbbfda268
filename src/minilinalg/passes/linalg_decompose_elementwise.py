"""`linalg-decompose-elementwise`: computations on buffers come apart into single instructions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, IntegerAttr, MemRefType, ModuleOp, NoneAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from minilinalg.analysis.aliasing import is_memref, may_alias, same_view
from minilinalg.analysis.destination_style import first_destination, indexing_map, is_destination_style, is_parallel
from minilinalg.analysis.reduction import combiner_of, neutral_element, starts_neutral
from minilinalg.dialects.simd import element_bytes
from minilinalg.dialects.upstream import arith, func, linalg, memref
from minilinalg.dialects.upstream.linalg.structured import PARALLEL
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.strided_view import buffer_type, subview
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
    body of one operation. Leaves alone: reductions by several operations, generics with reduction loops, operands that
    are indexed by sums or products, matrix products.
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
        elif not _is_one_instruction(op, maps, target):
            _Decomposition(op, maps, target).run()
            erase(op)


_Dims = list[int | None]
"""Which loop each dimension of an operand is indexed by; None: by zero."""


def _maps_by_output(op: Operation) -> list[_Dims] | None:
    """How the operands are indexed when loops are counted in the order of the output's dimensions.

    None unless all outputs are indexed by the same permutation of the loops, and the others by loops and zeros.
    """
    first = first_destination(op)
    maps: list[_Dims] = []
    for index in range(len(op.operands)):
        found = indexing_map(op, index)
        if found is None:
            return None
        dims = [_loop_of(expr) for expr in found.results]
        if any(dim is _OTHER for dim in dims):
            return None
        maps.append(cast("_Dims", dims))
    order = maps[first]
    loops = list(range(cast("AffineMap", indexing_map(op, first)).num_dims))
    if sorted(-1 if dim is None else dim for dim in order) != loops or any(dims != order for dims in maps[first:]):
        return None
    position = {dim: place for place, dim in enumerate(order)}
    by_output: list[_Dims] = []
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


def _is_one_instruction(op: Operation, maps: Sequence[_Dims], target: Target) -> bool:
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
        if is_memref(value) and not _is_read_in_place(value, dims, loops, target):
            return False
    return True


def _is_read_in_place(value: SSAValue, dims: _Dims, loops: Sequence[int], target: Target) -> bool:
    """Whether an instruction can read an operand as it is: all of the loops, or the last ones again and again."""
    if dims == loops:
        return True
    if not dims or dims != loops[len(loops) - len(dims) :]:
        return False
    type = buffer_type(value)
    return type.element_count() % target.vector.count_multiple(element_bytes(type)) == 0


class _Decomposition:
    """The sequence for one operation; everything is put in front of it."""

    def __init__(self, op: Operation, maps: Sequence[_Dims], target: Target):
        self.op = op
        self.maps = maps
        self.target = target
        self.first = first_destination(op)
        self.destinations = list(op.operands[self.first :])
        out = buffer_type(self.destinations[0])
        self.shape = out.get_shape()
        self.space = out.memory_space
        self.loops = list(range(len(self.shape)))
        self.body = op.regions[0].block
        self.end = cast("Operation", self.body.last_op)
        self.left: Counter[SSAValue] = Counter(v for inner in self.body.ops for v in inner.operands)
        """How often each value of the body is still going to be read."""
        self.places: dict[SSAValue, SSAValue] = {}
        """Value of the body -> the scalar or buffer that holds it."""
        self.temporaries: list[SSAValue] = []
        """Buffers that were made here."""
        self.ramps: dict[SSAValue, int] = {}

    def run(self) -> None:
        self.take_arguments()
        for inner in self.body.ops:
            if inner is not self.end and any(self.left[result] for result in inner.results):
                self.compute(inner)
        self.deliver()

    # --- operands ------------------------------------------------------------------------------------------------

    def take_arguments(self) -> None:
        for arg, value, dims in zip(self.body.args, self.op.operands, self.maps, strict=False):
            if not self.left[arg]:
                continue
            if not is_memref(value):
                self.places[arg] = value
            elif all(dim is None for dim in dims):
                self.places[arg] = self.load(value, len(dims))
            else:
                self.places[arg] = value

    def load(self, value: SSAValue, rank: int) -> SSAValue:
        zero = arith.ConstantOp(IntegerAttr.from_index_int_value(0))
        if rank:
            insert_before(self.op, zero)
        return value_before(self.op, memref.LoadOp.get(value, [zero] * rank), value.name_hint)

    def read(self, value: SSAValue) -> SSAValue:
        """The scalar, or the buffer in a form that an instruction reads, of a value of the body."""
        if value in self.ramps:
            self.places[value] = self.ramp(self.ramps.pop(value), None, value)
        found = self.places.get(value, value)
        if isinstance(value, BlockArgument) and value.owner is self.body and is_memref(found):
            dims = self.maps[value.index]
            if found is self.op.operands[value.index] and not _is_read_in_place(found, dims, self.loops, self.target):
                found = self.places[value] = self.reshaped(found, dims)
        return found

    def reshaped(self, value: SSAValue, dims: _Dims) -> SSAValue:
        """A buffer with the elements of `value` in the order of the loops, repeated along those that it lacks."""
        kept = [dim for dim in dims if dim is not None]
        if len(kept) < len(dims):
            shape = buffer_type(value).get_shape()
            bounds = (
                [0] * len(dims),
                [1 if d is None else n for d, n in zip(dims, shape, strict=True)],
                [1] * len(dims),
            )
            value = value_before(self.op, subview(value, bounds, [self.shape[dim] for dim in kept]), value.name_hint)
        if kept != sorted(kept):
            order = sorted(range(len(kept)), key=lambda i: kept[i])
            kept = sorted(kept)
            new = self.allocate(buffer_type(value).element_type, [self.shape[dim] for dim in kept], value.name_hint)
            insert_before(self.op, linalg.TransposeOp(value, new, order))
            value = new
        if kept != self.loops and not _is_read_in_place(value, cast("_Dims", kept), self.loops, self.target):
            new = self.allocate(buffer_type(value).element_type, self.shape, value.name_hint)
            insert_before(self.op, linalg.BroadcastOp(value, new, [dim for dim in self.loops if dim not in kept]))
            value = new
        return value

    # --- operations ----------------------------------------------------------------------------------------------

    def compute(self, inner: Operation) -> None:
        result = inner.results[0]
        if isinstance(inner, linalg.IndexOp):
            order = self.loop_order()
            self.ramps[result] = order.index(inner.dim.value.data)
            return
        if isinstance(inner, arith.IndexCastOp) and inner.input in self.ramps and self.fits(inner):
            dim = self.ramps[inner.input]
            self.left[inner.input] -= 1
            self.places[result] = self.ramp(dim, inner, result)
            return
        inputs = [self.read(value) for value in inner.operands]
        for value in inner.operands:
            self.left[value] -= 1
        if not any(is_memref(value) for value in inputs):
            self.places[result] = self.scalar(inner, inputs)
            return
        destination = self.destination(result, inputs)
        self.emit([inner], inputs, destination)
        self.places[result] = destination

    def loop_order(self) -> list[int]:
        """The loops of the operation in the order of the output's dimensions."""
        found = cast("AffineMap", indexing_map(self.op, self.first))
        return [cast("AffineDimExpr", expr).position for expr in found.results]

    def fits(self, cast_op: arith.IndexCastOp) -> bool:
        """Whether every index of the loop is a number of the integer type, so that a ramp can count in it."""
        bits = getattr(cast_op.result.type, "bitwidth", 64)
        return self.shape[self.ramps[cast_op.input]] <= 1 << (bits - 1)

    def scalar(self, inner: Operation, inputs: Sequence[SSAValue]) -> SSAValue:
        new = type(inner).create(
            operands=inputs,
            result_types=[result.type for result in inner.results],
            properties=inner.properties.copy(),
            attributes=inner.attributes.copy(),
        )
        new.location = inner.location
        return value_before(self.op, new, inner.results[0].name_hint)

    def ramp(self, dim: int, cast_op: Operation | None, result: SSAValue) -> SSAValue:
        """The index along `dim`, as an index or cast to the type of `cast_op`."""
        destination = self.destination(result, [])
        self.emit([linalg.IndexOp(dim), *([cast_op] if cast_op is not None else [])], [], destination)
        return destination

    def emit(self, inner: Sequence[Operation], inputs: Sequence[SSAValue], destination: SSAValue) -> None:
        """A generic with one operation of the body (or an index and its cast) as its own."""
        maps = [self.map_for(value) for value in (*inputs, destination)]
        types = [buffer_type(v).element_type if is_memref(v) else v.type for v in (*inputs, destination)]
        block = Block(arg_types=types)
        values: Sequence[SSAValue] = block.args[: len(inputs)]
        for op in inner:
            new = type(op).create(
                operands=values,
                result_types=[result.type for result in op.results],
                properties=op.properties.copy(),
                attributes=op.attributes.copy(),
            )
            new.location = op.location
            block.add_op(new)
            values = new.results
        block.add_op(linalg.YieldOp(*values))
        new = linalg.GenericOp(
            list(inputs), [destination], Region(block), [AffineMapAttr(m) for m in maps], [PARALLEL] * len(self.shape)
        )
        new.location = inner[-1].location
        insert_before(self.op, new)

    def map_for(self, value: SSAValue) -> AffineMap:
        rank = buffer_type(value).get_num_dims() if is_memref(value) else 0
        return AffineMap(
            len(self.shape), 0, tuple(AffineExpr.dimension(dim) for dim in self.loops[len(self.loops) - rank :])
        )

    # --- where results go ----------------------------------------------------------------------------------------

    def destination(self, result: SSAValue, inputs: Sequence[SSAValue]) -> SSAValue:
        element = result.type
        for value, out in zip(self.end.operands, self.destinations, strict=True):
            if value is result and self.may_write(out, inputs):
                return out
        alone = self.destinations[0] if len(self.destinations) == 1 else None
        candidates = [value for value in inputs if value in self.temporaries]
        candidates += [alone] if alone is not None else []
        candidates += self.temporaries
        for candidate in candidates:
            type = buffer_type(candidate)
            fits = type.element_type == element and type.get_shape() == self.shape
            if fits and self.may_write(candidate, inputs):
                return candidate
        return self.allocate(element, self.shape, result.name_hint)

    def may_write(self, buffer: SSAValue, inputs: Sequence[SSAValue]) -> bool:
        """Whether nothing that is read later is in `buffer`, and what is read now is all of it or nothing of it."""
        if any(may_alias(buffer, place) for place in self.needed()):
            return False
        return all(same_view(buffer, v) or not may_alias(buffer, v) for v in inputs if is_memref(v))

    def needed(self) -> Iterator[SSAValue]:
        """The buffers that hold what is still going to be read."""
        for value, place in self.places.items():
            if self.left[value] and is_memref(place):
                yield place

    def allocate(self, element: Attribute, shape: Sequence[int], name: str | None) -> SSAValue:
        new = value_before(self.op, memref.AllocOp([], [], MemRefType(element, shape, NoneAttr(), self.space)), name)
        self.temporaries.append(new)
        return new

    def deliver(self) -> None:
        """Puts the yielded values into the destinations where they are not computed there."""
        for position, (value, out) in enumerate(zip(self.end.operands, self.destinations, strict=True)):
            found = self.read(value)
            self.left[value] -= 1
            if found is out:
                continue
            if not is_memref(found):
                insert_before(self.op, linalg.FillOp([found], [out], []))
                continue
            self.save_from(out, position)
            found = self.read(value)
            if buffer_type(found).get_shape() == self.shape:
                if not same_view(found, out):
                    insert_before(self.op, memref.CopyOp(found, out))
            else:
                rank = len(self.shape) - buffer_type(found).get_num_dims()
                insert_before(self.op, linalg.BroadcastOp(found, out, list(range(rank))))

    def save_from(self, out: SSAValue, position: int) -> None:
        """Copies what later destinations take from `out` before it is overwritten."""
        for value in self.end.operands[position + 1 :]:
            place = self.read(value)
            if is_memref(place) and may_alias(place, out):
                new = self.allocate(buffer_type(place).element_type, buffer_type(place).get_shape(), place.name_hint)
                insert_before(self.op, memref.CopyOp(place, new))
                self.places[value] = new


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
    cast("Block", op.parent).insert_op_after(combination, op)
    combination.location = op.location
    cast("Operation", block.last_op).location = op.location
