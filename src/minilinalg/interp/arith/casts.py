"""arith's conversions between integers, floats and index, and casts of bits."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
from xdsl.dialects.builtin import VectorType

from minilinalg.errors import UnsupportedError
from minilinalg.interp.arith.integers import ARRAY
from minilinalg.interp.dtypes import DIRECTED, I1, DType, dtype_of, rounder
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import Function, by_rank, guarded, lift, rank_of, same, where
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Affine
from minilinalg.locations import places_of


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
            if narrows or (x.fits() and (not unsigned or x.ends()[0] >= 0)):
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


FLOAT_CASTS = ("arith.extf", "arith.truncf", "arith.sitofp", "arith.uitofp", "arith.fptosi", "arith.fptoui")


@meaning(*FLOAT_CASTS)
def emit_float_cast(em: Emitter, op: Any) -> None:
    rounding = getattr(op, "rounding_mode", None)
    if rounding is not None and rounding not in DIRECTED:
        raise UnsupportedError(
            f"'{op.name}' rounds {rounding}", rule=f"rounding is {', '.join(DIRECTED)}", places=places_of(op)
        )
    source, target = dtype_of(op.operands[0].type), dtype_of(op.results[0].type)
    fn = float_cast(op.name, source, target, rounding)
    if fn == target.round and isinstance(op.results[0].type, VectorType):
        # Registers of threads stay as they lie.
        fn = partial(target.round, order="K")
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
