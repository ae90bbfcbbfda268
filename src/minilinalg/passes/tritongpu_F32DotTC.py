"""`tritongpu-F32DotTC`: a dot of f32 as three of tf32, which tensor cores compute.

Source: the pass of the same name in Triton 3.9, and "Recovering single precision accuracy from Tensor Cores"
(Ootomo and Yokota, 2022). What is official assembly (`cvt.rna.tf32.f32`) is integer arithmetic here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, ModuleOp, TensorType, f32, i32
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.dialects import tt
from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.dialects.tt.types import AnyTensor, tensor_type
from minilinalg.dialects.upstream import arith
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern

HALF_OF_LAST_BIT = 1 << 12
KEPT_BITS = -1 << 13


class SplitIntoThree(RewritePattern):
    """a b = big(a) big(b) + big(a) small(b) + small(a) big(b), and a rest below the precision of f32."""

    def __init__(self, ctx: Context, who: MinilinalgPass):
        self.ctx, self.who = ctx, who

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tt.DotOp, rewriter: PatternRewriter, /) -> None:
        if op.precision is not InputPrecision.TF32x3:
            return
        if tensor_type(op.a).element_type != f32:
            remark(self.ctx, self.who, op, "the operands are not f32: there is nothing to split")
            return
        made = _Making(rewriter)
        (a, small_a), (b, small_b) = made.parts(op.a), made.parts(op.b)
        zero = made.constant(tensor_type(op.c), 0.0)
        rest = made.dot(a, small_b, made.dot(small_a, b, zero))
        # An infinite number has no rest, inf - inf: the product of the large parts alone says what comes of it.
        rest = made.select(made.is_nan(rest), zero, rest)
        total = made.insert(arith.AddfOp(made.dot(a, b, rest), op.c))
        rewriter.replace(op, (), [total])


class _Making:
    """Makes operations on tensors of one layout, where the pattern matched."""

    def __init__(self, rewriter: PatternRewriter):
        self.rewriter = rewriter

    def insert(self, op: Operation) -> SSAValue:
        self.rewriter.insert(op)
        return op.results[0]

    def like(self, type: AnyTensor, element: Attribute) -> AnyTensor:
        return TensorType(element, type.shape, type.encoding)

    def constant(self, type: AnyTensor, number: int | float) -> SSAValue:
        value = DenseIntOrFPElementsAttr.from_list(cast("Any", type), [number])
        return self.insert(arith.ConstantOp.create(result_types=[type], properties={"value": value}))

    def is_nan(self, x: SSAValue) -> SSAValue:
        return self.insert(arith.CmpfOp(x, x, "uno"))

    def select(self, condition: SSAValue, yes: SSAValue, no: SSAValue) -> SSAValue:
        return self.insert(arith.SelectOp(condition, yes, no))

    def dot(self, a: SSAValue, b: SSAValue, c: SSAValue) -> SSAValue:
        return self.insert(tt.DotOp(a, b, c, InputPrecision.TF32))

    def parts(self, x: SSAValue) -> tuple[SSAValue, SSAValue]:
        """`x` rounded to tf32, halves away from zero, and what is missing. NaN stays NaN."""
        type = tensor_type(x)
        bits = self.like(type, i32)
        number = self.insert(tt.BitcastOp.create(operands=[x], result_types=[bits]))
        number = self.insert(arith.AddiOp(number, self.constant(bits, HALF_OF_LAST_BIT)))
        number = self.insert(arith.AndIOp(number, self.constant(bits, KEPT_BITS)))
        rounded = self.insert(tt.BitcastOp.create(operands=[number], result_types=[type]))
        big = self.select(self.is_nan(x), x, rounded)
        return big, self.insert(arith.SubfOp(x, big))


@dataclass(frozen=True)
class TritongpuF32dottcPass(MinilinalgPass):
    """Computes a dot of f32 with `inputPrecision = tf32x3` as three dots of tf32, nearly as precise as one of f32.

    ```mlir
    tt.func @before(%a: tensor<16x16xf32>, %b: tensor<16x16xf32>, %c: tensor<16x16xf32>) -> tensor<16x16xf32> {
      %0 = tt.dot %a, %b, %c, inputPrecision = tf32x3
         : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
      tt.return %0 : tensor<16x16xf32>
    }
    ```
    becomes
    ```mlir
    tt.func @after(%a: tensor<16x16xf32>, %b: tensor<16x16xf32>, %c: tensor<16x16xf32>) -> tensor<16x16xf32> {
      %0 = tt.bitcast %a : tensor<16x16xf32> -> tensor<16x16xi32>
      %cst = arith.constant dense<4096> : tensor<16x16xi32>
      %1 = arith.addi %0, %cst : tensor<16x16xi32>
      %cst_0 = arith.constant dense<-8192> : tensor<16x16xi32>
      %2 = arith.andi %1, %cst_0 : tensor<16x16xi32>
      %3 = tt.bitcast %2 : tensor<16x16xi32> -> tensor<16x16xf32>
      %4 = arith.cmpf uno, %a, %a : tensor<16x16xf32>
      %5 = arith.select %4, %a, %3 : tensor<16x16xi1>, tensor<16x16xf32>
      %6 = arith.subf %a, %5 : tensor<16x16xf32>
      %7 = tt.bitcast %b : tensor<16x16xf32> -> tensor<16x16xi32>
      %cst_1 = arith.constant dense<4096> : tensor<16x16xi32>
      %8 = arith.addi %7, %cst_1 : tensor<16x16xi32>
      %cst_2 = arith.constant dense<-8192> : tensor<16x16xi32>
      %9 = arith.andi %8, %cst_2 : tensor<16x16xi32>
      %10 = tt.bitcast %9 : tensor<16x16xi32> -> tensor<16x16xf32>
      %11 = arith.cmpf uno, %b, %b : tensor<16x16xf32>
      %12 = arith.select %11, %b, %10 : tensor<16x16xi1>, tensor<16x16xf32>
      %13 = arith.subf %b, %12 : tensor<16x16xf32>
      %cst_3 = arith.constant dense<0.000000e+00> : tensor<16x16xf32>
      %14 = tt.dot %6, %12, %cst_3, inputPrecision = tf32
         : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
      %15 = tt.dot %5, %13, %14, inputPrecision = tf32
         : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
      %16 = arith.cmpf uno, %15, %15 : tensor<16x16xf32>
      %17 = arith.select %16, %cst_3, %15 : tensor<16x16xi1>, tensor<16x16xf32>
      %18 = tt.dot %5, %12, %17, inputPrecision = tf32
         : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
      %19 = arith.addf %18, %c : tensor<16x16xf32>
      tt.return %19 : tensor<16x16xf32>
    }
    ```

    With `emu-tf32=false` it does nothing. Requires: nothing. Ensures: no dot of f32 has `inputPrecision = tf32x3`.
    Leaves alone: dots of other precisions, those of bf16x3 and bf16x6 too. An operand that tf32
    rounds up to infinity (from 2**128 - 2**116 on) gives NaN, as officially.
    """

    name = "tritongpu-F32DotTC"
    numerics = "approximates"

    emu_tf32: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.emu_tf32:
            apply_patterns(ctx, op, (SplitIntoThree(ctx, self),), recursive=False)
