"""TMA: copies of whole blocks between shared and global memory, and the descriptors in memory that they go by."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.descriptors import Descriptor, padding
from minilinalg.interp.dtypes import I64, PTR, Array, dtype_of, shape_of
from minilinalg.interp.engine import Chunk, Emitter, meaning
from minilinalg.interp.mbarrier import advance, of_programs
from minilinalg.interp.scf import known
from minilinalg.interp.shared_memory import SharedView, begin_at
from minilinalg.interp.values import Affine, spread, take
from minilinalg.locations import places_of

# Copies


@meaning("ttng.async_tma_copy_global_to_local", fresh=True)
def emit_global_to_local(em: Emitter, op: Any) -> None:
    if op.offsets or op.multicast is not None:
        raise UnsupportedError(
            f"'{op.name}' {'with offsets' if op.offsets else 'to several blocks'} cannot be run yet",
            rule="a copy by TMA here is of a block of a tensor, for one block of threads",
            places=places_of(op),
        )
    dtype, shape = dtype_of(op.result.type), shape_of(op.result.type)
    nbytes = prod(shape) * dtype.itemsize
    what = f"'{op.name}'"

    def copy(
        c: Chunk, source: Descriptor, origin: Sequence[Any], to: SharedView, barrier: SharedView, predicate: Any
    ) -> None:
        programs = of_programs(predicate, what)
        if programs is not None:
            if not len(programs):
                return
            c, origin = c.take(programs), [take(n, programs) for n in origin]
            source, to = source.take_programs(programs), to.take_programs(programs)
            barrier = barrier.take_programs(programs)
        pointer, inside = source.block([known(n, what, "computes an address from") for n in origin], shape)
        read = access.load(c.memory, pointer, inside, padding(source.nan, dtype), dtype, shape, c.size, what)
        begin_at(c, spread(read, shape), to, barrier)
        advance(barrier, 0, -nbytes, what)

    em.call(
        op,
        copy,
        f"c, {em.ref(op.desc)}, [{em.refs(op.coord)}], {em.refs((op.result, op.barrier, op.pred))}",
        "tma_load",
    )


@meaning("ttng.async_tma_copy_local_to_global")
def emit_local_to_global(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.src.type), shape_of(op.src.type)
    what = f"'{op.name}'"

    def copy(c: Chunk, target: Descriptor, origin: Sequence[Any], view: SharedView) -> None:
        pointer, inside = target.block([known(n, what, "computes an address from") for n in origin], shape)
        access.store(c.memory, pointer, view.read(), inside, dtype, shape, c.size, what)

    em.call(op, copy, f"c, {em.ref(op.desc)}, [{em.refs(op.coord)}], {em.ref(op.src)}", "tma_store")


# Descriptors in memory

WORDS = 16
"""A descriptor fills 128 bytes, which is 16 i64. What stands in them is nobody's concern but this file's."""
MARK, BASE, RANK, SIZES, STRIDES = 0, 1, 2, 3, 8
"""The first word of each field; at most five sizes, and the stride of each dimension but the fastest."""
IS_DESCRIPTOR = 0x50414D524F534E45
NAN = 1 << 8
"""Beside the rank: a load gives NaN outside of the tensor, not zero."""
PLAIN_TYPES = 11
"""The numbers of element types below it are those of types that TMA copies as they are (PTX ISA, .elemtype)."""


@meaning("ttg.global_scratch_alloc")
def emit_global_scratch_alloc(em: Emitter, op: Any) -> None:
    alignment = int(op.alignment.value.data)
    step = -(-int(op.nbytes.value.data) // alignment) * alignment

    def alloc(c: Chunk) -> Any:
        address = c.memory.scratch(step * c.size, op.result.name_hint or "scratch")
        return address if c.size == 1 else address + step * np.arange(c.size, dtype=np.int64)

    em.call(op, alloc, "c")


@meaning("ttng.tensormap_create")
def emit_tensormap_create(em: Emitter, op: Any) -> None:
    if (number := int(op.elem_type.value.data)) >= PLAIN_TYPES or int(op.interleave_layout.value.data):
        raise UnsupportedError(
            f"'{op.name}' of elem_type {number} with interleave_layout {int(op.interleave_layout.value.data)} "
            "cannot be run yet",
            rule=f"elem_type is below {PLAIN_TYPES}: elements are copied as they are; interleave_layout is 0",
            places=places_of(op),
        )
    rank = len(op.box_dim)
    flags = rank | (NAN if int(op.fill_mode.value.data) else 0)
    what = f"'{op.name}'"

    def create(
        c: Chunk, to: Any, base: Any, sizes: Sequence[Any], strides: Sequence[Any], steps: Sequence[Any]
    ) -> None:
        if any(bool(np.any(np.asarray(known(s, what, "steps by")) != 1)) for s in steps):
            raise RunError(f"{what} steps over elements", rule="each element stride is 1")
        words = np.zeros((c.size, WORDS), np.int64)
        words[:, MARK], words[:, RANK] = IS_DESCRIPTOR, flags
        for at, numbers in ((BASE, [base]), (SIZES, sizes), (STRIDES, strides)):
            for i, number in enumerate(numbers):
                words[:, at + i] = known(number, what, "describes a tensor with")
        access.store(c.memory, _words_at(to), words, None, I64, (WORDS,), c.size, what)

    lists = (op.global_dim, op.global_stride, op.element_stride)
    given = ", ".join(f"[{em.refs(numbers)}]" for numbers in lists)
    em.call(op, create, f"c, {em.refs((op.desc_ptr, op.global_address))}, {given}")


@meaning("ttng.reinterpret_tensor_descriptor")
def emit_reinterpret(em: Emitter, op: Any) -> None:
    size, rank = dtype_of(op.result.type).itemsize, len(op.result.type.get_shape())
    what = f"'{op.name}'"

    def read(c: Chunk, at: Any) -> Descriptor:
        words = spread(access.load(c.memory, _words_at(at), None, None, I64, (WORDS,), c.size, what), (WORDS,))
        if (words[:, MARK] != IS_DESCRIPTOR).any() or (words[:, RANK] & (NAN - 1) != rank).any():
            raise RunError(
                f"{what} finds no descriptor of a tensor of rank {rank} there", rule="ttng.tensormap_create makes one"
            )
        # The fastest dimension comes first in memory and last here.
        sizes = [_number(words[:, SIZES + i]) for i in reversed(range(rank))]
        strides = [_number(words[:, STRIDES + i]) for i in reversed(range(rank - 1))]
        nan = bool(words[0, RANK] & NAN)
        return Descriptor(_number(words[:, BASE]), sizes, [*strides, size], nan)

    em.call(op, read, f"c, {em.ref(op.raw_desc)}")


def _words_at(address: Any) -> Affine:
    at = known(address, "a descriptor", "is at an address computed from")
    return Affine(int(at) if np.ndim(at) == 0 else np.asarray(at, np.int64), (I64.itemsize,), (WORDS,), PTR)


def _number(column: Array) -> Any:
    return int(column[0]) if bool((column == column[0]).all()) else np.array(column)
