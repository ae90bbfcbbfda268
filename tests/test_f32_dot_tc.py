"""A dot of f32 as three of tf32: nearly as precise, and special numbers come out as they do of one dot."""

from __future__ import annotations

import numpy as np
import pytest
from test_tritongpu_passes import passed

from minilinalg.interp import Executable
from minilinalg.parsing import parse_module

POINTERS = "tensor<16x16x!tt.ptr<f32>>"
TEXT = f"""
tt.func public @k(%a: !tt.ptr<f32>, %b: !tt.ptr<f32>, %c: !tt.ptr<f32>) {{
  %r = tt.make_range {{end = 256 : i32, start = 0 : i32}} : tensor<256xi32>
  %o = tt.reshape %r : tensor<256xi32> -> tensor<16x16xi32>
  %as = tt.splat %a : !tt.ptr<f32> -> {POINTERS}
  %bs = tt.splat %b : !tt.ptr<f32> -> {POINTERS}
  %cs = tt.splat %c : !tt.ptr<f32> -> {POINTERS}
  %ap = tt.addptr %as, %o : {POINTERS}, tensor<16x16xi32>
  %bp = tt.addptr %bs, %o : {POINTERS}, tensor<16x16xi32>
  %cp = tt.addptr %cs, %o : {POINTERS}, tensor<16x16xi32>
  %x = tt.load %ap : {POINTERS}
  %y = tt.load %bp : {POINTERS}
  %z = tt.load %cp : {POINTERS}
  %d = tt.dot %x, %y, %z, inputPrecision = PRECISION : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
  tt.store %cp, %d : {POINTERS}
  tt.return
}}"""


def product(a: np.ndarray, b: np.ndarray, precision: str, split: bool) -> np.ndarray:
    text = TEXT.replace("PRECISION", precision)
    module = passed(text, "tritongpu-F32DotTC") if split else parse_module(text)
    c = np.zeros((16, 16), np.float32)
    Executable(module).run(1, [a.copy(), b.copy(), c])
    return c


def test_three_dots_of_tf32_are_as_good_as_one_of_f32() -> None:
    random = np.random.default_rng(3)
    a, b = (random.standard_normal((16, 16)).astype(np.float32) for _ in range(2))
    exact = a.astype(np.float64) @ b.astype(np.float64)
    one, three = (np.abs(product(a, b, *how) - exact).max() for how in (("tf32", False), ("tf32x3", True)))
    assert three < 4e-6 < 1e-4 < one


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan, 3e38, 1e-40, -0.0, np.float32(2) ** -126])
def test_special_numbers(special: float) -> None:
    a, b = np.eye(16, dtype=np.float32), np.full((16, 16), 1.5, np.float32)
    a[3, 3] = special
    a[5, 5] = np.frombuffer(np.uint32(0x7FFFFFFF).tobytes(), np.float32)[0]
    with np.errstate(all="ignore"):
        wanted, found = product(a, b, "ieee", False), product(a, b, "tf32x3", True)
    # The smallest numbers have fewer bits than tf32 keeps of them: those are lost.
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=2.0**-136)


def test_other_precisions_stay() -> None:
    for precision in ("tf32", "bf16x3", "ieee"):
        module = passed(TEXT.replace("PRECISION", precision), "tritongpu-F32DotTC")
        assert sum(op.name == "tt.dot" for op in module.walk()) == 1
    module = passed(TEXT.replace("PRECISION", "tf32x3"), "tritongpu-F32DotTC{emu-tf32=false}")
    assert sum(op.name == "tt.dot" for op in module.walk()) == 1
