"""arith on integers, exact modulo 2**bits.

Divisions round as the dialect says; what the dialect leaves undefined (division by zero, a shift by the width or more)
yields some number and raises nothing: a masked-off lane may hold it. Integer tensors that are affine stay so under
+ - * by a uniform number, as long as nothing leaves the range of the type.
"""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

import numpy as np

from minilinalg.interp.arith.affine import AFFINE_BINARY
from minilinalg.interp.dtypes import I1, DType, dtype_of, is_array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import OPERATOR, Function, absorbing, by_rank, guarded_two, lift_int, rank_of, where
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Affine, Mask


def _divide(a: Any, b: Any) -> Any:
    b = where(b == 0, 1, b) if np.any(np.asarray(b) == 0) else b
    quotient = a // b
    # Floor division rounds down; the dialect rounds to zero.
    return quotient + ((quotient < 0) & (quotient * b != a))


def _counts(a: Any, b: Any) -> bool:
    """Whether `a` is an array of numbers that are not negative and `b` a positive number, as in most index arithmetic.

    Then all divisions agree, and so do all remainders.
    """
    return type(b) is int and b > 0 and is_array(a) and a.dtype.kind == "i" and a.size > 0 and bool(a.min() >= 0)


def divsi(a: Any, b: Any) -> Any:
    """Signed division, rounded to zero; by zero: undefined."""
    if isinstance(a, int) and isinstance(b, int):
        return 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    if _counts(a, b):
        return a // b
    return _divide(a, b).astype(np.result_type(a, b), copy=False)


def remsi(a: Any, b: Any) -> Any:
    """Signed remainder, with the sign of the dividend; by zero: undefined."""
    if _counts(a, b):
        return a % b
    return a - divsi(a, b) * b


def floordivsi(a: Any, b: Any) -> Any:
    """Signed division, rounded down."""
    if isinstance(a, int) and isinstance(b, int):
        return 0 if b == 0 else a // b
    return np.floor_divide(a, where(np.asarray(b) == 0, 1, b).astype(np.result_type(a, b), copy=False))


