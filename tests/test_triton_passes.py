"""The passes on tt keep what a kernel computes, bit for bit: random kernels, run by the slow interpreter."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
import slow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_programs import arguments, kernels

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline

PIPELINES = (
    "triton-canonicalize",
    "triton-combine",
    "triton-reorder-broadcast",
    "canonicalize",
    "cse",
    "dce",
    "licm",
    "triton-reorder-broadcast,licm,triton-canonicalize,cse,triton-combine,dce",
)
GRIDS = ((1, 1, 1), (3, 1, 1), (2, 2, 1))
QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large)


def same_bits(before: Any, after: Any) -> bool:
    """Bitwise, but any NaN equals any NaN."""
    if not isinstance(before, np.ndarray) or before.dtype.kind != "f":
        return np.array_equal(before, after)
    nan = np.isnan(before)
    return np.array_equal(nan, np.isnan(after)) and np.array_equal(
        before[~nan].view(f"i{before.itemsize}"), after[~nan].view(f"i{after.itemsize}")
    )


def answers(module: Any, grid: tuple[int, int, int], given_: list[Any]) -> list[Any] | None:
    """What the arrays hold afterwards; None when the program is undefined."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in given_]
    try:
        slow.run(module.clone(), grid, copies)
    except slow.SlowError:
        return None
    return copies


@pytest.mark.parametrize("pipeline", PIPELINES)
@settings(deadline=None, max_examples=20, suppress_health_check=QUIET)
@given(text=kernels(), grid=st.sampled_from(GRIDS), seed=st.integers(0, 99))
def test_random_kernels_compute_the_same(pipeline: str, text: str, grid: tuple[int, int, int], seed: int) -> None:
    module = parse_module(text)
    given_ = arguments(Random(seed), int(np.prod(grid)))
    before = answers(module, grid, given_)
    if before is None:
        return
    ctx = make_context()
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    after = answers(module, grid, given_)
    assert after is not None, f"undefined now:\n{text}\nbecame\n{module}"
    assert all(map(same_bits, before, after)), f"{text}\nbecame\n{module}"


@pytest.mark.parametrize("pipeline", PIPELINES[:5])
@settings(deadline=None, max_examples=20, suppress_health_check=QUIET)
@given(text=kernels())
def test_nothing_is_left_to_do(pipeline: str, text: str) -> None:
    module, ctx = parse_module(text), make_context()
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx))
    once = str(module)
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx))
    assert str(module) == once
