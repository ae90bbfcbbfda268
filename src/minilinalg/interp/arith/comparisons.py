"""arith.cmpf and arith.cmpi: comparisons of affine tensors stay masks."""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

import numpy as np

from minilinalg.interp.arith.affine import difference
from minilinalg.interp.dtypes import I1, I32, INDEX, DType, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import Function, guarded, lift, rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Affine, Mask


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
        if predicate[0] == "u" and min(a.ends()[0], b.ends()[0]) < 0:
            return plain(a, b)
        return _compare_affine(predicate, a, b)

    return fn


def _compare_affine(predicate: str, a: Affine, b: Affine) -> Mask:
    match predicate[-2:]:
        case "lt":
            terms = (_apart(b, a, -1),)
        case "le":
            terms = (_apart(b, a, 0),)
        case "gt":
            terms = (_apart(a, b, -1),)
        case "ge":
            terms = (_apart(a, b, 0),)
        case _:
            terms = _apart(a, b, 0), _apart(b, a, 0)
    return Mask(terms, (), a.shape)


def _apart(a: Affine, b: Affine, by: int) -> Affine:
    """a - b + by. A difference may need one bit more than its operands; 32 bits are faster where they are enough."""
    found = difference(a, b)
    apart = Affine(found.offset + by, found.terms, a.shape, INDEX)
    low, high = apart.ends()
    if low >= -(1 << 31) and high < 1 << 31:
        apart.dtype = I32
    return apart


@meaning("arith.cmpi")
def emit_cmpi(em: Emitter, op: Any) -> None:
    predicate = PREDICATES[int(op.predicate.value.data)]
    dtype = dtype_of(op.operands[0].type)
    scalar = rank_of(op.operands[0].type) is None
    fn = guarded(compare_ints(predicate, dtype)) if scalar else compare_int_tensors(predicate, dtype)
    em.call(op, fn, em.refs(op.operands))
