"""+ - * / and remainder of affine tensors that give an affine tensor again; None where they do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minilinalg.interp.values import Affine, Term, least, most


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


def difference(a: Affine, b: Affine) -> Affine:
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
    "arith.subi": difference,
    "arith.muli": _mul,
    "arith.remsi": _rem,
    "arith.remui": _rem,
    "arith.divsi": _div,
    "arith.divui": _div,
}
