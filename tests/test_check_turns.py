"""Loops that end on the arguments of a launch, and not on the numbers of a check or after a wrong pass."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import find, swap_operands
from test_check_numerics import check
from xdsl.dialects.builtin import Float32Type, FloatAttr, ModuleOp

from minilinalg import compile
from minilinalg.check.running import Launch
from minilinalg.check.tolerance import Tolerance
from minilinalg.check.turns import MORE, TIMES, Turns
from minilinalg.cli.main import main
from minilinalg.errors import CheckError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import Numerics

ROOTS = """
tt.func public @roots(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %c8 = arith.constant 8 : i32
  %pid = tt.get_program_id x : i32
  %start = arith.muli %pid, %c8 : i32
  %first = tt.splat %start : i32 -> tensor<8xi32>
  %range = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %here = arith.addi %first, %range : tensor<8xi32>
  %px = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %px, %here : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %po = tt.splat %out : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %o = tt.addptr %po, %here : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %near = arith.constant 1.0e-3 : f32
  %root = scf.while (%g = %v) : (tensor<8xf32>) -> tensor<8xf32> {
    %gg = arith.mulf %g, %g : tensor<8xf32>
    %d = arith.subf %gg, %v : tensor<8xf32>
    %a = math.absf %d : tensor<8xf32>
    %worst = "tt.reduce"(%a) <{axis = 0 : i32}> ({
    ^bb0(%l: f32, %r: f32):
      %m = arith.maxnumf %l, %r : f32
      tt.reduce.return %m : f32
    }) : (tensor<8xf32>) -> f32
    %far = arith.cmpf ogt, %worst, %near : f32
    scf.condition(%far) %g : tensor<8xf32>
  } do {
  ^bb0(%g: tensor<8xf32>):
    %q = arith.divf %v, %g : tensor<8xf32>
    %s = arith.addf %g, %q : tensor<8xf32>
    %n = arith.mulf %s, %half : tensor<8xf32>
    scf.yield %n : tensor<8xf32>
  }
  %rv = arith.mulf %root, %v : tensor<8xf32>
  %sum = arith.addf %rv, %v : tensor<8xf32>
  tt.store %o, %sum : tensor<8x!tt.ptr<f32>>
  tt.return
}
"""
"""x + x * its square root after Newton, who never ends below zero, nor where f32 has no root near enough."""


def numbers(n: int = 24) -> list[Any]:
    return [np.random.default_rng(3).uniform(0.1, 4, n).astype(np.float32), np.zeros(n, np.float32)]


NEVER = (
    "nothing was looked at: a loop still runs after 150 turns, and on the arguments of the launch none took more than 5"
)


def test_a_trial_that_does_not_end_is_dropped_and_said() -> None:
    x, out = numbers()
    run = compile(ROOTS, target="tiny-simd")[3](x, out, check=True)
    np.testing.assert_allclose(out, x + x * np.sqrt(x), rtol=1e-3)
    assert run.notes == (f"on whole numbers up to 8191 {NEVER}", f"on whole numbers up to 3 {NEVER}")


def test_a_source_that_ends_on_whole_numbers_has_no_notes() -> None:
    x, out = numbers()
    run = compile(ROOTS.replace("ogt, %worst, %near", "ogt, %near, %worst"), target="tiny-simd")[3](x, out, check=True)
    assert run.notes == ()


def never_near(module: ModuleOp) -> bool:
    """Nothing is as near as a distance below zero."""
    constant = next(op for op in find(module, "arith.constant") if isinstance(op.result.type, Float32Type))  # pyright: ignore
    constant.properties["value"] = FloatAttr(-1.0, 32)
    return True


@pytest.mark.parametrize("numerics", ["exact", "reassociates", "approximates"])
def test_a_pass_after_which_a_loop_does_not_end(numerics: Numerics) -> None:
    with pytest.raises(CheckError) as caught:
        check(never_near, numerics, numbers(), ROOTS, 3)
    d = caught.value.diagnostic
    assert d.found == (
        "after pass 'made-up' the module does not run as before: a loop still runs after 150 turns, and none of the "
        "source took more than 5"
    )
    assert d.rule == "a loop that ends may take 10 times as many turns, and 100 more"
    assert caught.value.pass_name == "made-up"


UNTIL = """
tt.func public @until(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %limit = arith.constant 64.0 : f32
  %pid = tt.get_program_id x : i32
  %px = tt.addptr %x, %pid : !tt.ptr<f32>, i32
  %po = tt.addptr %out, %pid : !tt.ptr<f32>, i32
  %v = tt.load %px : !tt.ptr<f32>
  %s = scf.while (%a = %v) : (f32) -> f32 {
    %more = arith.cmpf olt, %a, %limit : f32
    scf.condition(%more) %a : f32
  } do {
  ^bb0(%a: f32):
    %b = arith.addf %a, %one : f32
    scf.yield %b : f32
  }
  tt.store %po, %s : !tt.ptr<f32>
  tt.return
}
"""
"""Counts up to 64, which is exact on all whole numbers that begin near enough."""


def doubling(module: ModuleOp) -> bool:
    """Instead of counting."""
    add = next(find(module, "arith.addf"))
    add.operands[1] = add.operands[0]
    return True


def test_a_wrong_pass_whose_loop_ends_on_the_arguments_and_not_on_whole_numbers() -> None:
    # From 64 on nothing is counted, and from below zero doubling leads nowhere.
    args = [np.full(8, 64, np.float32), np.zeros(8, np.float32)]
    with pytest.raises(CheckError) as caught:
        check(doubling, "reassociates", args, UNTIL.replace("64.0", "4.0"), 8)
    assert caught.value.diagnostic.found == (
        "after pass 'made-up' the module does not run as before on whole numbers: a loop still runs after 110 turns, "
        "and on the arguments of the launch none took more than 1"
    )


def test_larger_numbers_that_take_too_long_give_way_to_smaller_ones() -> None:
    # Counting up from 8191 below zero takes longer than anything the launch did; from 127 it does not.
    args = [np.full(8, 63, np.float32), np.zeros(8, np.float32)]
    launch = Launch(8)
    module = parse_module(UNTIL)
    trials = Tolerance(launch, module, launch.answer(module, args), args).whole_numbers()
    assert [trial.largest for trial in trials] == [31, 3]
    for trial in trials:
        assert launch.answer(module, trial.args).turns.longest_while <= TIMES * 2 + MORE


COUNTED = """
tt.func public @counted(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %pid = tt.get_program_id x : i32
  %px = tt.addptr %x, %pid : !tt.ptr<f32>, i32
  %po = tt.addptr %out, %pid : !tt.ptr<f32>, i32
  %v = tt.load %px : !tt.ptr<f32>
  %c30 = arith.constant 30.0 : f32
  %m = arith.minnumf %v, %c30 : f32
  %e = math.exp2 %m : f32
  %n = arith.fptosi %e : f32 to i32
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %v) -> f32 : i32 {
    %b = arith.addf %a, %v : f32
    scf.yield %b : f32
  }
  tt.store %po, %s : !tt.ptr<f32>
  tt.return
}
"""
"""Up to 2^30 turns."""


def test_a_counted_loop_that_numbers_make_long() -> None:
    args = [np.full(64, 0.5, np.float32), np.zeros(64, np.float32)]
    checker = check(swap_operands("arith.addf"), "reassociates", args, COUNTED, 64)
    launch = Launch(64)
    tolerance = Tolerance(launch, parse_module(COUNTED), launch.answer(parse_module(COUNTED), args), args)
    assert [trial.largest for trial in tolerance.whole_numbers()] == [3, 3]
    assert not tolerance.notes
    assert checker.checked == ["made-up"]


BLOCKS = """
tt.func public @blocks(%x: !tt.ptr<i32>, %limit: i32) {
  %c1 = arith.constant 1 : i32
  %c0 = arith.constant 0 : i32
  cf.br ^head(%c0 : i32)
^head(%i: i32):
  %more = arith.cmpi slt, %i, %limit : i32
  cf.cond_br %more, ^body, ^end
^body:
  %j = arith.addi %i, %c1 : i32
  cf.br ^head(%j : i32)
^end:
  tt.store %x, %i : !tt.ptr<i32>
  tt.return
}
"""


def stands_still(module: ModuleOp) -> bool:
    """Counts on by nothing."""
    for op in find(module, "arith.addi"):
        op.operands[1] = next(find(module, "arith.constant")).next_op.results[0]  # pyright: ignore
    return True


def test_blocks_that_branch_back_for_ever() -> None:
    with pytest.raises(CheckError, match="a loop still runs after 160 turns, and none of the source took more than 6"):
        check(stands_still, "exact", [np.zeros(1, np.int32), 5], BLOCKS, 1)


@pytest.mark.parametrize(
    ("text", "args", "turns"),
    [
        (BLOCKS, [np.zeros(1, np.int32), 5], Turns(6, 0, 30)),
        (BLOCKS, [np.zeros(1, np.int32), 0], Turns(1, 0, 1)),
    ],
)
def test_turns_are_counted(text: str, args: list[Any], turns: Turns) -> None:
    found = Launch(1).answer(parse_module(text), args).turns
    assert found.longest_while == turns.longest_while and found.longest_for == turns.longest_for


SHARE = """
tt.func public @share(%next: !tt.ptr<i32>, %out: !tt.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %mine = scf.while : () -> i32 {
    %i = tt.atomic_rmw add, acq_rel, gpu, %next, %c1 : (!tt.ptr<i32>, i32) -> i32
    %more = arith.cmpi slt, %i, %n : i32
    scf.condition(%more) %i : i32
  } do {
  ^bb0(%i: i32):
    %p = tt.addptr %out, %i : !tt.ptr<i32>, i32
    tt.store %p, %i : !tt.ptr<i32>
    scf.yield
  }
  tt.return
}
"""
"""Every program takes the next piece of work until there is none."""


def test_programs_that_take_work_from_one_another() -> None:
    # All 640 at once take one turn or two; on one core after the other the first one takes them all.
    n = 640
    out = np.zeros(n, np.int32)
    compile(SHARE, target="tiny-simd")[n](np.zeros(1, np.int32), out, n, check=True)
    assert (out == np.arange(n)).all()


SMALL_ONLY = """
tt.func public @small_only(%x: !tt.ptr<f32>, %table: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %pid = tt.get_program_id x : i32
  %px = tt.addptr %x, %pid : !tt.ptr<f32>, i32
  %po = tt.addptr %out, %pid : !tt.ptr<f32>, i32
  %v = tt.load %px : !tt.ptr<f32>
  %j = arith.fptosi %v : f32 to i32
  %c7 = arith.constant 7 : i32
  %i = arith.addi %j, %c7 : i32
  %p = tt.addptr %table, %i : !tt.ptr<f32>, i32
  %w = tt.load %p : !tt.ptr<f32>
  %s = arith.addf %w, %v : f32
  tt.store %po, %s : !tt.ptr<f32>
  tt.return
}
"""
"""Looks up an element at a place that is a float: whole numbers lead out of the table."""


def test_a_source_that_does_not_run_on_whole_numbers_is_no_pass_s_fault() -> None:
    args = [np.full(64, 0.5, np.float32), np.ones(8, np.float32), np.zeros(64, np.float32)]
    checker = check(swap_operands("arith.addf"), "reassociates", args, SMALL_ONLY, 64)
    assert checker.checked == ["made-up"]
    assert [note[: note.index(":")] for note in checker.notes] == [
        "on whole numbers up to 8191 nothing was looked at",
        "on whole numbers up to 3 nothing was looked at",
    ]


def test_a_program_that_never_ends_can_be_stopped() -> None:
    kernel = compile(ROOTS.replace("1.0e-3", "-1.0"), target="tiny-simd")
    signal.setitimer(signal.ITIMER_REAL, 1)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            kernel[3](*numbers(), check=True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_command_says_what_was_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "roots.ttir").write_text(ROOTS)
    x = f'x = {{ dtype = "f32", values = {numbers()[0].tolist()} }}'
    launch = f'grid = 3\n[arguments]\n{x}\nout = {{ dtype = "f32", shape = [24] }}\n'
    (tmp_path / "roots.toml").write_text(launch)
    args = ["run", str(tmp_path / "roots.ttir"), "--road", "simd", "--target", "tiny-simd", "--check"]
    assert main([*args, "--launch", str(tmp_path / "roots.toml")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("not compared: on whole numbers up to ") == 2
