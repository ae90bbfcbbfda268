"""`tritongpu-schedule-loops`: every operation of a loop whose loads begin early gets a stage and a place.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Block, BlockArgument, Operation
from xdsl.traits import IsTerminator, get_effects, is_speculatable

from minilinalg.dialects import tt
from minilinalg.dialects.upstream import scf
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.loop_schedule import (
    Cluster,
    Schedule,
    When,
    defining,
    operands_of,
    operations,
    users_in,
)
from minilinalg.passes.tritongpu_assign_latencies import LATENCY


class _Scheduling:
    """The schedule of one loop, in five steps.

    1. What has a latency, and what follows from it: as many stages before the last as latencies lie on the way.
    2. Branches on the way to these operations come first, all others last.
    3. What these operations need comes with them, those of early stages first.
    4. What they need of the iteration before is computed one stage later, in front of them.
    5. All else belongs to the last stage.
    """

    def __init__(self, loop: scf.ForOp, latencies: dict[Operation, int]):
        self.loop = loop
        self.latencies = latencies
        self.schedule = Schedule(loop)

    def run(self) -> Schedule:
        self.key_operations()
        first = self.schedule.clusters[0]
        self.branches()
        self.needed()
        self.needed_of_the_iteration_before()
        self.rest(first)
        return self.schedule

    def key_operations(self) -> None:
        distances: dict[Operation, int] = {}

        def distance(op: Operation) -> int:
            if op not in distances:
                behind = max((distance(user) for user in users_in(self.loop, op)), default=0)
                distances[op] = self.latencies.get(op, 0) + behind
            return distances[op]

        last = max(distance(op) for op in self.latencies)
        self.schedule.clusters = [Cluster() for _ in range(last + 1)]
        for op, far in distances.items():
            self.schedule.when[op] = When(last - far, self.schedule.clusters[far])

    def branches(self) -> None:
        schedule = self.schedule
        on_the_way: dict[Operation, int] = {}
        ordered = schedule.order()
        for op in sorted(ordered, key=lambda op: schedule.when[op].stage):
            for needed in self.needs(op):
                if isinstance(needed, scf.IfOp):
                    on_the_way.setdefault(needed, schedule.when[op].stage)
        last = schedule.last_stage
        if on_the_way:
            front = schedule.new_at(0)
            for branch, stage in on_the_way.items():
                schedule.when.setdefault(branch, When(stage, front))
        end = schedule.new_at(len(schedule.clusters))
        for op in operations(self.loop):
            if isinstance(op, scf.IfOp):
                schedule.when.setdefault(op, When(last, end))

    def needs(self, op: Operation) -> set[Operation]:
        """What an operation needs of the same iteration, directly or not."""
        found: set[Operation] = set()
        todo = [op]
        while todo:
            for operand in operands_of(todo.pop()):
                before = defining(operand, self.loop)
                if before is not None and before not in found:
                    found.add(before)
                    todo.append(before)
        return found

    def needed(self) -> None:
        ordered = self.schedule.order()
        for stage in range(self.schedule.last_stage + 1):
            for op in ordered:
                if self.schedule.when[op].stage == stage:
                    self.schedule.add_with_operands(op, self.schedule.when[op])

    def needed_of_the_iteration_before(self) -> None:
        schedule, last = self.schedule, self.schedule.last_stage
        ahead: dict[Cluster, Cluster] = {}
        for op in operations(self.loop):
            when = schedule.when.get(op)
            if when is None or when.stage == last:
                continue
            for operand in operands_of(op):
                if not isinstance(operand, BlockArgument) or operand.owner is not self.loop.body.block:
                    continue
                before = defining(operand, self.loop, through_arguments=True)
                if before is None or before in schedule.when:
                    continue
                if isinstance(before, tt.LoadOp | tt.DescriptorLoadOp):
                    then = when
                else:
                    if when.cluster not in ahead:
                        ahead[when.cluster] = schedule.new_at(schedule.place(when.cluster))
                    then = When(when.stage + 1, ahead[when.cluster])
                schedule.when[before] = then
                schedule.add_with_operands(before, then, through_arguments=True)

    def rest(self, first: Cluster) -> None:
        schedule, last = self.schedule, self.schedule.last_stage
        at = {op: first for op in operations(self.loop) if op not in schedule.when}
        todo = [op for op in schedule.order() if schedule.when[op].stage == last]
        while todo:
            op = todo.pop()
            cluster = schedule.when[op].cluster if op in schedule.when else at[op]
            for user in users_in(self.loop, op):
                if user in at and schedule.place(at[user]) < schedule.place(cluster):
                    at[user] = cluster
                    todo.append(user)
        for op, cluster in at.items():
            schedule.when[op] = When(last, cluster)


def unmovable(schedule: Schedule) -> Operation | None:
    """An operation before the last stage that cannot run for an iteration which there may not be; None for none."""
    last = schedule.last_stage
    for op, when in schedule.when.items():
        # A masked load is none, whatever its pointers are, and so is a copy of a tile; a branch is not taken then.
        masked = isinstance(op, tt.LoadOp | tt.DescriptorLoadOp)
        if when.stage < last and not masked and (get_effects(op) != set() or not _may_run(op)):
            return op
    return None


def _may_run(op: Operation) -> bool:
    """Whether an operation may run for no iteration: a branch runs what is in its `else` then."""
    if isinstance(op, scf.IfOp):
        return all(each.has_trait(IsTerminator) or is_speculatable(each) for each in op.false_region.ops)
    return is_speculatable(op)


def broken(schedule: Schedule) -> bool:
    """Whether something comes before what it needs: a value of a later stage, or of a later place in the same one."""
    place = {op: position for position, op in enumerate(schedule.order())}
    for op, when in schedule.when.items():
        for operand in operands_of(op):
            carried = isinstance(operand.owner, Block)
            before = defining(operand, schedule.loop, through_arguments=True)
            if before is None:
                continue
            age = when.stage - schedule.when[before].stage + (1 if carried else 0)
            if age < 0 or (age == 0 and place[before] >= place[op]):
                return True
    return False


@dataclass(frozen=True)
class TritongpuScheduleLoopsPass(MinilinalgPass):
    """Gives each operation of a loop with loads that begin early a stage, and a place among the others.

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
          %4 = tt.splat %i : i32 -> tensor<512xi32, #blocked>
          %5 = tt.addptr %2, %4 : tensor<512x!tt.ptr<f32>, #blocked>, tensor<512xi32, #blocked>
          %6 = tt.load %5 {tt.latency = 1 : i32} : tensor<512x!tt.ptr<f32>, #blocked>
          %7 = arith.addf %s, %6 : tensor<512xf32, #blocked>
          scf.yield %7 : tensor<512xf32, #blocked>
        } {tt.num_stages = 2 : i32}
        tt.return %3 : tensor<512xf32, #blocked>
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32, %x: tensor<512xf32, #blocked>)
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

    Stage s of an iteration runs s iterations after its stage 0. Loads have the stage that their latency says, what they
    need comes with them, and what uses them is in the last stage (`loop.stage`). In an iteration of the pipelined loop,
    operations run cluster by cluster (`loop.cluster`), those of late stages first: they free what early ones fill.

    Requires: `tt.latency` (tritongpu-assign-latencies), which it takes away. Ensures: a stage and a cluster on every
    operation of the loop, in which nothing comes before what it needs, and the last stage on the loop.
    Leaves alone: loops without such loads, and those where a load waits for what has effects or may trap, which cannot
    run for an iteration that there may not be.
    """

    name = "tritongpu-schedule-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [each for each in op.walk() if isinstance(each, scf.ForOp)]:
            latencies: dict[Operation, int] = {}
            for each in operations(loop):
                found = each.attributes.pop(LATENCY, None)
                if isinstance(found, IntegerAttr):
                    latencies[each] = found.value.data
            if not latencies:
                continue
            schedule = _Scheduling(loop, latencies).run()
            if (stuck := unmovable(schedule)) is not None:
                remark(ctx, self, stuck, "its loop has no stages: a load waits for this, which cannot run ahead")
            elif broken(schedule):
                remark(ctx, self, loop, "no stages: a load waits for what only the iteration before computes")
            else:
                schedule.write()
