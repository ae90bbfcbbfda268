"""Elements that are found at computed indices: gathers, counts, and the same in buffers."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import VectorType, i32
from xdsl.ir import SSAValue

from minilinalg.analysis.scratch import has_replicas
from minilinalg.analysis.warp_gather import WarpGather, warp_gather
from minilinalg.dialects import simt, tt, ttg
from minilinalg.dialects.simt.types import bits_of, count_of
from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.gf2 import apply
from minilinalg.layouts.linear import LANE, REGISTER, LinearLayout
from minilinalg.layouts.lookup import lookup_places
from minilinalg.passes.tritongpu_to_simt.atomics import repeated
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of, tensor_type
from minilinalg.passes.tritongpu_to_simt.elementwise import bytes_of
from minilinalg.passes.tritongpu_to_simt.memory import from_memory, stored_type, to_memory
from minilinalg.passes.tritongpu_to_simt.places import row_major
from minilinalg.passes.tritongpu_to_simt.registers import concatenated, distinct, picked
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, padded, store
from minilinalg.passes.tritongpu_to_simt.threads import (
    all_bits,
    both,
    joined,
    numbers,
    of_thread,
    of_value,
    own_registers,
    owners,
    register_masks,
    spread,
    thread_masks,
)
from minilinalg.passes.tritongpu_to_simt.view import Padding, View


def addresses_along(
    c: Conversion,
    places: LinearLayout,
    base: SSAValue,
    origin: int,
    axis: int,
    indices: SSAValue,
    layout: LinearLayout,
    padding: Padding = (),
) -> SSAValue:
    """Byte addresses of the elements whose index along `axis` is computed, in all other dimensions their own.

    places: from indices to bytes; so is padding. Where an index leads is an XOR of its bits' places, as everywhere.
    """
    name = layout.out_names[axis]
    rest = layout.compose(places.with_bases(name, (0,) * layout.out_bits[name]))
    threads, along = thread_masks(rest), places.masks[name]
    # What registers share is computed once, and what they add is a constant of the address.
    different, registers = distinct(indices)
    own, led = of_thread(c, threads), of_value(c, _as_index(c, different), along)
    if own is not None and led is not None:
        own = joined(c, spread(c, own, count_of(led.type)), led, disjoint=not all_bits(threads) & all_bits(along))
    shared = led if own is None else own
    constants = [apply(register_masks(rest), number) ^ origin for number in range(len(registers))]
    found = c.constants(constants)
    if shared is not None:
        shared = spread(c, shared, len(registers)) if led is None else picked(c, shared, registers)
        apart = not all_bits([*threads, *along]) & all_bits(constants)
        found = joined(c, shared, found, disjoint=apart) if any(constants) else shared
    found = padded(c, found, 1, padding)
    return c.binary(arith.AddiOp, spread(c, base, len(registers)), found)


def _as_index(c: Conversion, indices: SSAValue) -> SSAValue:
    type = VectorType(i32, [count_of(indices.type)])
    if indices.type == type:
        return indices
    make = arith.TruncIOp if bits_of(indices.type) > 32 else arith.ExtUIOp
    return c.insert(make(indices, type)).result


def scaled(layout: LinearLayout, size: int) -> LinearLayout:
    """Places in bytes, of places in elements of `size` bytes."""
    shift = size.bit_length() - 1
    ins = tuple((name, tuple(mask << shift for mask in masks)) for name, masks in layout.ins)
    return LinearLayout(ins, tuple((name, bits + shift) for name, bits in layout.outs))


def _gather(c: Conversion, op: tt.GatherOp) -> None:
    """Between the lanes of a warp, or through shared memory: there an index may lead to any thread's element."""
    source, result = layout_of(op.src.type), layout_of(op.result.type)
    if (within := warp_gather(source, layout_of(op.indices.type), op.axis.value.data)) is not None:
        c.bind(op.result, _gather_from_lanes(c, c.value(op.src), _as_index(c, c.value(op.indices)), within))
        return
    base, type, indices = offset_of(c, op), data_type(op.result.type), c.value(op.indices)
    stored = stored_type(type)
    size = bytes_of(stored)
    different, _ = distinct(indices)
    places = lookup_places(row_major(source), source, result, 8 * size, count_of(different.type))
    store(c, c.value(op.src), source, source.compose(places), base)
    c.insert(simt.BarrierOp())
    at = addresses_along(c, scaled(places, size), base, 0, op.axis.value.data, indices, result)
    c.bind(op.result, from_memory(c, c.insert(simt.LoadSharedOp(at, stored)).result, type))


