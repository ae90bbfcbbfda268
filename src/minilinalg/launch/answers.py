"""What a launch left, held against what the reference says should be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minilinalg.errors import CheckError, Diagnostic, Place
from minilinalg.interp.dtypes import Array, DType

_DEFAULT_EPSILONS = 4
"""The default tolerance, in units of the last place of the array's dtype."""


@dataclass(frozen=True)
class Tolerance:
    """How far an answer may be from its reference: |answer - reference| <= absolute + relative * |reference|.

    None is the default. For floats it comes from the dtype, whose epsilon is the distance from 1 to the next number:
    relative is 4 epsilon, absolute is 4 epsilon times the largest finite magnitude of the reference, because rounding
    errors of sums are as large as what was summed. For integers both are 0.
    """

    relative: float | None = None
    absolute: float | None = None

    def of(self, reference: Array, dtype: DType) -> tuple[float, float]:
        """The two numbers, for a reference of that dtype."""
        epsilons = _DEFAULT_EPSILONS * epsilon(dtype)
        relative = epsilons if self.relative is None else self.relative
        if self.absolute is not None or not epsilons:
            return relative, self.absolute or 0.0
        magnitudes = np.abs(reference.astype(np.float64))
        return relative, epsilons * float(np.max(magnitudes[np.isfinite(magnitudes)], initial=0.0))


def epsilon(dtype: DType) -> float:
    """The distance from 1 to the next number of a float dtype; 0 for integers."""
    if not dtype.is_float:
        return 0.0
    # The bits of a float count up as the float does.
    one = np.ones(1, dtype.storage).view(f"u{dtype.itemsize}")
    return float((one + 1).astype(one.dtype).view(dtype.storage).astype(np.float64)[0]) - 1.0


@dataclass(frozen=True)
class Expectation:
    """What an array should hold, how exactly, and where that is said."""

    array: Array
    tolerance: Tolerance
    place: Place


@dataclass(frozen=True)
class Mismatch:
    """The first element that is further from the reference than the tolerance allows, and how many there are.

    index: None when the shapes differ.
    """

    index: tuple[int, ...] | None
    found: Any
    wanted: Any
    count: int
    place: Place


@dataclass(frozen=True)
class Answer:
    """One array after a run. The errors and tolerances are None when it has no reference."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    changed: bool
    has_reference: bool
    max_absolute_error: float | None = None
    max_relative_error: float | None = None
    relative_tolerance: float | None = None
    absolute_tolerance: float | None = None
    mismatch: Mismatch | None = None

    @property
    def ok(self) -> bool:
        """Whether it is as the reference says, or there is none."""
        return self.mismatch is None

    def error(self) -> CheckError:
        """The error of a wrong answer: exit code 3."""
        m = self.mismatch
        assert m is not None
        if m.index is None:
            found = f"'{self.name}' has shape {m.found}, and its reference {m.wanted}"
            return CheckError(Diagnostic(found, "a result has the shape of its reference", places=(m.place,)))
        at = f"{self.name}[{', '.join(map(str, m.index))}]" if m.index else self.name
        size = int(np.prod(self.shape))
        rule = "integers are exactly the reference's"
        if self.relative_tolerance or self.absolute_tolerance:
            bound = f"{self.relative_tolerance:.3g} * |reference| + {self.absolute_tolerance:.3g}"
            rule = f"an answer is within {bound} of the reference; [tolerance] sets other bounds"
        found = f"{at} is {m.found}, and the reference says {m.wanted} ({m.count} of {size} elements are wrong)"
        return CheckError(Diagnostic(found, rule, places=(m.place,)))


def compare(name: str, dtype: DType, array: Array, expected: Expectation | None, changed: bool) -> Answer:
    """The answer that `array` is."""
    if expected is None:
        return Answer(name, dtype.name, array.shape, changed, False)
    want = expected.array
    relative, absolute = expected.tolerance.of(want, dtype)
    if array.shape != want.shape:
        mismatch = Mismatch(None, list(array.shape), list(want.shape), array.size, expected.place)
        return Answer(name, dtype.name, array.shape, changed, True, None, None, relative, absolute, mismatch)
    got64, want64 = array.astype(np.float64), want.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs(got64 - want64)
        near = error <= absolute + relative * np.abs(want64)
        # An infinity is near itself only; and doubles cannot tell all 64-bit integers apart.
        same = (got64 == want64) if dtype.is_float else (array == want)
        right = same | (np.isnan(got64) & np.isnan(want64)) | (near & np.isfinite(want64) & (relative + absolute > 0))
        both = np.isfinite(error)
        max_absolute = float(np.max(error[both], initial=0.0))
        nonzero = both & (want64 != 0)
        max_relative = float(np.max(error[nonzero] / np.abs(want64[nonzero]), initial=0.0))
    mismatch = None
    if not right.all():
        index = tuple(int(i) for i in np.unravel_index(int(np.argmin(right)), right.shape))
        count = int(np.count_nonzero(~right))
        mismatch = Mismatch(index, array[index].item(), want[index].item(), count, expected.place)
    return Answer(
        name, dtype.name, array.shape, changed, True, max_absolute, max_relative, relative, absolute, mismatch
    )
