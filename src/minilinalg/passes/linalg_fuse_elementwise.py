"""`linalg-fuse-elementwise`: chains of elementwise operations become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from typing_extensions import TypeIs
from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern

Operand: TypeAlias = tuple[SSAValue, AffineMap]
"""An input of a generic: a value, and the map from the loops to its elements."""


@dataclass(frozen=True)
class LinalgFuseElementwisePass(MinilinalgPass):
    """Fuses elementwise producers into the elementwise operation that uses them.

    ```mlir
    #same = affine_map<(d0) -> (d0)>
    func.func @f(%x: tensor<8xf32>, %s: f32) -> tensor<8xf32> {
      %0 = tensor.empty() : tensor<8xf32>
      %1 = linalg.fill ins(%s : f32) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
      %2 = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel"]}
          ins(%x, %1 : tensor<8xf32>, tensor<8xf32>) outs(%0 : tensor<8xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %4 = arith.subf %a, %b : f32
        linalg.yield %4 : f32
      } -> tensor<8xf32>
      %3 = linalg.exp ins(%2 : tensor<8xf32>) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
      return %3 : tensor<8xf32>
    }
    ```
    becomes
    ```mlir
    #same = affine_map<(d0) -> (d0)>
    func.func @f(%x: tensor<8xf32>, %s: f32) -> tensor<8xf32> {
      %0 = tensor.empty() : tensor<8xf32>
      %1 = linalg.generic {indexing_maps = [#same, affine_map<(d0) -> ()>, #same], iterator_types = ["parallel"]}
          ins(%x, %s : tensor<8xf32>, f32) outs(%0 : tensor<8xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %2 = arith.subf %a, %b : f32
        %3 = math.exp %2 : f32
        linalg.yield %3 : f32
      } -> tensor<8xf32>
      return %1 : tensor<8xf32>
    }
    ```

    Requires: nothing. Ensures: a fill or a broadcast is an operand of the operation that uses it, a scalar or with a
    map of fewer dimensions, however many users it has. A producer with one user, which needs each of its elements once,
    is part of that user, which is a `linalg.generic` then. What has no use left is gone. Where the user wrote into an
    undefined tensor and the producer into a given one, the fused operation writes into the given one. Leaves alone: a
    producer with two users, in another block, or whose elements would be computed again, and says so; operations on
    buffers; reductions; copies and transposes as users.

    Source: upstream's linalg-fuse-elementwise-ops, which loses the producer's destination.
    """

    name = "linalg-fuse-elementwise"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_patterns(ctx, op, [FuseProducer()])
        # Only now: a producer that had two users may have lost one of them on the way.
        for consumer in op.walk():
            if is_consumer(consumer):
                for producer in dict.fromkeys(value.owner for value in consumer.inputs):
                    if is_elementwise(producer) and (why := why_not(consumer, producer)) is not None:
                        remark(ctx, self, consumer, f"not fused: {why}")


# What can be fused

Elementwise: TypeAlias = linalg.GenericOp | linalg.MapOp | linalg.ElementwiseOp | linalg.BroadcastOp
CHEAP = (linalg.FillOp, linalg.BroadcastOp)
"""They compute nothing: reading their operand instead is never more work."""


def is_elementwise(op: object) -> TypeIs[Elementwise]:
    """Whether an operation makes one tensor, and every element of it for itself."""
    return (
        isinstance(op, linalg.GenericOp | linalg.MapOp | linalg.ElementwiseOp | linalg.BroadcastOp)
        and len(op.results) == 1
        and all(iterator is linalg.IteratorType.PARALLEL for iterator in op.iterators)
    )


def is_consumer(op: object) -> TypeIs[Elementwise]:
    """Whether others are fused into it: moving elements is left to an operation that does only that."""
    return is_elementwise(op) and not isinstance(op, linalg.FillOp | linalg.CopyOp | linalg.BroadcastOp)


def why_not(consumer: Elementwise, producer: Elementwise) -> str | None:
    """Why the producer cannot become part of the consumer, None when it can."""
    result = producer.results[0]
    if _reads_output(producer):
        return "the producer adds to what its output held"
    if isinstance(producer, CHEAP):
        return None
    if any(use.operation is not consumer for use in result.uses):
        return "the producer has another user, and would be computed twice"
    if producer.parent is not consumer.parent:
        return "the producer stands outside of the loop or branch of its user, and would be computed more often"
    if any(value is result for value in consumer.outputs):
        return "the producer's result is also what its user writes over"
    reached = {map for value, map in operands_of(consumer) if value is result}
    if len(reached) != 1:
        return "the producer is read at two places for one element"
    if not _is_permutation(reached.pop()) or not _is_permutation(producer.maps[-1]):
        return "an element of the producer is needed for many, and would be computed again for each"
    return None


def operands_of(op: Elementwise) -> list[Operand]:
    """The inputs with their maps."""
    return list(zip(op.inputs, op.maps, strict=False))


def _reads_output(op: Elementwise) -> bool:
    return any(arg.uses for arg in op.body.block.args[len(op.inputs) :])


def _is_permutation(map: AffineMap) -> bool:
    positions = [expr.position for expr in map.results if isinstance(expr, AffineDimExpr)]
    return len(positions) == len(map.results) and sorted(positions) == list(range(map.num_dims))


# The pattern


class FuseProducer(RewritePattern):
    """Computes the elements of one producer where they are used."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: Elementwise, rewriter: PatternRewriter, /) -> None:
        if not is_consumer(op):
            return
        for read in operands_of(op):
            producer = read[0].owner
            if is_elementwise(producer) and why_not(op, producer) is None:
                rewriter.replace(op, fused(op, producer, read))
                _erase_dead(producer, rewriter)
                return


