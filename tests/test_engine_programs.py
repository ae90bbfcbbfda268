"""Random kernels in the engine and in the slow interpreter: the same answers, or a mistake that both find."""

from __future__ import annotations

from typing import Any

import numpy as np
import slow
from engine_kernels import CHUNKINGS
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_programs import arguments, kernels

from minilinalg.errors import RunError
from minilinalg.interp import RunOptions, run
from minilinalg.parsing import parse_module

GRIDS = ((1,), (3,), (2, 2), (5, 1))


def answers(execute: Any, given_: list[Any], error: type[Exception]) -> list[Any] | None:
    """What the arrays hold afterwards; None for a mistake of the program."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in given_]
    try:
        execute(copies)
    except error:
        return None
    return copies


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_kernels(data: Any) -> None:
    module = parse_module(data.draw(kernels()))
    grid = data.draw(st.sampled_from(GRIDS))
    given_ = arguments(data.draw(st.randoms(use_true_random=False)), int(np.prod(grid)))
    expected = answers(lambda a: slow.run(module, (*grid, 1, 1)[:3], a), given_, slow.SlowError)
    options: RunOptions
    for options in CHUNKINGS:
        found = answers(lambda a, o=options: run(module, grid, a, options=o), given_, RunError)
        assert (found is None) == (expected is None), (options, found is None)
        if found is None or expected is None:
            continue
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            # Which of two zeros a maximum gives is open.
            assert not isinstance(a, np.ndarray) or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), (
                options,
                number,
            )
