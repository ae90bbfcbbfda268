"""Loops and branches of the engine: what they carry, trip counts that differ, arrays that are taken over in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slow
from engine_kernels import agree, kernel

from minilinalg.errors import RunError
from minilinalg.interp import run
from minilinalg.parsing import parse_module

N = 8
PARAMETERS = "%x: !tt.ptr<f32>, %i: !tt.ptr<i32>, %o: !tt.ptr<f32>, %oi: !tt.ptr<i32>, %n: i32"


def at(name: str, base: str, index: str, element: str) -> str:
    """`%name` as pointers to a block of N elements at the index vector."""
    pointers = f"tensor<{N}x!tt.ptr<{element}>>"
    return f"""
    %s_{name} = tt.splat {base} : !tt.ptr<{element}> -> {pointers}
    %{name} = tt.addptr %s_{name}, {index} : {pointers}, tensor<{N}xi32>"""


START = f"""
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %c4 = arith.constant 4 : i32
    %size = arith.constant {N} : i32
    %pid = tt.get_program_id x : i32
    %r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>
    %first = arith.muli %pid, %size : i32
    %sfirst = tt.splat %first : i32 -> tensor<{N}xi32>
    %here = arith.addi %sfirst, %r : tensor<{N}xi32>
    %one = arith.constant dense<1.0> : tensor<{N}xf32>
    %three = arith.constant dense<3> : tensor<{N}xi32>
    %low = arith.cmpi slt, %r, %three : tensor<{N}xi32>""" + "".join(
    at(name, f"%{base}", "%here", element)
    for name, base, element in [("px", "x", "f32"), ("pi", "i", "i32"), ("po", "o", "f32"), ("poi", "oi", "i32")]
)
LOAD = f"\n    %v0 = tt.load %px : tensor<{N}x!tt.ptr<f32>>\n    %v = arith.addf %v0, %v0 : tensor<{N}xf32>\n"
F, INT, BIT = f"tensor<{N}xf32>", f"tensor<{N}xi32>", f"tensor<{N}xi1>"
PF, PI = f"tensor<{N}x!tt.ptr<f32>>", f"tensor<{N}x!tt.ptr<i32>>"


def check(body: str, programs: int = 5, n: int = 3) -> list[Any]:
    random = np.random.default_rng(0)
    count = N * programs
    x, i = random.integers(-9, 9, count).astype(np.float32), random.integers(0, 7, count).astype(np.int32)
    arguments = [x, i, np.zeros(count, np.float32), np.zeros(count, np.int32), n]
    return agree(kernel(PARAMETERS, START + LOAD + body), (programs,), arguments)


# Arrays that are taken over in place


def test_one_array_carried_twice() -> None:
    check(f"""
    %l:2 = scf.for %k = %c0 to %c4 step %c1 iter_args(%a = %v, %b = %v) -> ({F}, {F}) : i32 {{
      %c = arith.addf %a, %one : {F}
      %d = arith.mulf %b, %c : {F}
      scf.yield %d, %d : {F}, {F}
    }}
    %s = arith.addf %l#0, %l#1 : {F}
    tt.store %po, %s : {PF}""")


def test_an_array_from_outside_carried_on() -> None:
    check(f"""
    %l = scf.for %k = %c0 to %c4 step %c1 iter_args(%a = %one) -> ({F}) : i32 {{
      %c = arith.addf %a, %one : {F}
      tt.store %po, %c : {PF}
      scf.yield %v : {F}
    }}
    %s = arith.addf %l, %v : {F}
    tt.store %po, %s : {PF}""")


def test_an_array_and_a_view_of_it_carried() -> None:
    wide = f"tensor<1x{N}xf32>"
    check(f"""
    %e0 = tt.expand_dims %v {{axis = 0 : i32}} : {F} -> {wide}
    %l:2 = scf.for %k = %c0 to %c4 step %c1 iter_args(%a = %v, %b = %e0) -> ({F}, {wide}) : i32 {{
      %c = arith.addf %a, %one : {F}
      %e = tt.reshape %b : {wide} -> {F}
      %d = arith.mulf %e, %c : {F}
      %f = tt.expand_dims %d {{axis = 0 : i32}} : {F} -> {wide}
      scf.yield %d, %f : {F}, {wide}
    }}
    %e1 = tt.reshape %l#1 : {wide} -> {F}
    %s = arith.addf %l#0, %e1 : {F}
    tt.store %po, %s : {PF}""")


def test_an_accumulator_seen_after_it_moved_on() -> None:
    """The old value is stored after the new one was made."""
    check(f"""
    %l = scf.for %k = %c0 to %c4 step %c1 iter_args(%a = %v) -> ({F}) : i32 {{
      %c = arith.addf %a, %one : {F}
      %d = arith.mulf %c, %c : {F}
      tt.store %po, %a : {PF}
      scf.yield %d : {F}
    }}
    %old = tt.load %po : {PF}
    %s = arith.addf %l, %old : {F}
    %t = arith.addf %s, %v : {F}
    tt.store %po, %t : {PF}""")


def test_what_a_loop_began_with_is_used_after_it() -> None:
    check(f"""
    %w = arith.addf %v, %one : {F}
    %l = scf.for %k = %c0 to %pid step %c1 iter_args(%a = %w) -> ({F}) : i32 {{
      %c = arith.addf %a, %one : {F}
      %d = arith.mulf %c, %one : {F}
      scf.yield %d : {F}
    }}
    %s = arith.subf %l, %w : {F}
    tt.store %po, %s : {PF}""")


def test_an_array_that_is_the_same_in_programs_whose_loops_end_at_different_turns() -> None:
    """What a program that is done carries out is not what the others go on to overwrite."""
    check(f"""
    %l = scf.for %k = %c0 to %pid step %c1 iter_args(%a = %one) -> ({F}) : i32 {{
      %c = arith.addf %a, %one : {F}
      scf.yield %c : {F}
    }}
    tt.store %po, %l : {PF}""")


def test_the_same_bits_under_two_types() -> None:
    """A bitcast of a library is a view: what it shows must not be overwritten."""
    body = f"""
    %w = arith.addf %v, %one : {F}
    %bits = tt.extern_elementwise %w {{libname = "", libpath = "", pure = true, symbol = "__nv_float_as_int"}}
      : ({F}) -> {INT}
    %u = arith.mulf %w, %v : {F}
    tt.store %po, %u : {PF}
    tt.store %poi, %bits : {PI}"""
    x, bits = np.arange(N, dtype=np.float32), np.zeros(N, np.int32)
    run(kernel(PARAMETERS, START + LOAD + body), 1, [x, bits, np.zeros(N, np.float32), bits, 0])
    assert np.array_equal(bits.view(np.float32), 2 * x + 1)


@pytest.mark.parametrize("type_", ["f32", "f16"])
def test_loads_and_stores_in_turn(type_: str) -> None:
    """In place, a value moved by one place each time: every load sees all the stores before it, and no later one."""
    pointers, values = f"tensor<{N}x!tt.ptr<{type_}>>", f"tensor<{N}x{type_}>"
    body = f"""
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c5 = arith.constant 5 : i32
    %r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>
    %s = tt.splat %x : !tt.ptr<{type_}> -> {pointers}
    %p = tt.addptr %s, %r : {pointers}, tensor<{N}xi32>
    %ones = arith.constant dense<1> : tensor<{N}xi32>
    %q = tt.addptr %p, %ones : {pointers}, tensor<{N}xi32>
    scf.for %k = %c0 to %c5 step %c1 : i32 {{
      %a = tt.load %p : {pointers}
      %b = tt.load %q : {pointers}
      tt.store %q, %a : {pointers}
      %c = tt.load %p : {pointers}
      tt.store %p, %b : {pointers}
      %d = arith.addf %c, %a : {values}
      tt.store %q, %d : {pointers}
    }}"""
    module = kernel(f"%x: !tt.ptr<{type_}>", body)
    agree(module, (1,), [np.arange(N + 1).astype({"f32": np.float32, "f16": np.float16}[type_])])


def test_a_load_carried_past_a_store() -> None:
    check(f"""
    %l = scf.for %k = %c0 to %c3 step %c1 iter_args(%a = %v0) -> ({F}) : i32 {{
      %c = arith.addf %a, %one : {F}
      tt.store %px, %c : {PF}
      %d = tt.load %px : {PF}
      scf.yield %d : {F}
    }}
    tt.store %px, %one : {PF}
    %s = arith.addf %l, %v0 : {F}
    tt.store %po, %s : {PF}""")


def test_a_load_in_one_block_used_in_another() -> None:
    module = kernel(
        "%x: !tt.ptr<f32>, %o: !tt.ptr<f32>, %n: i32",
        f"""
    %pid = tt.get_program_id x : i32
    %r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>
    %sx = tt.splat %x : !tt.ptr<f32> -> {PF}
    %px = tt.addptr %sx, %r : {PF}, {INT}
    %so = tt.splat %o : !tt.ptr<f32> -> {PF}
    %po = tt.addptr %so, %r : {PF}, {INT}
    %v = tt.load %px : {PF}
    %c = arith.cmpi slt, %pid, %n : i32
    cf.cond_br %c, ^bb1, ^bb2
  ^bb1:
    %w = arith.addf %v, %v : {F}
    tt.store %px, %w : {PF}
    tt.store %po, %v : {PF}
    cf.br ^bb2
  ^bb2:""",
    )
    agree(module, (1,), [np.arange(N, dtype=np.float32), np.zeros(N, np.float32), 1])


# Trip counts


@pytest.mark.parametrize("programs", [1, 2, 7])
@pytest.mark.parametrize(
    ("low", "high", "step"),
    [
        ("%c0", "%pid", "%c1"),
        ("%pid", "%c4", "%c1"),
        ("%c1", "%pid", "%c2"),
        ("%c0", "%c0", "%c1"),
        ("%c0", "%c1", "%c1"),
        ("%pid", "%n", "%c2"),
    ],
)
def test_what_a_loop_carries(low: str, high: str, step: str, programs: int) -> None:
    """Every form of value: arrays, affine tensors and pointers, masks, partly undefined tensors, scalars."""
    check(
        f"""
    %u0 = tt.load %px, %low : {PF}
    %f0 = arith.sitofp %pid : i32 to f32
    %true = arith.cmpi sge, %pid, %c0 : i32
    %l:8 = scf.for %k = {low} to {high} step {step}
        iter_args(%a = %v, %b = %r, %p = %px, %m = %low, %u = %u0, %s = %pid, %f = %f0, %t = %true)
        -> ({F}, {INT}, {PF}, {BIT}, {F}, i32, f32, i1) : i32 {{
      %a1 = arith.addf %a, %one : {F}
      %sk = tt.splat %k : i32 -> {INT}
      %b1 = arith.addi %b, %sk : {INT}
      %zero = arith.constant dense<0> : {INT}
      %p1 = tt.addptr %p, %zero : {PF}, {INT}
      %lim = arith.addi %sk, %three : {INT}
      %m1 = arith.cmpi slt, %r, %lim : {INT}
      %u1 = arith.mulf %u, %a1 : {F}
      %s1 = arith.addi %s, %k : i32
      %f1 = arith.addf %f, %f : f32
      %t1 = arith.cmpi eq, %s1, %c3 : i32
      scf.yield %a1, %b1, %p1, %m1, %u1, %s1, %f1, %t1 : {F}, {INT}, {PF}, {BIT}, {F}, i32, f32, i1
    }}
    %x1 = tt.load %l#2 : {PF}
    %x2 = arith.addf %x1, %l#0 : {F}
    %sf = tt.splat %l#6 : f32 -> {F}
    %x3 = arith.addf %x2, %sf : {F}
    %x4 = arith.select %low, %l#4, %x3 : {BIT}, {F}
    %x5 = arith.addf %x4, %x3 : {F}
    tt.store %po, %x5, %l#3 : {PF}
    %ss = tt.splat %l#5 : i32 -> {INT}
    %y1 = arith.addi %l#1, %ss : {INT}
    %te = arith.extui %l#7 : i1 to i32
    %ts = tt.splat %te : i32 -> {INT}
    %y2 = arith.addi %y1, %ts : {INT}
    tt.store %poi, %y2 : {PI}""",
        programs,
    )


@pytest.mark.parametrize("n", [0, 1, 5])
def test_loops_in_loops_of_their_own_lengths(n: int) -> None:
    check(
        f"""
    %l = scf.for %j = %c0 to %pid step %c1 iter_args(%a = %v) -> ({F}) : i32 {{
      %m = scf.for %k = %j to %n step %c1 iter_args(%b = %a) -> ({F}) : i32 {{
        %c = arith.addf %b, %v : {F}
        scf.yield %c : {F}
      }}
      %w = scf.while (%h = %j) : (i32) -> (i32) {{
        %go = arith.cmpi slt, %h, %c3 : i32
        scf.condition(%go) %h : i32
      }} do {{
      ^bb0(%h: i32):
        %h1 = arith.addi %h, %c2 : i32
        scf.yield %h1 : i32
      }}
      %f = arith.sitofp %w : i32 to f32
      %sf = tt.splat %f : f32 -> {F}
      %d = arith.addf %m, %sf : {F}
      scf.yield %d : {F}
    }}
    tt.store %po, %l : {PF}""",
        6,
        n,
    )


def test_a_while_whose_programs_end_at_different_turns() -> None:
    """Each divides its own number until it is small; results keep the programs' order."""
    check(
        f"""
    %q = tt.addptr %i, %first : !tt.ptr<i32>, i32
    %start = tt.load %q : !tt.ptr<i32>
    %w:3 = scf.while (%k = %start, %a = %v, %m = %low) : (i32, {F}, {BIT}) -> (i32, {F}, {BIT}) {{
      %go = arith.cmpi sgt, %k, %c1 : i32
      scf.condition(%go) %k, %a, %m : i32, {F}, {BIT}
    }} do {{
    ^bb0(%k: i32, %a: {F}, %m: {BIT}):
      %k1 = arith.subi %k, %c2 : i32
      %a1 = arith.addf %a, %one : {F}
      %sk = tt.splat %k1 : i32 -> {INT}
      %m1 = arith.cmpi slt, %r, %sk : {INT}
      scf.yield %k1, %a1, %m1 : i32, {F}, {BIT}
    }}
    tt.store %po, %w#1, %w#2 : {PF}
    %sk = tt.splat %w#0 : i32 -> {INT}
    tt.store %poi, %sk : {PI}""",
        9,
    )


