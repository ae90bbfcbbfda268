"""Dots of every type and of awkward sizes: which instructions they get, and that they mean the same, down to code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from minilinalg.context import make_context
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import encoding_of
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.targets import SimtTarget, load_target

TYPES: dict[str, Any] = {
    "i8": np.int8,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
    "f8E5M2": ml_dtypes.float8_e5m2,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn,
    "i32": np.int32,
}


def text(element: str, result: str, m: int, n: int, k: int, precision: str = "") -> str:
    """A kernel that adds the product of two matrices to a third one."""

    def pointers(name: str, type: str, rows: int, columns: int) -> str:
        t = f"tensor<{rows}x{columns}x"
        return f"""
  %{name}r = tt.make_range {{end = {rows} : i32, start = 0 : i32}} : tensor<{rows}xi32>
  %{name}c = tt.make_range {{end = {columns} : i32, start = 0 : i32}} : tensor<{columns}xi32>
  %{name}re = tt.expand_dims %{name}r {{axis = 1 : i32}} : tensor<{rows}xi32> -> tensor<{rows}x1xi32>
  %{name}ce = tt.expand_dims %{name}c {{axis = 0 : i32}} : tensor<{columns}xi32> -> tensor<1x{columns}xi32>
  %{name}w = arith.constant dense<{columns}> : tensor<{rows}x1xi32>
  %{name}m = arith.muli %{name}re, %{name}w : tensor<{rows}x1xi32>
  %{name}rb = tt.broadcast %{name}m : tensor<{rows}x1xi32> -> {t}i32>
  %{name}cb = tt.broadcast %{name}ce : tensor<1x{columns}xi32> -> {t}i32>
  %{name}o = arith.addi %{name}rb, %{name}cb : {t}i32>
  %{name}s = tt.splat %{name} : !tt.ptr<{type}> -> {t}!tt.ptr<{type}>>
  %{name}p = tt.addptr %{name}s, %{name}o : {t}!tt.ptr<{type}>>, {t}i32>"""

    given = f", inputPrecision = {precision}" if precision else ""
    return f"""
