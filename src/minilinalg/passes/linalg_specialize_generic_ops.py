"""`linalg-specialize-generic-ops`: reductions written as `linalg.generic` become the named operations of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, ModuleOp, TensorType
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap

from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.passes.base import MinilinalgPass, Numerics, remark
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern

COMBINERS = frozenset(
    f"arith.{name}"
    for name in (
        *("addf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf"),
        *("addi", "muli", "maxsi", "minsi", "maxui", "minui", "andi", "ori", "xori"),
    )
)
"""What `linalg.reduce` combines with: associative, so that the order of the loops does not matter."""
EXTENSIONS = ("arith.extf", "arith.extsi")


@dataclass(frozen=True)
class LinalgSpecializeGenericOpsPass(MinilinalgPass):
    """Makes `linalg.matmul` and `linalg.reduce` of reductions that are written as `linalg.generic`.

    ```mlir
    #a = affine_map<(m, n, k) -> (m, k)>
    #b = affine_map<(m, n, k) -> (k, n)>
    #c = affine_map<(m, n, k) -> (m, n)>
    func.func @f(%a: tensor<8x4xf16>, %b: tensor<4x2xf16>, %c: tensor<8x2xf32>) -> tensor<8x2xf32> {
      %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%a, %b : tensor<8x4xf16>, tensor<4x2xf16>) outs(%c : tensor<8x2xf32>) {
      ^bb0(%x: f16, %y: f16, %acc: f32):
        %1 = arith.extf %x : f16 to f32
        %2 = arith.extf %y : f16 to f32
        %3 = arith.mulf %1, %2 : f32
        %4 = arith.addf %acc, %3 : f32
        linalg.yield %4 : f32
      } -> tensor<8x2xf32>
      return %0 : tensor<8x2xf32>
    }
    ```
    becomes
    ```mlir
    func.func @f(%a: tensor<8x4xf16>, %b: tensor<4x2xf16>, %c: tensor<8x2xf32>) -> tensor<8x2xf32> {
      %0 = linalg.matmul ins(%a, %b : tensor<8x4xf16>, tensor<4x2xf16>) outs(%c : tensor<8x2xf32>) -> tensor<8x2xf32>
      return %0 : tensor<8x2xf32>
    }
    ```

    Any other sum, product, maximum ... of an expression becomes the expression, elementwise over all loops, and a
    `linalg.reduce` of it.

    Requires: nothing. Ensures: a `linalg.generic` on tensors that reduces, with one result, static shapes, operands
    indexed by loops and a body that combines the output with one expression, is named operations. Operands of a product
    that lie the other way round are transposed first. Leaves alone: everything else, and says why.

    Source: upstream's linalg-specialize-generic-ops, which knows elementwise operations and contractions.
    """

    name = "linalg-specialize-generic-ops"
    # A product is exact inside a matmul, and rounded before the sum in a body that multiplies and adds.
    numerics: ClassVar[Numerics] = "contracts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_patterns(ctx, op, [NameReduction()])
        for left in op.walk():
            if isinstance(left, linalg.GenericOp) and left.results and reduced_loops(left):
                remark(ctx, self, left, f"not specialised: {why_not(left)}")


def reduced_loops(op: linalg.GenericOp) -> list[int]:
    """The loops that are reductions."""
    return [d for d, kind in enumerate(op.get_iterator_types()) if kind == linalg.REDUCTION]


def maps_of(op: linalg.GenericOp) -> list[AffineMap]:
    return [attribute.data for attribute in op.get_indexing_maps()]


def loops_of(map: AffineMap) -> list[int] | None:
    """The loops that index an operand, in its dimensions' order; None when an index is no loop of its own."""
    loops = [expr.position for expr in map.results if isinstance(expr, AffineDimExpr)]
    return loops if len(loops) == len(map.results) == len(set(loops)) else None


