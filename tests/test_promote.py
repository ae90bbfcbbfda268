"""memref-promote: blocks are computed on chip, and what each buffer takes is checked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensor_programs import MEMORY, memory, programs
from xdsl.dialects.builtin import MemRefType, ModuleOp

from minilinalg.analysis.destination_style import is_destination_style
from minilinalg.context import make_context
from minilinalg.dialects.simd import space_of
from minilinalg.errors import InputError, UnsupportedError
from minilinalg.interp.run import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.targets import load_target
from minilinalg.verification import verify


def lowered(text: str, *passes: str, target: str = "tiny-simd") -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(text, "test.mlir", ctx)
    for name in passes:
        load_pass(name)().apply(ctx, module)
        verify(module)
    return module


def buffers_of(module: ModuleOp, name: str) -> list[list[str]]:
    """The memory of each operand of each operation called `name`."""
    return [
        [space_of(value.type) for value in op.operands if isinstance(value.type, MemRefType)]
        for op in module.walk()
        if op.name == name
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(16), st.sampled_from([None, 0, 3, MEMORY - 4]), st.integers(0, 8), st.booleans())
def test_random_programs_keep_their_meaning_and_compute_on_chip(
    text: str, overlap: int | None, n: int, c: bool
) -> None:
    results: list[np.ndarray] = []
    for passes in (("one-shot-bufferize",), ("one-shot-bufferize", "memref-promote")):
        a, b = memory(overlap)
        run(lowered(text, *passes), (1,), [a, b, n, 8 - n, c])
        assert a.base is not None
        results.append(a.base)
    np.testing.assert_array_equal(results[0], results[1])
    for op in lowered(text, "one-shot-bufferize", "memref-promote").walk():
        if is_destination_style(op):
            assert {space_of(v.type) for v in op.operands if isinstance(v.type, MemRefType)} == {"nram"}


ADD = """func.func @f(%x: memref<8xf32>, %y: memref<8xf32>) {
  linalg.add ins(%x, %y : memref<8xf32>, memref<8xf32>) outs(%x : memref<8xf32>)
  return
}"""


def test_the_operands_of_one_operation() -> None:
    module = lowered(ADD, "memref-promote")
    assert buffers_of(module, "linalg.add") == [["nram", "nram", "nram"]]
    assert buffers_of(module, "memref.copy") == [["gdram", "nram"], ["gdram", "nram"], ["nram", "gdram"]]
    given_arrays = [np.arange(8, dtype=np.float32), np.ones(8, np.float32)]
    run(module, (1,), given_arrays)
    np.testing.assert_array_equal(given_arrays[0], np.arange(8) + 1)


def test_the_names_of_memories_are_the_target_s() -> None:
    text = "func.func @f(%x: memref<4xf32>) {\n%a = memref.alloc() : memref<4xf32>\nreturn\n}"
    module = lowered(text, "memref-promote", target="mlu370")
    types = [str(value.type) for op in module.walk() for value in op.results]
    assert types == ["memref<4xf32, #simd.space<nram>>"]


def test_a_block_that_no_tile_holds() -> None:
    text = "func.func @f(%x: memref<?xf32>) {\n  %block = memref.alloc() : memref<64x1024xf16>\n  return\n}"
    with pytest.raises(InputError) as caught:
        lowered(text, "memref-promote")
    assert str(caught.value).splitlines() == [
        "test.mlir:2:12: error: a block too large for any tile: 'block', 64x1024xf16, takes 131072 bytes of nram",
        "  rule: nram of target 'tiny-simd' has 4096 bytes for all buffers of a core",
        "  hint: a smaller block size",
    ]


def test_a_block_of_unknown_size() -> None:
    text = """func.func @f(%x: memref<?xf32>) {
  linalg.exp ins(%x : memref<?xf32>) outs(%x : memref<?xf32>)
  return
}"""
    with pytest.raises(UnsupportedError) as caught:
        lowered(text, "memref-promote")
    assert str(caught.value).splitlines() == [
        "test.mlir:2:3: error: 'linalg.exp' computes on memref<?xf32, #simd.space<gdram>>, "
        "whose size is known only when the program runs",
        "  rule: a block that is computed on chip has a static shape; a part of it may be copied in and out",
        "  hint: tile the operation, or insert the part into a tensor of static shape",
    ]


def test_remarks_say_what_was_brought_on_chip() -> None:
    ctx = make_context()
    ctx.target = load_target("tiny-simd")
    load_pass("memref-promote")().apply(ctx, parse_module(ADD, "test.mlir", ctx))
    text = "an operand of 'linalg.add' in gdram (8xf32) gets an on-chip buffer of its own"
    assert [r.text for r in ctx.remarks] == [text]
