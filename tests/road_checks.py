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
SIMT_TARGET: str | None = None
"""The machine of the simt road that kernels are compiled for, whatever a test says: test_simt_operations.py sets it."""


def kernel_for(source: str | Path, target: str) -> Any:
    """A kernel, compiled once for a target."""
    return _compiled(source, target, "simd") if SIMT_TARGET is None else _compiled(source, SIMT_TARGET, "simt")


@cache
def _compiled(source: str | Path, target: str, road: str) -> Any:
    return ml.compile(source, target=target, road=road)


def floats(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype(dtype)


def integers(*shape: int, low: int = -50, high: int = 50, dtype: Any = np.int32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + sum(shape)).integers(low, high, shape).astype(dtype)


def described(x: np.ndarray) -> list[Any]:
    """An array as the argument of a kernel that takes a descriptor: with its sizes, and its strides in elements."""
    return [x, *x.shape, *(stride // x.itemsize for stride in x.strides)]


def blocks(size: int, block: int) -> int:
    return -(-size // block)


class Kernels:
    """The kernels of a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

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
        if SIMT_TARGET is not None:
            # The sums of its matrix instructions have one more order, and cancel elsewhere.
            close *= 4
        kernel_for(self.folder / f"{name}.ttir", target)[grid](*args, check=True)
        for position, wanted in expected.items():
            found = args[position].astype(np.float64) if close else args[position]
            np.testing.assert_allclose(found, wanted.astype(found.dtype), rtol=close, atol=close)
