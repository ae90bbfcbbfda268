"""simt: loads, stores and atomics of global memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.interp import access
from minilinalg.interp.access import poison, undefined
from minilinalg.interp.atomics import run_atomic, swap, update
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.global_words import as_words, from_words, read_words, write_words
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.lifting import rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.stored import as_stored, stays_stored
from minilinalg.interp.values import Mask, Partial, scalar_form, spread, take, written_out


def given(em: Emitter, *values: Any) -> str:
    """The variables of operands, None for those that are not there."""
    return ", ".join("None" if v is None else em.ref(v) for v in values)


@meaning("simt.load_global", fresh=True)
def emit_load_global(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.result.type), shape_of(op.result.type)
    places, what, stored = shape_of(op.address.type), f"'{op.name}'", stays_stored(op.result)

    def scalar(c: Chunk, address: Any, mask: Any, other: Any) -> Any:
        read = access.load(c.memory, address, mask, other, dtype, (), c.size, what)
        return read if type(read) is Partial else scalar_form(read, dtype)

    if rank_of(op.result.type) is None:
        em.call(op, scalar, f"c, {given(em, op.address, op.mask, op.other)}", "load")
        return
    size = shape[-1] // places[-1] * dtype.itemsize
    nothing = np.full((1, 1, 1), poison(dtype), dtype.carrier)

    def load(c: Chunk, address: Any, mask: Any, other: Any) -> Any:
        lanes = Lanes.of(mask, what)
        data = from_words(read_words(c, address, lanes, size, places, what), dtype, shape, stored)
        if lanes is None:
            return data
        if other is not None:
            return _with_other(data, lanes, other, places, dtype, shape, stored)
        found = written_out(_with_other(data, lanes, nothing, places, dtype, shape, stored))
        # Often the very mask of a later store.
        symbolic = type(mask) is Mask and places == shape
        return Partial(found, mask if symbolic else of_elements(lanes.array(c.size), places, shape))

    em.call(op, load, f"c, {given(em, op.address, op.mask, op.other)}", "load")


def of_elements(lanes: Array, places: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """What is true of accesses (L, *places), as what is true of their elements (L, *shape)."""
    each = shape[-1] // places[-1]
    return lanes if each == 1 or lanes.shape[-1] == 1 else np.repeat(lanes, each, axis=-1)


def _with_other(
    data: Array,
    lanes: Lanes,
    other: Any,
    places: tuple[int, ...],
    dtype: DType,
    shape: tuple[int, ...],
    stored: bool,
) -> Array | Partial:
    """What was loaded, (P, *shape), in the lanes that loaded it, and `other` in the rest."""
    read = of_elements(lanes.made, places, shape)
    elsewhere = as_stored(other, dtype, shape) if stored else spread(other, shape)
    programs = lanes.programs
    if programs is None or len(data) < 2:
        found = np.where(read, data, elsewhere)
    else:
        # Mostly few programs are at an edge.
        found = data
        found[programs] = np.where(read, data[programs], take(elsewhere, programs))
    if type(other) is not Partial:
        return found
    return Partial(found, of_elements(lanes.array(len(found)), places, shape) | other.defined_array())


@meaning("simt.store_global", fresh=True)
def emit_store_global(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    places, what = shape_of(op.address.type), f"'{op.name}'"
    word = WORDS[shape[-1] // places[-1] * dtype.itemsize]

    def store(c: Chunk, address: Any, value: Any, mask: Any) -> None:
        lanes = Lanes.of(mask, what)
        if type(value) is Partial and value.defined is not mask:
            bad = ~value.defined_array()
            if lanes is not None:
                bad = bad & of_elements(lanes.array(c.size), places, shape)
            if bool(bad.any()):
                raise undefined(what, "stores")
        write_words(c, address, as_words(value, dtype, shape, places, word), lanes, places, what)

    em.call(op, store, f"c, {given(em, op.address, op.value, op.mask)}", "store")


@meaning("simt.atomic_rmw", fresh=True)
def emit_atomic_rmw(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    step = update(RMWOp.of(op.kind), dtype, wanted=any(True for _ in op.result.uses))
    what = f"'{op.name}'"

    def rmw(c: Chunk, address: Any, value: Any, mask: Any) -> Any:
        return run_atomic(c, step, address, [value], mask, dtype, shape, what)

    em.call(op, rmw, f"c, {given(em, op.address, op.value, op.mask)}", "atomic")


@meaning("simt.atomic_cas", fresh=True)
def emit_atomic_cas(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    what = f"'{op.name}'"

    def cas(c: Chunk, address: Any, expected: Any, value: Any, mask: Any) -> Any:
        return run_atomic(c, swap, address, [expected, value], mask, dtype, shape, what)

    em.call(op, cas, f"c, {given(em, op.address, op.expected, op.value, op.mask)}", "atomic")


@meaning("simt.atomic_load", fresh=True)
def emit_atomic_load(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.result.type), shape_of(op.result.type)
    what = f"'{op.name}'"

    def load(c: Chunk, address: Any, mask: Any) -> Any:
        lanes = Lanes.of(mask, what)
        data = from_words(read_words(c, address, lanes, dtype.itemsize, shape, what), dtype, shape, False)
        if lanes is None:
            return data
        made = np.broadcast_to(lanes.array(c.size), (c.size, *shape))
        return Partial(np.where(made, data, poison(dtype)), made)

    em.call(op, load, f"c, {given(em, op.address, op.mask)}", "atomic")


@meaning("simt.atomic_store", fresh=True)
def emit_atomic_store(em: Emitter, op: Any) -> None:
    emit_store_global(em, op)
