"""linalg_ext.gather and scatter, and the instructions that do the same: rows of an array at indices.

In global memory every element of a row gets its address, and the lanes are read or written as a tensor of pointers is
(access.py), so bounds, alignment, undefined addresses and the order of writes are those of tt.load and tt.store. A
tensor or an on-chip buffer is indexed by NumPy, within its extents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.errors import RunError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import Kind
from minilinalg.interp.meanings import meaning
from minilinalg.interp.structured import Operand, deliver, put, regroup, take_each
from minilinalg.interp.values import Partial, along, take, written_out
from minilinalg.interp.views import MemRef, Sized, groups, plain


@dataclass(frozen=True)
class Rows:
    """The rows of one operation for programs with equal sizes.

    at: the dimension that is indexed; index: (L, i0, ...) with `defined` as in Partial; mask: alike, or None.
    sizes: the extents of the block.
    """

    what: str
    at: int
    index: Sized
    mask: Sized | None
    sizes: tuple[int, ...]

    @property
    def rank(self) -> int:
        """How many dimensions of the block are those of the indices."""
        return len(self.index.sizes)

    def spread(self, per_index: Array) -> Array:
        """One element an index, (L, i0, ...), as one that broadcasts over the block."""
        behind = len(self.sizes) - self.at - self.rank
        return per_index.reshape(len(per_index), *([1] * self.at), *per_index.shape[1:], *([1] * behind))

    def lanes(self) -> Any:
        """The mask over the block; None for all."""
        if self.mask is None:
            return None
        data = self.spread(self.mask.data.astype(np.bool_))
        return data if self.mask.defined is None else Partial(data, self.spread(self.mask.defined))

    def addresses(self, array: MemRef) -> Any:
        """The address of every element of the block; undefined where the index is."""
        rank = len(self.sizes)
        strides = [np.asarray(s, np.int64) for s in array.strides]
        moved = np.atleast_1d(np.asarray(array.offset, np.int64)).reshape(-1, *([1] * rank))
        moved = moved + self.spread(self.index.data.astype(np.int64)) * _per_program(strides[self.at], rank)
        kept = [d for d in range(rank) if not self.at <= d < self.at + self.rank]
        for dim, stride in zip(kept, (s for d, s in enumerate(strides) if d != self.at), strict=True):
            moved = moved + along(np.arange(self.sizes[dim])[None], dim, rank) * _per_program(stride, rank)
        return moved if self.index.defined is None else Partial(moved, self.spread(self.index.defined))

    def inside(self, extent: int) -> Array:
        """The indices, once those that count are known to be defined and below `extent`; others become 0."""
        index = self.index.data.astype(np.int64)
        counts = np.ones((1,) * index.ndim, np.bool_)
        if self.mask is not None:
            if self.mask.defined is not None and not self.mask.defined.all():
                raise access.undefined(self.what, "uses as a mask")
            counts = self.mask.data.astype(np.bool_)
        if self.index.defined is not None and bool((counts & ~self.index.defined).any()):
            raise access.undefined(self.what, "uses as an index")
        wrong = counts & ((index < 0) | (index >= extent))
        if wrong.any():
            found = int(np.broadcast_to(index, wrong.shape)[wrong][0])
            raise RunError(
                f"{self.what} has index {found} along dimension {self.at}, which has {extent}",
                rule="indices are from 0 to below the extent of the dimension",
            )
        return np.where(counts, index, 0)


def _per_program(number: Array, rank: int) -> Array:
    return number.reshape(-1, *([1] * rank))


def _in_global_memory(array: Any) -> bool:
    return isinstance(array, MemRef) and array.memory is not None


def _cut(value: Sized) -> Sized:
    """A tensor of programs with equal sizes, without what lies beyond them."""
    sizes = [int(plain(n)) for n in value.sizes]
    inside = (slice(None), *(slice(0, n) for n in sizes))
    return Sized(value.data[inside], sizes, None if value.defined is None else value.defined[inside])


class IndexedAccess:
    """One operation: how its operands are read, and which of them is what."""

    def __init__(self, op: Operation, at: int, block: SSAValue, inputs: Sequence[SSAValue], array: SSAValue):
        self.what = f"'{op.name}'"
        self.at = at
        self.array = Operand.of(array)
        self.block = Operand.of(block)
        self.lists = [Operand.of(v) for v in inputs[1:]]
        self.kind = Kind(block.type)

    def rows(self, c: Chunk, lists: Sequence[Any], sizes: tuple[int, ...]) -> Rows:
        index, *mask = (_cut(o.sized(v, c, self.what)) for o, v in zip(self.lists, lists, strict=True))
        return Rows(self.what, self.at, index, mask[0] if mask else None, sizes)

    def sizes(self, c: Chunk, block: Any) -> tuple[Any, ...]:
        return tuple(map(plain, block.sizes)) if isinstance(block, Sized | MemRef) else self.block.shape

    def array_data(self, c: Chunk, array: Any) -> Sized:
        return _cut(self.array.sized(array, c, self.what))

    def block_data(self, c: Chunk, block: Any) -> Sized:
        return _cut(self.block.sized(block, c, self.what))

    def places(self, c: Chunk, array: MemRef, block: Any, lists: Sequence[Any]) -> Iterator[tuple[Array, Array, Array]]:
        """Where in global memory the elements lie, for each group of programs with equal sizes: the programs' numbers,
        the addresses (n, *sizes), and which of them count."""
        for where, own in _groups(self.sizes(c, block), c.size):
            if 0 not in own:
                rows = self.rows(c.take(where), take_each(lists, where), own)
                addresses, lanes = written_out(rows.addresses(take(array, where))), rows.lanes()
                shape = (len(where), *own)
                counts = True if lanes is None else written_out(lanes)
                yield where, np.broadcast_to(addresses, shape), np.broadcast_to(np.asarray(counts), shape)


def _groups(sizes: Sequence[Any], count: int) -> Iterator[tuple[Array, tuple[int, ...]]]:
    """The numbers of the programs with equal sizes, and these."""
    for index, own in groups(sizes, count):
        yield (np.arange(count)[index] if isinstance(index, slice) else index), own


def _group_by_group(
    c: Chunk, sizes: Sequence[Any], compute: Callable[..., Sequence[Sized]], given: Sequence[Any], kind: Kind
) -> Sequence[Sized]:
    """`compute(c, *given)` for the programs of each group, put together again."""
    pieces = [(where, compute(c.take(where), *take_each(given, where))) for where, _ in _groups(sizes, c.size)]
    return regroup(pieces, [kind])


Line: TypeAlias = Callable[[Emitter, Operation, object, str], None]
"""Writes the line `function(arguments)` of an operation on memory."""


def _call(em: Emitter, op: Operation, function: object, arguments: str) -> None:
    em.call(op, function, arguments, "linalg")


def gather(
    em: Emitter, op: Operation, inputs: Sequence[SSAValue], output: SSAValue, at: int, line: Line = _call
) -> None:
    """Writes the line of a gather with `inputs` source, indices and, perhaps, mask."""
    it = IndexedAccess(op, at, output, inputs, inputs[0])

    def compute(c: Chunk, source: Any, *given: Any) -> Sequence[Sized]:
        *lists, out = given
        sizes = it.sizes(c, out)
        if any(not isinstance(n, int) for n in sizes):
            return _group_by_group(c, sizes, compute, (source, *given), it.kind)
        rows = it.rows(c, lists, sizes)
        if 0 in sizes:
            return (Sized(np.empty((1, *sizes), it.block.dtype.carrier), sizes),)
        read = _read(c, it, rows, source)
        if rows.mask is None:
            return (read,)
        return (_where(rows.lanes(), read, it.block_data(c, out)),)

    def write(c: Chunk, *given: Any) -> None:
        (found,) = compute(c, *given)
        put(c, found, given[-1], it.block.dtype, it.what)

    if it.block.kind == "tensor":
        deliver(em, op, [output], compute, em.refs((*inputs, output)))
    else:
        line(em, op, write, f"c, {em.refs((*inputs, output))}")


def _read(c: Chunk, it: IndexedAccess, rows: Rows, source: Any) -> Sized:
    """The block, with anything where the mask is false."""
    if _in_global_memory(source):
        found = access.load(
            c.memory, rows.addresses(source), rows.lanes(), None, it.array.dtype, rows.sizes, c.size, it.what
        )
        return Sized(found.data if isinstance(found, Partial) else found, rows.sizes)
    whole = it.array_data(c, source)
    index = rows.inside(int(whole.sizes[rows.at]))

    def taken(data: Array) -> Array:
        lead = max(len(data), len(index))
        data, at = (np.broadcast_to(a, (lead, *a.shape[1:])) for a in (data, index))
        programs = np.arange(lead).reshape(-1, *([1] * rows.rank))
        picked = np.moveaxis(data, rows.at + 1, 1)[programs, at]
        return np.moveaxis(picked, range(1, rows.rank + 1), range(rows.at + 1, rows.at + 1 + rows.rank))

    full = np.broadcast_to(whole.data, (len(whole.data), *(int(n) for n in whole.sizes)))
    known = whole.defined
    if known is not None:
        known = taken(np.broadcast_to(known, (len(known), *full.shape[1:])))
    return Sized(taken(full), rows.sizes, known)


def _where(lanes: Any, read: Sized, out: Sized) -> Sized:
    """What was read where the mask is true, and what the output held elsewhere."""
    known: Array | None = None
    if read.defined is not None or out.defined is not None:
        known = np.where(
            lanes, True if read.defined is None else read.defined, True if out.defined is None else out.defined
        )
    return Sized(np.where(lanes, read.data, out.data), read.sizes, known)


def scatter(
    em: Emitter, op: Operation, inputs: Sequence[SSAValue], output: SSAValue, at: int, line: Line = _call
) -> None:
    """Writes the line of a scatter with `inputs` value, indices and, perhaps, mask."""
    it = IndexedAccess(op, at, inputs[0], inputs, output)

    def write(c: Chunk, target: Any, value: Any, *lists: Any) -> None:
        sizes = it.sizes(c, value)
        for where, own in _groups(sizes, c.size):
            if 0 in own:
                continue
            some, destination = c.take(where), take_each((target,), where)[0]
            rows = it.rows(some, take_each(lists, where), own)
            part = it.block_data(some, take_each((value,), where)[0])
            if _in_global_memory(destination):
                stored: Any = part.data if part.defined is None else Partial(part.data, part.defined)
                addresses, dtype = rows.addresses(destination), it.array.dtype
                access.store(c.memory, addresses, stored, rows.lanes(), dtype, own, some.size, it.what)
            else:
                put(some, _put(it, rows, it.array_data(some, destination), part), destination, it.array.dtype, it.what)

    def new(c: Chunk, value: Any, *given: Any) -> Sequence[Sized]:
        *lists, out = given
        sizes = it.sizes(c, value)
        if any(not isinstance(n, int) for n in sizes):
            return _group_by_group(c, sizes, new, (value, *given), Kind(output.type))
        return (_put(it, it.rows(c, lists, sizes), it.array_data(c, out), it.block_data(c, value)),)

    if it.array.kind == "tensor":
        deliver(em, op, [output], new, em.refs((*inputs, output)))
    else:
        line(em, op, write, f"c, {em.refs((output, *inputs))}")


def _put(it: IndexedAccess, rows: Rows, array: Sized, block: Sized) -> Sized:
    """The array with the rows of the block put in."""
    if 0 in rows.sizes:
        return array
    index = rows.inside(int(array.sizes[rows.at]))
    lanes = None if rows.mask is None else rows.mask.data.astype(np.bool_)
    lead = max(len(a) for a in (array.data, index, block.data, *(() if lanes is None else (lanes,))))
    programs = np.broadcast_to(np.arange(lead).reshape(-1, *([1] * rows.rank)), (lead, *index.shape[1:]))
    index = np.broadcast_to(index, programs.shape)
    lanes = np.ones(programs.shape, np.bool_) if lanes is None else np.broadcast_to(lanes, programs.shape)

    def put(old: Array, new: Array) -> Array:
        whole = np.array(np.broadcast_to(old, (lead, *(int(n) for n in array.sizes))))
        part = np.broadcast_to(new, (lead, *rows.sizes))
        part = np.moveaxis(part, range(rows.at + 1, rows.at + 1 + rows.rank), range(1, rows.rank + 1))
        np.moveaxis(whole, rows.at + 1, 1)[programs[lanes], index[lanes]] = part[lanes]
        return whole

    known = None
    if array.defined is not None or block.defined is not None:
        ones = np.ones((1,) * array.data.ndim, np.bool_), np.ones((1,) * block.data.ndim, np.bool_)
        known = put(*(one if s.defined is None else s.defined for s, one in zip((array, block), ones, strict=True)))
    return Sized(put(array.data, block.data), array.sizes, known)


@meaning("linalg_ext.gather", fresh=True)
def emit_gather(em: Emitter, op: Any) -> None:
    gather(em, op, list(op.inputs), op.outputs[0], op.indexed)


@meaning("linalg_ext.scatter", fresh=True)
def emit_scatter(em: Emitter, op: Any) -> None:
    scatter(em, op, list(op.inputs), op.outputs[0], op.indexed)
