"""Running small tt kernels, written as text, in the engine and in the slow interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import slow

from minilinalg.interp import RunOptions, run
from minilinalg.parsing import parse_module

STORAGE: dict[str, Any] = {
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
}
ONE_BY_ONE = RunOptions(max_chunk=1)
IN_THREES = RunOptions(max_chunk=3)
TOGETHER = RunOptions()
CHUNKINGS = (ONE_BY_ONE, IN_THREES, TOGETHER)
"""How many programs run together must never show."""


def kernel(parameters: str, body: str, others: str = "") -> Any:
    """A module with the kernel `@k(parameters)` of this body, without its return, and `others` beside it."""
    return parse_module(f"tt.func public @k({parameters}) {{\n{body}\ntt.return\n}}\n{others}", "k.ttir")


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays hold the same; any NaN is as good as another."""
    if a.dtype.kind in "iub":
        return bool(np.array_equal(a, b))
    bits = np.dtype(f"u{a.dtype.itemsize}")
    nan = np.isnan(a.astype(np.float64)) & np.isnan(b.astype(np.float64))
    return bool(((a.view(bits) == b.view(bits)) | nan).all())


def agree(
    module: Any,
    grid: tuple[int, ...],
    arguments: Sequence[Any],
    *,
    options: Sequence[RunOptions] = CHUNKINGS,
    close: float = 0.0,
) -> list[Any]:
    """Runs the engine, with each of `options`, and the slow interpreter on copies of the arguments, and compares them.

    close: a relative tolerance, else bits are compared. Returns the arguments as the slow interpreter leaves them.
    """
    expected = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    slow.run(module, (*grid, 1, 1)[:3], expected)  # pyright: ignore
    for option in options:
        found = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        run(module, grid, found, options=option)
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            if isinstance(a, np.ndarray):
                if close:
                    np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), rtol=close, atol=close)
                else:
                    assert same_bits(a, b), f"argument {number}, {option}:\n{a}\n{b}"
    return expected
