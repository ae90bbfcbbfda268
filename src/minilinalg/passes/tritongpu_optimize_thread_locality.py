"""`tritongpu-optimize-thread-locality`: threads exchange sums once, behind the loop that adds them up.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    ModuleOp,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.analysis.reduction import neutral_element
from minilinalg.analysis.warp_gather import warp_gather
from minilinalg.dialects import tt
from minilinalg.dialects.tt.types import is_tensor, tensor_type
from minilinalg.dialects.ttg.inference import forward, layout_of, with_layout
from minilinalg.dialects.ttg.layout_rules import linear_layout_of
from minilinalg.dialects.upstream import arith, scf
from minilinalg.layouts.linear import LANE, REGISTER, WARP, LinearLayout
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.layout_rewriting import converted

# --- sums that a loop carries -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accumulation:
    """`carried = carried + reduce(x)`, once in every turn of a loop, for some + that is associative."""

    loop: scf.ForOp
    index: int
    """Which of the values that the loop carries."""
    reduce: tt.ReduceOp
    combiner: Operation
    update: Operation

    @property
    def carried(self) -> SSAValue:
        return self.loop.body.block.args[1 + self.index]


def only_user(value: SSAValue) -> tuple[Operation, int] | None:
    """The operation that alone uses a value, and as which operand."""
    uses = list(value.uses)
    return (uses[0].operation, uses[0].index) if len(uses) == 1 else None


def accumulation(reduce: tt.ReduceOp) -> Accumulation | str:
    """What the reduction is a part of, or why it is not accumulated by a loop around it."""
    if len(reduce.srcs) != 1:
        return "it reduces several values at once"
    *computed, end = reduce.combine_op.block.ops
    args = reduce.combine_op.block.args
    if (
        len(computed) != 1
        or len(computed[0].operands) != 2
        or set(computed[0].operands) != set(args)
        or list(end.operands) != list(computed[0].results)
        or neutral_element(computed[0].name, args[0].type) is None
    ):
        return "its combiner is no single operation with a neutral element"
    loop = reduce.parent_op()
    if not isinstance(loop, scf.ForOp):
        return "it stands in no loop"
    update = only_user(reduce.results[0])
    if update is None or update[0].name != computed[0].name or update[0].parent is not reduce.parent:
        return "the loop does not only combine its results, as it combines elements"
    end = only_user(update[0].results[0])
    if end is None or end[0] is not loop.body.block.last_op:
        return "the loop needs the result in every turn"
    found = Accumulation(loop, end[1], reduce, computed[0], update[0])
    if only_user(found.carried) != (update[0], 1 - update[1]):
        return "the loop needs the result in every turn"
    return found


@dataclass(frozen=True)
class Split:
    """A dimension of 2**(low + threads + high) elements: who holds them. The lowest bits count elements in a thread,
    those above them threads, and the highest ones elements in a thread again."""

    low: int
    threads: int
    high: int


def split_of(layout: LinearLayout, axis: int) -> Split | None:
    """How a dimension is spread over threads; None when threads and registers take turns in other ways."""
    own = {basis[axis] for basis in layout.bases(REGISTER) if basis[axis]}
    others = {basis[axis] for name in (LANE, WARP) for basis in layout.bases(name) if basis[axis]}
    bits = layout.out_bits[layout.out_names[axis]]
    if own | others != {1 << bit for bit in range(bits)} or own & others:
        return None
    low = sum(basis < min(others, default=0) for basis in own)
    high = sum(basis > max(others, default=0) for basis in own)
    return Split(low, len(others), high) if low + high == len(own) else None


def given_layout(op: tt.ReshapeOp | tt.ReduceOp) -> Operation:
    """`op` with the layout of its result that follows from its operand's."""
    layout = layout_of(op.operands[0].type)
    assert layout is not None
    result = op.results[0]
    if is_tensor(result.type):
        follows = forward(op, layout)
        assert follows is not None
        Rewriter.replace_value_with_new_type(result, with_layout(tensor_type(result), follows))
    return op


