"""Roads as tables, pipelines as text, and the runner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr

from minilinalg import passes, pipelines
from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.errors import CommandError, InputError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.options import Given, build_pass, options_of, pass_text
from minilinalg.pipelines import (
    ROADS,
    Instrumentation,
    PassFailure,
    Row,
    Step,
    pipeline_text,
    road_stages,
    road_steps,
    run_pipeline,
)
from minilinalg.stages import STAGES

TWO_FUNCTIONS = """
func.func @f(%a: i32) -> i32 {
  %0 = arith.addi %a, %a : i32
  return %0 : i32
}
func.func @g(%a: i32) -> i32 {
  return %a : i32
}
"""


@dataclass(frozen=True)
class AskForMuchPass(MinilinalgPass):
    """Has an option of every kind."""

    name = "ask-for-much"

    sizes: tuple[int, ...] = ()
    order: Literal["row", "column"] = "row"
    title: str = ""
    factor: float | None = None
    peel: bool = False
    depth: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        op.attributes["seen"] = StringAttr(",".join(inner.name for inner in op.ops))


@dataclass(frozen=True)
class NeedsOnePass(MinilinalgPass):
    """Has an option that must be given."""

    name = "needs-one"

    size: int

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        pass


@dataclass(frozen=True)
class FailPass(MinilinalgPass):
    """Raises what is not a user's error."""

    name = "fail"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise KeyError("lost")


@dataclass(frozen=True)
class BreakPass(MinilinalgPass):
    """Leaves a module that does not verify."""

    name = "break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            block = function.regions[0].block
            if block.first_op is not block.last_op:
                block.first_op.detach()


TEST_PASSES = (AskForMuchPass, NeedsOnePass, FailPass, BreakPass)


@pytest.fixture
def more_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(passes.PASSES) | {cls.name: (lambda cls=cls: cls) for cls in TEST_PASSES}
    monkeypatch.setattr(passes, "PASSES", known)


# Roads


@pytest.mark.parametrize("road", ROADS)
def test_a_road_goes_through_known_stages_in_order(road: str) -> None:
    stages = [row.stage for row in ROADS[road]]
    assert set(stages) <= set(STAGES)
    order = [list(STAGES).index(stage) for stage in stages]
    assert order == sorted(order)


@pytest.mark.parametrize("road", ROADS)
def test_every_row_says_why(road: str) -> None:
    assert all(row.why.strip() for row in ROADS[road])


@pytest.fixture
def short_road(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        Row("tt", "cse", "first"),
        Row("tt", "dce", "second"),
        Row("linalg", "canonicalize", "third"),
        Row("memref", "licm", "fourth"),
    )
    monkeypatch.setattr(pipelines, "ROADS", {"short": rows})


@pytest.mark.parametrize(
    ("start", "to", "expected"),
    [
        (None, None, [("cse", None), ("dce", "tt"), ("canonicalize", "linalg"), ("licm", "memref")]),
        ("linalg", None, [("canonicalize", "linalg"), ("licm", "memref")]),
        (None, "tt", [("cse", None), ("dce", "tt")]),
        ("linalg", "linalg", [("canonicalize", "linalg")]),
    ],
)
def test_steps_of_a_part_of_a_road(
    short_road: None, start: str | None, to: str | None, expected: list[tuple[str, str | None]]
) -> None:
    assert [(step.run.name, step.ends) for step in road_steps("short", start=start, to=to)] == expected


def test_unknown_road_and_stage(short_road: None) -> None:
    with pytest.raises(CommandError, match=r"unknown road 'shrt'(.|\n)*did you mean 'short'"):
        road_stages("shrt")
    with pytest.raises(CommandError, match=r"unknown stage of road short 'lnalg'(.|\n)*did you mean 'linalg'"):
        road_steps("short", to="lnalg")


def test_a_stage_is_checked_where_its_last_row_ends(short_road: None) -> None:
    ctx = make_context()
    module = parse_module("func.func @f(%m: memref<4xf32>) {\n  return\n}", "x.mlir", ctx)
    with pytest.raises(InputError) as caught:
        run_pipeline(ctx, module, road_steps("short"))
    assert str(caught.value).startswith("x.mlir:1:1: error: after pass 'dce', stage 'tt' is broken: 'func.func'")


# The runner


class Log(Instrumentation):
    def __init__(self) -> None:
        self.events: list[str] = []

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.events.append(f"before {step.name}")

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.events.append(f"after {step.name}")

    def after_stage(self, stage: str, module: ModuleOp) -> None:
        self.events.append(f"stage {stage}")


