"""linalg_ext.scan: on tensors and memrefs, by doubling (reduction.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, dtype_of
from minilinalg.interp.elements import element_region
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import numpy_combiner, scan_with, single_combiner
from minilinalg.interp.structured import Operand, deliver
from minilinalg.interp.values import spread
from minilinalg.interp.views import Sized


@meaning("linalg_ext.scan")
def emit_scan(em: Emitter, op: Any) -> None:
    ins, outs = list(op.inputs), list(op.outputs)
    axis, reverse = op.scanned + 1, op.reverse is not None
    operands = [Operand.of(v) for v in ins]
    dtype = dtype_of(ins[0].type)
    ufunc = numpy_combiner(single_combiner(op.body.block), dtype)
    what = f"'{op.name}'"
    name, outer, bind = element_region(em, op.body)

    def turned(x: Array) -> Array:
        return np.flip(x, axis) if reverse else x

    def compute(c: Chunk, region: Callable[..., Any], captured: Sequence[Any], *given: Any) -> Sequence[Sized]:
        sized = [o.sized(v, c, what) for o, v in zip(operands, given, strict=True)]
        sizes = sized[0].sizes
        if any(s.defined is not None and not s.defined.all() for s in sized):
            raise access.undefined(what, "scans over")
        if any(not isinstance(n, int) for n in sizes):
            raise access.undefined(what, "scans a size of its own in every program over")
        arrays = [turned(spread(s.data, tuple(int(n) for n in sizes))) for s in sized]
        if ufunc is not None:
            found = [ufunc.accumulate(arrays[0], axis=axis, dtype=dtype.carrier)]
        else:
            lead = max(len(a) for a in arrays)
            arrays = [np.broadcast_to(a, (lead, *a.shape[1:])) for a in arrays]
            found = scan_with(bind(region, captured, what), c, arrays, axis)
        return [Sized(turned(x), sizes) for x in found]

    deliver(em, op, outs, compute, f"{name}, [{', '.join(outer)}], {em.refs(ins)}")