def fused(consumer: Elementwise, producer: Elementwise, read: Operand) -> linalg.GenericOp:
    """One operation that computes `consumer`, whose operand `read` is the result of `producer`."""
    # From the consumer's loops to the elements that it reads, and from these to the producer's loops.
    inverse = producer.maps[-1].inverse_permutation()
    assert inverse is not None
    loops = inverse.compose(read[1])
    inner = [(value, map.compose(loops)) for value, map in operands_of(producer)]
    operands = [o for operand in operands_of(consumer) for o in (inner if operand == read else [operand])]
    fusion = Fusion(operands, consumer)
    (element,) = fusion.copy_body(
        producer, dict(zip(producer.body.block.args, map(fusion.arg, inner), strict=False)), loops
    )
    arguments = {
        arg: element if operand == read else fusion.arg(operand)
        for arg, operand in zip(consumer.body.block.args, operands_of(consumer), strict=False)
    }
    outputs = fusion.block.args[len(fusion.operands) :]
    arguments.update(zip(consumer.body.block.args[len(consumer.inputs) :], outputs, strict=True))
    fusion.yield_(fusion.copy_body(consumer, arguments))
    given = producer.outputs[0]
    same_place = consumer.maps[-1] == read[1] and given.type == consumer.outputs[0].type
    keeps = same_place and _writes_undefined(consumer) and not _is_undefined(given) and not isinstance(producer, CHEAP)
    return fusion.finish([given] if keeps else consumer.outputs)


def _is_undefined(value: SSAValue) -> bool:
    return isinstance(value.owner, tensor.EmptyOp)


def _writes_undefined(op: Elementwise) -> bool:
    return _is_undefined(op.outputs[0]) and not _reads_output(op)


def _erase_dead(op: Operation, rewriter: PatternRewriter) -> None:
    """Erases a producer that nobody uses any more, and what computed nothing but its operands."""
    if any(result.uses for result in op.results):
        return
    owners = [value.owner for value in op.operands]
    rewriter.erase(op)
    for owner in dict.fromkeys(owners):
        if isinstance(owner, tensor.EmptyOp | linalg.FillOp | linalg.BroadcastOp):
            _erase_dead(owner, rewriter)


class Fusion:
    """A generic in the making, in place of `like`. Operands that are equal, and equally mapped, are read once."""

    def __init__(self, operands: Sequence[Operand], like: Elementwise):
        self.like = like
        self.operands = list(dict.fromkeys(operands))
        values = [*(value for value, _ in self.operands), *like.outputs]
        self.block = Block(arg_types=[get_element_type_or_self(value.type) for value in values])
        for arg in self.block.args:
            arg.location = like.location

    def arg(self, operand: Operand) -> SSAValue:
        """The element of an operand."""
        return self.block.args[self.operands.index(operand)]

    def copy_body(
        self, op: Elementwise, values: Mapping[Any, SSAValue], loops: AffineMap | None = None
    ) -> list[SSAValue]:
        """Copies what `op` computes from `values`, the elements that its body takes, and returns what it yields.

        `loops` gives the loops of `op` for those of the fusion.
        """
        mapping: dict[SSAValue, SSAValue] = dict(values)
        for inner in op.body.block.ops:
            if isinstance(inner, linalg.YieldOp):
                return [mapping.get(value, value) for value in inner.operands]
            copy = inner.clone(value_mapper=mapping)
            for old, new in zip(inner.walk(), copy.walk(), strict=True):
                new.location = old.location
            if isinstance(copy, linalg.IndexOp) and loops is not None:
                expr = loops.results[copy.dim.value.data]
                assert isinstance(expr, AffineDimExpr)
                copy.dim = linalg.IndexOp(expr.position).dim
            self.block.add_op(copy)
        raise AssertionError("a body ends with linalg.yield")

    def yield_(self, values: Sequence[SSAValue]) -> None:
        """Ends the body."""
        end = linalg.YieldOp(*values)
        end.location = self.like.location
        self.block.add_op(end)

    def finish(self, outputs: Sequence[SSAValue]) -> linalg.GenericOp:
        """The fused operation, which writes into `outputs`."""
        maps = [*(map for _, map in self.operands), *self.like.maps[len(self.like.inputs) :]]
        return linalg.GenericOp(
            [value for value, _ in self.operands],
            outputs,
            Region(self.block),
            ArrayAttr([AffineMapAttr(map) for map in maps]),
            self.like.get_iterator_types(),
            self.like.result_types,
        )
