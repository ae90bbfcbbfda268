"""Buffers for tiles that are copied to shared memory, and the barriers that say when they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from xdsl.dialects.builtin import FixedBitwidthType, IntegerAttr, i1, i32, i64
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import AnyTensor, TensorDescType, tensor_type
from minilinalg.dialects.ttg.descriptor_layout import of_rank
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.ttg.types import MemDescType, memdesc_type
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.errors import InputError
from minilinalg.locations import places_of
from minilinalg.passes.loop_expansion import number

BARRIER_LAYOUT = ttg.SwizzledSharedEncodingAttr(1, 1, 1, [0])


def tile_layout_of(descriptor: SSAValue, rank: int) -> ttg.NVMMASharedEncodingAttr:
    """The layout of a descriptor's tiles, for a tensor of so many dimensions that is one."""
    assert isinstance(descriptor.type, TensorDescType)
    layout = descriptor.type.shared_layout
    if not isinstance(layout, ttg.NVMMASharedEncodingAttr):
        raise InputError(
            f"a descriptor of type {descriptor.type}",
            rule="tiles are copied to a layout #ttg.nvmma_shared, which the type of the descriptor says",
            hint="'triton-nvidia-optimize-descriptor-encoding' chooses it",
            places=places_of(descriptor),
        )
    return layout if layout.rank == rank else of_rank(layout, rank)


def tile_bytes(type: AnyTensor) -> int:
    """The bytes of a tensor that is copied: as many wherever it lies in the tensor, also beyond its borders."""
    assert isinstance(type.element_type, FixedBitwidthType)
    return prod(type.get_shape()) * type.element_type.bitwidth // 8


def buffer_type(type: AnyTensor, layout: ttg.SharedLayoutAttribute, buffers: int | None = None) -> MemDescType:
    """The type of a buffer for a tensor, or of so many of them."""
    shape = type.get_shape() if buffers is None else (buffers, *type.get_shape())
    return MemDescType(shape, type.element_type, layout, mutable=True)


def barrier_type(barriers: int | None = None) -> MemDescType:
    """The type of a barrier, or of so many of them."""
    return MemDescType([1] if barriers is None else [barriers, 1], i64, BARRIER_LAYOUT, mutable=True)


def init(barrier: SSAValue) -> Operation:
    """Makes a barrier that the one thread completes which copies."""
    return ttng.InitBarrierOp(operands=[barrier], properties={"count": IntegerAttr(1, i32)})


def expect(barrier: SSAValue, types: Iterable[AnyTensor], when: SSAValue) -> Operation:
    """Lets a barrier wait for tiles of these types."""
    size = IntegerAttr(sum(map(tile_bytes, types)), i32)
    return ttng.BarrierExpectOp(operands=[barrier, when], properties={"size": size})


def copy(load: tt.DescriptorLoadOp, buffer: SSAValue, barrier: SSAValue, when: SSAValue) -> Operation:
    """The copy of what a load loads, into a buffer."""
    properties = {} if load.cache_policy is None else {"cachePolicy": load.cache_policy}
    return ttng.AsyncTMACopyGlobalToLocalOp(
        operands=[load.desc, load.indices, [], barrier, buffer, when], properties=properties
    )


def wait(barrier: SSAValue, phase: SSAValue) -> Operation:
    """Waits until what a barrier waits for has come."""
    return ttng.WaitBarrierOp(operands=[barrier, phase, [], []])


def always() -> Operation:
    """A condition that holds."""
    return number(1, i1)


def goes_to(load: Operation, layout: ttg.SharedLayoutAttribute) -> Sequence[ttg.LocalAllocOp]:
    """The buffers in which what is loaded is only read, as it lies in `layout`."""
    users = [use.operation for use in load.results[0].uses]
    return [
        user
        for user in users
        if isinstance(user, ttg.LocalAllocOp)
        and memdesc_type(user.result).layout == layout
        and not memdesc_type(user.result).is_mutable
    ]


def loaded_type(load: tt.DescriptorLoadOp) -> AnyTensor:
    """The type of what a load gives."""
    return tensor_type(load.result)


def see_instead(old: SSAValue, new: SSAValue) -> None:
    """`new`, which may be written, takes the place of `old`, and views of it may be written too."""
    if old is not new:
        old.replace_all_uses_with(new)
    for use in list(new.uses):
        view = use.operation
        if isinstance(view, ttng.WarpGroupDotWaitOp):
            # Its results are the views that it is given.
            result = view.results[use.index]
            if result.type != new.type:
                result = Rewriter.replace_value_with_new_type(result, new.type)
                see_instead(result, result)
        elif isinstance(view, ViewOp) and not memdesc_type(view.result).is_mutable:
            type = memdesc_type(view.result)
            whole = numbers(type.alloc_shape)
            changed = MemDescType(type.get_shape(), type.element_type, type.layout, mutable=True, alloc_shape=whole)
            result = Rewriter.replace_value_with_new_type(view.result, changed)
            see_instead(result, result)
