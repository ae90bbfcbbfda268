"""`triton-combine`: several operations that one operation of `tt` stands for.

Source: the pass of the same name in Triton 3.9 (Combine.td and Combine.cpp there), which a few conditions make sound
here: see each pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, ModuleOp, TensorType, UnitAttr, f32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.traits import get_effects

from minilinalg.analysis.constants import constant, constant_of, element_type, width_of
from minilinalg.analysis.side_effects import is_read_only
from minilinalg.dialects import tt
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.upstream import arith
from minilinalg.passes.base import MinilinalgPass, Numerics, remark
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern
from minilinalg.passes.triton_canonicalize import ReshapeInOneStep, has_layout

SMALLEST_DOT = 16
"""Rows, columns and depth from which on a product counts as a matrix product, as `tl.dot` has it."""


class AccumulateInDot(RewritePattern):
    """`dot(a, b, 0) + c` becomes `dot(a, b, c)`, when nobody else wants the product.

    Declines, as upstream does, where maxNumImpreciseAcc says when a float product leaves its first accumulator.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddfOp | arith.AddiOp, rewriter: PatternRewriter, /) -> None:
        for product, addend in (op.operands, reversed(op.operands)):
            dot = product.owner
            if not isinstance(dot, tt.DotOp) or not product.has_one_use() or constant_of(dot.c) != 0:
                continue
            if isinstance(op, arith.AddfOp) and dot.max_num_imprecise_acc.value.data != 0:
                continue
            new = tt.DotOp.create(
                operands=[dot.a, dot.b, addend],
                result_types=[op.result.type],
                properties=dict(dot.properties),
                attributes=dict(dot.attributes),
            )
            rewriter.replace(op, new)
            return


class AddOffsetsOnce(RewritePattern):
    """`addptr(addptr(p, 1), 2)` becomes `addptr(p, 3)`, where the sum of the constants fits their type."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.AddPtrOp, rewriter: PatternRewriter, /) -> None:
        inner = op.ptr.owner
        if not isinstance(inner, tt.AddPtrOp) or inner.offset.type != op.offset.type:
            return
        first, second = constant_of(inner.offset), constant_of(op.offset)
        if not isinstance(first, int) or not isinstance(second, int):
            return
        width = width_of(element_type(op.offset.type))
        if not -(1 << (width - 1)) <= first + second < 1 << (width - 1):
            return
        total = constant(first + second, op.offset.type)
        if total is None:
            return
        offset = arith.ConstantOp.create(result_types=[op.offset.type], properties={"value": total})
        new = tt.AddPtrOp.create(operands=[inner.ptr, offset.result], result_types=[op.result.type])
        rewriter.replace(op, (offset, new))


@dataclass
class LoadOther(RewritePattern):
    """`select(c, load(p, c, _), y)` becomes `load(p, c, y)`, when nobody else wants what was loaded.

    `c` is one condition for all, splat to the mask, or the mask itself. The load stays where it is when `y` is known
    there; else it moves to the select, unless memory may be written in between.
    """

    ctx: Context
    who: MinilinalgPass

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SelectOp, rewriter: PatternRewriter, /) -> None:
        condition, loaded, other = op.operands
        load = loaded.owner
        if not isinstance(load, tt.LoadOp) or load.volatile or load.mask is None or not loaded.has_one_use():
            return
        splat = load.mask.owner
        if condition is not load.mask and not (isinstance(splat, tt.SplatOp) and condition is splat.src):
            return
        stays = is_known_at(other, load)
        if not stays and not _may_move(load, op):
            remark(self.ctx, self.who, load, "memory may be written between the load and the select")
            return
        new = tt.LoadOp(load.ptr, load.mask, other)
        new.properties |= {key: value for key, value in load.properties.items() if key != "operandSegmentSizes"}
        new.attributes |= load.attributes
        new.location = load.location
        rewriter.insert(new, InsertPoint.before(load if stays else op))
        rewriter.replace(op, (), (new.result,))


def is_known_at(value: SSAValue, at: Operation) -> bool:
    """Whether `value` is computed before `at`, in the same block or one around it."""
    owner = value.owner
    block = owner if isinstance(owner, Block) else owner.parent
    while at.parent is not None and at.parent is not block:
        above = at.parent_op()
        if above is None:
            return False
        at = above
    return isinstance(owner, Block) or (at.parent is block and owner.is_before_in_block(at))


def _may_move(load: Operation, to: Operation) -> bool:
    """Whether memory is surely the same at `load` and at `to`, further down in the same block."""
    if load.parent is not to.parent:
        return False
    between = load.next_op
    while between is not None and between is not to:
        effects = get_effects(between)
        if effects is None or not is_read_only(effects):
            return False
        between = between.next_op
    return between is to


class SumOfProductsIsDot(RewritePattern):
    """A sum over the middle of x[m, k, 1] * y[1, k, n] becomes `dot(x, y, 0)`, for f32 and sizes worth a product.

    The sum begins with -0.0, as that of `tt.reduce` does: 0.0 would lose the sign of a zero.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.ReduceOp, rewriter: PatternRewriter, /) -> None:
        if op.axis.value.data != 1 or len(op.operands) != 1 or not _adds(op):
            return
        product = op.operands[0].owner
        if not isinstance(product, arith.MulfOp) or has_layout(product.result):
            return
        type = tensor_type(product.result)
        m, k, n = (*type.get_shape(), 0, 0, 0)[:3]
        if type.element_type != f32 or type.get_num_dims() != 3 or min(m, k, n) < SMALLEST_DOT:
            return
        for lhs, rhs in (product.operands, reversed(product.operands)):
            x, y = _repeated(lhs, (m, k, 1)), _repeated(rhs, (1, k, n))
            if x is None or y is None:
                continue
            rows, columns = tt.ReshapeOp(x, TensorType(f32, (m, k))), tt.ReshapeOp(y, TensorType(f32, (k, n)))
            zero = arith.ConstantOp.create(
                result_types=[op.results[0].type],
                properties={"value": DenseIntOrFPElementsAttr.from_list(TensorType(f32, (m, n)), [-0.0])},
            )
            dot = tt.DotOp(rows.result, columns.result, zero.result)
            rewriter.replace(op, (rows, columns, zero, dot))
            return


