"""Stage contracts: for each rule, a module that keeps it and one that breaks it."""

from __future__ import annotations

import pytest

from minilinalg.context import make_context
from minilinalg.errors import CommandError, InputError
from minilinalg.parsing import parse_module
from minilinalg.stages import STAGES, check_stage, stage_of

TT = """
tt.func @k(%p: !tt.ptr<f32>) {
  %c0 = arith.constant 0 : i32
  tt.return
}
"""
LINALG = """
func.func @k(%p: memref<?xf32>, %gx: index) {
  %c0 = arith.constant 0 : index
  %v = memref.reinterpret_cast %p to offset: [%c0], sizes: [16], strides: [1]
    : memref<?xf32> to memref<16xf32, strided<[1], offset: ?>>
  %t = bufferization.to_tensor %v restrict : memref<16xf32, strided<[1], offset: ?>> to tensor<16xf32>
  return
}
"""
MEMREF = """
func.func @k(%p: memref<16xf32>) {
  %b = memref.alloc() : memref<16xf32>
  linalg.copy ins(%p : memref<16xf32>) outs(%b : memref<16xf32>)
  return
}
"""
PROMOTED = """
func.func @k(%p: memref<16xf32, #simd.space<gdram>>) {
  %b = memref.alloc() {simd.address = 0 : i64} : memref<16xf32, #simd.space<nram>>
  memref.copy %p, %b : memref<16xf32, #simd.space<gdram>> to memref<16xf32, #simd.space<nram>>
  linalg.copy ins(%b : memref<16xf32, #simd.space<nram>>) outs(%b : memref<16xf32, #simd.space<nram>>)
  return
}
"""
SIMD = """
func.func @k(%p: memref<16xf32, #simd.space<gdram>>) {
  %c = simd.core_id : index
  return
}
"""

SIMT = """
func.func @k(%p: i64) attributes {simt.threads = 32 : i32} {
  %t = simt.thread_id : vector<1xi32>
  %v = vector.broadcast %p : i64 to vector<1xi64>
  %w = arith.extsi %t : vector<1xi32> to vector<1xi64>
  %a = arith.addi %v, %w : vector<1xi64>
  return
}
"""


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        ("tt", TT),
        ("linalg", LINALG),
        ("tiled", LINALG),
        ("memref", MEMREF),
        ("promoted", PROMOTED),
        ("simd", SIMD),
        ("simt", SIMT),
    ],
)
def test_a_module_of_a_stage_keeps_its_contract(stage: str, text: str) -> None:
    check_stage(parse_module(text), stage, "some-pass")


@pytest.mark.parametrize(
    ("stage", "text", "found", "rule"),
    [
        (
            "tt",
            LINALG,
            "2:1: error: after pass 'p', stage 'tt' is broken: 'func.func' is not part of it",
            "holds arith, cf, llvm.intr.assume, math, scf, tt, ttg.barrier, ub",
        ),
        (
            "linalg",
            TT,
            "2:1: error: after pass 'p', stage 'linalg' is broken: 'tt.func' is not part of it",
            "stage 'linalg' holds ",
        ),
        (
            "linalg",
            MEMREF,
            "3:8: error: after pass 'p', stage 'linalg' is broken: 'memref.alloc' is not part of it",
            "stage 'linalg' holds ",
        ),
        (
            "memref",
            LINALG,
            "6:8: error: after pass 'p', stage 'memref' is broken: 'bufferization.to_tensor' is not part of it",
            "stage 'memref'",
        ),
        (
            "memref",
            "func.func @k(%t: tensor<4xf32>) {\n  return\n}",
            "1:1: error: after pass 'p', stage 'memref' is broken: 'func.func' has type tensor<4xf32>",
            "tensor types are gone",
        ),
        (
            "promoted",
            MEMREF,
            "2:1: error: after pass 'p', stage 'promoted' is broken: 'func.func' has type memref<16xf32>",
            "every buffer names its memory space",
        ),
        (
            "promoted",
            PROMOTED.replace(" {simd.address = 0 : i64}", ""),
            "3:8: error: after pass 'p', stage 'promoted' is broken: 'memref.alloc' has no simd.address",
            "an on-chip buffer has a static shape and an address",
        ),
        (
            "promoted",
            PROMOTED.replace(
                "linalg.copy ins(%b : memref<16xf32, #simd.space<nram>>)",
                "linalg.copy ins(%p : memref<16xf32, #simd.space<gdram>>)",
            ),
            "5:3: error: after pass 'p', stage 'promoted' is broken: 'linalg.copy' reads or writes memref<16xf32",
            "off-chip memory is copied from and to, by rows too; blocks are computed on chip",
        ),
        (
            "simd",
            PROMOTED,
            "5:3: error: after pass 'p', stage 'simd' is broken: 'linalg.copy' is not part of it",
            "stage 'simd' holds ",
        ),
        (
            "simt",
            SIMT.replace(" attributes {simt.threads = 32 : i32}", ""),
            "2:1: error: after pass 'p', stage 'simt' is broken: 'func.func' has no simt.threads",
            "a function of one thread says how many its block has: simt.threads = 128 : i32",
        ),
        (
            "simt",
            "func.func @k(%t: tensor<4xf32>) attributes {simt.threads = 32 : i32} {\n  return\n}",
            "1:1: error: after pass 'p', stage 'simt' is broken: 'func.func' has type tensor<4xf32>",
            "tensor types are gone",
        ),
    ],
)
def test_what_breaks_a_contract_is_named(stage: str, text: str, found: str, rule: str) -> None:
    with pytest.raises(InputError) as caught:
        check_stage(parse_module(text, "x.mlir"), stage, "p")
    message = str(caught.value)
    assert message.startswith(f"x.mlir:{found}"), message
    assert rule in message


