"""Element types: how each is stored in memory, and in which NumPy dtype the engine computes with it.

Narrow floats (f16, bf16, fp8) are carried as float32 whose values are exactly those of the narrow type, and are
rounded wherever the IR rounds. For + - * / and sqrt that is exact: float32 has more than twice the digits plus two
of each of them, so rounding twice is innocuous (Figueroa, "When is double rounding innocuous?", 1995).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeGuard

import ml_dtypes
import numpy as np
from xdsl.dialects import builtin
from xdsl.ir import Attribute

from minilinalg.errors import UnsupportedError
from minilinalg.interp import half

Array = np.ndarray[Any, np.dtype[Any]]


def is_array(x: Any) -> TypeGuard[Array]:
    """Whether `x` is a NumPy array (and not a number or a symbolic value)."""
    return isinstance(x, np.ndarray)


@dataclass(frozen=True, eq=False)
class DType:
    """One element type.

    name: as in the IR ("f16", "i32", "index", "ptr"). storage: NumPy dtype of one element in memory.
    carrier: NumPy dtype that the engine computes in. bits: width of the value (1 for i1, which memory holds in a byte).
    """

    name: str
    kind: str
    """"float", "int" (also index), or "ptr" (an address, 64 bits)."""
    bits: int
    storage: np.dtype[Any]
    carrier: np.dtype[Any]
    unsigned: np.dtype[Any] = np.dtype(np.uint8)  # noqa: RUF009 (an immutable constant)
    """Of an integer: the unsigned NumPy dtype of the same width."""
    itemsize: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "itemsize", self.storage.itemsize)

    def __repr__(self) -> str:
        return f"DType({self.name})"

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def is_narrow(self) -> bool:
        """Whether the values are carried in a wider NumPy dtype than they are stored in."""
        return self.kind == "float" and self.storage != self.carrier

    def wrap(self, value: int) -> int:
        """A Python integer modulo 2**bits: as signed two's complement, or a bool for i1."""
        if self.bits == 1:
            return bool(value & 1)
        middle = 1 << (self.bits - 1)
        return ((value + middle) & ((1 << self.bits) - 1)) - middle

    def round(self, x: Any, order: Literal["C", "K"] = "C") -> Any:
        """`x` (float32 or float64, array or NumPy scalar) rounded once to this float type, in its carrier.

        order: in memory, by axes or as `x` is. What BLAS gives differs in last digits by the order of its operands.
        """
        if x.dtype == self.storage:
            return x
        if x.dtype == np.float64 and self.itemsize < 4 and self.name != "f16":
            # ml_dtypes narrows float64 by way of float32, which would round twice; float32 rounded to odd keeps
            # enough of what was cut off for the second rounding to be right.
            x = _to_odd_float32(x)
        if self.storage == np.float16 and x.dtype == np.float32 and x.size >= half.LEAST:
            return half.round_to(x, np.empty_like(x, order=order))
        narrowed = saturate(x, self).astype(self.storage)
        return narrowed.astype(self.carrier) if self.is_narrow else narrowed

    def round_into(self, x: Any, out: Array) -> None:
        """`round` written to an array of the carrier, which may be `x` itself."""
        if self.storage == np.float16 and x.dtype == np.float32 and x.shape == out.shape and x.size >= half.LEAST:
            half.round_to(x, out)
        else:
            out[...] = self.round(x)

    def widen(self, x: Array) -> Array:
        """Elements as they are stored, in their carrier: a new array."""
        return half.to_float32(x) if x.dtype == np.float16 else x.astype(self.carrier)

    def narrow(self, x: Array, out: Array) -> None:
        """Writes numbers of this type, in their carrier, to an array as they are stored."""
        if out.dtype == np.float16 and x.dtype == np.float32 and x.shape == out.shape:
            half.from_float32(x, out)
        else:
            out[...] = x


def rounder(dtype: DType, mode: str | None) -> Callable[[Any], Any]:
    """`DType.round` in a rounding mode of arith: to nearest even (None too), downward, upward or toward zero.

    The nearest number that lies on the wrong side of `x` is followed by its neighbour on the other one. Bits of a float
    without its sign are in the order of its magnitude, so a neighbour is one more or one less.
    """
    if mode in (None, "to_nearest_even"):
        return dtype.round

    def directed(x: Any) -> Any:
        near = np.asarray(dtype.round(x))
        wide = saturate(np.asarray(x, np.float64), dtype)
        over = near > wide if mode == "downward" else near < wide
        if mode == "toward_zero":
            over = np.abs(near) > np.abs(wide)
        bits = near.astype(dtype.storage).view(np.dtype(f"u{dtype.itemsize}"))
        away = np.signbit(near) if mode == "downward" else ~np.signbit(near)
        step = np.where(away & (mode != "toward_zero"), 1, -1).astype(np.int64)
        moved = (bits + np.where(over, step, 0)).astype(bits.dtype).view(dtype.storage)
        return moved.astype(dtype.carrier)

    return directed


