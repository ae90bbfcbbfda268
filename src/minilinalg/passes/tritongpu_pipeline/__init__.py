"""`tritongpu-pipeline`: loops whose operations have stages run the stages of several iterations side by side.

| file | holds |
|---|---|
| `copied.py` | which loads become asynchronous copies, and into how many buffers |
| `loads.py` | they do, into buffers that take turns |
| `waits.py` | for how many copies a wait waits |
| `warp_groups.py` | products of warp groups that go on while the next iteration begins |
| `../loop_expansion.py` | the loop that runs stages side by side |

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, TensorType, i1, i32
from xdsl.ir import Operation, SSAValue

from minilinalg.abi import ABI, AHEAD, FunctionAbi
from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.analysis.constants import constant_of
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import encoding_of, is_tensor, tensor_type
from minilinalg.dialects.upstream import arith, scf
from minilinalg.dialects.upstream.assembly import counted
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.loop_expansion import expand, why_not
from minilinalg.passes.loop_schedule import Schedule, operations
from minilinalg.passes.rewriting import apply_patterns
from minilinalg.passes.tritongpu_pipeline.copied import copied_loads
from minilinalg.passes.tritongpu_pipeline.loads import Lowering
from minilinalg.passes.tritongpu_pipeline.waits import update_waits
from minilinalg.passes.tritongpu_pipeline.warp_groups import launch_early


def masked(op: Operation, condition: SSAValue) -> Operation:
    """A load, a copy or a branch that only happens where a condition holds too; others have no effect, and stay."""
    if isinstance(op, scf.IfOp):
        op.operands[0] = value_before(op, arith.AndIOp(op.cond, condition))
        return op
    if isinstance(op, ttng.BarrierExpectOp | ttng.AsyncTMACopyGlobalToLocalOp | ttng.WaitBarrierOp):
        return _under(op, condition)
    if not isinstance(op, tt.LoadOp | ttg.AsyncCopyGlobalToLocalOp):
        return op
    pointers = op.operands[0].type
    mask = condition
    if is_tensor(pointers):
        layout = encoding_of(pointers)
        type = TensorType(i1, pointers.get_shape(), layout) if layout else TensorType(i1, pointers.get_shape())
        mask = value_before(op, tt.SplatOp(condition, type))
    if op.mask is not None:
        mask = value_before(op, arith.AndIOp(mask, op.mask))
    attributes = dict(op.attributes)
    properties = {key: value for key, value in op.properties.items() if key != "operandSegmentSizes"}
    types = [result.type for result in op.results]
    if isinstance(op, tt.LoadOp):
        operands = [op.ptr, mask, op.other]
        new = tt.LoadOp.build(operands=operands, properties=properties, attributes=attributes, result_types=types)
    else:
        operands = [op.src, op.result, mask, op.other]
        new = ttg.AsyncCopyGlobalToLocalOp(
            operands=operands, properties=properties, attributes=attributes, result_types=types
        )
    insert_before(op, new)
    for old, result in zip(op.results, new.results, strict=True):
        old.replace_all_uses_with(result)
    erase(op)
    return new


def _under(
    op: ttng.BarrierExpectOp | ttng.AsyncTMACopyGlobalToLocalOp | ttng.WaitBarrierOp, condition: SSAValue
) -> Operation:
    """What belongs to the copy of a tile, where a condition holds."""
    own = op.pred
    both = condition if own is None or constant_of(own) else value_before(op, arith.AndIOp(condition, own))
    if isinstance(op, ttng.WaitBarrierOp):
        new = ttng.WaitBarrierOp(operands=[op.alloc, op.phase, both, op.deps], attributes=dict(op.attributes))
        insert_before(op, new)
        erase(op)
        return new
    op.operands[len(op.operands) - 1] = both
    return op


def _mark(loop: scf.ForOp, stages: Mapping[Operation, int]) -> None:
    """Says on what begins to load early after how many more turns its own one has begun.

    Behind a store of the loop it is one more: what that stores in its own turn comes before the load, too.
    """
    last, stored = max(stages.values()), 0
    for op in operations(loop):
        if isinstance(op, tt.StoreOp | tt.DescriptorStoreOp):
            stored = 1
        elif isinstance(op, READS) and stages[op] < last:
            op.attributes[AHEAD] = IntegerAttr(last - stages[op] + stored, i32)


READS = (tt.LoadOp, tt.DescriptorLoadOp, ttg.AsyncCopyGlobalToLocalOp, ttng.AsyncTMACopyGlobalToLocalOp)


@dataclass(frozen=True)
class TritongpuPipelinePass(MinilinalgPass):
    """Runs the stages of several iterations of a loop side by side.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32, %x: tensor<512xf32, #blocked>)
          -> tensor<512xf32, #blocked> {
        %c0_i32 = arith.constant 0 : i32
        %c512_i32 = arith.constant 512 : i32
        %0 = tt.make_range {end = 512 : i32, start = 0 : i32} : tensor<512xi32, #blocked>
        %1 = tt.splat %p : !tt.ptr<f32> -> tensor<512x!tt.ptr<f32>, #blocked>
        %2 = tt.addptr %1, %0 : tensor<512x!tt.ptr<f32>, #blocked>, tensor<512xi32, #blocked>
        %3 = scf.for %i = %c0_i32 to %n step %c512_i32 iter_args(%s = %x) -> (tensor<512xf32, #blocked>) : i32 {
          %4 = tt.splat %i {loop.cluster = 1 : i32, loop.stage = 0 : i32} : i32 -> tensor<512xi32, #blocked>
          %5 = tt.addptr %2, %4 {loop.cluster = 1 : i32, loop.stage = 0 : i32}
              : tensor<512x!tt.ptr<f32>, #blocked>, tensor<512xi32, #blocked>
          %6 = tt.load %5 {loop.cluster = 1 : i32, loop.stage = 0 : i32} : tensor<512x!tt.ptr<f32>, #blocked>
          %7 = arith.addf %s, %6 {loop.stage = 1 : i32, loop.cluster = 0 : i32} : tensor<512xf32, #blocked>
          scf.yield %7 : tensor<512xf32, #blocked>
        } {tt.num_stages = 2 : i32, tt.scheduled_max_stage = 1 : i32}
        tt.return %3 : tensor<512xf32, #blocked>
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32, %x: tensor<512xf32, #blocked>)
          -> tensor<512xf32, #blocked> {
        %c0_i32 = arith.constant 0 : i32
        %c512_i32 = arith.constant 512 : i32
        %0 = tt.make_range {end = 512 : i32, start = 0 : i32} : tensor<512xi32, #blocked>
        %1 = tt.splat %p : !tt.ptr<f32> -> tensor<512x!tt.ptr<f32>, #blocked>
        %2 = tt.addptr %1, %0 : tensor<512x!tt.ptr<f32>, #blocked>, tensor<512xi32, #blocked>
        %c0_i32_0 = arith.constant 0 : i32
        %3 = ttg.local_alloc : () -> !ttg.memdesc<1x512xf32, #shared, #smem, mutable>
        %4 = tt.splat %c0_i32 : i32 -> tensor<512xi32, #blocked>
        %5 = arith.cmpi slt, %c0_i32, %n : i32
        %6 = tt.addptr %2, %4 : tensor<512x!tt.ptr<f32>, #blocked>, tensor<512xi32, #blocked>
        %7 = ttg.memdesc_index %3[%c0_i32_0] : !ttg.memdesc<1x512xf32, #shared, #smem, mutable>
            -> !ttg.memdesc<512xf32, #shared, #smem, mutable>
        %8 = tt.splat %5 : i1 -> tensor<512xi1, #blocked>
        %9 = ttg.async_copy_global_to_local %6, %7 mask %8 {contiguity = 4 : i32}
            : tensor<512x!tt.ptr<f32>, #blocked> -> <512xf32, #shared, #smem, mutable>
        %10 = ttg.async_commit_group tokens %9
        %11 = arith.subi %n, %c512_i32 : i32
        %12:2 = scf.for %arg0 = %c0_i32 to %n step %c512_i32 iter_args(%arg1 = %x, %arg2 = %10)
            -> (tensor<512xf32, #blocked>, !ttg.async.token) : i32 {
          %14 = arith.cmpi slt, %arg0, %11 : i32
          %15 = ttg.async_wait %arg2 {num = 0 : i32}
          %16 = ttg.memdesc_index %3[%c0_i32_0] : !ttg.memdesc<1x512xf32, #shared, #smem, mutable>
              -> !ttg.memdesc<512xf32, #shared, #smem, mutable>
          %17 = ttg.local_load %16 token %15 : !ttg.memdesc<512xf32, #shared, #smem, mutable>
              -> tensor<512xf32, #blocked>
          %18 = arith.addf %arg1, %17 : tensor<512xf32, #blocked>
          %19 = arith.addi %arg0, %c512_i32 : i32
          %20 = tt.splat %19 : i32 -> tensor<512xi32, #blocked>
          %21 = tt.addptr %2, %20 : tensor<512x!tt.ptr<f32>, #blocked>, tensor<512xi32, #blocked>
          %22 = ttg.memdesc_index %3[%c0_i32_0] : !ttg.memdesc<1x512xf32, #shared, #smem, mutable>
              -> !ttg.memdesc<512xf32, #shared, #smem, mutable>
          %23 = tt.splat %14 : i1 -> tensor<512xi1, #blocked>
          %24 = ttg.async_copy_global_to_local %21, %22 mask %23 {contiguity = 4 : i32}
              : tensor<512x!tt.ptr<f32>, #blocked> -> <512xf32, #shared, #smem, mutable>
          %25 = ttg.async_commit_group tokens %24
          scf.yield %18, %25 : tensor<512xf32, #blocked>, !ttg.async.token
        } {tt.num_stages = 2 : i32}
        %13 = ttg.async_wait {num = 0 : i32}
        ttg.local_dealloc %3 : !ttg.memdesc<1x512xf32, #shared, #smem, mutable>
        tt.return %12#0 : tensor<512xf32, #blocked>
      }
    }
    ```

    Four steps: loads that are used in a later stage become asynchronous copies into buffers that take turns, one for
    each iteration that is under way (tiles tell a barrier that they came, others are waited for in groups); the loop is
    expanded (`loop_expansion.py`), so that what is beyond the last iteration is masked off; waits are told how many
    later copies may still be under way; products of warp groups that are only summed up, or needed when the first
    product of the next iteration is done, go on while that begins, with one buffer more.

    Where a launch has to see that nothing is stored to that was read ahead (tritongpu-assign-latencies), a load that
    begins early says how far ahead it reads, `ml.ahead = n : i32`.

    Requires: a schedule on the loop (tritongpu-schedule-loops), which it takes away. Ensures: the loop runs as many
    iterations as before, and behind it nothing is under way.
    Leaves alone: loops without a schedule, and loads whose value waits in registers because less than four bytes can be
    copied at once.
    """

    name = "tritongpu-pipeline"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for func in [each for each in op.walk() if isinstance(each, tt.FuncOp)]:
            for loop in [each for each in func.walk() if isinstance(each, scf.ForOp)]:
                schedule = Schedule.read(loop)
                if schedule is not None:
                    self.pipeline(ctx, func, schedule)
            update_waits(func)
        apply_patterns(ctx, op, (), erase_dead=True)

    def pipeline(self, ctx: Context, func: tt.FuncOp, schedule: Schedule) -> None:
        """One loop with a schedule."""
        schedule.erase()
        if why := why_not(schedule.loop):
            remark(ctx, self, schedule.loop, f"not pipelined: {why}")
            return
        axes = AxisInfoAnalysis(func, trusts_signs=True)
        loads = copied_loads(schedule, axes, lambda load, text: remark(ctx, self, load, text))
        lowering = Lowering(schedule, loads)
        loop = lowering.run()
        lowering.free()
        stages = {each: when.stage for each, when in schedule.when.items()}
        told = [f"{max(stages.values()) + 1} stages"]
        for each in loads:
            type = tensor_type(each.load.result)
            told.append(f"{counted(each.buffers, 'buffer')} of {TensorType(type.element_type, type.get_shape())}")
        if ABI in func.attributes and any(parameter.read_ahead for parameter in FunctionAbi.of(func).parameters):
            _mark(loop, stages)
        new = expand(loop, stages, schedule.order(), masked)
        early = launch_early(new)
        if early:
            told.append(f"{counted(len(early), 'product')} going on into the next iteration")
        remark(ctx, self, new, ", ".join(told))
