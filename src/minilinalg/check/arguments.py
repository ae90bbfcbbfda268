"""The arguments of a check: copies for every run, and small whole numbers on which every order of a sum is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.memory import GlobalMemory

LINE = 64
"""Bytes between copies, and what their places on the host are counted modulo."""


def copy_arguments(args: Sequence[Any], fill: Callable[[Array], None] | None = None) -> list[Any]:
    """Copies of the arguments: arrays that share memory share it in the same way, with all that lies between their
    elements, and what is read-only stays so.

    The copies lie on the host in the order of the originals, so that a program that looks at addresses sees the same
    ones. `fill` may write other numbers into each copy.
    """
    memory = GlobalMemory()
    arrays = [(str(i), a) for i, a in enumerate(args) if is_array(a)]
    addresses = memory.place(arrays)
    starts: dict[int, int] = {}
    end = 0
    for segment in memory.segments:
        # What is not aligned in the original is not in the copy: NumPy then takes the same ways through it.
        starts[segment.address] = end + segment.data.ctypes.data % LINE
        end += -(-(segment.nbytes + 2 * LINE) // LINE) * LINE
    host = np.zeros(end + LINE, np.uint8)
    host = host[-host.ctypes.data % LINE :]
    for segment in memory.segments:
        host[starts[segment.address] :][: segment.nbytes] = segment.data
    out: list[Any] = list(args)
    for (name, array), address in zip(arrays, addresses, strict=True):
        segment = next(s for s in memory.segments if name in s.names)
        at = starts[segment.address] + address - segment.address
        view: Array = np.ndarray(array.shape, array.dtype, host, at, array.strides)
        if fill is not None:
            fill(view)
        view.flags.writeable = array.flags.writeable
        out[int(name)] = view
    return out


def whole_numbers(args: Sequence[Any], largest: int, seed: int = 0) -> list[Any]:
    """The arguments with whole numbers from -largest to largest instead of their floats; integers stay as they are.

    A float scalar becomes 1 or 2: it may be a divisor.
    """
    random: Any = np.random.default_rng(seed)

    def fill(array: Array) -> None:
        if array.dtype.kind not in "iub":
            numbers = random.integers(-largest, largest + 1, array.shape)
            array[...] = numbers.astype(np.float32).astype(array.dtype)

    def scalar(x: Any) -> Any:
        return float(random.integers(1, 3)) if isinstance(x, float | np.floating) else x

    return [scalar(a) for a in copy_arguments(args, fill)]
