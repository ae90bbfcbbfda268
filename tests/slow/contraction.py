"""Sums of products: one step of a dot, on formats that may differ."""

from __future__ import annotations

from . import floats
from .scalars import DType, Float, Int, decode, encode, finite


def multiply_add(a: DType, b: DType, c: DType, x: int, y: int, z: int, *, signed: bool = True) -> int:
    """z + x * y in the dtype `c`: the product is exact, the sum is rounded once; integers wrap."""
    if isinstance(c, Float):
        factors = [
            decode(t, bits) if isinstance(t, Float) else _integer(t, bits, signed) for t, bits in ((a, x), (b, y))
        ]
        return encode(c, floats.fused_multiply_add(*factors, decode(c, z)))
    assert isinstance(a, Int) and isinstance(b, Int)
    return c.wrap((a.signed(x) * b.signed(y) if signed else x * y) + z)


def _integer(t: Int, bits: int, signed: bool) -> object:
    return finite(t.signed(bits) if signed else bits)