def reduced(value: SSAValue, axis: int, like: tt.ReduceOp, at: Operation) -> SSAValue:
    """`value` reduced along `axis` as `like` does it."""
    return value_before(at, given_layout(tt.ReduceOp([value], axis, like.combine_op.clone())))


def combine(like: Operation, left: SSAValue, right: SSAValue) -> Operation:
    """The operation `like` of other operands, without the promises that hold for its own ones."""
    make: Any = type(like)
    return make(left, right)


def reduced_in_threads(reduce: tt.ReduceOp, split: Split) -> SSAValue:
    """What is left when each thread reduces what it holds itself: an element for each thread along the dimension.

    [.., N, ..] is [.., high, threads, low, ..], of which first `low` and then `high` is reduced.
    """
    value, axis = reduce.srcs[0], reduce.axis.value.data
    if not split.low + split.high:
        return value
    type = tensor_type(value)
    shape = list(type.get_shape())
    shape[axis : axis + 1] = (1 << bits for bits in (split.high, split.threads, split.low) if bits)
    parts = tt.ReshapeOp(value, TensorType(type.element_type, shape))
    # The layout of the parts is the reason for them: no other pass is to choose another one.
    parts.properties["efficient_layout"] = UnitAttr()
    value = value_before(reduce, given_layout(parts))
    if split.low:
        value = reduced(value, axis + 1 + (split.high > 0), reduce, reduce)
    return reduced(value, axis, reduce, reduce) if split.high else value


def accumulate_in_threads(found: Accumulation, split: Split) -> None:
    """Each thread adds up its own elements, and all threads exchange their sums once, behind the loop."""
    loop, reduce, update = found.loop, found.reduce, found.update
    axis = reduce.axis.value.data
    part = reduced_in_threads(reduce, split)
    initial, result = loop.iter_args[found.index], loop.results[found.index]
    neutral = neutral_element(found.combiner.name, tensor_type(part).element_type)
    assert neutral is not None
    type = tensor_type(part)
    start = arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(type, [neutral.value.data]), type)  # pyright: ignore
    loop.operands[3 + found.index] = value_before(loop, start)
    carried = Rewriter.replace_value_with_new_type(found.carried, type)
    result = Rewriter.replace_value_with_new_type(result, type)
    swapped = update.operands[0] is reduce.results[0]
    step = combine(update, *((part, carried) if swapped else (carried, part)))
    insert_before(update, step)
    update.results[0].replace_all_uses_with(step.results[0])
    erase(update)
    users = list(result.uses)
    after = loop.next_op
    assert after is not None
    total = reduced(result, axis, reduce, after)
    if is_tensor(initial.type):
        layout = layout_of(initial.type)
        assert layout is not None
        total = converted(total, layout, after)
    whole = combine(step, *((total, initial) if swapped else (initial, total)))
    insert_before(after, whole)
    for use in users:
        use.operation.operands[use.index] = whole.results[0]
    erase(reduce)


# --- gathers ----------------------------------------------------------------------------------------------------------


def goes_by_shuffles(op: tt.GatherOp) -> bool:
    """Whether each index is answered by one lane of its warp."""
    source, indices = (linear_layout_of(tensor_type(each)) for each in (op.src, op.indices))
    return warp_gather(source, indices, op.axis.value.data) is not None