def combined(op: linalg.GenericOp) -> tuple[Operation, SSAValue] | None:
    """The combiner and the expression that it combines the output with, when that is what the body does."""
    block = op.body.block
    accumulator, last = block.args[-1], block.last_op
    if last is None or len(last.operands) != 1 or len(list(accumulator.uses)) != 1:
        return None
    value = last.operands[0]
    if not isinstance(value, OpResult) or value.op.name not in COMBINERS or value.op.parent is not block:
        return None
    left, right = value.op.operands
    if (left is accumulator) == (right is accumulator):
        return None
    return value.op, right if left is accumulator else left


def is_static_tensor(type: Any) -> bool:
    return isinstance(type, TensorType) and all(extent >= 0 for extent in type.get_shape())


def why_not(op: linalg.GenericOp) -> str | None:
    """Why a reduction stays as it is; None when it need not."""
    if len(op.results) != 1:
        return f"it has {len(op.results)} results"
    if not all(is_static_tensor(value.type) for value in (*op.inputs, *op.outputs)):
        return "an operand is no tensor of static shape"
    maps = [loops_of(map) for map in maps_of(op)]
    if None in maps:
        return "an operand is indexed by more than a loop of its own for each dimension"
    output = maps[-1] or []
    if sorted([*output, *reduced_loops(op)]) != list(range(len(op.get_iterator_types()))):
        return "the output does not have every parallel loop"
    if combined(op) is None:
        return "its body does not combine the output with one expression"
    return None


@dataclass(frozen=True)
class Product:
    """A sum of products over loops m, n and k: the operands by what they are, and whether each lies the other way."""

    left: SSAValue
    right: SSAValue
    transposed: tuple[bool, bool]


def product_of(op: linalg.GenericOp, combiner: Operation, expression: SSAValue) -> Product | None:
    """The matrix product that a generic is, or None."""
    maps = [loops_of(map) or [] for map in maps_of(op)]
    reduced = reduced_loops(op)
    if len(maps) != 3 or len(maps[2]) != 2 or len(reduced) != 1 or any(len(map) != 2 for map in maps[:2]):
        return None
    if not isinstance(expression, OpResult) or combiner.name[:9] != "arith.add":
        return None
    if expression.op.name != f"arith.mul{combiner.name[-1]}":
        return None
    factors = [_extended(value) for value in expression.op.operands]
    block = op.body.block
    if {id(f) for f in factors} != {id(block.args[0]), id(block.args[1])}:
        return None
    if op.inputs[0].type.element_type != op.inputs[1].type.element_type:  # pyright: ignore
        return None
    m, n = maps[2]
    k = reduced[0]
    for i, j in ((0, 1), (1, 0)):
        if sorted(maps[i]) == sorted((m, k)) and sorted(maps[j]) == sorted((k, n)):
            return Product(op.inputs[i], op.inputs[j], (maps[i] != [m, k], maps[j] != [k, n]))
    return None


def _extended(value: SSAValue) -> SSAValue:
    """What an extension extends: it changes no value."""
    while isinstance(value, OpResult) and value.op.name in EXTENSIONS:
        value = value.op.operands[0]
    return value


