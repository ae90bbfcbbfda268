"""Where an operation comes from: every form of location, the places of errors, and locations in printed text."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import FileLineColLoc, ModuleOp, UnknownLoc
from xdsl.ir import Operation

from minilinalg.dialects.upstream.locations import file_range
from minilinalg.errors import InputError, Place
from minilinalg.locations import carry, places_of, source_location
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

FORMS = [
    "unknown",
    '"f.py":1:2',
    '"f.py":1:2 to 3:4',
    '"f.py":1:2 to :9',
    '"name"',
    '"name"("f.py":1:2)',
    'callsite("callee" at "f.py":1:2)',
    'callsite(callsite("a" at "b") at "f.py":1:2)',
    'fused["a", "f.py":1:2, unknown]',
    'fused<"meta">["f.py":1:2, "x"]',
    "fused<{a = 3 : i8}>[unknown]",
    '"with \\22 quotes":3:4',
]


def first(module: ModuleOp) -> Operation:
    return next(iter(module.ops))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_survives(form: str) -> None:
    module = parse_module(f"%c = arith.constant 1 : i32 loc({form})")
    text = module_text(module, debuginfo=True)
    again = parse_module(text)
    assert source_location(first(module)) == source_location(first(again))
    assert module_text(again, debuginfo=True) == text


names = st.text(alphabet='ab"\\/.é ', min_size=1, max_size=6).map(
    lambda s: s.encode().decode("latin-1").encode("ascii", "ignore").decode() or "x"
)
numbers = st.integers(0, 10**6)
positions = st.builds(
    lambda n, a, b: f'"{n}":{a}:{b}', st.sampled_from(["f", "a/b.py", "with space"]), numbers, numbers
)
locations = st.recursive(
    st.one_of(st.just("unknown"), positions),
    lambda inner: st.one_of(
        st.builds(lambda a: f'"n"({a})', inner),
        st.builds(lambda a, b: f"callsite({a} at {b})", inner, inner),
        st.builds(lambda ls: f"fused[{', '.join(ls)}]", st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda ls: f'fused<"m">[{", ".join(ls)}]', st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(locations, min_size=1, max_size=5))
def test_nested_locations_survive_in_line_and_as_aliases(found: list[str]) -> None:
    inline = "\n".join(f'"test.op"() : () -> () loc({location})' for location in found)
    aliased = "\n".join(f'"test.op"() : () -> () loc(#loc{i})' for i in range(len(found)))
    aliased += "\n" + "\n".join(f"#loc{i} = loc({location})" for i, location in enumerate(found))
    a, b = parse_module(inline), parse_module(aliased)
    assert [source_location(op) if _said(op) else None for op in a.ops] == [
        source_location(op) if _said(op) else None for op in b.ops
    ]
    text = module_text(a, debuginfo=True)
    assert module_text(parse_module(text), debuginfo=True) == text


def _said(op: Operation) -> bool:
    """Whether the text said where the operation comes from; `unknown` says nothing."""
    return not isinstance(op.location, FileLineColLoc)


def test_a_range_keeps_both_ends() -> None:
    op = first(parse_module('%c = arith.constant 1 : i32 loc("f":1:2 to :9)'))
    location = source_location(op)
    assert location == file_range(cast(FileLineColLoc, location.locations.data[0]), 1, 9)  # pyright: ignore


TEXT = """func.func @f(%x: i32 loc("x"("k.py":1:3)), %y: i32) {
  %sum = arith.addi %x, %y : i32 loc(#loc2)
  %product = arith.muli %sum,
     %y : i32
  return
}
#loc1 = loc("k.py":7:5)
#loc2 = loc(callsite("library.py":99:1 at #loc1))
"""


def body(module: ModuleOp) -> list[Operation]:
    return list(first(module).regions[0].block.ops)


def test_places_are_the_text_then_the_kernel_then_the_library() -> None:
    sources = {"a.ttir": TEXT, "k.py": "\n" * 6 + "    y = f(x)\n"}
    add, mul, _ = body(parse_module(TEXT, "a.ttir"))
    assert [str(place) for place in places_of(add)] == ["a.ttir:2:10", "k.py:7:5", "library.py:99:1"]
    assert [str(place) for place in places_of(mul)] == ["a.ttir:3:14"]
    text, kernel, library = places_of(add, sources)
    assert text == Place("a.ttir", 2, 10, "  %sum = arith.addi %x, %y : i32 loc(#loc2)", len("arith.addi"))
    assert (kernel.text, library.text) == ("    y = f(x)", None)


def test_places_of_values_and_arguments() -> None:
    function = first(parse_module(TEXT, "a.ttir"))
    x, y = function.regions[0].block.args
    assert [str(place) for place in places_of(x)] == ["a.ttir:1:14", "k.py:1:3"]
    assert [str(place) for place in places_of(y)] == ["a.ttir:1:44"]
    (add, *_) = function.regions[0].block.ops
    assert places_of(add.results[0]) == places_of(add)


def test_an_operation_without_a_place_has_that_of_what_is_around_it() -> None:
    function = first(parse_module(TEXT, "a.ttir"))
    (add, mul, _) = function.regions[0].block.ops
    mul.location = UnknownLoc()
    assert [str(place) for place in places_of(mul)] == ["a.ttir:1:1"]
    carry(add, [mul])
    assert places_of(mul) == places_of(add)


def test_debuginfo_prints_what_the_text_said() -> None:
    assert (
        module_text(parse_module(TEXT, "a.ttir"), debuginfo=True)
        == """#loc = loc("k.py":1:3)
module {
  func.func @f(%x: i32 loc("x"(#loc)), %y: i32 loc("a.ttir":1:44)) {
    %sum = arith.addi %x, %y : i32 loc(#loc5)
    %product = arith.muli %sum, %y : i32 loc(#loc6)
    return loc(#loc7)
  } loc(#loc2)
} loc(#loc1)
#loc1 = loc("a.ttir":0:0)
#loc2 = loc("a.ttir":1:1)
#loc3 = loc("library.py":99:1)
#loc4 = loc("k.py":7:5)
#loc5 = loc(callsite(#loc3 at #loc4))
#loc6 = loc("a.ttir":3:14)
#loc7 = loc("a.ttir":5:3)
"""
    )


def test_a_broken_rule_names_text_and_source() -> None:
    with pytest.raises(InputError) as caught:
        parse_module(
            'func.func @f(%x: i32) {\n  %y = arith.extsi %x : i32 to i8 loc("k.py":4:9)\n  return\n}', "a.ttir"
        )
    assert str(caught.value) == (
        "a.ttir:2:8: error: 'arith.extsi' casts i32 to i8: an extension goes to a type with more bits\n"
        '    %y = arith.extsi %x : i32 to i8 loc("k.py":4:9)\n'
        "         ^^^^^^^^^^^\n"
        "  from: k.py:4:9"
    )


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (1, f"{'x' * 200}...\n^^^"),
        (150, f"{'x' * 200}...\n{' ' * 149}^^^"),
        (199, f"...{'x' * 200}...\n{' ' * 103}^^^"),
        (301, f"...{'x' * 200}\n{' ' * 203}^"),
    ],
)
def test_of_a_long_line_what_is_around_the_place_is_shown(column: int, shown: str) -> None:
    assert Place("f", 1, column, "x" * 300, 3).excerpt() == shown
