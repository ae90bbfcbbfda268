"""What depends on constants alone, computed while a function is compiled: where threads lie in a layout, above all.

Thread numbers go through shifts, ands and xors when layouts are computed. Whatever the way, what comes out is written
out once; an integer vector that is a number of the thread plus one of the register becomes affine again, so that what
is added to it later stays an offset, and an access keeps one pattern for all blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.interp.dtypes import I1, Array, DType, dtype_of, is_array, shape_of
from minilinalg.interp.values import Affine, Partial, Term, spread

FOLDED = ("arith", "math", "vector")
"""The dialects whose operations only compute."""


def folded(op: Operation, fn: Any, values: Sequence[Any]) -> list[Any] | None:
    """The results of `op`, which `fn` computes, on constants; None when it does more than compute."""
    if op.name.partition(".")[0] not in FOLDED or any(type(v) is Partial for v in values):
        return None
    with np.errstate(all="ignore"):
        found = fn(*values)
    results = [found] if len(op.results) == 1 else list(found)
    return [kept(value, result.type) for value, result in zip(results, op.results, strict=True)]


def kept(value: Any, type_: Any) -> Any:
    """A constant of a type in the form in which it is of most use."""
    if not is_array(value):
        return value
    dtype, shape = dtype_of(type_), shape_of(type_)
    if dtype.kind == "int" and dtype is not I1 and shape and len(value) == 1:
        found = raised(value, shape, dtype)
        if found is not None:
            return found
    # Nothing may take it over in place.
    view = value.view()
    view.flags.writeable = False
    return view


def raised(value: Array, shape: tuple[int, ...], dtype: DType) -> Affine | None:
    """(1, threads, registers) numbers as an affine tensor, when each is a sum of a term of either; else None."""
    if len(shape) != 2:
        return None
    full = spread(value, shape)[0].astype(np.int64)
    first = int(full[0, 0])
    down, right = full[:, 0] - first, full[0] - first
    if not bool((full == down[:, None] + right + first).all()):
        return None
    return Affine(first, (_term(down), _term(right)), shape, dtype)


def _term(vector: Array) -> Term:
    """What one dimension adds: a stride where it is even."""
    step = int(vector[1]) if len(vector) > 1 else 0
    if bool((vector == np.arange(len(vector)) * step).all()):
        return step
    return vector[None]
