"""math: functions of floats, computed in the carrier of their type and rounded to it.

NumPy's float32 and float64 functions are within 4 ulp of the exact value (most within 1); erf and the few others that
NumPy lacks are computed in float64 by Python's math module. fma rounds once.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import F64, Array, DType, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import by_rank, fits_in, lift, rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial


def elementwise(fn: Callable[[float], float]) -> Callable[[Any], Any]:
    """A Python function of one float over arrays, computed in float64 and rounded to the operand's dtype."""
    vectorized = np.vectorize(fn, otypes=[np.float64])

    def over(x: Any) -> Any:
        x = np.asarray(x)
        return np.asarray(vectorized(x.astype(np.float64)) if x.size else x, x.dtype)

    return over


def _rsqrt(x: Any) -> Any:
    return (1.0 / np.sqrt(np.asarray(x).astype(np.float64))).astype(x.dtype)


def round_half_away(x: Any) -> Any:
    """math.round: to the nearest integer, halves away from zero."""
    return np.copysign(np.floor(np.abs(x) + x.dtype.type(0.5)), x)


UNARY: dict[str, Callable[[Any], Any]] = {
    "math.absf": np.abs,
    "math.ceil": np.ceil,
    "math.floor": np.floor,
    "math.trunc": np.trunc,
    "math.round": round_half_away,
    "math.roundeven": np.rint,
    "math.sqrt": np.sqrt,
    "tt.precise_sqrt": np.sqrt,
    "math.rsqrt": _rsqrt,
    "math.cbrt": np.cbrt,
    "math.exp": np.exp,
    "math.exp2": np.exp2,
    "math.expm1": np.expm1,
    "math.log": np.log,
    "math.log2": np.log2,
    "math.log10": np.log10,
    "math.log1p": np.log1p,
    "math.sin": np.sin,
    "math.cos": np.cos,
    "math.tan": np.tan,
    "math.asin": np.arcsin,
    "math.acos": np.arccos,
    "math.atan": np.arctan,
    "math.sinh": np.sinh,
    "math.cosh": np.cosh,
    "math.tanh": np.tanh,
    "math.asinh": np.arcsinh,
    "math.acosh": np.arccosh,
    "math.atanh": np.arctanh,
    "math.erf": elementwise(python_math.erf),
    "math.erfc": elementwise(python_math.erfc),
}


@cache
def float_unary(name: str, dtype: DType) -> Callable[..., Any]:
    """fn(x, reuse): `reuse` says that the result may be written over x."""
    function: Any = UNARY[name]
    narrow = dtype.is_narrow
    is_ufunc = isinstance(function, np.ufunc)

    def plain(x: Any) -> Any:
        result = function(x)
        return dtype.round(result) if narrow else result

    slow = lift(plain)

    def fast(x: Any, reuse: int) -> Any:
        if type(x) is Partial:
            return slow(x)
        if reuse and is_ufunc and not narrow and type(x) is np.ndarray and fits_in(x, None):
            return function(x, x)
        return plain(x)

    return fast


@meaning(*UNARY, fresh=True)
def emit_float_unary(em: Emitter, op: Any) -> None:
    fn = float_unary(op.name, dtype_of(op.results[0].type))
    if rank_of(op.results[0].type) is None:
        em.call(op, by_rank(op, partial(fn, reuse=0)), em.refs(op.operands))
        return
    em.call(op, fn, f"{em.ref(op.operands[0])}, {int(em.may_reuse(op, 0))}")


TESTS: dict[str, Callable[[Any], Any]] = {
    "math.isnan": np.isnan,
    "math.isinf": np.isinf,
    "math.isfinite": np.isfinite,
    "math.isnormal": lambda x: np.isfinite(x) & (np.abs(x) >= np.finfo(x.dtype).tiny),
}


@meaning(*TESTS)
def emit_test(em: Emitter, op: Any) -> None:
    em.call(op, by_rank(op, TESTS[op.name]), em.refs(op.operands))


@meaning("math.absi")
def emit_absi(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.results[0].type)

    def absi(x: Any) -> Any:
        return dtype.wrap(abs(x)) if isinstance(x, int) else np.abs(x)

    em.call(op, by_rank(op, absi), em.refs(op.operands))


BITS = ("math.ctpop", "math.ctlz", "math.cttz")


