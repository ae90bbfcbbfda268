"""What a check compares: bits, bounds for passes that are not exact, all of memory, arguments that overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from mutations import Mutation, become, integer_constant, same_address, subtract
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from minilinalg.check import Checker
from minilinalg.context import make_context
from minilinalg.errors import CheckError, RunError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass, Numerics
from minilinalg.pipelines import Step, run_pipeline

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
ROW_SUM = """
tt.func public @row_sum(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %row = tt.get_program_id x : i32
  %c64 = arith.constant 64 : i32
  %first = arith.muli %row, %c64 : i32
  %p = tt.addptr %x, %first : !tt.ptr<f32>, i32
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %q = tt.splat %p : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %r = tt.addptr %q, %range : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %v = tt.load %r : tensor<64x!tt.ptr<f32>>
  %s = "tt.reduce"(%v) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    tt.reduce.return %t : f32
  }) : (tensor<64xf32>) -> f32
  %o = tt.addptr %out, %row : !tt.ptr<f32>, i32
  tt.store %o, %s : !tt.ptr<f32>
  tt.return
}
"""


def split_the_sum(module: ModuleOp) -> bool:
    """Sums of rows in two parts: the same sum in another order."""
    text = ROW_SUM.replace(
        '%s = "tt.reduce"(%v) <{axis = 0 : i32}> ({',
        "%v2 = tt.reshape %v : tensor<64xf32> -> tensor<2x32xf32>\n"
        '  %parts = "tt.reduce"(%v2) <{axis = 0 : i32}> ({\n'
        "  ^bb0(%c: f32, %d: f32):\n"
        "    %u = arith.addf %c, %d : f32\n"
        "    tt.reduce.return %u : f32\n"
        "  }) : (tensor<2x32xf32>) -> tensor<32xf32>\n"
        '  %s = "tt.reduce"(%parts) <{axis = 0 : i32}> ({',
    ).replace("}) : (tensor<64xf32>) -> f32", "}) : (tensor<32xf32>) -> f32")
    replacement = parse_module(text)
    for op in list(module.ops):
        op.detach()
    for op in list(replacement.ops):
        op.detach()
        module.body.block.add_op(op)
    return True


@dataclass(frozen=True)
class Changing(MinilinalgPass):
    """A made-up pass."""

    name: ClassVar[str] = "made-up"
    change: Mutation

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        assert self.change(op)


def check(change: Mutation, numerics: Numerics, args: list[Any], text: str = ROW_SUM, grid: int = 8) -> Checker:
    cls = type("MadeUpPass", (Changing,), {"numerics": numerics})
    module = parse_module(text)
    checker = Checker(module, grid, args)
    run_pipeline(make_context(), module, [Step(cls(change))], instrumentation=[checker])
    return checker


def row_sum_arguments(seed: int = 0) -> list[Any]:
    return [np.random.default_rng(seed).standard_normal((8, 64)).astype(np.float32), np.zeros(8, np.float32)]


def test_another_order_is_seen_by_a_pass_that_claims_to_be_exact() -> None:
    with pytest.raises(CheckError, match="the pass declares itself exact"):
        check(split_the_sum, "exact", row_sum_arguments())


@pytest.mark.parametrize("seed", range(5))
def test_another_order_is_within_the_bound_of_a_pass_that_may_reassociate(seed: int) -> None:
    assert check(split_the_sum, "reassociates", row_sum_arguments(seed)).checked == ["made-up"]


def test_another_meaning_is_seen_on_whole_numbers() -> None:
    # Half of the row is not read: on random data that is far off, on whole numbers it is off in every bit.
    with pytest.raises(CheckError, match="changed an answer: on small whole numbers out"):
        check(integer_constant(64, 32), "reassociates", row_sum_arguments())


def test_a_small_error_that_no_order_explains_is_seen() -> None:
    text = ROW_SUM.replace(
        "tt.store %o, %s", "%e = arith.constant 0.0 : f32\n  %w = arith.addf %s, %e : f32\n  tt.store %o, %w"
    )

    def one_part_in_a_thousand(module: ModuleOp) -> bool:
        changed = text.replace("%e = arith.constant 0.0", "%e = arith.constant 1.0e-3")
        replacement = parse_module(changed)
        for op in list(module.ops):
            op.detach()
        for op in list(replacement.ops):
            op.detach()
            module.body.block.add_op(op)
        return True

    with pytest.raises(CheckError):
        check(one_part_in_a_thousand, "reassociates", row_sum_arguments(), text)


ADD_I32 = """
tt.func public @add(%x: !tt.ptr<i32>, %out: !tt.ptr<i32>) {
  %pid = tt.get_program_id x : i32
  %p = tt.addptr %x, %pid : !tt.ptr<i32>, i32
  %v = tt.load %p : !tt.ptr<i32>
  %c = arith.constant 7 : i32
  %w = arith.addi %v, %c : i32
  %o = tt.addptr %out, %pid : !tt.ptr<i32>, i32
  tt.store %o, %w : !tt.ptr<i32>
  tt.return
}
"""


@pytest.mark.parametrize("numerics", ["exact", "reassociates", "contracts", "approximates"])
def test_integers_are_always_exact(numerics: Numerics) -> None:
    args = [np.arange(8, dtype=np.int32), np.zeros(8, np.int32)]
    with pytest.raises(CheckError, match=r"out\[0\] was 7 and is 8 \(8 elements differ\)"):
        check(integer_constant(7, 8), numerics, args, ADD_I32)


def test_a_program_that_is_wrong_itself_is_not_blamed_on_a_pass() -> None:
    with pytest.raises(RunError, match="out of bounds"):
        check(split_the_sum, "exact", row_sum_arguments(), grid=9)


def test_a_pass_after_which_nothing_runs_is_named() -> None:
    args = [np.zeros((8, 64), np.float32), np.zeros(8, np.float32)]
    with pytest.raises(CheckError) as caught:
        check(integer_constant(64, 4096), "exact", args)
    assert caught.value.pass_name == "made-up"
    assert "does not run as before: 'tt.load' is out of bounds" in caught.value.diagnostic.found


def test_unused_changes_are_no_error() -> None:
    """A change that no answer depends on is none for a check by running: it says what was seen, and nothing else."""
    args = [np.arange(8, dtype=np.int32), np.zeros(8, np.int32)]
    assert check(lambda module: not same_address(module), "exact", args, ADD_I32).checked == ["made-up"]
    assert become("arith.addf", subtract)(parse_module(ROW_SUM))
