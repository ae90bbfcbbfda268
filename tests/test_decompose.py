"""linalg-decompose-elementwise: the sequence computes what the one operation did, in as few buffers as it can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slow
from elementwise_programs import elementwise_programs
from hypothesis import HealthCheck, given, settings
from xdsl.dialects.builtin import FloatAttr, ModuleOp, f32

from minilinalg.analysis.reduction import is_neutral, neutral_element
from minilinalg.context import make_context
from minilinalg.dialects.simd import ELEMENTWISE_BY_MEANING, REDUCTION_BY_COMBINER
from minilinalg.dialects.upstream import arith, linalg
from minilinalg.interp.run import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.targets import load_target
from minilinalg.verification import verify

DTYPES = {"f32": np.float32, "i32": np.int32, "i1": np.bool_}


def lowered(text: str, *passes: str) -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target("tiny-simd")
    module = parse_module(text, "test.mlir", ctx)
    for name in passes:
        load_pass(name)().apply(ctx, module)
        verify(module)
    return module


def arrays(buffers: list[tuple[tuple[int, ...], str]]) -> list[np.ndarray[Any, Any]]:
    numbers = np.random.default_rng(7)
    return [np.array(numbers.integers(-4, 5, shape) * 0.75).astype(DTYPES[element]) for shape, element in buffers]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(elementwise_programs())
def test_random_computations_keep_their_meaning(program: tuple[str, list[tuple[tuple[int, ...], str]]]) -> None:
    text, buffers = program
    expected = arrays(buffers)
    slow.run(lowered(text), args=expected)
    module = lowered(text, "linalg-decompose-elementwise")
    for op in module.walk():
        if isinstance(op, linalg.GenericOp):
            computed = [inner.name for inner in op.body.block.ops if inner.name != "linalg.yield"]
            known = computed[0] == "linalg.index" or computed[0] in ELEMENTWISE_BY_MEANING
            assert known, f"{computed} is one instruction"
    at_simd = lowered(text, "linalg-decompose-elementwise", "memref-plan", "linalg-to-simd")
    for found, cores in ((module, None), (at_simd, 2)):
        given_arrays = arrays(buffers)
        run(found, (1,), given_arrays, cores=cores)
        for a, b in zip(given_arrays, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def body_of(*lines: str, result: str) -> str:
    space = "#simd.space<nram>"
    maps = ", ".join(["affine_map<(d0) -> (d0)>"] * 3)
    return f"""func.func @f() {{
  %x = memref.alloc() : memref<8xf32, {space}>
  %y = memref.alloc() : memref<8xf32, {space}>
  %z = memref.alloc() : memref<8xf32, {space}>
  linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}}
      ins(%x, %y : memref<8xf32, {space}>, memref<8xf32, {space}>) outs(%z : memref<8xf32, {space}>) {{
  ^bb0(%a: f32, %b: f32, %o: f32):
    {chr(10).join(lines)}
    linalg.yield {result} : f32
  }}
  return
}}"""


def count(module: ModuleOp, name: str) -> int:
    return sum(op.name == name for op in module.walk())


@pytest.mark.parametrize(
    ("lines", "result", "temporaries"),
    [
        (["%t = arith.addf %a, %b : f32", "%u = arith.mulf %t, %a : f32", "%v = math.exp %u : f32"], "%v", 0),
        (["%t = arith.addf %a, %b : f32", "%u = arith.mulf %a, %b : f32", "%v = arith.subf %t, %u : f32"], "%v", 1),
        (
            [
                *("%t = arith.addf %a, %b : f32", "%u = arith.mulf %a, %b : f32", "%v = arith.subf %t, %u : f32"),
                *("%w = math.exp %a : f32", "%r = arith.divf %w, %v : f32"),
            ],
            "%r",
            1,
        ),
        (["%t = arith.addf %a, %b : f32", "%u = arith.mulf %t, %o : f32"], "%u", 1),
    ],
    ids=["a chain", "two values at once", "a buffer is used again", "the destination is read"],
)
def test_temporary_buffers(lines: list[str], result: str, temporaries: int) -> None:
    module = lowered(body_of(*lines, result=result), "linalg-decompose-elementwise")
    assert count(module, "memref.alloc") == 3 + temporaries
    assert count(module, "linalg.generic") == len(lines)
    assert count(module, "memref.copy") == 0


def test_a_dead_operation_is_not_computed() -> None:
    lines = ["%t = math.exp %a : f32", "%u = arith.addf %a, %b : f32"]
    assert count(lowered(body_of(*lines, result="%u"), "linalg-decompose-elementwise"), "linalg.generic") == 1


@pytest.mark.parametrize("combiner", sorted(REDUCTION_BY_COMBINER))
def test_every_combiner_of_the_machine_has_a_neutral_element(combiner: str) -> None:
    """Combined with it, every value stays as it is, bit by bit."""
    type = "f32" if combiner.endswith("f") else "i8"
    values = [0.0, -0.0, 1.5, -3.0, np.inf, -np.inf, np.nan] if type == "f32" else [0, 1, -1, 127, -128, 5]
    module = parse_module(
        f"func.func @f(%a: {type}, %b: {type}) -> {type} {{\n%r = {combiner} %a, %b : {type}\nreturn %r : {type}\n}}"
    )
    element = next(iter(module.ops)).regions[0].block.args[0].type
    neutral = neutral_element(combiner, element)
    assert neutral is not None
    assert is_neutral(arith.ConstantOp(neutral), combiner)  # pyright: ignore[reportArgumentType]
    for value in values:
        (found,) = slow.run(module, args=[value, neutral.value.data])
        expected = np.asarray(value, found.dtype)
        assert found.tobytes() == expected.tobytes() or (np.isnan(found) and np.isnan(expected))


def test_minus_zero_alone_is_neutral_for_sums() -> None:
    assert is_neutral(arith.ConstantOp(FloatAttr(-0.0, f32)), "arith.addf")
    assert not is_neutral(arith.ConstantOp(FloatAttr(0.0, f32)), "arith.addf")
