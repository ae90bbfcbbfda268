"""Buffers in shared memory, and changes of layout that pass through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.scratch import OFFSET_ATTR, buffer_step, exchange_places, is_exchanged, memory_of
from minilinalg.dialects import simt, ttg
from minilinalg.dialects.ttg.types import MemDescType, memdesc_type
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.lane_order import lane_order
from minilinalg.layouts.linear import LANE, REGISTER, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of
from minilinalg.passes.tritongpu_to_simt.elementwise import bytes_of
from minilinalg.passes.tritongpu_to_simt.matrices import as_matrices, load_matrices
from minilinalg.passes.tritongpu_to_simt.memory import WIDEST, from_memory, stored_type, to_memory
from minilinalg.passes.tritongpu_to_simt.registers import moved, ordered, picked, swapped
from minilinalg.passes.tritongpu_to_simt.shapes import numbers_of
from minilinalg.passes.tritongpu_to_simt.threads import (
    all_bits,
    both,
    numbers,
    own_registers,
    owners,
    register_masks,
    spread,
    thread_masks,
)
from minilinalg.passes.tritongpu_to_simt.view import Padding, View, places_of_layout

# Accesses through linear maps


def widest_vector(places: LinearLayout, size: int, origin: int = 0, padding: Padding = ()) -> tuple[int, ...]:
    """The bits of the register's number that count through elements side by side, of one access of at most 16 bytes.

    places: from register, lane and warp to the offset in elements of `size` bytes, each access a multiple of itself.
    """
    registers = register_masks(places)
    run: list[int] = []
    most = min([WIDEST // size, *(number for pair in padding for number in pair)])
    while 2 << len(run) <= most and 1 << len(run) in registers:
        bit = registers.index(1 << len(run))
        below = (2 << len(run)) - 1
        others = [mask for other, mask in enumerate(registers) if other not in (*run, bit)]
        if below & (all_bits(others) | all_bits(thread_masks(places)) | origin):
            break
        run.append(bit)
    return tuple(run)


def addresses(
    c: Conversion,
    base: SSAValue,
    places: LinearLayout,
    size: int,
    registers: Sequence[int],
    origin: int = 0,
    padding: Padding = (),
) -> SSAValue:
    """The byte addresses of these registers' elements: vector of i32. base: an i32, the same in all threads."""
    scale = size.bit_length() - 1
    every = numbers(
        c,
        [mask << scale for mask in thread_masks(places)],
        [mask << scale for mask in _needed(register_masks(places), registers)],
        origin << scale,
    )
    at = _positions(register_masks(places), registers)
    chosen = padded(c, picked(c, every, at), size, padding)
    return c.binary(arith.AddiOp, spread(c, base, len(registers)), chosen)


def padded(c: Conversion, offsets: SSAValue, size: int, padding: Padding) -> SSAValue:
    """Offsets in bytes, of elements of `size` bytes, with the padding in front of them."""
    found = offsets
    for interval, more in padding:
        times = c.binary(arith.ShRUIOp, offsets, (interval * size).bit_length() - 1)
        found = c.binary(arith.AddiOp, found, c.binary(arith.ShLIOp, times, (more * size).bit_length() - 1))
    return found


def _needed(masks: Sequence[int], registers: Sequence[int]) -> list[int]:
    """The masks of those bits that differ among `registers`."""
    used = 0
    for register in registers:
        used |= register ^ registers[0] | register
    return [mask for bit, mask in enumerate(masks) if used >> bit & 1]


def _positions(masks: Sequence[int], registers: Sequence[int]) -> list[int]:
    """Where each of `registers` stands when only the bits of `_needed` are counted."""
    used = 0
    for register in registers:
        used |= register ^ registers[0] | register
    bits = [bit for bit in range(len(masks)) if used >> bit & 1]
    return [sum((register >> bit & 1) << position for position, bit in enumerate(bits)) for register in registers]


def store(
    c: Conversion,
    value: SSAValue,
    layout: LinearLayout,
    places: LinearLayout,
    base: SSAValue,
    origin: int = 0,
    padding: Padding = (),
) -> None:
    """Stores a tensor in registers of `layout` where `places`, of register, lane and warp, says; each element once."""
    value = to_memory(c, value)
    size = bytes_of(value.type)
    run = widest_vector(places, size, origin, padding)
    own = set(own_registers(layout))
    order = [register for register in ordered(register_masks(places), run) if register in own]
    firsts = order[:: 1 << len(run)]
    registers = [mask if 1 << bit in own else 0 for bit, mask in enumerate(register_masks(places))]
    swaps = [] if padding else lane_order(places.masks[LANE], registers, run, 8 * size)
    at = addresses(c, base, _in_lane_order(places, swaps), size, firsts, origin, padding)
    mask = both(c, None, owners(c, layout), len(firsts))
    c.insert(simt.StoreSharedOp(at, picked(c, swapped(c, value, swaps), order), mask))


def _in_lane_order(places: LinearLayout, swaps: Sequence[tuple[int, int]]) -> LinearLayout:
    """Where each access of a lane goes that makes those of some registers in another order."""
    lanes = list(places.masks[LANE])
    for lane, register in swaps:
        lanes[lane] ^= places.masks[REGISTER][register]
    return places.with_bases(LANE, lanes)


