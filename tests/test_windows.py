"""Operands seen through a window, as a convolution or a pooling does: meaning, and the way down to both machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minilinalg as ml
from minilinalg.dialects.upstream.linear_index import LinearIndex
from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp.run import run
from minilinalg.parsing import parse_module

MACHINES = ("tiny-simd", "mlu370")
MULTIPLY_ADD = """%p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32"""
ADD = """%s = arith.addf %c, %a : f32
    linalg.yield %s : f32"""
MAXIMUM = """%s = arith.maximumf %c, %a : f32
    linalg.yield %s : f32"""


def generic(maps: Sequence[str], kinds: str, shapes: Sequence[str], body: str, element: str = "f32") -> str:
    """A function of one generic; the last of `maps` and `shapes` is its output's. kinds: "ppr", a letter a loop."""
    dims = ", ".join(f"d{i}" for i in range(len(kinds)))
    spelled = ", ".join(f"affine_map<({dims}) -> ({m})>" for m in maps)
    names = {"p": '"parallel"', "r": '"reduction"'}
    iterators = ", ".join(names[k] for k in kinds)
    types = [f"tensor<{shape}x{element}>" for shape in shapes]
    inputs = [f"%x{i}" for i in range(len(maps) - 1)]
    takes = ", ".join(f"{x}: {t}" for x, t in zip([*inputs, "%init"], types, strict=True))
    args = "".join(f"%{name}: {element}, " for name in "ab"[: len(inputs)])
    return f"""
func.func @f({takes}) -> {types[-1]} {{
  %y = linalg.generic {{indexing_maps = [{spelled}], iterator_types = [{iterators}]}}
    ins({", ".join(inputs)} : {", ".join(types[:-1])}) outs(%init : {types[-1]}) {{
  ^bb0({args}%c: {element}):
    {body}
  }} -> {types[-1]}
  return %y : {types[-1]}
}}
"""


def reference(
    maps: Sequence[str], sizes: Sequence[int], arrays: Sequence[Any], body: Callable[..., Any]
) -> np.ndarray[Any, Any]:
    """The definition: the body at each point of the loops, in order."""
    *inputs, out = [np.array(a) for a in arrays]
    code = [compile(f"({m},)", "map", "eval") for m in maps]
    for point in product(*(range(n) for n in sizes)):
        loops = {f"d{i}": v for i, v in enumerate(point)}
        *places, target = [eval(c, {}, loops) for c in code]
        out[target] = body(*(a[p] for a, p in zip(inputs, places, strict=True)), out[target])
    return out


def extents(shapes: Sequence[str]) -> list[tuple[int, ...]]:
    return [tuple(int(n) for n in shape.split("x")) for shape in shapes]


MULTIPLIED: Any = lambda a, b, c: c + a * b  # noqa: E731
SUMMED: Any = lambda a, c: c + a  # noqa: E731
LARGEST: Any = lambda a, b, c: np.maximum(c, a)  # noqa: E731

