"""arith: exact integers modulo 2**bits, IEEE floats rounded to the type of the operation.

Integer tensors that are affine stay so under + - * by a uniform number, and comparisons of affine tensors stay masks,
as long as nothing leaves the range of the type. Divisions round as the dialect says; what the dialect leaves undefined
(division by zero, a shift by the width or more) yields some number and raises nothing: a masked-off lane may hold it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr
from xdsl.ir import Operation

from minilinalg.errors import UnsupportedError
from minilinalg.interp.dtypes import DIRECTED, I1, I32, INDEX, Array, DType, dtype_of, is_array, rounder, shape_of
from minilinalg.interp.engine import Emitter, meaning, python_array
from minilinalg.interp.values import Affine, Mask, Partial, Term, least, most, per_program, written_out
from minilinalg.locations import places_of

Function = Callable[..., Any]
where: Any = np.where
OPERATOR: Any = operator
"""The operator module, whose functions are typed for what they are not given here."""


def rank_of(type_: Any) -> int | None:
    """The rank of a tensor, None for a scalar."""
    shape = shape_of(type_)
    return len(shape) if shape or "tensor" in type_.name else None


def lift(fn: Function) -> Function:
    """`fn` over arrays, for tensors in any form: symbolic ones are written out, undefined lanes carried along."""

    def lifted(*operands: Any) -> Any:
        defined: Array | None = None
        for i, o in enumerate(operands):
            if type(o) is Partial:
                if len([x for x in operands if type(x) is Partial]) == 1:
                    # Often the very mask that a later store uses: kept symbolic, so that the two are seen to agree.
                    data = fn(*(written_out(x) for x in operands))
                    return Partial(data, o.defined)
                d = operands[i].defined_array()
                defined = d if defined is None else defined & d
        result = fn(*(written_out(o) for o in operands))
        return result if defined is None else Partial(result, defined)

    return lifted


def absorbing(fn: Function, element: int) -> Function:
    """`lift` of an `fn` whose result, when an operand is `element`, is that: whatever an undefined other one is."""

    def lifted(a: Any, b: Any) -> Any:
        x, y = written_out(a), written_out(b)
        if type(a) is not Partial and type(b) is not Partial:
            return fn(x, y)
        known_a = a.defined_array() if type(a) is Partial else True
        known_b = b.defined_array() if type(b) is Partial else True
        return Partial(fn(x, y), (known_a & known_b) | (known_a & (x == element)) | (known_b & (y == element)))

    return lifted


ABSORBING = {"arith.andi": 0, "arith.muli": 0, "arith.ori": -1}


def lift_int(name: str, fn: Function, dtype: DType) -> Function:
    """`fn`, the integer operation `name`, over tensors in any form."""
    if name not in ABSORBING:
        return lift(fn)
    return absorbing(fn, dtype.wrap(ABSORBING[name]))


def guarded(fn: Function, slow: Function | None = None) -> Function:
    """`fn` over scalars, undefined ones carried along: by `slow`, if that is given."""
    slow = slow or lift(fn)

    def scalar(*operands: Any) -> Any:
        for o in operands:
            if type(o) is Partial:
                return slow(*operands)
        return fn(*operands)

    return scalar


def guarded_two(fn: Function, slow: Function) -> Function:
    """`guarded` of an `fn` of two scalars."""

    def scalar(a: Any, b: Any) -> Any:
        return slow(a, b) if type(a) is Partial or type(b) is Partial else fn(a, b)

    return scalar


def number(fn: Function) -> Function:
    """`fn` over arrays, for scalars: a result that is one number becomes a Python int or a NumPy float again."""

    def scalar(*operands: Any) -> Any:
        result = fn(*operands)
        if np.ndim(result) == 0:
            result = np.asarray(result)[()]
            return result.item() if result.dtype.kind in "iub" else result
        return result

    return scalar


def by_rank(op: Operation, fn: Function) -> Function:
    """`fn` over arrays as the meaning of `op`, whose result is a tensor in any form, or a scalar."""
    return guarded(number(fn)) if rank_of(op.results[0].type) is None else lift(fn)


def fits_in(a: Array, b: Any) -> bool:
    """Whether a result of `a` and `b` has the shape of `a`, so that it may be written over it."""
    if not (a.flags.owndata and a.flags.writeable):
        return False
    if not is_array(b) or a.shape == b.shape:
        return True
    return a.ndim == b.ndim and all(n == m or m == 1 for n, m in zip(a.shape, b.shape, strict=True))


# Floats


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


@cache
def compare_floats(predicate: int) -> Function:
    """arith.cmpf: predicates 0-15 as in the dialect (false, oeq .. ord, ueq .. une, uno, true)."""
    ordered = {1: np.equal, 2: np.greater, 3: np.greater_equal, 4: np.less, 5: np.less_equal, 6: np.not_equal}
    # "unordered or x" is the negation of the opposite ordered comparison.
    unordered = {8: 6, 9: 5, 10: 4, 11: 3, 12: 2, 13: 1}

    def fn(a: Any, b: Any) -> Any:
        match predicate:
            case 0:
                return np.zeros_like(a == b)
            case 15:
                return np.ones_like(a == b)
            case 7:
                return ~(np.isnan(a) | np.isnan(b))
            case 14:
                return np.isnan(a) | np.isnan(b)
            case 6:
                return (a < b) | (a > b)
            case 8:
                return ~((a < b) | (a > b))
            case _ if predicate in ordered:
                return ordered[predicate](a, b)
            case _:
                return ~ordered[unordered[predicate]](a, b)

    return lift(fn)


@meaning("arith.cmpf")
def emit_cmpf(em: Emitter, op: Any) -> None:
    em.call(op, compare_floats(op.predicate.value.data), em.refs(op.operands))


# Integers


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


def _sum_of_terms(a: Term, b: Term, extent: int) -> Term:
    if isinstance(a, int) is isinstance(b, int):
        return a + b
    stride, vector = (a, b) if isinstance(a, int) else (b, a)
    return vector if stride == 0 else vector + np.arange(extent, dtype=np.int64) * stride


def _add(a: Affine, b: Affine) -> Affine:
    return Affine(a.offset + b.offset, tuple(map(_sum_of_terms, a.terms, b.terms, a.shape)), a.shape, a.dtype)


def negated(a: Affine) -> Affine:
    """-a, without wrap-around."""
    return Affine(-a.offset, tuple(-t for t in a.terms), a.shape, a.dtype)


def _sub(a: Affine, b: Affine) -> Affine:
    return _add(a, negated(b))


def _mul(a: Affine, b: Affine) -> Affine | None:
    if not b.is_splat:
        a, b = b, a
    if not b.is_splat:
        return None
    factor = b.offset
    if not isinstance(factor, int):
        if not a.is_splat:
            return None
        return Affine(a.offset * factor, a.terms, a.shape, a.dtype)
    return Affine(a.offset * factor, tuple(t * factor for t in a.terms), a.shape, a.dtype)


def _positive_splat(b: Affine) -> int | None:
    return b.offset if b.is_splat and isinstance(b.offset, int) and b.offset > 0 else None


def _rem(a: Affine, b: Affine) -> Affine | None:
    divisor = _positive_splat(b)
    if divisor is None or not a.fits():
        return None
    low, high = a.bounds()
    if least(low) < 0:
        return None
    if most(high) < divisor:
        return a
    offset = np.asarray(low) // divisor
    if bool((offset == np.asarray(high) // divisor).all()):
        # No program's tile wraps: the remainder moves each program's offset only.
        moved = a.offset - offset * divisor
        return Affine(int(moved) if moved.ndim == 0 else moved, a.terms, a.shape, a.dtype)
    moving = [d for d, t in enumerate(a.terms) if not isinstance(t, int) or (t and a.shape[d] > 1)]
    if len(moving) != 1:
        return None
    # Along one dimension the remainder is an index vector, which a load reads row by row.
    dim = moving[0]
    vector = a.array().astype(np.int64).reshape(-1, a.shape[dim]) % divisor
    terms = tuple(vector if d == dim else 0 for d in range(len(a.shape)))
    return Affine(0, terms, a.shape, a.dtype)


def _div(a: Affine, b: Affine) -> Affine | None:
    divisor = _positive_splat(b)
    if divisor is None or not a.fits() or least(a.bounds()[0]) < 0:
        return None
    if a.is_splat:
        return Affine(a.offset // divisor, a.terms, a.shape, a.dtype)
    return None


AFFINE_BINARY: dict[str, Callable[[Affine, Affine], Affine | None]] = {
    "arith.addi": _add,
    "arith.subi": _sub,
    "arith.muli": _mul,
    "arith.remsi": _rem,
    "arith.remui": _rem,
    "arith.divsi": _div,
    "arith.divui": _div,
}


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


# Comparisons

PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
_COMPARE: dict[str, Function] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


@cache
def compare_ints(predicate: str, dtype: DType) -> Function:
    """arith.cmpi on scalars and arrays."""
    fn = _COMPARE[predicate if predicate in ("eq", "ne") else predicate[1:]]
    unsigned = predicate[0] == "u"

    def compare(a: Any, b: Any) -> Any:
        if isinstance(a, int) and isinstance(b, int):
            mask = (1 << dtype.bits) - 1
            return fn(a & mask, b & mask) if unsigned else fn(a, b)
        if unsigned and dtype is not I1:
            a, b = (np.asarray(x, dtype.carrier).view(dtype.unsigned) for x in (a, b))
        elif dtype is I1 and predicate[0] == "s":
            # One bit, signed: true is -1.
            a, b = b, a
        return fn(a, b)

    return compare


@cache
def compare_int_tensors(predicate: str, dtype: DType) -> Function:
    """arith.cmpi on tensors: a mask where both are affine and an order is asked for."""
    plain = lift(compare_ints(predicate, dtype))

    def fn(a: Any, b: Any) -> Any:
        if type(a) is not Affine or type(b) is not Affine or predicate == "ne" or not (a.fits() and b.fits()):
            return plain(a, b)
        if predicate[0] == "u" and min(least(a.bounds()[0]), least(b.bounds()[0])) < 0:
            return plain(a, b)
        return _compare_affine(predicate, a, b)

    return fn


def _compare_affine(predicate: str, a: Affine, b: Affine) -> Mask:
    difference = _sub(a, b)
    opposite = negated(difference)
    match predicate[-2:]:
        case "lt":
            terms = [_shifted(opposite, -1)]
        case "le":
            terms = [opposite]
        case "gt":
            terms = [_shifted(difference, -1)]
        case "ge":
            terms = [difference]
        case _:
            terms = [difference, opposite]
    return Mask(tuple(_narrowest(t) for t in terms), (), a.shape)


def _shifted(a: Affine, by: int) -> Affine:
    return Affine(a.offset + by, a.terms, a.shape, a.dtype)


def _narrowest(a: Affine) -> Affine:
    """A difference may need one bit more than its operands; 32 bits are faster where they are enough."""
    low, high = a.bounds()
    dtype = I32 if least(low) >= -(1 << 31) and most(high) < 1 << 31 else INDEX
    return Affine(a.offset, a.terms, a.shape, dtype)


@meaning("arith.cmpi")
def emit_cmpi(em: Emitter, op: Any) -> None:
    predicate = PREDICATES[int(op.predicate.value.data)]
    dtype = dtype_of(op.operands[0].type)
    scalar = rank_of(op.operands[0].type) is None
    fn = guarded(compare_ints(predicate, dtype)) if scalar else compare_int_tensors(predicate, dtype)
    em.call(op, fn, em.refs(op.operands))


# Select


def select_scalar(condition: Any, a: Any, b: Any) -> Any:
    """arith.select of scalars."""
    if Partial in (type(condition), type(a), type(b)):
        if type(condition) is not Partial:
            condition = np.atleast_1d(condition)
        return select(condition, a, b)
    if is_array(condition):
        return where(condition, a, b)
    return a if condition else b


def select(condition: Any, a: Any, b: Any) -> Any:
    """arith.select of tensors, by a tensor of i1 or by one scalar."""
    if isinstance(condition, Partial):
        result = select(condition.data, a, b)
        known = condition.defined_array() | _same_defined(a, b)
        if isinstance(result, Partial):
            known = known & result.defined_array()
        return Partial(written_out(result), known)
    if isinstance(condition, Mask) and condition.box().full:
        return a
    holds = written_out(condition)
    if not is_array(holds):
        return a if holds else b
    if holds.size == 1:
        return a if holds.all() else b
    if type(a) is Partial or type(b) is Partial:
        return _select_partial(condition, holds, a, b)
    return where(holds, written_out(a), written_out(b))


def _same_defined(a: Any, b: Any) -> Any:
    """Where two tensors are defined and the same, so that it does not matter which is chosen."""
    x, y = (np.asarray(written_out(v)) for v in (a, b))
    if x.dtype.kind == "f":
        x, y = (v.view(np.dtype(f"u{v.itemsize}")) for v in (x, y))
    known_a, known_b = (v.defined_array() if isinstance(v, Partial) else True for v in (a, b))
    return (x == y) & known_a & known_b


def _select_partial(mask: Any, condition: Array, a: Any, b: Any) -> Any:
    data = where(condition, written_out(a), written_out(b))
    if type(a) is Partial and type(b) is not Partial and a.defined is mask:
        return data
    known_a = a.defined_array() if type(a) is Partial else True
    known_b = b.defined_array() if type(b) is Partial else True
    defined = where(condition, known_a, known_b)
    return data if defined.all() else Partial(data, defined)


@meaning("arith.select")
def emit_select(em: Emitter, op: Any) -> None:
    rank = rank_of(op.results[0].type)
    if rank is None:
        em.call(op, select_scalar, em.refs(op.operands))
        return
    if rank_of(op.operands[0].type) is None:

        def by_scalar(condition: Any, a: Any, b: Any) -> Any:
            return select(per_program(condition, rank), a, b)

        em.call(op, by_scalar, em.refs(op.operands))
    else:
        em.call(op, select, em.refs(op.operands))


# Casts


def same(x: Any) -> Any:
    """The value itself: a cast between types that the engine carries alike."""
    return x


def _as_float(dtype: DType) -> Function:
    """An integer array or number as the float type, rounded once."""

    def fn(x: Any) -> Any:
        if isinstance(x, int):
            x = np.int64(x) if -(1 << 63) <= x < 1 << 63 else np.uint64(x)
        if not dtype.is_narrow:
            return x.astype(dtype.carrier)
        if x.dtype.itemsize == 8:
            # Above 2**53 float64 has no room: what is cut off becomes a sticky last bit, so that rounding stays right.
            low = x & x.dtype.type(0x7FF)
            big = (x >> 53 != 0) & (x >> 53 != -1 if x.dtype.kind == "i" else True)
            x = where(big, (x - low) | where(low != 0, x.dtype.type(0x800), x.dtype.type(0)), x)
        return dtype.round(np.asarray(x).astype(np.float64))

    return fn


def _to_int(dtype: DType, signed: bool) -> Function:
    def fn(x: Any) -> Any:
        x = np.asarray(x)
        if dtype.bits == 1:
            return x != 0
        if signed:
            wide = x.astype(np.int64) if dtype.bits < 64 else x
            return wide.astype(dtype.carrier)
        return x.astype(np.uint64).astype(dtype.unsigned).view(dtype.carrier)

    return fn


@cache
def int_cast(name: str, source: DType, target: DType, tensor: bool) -> Function:
    """extsi, extui, trunci, index_cast, index_castui."""
    unsigned = name in ("arith.extui", "arith.index_castui") or (source is I1 and name == "arith.index_cast")

    def array(x: Any) -> Any:
        if isinstance(x, int):
            return target.wrap((x & ((1 << source.bits) - 1)) if unsigned else (-x if source is I1 else x))
        if target is I1:
            return (x & 1).astype(np.bool_)
        if source is I1:
            wide = x.astype(target.carrier)
            return wide if unsigned else -wide
        return (x.view(source.unsigned) if unsigned else x).astype(target.carrier)

    if not tensor:
        general = guarded(array)
        if unsigned or I1 in (source, target):
            return general
        carrier, low, high = target.carrier, -(1 << (target.bits - 1)), (1 << (target.bits - 1)) - 1

        def scalar(x: Any) -> Any:
            if type(x) is int and low <= x <= high:
                return x
            return x.astype(carrier) if type(x) is ARRAY else general(x)

        return scalar
    plain = lift(array)

    def fn(x: Any) -> Any:
        if type(x) is Affine and target is not I1:
            narrows = target.bits <= source.bits
            if narrows or (x.fits() and (not unsigned or least(x.bounds()[0]) >= 0)):
                return Affine(x.offset, x.terms, x.shape, target)
        return plain(x)

    return fn


INT_CASTS = ("arith.extsi", "arith.extui", "arith.trunci", "arith.index_cast", "arith.index_castui")


@meaning(*INT_CASTS)
def emit_int_cast(em: Emitter, op: Any) -> None:
    source, target = dtype_of(op.operands[0].type), dtype_of(op.results[0].type)
    em.call(op, int_cast(op.name, source, target, rank_of(op.results[0].type) is not None), em.refs(op.operands))


@cache
def unsigned_view(dtype: DType) -> Function:
    """An integer value read as unsigned."""

    def fn(x: Any) -> Any:
        if isinstance(x, int):
            return x & ((1 << dtype.bits) - 1)
        return x.view(dtype.unsigned)

    return fn


def _after(first: Function, second: Function) -> Function:
    def both(x: Any) -> Any:
        return second(first(x))

    return both


def _bit(x: Any) -> Any:
    return np.asarray(x, np.int8)


def _signed_bit(x: Any) -> Any:
    """One bit, signed: true is -1."""
    return -np.asarray(x, np.int8)


def _widen(target: DType) -> Function:
    def widen(x: Any) -> Any:
        return x.astype(target.carrier)

    return widen


def float_cast(name: str, source: DType, target: DType, rounding: str | None = None) -> Function:
    """extf, truncf (in a rounding mode), sitofp, uitofp, fptosi, fptoui over arrays and NumPy scalars."""
    match name:
        case "arith.extf":
            return same if source.carrier == target.carrier else _widen(target)
        case "arith.truncf":
            return rounder(target, rounding)
        case "arith.sitofp":
            as_float = _as_float(target)
            return _after(_signed_bit, as_float) if source is I1 else as_float
        case "arith.uitofp":
            return _after(unsigned_view(source) if source is not I1 else _bit, _as_float(target))
        case "arith.fptosi":
            return _to_int(target, True)
        case _:
            return _to_int(target, False)


@meaning("arith.extf", "arith.truncf", "arith.sitofp", "arith.uitofp", "arith.fptosi", "arith.fptoui")
def emit_float_cast(em: Emitter, op: Any) -> None:
    rounding = getattr(op, "rounding_mode", None)
    if rounding is not None and rounding not in DIRECTED:
        raise UnsupportedError(
            f"'{op.name}' rounds {rounding}", rule=f"rounding is {', '.join(DIRECTED)}", places=places_of(op)
        )
    source, target = dtype_of(op.operands[0].type), dtype_of(op.results[0].type)
    fn = float_cast(op.name, source, target, rounding)
    em.call(op, by_rank(op, fn), em.refs(op.operands))


@cache
def bitcast(source: DType, target: DType) -> Function:
    """The same bits as another type of the same width."""

    def fn(x: Any) -> Any:
        if isinstance(x, int) and source.is_float is target.is_float:
            return x
        array = np.asarray(x, source.carrier)
        stored = array.astype(source.storage) if source.is_narrow else array
        bits = stored.view(target.storage)
        return bits.astype(target.carrier) if target.is_narrow else bits

    return fn


@meaning("arith.bitcast", "tt.bitcast")
def emit_bitcast(em: Emitter, op: Any) -> None:
    source, target = dtype_of(op.operands[0].type), dtype_of(op.results[0].type)
    if rank_of(op.results[0].type) is None:
        fn = bitcast(source, target)

        def scalar(x: Any) -> Any:
            result = np.asarray(fn(x))
            if result.ndim:
                return result
            return result[()] if target.is_float else result.item()

        em.call(op, guarded(scalar), em.refs(op.operands))
        return
    plain = lift(bitcast(source, target))

    def tensor(x: Any) -> Any:
        # A pointer cast changes what is pointed to, not the address.
        return x if source.kind == target.kind and type(x) is Affine else plain(x)

    em.call(op, tensor, em.refs(op.operands))


# Constants


def constant_value(attr: Any, type_: Any) -> Any:
    """What a constant's attribute stands for, in the engine's form."""
    dtype, shape = dtype_of(type_), shape_of(type_)
    if isinstance(attr, IntegerAttr):
        return dtype.wrap(attr.value.data) if dtype is not I1 else bool(attr.value.data)
    if isinstance(attr, FloatAttr):
        return dtype.round(np.asarray(attr.value.data, np.float64).astype(dtype.carrier))[()]
    if isinstance(attr, DenseIntOrFPElementsAttr):
        values = list(attr.get_values())
        if dtype is I1:
            values = [bool(v) for v in values]
        one = len(values) == 1 or attr.is_splat()
        if one and dtype.kind == "int" and dtype is not I1 and shape:
            return Affine(dtype.wrap(int(values[0])), (0,) * len(shape), shape, dtype)
        array = python_array(values[:1] if one else values, dtype.carrier)
        return array.reshape((1,) * (len(shape) + 1) if one else (1, *shape))
    raise UnsupportedError(f"a constant of the form {attr}", rule="a constant is a number or dense<...>")


@meaning("arith.constant")
def emit_constant(em: Emitter, op: Any) -> None:
    em.define_constant(op.results[0], constant_value(op.properties["value"], op.results[0].type))


@meaning("ub.poison")
def emit_poison(em: Emitter, op: Any) -> None:
    from minilinalg.interp.access import poison

    dtype, rank = dtype_of(op.results[0].type), rank_of(op.results[0].type)
    if rank is None:
        value: Any = poison(dtype)
    else:
        ones = (1,) * (rank + 1)
        value = Partial(np.full(ones, poison(dtype), dtype.carrier), np.zeros(ones, np.bool_))
    em.line(f"{em.define(op.results[0])} = {em.const(value, 'c')}", op)


# By name


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
    from minilinalg.interp import math

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
        case _ if name in (
            "arith.extf",
            "arith.truncf",
            "arith.sitofp",
            "arith.uitofp",
            "arith.fptosi",
            "arith.fptoui",
        ):
            return float_cast(name, sources[0], target, rounding)
        case _:
            raise UnsupportedError(
                f"'{name}' on arrays cannot be run yet",
                rule="every instruction that runs needs a meaning in interp/",
                places=() if op is None else places_of(op),
            )
