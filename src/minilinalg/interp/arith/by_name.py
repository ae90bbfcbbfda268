"""The function over arrays that an arith or math operation stands for, found by its name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.errors import UnsupportedError
from minilinalg.interp import math
from minilinalg.interp.arith.casts import FLOAT_CASTS, INT_CASTS, bitcast, float_cast, int_cast
from minilinalg.interp.arith.comparisons import PREDICATES, compare_floats, compare_ints
from minilinalg.interp.arith.floats import FLOAT_BINARY, float_binary
from minilinalg.interp.arith.integers import INT_BINARY, UNSIGNED_BINARY, int_binary
from minilinalg.interp.dtypes import DType
from minilinalg.interp.lifting import Function, where
from minilinalg.locations import places_of


def clamp(x: Any, low: Any, high: Any) -> Any:
    """math.clampf: a NaN becomes `low`."""
    return np.fmin(np.fmax(x, low), high)


def array_function(
    name: str,
    sources: Sequence[DType],
    target: DType,
    predicate: int | None = None,
    op: Operation | None = None,
    rounding: str | None = None,
) -> Function:
    """The arith or math operation `name` over arrays in their carriers; Python ints may stand for integer operands.

    sources, target: the element types. predicate: of a comparison; rounding: of a conversion. Raises UnsupportedError
    for an unknown name.
    """
    if name in FLOAT_BINARY:
        return partial(float_binary(name, target), reuse=0)
    if name in INT_BINARY or name in UNSIGNED_BINARY:
        return int_binary(name, target)
    if name in math.UNARY:
        return partial(math.float_unary(name, target), reuse=0)
    if name in math.TESTS:
        return math.TESTS[name]
    if name in math.BITS:
        return math.count_bits(name, target)
    if name in INT_CASTS:
        return int_cast(name, sources[0], target, False)
    match name:
        case "arith.cmpi" if predicate is not None:
            return compare_ints(PREDICATES[predicate], sources[0])
        case "arith.cmpf" if predicate is not None:
            return compare_floats(predicate)
        case "arith.select":
            return where
        case "arith.negf":
            return np.negative
        case "arith.bitcast":
            return bitcast(sources[0], target)
        case "math.fma":
            return math.fma(target)
        case "math.absi":
            return np.abs
        case "math.clampf":
            return clamp
        case _ if name in FLOAT_CASTS:
            return float_cast(name, sources[0], target, rounding)
        case _:
            raise UnsupportedError(
                f"'{name}' on arrays cannot be run yet",
                rule="every instruction that runs needs a meaning in interp/",
                places=() if op is None else places_of(op),
            )