def test_branches_give_values_of_every_form() -> None:
    """Programs take sides; on each the results have other forms."""
    check(
        f"""
    %odd = arith.remsi %pid, %c2 : i32
    %c = arith.cmpi eq, %odd, %c0 : i32
    %u0 = tt.load %px, %low : {PF}
    %ui0 = tt.load %pi, %low : {PI}
    %l:6 = scf.if %c -> ({F}, {INT}, {PF}, {BIT}, {F}, i32) {{
      %i1 = tt.load %pi : {PI}
      %five = arith.constant dense<5> : {INT}
      %m1 = arith.cmpi slt, %i1, %five : {INT}
      scf.yield %v, %r, %px, %m1, %u0, %pid : {F}, {INT}, {PF}, {BIT}, {F}, i32
    }} else {{
      scf.yield %one, %ui0, %px, %low, %v, %c1 : {F}, {INT}, {PF}, {BIT}, {F}, i32
    }}
    %x9 = tt.load %l#2, %l#3, %l#0 : {PF}
    %y = arith.addf %x9, %l#0 : {F}
    tt.store %po, %y : {PF}
    tt.store %po, %l#4, %low : {PF}
    %s = tt.splat %l#5 : i32 -> {INT}
    %z = arith.addi %l#1, %s : {INT}
    tt.store %poi, %z, %low : {PI}""",
        6,
    )


