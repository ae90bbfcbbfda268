"""Instructions whose output lies on their input: which may, and what a checked or unchecked run says of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minilinalg.errors import RunError
from minilinalg.parsing import parse_module
from minilinalg.run_options import RunOptions
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

TINY = load_target("tiny-simd")
NRAM = "#simd.space<nram>"
LONG, SHORT = (f"memref<{n}xf32, {NRAM}>" for n in (16, 8))
PART = f"memref<8xf32, strided<[1], offset: ?>, {NRAM}>"


def run(body: str, at: int = 0) -> None:
    """Runs `body` on 16 elements %long at byte 0, and on 8 %short and a single %one, both at byte `at`."""
    text = f"""
func.func @f(%x: memref<16xf32, #simd.space<gdram>>, %n: i32, %gx: index, %gy: index, %gz: index)
    attributes {{ml.abi = [{{name = "x", kind = "pointer", type = f32}},
                          {{name = "n", kind = "scalar", type = i32}}]}} {{
  %long = memref.alloc() {{simd.address = 0 : i64}} : {LONG}
  %short = memref.alloc() {{simd.address = {at} : i64}} : {SHORT}
  %one = memref.alloc() {{simd.address = {at} : i64}} : memref<f32, {NRAM}>
  %i = arith.index_cast %n : i32 to index
  simd.dma %x -> %long : memref<16xf32, #simd.space<gdram>> -> {LONG}
  {body}
  return
}}"""
    args: list[Any] = [np.ones(16, np.float32), 4]
    Simulator(parse_module(text, "s.mlir"), TINY, options=RunOptions(checks=False)).run(1, args)


ROWS = f"memref<2x8xf32, {NRAM}>"
WIDE = f"%wide = memref.alloc() {{simd.address = 0 : i64}} : {ROWS}\n"
HALF = f"%half = memref.subview %long[%i] [8] [1] : {LONG} to {PART}\n"


@pytest.mark.parametrize(
    ("body", "at", "first", "last"),
    [
        (f"simd.exp %short -> %half : {SHORT} -> {PART}", 0, 16, 31),
        (f"simd.exp %half -> %short : {PART} -> {SHORT}", 32, 32, 47),
        (f"simd.dma %half -> %short : {PART} -> {SHORT}", 16, 16, 47),
        (f"{WIDE}simd.addf %wide, %short -> %wide : {ROWS}, {SHORT} -> {ROWS}", 32, 32, 63),
        (f"simd.reduce_addf %long -> %one dimensions = [0] : {LONG} -> memref<f32, {NRAM}>", 32, 32, 35),
        (f"simd.dma %long -> %long : {LONG} -> {LONG}", 64, 0, 63),
    ],
)
def test_an_output_on_its_input(body: str, at: int, first: int, last: int) -> None:
    with pytest.raises(RunError, match=f"overwrites its own input.*bytes {first} to {last} of nram on core 0"):
        run(HALF + body, at)


def test_the_whole_text() -> None:
    with pytest.raises(RunError) as caught:
        run(f"simd.reduce_addf %long -> %one dimensions = [0] : {LONG} -> memref<f32, {NRAM}>", 0)
    assert str(caught.value) == (
        "s.mlir:10:3: error: 'simd.reduce_addf' overwrites its own input %long: it reads and writes bytes 0 to 3 of "
        "nram on core 0\n"
        "  rule: an instruction does not write what it reads, but for an elementwise one whose input is its output, "
        "element for element"
    )


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (f"simd.exp %short -> %half : {SHORT} -> {PART}", 48),
        (f"simd.exp %short -> %half : {SHORT} -> {PART}", 16),
        (f"simd.exp %long -> %long : {LONG} -> {LONG}", 64),
        (f"simd.addf %half, %short -> %short : {PART}, {SHORT} -> {SHORT}", 64),
        (f"simd.reduce_addf %long -> %one dimensions = [0] : {LONG} -> memref<f32, {NRAM}>", 64),
    ],
)
def test_an_output_beside_its_input_or_exactly_on_it(body: str, at: int) -> None:
    run(HALF + body, at)