def test_instrumentation_sees_passes_and_stages(short_road: None) -> None:
    ctx, log = make_context(), Log()
    module = parse_module("tt.func @f() {\n  tt.return\n}", ctx=ctx)
    run_pipeline(ctx, module, road_steps("short", to="tt"), instrumentation=[log])
    assert log.events == ["before cse", "after cse", "before dce", "after dce", "stage tt"]


def test_an_exception_becomes_a_failure_of_its_pass() -> None:
    ctx = make_context()
    steps = [Step(NeedsOnePass(1)), Step(FailPass())]
    with pytest.raises(PassFailure, match=r"internal error in pass 'fail': KeyError: 'lost'") as caught:
        run_pipeline(ctx, parse_module(TWO_FUNCTIONS, ctx=ctx), steps)
    assert caught.value.index == 1
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(("verify_each", "blamed"), [(False, "needs-one"), (True, "break")])
def test_a_broken_module_is_the_fault_of_a_pass(verify_each: bool, blamed: str) -> None:
    ctx = make_context()
    steps = [Step(BreakPass()), Step(NeedsOnePass(1))]
    with pytest.raises(PassFailure, match=f"internal error in pass '{blamed}': what it left does not verify") as caught:
        run_pipeline(ctx, parse_module(TWO_FUNCTIONS, "x.mlir", ctx), steps, verify_each=verify_each)
    assert str(caught.value.diagnostic.places[0]) == "x.mlir:4:3"


def test_an_anchored_pass_sees_each_operation_alone() -> None:
    ctx = make_context()
    module = parse_module(TWO_FUNCTIONS + "module @inner { func.func private @h() }", ctx=ctx)
    seen: list[list[str]] = []

    @dataclass(frozen=True)
    class LookPass(MinilinalgPass):
        name = "look"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            seen.append([str(inner.properties["sym_name"]) for inner in op.ops])

    before = str(module)
    run_pipeline(ctx, module, [Step(LookPass(), ("func.func",)), Step(LookPass(), ("builtin.module", "func.func"))])
    assert seen == [['"f"'], ['"g"'], ['"h"']]
    assert str(module) == before


# Texts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cse",
        "cse,dce,cse",
        'ask-for-much{sizes=1,-2,3 order=column title="a \\"b\\", c" factor=0.5 peel=true depth=7}',
        "builtin.module(cse,func.func(dce,licm),cse)",
        "builtin.module(builtin.module(tt.func(cse)),tt.func(dce))",
        "needs-one{size=4}",
    ],
)
def test_text_round_trip(more_passes: None, text: str) -> None:
    assert pipeline_text(parse_pipeline(text, make_context())) == text


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        (" cse ,\n dce ", "cse,dce"),
        ("builtin.module(cse)", "cse"),
        ("builtin.module()", ""),
        ("ask-for-much{}", "ask-for-much"),
        ("ask-for-much{peel}", "ask-for-much{peel=true}"),
        ("ask-for-much{peel=false depth=1}", "ask-for-much"),
        ("ask-for-much{factor}", "ask-for-much"),
        ("ask-for-much{title=cuda:90}", 'ask-for-much{title="cuda:90"}'),
        ("ask-for-much{title=a.b depth=7}", 'ask-for-much{title="a.b" depth=7}'),
    ],
)
def test_texts_that_mean_the_same(more_passes: None, text: str, same_as: str) -> None:
    assert pipeline_text(parse_pipeline(text, make_context())) == same_as


names = st.sampled_from(["cse", "dce", "licm", "canonicalize"])
anchors = st.sampled_from([(), ("func.func",), ("tt.func",), ("builtin.module", "tt.func")])


@given(st.lists(st.tuples(names, anchors), max_size=8))
def test_any_pipeline_round_trips(parts: list[tuple[str, tuple[str, ...]]]) -> None:
    steps = tuple(Step(passes.load_pass(name)(), anchor) for name, anchor in parts)
    assert parse_pipeline(pipeline_text(steps), make_context()) == steps


values = st.builds(
    AskForMuchPass,
    sizes=st.lists(st.integers(), max_size=4).map(tuple),
    order=st.sampled_from(["row", "column"]),
    title=st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=8),
    factor=st.none() | st.floats(allow_nan=False),
    peel=st.booleans(),
    depth=st.integers(),
)


