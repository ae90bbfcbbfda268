"""simt: shared memory, by single threads, by matrices, and by copies that go on while the threads run."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.dialects.simt import LANES
from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.interp.access import defined_where, dtype_in, poison, undefined
from minilinalg.interp.atomics import update
from minilinalg.interp.block_memory import WORDS, BlockMemory, Places, PlacesOf
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.global_words import as_words, from_words, read_words
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.lifting import rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.operands import OperandAsMatrices, multiplied_as
from minilinalg.interp.shared_memory import begin, commit, wait
from minilinalg.interp.stored import as_stored, stays_stored
from minilinalg.interp.values import Mask, Partial, scalar_form, spread, written_out
from minilinalg.interp.warps import whole_warps

Shape = tuple[int, ...]


def load_words(c: Chunk, places: Places, dtype: DType, shape: Shape, stored: bool, what: str) -> Any:
    """Elements (P, *shape) of the words at `places`, as defined as they are there."""
    check(c, places, None, what)
    words, known = BlockMemory.of(c).read(places, c.rows)
    data = from_words(words, dtype, shape, stored)
    if known is None:
        return data
    return Partial(data, elements_known(known, dtype, shape))


def elements_known(known: Array, dtype: DType, shape: Shape) -> Array:
    """Of bytes (P, T, n), 255 or 0, those of which elements of a type are defined: bool (P, *shape)."""
    return np.asarray(known.reshape(len(known), *shape, dtype.itemsize).all(axis=-1))


def store_words(c: Chunk, places: Places, value: Any, mask: Any, dtype: DType, shape: Shape, what: str) -> None:
    """Writes elements, as defined as they are, to the words at `places`."""
    lanes = active_lanes(mask, what)
    check(c, places, lanes, what)
    memory = BlockMemory.of(c)
    memory.write(places, as_words(value, dtype, shape, places.index.shape[1:], WORDS[places.size]), lanes, c.rows)
    known = None
    if memory.tracks and type(value) is Partial and not value.defined_array().all():
        flags = np.repeat(spread(value.defined_array(), shape), dtype.itemsize, axis=-1)
        known = (flags * np.uint8(0xFF)).reshape(len(flags), *places.index.shape[1:-1], -1)
    memory.define(places, lanes, c.rows, known)


def active_lanes(mask: Any, what: str) -> Array | None:
    """Where a mask in any form holds, bool (L, T, A) with extents of 1 where it does not change; None: everywhere.

    Raises RunError when that is undefined.
    """
    if mask is None:
        return None
    if type(mask) is Partial:
        if not bool(mask.defined_array().all()):
            raise undefined(what, "uses as a mask")
        mask = mask.data
    lanes = mask.array() if type(mask) is Mask else np.asarray(written_out(mask), np.bool_)
    return None if lanes.all() else lanes


def check(c: Chunk, places: Places, lanes: Array | None, what: str) -> None:
    """Raises RunError for an access that is out of bounds or misaligned."""
    if places.fault is not None and (error := places.fault.error(c, what, lanes)) is not None:
        raise error


@meaning("simt.load_shared", fresh=True)
def emit_load_shared(em: Emitter, op: Any) -> None:
    dtype, scalar = dtype_of(op.result.type), rank_of(op.result.type) is None
    shape = (1, 1) if scalar else shape_of(op.result.type)
    what, stored = f"'{op.name}'", stays_stored(op.result)
    given = (1, 1) if scalar else shape_of(op.address.type)
    places = PlacesOf(what, given, shape[-1] * dtype.itemsize // given[-1])

    def load(c: Chunk, address: Any) -> Any:
        found = load_words(c, places(address, BlockMemory.of(c).nbytes), dtype, shape, stored, what)
        return one_of_a_block(found, dtype) if scalar else found

    em.call(op, load, f"c, {em.ref(op.address)}", "load")


def one_of_a_block(value: Any, dtype: DType) -> Any:
    """Elements (L, 1, 1) as a scalar."""
    if type(value) is Partial:
        return Partial(value.data.reshape(-1), value.defined_array().reshape(-1))
    return scalar_form(value.reshape(-1), dtype)


@meaning("simt.store_shared", fresh=True)
def emit_store_shared(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    what = f"'{op.name}'"
    given = shape_of(op.address.type)
    places = PlacesOf(what, given, shape[-1] * dtype.itemsize // given[-1])

    def store(c: Chunk, address: Any, value: Any, mask: Any) -> None:
        lanes = active_lanes(mask, what)
        store_words(c, places(address, BlockMemory.of(c).nbytes, lanes), value, mask, dtype, shape, what)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, store, f"c, {em.refs((op.address, op.value))}, {mask}", "store")


@meaning("simt.atomic_rmw_shared", fresh=True)
def emit_atomic_rmw_shared(em: Emitter, op: Any) -> None:
    """One access after another, threads in order. What is undefined stays so."""
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    what, wanted = f"'{op.name}'", any(True for _ in op.result.uses)
    step = update(RMWOp.of(op.kind), dtype, wanted=wanted)
    places_of = PlacesOf(what, shape, dtype.itemsize)

    def rmw(c: Chunk, address: Any, value: Any, mask: Any) -> Any:
        memory, lanes = BlockMemory.of(c), active_lanes(mask, what)
        places = places_of(address, memory.nbytes, lanes)
        check(c, places, lanes, what)
        known = memory.read(places, c.rows)[1] if places.fault is None else None
        given = defined_where(value, lanes, what) if type(value) is Partial else value
        found = memory.update(places, step, as_stored(given, dtype, shape), lanes, c.rows)
        data = np.full((1, 1, 1), poison(dtype), dtype.carrier) if found is None else dtype_in(found, dtype)
        defined = np.ones((1, 1, 1), np.bool_) if known is None else elements_known(known, dtype, shape)
        return data if known is None and lanes is None else Partial(data, defined if lanes is None else defined & lanes)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, rmw, f"c, {em.refs((op.address, op.value))}, {mask}", "atomic")


# Matrices of 8 rows of 16 bytes


def matrix_places(op: Any, threads: int) -> PlacesOf:
    """The words of `simt.ldmatrix` and `simt.stmatrix`, from the addresses of the rows.

    Without transposition a lane's register of matrix j is one word of 4 bytes: of row l / 4, from byte 4 (l % 4) on.
    With it, it is two words of 2 bytes, of rows 2 (l % 4) and the next, from byte 2 (l / 4) on. (PTX ISA, ldmatrix.)
    """
    matrices, lane, warps = int(op.matrices.value.data), np.arange(LANES), threads // LANES
    thread = np.arange(threads)
    givers = thread[thread % LANES < 8 * matrices]
    if op.transpose is None:
        word, rows, byte = 4, (lane // 4)[:, None], (lane % 4 * 4)[:, None]
    else:
        word, rows, byte = 2, 2 * (lane % 4)[:, None] + np.arange(2), (lane // 4 * 2)[:, None]
    # Of every lane: the givers, in its warp, of the rows that it reads, (LANES, matrices, words of a register).
    giver = 8 * np.arange(matrices)[:, None] + rows[:, None, :]
    giver = (np.arange(warps)[:, None, None, None] * 8 * matrices + giver).reshape(threads, -1)
    offset = np.tile(np.broadcast_to(byte, (LANES, rows.shape[1]))[:, None, :], (warps, matrices, 1)).reshape(
        threads, -1
    )

    def change(addresses: Array) -> Array:
        # (L, T, words, A) -> (L, T, A, words): all registers of an address lie side by side.
        found = addresses[:, giver] + offset[:, :, None]
        return found.transpose(0, 1, 3, 2).reshape(len(addresses), threads, -1)

    return PlacesOf(f"'{op.name}'", shape_of(op.address.type), 16, word=word, change=change, threads=givers)


@meaning("simt.ldmatrix", fresh=True)
def emit_ldmatrix(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.result.type), shape_of(op.result.type)
    whole_warps(op, shape[0])
    what, stored = f"'{op.name}'", stays_stored(op.result)
    places_of = matrix_places(op, shape[0])
    operand = None if em.stepwise else multiplied_as(op.result)

    def load(c: Chunk, address: Any) -> Any:
        memory = BlockMemory.of(c)
        places = places_of(address, memory.nbytes)
        if operand is None:
            return load_words(c, places, dtype, shape, stored, what)
        kept = memory.made_of(places, c.rows)
        if kept is not None:
            return kept
        check(c, places, None, what)
        gather = operand.gather(places)
        if gather is None or memory.known(places, c.rows) is not None:
            return load_words(c, places, dtype, shape, stored, what)
        made = OperandAsMatrices(operand, gather, gather.read(memory, c.rows, dtype))
        memory.keep(places, c.rows, made)
        return made

    em.call(op, load, f"c, {em.ref(op.address)}", "ldmatrix")


@meaning("simt.stmatrix", fresh=True)
def emit_stmatrix(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    whole_warps(op, shape[0])
    what = f"'{op.name}'"
    places = matrix_places(op, shape[0])

    def store(c: Chunk, address: Any, value: Any) -> None:
        store_words(c, places(address, BlockMemory.of(c).nbytes), value, None, dtype, shape, what)

    em.call(op, store, f"c, {em.refs((op.address, op.value))}", "stmatrix")


# Copies


class Landing:
    """Where a copy goes, as `Copies` asks for it: the places, in the blocks at `rows` (None: all)."""

    __slots__ = ("memory", "places", "rows")

    def __init__(self, memory: BlockMemory, places: Places, rows: Any):
        self.memory, self.places, self.rows = memory, places, rows

    def write(self, value: Any) -> None:
        self.memory.write(self.places, value, None, self.rows)

    def mark(self, known: Any) -> None:
        if known is False:
            self.memory.forget(self.places, None, self.rows)
        else:
            self.memory.define(self.places, None, self.rows)

    def take_programs(self, index: Any) -> Landing:
        """The same for the blocks at `index` of these."""
        places = self.places
        if len(places.index) > 1:
            places = Places(places.index[index], places.size, places.low, places.high, None)
        return Landing(self.memory, places, self.memory.rows(self.rows)[index])


@meaning("simt.cp_async")
def emit_cp_async(em: Emitter, op: Any) -> None:
    what, size = f"'{op.name}'", int(op.bytes.value.data)
    shape = shape_of(op.source.type)
    places_of = PlacesOf(what, shape, size)

    def copy(c: Chunk, to: Any, source: Any, mask: Any) -> None:
        memory = BlockMemory.of(c)
        places = places_of(to, memory.nbytes)
        # Where the mask is false zeros are written, so the place must be sound all the same.
        check(c, places, None, what)
        words = read_words(c, source, Lanes.of(mask, what), size, shape, what, places.order)
        landing = Landing(memory, places, c.rows)
        if memory.tracks:
            begin(c, words, landing)
        else:
            landing.write(words)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, copy, f"c, {em.refs((op.to, op.source))}, {mask}", "cp_async")


@meaning("simt.cp_async_commit")
def emit_commit(em: Emitter, op: Any) -> None:
    em.call(op, commit, "c", "commit")


@meaning("simt.cp_async_wait")
def emit_wait(em: Emitter, op: Any) -> None:
    em.call(op, wait, f"c, {int(op.groups.value.data)}", "wait")
