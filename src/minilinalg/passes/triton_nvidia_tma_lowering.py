"""`triton-nvidia-tma-lowering`: what is done with descriptors is copied through shared memory, tile by tile.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import AnyFloat, BoolAttr, IntegerAttr, ModuleOp, i8, i32, i64
from xdsl.ir import SSAValue

from minilinalg.analysis.scratch import scalar_bytes as element_bytes
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.attributes import PaddingOption
from minilinalg.dialects.tt.types import PointerType, tensor_type
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.upstream import arith
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes import tile_buffers
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_after, insert_before, value_before
from minilinalg.passes.loop_expansion import number
from minilinalg.passes.tensor_maps import expect_tensor_map

MAP_BYTES = 128
"""What a tensor map fills, and is aligned to."""
ELEMENT_TYPES = {
    "i8": 0, "f8E4M3FN": 0, "f8E5M2": 0, "i16": 1, "i32": 2, "i64": 4, "f16": 6, "f32": 7, "f64": 9, "bf16": 10,
}  # fmt: skip
SWIZZLE_MODES = {0: 0, 32: 1, 64: 2, 128: 3}
"""The numbers that tensormap.replace has for them (PTX ISA)."""


def _load(op: tt.DescriptorLoadOp) -> None:
    """A buffer and a barrier of its own, the copy, and the wait for it."""
    type = tensor_type(op.result)
    layout = tile_buffers.tile_layout_of(op.desc, len(type.get_shape()))
    name = op.result.name_hint
    buffer = value_before(op, ttg.LocalAllocOp(tile_buffers.buffer_type(type, layout)), name)
    barrier = value_before(op, ttg.LocalAllocOp(tile_buffers.barrier_type()))
    when = value_before(op, tile_buffers.always())
    phase = value_before(op, number(0, i32))
    insert_before(
        op,
        tile_buffers.init(barrier),
        tile_buffers.expect(barrier, [type], when),
        tile_buffers.copy(op, buffer, barrier, when),
        tile_buffers.wait(barrier, phase),
        ttng.InvalBarrierOp(operands=[barrier]),
        ttg.LocalDeallocOp(barrier),
    )
    allocs = tile_buffers.goes_to(op, layout)
    for alloc in allocs:
        tile_buffers.see_instead(alloc.result, buffer)
        erase(alloc)
    if op.result.first_use is not None or not allocs:
        loaded = value_before(op, ttg.LocalLoadOp(buffer, type), name)
        op.result.replace_all_uses_with(loaded)
        if not allocs:
            insert_before(op, ttg.LocalDeallocOp(buffer))
    erase(op)


def _buffer_of(op: tt.DescriptorStoreOp) -> SSAValue:
    """A buffer that holds what is stored, which a copy can see."""
    type = tensor_type(op.src)
    layout = tile_buffers.tile_layout_of(op.desc, len(type.get_shape()))
    buffer = value_before(op, ttg.LocalAllocOp(MemDescType(type.get_shape(), type.element_type, layout), op.src))
    insert_before(op, ttng.FenceAsyncSharedOp(properties={"bCluster": BoolAttr.from_bool(False)}))
    return buffer


def _store(op: tt.DescriptorStoreOp) -> None:
    """A buffer, the copy, and the wait for it, behind which the buffer may hold something else."""
    copy = ttng.AsyncTMACopyLocalToGlobalOp(operands=[op.desc, op.indices, _buffer_of(op)])
    insert_before(op, copy)
    insert_after(copy, ttng.TMAStoreWaitOp(properties={"pendings": IntegerAttr(0, i32)}))
    erase(op)


def _make(op: tt.MakeTensorDescOp) -> None:
    """A tensor map in memory of the program's own, which the unit sees behind a fence."""
    map_type = expect_tensor_map(op.result.type, "a descriptor", op)
    size = element_bytes(map_type.element_type)
    name, given = op.result.name_hint, IntegerAttr(MAP_BYTES, i32)
    scratch = ttg.GlobalScratchAllocOp(properties={"alignment": given, "nbytes": given}, result_types=[PointerType(i8)])
    at = value_before(op, scratch, name)
    bytes_each = value_before(op, number(size, i64))
    box = [value_before(op, number(extent, i32)) for extent in reversed(map_type.get_shape())]
    steps = [value_before(op, number(1, i32))] * len(box)
    strides = [value_before(op, arith.MuliOp(stride, bytes_each)) for stride in reversed(op.strides[:-1])]
    fills = op.padding_option is PaddingOption.PAD_NAN and isinstance(map_type.element_type, AnyFloat)
    numbers = {
        "elem_type": ELEMENT_TYPES[str(map_type.element_type)],
        "interleave_layout": 0,
        "swizzle_mode": SWIZZLE_MODES[map_type.swizzle.data],
        "fill_mode": int(fills),
    }
    create = ttng.TensormapCreateOp(
        operands=[at, op.base, box, list(reversed(op.shape)), strides, steps],
        properties={key: IntegerAttr(value, i32) for key, value in numbers.items()},
    )
    insert_before(op, create, ttng.TensormapFenceproxyAcquireOp(operands=[at]))
    made = value_before(
        op, ttng.ReinterpretTensorDescOp(operands=[at], result_types=[op.result.type]), op.result.name_hint
    )
    op.result.replace_all_uses_with(made)
    erase(op)


