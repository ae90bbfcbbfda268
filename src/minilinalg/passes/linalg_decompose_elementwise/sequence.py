"""One elementwise operation as a sequence of single instructions on buffers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast

from xdsl.dialects.builtin import AffineMapAttr, IntegerAttr, MemRefType, NoneAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineExpr, AffineMap

from minilinalg.analysis.aliasing import is_memref, may_alias, same_view
from minilinalg.analysis.destination_style import first_destination, indexing_map
from minilinalg.dialects.simd import element_bytes
from minilinalg.dialects.upstream import arith, linalg, memref
from minilinalg.dialects.upstream.linalg import PARALLEL
from minilinalg.passes.insertion import insert_before, value_before
from minilinalg.passes.strided_view import buffer_type, subview
from minilinalg.targets import Target

Dims: TypeAlias = "list[int | None]"
"""Which loop each dimension of an operand is indexed by; None: by zero."""


def is_read_in_place(value: SSAValue, dims: Dims, loops: Sequence[int], target: Target) -> bool:
    """Whether an instruction can read an operand as it is: all of the loops, or the last ones again and again."""
    if dims == loops:
        return True
    if not dims or dims != loops[len(loops) - len(dims) :]:
        return False
    type = buffer_type(value)
    return type.element_count() % target.vector.count_multiple(element_bytes(type)) == 0


class Decomposition:
    """The sequence for one operation; everything is put in front of it."""

    def __init__(self, op: Operation, maps: Sequence[Dims], target: Target):
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
            if found is self.op.operands[value.index] and not is_read_in_place(found, dims, self.loops, self.target):
                found = self.places[value] = self.reshaped(found, dims)
        return found

    def reshaped(self, value: SSAValue, dims: Dims) -> SSAValue:
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
        if kept != self.loops and not is_read_in_place(value, cast("Dims", kept), self.loops, self.target):
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
            self.save_from(out, position)
            found = self.read(value)
            if not is_memref(found):
                insert_before(self.op, linalg.FillOp([found], [out], []))
                continue
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