def load(
    c: Conversion, type: Attribute, places: LinearLayout, base: SSAValue, origin: int = 0, padding: Padding = ()
) -> SSAValue:
    """Loads a vector of `type`, each register from where `places`, of register, lane and warp, says.

    By matrices where threads would have to load less than 16 bytes at once.
    """
    stored = stored_type(type)
    size = bytes_of(stored)
    run = widest_vector(places, size, origin, padding)
    if not padding and size << len(run) < WIDEST and (found := as_matrices(places, size, origin)) is not None:
        return load_matrices(c, type, found, places, base, origin)
    order = ordered(register_masks(places), run)
    swaps = [] if padding else lane_order(places.masks[LANE], register_masks(places), run, 8 * size)
    at = addresses(c, base, _in_lane_order(places, swaps), size, order[:: 1 << len(run)], origin, padding)
    loaded = c.insert(simt.LoadSharedOp(at, stored)).result
    undone = {register: position for position, register in enumerate(order)}
    found = picked(c, loaded, [undone[register] for register in range(len(order))])
    return from_memory(c, swapped(c, found, swaps), type)


# Buffers


def offset_of(c: Conversion, op: Operation) -> SSAValue:
    """Where the buffer or the scratch memory of `op` begins: an i32."""
    offset = op.attributes.get(OFFSET_ATTR)
    if not isinstance(offset, IntegerAttr):
        raise c.unsupported(
            f"'{op.name}' without {OFFSET_ATTR}",
            "what needs shared memory has its place in it",
            op,
            hint="allocate-shared-memory gives it one",
        )
    return c.constant(offset.value.data)


def view_of(type: MemDescType, base: SSAValue) -> View:
    """A whole buffer of this type at `base`; of several, which the first dimensions count, the first one."""
    shared = memory_of(type)
    return View(base, type.element_type, places_of_layout(shared.linear), padding=shared.padding)


def _alloc(c: Conversion, op: ttg.LocalAllocOp) -> None:
    view = view_of(memdesc_type(op.result), offset_of(c, op))
    c.bind_view(op.result, view)
    if op.src is not None:
        layout = layout_of(op.src.type)
        store(c, c.value(op.src), layout, view.of_registers(layout), view.base, padding=view.padding)


def _local_load(c: Conversion, op: ttg.LocalLoadOp) -> None:
    view = c.view(op.src)
    places = view.of_registers(layout_of(op.result.type))
    c.bind(op.result, load(c, data_type(op.result.type), places, view.base, view.origin, view.padding))


def _local_store(c: Conversion, op: ttg.LocalStoreOp) -> None:
    view, layout = c.view(op.dst), layout_of(op.src.type)
    store(c, c.value(op.src), layout, view.of_registers(layout), view.base, view.origin, view.padding)


def _index(c: Conversion, op: ttg.MemDescIndexOp) -> None:
    view = c.view(op.src)
    step = buffer_step(memdesc_type(op.result))
    moved_by = c.binary(arith.MuliOp, c.value(op.index), step)
    c.bind_view(op.result, replace(view, base=c.binary(arith.AddiOp, view.base, moved_by)))


def _subslice(c: Conversion, op: ttg.MemDescSubsliceOp) -> None:
    type = memdesc_type(op.result)
    part = c.view(op.src).part(numbers_of(op.offsets), type.get_shape())
    if part is None:
        raise c.unsupported(
            f"'{op.name}' at {numbers_of(op.offsets)} of shape {list(type.get_shape())}",
            "a part begins at multiples of its sizes",
        )
    c.bind_view(op.result, part)


def _transposed(c: Conversion, op: ttg.MemDescTransOp) -> None:
    c.bind_view(op.result, c.view(op.src).transposed(numbers_of(op.order)))


def _reshaped(c: Conversion, op: ttg.MemDescReshapeOp) -> None:
    c.bind_view(op.result, c.view(op.src).reshaped(memdesc_type(op.result).get_shape()))


# Changes of layout


def _convert_layout(c: Conversion, op: ttg.ConvertLayoutOp) -> None:
    old, new = layout_of(op.src.type), layout_of(op.result.type)
    value = c.value(op.src)
    if not is_exchanged(op):
        converted = moved(c, value, old, new)
        assert converted is not None, "what passes through shared memory was given some"
        c.bind(op.result, converted)
        return
    base = offset_of(c, op)
    size = bytes_of(stored_type(value.type))
    places = exchange_places(old, new, size)
    store(c, value, old, old.compose(places), base)
    c.insert(simt.BarrierOp())
    c.bind(op.result, load(c, data_type(op.result.type), new.compose(places), base))


HANDLERS: Mapping[str, Handler] = {
    "ttg.convert_layout": _convert_layout,
    "ttg.local_alloc": _alloc,
    "ttg.local_load": _local_load,
    "ttg.local_store": _local_store,
    "ttg.memdesc_index": _index,
    "ttg.memdesc_reshape": _reshaped,
    "ttg.memdesc_subslice": _subslice,
    "ttg.memdesc_trans": _transposed,
}
