"""Axis info: particular facts, and random programs whose numbers must have every fact that is claimed of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from integer_programs import ARGUMENTS, Numbers, Program, programs

from minilinalg.analysis.axis_info import LIMIT, AxisInfo, AxisInfoAnalysis
from minilinalg.analysis.bounds import Bounds
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.structured import Structured
from minilinalg.parsing import parse_module


def infos(
    body: str,
    header: str = "%p: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %n: i32 {tt.divisibility = 16 : i32}, %m: i32",
) -> dict[str, AxisInfo]:
    (func,) = parse_module(f"module {{ tt.func public @f({header}) {{ {body}\n tt.return }} }}").ops
    analysis = AxisInfoAnalysis(func)
    found: dict[str, AxisInfo] = {}
    for op in func.walk():
        values = [*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)]
        found.update({v.name_hint: analysis.of(v) for v in values if v.name_hint is not None})
    return found


RANGE = "%r = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>\n"


def test_a_range_is_one_run_from_zero() -> None:
    assert infos(RANGE)["r"] == AxisInfo((64,), (LIMIT,), (1,), (1,))


def test_a_promise_divides_a_splat() -> None:
    found = infos("%s = tt.splat %n : i32 -> tensor<4x8xi32>")
    assert found["s"] == AxisInfo((1, 1), (16, 16), (4, 8), (0, 0))


def test_the_start_of_a_program_divides_its_offsets() -> None:
    found = infos(
        RANGE
        + """
        %size = arith.constant 64 : i32
        %pid = tt.get_program_id x : i32
        %start = arith.muli %pid, %size : i32
        %s = tt.splat %start : i32 -> tensor<64xi32>
        %o = arith.addi %s, %r : tensor<64xi32>
        %ps = tt.splat %p : !tt.ptr<f16> -> tensor<64x!tt.ptr<f16>>
        %x = tt.addptr %ps, %o : tensor<64x!tt.ptr<f16>>, tensor<64xi32>"""
    )
    assert found["o"] == AxisInfo((64,), (64,), (1,), (1,))
    # In bytes: the promise of the pointer is the least.
    assert found["x"] == AxisInfo((64,), (16,), (1,), (2,))


def test_a_comparison_is_the_same_in_runs_that_both_sides_divide() -> None:
    found = infos(
        RANGE
        + """
        %ns = tt.splat %n : i32 -> tensor<64xi32>
        %ms = tt.splat %m : i32 -> tensor<64xi32>
        %x = arith.cmpi slt, %r, %ns : tensor<64xi32>
        %y = arith.cmpi sle, %r, %ns : tensor<64xi32>
        %z = arith.cmpi slt, %r, %ms : tensor<64xi32>"""
    )
    assert [found[name].constancy for name in "xyz"] == [(16,), (1,), (1,)]


def test_quotients_and_remainders_of_a_range() -> None:
    found = infos(
        RANGE
        + """
        %eight = arith.constant dense<8> : tensor<64xi32>
        %q = arith.divsi %r, %eight : tensor<64xi32>
        %m8 = arith.remsi %r, %eight : tensor<64xi32>"""
    )
    assert found["q"].constancy == (8,)
    assert found["m8"].contiguity == (8,)


def test_what_a_loop_carries_is_joined_with_what_it_becomes() -> None:
    found = infos("""
        %zero = arith.constant 0 : i32
        %step = arith.constant 48 : i32
        %twelve = arith.constant 12 : i32
        %end = scf.for %i = %zero to %m step %step iter_args(%x = %zero) -> (i32)  : i32 {
          %y = arith.addi %x, %twelve : i32
          scf.yield %y : i32
        }""")
    assert found["i"].divisibility == (48,)
    assert found["x"].divisibility == found["end"].divisibility == (12,)
    assert found["x"].value is None


def test_a_block_is_whole_in_every_iteration_when_its_size_divides_what_the_loop_runs_over() -> None:
    body = """
        %zero = arith.constant 0 : i32
        %step = arith.constant {step} : i32
        scf.for %i = %zero to %n step %step  : i32 {{
          %left = arith.subi %n, %i : i32
        }}"""
    for step, whole in ((8, True), (16, True), (32, False)):
        text = body.format(step=step)
        (func,) = parse_module(
            f"module {{ tt.func public @f(%n: i32 {{tt.divisibility = 16 : i32}}) {{ {text} tt.return }} }}"
        ).ops
        pointers = PointerAnalysis(func)
        bounds = Bounds(pointers, AxisInfoAnalysis(func))
        (loop,) = (op for op in func.walk() if op.name == "scf.for")
        n, i = pointers.of(loop.operands[1]), pointers.of(loop.regions[0].block.args[0])
        assert isinstance(n, Structured) and isinstance(i, Structured)
        assert bounds.never_negative(n.offset - i.offset - step) is whole
        assert bounds.never_negative(n.offset - i.offset - 1)
        assert bounds.never_negative(i.offset) and not bounds.never_negative(n.offset)


@settings(max_examples=150, deadline=None)
@given(programs(masks=True), ARGUMENTS)
def test_facts_hold_of_the_numbers(program: Program, arguments: tuple[int, int, bool]) -> None:
    func = program.function()
    analysis, numbers = AxisInfoAnalysis(func), Numbers(func, *arguments)
    for op in func.regions[0].block.ops:
        for result in op.results:
            check(analysis.of(result), np.asarray(numbers.of[result]), op)


def check(info: AxisInfo, values: Any, op: Any) -> None:
    """Every fact, by its definition."""
    values = values.astype(np.int64)
    if info.value is not None:
        assert (values == (info.value & 1 if values.dtype == np.bool_ else info.value)).all(), op
    for dim, size in enumerate(values.shape):
        rows = np.moveaxis(values, dim, -1)
        run = info.contiguity[dim]
        for start in range(0, size, run):
            part = rows[..., start : start + run]
            assert (part == part[..., :1] + np.arange(part.shape[-1])).all(), (op, info)
            assert (part[..., 0] % info.divisibility[dim] == 0).all(), (op, info)
        for start in range(0, size, info.constancy[dim]):
            part = rows[..., start : start + info.constancy[dim]]
            assert (part == part[..., :1]).all(), (op, info)
        stride = info.stride[dim]
        if stride is not None:
            assert (np.diff(rows) == stride).all(), (op, info)