# name: maps, kinds, shapes (inputs, then the output), sizes of the loops, body, its meaning
CASES: dict[str, tuple[list[str], str, list[str], list[int], str, Any]] = {
    "convolution, primes": (["d0 + d1", "d1", "d0"], "pr", ["17", "5", "13"], [13, 5], MULTIPLY_ADD, MULTIPLIED),
    "window of one": (["d0 + d1", "d1", "d0"], "pr", ["13", "1", "13"], [13, 1], MULTIPLY_ADD, MULTIPLIED),
    "one result": (["d0 + d1", "d1", "d0"], "pr", ["7", "7", "1"], [1, 7], MULTIPLY_ADD, MULTIPLIED),
    "an operand longer than the window reaches": (
        ["d0 + d1", "d1", "d0"],
        "pr",
        ["40", "3", "13"],
        [13, 3],
        MULTIPLY_ADD,
        MULTIPLIED,
    ),
    "stride and dilation": (
        ["d0 * 2 + d1 * 3 + 1", "d1", "d0"],
        "pr",
        ["28", "3", "11"],
        [11, 3],
        MULTIPLY_ADD,
        MULTIPLIED,
    ),
    "backwards": (["d0 - d1 + 4", "d1", "d0"], "pr", ["15", "5", "11"], [11, 5], MULTIPLY_ADD, MULTIPLIED),
    "reduction before parallel": (["d1 + d0", "d0", "d1"], "rp", ["17", "5", "13"], [5, 13], MULTIPLY_ADD, MULTIPLIED),
    "channels in front": (
        ["d0, d1, d2 + d3", "d1, d3", "d0, d1, d2"],
        "pppr",
        ["2x5x19", "5x3", "2x5x17"],
        [2, 5, 17, 3],
        MULTIPLY_ADD,
        MULTIPLIED,
    ),
    "channels behind": (
        ["d0, d1 + d3, d2", "d3, d2", "d0, d1, d2"],
        "pppr",
        ["2x19x5", "3x5", "2x17x5"],
        [2, 17, 5, 3],
        MULTIPLY_ADD,
        MULTIPLIED,
    ),
    "two dimensions, over channels": (
        ["d0, d1 + d4, d2 + d5, d6", "d4, d5, d6, d3", "d0, d1, d2, d3"],
        "pppprrr",
        ["2x5x6x3", "2x3x3x4", "2x4x4x4"],
        [2, 4, 4, 4, 2, 3, 3],
        MULTIPLY_ADD,
        MULTIPLIED,
    ),
    "sum over a window": (["d0 * 3 + d1", "d1", "d0"], "pr", ["33", "3", "11"], [11, 3], ADD, lambda a, b, c: c + a),
    "largest of a window": (
        ["d0, d1 * 2 + d2", "d2", "d0, d1"],
        "ppr",
        ["3x23", "3", "3x11"],
        [3, 11, 3],
        MAXIMUM,
        LARGEST,
    ),
    "a matrix from its diagonals": (["d0 + d1", "d0, d1"], "pp", ["17", "5x13"], [5, 13], ADD, SUMMED),
    "the diagonal": (["d0, d0", "d0"], "p", ["11x11", "11"], [11], ADD, SUMMED),
    "a row that is not the first": (["3, d0", "d0"], "p", ["5x13", "13"], [13], ADD, SUMMED),
}


@pytest.mark.parametrize("target", MACHINES)
@pytest.mark.parametrize("name", CASES)
def test_windows_down_the_road(name: str, target: str) -> None:
    maps, kinds, shapes, sizes, body, meaning = CASES[name]
    numbers = np.random.default_rng(3)
    arrays = [numbers.standard_normal(shape).astype(np.float32) for shape in extents(shapes)]
    kernel = ml.compile(generic(maps, kinds, shapes, body), target=target)
    assert kernel.last_stage == "simd"
    (found,) = kernel(*arrays, check=True).results
    np.testing.assert_allclose(found, reference(maps, sizes, arrays, meaning), rtol=2e-5, atol=2e-5)


def test_nan_and_infinity_in_a_window() -> None:
    maps, kinds, shapes, sizes, body, meaning = CASES["largest of a window"]
    x, w, init = (np.zeros(shape, np.float32) for shape in extents(shapes))
    x[0, 4], x[1, 7], x[2, :] = np.nan, np.inf, -np.inf
    init[2, :] = -np.inf
    (found,) = ml.compile(generic(maps, kinds, shapes, body), target="tiny-simd")(x, w, init, check=True).results
    np.testing.assert_array_equal(found, reference(maps, sizes, [x, w, init], meaning))
    assert np.isnan(found[0]).sum() == 2 and np.isinf(found[1]).sum() == 1


@pytest.mark.parametrize("target", MACHINES)
def test_whole_numbers_wrap_around(target: str) -> None:
    body = MULTIPLY_ADD.replace("mulf", "muli").replace("addf", "addi").replace("f32", "i32")
    x, w = np.full(17, 2**30 + 5, np.int32), np.arange(5, dtype=np.int32) - 1
    kernel = ml.compile(generic(["d0 + d1", "d1", "d0"], "pr", ["17", "5", "13"], body, "i32"), target=target)
    (found,) = kernel(x, w, np.full(13, 7, np.int32), check=True).results
    wanted = 7 + sum(int(x[0]) * int(n) for n in w)
    assert (found == np.int64(wanted).astype(np.int32)).all()


def test_an_empty_window_leaves_the_initial_elements() -> None:
    init = np.arange(13, dtype=np.float32)
    text = generic(["d0 + d1", "d1", "d0"], "pr", ["12", "0", "13"], MULTIPLY_ADD)
    (found,) = run(parse_module(text), 1, [np.ones(12, np.float32), np.ones(0, np.float32), init])
    np.testing.assert_array_equal(found, init)


