"""In which order register vectors (L, threads, registers) lie in memory.

What comes from memory has the registers of a thread side by side. What a product of matrices gives is followed by
arithmetic between registers: sums over those of a thread, rows times one number. With the threads side by side that
takes whole runs of memory, and NumPy keeps the order of what it is given.
"""

from __future__ import annotations

import numpy as np

from minilinalg.interp.dtypes import Array


def is_threads_last(x: Array) -> bool:
    """Whether the threads of (L, threads, registers) lie side by side, a register of all of them behind the other."""
    return x.ndim == 3 and x.shape[1] > 1 and x.shape[2] > 1 and x.swapaxes(1, 2).flags.c_contiguous


def as_threads_last(x: Array) -> Array:
    """(L, registers, threads) as a register vector."""
    return x.swapaxes(1, 2)


def registers(x: Array, chosen: Array) -> Array:
    """The registers that `chosen` names of each thread: a view where they are evenly apart."""
    steps = np.diff(chosen)
    if not len(steps) or (steps[0] > 0 and bool((steps == steps[0]).all())):
        step = int(steps[0]) if len(steps) else 1
        return x[..., int(chosen[0]) : int(chosen[-1]) + 1 : step]
    if is_threads_last(x):
        return as_threads_last(x.swapaxes(1, 2).take(chosen, axis=1))
    return x.take(chosen, axis=-1)
