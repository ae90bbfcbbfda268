"""`triton-reorder-broadcast`: computing once what is the same along a dimension.

Source: the pass of the same name in Triton 3.9, which knows splats and broadcasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, ModuleOp, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.analysis.constants import constant_of, element_type
from minilinalg.dialects import tt
from minilinalg.dialects.tt.traits import Elementwise
from minilinalg.dialects.tt.types import AnyTensor, is_tensor, tensor_type
from minilinalg.dialects.upstream import arith
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns
from minilinalg.passes.triton_canonicalize import REPEAT_PATTERNS, has_layout


def is_elementwise(op: Operation) -> bool:
    """Whether `op` computes each element from those at the same place, on a tensor of any shape and on scalars."""
    if op.regions or not op.operands or not op.results or not is_side_effect_free(op):
        return False
    if isinstance(op, tt.ElementwiseInlineAsmOp) and op.packed_element.value.data != 1:
        return False
    return op.name.startswith(("arith.", "math.")) or op.has_trait(Elementwise)


def on(op: Operation, operands: Sequence[SSAValue], shape: AnyTensor | None) -> Operation:
    """`op` on other operands, of the shape of `shape`, or scalars."""

    def typed(element: Attribute) -> Attribute:
        return element if shape is None else TensorType(element, shape.get_shape())

    return type(op).create(
        operands=operands,
        result_types=[typed(element_type(result.type)) for result in op.results],
        properties=dict(op.properties),
        attributes=dict(op.attributes),
    )


class ComputeBeforeSplat(RewritePattern):
    """An operation on splats and on constants that are the same everywhere is one on scalars, and a splat."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if not is_elementwise(op) or not is_tensor(op.results[0].type):
            return
        if not all(_is_uniform(operand) or not is_tensor(operand.type) for operand in op.operands):
            return
        scalars = [_uniform(operand, None, rewriter) for operand in op.operands]
        new = on(op, scalars, None)
        splats = [tt.SplatOp(scalar, tensor_type(old)) for scalar, old in zip(new.results, op.results, strict=True)]
        rewriter.replace(op, (new, *splats), [splat.result for splat in splats])


class ComputeBeforeRepeating(RewritePattern):
    """An operation on broadcasts of one shape is one on what they repeat, and a broadcast. `expand_dims` likewise.

    Operands that are the same everywhere stand in for any shape.
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if not is_elementwise(op) or not is_tensor(op.results[0].type) or has_layout(op.results[0]):
            return
        moved = next((o.owner for o in op.operands if isinstance(o.owner, tt.BroadcastOp | tt.ExpandDimsOp)), None)
        if not isinstance(moved, tt.BroadcastOp | tt.ExpandDimsOp):
            return
        shape = tensor_type(moved.src)
        if not all(_repeats(operand, moved) or _is_uniform(operand) for operand in op.operands):
            return
        if isinstance(moved, tt.ExpandDimsOp) and not all(_is_only_used_by(operand, op) for operand in op.operands):
            # It computes nothing: with another user it would only be there twice.
            return
        operands = [
            cast("Any", operand.owner).src if _repeats(operand, moved) else _uniform(operand, shape, rewriter)
            for operand in op.operands
        ]
        new = on(op, operands, shape)
        repeated = [
            type(moved).create(operands=[value], result_types=[old.type], properties=dict(moved.properties))
            for value, old in zip(new.results, op.results, strict=True)
        ]
        rewriter.replace(op, (new, *repeated), [again.results[0] for again in repeated])


def _repeats(value: SSAValue, like: tt.BroadcastOp | tt.ExpandDimsOp) -> bool:
    """Whether `value` comes from a tensor of the same shape, in the same way, as what `like` gives."""
    owner = value.owner
    return (
        isinstance(owner, tt.BroadcastOp | tt.ExpandDimsOp)
        and type(owner) is type(like)
        and owner.properties == like.properties
        and tensor_type(owner.src).get_shape() == tensor_type(like.src).get_shape()
    )


def _is_only_used_by(value: SSAValue, user: Operation) -> bool:
    return _is_uniform(value) or all(use.operation is user for use in value.uses)


def _is_uniform(value: SSAValue) -> bool:
    """Whether every element of a tensor is known to be the same."""
    return is_tensor(value.type) and (isinstance(value.owner, tt.SplatOp) or _constant(value) is not None)


def _constant(value: SSAValue) -> Attribute | None:
    """The constant that every element of a tensor is, NaN too."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp):
        return None
    dense = owner.properties["value"]
    if not isinstance(dense, DenseIntOrFPElementsAttr) or constant_of(value) is None:
        return None
    return next(iter(cast("Any", dense).iter_attrs()))


def _uniform(value: SSAValue, shape: AnyTensor | None, rewriter: PatternRewriter) -> SSAValue:
    """The scalar that every element of `value` is, or a tensor of it in another shape. Scalars stay what they are."""
    if not is_tensor(value.type):
        return value
    if isinstance(splat := value.owner, tt.SplatOp):
        if shape is None:
            return splat.src
        new: Operation = tt.SplatOp(splat.src, TensorType(element_type(value.type), shape.get_shape()))
    else:
        scalar = _constant(value)
        assert scalar is not None
        type = element_type(value.type)
        if shape is not None:
            type = TensorType(type, shape.get_shape())
            scalar = DenseIntOrFPElementsAttr.from_list(cast("Any", type), [cast("Any", scalar).value.data])
        new = arith.ConstantOp.create(result_types=[type], properties={"value": scalar})
    rewriter.insert(new)
    return new.results[0]


@dataclass(frozen=True)
class TritonReorderBroadcastPass(MinilinalgPass):
    """Computes before it repeats: elementwise operations move in front of splats, broadcasts and expand_dims.

    ```mlir
    tt.func @before(%x: tensor<8x1xf32>, %s: f32) -> tensor<8x4xf32> {
      %0 = tt.broadcast %x : tensor<8x1xf32> -> tensor<8x4xf32>
      %1 = tt.splat %s : f32 -> tensor<8x4xf32>
      %2 = math.exp %1 : tensor<8x4xf32>
      %3 = arith.mulf %0, %2 : tensor<8x4xf32>
      tt.return %3 : tensor<8x4xf32>
    }
    ```
    becomes
    ```mlir
    tt.func @after(%x: tensor<8x1xf32>, %s: f32) -> tensor<8x4xf32> {
      %0 = math.exp %s : f32
      %1 = tt.splat %0 : f32 -> tensor<8x1xf32>
      %2 = arith.mulf %x, %1 : tensor<8x1xf32>
      %3 = tt.broadcast %2 : tensor<8x1xf32> -> tensor<8x4xf32>
      tt.return %3 : tensor<8x4xf32>
    }
    ```

    Requires: nothing. Ensures: no operation without effects that works element by element has operands all of which are
    the same everywhere (splats, constants), or are repeated from one smaller shape in one way (the others being the
    same everywhere). Leaves alone: an `expand_dims` that others use as well; operations with a region or an effect,
    assembly that takes several elements at a time, constants whose elements differ, and what would need a new layout.
    """

    name = "triton-reorder-broadcast"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = (ComputeBeforeSplat(), ComputeBeforeRepeating(), *REPEAT_PATTERNS)
        apply_patterns(ctx, op, patterns, fold=True, erase_dead=True)
