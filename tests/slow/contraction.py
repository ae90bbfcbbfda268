"""Sums of products: one step of a dot, on formats that may differ. The one place where a slow interpreter hurries."""

from __future__ import annotations

from functools import lru_cache

from . import floats
from .scalars import DType, Float, Int, Kind, Real, decode, encode, encode_quotient, finite


def multiply_add(a: DType, b: DType, c: DType, x: int, y: int, z: int, *, signed: bool = True) -> int:
    """z + x * y in the dtype `c`: the product is exact, the sum is rounded once; integers wrap."""
    if isinstance(c, Float):
        return _float(a, b, c, x, y, z, signed)
    assert isinstance(a, Int) and isinstance(b, Int)
    return c.wrap((a.signed(x) * b.signed(y) if signed else x * y) + z)


def _float(a: DType, b: DType, c: Float, x: int, y: int, z: int, signed: bool) -> int:
    terms = (_dyadic(a, x, signed), _dyadic(b, y, signed), _dyadic(c, z, signed))
    if None not in terms:
        # Each is n / 2**k, and so are products and sums: no need for fractions.
        (nx, kx), (ny, ky), (nz, kz) = terms  # pyright: ignore
        k = max(kx + ky, kz)
        total = (nx * ny << (k - kx - ky)) + (nz << (k - kz))
        if total != 0:
            return encode_quotient(c, total < 0, abs(total), 1 << k)
    return encode(c, floats.fused_multiply_add(_real(a, x, signed), _real(b, y, signed), decode(c, z)))


def _real(t: DType, bits: int, signed: bool) -> Real:
    if isinstance(t, Float):
        return decode(t, bits)
    return finite(t.signed(bits) if signed else bits)


@lru_cache(maxsize=1 << 16)
def _dyadic(t: DType, bits: int, signed: bool) -> tuple[int, int] | None:
    """n and k of the number n / 2**k, or None for infinity and NaN."""
    real = _real(t, bits, signed)
    if real.kind is not Kind.FINITE:
        return None
    return real.value.numerator, real.value.denominator.bit_length() - 1
