"""float16 from and to float32, several times faster than NumPy's own conversions; float16 as float32 means its values.

All do the same to every number, in pieces that stay near the core, and leave to NumPy what is NaN, infinite, or becomes
so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

IN_CACHE = 1 << 16
"""Elements of which a few arrays stay near the core, and that are worth the calls."""

THIRTEEN_MORE = np.uint32(13 << 23 | 1 << 22)
"""Makes 1.5 * 2**(e + 13) of the bits of 2**e."""

LEAST = 1024
"""Elements for which it is worth it."""

INFINITE, SIGN = 0x7C00, 0x8000
"""The bits of infinity, which those of NaN are above, and of the sign."""

BIAS = np.float32(2.0**112)
"""Between the numbers that the same bits are in the two formats, those of the exponent that float32 has more all 0."""


def round_to(x: Array, out: Array) -> Array:
    """float32 rounded to the nearest float16, halves to even, as float32. out: may be `x`. Returns it."""
    for piece, to in _pieces(x, out):
        _round_piece(piece, to)
    return out


def to_float32(x: Array) -> Array:
    """float16 as a new float32 array."""
    if x.size < LEAST:
        return x.astype(np.float32)
    found = np.empty(x.shape, np.float32)
    for piece, to in _pieces(x, found):
        # The sign stays in front, and between it and the exponent come three copies of it, which go.
        given, bits = piece.view(np.int16), to.view(np.int32)
        if given.max() >= INFINITE or given.view(np.uint16).max() >= INFINITE | SIGN:
            to[...] = piece
            continue
        bits[...] = given
        np.left_shift(bits, 13, out=bits)
        np.bitwise_and(bits, np.int32(-0x70002000), out=bits)
        np.multiply(to, BIAS, out=to)
    return found


def from_float32(x: Array, out: Array) -> None:
    """Writes float32 that hold values of float16 to an array of float16."""
    if x.size < LEAST:
        out[...] = x
        return
    for piece, to in _pieces(x, out):
        if not -65536 < piece.min() <= piece.max() < 65536:
            to[...] = piece
            continue
        bits = (piece * (1 / BIAS)).view(np.uint32)
        bits >>= np.uint32(13)
        sign = (bits >> np.uint32(3)).astype(np.uint16)
        sign &= np.uint16(0x8000)
        np.bitwise_or(bits.astype(np.uint16), sign, out=to.view(np.uint16))


def _pieces(x: Array, out: Array) -> Iterator[tuple[Array, Array]]:
    """Both in pieces of the first dimension, of all elements where they lie one behind the other, in one order."""
    order = np.argsort([-stride for stride in x.strides], kind="stable")
    if x.transpose(order).flags.c_contiguous and out.transpose(order).flags.c_contiguous:
        x, out = x.transpose(order).reshape(-1), out.transpose(order).reshape(-1)
    step = max(1, IN_CACHE * len(x) // max(x.size, 1))
    for first in range(0, len(x), step):
        yield x[first : first + step], out[first : first + step]


def _round_piece(x: Array, out: Array) -> None:
    """1.5 * 2**(e + 13) has neighbours as far away as a float16 of exponent e has, so adding it to one rounds.

    float16 below 2**-14 are as far apart as just above.
    """
    scale = x.view(np.uint32) & np.uint32(0x7F800000)
    large = np.nonzero(scale >= 0x47000000) if scale.max() >= 0x47000000 else None
    # x may be written over before what is large is.
    rounded = None if large is None else x[large].astype(np.float16)
    smallest = np.uint32(0x38800000)
    sign = None
    if x.view(np.int32).min() >= 0:
        np.maximum(scale, smallest, out=scale)
    elif scale.min() < smallest:
        np.maximum(scale, smallest, out=scale)
        sign = x.view(np.uint32) & np.uint32(0x80000000)
    scale += THIRTEEN_MORE
    shift = scale.view(np.float32)
    np.add(x, shift, out=out)
    np.subtract(out, shift, out=out)
    if sign is not None:
        # What rounds to zero keeps its sign.
        bits = out.view(np.uint32)
        np.bitwise_or(bits, sign, out=bits)
    if large is not None:
        out[large] = rounded
