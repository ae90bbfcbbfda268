"""`triton-canonicalize`: `canonicalize`, and the simplest form of the operations of `tt`.

Source: the canonicalization patterns and folds of the operations of Triton 3.9 (lib/Dialect/Triton/IR/Ops.cpp there).
What gives one value that is there already, or a constant, is in `shape_folding.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from minilinalg.analysis.constants import constant_of
from minilinalg.dialects import tt
from minilinalg.dialects.tt.types import encoding_of, tensor_type
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.canonicalize import PATTERNS, simplify
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, op_type_rewrite_pattern


def has_layout(value: SSAValue) -> bool:
    """Whether `value` is a tensor that is laid out over threads: a type derived from its own would need a layout."""
    return encoding_of(value.type) is not None


class DropFullMask(RewritePattern):
    """A mask that is true everywhere goes away, and `other` with it."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.LoadOp | tt.StoreOp, rewriter: PatternRewriter, /) -> None:
        if op.mask is None or not constant_of(op.mask):
            return
        new = tt.LoadOp(op.ptr) if isinstance(op, tt.LoadOp) else tt.StoreOp(op.ptr, op.value)
        new.properties |= {key: value for key, value in op.properties.items() if key != "operandSegmentSizes"}
        new.attributes |= op.attributes
        rewriter.replace(op, new)


class DropMaskedOffAccess(RewritePattern):
    """A load whose mask is false everywhere is `other`, and such a store does nothing.

    Without `other` the load is undefined, and stays. So does a volatile one.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.LoadOp | tt.StoreOp | tt.AtomicStoreOp, rewriter: PatternRewriter, /) -> None:
        if op.mask is None or constant_of(op.mask) != 0:
            return
        if not isinstance(op, tt.LoadOp):
            rewriter.erase(op)
        elif op.other is not None and not op.volatile:
            rewriter.replace(op, (), (op.other,))


class SplatInOneStep(RewritePattern):
    """A splat in another shape is a splat to that shape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: tt.ExpandDimsOp | tt.BroadcastOp | tt.ReshapeOp | tt.TransOp, rewriter: PatternRewriter, /
    ) -> None:
        splat = op.src.owner
        if isinstance(splat, tt.SplatOp):
            rewriter.replace(op, tt.SplatOp(splat.src, tensor_type(op.result)))


class BroadcastInOneStep(RewritePattern):
    """A broadcast of a broadcast is one."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.BroadcastOp, rewriter: PatternRewriter, /) -> None:
        inner = op.src.owner
        if isinstance(inner, tt.BroadcastOp):
            rewriter.replace(op, tt.BroadcastOp(inner.src, tensor_type(op.result)))


class ExpandBeforeBroadcast(RewritePattern):
    """`expand_dims (broadcast %x)` becomes `broadcast (expand_dims %x)`: broadcasts come together at the end."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.ExpandDimsOp, rewriter: PatternRewriter, /) -> None:
        inner = op.src.owner
        if isinstance(inner, tt.BroadcastOp) and not has_layout(op.result):
            expanded = tt.ExpandDimsOp(inner.src, op.axis.value.data)
            rewriter.replace(op, (expanded, tt.BroadcastOp(expanded.result, tensor_type(op.result))))


class ReshapeInOneStep(RewritePattern):
    """A reshape of a reshape, or of what `expand_dims` gives, is one. It may reorder when one of the two may."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.ReshapeOp, rewriter: PatternRewriter, /) -> None:
        inner = op.src.owner
        if not isinstance(inner, tt.ReshapeOp | tt.ExpandDimsOp) or has_layout(op.result):
            return
        new = tt.ReshapeOp(inner.src, tensor_type(op.result))
        may_reorder = op.allow_reorder or (isinstance(inner, tt.ReshapeOp) and inner.allow_reorder)
        if may_reorder:
            new.allow_reorder = may_reorder
        if op.efficient_layout:
            new.efficient_layout = op.efficient_layout
        rewriter.replace(op, new)


class TransposeInOneStep(RewritePattern):
    """A transposition of a transposition is one: dimension i comes from dimension inner[outer[i]]."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.TransOp, rewriter: PatternRewriter, /) -> None:
        inner = op.src.owner
        if isinstance(inner, tt.TransOp) and not has_layout(op.result):
            first = inner.get_order()
            rewriter.replace(op, tt.TransOp(inner.src, [first[i] for i in op.get_order()]))


class SplitJoined(RewritePattern):
    """The halves of what `tt.join` has made are its operands."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.SplitOp, rewriter: PatternRewriter, /) -> None:
        join = op.src.owner
        if isinstance(join, tt.JoinOp) and join.operand_types == op.result_types:
            rewriter.replace(op, (), join.operands)


REPEAT_PATTERNS: tuple[RewritePattern, ...] = (SplatInOneStep(), BroadcastInOneStep(), ExpandBeforeBroadcast())
"""What brings splats and broadcasts together."""
TRITON_PATTERNS: tuple[RewritePattern, ...] = (
    DropFullMask(),
    DropMaskedOffAccess(),
    *REPEAT_PATTERNS,
    ReshapeInOneStep(),
    TransposeInOneStep(),
    SplitJoined(),
)


@dataclass(frozen=True)
class TritonCanonicalizePass(MinilinalgPass):
    """Brings Triton operations into their simplest form: no mask that says nothing, shapes changed in one step.

    ```mlir
    tt.func @before(%p: tensor<8x4x!tt.ptr<f32>>, %x: f32) {
      %0 = arith.constant dense<true> : tensor<8x4xi1>
      %1 = tt.splat %x : f32 -> tensor<4xf32>
      %2 = tt.expand_dims %1 {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
      %3 = tt.broadcast %2 : tensor<1x4xf32> -> tensor<8x4xf32>
      tt.store %p, %3, %0 : tensor<8x4x!tt.ptr<f32>>
      tt.return
    }
    ```
    becomes
    ```mlir
    tt.func @after(%p: tensor<8x4x!tt.ptr<f32>>, %x: f32) {
      %0 = tt.splat %x : f32 -> tensor<8x4xf32>
      tt.store %p, %0 : tensor<8x4x!tt.ptr<f32>>
      tt.return
    }
    ```

    Requires: nothing. Ensures: what `canonicalize` ensures; no load or store has a mask that is true everywhere, no
    store one that is false everywhere; nothing changes the shape of a splat; no two broadcasts, reshapes or
    transpositions follow one another, and no `expand_dims` a broadcast. Leaves alone: a load that is masked off
    and has no `other`, because it is undefined; volatile loads that are masked off; masks of other atomics;
    tensors with a layout, where a new layout would have to be found.
    """

    name = "triton-canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        simplify(ctx, op, (*TRITON_PATTERNS, *PATTERNS))