tt.func public @k(%a: !tt.ptr<{element}>, %b: !tt.ptr<{element}>, %c: !tt.ptr<{result}>) {{{
        pointers("a", element, m, k)
    }{pointers("b", element, k, n)}{pointers("c", result, m, n)}
  %x = tt.load %ap : tensor<{m}x{k}x!tt.ptr<{element}>>
  %y = tt.load %bp : tensor<{k}x{n}x!tt.ptr<{element}>>
  %z = tt.load %cp : tensor<{m}x{n}x!tt.ptr<{result}>>
  %d = tt.dot %x, %y, %z{given} : tensor<{m}x{k}x{element}> * tensor<{k}x{n}x{element}> -> tensor<{m}x{n}x{result}>
  tt.store %cp, %d : tensor<{m}x{n}x!tt.ptr<{result}>>
  tt.return
}}"""


def accelerated(source: str, target: str, warps: int) -> tuple[Any, Any]:
    """The module and its context, with layouts."""
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(source, ctx=ctx)
    load_pass("convert-triton-to-tritongpu")(num_warps=warps).apply(ctx, module)
    load_pass("tritongpu-accelerate-matmul")().apply(ctx, module)
    module.verify()
    return module, ctx


def version(module: Any) -> int:
    """The version of the instructions of the only dot."""
    (dot,) = [op for op in module.walk() if op.name in ("tt.dot", "ttng.warp_group_dot")]
    layout = encoding_of(dot.d.type)
    return layout.version if isinstance(layout, ttg.NvidiaMmaEncodingAttr) else 0


PAIRS = [
    ("i8", "i32", ""),
    ("i32", "i32", ""),
    ("f16", "f32", ""),
    ("f16", "f16", ""),
    ("bf16", "f32", ""),
    ("f32", "f32", "tf32"),
    ("f32", "f32", ""),
    ("f64", "f64", ""),
    ("f64", "f64", "tf32"),
    ("f8E5M2", "f32", ""),
    ("f8E4M3FN", "f16", ""),
]
SIZES = [(16, 16, 16), (1, 1, 1), (32, 8, 64), (64, 128, 32), (8, 64, 32), (128, 16, 4)]


WIDTHS = [
    ("i8", "i32", ""),
    ("i32", "i32", ""),
    ("f16", "f32", ""),
    ("f16", "f16", ""),
    ("f32", "f32", "tf32"),
    ("f64", "f64", ""),
]
"""A pair of each width: tiles are chosen by that, and not by what elements are."""


@cache
def without_layouts(pair: tuple[str, str, str], size: tuple[int, int, int]) -> tuple[str, list[np.ndarray], np.ndarray]:
    """The kernel, its matrices, and what it leaves in the last of them."""
    (element, result, precision), (m, n, k) = pair, size
    source = text(element, result, m, n, k, precision)
    random = np.random.default_rng(3)
    matrices = [
        random.integers(-3, 4, shape).astype(TYPES[type])
        for shape, type in (((m, k), element), ((k, n), element), ((m, n), result))
    ]
    expected = [x.copy() for x in matrices]
    Executable(parse_module(source)).run(1, expected)
    return source, matrices, expected[2]


@pytest.mark.parametrize(
    ("warps", "pair", "size"),
    [(4, *each) for each in product(PAIRS, SIZES)] + list(product((1, 8), WIDTHS, SIZES)),
    ids=str,
)
def test_the_same_answers_with_and_without_tensor_cores(
    pair: tuple[str, str, str], size: tuple[int, int, int], warps: int
) -> None:
    (element, _, precision), (m, n, k) = pair, size
    source, matrices, expected = without_layouts(pair, size)
    module, ctx = accelerated(source, "a100", warps)
    assert version(module) == (2 if fits(element, precision, m, n, k) else 0)
    found = [x.copy() for x in matrices]
    Executable(module.clone()).run(1, found)
    assert (found[2] == expected).all()
    for name in ("allocate-shared-memory", "membar", "tritongpu-to-simt"):
        load_pass(name)().apply(ctx, module)
    found = [x.copy() for x in matrices]
    Executable(module).run(1, found)
    assert (found[2] == expected).all()


def fits(element: str, precision: str, m: int, n: int, k: int) -> bool:
    """Whether mma.sync computes a dot."""
    known = element != "i32" and (element != "f32" or precision == "tf32")
    return known and m >= (8 if element == "f64" else 16) and n >= 8 and k * TYPES_BITS[element] >= 256


TYPES_BITS = {name: 8 * np.dtype(type).itemsize for name, type in TYPES.items()}


@pytest.mark.parametrize(
    ("pair", "size", "warps", "expected"),
    [
        (("f16", "f32", ""), (64, 8, 16), 4, 3),
        (("f16", "f32", ""), (64, 8, 16), 2, 2),
        (("f16", "f32", ""), (32, 64, 16), 4, 2),
        (("f16", "f32", ""), (64, 8, 8), 4, 0),
        (("f8E5M2", "f32", ""), (64, 64, 64), 4, 2),
        (("f8E5M2", "f16", ""), (64, 64, 64), 4, 3),
        (("f32", "f32", "tf32"), (64, 64, 16), 4, 3),
        (("i8", "i32", ""), (128, 256, 32), 4, 3),
    ],
)
def test_the_newest_version_that_fits(
    pair: tuple[str, str, str], size: tuple[int, int, int], warps: int, expected: int
) -> None:
    element, result, precision = pair
    module, _ = accelerated(text(element, result, *size, precision), "h200", warps)
    assert version(module) == expected
    (m, n, k), random = size, np.random.default_rng(5)
    matrices = [
        random.integers(-3, 4, shape).astype(TYPES[type])
        for shape, type in (((m, k), element), ((k, n), element), ((m, n), result))
    ]
    wanted = [x.copy() for x in matrices]
    Executable(parse_module(text(element, result, *size, precision))).run(1, wanted)
    Executable(module).run(1, matrices)
    assert (matrices[2] == wanted[2]).all()


def test_a_machine_without_tensor_cores_leaves_dots_to_its_threads() -> None:
    target = load_target("a100")
    assert isinstance(target, SimtTarget)
    ctx = make_context()
    ctx.target = replace(target, tensor_cores=None)
    module = parse_module(text("f16", "f32", 16, 16, 16), ctx=ctx)
    load_pass("convert-triton-to-tritongpu")().apply(ctx, module)
    load_pass("tritongpu-accelerate-matmul")().apply(ctx, module)
    assert any(isinstance(op, tt.DotOp) for op in module.walk())
    assert version(module) == 0
