"""arith on floats: IEEE, rounded to the type of the operation."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import DType, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import Function, by_rank, fits_in, lift, rank_of, where
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial


@cache
def float_binary(name: str, dtype: DType) -> Function:
    """fn(a, b, reuse): `reuse` has bit 0 set when the result may be written over a, bit 1 for b."""
    ufunc = FLOAT_BINARY[name]
    is_ufunc = isinstance(ufunc, np.ufunc)
    narrow = dtype.is_narrow

    def plain(a: Any, b: Any) -> Any:
        result = ufunc(a, b)
        return dtype.round(result) if narrow else result

    slow = lift(plain)

    def fast(a: Any, b: Any, reuse: int) -> Any:
        if type(a) is Partial or type(b) is Partial:
            return slow(a, b)
        if narrow or not reuse or not is_ufunc:
            return plain(a, b)
        if reuse & 1 and type(a) is np.ndarray and fits_in(a, b):
            return ufunc(a, b, a)
        if reuse & 2 and type(b) is np.ndarray and fits_in(b, a):
            return ufunc(a, b, b)
        return ufunc(a, b)

    return fast


def maximumf(a: Any, b: Any) -> Any:
    """IEEE 754-2019 maximum: NaN wins, and -0 < +0 (which NumPy's maximum leaves open)."""
    result = np.maximum(a, b)
    both = (a == 0) & (b == 0)
    return where(both, a + b, result) if np.any(both) else result


def minimumf(a: Any, b: Any) -> Any:
    """IEEE 754-2019 minimum: NaN wins, and -0 < +0."""
    result = np.minimum(a, b)
    both = (a == 0) & (b == 0)
    return where(both, -((-a) + (-b)), result) if np.any(both) else result


FLOAT_BINARY: dict[str, Any] = {
    "arith.addf": np.add,
    "arith.subf": np.subtract,
    "arith.mulf": np.multiply,
    "arith.divf": np.divide,
    "arith.remf": np.fmod,
    "arith.maximumf": maximumf,
    "arith.minimumf": minimumf,
    "arith.maxnumf": np.fmax,
    "arith.minnumf": np.fmin,
    "tt.precise_divf": np.divide,
    "tt.approx_divf": np.divide,
    "math.copysign": np.copysign,
    "math.atan2": np.arctan2,
    "math.powf": np.power,
}


@meaning(*FLOAT_BINARY, fresh=True)
def emit_float_binary(em: Emitter, op: Any) -> None:
    fn = float_binary(op.name, dtype_of(op.results[0].type))
    if rank_of(op.results[0].type) is None:
        em.call(op, by_rank(op, partial(fn, reuse=0)), em.refs(op.operands))
        return
    reuse = int(em.may_reuse(op, 0)) | int(em.may_reuse(op, 1)) << 1
    em.call(op, fn, f"{em.refs(op.operands)}, {reuse}")


@meaning("arith.negf", fresh=True)
def emit_negf(em: Emitter, op: Any) -> None:
    em.call(op, by_rank(op, np.negative), em.refs(op.operands))
