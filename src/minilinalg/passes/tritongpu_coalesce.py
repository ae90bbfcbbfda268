"""`tritongpu-coalesce`: threads side by side touch addresses side by side, and each as much as one access moves.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import FixedBitwidthType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import PointerType, encoding_of, is_tensor, tensor_type
from minilinalg.dialects.ttg.default_layout import blocked_for
from minilinalg.dialects.ttg.distributed_layouts import BlockedEncodingAttr
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.upstream.assembly import counted
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.layout_rewriting import num_warps_of, threads_per_warp_of, with_operands_in

ACCESS_BITS = 128
"""The most that one thread moves with one instruction."""


def pointers_of(op: Operation) -> SSAValue | None:
    """The tensor of pointers through which an operation touches global memory; None for all others."""
    if isinstance(op, tt.LoadOp | tt.StoreOp | tt.AtomicRMWOp | tt.AtomicCASOp):
        pointers = op.operands[0]
    elif isinstance(op, ttg.AsyncCopyGlobalToLocalOp):
        pointers = op.src
    else:
        return None
    return pointers if is_tensor(pointers.type) else None


DESCRIBED = (tt.DescriptorLoadOp, tt.DescriptorStoreOp, tt.DescriptorReduceOp)


def tile_layout(op: Operation, num_warps: int, threads_per_warp: int) -> BlockedEncodingAttr:
    """The layout of a block that a descriptor is accessed with: the last dimension first, as much as one access moves.

    The tile itself goes through shared memory, by lines of its last dimension.
    """
    type = tensor_type(op.results[0] if op.results else op.operands[1])
    shape, element = type.get_shape(), type.element_type
    bits = max(element.bitwidth, 8) if isinstance(element, FixedBitwidthType) else 64
    sizes = [1] * len(shape)
    sizes[-1] = max(min(ACCESS_BITS // bits, prod(shape) // (num_warps * threads_per_warp)), 1)
    return blocked_for(shape, sizes, list(reversed(range(len(shape)))), num_warps, threads_per_warp)


@dataclass
class _Access:
    """An access with what is known of its addresses."""

    op: Operation
    shape: tuple[int, ...]
    order: list[int]
    """The dimensions, the one with the longest runs of addresses first."""
    run: int
    """Elements along `order[0]` over which addresses run on."""
    aligned: int
    """Elements whose bytes the addresses are known to be multiples of."""
    most: int
    """Elements that one thread can move at once at all."""

    @property
    def per_thread(self) -> int:
        """Elements along `order[0]` that one thread can move at once."""
        return min(self.aligned, self.run, self.most)


class _Accesses:
    def __init__(self, func: Operation):
        # A layout is right whatever the signs are: they are taken to be what they nearly always are.
        self.info = AxisInfoAnalysis(func, trusts_signs=True)
        self.all: dict[Operation, _Access] = {}
        for op in func.walk():
            if (pointers := pointers_of(op)) is not None and layout_of(pointers.type) is not None:
                self.all[op] = self.of(op, pointers)

    def of(self, op: Operation, pointers: SSAValue) -> _Access:
        shape, info = tensor_type(pointers).get_shape(), self.info.of(pointers)
        # Of dimensions with equal runs the last comes first.
        order = sorted(range(len(shape) - 1, -1, -1), key=lambda dim: -info.contiguity[dim])
        bits = element_bits(pointers)
        aligned = max(info.divisibility[order[0]] // max(bits // 8, 1), 1)
        run = min(info.contiguity[order[0]], shape[order[0]])
        return _Access(op, shape, order, run, aligned, max(ACCESS_BITS // bits, 1))

    def sizes(self, access: _Access, num_warps: int, threads_per_warp: int) -> list[int]:
        """sizePerThread: that of the widest access of the same shape and order that it is connected with."""
        alike = [
            other
            for op in connected(access.op)
            if (other := self.all.get(op)) is not None and (other.shape, other.order) == (access.shape, access.order)
        ]
        most = max(1, prod(access.shape) // (num_warps * threads_per_warp))
        each = min(max(other.per_thread for other in (access, *alike)), most)
        if not isinstance(access.op, tt.LoadOp):
            # A load caches what a warp does not take at once. A store that skips lines writes them in parts.
            each = min(each, access.per_thread)
        sizes = [1] * len(access.shape)
        sizes[access.order[0]] = each
        return sizes


def _told(access: _Access, layout: BlockedEncodingAttr, size: int) -> str:
    """Why an access to elements of `size` bytes got this layout."""
    dim = access.order[0]
    each = numbers(layout.size_per_thread)[dim]
    text = (
        f"{counted(each, 'element')} in a row for each thread, along dimension {dim}: "
        f"addresses run over {access.run} there, and are multiples of {counted(access.aligned * size, 'byte')}"
    )
    if each > access.per_thread:
        return f"{text}; a connected access has as many"
    return text if each == access.per_thread else f"{text}; with more, threads would have none"


def element_bits(pointers: SSAValue) -> int:
    """The width of what pointers point to."""
    pointer = tensor_type(pointers).element_type
    pointee = pointer.pointee_type if isinstance(pointer, PointerType) else pointer
    return max(pointee.bitwidth, 8) if isinstance(pointee, FixedBitwidthType) else 8


def connected(op: Operation) -> Iterator[Operation]:
    """Every operation that can be reached from `op` by going to operands, to users, and in and out of loops."""
    seen, todo = {op}, [op]
    while todo:
        at = todo.pop()
        yield at
        near: list[Operation] = []
        for operand in at.operands:
            owner = operand.owner
            if isinstance(owner, Block):
                parent = owner.parent_op()
                if parent is not None and parent.name != "tt.func":
                    near.append(parent)
            else:
                near.append(owner)
        near += [use.operation for result in at.results for use in result.uses]
        near += [inner for region in at.regions for block in region.blocks for inner in block.ops]
        for each in near:
            if each not in seen:
                seen.add(each)
                todo.append(each)


@dataclass(frozen=True)
class TritongpuCoalescePass(MinilinalgPass):
    """Gives every access to global memory the layout in which a warp touches as few sectors as its addresses allow.

    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @before(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}) {
        %0 = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #blocked>
        %1 = tt.splat %p : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>, #blocked>
        %2 = tt.addptr %1, %0 : tensor<128x!tt.ptr<f32>, #blocked>, tensor<128xi32, #blocked>
        %3 = tt.load %2 : tensor<128x!tt.ptr<f32>, #blocked>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    #blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    #wide = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
    module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
      tt.func @after(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}) {
        %0 = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #blocked>
        %1 = tt.splat %p : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>, #blocked>
        %2 = tt.addptr %1, %0 : tensor<128x!tt.ptr<f32>, #blocked>, tensor<128xi32, #blocked>
        %3 = ttg.convert_layout %2 : tensor<128x!tt.ptr<f32>, #blocked> -> tensor<128x!tt.ptr<f32>, #wide>
        %4 = tt.load %3 : tensor<128x!tt.ptr<f32>, #wide>
        %5 = ttg.convert_layout %4 : tensor<128xf32, #wide> -> tensor<128xf32, #blocked>
        tt.return
      }
    }
    ```

    Requires: stage ttg. Ensures: every load, store, atomic and asynchronous copy of a tensor has a blocked layout
    whose fastest dimension is the one along which addresses run longest, with as many elements in a thread as the runs,
    their alignment and 16 bytes allow, and never so many that threads go without; connected accesses of one shape and
    order share the widest layout, but nothing is written wider than its own addresses allow. Blocks of descriptors are
    taken along their last dimension. Conversions from and to the old layouts stand around it. Leaves alone: accesses of
    a single element.
    """

    name = "tritongpu-coalesce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        warps, threads = num_warps_of(op), threads_per_warp_of(op)
        for func in [func for func in op.walk() if isinstance(func, tt.FuncOp)]:
            accesses = _Accesses(func)
            chosen = {
                access.op: blocked_for(
                    access.shape, accesses.sizes(access, warps, threads), access.order, warps, threads
                )
                for access in accesses.all.values()
            }
            for each, layout in chosen.items():
                pointers = pointers_of(each)
                assert pointers is not None
                remark(ctx, self, each, _told(accesses.all[each], layout, element_bits(pointers) // 8))
                if encoding_of(pointers.type) != layout:
                    with_operands_in(each, layout)
            for each in [each for each in func.walk() if isinstance(each, DESCRIBED)]:
                with_operands_in(each, tile_layout(each, warps, threads))