@dataclass(frozen=True)
class TritongpuOptimizeThreadLocalityPass(MinilinalgPass):
    """Lets threads add up what they hold, and exchange it once, behind the loop; keeps gathers in warps.

    ```mlir
    #a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    tt.func @before(%p: tensor<64x!tt.ptr<f32>, #a>, %zero: f32, %n: i32) -> f32 {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %0 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (f32) : i32 {
        %1 = tt.splat %i : i32 -> tensor<64xi32, #a>
        %2 = tt.addptr %p, %1 : tensor<64x!tt.ptr<f32>, #a>, tensor<64xi32, #a>
        %3 = tt.load %2 : tensor<64x!tt.ptr<f32>, #a>
        %4 = "tt.reduce"(%3) <{axis = 0 : i32}> ({
        ^bb0(%l: f32, %r: f32):
          %6 = arith.addf %l, %r : f32
          tt.reduce.return %6 : f32
        }) : (tensor<64xf32, #a>) -> f32
        %5 = arith.addf %sum, %4 : f32
        scf.yield %5 : f32
      }
      tt.return %0 : f32
    }
    ```
    becomes
    ```mlir
    #a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    #b = #ttg.blocked<{sizePerThread = [2, 1], threadsPerWarp = [1, 32], warpsPerCTA = [1, 1], order = [0, 1]}>
    tt.func @after(%p: tensor<64x!tt.ptr<f32>, #a>, %zero: f32, %n: i32) -> f32 {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %cst = arith.constant dense<-0.000000e+00> : tensor<32xf32, #ttg.slice<{dim = 0, parent = #b}>>
      %0 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %cst)
          -> (tensor<32xf32, #ttg.slice<{dim = 0, parent = #b}>>) : i32 {
        %3 = tt.splat %i : i32 -> tensor<64xi32, #a>
        %4 = tt.addptr %p, %3 : tensor<64x!tt.ptr<f32>, #a>, tensor<64xi32, #a>
        %5 = tt.load %4 : tensor<64x!tt.ptr<f32>, #a>
        %6 = tt.reshape %5 efficient_layout : tensor<64xf32, #a> -> tensor<2x32xf32, #b>
        %7 = "tt.reduce"(%6) <{axis = 0 : i32}> ({
        ^bb0(%l: f32, %r: f32):
          %9 = arith.addf %l, %r : f32
          tt.reduce.return %9 : f32
        }) : (tensor<2x32xf32, #b>) -> tensor<32xf32, #ttg.slice<{dim = 0, parent = #b}>>
        %8 = arith.addf %sum, %7 : tensor<32xf32, #ttg.slice<{dim = 0, parent = #b}>>
        scf.yield %8 : tensor<32xf32, #ttg.slice<{dim = 0, parent = #b}>>
      }
      %1 = "tt.reduce"(%0) <{axis = 0 : i32}> ({
      ^bb0(%l: f32, %r: f32):
        %3 = arith.addf %l, %r : f32
        tt.reduce.return %3 : f32
      }) : (tensor<32xf32, #ttg.slice<{dim = 0, parent = #b}>>) -> f32
      %2 = arith.addf %zero, %1 : f32
      tt.return %2 : f32
    }
    ```

    Requires: stage ttg. Ensures: where a loop combines the results of a reduction over threads from turn to turn, with
    the operation that the reduction combines elements with, and needs them for nothing else, each thread combines its
    own elements, and the reduction over threads stands behind the loop. A gather whose columns lie in a warp, an
    element in a lane, is marked to keep its layout. Leaves alone: combiners of several operations, and sums that a turn
    of the loop needs; gathers of other layouts. The official pass converts those: two or three changes of layout
    through shared memory, which cost more than the gather does that goes through it once.
    """

    name = "tritongpu-optimize-thread-locality"
    numerics = "reassociates"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for each in [each for each in op.walk() if isinstance(each, tt.GatherOp)]:
            if goes_by_shuffles(each):
                each.properties["efficient_layout"] = UnitAttr()
            else:
                remark(ctx, self, each, "it goes through shared memory: a lane holds several elements of a column")
        for each in [each for each in op.walk() if isinstance(each, tt.ReduceOp)]:
            split = split_of(linear_layout_of(tensor_type(each.srcs[0])), each.axis.value.data)
            found = accumulation(each)
            if isinstance(found, str):
                remark(ctx, self, each, f"reduced where it stands: {found}")
            elif split is None:
                remark(ctx, self, each, "reduced where it stands: threads and registers take turns along the dimension")
            elif split.threads:
                accumulate_in_threads(found, split)
