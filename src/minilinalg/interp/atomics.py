"""Atomics: one access after another, programs in order (x fastest), the lanes of a program in row-major order.

Any order would be right (TritonOps.td leaves it open); this one is always the same. Lanes are grouped by address: those
of one address form a chain that a ufunc runs through (`accumulate` goes strictly from left to right, so floats round
after every step), and chains of equal length run together.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.interp.access import (
    by_segment,
    check_aligned,
    defined_where,
    dtype_in,
    dtype_out,
    lanes_of,
    load,
    poison,
    store,
)
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import I1, Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial, scalar_form, written_out

Step = Callable[[Array, Array, Array], Array | None]
"""(cells, index, values) -> what each lane found: the accesses of one argument, done to its elements `cells`."""

INTEGER: dict[RMWOp, np.ufunc] = {
    RMWOp.AND: np.bitwise_and,
    RMWOp.OR: np.bitwise_or,
    RMWOp.XOR: np.bitwise_xor,
    RMWOp.ADD: np.add,
    RMWOp.MAX: np.maximum,
    RMWOp.MIN: np.minimum,
    RMWOp.UMAX: np.maximum,
    RMWOp.UMIN: np.minimum,
}
FLOAT: dict[RMWOp, np.ufunc] = {
    RMWOp.FADD: np.add,
    RMWOp.ADD: np.add,
    RMWOp.MAX: np.fmax,
    RMWOp.MIN: np.fmin,
}
UNSIGNED = (RMWOp.UMAX, RMWOp.UMIN)


def in_chains(cells: Array, index: Array, values: Array, ufunc: np.ufunc | None) -> Array:
    """Combines values[i] into cells[index[i]] in the order of i; returns what each found. ufunc None: exchange."""
    order = np.argsort(index, kind="stable")
    places = index[order]
    starts = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    lengths = np.diff(starts, append=len(index))
    found = np.empty_like(values)
    for length in np.unique(lengths):
        firsts = starts[lengths == length]
        lanes = order[firsts[:, None] + np.arange(length)]
        at = places[firsts]
        chain = np.concatenate([cells[at][:, None], values[lanes]], axis=1)
        if ufunc is not None:
            ufunc.accumulate(chain, axis=1, dtype=chain.dtype, out=chain)
        found[lanes] = chain[:, :-1]
        cells[at] = chain[:, -1]
    return found


def update(kind: RMWOp, dtype: DType, *, wanted: bool) -> Step:
    """The step of tt.atomic_rmw. wanted: whether anything uses what it found."""
    ufunc = (FLOAT if dtype.is_float else INTEGER).get(kind)
    return combining(ufunc, dtype.unsigned if kind in UNSIGNED else None, wanted=wanted)


def combining(ufunc: np.ufunc | None, unsigned: Any = None, *, wanted: bool) -> Step:
    """The step that combines by `ufunc`, None: exchange; elements are taken for `unsigned` where that is given."""

    def step(cells: Array, index: Array, values: Array) -> Array | None:
        if unsigned is not None:
            cells, values = cells.view(unsigned), values.view(unsigned)
        if wanted:
            return in_chains(cells, index, values, ufunc)
        if ufunc is None:
            cells[index] = values
        else:
            ufunc.at(cells, index, values)
        return None

    return step


def swap(cells: Array, index: Array, expected: Array, values: Array) -> Array:
    """tt.atomic_cas: cells[index[i]] becomes values[i] where it has the bits of expected[i], in the order of i."""
    bits = np.dtype(f"u{cells.itemsize}")
    cells, expected, values = (a.view(bits) for a in (cells, expected, values))
    content: dict[int, int] = {}
    found: list[int] = []
    for at, wanted, value in zip(index.tolist(), expected.tolist(), values.tolist(), strict=True):
        now = content.get(at)
        if now is None:
            now = cells[at].item()
        found.append(now)
        content[at] = value if now == wanted else now
    cells[list(content)] = list(content.values())
    return np.array(found, bits)


def run_atomic(
    c: Chunk,
    step: Callable[..., Array | None],
    pointer: Any,
    operands: list[Any],
    mask: Any,
    dtype: DType,
    shape: tuple[int, ...],
    what: str,
) -> Any:
    """Does `step` on the lanes that `mask` lets through, of every program; returns what they found, or None.

    Raises RunError for an access out of bounds, misaligned, to a read-only array, or of an undefined operand.
    """
    full = (c.size, *shape)
    data: list[Array] = []
    for value in operands:
        value = defined_where(value, mask, what) if isinstance(value, Partial) else written_out(value)
        stored = dtype_out(np.asarray(value, dtype.carrier), dtype)
        data.append(np.broadcast_to(np.atleast_1d(stored), full))
    addresses, lanes = lanes_of(pointer, mask, shape, what)
    # Every program does its own access, also where all of them do the same.
    addresses = np.broadcast_to(addresses, full)
    lanes = None if lanes is None else np.broadcast_to(lanes, full)
    out: Array | None = None
    for segment, here in by_segment(c.memory, addresses, lanes, dtype.itemsize, what, True):
        chosen = slice(None) if here is None else here
        offsets = addresses[chosen].reshape(-1) - segment.address
        check_aligned(offsets, dtype.itemsize, what)
        cells = c.memory.typed(segment, dtype.storage)
        values = [np.ascontiguousarray(d[chosen].reshape(-1)) for d in data]
        found = step(cells, offsets // dtype.itemsize, *values)
        if found is None:
            c.memory.changes += 1
            continue
        found = found.view(dtype.storage)
        c.memory.changes += not np.array_equal(found, cells[offsets // dtype.itemsize])
        if out is None:
            out = np.full(full, np.asarray(poison(dtype), dtype.carrier))
        out[chosen] = dtype_in(found, dtype).reshape(out[chosen].shape)
    if out is None:
        out = np.full(full, np.asarray(poison(dtype), dtype.carrier))
    return Partial(out, lanes) if lanes is not None and not lanes.all() else out if shape else scalar_form(out, dtype)


@meaning("tt.atomic_rmw")
def emit_atomic_rmw(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.val.type), shape_of(op.val.type)
    step = update(op.rmw_op, dtype, wanted=any(True for _ in op.results[0].uses))
    what = f"'{op.name}'"

    def rmw(c: Chunk, pointer: Any, value: Any, mask: Any) -> Any:
        return run_atomic(c, step, pointer, [value], mask, dtype, shape, what)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, rmw, f"c, {em.ref(op.ptr)}, {em.ref(op.val)}, {mask}", "atomic")


@meaning("tt.atomic_cas")
def emit_atomic_cas(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.val.type), shape_of(op.val.type)
    what = f"'{op.name}'"

    def cas(c: Chunk, pointer: Any, expected: Any, value: Any) -> Any:
        return run_atomic(c, swap, pointer, [expected, value], None, dtype, shape, what)

    em.call(op, cas, f"c, {em.refs(op.operands)}", "atomic")


@meaning("tt.atomic_load")
def emit_atomic_load(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.results[0].type), shape_of(op.results[0].type)
    what = f"'{op.name}'"

    def atomic_load(c: Chunk, pointer: Any, mask: Any) -> Any:
        read = load(c.memory, pointer, mask, None, dtype, shape, c.size, what)
        if isinstance(read, Partial):
            return read
        return read.copy() if shape else scalar_form(read, dtype)

    em.call(op, atomic_load, f"c, {em.ref(op.ptr)}, {'None' if op.mask is None else em.ref(op.mask)}", "atomic")


@meaning("tt.atomic_store")
def emit_atomic_store(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.value.type), shape_of(op.value.type)
    what = f"'{op.name}'"

    def atomic_store(c: Chunk, pointer: Any, value: Any, mask: Any) -> None:
        store(c.memory, pointer, value, mask, dtype, shape, c.size, what)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, atomic_store, f"c, {em.ref(op.ptr)}, {em.ref(op.value)}, {mask}", "atomic")


TURN = 1000
"""How many nanoseconds of tt.atomic_poll's timeout one turn of all programs counts as."""


@meaning("tt.atomic_poll")
def emit_atomic_poll(em: Emitter, op: Any) -> None:
    """Gives way until every element is what is expected, or the time is over."""
    dtype, shape = dtype_of(op.expected.type), shape_of(op.expected.type)
    what = f"'{op.name}'"

    def poll(c: Chunk, pointer: Any, expected: Any, timeout: Any) -> Generator[bool, None, Any]:
        wanted = written_out(expected)
        turns = 0
        while True:
            found = load(c.memory, pointer, None, None, dtype, shape, c.size, what) == wanted
            if found.all() or (timeout is not None and turns * TURN >= timeout):
                return found if shape else scalar_form(found, I1)
            yield timeout is not None or turns == 0
            turns += 1

    timeout = "None" if op.timeout is None else em.ref(op.timeout)
    arguments = f"c, {em.ref(op.ptr)}, {em.ref(op.expected)}, {timeout}"
    em.line(f"{em.define(op.results[0])} = yield from {em.const(poll, 'poll')}({arguments})", op)
