"""Kernels in the official compiler's IR down the whole road: every pass checked, and what the machine leaves in memory
against NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import minilinalg as ml

Arrays = Sequence[Any]


def floats(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype(dtype)


def integers(*shape: int, low: int = -50, high: int = 50, dtype: Any = np.int32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + sum(shape)).integers(low, high, shape).astype(dtype)


def blocks(size: int, block: int) -> int:
    return -(-size // block)


class Kernels:
    """The kernels of a folder, each compiled once for a target."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.compiled = cache(self._compile)

    def _compile(self, name: str, target: str) -> Any:
        return ml.compile(self.folder / f"{name}.ttir", target=target)

    def check(
        self,
        name: str,
        grid: Any,
        args: Arrays,
        expected: dict[int, np.ndarray],
        close: float = 0.0,
        target: str = "mlu370",
    ) -> None:
        """Runs a kernel with every pass checked. expected: what the arrays at these positions are to be afterwards.

        close: how far, relative and absolute, the machine may be from NumPy, whose sums have another order.
        """
        self.compiled(name, target)[grid](*args, check=True)
        for position, wanted in expected.items():
            found = args[position].astype(np.float64) if close else args[position]
            np.testing.assert_allclose(found, wanted.astype(found.dtype), rtol=close, atol=close)
