"""The six kernels with their large blocks on machines with little memory: tile by tile, every pass checked, against
NumPy; what a launch then demands of the arguments; what cannot be cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from road_checks import blocks, floats, integers
from road_machines import machine

import minilinalg as ml
from minilinalg import builder as mb
from minilinalg.errors import InputError, LaunchError, OverCapacityError
from minilinalg.targets import Target, load_target

EXAMPLES = Path(__file__).parent.parent / "examples" / "linalg"
KERNELS = Path(__file__).parent.parent / "examples" / "kernels"
HALF = np.float16
TINY = 4096


@cache
def target(usable: int) -> Target:
    """A machine with so many bytes for the blocks of a core; tiny-simd has 4096."""
    if usable == TINY:
        return load_target("tiny-simd")
    return machine(f"memory-{usable}", clusters=1, cores_per_cluster=2, capacity=65_536, usable=usable)


@cache
def compiled(file: str, on: int) -> Any:
    kernel = ml.compile(KERNELS / f"{file}.ttir", target=target(on))
    assert "scf.for %tile" in kernel.text("tiled")
    return kernel


def run(file: str, grid: Any, args: Sequence[Any], on: int = TINY) -> Any:
    return compiled(file, on)[grid](*args, check=True)


def near(found: np.ndarray, wanted: np.ndarray, close: float) -> None:
    np.testing.assert_allclose(found.astype(np.float64), wanted.astype(np.float64), rtol=close, atol=close)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("n", [1, 257, 2029])
def test_vector_add(n: int) -> None:
    x, y, out = floats(n), floats(n, seed=1), np.ones(n + 1, np.float32)
    run("vector_add.nopromise", blocks(n, 1024), [x, y, out, n])
    np.testing.assert_array_equal(out, [*(x + y), 1])


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 997)])
def test_softmax_reads_a_row_three_times(rows: int, columns: int) -> None:
    x, out = floats(rows, columns + 2), np.ones((rows, columns + 3), np.float32)
    run("softmax.nopromise", 2, [out, x, columns + 2, columns + 3, rows, columns])
    near(out[:, :columns], softmax(x[:, :columns]), 1e-6)
    assert (out[:, columns:] == 1).all()


def test_layernorm_carries_tiles_through_its_loops() -> None:
    rows, n = 1, 1029
    x, w, b = floats(rows, n + 1, dtype=HALF), floats(n, dtype=HALF), floats(n, dtype=HALF, seed=1)
    y, mean, rstd = np.ones((rows, n + 1), HALF), np.ones(rows, np.float32), np.ones(rows, np.float32)
    run("layernorm.nopromise", rows, [x, y, w, b, mean, rstd, n + 1, n, 1e-5], 12_288)
    wide = x[:, :n].astype(np.float32)
    centred = wide - wide.mean(1, keepdims=True)
    deviation = 1 / np.sqrt((centred**2).mean(1) + 1e-5)
    near(y[:, :n], centred * deviation[:, None] * w.astype(np.float32) + b.astype(np.float32), 4e-3)
    near(mean, wide.mean(1), 1e-4)
    near(rstd, deviation, 1e-4)


@pytest.mark.parametrize(("m", "n"), [(31, 127)])
def test_gemv(m: int, n: int) -> None:
    a, x = integers(m, n + 1, low=-4, high=5, dtype=HALF), integers(n, low=-4, high=5, dtype=HALF)
    y = np.ones(m, np.float32)
    run("gemv.nopromise", blocks(m, 32), [a, x, y, m, n, n + 1])
    np.testing.assert_array_equal(y, a[:, :n].astype(np.float32) @ x.astype(np.float32))


@pytest.mark.parametrize(("m", "n", "k"), [(33, 31, 67)])
def test_matmul_moves_its_loop_into_that_over_tiles(m: int, n: int, k: int) -> None:
    a, b = integers(m, k + 1, low=-4, high=5, dtype=HALF), integers(k, n, low=-4, high=5, dtype=HALF)
    c = np.ones((m, n + 2), HALF)
    run("matmul.nopromise", blocks(m, 128) * blocks(n, 128), [a, b, c, m, n, k, k + 1, n, n + 2], 49_152)
    wanted = np.ones((m, n + 2), np.float32)
    wanted[:, :n] = a[:, :k].astype(np.float32) @ b.astype(np.float32)
    np.testing.assert_array_equal(c, wanted.astype(HALF))


@pytest.mark.parametrize("sequence", [65])
def test_attention(sequence: int) -> None:
    q, k, v = (floats(1, sequence, 64, dtype=HALF, seed=i) for i in range(3))
    o, lse = np.ones((1, sequence, 64), HALF), np.ones((1, sequence), np.float32)
    args = [q, k, v, o, lse, 0.125, sequence, sequence * 64, 64]
    run("flash_attn.nopromise", (blocks(sequence, 64), 1), args, 49_152)
    scores = q.astype(np.float32) @ k.astype(np.float32).transpose(0, 2, 1) * 0.125
    scores[:, ~np.tril(np.ones((sequence, sequence), bool))] = -np.inf
    p = np.exp(scores - scores.max(-1, keepdims=True))
    near(o, p / p.sum(-1, keepdims=True) @ v.astype(np.float32), 4e-3)
    near(lse, (np.log(p.sum(-1)) + scores.max(-1)) / np.log(2), 1e-3)


# What a launch demands


def test_in_place_is_right_tile_by_tile() -> None:
    x, y = floats(1500), floats(1500, seed=1)
    wanted = x + y
    run("vector_add.nopromise", 2, [x, y, x, 1500])
    np.testing.assert_array_equal(x, wanted)


def test_arguments_that_overlap_are_refused() -> None:
    memory = floats(1010)
    with pytest.raises(LaunchError) as caught:
        run("vector_add.nopromise", 1, [memory[:1000], memory[5:1005], memory[5:1005], 1000])
    assert str(caught.value) == (
        "error: arguments 'x_ptr' and 'out_ptr' of 'vector_add' share memory\n"
        "  rule: the kernel is computed tile by tile, and what one tile stores must not be what a later one loads: "
        "the two share no memory, or begin at the same address\n"
        "  hint: a copy of one of them, or a smaller block that needs no tiles"
    )


def test_a_row_that_is_read_again_is_not_written_in_place() -> None:
    x = floats(2, 1000)
    with pytest.raises(LaunchError, match=r"'out_ptr' and 'in_ptr' of 'softmax' share memory(.|\n)*share no memory\n"):
        run("softmax.nopromise", 2, [x, x, 1000, 1000, 2, 1000])


# Functions on whole tensors


def whole(name: str, *args: Any, usable: int = TINY) -> np.ndarray:
    """What a program of examples/linalg returns, its tiles dealt out to the cores."""
    kernel = ml.compile(EXAMPLES / f"{name}.mlir", target=target(usable))
    assert "scf.forall (%core)" in kernel.text("tiled")
    return kernel(*args, check=True).results[0]


def test_rows_are_dealt_out() -> None:
    x = floats(64, 256)
    near(whole("softmax_rows", x, usable=16_384), softmax(x), 1e-6)


def test_a_product_is_dealt_out() -> None:
    x, w, bias = integers(128, 64, dtype=HALF), integers(64, 96, dtype=HALF), floats(96)
    near(whole("matmul_bias_relu", x, w, bias, usable=12_288), np.maximum(x.astype(np.float32) @ w + bias, 0), 1e-4)


def test_a_row_is_cut_after_the_rows() -> None:
    x, weight = floats(32, 384, dtype=HALF), floats(384)
    wide = x.astype(np.float32)
    scale = 1 / np.sqrt((wide**2).mean(1, keepdims=True) + 1e-5)
    near(whole("rms_norm", x, weight, np.float32(1e-5)), wide * scale * weight, 2e-3)


def test_indices_count_from_where_a_tile_begins() -> None:
    scores = floats(64, 64)
    found = whole("causal_scores", scores, np.float32(0.5))
    lowest = found[0, 1]
    np.testing.assert_array_equal(found, np.where(np.tri(64, dtype=bool), scores * np.float32(0.5), lowest))


@pytest.mark.parametrize("shape", [(97, 31), (3, 1031), (1, 2003), (2003, 1)])
def test_extents_that_nothing_divides(shape: tuple[int, int]) -> None:
    b = mb.Module()
    m, n = shape
    with b.function("f", x=f"{m}x{n}xf32", y=f"{n}xf32") as f:
        f.returns(f.comprehension("Z[i, j] = exp(X[i, j]) + Y[j] * 2.0", X=f.x, Y=f.y))
    kernel = ml.compile(b, target=target(TINY))
    x, y = floats(m, n), floats(n, seed=1)
    near(kernel(x, y, check=True).results[0], np.exp(x) + y * 2, 1e-6)


# What cannot be cut

SCAN = """
tt.func public @running(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>) {
  %range = tt.make_range {end = 2048 : i32, start = 0 : i32} : tensor<2048xi32>
  %sx = tt.splat %x : !tt.ptr<f32> -> tensor<2048x!tt.ptr<f32>>
  %px = tt.addptr %sx, %range : tensor<2048x!tt.ptr<f32>>, tensor<2048xi32>
  %v = tt.load %px : tensor<2048x!tt.ptr<f32>>
  %sum = "tt.scan"(%v) <{axis = 0 : i32, reverse = false}> ({
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tt.scan.return %s : f32
  }) : (tensor<2048xf32>) -> tensor<2048xf32>
  %so = tt.splat %out : !tt.ptr<f32> -> tensor<2048x!tt.ptr<f32>>
  %po = tt.addptr %so, %range : tensor<2048x!tt.ptr<f32>>, tensor<2048xi32>
  tt.store %po, %sum : tensor<2048x!tt.ptr<f32>>
  tt.return
}
"""


def test_what_is_taken_as_a_whole_is_named() -> None:
    with pytest.raises(OverCapacityError) as caught:
        ml.compile(ml.parse_module(SCAN, "running.ttir"), target=target(TINY))
    assert str(caught.value) == (
        "running.ttir:7:10: error: a block too large for any tile: 2047xf32, takes 8192 bytes of nram\n"
        "  a dimension of 2048 is not cut: 'linalg_ext.scan' takes it as a whole (running.ttir:7:10)\n"
        "  rule: nram of target 'tiny-simd' has 4096 bytes for all buffers of a core\n"
        "  hint: a smaller block size"
    )


KEPT = "  a dimension of {} is not cut: {}"
NEEDED = (
    "  in tiles of {}, nram of target 'tiny-simd' is over capacity by {} bytes: "
    "{} bytes of buffers are needed at the same time"
)


@pytest.mark.parametrize(
    ("file", "reasons"),
    [
        (
            "conv2d",
            [
                KEPT.format(32, "'linalg_ext.gather' takes it as a whole (more_kernels.py:353:21)"),
                KEPT.format(16, "'linalg_ext.gather' takes it as a whole (more_kernels.py:353:21)"),
                NEEDED.format("1 of 16", 5024, 9120),
            ],
        ),
        (
            "window_attention",
            [
                KEPT.format(16, "'scf.while' takes it as a whole (more_kernels.py:368:5)"),
                KEPT.format(32, "'scf.while' takes it as a whole (more_kernels.py:368:5)"),
                NEEDED.format("1 of 32, 1 of 16", 320, 4416),
            ],
        ),
    ],
)
def test_what_is_not_cut_and_what_the_rest_needs_is_said(file: str, reasons: list[str]) -> None:
    with pytest.raises(OverCapacityError) as caught:
        ml.compile(Path(__file__).parent / "data" / "road" / f"{file}.ttir", target=target(TINY))
    lines = str(caught.value).splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("  from: "))
    first = next(i for i, line in enumerate(lines) if "is not cut" in line)
    assert lines[first:end] == reasons


def test_one_core_does_all_tiles() -> None:
    b = mb.Module()
    with b.function("f", x="6x27xf32", y="6x27xf32") as f:
        sums = f.comprehension("C[j] += Y[i, j]", Y=f.y)
        f.returns(f.comprehension("Z[i, j] = max(X[i, j], C[j])", X=f.x, C=sums))
    kernel = ml.compile(b, target=machine("one-core", clusters=1, cores_per_cluster=1, usable=1024))
    assert "scf.for %tile" in kernel.text("tiled")
    x, y = integers(6, 27, dtype=np.float32), integers(6, 27, dtype=np.float32, seed=1)
    np.testing.assert_array_equal(kernel(x, y, check=True).results[0], np.maximum(x, y.sum(0)))


SHIFTED = """
tt.func public @shift(%x: !tt.ptr<f32>) {
  %one = arith.constant dense<1> : tensor<2048xi32>
  %range = tt.make_range {end = 2048 : i32, start = 0 : i32} : tensor<2048xi32>
  %next = arith.addi %range, %one : tensor<2048xi32>
  %sx = tt.splat %x : !tt.ptr<f32> -> tensor<2048x!tt.ptr<f32>>
  %px = tt.addptr %sx, %range : tensor<2048x!tt.ptr<f32>>, tensor<2048xi32>
  %v = tt.load %px : tensor<2048x!tt.ptr<f32>>
  %po = tt.addptr %sx, %next : tensor<2048x!tt.ptr<f32>>, tensor<2048xi32>
  tt.store %po, %v : tensor<2048x!tt.ptr<f32>>
  tt.return
}
"""


def test_a_block_that_moves_within_one_argument_is_refused() -> None:
    """Tile by tile, the second tile would load the last element that the first one stored."""
    with pytest.raises(InputError) as caught:
        ml.compile(ml.parse_module(SHIFTED, "shift.ttir"), target=target(TINY))
    assert str(caught.value) == (
        "shift.ttir:8:8: error: this block is too large, and cannot be cut into tiles: the kernel loads it, and stores "
        "what may be the same memory, in another way\n"
        "  rule: a load sees what was in memory before a later store; tile by tile, it would see what a tile stored\n"
        "  hint: a smaller block size, or a second array to store to"
    )