def ceildivsi(a: Any, b: Any) -> Any:
    """Signed division, rounded up."""
    if isinstance(a, int) and isinstance(b, int):
        return 0 if b == 0 else -(-a // b)
    quotient = floordivsi(a, b)
    return quotient + (quotient * b != a)


def _shift(fn: Function) -> Function:
    def shift(a: Any, b: Any) -> Any:
        if isinstance(a, int) and isinstance(b, int):
            return fn(a, b) if 0 <= b < 64 else 0
        bits = np.result_type(a, b).itemsize * 8
        small = (np.asarray(b) >= 0) & (np.asarray(b) < bits)
        return where(small, fn(a, where(small, b, 0)), 0).astype(np.result_type(a, b), copy=False)

    return shift


def _unsigned(fn: Function) -> Function:
    """`fn` on the operands read as unsigned."""

    def unsigned(dtype: DType, *operands: Any) -> Any:
        if all(isinstance(o, int) for o in operands):
            mask = (1 << dtype.bits) - 1
            return fn(*(o & mask for o in operands))
        arrays = [np.asarray(o, dtype.carrier).view(dtype.unsigned) for o in operands]
        return np.asarray(fn(*arrays)).astype(dtype.unsigned, copy=False).view(dtype.carrier)

    return unsigned


def _udiv(a: Any, b: Any) -> Any:
    if isinstance(a, int):
        return 0 if b == 0 else a // b
    return a // where(b == 0, np.ones_like(b), b)


def _urem(a: Any, b: Any) -> Any:
    if isinstance(a, int):
        return 0 if b == 0 else a % b
    return a % where(b == 0, np.ones_like(b), b)


def _ceil_udiv(a: Any, b: Any) -> Any:
    return _udiv(a, b) + (_urem(a, b) != 0)


def _logical(python: Any, array: Any) -> Function:
    def fn(a: Any, b: Any) -> Any:
        return python(a, b) if isinstance(a, int) and isinstance(b, int) else array(a, b)

    return fn


SIMPLE: dict[str, tuple[Function, Function]] = {
    "arith.addi": (operator.add, np.add),
    "arith.subi": (operator.sub, np.subtract),
    "arith.muli": (operator.mul, np.multiply),
    "arith.andi": (OPERATOR.and_, np.bitwise_and),
    "arith.ori": (OPERATOR.or_, np.bitwise_or),
    "arith.xori": (OPERATOR.xor, np.bitwise_xor),
    "arith.maxsi": (max, np.maximum),
    "arith.minsi": (min, np.minimum),
}
"""Operations that Python and NumPy have: on two integers, and where one is an array."""
ARRAY = np.ndarray

INT_BINARY: dict[str, Function] = {
    **{name: _logical(python, array) for name, (python, array) in SIMPLE.items()},
    "arith.divsi": divsi,
    "arith.remsi": remsi,
    "arith.floordivsi": floordivsi,
    "arith.ceildivsi": ceildivsi,
    "arith.shli": _shift(_logical(OPERATOR.lshift, np.left_shift)),
    "arith.shrsi": _shift(_logical(OPERATOR.rshift, np.right_shift)),
}
UNSIGNED_BINARY: dict[str, Function] = {
    "arith.divui": _unsigned(_udiv),
    "arith.remui": _unsigned(_urem),
    "arith.ceildivui": _unsigned(_ceil_udiv),
    "arith.shrui": _unsigned(_shift(_logical(OPERATOR.rshift, np.right_shift))),
    "arith.maxui": _unsigned(_logical(max, np.maximum)),
    "arith.minui": _unsigned(_logical(min, np.minimum)),
}

OF_COUNTS: dict[str, Function] = {"arith.divui": OPERATOR.floordiv, "arith.remui": OPERATOR.mod}
"""Unsigned operations on what is not negative."""


@cache
def int_binary(name: str, dtype: DType) -> Function:
    """The operation on scalars and arrays, wrapped to the type."""
    if name in UNSIGNED_BINARY:
        inner, simply = UNSIGNED_BINARY[name], OF_COUNTS.get(name)

        def fn(a: Any, b: Any) -> Any:
            return simply(a, b) if simply is not None and _counts(a, b) else inner(dtype, a, b)
    else:
        fn = INT_BINARY[name]
    if dtype is I1 and name in ("arith.addi", "arith.subi"):
        fn = INT_BINARY["arith.xori"]
    elif dtype is I1 and name == "arith.muli":
        fn = INT_BINARY["arith.andi"]
    elif dtype is I1 and name not in ("arith.andi", "arith.ori", "arith.xori"):
        wide = fn

        def fn(a: Any, b: Any) -> Any:
            # One bit, signed: true is -1.
            return wide(-np.asarray(a, np.int8), -np.asarray(b, np.int8)).astype(np.bool_)

    def wrapped(a: Any, b: Any) -> Any:
        result = fn(a, b)
        if type(result) is int:
            return result if low <= result <= high else dtype.wrap(result)
        if type(result) is bool:
            return dtype.wrap(result)
        return result if result.dtype == carrier else result.astype(carrier)

    carrier = dtype.carrier
    # Of one bit, every number is wrapped: to a bool.
    low, high = (1, 0) if dtype is I1 else (-(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1)
    return wrapped


@cache
def int_scalar_binary(name: str, dtype: DType) -> Function:
    """The operation on scalars in any form: in one step for Python's numbers and arrays of the type."""
    whole = int_binary(name, dtype)
    general = guarded_two(whole, lift_int(name, whole, dtype))
    if name not in SIMPLE or dtype is I1:
        return general
    python, array = SIMPLE[name]
    carrier, low, high = dtype.carrier, -(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1

    def fn(a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int:
            result = python(a, b)
            return result if low <= result <= high else dtype.wrap(result)
        if (type(a) is ARRAY and (type(b) is int or type(b) is ARRAY)) or (type(b) is ARRAY and type(a) is int):
            result = array(a, b)
            return result if result.dtype is carrier else result.astype(carrier)
        return general(a, b)

    return fn


@cache
def int_tensor_binary(name: str, dtype: DType) -> Function:
    """The operation on tensors: affine where it can be, arrays elsewhere."""
    plain = lift_int(name, int_binary(name, dtype), dtype)
    symbolic = AFFINE_BINARY.get(name)

    def fn(a: Any, b: Any) -> Any:
        if symbolic is not None and type(a) is Affine and type(b) is Affine:
            found = symbolic(a, b)
            if found is not None:
                return found
        return plain(a, b)

    return fn


def and_masks(a: Any, b: Any) -> Any:
    """arith.andi of i1 tensors: masks are joined, not written out."""
    if type(a) is Mask and type(b) is Mask:
        return Mask((*a.terms, *b.terms), (*a.rest, *b.rest), a.shape)
    if type(a) is Mask and type(b) is np.ndarray:
        return Mask(a.terms, (*a.rest, b), a.shape)
    if type(a) is np.ndarray and type(b) is Mask:
        return Mask(b.terms, (*b.rest, a), b.shape)
    return _and_arrays(a, b)


_and_arrays = absorbing(np.bitwise_and, False)


@meaning(*INT_BINARY, *UNSIGNED_BINARY)
def emit_int_binary(em: Emitter, op: Any) -> None:
    dtype = dtype_of(op.results[0].type)
    if rank_of(op.results[0].type) is None:
        fn = int_scalar_binary(op.name, dtype)
    elif op.name == "arith.andi" and dtype is I1:
        fn = and_masks
    else:
        fn = int_tensor_binary(op.name, dtype)
    em.call(op, fn, em.refs(op.operands))


def multiply_high(dtype: DType, signed: bool) -> Function:
    """The high half of the product of twice the width."""

    def high_half(product: Any) -> int:
        return dtype.wrap(int(product) >> 64)

    def fn(a: Any, b: Any) -> Any:
        bits = dtype.bits
        if isinstance(a, int) and isinstance(b, int):
            mask = 0 if signed else (1 << bits) - 1
            return dtype.wrap(((a & mask) * (b & mask) if mask else a * b) >> bits)
        if bits < 64:
            wide = np.int64 if signed else np.uint64
            left, right = (
                np.asarray(x, dtype.carrier).view(dtype.carrier if signed else dtype.unsigned) for x in (a, b)
            )
            return ((left.astype(wide) * right.astype(wide)) >> wide(bits)).astype(dtype.carrier)
        product = np.asarray(a, np.int64).astype(object) * np.asarray(b, np.int64).astype(object)
        if not signed:
            left, right = (np.asarray(x, np.int64).view(np.uint64).astype(object) for x in (a, b))
            product = left * right
        return np.vectorize(high_half, otypes=[np.int64])(product)

    return fn


@meaning("tt.mulhiui")
def emit_mulhiui(em: Emitter, op: Any) -> None:
    em.call(op, by_rank(op, multiply_high(dtype_of(op.results[0].type), False)), em.refs(op.operands))
