"""`convert-triton-to-tritongpu`: every tensor gets a layout over the threads of a program.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    i32,
)
from xdsl.ir import Attribute, Operation
from xdsl.rewriter import Rewriter

from minilinalg.dialects.tt.types import AnyTensor, encoding_of, is_tensor, tensor_type
from minilinalg.dialects.ttg import BlockedEncodingAttr, DistributedLayout, DotOperandEncodingAttr
from minilinalg.dialects.ttg.default_layout import blocked_for, default_layout
from minilinalg.dialects.ttg.inference import (
    backward,
    blocked_lists,
    forward,
    joined,
    layout_of,
    reshaped,
    same_layout,
    with_layout,
)
from minilinalg.errors import CommandError, InputError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, require_simt_target
from minilinalg.passes.layout_rewriting import CTAS, THREADS, converted, give_result, num_warps_of, threads_per_warp_of
from minilinalg.passes.thread_numbers import check_thread_numbers
from minilinalg.stages import WARPS
from minilinalg.targets import SimtTarget

NUM_WARPS = 4
"""Of a program, where nothing is said."""


@dataclass
class _Conversion:
    num_warps: int
    threads_per_warp: int

    def default(self, type: AnyTensor) -> BlockedEncodingAttr:
        return default_layout(type.get_shape(), self.num_warps, self.threads_per_warp)

    def typed(self, type: Attribute) -> Attribute:
        """The type with the default layout, unless it has one or is no tensor."""
        if not is_tensor(type) or encoding_of(type) is not None:
            return type
        return with_layout(type, self.default(type))

    def run(self, module: ModuleOp) -> None:
        ops = [op for op in module.walk() if op is not module]
        for op in ops:
            self.give_types(op)
        for op in ops:
            if (rule := RULES.get(op.name)) is not None:
                rule(self, op)

    def give_types(self, op: Operation) -> None:
        for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
            if (type := self.typed(value.type)) != value.type:
                Rewriter.replace_value_with_new_type(value, type)
        if op.name == "arith.constant" and is_tensor(type := op.results[0].type):
            dense: Any = op.properties["value"]
            if isinstance(dense, DenseIntOrFPElementsAttr):
                op.properties["value"] = DenseIntOrFPElementsAttr(cast("TensorType[Any]", type), dense.data)
        function = op.properties.get("function_type")
        if isinstance(function, FunctionType):
            inputs, outputs = ([self.typed(type) for type in types] for types in (function.inputs, function.outputs))
            op.properties["function_type"] = FunctionType.from_lists(inputs, outputs)

    # --- operations whose layouts follow from one another, between conversions from and to the defaults

    def give_layout(self, op: Operation, layout: DistributedLayout) -> None:
        """The results get `layout`, and their users the default one."""
        for result in op.results:
            if is_tensor(result.type) and encoding_of(result.type) != layout:
                give_result(result, layout, op)

    def by_inference(self, op: Operation) -> None:
        """The layout of the results follows from that of the operands."""
        layout = layout_of(op.operands[0].type)
        assert layout is not None
        if not any(is_tensor(result.type) for result in op.results):
            return
        if (result := forward(op, layout)) is None:
            raise InputError(f"'{op.name}' of {op.operands[0].type}", rule="a layout of the result follows from it")
        self.give_layout(op, result)

    def reshape(self, op: Any) -> None:
        source, result = tensor_type(op.src), tensor_type(op.result)
        layout = layout_of(source)
        assert layout is not None
        follows = reshaped(layout, source.get_shape(), result.get_shape())
        if op.allow_reorder is None and not same_layout(result.get_shape(), follows, encoding_of(result)):
            self.by_inference(op)

    def expand_dims(self, op: Any) -> None:
        layout = layout_of(op.src.type)
        assert isinstance(layout, BlockedEncodingAttr)
        thread, warp, cta, _ = blocked_lists(layout)
        axis = op.axis.value.data
        for sizes in (thread, warp, cta):
            sizes.insert(axis, 1)
        result = BlockedEncodingAttr(thread, warp, cta, list(range(len(thread))))
        source = backward(op, result)
        assert source is not None
        op.operands[0] = converted(op.src, source, op)
        self.give_layout(op, result)

    def split(self, op: Any) -> None:
        half = tensor_type(op.out_lhs)
        source = joined(self.default(half), half.get_shape())
        assert source is not None
        op.operands[0] = converted(op.src, source, op)

    def cat(self, op: Any) -> None:
        """The operands' registers side by side: a thread holds as many elements as of both."""
        operand, result = (tensor_type(value) for value in (op.lhs, op.result))
        layout = self.default(result)
        old, new = layout_of(operand), layout.linear_layout(result.get_shape())
        assert old is not None
        want, have = 2 * old.linear_layout(operand.get_shape()).in_size("register"), new.in_size("register")
        if want > have:
            thread, warp, cta, order = blocked_lists(layout)
            thread[order[0]] *= want // have
            self.give_layout(op, BlockedEncodingAttr(thread, warp, cta, order))

    def dot(self, op: Any) -> None:
        type = tensor_type(op.d)
        shape = type.get_shape()
        rank, elements = len(shape), type.element_count()
        thread = [1] * rank
        each = elements // (self.num_warps * self.threads_per_warp)
        for dim in (rank - 1, rank - 2):
            thread[dim] = min(4 if each >= 16 else 2 if each >= 4 else 1, shape[dim])
        order = list(reversed(range(rank)))
        layout = blocked_for(shape, thread, order, self.num_warps, self.threads_per_warp)
        for index in (0, 1):
            op.operands[index] = converted(op.operands[index], DotOperandEncodingAttr(index, layout), op)
        op.operands[2] = converted(op.operands[2], layout, op)
        self.give_layout(op, layout)


