"""linalg_ext.gather and linalg_ext.scatter: the engine against the slow interpreter, on tensors and on memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slow
from engine_kernels import same_bits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow.errors import SlowError

from minilinalg.errors import RunError
from minilinalg.interp import run
from minilinalg.parsing import parse_module

ELEMENTS = {"f32": np.float32, "i8": np.int8}
INDICES = {"i32": np.int32, "i64": np.int64, "i8": np.int8}


def shaped(shape: tuple[int, ...], element: str, kind: str = "tensor") -> str:
    return f"{kind}<{''.join(f'{n}x' for n in shape)}{element}>"


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, list[np.ndarray], bool]:
    """A gather or a scatter; its arguments; whether what it writes is memory."""
    is_gather, on_memory, masked = (draw(st.booleans()) for _ in range(3))
    array = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    index = tuple(draw(st.lists(st.integers(0, 3), min_size=1, max_size=2)))
    dim = draw(st.integers(0, len(array) - 1))
    block = (*array[:dim], *index, *array[dim + 1 :])
    element, number = draw(st.sampled_from(sorted(ELEMENTS))), draw(st.sampled_from(sorted(INDICES)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    kind = "memref" if on_memory else "tensor"
    types = [shaped(array, element, kind), shaped(block, element), shaped(index, number), shaped(index, "i1")]
    lists, list_types = ("%i, %m", f"{types[2]}, {types[3]}") if masked else ("%i", types[2])
    signature = f"func.func @f(%a: {types[0]}, %b: {types[1]}, %i: {types[2]}, %m: {types[3]})"
    if is_gather:
        op = f"linalg_ext.gather ins(%a, {lists} : {types[0]}, {list_types}) outs(%b : {types[1]}) dim = {dim}"
        result = types[1]
    else:
        op = f"linalg_ext.scatter ins(%b, {lists} : {types[1]}, {list_types}) outs(%a : {types[0]}) dim = {dim}"
        result = None if on_memory else types[0]
    lines = [f"{op}", "return"] if result is None else [f"%r = {op} -> {result}", f"return %r : {result}"]
    text = f"{signature}{'' if result is None else f' -> {result}'} {{\n" + "\n".join(lines) + "\n}"
    arrays = [rng.integers(-9, 9, shape).astype(ELEMENTS[element]) for shape in (array, block)]
    arrays += [rng.integers(0, array[dim], index).astype(INDICES[number]), rng.integers(0, 2, index).astype(np.bool_)]
    return text, arrays, result is None


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_random_rows(program: tuple[str, list[np.ndarray], bool]) -> None:
    text, arrays, writes_memory = program
    module = parse_module(text)
    ours, theirs = ([a.copy() for a in arrays] for _ in range(2))
    found, wanted = run(module, 1, ours), slow.run(module, (1, 1, 1), list(theirs))  # pyright: ignore
    answers: list[tuple[Any, Any]] = [(ours[0], theirs[0])] if writes_memory else [(found[0], wanted[0])]
    for one, other in answers:
        assert same_bits(one, other), text


@pytest.mark.parametrize("row", [-1, 4])
def test_an_index_outside_of_a_tensor(row: int) -> None:
    text = """func.func @f(%a: tensor<4xf32>, %b: tensor<1xf32>, %i: tensor<1xi32>) -> tensor<1xf32> {
      %r = linalg_ext.gather ins(%a, %i : tensor<4xf32>, tensor<1xi32>) outs(%b : tensor<1xf32>) -> tensor<1xf32>
      return %r : tensor<1xf32>
    }"""
    args = [np.zeros(4, np.float32), np.zeros(1, np.float32), np.array([row], np.int32)]
    with pytest.raises(RunError, match=rf"'linalg_ext\.gather' has index {row} along dimension 0, which has 4"):
        run(parse_module(text), 1, args)
    with pytest.raises(SlowError):
        slow.run(parse_module(text), (1, 1, 1), list(args))  # pyright: ignore
