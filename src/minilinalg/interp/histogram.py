"""linalg_ext.histogram: counts per bin, on tensors and memrefs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.contraction import combine_two
from minilinalg.interp.dtypes import dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.structured import Operand, deliver
from minilinalg.interp.values import spread
from minilinalg.interp.views import Sized


@meaning("linalg_ext.histogram")
def emit_histogram(em: Emitter, op: Any) -> None:
    operands = [Operand.of(v) for v in op.operands]
    dtype = dtype_of(op.outputs[0].type)
    add = combine_two("arith.addi", dtype)
    what = f"'{op.name}'"

    def compute(c: Chunk, *given: Any) -> Sequence[Sized]:
        *ins, bins = (o.sized(v, c, what) for o, v in zip(operands, given, strict=True))
        mask = ins[1] if len(ins) > 1 else None
        shape = tuple(int(n) for n in ins[0].sizes)
        counts = np.ones((1, *shape), np.bool_) if mask is None else mask.data
        known = np.ones((1, *shape), np.bool_) if ins[0].defined is None else ins[0].defined
        if (mask is not None and mask.defined is not None and not mask.defined.all()) or (counts & ~known).any():
            raise access.undefined(what, "counts")
        lead = max(len(ins[0].data), len(counts), len(bins.data))
        values = np.broadcast_to(spread(ins[0].data, shape), (lead, *shape))
        counts = np.broadcast_to(spread(counts, shape), (lead, *shape))
        size = int(bins.sizes[0])
        outside = counts & ((values < 0) | (values >= size))
        if outside.any():
            raise RunError(
                f"{what} counts {int(values[outside][0])}", rule=f"it has {size} bins, for values from 0 to {size - 1}"
            )
        rows = np.broadcast_to(np.arange(lead).reshape(lead, *([1] * len(shape))), counts.shape)
        found = np.bincount((rows * size + values)[counts].astype(np.int64), minlength=lead * size)
        start = np.broadcast_to(spread(bins.data, (size,)), (lead, size))
        return [Sized(add(start, found.reshape(lead, size).astype(dtype.carrier)), bins.sizes)]

    deliver(em, op, list(op.outputs), compute, em.refs(op.operands))
