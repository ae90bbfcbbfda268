"""`tritongpu-accelerate-matmul`: products of matrices go to tensor cores, with warps and operands laid out for them.

| file | holds |
|---|---|
| `choice.py` | which instructions, and how warps share the result |
| `operands.py` | where operands come from, and how they are laid out |
| `scaled.py` | `tt.dot_scaled` as a product of scaled operands |

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import BFloat16Type, Float16Type, ModuleOp, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import encoding_of, tensor_type
from minilinalg.passes.base import MinilinalgPass, remark, require_simt_target
from minilinalg.passes.insertion import erase, value_before
from minilinalg.passes.layout_rewriting import converted, num_warps_of, threads_per_warp_of
from minilinalg.passes.rewriting import apply_patterns
from minilinalg.passes.tritongpu_accelerate_matmul.choice import bits_of, is_f8, tile_for, version_for, warps_for
from minilinalg.passes.tritongpu_accelerate_matmul.operands import in_shared_memory, is_loaded, k_width_for
from minilinalg.passes.tritongpu_accelerate_matmul.scaled import decompose


def _replaced(op: Operation, old: SSAValue, new: SSAValue) -> None:
    """`new` in another layout takes the place of `old`, the result of `op`."""
    old.replace_all_uses_with(converted(new, encoding_of(old.type) or old.type, op))
    erase(op)


def _warp_group_dot(dot: tt.DotOp, layout: ttg.NvidiaMmaEncodingAttr, c: SSAValue) -> SSAValue:
    """wgmma: b from shared memory, a too when it was loaded, else from registers."""
    element = tensor_type(dot.a).element_type
    transposable = isinstance(element, Float16Type | BFloat16Type)
    if is_loaded(dot.a):
        a = in_shared_memory(dot.a, 0, transposable=transposable)
    else:
        a = converted(dot.a, ttg.DotOperandEncodingAttr(0, layout, 32 // bits_of(element)), dot)
    b = in_shared_memory(dot.b, 1, transposable=transposable)
    properties = {key: dot.properties[key] for key in ("inputPrecision", "maxNumImpreciseAcc")}
    new = ttng.WarpGroupDotOp(operands=[a, b, c, None], result_types=[c.type], properties=properties)
    return value_before(dot, new, dot.d.name_hint)


def _widened(value: SSAValue, to: Attribute, at: Operation) -> SSAValue:
    """A tensor of floats of eight bits as wider ones, which hold them all."""
    type = tensor_type(value)
    wide = TensorType(to, type.get_shape(), encoding_of(type) or type)
    return value_before(at, tt.FpToFpOp.create(operands=[value], result_types=[wide]))


def _dot(dot: tt.DotOp, layout: ttg.NvidiaMmaEncodingAttr, c: SSAValue) -> SSAValue:
    """mma.sync: both operands in registers; those of eight bits that it does not know as f16."""
    a = tensor_type(dot.a)
    k_width = k_width_for((dot.a, dot.b), a.get_shape()[-1])
    operands = [
        converted(value, ttg.DotOperandEncodingAttr(index, layout, k_width), dot)
        for index, value in enumerate((dot.a, dot.b))
    ]
    if is_f8(a.element_type):
        operands = [_widened(value, Float16Type(), dot) for value in operands]
    new = tt.DotOp.create(operands=[*operands, c], result_types=[c.type], properties=dict(dot.properties))
    return value_before(dot, new, dot.d.name_hint)


@dataclass(frozen=True)
class TritongpuAccelerateMatmulPass(MinilinalgPass):
    """Gives dots the layouts in which tensor cores multiply.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [4, 4], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
    #a = #ttg.dot_op<{opIdx = 0, parent = #blocked}>
    #b = #ttg.dot_op<{opIdx = 1, parent = #blocked}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%a: tensor<64x32xf16, #a>, %b: tensor<32x64xf16, #b>, %c: tensor<64x64xf32, #blocked>)
          -> tensor<64x64xf32, #blocked> {
        %d = tt.dot %a, %b, %c : tensor<64x32xf16, #a> * tensor<32x64xf16, #b> -> tensor<64x64xf32, #blocked>
        tt.return %d : tensor<64x64xf32, #blocked>
      }
    }
    ```
    becomes with `--target a100`
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [4, 4], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
    #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
    #a = #ttg.dot_op<{opIdx = 0, parent = #blocked}>
    #b = #ttg.dot_op<{opIdx = 1, parent = #blocked}>
    #a2 = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
    #b2 = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%a: tensor<64x32xf16, #a>, %b: tensor<32x64xf16, #b>, %c: tensor<64x64xf32, #blocked>)
          -> tensor<64x64xf32, #blocked> {
        %0 = ttg.convert_layout %c : tensor<64x64xf32, #blocked> -> tensor<64x64xf32, #mma>
        %1 = ttg.convert_layout %a : tensor<64x32xf16, #a> -> tensor<64x32xf16, #a2>
        %2 = ttg.convert_layout %b : tensor<32x64xf16, #b> -> tensor<32x64xf16, #b2>
        %3 = tt.dot %1, %2, %0 : tensor<64x32xf16, #a2> * tensor<32x64xf16, #b2> -> tensor<64x64xf32, #mma>
        %4 = ttg.convert_layout %3 : tensor<64x64xf32, #mma> -> tensor<64x64xf32, #blocked>
        tt.return %4 : tensor<64x64xf32, #blocked>
      }
    }
    ```

    Version 2 is mma.sync of a warp, version 3 wgmma of four warps, whose operands lie in shared memory (the first one
    in registers when it was computed). A dot gets the newest version that the target's tensor cores have and that it
    fits.

    Requires: stage ttg. Ensures: a dot that tensor cores can compute has an mma layout, and conversions stand around
    it; `tt.dot_scaled` is a dot of f16 or bf16 operands times their scales. Operands of eight-bit floats become f16 for
    mma.sync, and the result's type where threads multiply. Leaves alone: dots of types or sizes that no instruction
    has, which each thread computes for itself, and a remark says why.
    """

    name = "tritongpu-accelerate-matmul"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        cores = require_simt_target(ctx, self, "the version of its tensor cores").tensor_cores
        newest = cores.version if cores is not None else 0
        threads = num_warps_of(op), threads_per_warp_of(op)
        for scaled in [each for each in op.walk() if isinstance(each, tt.DotScaledOp)]:
            if decompose(scaled, threads) is None:
                formats = f"{scaled.lhs_format.keyword} and {scaled.rhs_format.keyword}"
                remark(ctx, self, scaled, f"no operation converts operands of {formats}")
            else:
                erase(scaled)
        for dot in [each for each in op.walk() if isinstance(each, tt.DotOp)]:
            if isinstance(encoding_of(dot.d.type), ttg.BlockedEncodingAttr):
                self.accelerate(ctx, dot, newest, threads[0])
        # Conversions to the layouts of dots that are gone.
        apply_patterns(ctx, op, (), erase_dead=True)

    def accelerate(self, ctx: Context, dot: tt.DotOp, newest: int, num_warps: int) -> None:
        """A blocked dot becomes one of tensor cores, if one of their instructions fits."""
        version, why = version_for(dot, newest, num_warps)
        if not version:
            remark(ctx, self, dot, f"each thread multiplies for itself: {why}")
            element, result = (tensor_type(value).element_type for value in (dot.a, dot.d))
            if is_f8(element):
                for index in (0, 1):
                    dot.operands[index] = _widened(dot.operands[index], result, dot)
            return
        tile = tile_for(version, dot, num_warps)
        layout = ttg.NvidiaMmaEncodingAttr((version, 0), warps_for(version, dot, num_warps), tile)
        c = converted(dot.c, layout, dot)
        new = _warp_group_dot(dot, layout, c) if version == 3 else _dot(dot, layout, c)
        _replaced(dot, dot.d, new)
