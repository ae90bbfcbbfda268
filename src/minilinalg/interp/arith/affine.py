"""+ - * / and remainder of affine tensors that give an affine tensor again; None where they do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minilinalg.interp.dtypes import Array
from minilinalg.interp.values import Affine, Term, least, most


def _sum_of_terms(a: Term, b: Term, extent: int) -> Term:
    if isinstance(a, int) is isinstance(b, int):
        return a + b
    stride, vector = (a, b) if isinstance(a, int) else (b, a)
    return vector if stride == 0 else vector + np.arange(extent, dtype=np.int64) * stride


def _add(a: Affine, b: Affine) -> Affine:
    return Affine(a.offset + b.offset, tuple(map(_sum_of_terms, a.terms, b.terms, a.shape)), a.shape, a.dtype)


def difference(a: Affine, b: Affine) -> Affine:
    """a - b, without wrap-around."""
    terms = tuple([_sum_of_terms(x, -y, n) for x, y, n in zip(a.terms, b.terms, a.shape, strict=True)])
    return Affine(a.offset - b.offset, terms, a.shape, a.dtype)


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
    # What wraps differs between programs, and mostly along one dimension: an index vector, read row by row.
    return _as_sum(a.array().astype(np.int64) % divisor, a)


def _as_sum(x: Array, a: Affine) -> Affine | None:
    """Numbers (L, *shape), of extent 1 where they do not change, as a sum of a term for each dimension, in the form of
    `a`; None when they are no such sum."""
    rank = x.ndim - 1
    first = x[(slice(None), *[slice(0, 1)] * rank)]
    terms: list[Term] = []
    total = first
    for dim in range(rank):
        line = x[(slice(None), *[slice(None) if d == dim else slice(0, 1) for d in range(rank)])] - first
        total = total + line
        terms.append(line.reshape(len(x), -1) if line.shape[dim + 1] > 1 else 0)
    if not bool((total == x).all()):
        return None
    offset = first.reshape(-1)
    return Affine(int(offset[0]) if len(x) == 1 else offset, tuple(terms), a.shape, a.dtype)


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
