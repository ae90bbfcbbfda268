"""linalg-to-simd, and the lower half of the road as a whole: what the cores compute together is what was asked for."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensor_programs import MEMORY, memory, programs
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.dialects import simd
from minilinalg.dialects.simd.constraints import check_instruction
from minilinalg.errors import UnsupportedError
from minilinalg.interp.run import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.stages import STAGES
from minilinalg.targets import load_target
from minilinalg.verification import verify

ROAD = (
    ("one-shot-bufferize", "memref"),
    ("memref-promote", None),
    ("linalg-decompose-elementwise", None),
    ("memref-plan", "promoted"),
    ("linalg-to-simd", "simd"),
)


def lowered(text: str, target: str = "tiny-simd", first: int = 0) -> ModuleOp:
    """`text` at the simd stage, by the passes of the road from the number `first` on; contracts are checked."""
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(text, "test.mlir", ctx)
    for name, stage in ROAD[first:]:
        load_pass(name)().apply(ctx, module)
        verify(module)
        if stage is not None:
            STAGES[stage].check(module, name)
    return module


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    programs(16),
    st.sampled_from([None, 0, 3, MEMORY - 4]),
    st.integers(0, 8),
    st.booleans(),
    st.sampled_from(["tiny-simd", "mlu370"]),
)
def test_random_programs_compute_on_the_machine_what_they_did_on_tensors(
    text: str, overlap: int | None, n: int, c: bool, name: str
) -> None:
    target = load_target(name)
    module = lowered(text, name)
    for op in module.walk():
        if isinstance(op, simd.Instruction):
            check_instruction(op, target)
    ctx = make_context()
    before = parse_module(text, "test.mlir", ctx)
    load_pass("one-shot-bufferize")().apply(ctx, before)
    results: list[np.ndarray] = []
    for stage, cores in ((before, None), (module, target.cores)):
        a, b = memory(overlap)
        run(stage, (1,), [a, b, n, 8 - n, c], cores=cores)
        assert a.base is not None
        results.append(a.base)
    np.testing.assert_array_equal(results[0], results[1])


SHARED = """func.func @f(%a: tensor<32xf32>, %f: f32) -> tensor<32xf32> {
  %e = tensor.empty() : tensor<32xf32>
  %c16 = arith.constant 16 : index
  %r = scf.forall (%core) in (2) shared_outs(%all = %e) -> (tensor<32xf32>) {
    %at = arith.muli %core, %c16 : index
    %in = tensor.extract_slice %a[%at] [16] [1] : tensor<32xf32> to tensor<16xf32>
    %out = tensor.empty() : tensor<16xf32>
    %part = linalg.exp ins(%in : tensor<16xf32>) outs(%out : tensor<16xf32>) -> tensor<16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %part into %all[%at] [16] [1] : tensor<16xf32> into tensor<32xf32>
    }
  }
  return %r : tensor<32xf32>
}"""


def test_what_the_cores_make_together_is_the_result() -> None:
    given_array = np.linspace(-1, 1, 32, dtype=np.float32)
    (found,) = run(lowered(SHARED), (1,), [given_array, 0.0], cores=2)
    (expected,) = run(whole_exp(), (1,), [given_array])
    np.testing.assert_array_equal(found, expected)


def whole_exp() -> ModuleOp:
    return parse_module("""func.func @f(%a: tensor<32xf32>) -> tensor<32xf32> {
  %e = tensor.empty() : tensor<32xf32>
  %r = linalg.exp ins(%a : tensor<32xf32>) outs(%e : tensor<32xf32>) -> tensor<32xf32>
  return %r : tensor<32xf32>
}""")


def test_a_whole_tensor_function_runs_on_a_machine() -> None:
    """Without a loop over cores, all cores compute, and one stores."""
    text = str(whole_exp())
    given_array = np.linspace(-1, 1, 32, dtype=np.float32)
    (found,) = run(lowered(text), (1,), [given_array], cores=2)
    (expected,) = run(whole_exp(), (1,), [given_array])
    np.testing.assert_array_equal(found, expected)


def test_an_instruction_that_does_not_exist() -> None:
    space = "#simd.space<nram>"
    text = f"""func.func @f(%x: memref<4xf32, #simd.space<gdram>>) {{
  %a = memref.alloc() {{simd.address = 0 : i64}} : memref<4xf32, {space}>
  linalg.generic {{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}}
      ins(%a : memref<4xf32, {space}>) outs(%a : memref<4xf32, {space}>) {{
  ^bb0(%in: f32, %out: f32):
    %r = math.sincos %in : f32
    linalg.yield %r : f32
  }}
  return
}}"""
    text = text.replace("math.sincos", "math.acosh")
    assert "simd.acosh" in str(lowered(text, first=4))
    text = re.sub(r"%r = math.acosh %in : f32\n", "%n = arith.negf %in : f32\n    %r = math.exp %n : f32\n", text)
    with pytest.raises(UnsupportedError) as caught:
        lowered(text, first=4)
    assert str(caught.value).splitlines() == [
        "test.mlir:3:3: error: 'linalg.generic' of arith.negf, math.exp is no instruction of the machine",
        "  rule: an operation on buffers is a copy, a fill, one elementwise operation, a reduction by one combiner, "
        "a broadcast, a transpose or a matrix product",
        "  hint: linalg-decompose-elementwise takes it apart into instructions",
    ]


def test_new_operations_have_the_place_of_the_old_ones() -> None:
    for op in lowered(SHARED).walk():
        assert "UnknownLoc" not in type(op.location).__name__, op.name