def test_a_branch_without_an_else() -> None:
    check(f"""
    %c = arith.cmpi slt, %pid, %c2 : i32
    scf.if %c {{
      tt.store %po, %v : {PF}
    }}""")


# Blocks


def test_an_early_return_and_a_loop_of_blocks() -> None:
    """Program p adds p times, in blocks; those from n on leave at once."""
    module = kernel(
        "%x: !tt.ptr<f32>, %o: !tt.ptr<f32>, %n: i32",
        f"""
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %pid = tt.get_program_id x : i32
    %r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>
    %sp = tt.splat %pid : i32 -> {INT}
    %sx = tt.splat %x : !tt.ptr<f32> -> {PF}
    %px = tt.addptr %sx, %r : {PF}, {INT}
    %late = arith.cmpi sge, %pid, %n : i32
    cf.cond_br %late, ^end, ^start
  ^start:
    %v = tt.load %px : {PF}
    cf.br ^head(%c0, %v : i32, {F})
  ^head(%k: i32, %a: {F}):
    %more = arith.cmpi slt, %k, %pid : i32
    cf.cond_br %more, ^body, ^done(%a : {F})
  ^body:
    %b = arith.addf %a, %v : {F}
    %k1 = arith.addi %k, %c1 : i32
    %big = arith.cmpi eq, %k1, %n : i32
    cf.cond_br %big, ^done(%v : {F}), ^head(%k1, %b : i32, {F})
  ^done(%w: {F}):
    %size = arith.constant {N} : i32
    %first = arith.muli %pid, %size : i32
    %q = tt.addptr %o, %first : !tt.ptr<f32>, i32
    %sq = tt.splat %q : !tt.ptr<f32> -> {PF}
    %pq = tt.addptr %sq, %r : {PF}, {INT}
    tt.store %pq, %w : {PF}
    cf.br ^end
  ^end:""",
    )
    for n in (0, 1, 4, 9):
        agree(module, (7,), [np.arange(N, dtype=np.float32), np.zeros(7 * N, np.float32), n])


