"""Atomics on memrefs of global memory, element by element (memref) and on blocks (linalg_ext, simd).

The order is that of atomics.py at every stage: programs or cores one after the other, each its elements in row-major
order, so that sums of floats, and what each element finds, do not depend on the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.errors import UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.atomics import combining, run_atomic, swap
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.defined_bytes import record
from minilinalg.interp.dtypes import Array, DType, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import Kind
from minilinalg.interp.meanings import meaning
from minilinalg.interp.memref import element
from minilinalg.interp.simd import execute
from minilinalg.interp.structured import Operand, regroup, take_each
from minilinalg.interp.tensor import settled
from minilinalg.interp.values import Partial, along, written_out
from minilinalg.interp.views import MemRef, Sized, groups, plain

UFUNCS: dict[str, np.ufunc | None] = {
    "addf": np.add,
    "addi": np.add,
    "assign": None,
    "maximumf": np.maximum,
    "maxs": np.maximum,
    "maxu": np.maximum,
    "minimumf": np.minimum,
    "mins": np.minimum,
    "minu": np.minimum,
    "mulf": np.multiply,
    "muli": np.multiply,
    "ori": np.bitwise_or,
    "andi": np.bitwise_and,
    "maxnumf": np.fmax,
    "minnumf": np.fmin,
    "xori": np.bitwise_xor,
}
"""Kind of memref.atomic_rmw -> what combines; None: what was there is exchanged."""


def step_of(kind: str, dtype: DType, *, wanted: bool) -> Callable[..., Array | None]:
    """What is done to the elements for a kind of memref.atomic_rmw."""
    return combining(UFUNCS[kind], dtype.unsigned if kind in ("maxu", "minu") else None, wanted=wanted)


def _in_global_memory(array: MemRef, what: str) -> None:
    if array.memory is None:
        raise UnsupportedError(
            f"{what} on an on-chip buffer", rule="atomics run on memory that programs share: an argument of the kernel"
        )


# Elements


@meaning("memref.atomic_rmw")
def emit_atomic_rmw(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.value.type)
    step = step_of(op.kind_name, dtype, wanted=op.result.first_use is not None)

    def rmw(c: Chunk, value: Any, base: MemRef, *indices: Any) -> Any:
        _in_global_memory(base, "'memref.atomic_rmw'")
        address = element(base, indices).offset
        return run_atomic(c, step, address, [value], None, dtype, (), "'memref.atomic_rmw'")

    em.call(op, rmw, f"c, {em.refs(op.operands)}", "atomic")


@meaning("memref.generic_atomic_rmw")
def emit_generic_atomic_rmw(em: Emitter, op: Any) -> None:
    """The body runs for one program after the other, each on what the one before has left."""
    dtype = dtype_of(op.result.type)
    what = "'memref.generic_atomic_rmw'"
    with em.computing():
        name, outer = em.region(op.regions[0])

    def rmw(c: Chunk, body: Callable[..., Sequence[Any]], captured: Sequence[Any], base: MemRef, *indices: Any) -> Any:
        _in_global_memory(base, what)
        found: list[Array] = []
        for p in range(c.size):
            one = np.array([p])
            some, at = c.take(one), take_each([element(base, indices).offset], one)[0]
            old = np.atleast_1d(np.asarray(access.load(c.memory, at, None, None, dtype, (), 1, what)))
            (new,) = body(some, *take_each(captured, one), old)
            new, changes = np.atleast_1d(np.asarray(new, dtype.carrier)), c.memory.changes
            access.store(c.memory, at, new, None, dtype, (), 1, what)
            if new.tobytes() == np.asarray(old, dtype.carrier).tobytes():
                # Nobody who waits sees a change: an attempt on a lock that is taken writes back what was there.
                c.memory.changes = changes
            found.append(old)
        all_found = np.concatenate(found)
        if len(all_found) > 1:
            return all_found
        return all_found[0] if dtype.is_float else all_found[0].item()

    em.call(op, rmw, f"c, {name}, [{', '.join(outer)}], {em.refs(op.operands)}", "atomic")


@meaning("memref.atomic_yield")
def emit_atomic_yield(em: Emitter, op: Any) -> None:
    em.line(f"return ({em.ref(op.operands[0])},)", op)


# Blocks


class AtomicBlock:
    """One operation on a block: its operands, and what is done to the elements."""

    def __init__(self, op: Any, step: Callable[..., Array | None]):
        self.what = f"'{op.name}'"
        self.step = step
        self.values = [Operand.of(value) for value in op.values]
        self.lists = [Operand.of(value) for value in (op.index, op.mask) if value is not None]
        self.has_mask = op.mask is not None
        self.old = None if op.old is None else Operand.of(op.old)
        self.kind = Kind(op.values[0].type)

    def run(self, c: Chunk, array: MemRef, *given: Any) -> Sized:
        """`given`: values, indices, mask, and what the old elements are put into. Returns these; the rest of it."""
        _in_global_memory(array, self.what)
        first = given[0]
        sizes = tuple(map(plain, first.sizes)) if isinstance(first, Sized | MemRef) else self.values[0].shape
        if any(not isinstance(n, int) for n in sizes):
            pieces: list[tuple[Any, Sequence[Sized]]] = []
            for index, _ in groups(sizes, c.size):
                where = np.arange(c.size)[index] if isinstance(index, slice) else index
                pieces.append((where, [self.run(c.take(where), *take_each((array, *given), where))]))
            return regroup(pieces, [self.kind])[0]
        if 0 in sizes:
            return Sized(np.empty((1, *sizes), self.values[0].dtype.carrier), sizes)
        operands = [*self.values, *self.lists, *([] if self.old is None else [self.old])]
        read = [_cut(o.sized(v, c, self.what), sizes) for o, v in zip(operands, given, strict=True)]
        values, lists = read[: len(self.values)], read[len(self.values) : len(self.values) + len(self.lists)]
        lanes = _mask(lists[1]) if self.has_mask else None
        addresses = _addresses(array, lists[0] if lists else None, sizes)
        dtype = self.values[0].dtype
        found = run_atomic(c, self.step, addresses, [*map(_value, values)], lanes, dtype, sizes, self.what)
        data = np.asarray(written_out(found.data if isinstance(found, Partial) else found))
        data = data.reshape(-1, *sizes)
        if self.old is None or lanes is None:
            return Sized(data, sizes)
        out, lanes = read[-1], written_out(lanes)
        known = None if out.defined is None else np.where(lanes, True, out.defined)
        return Sized(np.where(lanes, data, out.data), sizes, known)


def _cut(value: Sized, sizes: tuple[int, ...]) -> Sized:
    inside = (slice(None), *(slice(0, n) for n in sizes))
    return Sized(value.data[inside], sizes, None if value.defined is None else value.defined[inside])


def _value(value: Sized) -> Any:
    return value.data if value.defined is None else Partial(value.data, value.defined)


def _mask(mask: Sized) -> Any:
    data = mask.data.astype(np.bool_)
    return data if mask.defined is None else Partial(data, mask.defined)


def _addresses(array: MemRef, index: Sized | None, sizes: tuple[int, ...]) -> Any:
    """The address of every element of the block, (L, *sizes) or broadcasting over it."""
    rank = len(sizes)

    def spread(numbers: Any) -> Array:
        return np.atleast_1d(np.asarray(numbers, np.int64)).reshape(-1, *([1] * rank))

    moved = spread(array.offset)
    if index is not None:
        moved = moved + index.data.astype(np.int64) * spread(array.strides[0])
        moved = np.broadcast_to(moved, (len(moved), *sizes))
        return moved if index.defined is None else Partial(moved, np.broadcast_to(index.defined, moved.shape))
    for dim, stride in enumerate(array.strides):
        moved = moved + along(np.arange(sizes[dim])[None], dim, rank) * spread(stride)
    return np.broadcast_to(moved, (len(moved), *sizes))


Line = Callable[[Emitter, Operation, object, str], None]


def _call(em: Emitter, op: Operation, function: object, arguments: str) -> None:
    em.call(op, function, arguments, "atomic")


def atomic_block(em: Emitter, op: Any, step: Callable[..., Array | None], line: Line = _call) -> None:
    """Writes the line of an atomic on blocks."""
    block = AtomicBlock(op, step)
    operands: list[SSAValue] = [op.array, *op.values]
    operands += [value for value in (op.index, op.mask, op.old) if value is not None]

    def on_tensor(c: Chunk, *given: Any) -> Any:
        assert block.old is not None
        return settled(block.run(c, *given), block.old.type)

    def on_memref(c: Chunk, *given: Any) -> None:
        found = block.run(c, *given)
        if block.old is not None:
            target = given[-1]
            target.write(Sized(access.dtype_out(found.data, block.old.dtype), target.sizes), c.size, block.what)
            record(target, found.defined, c.size, block.what)

    is_tensor = block.old is not None and block.old.kind == "tensor"
    line(em, op, on_tensor if is_tensor else on_memref, f"c, {em.refs(operands)}")


@meaning("linalg_ext.atomic_rmw", fresh=True)
def emit_block_rmw(em: Emitter, op: Any) -> None:
    atomic_block(em, op, step_of(op.kind_name, dtype_of(op.values[0].type), wanted=op.old is not None))


@meaning("linalg_ext.atomic_cas", fresh=True)
def emit_block_cas(em: Emitter, op: Any) -> None:
    atomic_block(em, op, swap)


@meaning("simd.atomic_rmw")
def emit_instruction_rmw(em: Emitter, op: Any) -> None:
    atomic_block(em, op, step_of(op.kind_name, dtype_of(op.values[0].type), wanted=op.old is not None), execute)


@meaning("simd.atomic_cas")
def emit_instruction_cas(em: Emitter, op: Any) -> None:
    atomic_block(em, op, swap, execute)
