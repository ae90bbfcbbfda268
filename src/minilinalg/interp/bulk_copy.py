"""simt: copies of boxes by TMA, and the barriers in shared memory that threads wait at for them.

One thread begins a copy for all of its block, so what counts is whether any thread of the block does. A copy is made
when it begins, but what it brings counts as undefined until its barrier was waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.interp import access
from minilinalg.interp.block_memory import BlockMemory, Places, PlacesOf
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor, padding
from minilinalg.interp.dtypes import Array, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import known
from minilinalg.interp.mbarrier import advance, first_fields, of_programs, wait_phase
from minilinalg.interp.meanings import meaning
from minilinalg.interp.shared_memory import begun_at, ended_at
from minilinalg.interp.simt_shared import Landing, check
from minilinalg.interp.tensor_maps import InMemory, descriptor_of
from minilinalg.interp.values import Partial, spread, take, written_out
from minilinalg.interp.wgmma import PART, swizzled

WORD = 8
"""Bytes of a barrier."""


class Barrier:
    """The barriers of the blocks that run, as interp/mbarrier.py reads and writes them: (P, 1) of i64."""

    def __init__(self, c: Chunk, places: Places, rows: Any):
        self.memory = BlockMemory.of(c)
        self.places, self.rows = places, rows

    def read(self) -> Any:
        words, defined = self.memory.read(self.places, self.rows)
        data = words.reshape(-1, 1).view(np.int64)
        return data if defined is None else Partial(data, np.zeros(data.shape, np.bool_))

    def write(self, value: Array) -> None:
        blocks = len(self.memory.rows(self.rows))
        words = np.broadcast_to(value, (blocks, 1)).astype(np.int64).view(np.uint64).reshape(-1, 1, 1)
        self.memory.write(self.places, words, None, self.rows)
        self.memory.define(self.places, None, self.rows)

    def mark(self, known: Any) -> None:
        self.memory.forget(self.places, None, self.rows)

    def addresses(self) -> Array:
        """What tells the barrier from all others of all blocks, one a block."""
        rows = self.memory.rows(self.rows)
        index = np.broadcast_to(self.places.index.reshape(len(self.places.index), -1)[:, 0], rows.shape)
        return rows * (1 << 32) + index


def of_blocks(c: Chunk, when: Any, what: str) -> tuple[Chunk, Array | None] | None:
    """The blocks of which a thread takes part, and their numbers (None: all); None where there are none."""
    holds = np.asarray(written_out(known(when, what)), np.bool_)
    every = holds.reshape(len(holds), -1).any(axis=1)
    programs = of_programs(np.broadcast_to(every, (c.size,)), what)
    if programs is None:
        return c, None
    return (c.take(programs), programs) if len(programs) else None


class _BarrierOf:
    """From the address that the threads of a block agree on to its barrier."""

    def __init__(self, op: Any, threads: int):
        self.what = f"'{op.name}'"
        self.places = PlacesOf(self.what, (threads, 1), WORD, threads=np.zeros(1, np.int64))

    def __call__(self, c: Chunk, address: Any) -> Barrier:
        places = self.places(address, BlockMemory.of(c).nbytes)
        check(c, places, None, self.what)
        return Barrier(c, places, c.rows)


def _threads(op: Any) -> int:
    return int(op.address.type.get_shape()[0])


@meaning("simt.mbarrier_init")
def emit_init(em: Emitter, op: Any) -> None:
    barrier_of, count = _BarrierOf(op, _threads(op)), int(op.count.value.data)
    what = f"'{op.name}'"

    def init(c: Chunk, address: Any, when: Any) -> None:
        if (found := of_blocks(c, when, what)) is not None:
            c, programs = found
            barrier_of(c, address if programs is None else take(address, programs)).write(first_fields(count))

    em.call(op, init, f"c, {em.refs((op.address, op.when))}")


@meaning("simt.mbarrier_inval")
def emit_inval(em: Emitter, op: Any) -> None:
    barrier_of, what = _BarrierOf(op, _threads(op)), f"'{op.name}'"

    def end(c: Chunk, address: Any, when: Any) -> None:
        if (found := of_blocks(c, when, what)) is not None:
            c, programs = found
            barrier = barrier_of(c, address if programs is None else take(address, programs))
            advance(barrier, 0, 0, what)
            barrier.mark(False)

    em.call(op, end, f"c, {em.refs((op.address, op.when))}")


@meaning("simt.mbarrier_arrive_expect_tx")
def emit_expect(em: Emitter, op: Any) -> None:
    barrier_of, size, what = _BarrierOf(op, _threads(op)), int(op.bytes.value.data), f"'{op.name}'"

    def expect(c: Chunk, address: Any, when: Any) -> None:
        if (found := of_blocks(c, when, what)) is not None:
            c, programs = found
            barrier = barrier_of(c, address if programs is None else take(address, programs))
            # The bytes first, so that the last arrival does not complete the phase without them.
            advance(barrier, 0, size, what)
            advance(barrier, 1, 0, what)

    em.call(op, expect, f"c, {em.refs((op.address, op.when))}")


@meaning("simt.mbarrier_wait")
def emit_wait(em: Emitter, op: Any) -> None:
    barrier_of, what = _BarrierOf(op, _threads(op)), f"'{op.name}'"

    def wait(c: Chunk, address: Any, parity: Any, pred: Any) -> None:
        programs = of_programs(pred, what)
        if programs is not None:
            if not len(programs):
                return
            c, address, parity = c.take(programs), take(address, programs), take(parity, programs)
        barrier = barrier_of(c, address)
        wait_phase(barrier, known(parity, what), what)
        ended_at(c, barrier.addresses())

    em.call(op, wait, f"c, {em.refs((op.address, op.parity))}, {'True' if op.pred is None else em.ref(op.pred)}")


# Boxes


class _Box:
    """Where the lines of a box lie: in parts of 16 bytes from an address on, swizzled."""

    def __init__(self, op: Any, threads: int):
        self.what = f"'{op.name}'"
        map_type: Any = op.map.type
        self.shape: tuple[int, ...] = map_type.get_shape()
        self.dtype = dtype_of(map_type.element_type)
        line = self.shape[-1] * self.dtype.itemsize
        swizzle: int = map_type.swizzle.data
        self.lines = prod(self.shape[:-1])
        pitch = swizzle or line
        offsets = np.arange(self.lines)[:, None] * pitch + np.arange(0, line, PART)

        def change(given: Array) -> Array:
            found = given[:, :, :1] + offsets.reshape(-1)
            return swizzled(found, swizzle) if swizzle else found

        reach = self.lines * pitch
        self.places = PlacesOf(self.what, (threads, 1), PART, reach=reach, change=change, threads=np.zeros(1, np.int64))

    def at(self, c: Chunk, address: Any) -> Places:
        """The places of the box of each block."""
        places = self.places(address, BlockMemory.of(c).nbytes)
        check(c, places, None, self.what)
        return places

    def words(self, elements: Array) -> Array:
        """Elements in their carrier as words of 16 bytes: (P, 1, parts)."""
        stored = np.ascontiguousarray(elements.astype(self.dtype.storage, copy=False))
        return stored.reshape(len(stored), 1, -1).view(np.complex128)

    def elements(self, words: Array) -> Array:
        """The inverse, in the storage type."""
        return np.ascontiguousarray(words).view(self.dtype.storage).reshape(len(words), *self.shape)


def words_of_box(op: Any, threads: int) -> PlacesOf:
    """The words of the box of a bulk copy, from the address of its first."""
    return _Box(op, threads).places


def words_of_barrier(op: Any, threads: int) -> PlacesOf:
    """The word of the barrier of an operation, from its address."""
    return _BarrierOf(op, threads).places


@meaning("simt.bulk_tensor_load")
def emit_bulk_tensor_load(em: Emitter, op: Any) -> None:
    threads = int(op.to.type.get_shape()[0])
    box, what = _Box(op, threads), f"'{op.name}'"
    barrier_of = _BarrierOf(op, threads)
    nbytes = op.map.type.box_bytes

    def copy(c: Chunk, map: Descriptor | InMemory, origin: Sequence[Any], to: Any, at: Any, when: Any) -> None:
        if (found := of_blocks(c, when, what)) is None:
            return
        c, programs = found
        if programs is not None:
            map, origin = map.take_programs(programs), [take(n, programs) for n in origin]
            to, at = take(to, programs), take(at, programs)
        barrier, source = barrier_of(c, at), descriptor_of(c, map)
        start = [known(n, what, "computes an address from") for n in origin]
        pointer, inside = source.tile(start, box.shape, box.dtype.itemsize, what, stores=False)
        read = access.load(
            c.memory, pointer, inside, padding(source.nan, box.dtype), box.dtype, box.shape, c.size, what
        )
        landing = Landing(BlockMemory.of(c), box.at(c, to), c.rows)
        words = box.words(spread(read, box.shape))
        if BlockMemory.of(c).tracks:
            begun_at(c, words, landing, barrier.addresses())
        else:
            landing.write(words)
        advance(barrier, 0, -nbytes, what)

    em.call(
        op,
        copy,
        f"c, {em.ref(op.map)}, [{em.refs(op.coords)}], {em.refs((op.to, op.barrier, op.when))}",
        "bulk_load",
    )


@meaning("simt.bulk_tensor_store")
def emit_bulk_tensor_store(em: Emitter, op: Any) -> None:
    box, what = _Box(op, int(op.source.type.get_shape()[0])), f"'{op.name}'"

    def copy(c: Chunk, map: Descriptor | InMemory, origin: Sequence[Any], source: Any, when: Any) -> None:
        if (found := of_blocks(c, when, what)) is None:
            return
        c, programs = found
        if programs is not None:
            map, origin = map.take_programs(programs), [take(n, programs) for n in origin]
            source = take(source, programs)
        words, defined = BlockMemory.of(c).read(box.at(c, source), c.rows)
        value: Any = access.dtype_in(box.elements(words), box.dtype)
        if defined is not None:
            flags = np.asarray(defined.reshape(len(defined), *box.shape, box.dtype.itemsize).all(axis=-1))
            value = Partial(value, flags)
        start = [known(n, what, "computes an address from") for n in origin]
        tensor = descriptor_of(c, map)
        pointer, inside = tensor.tile(start, box.shape, box.dtype.itemsize, what, stores=True)
        access.store(c.memory, pointer, value, inside, box.dtype, box.shape, c.size, what)
        if c.memory.margins is not None:
            c.memory.margins.stored(c, op, tensor, start, box.shape, value, box.dtype)

    em.call(op, copy, f"c, {em.ref(op.map)}, [{em.refs(op.coords)}], {em.refs((op.source, op.when))}", "bulk_store")


@meaning("simt.bulk_commit", "simt.bulk_wait")
def emit_nothing(em: Emitter, op: Operation) -> None:
    """What TMA stores is stored at once."""
