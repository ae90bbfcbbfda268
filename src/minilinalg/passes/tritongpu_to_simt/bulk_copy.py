"""Copies of blocks by TMA and the barriers that threads wait at: the first thread begins them for all.

A block whose lines are longer than a swizzle, or which is larger than a box, is several boxes, one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from xdsl.dialects.builtin import FixedBitwidthType, IntegerAttr, VectorType, i32
from xdsl.ir import SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.dialects import simt, ttg, ttng
from minilinalg.dialects.simt.bulk_copy import TensorMapType
from minilinalg.dialects.tt.types import TensorDescType
from minilinalg.dialects.ttg.registers import SCRATCH_OFFSET_ATTR
from minilinalg.dialects.upstream import arith
from minilinalg.passes.tensor_maps import expect_tensor_map
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler
from minilinalg.passes.tritongpu_to_simt.shared import offset_of
from minilinalg.passes.tritongpu_to_simt.threads import spread
from minilinalg.passes.tritongpu_to_simt.view import View


def _first(c: Conversion, pred: SSAValue | None = None) -> SSAValue:
    """vector<1xi1>: whether this is the first thread, and `pred`, an i1, holds."""
    first = c.insert(arith.CmpiOp(c.thread, c.constant(0, VectorType(i32, [1])), "eq")).result
    return first if pred is None else c.binary(arith.AndIOp, first, spread(c, pred, 1))


def _at(c: Conversion, view: View) -> SSAValue:
    return spread(c, view.base, 1)


def _boxes(
    c: Conversion, desc: SSAValue, coords: list[SSAValue], view: View
) -> Iterator[tuple[list[SSAValue], SSAValue]]:
    """The indices of each box of a block, and its address."""
    block, map_type = desc.type, c.value(desc).type
    if not isinstance(map_type, TensorMapType):
        raise c.unsupported(
            f"a descriptor of type {block} that is handed on by a loop or a branch",
            "a descriptor is an argument of the kernel, or made in it, and used as it is",
        )
    assert isinstance(block, TensorDescType)
    assert isinstance(view.element, FixedBitwidthType)
    sizes, begin = block.get_shape(), _at(c, view)
    starts = [range(0, size, extent) for size, extent in zip(sizes, map_type.get_shape(), strict=True)]
    for offsets in product(*starts):
        moved = [c.binary(arith.AddiOp, at, by) if by else at for at, by in zip(coords, offsets, strict=True)]
        # What is seen may lack dimensions of size 1.
        longer = iter([by for by, size in zip(offsets, sizes, strict=True) if size != 1])
        seen = {name: next(longer) if view.places.in_size(name) != 1 else 0 for name in view.places.in_names}
        by = (view.places.apply(**seen)[0] ^ view.origin) * view.element.bitwidth // 8
        yield moved, c.binary(arith.AddiOp, begin, by) if by else begin


def _load(c: Conversion, op: ttng.AsyncTMACopyGlobalToLocalOp) -> None:
    if op.offsets or op.multicast is not None:
        raise c.unsupported(
            f"'{op.name}' {'with offsets' if op.offsets else 'to several blocks'}",
            "a copy by TMA is of a block of a tensor, for one block of threads",
        )
    barrier, when = _at(c, c.view(op.barrier)), _first(c, c.value(op.pred))
    coords = [c.value(index) for index in op.coord]
    for at, to in _boxes(c, op.desc, coords, c.view(op.result)):
        c.insert(simt.BulkTensorLoadOp(c.value(op.desc), at, to, barrier, when))


def _store(c: Conversion, op: ttng.AsyncTMACopyLocalToGlobalOp) -> None:
    when = _first(c)
    coords = [c.value(index) for index in op.coord]
    for at, source in _boxes(c, op.desc, coords, c.view(op.src)):
        c.insert(simt.BulkTensorStoreOp(c.value(op.desc), at, source, when))
    c.insert(simt.BulkCommitOp())


def _store_wait(c: Conversion, op: ttng.TMAStoreWaitOp) -> None:
    c.insert(simt.BulkWaitOp(op.pendings.value.data, op.read_only is not None))


def _init(c: Conversion, op: ttng.InitBarrierOp) -> None:
    c.insert(simt.MbarrierInitOp(_at(c, c.view(op.alloc)), op.count.value.data, _first(c)))
    behind = op.next_op
    while behind is not None and is_side_effect_free(behind):
        behind = behind.next_op
    if not isinstance(behind, ttng.InitBarrierOp):
        # One for all that are made together: copies arrive at a barrier in another proxy than the one that makes it.
        c.insert(simt.FenceAsyncSharedOp())


def _inval(c: Conversion, op: ttng.InvalBarrierOp) -> None:
    c.insert(simt.MbarrierInvalOp(_at(c, c.view(op.alloc)), _first(c)))


def _expect(c: Conversion, op: ttng.BarrierExpectOp) -> None:
    when = _first(c, c.value(op.pred))
    c.insert(simt.MbarrierExpectOp(_at(c, c.view(op.alloc)), op.size.value.data, when))


def _wait(c: Conversion, op: ttng.WaitBarrierOp) -> None:
    pred = None if op.pred is None else c.value(op.pred)
    c.insert(simt.MbarrierWaitOp(_at(c, c.view(op.alloc)), c.value(op.phase), pred))


# Descriptors that the program makes


def _scratch(c: Conversion, op: ttg.GlobalScratchAllocOp) -> None:
    offset = op.attributes.get(SCRATCH_OFFSET_ATTR)
    if not isinstance(offset, IntegerAttr):
        raise c.unsupported(
            f"'{op.name}' without {SCRATCH_OFFSET_ATTR}",
            "what a program allocates of global memory has its place in what the launch lends",
            hint="tritongpu-global-scratch-memory-allocation gives it one",
        )
    c.bind(op.result, c.insert(simt.GlobalScratchOp(offset.value.data)).result)


def _create(c: Conversion, op: ttng.TensormapCreateOp) -> None:
    lists = (op.box_dim, op.global_dim, op.global_stride, op.element_stride)
    given = [[c.value(number) for number in numbers] for numbers in lists]
    shared = spread(c, offset_of(c, op), 1)
    numbers = {name: op.properties[name] for name in NUMBERS}
    c.insert(simt.TensormapCreateOp(shared, c.value(op.desc_ptr), c.value(op.global_address), given, numbers))


def _acquire(c: Conversion, op: ttng.TensormapFenceproxyAcquireOp) -> None:
    c.insert(simt.TensormapFenceproxyAcquireOp(c.value(op.desc_ptr)))


def _reinterpret(c: Conversion, op: ttng.ReinterpretTensorDescOp) -> None:
    assert isinstance(op.result.type, TensorDescType)
    type = expect_tensor_map(op.result.type, "a descriptor", op)
    c.bind(op.result, c.insert(simt.TensorMapAtOp(c.value(op.raw_desc), type)).result)


NUMBERS = ("elem_type", "interleave_layout", "swizzle_mode", "fill_mode")

HANDLERS: Mapping[str, Handler] = {
    "ttg.global_scratch_alloc": _scratch,
    "ttng.async_tma_copy_global_to_local": _load,
    "ttng.async_tma_copy_local_to_global": _store,
    "ttng.async_tma_store_wait": _store_wait,
    "ttng.barrier_expect": _expect,
    "ttng.init_barrier": _init,
    "ttng.inval_barrier": _inval,
    "ttng.reinterpret_tensor_descriptor": _reinterpret,
    "ttng.tensormap_create": _create,
    "ttng.tensormap_fenceproxy_acquire": _acquire,
    "ttng.wait_barrier": _wait,
}