@pytest.mark.parametrize("target", MACHINES)
def test_the_body_asks_for_the_loops(target: str) -> None:
    """Both the loop over the window, and the one that a slice runs along."""
    body = """%r = linalg.index 1 : index
    %t = linalg.index 0 : index
    %ri = arith.index_cast %r : index to i32
    %ti = arith.index_cast %t : index to i32
    %n = arith.muli %ri, %ti : i32
    %m = arith.addi %n, %a : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32"""
    maps, shapes = ["d0 + d1", "d1", "d0"], ["17", "5", "13"]
    x = np.arange(17, dtype=np.int32)
    args = [x, np.zeros(5, np.int32), np.zeros(13, np.int32)]
    (found,) = ml.compile(generic(maps, "pr", shapes, body, "i32"), target=target)(*args, check=True).results
    np.testing.assert_array_equal(found, [sum(x[t + r] + r * t for r in range(5)) for t in range(13)])


def test_a_convolution_over_channels_is_matrix_products() -> None:
    maps, kinds, shapes, sizes, _, meaning = CASES["two dimensions, over channels"]
    body = """%wide = arith.extf %a : f16 to f32
    %wide_b = arith.extf %b : f16 to f32
    """ + MULTIPLY_ADD.replace("%a, %b", "%wide, %wide_b")
    text = generic(maps, kinds, shapes, body)
    for shape in shapes[:2]:
        text = text.replace(f"tensor<{shape}xf32>", f"tensor<{shape}xf16>")
    kernel = ml.compile(text.replace("%a: f32, %b: f32", "%a: f16, %b: f16"), target="mlu370")
    assert "linalg.matmul" in kernel.text("tiled") and "linalg.generic" not in kernel.text("tiled")
    numbers = np.random.default_rng(5)
    x, w = (numbers.standard_normal(shape).astype(np.float16) for shape in extents(shapes[:2]))
    init = numbers.standard_normal(extents(shapes)[2]).astype(np.float32)
    (found,) = kernel(x, w, init, check=True).results
    arrays = [x.astype(np.float32), w.astype(np.float32), init]
    np.testing.assert_allclose(found, reference(maps, sizes, arrays, meaning), rtol=2e-5, atol=2e-5)