def test_a_function_with_an_early_return_gives_a_value() -> None:
    callee = """
    tt.func private @steps(%k: i32, %n: i32) -> (i32, f32) {
      %c0 = arith.constant 0 : i32
      %f0 = arith.constant 2.5 : f32
      %late = arith.cmpi sge, %k, %n : i32
      cf.cond_br %late, ^bb1, ^bb2
    ^bb1:
      tt.return %c0, %f0 : i32, f32
    ^bb2:
      %d = arith.subi %n, %k : i32
      %f = arith.sitofp %d : i32 to f32
      tt.return %d, %f : i32, f32
    }"""
    body = """
    %pid = tt.get_program_id x : i32
    %r:2 = tt.call @steps(%pid, %n) : (i32, i32) -> (i32, f32)
    %p = tt.addptr %oi, %pid : !tt.ptr<i32>, i32
    tt.store %p, %r#0 : !tt.ptr<i32>
    %q = tt.addptr %o, %pid : !tt.ptr<f32>, i32
    tt.store %q, %r#1 : !tt.ptr<f32>"""
    module = kernel(PARAMETERS, body, callee)
    empty = np.zeros(0, np.float32), np.zeros(0, np.int32)
    for n in (0, 2, 9):
        agree(module, (5,), [*empty, np.zeros(5, np.float32), np.zeros(5, np.int32), n])


