"""The simulated GPU against a real one: predicted and measured times of kernels in many configurations.

`python benchmarks/gpu_model.py` on a machine with a GPU compiles each configuration down the whole road, counts its
cycles, times the same module's PTX with events, and prints both, their ratio, and how well the order agrees (Spearman's
rank correlation). `--profile` runs each configuration once and prints the counters of the simulated run, for a profiler
to be held against: `ncu --metrics ... python benchmarks/gpu_model.py --profile`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src")]

import minilinalg as ml  # noqa: E402
from minilinalg.codegen.ptx import Machine  # noqa: E402
from minilinalg.cuda import CudaKernel, driver  # noqa: E402
from minilinalg.errors import MinilinalgError  # noqa: E402

KERNELS = ROOT / "examples" / "kernels"
ROUNDS = 5
TIMES = 50


class Configuration(NamedTuple):
    """A kernel's file, the warps of a block, what its sizes are called, and its launch."""

    file: str
    warps: int
    sizes: str
    launch: Callable[[], tuple[tuple[int, ...], list[Any]]]

    def __str__(self) -> str:
        return f"{self.file} {self.sizes}, {self.warps} warps"


def random(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal(shape, np.float32).astype(dtype)


def vector_add(n: int, block: int = 1024) -> Any:
    return (-(-n // block),), [random(n), random(n, seed=1), np.empty(n, np.float32), n]


def softmax(rows: int, columns: int) -> Any:
    x = random(rows, columns)
    return (min(rows, 132 * 16),), [np.empty_like(x), x, columns, columns, rows, columns]


def layernorm(rows: int, columns: int) -> Any:
    x, w, b = random(rows, columns, dtype=np.float16), *(random(columns, seed=s, dtype=np.float16) for s in (1, 2))
    stats = np.empty(rows, np.float32), np.empty(rows, np.float32)
    return (rows,), [x, np.empty_like(x), w, b, *stats, columns, columns, 1e-5]


def gemv(m: int, n: int) -> Any:
    a, x = random(m, n, dtype=np.float16), random(n, seed=1, dtype=np.float16)
    return (-(-m // 32),), [a, x, np.empty(m, np.float32), m, n, n]


def matmul(m: int, n: int, k: int) -> Any:
    a, b = random(m, k, dtype=np.float16), random(k, n, seed=1, dtype=np.float16)
    return (-(-m // 128) * -(-n // 128),), [a, b, np.empty((m, n), np.float16), m, n, k, k, n, n]


def flash_attn(heads: int, length: int) -> Any:
    q, k, v = (random(heads, length, 64, seed=s, dtype=np.float16) for s in range(3))
    outs = np.empty_like(q), np.empty((heads, length), np.float32)
    return (-(-length // 64), heads), [q, k, v, *outs, 0.125, length, length * 64, 64]


SIZES: list[tuple[str, Callable[..., Any], list[tuple[int, ...]], tuple[int, ...]]] = [
    ("vector_add", vector_add, [(1 << 18,), (1 << 20,), (1 << 22,)], (4, 8)),
    ("vector_add.nopromise", vector_add, [(1 << 22,)], (4,)),
    ("vector_add.block256", lambda n: vector_add(n, 256), [(1 << 20,), (1 << 22,)], (1, 4)),
    ("softmax", softmax, [(1024, 1008), (4096, 512), (4096, 1024), (8192, 1024)], (4, 8)),
    ("layernorm", layernorm, [(1024, 2048), (2048, 4096)], (4, 8)),
    ("layernorm.nopromise", layernorm, [(1024, 2048)], (4,)),
    ("gemv", gemv, [(4096, 1024), (8192, 2048)], (4, 8)),
    ("gemv.nopromise", gemv, [(4096, 1024)], (4,)),
    ("matmul", matmul, [(512, 512, 512), (1024, 1024, 256), (1024, 1024, 1024), (2048, 1024, 512)], (4, 8)),
    ("flash_attn", flash_attn, [(4, 512), (8, 1024), (32, 512)], (4,)),
]


def configurations() -> Iterator[Configuration]:
    """All of them."""
    for file, make, sizes, warps in SIZES:
        for one in sizes:
            for count in warps:
                words = " x ".join(map(str, one))
                yield Configuration(file, count, words, lambda make=make, one=one: make(*one))


def measured(kernel: CudaKernel, grid: tuple[int, ...], args: list[Any]) -> float:
    """Microseconds of one launch, the best of a few rounds."""
    with kernel.staged(args) as staged:
        staged.milliseconds(grid)
        return min(staged.milliseconds(grid, TIMES) for _ in range(ROUNDS)) * 1e3


def ranks(values: list[float]) -> np.ndarray:
    """The place of each value in ascending order."""
    found = np.empty(len(values))
    found[np.argsort(values, kind="stable")] = np.arange(len(values))
    return found


def main() -> int:
    profile = "--profile" in sys.argv[1:]
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    try:
        gpu = driver()
    except MinilinalgError as error:
        print(error)
        return 1
    machine = Machine(min(gpu.capability, 90), specific=gpu.capability == 90)
    print(f"{gpu.name}, target h200")
    predicted: list[float] = []
    found: list[float] = []
    for one in configurations():
        if words and one.file not in words:
            continue
        kernel = ml.compile(KERNELS / f"{one.file}.ttir", road="simt", target="h200", num_warps=one.warps)
        grid, args = one.launch()
        begun = perf_counter()
        run = kernel[grid](*args)
        took = perf_counter() - begun
        real = CudaKernel(kernel.module("simt"), None, machine)
        if profile:
            with real.staged(args) as staged:
                staged.milliseconds(grid)
            counted = {name: value for name, value in run.counters.items() if name.startswith(("l1tex", "sm"))}
            print(one, {"gpc__cycles_elapsed.max": run.cycles} | counted, flush=True)
            continue
        predicted.append(run.cycles / 1.98e3)
        found.append(measured(real, grid, args))
        print(
            f"{one!s:<50} predicted {predicted[-1]:9.1f} us  measured {found[-1]:9.1f} us  "
            f"ratio {predicted[-1] / found[-1]:5.2f}   simulated in {took:.2f} s",
            flush=True,
        )
    if len(found) > 1:
        a, b = ranks(predicted), ranks(found)
        ratios = np.array(predicted) / np.array(found)
        print(f"{len(found)} configurations, Spearman {np.corrcoef(a, b)[0, 1]:.3f}")
        print(f"predicted / measured: median {np.median(ratios):.2f}, from {ratios.min():.2f} to {ratios.max():.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
