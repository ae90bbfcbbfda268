"""`linalg-decompose-aggregated-ops`: what no instruction computes becomes a sequence or a loop of what one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.passes.base import MinilinalgPass, Numerics, remark
from minilinalg.passes.insertion import erase
from minilinalg.passes.linalg_decompose_aggregated_ops.histograms import histogram
from minilinalg.passes.linalg_decompose_aggregated_ops.products import batch_matmul, matmul
from minilinalg.passes.linalg_decompose_aggregated_ops.reductions import reduction
from minilinalg.passes.linalg_decompose_aggregated_ops.scans import scan
from minilinalg.passes.linalg_decompose_aggregated_ops.windows import window
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Writer

Decomposition = Callable[[Any, Writer], "Sequence[SSAValue] | str | None"]
"""Writes what computes an operation; the results, the reason why it stays, or None when an instruction computes it."""

DECOMPOSITIONS: Mapping[str, Decomposition] = {
    "linalg.batch_matmul": batch_matmul,
    "linalg.generic": window,
    "linalg.matmul": matmul,
    "linalg.reduce": reduction,
    "linalg_ext.histogram": histogram,
    "linalg_ext.scan": scan,
}


@dataclass(frozen=True)
class LinalgDecomposeAggregatedOpsPass(MinilinalgPass):
    """Turns operations on tensors that the machine has no instruction for into sequences and loops of others.

    ```mlir
    func.func @smallest_and_largest(%x: tensor<2xf32>, %y: tensor<2xf32>, %a: tensor<f32>, %b: tensor<f32>)
        -> (tensor<f32>, tensor<f32>) {
      %r, %s = linalg.reduce ins(%x, %y : tensor<2xf32>, tensor<2xf32>) outs(%a, %b : tensor<f32>, tensor<f32>)
        dimensions = [0] {ml.associative}
        (%in: f32, %in_0: f32, %out: f32, %out_0: f32) {
          %low = arith.minnumf %in, %out : f32
          %high = arith.maxnumf %in_0, %out_0 : f32
          linalg.yield %low, %high : f32, f32
        }
      return %r, %s : tensor<f32>, tensor<f32>
    }
    ```
    becomes
    ```mlir
    #row = affine_map<(d0) -> (d0)>
    #one = affine_map<() -> ()>
    func.func @smallest_and_largest(%x: tensor<2xf32>, %y: tensor<2xf32>, %a: tensor<f32>, %b: tensor<f32>)
        -> (tensor<f32>, tensor<f32>) {
      %x0 = tensor.extract_slice %x[0] [1] [1] : tensor<2xf32> to tensor<1xf32>
      %y0 = tensor.extract_slice %y[0] [1] [1] : tensor<2xf32> to tensor<1xf32>
      %x1 = tensor.extract_slice %x[1] [1] [1] : tensor<2xf32> to tensor<1xf32>
      %y1 = tensor.extract_slice %y[1] [1] [1] : tensor<2xf32> to tensor<1xf32>
      %e = tensor.empty() : tensor<1xf32>
      %f = tensor.empty() : tensor<1xf32>
      %v, %w = linalg.generic {indexing_maps = [#row, #row, #row, #row, #row, #row], iterator_types = ["parallel"]}
        ins(%x1, %y1, %x0, %y0 : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)
        outs(%e, %f : tensor<1xf32>, tensor<1xf32>) {
      ^bb0(%in: f32, %in_0: f32, %so_far: f32, %so_far_0: f32, %out: f32, %out_0: f32):
        %low = arith.minnumf %in, %so_far : f32
        %high = arith.maxnumf %in_0, %so_far_0 : f32
        linalg.yield %low, %high : f32, f32
      } -> (tensor<1xf32>, tensor<1xf32>)
      %p = tensor.collapse_shape %v [] : tensor<1xf32> into tensor<f32>
      %q = tensor.collapse_shape %w [] : tensor<1xf32> into tensor<f32>
      %g = tensor.empty() : tensor<f32>
      %h = tensor.empty() : tensor<f32>
      %r, %s = linalg.generic {indexing_maps = [#one, #one, #one, #one, #one, #one], iterator_types = []}
        ins(%p, %q, %a, %b : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
        outs(%g, %h : tensor<f32>, tensor<f32>) {
      ^bb0(%in: f32, %in_0: f32, %so_far: f32, %so_far_0: f32, %out: f32, %out_0: f32):
        %low = arith.minnumf %in, %so_far : f32
        %high = arith.maxnumf %in_0, %so_far_0 : f32
        linalg.yield %low, %high : f32, f32
      } -> (tensor<f32>, tensor<f32>)
      return %r, %s : tensor<f32>, tensor<f32>
    }
    ```

    A reduction by several operations, or of several tensors, combines halves until one element is left, if its body
    combines values of one kind (`ml.associative`); else it is a loop that takes one element after the other. A
    dimension that is not the first is brought there, so that its parts lie in one piece. A scan combines what is 1, 2,
    4, ... elements apart. A histogram marks the elements of one bin after the other, and adds up the marks. The
    products of a batch of matrices are a loop of linalg.matmul. A product of elements that the target's matrix unit
    does not multiply is a loop over columns and rows, for the vector unit. An operation that sees an operand through a
    window (`d1 + d3`) is a loop over the window, of operations on slices.

    Requires: tensors of static shape.
    Ensures: reductions by one instruction, and no others; no linalg_ext.scan, linalg_ext.histogram or
    linalg.batch_matmul; no windows. Leaves alone: what an instruction computes; operations on buffers.
    """

    name = "linalg-decompose-aggregated-ops"
    numerics: ClassVar[Numerics] = "reassociates"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        seen = set[Operation]()
        while new := [inner for inner in op.walk() if inner not in seen]:
            seen.update(new)
            self.decompose(ctx, new)

    def decompose(self, ctx: Context, ops: Sequence[Operation]) -> None:
        for inner in ops:
            decompose = DECOMPOSITIONS.get(inner.name)
            if decompose is None or not any(is_tensor(value) for value in inner.operands):
                continue
            results = decompose(inner, Writer(inner, getattr(ctx, "target", None)))
            if isinstance(results, str):
                remark(ctx, self, inner, f"'{inner.name}' stays as it is: {results}")
            elif results is not None:
                for old, new in zip(inner.results, results, strict=True):
                    if new.name_hint is None:
                        new.name_hint = old.name_hint
                    old.replace_all_uses_with(new)
                erase(inner)
