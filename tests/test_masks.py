"""Mask analysis: particular masks, and random programs whose masks must be what is claimed of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from integer_programs import ARGUMENTS, HEADER, Numbers, Program, programs

from minilinalg.analysis.masks import Mask, MaskAnalysis
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.parsing import parse_module

SETUP = """
    %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
    %as = tt.splat %a : i32 -> tensor<8xi32>
    %bs = tt.splat %b : i32 -> tensor<8xi32>
    %cs = tt.splat %c : i1 -> tensor<8xi1>
    %true = arith.constant dense<true> : tensor<8xi1>
    %low = arith.cmpi sge, %r, %as : tensor<8xi32>
    %high = arith.cmpi slt, %r, %bs : tensor<8xi32>
    %less = arith.cmpi slt, %as, %bs : tensor<8xi32>"""


def mask(line: str) -> Mask:
    (func,) = parse_module(f"module {{ tt.func public @f({HEADER}) {{ {SETUP}\n %m = {line}\n tt.return }} }}").ops
    last = func.regions[0].block.last_op
    assert last is not None and last.prev_op is not None
    return MaskAnalysis(PointerAnalysis(func)).of(last.prev_op.results[0])


def box(line: str) -> list[str]:
    found = mask(line)
    assert not found.rest
    return [f"{interval.low!r} .. {interval.high!r}" for interval in found.box()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("arith.cmpi slt, %r, %bs : tensor<8xi32>", "0 .. 1*max(1*min(1*%b, 8), 0)"),
        ("arith.cmpi sle, %r, %bs : tensor<8xi32>", "0 .. 1*max(1*min(1*%b + 1, 8), 0)"),
        ("arith.cmpi sgt, %bs, %r : tensor<8xi32>", "0 .. 1*max(1*min(1*%b, 8), 0)"),
        ("arith.cmpi sge, %r, %as : tensor<8xi32>", "1*min(1*max(1*%a, 0), 8) .. 8"),
        ("arith.andi %cs, %true : tensor<8xi1>", "0 .. 1*select(8, 0)"),
        # Compares only the program's numbers: all or nothing.
        ("arith.andi %less, %true : tensor<8xi1>", "0 .. 1*select(8, 0)"),
    ],
)
def test_intervals(line: str, expected: str) -> None:
    found = box(line)
    if "max(1*%a, 0)" in expected:
        assert found[0].startswith("1*min(1*max(1*%a, 0), 8) .. ")
    else:
        assert found == [expected]


def test_or_with_a_condition_widens_to_the_whole_block() -> None:
    """`c | m` is true everywhere where c holds: a mask that drops c would skip elements."""
    assert box("arith.ori %cs, %high : tensor<8xi1>") == ["0 .. 1*max(1*min(1*select(8, 1*%b), 8), 0)"]
    assert box("arith.ori %high, %true : tensor<8xi1>") == ["0 .. 8"]


def test_not_turns_a_bound_round() -> None:
    found = mask("arith.xori %high, %true : tensor<8xi1>")
    assert not found.rest and found.low[0] and not found.high[0]


def test_two_intervals_stay_a_rest() -> None:
    found = mask("arith.ori %low, %high : tensor<8xi1>")
    assert [rest.reason for rest in found.rest] == ["it is the result of 'arith.ori'"]
    assert found.box()[0].high.constant == 8


def test_a_mask_that_always_holds_has_no_parts() -> None:
    assert mask("arith.cmpi sge, %r, %r : tensor<8xi32>").is_true
    assert not mask("arith.cmpi slt, %r, %r : tensor<8xi32>").is_true


@settings(max_examples=250, deadline=None)
@given(programs(masks=True), ARGUMENTS)
def test_masks_are_what_is_claimed(program: Program, arguments: tuple[int, int, bool]) -> None:
    func = program.function()
    analysis, numbers = MaskAnalysis(PointerAnalysis(func)), Numbers(func, *arguments)
    for shape, names in program.masks.items():
        for op in func.regions[0].block.ops:
            if op.results and f"%{op.results[0].name_hint}" in names:
                found, actual = analysis.of(op.results[0]), numbers.of[op.results[0]]
                inside = np.ones(shape, bool)
                for dim, interval in enumerate(found.box()):
                    low, high = numbers.value(interval.low), numbers.value(interval.high)
                    assert 0 <= low <= high <= shape[dim]
                    i = np.arange(shape[dim]).reshape([-1 if d == dim else 1 for d in range(len(shape))])
                    inside = inside & (low <= i) & (i < high)
                for rest in found.rest:
                    inside = inside & numbers.of[rest.value]
                assert (inside == actual).all(), (op, found)
