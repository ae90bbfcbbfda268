"""Conversions that come to nothing: of what has the layout already, of conversions, of what is made in any layout.

Source: the canonicalisation of ConvertLayoutOp in Triton 3.9.
"""

from __future__ import annotations

from typing import Any, cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import Operation
from xdsl.rewriter import InsertPoint

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.distributed_layouts import DotOperandEncodingAttr
from minilinalg.dialects.ttg.inference import replicas
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from minilinalg.passes.tritongpu_remove_layout_conversions.anchors import is_made_in_any_layout


class FoldConversion(RewritePattern):
    """A conversion to the same type is its operand, one of a conversion starts from what that started from, and what
    is made in any layout is made in the one that is asked for."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ttg.ConvertLayoutOp, rewriter: PatternRewriter, /) -> None:
        source = op.src.owner
        if op.src.type == op.result.type:
            rewriter.replace(op, (), [op.src])
        elif isinstance(source, ttg.ConvertLayoutOp):
            rewriter.replace(op, ttg.ConvertLayoutOp(source.src, tensor_type(op.result)))
        elif isinstance(source, Operation) and is_made_in_any_layout(source):
            new = type(source).create(
                operands=source.operands,
                result_types=[op.result.type],
                properties=dict(source.properties),
                attributes=dict(source.attributes),
            )
            dense = source.properties.get("value")
            if isinstance(dense, DenseIntOrFPElementsAttr):
                type_ = cast("TensorType[Any]", op.result.type)
                new.properties["value"] = DenseIntOrFPElementsAttr(type_, dense.data)
            if isinstance(source, tt.HistogramOp):
                # It takes time, and memory: when, that is the kernel's affair.
                new.location = source.location
                rewriter.insert(new, InsertPoint.before(source))
                rewriter.replace(op, (), new.results)
            else:
                rewriter.replace(op, new)
        elif isinstance(source, tt.CatOp) and replicas(op.result.type) == replicas(source.result.type):
            # Its elements come in any order that gives each operand's registers a place.
            new = type(source).create(operands=source.operands, result_types=[op.result.type])
            rewriter.replace(op, new)
        elif isinstance(source, ttg.LocalLoadOp) and op.src.has_one_use():
            # Shared memory is read in any layout. The load stays where it is: the buffer may be written behind it.
            new = type(source).create(
                operands=source.operands, result_types=[op.result.type], properties=dict(source.properties)
            )
            new.location = source.location
            assert source.parent is not None
            source.parent.insert_op_before(new, source)
            rewriter.replace(op, (), [new.results[0]])


def takes_any_order(op: tt.ReshapeOp, convert: object) -> bool:
    """Whether a reshape may take what is converted for it: its elements come in any order, register by register."""
    return (
        op.allow_reorder is not None
        and op.efficient_layout is None
        and isinstance(convert, ttg.ConvertLayoutOp)
        and replicas(convert.src.type) == replicas(convert.result.type)
    )


class TakeFromAnyLayout(RewritePattern):
    """What stores into shared memory, or looks at each element wherever it is, takes them in any layout."""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self,
        op: ttg.LocalAllocOp | ttg.LocalStoreOp | tt.HistogramOp | tt.AssertOp | tt.PrintOp | tt.ReshapeOp,
        rewriter: PatternRewriter,
        /,
    ) -> None:
        for index, operand in enumerate(op.operands):
            convert = operand.owner
            if isinstance(op, tt.ReshapeOp) and not takes_any_order(op, convert):
                return
            if isinstance(convert, ttg.ConvertLayoutOp) and not isinstance(
                tensor_type(convert.src).encoding, DotOperandEncodingAttr
            ):
                op.operands[index] = convert.src
                rewriter.notify_op_modified(op)


PATTERNS: tuple[RewritePattern, ...] = (FoldConversion(), TakeFromAnyLayout())
