"""Linear algebra over GF(2). A vector is an integer, bit i its coordinate i; vectors are added by XOR.

A matrix is the sequence of its columns: `columns[i]` is where the unit vector 1 << i goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def bits_of(mask: int) -> list[int]:
    """The positions of the bits that are set, ascending."""
    return [position for position in range(mask.bit_length()) if mask >> position & 1]


def apply(columns: Sequence[int], vector: int) -> int:
    """The matrix times `vector`: the sum of the columns whose bit is set."""
    result = 0
    for position in bits_of(vector):
        result ^= columns[position]
    return result


class Span:
    """The subspace that vectors span, grown one vector at a time.

    A vector that is a sum of earlier ones is kept out, so a sum that makes an element of the subspace is unique, and
    one that earlier vectors alone can make never contains a later one.
    """

    def __init__(self, vectors: Iterable[int] = ()):
        self._rows: dict[int, tuple[int, int]] = {}
        """Leading bit -> (a vector with that leading bit, the mask of the added vectors whose sum it is)."""
        self._added = 0
        for vector in vectors:
            self.add(vector)

    @property
    def dimension(self) -> int:
        """How many vectors make a basis."""
        return len(self._rows)

    def add(self, vector: int) -> bool:
        """Grows the subspace by `vector`; says whether it was outside before."""
        rest, terms = self._reduce(vector)
        if rest:
            self._rows[rest.bit_length()] = (rest, terms ^ 1 << self._added)
        self._added += 1
        return rest != 0

    def solve(self, vector: int) -> int | None:
        """Bit i is set when the i-th vector added is a term of the sum that makes `vector`; None when none does."""
        rest, terms = self._reduce(vector)
        return None if rest else terms

    def __contains__(self, vector: int) -> bool:
        return self._reduce(vector)[0] == 0

    def _reduce(self, vector: int) -> tuple[int, int]:
        terms = 0
        for leading in range(vector.bit_length(), 0, -1):
            if vector >> leading - 1 & 1 and leading in self._rows:
                row, made_of = self._rows[leading]
                vector ^= row
                terms ^= made_of
        return vector, terms


def rank(vectors: Iterable[int]) -> int:
    """The dimension of what `vectors` span."""
    return Span(vectors).dimension


def independent(vectors: Iterable[int], beyond: Iterable[int] = ()) -> list[int]:
    """Those of `vectors` that are no sum of earlier ones and of `beyond`."""
    span = Span(beyond)
    return [vector for vector in vectors if span.add(vector)]


def complement(vectors: Iterable[int], dimension: int) -> list[int]:
    """Unit vectors that make, together with `vectors`, the whole space of that dimension."""
    return independent((1 << position for position in range(dimension)), beyond=vectors)


def intersection(left: Iterable[int], right: Iterable[int]) -> list[int]:
    """A basis of what the spans of both have in common.

    Where a vector of `right` is a sum of vectors of `left` and earlier ones of `right`, bringing the latter to its side
    gives an element of both.
    """
    left, right = independent(left), independent(right)
    span = Span(left)
    common: list[int] = []
    for position, vector in enumerate(right):
        terms = span.solve(vector)
        span.add(vector)
        if terms is not None:
            common.append(apply(right, terms >> len(left) | 1 << position))
    return common
