"""In which order register vectors (L, threads, registers) lie in memory.

What comes from memory has the registers of a thread side by side. What a product of matrices gives is followed by
arithmetic between registers: sums over those of a thread, rows times one number. With the threads side by side that
takes whole runs of memory, and NumPy keeps the order of what it is given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minilinalg.interp.dtypes import Array


def is_threads_last(x: Array) -> bool:
    """Whether the threads of (L, threads, registers) lie side by side, a register of all of them behind the other."""
    return x.ndim == 3 and x.shape[1] > 1 and x.shape[2] > 1 and x.swapaxes(1, 2).flags.c_contiguous


def as_threads_last(x: Array) -> Array:
    """(L, registers, threads) as a register vector."""
    return x.swapaxes(1, 2)


FEW = 16
"""Registers side by side of which NumPy is slower to compute than to copy them."""


def registers(chosen: Array, *, computed: bool = False) -> Callable[[Array], Array]:
    """Takes the registers that `chosen` names of each thread: a view where they are evenly apart.

    computed: whether arithmetic follows, for which few of each thread had better not lie side by side.
    """
    steps = np.diff(chosen)
    if not len(steps) or (steps[0] > 0 and bool((steps == steps[0]).all())):
        evenly = slice(int(chosen[0]), int(chosen[-1]) + 1, int(steps[0]) if len(steps) else 1)
        if not computed or not 1 < len(chosen) < FEW:
            return lambda x: x[..., evenly]

        def view(x: Array) -> Array:
            found = x[..., evenly]
            if x.shape[1] > 1 and 0 < found.strides[2] < found.strides[1]:
                return as_threads_last(np.ascontiguousarray(found.swapaxes(1, 2)))
            return found

        return view

    def take(x: Array) -> Array:
        if is_threads_last(x):
            return as_threads_last(x.swapaxes(1, 2).take(chosen, axis=1))
        return x.take(chosen, axis=-1)

    return take