def has_layouts(module: ModuleOp) -> bool:
    """Whether no tensor lacks one."""
    values = (value for op in module.walk() for value in op.results)
    return all(encoding_of(value.type) is not None for value in values if is_tensor(value.type))


RULES: Mapping[str, Callable[[_Conversion, Any], None]] = {
    "tt.broadcast": _Conversion.by_inference,
    "tt.cat": _Conversion.cat,
    "tt.dot": _Conversion.dot,
    "tt.expand_dims": _Conversion.expand_dims,
    "tt.join": _Conversion.by_inference,
    "tt.reduce": _Conversion.by_inference,
    "tt.reshape": _Conversion.reshape,
    "tt.split": _Conversion.split,
    "tt.trans": _Conversion.by_inference,
}


@dataclass(frozen=True)
class ConvertTritonToTritongpuPass(MinilinalgPass):
    """Gives every tensor a layout: how its elements lie in the registers of the threads that run a program.

    ```mlir
    tt.func @before(%x: f32) {
      %0 = tt.splat %x : f32 -> tensor<256xf32>
      %1 = "tt.reduce"(%0) <{axis = 0 : i32}> ({
      ^bb0(%l: f32, %r: f32):
        %2 = arith.addf %l, %r : f32
        tt.reduce.return %2 : f32
      }) : (tensor<256xf32>) -> f32
      tt.return
    }
    ```
    becomes with `--target h200`
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
    module attributes {"ttg.num-ctas" = 1 : i32, "ttg.num-warps" = 4 : i32, ttg.target = "cuda:90",
                       "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%x: f32) {
        %0 = tt.splat %x : f32 -> tensor<256xf32, #blocked>
        %1 = "tt.reduce"(%0) <{axis = 0 : i32}> ({
        ^bb0(%l: f32, %r: f32):
          %2 = arith.addf %l, %r : f32
          tt.reduce.return %2 : f32
        }) : (tensor<256xf32, #blocked>) -> f32
        tt.return
      }
    }
    ```

    `num-warps` warps run a program, 4 where nothing is said, and `num-ctas` blocks; how many threads a warp has and
    what the module is compiled for are the target's, unless `threads-per-warp` and `target` say otherwise. A module
    that says its numbers already keeps them, and another `num-warps` is an error.

    Requires: stage tt. Ensures: every tensor has a layout, by default one element a thread with the last dimension
    fastest; where the layouts of an operation follow from one another (reductions, expand_dims, broadcast, trans,
    reshape, join, split, cat, dot) conversions from and to the defaults stand around it. The module says its numbers
    of warps, of threads in a warp and of blocks. Leaves alone: tensors that have a layout.
    """

    name = "convert-triton-to-tritongpu"

    num_warps: int | None = None
    num_ctas: int = 1
    threads_per_warp: int | None = None
    target: str | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if WARPS in op.attributes:
            check_thread_numbers(ctx, op)
            warps = num_warps_of(op)
            if self.num_warps not in (None, warps):
                raise CommandError(
                    f"num-warps is {self.num_warps}, and the module has layouts for {warps} warps already",
                    rule=f"the number of warps is chosen where layouts are: a module with {WARPS} keeps its own",
                    hint=f"num-warps={warps} or none, or the kernel at stage tt, without layouts",
                    places=places_of(op)[:1],
                )
            if not has_layouts(op):
                _Conversion(warps, threads_per_warp_of(op)).run(op)
            return
        warps = NUM_WARPS if self.num_warps is None else self.num_warps
        threads, target = self.threads_per_warp, self.target
        if threads is None or target is None:
            machine = require_simt_target(ctx, self, "the threads of a warp and what it runs")
            threads, target = threads or machine.machine.threads_per_warp, target or machine.triple
        for name, number in (("num-warps", warps), ("threads-per-warp", threads)):
            if number < 1 or number & number - 1:
                raise CommandError(
                    f"{name} is {number}",
                    rule="layouts are linear in the bits of the numbers of threads, so there is a power of two of them",
                    hint=f"{name}={1 << max(number - 1, 0).bit_length()}",
                )
        machine = getattr(ctx, "target", None)
        if isinstance(machine, SimtTarget) and warps * threads > machine.multiprocessor.threads_per_block:
            most = machine.multiprocessor.threads_per_block
            raise CommandError(
                f"num-warps is {warps}",
                rule=f"a block of target '{machine.name}' has at most {most} threads, and a warp {threads}",
                hint=f"num-warps={most // threads}",
            )
        if self.num_ctas != 1:
            raise CommandError(
                f"num-ctas is {self.num_ctas}", rule="one block runs a program: clusters of several have no way down"
            )
        _Conversion(warps, threads).run(op)
        op.attributes.update(
            {
                CTAS: IntegerAttr(self.num_ctas, i32),
                WARPS: IntegerAttr(warps, i32),
                "ttg.target": StringAttr(target),
                THREADS: IntegerAttr(threads, i32),
            }
        )
