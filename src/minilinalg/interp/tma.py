"""TMA: copies of whole blocks between shared and global memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from minilinalg.errors import UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor, as_block, padding
from minilinalg.interp.dtypes import dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import known
from minilinalg.interp.mbarrier import advance, of_programs
from minilinalg.interp.meanings import meaning
from minilinalg.interp.shared_memory import SharedView, begin_at
from minilinalg.interp.tensor_maps import InMemory, descriptor_of
from minilinalg.interp.values import spread, take
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
    dtype, shape, block = dtype_of(op.result.type), shape_of(op.result.type), tuple(op.desc.type.get_shape())
    nbytes = prod(shape) * dtype.itemsize
    what = f"'{op.name}'"

    def copy(
        c: Chunk,
        desc: Descriptor | InMemory,
        origin: Sequence[Any],
        to: SharedView,
        barrier: SharedView,
        predicate: Any,
    ) -> None:
        programs = of_programs(predicate, what)
        if programs is not None:
            if not len(programs):
                return
            c, origin = c.take(programs), [take(n, programs) for n in origin]
            desc, to = desc.take_programs(programs), to.take_programs(programs)
            barrier = barrier.take_programs(programs)
        source = descriptor_of(c, desc)
        start = [known(n, what, "computes an address from") for n in origin]
        pointer, inside = source.tile(start, block, dtype.itemsize, what, stores=False)
        read = spread(
            access.load(c.memory, pointer, inside, padding(source.nan, dtype), dtype, block, c.size, what), block
        )
        begin_at(c, read.reshape(len(read), *shape), to, barrier)
        advance(barrier, 0, -nbytes, what)

    em.call(
        op,
        copy,
        f"c, {em.ref(op.desc)}, [{em.refs(op.coord)}], {em.refs((op.result, op.barrier, op.pred))}",
        "tma_load",
    )


@meaning("ttng.async_tma_copy_local_to_global")
def emit_local_to_global(em: Emitter, op: Any) -> None:
    dtype, shape, block = dtype_of(op.src.type), shape_of(op.src.type), tuple(op.desc.type.get_shape())
    what = f"'{op.name}'"

    def copy(c: Chunk, desc: Descriptor | InMemory, origin: Sequence[Any], view: SharedView) -> None:
        start = [known(n, what, "computes an address from") for n in origin]
        pointer, inside = descriptor_of(c, desc).tile(start, block, dtype.itemsize, what, stores=True)
        value = view.read() if block == shape else as_block(view.read(), shape, block)
        access.store(c.memory, pointer, value, inside, dtype, block, c.size, what)

    em.call(op, copy, f"c, {em.ref(op.desc)}, [{em.refs(op.coord)}], {em.ref(op.src)}", "tma_store")