def _gather_from_lanes(c: Conversion, value: SSAValue, indices: SSAValue, within: WarpGather) -> SSAValue:
    """Each index names a lane, and which of its registers is known."""
    here = within.here.restricted(within.here.in_names, [LANE])
    lanes = numbers(c, thread_masks(here), register_masks(here))
    if (led := of_value(c, indices, within.lanes)) is not None:
        lanes = c.binary(arith.XOrIOp, lanes, led)
    registers = within.here.restricted([REGISTER], [REGISTER])
    found: list[SSAValue] = []
    for number in range(count_of(indices.type)):
        asked = picked(c, value, registers.apply(register=number))
        found.append(c.insert(simt.ShuffleOp(simt.ShuffleKind.IDX, asked, picked(c, lanes, [number]))).result)
    return concatenated(c, *found)


def _histogram(c: Conversion, op: tt.HistogramOp) -> None:
    """Bins in shared memory: made zero, counted up, read."""
    base, bins = offset_of(c, op), layout_of(op.result.type)
    type = data_type(op.result.type)
    places = bins.compose(row_major(bins))
    store(c, c.constant(0, type), bins, places, base)
    c.insert(simt.BarrierOp())
    source = layout_of(op.src.type)
    own = own_registers(source)
    value = picked(c, _as_index(c, c.value(op.src)), own)
    mask = None if op.mask is None else picked(c, c.value(op.mask), own)
    mask = both(c, mask, owners(c, source), len(own))
    size = bytes_of(tensor_type(op.result).element_type)
    at = c.binary(arith.AddiOp, spread(c, base, len(own)), c.binary(arith.MuliOp, value, size))
    ones = c.constant(1, VectorType(tensor_type(op.result).element_type, [len(own)]))
    c.insert(simt.AtomicRMWSharedOp(RMWOp.ADD.attribute, at, ones, mask))
    c.insert(simt.BarrierOp())
    c.bind(op.result, load(c, type, places, base))


def _in_view(c: Conversion, view: View, axis: int, indices: SSAValue, layout: LinearLayout) -> SSAValue:
    """Byte addresses of the elements of a view whose index along `axis` is computed."""
    size = bytes_of(view.element)
    places, padding = scaled(view.places, size), tuple((every * size, more * size) for every, more in view.padding)
    return addresses_along(c, places, view.base, view.origin * size, axis, indices, layout, padding)


def _local_gather(c: Conversion, op: ttg.LocalGatherOp) -> None:
    view, type = c.view(op.src), data_type(op.result.type)
    at = _in_view(c, view, op.axis.value.data, c.value(op.indices), layout_of(op.result.type))
    c.bind(op.result, from_memory(c, c.insert(simt.LoadSharedOp(at, stored_type(type))).result, type))


def _local_scatter(c: Conversion, op: ttg.LocalScatterOp) -> None:
    view, layout = c.view(op.dst), layout_of(op.values.type)
    at = _in_view(c, view, op.axis.value.data, c.value(op.indices), layout)
    own = own_registers(layout)
    value = picked(c, to_memory(c, c.value(op.values)), own)
    c.insert(simt.StoreSharedOp(picked(c, at, own), value, both(c, None, owners(c, layout), len(own))))


def _local_atomic_scatter(c: Conversion, op: ttg.LocalAtomicScatterRMWOp) -> None:
    """Each element once, by the thread that owns it."""
    view, layout = c.view(op.dst), layout_of(op.values.type)
    if op.result.uses and has_replicas(layout):
        raise c.unsupported(
            f"'{op.name}' whose result several threads hold", "a result that is used is held by the thread that updates"
        )
    at = _in_view(c, view, op.axis.value.data, c.value(op.indices), layout)
    own = own_registers(layout)
    mask = None if op.mask is None else picked(c, c.value(op.mask), own)
    mask = both(c, mask, owners(c, layout), len(own))
    value = picked(c, c.value(op.values), own)
    found = c.insert(simt.AtomicRMWSharedOp(op.properties["atomic_rmw_op"], picked(c, at, own), value, mask)).result
    if op.result.uses:
        c.bind(op.result, repeated(c, found, layout, own))


HANDLERS: Mapping[str, Handler] = {
    "tt.gather": _gather,
    "tt.histogram": _histogram,
    "ttg.local_atomic_scatter_rmw": _local_atomic_scatter,
    "ttg.local_gather": _local_gather,
    "ttg.local_scatter": _local_scatter,
}
