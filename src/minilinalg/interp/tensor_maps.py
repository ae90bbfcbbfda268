"""Descriptors in global memory, which programs make there themselves and TMA copies by: of ttng and of simt.

A descriptor fills 128 bytes, which is 16 i64. What stands in them is nobody's concern but this file's. It is read when
something copies by it, and only then: it may be made after its address became a descriptor.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation

from minilinalg.dialects.simt import SCRATCH_ATTR
from minilinalg.dialects.simt.bulk_copy import GRANULE
from minilinalg.dialects.simt.tensor_maps import MAP_BYTES
from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.block_memory import BlockMemory, PlacesOf
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor
from minilinalg.interp.dtypes import I64, PTR, Array, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import known
from minilinalg.interp.meanings import meaning
from minilinalg.interp.simt_shared import check
from minilinalg.interp.values import Affine, spread, take
from minilinalg.locations import places_of

WORDS = MAP_BYTES // I64.itemsize
MARK, BASE, RANK, SIZES, STRIDES, FORM, BOX, SEEN = 0, 1, 2, 3, 8, 12, 13, 14
"""The first word of each field; at most five sizes, and the stride of each dimension but the fastest. SEEN: whether a
fence lets TMA see it."""
IS_DESCRIPTOR = 0x50414D524F534E45
NAN = 1 << 8
"""Beside the rank: a load gives NaN outside of the tensor, not zero."""
MOST_OF_BOX, BITS_OF_BOX = 256, 9
SWIZZLE = 8
"""In FORM, the bit above the element type that swizzle_mode begins at."""
TYPE_BYTES = (1, 2, 4, 4, 8, 8, 2, 4, 4, 8, 2)
"""By elem_type, of those that TMA copies as they are: u8 u16 u32 s32 u64 s64 f16 f32 f32.ftz f64 bf16 (PTX ISA,
tensormap.replace, .elemtype)."""
SWIZZLE_MODES = {0: 0, 32: 1, 64: 2, 128: 3}
"""Bytes of a swizzle -> swizzle_mode (PTX ISA, there too)."""


class InMemory:
    """The descriptor that stands at an address in global memory. form: (box, swizzle_mode), None where any will do."""

    __slots__ = ("address", "form", "itemsize", "rank", "what")

    def __init__(self, address: Any, rank: int, itemsize: int, form: tuple[int, int] | None, what: str):
        self.address, self.rank, self.itemsize, self.form, self.what = address, rank, itemsize, form, what

    def take_programs(self, index: Any) -> InMemory:
        """The same for the programs at `index`."""
        return InMemory(take(self.address, index), self.rank, self.itemsize, self.form, self.what)

    @staticmethod
    def join_programs(pieces: Sequence[tuple[InMemory, int]]) -> InMemory:
        """The descriptors of consecutive groups of programs as one."""
        addresses = [np.broadcast_to(np.asarray(one.address, np.int64), (n,)) for one, n in pieces]
        first = pieces[0][0]
        return InMemory(np.concatenate(addresses), first.rank, first.itemsize, first.form, first.what)

    def read(self, c: Chunk) -> Descriptor:
        """What stands there now, for each program."""
        read = access.load(c.memory, _words_at(self.address), None, None, I64, (WORDS,), c.size, self.what)
        words, rank = spread(read, (WORDS,)), self.rank
        if (words[:, MARK] != IS_DESCRIPTOR).any() or (words[:, RANK] & (NAN - 1) != rank).any():
            raise RunError(
                f"{self.what} finds no descriptor of a tensor of rank {rank} there", rule="tensormap_create makes one"
            )
        if not words[:, SEEN].all():
            raise RunError(
                f"{self.what} is of a descriptor that TMA does not see yet",
                rule="behind a tensormap_create, and in front of what copies by it, is a tensormap_fenceproxy_acquire",
            )
        numbers: list[int] = (words[:, FORM] & (1 << SWIZZLE) - 1).tolist()
        if any(TYPE_BYTES[number] != self.itemsize for number in set(numbers)):
            raise RunError(
                f"{self.what} finds a descriptor of other elements there",
                rule=f"its elements are of {self.itemsize} bytes",
            )
        if self.form is not None:
            box, swizzle = self.form
            if (words[:, BOX] != box).any() or (words[:, FORM] >> SWIZZLE != swizzle).any():
                raise RunError(
                    f"{self.what} finds a descriptor of other boxes there",
                    rule="box_dim and swizzle_mode are those of the type",
                )
        pads = words[:, RANK] & NAN
        if (pads != pads[0]).any():
            raise UnsupportedError(
                f"{self.what} is by descriptors with different fill_mode in programs that run together",
                rule="what a load gives outside of the tensor is the same for all programs",
            )
        # The fastest dimension comes first in memory and last here.
        sizes = [_number(words[:, SIZES + i]) for i in reversed(range(rank))]
        strides = [_number(words[:, STRIDES + i]) for i in reversed(range(rank - 1))]
        return Descriptor(_number(words[:, BASE]), sizes, [*strides, self.itemsize], bool(pads[0]))


def descriptor_of(c: Chunk, given: Descriptor | InMemory) -> Descriptor:
    """A descriptor, read if it stands in memory."""
    return given.read(c) if isinstance(given, InMemory) else given


class _Writer:
    """What writes a descriptor for an operation of ttng or of simt."""

    def __init__(self, op: Any):
        self.what, self.rank = f"'{op.name}'", len(op.box_dim)
        number, interleaved = int(op.elem_type.value.data), int(op.interleave_layout.value.data)
        if number >= len(TYPE_BYTES) or interleaved:
            raise UnsupportedError(
                f"'{op.name}' of elem_type {number} with interleave_layout {interleaved} cannot be run yet",
                rule=f"elem_type is below {len(TYPE_BYTES)}: elements are copied as they are; interleave_layout is 0",
                places=places_of(op),
            )
        self.flags = self.rank | (NAN if int(op.fill_mode.value.data) else 0)
        self.form = number | int(op.swizzle_mode.value.data) << SWIZZLE

    def arguments(self, em: Emitter, op: Any) -> str:
        """The operands that describe the tensor, as variables."""
        lists = (op.box_dim, op.global_dim, op.global_stride, op.element_stride)
        return ", ".join(f"[{em.refs(numbers)}]" for numbers in lists)

    def write(
        self,
        c: Chunk,
        to: Any,
        base: Any,
        box: Sequence[Any],
        sizes: Sequence[Any],
        strides: Sequence[Any],
        steps: Sequence[Any],
    ) -> None:
        """Writes the descriptors of the programs; nothing sees them yet."""
        box = [self._known(size) for size in box]
        strides = [self._known(stride) for stride in strides]
        self._expect([self._known(step) == 1 for step in steps], "steps over elements", "each element stride is 1")
        self._expect(
            [(size > 0) & (size <= MOST_OF_BOX) for size in box],
            "has a box of other sizes",
            f"they are from 1 to {MOST_OF_BOX}",
        )
        self._expect(
            [start % GRANULE == 0 for start in (self._known(base), *strides)],
            f"describes a tensor that begins, or has lines that begin, at no multiple of {GRANULE} bytes",
            f"TMA copies boxes of tensors whose address and strides are multiples of {GRANULE} bytes",
        )
        words = np.zeros((c.size, WORDS), np.int64)
        words[:, MARK], words[:, RANK], words[:, FORM] = IS_DESCRIPTOR, self.flags, self.form
        for at, numbers in ((BASE, [base]), (SIZES, sizes), (STRIDES, strides)):
            for i, number in enumerate(numbers):
                words[:, at + i] = self._known(number)
        for i, size in enumerate(box):
            words[:, BOX] |= size << i * BITS_OF_BOX
        access.store(c.memory, _words_at(to), words, None, I64, (WORDS,), c.size, self.what)

    def _known(self, number: Any) -> Array:
        return np.asarray(known(number, self.what, "describes a tensor with"), np.int64)

    def _expect(self, each: Sequence[Array], found: str, rule: str) -> None:
        if not all(bool(np.all(holds)) for holds in each):
            raise RunError(f"{self.what} {found}", rule=rule)


def box_word(sizes: Sequence[int]) -> int:
    """The sizes of a box, the fastest first, as one word has them."""
    return sum(size << i * BITS_OF_BOX for i, size in enumerate(sizes))


def _words_at(address: Any) -> Affine:
    at = known(address, "a descriptor", "is at an address computed from")
    return Affine(int(at) if np.ndim(at) == 0 else np.asarray(at, np.int64), (I64.itemsize,), (WORDS,), PTR)


def _number(column: Array) -> Any:
    return int(column[0]) if bool((column == column[0]).all()) else np.array(column)


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
    writer = _Writer(op)
    operands = em.refs((op.desc_ptr, op.global_address))
    em.call(op, writer.write, f"c, {operands}, {writer.arguments(em, op)}")


@meaning("ttng.tensormap_fenceproxy_acquire", "simt.tensormap_fenceproxy_acquire")
def emit_acquire(em: Emitter, op: Any) -> None:
    what = f"'{op.name}'"
    seen = np.ones((1, 1), np.int64)

    def acquire(c: Chunk, at: Any) -> None:
        word = _words_at(at)
        place = Affine(word.offset + SEEN * I64.itemsize, (I64.itemsize,), (1,), PTR)
        access.store(c.memory, place, seen, None, I64, (1,), c.size, what)

    em.call(op, acquire, f"c, {em.ref(op.operands[0])}")


@meaning("ttng.reinterpret_tensor_descriptor")
def emit_reinterpret(em: Emitter, op: Any) -> None:
    size, rank, what = dtype_of(op.result.type).itemsize, len(op.result.type.get_shape()), f"'{op.name}'"

    def at(address: Any) -> InMemory:
        return InMemory(address, rank, size, None, what)

    em.call(op, at, em.ref(op.raw_desc))


# simt


@meaning("simt.global_scratch")
def emit_global_scratch(em: Emitter, op: Any) -> None:
    offset, nbytes = int(op.offset.value.data), scratch_of(op)

    def at(c: Chunk) -> Any:
        (x, y, z), (gx, gy, _) = (np.asarray(i, np.int64) for i in c.pids), c.grid
        block = x + gx * (y + gy * z)
        found = c.memory.lent(nbytes * prod(c.grid)) + nbytes * block + offset
        return int(found) if np.ndim(found) == 0 else found

    em.call(op, at, "c")


def scratch_of(op: Operation | None) -> int:
    """The bytes that a launch lends each block of the function that `op` is, or is in."""
    while op is not None:
        found = op.attributes.get(SCRATCH_ATTR)
        if isinstance(found, IntegerAttr):
            return found.value.data
        op = op.parent_op()
    return 0


def words_of_map(op: Any, threads: int) -> PlacesOf:
    """The words of shared memory that a tensor map is made in, from the address of the first."""
    first, offsets = np.zeros(1, np.int64), np.arange(0, MAP_BYTES, GRANULE)

    def change(given: Array) -> Array:
        return given[:, :, :1] + offsets

    return PlacesOf(f"'{op.name}'", (threads, 1), MAP_BYTES, word=GRANULE, change=change, threads=first)


@meaning("simt.tensormap_create")
def emit_simt_create(em: Emitter, op: Any) -> None:
    writer, places_at = _Writer(op), words_of_map(op, int(op.shared.type.get_shape()[0]))

    def create(c: Chunk, shared: Any, to: Any, base: Any, *lists: Sequence[Any]) -> None:
        memory = BlockMemory.of(c)
        places = places_at(shared, memory.nbytes)
        check(c, places, None, writer.what)
        # Nobody is told what is left there.
        memory.forget(places, None, c.rows)
        writer.write(c, to, base, *lists)

    em.call(op, create, f"c, {em.refs((op.shared, op.to, op.base))}, {writer.arguments(em, op)}")


@meaning("simt.tensor_map_at")
def emit_tensor_map_at(em: Emitter, op: Any) -> None:
    type, what = op.result.type, f"'{op.name}'"
    shape, size = type.get_shape(), dtype_of(type.element_type).itemsize
    form = box_word(shape[::-1]), SWIZZLE_MODES[type.swizzle.data]

    def at(address: Any) -> InMemory:
        return InMemory(address, len(shape), size, form, what)

    em.call(op, at, em.ref(op.address))