# --- all kinds of windows ---------------------------------------------------------------------------------------


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, list[int], list[int]]:
    """A sum of loops, the sizes of the loops, and extents that hold it."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=3))
    dims = []
    room = []
    for _ in range(draw(st.integers(1, 2))):
        steps = [draw(st.integers(-2, 3)) for _ in sizes]
        start = draw(st.integers(0, 2)) - sum(s * (n - 1) for s, n in zip(steps, sizes, strict=True) if s < 0)
        dims.append(" + ".join([f"d{i} * {s}" for i, s in enumerate(steps)] + [str(start)]))
        top = start + sum(s * (n - 1) for s, n in zip(steps, sizes, strict=True) if s > 0)
        # What is one loop and nothing else has the size of the loop.
        is_loop = start == 0 and sorted(s for s in steps if s) == [1]
        room.append(top + 1 + (0 if is_loop else draw(st.integers(0, 2))))
    return ", ".join(dims), sizes, room


@given(windows(), st.data())
@settings(max_examples=40, deadline=None)
def test_any_sum_of_loops(window: tuple[str, list[int], list[int]], data: st.DataObject) -> None:
    at, sizes, room = window
    rank = len(sizes)
    kinds = "".join(data.draw(st.sampled_from("pr")) for _ in sizes)
    every = ", ".join(f"d{i}" for i in range(rank))
    kept = [i for i, kind in enumerate(kinds) if kind == "p"]
    if not kept:
        kinds, kept = "p" + kinds[1:], [0]
    out = ", ".join(f"d{i}" for i in kept)
    maps = [at, every, out]
    shapes = ["x".join(map(str, s)) for s in (room, sizes, [sizes[i] for i in kept])]
    numbers = np.random.default_rng(1)
    arrays = [numbers.integers(-9, 9, shape).astype(np.float32) for shape in extents(shapes)]
    (found,) = ml.compile(generic(maps, kinds, shapes, MULTIPLY_ADD), target="tiny-simd")(*arrays, check=True).results
    np.testing.assert_array_equal(found, reference(maps, sizes, arrays, MULTIPLIED))


# --- mistakes ---------------------------------------------------------------------------------------------------


def test_a_loop_over_more_than_it_runs() -> None:
    text = generic(["d0 * 0 + d1 * 1", "d0, d1", "d0, d1"], "pp", ["2", "1x1", "1x1"], MULTIPLY_ADD)
    with pytest.raises(ml.errors.InputError) as caught:
        parse_module(text).verify()
    assert caught.value.diagnostic.found.startswith(
        "'linalg.generic' runs loop 1 over 1 elements and indexes the 2 of dimension 0 of operand 0 by "
    )


def test_a_window_beyond_its_operand() -> None:
    text = generic(["d0 + d1", "d1", "d0"], "pr", ["16", "5", "13"], MULTIPLY_ADD)
    with pytest.raises(ml.errors.InputError) as caught:
        parse_module(text).verify()
    assert caught.value.diagnostic.found == (
        "'linalg.generic' reads dimension 0 of operand 0, which has 16 elements, at (d0 + d1), from 0 to 16: "
        "an index is from 0 to 15"
    )


def test_a_window_beyond_an_operand_whose_size_is_known_late() -> None:
    text = generic(["d0 + d1", "d1", "d0"], "pr", ["?", "5", "13"], MULTIPLY_ADD).replace("-> tensor<?", "-> tensor<13")
    module = parse_module(text)
    init, w = np.zeros(13, np.float32), np.ones(5, np.float32)
    (found,) = run(module, 1, [np.ones(17, np.float32), w, init])
    assert (found == 5).all()
    with pytest.raises(RunError) as caught:
        run(module, 1, [np.ones(16, np.float32), w, init])
    d = caught.value.diagnostic
    assert d.found == (
        "'linalg.generic' reads dimension 0 of an operand, which has 16 elements, at (d0 + d1), from 0 to 16"
    )
    assert d.rule == "an index is from 0 to below the number of elements"


def test_what_is_no_sum_of_loops() -> None:
    text = generic(["d0 floordiv 2", "d0"], "p", ["7", "13"], ADD)
    with pytest.raises(UnsupportedError) as caught:
        run(parse_module(text), 1, [np.ones(7, np.float32), np.ones(13, np.float32)])
    assert caught.value.diagnostic.found == "'linalg.generic' indexes an operand by (d0 floordiv 2)"
    assert caught.value.diagnostic.rule == "an index that runs is a sum of dimensions, each times a number"


def test_a_window_over_more_than_fits() -> None:
    """Only the dimensions that no window runs along are cut."""
    maps, kinds = ["d0, d1 + d2", "d2", "d0, d1"], "ppr"
    numbers = np.random.default_rng(1)
    x, w = numbers.standard_normal((97, 131)).astype(np.float32), numbers.standard_normal(3).astype(np.float32)
    init = np.zeros((97, 129), np.float32)
    text = generic(maps, kinds, ["97x131", "3", "97x129"], MULTIPLY_ADD)
    (found,) = ml.compile(text, target="tiny-simd")(x, w, init, check=True).results
    np.testing.assert_allclose(found, reference(maps, [97, 129, 3], [x, w, init], MULTIPLIED), rtol=2e-5, atol=2e-5)
    with pytest.raises(ml.errors.InputError) as caught:
        ml.compile(generic(maps, kinds, ["1x4099", "3", "1x4097"], MULTIPLY_ADD), target="tiny-simd")
    assert caught.value.diagnostic.found == (
        "a block too large for any tile: 'y', 1x4097xf32, takes 16400 bytes of nram\n"
        "  a dimension of 4099 is not cut: 'linalg.generic' reads it at (d1 + d2) (<source>:3:8)\n"
        "  a dimension of 3 is not cut: 'linalg.generic' reads it at (d1 + d2) (<source>:3:8)\n"
        "  a dimension of 4097 is not cut: 'linalg.generic' reads it at (d1 + d2) (<source>:3:8)\n"
        "  a smaller tile of any other dimension takes as many bytes"
    )


def test_ranges_of_sums() -> None:
    index = LinearIndex(4, {0: 2, 3: -1})
    assert index.range([3, 9, 9, 5]) == (0, 8)
    assert index.loop is None and LinearIndex(0, {2: 1}).loop == 2 and LinearIndex(1, {2: 1}).loop is None