class NameReduction(RewritePattern):
    """A reduction becomes a matrix product, or an elementwise operation and a `linalg.reduce`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: linalg.GenericOp, rewriter: PatternRewriter) -> None:
        made = named(op)
        if made is not None:
            rewriter.replace(op, made, made[-1].results)


def named(op: linalg.GenericOp) -> list[Operation] | None:
    """The operations that a reduction is, of which the last has its result; None when it is none of them."""
    if not reduced_loops(op) or not op.results or why_not(op) is not None:
        return None
    found = combined(op)
    assert found is not None
    combiner, expression = found
    product = product_of(op, combiner, expression)
    return _multiply(op, product) if product is not None else _reduce(op, combiner, expression)


def _multiply(op: linalg.GenericOp, product: Product) -> list[Operation]:
    """`linalg.matmul`, of operands turned round where that is needed."""
    made: list[Operation] = []
    operands: list[SSAValue] = []
    for value, is_transposed in zip((product.left, product.right), product.transposed, strict=True):
        if is_transposed:
            rows, columns = value.type.get_shape()  # pyright: ignore
            room = tensor.EmptyOp((), TensorType(value.type.element_type, (columns, rows)))  # pyright: ignore
            turned = linalg.TransposeOp(value, room.results[0], (1, 0))
            made += [room, turned]
            value = turned.results[0]
        operands.append(value)
    return [*made, linalg.MatmulOp(operands, [op.outputs[0]])]


def _reduce(op: linalg.GenericOp, combiner: Operation, expression: SSAValue) -> list[Operation]:
    """The expression over all loops, those of the output first, then `linalg.reduce` over the others."""
    maps = [loops_of(map) or [] for map in maps_of(op)]
    reduced = reduced_loops(op)
    order = [*maps[-1], *reduced]
    made: list[Operation] = []
    block = op.body.block
    if expression in block.args and maps[block.args.index(expression)] == order:  # pyright: ignore
        terms: SSAValue = op.inputs[block.args.index(expression)]  # pyright: ignore
    else:
        extents = loop_extents(op)
        type = TensorType(expression.type, [extents[d] for d in order])
        room = tensor.EmptyOp((), type)
        elementwise = _elementwise(op, expression, room.results[0], type, order)
        made += [room, elementwise]
        terms = elementwise.results[0]
    body = Block(arg_types=[expression.type, expression.type])
    # Every combiner commutes; the short form is printed with what came before as the first operand.
    combine = combiner.clone(dict(zip(combiner.operands, (body.args[1], body.args[0]), strict=True)))
    body.add_ops([combine, linalg.YieldOp(combine.results[0])])
    kept = len(maps[-1])
    made.append(linalg.ReduceOp(terms, op.outputs[0], tuple(range(kept, kept + len(reduced))), Region(body)))
    return made


def _elementwise(
    op: linalg.GenericOp, expression: SSAValue, room: SSAValue, type: Any, order: Sequence[int]
) -> linalg.GenericOp:
    """The expression of the body for every combination of loops, numbered in their new order."""
    body = Block(arg_types=[*(arg.type for arg in op.body.block.args[:-1]), expression.type])
    mapped: dict[SSAValue, SSAValue] = dict(zip(op.body.block.args, body.args, strict=True))
    for inner in needed(op.body.block, expression):
        copy = inner.clone(mapped)
        if isinstance(copy, linalg.IndexOp):
            copy = linalg.IndexOp(order.index(copy.dim.value.data))
            mapped[inner.results[0]] = copy.results[0]
        body.add_op(copy)
    body.add_op(linalg.YieldOp(mapped.get(expression, expression)))
    rank = len(order)
    maps = [
        AffineMap(rank, 0, tuple(AffineDimExpr(order.index(d)) for d in loops_of(map) or []))
        for map in maps_of(op)[:-1]
    ]
    same = AffineMap.identity(rank)
    return linalg.GenericOp(
        list(op.inputs),
        [room],
        Region(body),
        [AffineMapAttr(map) for map in (*maps, same)],
        [linalg.PARALLEL] * rank,
        [type],
    )


def loop_extents(op: linalg.GenericOp) -> dict[int, int]:
    """The number of turns of each loop, from the static shapes of the operands."""
    extents: dict[int, int] = {}
    for value, map in zip((*op.inputs, *op.outputs), maps_of(op), strict=True):
        for loop, extent in zip(loops_of(map) or [], value.type.get_shape(), strict=True):  # pyright: ignore
            extents[loop] = extent
    return extents


def needed(block: Block, value: SSAValue) -> list[Operation]:
    """The operations of a body that an expression is computed by, in order."""
    found: set[Operation] = set()
    work = [value]
    while work:
        owner = work.pop().owner
        if isinstance(owner, Operation) and owner.parent is block and owner not in found:
            found.add(owner)
            work += owner.operands
    return [op for op in block.ops if op in found]