def _adds(op: tt.ReduceOp) -> bool:
    """Whether a reduction of floats adds them up."""
    body = op.regions[0].block
    add, end = body.first_op, body.last_op
    return (
        isinstance(add, arith.AddfOp)
        and end is not None
        and add.next_op is end
        and set(add.operands) == set(body.args)
        and end.operands[0] is add.result
    )


def _repeated(value: SSAValue, shape: tuple[int, ...]) -> SSAValue | None:
    """What a broadcast has repeated to make `value`, if it has this shape."""
    broadcast = value.owner
    if isinstance(broadcast, tt.BroadcastOp) and tensor_type(broadcast.src).get_shape() == shape:
        return broadcast.src
    return None


class ReorderBeforeReduction(RewritePattern):
    """A reshape to one dimension may choose the order of elements, when all that is done is to sum them up or count.

    Not when a reduction has several operands: their elements belong together.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.ReshapeOp, rewriter: PatternRewriter, /) -> None:
        if op.allow_reorder or tensor_type(op.result).get_num_dims() != 1 or op.result.first_use is None:
            return
        users = [use.operation for use in op.result.uses]
        if all(isinstance(user, tt.ReduceOp | tt.HistogramOp) and len(user.operands) == 1 for user in users):
            op.allow_reorder = UnitAttr()
            rewriter.notify_op_modified(op)


class LoadReshapedBlock(RewritePattern):
    """A block that is loaded through a descriptor and loses dimensions of size 1 is loaded without them."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.ReshapeOp, rewriter: PatternRewriter, /) -> None:
        load = op.src.owner
        if not isinstance(load, tt.DescriptorLoadOp) or not op.src.has_one_use() or has_layout(op.result):
            return
        old, new = (tensor_type(value).get_shape() for value in (op.src, op.result))
        if len(new) >= len(old) or [n for n in new if n != 1] != [n for n in old if n != 1]:
            return
        whole = tt.DescriptorLoadOp.create(
            operands=load.operands,
            result_types=[op.result.type],
            properties=dict(load.properties),
            attributes=dict(load.attributes),
        )
        whole.location = load.location
        # Where it was: what memory holds is another matter further down.
        rewriter.insert(whole, InsertPoint.before(load))
        rewriter.replace(op, (), (whole.result,))


@dataclass(frozen=True)
class TritonCombinePass(MinilinalgPass):
    """Combines operations into one: sums into the accumulator of a dot, offsets, a choice into a masked load.

    ```mlir
    tt.func @before(%a: tensor<16x16xf16>, %b: tensor<16x16xf16>, %c: tensor<16x16xf32>) -> tensor<16x16xf32> {
      %0 = arith.constant dense<0.0> : tensor<16x16xf32>
      %1 = tt.dot %a, %b, %0 : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
      %2 = arith.addf %1, %c : tensor<16x16xf32>
      tt.return %2 : tensor<16x16xf32>
    }
    ```
    becomes
    ```mlir
    tt.func @after(%a: tensor<16x16xf16>, %b: tensor<16x16xf16>, %c: tensor<16x16xf32>) -> tensor<16x16xf32> {
      %0 = tt.dot %a, %b, %c : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
      tt.return %0 : tensor<16x16xf32>
    }
    ```

    Also: `addptr(addptr(p, 1), 2)` with constants, `select(c, load(p, c), y)`, sums of broadcast products that are
    matrix products, reshapes whose order of elements nobody can tell, and blocks that are reshaped when loaded.

    Requires: nothing. Ensures: none of these is left. Leaves alone: products with other uses, loads with other uses,
    volatile ones, and those that would have to move over a write; sums of products with fewer than 16 rows, columns or
    terms. Numerics: a product that was rounded before it was added is not any more, and a sum may begin elsewhere.
    """

    name = "triton-combine"
    numerics: ClassVar[Numerics] = "contracts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = (
            AccumulateInDot(),
            AddOffsetsOnce(),
            LoadOther(ctx, self),
            SumOfProductsIsDot(),
            ReshapeInOneStep(),
            LoadReshapedBlock(),
            ReorderBeforeReduction(),
        )
        apply_patterns(ctx, op, patterns, fold=True, erase_dead=True)
