"""ttg: tensors with layouts, and buffers in shared memory (Triton 3.9, TritonGPUOps.td).

A program runs here as one: a layout says which thread owns an element and changes no value. Threads that would have to
wait for one another never do, so barriers between them are nothing (tt.py).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minilinalg.dialects.tt.attributes import RMWOp, ScaleDotElemType
from minilinalg.errors import UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.atomics import update
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dot import numbers_of
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.indexing import gather_along, positions
from minilinalg.interp.joining import Kind, undefined_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import whole
from minilinalg.interp.scf.branches import emit_branch
from minilinalg.interp.shared_memory import RULE, SharedView, begin, commit, wait
from minilinalg.interp.tokens import Token
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.locations import places_of

# Tensors in registers


@meaning("ttg.convert_layout")
def emit_convert_layout(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = {em.ref(op.operands[0])}", op)


@meaning("ttg.fp4_to_fp", fresh=True)
def emit_fp4_to_fp(em: Emitter, op: Any) -> None:
    source, dtype, axis = shape_of(op.src.type), dtype_of(op.result.type), int(op.axis.value.data)
    what = f"'{op.name}'"

    def unpack(x: Any) -> Array:
        bytes_ = whole(x, source, what, "unpacks")
        return dtype.round(numbers_of(bytes_, ScaleDotElemType.E2M1, axis + 1).astype(np.float32))

    em.call(op, unpack, em.refs(op.operands))


@meaning("ttg.predicate_stage")
def emit_predicate_stage(em: Emitter, op: Any) -> None:
    """The last stages of an iteration run later: the first ones must not begin what the loop does not end."""
    ahead = int(op.max_stage.value.data) - int(op.stage.value.data)

    def runs(iv: Any, ub: Any, step: Any) -> Any:
        return iv < ub - ahead * step

    em.call(op, runs, em.refs(op.operands))


# Buffers


@meaning("ttg.local_alloc", fresh=True)
def emit_local_alloc(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.result.type), shape_of(op.result.type)

    def alloc(c: Chunk, value: Any) -> SharedView:
        made = SharedView.of(dtype, shape, c.size)
        if value is not None:
            made.write(value)
        return made

    em.call(op, alloc, f"c, {'None' if op.src is None else em.ref(op.src)}", "local_alloc")


@meaning("ttg.local_dealloc")
def emit_local_dealloc(em: Emitter, op: Any) -> None:
    """Buffers are freed by Python."""


@meaning("ttg.local_load", fresh=True)
def emit_local_load(em: Emitter, op: Any) -> None:
    def load(view: SharedView) -> Any:
        read = view.read()
        return Partial(np.array(read.data), read.defined) if type(read) is Partial else np.array(read)

    em.call(op, load, em.ref(op.src), "local_load")


@meaning("ttg.local_store", fresh=True)
def emit_local_store(em: Emitter, op: Any) -> None:
    def store(value: Any, view: SharedView) -> None:
        view.write(value)

    em.call(op, store, em.refs((op.src, op.dst)), "local_store")


@meaning("ttg.local_gather", fresh=True)
def emit_local_gather(em: Emitter, op: Any) -> None:
    gather = gather_along(int(op.axis.value.data), shape_of(op.src.type), shape_of(op.indices.type), f"'{op.name}'")

    def load(view: SharedView, indices: Any) -> Any:
        return gather(view.read(), indices)

    em.call(op, load, em.refs((op.src, op.indices)))


@meaning("ttg.local_scatter", fresh=True)
def emit_local_scatter(em: Emitter, op: Any) -> None:
    axis, seen, shape = int(op.axis.value.data), shape_of(op.dst.type), shape_of(op.indices.type)
    what = f"'{op.name}'"

    def put(into: Any, at: Array, elements: Any) -> Array:
        new = np.array(into)
        lead = len(new), *shape
        np.put_along_axis(new, np.broadcast_to(at, lead), np.broadcast_to(elements, lead), axis=axis + 1)
        return new

    def store(view: SharedView, values: Any, indices: Any) -> None:
        at = positions(indices, shape, seen[axis], axis, what)
        old = view.read()
        known = old.defined_array() if type(old) is Partial else np.True_
        defined = spread(values.defined_array(), shape) if type(values) is Partial else np.True_
        data = put(written_out(old), at, spread(values, shape))
        view.write(Partial(data, put(np.broadcast_to(known, data.shape), at, defined)))

    em.call(op, store, em.refs((op.dst, op.values, op.indices)))


@meaning("ttg.local_atomic_scatter_rmw", fresh=True)
def emit_local_atomic_scatter_rmw(em: Emitter, op: Any) -> None:
    """One element after another, in row-major order; elements of the view that are undefined stay so."""
    axis, seen, shape = int(op.axis.value.data), shape_of(op.dst.type), shape_of(op.values.type)
    dtype, what = dtype_of(op.values.type), f"'{op.name}'"
    step = update(RMWOp.of(op.atomic_rmw_op), dtype, wanted=any(True for _ in op.result.uses))

    def rmw(c: Chunk, view: SharedView, values: Any, indices: Any, mask: Any) -> Partial:
        at, full = positions(indices, shape, seen[axis], axis, what), (c.size, *shape)
        lanes = np.ones(full, np.bool_) if mask is None else np.broadcast_to(whole(mask, shape, what, "masks"), full)
        if type(values) is Partial and bool((~spread(values.defined_array(), shape) & lanes).any()):
            raise access.undefined(what, "updates memory by")
        index = list(np.indices(shape))
        index[axis] = at
        flat = np.broadcast_to(np.ravel_multi_index(np.broadcast_arrays(*index), seen), full)
        chosen = (flat + np.arange(c.size).reshape(-1, *(1,) * len(shape)) * prod(seen))[lanes]
        old = view.read()
        known = np.broadcast_to(
            spread(old.defined_array(), seen) if type(old) is Partial else np.True_, (c.size, *seen)
        )
        cells = np.array(access.dtype_out(np.broadcast_to(spread(old, seen), known.shape), dtype), order="C")
        given = access.dtype_out(np.broadcast_to(spread(values, shape), full), dtype)
        found = step(cells.reshape(-1), chosen, given[lanes]) if len(chosen) else None
        view.write(Partial(access.dtype_in(cells, dtype), known))
        out = np.zeros(full, dtype.storage)
        if found is not None:
            out[lanes] = found.view(dtype.storage)
        there = known.reshape(-1)[flat + np.arange(c.size).reshape(-1, *(1,) * len(shape)) * prod(seen)]
        return Partial(access.dtype_in(out, dtype), lanes & there)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, rmw, f"c, {em.refs((op.dst, op.values, op.indices))}, {mask}")


# Code that a pipeline masks


@meaning("ttg.mask")
def emit_mask(em: Emitter, op: Any) -> None:
    """A branch whose other side gives nothing that is defined."""
    kinds = [Kind(result.type) for result in op.result]
    emit_branch(em, op, lambda c: [undefined_of(kind) for kind in kinds])


# Views


@meaning("ttg.memdesc_index")
def emit_memdesc_index(em: Emitter, op: Any) -> None:
    what = f"'{op.name}'"

    def index(view: SharedView, number: Any) -> SharedView:
        return view.index(number, what)

    em.call(op, index, em.refs((op.src, op.index)))


@meaning("ttg.memdesc_subslice")
def emit_memdesc_subslice(em: Emitter, op: Any) -> None:
    offsets = [int(n) for n in op.offsets.get_values()]
    cut = tuple(slice(o, o + n) for o, n in zip(offsets, shape_of(op.result.type), strict=True))

    def part(view: SharedView) -> SharedView:
        return view.seen(lambda array, lead: array[(slice(None),) * lead + cut])

    em.call(op, part, em.ref(op.src))


@meaning("ttg.memdesc_trans")
def emit_memdesc_trans(em: Emitter, op: Any) -> None:
    order = [int(n) for n in op.order.get_values()]

    def turned(view: SharedView) -> SharedView:
        return view.seen(lambda array, lead: array.transpose(*range(lead), *(lead + n for n in order)))

    em.call(op, turned, em.ref(op.src))


@meaning("ttg.memdesc_reshape")
def emit_memdesc_reshape(em: Emitter, op: Any) -> None:
    shape = shape_of(op.result.type)

    def reshaped(view: SharedView) -> SharedView:
        try:
            return view.seen(lambda array, lead: array.reshape(*array.shape[:lead], *shape, copy=False))
        except ValueError:
            raise UnsupportedError(
                f"'{op.name}' of a part of a buffer cannot be run yet", rule=RULE, places=places_of(op)
            ) from None

    em.call(op, reshaped, em.ref(op.src))


@meaning("ttg.memdesc_reinterpret")
def emit_memdesc_reinterpret(em: Emitter, op: Any) -> None:
    source, result = op.src.type, op.result.type
    if source != result:
        raise UnsupportedError(
            f"'{op.name}' from {source} to {result} cannot be run yet", rule=RULE, places=places_of(op)
        )
    em.line(f"{em.define(op.result)} = {em.ref(op.src)}", op)


# Copies while the program runs


@meaning("ttg.async_copy_global_to_local", fresh=True)
def emit_async_copy(em: Emitter, op: Any) -> None:
    """cp.async fills masked lanes with zero, whatever `other` is (PTX ISA, cp.async: ignore-src)."""
    dtype, shape = dtype_of(op.result.type), shape_of(op.src.type)
    zero = np.zeros((1,) * (len(shape) + 1), dtype.carrier)
    what = f"'{op.name}'"

    def copy(c: Chunk, pointer: Any, view: SharedView, mask: Any) -> Token:
        read = access.load(c.memory, pointer, mask, zero, dtype, shape, c.size, what)
        begin(c, read if type(read) is Partial else spread(read, shape), view)
        return Token()

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, copy, f"c, {em.refs((op.src, op.result))}, {mask}", "async_copy")


@meaning("ttg.async_commit_group")
def emit_async_commit_group(em: Emitter, op: Any) -> None:
    def group(c: Chunk) -> Token:
        commit(c)
        return Token()

    em.call(op, group, "c")


@meaning("ttg.async_wait")
def emit_async_wait(em: Emitter, op: Any) -> None:
    pending = int(op.num.value.data)

    def wait_for(c: Chunk) -> Token:
        wait(c, pending)
        return Token()

    em.call(op, wait_for, "c")


# What a thread asks for


@meaning("ttg.warp_id", "ttg.inline_asm", "ttg.warp_specialize")
def emit_of_one_thread(em: Emitter, op: Any) -> None:
    raise UnsupportedError(
        f"'{op.name}' cannot be run: it differs between the threads of a program",
        rule="a program runs as one here, on whole tensors, and not thread by thread",
        places=places_of(op),
    )