DIRECTED = ("to_nearest_even", "downward", "upward", "toward_zero")
"""The rounding modes that are known."""


def saturate(x: Any, dtype: DType) -> Any:
    """fp8 conversions saturate to the largest finite value instead of overflowing (PTX ISA, cvt.satfinite)."""
    if dtype.bits != 8:
        return x
    largest = x.dtype.type(float(ml_dtypes.finfo(dtype.storage).max))  # pyright: ignore
    # clip keeps NaN, and PTX's satfinite turns infinities into the largest value too.
    return np.clip(x, -largest, largest)


def _to_odd_float32(x: Any) -> Any:
    """float64 -> float32, rounded to odd (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008)."""
    x = np.asarray(x, np.float64)
    near = x.astype(np.float32)
    inexact = (near.astype(np.float64) != x) & np.isfinite(near)
    even = (near.view(np.uint32) & 1) == 0
    # Where the nearest float32 is even and inexact, its neighbour on the other side of x is the odd one.
    towards = np.where(near.astype(np.float64) < x, np.float32(np.inf), np.float32(-np.inf))
    return np.where(inexact & even, np.nextafter(near, towards), near)


def _float(name: str, bits: int, storage: Any, carrier: Any) -> DType:
    return DType(name, "float", bits, np.dtype(storage), np.dtype(carrier))


def _int(name: str, bits: int, size: int) -> DType:
    return DType(name, "int", bits, np.dtype(f"i{size}"), np.dtype(f"i{size}"), np.dtype(f"u{size}"))


F16 = _float("f16", 16, np.float16, np.float32)
BF16 = _float("bf16", 16, ml_dtypes.bfloat16, np.float32)
F32 = _float("f32", 32, np.float32, np.float32)
F64 = _float("f64", 64, np.float64, np.float64)
F8E5M2 = _float("f8E5M2", 8, ml_dtypes.float8_e5m2, np.float32)
F8E4M3FN = _float("f8E4M3FN", 8, ml_dtypes.float8_e4m3fn, np.float32)
I1 = DType("i1", "int", 1, np.dtype(np.bool_), np.dtype(np.bool_), np.dtype(np.bool_))
I8, I16, I32, I64 = (_int(f"i{8 * size}", 8 * size, size) for size in (1, 2, 4, 8))
INDEX = _int("index", 64, 8)
PTR = DType("ptr", "ptr", 64, np.dtype(np.int64), np.dtype(np.int64), np.dtype(np.uint64))

BY_NAME: dict[str, DType] = {
    d.name: d for d in (F16, BF16, F32, F64, F8E5M2, F8E4M3FN, I1, I8, I16, I32, I64, INDEX, PTR)
}
_INTEGERS = {1: I1, 8: I8, 16: I16, 32: I32, 64: I64}


@cache
def dtype_of(type_: Attribute) -> DType:
    """The element type of a scalar, shaped, pointer or descriptor type.

    Raises UnsupportedError for a type that the engine has no values for.
    """
    match type_:
        case builtin.IntegerType():
            if type_.width.data in _INTEGERS:
                return _INTEGERS[type_.width.data]
        case builtin.IndexType():
            return INDEX
        case builtin.TensorType() | builtin.MemRefType() | builtin.VectorType():
            return dtype_of(type_.element_type)
        case _ if type_.name == "tt.ptr":
            return PTR
        case _ if type_.name in ("simd.token", "ttg.async.token"):
            return INDEX
        case _ if type_.name in ("tt.tensordesc", "ttg.memdesc"):
            return dtype_of(type_.element_type)  # pyright: ignore
        case _ if (found := BY_NAME.get(str(type_))) is not None:
            return found
        case _:
            pass
    raise UnsupportedError(
        f"no values of type {type_}", rule=f"the engine computes with {', '.join(BY_NAME)} and pointers"
    )


def shape_of(type_: Attribute) -> tuple[int, ...]:
    """The shape of a shaped type (-1 for a dynamic extent); () for a scalar."""
    if isinstance(type_, builtin.TensorType | builtin.MemRefType | builtin.VectorType) or type_.name == "ttg.memdesc":
        return tuple(type_.get_shape())  # pyright: ignore
    return ()
