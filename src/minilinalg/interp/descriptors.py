"""Tensor descriptors: blocks of a tensor in memory, cut off at its borders.

A block is an access through strided pointers under a mask of intervals, so access.py does all of the work; outside of
the tensor a load gives the descriptor's padding, and a store writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.dialects.simt.bulk_copy import GRANULE
from minilinalg.dialects.tt.attributes import DescriptorReduceKind, PaddingOption, RMWOp
from minilinalg.errors import TileError, UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.atomics import run_atomic, update
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import I32, PTR, Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import whole
from minilinalg.interp.values import Affine, Mask, Partial, Term, spread, take
from minilinalg.locations import places_of

Number = int | Array
"""One number for all programs, or one for each, (P,)."""


class Descriptor:
    """A tensor in memory: base address, shape, and strides in bytes."""

    __slots__ = ("base", "nan", "shape", "strides")

    def __init__(self, base: Number, shape: Sequence[Number], strides: Sequence[Number], nan: bool):
        self.base = base
        self.shape = tuple(shape)
        self.strides = tuple(strides)
        self.nan = nan
        """Whether a load gives NaN outside of the tensor, not zero."""

    def take_programs(self, index: Any) -> Descriptor:
        """The same for the programs at `index`."""
        shape, strides = ([take(n, index) for n in numbers] for numbers in (self.shape, self.strides))
        return Descriptor(take(self.base, index), shape, strides, self.nan)

    @staticmethod
    def join_programs(pieces: Sequence[tuple[Descriptor, int]]) -> Descriptor:
        """The descriptors of consecutive groups of programs as one."""

        def joined(get: Callable[[Descriptor], Number]) -> Number:
            numbers = [np.broadcast_to(np.asarray(get(d), np.int64), (n,)) for d, n in pieces]
            together = np.concatenate(numbers)
            return int(together[0]) if bool((together == together[0]).all()) else together

        first = pieces[0][0]
        rank = range(len(first.shape))
        return Descriptor(
            joined(lambda d: d.base),
            [joined(lambda d, i=i: d.shape[i]) for i in rank],
            [joined(lambda d, i=i: d.strides[i]) for i in rank],
            first.nan,
        )

    def block(self, origin: Sequence[Any], block: tuple[int, ...]) -> tuple[Affine, Mask]:
        """The addresses of the block that starts at `origin`, and which of its elements are inside of the tensor."""
        rank = len(block)
        offset, terms, inside = self.base, list[Term](), list[Affine]()
        for dim, (start, size, stride) in enumerate(zip(origin, self.shape, self.strides, strict=True)):
            start = _wide(start)
            offset = offset + start * stride
            terms.append(stride if isinstance(stride, int) else stride[:, None] * np.arange(block[dim]))
            step = [0] * rank
            for first, by in ((start, 1), (size - 1 - start, -1)):
                step[dim] = by
                inside.append(Affine(first, tuple(step), block, I32))
        return Affine(offset, tuple(terms), block, PTR), Mask(tuple(inside), (), block)

    def tile(
        self, origin: Sequence[Any], block: tuple[int, ...], itemsize: int, what: str, *, stores: bool
    ) -> tuple[Affine, Mask]:
        """`block`, as TMA copies it: from a multiple of 16 bytes on along the last dimension, and when it stores, from
        no index below 0.

        Source: `tensor_descriptor.load` of triton.language ("Offset must be a multiple of 16-bytes"), and "Out of
        bounds" of the CUDA programming guide's chapter on TMA. An H200 stops otherwise: an illegal instruction.
        Raises TileError.
        """
        for dim, start in enumerate(origin):
            starts = np.asarray(start, np.int64)
            if dim + 1 == len(block) and (wrong := starts * itemsize % GRANULE != 0).any():
                raise TileError(
                    f"{what} is of a tile that begins at element {starts[wrong].flat[0]} of a line",
                    rule=f"a tile begins at a multiple of {GRANULE} bytes along the last dimension, which are "
                    f"{max(GRANULE // itemsize, 1)} elements here",
                )
            if stores and (wrong := starts < 0).any():
                raise TileError(
                    f"{what} is of a tile that begins at {starts[wrong].flat[0]} along dimension {dim}",
                    rule="a tile is stored from an index of 0 or more on; what lies behind the ends is left out",
                )
        return self.block(origin, block)

    def rows(self, rows: Array, column: Any, block: tuple[int, ...]) -> tuple[Affine, Mask]:
        """The same for rows of a tensor of rank 2, each at its own index, from one column on."""
        column = _wide(column)
        stride = self.strides[1]
        below = self.shape[0] if isinstance(self.shape[0], int) else self.shape[0][:, None]
        down = self.strides[0] if isinstance(self.strides[0], int) else self.strides[0][:, None]
        across: Term = stride if isinstance(stride, int) else stride[:, None] * np.arange(block[1])
        pointer = Affine(self.base + column * stride, (rows * down, across), block, PTR)
        inside = (Affine(column, (0, 1), block, I32), Affine(self.shape[1] - 1 - column, (0, -1), block, I32))
        return pointer, Mask(inside, (((rows >= 0) & (rows < below))[:, :, None],), block)


def _wide(number: Any) -> Number:
    return int(number) if np.ndim(number) == 0 else np.asarray(number, np.int64)


@meaning("tt.make_tensor_descriptor")
def emit_make_tensor_descriptor(em: Emitter, op: Any) -> None:
    size = dtype_of(op.results[0].type).itemsize
    nan = op.padding_option is PaddingOption.PAD_NAN

    def make(base: Any, shape: Sequence[Any], strides: Sequence[Any]) -> Descriptor:
        return Descriptor(base, [_wide(n) for n in shape], [_wide(s) * size for s in strides], nan)

    em.call(op, make, f"{em.ref(op.base)}, [{em.refs(op.shape)}], [{em.refs(op.strides)}]")


def padding(nan: bool, dtype: DType) -> Array:
    """What a load gives outside of the tensor."""
    return np.full((1,), np.nan if nan and dtype.is_float else 0, dtype.carrier)


def _block(op: Any, tensor: Any) -> tuple[DType, tuple[int, ...], tuple[int, ...]]:
    """Element type, shape of the block in all dimensions of the descriptor, and shape of the tensor that holds it."""
    return dtype_of(tensor.type), tuple(op.desc.type.get_shape()), shape_of(tensor.type)


@meaning("tt.descriptor_load")
def emit_descriptor_load(em: Emitter, op: Any) -> None:
    dtype, block, shape = _block(op, op.results[0])
    what = f"'{op.name}'"

    def load(c: Chunk, descriptor: Descriptor, origin: Sequence[Any]) -> Array:
        pointer, inside = descriptor.block(origin, block)
        read = access.load(c.memory, pointer, inside, padding(descriptor.nan, dtype), dtype, block, c.size, what)
        whole_block = spread(read, block)
        # What is read may be a view of memory, which a later store may change.
        return whole_block.copy() if shape == block else whole_block.reshape(len(whole_block), *shape)

    em.call(op, load, f"c, {em.ref(op.desc)}, [{em.refs(op.indices)}]", "load")


@meaning("tt.descriptor_store")
def emit_descriptor_store(em: Emitter, op: Any) -> None:
    dtype, block, shape = _block(op, op.src)
    what = f"'{op.name}'"

    def store(c: Chunk, descriptor: Descriptor, value: Any, origin: Sequence[Any]) -> None:
        data = as_block(value, shape, block)
        pointer, inside = descriptor.block(origin, block)
        access.store(c.memory, pointer, data, inside, dtype, block, c.size, what)

    em.call(op, store, f"c, {em.ref(op.desc)}, {em.ref(op.src)}, [{em.refs(op.indices)}]", "store")


def as_block(value: Any, shape: tuple[int, ...], block: tuple[int, ...]) -> Any:
    """A tensor in the shape of the block; undefined elements may be beyond the border, so they stay what they are."""
    if isinstance(value, Partial):
        return Partial(as_block(value.data, shape, block), as_block(value.defined_array(), shape, block))
    data = spread(value, shape)
    return data.reshape(len(data), *block)


REDUCTIONS: dict[DescriptorReduceKind, RMWOp] = {
    DescriptorReduceKind.ADD: RMWOp.ADD,
    DescriptorReduceKind.MIN: RMWOp.MIN,
    DescriptorReduceKind.MAX: RMWOp.MAX,
    DescriptorReduceKind.AND: RMWOp.AND,
    DescriptorReduceKind.OR: RMWOp.OR,
    DescriptorReduceKind.XOR: RMWOp.XOR,
}


@meaning("tt.descriptor_reduce")
def emit_descriptor_reduce(em: Emitter, op: Any) -> None:
    dtype, block, shape = _block(op, op.src)
    if op.reduce_kind not in REDUCTIONS:
        raise UnsupportedError(
            f"'{op.name}' of kind {op.reduce_kind.keyword} cannot be run yet",
            rule=f"a kind is one of {', '.join(kind.keyword for kind in REDUCTIONS)}",
            places=places_of(op),
        )
    step = update(REDUCTIONS[op.reduce_kind], dtype, wanted=False)
    what = f"'{op.name}'"

    def reduce(c: Chunk, descriptor: Descriptor, value: Any, origin: Sequence[Any]) -> None:
        data = as_block(value, shape, block)
        pointer, inside = descriptor.block(origin, block)
        run_atomic(c, step, pointer, [data], inside, dtype, block, what)

    em.call(op, reduce, f"c, {em.ref(op.desc)}, {em.ref(op.src)}, [{em.refs(op.indices)}]", "atomic")


def _row_indices(rows: Any, count: int, what: str) -> Array:
    return whole(rows, (count,), what, "uses as a row").astype(np.int64)


@meaning("tt.descriptor_gather")
def emit_descriptor_gather(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.results[0].type), shape_of(op.results[0].type)
    what = f"'{op.name}'"

    def gather(c: Chunk, descriptor: Descriptor, rows: Any, column: Any) -> Array:
        pointer, inside = descriptor.rows(_row_indices(rows, shape[0], what), column, shape)
        read = access.load(c.memory, pointer, inside, padding(descriptor.nan, dtype), dtype, shape, c.size, what)
        return spread(read, shape).copy()

    em.call(op, gather, f"c, {em.refs((op.desc, op.x_offsets, op.y_offset))}", "load")


@meaning("tt.descriptor_scatter")
def emit_descriptor_scatter(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.src.type), shape_of(op.src.type)
    what = f"'{op.name}'"

    def scatter(c: Chunk, descriptor: Descriptor, rows: Any, column: Any, value: Any) -> None:
        pointer, inside = descriptor.rows(_row_indices(rows, shape[0], what), column, shape)
        access.store(c.memory, pointer, value, inside, dtype, shape, c.size, what)

    em.call(op, scatter, f"c, {em.refs((op.desc, op.x_offsets, op.y_offset, op.src))}", "store")
