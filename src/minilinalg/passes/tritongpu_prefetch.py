"""`tritongpu-prefetch`: operands of a dot come from shared memory in parts, each while the one before is multiplied.

Source: the pass of the same name in Triton 3.9, which also takes operands that are computed on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, TensorType, i32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import MemoryEffectKind, get_effects

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.effects import GLOBAL_MEMORY
from minilinalg.dialects.tt.types import encoding_of, tensor_type
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.dialects.upstream import scf
from minilinalg.passes.base import MinilinalgPass, Numerics, remark
from minilinalg.passes.carried_values import carry_more
from minilinalg.passes.insertion import erase, value_before
from minilinalg.passes.turns import Recomputed, why_only_there


@dataclass(frozen=True)
class _Operand:
    """An operand that is loaded from shared memory: what it is loaded from, when, and which dimension is k."""

    load: ttg.LocalLoadOp
    src: SSAValue
    token: SSAValue | None
    k: int

    def part(self, at: Operation, start: int, size: int) -> SSAValue:
        """`size` elements along k, loaded in front of `at`."""
        view, result = memdesc_type(self.src), tensor_type(self.load.result)
        shape = [size if d == self.k else whole for d, whole in enumerate(view.get_shape())]
        part = ttg.MemDescType(
            shape, view.element_type, view.layout, mutable=view.is_mutable, alloc_shape=numbers(view.alloc_shape)
        )
        offsets = DenseArrayBase.from_list(i32, [start if d == self.k else 0 for d in range(len(shape))])
        seen = ttg.MemDescSubsliceOp(operands=[self.src], properties={"offsets": offsets}, result_types=[part])
        layout = encoding_of(result)
        assert layout is not None
        type = TensorType(result.element_type, shape, layout)
        loaded = ttg.LocalLoadOp(value_before(at, seen), type, self.token)
        return value_before(at, loaded, self.load.result.name_hint)

    def moved(self, to: Callable[[SSAValue], SSAValue]) -> _Operand:
        """The same of another turn, or of what a loop carries."""
        return replace(self, src=to(self.src), token=None if self.token is None else to(self.token))


Operands = Sequence[_Operand]


def seen_by(operands: Operands) -> list[SSAValue]:
    """What the operands are loaded from, then the tokens of what they wait for."""
    values = [*(each.src for each in operands), *(each.token for each in operands)]
    return list(dict.fromkeys(value for value in values if value is not None))


def is_computed_in(block: Block, value: SSAValue) -> bool:
    return isinstance(value.owner, Operation) and value.owner.parent is block


def loaded_for(dot: tt.DotOp) -> Operands | None:
    """Both operands, if they are loaded from shared memory in the block of the dot, and nobody else uses them."""
    found: list[_Operand] = []
    for side, operand in enumerate((dot.a, dot.b)):
        load = operand.owner
        if not isinstance(load, ttg.LocalLoadOp) or load.parent is not dot.parent or not load.result.has_one_use():
            return None
        found.append(_Operand(load, load.src, load.token, 1 - side))
    return found


def changes_shared(op: Operation) -> bool:
    """Whether shared memory may be another behind `op`, or whether threads meet there."""
    if op.regions:
        return True
    effects = get_effects(op)
    return effects is None or any(
        effect.kind in (MemoryEffectKind.WRITE, MemoryEffectKind.FREE) and effect.resource != GLOBAL_MEMORY
        for effect in effects
    )


def between(begin: Operation | None, end: Operation) -> Iterator[Operation]:
    """The operations of a block from `begin` on, up to `end`."""
    while begin is not None and begin is not end:
        yield begin
        begin = begin.next_op


def why_not_ahead(loop: scf.ForOp, dot: tt.DotOp, operands: Operands) -> str:
    """Why the first part cannot be loaded at the end of the turn before, or nothing."""
    block = loop.body.block
    if sum(isinstance(op, tt.DotOp) for op in block.ops) > 1:
        return "there is another dot in the loop"
    waits = [operand.token.owner for operand in operands if operand.token is not None]
    for operand in operands:
        for op in between(block.first_op, operand.load):
            if changes_shared(op) and op not in waits:
                return f"'{op.name}' comes before it in the turn"
    return next(filter(None, (why_only_there(loop, value) for value in seen_by(operands))), "")


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
        %0 = ttg.memdesc_subslice %x[0, 0] : !ttg.memdesc<16x32xf16, #shared, #smem>
            -> !ttg.memdesc<16x16xf16, #shared, #smem, 16x32>
        %1 = ttg.local_load %0 : !ttg.memdesc<16x16xf16, #shared, #smem, 16x32> -> tensor<16x16xf16, #a>
        %2 = ttg.memdesc_subslice %y[0, 0] : !ttg.memdesc<32x16xf16, #shared, #smem>
            -> !ttg.memdesc<16x16xf16, #shared, #smem, 32x16>
        %3 = ttg.local_load %2 : !ttg.memdesc<16x16xf16, #shared, #smem, 32x16> -> tensor<16x16xf16, #b>
        %4:3 = scf.for %i = %c0_i32 to %n step %c1_i32 iter_args(%s = %c, %arg0 = %1, %arg1 = %3)
            -> (tensor<16x16xf32, #mma>, tensor<16x16xf16, #a>, tensor<16x16xf16, #b>) : i32 {
          %5 = ttg.memdesc_subslice %x[0, 16] : !ttg.memdesc<16x32xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 16x32>
          %6 = ttg.local_load %5 : !ttg.memdesc<16x16xf16, #shared, #smem, 16x32> -> tensor<16x16xf16, #a>
          %7 = ttg.memdesc_subslice %y[16, 0] : !ttg.memdesc<32x16xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 32x16>
          %8 = ttg.local_load %7 : !ttg.memdesc<16x16xf16, #shared, #smem, 32x16> -> tensor<16x16xf16, #b>
          %9 = tt.dot %arg0, %arg1, %s : tensor<16x16xf16, #a> * tensor<16x16xf16, #b> -> tensor<16x16xf32, #mma>
          %10 = ttg.memdesc_subslice %x[0, 0] : !ttg.memdesc<16x32xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 16x32>
          %11 = ttg.local_load %10 : !ttg.memdesc<16x16xf16, #shared, #smem, 16x32> -> tensor<16x16xf16, #a>
          %12 = ttg.memdesc_subslice %y[0, 0] : !ttg.memdesc<32x16xf16, #shared, #smem>
              -> !ttg.memdesc<16x16xf16, #shared, #smem, 32x16>
          %13 = ttg.local_load %12 : !ttg.memdesc<16x16xf16, #shared, #smem, 32x16> -> tensor<16x16xf16, #b>
          %14 = tt.dot %6, %8, %9 : tensor<16x16xf16, #a> * tensor<16x16xf16, #b> -> tensor<16x16xf32, #mma>
          scf.yield %14, %11, %13 : tensor<16x16xf32, #mma>, tensor<16x16xf16, #a>, tensor<16x16xf16, #b>
        }
        tt.return
      }
    }
    ```

    A part is as deep as one instruction (256 bits of elements of the width at which they were loaded), so that fewer
    registers hold operands at a time. The sum over k is the same, part by part. The loop carries the first part: it is
    loaded in front of the loop, and for the next turn at the end of each, before the last part is multiplied. The loop
    carries as well the buffer that a turn is to load from, and the wait for it; both are computed for the turn behind
    the last one too, and in front of a loop that has none.

    Requires: stage ttg. Ensures: in loops, dots of mma.sync whose operands are loaded from shared memory for them alone
    are one part deep, and the loads of each part stand in front of the dot of the part before.
    Leaves alone: operands that are computed on the way, and those that another operation may write before the dot. The
    first part is loaded in the turn that multiplies it where that turn may write it or wait for something else, where a
    turn more may have no buffer, and where the loop has several dots.
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
        """A dot in parts of `width` along k, the first of them loaded in the turn before, if that can be."""
        loop, operands = dot.parent_op(), loaded_for(dot)
        assert isinstance(loop, scf.ForOp)
        depth = tensor_type(dot.a).get_shape()[1]
        if depth < width:
            return
        if operands is None or any(changes_shared(op) for each in operands for op in between(each.load.next_op, dot)):
            remark(ctx, self, dot, "loaded as a whole: an operand is not just loaded from shared memory for it")
            return
        why = why_not_ahead(loop, dot, operands)
        if why and depth == width:
            remark(ctx, self, dot, f"loaded in the turn that multiplies it: {why}")
            return
        if why:
            remark(ctx, self, dot, f"the first part is loaded in the turn that multiplies it: {why}")
            self.multiply(dot, operands, [each.part(dot, 0, width) for each in operands], width)
        else:
            self.load_ahead(loop, dot, operands, width)
        for each in operands:
            erase(each.load)
        for value in seen_by(operands):
            # The wait has been in the turn before, and no group of copies was made since.
            if value.first_use is None and isinstance(value.owner, Operation):
                erase(value.owner)

    def load_ahead(self, loop: scf.ForOp, dot: tt.DotOp, operands: Operands, width: int) -> None:
        """The loop carries the first part, and of what and when the others are loaded."""
        block = loop.body.block
        early = Recomputed.first(loop)
        carried = [value for value in seen_by(operands) if is_computed_in(block, value)]
        starts = [early.of(value) for value in carried]
        starts += [each.moved(early.of).part(loop, 0, width) for each in operands]
        known = len(block.args)
        loop = carry_more(loop, starts)
        now = dict(zip(carried, block.args[known:], strict=False))
        self.multiply(
            dot, [each.moved(lambda value: now.get(value, value)) for each in operands], block.args[-2:], width
        )
        end = block.last_op
        assert end is not None
        late = Recomputed.next(loop)
        handed_on = [late.of(value) for value in carried]
        handed_on += [each.moved(late.of).part(end, 0, width) for each in operands]
        end.operands = [*end.operands, *handed_on]
        if all(use.operation is end for use in dot.d.uses):
            dot.detach()
            block.insert_op_before(dot, end)

    def multiply(self, dot: tt.DotOp, operands: Operands, first: Sequence[SSAValue], width: int) -> None:
        """Leaves the last part to `dot`; the others are multiplied in front of it, while the next one is loaded."""
        ahead, so_far = first, dot.c
        for start in range(width, tensor_type(dot.a).get_shape()[1], width):
            now, ahead = ahead, [each.part(dot, start, width) for each in operands]
            part = tt.DotOp.create(operands=[*now, so_far], result_types=[dot.d.type], properties=dict(dot.properties))
            so_far = value_before(dot, part, dot.d.name_hint)
        dot.operands = [*ahead, so_far]