@dataclass(frozen=True)
class TritonNvidiaTmaLoweringPass(MinilinalgPass):
    """Lets the unit for copies of tiles do what is done with descriptors: from and to buffers in shared memory.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%x: !tt.tensordesc<64x64xf16, #shared>, %m: i32, %n: i32, %s: i64, %one: i64, %i: i32) {
        %v = tt.descriptor_load %x[%i, %i] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #blocked>
        %w = arith.addf %v, %v : tensor<64x64xf16, #blocked>
        tt.descriptor_store %x[%i, %i], %w : !tt.tensordesc<64x64xf16, #shared>, tensor<64x64xf16, #blocked>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
    #shared1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
    #smem = #ttg.shared_memory
    module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%x: !tt.tensordesc<64x64xf16, #shared>, %m: i32, %n: i32, %s: i64, %one: i64, %i: i32) {
        %v = ttg.local_alloc : () -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
        %0 = ttg.local_alloc : () -> !ttg.memdesc<1xi64, #shared1, #smem, mutable>
        %true = arith.constant true
        %c0_i32 = arith.constant 0 : i32
        ttng.init_barrier %0, 1 : !ttg.memdesc<1xi64, #shared1, #smem, mutable>
        ttng.barrier_expect %0, 8192, %true : !ttg.memdesc<1xi64, #shared1, #smem, mutable>
        ttng.async_tma_copy_global_to_local %x[%i, %i] %v, %0, %true : !tt.tensordesc<64x64xf16, #shared>,
            !ttg.memdesc<1xi64, #shared1, #smem, mutable> -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
        ttng.wait_barrier %0, %c0_i32 : !ttg.memdesc<1xi64, #shared1, #smem, mutable>
        ttng.inval_barrier %0 : !ttg.memdesc<1xi64, #shared1, #smem, mutable>
        ttg.local_dealloc %0 : !ttg.memdesc<1xi64, #shared1, #smem, mutable>
        %v_1 = ttg.local_load %v : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #blocked>
        ttg.local_dealloc %v : !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
        %w = arith.addf %v_1, %v_1 : tensor<64x64xf16, #blocked>
        %1 = ttg.local_alloc %w : (tensor<64x64xf16, #blocked>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
        ttng.fence_async_shared {bCluster = false}
        ttng.async_tma_copy_local_to_global %x[%i, %i] %1
            : !tt.tensordesc<64x64xf16, #shared>, !ttg.memdesc<64x64xf16, #shared, #smem>
        ttng.async_tma_store_wait {pendings = 0 : i32}
        tt.return
      }
    }
    ```

    What a product of warp groups reads as it lies in the buffer is not loaded into registers. A descriptor that the
    program makes is a tensor map, written to memory of its own: `ttg.global_scratch_alloc`, `ttng.tensormap_create`.

    Requires: layouts on descriptors (triton-nvidia-optimize-descriptor-encoding). Ensures: no loads and stores of
    descriptors, and none that are made; each copy is waited for where the load or the store was.
    Leaves alone: copies that loops begin early (tritongpu-pipeline).
    """

    name = "triton-nvidia-tma-lowering"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for each in list(op.walk()):
            if isinstance(each, tt.DescriptorLoadOp):
                remark(ctx, self, each, "copied where it is used: nothing begins it early")
                _load(each)
            elif isinstance(each, tt.DescriptorStoreOp):
                _store(each)
            elif isinstance(each, tt.MakeTensorDescOp):
                _make(each)
            elif each.name.startswith("tt.descriptor_"):
                raise UnsupportedError(
                    f"'{each.name}' through a descriptor of the target",
                    rule="what its unit for copies of tiles does is to load and store blocks",
                    hint="'triton-rewrite-tensor-descriptor-to-pointer' makes pointers of other descriptors",
                    places=places_of(each),
                )
