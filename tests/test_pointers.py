"""Pointer analysis: forms of particular programs, and random ones against their numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from integer_programs import ARGUMENTS, Numbers, Program, programs

from minilinalg.analysis.index_expr import ONE, ZERO, Carried, constant, number
from minilinalg.analysis.pointers import PointerAnalysis, State
from minilinalg.analysis.structured import STILL, Strided, Structured, Table, Unstructured, Wrapped, reshape_terms
from minilinalg.parsing import parse_module


def states(
    body: str, header: str = "%p: !tt.ptr<f32>, %q: !tt.ptr<f32>, %a: i32, %b: i32, %n: i32"
) -> dict[str, State]:
    """The states of all named values of a function."""
    (func,) = parse_module(f"module {{ tt.func public @f({header}) {{ {body}\n tt.return }} }}").ops
    analysis = PointerAnalysis(func)
    found: dict[str, State] = {}
    for op in func.walk():
        values = [*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)]
        found.update({v.name_hint: analysis.of(v) for v in values if v.name_hint is not None})
    return found


def structured(state: State) -> Structured:
    assert isinstance(state, Structured), state
    return state


def test_a_block_of_a_row_has_an_offset_and_a_stride() -> None:
    found = states("""
        %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
        %s = tt.splat %a : i32 -> tensor<8xi32>
        %o = arith.addi %s, %r : tensor<8xi32>
        %t = tt.splat %b : i32 -> tensor<8xi32>
        %m = arith.muli %o, %t : tensor<8xi32>
        %ps = tt.splat %p : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
        %x = tt.addptr %ps, %m : tensor<8x!tt.ptr<f32>>, tensor<8xi32>""")
    x, base = structured(found["x"]), structured(found["p"]).base
    a, b = structured(found["a"]).offset, structured(found["b"]).offset
    assert x == Structured(a * b, (Strided(b),), (8,), base)
    assert base is not None


def test_each_dimension_has_its_own_term() -> None:
    found = states("""
        %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
        %ns = tt.splat %n : i32 -> tensor<8xi32>
        %rem = arith.remsi %r, %ns : tensor<8xi32>
        %rows = tt.expand_dims %rem {axis = 1 : i32} : tensor<8xi32> -> tensor<8x1xi32>
        %bs = tt.splat %b : i32 -> tensor<8x1xi32>
        %scaled = arith.muli %rows, %bs : tensor<8x1xi32>
        %wide = tt.broadcast %scaled : tensor<8x1xi32> -> tensor<8x8xi32>
        %c = tt.expand_dims %r {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
        %cols = tt.broadcast %c : tensor<1x8xi32> -> tensor<8x8xi32>
        %x = arith.addi %wide, %cols : tensor<8x8xi32>""")
    n, b = structured(found["n"]).offset, structured(found["b"]).offset
    assert structured(found["x"]).terms == (Wrapped(ZERO, n, b), Strided(ONE))


def test_a_remainder_that_never_wraps_is_left_out() -> None:
    found = states("""
        %r = tt.make_range {end = 12 : i32, start = 4 : i32} : tensor<8xi32>
        %m = arith.constant dense<12> : tensor<8xi32>
        %x = arith.remsi %r, %m : tensor<8xi32>""")
    assert found["x"] == found["r"]


def test_numbers_from_memory_are_a_table() -> None:
    found = states("""
        %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
        %ps = tt.splat %p : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
        %x = tt.addptr %ps, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
        %f = tt.load %x : tensor<8x!tt.ptr<f32>>
        %i = arith.fptosi %f : tensor<8xf32> to tensor<8xi32>
        %y = tt.addptr %ps, %i : tensor<8x!tt.ptr<f32>>, tensor<8xi32>""")
    (term,) = structured(found["y"]).terms
    assert isinstance(term, Table) and term.vector.name_hint == "i"


LOOP = """
    %zero = arith.constant 0 : i32
    %step = arith.constant 1 : i32
    %r = tt.make_range {{end = 8 : i32, start = 0 : i32}} : tensor<8xi32>
    %bs = tt.splat %b : i32 -> tensor<8xi32>
    %ps = tt.splat %p : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
    %qs = tt.splat %q : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
    %x = tt.addptr %ps, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
    %y = tt.addptr %qs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
    %end = scf.for %i = %zero to %n step %step iter_args(%at = %x) -> (tensor<8x!tt.ptr<f32>>)  : i32 {{
      {body}
    }}"""


def test_what_a_loop_carries_keeps_its_terms_and_changes_its_offset() -> None:
    found = states(
        LOOP.format(
            body="""
        %next = tt.addptr %at, %bs : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
        scf.yield %next : tensor<8x!tt.ptr<f32>>"""
        )
    )
    at, end = structured(found["at"]), structured(found["end"])
    assert at.terms == end.terms == (Strided(ONE),)
    assert [type(s) for s in at.offset.symbols()] == [Carried]
    assert structured(found["next"]).offset == at.offset + structured(found["b"]).offset


def test_what_a_loop_carries_unchanged_is_what_it_was() -> None:
    found = states(LOOP.format(body="scf.yield %at : tensor<8x!tt.ptr<f32>>"))
    assert found["at"] == found["end"] == found["x"]


def test_a_loop_that_changes_a_stride_is_not_structured() -> None:
    found = states(
        LOOP.format(
            body="""
        %next = tt.addptr %at, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
        scf.yield %next : tensor<8x!tt.ptr<f32>>"""
        )
    )
    assert isinstance(found["at"], Unstructured)
    assert found["at"].reason == "the loop changes its stride from one iteration to the next"


def test_pointers_of_which_a_loop_changes_the_array_are_a_table_of_addresses() -> None:
    state = structured(states(LOOP.format(body="scf.yield %y : tensor<8x!tt.ptr<f32>>"))["end"])
    (term,) = state.terms
    assert isinstance(term, Table) and term.vector.name_hint == "end"
    assert (state.base, state.offset) == (None, ZERO)


def test_pointers_made_from_integers_count_from_themselves() -> None:
    found = states("""
        %wide = arith.extsi %a : i32 to i64
        %x = tt.int_to_ptr %wide : i64 -> !tt.ptr<f32>
        %y = tt.addptr %x, %a : !tt.ptr<f32>, i32""")
    base = structured(found["y"]).base
    assert base is not None and base.name_hint == "x"
    assert structured(found["y"]).offset == structured(found["a"]).offset


def test_the_arithmetic_of_scalars_stays_where_it_is() -> None:
    """It may wrap on purpose: what a scalar operation gives is a symbol, not a polynomial in its operands."""
    found = states("%x = arith.muli %a, %b : i32")
    (symbol,) = structured(found["x"]).offset.symbols()
    assert symbol.value.name_hint == "x"  # pyright: ignore


def test_reshapes_split_and_join_what_is_linear() -> None:
    flat = (Strided(constant(3)),)
    split = (Strided(constant(12)), Strided(constant(3)))
    assert reshape_terms(flat, (8,), (2, 4)) == split
    assert reshape_terms(split, (2, 4), (8,)) == flat
    assert reshape_terms((Strided(ONE), Strided(constant(3))), (2, 4), (8,)) is None
    assert reshape_terms(split, (2, 4), (2, 1, 2, 2)) == (split[0], STILL, Strided(constant(6)), Strided(constant(3)))
    assert reshape_terms((STILL, *flat), (1, 8), (8,)) == flat
    assert reshape_terms((STILL, STILL), (2, 4), (8, 1)) == (STILL, STILL)
    wrapped = Wrapped(ZERO, constant(5), ONE)
    assert reshape_terms((wrapped,), (8,), (1, 8, 1)) == (STILL, wrapped, STILL)
    assert reshape_terms((wrapped,), (8,), (2, 4)) is None


@settings(max_examples=150, deadline=None)
@given(programs(), ARGUMENTS)
def test_states_are_the_numbers(program: Program, arguments: tuple[int, int, bool]) -> None:
    func = program.function()
    analysis, numbers = PointerAnalysis(func), Numbers(func, *arguments)
    for op in func.regions[0].block.ops:
        for result in op.results:
            state = analysis.of(result)
            if isinstance(state, Structured):
                assert (computed(state, numbers) == numbers.of[result]).all(), (op, state)


def computed(state: Structured, numbers: Numbers) -> np.ndarray:
    """The elements that a state stands for."""
    total = np.full(state.shape, numbers.value(state.offset))
    for dim, (term, size) in enumerate(zip(state.terms, state.shape, strict=True)):
        i = np.arange(size)
        match term:
            case Strided(stride):
                row = numbers.value(stride) * i
            case Wrapped(start, modulus, scale):
                row = numbers.value(scale) * np.fmod(numbers.value(start) + i, numbers.value(modulus))
            case Table(vector, scale):
                row = numbers.value(scale) * numbers.of[vector]
        total = total + row.reshape([-1 if d == dim else 1 for d in range(len(state.shape))])
    return total


def test_symbols_are_named_in_the_order_in_which_they_came() -> None:
    found = states("%x = arith.addi %a, %b : i32")
    a, b = structured(found["a"]).offset, structured(found["b"]).offset
    assert repr(b * 2 + a - 3) == "2*%b + 1*%a + -3"
    assert a * b == b * a and hash(a * b) == hash(b * a) and a * b != a
    assert (a - a).constant == 0 and number(next(iter(a.symbols())).value) == a  # pyright: ignore
