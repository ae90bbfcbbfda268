"""tt.map_elementwise: a region of scalars for each group of neighbouring elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import dtype_of, shape_of
from minilinalg.interp.elements import element_region
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import whole


@meaning("tt.map_elementwise", fresh=True)
def emit_map_elementwise(em: Emitter, op: Any) -> None:
    """The region takes `pack` elements of the first operand, then of the second; groups are in row-major order."""
    pack = int(op.pack.value.data)
    shape = shape_of(op.operands[0].type)
    groups = int(np.prod(shape)) // pack
    dtypes = [dtype_of(r.type) for r in op.results]
    name, outer, bind = element_region(em, op.regions[0])
    what = f"'{op.name}'"

    def run(region: Callable[..., Any], c: Chunk, outer_values: Sequence[Any], *operands: Any) -> Any:
        arrays = [whole(o, shape, what, "maps") for o in operands]
        lead = max(len(a) for a in arrays)
        packed = [np.broadcast_to(a, (lead, *shape)).reshape(lead, groups, pack) for a in arrays]
        found = bind(region, outer_values, what)(c, *(p[:, :, i] for p in packed for i in range(pack)))
        lead = max(lead, *(len(x) for x in found if x.ndim))
        results = tuple(
            np.stack([np.broadcast_to(x, (lead, groups)) for x in found[i * pack : (i + 1) * pack]], axis=-1)
            .reshape(lead, *shape)
            .astype(dtype.carrier, copy=False)
            for i, dtype in enumerate(dtypes)
        )
        return results[0] if len(results) == 1 else results

    em.call(op, run, f"{name}, c, [{', '.join(outer)}], {em.refs(op.operands)}", "map")
