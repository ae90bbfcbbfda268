"""tt.gather and tt.histogram: tensors indexed by tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.access import undefined
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import whole
from minilinalg.interp.values import Partial, spread


def positions(indices: Any, shape: tuple[int, ...], size: int, axis: int, what: str) -> Array:
    """Indices along dimension `axis` of that size, in full and as int64. Raises RunError for one out of bounds."""
    found = whole(indices, shape, what, "uses as an index").astype(np.int64, copy=False)
    low, high = int(found.min()), int(found.max())
    if low < 0 or high >= size:
        raise RunError(
            f"{what} takes element {low if low < 0 else high} of dimension {axis}, which has {size}",
            rule="indices are from 0 to below the size of the dimension",
        )
    return found


def gather_along(
    axis: int, source: tuple[int, ...], shape: tuple[int, ...], what: str
) -> Callable[[Any, Any], Array | Partial]:
    """What takes elements of a tensor of shape `source` at indices of `shape` along a dimension."""

    def along_axis(x: Array, i: Array) -> Array:
        lead = max(len(x), len(i))
        return np.take_along_axis(*(np.broadcast_to(a, (lead, *a.shape[1:])) for a in (x, i)), axis=axis + 1)

    def gather(x: Any, indices: Any) -> Array | Partial:
        i = positions(indices, shape, source[axis], axis, what)
        if type(x) is Partial:
            return Partial(along_axis(spread(x, source), i), along_axis(spread(x.defined_array(), source), i))
        return along_axis(spread(x, source), i)

    return gather


@meaning("tt.gather", fresh=True)
def emit_gather(em: Emitter, op: Any) -> None:
    gather = gather_along(int(op.axis.value.data), shape_of(op.src.type), shape_of(op.indices.type), f"'{op.name}'")
    em.call(op, gather, em.refs((op.src, op.indices)))


@meaning("tt.histogram", fresh=True)
def emit_histogram(em: Emitter, op: Any) -> None:
    shape, bins = shape_of(op.src.type), shape_of(op.results[0].type)[0]
    dtype = dtype_of(op.results[0].type)
    what = f"'{op.name}'"

    def histogram(x: Any, mask: Any) -> Array:
        counted = None if mask is None else whole(mask, shape, what, "uses as a mask")
        if type(x) is Partial and counted is not None:
            if bool((counted & ~x.defined_array()).any()):
                raise undefined(what, "counts")
            x = x.data
        numbers = whole(x, shape, what, "counts")
        lead = len(numbers) if counted is None else max(len(numbers), len(counted))
        numbers = np.broadcast_to(numbers, (lead, *shape)).reshape(lead, -1).astype(np.int64)
        rows = numbers + np.arange(lead)[:, None] * bins
        if counted is not None:
            chosen = np.broadcast_to(counted, (lead, *shape)).reshape(lead, -1)
            numbers, rows = numbers[chosen], rows[chosen]
        if numbers.size and (int(numbers.min()) < 0 or int(numbers.max()) >= bins):
            wrong = next(n for n in (int(numbers.min()), int(numbers.max())) if not 0 <= n < bins)
            raise RunError(f"{what} counts {wrong} and has {bins} bins", rule=f"elements are from 0 to {bins - 1}")
        return np.bincount(rows.reshape(-1), minlength=lead * bins).reshape(lead, bins).astype(dtype.carrier)

    mask = "None" if op.mask is None else em.ref(op.mask)
    em.call(op, histogram, f"{em.ref(op.src)}, {mask}")
