"""Official TTGIR means what the TTIR means that it was made from: both, on the same arguments, leave the same memory.

Dots are of whole numbers, so that the order of a sum changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from engine_kernels import CHUNKINGS, same_bits

from minilinalg.interp import Executable, RunOptions
from minilinalg.parsing import parse_module

ROOT = Path(__file__).resolve().parent.parent
TTGIR, TTIR, EXAMPLES = (ROOT / p for p in ("tests/data/ttgir", "tests/data/ttir", "examples/kernels"))
FILES = sorted(path.stem for path in TTGIR.glob("*.ttgir"))


@cache
def executable(path: Path) -> Executable:
    return Executable(parse_module(path.read_text(), path.name))


def twin(name: str) -> Path:
    """The TTIR that a TTGIR file was made from; for sm_80, descriptors are rewritten there already."""
    kernel, arch = name.split(".")
    paths = (TTIR / f"{name}.ttir", TTIR / f"{kernel}.ttir", EXAMPLES / f"{kernel}.ttir")
    return next(p for p in (paths if arch == "sm80" else paths[1:]) if p.exists())


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 1, dtype: Any = np.float32) -> Any:
    return random(seed).standard_normal(shape).astype(dtype)


def small(*shape: int, seed: int = 1, dtype: Any = np.float16) -> Any:
    return random(seed).integers(-3, 4, shape).astype(dtype)


def filled(*shape: int, dtype: Any = np.float32) -> Any:
    return np.full(shape, 7, dtype)


@dataclass(frozen=True)
class Case:
    """Sizes for a kernel, and the grid and arguments that they make."""

    kernel: str
    sizes: tuple[int, ...]
    make: Callable[..., tuple[Any, list[Any]]]

    def __str__(self) -> str:
        return f"{self.kernel}-{'x'.join(map(str, self.sizes))}"


def blocks(n: int, size: int) -> int:
    return -(-n // size)


def vector_add(n: int) -> Any:
    return blocks(n, 1024) + 1, [normal(n), normal(n, seed=2), filled(n), n]


def softmax(rows: int, columns: int) -> Any:
    return 3, [filled(rows, columns), normal(rows, columns), columns, columns, rows, columns]


def matmul(m: int, n: int, k: int) -> Any:
    a, b = small(m, k), small(k, n, seed=2)
    return blocks(m, 128) * blocks(n, 128), [a, b, filled(m, n, dtype=np.float16), m, n, k, k, n, n]


def layernorm(rows: int, columns: int) -> Any:
    x, w, b = normal(rows, columns, dtype=np.float16), *(normal(columns, seed=s, dtype=np.float16) for s in (2, 3))
    return rows, [x, np.zeros_like(x), w, b, filled(rows), filled(rows), columns, columns, 1e-5]


def flash_attn(length: int) -> Any:
    q, k, v = (small(2, length, 64, seed=s) for s in (1, 2, 3))
    outs = np.zeros_like(q), filled(2, length)
    return (blocks(length, 64), 2), [q, k, v, *outs, 0.125, length, length * 64, 64]


def gemv(m: int, n: int) -> Any:
    return blocks(m, 32), [small(m, n), small(n, seed=2), filled(m), m, n, n]


def dropout(n: int) -> Any:
    return blocks(n, 1024), [normal(n), filled(n), n, 0.3, 1234]


def histogram_atomic(n: int) -> Any:
    return blocks(n, 1024), [random(1).integers(0, 1 << 20, n + 8).astype(np.int32), np.zeros(256, np.int32), n]


def histogram_op(n: int) -> Any:
    x = random(1).integers(0, 256, n).astype(np.int32)
    return blocks(n, 1024), [x, np.zeros(256, np.int32), np.zeros(1, np.int32), n]


def cumsum_scan(programs: int) -> Any:
    x, a = (small(16 * programs, 128, seed=s, dtype=np.float32) for s in (1, 2))
    return programs, [x, np.sign(a), filled(16 * programs, 128), filled(16 * programs, 128)]


def gather_rows(n: int) -> Any:
    index = random(2).integers(0, 50, n).astype(np.int32)
    return blocks(n, 32), [normal(50, 64), index, filled(n, 64), n, 64]


def int8_dot(k: int) -> Any:
    a, b = (random(s).integers(-128, 128, (64, k)).astype(np.int8) for s in (1, 2))
    return 1, [a, b, filled(64, 64, dtype=np.int32), k]


def int8_dequant_matmul(m: int, n: int, k: int) -> Any:
    b, scale = random(2).integers(-8, 8, (k, n)).astype(np.int8), (2.0 ** random(3).integers(-2, 3, n))
    args = [small(m, k), b, scale.astype(np.float32), filled(m, n, dtype=np.float16), m, n, k, k, n, n]
    return (m // 64, n // 64), args


def matmul_devdesc(m: int, n: int, k: int) -> Any:
    args = [small(m, k), small(n, k, seed=2), filled(m, n, dtype=np.float16), m, n, k]
    return (blocks(m, 128), blocks(n, 128)), args


def matmul_tma(m: int, n: int, k: int) -> Any:
    """Descriptors of the host, as they are for sm_80: a pointer, and sizes and strides twice."""

    def descriptor(x: Any) -> list[Any]:
        rows, columns = x.shape
        return [x, rows, columns, columns, 1, False, False, rows, columns, columns, 1]

    arrays = small(m, k), small(k, n, seed=2), filled(m, n, dtype=np.float16)
    return (blocks(m, 128), blocks(n, 128)), [*(part for x in arrays for part in descriptor(x)), m, n, k]


def matmul_tma_sm90(m: int, n: int, k: int) -> Any:
    """Descriptors of the host: an array, its sizes and its strides."""
    arrays = small(m, k), small(k, n, seed=2), filled(m, n, dtype=np.float16)
    parts = (part for x in arrays for part in (x, *x.shape, x.shape[1], 1))
    return (blocks(m, 128), blocks(n, 128)), [*parts, m, n, k]


def dot_scaled() -> Any:
    a, b = (small(128, 128, seed=s, dtype=np.float32).astype(ml_dtypes.float8_e5m2) for s in (1, 2))
    scales = (random(s).integers(125, 130, (128, 4)).astype(np.uint8) for s in (3, 4))
    return 1, [part for pair in zip((a, b), scales, strict=True) for part in pair] + [filled(128, 128)]


def misc_ops(n: int, flag: int) -> Any:
    x, i = random(1).uniform(0.5, 4, 256).astype(np.float32), random(2).integers(-1000, 1000, 256).astype(np.int32)
    return 1, [x, i, filled(256), filled(768, dtype=np.int32), n, flag]


SIZES: list[tuple[Callable[..., Any], list[tuple[int, ...]]]] = [
    (vector_add, [(16,), (1024,), (5008,)]),
    (softmax, [(1, 16), (13, 1008), (6, 1024)]),
    # No trip, one, as many as there are buffers, and more of the pipelined loop; blocks that reach over every edge.
    (matmul, [(16, 16, 0), (16, 144, 16), (128, 128, 64), (144, 16, 80), (272, 144, 192), (16, 16, 416)]),
    (layernorm, [(1, 16), (5, 1008), (2, 2512)]),
    (flash_attn, [(16,), (64,), (80,), (208,), (336,)]),
    (gemv, [(16, 16), (48, 128), (80, 400)]),
    (dropout, [(16,), (1040,)]),
    (histogram_atomic, [(16,), (4992,)]),
    (histogram_op, [(1,), (5000,)]),
    (cumsum_scan, [(1,), (3,)]),
    (gather_rows, [(1,), (31,), (77,)]),
    (int8_dot, [(0,), (64,), (128,), (192,), (448,)]),
    (int8_dequant_matmul, [(64, 64, 0), (64, 128, 64), (128, 64, 128), (128, 128, 384)]),
    (matmul_devdesc, [(16, 16, 16), (144, 144, 80), (128, 128, 64), (16, 16, 416)]),
    (matmul_tma, [(144, 16, 80), (16, 16, 416)]),
    (dot_scaled, [()]),
    (misc_ops, [(1, 0), (5, 1)]),
]
SM90: dict[str, Callable[..., Any]] = {"matmul_tma": matmul_tma_sm90}
"""Kernels that take other arguments for sm_90."""
CASES = [Case(make.__name__, one, make) for make, sizes in SIZES for one in sizes]


def arrays_after(path: Path, case: Case, options: RunOptions) -> list[Any]:
    grid, args = case.make(*case.sizes)
    compiled = executable(path)
    compiled.options = options
    compiled.run(grid, args)
    return [a for a in args if isinstance(a, np.ndarray)]


RUNS = [(case, arch) for case in CASES for arch in ("sm80", "sm90")]


@pytest.mark.parametrize(("case", "arch"), RUNS, ids=[f"{case}-{arch}" for case, arch in RUNS])
def test_as_the_ttir(case: Case, arch: str) -> None:
    name = f"{case.kernel}.{arch}"
    if arch == "sm90":
        case = replace(case, make=SM90.get(case.kernel, case.make))
    expected = arrays_after(twin(name), case, RunOptions())
    for options in CHUNKINGS:
        found = arrays_after(TTGIR / f"{name}.ttgir", case, options)
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            assert same_bits(a, b), f"array {number}, {options}"


def test_every_file_runs() -> None:
    assert sorted({f"{case.kernel}.{arch}" for case, arch in RUNS}) == FILES