@given(values)
def test_any_options_round_trip(step: AskForMuchPass) -> None:
    before = passes.PASSES
    passes.PASSES = {AskForMuchPass.name: lambda: AskForMuchPass}
    try:
        assert parse_pipeline(pass_text(step), make_context()) == (Step(step),)
    finally:
        passes.PASSES = before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ask-for-much{sizes=1,x}",
            "<pipeline>:1:14: error: option 'sizes' of pass 'ask-for-much': 'x' is given\n"
            "  ask-for-much{sizes=1,x}\n"
            "               ^^^^^\n"
            "  rule: sizes takes integers separated by commas",
        ),
        (
            "ask-for-much{order=diagonal}",
            "<pipeline>:1:14: error: option 'order' of pass 'ask-for-much': 'diagonal' is given\n"
            "  ask-for-much{order=diagonal}\n"
            "               ^^^^^\n"
            "  rule: order takes one of row, column",
        ),
        (
            "ask-for-much{peel=yes}",
            "<pipeline>:1:14: error: option 'peel' of pass 'ask-for-much': 'yes' is given\n"
            "  ask-for-much{peel=yes}\n"
            "               ^^^^\n"
            "  rule: peel takes true or false",
        ),
        (
            "ask-for-much{depth=1,2}",
            "<pipeline>:1:14: error: option 'depth' of pass 'ask-for-much': 2 values are given\n"
            "  ask-for-much{depth=1,2}\n"
            "               ^^^^^\n"
            "  rule: depth takes an integer",
        ),
        (
            "ask-for-much{depth}",
            "<pipeline>:1:14: error: option 'depth' of pass 'ask-for-much': no value is given\n"
            "  ask-for-much{depth}\n"
            "               ^^^^^\n"
            "  rule: depth takes an integer",
        ),
        (
            "ask-for-much{size=1}",
            "<pipeline>:1:14: error: pass 'ask-for-much' has no option 'size'\n"
            "  ask-for-much{size=1}\n"
            "               ^^^^\n"
            "  rule: its options are sizes, order, title, factor, peel, depth\n"
            "  hint: did you mean 'sizes'?",
        ),
        (
            "cse,\nneeds-one",
            "<pipeline>:2:1: error: pass 'needs-one' needs its option 'size'\n"
            "  needs-one\n"
            "  ^^^^^^^^^\n"
            "  rule: size takes an integer",
        ),
    ],
)
def test_wrong_options(more_passes: None, text: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_pipeline(text, make_context())
    assert str(caught.value) == message


def test_options_as_a_user_sees_them() -> None:
    described = {option.name: (option.takes, option.default) for option in options_of(AskForMuchPass)}
    assert described == {
        "sizes": ("integers separated by commas", "none"),
        "order": ("one of row, column", "row"),
        "title": ("a text", '""'),
        "factor": ("a number or nothing", "none"),
        "peel": ("true or false", "false"),
        "depth": ("an integer", "1"),
    }


def test_options_are_accepted_with_underscores() -> None:
    @dataclass(frozen=True)
    class TilePass(MinilinalgPass):
        name = "tile"
        tile_sizes: tuple[int, ...] = ()

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            pass

    step = build_pass(TilePass, {"tile_sizes": Given(("4", "8"))})
    assert pass_text(step) == "tile{tile-sizes=4,8}"


# What passes are made from


def test_a_pass_without_its_target() -> None:
    with pytest.raises(CommandError, match="pass 'fail' asks the target for its cores, and no target is given"):
        require_target(make_context(), FailPass(), "its cores")


def test_a_remark_is_kept_once_with_its_place() -> None:
    ctx = make_context()
    module = parse_module(TWO_FUNCTIONS, "x.mlir", ctx)
    for _ in range(2):
        remark(ctx, FailPass(), next(iter(module.ops)), "has no loop")
    assert [r.render() for r in ctx.remarks] == ["x.mlir:2:1: remark: [fail] has no loop"]


@pytest.mark.parametrize("name", passes.PASSES)
def test_one_name_in_all_places(name: str) -> None:
    cls = passes.load_pass(name)
    assert cls.name == name
    assert cls.__name__ == passes.class_name(name)
    assert cls.__module__ == f"minilinalg.passes.{name.replace('-', '_')}"
    assert cls.numerics in ("exact", "reassociates", "contracts", "approximates")
    doc = cls.__doc__ or ""
    assert all(word in doc for word in ("```mlir", "Requires:", "Ensures:", "Leaves alone:")), doc
