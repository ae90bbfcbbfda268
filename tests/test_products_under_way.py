"""The result of a product of a warp group is there once it was waited for: what takes it before is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import minilinalg as ml
from minilinalg.abi import find_function
from minilinalg.analysis.products_under_way import early_use
from minilinalg.parsing import parse_module

KERNELS = Path(__file__).resolve().parent.parent / "examples" / "kernels"
PRODUCT = (
    "simt.wgmma %a, %b, {} shape 64, 8, 16 tiles 1, 1, 1 {{b_matrix = #simt.matrix<{{element = f16, swizzle = 32, "
    "leading = 128, stride = 256, transposed = false, offsets = [0]}}>}} : vector<8xf16>, vector<1xi32> "
    "-> vector<4xf32>"
)


def taken_early(body: str) -> str | None:
    """The operation that takes a result too early. body: `{%c}` stands for a product that adds to %c."""
    body = re.sub(r"\{(%\w+)\}", lambda match: PRODUCT.format(match[1]), body)
    text = f"""
    func.func @k(%a: vector<8xf16>, %b: vector<1xi32>, %z: vector<4xf32>, %n: i32, %p: i1) {{
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      {body}
      return
    }}
    """
    found = early_use(find_function(parse_module(text), None))
    return None if found is None else found.op.name


COMMIT, USE = "simt.wgmma_commit\n", "\n%u = arith.addf %d, %d : vector<4xf32>"
LOOP = "%d = scf.for %i = %c0 to %n step %c1 iter_args(%s = %z) -> (vector<4xf32>) : i32 {{\n{}\n}}\n"
STEP = "%t = {{%s}}\nsimt.wgmma_commit\n{}\nscf.yield %t : vector<4xf32>"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("%d = {%z}" + USE, "arith.addf"),
        ("%d = {%z}\n" + COMMIT + USE, "arith.addf"),
        ("%d = {%z}\n" + COMMIT + "simt.wgmma_wait 0" + USE, None),
        ("%d = {%z}\nsimt.wgmma_wait 0" + USE, "arith.addf"),
        ("%d = {%z}\n" + COMMIT + "simt.wgmma_wait 1" + USE, "arith.addf"),
        ("%d = {%z}\n" + COMMIT + "%e = {%z}\n" + COMMIT + "simt.wgmma_wait 1" + USE, None),
        ("%e = {%z}\n" + COMMIT + "%d = {%e}\n" + COMMIT + "simt.wgmma_wait 1" + USE, "arith.addf"),
        ("%e = {%z}\n" + COMMIT + "%d = simt.wgmma_wait 1, %e : vector<4xf32>" + USE, "arith.addf"),
        ("%e = {%z}\n" + COMMIT + "%d = simt.wgmma_wait 0, %e : vector<4xf32>" + USE, None),
        (LOOP.format(STEP.format("")) + "simt.wgmma_wait 0" + USE, None),
        (LOOP.format(STEP.format("")) + USE, "arith.addf"),
        (LOOP.format(STEP.format("simt.wgmma_wait 0")) + USE, None),
        (LOOP.format("%e = arith.negf %s : vector<4xf32>\n" + STEP.format("")), "arith.negf"),
        (LOOP.format("simt.wgmma_wait 0\n%e = arith.negf %s : vector<4xf32>\n" + STEP.format("")), None),
        # No turn, no wait.
        ("%d = {%z}\n" + COMMIT + "scf.for %i = %c0 to %n step %c1 : i32 {\nsimt.wgmma_wait 0\n}" + USE, "arith.addf"),
        ("%d = {%z}\n" + COMMIT + "scf.if %p {\nsimt.wgmma_wait 0\n}" + USE, "arith.addf"),
        ("%d = {%z}\n" + COMMIT + "scf.if %p {\nsimt.wgmma_wait 0\n} else {\nsimt.wgmma_wait 0\n}" + USE, None),
        ("%d = scf.if %p -> (vector<4xf32>) {\n%e = {%z}\nscf.yield %e : vector<4xf32>\n} else {\n"
         "scf.yield %z : vector<4xf32>\n}" + USE, "arith.addf"),
    ],
)  # fmt: skip
def test_what_is_taken_early(body: str, found: str | None) -> None:
    assert taken_early(body) == found


@pytest.mark.parametrize("name", ["matmul", "flash_attn"])
def test_the_last_wait_of_a_kernel_is_needed(name: str) -> None:
    text = ml.compile(KERNELS / f"{name}.ttir", road="simt", target="h200").text("simt")
    assert early_use(find_function(parse_module(text), None)) is None
    fewer = re.sub(r"simt\.wgmma_wait 0", "simt.wgmma_wait 1", text)
    assert fewer != text and early_use(find_function(parse_module(fewer), None)) is not None
