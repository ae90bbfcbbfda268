"""The launches that the engine is timed on: kernel, block sizes, arguments, grid. Needs the `triton` extra and torch.

Each case has a ragged twin, whose sizes do not divide the blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One launch. arguments: by the name of the kernel's parameter, arrays and numbers. outputs: what it writes."""

    name: str
    kernel: str
    constants: Mapping[str, Any]
    arguments: Mapping[str, Any]
    grid: tuple[int, ...]
    outputs: tuple[str, ...]
    promises: bool = True


def _normal(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def vector_add(name: str, n: int, promises: bool) -> Case:
    arrays = {"x_ptr": _normal(n, seed=1), "y_ptr": _normal(n, seed=2), "out_ptr": np.zeros(n, np.float32)}
    return Case(name, "vector_add", {"BLOCK": 1024}, {**arrays, "n": n}, (-(-n // 1024),), ("out_ptr",), promises)


def softmax(name: str, rows: int, columns: int, promises: bool) -> Case:
    arguments = {
        "out_ptr": np.zeros((rows, columns), np.float32),
        "in_ptr": _normal(rows, columns),
        "in_stride": columns,
        "out_stride": columns,
        "n_rows": rows,
        "n_cols": columns,
    }
    return Case(name, "softmax", {"BLOCK": 1024}, arguments, (rows,), ("out_ptr",), promises)


def matmul(name: str, m: int, n: int, k: int, promises: bool) -> Case:
    arguments = {
        "a_ptr": _normal(m, k, dtype=np.float16, seed=1),
        "b_ptr": _normal(k, n, dtype=np.float16, seed=2),
        "c_ptr": np.zeros((m, n), np.float16),
        "M": m,
        "N": n,
        "K": k,
        "sam": k,
        "sbk": n,
        "scm": n,
    }
    constants = {"sak": 1, "sbn": 1, "scn": 1, "BM": 64, "BN": 64, "BK": 32, "GROUP": 8}
    return Case(name, "matmul", constants, arguments, (-(-m // 64) * -(-n // 64),), ("c_ptr",), promises)


def attention(name: str, heads: int, length: int, promises: bool) -> Case:
    width = 64
    q, k, v = (_normal(heads, length, width, dtype=np.float16, seed=s) for s in (1, 2, 3))
    arguments = {
        "q_ptr": q,
        "k_ptr": k,
        "v_ptr": v,
        "o_ptr": np.zeros_like(q),
        "lse_ptr": np.zeros((heads, length), np.float32),
        "sm_scale": 0.125,
        "SEQ": length,
        "sh": length * width,
        "sm": width,
    }
    constants = {"BM": 64, "BN": 64, "D": width, "CAUSAL": False}
    return Case(name, "flash_attn", constants, arguments, (-(-length // 64), heads), ("o_ptr", "lse_ptr"), promises)


def all_cases() -> list[Case]:
    """The four cases and their ragged twins."""
    return [
        vector_add("vector add 1M", 1 << 20, True),
        vector_add("vector add 1M - 17", (1 << 20) - 17, False),
        softmax("softmax 1024x1024", 1024, 1024, True),
        softmax("softmax 1000x1000", 1000, 1000, False),
        matmul("matmul 512^3 f16, blocks 64x64x32", 512, 512, 512, True),
        matmul("matmul 500^3 f16, blocks 64x64x32", 500, 500, 500, False),
        attention("attention 4x512x64 f16, blocks 64x64", 4, 512, True),
        attention("attention 4x500x64 f16, blocks 64x64", 4, 500, False),
    ]
