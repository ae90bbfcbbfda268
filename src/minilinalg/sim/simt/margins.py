"""What a bulk store leaves beside its tensor: it copies 16 bytes of a line at a time, inside of which that may end.

Behind the end then stands what shared memory holds there; for a tile that was loaded, what the load filled up with.
Measured on an H200 (`test_maps_that_a_block_makes` of tests/test_gpu.py). What is nobody's is written. Elements of an
argument are lost, which stops a run that is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.dialects.simt.bulk_copy import GRANULE
from minilinalg.errors import TileError
from minilinalg.interp.access import dtype_out, lanes_of
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor
from minilinalg.interp.dtypes import Array, DType
from minilinalg.interp.values import Partial, written_out
from minilinalg.locations import places_of


class Margins:
    """Writes them in one run. stops: whether it stops where elements of an argument would change. writes: whether what
    is nobody's is written."""

    def __init__(self, *, stops: bool, writes: bool):
        self.stops, self.writes = stops, writes

    def stored(
        self,
        c: Chunk,
        op: Operation,
        tensor: Descriptor,
        origin: Sequence[Any],
        box: tuple[int, ...],
        value: Any,
        dtype: DType,
    ) -> None:
        """The blocks have stored boxes of elements, (L, *box) in their carrier. Raises TileError."""
        parts = max(GRANULE // dtype.itemsize, 1)
        end = tensor.shape[-1]
        reach = -(-end // parts) * parts
        if np.all(reach == end):
            return
        what, full = f"'{op.name}'", (c.size, *box)
        whole = Descriptor(tensor.base, (*tensor.shape[:-1], reach), tensor.strides, tensor.nan)
        (pointer, reached), (_, inside) = whole.block(origin, box), tensor.block(origin, box)
        beside = written_out(reached) & ~written_out(inside)
        if not beside.any():
            return
        at_each, active = lanes_of(pointer, beside, box, what)
        assert active is not None
        addresses: Array = np.broadcast_to(at_each, full)
        lanes: Array = np.broadcast_to(active, full)
        data = value.data if isinstance(value, Partial) else written_out(value)
        words = np.broadcast_to(dtype_out(np.asarray(data, dtype.carrier), dtype), full)
        for segment in c.memory.segments:
            here = lanes & (addresses >= segment.address) & (addresses + dtype.itemsize <= segment.end)
            if not here.any():
                continue
            places, found = addresses[here] - segment.address, words[here]
            at = places // dtype.itemsize
            free = segment.free
            lost = ~_same(c.memory.typed(segment, dtype.storage)[at], found)
            if free is not None:
                lost &= ~free[places]
            if self.stops and lost.any():
                byte = int(places[int(lost.argmax())])
                raise TileError(
                    f"{what} writes byte {byte} of argument '{', '.join(segment.names)}', which is beside the tensor",
                    rule=f"a tile is stored in whole {GRANULE} bytes of a line: up to {GRANULE - dtype.itemsize} bytes "
                    "behind the end of the tensor are lost, where it ends inside of them",
                    hint=f"a tensor whose lines are a multiple of {parts} elements long, or have nothing behind them",
                    places=places_of(op),
                )
            if self.writes:
                low, high = int(places.min()), int(places.max()) + dtype.itemsize
                c.memory.segment(segment.address + low, segment.address + high, what, write=True)
                c.memory.typed(segment, dtype.storage)[at] = found
                c.memory.changes += 1


def _same(a: Array, b: Array) -> Array:
    """Which elements have the same bits."""
    bits = np.dtype(f"u{a.dtype.itemsize}")
    return np.asarray(np.ascontiguousarray(a).view(bits) == np.ascontiguousarray(b).view(bits))
