"""Narrow floats that are only moved: they stay as memory holds them, and are not widened to be narrowed again.

What loads them decides so when it is compiled, from what uses them; those users take both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.ir import SSAValue

from minilinalg.interp.dtypes import Array, DType, dtype_of
from minilinalg.interp.values import spread

MOVERS: dict[str, tuple[int, ...]] = {
    "simt.store_global": (1,),
    "simt.store_shared": (1,),
    "simt.stmatrix": (1,),
    "simt.mma_sync": (0, 1),
}
"""The operations that take elements as memory holds them, and in which operands."""


def stays_stored(value: SSAValue) -> bool:
    """Whether the elements of `value` are only moved, or widened by what takes them."""
    return dtype_of(value.type).is_narrow and all(
        use.index in MOVERS.get(use.operation.name, ())
        or (use.operation.name == "vector.shuffle" and stays_stored(use.operation.results[0]))
        for use in value.uses
    )


def as_stored(value: Any, dtype: DType, shape: tuple[int, ...]) -> Array:
    """A tensor in any form as (L, *shape) in the type that memory holds."""
    array = spread(value, shape)
    return array if array.dtype == dtype.storage else array.astype(dtype.storage)


def movable(array: Array) -> Array:
    """The same bytes as integers, which NumPy moves faster than floats that it does not know."""
    return array.view(np.dtype(f"u{array.itemsize}")) if array.dtype.kind == "V" else array