@cache
def count_bits(name: str, dtype: DType) -> Callable[[Any], Any]:
    """How many bits are ones, or zeros in front of the first or behind the last one: over arrays and integers."""
    bits = dtype.bits

    def one(x: int) -> int:
        x &= (1 << bits) - 1
        match name:
            case "math.ctpop":
                return x.bit_count()
            case "math.ctlz":
                return bits - x.bit_length()
            case _:
                return (x & -x).bit_length() - 1 if x else bits

    many = np.vectorize(one, otypes=[dtype.carrier])

    def count(x: Any) -> Any:
        return one(x) if isinstance(x, int) else many(x)

    return count


@meaning(*BITS)
def emit_count_bits(em: Emitter, op: Any) -> None:
    em.call(op, by_rank(op, count_bits(op.name, dtype_of(op.results[0].type))), em.refs(op.operands))


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b as a rounded sum and its exact error (Knuth, TAOCP 2, 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _may_round_twice(x: Array) -> Array:
    """Which float64, themselves rounded, may lie just between two float32; narrowing the others rounds only once.

    Between two that are normal, only the first of the 29 bits that go is set.
    """
    bits = np.asarray(x.view(np.uint64))
    # What is less than 2**-126, but not zero, which wraps around.
    magnitude = bits << np.uint64(1)
    magnitude -= np.uint64(1)
    subnormal = np.uint64(0x3810000000000000 << 1)
    bits = bits & np.uint64(0x1FFFFFFF)
    between = bits == np.uint64(0x10000000)
    return between | (magnitude < subnormal) if magnitude.min(initial=subnormal) < subnormal else between


def fma32(a: Any, b: Any, c: Any) -> Any:
    """float32 a * b + c, rounded once.

    The product is exact in float64; where narrowing the sum would round a second time it is rounded to odd there, so
    that narrowing rounds as if from the exact sum (Boldo and Melquiond, 2008).
    """
    product, c = np.asarray(a, np.float64) * np.asarray(b, np.float64), np.asarray(c, np.float64)
    total = np.asarray(product + c)
    result = total.astype(np.float32)
    doubtful = _may_round_twice(total)
    if doubtful.any():
        _, error = _two_sum(product, c)
        doubtful &= error != 0
        if doubtful.any():
            odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
            doubtful &= np.isfinite(total) & ((total.view(np.int64) & 1) == 0)
            result = np.where(doubtful, odd, total).astype(np.float32)
    return result[()]


def _fma64(a: float, b: float, c: float) -> float:
    if not (python_math.isfinite(a) and python_math.isfinite(b) and python_math.isfinite(c)):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c
    try:
        return float(exact)
    except OverflowError:
        return python_math.copysign(python_math.inf, float(1 if exact > 0 else -1))


fma64 = np.vectorize(_fma64, otypes=[np.float64])


@cache
def fma(dtype: DType) -> Callable[[Any, Any, Any], Any]:
    """a * b + c of the float type, rounded once."""
    if dtype is F64:
        return fma64
    if dtype.is_narrow:
        # The product of two narrow floats is exact in float64 and so, nearly always, is the sum; what is not is rounded
        # to odd on the way down by DType.round.
        def narrow(a: Any, b: Any, c: Any) -> Any:
            product = np.asarray(a, np.float64) * np.asarray(b, np.float64)
            total, error = _two_sum(product, np.asarray(c, np.float64))
            even = (total.view(np.int64) & 1) == 0
            odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
            return dtype.round(np.where((error != 0) & np.isfinite(total) & even, odd, total))

        return narrow
    return fma32


@meaning("math.fma", fresh=True)
def emit_fma(em: Emitter, op: Any) -> None:
    em.call(op, by_rank(op, fma(dtype_of(op.results[0].type))), em.refs(op.operands))


@meaning("math.ipowi")
def emit_ipowi(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.results[0].type)

    def one(a: Any, b: Any) -> int:
        if b >= 0:
            return dtype.wrap(pow(int(a), int(b)))
        return int(a) if abs(int(a)) == 1 and b % 2 else 1 if abs(int(a)) == 1 else 0

    many = np.vectorize(one, otypes=[dtype.carrier])

    def ipowi(a: Any, b: Any) -> Any:
        return one(a, b) if isinstance(a, int) and isinstance(b, int) else many(a, b)

    em.call(op, by_rank(op, ipowi), em.refs(op.operands))
