"""Random programs: a checked run stops at the step, and for the reason, that a slow reference finds, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simd_programs import Loop, Part, Program, Reference, Step, Writer, all_steps, programs

from minilinalg.errors import RunError
from minilinalg.parsing import parse_module
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

TINY = load_target("tiny-simd")
SAYS = {
    "bounds": "is out of bounds",
    "alignment": "is out of alignment",
    "overlap": "overwrites its own input",
    "undefined": "an undefined element",
    "race": "race between pipes",
}


def expect(program: Program) -> Reference:
    """Runs a program and compares what stops it with the reference."""
    reference, writer = Reference(), Writer()
    reference.run(program)
    text = writer.write(program)
    try:
        Simulator(parse_module(text), TINY).run(1, [np.ones(64, np.float32)])
    except RunError as error:
        (kind,) = (kind for kind, says in SAYS.items() if says in str(error))
        assert kind in reference.wrong, f"{error}\n{text}"
        line = error.diagnostic.places[0].line
        first = writer.where[id(reference.at)]
        # A number that is loaded may reach memory two lines later.
        assert first <= line <= first + (2 if reference.at is not None and reference.at.name == "load" else 0), text
    else:
        assert not reference.wrong, f"{reference.wrong} at {reference.at}\n{text}"
    return reference


@settings(max_examples=30, deadline=None)
@given(programs())
def test_a_checked_run_stops_where_the_reference_does(program: Program) -> None:
    expect(program)


RIGHT: Program = (
    Step("fill", (), Part("a", 0, 8)),
    Step("in", (), Part("a", 0, 5), is_async=True),
    Step("fill", (), Part("c", 0, 8)),
    Step("exp", (Part("a", 0, 8),), Part("b", 0, 8), is_async=True, after=(0,)),
    Step("wait", after=(0,)),
    Loop(
        2,
        (
            Step("in", (), Part("a", 0, 8), is_async=True),
            Step("add", (Part("a", 0, 8), Part("c", 0, 8)), Part("c", 0, 8), is_async=True, after=(0,)),
            Step("wait", after=(0,)),
        ),
    ),
    Step("sum", (Part("c", 0, 8),), Part("r", 0, 1), is_async=True),
    Step("wait", after=(0,)),
    Step("load", (Part("r", 0, 1),)),
    Step("out", (Part("b", 0, 8),), is_async=True, after=(1,)),
)


def changed(at: int, **fields: object) -> Program:
    """The right program with one step, counted in the text, otherwise."""
    victim = list(all_steps(RIGHT))[at]

    def mend(step: Step) -> Step:
        return replace(step, **fields) if step is victim else replace(step)  # pyright: ignore

    return tuple(mend(s) if isinstance(s, Step) else Loop(s.trips, tuple(map(mend, s.body))) for s in RIGHT)


def without(at: int) -> Program:
    """The right program without a step."""
    return changed(at, name="wait", inputs=(), output=None, is_async=False, after=())


def test_the_right_program_is_right() -> None:
    assert not expect(RIGHT).wrong


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        pytest.param(without(0), "undefined", id="a fill is lost"),
        pytest.param(without(2), "undefined", id="another fill is lost"),
        pytest.param(changed(1, output=Part("a", 4, 5)), "bounds", id="a copy begins late"),
        pytest.param(changed(8, inputs=(Part("c", 2, 4),)), "alignment", id="an operand begins late"),
        pytest.param(changed(3, inputs=(Part("h", 0, 8),)), "overlap", id="a result lies on half of its operand"),
        pytest.param(changed(3, after=()), "race", id="a token is lost"),
        pytest.param(changed(6, after=()), "race", id="a token in a loop is lost"),
        pytest.param(without(7), "race", id="a wait in a loop is lost"),
        pytest.param(without(9), "race", id="a wait of the core is lost"),
    ],
)
def test_every_planted_defect_is_reported(program: Program, kind: str) -> None:
    assert expect(program).wrong == {kind}


@settings(max_examples=15, deadline=None)
@given(programs(), st.data())
def test_what_a_defect_does_to_a_random_program_is_what_the_reference_says(
    program: Program, data: st.DataObject
) -> None:
    steps = list(all_steps(program))
    victim = steps[data.draw(st.integers(0, len(steps) - 1))]
    defect = data.draw(st.sampled_from(("lost", "no tokens", "late")))

    def spoil(step: Step) -> Step:
        if step is not victim:
            return step
        if defect == "no tokens":
            return replace(step, after=())
        if defect == "late" and step.output is not None and step.output.buffer != "r":
            return replace(step, output=replace(step.output, first=step.output.first + 1))
        return Step("wait")

    expect(tuple(spoil(s) if isinstance(s, Step) else Loop(s.trips, tuple(map(spoil, s.body))) for s in program))