def test_a_grid_is_no_grid_of_cores() -> None:
    text = """
func.func @k(%x: index, %y: index) {
  scf.forall (%i, %j) in (%x, %y) {
  }
  return
}
"""
    check_stage(parse_module(text), "linalg", "p")
    with pytest.raises(InputError, match=r"scf\.forall runs over the cores: it has one dimension"):
        check_stage(parse_module(text), "tiled", "p")


@pytest.mark.parametrize(
    ("stage", "text"),
    [("tt", TT), ("linalg", LINALG), ("memref", MEMREF), ("promoted", PROMOTED), ("simd", SIMD), ("simt", SIMT)],
)
def test_the_stage_that_a_module_is_at(stage: str, text: str) -> None:
    found = stage_of(parse_module(text))
    # A program that is all scalars is at home at several stages: the first is where a road takes it up.
    assert found == stage or list(STAGES).index(found) < list(STAGES).index(stage)


@pytest.mark.parametrize(
    ("text", "found", "rule"),
    [
        (
            "func.func @f(%c: i1) {\n  cf.br ^bb1\n^bb1:\n  cf.cond_br %c, ^bb1, ^bb2\n^bb2:\n  return\n}",
            "1:1: error: no road takes this module: 'func.func' has 3 blocks",
            "below tt control flow is that of scf: 'lift-cf-to-scf' makes scf.if of branches that lead on",
        ),
        (
            "func.func @f(%m: memref<*xf32>) {\n  return\n}",
            "1:1: error: no road takes this module: 'func.func' has type memref<*xf32>",
            "the rank of every buffer is known",
        ),
        (
            "func.func @f() {\n  return\n}\n%m = memref.alloc() : memref<4xf32>",
            "4:6: error: no road takes this module: 'memref.alloc' stands outside of every function",
            "a module holds functions, and these hold everything else",
        ),
        (
            "tt.func @f() {\n  tt.return\n}\n%p = tt.get_program_id x : i32",
            "4:6: error: no road takes this module: 'tt.get_program_id' stands outside of every function",
            "a module holds functions, and these hold everything else",
        ),
    ],
)
def test_what_no_road_takes(text: str, found: str, rule: str) -> None:
    """The operations are those of a stage, and a rule about them is broken."""
    with pytest.raises(InputError) as caught:
        stage_of(parse_module(text, "x.mlir"))
    message = str(caught.value)
    assert message.startswith(f"x.mlir:{found}"), message
    assert rule in message


def test_no_stage() -> None:
    ctx = make_context(allow_unregistered=True)
    assert stage_of(parse_module('"mine.op"() : () -> ()', ctx=ctx)) is None


def test_unknown_stage() -> None:
    with pytest.raises(CommandError, match=r"unknown stage 'promted'(.|\n)*did you mean 'promoted'"):
        check_stage(parse_module(TT), "promted", "p")
