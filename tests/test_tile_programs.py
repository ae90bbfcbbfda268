"""Random programs on machines of little memory: tiles make what the whole makes, or it is said why there are none.

A program is a chain of steps on a matrix: elementwise ones, sums and maxima along rows or columns, products with a
square matrix, loops that carry matrices, and loads and stores of blocks, some partly masked. Arguments may be the same
memory where nothing was promised of them. Numbers are whole and stay below 2^24: every order of a sum is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from road_machines import machine

from minilinalg import builder as mb
from minilinalg import interp
from minilinalg.abi import FunctionAbi
from minilinalg.context import make_context
from minilinalg.errors import InputError, OverCapacityError
from minilinalg.passes import load_pass
from minilinalg.passes.linalg_tile_and_fuse.capacity import shortage
from minilinalg.verification import verify

Step = Callable[[Any, Any], Any]
MEMORY = ("p", "q", "out")


def small(f: Any, x: Any) -> Any:
    return f.comprehension("Z[i, j] = min(max(X[i, j], -1000.0), 1000.0)", X=x)


def loop(f: Any, x: Any) -> Any:
    with f.for_(0, f.turns, carry=[x, f.y]) as turns:
        _, one, two = turns
        turns.yield_(small(f, f.comprehension("Z[i, j] = X[i, j] + Y[i, j]", X=one, Y=two)), one)
    return turns.results[0]


def sums_of_a_loop(f: Any, x: Any) -> Any:
    rows, columns = x.shape
    with f.for_(0, f.turns, carry=[f.zeros(f"{rows}xf32"), f.zeros(f"{rows}x{columns}xf32")]) as turns:
        _, sums, product = turns
        row = f.comprehension("R[i] += X[i, j]", X=x)
        made = f.comprehension("Z[i, j] += X[i, k] * W[k, j]", X=x, W=f.w)
        both = f.comprehension("Z[i, j] = X[i, j] + Y[i, j]", X=made, Y=product)
        turns.yield_(f.comprehension("R[i] = X[i] + Y[i]", X=row, Y=sums), small(f, both))
    return small(f, f.comprehension("Z[i, j] = X[i, j] - R[i]", X=turns.results[1], R=turns.results[0]))


def load(f: Any, x: Any) -> Any:
    rows, columns = x.shape
    part = f.p.view(0, [f.rows, f.columns], [columns, 1]).load()
    block = f.zeros(f"{rows}x{columns}xf32").at[: f.rows, : f.columns].set(part)
    return f.comprehension("Z[i, j] = max(X[i, j], Y[i, j])", X=x, Y=block)


def store(f: Any, x: Any) -> Any:
    f.q.view(0, [f.rows, f.columns], [x.shape[1], 1]).store(x[: f.rows, : f.columns])
    return x


STEPS: dict[str, Step] = {
    "double": lambda f, x: small(f, f.comprehension("Z[i, j] = X[i, j] + X[i, j]", X=x)),
    "other": lambda f, x: small(f, f.comprehension("Z[i, j] = X[i, j] - Y[i, j]", X=x, Y=f.y)),
    "row sum": lambda f, x: small(
        f, f.comprehension("Z[i, j] = X[i, j] + R[i]", X=x, R=f.comprehension("R[i] += X[i, j]", X=x))
    ),
    "row maximum": lambda f, x: small(
        f, f.comprehension("Z[i, j] = X[i, j] - R[i]", X=x, R=f.comprehension("R[i] max= X[i, j]", X=x))
    ),
    "column sum": lambda f, x: small(
        f, f.comprehension("Z[i, j] = max(X[i, j], C[j])", X=x, C=f.comprehension("C[j] += Y[i, j]", Y=f.y))
    ),
    "product": lambda f, x: small(f, f.comprehension("Z[i, j] += X[i, k] * W[k, j]", X=x, W=f.w)),
    "loop": loop,
    "sums of a loop": sums_of_a_loop,
    "load": load,
    "store": store,
    "whole load": lambda f, x: f.comprehension("Z[i, j] = X[i, j] - Y[i, j]", X=f.q.load(), Y=x),
}


def program(m: int, n: int, steps: list[str], returns: bool) -> mb.Module:
    b = mb.Module()
    block = f"{m}x{n}xf32"
    memory = dict.fromkeys(MEMORY, f"memref:{block}")
    sizes = dict.fromkeys(("rows", "columns", "turns"), "index")
    with b.function("f", x=block, y=block, w=f"{n}x{n}xf32", **memory, **sizes) as f:
        value = f.x if returns else f.p.load()
        for step in steps:
            value = STEPS[step](f, value)
        if returns:
            f.returns(value)
        else:
            f.out.store(value)
    return b


@settings(max_examples=16, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    m=st.integers(1, 40),
    n=st.integers(1, 40),
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4),
    returns=st.booleans(),
    same=st.sampled_from([(), ("p", "q"), ("p", "out"), ("q", "out"), MEMORY]),
    masked=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    turns=st.integers(0, 2),
    usable=st.sampled_from([1024, 2048, 4096]),
    cores=st.integers(1, 3),
)
def test_tiles_make_what_the_whole_makes(
    m: int,
    n: int,
    steps: list[str],
    returns: bool,
    same: tuple[str, ...],
    masked: tuple[int, int],
    turns: int,
    usable: int,
    cores: int,
) -> None:
    module = program(m, n, steps, returns).module
    ctx = make_context()
    ctx.target = machine(
        f"little-{usable}-{cores}", clusters=1, cores_per_cluster=cores, count=4, alignment=16, usable=usable
    )
    for name in ("linalg-specialize-generic-ops", "linalg-fuse-elementwise"):
        load_pass(name)().apply(ctx, module)
    tiled = module.clone()
    try:
        load_pass("linalg-tile-and-fuse")().apply(ctx, tiled)
    except OverCapacityError as error:
        assert "is not cut" in str(error) or "in tiles of" in str(error)
        return
    except InputError as error:
        assert "cannot be cut into tiles: the kernel " in str(error)
        return
    verify(tiled)
    (function,) = tiled.ops
    assert shortage(function, ctx.target) is None  # pyright: ignore
    for parameter in FunctionAbi.of(function).parameters:  # pyright: ignore
        if parameter.name in same:
            same = tuple(name for name in same if name not in parameter.no_overlap)
    rng = np.random.default_rng(m + n)
    x, y, w = (rng.integers(-2, 3, shape).astype(np.float32) for shape in ((m, n), (m, n), (n, n)))
    answers: list[list[np.ndarray]] = []
    for code in (module, tiled):
        memory = {name: np.arange(m * n, dtype=np.float32).reshape(m, n) % (i + 5) for i, name in enumerate(MEMORY)}
        for name in same[1:]:
            memory[name] = memory[same[0]]
        results = interp.run(code, 1, [x, y, w, *memory.values(), min(masked[0], m), min(masked[1], n), turns])
        answers.append([*results, *memory.values()])
    for found, wanted in zip(*reversed(answers), strict=True):
        np.testing.assert_array_equal(found, wanted)
