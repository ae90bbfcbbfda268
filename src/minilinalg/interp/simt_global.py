"""simt: loads, stores and atomics of global memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.interp import access
from minilinalg.interp.access import poison, undefined
from minilinalg.interp.atomics import run_atomic, swap, update
from minilinalg.interp.block_memory import WORDS
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Chunk, Emitter, meaning
from minilinalg.interp.global_words import active_lanes, as_words, from_words, read_words, write_words
from minilinalg.interp.lifting import rank_of
from minilinalg.interp.stored import as_stored, stays_stored
from minilinalg.interp.values import Partial, scalar_form, spread


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

    def load(c: Chunk, address: Any, mask: Any, other: Any) -> Any:
        lanes = active_lanes(mask, what)
        data = from_words(read_words(c, address, lanes, size, places, what), dtype, shape, stored)
        return data if lanes is None else _with_other(data, lanes, other, dtype, shape, stored)

    em.call(op, load, f"c, {given(em, op.address, op.mask, op.other)}", "load")


def of_elements(lanes: Array, shape: tuple[int, ...]) -> Array:
    """What is true of accesses (L, T, A), as what is true of their elements (L, *shape)."""
    accesses = lanes.shape[-1]
    return lanes if accesses == 1 else np.repeat(lanes, shape[-1] // accesses, axis=-1)


def _with_other(
    data: Array, lanes: Array, other: Any, dtype: DType, shape: tuple[int, ...], stored: bool
) -> Array | Partial:
    read = of_elements(lanes, shape)
    if other is None:
        other = Partial(np.full((1, 1, 1), poison(dtype), dtype.carrier), np.zeros((1, 1, 1), np.bool_))
    elsewhere = as_stored(other, dtype, shape) if stored else spread(other, shape)
    found = np.where(read, data, elsewhere)
    if type(other) is not Partial:
        return found
    known = read | other.defined_array()
    return Partial(found, known)


@meaning("simt.store_global", fresh=True)
def emit_store_global(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    places, what = shape_of(op.address.type), f"'{op.name}'"
    word = WORDS[shape[-1] // places[-1] * dtype.itemsize]

    def store(c: Chunk, address: Any, value: Any, mask: Any) -> None:
        lanes = active_lanes(mask, what)
        if type(value) is Partial:
            bad = ~value.defined_array()
            if bool((bad if lanes is None else bad & of_elements(lanes, shape)).any()):
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
