"""Checking by running on the simt road: the whole road of the examples, and what a broken pass of it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from road_checks import described
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

import minilinalg as ml
from minilinalg.passes import load_pass

DATA = Path(__file__).resolve().parent / "data" / "ttir"
KERNELS = Path(__file__).resolve().parent.parent / "examples" / "kernels"


def random(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def vector_add(n: int) -> Any:
    return -(-n // 1024) + 1, [random(n), random(n, seed=1), random(n), n]


def softmax(rows: int, columns: int) -> Any:
    return 3, [random(rows, columns), random(rows, columns), columns, columns, rows, columns]


def layernorm(rows: int, columns: int) -> Any:
    x, w, b = random(rows, columns, dtype=np.float16), *(random(columns, seed=s, dtype=np.float16) for s in (1, 2))
    return rows, [x, np.zeros_like(x), w, b, random(rows), random(rows), columns, columns, 1e-5]


def gemv(m: int, n: int) -> Any:
    a, x = random(m, n, dtype=np.float16), random(n, seed=2, dtype=np.float16)
    return -(-m // 32), [a, x, random(m), m, n, n]


CASES: list[tuple[Callable[..., Any], list[tuple[int, ...]]]] = [
    (vector_add, [(16,), (1024,), (5008,)]),
    (softmax, [(1, 16), (5, 1008), (3, 1024)]),
    (layernorm, [(1, 16), (3, 1008), (2, 2512)]),
    (gemv, [(16, 16), (48, 144)]),
]


@pytest.mark.parametrize("target", ["h200", "a100"])
@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        pytest.param(make, one, id=f"{make.__name__}-{'x'.join(map(str, one))}")
        for make, all_sizes in CASES
        for one in all_sizes
    ],
)
def test_each_pass_keeps_the_answers(make: Callable[..., Any], sizes: tuple[int, ...], target: str) -> None:
    kernel = ml.compile(KERNELS / f"{make.__name__}.ttir", road="simt", target=target)
    grid, args = make(*sizes)
    kernel[grid](*args, check=True)


def padded(rows: int, columns: int, seed: int = 0, dtype: Any = np.float16) -> Any:
    """Whole numbers in rows that begin at multiples of 16 bytes, as copies of tiles want them."""
    whole = np.random.default_rng(seed).integers(-3, 4, (max(rows, 1), max(-(-columns // 16), 1) * 16)).astype(dtype)
    return whole[:rows, :columns]


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (13, 17, 0), (129, 7, 67), (16, 16, 128), (7, 130, 259)])
def test_tiles_of_the_hosts_tensors(m: int, n: int, k: int) -> None:
    """Nothing, one turn, as many as there are buffers and more; the last tiles are ragged."""
    kernel = ml.compile(DATA / "matmul_tma.ttir", road="simt", target="h200")
    a, b, c = padded(m, k), padded(k, n, 1), padded(m, n, 2)
    arrays = (part for x in (a, b, c) for part in described(x))
    kernel[(-(-m // 128), -(-n // 128))](*arrays, m, n, k, check=True)
    np.testing.assert_array_equal(c, (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float16))
    assert "ttng.async_tma_copy_global_to_local" in kernel.text("ttg") and "tt.load" not in kernel.text("ttg")


def test_lines_that_no_tile_begins_at() -> None:
    kernel = ml.compile(DATA / "matmul_tma.ttir", road="simt", target="h200")
    a, b, c = padded(16, 67), np.zeros((67, 13), np.float16), padded(16, 13, 2)
    with pytest.raises(ml.MinilinalgError) as caught:
        kernel[1](*(part for x in (a, b, c) for part in described(x)), 16, 13, 67)
    assert str(caught.value) == (
        "error: argument 'b_desc.stride.0' of 'matmul_tma' is 13, which is not divisible by 8\n"
        "  rule: tiles of what 'b_desc' describes are copied by lines, which begin at multiples of 8 elements\n"
        "  hint: an array with longer lines, of which the tensor is a part"
    )


def another_lane(module: ModuleOp) -> None:
    """A step of a sum takes from the lane that it took from before."""
    shuffles = [op for op in module.walk() if op.name == "simt.shuffle"]
    shuffles[-1].operands[1] = shuffles[-2].operands[1]


@pytest.mark.parametrize(("change", "what"), [(another_lane, "changed an answer")])
def test_a_wrong_pass_is_named(change: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = load_pass("tritongpu-to-simt")
    apply = cls.apply

    def broken(self: Any, ctx: Context, op: ModuleOp) -> None:
        apply(self, ctx, op)
        change(op)

    monkeypatch.setattr(cls, "apply", broken)
    kernel = ml.compile(KERNELS / "softmax.ttir", road="simt", target="h200")
    grid, args = softmax(5, 1008)
    with pytest.raises(ml.MinilinalgError, match=f"pass 'tritongpu-to-simt' {what}"):
        kernel[grid](*args, check=True)
