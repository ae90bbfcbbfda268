"""memref-plan: addresses that a machine can use, and an error that says what lives where."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensor_programs import programs
from xdsl.dialects.builtin import IntegerAttr, ModuleOp

from minilinalg.analysis.liveness import intervals
from minilinalg.context import MLContext, make_context
from minilinalg.dialects.simd.constraints import reserved_bytes
from minilinalg.dialects.upstream import func, memref
from minilinalg.errors import CommandError, InputError
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.passes.strided_view import buffer_type
from minilinalg.stages import STAGES
from minilinalg.targets import load_target

BEFORE = ("one-shot-bufferize", "memref-promote", "linalg-decompose-elementwise")


def lowered(text: str, *passes: str, target: str = "tiny-simd") -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(text, "test.mlir", ctx)
    for name in passes:
        load_pass(name)().apply(ctx, module)
    return module


def address(alloc: memref.AllocOp) -> int:
    found = alloc.attributes["simd.address"]
    assert isinstance(found, IntegerAttr)
    return found.value.data


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(16), st.sampled_from(["tiny-simd", "mlu370"]))
def test_no_two_live_buffers_share_a_byte(text: str, name: str) -> None:
    target = load_target(name)
    module = lowered(text, *BEFORE, target=name)
    function = next(op for op in module.ops if isinstance(op, func.FuncOp))
    # Afterwards the allocations stand at the top: how long each one lives is known before.
    live = intervals(function)
    load_pass("memref-plan")().apply(context(name), module)
    STAGES["promoted"].check(module, "memref-plan")
    taken = [(i, address(a), address(a) + reserved_bytes(buffer_type(a.memref), target)) for a, i in live.items()]
    spaces = [str(buffer_type(a.memref).memory_space) for a in live]
    for k, (one, begin, end) in enumerate(taken):
        assert begin % target.vector.alignment == 0
        assert end <= target.vector_space.usable
        for m, (other, first, last) in enumerate(taken[:k]):
            assert not one.overlaps(other) or end <= first or last <= begin or spaces[k] != spaces[m]


def context(name: str) -> MLContext:
    ctx = make_context()
    ctx.target = load_target(name)
    return ctx


def test_over_capacity_says_by_how_much_and_what_lives_then() -> None:
    space = "#simd.space<nram>"
    text = f"""func.func @f(%f: f32) {{
  %first = memref.alloc() : memref<768xf32, {space}>
  %second = memref.alloc() : memref<513xf32, {space}>
  %third = memref.alloc() : memref<8xf16, {space}>
  linalg.fill ins(%f : f32) outs(%first : memref<768xf32, {space}>)
  linalg.fill ins(%f : f32) outs(%second : memref<513xf32, {space}>)
  linalg.fill ins(%f : f32) outs(%first : memref<768xf32, {space}>)
  %g = arith.truncf %f : f32 to f16
  linalg.fill ins(%g : f16) outs(%third : memref<8xf16, {space}>)
  return
}}"""
    with pytest.raises(InputError) as caught:
        lowered(text, "memref-plan")
    assert str(caught.value).splitlines() == [
        "test.mlir:2:12: error: nram of target 'tiny-simd' is over capacity by 1040 bytes: "
        "5136 bytes of buffers are needed at the same time",
        "  3072 bytes: first, 768xf32 at test.mlir:2:12",
        "  2064 bytes: second, 513xf32 at test.mlir:3:13",
        "  rule: the buffers of a core that are live together fit into the 4096 bytes of nram",
        "  hint: smaller blocks",
    ]


def test_without_a_target_there_is_no_plan() -> None:
    with pytest.raises(CommandError, match="pass 'memref-plan' asks the target for the sizes of its memories"):
        load_pass("memref-plan")().apply(make_context(), parse_module("func.func @f() {\nreturn\n}"))


def test_a_second_run_changes_nothing() -> None:
    text = """func.func @f(%f: f32) {
  %a = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.fill ins(%f : f32) outs(%a : memref<8xf32, #simd.space<nram>>)
  return
}"""
    once, twice = lowered(text, "memref-plan"), lowered(text, "memref-plan", "memref-plan")
    assert once.is_structurally_equivalent(twice)
