"""How an array gets its content: seeded, so that a launch is the same every time it is made.

`init = "uniform(-1, 1)"` with `seed = 7` is `numpy.random.default_rng(7).uniform(-1, 1, shape)`, rounded to the dtype.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minilinalg.errors import near_name
from minilinalg.interp.dtypes import BY_NAME, INDEX, PTR, Array, DType
from minilinalg.launch.arithmetic import ExpressionError, Number

Shape: TypeAlias = tuple[int, ...]

DTYPES: Mapping[str, DType] = {name: dtype for name, dtype in BY_NAME.items() if dtype not in (INDEX, PTR)}
"""What an array may hold, under the names of the IR."""


class Initialiser(NamedTuple):
    """fill(random, shape, *numbers): float64 or int64 values. parameters: the numbers, None for one that must be given.

    floats: makes values that are no whole numbers, so that an integer array cannot have it.
    """

    signature: str
    parameters: tuple[Number | None, ...]
    fill: Callable[..., Any]
    floats: bool = False


def _zeros(random: np.random.Generator, shape: Shape) -> Array:
    return np.zeros(shape, np.int64)


def _ones(random: np.random.Generator, shape: Shape) -> Array:
    return np.ones(shape, np.int64)


def _constant(random: np.random.Generator, shape: Shape, value: Number) -> Array:
    return np.full(shape, value)


def _arange(random: np.random.Generator, shape: Shape, start: Number, step: Number) -> Array:
    return np.arange(int(np.prod(shape))).reshape(shape) * step + start


def _normal(random: np.random.Generator, shape: Shape, mean: Number, deviation: Number) -> Array:
    return np.asarray(random.normal(mean, deviation, shape))


def _uniform(random: np.random.Generator, shape: Shape, low: Number, high: Number) -> Array:
    return np.asarray(random.uniform(low, high, shape))


def _integers(random: np.random.Generator, shape: Shape, low: Number, high: Number) -> Array:
    return np.asarray(random.integers(int(low), int(high), shape))


INITIALISERS: Mapping[str, Initialiser] = {
    "zeros": Initialiser("zeros", (), _zeros),
    "ones": Initialiser("ones", (), _ones),
    "constant": Initialiser("constant(value)", (None,), _constant),
    "arange": Initialiser("arange(start = 0, step = 1)", (0, 1), _arange),
    "integers": Initialiser("integers(low, high): low <= x < high", (None, None), _integers),
    "normal": Initialiser("normal(mean = 0, deviation = 1)", (0.0, 1.0), _normal, floats=True),
    "uniform": Initialiser("uniform(low = 0, high = 1)", (0.0, 1.0), _uniform, floats=True),
}


class Content(NamedTuple):
    """What an array begins with: the numbers of an initialiser, or `values`.

    nan: the share of the elements that are made NaN.
    """

    initialiser: Initialiser
    numbers: tuple[Number, ...]
    seed: int
    nan: float = 0.0
    values: Any = None

    def array(self, shape: Shape, dtype: DType) -> Array:
        """A fresh array. Raises ExpressionError when its values do not suit the dtype, or it is too large."""
        random = np.random.default_rng(self.seed)
        try:
            wide = self.initialiser.fill(random, shape, *self.numbers) if self.values is None else self.values
            wide = np.array(np.broadcast_to(wide, shape))
            if self.nan:
                wide = np.where(random.random(shape) < self.nan, np.nan, wide)
            return rounded(wide, dtype)
        except (MemoryError, ValueError) as error:
            if isinstance(error, ValueError) and "too big" not in str(error):
                raise ExpressionError(
                    f"{self.initialiser.signature.partition('(')[0]} cannot be made: {error}",
                    f"it is called as {self.initialiser.signature}",
                ) from None
            extents = "x".join(map(str, shape))
            raise ExpressionError(
                f"an array of {extents} {dtype.name} does not fit into memory", "arrays live in this computer's memory"
            ) from None


def initialiser(name: str, numbers: Sequence[Number], dtype: DType) -> tuple[Initialiser, tuple[Number, ...]]:
    """The initialiser called `name` with all its numbers. Raises ExpressionError."""
    found = INITIALISERS.get(name)
    if found is None:
        known = "; ".join(i.signature for i in INITIALISERS.values())
        raise ExpressionError(
            f"unknown initialiser '{name}'",
            f"an initialiser is one of: {known}",
            length=len(name),
            hint=near_name(name, INITIALISERS),
        )
    least = sum(default is None for default in found.parameters)
    if not least <= len(numbers) <= len(found.parameters):
        raise ExpressionError(
            f"'{name}' is given {len(numbers)} numbers", f"it is called as {found.signature}", length=len(name)
        )
    if found.floats and not dtype.is_float:
        raise ExpressionError(
            f"'{name}' makes fractions, and the array holds {dtype.name}",
            "an integer array is made by zeros, ones, constant, arange or integers",
            length=len(name),
        )
    given = [*numbers, *found.parameters[len(numbers) :]]
    return found, tuple(n for n in given if n is not None)


def default_seed(name: str) -> int:
    """The seed of an array that gives none: arrays of different names differ, and each is the same every time."""
    return zlib.crc32(name.encode())


def rounded(wide: Array, dtype: DType) -> Array:
    """Values as an array of `dtype`: floats rounded once, integers unchanged. Raises ExpressionError for an integer
    array with a value that it cannot hold."""
    if dtype.is_float:
        with np.errstate(all="ignore"):
            return np.asarray(dtype.round(wide.astype(np.float64))).astype(dtype.storage)
    low, high = (0, 1) if dtype.bits == 1 else (-(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1)
    if wide.size:
        for value in (wide.min(), wide.max()):
            if not low <= value <= high or value != int(value):
                raise ExpressionError(
                    f"the array has the value {value}", f"{dtype.name} holds whole numbers from {low} to {high}"
                )
    return wide.astype(dtype.storage)
