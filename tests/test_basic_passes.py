"""canonicalize, cse, dce and licm keep what a program computes: random programs, run by the slow interpreter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import slow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline

INTEGER = ["addi", "subi", "muli", "divsi", "divui", "remsi", "remui", "andi", "ori", "xori", "shli", "shrsi", "shrui"]
INTEGER += ["maxsi", "minsi", "maxui", "minui"]
FLOAT = ["addf", "subf", "mulf", "divf", "maximumf", "minimumf"]
COMPARE = ["eq", "ne", "slt", "sle", "ugt", "uge"]
CONSTANTS = {
    "i8": ["0", "1", "-1", "2", "7", "-128", "127"],
    "f32": ["0.0", "-0.0", "1.0", "-1.0", "0.1", "1.0e30"],
    "i1": ["true", "false"],
}
PARAMETERS = {"i8": ["a", "b"], "f32": ["x", "y"], "i1": ["p"]}


@dataclass
class Program:
    """A program that grows: its lines, and the values that may be used where it stands."""

    draw: st.DrawFn
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def new(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def pick(self, scope: dict[str, list[str]], type: str) -> str:
        return self.draw(st.sampled_from(scope[type]))

    def operation(self, scope: dict[str, list[str]], depth: int) -> None:
        kinds = ["integer", "float", "constant", "compare", "select", "cast"] + ["for", "if"] * (depth < 2)
        kind = self.draw(st.sampled_from(kinds))
        name, pick = self.new(), self.pick
        match kind:
            case "integer":
                op = self.draw(st.sampled_from(INTEGER))
                self.lines.append(f"{name} = arith.{op} {pick(scope, 'i8')}, {pick(scope, 'i8')} : i8")
                scope["i8"].append(name)
            case "float":
                op = self.draw(st.sampled_from(FLOAT))
                self.lines.append(f"{name} = arith.{op} {pick(scope, 'f32')}, {pick(scope, 'f32')} : f32")
                scope["f32"].append(name)
            case "constant":
                type = self.draw(st.sampled_from(sorted(CONSTANTS)))
                number = self.draw(st.sampled_from(CONSTANTS[type]))
                self.lines.append(f"{name} = arith.constant {number}" + (f" : {type}" if type != "i1" else ""))
                scope[type].append(name)
            case "compare":
                predicate = self.draw(st.sampled_from(COMPARE))
                self.lines.append(f"{name} = arith.cmpi {predicate}, {pick(scope, 'i8')}, {pick(scope, 'i8')} : i8")
                scope["i1"].append(name)
            case "select":
                type = self.draw(st.sampled_from(sorted(scope)))
                operands = f"{pick(scope, 'i1')}, {pick(scope, type)}, {pick(scope, type)}"
                self.lines.append(f"{name} = arith.select {operands} : {type}")
                scope[type].append(name)
            case "cast":
                wide = self.new()
                self.lines.append(
                    f"{wide} = arith.ext{self.draw(st.sampled_from('su'))}i {pick(scope, 'i8')} : i8 to i32"
                )
                self.lines.append(f"{name} = arith.trunci {wide} : i32 to i8")
                scope["i8"].append(name)
            case "for":
                self.loop(scope, depth, name)
            case _:
                self.branch(scope, depth, name)

    def loop(self, scope: dict[str, list[str]], depth: int, name: str) -> None:
        bounds = [self.new() for _ in range(3)]
        for bound, low, high in zip(bounds, (-1, -1, 1), (2, 3, 2), strict=True):
            self.lines.append(f"{bound} = arith.constant {self.draw(st.integers(low, high))} : i8")
        types = self.draw(st.lists(st.sampled_from(sorted(scope)), min_size=1, max_size=3))
        carried = [self.new() for _ in types]
        first = ", ".join(f"{c} = {self.pick(scope, t)}" for c, t in zip(carried, types, strict=True))
        counter = self.new()
        head = f"scf.for {counter} = {bounds[0]} to {bounds[1]} step {bounds[2]} iter_args({first})"
        self.lines.append(f"{name}:{len(types)} = {head} -> ({', '.join(types)}) : i8 {{")
        inner = {type: list(values) for type, values in scope.items()}
        inner["i8"].append(counter)
        for value, type in zip(carried, types, strict=True):
            inner[type].append(value)
        self.body(inner, depth + 1, types)
        self.lines.append("}")
        for i, type in enumerate(types):
            scope[type].append(f"{name}#{i}")

    def branch(self, scope: dict[str, list[str]], depth: int, name: str) -> None:
        type = self.draw(st.sampled_from(sorted(scope)))
        self.lines.append(f"{name} = scf.if {self.pick(scope, 'i1')} -> ({type}) {{")
        self.body({t: list(values) for t, values in scope.items()}, depth + 1, [type])
        self.lines.append("} else {")
        self.body({t: list(values) for t, values in scope.items()}, depth + 1, [type])
        self.lines.append("}")
        scope[type].append(name)

    def body(self, scope: dict[str, list[str]], depth: int, types: list[str]) -> None:
        for _ in range(self.draw(st.integers(0, 4))):
            self.operation(scope, depth)
        given = ", ".join(self.pick(scope, type) for type in types)
        self.lines.append(f"scf.yield {given} : {', '.join(types)}")


@st.composite
def programs(draw: st.DrawFn) -> str:
    scope = {type: [f"%{name}" for name in names] for type, names in PARAMETERS.items()}
    program = Program(draw)
    for _ in range(draw(st.integers(1, 10))):
        program.operation(scope, 0)
    results = [(values[-1 - i], type) for type, values in sorted(scope.items()) for i in range(min(2, len(values)))]
    parameters = ", ".join(f"%{name}: {type}" for type, names in PARAMETERS.items() for name in names)
    types = ", ".join(type for _, type in results)
    body = "\n".join(f"  {line}" for line in program.lines)
    values = ", ".join(value for value, _ in results)
    return f"func.func @f({parameters}) -> ({types}) {{\n{body}\n  return {values} : {types}\n}}\n"


arguments = st.tuples(
    st.integers(-128, 127), st.integers(-128, 127), st.floats(width=32), st.floats(width=32), st.booleans()
)


def same(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    """Bitwise, but any NaN equals any NaN."""
    return all(
        a.tobytes() == b.tobytes() or (a.dtype.kind == "f" and np.isnan(a).all() and np.isnan(b).all())
        for a, b in zip(before, after, strict=True)
    )


@pytest.mark.parametrize("pipeline", ["canonicalize", "cse", "dce", "licm", "licm,canonicalize,cse,canonicalize"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=programs(), args=arguments)
def test_programs_compute_the_same(pipeline: str, text: str, args: tuple[int, int, float, float, bool]) -> None:
    module = parse_module(text)
    try:
        before = slow.run(module.clone(), args=args)
    except slow.SlowError:
        return  # the program itself is undefined
    ctx = make_context()
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    assert same(before, slow.run(module.clone(), args=args)), f"{text}\nbecame\n{module}"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(programs())
def test_canonicalize_has_nothing_left_to_do(text: str) -> None:
    module, ctx = parse_module(text), make_context()
    steps = parse_pipeline("canonicalize", ctx)
    run_pipeline(ctx, module, steps)
    once = str(module)
    run_pipeline(ctx, module, steps)
    assert str(module) == once
