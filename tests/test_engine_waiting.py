"""Programs that wait for one another: locks, flags, tickets; and which loops are taken to wait."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_kernels import agree, kernel

from minilinalg.abi import find_function, functions_of
from minilinalg.errors import RunError
from minilinalg.interp import Executable, RunOptions, run
from minilinalg.interp.waiting import waiting_operations
from minilinalg.parsing import parse_module

PARAMETERS = "%lock: !tt.ptr<i32>, %data: !tt.ptr<i32>, %n: i32"
NUMBERS = """
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %pid = tt.get_program_id x : i32"""
ACQUIRE = """
    scf.while : () -> () {
      %o = tt.atomic_cas acq_rel, gpu, %lock, %c0, %c1 : (!tt.ptr<i32>, i32, i32) -> i32
      %taken = arith.cmpi eq, %o, %c1 : i32
      scf.condition(%taken)
    } do {
      scf.yield
    }"""
RELEASE = """
    %r = tt.atomic_rmw exch, acq_rel, gpu, %lock, %c0 : (!tt.ptr<i32>, i32) -> i32"""
DOUBLE_AND_ADD = """
    %x = tt.load %data : !tt.ptr<i32>
    %y = arith.muli %x, %c2 : i32
    %z = arith.addi %y, %pid : i32
    tt.store %data, %z : !tt.ptr<i32>"""


def arguments(n: int = 0) -> list[Any]:
    return [np.zeros(1, np.int32), np.ones(1, np.int32), n]


def test_a_spin_lock() -> None:
    body = NUMBERS + ACQUIRE + DOUBLE_AND_ADD + RELEASE
    lock, data, _ = agree(kernel(PARAMETERS, body), (9,), arguments())
    assert data[0] == 1014 and lock[0] == 0


def test_a_lock_in_a_called_function() -> None:
    callee = f"""
    tt.func private @acquire(%lock: !tt.ptr<i32>) {{
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32{ACQUIRE}
      tt.return
    }}"""
    body = NUMBERS + "\ntt.call @acquire(%lock) : (!tt.ptr<i32>) -> ()" + DOUBLE_AND_ADD + RELEASE
    agree(kernel(PARAMETERS, body, callee), (5,), arguments())


def test_the_attempt_in_a_called_function() -> None:
    callee = """
    tt.func private @attempt(%lock: !tt.ptr<i32>) -> i1 {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %o = tt.atomic_cas acq_rel, gpu, %lock, %c0, %c1 : (!tt.ptr<i32>, i32, i32) -> i32
      %taken = arith.cmpi eq, %o, %c1 : i32
      tt.return %taken : i1
    }"""
    spin = """
    scf.while : () -> () {
      %taken = tt.call @attempt(%lock) : (!tt.ptr<i32>) -> i1
      scf.condition(%taken)
    } do {
      scf.yield
    }"""
    agree(kernel(PARAMETERS, NUMBERS + spin + DOUBLE_AND_ADD + RELEASE, callee), (5,), arguments())


def test_a_lock_taken_in_a_loop_and_a_branch() -> None:
    """Every program takes the lock several times, odd programs once more."""
    body = f"""{NUMBERS}
    %odd = arith.remsi %pid, %c2 : i32
    %turns = arith.addi %n, %odd : i32
    %done = scf.for %i = %c0 to %turns step %c1 iter_args(%k = %c0) -> (i32) : i32 {{
      %half = arith.remsi %i, %c2 : i32
      %even = arith.cmpi eq, %half, %c0 : i32
      %k2 = scf.if %even -> (i32) {{
        {ACQUIRE}
        %x = tt.load %data : !tt.ptr<i32>
        %y = arith.addi %x, %c1 : i32
        tt.store %data, %y : !tt.ptr<i32>
        {RELEASE}
        %k1 = arith.addi %k, %c1 : i32
        scf.yield %k1 : i32
      }} else {{
        scf.yield %k : i32
      }}
      scf.yield %k2 : i32
    }}
    %s = tt.atomic_rmw add, relaxed, gpu, %data, %done : (!tt.ptr<i32>, i32) -> i32"""
    _lock, data, _ = agree(kernel(PARAMETERS, body), (6,), arguments(4))
    assert data[0] == 1 + 2 * (3 * 2 + 3 * 3)


WAIT_FOR_FLAG = """
    scf.while : () -> () {
      %f = tt.load %lock {isVolatile = true} : !tt.ptr<i32>
      %early = arith.cmpi ne, %f, %pid : i32
      scf.condition(%early)
    } do {
      scf.yield
    }"""


def test_programs_in_a_chain() -> None:
    """Program p waits until the one before it hands on; and a row of reversed ids waits for later ones."""
    body = f"""{NUMBERS}{WAIT_FOR_FLAG}{DOUBLE_AND_ADD}
    %next = arith.addi %pid, %c1 : i32
    %r = tt.atomic_rmw exch, release, gpu, %lock, %next : (!tt.ptr<i32>, i32) -> i32"""
    agree(kernel(PARAMETERS, body), (20,), arguments())
    last_first = body.replace(
        "%pid = tt.get_program_id x : i32",
        """
    %id = tt.get_program_id x : i32
    %all = tt.get_num_programs x : i32
    %minus = arith.subi %all, %c1 : i32
    %pid = arith.subi %minus, %id : i32""",
    )
    data = np.ones(1, np.int32)
    run(kernel(PARAMETERS, last_first), 5, [np.zeros(1, np.int32), data, 0])
    assert data[0] == ((((2 + 0) * 2 + 1) * 2 + 2) * 2 + 3) * 2 + 4


def test_polling() -> None:
    body = f"""{NUMBERS}
    %ok = tt.atomic_poll acquire, gpu, %lock, %pid : !tt.ptr<i32>, i32 -> i1{DOUBLE_AND_ADD}
    %next = arith.addi %pid, %c1 : i32
    tt.atomic_store release, gpu, %lock, %next : !tt.ptr<i32>"""
    agree(kernel(PARAMETERS, body), (5,), arguments())


def test_polling_ends_with_the_time() -> None:
    body = f"""{NUMBERS}
    %ns = arith.constant 5000 : i64
    %ok = tt.atomic_poll acquire, gpu, %lock, %c1 timeout %ns : !tt.ptr<i32>, i32 -> i1
    %x = arith.extui %ok : i1 to i32
    tt.store %data, %x : !tt.ptr<i32>"""
    module = kernel(PARAMETERS, body)
    for value in (0, 1):
        data = np.full(1, 9, np.int32)
        run(module, 2, [np.full(1, value, np.int32), data, 0])
        assert data[0] == value


def test_a_lock_that_nobody_releases() -> None:
    module = kernel(PARAMETERS, NUMBERS + ACQUIRE + DOUBLE_AND_ADD)
    with pytest.raises(RunError) as caught:
        run(module, (2, 2), arguments())
    assert str(caught.value) == (
        "k.ttir:7:5: error: 3 of 4 programs still wait, and nothing that any of them waits for will change; "
        "the first is program (1, 0, 0)\n"
        "  rule: a program that waits for memory must be released by another program of the grid"
    )


def test_programs_that_change_something_and_never_end() -> None:
    body = f"""{NUMBERS}
    %k = scf.while (%i = %c0) : (i32) -> (i32) {{
      %o = tt.atomic_cas acq_rel, gpu, %lock, %c1, %c1 : (!tt.ptr<i32>, i32, i32) -> i32
      %taken = arith.cmpi ne, %o, %c1 : i32
      scf.condition(%taken) %i : i32
    }} do {{
    ^bb0(%i: i32):
      %j = arith.addi %i, %c1 : i32
      scf.yield %j : i32
    }}"""
    with pytest.raises(RunError, match="2 of 2 programs still wait, after 50 turns; the first is program"):
        run(kernel(PARAMETERS, body), 2, arguments(), options=RunOptions(max_turns=50))


def test_an_error_of_a_waiting_program_has_its_place() -> None:
    body = (
        NUMBERS
        + ACQUIRE
        + """
    %q = tt.addptr %data, %pid : !tt.ptr<i32>, i32
    tt.store %q, %c1 : !tt.ptr<i32>"""
        + RELEASE
    )
    with pytest.raises(RunError) as caught:
        run(kernel(PARAMETERS, body), 2, arguments())
    assert str(caught.value).startswith("k.ttir:15:5: error: 'tt.store' is out of bounds: it touches bytes 4 to 8")


def waiting(body: str, others: str = "", parameters: str = PARAMETERS) -> list[str]:
    module = kernel(parameters, body, others)
    return [op.name for op in waiting_operations(find_function(module), functions_of(module))]


def a_while(read: str, condition: str, *, then: str = "") -> str:
    """A loop on a number %i from 0, with `read` before its condition %go."""
    return f"""{NUMBERS}
    %k = scf.while (%i = %c0) : (i32) -> (i32) {{
      {read}
      {condition}
      scf.condition(%go) %i : i32
    }} do {{
    ^bb0(%i: i32):
      %j = arith.addi %i, %c1 : i32
      {then}
      scf.yield %j : i32
    }}
    tt.store %data, %k : !tt.ptr<i32>"""


COUNT = "%go = arith.cmpi slt, %i, %n : i32"
BY_VALUE = "%go = arith.cmpi ne, %x, %c0 : i32"
AT_I = "%q = tt.addptr %lock, %i : !tt.ptr<i32>, i32\n"
NOT_WAITING = {
    "counts": a_while("", COUNT),
    "loads and counts": a_while("%x = tt.load %data : !tt.ptr<i32>", COUNT),
    "adds and counts": a_while("%x = tt.atomic_rmw add, relaxed, gpu, %data, %n : (!tt.ptr<i32>, i32) -> i32", COUNT),
    "stores and counts": a_while("", COUNT, then="tt.store %lock, %i : !tt.ptr<i32>"),
    "counts to a loaded number": a_while("%x = tt.load %lock : !tt.ptr<i32>", "%go = arith.cmpi slt, %i, %x : i32"),
    "searches what nobody writes": a_while(AT_I + "%x = tt.load %q : !tt.ptr<i32>", BY_VALUE),
    "takes tickets": a_while(
        "%x = tt.atomic_rmw add, relaxed, gpu, %lock, %c1 : (!tt.ptr<i32>, i32) -> i32",
        "%go = arith.cmpi slt, %x, %n : i32",
    ),
}
WAITING = {
    "lock": NUMBERS + ACQUIRE,
    "volatile": NUMBERS + WAIT_FOR_FLAG,
    "a flag by a plain load": NUMBERS + WAIT_FOR_FLAG.replace(" {isVolatile = true}", ""),
    "reads by adding zero": a_while(
        "%x = tt.atomic_rmw add, relaxed, gpu, %lock, %c0 : (!tt.ptr<i32>, i32) -> i32", BY_VALUE
    ),
    "searches what it writes": a_while(
        AT_I + "%x = tt.load %q : !tt.ptr<i32>", BY_VALUE, then="tt.store %lock, %i : !tt.ptr<i32>"
    ),
    "in a branch": a_while(
        """%odd = arith.cmpi eq, %i, %n : i32
      %x = scf.if %odd -> (i32) {
        %y = tt.atomic_load acquire, gpu, %lock : (!tt.ptr<i32>) -> i32
        scf.yield %y : i32
      } else {
        scf.yield %c1 : i32
      }""",
        BY_VALUE,
    ),
}


@pytest.mark.parametrize("name", NOT_WAITING)
def test_loops_that_do_not_wait(name: str) -> None:
    assert waiting(NOT_WAITING[name]) == []


@pytest.mark.parametrize("name", WAITING)
def test_loops_that_wait(name: str) -> None:
    assert waiting(WAITING[name]) == ["scf.while"]


def test_only_the_loop_that_waits_gives_way() -> None:
    """A program in a loop of its own runs on to where it waits."""
    module = kernel(PARAMETERS, ACQUIRE.join([NOT_WAITING["counts"], RELEASE]))
    executable = Executable(module)
    assert executable.compiled.stepwise
    data = np.zeros(1, np.int32)
    executable.run(3, [np.zeros(1, np.int32), data, 1000])
    assert data[0] == 1000


def test_tickets_run_all_programs_together() -> None:
    """What a persistent kernel does: every program takes rows until none is left."""
    body = f"""{NUMBERS}
    %first = tt.atomic_rmw add, relaxed, gpu, %lock, %c1 : (!tt.ptr<i32>, i32) -> i32
    %k = scf.while (%i = %first) : (i32) -> (i32) {{
      %go = arith.cmpi slt, %i, %n : i32
      scf.condition(%go) %i : i32
    }} do {{
    ^bb0(%i: i32):
      %q = tt.addptr %data, %i : !tt.ptr<i32>, i32
      %x = tt.load %q : !tt.ptr<i32>
      %y = arith.addi %x, %i : i32
      tt.store %q, %y : !tt.ptr<i32>
      %j = tt.atomic_rmw add, relaxed, gpu, %lock, %c1 : (!tt.ptr<i32>, i32) -> i32
      scf.yield %j : i32
    }}"""
    module = kernel(PARAMETERS, body)
    assert not Executable(module).compiled.stepwise
    agree(module, (4,), [np.zeros(1, np.int32), np.arange(23, dtype=np.int32), 23])


def test_a_region_that_only_computes_in_a_function_that_waits() -> None:
    """A combiner is called at once, and what it calls too."""
    callee = """
    tt.func private @larger(%a: i32, %b: i32) -> i32 {
      %m = arith.maxsi %a, %b : i32
      tt.return %m : i32
    }"""
    body = (
        NUMBERS
        + ACQUIRE
        + """
    %r8 = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
    %most = "tt.reduce"(%r8) <{axis = 0 : i32}> ({
    ^bb0(%a: i32, %b: i32):
      %m = tt.call @larger(%a, %b) : (i32, i32) -> i32
      tt.reduce.return %m : i32
    }) : (tensor<8xi32>) -> i32
    %also = tt.call @larger(%most, %pid) : (i32, i32) -> i32
    tt.store %data, %also : !tt.ptr<i32>"""
        + RELEASE
    )
    agree(kernel(PARAMETERS, body, callee), (12,), arguments())


def doubling() -> Any:
    """A function of one program that doubles what is in a buffer while that is less than data[0]."""
    return parse_module(
        """
        func.func @k(%data: memref<?xi32>, %n: i32, %gx: index, %gy: index, %gz: index) attributes {ml.abi = [
            {name = "data", kind = "pointer", type = i32}, {name = "n", kind = "scalar", type = i32}]} {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %buffer = memref.alloc() : memref<1xi32>
          memref.store %n, %buffer[%c0] : memref<1xi32>
          scf.while : () -> () {
            %x = memref.load %buffer[%c0] : memref<1xi32>
            %y = memref.load %data[%c0] : memref<?xi32>
            %go = arith.cmpi slt, %x, %y : i32
            scf.condition(%go)
          } do {
            %x = memref.load %buffer[%c0] : memref<1xi32>
            %y = arith.addi %x, %x : i32
            memref.store %y, %buffer[%c0] : memref<1xi32>
            scf.yield
          }
          %z = memref.load %buffer[%c0] : memref<1xi32>
          memref.store %z, %data[%c1] : memref<?xi32>
          return
        }""",
        "k.mlir",
    )


def test_a_loop_goes_on_in_a_buffer() -> None:
    """It may wait, for it reads what the function writes, and it carries nothing; what changes is on chip."""
    module = doubling()
    assert len(waiting_operations(find_function(module), functions_of(module))) == 1
    data = np.array([100, 0], np.int32)
    run(module, 1, [data, 3])
    assert data.tolist() == [100, 192]


def test_a_loop_in_whose_buffer_nothing_changes_waits_in_vain() -> None:
    with pytest.raises(
        RunError, match="1 of 1 programs still wait, and nothing that any of them waits for will change"
    ):
        run(doubling(), 1, [np.array([100, 0], np.int32), 0])


def test_a_wait_for_an_instruction_is_no_wait_for_a_program() -> None:
    """A core's own tokens order what it does; no other program ends the loop."""
    module = parse_module(
        """
        func.func @k(%data: memref<?xi32, #simd.space<gdram>>, %n: i32) {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : i32
          %size = memref.alloc() {simd.address = 0 : i64} : memref<64xi32, #simd.space<nram>>
          %done = simd.fill async %c1 -> %size : i32 -> memref<64xi32, #simd.space<nram>>
          scf.while : () -> () {
            simd.wait %done
            %x = memref.load %size[%c0] : memref<64xi32, #simd.space<nram>>
            %go = arith.cmpi slt, %x, %n : i32
            scf.condition(%go)
          } do {
            %next = simd.addi async %size, %size -> %size : memref<64xi32, #simd.space<nram>>
            simd.wait %next
            scf.yield
          }
          memref.store %n, %data[%c0] : memref<?xi32, #simd.space<gdram>>
          return
        }""",
        "k.mlir",
    )
    assert not waiting_operations(find_function(module), functions_of(module))


def test_a_lock_on_memrefs_that_nobody_releases() -> None:
    """An attempt that finds the lock taken writes back what was there, which is no change."""
    module = parse_module(
        """
        func.func @k(%lock: memref<?xi32>, %gx: index, %gy: index, %gz: index) attributes {ml.abi = [
            {name = "lock", kind = "pointer", type = i32}]} {
          %c0 = arith.constant 0 : index
          %one = arith.constant 1 : i32
          scf.while : () -> () {
            %old = memref.generic_atomic_rmw %lock[%c0] : memref<?xi32> {
            ^bb0(%now: i32):
              %new = arith.maxsi %now, %one : i32
              memref.atomic_yield %new : i32
            }
            %taken = arith.cmpi eq, %old, %one : i32
            scf.condition(%taken)
          } do {
            scf.yield
          }
          return
        }""",
        "k.mlir",
    )
    run(module, 1, [np.zeros(1, np.int32)])
    with pytest.raises(
        RunError, match="1 of 1 programs still wait, and nothing that any of them waits for will change"
    ):
        run(module, 1, [np.ones(1, np.int32)])
