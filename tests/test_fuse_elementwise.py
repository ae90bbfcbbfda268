"""`linalg-fuse-elementwise`: random chains compute the same, producers are gone, declined ones are said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import MLContext, make_context
from minilinalg.interp import run
from minilinalg.parsing import parse_module, verify_module
from minilinalg.passes.linalg_fuse_elementwise import LinalgFuseElementwisePass
from minilinalg.passes.triton_to_linalg import TritonToLinalgPass

HEADER = """
#row = affine_map<(d0, d1) -> (d0)>
#same = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
"""


def generic(body: str, ins: str, types: str, maps: str = "#same, #same", out: str = "%e") -> str:
    """A generic over a 4 x 4 block; its body computes %y from %a and %b."""
    return f"""linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel", "parallel"]}}
      ins({ins} : {types}) outs({out} : tensor<4x4xf32>) {{
    ^bb0({", ".join(f"%{name}: f32" for name in "abcd"[: maps.count("#") - 1])}, %o: f32):
      {body}
      linalg.yield %y : f32
    }} -> tensor<4x4xf32>"""


def fused(lines: str) -> tuple[ModuleOp, MLContext]:
    text = f"""{HEADER}
    func.func @f(%p: tensor<4x4xf32>, %q: tensor<4x4xf32>, %v: tensor<4xf32>, %s: f32) -> tensor<4x4xf32> {{
      %e = tensor.empty() : tensor<4x4xf32>
      {lines}
      return %r : tensor<4x4xf32>
    }}"""
    ctx = make_context()
    module = parse_module(text, "chain.mlir", ctx)
    LinalgFuseElementwisePass().apply(ctx, module)
    verify_module(module)
    return module, ctx


def names(module: ModuleOp) -> list[str]:
    return [op.name for op in module.walk() if op.name.startswith("linalg.") and op.name != "linalg.yield"]


def remarks(ctx: MLContext) -> list[str]:
    return [remark.text for remark in ctx.remarks]


T = "tensor<4x4xf32>"
NEGATE = f"%x = {generic('%y = arith.negf %a : f32', '%p', T)}"
EXP = f"%r = {generic('%y = math.exp %a : f32', '%x', T)}"


def test_a_chain_becomes_one() -> None:
    module, ctx = fused(f"{NEGATE}\n{EXP}")
    assert names(module) == ["linalg.generic"] and not ctx.remarks


def test_equal_operands_are_read_once() -> None:
    add = generic("%y = arith.addf %a, %b : f32", "%x, %p", f"{T}, {T}", "#same, #same, #same")
    module, _ = fused(f"{NEGATE}\n%r = {add}")
    (op,) = (op for op in module.walk() if op.name == "linalg.generic")
    assert len(op.operands) == 2


def test_a_square_needs_its_producer_once() -> None:
    square = generic("%y = arith.mulf %a, %b : f32", "%x, %x", f"{T}, {T}", "#same, #same, #same")
    module, _ = fused(f"{NEGATE}\n%r = {square}")
    assert names(module) == ["linalg.generic"]
    assert [op.name for op in module.walk()].count("arith.negf") == 1


def test_named_operations_fuse_into_a_generic() -> None:
    module, _ = fused(f"""
      %x = linalg.exp ins(%p : {T}) outs(%e : {T}) -> {T}
      %r = linalg.add ins(%x, %q : {T}, {T}) outs(%e : {T}) -> {T}""")
    assert names(module) == ["linalg.generic"]


def test_a_fill_and_a_broadcast_are_operands_however_many_use_them() -> None:
    body = "%z = arith.addf %a, %b : f32 %y = arith.subf %z, %c : f32"
    module, _ = fused(f"""
      %f = linalg.fill ins(%s : f32) outs(%e : {T}) -> {T}
      %w = linalg.broadcast ins(%v : tensor<4xf32>) outs(%e : {T}) dimensions = [1]
      %x = {generic("%y = arith.addf %a, %b : f32", "%f, %w", f"{T}, {T}", "#same, #same, #same")}
      %m = linalg.transpose ins(%x : {T}) outs(%e : {T}) permutation = [1, 0]
      %r = {generic(body, "%m, %f, %w", f"{T}, {T}, {T}", "#same, #same, #turned, #same")}""")
    assert names(module) == ["linalg.generic", "linalg.transpose", "linalg.generic"]


def test_no_fuse_when_producer_has_two_users() -> None:
    module, ctx = fused(f"""
      {NEGATE}
      %m = linalg.transpose ins(%x : {T}) outs(%e : {T}) permutation = [1, 0]
      %r = {generic("%y = arith.addf %a, %b : f32", "%x, %m", f"{T}, {T}", "#same, #same, #same")}""")
    assert names(module) == ["linalg.generic", "linalg.transpose", "linalg.generic"]
    assert remarks(ctx) == ["not fused: the producer has another user, and would be computed twice"]


def test_no_fuse_when_elements_are_needed_again() -> None:
    module, ctx = fused(f"""
      %e1 = tensor.empty() : tensor<4xf32>
      %x = linalg.exp ins(%v : tensor<4xf32>) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
      %r = {generic("%y = arith.addf %a, %b : f32", "%p, %x", f"{T}, tensor<4xf32>", "#same, #row, #same")}""")
    assert names(module) == ["linalg.exp", "linalg.generic"]
    assert remarks(ctx) == [
        "not fused: an element of the producer is needed for many, and would be computed again for each"
    ]


def test_no_fuse_when_read_at_two_places() -> None:
    add = generic("%y = arith.addf %a, %b : f32", "%x, %x", f"{T}, {T}", "#same, #turned, #same")
    _, ctx = fused(f"{NEGATE}\n%r = {add}")
    assert remarks(ctx) == ["not fused: the producer is read at two places for one element"]


def test_no_fuse_into_a_loop() -> None:
    module, ctx = fused(f"""
      %0 = arith.constant 0 : index
      %1 = arith.constant 1 : index
      %8 = arith.constant 8 : index
      {NEGATE}
      %r = scf.for %i = %0 to %8 step %1 iter_args(%t = %p) -> ({T}) {{
        %n = {generic("%y = arith.addf %a, %b : f32", "%x, %t", f"{T}, {T}", "#same, #same, #same")}
        scf.yield %n : {T}
      }}""")
    assert names(module) == ["linalg.generic", "linalg.generic"]
    assert remarks(ctx)[0].startswith("not fused: the producer stands outside of the loop")


def test_no_fuse_of_what_adds_to_its_output() -> None:
    add = generic("%y = arith.addf %a, %o : f32", "%p", T, out="%q")
    _, ctx = fused(f"%x = {add}\n{EXP}")
    assert remarks(ctx) == ["not fused: the producer adds to what its output held"]


def test_the_destination_of_the_producer_is_kept() -> None:
    """A chain that was to end in %q does not make another tensor."""
    module, _ = fused(f"%x = {generic('%y = arith.negf %a : f32', '%p', T, out='%q')}\n{EXP}")
    (op,) = (op for op in module.walk() if op.name == "linalg.generic")
    assert op.operands[-1].name_hint == "q"


def test_a_transposed_producer_is_computed_in_the_loops_of_its_user() -> None:
    index = "%i = linalg.index 0 : index %k = arith.index_cast %i : index to i32 %f = arith.sitofp %k : i32 to f32"
    module, _ = fused(f"""
      %x = {generic(f"{index} %y = arith.addf %a, %f : f32", "%p", T)}
      %r = {generic("%y = math.exp %a : f32", "%x", T, "#turned, #same")}""")
    (op,) = (op for op in module.walk() if op.name == "linalg.index")
    assert op.properties["dim"].value.data == 1  # pyright: ignore
    assert names(module) == ["linalg.generic", "linalg.index"]


def test_buffers_are_left_alone() -> None:
    ctx = make_context()
    text = """func.func @f(%p: memref<4xf32>, %q: memref<4xf32>) {
      linalg.exp ins(%p : memref<4xf32>) outs(%q : memref<4xf32>)
      linalg.exp ins(%q : memref<4xf32>) outs(%p : memref<4xf32>)
      return
    }"""
    module = parse_module(text, "buffers.mlir", ctx)
    LinalgFuseElementwisePass().apply(ctx, module)
    assert names(module) == ["linalg.exp", "linalg.exp"]


# Random chains, as a kernel that stores each of them


STEPS = ("negf", "exp", "addf", "mulf", "subf", "splat", "row", "column", "select", "range", "trans", "reduce")


@st.composite
def kernels(draw: st.DrawFn) -> str:
    """A kernel on 4 x 4 blocks %v0, %v1 ...: a dozen steps on values before them, the last two stored."""
    tensor, lines, count = "tensor<4x4xf32>", [], 2
    for _ in range(draw(st.integers(1, 12))):
        step = draw(st.sampled_from(STEPS))
        x, y = (f"%v{draw(st.integers(0, count - 1))}" for _ in range(2))
        new = f"%v{count}"
        match step:
            case "negf":
                lines.append(f"{new} = arith.negf {x} : {tensor}")
            case "exp":
                lines.append(f"{new} = math.exp {x} : {tensor}")
            case "splat":
                lines.append(f"{new} = tt.splat %s : f32 -> {tensor}")
            case "trans":
                lines.append(f"{new} = tt.trans {x} {{order = array<i32: 1, 0>}} : {tensor} -> {tensor}")
            case "select":
                lines.append(f"%c{count} = arith.cmpf olt, {x}, {y} : {tensor}")
                lines.append(f"{new} = arith.select %c{count}, {x}, {y} : tensor<4x4xi1>, {tensor}")
            case "range":
                lines.append(f"%c{count} = arith.sitofp %offsets : tensor<4x4xi32> to {tensor}")
                lines.append(f"{new} = arith.addf %c{count}, {x} : {tensor}")
            case "row" | "column" | "reduce":
                axis = 0 if step == "row" else 1
                lines.append(f"""%c{count} = "tt.reduce"({x}) <{{axis = {axis} : i32}}> ({{
                ^bb0(%a: f32, %b: f32):
                  %m = arith.maximumf %a, %b : f32
                  tt.reduce.return %m : f32
                }}) : ({tensor}) -> tensor<4xf32>""")
                wide = "1x4" if axis == 0 else "4x1"
                expand = f"tt.expand_dims %c{count} {{axis = {axis} : i32}} : tensor<4xf32> -> tensor<{wide}xf32>"
                lines.append(f"%d{count} = {expand}")
                lines.append(f"{new} = tt.broadcast %d{count} : tensor<{wide}xf32> -> {tensor}")
            case _:
                lines.append(f"{new} = arith.{step} {x}, {y} : {tensor}")
        count += 1
    body = "\n".join(lines)
    return f"""
    tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %s: f32) {{
      %r = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
      %offsets = tt.reshape %r : tensor<16xi32> -> tensor<4x4xi32>
      %xs = tt.splat %x : !tt.ptr<f32> -> tensor<4x4x!tt.ptr<f32>>
      %ys = tt.splat %y : !tt.ptr<f32> -> tensor<4x4x!tt.ptr<f32>>
      %xp = tt.addptr %xs, %offsets : tensor<4x4x!tt.ptr<f32>>, tensor<4x4xi32>
      %yp = tt.addptr %ys, %offsets : tensor<4x4x!tt.ptr<f32>>, tensor<4x4xi32>
      %v0 = tt.load %xp : tensor<4x4x!tt.ptr<f32>>
      %v1 = tt.load %yp : tensor<4x4x!tt.ptr<f32>>
      {body}
      tt.store %xp, %v{count - 1} : tensor<4x4x!tt.ptr<f32>>
      tt.store %yp, %v{count - 2} : tensor<4x4x!tt.ptr<f32>>
      tt.return
    }}"""


@settings(max_examples=60, deadline=None)
@given(kernels())
def test_chains_compute_the_same(text: str) -> None:
    ctx = make_context()
    module = parse_module(text, "kernel.mlir", ctx)
    TritonToLinalgPass().apply(ctx, module)
    before = outcome(module)
    LinalgFuseElementwisePass().apply(ctx, module)
    verify_module(module)
    for a, b in zip(before, outcome(module), strict=True):
        np.testing.assert_array_equal(b, a)
    assert_nothing_dead(module)


def outcome(module: ModuleOp) -> list[Any]:
    x, y = (np.random.default_rng(seed).standard_normal(16).astype(np.float32) for seed in range(2))
    x[3] = np.nan
    run(module, 1, [x, y, 0.5])
    return [x, y]


def assert_nothing_dead(module: ModuleOp) -> None:
    for op in module.walk():
        if op.name in ("linalg.fill", "linalg.broadcast") or (op.name == "linalg.generic" and op.results):
            assert op.results[0].uses, op


@pytest.mark.parametrize("name", ["softmax", "layernorm", "flash_attn", "gemv"])
def test_fills_are_left_only_where_something_writes_over_them(name: str) -> None:
    from pathlib import Path

    ctx = make_context()
    path = Path(__file__).parent.parent / "examples" / "kernels" / f"{name}.ttir"
    module = parse_module(path.read_text(encoding="utf-8"), str(path), ctx)
    TritonToLinalgPass().apply(ctx, module)
    LinalgFuseElementwisePass().apply(ctx, module)
    verify_module(module)
    for op in module.walk():
        if op.name == "linalg.generic":
            assert not any(getattr(v.owner, "name", None) == "linalg.fill" for v in op.operands[: len(op.operands) - 1])