# Mistakes


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"""
    %flag = tt.load %i, %never : !tt.ptr<i32>
    %go = arith.cmpi eq, %flag, %c1 : i32
    scf.if %go {{
      tt.store %po, %v : {PF}
    }}""", "'scf.if' branches on an undefined element"),
        (f"""
    %bound = tt.load %i, %never : !tt.ptr<i32>
    scf.for %k = %c0 to %bound step %c1 : i32 {{
      tt.store %po, %v : {PF}
    }}""", "'scf.for' takes a bound from an undefined element"),
        ("""
    %k = tt.load %i, %never : !tt.ptr<i32>
    %w = scf.while (%j = %k) : (i32) -> (i32) {
      %go = arith.cmpi slt, %j, %c3 : i32
      scf.condition(%go) %j : i32
    } do {
    ^bb0(%j: i32):
      scf.yield %c3 : i32
    }""", "'scf.while' branches on an undefined element"),
        ("""
    scf.for %k = %c0 to %c3 step %pid : i32 {
    }""", "scf.for steps by 0"),
    ],
    ids=["if", "for", "while", "step"],
)  # fmt: skip
@pytest.mark.parametrize("programs", [1, 3])
def test_undefined_decisions(body: str, found: str, programs: int) -> None:
    body = START + LOAD + "\n%never = arith.cmpi slt, %pid, %c0 : i32" + body
    x = np.zeros(N * programs, np.float32)
    i = np.zeros(N * programs, np.int32)
    with pytest.raises(RunError) as caught:
        run(kernel(PARAMETERS, body), programs, [x, i, x.copy(), i.copy(), 3])
    assert caught.value.diagnostic.found == found
    assert str(caught.value.diagnostic.places[0]).startswith("k.ttir:")


def test_a_forall_assembles_what_its_points_make() -> None:
    """Each point sees the outputs as they were before, whatever the others put in."""
    text = """
    func.func @f(%x: tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<4xf32>) {
      %none = tensor.empty() : tensor<4xf32>
      %a, %b = scf.forall (%i) = (0) to (8) step (2) shared_outs(%o = %x, %p = %none)
          -> (tensor<3x8xf32>, tensor<4xf32>) {
        %c2 = arith.constant 2 : index
        %half = arith.divui %i, %c2 : index
        %next = arith.addi %i, %c2 : index
        %c8 = arith.constant 8 : index
        %other = arith.remui %next, %c8 : index
        %s = tensor.extract_slice %o[0, %other] [3, 2] [1, 1] : tensor<3x8xf32> to tensor<3x2xf32>
        %e = tensor.empty() : tensor<3x2xf32>
        %t = linalg.add ins(%s, %s : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
        %q = tensor.extract_slice %t[0, 0] [1, 1] [1, 1] : tensor<3x2xf32> to tensor<1xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %t into %o[0, %i] [3, 2] [1, 1] : tensor<3x2xf32> into tensor<3x8xf32>
          tensor.parallel_insert_slice %q into %p[%half] [1] [1] : tensor<1xf32> into tensor<4xf32>
        }
      }
      return %a, %b : tensor<3x8xf32>, tensor<4xf32>
    }
    """
    module = parse_module(text)
    x = np.arange(24, dtype=np.float32).reshape(3, 8)
    wanted = 2 * np.roll(x, -2, axis=1)
    for found in (run(module, 1, [x]), slow.run(module, args=[x])):
        np.testing.assert_array_equal(found[0], wanted)
        np.testing.assert_array_equal(found[1], wanted[0, ::2])
