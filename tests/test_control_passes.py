"""lift-cf-to-scf and inline keep what a program does, in its order: random graphs of blocks, and calls of each kind."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minilinalg as ml
from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.errors import UnsupportedError
from minilinalg.interp.run import run
from minilinalg.locations import places_of
from minilinalg.parsing import parse_module
from minilinalg.passes.inline import InlinePass
from minilinalg.pipelines import run_pipeline

PROGRAMS = 37


def block(random: Random, number: int, count: int, arguments: list[int]) -> list[str]:
    """A block that writes its number and what it was passed to the trace, then goes on to later blocks."""
    values = ["%pid", *(f"%a{number}_{i}" for i in range(arguments[number]))]
    head = ", ".join(f"{value}: i32" for value in values[1:])
    lines = [f"^bb{number}{f'({head})' if head else ''}:"] if number else []
    lines += [
        f"%t{number} = tt.load %cell : !tt.ptr<i32>",
        f"%m{number} = arith.muli %t{number}, %c31 : i32",
        f"%n{number} = arith.constant {number + 1} : i32",
        f"%s{number} = arith.addi %m{number}, %n{number} : i32",
        f"%u{number} = arith.addi %s{number}, {random.choice(values)} : i32",
        f"tt.store %cell, %u{number} : !tt.ptr<i32>",
    ]
    values += [f"%u{number}", "%c31"]

    def target() -> str:
        to = random.randrange(number + 1, min(count, number + 5))
        passed = [random.choice(values) for _ in range(arguments[to])]
        given = f"({', '.join(passed)} : {', '.join(['i32'] * len(passed))})" if passed else ""
        return f"^bb{to}{given}"

    if number == count - 1 or random.random() < 0.15:
        lines.append(f"tt.return {random.choice(values)} : i32")
    elif random.random() < 0.3:
        lines.append(f"cf.br {target()}")
    else:
        lines += [
            f"%b{number} = arith.constant {random.randrange(6)} : i32",
            f"%h{number} = arith.shrsi %pid, %b{number} : i32",
            f"%k{number} = arith.trunci %h{number} : i32 to i1",
            f"cf.cond_br %k{number}, {target()}, {target()}",
        ]
    return lines


def graph(random: Random, count: int) -> str:
    """A kernel that calls a function of `count` blocks, between which branches go forward, and keeps its answer."""
    arguments = [0, *(random.randrange(3) for _ in range(count - 1))]
    lines = [line for number in range(count) for line in block(random, number, count, arguments)]
    body = "\n  ".join(lines)
    return f"""
tt.func public @kernel(%trace: !tt.ptr<i32>, %answer: !tt.ptr<i32>) {{
  %pid = tt.get_program_id x : i32
  %cell = tt.addptr %trace, %pid : !tt.ptr<i32>, i32
  %at = tt.addptr %answer, %pid : !tt.ptr<i32>, i32
  %r = tt.call @graph(%cell, %pid) : (!tt.ptr<i32>, i32) -> i32
  tt.store %at, %r : !tt.ptr<i32>
  tt.return
}}
tt.func private @graph(%cell: !tt.ptr<i32>, %pid: i32) -> i32 {{
  %c31 = arith.constant 31 : i32
  {body}
}}
"""


@pytest.mark.parametrize("pipeline", ["lift-cf-to-scf", "inline", "lift-cf-to-scf,inline", "inline,lift-cf-to-scf"])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 14))
def test_random_graphs_do_the_same(pipeline: str, seed: int, count: int) -> None:
    text = graph(Random(seed), count)
    seen: list[list[np.ndarray]] = []
    for passes in ("", pipeline):
        module, ctx = parse_module(text), make_context()
        if passes:
            run_pipeline(ctx, module, parse_pipeline(passes, ctx), verify_each=True)
        seen.append([np.zeros(PROGRAMS, np.int32), np.zeros(PROGRAMS, np.int32)])
        run(module, PROGRAMS, seen[-1])
    if "lift" in pipeline:
        assert all(len(region.blocks) <= 1 for op in module.walk() for region in op.regions)
    if "inline" in pipeline:
        assert len(list(module.ops)) == 1
    assert all(map(np.array_equal, *seen)), f"{text}\nbecame\n{module}"


@pytest.mark.parametrize("seed", range(6))
def test_graphs_go_down_the_road(seed: int) -> None:
    kernel = ml.compile(graph(Random(seed), 12), target="tiny-simd")
    args = [np.zeros(PROGRAMS, np.int32), np.zeros(PROGRAMS, np.int32)]
    kernel[PROGRAMS](*args, check=True)
    assert len(set(args[0].tolist())) > 1


def lines(*numbers: int) -> list[str]:
    return [f"f.mlir:{number}" for number in numbers]


def test_what_was_inlined_has_the_places_of_the_calls() -> None:
    text = """
    func.func @kernel(%a: i32) -> i32 {
      %0 = func.call @outer(%a) : (i32) -> i32
      return %0 : i32
    }
    func.func private @outer(%a: i32) -> i32 {
      %0 = func.call @inner(%a) : (i32) -> i32
      return %0 : i32
    }
    func.func private @inner(%a: i32) -> i32 {
      %0 = arith.addi %a, %a : i32
      return %0 : i32
    }"""
    ctx = make_context()
    module = parse_module(text, "f.mlir", ctx)
    InlinePass().apply(ctx, module)
    (add,) = [op for op in module.walk() if op.name == "arith.addi"]
    assert [str(place).rpartition(":")[0] for place in places_of(add)] == lines(11, 3, 7)


def test_calls_in_a_circle() -> None:
    text = """
    func.func @kernel(%a: i32) -> i32 {
      %0 = func.call @even(%a) : (i32) -> i32
      return %0 : i32
    }
    func.func private @even(%a: i32) -> i32 {
      %0 = func.call @odd(%a) : (i32) -> i32
      return %0 : i32
    }
    func.func private @odd(%a: i32) -> i32 {
      %0 = func.call @even(%a) : (i32) -> i32
      return %0 : i32
    }"""
    ctx = make_context()
    module = parse_module(text, "f.mlir", ctx)
    with pytest.raises(UnsupportedError) as caught:
        InlinePass().apply(ctx, module)
    assert caught.value.diagnostic.found == "function 'even' calls itself: even -> odd -> even"
    assert [str(place).rpartition(":")[0] for place in caught.value.diagnostic.places] == lines(11, 7)
