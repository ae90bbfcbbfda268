"""`tritongpu-prefetch`: operands of a dot come from shared memory in parts, each while the one before is multiplied.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, TensorType, i32
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import encoding_of, tensor_type
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.dialects.upstream import scf
from minilinalg.passes.base import MinilinalgPass, Numerics, remark
from minilinalg.passes.insertion import erase, value_before


def _loaded_for(dot: tt.DotOp) -> Sequence[ttg.LocalLoadOp] | None:
    """The loads from shared memory of both operands, which nobody else uses, in the block of the dot."""
    found: list[ttg.LocalLoadOp] = []
    for operand in (dot.a, dot.b):
        load = operand.owner
        if not isinstance(load, ttg.LocalLoadOp) or load.parent is not dot.parent or not load.result.has_one_use():
            return None
        found.append(load)
    return found


def _is_written_between(load: Operation, dot: Operation) -> bool:
    """Whether shared memory may change on the way from a load to its dot."""
    op = load.next_op
    while op is not None and op is not dot:
        if op.regions or isinstance(
            op, ttg.LocalStoreOp | ttg.LocalAllocOp | ttg.AsyncCopyGlobalToLocalOp | ttg.BarrierOp
        ):
            return True
        op = op.next_op
    return False


def _part(load: ttg.LocalLoadOp, at: Operation, dim: int, start: int, size: int) -> SSAValue:
    """Part of what `load` loads, `size` elements along `dim`, in front of `at`."""
    view, result = memdesc_type(load.src), tensor_type(load.result)
    shape = [size if d == dim else whole for d, whole in enumerate(view.get_shape())]
    part = ttg.MemDescType(
        shape, view.element_type, view.layout, mutable=view.is_mutable, alloc_shape=numbers(view.alloc_shape)
    )
    offsets = [start if d == dim else 0 for d in range(len(shape))]
    seen = ttg.MemDescSubsliceOp(
        operands=[load.src], properties={"offsets": DenseArrayBase.from_list(i32, offsets)}, result_types=[part]
    )
    layout = encoding_of(result)
    assert layout is not None
    type = TensorType(result.element_type, shape, layout)
    return value_before(at, ttg.LocalLoadOp(value_before(at, seen), type, load.token), load.result.name_hint)


@dataclass(frozen=True)
class TritongpuPrefetchPass(MinilinalgPass):
    """Loads operands of a dot part by part along k, each part while the one before is multiplied.

    ```mlir
    #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [1, 1], instrShape = [16, 8]}>
    #a = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
    #b = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
    #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 4, order = [1, 0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%x: !ttg.memdesc<16x32xf16, #shared, #smem>, %y: !ttg.memdesc<32x16xf16, #shared, #smem>,
                      %c: tensor<16x16xf32, #mma>, %n: i32) {
        %0 = arith.constant 0 : i32
        %1 = arith.constant 1 : i32
        %2 = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
          %3 = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem> -> tensor<16x32xf16, #a>
          %4 = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem> -> tensor<32x16xf16, #b>
          %5 = tt.dot %3, %4, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
          scf.yield %5 : tensor<16x16xf32, #mma>
        }
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [1, 1], instrShape = [16, 8]}>
    #a = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
    #b = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
    #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 4, order = [1, 0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%x: !ttg.memdesc<16x32xf16, #shared, #smem>, %y: !ttg.memdesc<32x16xf16, #shared, #smem>,
          %c: tensor<16x16xf32, #mma>, %n: i32) {
        %c0_i32 = arith.constant 0 : i32
        %c1_i32 = arith.constant 1 : i32
        %0 = scf.for %i = %c0_i32 to %n step %c1_i32 iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
          %1 = ttg.memdesc_subslice %x[0, 0] : !ttg.memdesc<16x32xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 16x32>
          %2 = ttg.local_load %1 : !ttg.memdesc<16x16xf16, #shared, #smem, 16x32> -> tensor<16x16xf16, #a>
          %3 = ttg.memdesc_subslice %y[0, 0] : !ttg.memdesc<32x16xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 32x16>
          %4 = ttg.local_load %3 : !ttg.memdesc<16x16xf16, #shared, #smem, 32x16> -> tensor<16x16xf16, #b>
          %5 = ttg.memdesc_subslice %x[0, 16] : !ttg.memdesc<16x32xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 16x32>
          %6 = ttg.local_load %5 : !ttg.memdesc<16x16xf16, #shared, #smem, 16x32> -> tensor<16x16xf16, #a>
          %7 = ttg.memdesc_subslice %y[16, 0] : !ttg.memdesc<32x16xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 32x16>
          %8 = ttg.local_load %7 : !ttg.memdesc<16x16xf16, #shared, #smem, 32x16> -> tensor<16x16xf16, #b>
          %9 = tt.dot %2, %4, %s : tensor<16x16xf16, #a> * tensor<16x16xf16, #b> -> tensor<16x16xf32, #mma>
          %10 = tt.dot %6, %8, %9 : tensor<16x16xf16, #a> * tensor<16x16xf16, #b> -> tensor<16x16xf32, #mma>
          scf.yield %10 : tensor<16x16xf32, #mma>
        }
        tt.return
      }
    }
    ```

    A part is as deep as one instruction (256 bits of elements of the width at which they were loaded), so that fewer
    registers hold operands at a time. The sum over k is the same, part by part. Unlike the official pass it loads the
    first part in the iteration that multiplies it.

    Requires: stage ttg. Ensures: in loops, dots of mma.sync whose operands are loaded from shared memory for them alone
    are one part deep, and the loads of each part stand in front of the dot of the part before.
    Leaves alone: operands that are computed on the way, and those that another operation may write before the dot.
    """

    name = "tritongpu-prefetch"
    numerics: ClassVar[Numerics] = "reassociates"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for dot in [each for each in op.walk() if isinstance(each, tt.DotOp)]:
            layout = encoding_of(dot.a.type)
            if not isinstance(dot.parent_op(), scf.ForOp) or not isinstance(layout, ttg.DotOperandEncodingAttr):
                continue
            if isinstance(layout.parent, ttg.NvidiaMmaEncodingAttr) and layout.rank == 2:
                self.split(ctx, dot, 8 * layout.k_width.data)

    def split(self, ctx: Context, dot: tt.DotOp, width: int) -> None:
        """A dot in parts of `width` along k."""
        depth = tensor_type(dot.a).get_shape()[1]
        loads = _loaded_for(dot)
        if depth <= width:
            return
        if loads is None or any(_is_written_between(load, dot) for load in loads):
            remark(ctx, self, dot, "loaded as a whole: an operand is not just loaded from shared memory for it")
            return
        ahead = self.parts(loads, dot, 0, width)
        total: SSAValue = dot.c
        for start in range(0, depth, width):
            now = ahead
            if start + width < depth:
                ahead = self.parts(loads, dot, start + width, width)
            new = tt.DotOp.create(operands=[*now, total], result_types=[dot.d.type], properties=dict(dot.properties))
            total = value_before(dot, new, dot.d.name_hint)
        dot.d.replace_all_uses_with(total)
        erase(dot)
        for load in loads:
            erase(load)

    def parts(self, loads: Sequence[ttg.LocalLoadOp], at: Operation, start: int, width: int) -> list[SSAValue]:
        """The parts of both operands from `start` on along k."""
        return [_part(load, at, 1 - side, start, width) for side, load in enumerate(loads)]
