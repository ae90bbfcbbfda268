"""one-shot-bufferize keeps what a program computes, and copies only where it must."""

from __future__ import annotations

import numpy as np
import pytest
import slow
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tensor_programs import MEMORY, memory, programs
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.analysis.in_place import InPlace
from minilinalg.context import MLContext, make_context
from minilinalg.interp.run import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.passes import one_shot_bufferize as the_pass
from minilinalg.stages import STAGES
from minilinalg.verification import verify

OVERLAPS = st.sampled_from([None, 0, 3, MEMORY // 2, MEMORY - 4])


def bufferized(text: str, ctx: MLContext | None = None) -> ModuleOp:
    ctx = ctx or make_context()
    module = parse_module(text, "test.mlir", ctx)
    load_pass("one-shot-bufferize")().apply(ctx, module)
    verify(module)
    STAGES["memref"].check(module, "one-shot-bufferize")
    return module


def names(module: ModuleOp) -> list[str]:
    return [op.name for op in module.walk()]


def function_of(module: ModuleOp) -> Operation:
    return next(iter(module.ops))


PROGRAMS = given(programs(16), OVERLAPS, st.integers(0, 8), st.integers(0, 8), st.booleans())
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def keeps_its_meaning(text: str, overlap: int | None, n: int, m: int, c: bool) -> None:
    a, b = memory(overlap)
    expected = a.base
    assert expected is not None
    slow.run(parse_module(text), args=[a, b, n, m, c])
    module = bufferized(text)
    for interpret in (lambda args: slow.run(module, args=args), lambda args: run(module, (1,), args)):
        a, b = memory(overlap)
        interpret([a, b, n, m, c])
        np.testing.assert_array_equal(a.base, expected)


test_random_programs_keep_their_meaning = QUIET(PROGRAMS(keeps_its_meaning))


def test_a_wrong_analysis_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator makes programs that need copies: without any, answers change."""
    monkeypatch.setattr(the_pass, "analyse", lambda function: InPlace())
    find_one = settings(QUIET, phases=[Phase.generate], database=None, report_multiple_bugs=False)(
        PROGRAMS(keeps_its_meaning)
    )
    with pytest.raises(AssertionError):
        find_one()


IDENTITY = "affine_map<(d0) -> (d0)>"


def elementwise(result: str, inputs: list[str], into: str, *, reads: bool = False, type: str = "tensor<8xf32>") -> str:
    maps = ", ".join([IDENTITY] * (len(inputs) + 1))
    args = ", ".join(f"%i{k}: f32" for k in range(len(inputs)))
    first, second = "%i0", "%o" if reads else f"%i{len(inputs) - 1}"
    return (
        f'{result} = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}} '
        f"ins({', '.join(inputs)} : {', '.join([type] * len(inputs))}) outs({into} : {type}) {{\n"
        f"^bb0({args}, %o: f32):\n%s = arith.addf {first}, {second} : f32\nlinalg.yield %s : f32\n}} -> {type}\n"
    )


def kernel(body: str) -> str:
    return (
        "func.func @f(%m: memref<8xf32>, %k: memref<8xf32>, %f: f32, %n: index) {\n"
        f"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n{body}\nreturn\n}}"
    )


LOAD = "%t = bufferization.to_tensor %m restrict : memref<8xf32> to tensor<8xf32>\n"
EMPTY = "%e = tensor.empty() : tensor<8xf32>\n"


def store(value: str, into: str = "%m") -> str:
    return (
        f"bufferization.materialize_in_destination {value} in writable {into} : (tensor<8xf32>, memref<8xf32>) -> ()\n"
    )


def count(body: str) -> dict[str, int]:
    """How many buffers and copies a kernel with this body needs."""
    found = names(bufferized(kernel(body)))
    return {"alloc": found.count("memref.alloc"), "copy": found.count("memref.copy")}


def test_a_chain_takes_one_buffer() -> None:
    body = LOAD + EMPTY + elementwise("%a", ["%t"], "%e") + elementwise("%b", ["%a"], "%e")
    assert count(body + elementwise("%c", ["%b"], "%e") + store("%c")) == {"alloc": 1, "copy": 1}


def test_a_value_that_is_read_again_keeps_its_buffer() -> None:
    body = LOAD + EMPTY + elementwise("%a", ["%t"], "%e") + elementwise("%b", ["%a"], "%e")
    assert count(body + elementwise("%c", ["%a", "%b"], "%e") + store("%c")) == {"alloc": 2, "copy": 1}


def test_a_store_of_what_was_loaded_is_staged() -> None:
    """The two arguments may overlap: a copy from one to the other has to see what was there before."""
    assert count(LOAD + store("%t", "%k")) == {"alloc": 1, "copy": 2}


def test_a_load_in_a_loop_sees_the_iteration_before() -> None:
    body = "scf.for %i = %c0 to %n step %c1 {\n" + LOAD + EMPTY + elementwise("%a", ["%t"], "%e") + store("%a") + "}"
    assert count(body) == {"alloc": 1, "copy": 1}


def test_a_load_before_a_loop_that_stores_is_a_snapshot() -> None:
    body = LOAD + "scf.for %i = %c0 to %n step %c1 {\n" + EMPTY + elementwise("%a", ["%t"], "%e") + store("%a") + "}"
    assert count(body) == {"alloc": 2, "copy": 2}


def test_a_loop_that_keeps_its_value_copies_nothing() -> None:
    fill = EMPTY + "%a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>\n"
    loop = "%r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> (tensor<8xf32>) {\n"
    body = fill + loop + elementwise("%y", ["%x"], "%x", reads=True) + "scf.yield %y : tensor<8xf32>\n}\n"
    assert count(body + store("%r")) == {"alloc": 1, "copy": 1}


def test_an_old_value_that_a_loop_still_reads_costs_one_copy_an_iteration() -> None:
    fill = EMPTY + "%a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>\n"
    loop = "%r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> (tensor<8xf32>) {\n"
    work = elementwise("%y", ["%x"], "%e") + elementwise("%z", ["%x", "%y"], "%e")
    use = "%p = tensor.extract %z[%i] : tensor<8xf32>\nmemref.store %p, %k[%i] : memref<8xf32>\n"
    body = fill + loop + work + use + "scf.yield %y : tensor<8xf32>\n}\n" + store("%r")
    assert count(body) == {"alloc": 2, "copy": 2}


def test_two_values_from_one_start_get_two_buffers() -> None:
    fill = EMPTY + "%a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>\n"
    loop = "%r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %a) -> (tensor<8xf32>, tensor<8xf32>) {\n"
    ends = "scf.yield %p, %q : tensor<8xf32>, tensor<8xf32>\n}\n"
    work = elementwise("%p", ["%x"], "%x") + elementwise("%q", ["%y", "%y"], "%y")
    body = fill + loop + work + ends + elementwise("%s", ["%r#0", "%r#1"], "%e") + store("%s")
    assert count(body) == {"alloc": 2, "copy": 1}


def test_a_while_loop_that_keeps_its_value_copies_nothing() -> None:
    """What its first region hands on is where it was, and so are the results."""
    fill = EMPTY + "%a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>\n"
    loop = "%r:2 = scf.while (%i = %c0, %x = %a) : (index, tensor<8xf32>) -> (index, tensor<8xf32>) {\n"
    condition = "%c = arith.cmpi slt, %i, %n : index\nscf.condition(%c) %i, %x : index, tensor<8xf32>\n} do {\n"
    work = "^bb0(%j: index, %y: tensor<8xf32>):\n" + elementwise("%z", ["%y"], "%y", reads=True)
    ends = "%k2 = arith.addi %j, %c1 : index\nscf.yield %k2, %z : index, tensor<8xf32>\n}\n"
    assert count(fill + loop + condition + work + ends + store("%r#1")) == {"alloc": 1, "copy": 1}


def test_what_the_first_region_of_a_while_makes_is_made_outside_of_it() -> None:
    fill = EMPTY + "%a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>\n"
    loop = "%r = scf.while (%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {\n" + elementwise("%y", ["%x"], "%e")
    condition = "%s = tensor.extract %x[%c0] : tensor<8xf32>\n%c = arith.cmpf olt, %s, %f : f32\n"
    work = "scf.condition(%c) %y : tensor<8xf32>\n} do {\n^bb0(%z: tensor<8xf32>):\n"
    module = bufferized(kernel(fill + loop + condition + work + "scf.yield %z : tensor<8xf32>\n}\n" + store("%r")))
    assert names(module).count("memref.alloc") == 2
    (loop_,) = [op for op in module.walk() if op.name == "scf.while"]
    assert not [op for op in loop_.walk() if op.name == "memref.alloc"]


def test_a_slice_that_is_put_back_is_computed_in_the_copy_of_the_whole() -> None:
    """The whole is read later: it is copied before its slice is taken, and the slice has no buffer of its own."""
    take = "%s = tensor.extract_slice %a[%c0] [%n] [1] : tensor<8xf32> to tensor<?xf32>\n"
    work = "%u = linalg.fill ins(%f : f32) outs(%s : tensor<?xf32>) -> tensor<?xf32>\n"
    put = "%b = tensor.insert_slice %u into %a[%c0] [%n] [1] : tensor<?xf32> into tensor<8xf32>\n"
    body = take + work + put + store("%b") + store("%a", "%k")
    fill = EMPTY + "%a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>\n"
    # A whole of equal elements is filled once more; another one is copied.
    for start, copies in ((fill, 2), (LOAD + EMPTY + elementwise("%a", ["%t"], "%e"), 3)):
        module = bufferized(kernel(start + body))
        assert names(module).count("memref.copy") == copies
        assert names(module).count("memref.alloc") == 2
        assert not [op for op in module.walk() if op.name == "memref.alloc" and op.operands]


def test_a_copy_of_a_tensor_has_a_buffer_of_its_own() -> None:
    body = LOAD + "%a = bufferization.alloc_tensor() copy(%t) : tensor<8xf32>\n" + store("%a", "%k")
    assert count(body) == {"alloc": 1, "copy": 2}
    sized = "%a = bufferization.alloc_tensor(%n) : tensor<?xf32>\n"
    sized += "%b = linalg.fill ins(%f : f32) outs(%a : tensor<?xf32>) -> tensor<?xf32>\n"
    sized += "%c = tensor.extract %b[%c0] : tensor<?xf32>\nmemref.store %c, %m[%c0] : memref<8xf32>\n"
    assert count(sized) == {"alloc": 1, "copy": 0}


def test_results_and_arguments_of_whole_tensor_functions() -> None:
    text = "func.func @f(%a: tensor<8xf32>, %n: index) -> (tensor<8xf32>, f32) {\n" + EMPTY
    text += elementwise("%b", ["%a"], "%e") + "%x = tensor.extract %a[%n] : tensor<8xf32>\n"
    text += "return %b, %x : tensor<8xf32>, f32\n}"
    given = np.arange(8, dtype=np.float32)
    for results in (run(bufferized(text), (1,), [given, 3]), slow.run(bufferized(text), args=[given, 3])):
        np.testing.assert_array_equal(results[0], given * 2)
        assert results[1] == 3
    np.testing.assert_array_equal(given, np.arange(8))


def test_new_operations_have_the_place_of_the_old_ones() -> None:
    module = bufferized(kernel(LOAD + EMPTY + elementwise("%a", ["%t"], "%e") + store("%a")))
    for op in module.walk():
        assert "UnknownLoc" not in type(op.location).__name__, op.name


def test_remarks_say_who_still_reads() -> None:
    ctx = make_context()
    bufferized(kernel(LOAD + elementwise("%a", ["%t"], "%t") + store("%a")), ctx)
    assert [r.text for r in ctx.remarks] == [
        "the destination of 'linalg.generic' is copied, not written in place: it may only be read"
    ]
