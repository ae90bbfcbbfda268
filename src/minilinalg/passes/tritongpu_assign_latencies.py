"""`tritongpu-assign-latencies`: which loads of a loop begin iterations before their values are used, and how many.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32
from xdsl.ir import BlockArgument, Operation
from xdsl.traits import MemoryEffectKind, get_effects

from minilinalg.abi import ABI, FunctionAbi
from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.analysis.bases import Bases
from minilinalg.dialects import tt, ttng
from minilinalg.dialects.tt.effects import GLOBAL_MEMORY
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import scf
from minilinalg.passes.async_load import bytes_at_once
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.loop_expansion import why_not
from minilinalg.passes.loop_schedule import defining, operands_of, operations
from minilinalg.passes.shared_operand import DifferentLayouts, for_users

LATENCY, STAGES = "tt.latency", "tt.num_stages"
NUM_STAGES = 3
"""Of a loop, where nothing is said."""
LOADS = (tt.LoadOp, tt.DescriptorLoadOp, tt.DescriptorGatherOp)
DOTS = (tt.DotOp, tt.DotScaledOp, ttng.WarpGroupDotOp)


def stages_of(loop: scf.ForOp, default: int) -> int:
    """The number of stages of a loop: its own, or the default."""
    own = loop.attributes.get(STAGES)
    return own.value.data if isinstance(own, IntegerAttr) else default


@dataclass
class _Loads:
    """The loads of a loop that are worth it, with the number of loads on the way from each to the dot."""

    ctx: Context
    who: MinilinalgPass
    loop: scf.ForOp
    axes: AxisInfoAnalysis

    def __post_init__(self) -> None:
        self.levels: dict[Operation, int] = {}
        self.excluded: set[Operation] = set()

    def find(self) -> dict[Operation, int]:
        body = operations(self.loop)
        dots = [op for op in body if isinstance(op, DOTS)]
        for dot in dots:
            self.visit(dot, 0, set())
        if not dots and STAGES in self.loop.attributes:
            # The last users first: what only finds addresses for another load is on the way to that.
            seen: set[Operation] = set()
            for op in reversed(body):
                if not isinstance(op, LOADS):
                    self.visit(op, 0, seen)
        return self.levels

    def visit(self, op: Operation, level: int, seen: set[Operation]) -> None:
        if op in seen or op in self.excluded:
            return
        seen.add(op)
        if isinstance(op, LOADS):
            if not self.is_worth_it(op):
                return
            if self.levels.setdefault(op, level) != level:
                del self.levels[op]
                self.excluded.add(op)
                remark(self.ctx, self.who, op, "not begun early: it is used directly and through another load")
                return
            level += 1
        for operand in operands_of(op):
            # The accumulator comes from the iteration before, and is not loaded.
            if isinstance(op, DOTS) and operand is op.operands[2]:
                continue
            before = defining(operand, self.loop)
            if before is not None:
                self.visit(before, level, seen)

    def is_worth_it(self, load: Operation) -> bool:
        """Whether a load can go to shared memory in one layout, and at least four bytes at once."""
        if isinstance(load, tt.DescriptorLoadOp):
            return True
        if not isinstance(load, tt.LoadOp):
            return False
        if load.volatile or not is_tensor(load.result.type):
            return False
        try:
            layout = for_users(load.result)
        except DifferentLayouts:
            remark(self.ctx, self.who, load, "not begun early: its users want different layouts in shared memory")
            return False
        if bytes_at_once(load, self.axes, layout) < 4:
            remark(self.ctx, self.who, load, "not begun early: less than four bytes lie side by side for a thread")
            return False
        return True


def _writes(loop: scf.ForOp) -> list[Operation]:
    """The operations of a loop that may write global memory, or order accesses to it."""
    found: list[Operation] = []
    for op in loop.body.walk():
        if op.regions or isinstance(op, tt.PrintOp):
            continue
        effects = get_effects(op)
        if effects is None or any(e.resource == GLOBAL_MEMORY and e.kind is not MemoryEffectKind.READ for e in effects):
            found.append(op)
    return found


def _apart(loop: scf.ForOp, loads: Iterable[Operation]) -> tuple[set[tuple[BlockArgument, BlockArgument]], str]:
    """The pairs of arguments through which no turn may write what a later one reads, so that loads may begin early.

    And why nothing may, if that is so.
    """
    bases, pairs = Bases(), set[tuple[BlockArgument, BlockArgument]]()
    for write in _writes(loop):
        if not isinstance(write, tt.StoreOp | tt.DescriptorStoreOp):
            return set(), f"'{write.name}' may write what it reads, or order it"
        for load in loads:
            written, read = bases.of(write.operands[0]), bases.of(load.operands[0])
            if written is None or read is None or written is read:
                return set(), "the loop may write what it reads"
            assert isinstance(written, BlockArgument) and isinstance(read, BlockArgument)
            pairs.add((written, read))
    return pairs, ""


def _promise(func: tt.FuncOp, pairs: Iterable[tuple[BlockArgument, BlockArgument]]) -> None:
    """Lets a launch check that no turn stores through one argument what a later one has loaded through another."""
    parameters = list(FunctionAbi.of(func).parameters)
    for pair in pairs:
        first, second = sorted(argument.index for argument in pair)
        name, p = parameters[first].name, parameters[second]
        if name not in p.read_ahead:
            parameters[second] = replace(p, read_ahead=(*p.read_ahead, name))
    func.attributes[ABI] = FunctionAbi(func.sym_name.data, tuple(parameters)).attribute()


@dataclass(frozen=True)
class TritongpuAssignLatenciesPass(MinilinalgPass):
    """Says of each load in a loop how many iterations before its use it begins.

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
          %6 = tt.load %5 : tensor<512x!tt.ptr<f32>, #blocked>
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

    `num-stages` is how many iterations of a loop may be under way, 3 where nothing is said, unless the loop says so
    itself (`tt.num_stages = 2 : i32`). A remark says when no loop goes by the number that is given. Loads that dots
    use, through other loads or not, share the stages before the last; in a loop without dots that says how many stages
    it has, those that anything uses.

    A load begins before what earlier iterations write. Where only stores through other arguments do, a launch in which
    these arguments share memory checks that no iteration stores what a later one loads (`ml.read_ahead` in `ml.abi` of
    the function; on a GPU it is refused).

    Requires: stage ttg. Ensures: `tt.latency = n : i32` on the loads that begin n iterations early.
    Leaves alone: loads of which less than four bytes lie side by side for a thread, or that users want in different
    layouts in shared memory; loops with loops inside, and those that may write, or order, what they read.
    """

    name = "tritongpu-assign-latencies"

    num_stages: int | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        chosen = False
        for func in [each for each in op.walk() if isinstance(each, tt.FuncOp)]:
            axes = AxisInfoAnalysis(func, trusts_signs=True)
            for loop in [each for each in func.walk() if isinstance(each, scf.ForOp)]:
                begin_early = self.assign(ctx, func, loop, axes)
                chosen = chosen or (begin_early and STAGES not in loop.attributes)
        if self.num_stages not in (None, 1) and not chosen:
            remark(ctx, self, op, f"num-stages={self.num_stages} changes nothing: no loop goes by it")

    def assign(self, ctx: Context, func: tt.FuncOp, loop: scf.ForOp, axes: AxisInfoAnalysis) -> bool:
        """The loads of one loop; whether any begins early."""
        stages = stages_of(loop, NUM_STAGES if self.num_stages is None else self.num_stages)
        if stages < 2 or any(isinstance(inner, scf.ForOp | scf.WhileOp) for inner in loop.body.walk()):
            return False
        levels = _Loads(ctx, self, loop, axes).find()
        levels = {load: level for load, level in levels.items() if level < stages - 1}
        if not levels:
            return False
        if why := why_not(loop):
            remark(ctx, self, loop, f"no load begins early: {why}")
            return False
        pairs, why = _apart(loop, levels)
        if why:
            remark(ctx, self, loop, f"no load begins early: {why}")
            return False
        if pairs:
            for written, read in sorted((w.name_hint or "", r.name_hint or "") for w, r in pairs):
                remark(
                    ctx,
                    self,
                    loop,
                    f"a launch checks that nothing stored through '{written}' was read ahead through '{read}'",
                )
            _promise(func, pairs)
        latency = (stages - 1) // (max(levels.values()) + 1)
        for load in levels:
            load.attributes[LATENCY] = IntegerAttr(latency, i32)
        return True
