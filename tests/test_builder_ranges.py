"""Range inference: every index takes as many values as keep all subscripts inside their tensors, and no more."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilinalg.builder.binding import Operands, bind
from minilinalg.builder.ranges import Affine, Subscript, infer_extents
from minilinalg.builder.sizes import Dim, evaluate
from minilinalg.builder.syntax import Name, Span, parse_comprehension
from minilinalg.errors import InputError

NOWHERE = Span(0, 0)


def extents(text: str, **shapes: tuple[int | None, ...]) -> dict[str, object]:
    return dict(bind(parse_comprehension(text), Operands(shapes)).extents)


def test_indices_have_the_sizes_of_what_they_subscript() -> None:
    assert extents("C[m, n] += A[m, k] * B[k, n]", A=(3, 4), B=(4, 5)) == {"m": 3, "n": 5, "k": 4}


def test_a_window_shortens_the_range() -> None:
    assert extents("O[n] += I[n + k] * K[k]", I=(10,), K=(3,)) == {"n": 8, "k": 3}


def test_a_stride_divides_the_range() -> None:
    assert extents("O[i, j] = A[2*i, 3*j + 1]", A=(7, 7)) == {"i": 4, "j": 2}


def test_a_reversed_subscript_is_bounded_from_below() -> None:
    assert extents("O[i] = A[5 - i]", A=(9,)) == {"i": 6}


def test_an_index_alone_and_shifted_takes_the_shorter_range() -> None:
    assert extents("O[i] = A[i + 1] - A[i]", A=(10,)) == {"i": 9}


def test_a_clause_gives_what_no_tensor_gives() -> None:
    assert extents("O[i] max= A[2*i + r] where r in 0:3", A=(9,)) == {"i": 4, "r": 3}


def test_a_known_size_is_preferred_to_one_that_is_not() -> None:
    assert extents("O[i] = A[i] + B[i]", A=(None,), B=(7,)) == {"i": 7}


def test_unknown_sizes_stay_as_expressions() -> None:
    found = bind(parse_comprehension("O[n] += I[2*n + k] * K[k]"), Operands({"I": (None,), "K": (None,)})).extents
    sizes: Mapping[Dim, int] = {Dim("I", 0): 10, Dim("K", 0): 3}
    assert {name: evaluate(size, lambda leaf: sizes[leaf]) for name, size in found.items()} == {"k": 3, "n": 4}


def test_nothing_is_left_when_a_range_is_empty() -> None:
    assert extents("O[n] += I[n + k] * K[k]", I=(2,), K=(3,)) == {"n": 0, "k": 3}


@st.composite
def accesses(draw: st.DrawFn) -> tuple[list[str], list[Subscript]]:
    """Subscripts over a few indices, some by themselves, some with coefficients and constants."""
    names = ["i", "j", "k"][: draw(st.integers(1, 3))]
    subscripts: list[Subscript] = []
    for number in range(draw(st.integers(1, 4))):
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        coefficients = draw(st.lists(st.sampled_from([1, 1, 2, 3, -1, -2]), min_size=len(chosen), max_size=len(chosen)))
        at = Affine(tuple(zip(chosen, coefficients, strict=True)), draw(st.integers(0, 6)))
        subscripts.append(Subscript(f"T{number}", 0, draw(st.integers(1, 12)), at, NOWHERE))
    return names, subscripts


def inside(subscripts: list[Subscript], ranges: Mapping[str, int]) -> bool:
    """By trying every point: whether no subscript leaves its tensor."""
    for subscript in subscripts:
        names = [name for name, _ in subscript.at.terms]
        for point in itertools.product(*(range(ranges[name]) for name in names)):
            if not 0 <= subscript.at.evaluate(dict(zip(names, point, strict=True))) < (subscript.size or 0):
                return False
    return True


@given(accesses())
def test_the_ranges_fit_and_are_the_largest(case: tuple[list[str], list[Subscript]]) -> None:
    names, subscripts = case
    try:
        found = infer_extents([Name(name, NOWHERE) for name in names], subscripts, {}, "").of
    except InputError:
        return
    ranges = {name: evaluate(size, lambda leaf: pytest.fail(f"{leaf}")) for name, size in found.items()}
    assert inside(subscripts, ranges)
    if any(extent == 0 for extent in ranges.values()):
        return
    for name, extent in ranges.items():
        # One value more of one index leaves a tensor, unless an index by itself says that this is all there is.
        if not any(s.at.plain == name for s in subscripts):
            assert not inside(subscripts, ranges | {name: extent + 1})


@given(accesses(), st.randoms())
def test_the_order_of_the_subscripts_does_not_matter(case: tuple[list[str], list[Subscript]], random: object) -> None:
    names, subscripts = case
    shuffled = list(subscripts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def outcome(order: list[Subscript]) -> object:
        try:
            return infer_extents([Name(name, NOWHERE) for name in names], order, {}, "").of
        except InputError:
            return None

    assert outcome(subscripts) == outcome(shuffled)


@given(accesses(), st.data())
def test_sizes_known_later_give_the_same_ranges(case: tuple[list[str], list[Subscript]], data: st.DataObject) -> None:
    names, subscripts = case
    indices = [Name(name, NOWHERE) for name in names]
    try:
        known = infer_extents(indices, subscripts, {}, "").of
    except InputError:
        return
    if 0 in known.values():
        return  # a range that turns out to be empty excuses a subscript that would leave its tensor
    sizes = {(s.tensor, s.axis): s.size for s in subscripts}
    later = [
        Subscript(s.tensor, s.axis, None if data.draw(st.booleans()) else s.size, s.at, s.span) for s in subscripts
    ]
    found = infer_extents(indices, later, {}, "").of
    values = {name: evaluate(size, lambda leaf: sizes[leaf.tensor, leaf.axis]) for name, size in found.items()}  # type: ignore
    assert values == known
