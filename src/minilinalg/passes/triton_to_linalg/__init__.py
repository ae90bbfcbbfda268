"""`triton-to-linalg`: from tensors of pointers to views, slices and linalg on tensors.

| file | what it converts |
|---|---|
| `demand.py` | finds what has to be computed at all |
| `conversion.py` | the state that handlers share; expressions become index arithmetic |
| `memory.py`, `views.py` | loads and stores, as views of the arguments |
| `indexed.py` | those that no view can be, and what is taken out of blocks: gather and scatter |
| `atomics.py` | atomics on elements and blocks |
| `addresses.py` | pointers that are data |
| `elementwise.py`, `generic.py`, `shapes.py`, `reductions.py` | what is done with blocks |
| `scaled_dot.py` | products of operands with scales |
| `foreign.py`, `mapping.py` | functions of libraries, scalar code for each element |
| `control.py`, `debugging.py` | programs, loops, branches; what is printed and asserted |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DYNAMIC_INDEX, FunctionType, MemRefType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.abi import ABI, FunctionAbi
from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.analysis.bounds import Bounds
from minilinalg.analysis.masks import MaskAnalysis
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.structured import Structured
from minilinalg.dialects import tt
from minilinalg.dialects.upstream import func, scf
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.rewriting import locate
from minilinalg.passes.triton_to_linalg import (
    addresses,
    atomics,
    control,
    debugging,
    elementwise,
    foreign,
    indexed,
    mapping,
    memory,
    reductions,
    scaled_dot,
    shapes,
)
from minilinalg.passes.triton_to_linalg.conversion import INDEX, Conversion, Handler
from minilinalg.passes.triton_to_linalg.demand import Demand

HANDLERS: Mapping[str, Handler] = {
    **elementwise.HANDLERS,
    **addresses.HANDLERS,
    **foreign.HANDLERS,
    **mapping.HANDLERS,
    **shapes.HANDLERS,
    **memory.HANDLERS,
    **atomics.HANDLERS,
    **indexed.HANDLERS,
    **reductions.HANDLERS,
    **scaled_dot.HANDLERS,
    **control.HANDLERS,
    **debugging.HANDLERS,
}
"""Name of an operation -> what converts it."""


@dataclass(frozen=True)
class TritonToLinalgPass(MinilinalgPass):
    """Turns kernels on tensors of pointers into functions on memrefs that compute linalg on tensors.

    ```mlir
    tt.func public @negate(%x: !tt.ptr<f32>, %n: i32) {
      %pid = tt.get_program_id x : i32
      %size = arith.constant 64 : i32
      %start = arith.muli %pid, %size : i32
      %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
      %starts = tt.splat %start : i32 -> tensor<64xi32>
      %offsets = arith.addi %starts, %range : tensor<64xi32>
      %ends = tt.splat %n : i32 -> tensor<64xi32>
      %mask = arith.cmpi slt, %offsets, %ends : tensor<64xi32>
      %base = tt.splat %x : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
      %pointers = tt.addptr %base, %offsets : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
      %values = tt.load %pointers, %mask : tensor<64x!tt.ptr<f32>>
      %negated = arith.negf %values : tensor<64xf32>
      tt.store %pointers, %negated, %mask : tensor<64x!tt.ptr<f32>>
      tt.return
    }
    ```
    becomes
    ```mlir
    #same = affine_map<(d0) -> (d0)>
    func.func @negate(%x: memref<?xf32>, %n: i32, %gx: index, %gy: index, %gz: index) attributes {
      ml.abi = [{name = "x", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = i32}]
    } {
      scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
        %pid = arith.index_cast %px : index to i32
        %size = arith.constant 64 : i32
        %start = arith.muli %pid, %size : i32
        %undefined = tensor.empty() : tensor<64xf32>
        %offset = arith.index_cast %start : i32 to index
        %end = arith.index_cast %n : i32 to index
        %left = arith.subi %end, %offset : index
        %c64 = arith.constant 64 : index
        %at_most = arith.minsi %left, %c64 : index
        %c0 = arith.constant 0 : index
        %count = arith.maxsi %at_most, %c0 : index
        %view = memref.reinterpret_cast %x to offset: [%offset], sizes: [%count], strides: [1]
            : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
        %part = bufferization.to_tensor %view restrict : memref<?xf32, strided<[1], offset: ?>> to tensor<?xf32>
        %values = tensor.insert_slice %part into %undefined[0] [%count] [1] : tensor<?xf32> into tensor<64xf32>
        %result = tensor.empty() : tensor<64xf32>
        %negated = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
            ins(%values : tensor<64xf32>) outs(%result : tensor<64xf32>) {
        ^bb0(%a: f32, %o: f32):
          %b = arith.negf %a : f32
          linalg.yield %b : f32
        } -> tensor<64xf32>
        %piece = tensor.extract_slice %negated[0] [%count] [1] : tensor<64xf32> to tensor<?xf32>
        %target = memref.reinterpret_cast %x to offset: [%offset], sizes: [%count], strides: [1]
            : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
        bufferization.materialize_in_destination %piece in writable %target
            : (tensor<?xf32>, memref<?xf32, strided<[1], offset: ?>>) -> ()
      }
      return
    }
    ```

    An access whose addresses have a stride in each dimension (or wrap around with a modulo), under a mask that is an
    interval in each dimension, is a view. Where one dimension goes through a table, or its mask is no interval, rows
    are gathered or scattered at the indices along it. Anything else is gathered or scattered element by element, at
    the integers that the kernel computes, which wrap around as they always did; a remark says why. What a mask leaves
    out is never touched: it may belong to nobody (analysis/accesses.py).

    A pointer that points into no one argument, for it was loaded, made from an integer or chosen among several, is an
    address (dialect `address`): what is around it is a view of the memory there. A block of such pointers is gathered
    or scattered in all of memory.

    Requires: kernels of one block, inlined. Anything else is an UnsupportedError that says what.
    Ensures: no operation of tt, and no pointers. What a load reads is a snapshot, for arguments may alias. A masked-off
    element without `other` is undefined: it comes from `tensor.empty`. Only what reaches memory is computed; of what
    loops carry for addresses of views, the offset alone. Scalar loads and stores that are masked happen when the mask
    holds.
    Leaves alone: functions that are not of tt.
    """

    name = "triton-to-linalg"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [op for op in op.ops if isinstance(op, tt.FuncOp)]:
            _convert_function(ctx, self, function)


def _convert_function(ctx: Context, run: MinilinalgPass, old: tt.FuncOp) -> None:
    if len(old.body.blocks) != 1 or old.function_type.outputs.data:
        raise _not_a_kernel(old)
    abi = FunctionAbi.of(old)
    pointers = PointerAnalysis(old)
    masks = MaskAnalysis(pointers, Bounds(pointers, AxisInfoAnalysis(old)))
    c = Conversion(ctx, run, HANDLERS, pointers, masks, Demand(old, pointers, masks))
    c.bytes = _read_as_bytes(old, pointers)
    types = [_argument_type(c, arg) for arg in old.args]
    entry = Block(arg_types=[*types, INDEX, INDEX, INDEX])
    for arg, new in zip(old.args, entry.args, strict=False):
        new.location = arg.location
        c.bind(arg, new)
    c.grid = entry.args[-3:]
    programs = Block(arg_types=[INDEX, INDEX, INDEX])
    c.programs = programs.args[::-1]
    for axis, (size, program) in zip("xyz", zip(c.grid, c.programs, strict=True), strict=True):
        size.name_hint, program.name_hint = f"g{axis}", f"p{axis}"
    with c.inside(programs):
        c.convert_block(old.body.block)
        programs.add_op(scf.InParallelOp())
    entry.add_op(scf.ForallOp([0, 0, 0], c.grid[::-1], [1, 1, 1], [], Region(programs)))
    entry.add_op(func.ReturnOp())
    new = func.FuncOp(old.sym_name.data, FunctionType.from_lists(entry.arg_types, []), Region(entry))
    new.attributes[ABI] = abi.attribute()
    locate(new, old.location)
    block = old.parent
    assert block is not None
    block.insert_op_before(new, old)
    old.detach()
    old.erase()


def _argument_type(c: Conversion, arg: SSAValue) -> Attribute:
    return MemRefType(c.element_in_memory(arg), [DYNAMIC_INDEX]) if isinstance(arg.type, tt.PointerType) else arg.type


def _read_as_bytes(func: tt.FuncOp, pointers: PointerAnalysis) -> set[SSAValue]:
    """The pointers to booleans that are taken for pointers to bytes, as Triton does before it loads or stores."""
    states = [pointers.of(op.operands[0]) for op in func.walk() if op.name == "tt.bitcast"]
    return {state.base for state in states if isinstance(state, Structured) and state.base is not None}


def _not_a_kernel(old: tt.FuncOp) -> UnsupportedError:
    outputs = old.function_type.outputs.data
    found = f"function '{old.sym_name.data}' " + (
        f"returns {', '.join(map(str, outputs))}" if outputs else f"has {len(old.body.blocks)} blocks"
    )
    at: Operation = old if outputs or not old.body.blocks else old.body.blocks[1].first_op or old
    return UnsupportedError(
        found,
        rule="triton-to-linalg takes kernels: one block, no results, every call inlined",
        places=places_of(at),
    )
