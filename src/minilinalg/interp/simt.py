"""simt: where a thread is, what a block agrees on, and what lanes tell one another.

All threads of a block run in step, operation by operation (threads.py), so a barrier has nothing to wait for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.dialects.simt import LANES, ShuffleKind, VoteKind
from minilinalg.dialects.tt.attributes import ProgramDim
from minilinalg.errors import RunError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import I32, Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.simt_shared import one_of_a_block
from minilinalg.interp.threads_last import as_threads_last, is_threads_last
from minilinalg.interp.tt import moved
from minilinalg.interp.values import Affine, Partial, spread, written_out
from minilinalg.interp.warps import by_warp, whole_warps


@meaning("simt.thread_id")
def emit_thread_id(em: Emitter, op: Any) -> None:
    em.define_constant(op.result, Affine(0, (1, 0), shape_of(op.result.type), I32))


@meaning("simt.block_id")
def emit_block_id(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.result)} = c.pids[{int(ProgramDim.of(op.axis))}]", op)


@meaning("simt.num_blocks")
def emit_num_blocks(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.result)} = c.grid[{int(ProgramDim.of(op.axis))}]", op)


@meaning("simt.barrier")
def emit_barrier(em: Emitter, op: Operation) -> None:
    """All threads are here already."""


@meaning("simt.uniform")
def emit_uniform(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.result.type)
    what = f"'{op.name}'"

    def uniform(c: Chunk, value: Any) -> Any:
        if type(value) is Affine and value.is_splat:
            offset = value.offset
            return dtype.wrap(offset) if isinstance(offset, int) else offset.astype(dtype.carrier)
        array = np.asarray(written_out(value))
        known = np.broadcast_to(value.defined_array(), array.shape) if type(value) is Partial else None
        if array.shape[1] > 1:
            _check_agreement(c, array, known, dtype, what)
        first = array[:, :1]
        return one_of_a_block(
            first if known is None else Partial(first, np.asarray(known.all(axis=1, keepdims=True))), dtype
        )

    em.call(op, uniform, f"c, {em.ref(op.source)}")


def _check_agreement(c: Chunk, array: Array, known: Array | None, dtype: DType, what: str) -> None:
    bits = array.view(np.dtype(f"u{array.itemsize}"))
    differs = bits != bits[:, :1]
    if known is not None:
        differs &= known & known[:, :1]
    if differs.any():
        block, thread, _ = np.unravel_index(int(differs.argmax()), differs.shape)
        ids = tuple(p if isinstance(p, int) else int(p[block]) for p in c.pids)
        raise RunError(
            f"{what} of a value that differs: in block {ids} thread 0 has {array[block, 0, 0]} "
            f"and thread {thread} {array[block, thread, 0]}",
            rule="a scalar is the same in all threads of a block",
            hint="what differs between threads is a mask; branches, and barriers in them, are for all threads or none",
        )


# Lanes


def source_lanes(kind: ShuffleKind, lane: Array) -> Array:
    """The lane that each of (..., 32, 1) lanes takes from. Of the number, five bits count (PTX ISA, shfl)."""
    n, own = lane & (LANES - 1), np.arange(LANES)[:, None]
    match kind:
        case ShuffleKind.IDX:
            return n
        case ShuffleKind.BFLY:
            return own ^ n
        case ShuffleKind.UP:
            return np.where(own - n >= 0, own - n, own)
        case ShuffleKind.DOWN:
            return np.where(own + n < LANES, own + n, own)


@meaning("simt.shuffle", fresh=True)
def emit_shuffle(em: Emitter, op: Any) -> None:
    shape, kind = shape_of(op.value.type), ShuffleKind.of(op.kind)
    warps = whole_warps(op, shape[0])
    first = np.arange(warps)[:, None, None] * LANES

    kept: dict[Any, Array] = {}

    def sources_of(lane: Array) -> Array:
        if lane.size > 1:
            sources = source_lanes(kind, by_warp(spread(lane, (shape[0], 1)))) + first
            return sources.reshape(len(sources), shape[0])
        number = lane.item() & (LANES - 1)
        if number not in kept:
            kept[number] = (source_lanes(kind, np.full((LANES, 1), number)) + first).reshape(1, shape[0])
        return kept[number]

    def exchange(value: Array, lane: Array) -> Array:
        value = np.broadcast_to(value, (len(value), shape[0], value.shape[-1]))
        sources = sources_of(lane)
        if len(sources) == 1:
            if is_threads_last(value):
                return as_threads_last(value.swapaxes(1, 2).take(sources[0], axis=2))
            return value.take(sources[0], axis=1)
        return np.take_along_axis(value, sources[:, :, None], axis=1)

    em.call(op, moved(exchange), em.refs((op.value, op.lane)), "shuffle")


@meaning("simt.vote", fresh=True)
def emit_vote(em: Emitter, op: Any) -> None:
    shape, kind = shape_of(op.value.type), VoteKind.of(op.kind)
    whole_warps(op, shape[0])
    bits = (np.uint32(1) << np.arange(LANES, dtype=np.uint32))[:, None]

    def vote(value: Array) -> Array:
        lanes = by_warp(spread(value, shape))
        match kind:
            case VoteKind.ALL:
                found = lanes.all(axis=2, keepdims=True)
            case VoteKind.ANY:
                found = lanes.any(axis=2, keepdims=True)
            case VoteKind.BALLOT:
                found = np.where(lanes, bits, np.uint32(0)).sum(axis=2, keepdims=True, dtype=np.uint32).view(np.int32)
        return np.broadcast_to(found, lanes.shape).reshape(len(lanes), *shape)

    em.call(op, _of_whole_warps(vote, shape), em.refs(op.operands), "vote")


def _of_whole_warps(fn: Any, shape: tuple[int, ...]) -> Any:
    """`fn`, whose results are undefined in a warp of which any lane's operand is."""

    def any_form(value: Any) -> Any:
        found = fn(written_out(value))
        if type(value) is not Partial:
            return found
        known = np.asarray(by_warp(spread(value.defined_array(), shape)).all(axis=2, keepdims=True))
        full = np.broadcast_to(known, (len(known), known.shape[1], LANES, shape[-1]))
        return Partial(found, full.reshape(len(known), *shape))

    return any_form
