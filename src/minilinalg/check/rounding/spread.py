"""What is known of a float value while a module runs: all its finite elements, in all programs, in six numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import ml_dtypes
import numpy as np
from xdsl.ir import SSAValue

from minilinalg.errors import UnsupportedError
from minilinalg.interp.dtypes import Array, DType, dtype_of
from minilinalg.interp.values import written_out
from minilinalg.interp.views import Sized


@dataclass(frozen=True)
class Spread:
    """low, high: between what the elements lie. least: the least magnitude of one that is not zero.

    quantum: a power of two of which every element is a whole multiple; 0.0 when none is known, inf for zeros alone.
    error, relative: an element x may be error + relative |x| from what exact arithmetic gives; inf: nothing is known.
    """

    low: float = 0.0
    high: float = 0.0
    least: float = math.inf
    quantum: float = math.inf
    error: float = 0.0
    relative: float = 0.0

    @property
    def magnitude(self) -> float:
        """The greatest magnitude of an element."""
        return max(abs(self.low), abs(self.high))

    @property
    def worst(self) -> float:
        """The largest error of an element."""
        return self.error + (self.relative * self.magnitude if self.relative else 0.0)

    @property
    def is_wrong(self) -> bool:
        """Whether an element may be wrong at all."""
        return bool(self.error or self.relative)

    def wrong_by(self, error: float, relative: float = 0.0) -> Spread:
        """The same elements with other errors."""
        return replace(self, error=error, relative=relative)


UNKNOWN = Spread(-math.inf, math.inf, 0.0, 0.0, math.inf, 0.0)
"""Of a value that nothing is known about."""


def elements(value: Any) -> Array:
    """A value of the engine, a number or a tensor in any form, as float64."""
    return np.asarray(value.data if isinstance(value, Sized) else written_out(value)).astype(np.float64)


def measure(value: Any) -> Spread:
    """The spread of a value of the engine, as if it were exact. NaNs and infinities are left out."""
    array = elements(value)
    is_finite = np.isfinite(array)
    finite = array if is_finite.all() else array[is_finite]
    if not finite.size:
        return Spread()
    sizes = np.abs(finite)
    solid = sizes if sizes.all() else sizes[sizes != 0]
    if not solid.size:
        return Spread()
    return Spread(float(finite.min()), float(finite.max()), float(solid.min()), _quantum(solid))


def _quantum(sizes: Array) -> float:
    """1 for whole numbers, a smaller power of two for such as scales make of them, 0.0 for all else."""
    for quantum in (1.0, 2.0**-12):
        multiples = sizes / quantum
        if (multiples == np.rint(multiples)).all():
            return quantum
    return 0.0


def errors_of(value: Any, spread: Spread) -> Array:
    """The error of each element of a value."""
    array = np.abs(elements(value))
    return spread.error + np.where(np.isfinite(array), array, 0.0) * spread.relative


def fit(value: Any, errors: Any) -> tuple[float, float]:
    """(error, relative) that cover the given error of each element of a value.

    Small elements are covered by the first and large ones by the second; of several places to part them, the one that
    makes both small is taken.
    """
    wrong = elements(errors)
    if not np.any(wrong > 0):
        return 0.0, 0.0
    sizes, wrong = (a.reshape(-1) for a in np.broadcast_arrays(np.abs(elements(value)), wrong))
    known = np.isfinite(sizes) & ~np.isnan(wrong)
    sizes, wrong = sizes[known], wrong[known]
    if not wrong.size:
        return 0.0, 0.0
    best = (float(wrong.max()), 0.0)
    for border in np.quantile(sizes, (0.0, 0.25, 0.5, 0.75)):
        is_large = sizes > border
        error = float(wrong[~is_large].max(initial=0.0))
        relative = float((wrong[is_large] / sizes[is_large]).max(initial=0.0))
        best = min(best, (error, relative), key=sum)
    return best


def together(spreads: Iterable[Spread]) -> Spread:
    """The spread of the elements of several values."""
    all_of = list(spreads)
    if not all_of:
        return Spread()
    return Spread(
        min(s.low for s in all_of),
        max(s.high for s in all_of),
        min(s.least for s in all_of),
        min(s.quantum for s in all_of),
        max(s.error for s in all_of),
        max(s.relative for s in all_of),
    )


def float_of(value: SSAValue) -> DType | None:
    """The type of a float, or of the elements of a tensor or buffer of floats; None for all else."""
    if value.type.name == "tt.tensordesc":
        return None
    try:
        dtype = dtype_of(value.type)
    except UnsupportedError:
        return None
    return dtype if dtype.is_float else None


def is_buffer(value: SSAValue) -> bool:
    """Whether a value is a view of memory."""
    return value.type.name == "memref"


@dataclass(frozen=True)
class Precision:
    """digits: of a significand, in binary. step: the least number above zero."""

    digits: int
    step: float

    def holds(self, magnitude: float, quantum: float) -> bool:
        """Whether every multiple of `quantum` up to `magnitude` is a number of the type."""
        return self.step <= quantum and magnitude <= quantum * 2.0**self.digits


@cache
def precision_of(dtype: DType) -> Precision:
    """The precision of a float type."""
    info = cast(Any, ml_dtypes).finfo(dtype.storage)
    return Precision(int(info.nmant) + 1, float(info.smallest_subnormal))
