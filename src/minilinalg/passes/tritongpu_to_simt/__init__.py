"""`tritongpu-to-simt`: from tensors with layouts to what one thread does.

| file | what it converts |
|---|---|
| `conversion.py` | the state that handlers share |
| `threads.py` | what layouts say of a thread's elements, as arithmetic on its number |
| `registers.py` | elements that change registers or lanes |
| `view.py`, `shared.py`, `matrices.py`, `exchange.py` | buffers in shared memory, and changes of layout through it |
| `memory.py`, `atomics.py` | loads and stores of global memory, atomics |
| `async_copy.py`, `bulk_copy.py` | copies between global and shared memory |
| `elementwise.py`, `foreign.py`, `packed.py`, `shapes.py` | what is done with each element |
| `mapping.py` | regions of scalar code for each element |
| `reduction.py`, `scan.py`, `dot.py`, `indexed.py` | what is done with tensors |
| `warp_group.py` | products by warp groups |
| `control.py`, `debugging.py` | programs, loops and branches; what is printed and asserted |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, IntegerAttr, ModuleOp, i32
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.abi import ABI, FunctionAbi
from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.analysis.machine_needs import expect_target
from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt import LANES, SCRATCH_ATTR, SHARED_ATTR, THREADS_ATTR
from minilinalg.dialects.tt.types import TensorDescType
from minilinalg.dialects.ttg.registers import SCRATCH_ALIGNMENT_ATTR, SCRATCH_SIZE_ATTR
from minilinalg.dialects.upstream import func
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.layout_rewriting import num_warps_of, threads_per_warp_of
from minilinalg.passes.rewriting import locate
from minilinalg.passes.tensor_maps import expect_tensor_map
from minilinalg.passes.tritongpu_to_simt import (
    async_copy,
    atomics,
    bulk_copy,
    control,
    debugging,
    dot,
    elementwise,
    exchange,
    foreign,
    indexed,
    mapping,
    memory,
    packed,
    reduction,
    scan,
    shapes,
    shared,
    warp_group,
)
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type
from minilinalg.targets import SimtTarget

HANDLERS: Mapping[str, Handler] = {
    **elementwise.HANDLERS,
    **exchange.HANDLERS,
    **mapping.HANDLERS,
    **packed.HANDLERS,
    **shapes.HANDLERS,
    **memory.HANDLERS,
    **shared.HANDLERS,
    **async_copy.HANDLERS,
    **atomics.HANDLERS,
    **bulk_copy.HANDLERS,
    **debugging.HANDLERS,
    **dot.HANDLERS,
    **foreign.HANDLERS,
    **indexed.HANDLERS,
    **scan.HANDLERS,
    **reduction.HANDLERS,
    **warp_group.HANDLERS,
    **control.HANDLERS,
}
"""Name of an operation -> what converts it."""

LENT_ALIGNMENT = 256
"""What the memory that a launch lends begins at a multiple of, in bytes."""


@dataclass(frozen=True)
class TritongpuToSimtPass(MinilinalgPass):
    """Turns kernels on tensors with layouts into functions of one thread, on the registers that it holds.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func public @negate(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}) {
        %range = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #blocked>
        %base = tt.splat %x : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>, #blocked>
        %pointers = tt.addptr %base, %range : tensor<128x!tt.ptr<f32>, #blocked>, tensor<128xi32, #blocked>
        %values = tt.load %pointers : tensor<128x!tt.ptr<f32>, #blocked>
        %negated = arith.negf %values : tensor<128xf32, #blocked>
        tt.store %pointers, %negated : tensor<128x!tt.ptr<f32>, #blocked>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    func.func @negate(%x: i64) attributes {
      simt.threads = 32 : i32, simt.shared = 0 : i32,
      ml.abi = [{name = "x", kind = "pointer", type = f32, tt.divisibility = 16 : i32}]
    } {
      %thread = simt.thread_id : vector<1xi32>
      %c2 = arith.constant dense<2> : vector<1xi32>
      %first = arith.shli %thread, %c2 : vector<1xi32>
      %firsts = vector.broadcast %first : vector<1xi32> to vector<4xi32>
      %steps = arith.constant dense<[0, 1, 2, 3]> : vector<4xi32>
      %range = arith.addi %firsts, %steps : vector<4xi32>
      %base = vector.broadcast %x : i64 to vector<4xi64>
      %offsets = arith.extsi %range : vector<4xi32> to vector<4xi64>
      %c4 = arith.constant dense<4> : vector<4xi64>
      %bytes = arith.muli %offsets, %c4 : vector<4xi64>
      %pointers = arith.addi %base, %bytes : vector<4xi64>
      %starts = vector.shuffle %pointers, %pointers [0] : vector<4xi64>, vector<4xi64>
      %values = simt.load_global %starts : vector<1xi64> -> vector<4xf32>
      %negated = arith.negf %values : vector<4xf32>
      %ends = vector.shuffle %pointers, %pointers [0] : vector<4xi64>, vector<4xi64>
      simt.store_global %ends, %negated : vector<1xi64>, vector<4xf32>
      return
    }
    ```

    A tensor is the registers that a thread holds of it, in the order of its layout. An access to memory is as wide as
    contiguity, divisibility and masks of the pointers allow, up to 16 bytes; a remark says what it became. Elements
    that several threads hold are stored by one of them. Where lanes would meet in the banks of shared memory, some make
    their accesses in another order, and what is looked up at computed indices lies where reads meet less
    (docs/layouts.md). A reduction combines halves of a thread's registers, then lanes
    at distance 1, 2, 4 ..., then warps through shared memory; so it changes the order of a sum.

    Requires: kernels of one block, inlined; a layout on every tensor; `allocation.offset` where shared memory is needed
    (allocate-shared-memory), barriers where threads meet there (membar), and places for what is allocated of global
    memory (tritongpu-global-scratch-memory-allocation).
    Ensures: no operation of tt or ttg, no tensors; branches and loops depend on scalars, which all threads agree on.
    Leaves alone: functions that are not of tt.
    """

    name = "tritongpu-to-simt"
    numerics = "reassociates"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [each for each in op.ops if isinstance(each, tt.FuncOp)]:
            _convert_function(ctx, self, op, function)
        # What they say is said by each function now.
        for name in [name for name in op.attributes if name.startswith(("ttg.", "ttng."))]:
            del op.attributes[name]


def _convert_function(ctx: Context, run: MinilinalgPass, module: ModuleOp, old: tt.FuncOp) -> None:
    if len(old.body.blocks) != 1 or old.function_type.outputs.data:
        raise UnsupportedError(
            f"function '{old.sym_name.data}' with {len(old.body.blocks)} blocks and "
            f"{len(old.function_type.outputs.data)} results",
            rule="tritongpu-to-simt takes kernels: one block, no results, every call inlined",
            places=places_of(old),
        )
    warps, lanes = num_warps_of(module), threads_per_warp_of(module)
    if lanes != LANES:
        raise UnsupportedError(
            f"warps of {lanes} threads",
            rule=f"tritongpu-to-simt writes shuffles, votes and products of matrices for warps of {LANES}",
            places=places_of(module)[:1],
        )
    abi = FunctionAbi.of(old)
    c = Conversion(ctx, run, HANDLERS, AxisInfoAnalysis(old, trusts_signs=True), warps)
    entry = Block(arg_types=[_argument_type(c, arg) for arg in old.args])
    for arg, new in zip(old.args, entry.args, strict=True):
        new.location = arg.location
        c.bind(arg, new)
    with c.inside(entry):
        c.thread = c.insert(simt.ThreadIdOp()).result
        c.convert_block(old.body.block)
        c.insert(func.ReturnOp())
    made = func.FuncOp(old.sym_name.data, FunctionType.from_lists(entry.arg_types, []), Region(entry))
    made.attributes[THREADS_ATTR] = IntegerAttr(warps * LANES, i32)
    made.attributes[SHARED_ATTR] = IntegerAttr(_number(module, "ttg.shared"), i32)
    if SCRATCH_SIZE_ATTR in old.attributes:
        made.attributes[SCRATCH_ATTR] = IntegerAttr(_scratch(old), i32)
    made.attributes[ABI] = abi.attribute()
    locate(made, old.location)
    block = old.parent
    assert block is not None
    block.insert_op_before(made, old)
    old.detach()
    old.erase()
    if isinstance(target := getattr(ctx, "target", None), SimtTarget):
        expect_target(made, target)


def _argument_type(c: Conversion, arg: SSAValue) -> Attribute:
    """Descriptors of the host become tensor maps, which a launch makes of the same arguments."""
    if not isinstance(arg.type, TensorDescType):
        return data_type(arg.type)
    return expect_tensor_map(arg.type, f"argument '{arg.name_hint}'", arg)


def _scratch(function: tt.FuncOp) -> int:
    """The bytes of global memory that a launch lends each block."""
    if (alignment := _number(function, SCRATCH_ALIGNMENT_ATTR)) > LENT_ALIGNMENT:
        raise UnsupportedError(
            f"global memory of function '{function.sym_name.data}' aligned to {alignment} bytes",
            rule=f"what a launch lends is aligned to {LENT_ALIGNMENT} bytes",
            places=places_of(function),
        )
    return _number(function, SCRATCH_SIZE_ATTR)


def _number(op: Operation, name: str) -> int:
    """An integer attribute of an operation, 0 where it has none."""
    found = op.attributes.get(name)
    return found.value.data if isinstance(found, IntegerAttr) else 0
