"""linalg_ext.scan and linalg_ext.histogram: in the engine, in the slow interpreter, and decomposed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slow
from engine_kernels import same_bits

from minilinalg.context import make_context
from minilinalg.errors import RunError
from minilinalg.interp import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass

COMBINERS = {
    "sum": ("f32", "%c = arith.addf %a, %b : f32"),
    "wrapping": ("i8", "%c = arith.muli %a, %b : i8"),
    "last": (
        "i32",
        "%z = arith.constant 0 : i32\n %q = arith.cmpi eq, %b, %z : i32\n %c = arith.select %q, %a, %b : i32",
    ),
}


def scan(combiner: str, dim: int, reverse: bool, shape: str = "3x7") -> str:
    type_, body = COMBINERS[combiner]
    full = f"tensor<{shape}x{type_}>"
    return f"""
    func.func @k(%x: {full}) -> {full} {{
      %e = tensor.empty() : {full}
      %r = linalg_ext.scan ins(%x : {full}) outs(%e : {full}) dim = {dim} {"reverse" if reverse else ""} {{
      ^bb0(%a: {type_}, %b: {type_}):
        {body}
        linalg_ext.yield %c : {type_}
      }} -> {full}
      return %r : {full}
    }}"""


def answers(text: str, *args: np.ndarray) -> tuple[Any, Any, Any]:
    """What the engine, the slow interpreter, and the engine after the decomposition give."""
    module = parse_module(text)
    engine = run(module, 1, args)[0]
    by_hand = slow.run(module, (1, 1, 1), list(args))[0]  # pyright: ignore
    load_pass("linalg-decompose-aggregated-ops")().apply(make_context(), module)
    assert "linalg_ext" not in str(module)
    return engine, by_hand, run(module, 1, args)[0]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("combiner", COMBINERS)
def test_scans(combiner: str, dim: int, reverse: bool) -> None:
    dtype = {"f32": np.float32, "i8": np.int8, "i32": np.int32}[COMBINERS[combiner][0]]
    x = np.random.default_rng(dim).integers(-3, 4, (3, 7)).astype(dtype)
    one, *others = answers(scan(combiner, dim, reverse), x)
    assert all(same_bits(one, other) for other in others)
    if combiner == "sum":
        turned = np.flip(x, dim) if reverse else x
        wanted = np.cumsum(turned, axis=dim)
        assert (one == (np.flip(wanted, dim) if reverse else wanted)).all()


@pytest.mark.parametrize("shape", [(1,), (1, 1), (17,)])
def test_scans_of_odd_sizes(shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    found = answers(scan("sum", len(shape) - 1, False, "x".join(map(str, shape))), x)
    assert all(same_bits(x.cumsum(-1), one) for one in found)


HISTOGRAM = """
func.func @k(%x: tensor<5x3xi8>, %m: tensor<5x3xi1>, %h: tensor<4xi32>) -> tensor<4xi32> {
  %r = linalg_ext.histogram ins(%x, %m : tensor<5x3xi8>, tensor<5x3xi1>) outs(%h : tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}"""


def test_histogram_adds_to_its_bins() -> None:
    x = np.random.default_rng(0).integers(0, 4, (5, 3)).astype(np.int8)
    mask, bins = x != 2, np.array([1, -1, 5, 2**31 - 1], np.int32)
    wanted = bins + np.bincount(x[mask], minlength=4).astype(np.int32)
    assert all(same_bits(wanted, one) for one in answers(HISTOGRAM, x, mask, bins))


def test_histogram_of_a_value_without_a_bin() -> None:
    x = np.full((5, 3), 4, np.int8)
    with pytest.raises(RunError, match=r"'linalg_ext\.histogram' counts 4"):
        run(parse_module(HISTOGRAM), 1, [x, np.ones((5, 3), bool), np.zeros(4, np.int32)])
