"""When buffers are live, and where the arena puts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from minilinalg.analysis.arena import Item, place
from minilinalg.analysis.liveness import Interval, intervals, peak
from minilinalg.parsing import parse_module

BUFFER = "memref<4xf32>"


def live(body: str) -> dict[str, Interval]:
    """Name of each buffer in a function with this body -> when it is live."""
    text = f"func.func @f(%n: index, %c: i1) {{\n%zero = arith.constant 0 : index\n{body}\nreturn\n}}"
    module = parse_module(text)
    assert isinstance(module, ModuleOp)
    function = next(iter(module.ops))
    return {alloc.memref.name_hint or "?": interval for alloc, interval in intervals(function).items()}


def use(name: str, at: str = "%zero") -> str:
    return f"%u{use_count()} = memref.load %{name}[{at}] : {BUFFER}"


def use_count(counter: list[int] = [0]) -> int:  # noqa: B006
    counter[0] += 1
    return counter[0]


def alloc(name: str) -> str:
    return f"%{name} = memref.alloc() : {BUFFER}"


def lines(*parts: str) -> str:
    return "\n".join(parts)


def test_a_buffer_is_live_from_its_first_use_to_its_last() -> None:
    found = live(lines(alloc("a"), alloc("b"), use("a"), use("a"), use("b")))
    assert not found["a"].overlaps(found["b"])


def test_the_allocation_itself_is_no_use() -> None:
    found = live(lines(alloc("a"), alloc("b"), use("b"), use("a")))
    assert found["b"].end < found["a"].start


def test_one_operation_that_uses_both_makes_them_overlap() -> None:
    found = live(lines(alloc("a"), alloc("b"), f'"memref.copy"(%a, %b) : ({BUFFER}, {BUFFER}) -> ()'))
    assert found["a"].overlaps(found["b"])


def test_a_use_through_a_view_is_a_use() -> None:
    view = f"%v = memref.subview %a[0] [2] [1] : {BUFFER} to memref<2xf32, strided<[1]>>"
    through = "%x = memref.load %v[%zero] : memref<2xf32, strided<[1]>>"
    found = live(lines(alloc("a"), alloc("b"), view, use("b"), through))
    assert found["b"].end < found["a"].start


def test_a_loop_keeps_alive_what_is_allocated_outside() -> None:
    body = lines(use("a"), use("b"))
    found = live(lines(alloc("a"), alloc("b"), "scf.for %i = %zero to %n step %n {", body, "}"))
    assert found["a"].overlaps(found["b"]), "the next iteration may read what this one left"


def test_a_loop_does_not_keep_alive_what_is_allocated_inside() -> None:
    body = lines(alloc("a"), use("a"), alloc("b"), use("b"))
    found = live(lines("scf.for %i = %zero to %n step %n {", body, "}"))
    assert not found["a"].overlaps(found["b"])


def test_the_outermost_loop_counts() -> None:
    inner = lines("scf.for %j = %zero to %n step %n {", use("a"), "}", alloc("b"), use("b"))
    found = live(lines(alloc("a"), "scf.for %i = %zero to %n step %n {", inner, "}"))
    assert found["a"].overlaps(found["b"])


def test_branches_are_never_live_together() -> None:
    found = live(lines(alloc("a"), alloc("b"), "scf.if %c {", use("a"), "} else {", use("b"), "}"))
    assert not found["a"].overlaps(found["b"])


def test_an_unused_buffer_is_live_where_it_is_allocated() -> None:
    found = live(lines(alloc("a"), alloc("b"), use("b")))
    assert not found["a"].overlaps(found["b"])


def test_peak_is_the_first_time_of_the_most_bytes() -> None:
    assert peak([(Interval(0, 4), 10), (Interval(2, 3), 5), (Interval(3, 9), 5)]) == (3, 20)


ITEMS = st.lists(
    st.builds(
        lambda start, length, size: Item(Interval(start, start + length), size),
        st.integers(0, 20),
        st.integers(0, 10),
        st.integers(0, 70),
    ),
    max_size=14,
)


@given(ITEMS, st.sampled_from([1, 16, 64]))
def test_no_two_live_items_overlap(items: list[Item], alignment: int) -> None:
    found = place(items, alignment=alignment)
    taken: dict[tuple[int, int], int] = {}
    for number, (item, offset) in enumerate(zip(items, found.offsets, strict=True)):
        assert offset % alignment == 0
        assert offset >= 0
        assert offset + item.size <= found.total
        for time in range(item.live.start, item.live.end + 1):
            for byte in range(offset, offset + item.size):
                assert taken.setdefault((time, byte), number) == number, "two items have a byte at the same time"


@given(ITEMS)
def test_the_arena_is_no_smaller_than_the_peak_and_no_larger_than_all(items: list[Item]) -> None:
    total = place(items).total
    assert peak((item.live, item.size) for item in items)[1] <= total <= sum(item.size for item in items)


@given(ITEMS)
def test_a_capacity_never_makes_the_arena_larger(items: list[Item]) -> None:
    least = peak((item.live, item.size) for item in items)[1]
    assert place(items, capacity=least).total <= place(items).total


def test_a_gap_is_filled() -> None:
    items = [Item(Interval(0, 9), 100), Item(Interval(0, 2), 40), Item(Interval(5, 9), 40), Item(Interval(0, 9), 60)]
    found = place(items)
    assert found.total == 200
    assert found.offsets[1] == found.offsets[2]


def test_another_order_is_tried_when_the_first_does_not_fit() -> None:
    # By size, the long small item ends up behind two that are never live together.
    items = [
        Item(Interval(0, 1), 3),
        Item(Interval(1, 2), 2),
        Item(Interval(2, 3), 3),
        Item(Interval(3, 4), 2),
        Item(Interval(4, 5), 3),
    ]
    least = peak((item.live, item.size) for item in items)[1]
    assert place(items, capacity=least).total == least


@pytest.mark.parametrize("count", [0, 1])
def test_few_items(count: int) -> None:
    found = place([Item(Interval(0, 0), 7)] * count)
    assert found.offsets == (0,) * count
    assert found.total == 7 * count
